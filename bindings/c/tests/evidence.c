/* Evidence through the C interface: the tool server of policies/examples, one call after the other. */
#include <stdio.h>

#include "check.h"
#include "ztp_compile.h"

#define EXAMPLE ZTP_EXAMPLES "/tool-server/"

/* 2030-01-01T00:00:00Z, around which the example's evidence is valid. */
static const int64_t now = INT64_C(1893456000000000);
static const int64_t second = 1000000;

static ztp_proof* proof_of(ztp_trust* trust, const char* source, const char* path) {
  char* evidence = content_of(path);
  ztp_proof* proof = NULL;
  WORKS(ztp_evidence_verify(trust, text_of(source), text_of(evidence), now, &proof));
  free(evidence);
  return proof;
}

static ztp_engine* engine_of_example(void) {
  const ztp_text paths[] = {ZTP_TEXT(EXAMPLE "tools.ztp")}, facts[] = {ZTP_TEXT(EXAMPLE "facts.json")};
  ztp_bundle* bundle = NULL;
  ztp_policy* policy = NULL;
  ztp_facts* loaded = NULL;
  ztp_engine* engine = NULL;
  ztp_text bytes;
  WORKS(ztp_compile_paths(paths, 1, &bundle));
  bytes = ztp_bundle_bytes(bundle);
  WORKS(ztp_policy_read(bytes.data, bytes.size, &policy));
  WORKS(ztp_facts_load(policy, facts, 1, 0, &loaded));
  WORKS(ztp_engine_new(policy, loaded, NULL, &engine));
  ztp_bundle_free(bundle);
  ztp_policy_free(policy);
  ztp_facts_free(loaded);
  return engine;
}

static void test_configurations(void) {
  ztp_trust *trust = NULL, *other = NULL;
  ztp_engine* engine = engine_of_example();
  ztp_error* error;
  ztp_problem problem = ZTP_PROBLEM_INIT;
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  FAILS(ZTP_NOT_FOUND, ztp_trust_load(ZTP_TEXT(EXAMPLE "nowhere.json"), &other));
  FAILS(ZTP_BAD_TRUST, ztp_trust_load(ZTP_TEXT(EXAMPLE "facts.json"), &other));
  FAILS(ZTP_MISUSE, ztp_trust_load(ZTP_TEXT("x"), NULL));
  CHECK(other == NULL);

  /* All mistakes at once, each with its place. */
  error = ztp_trust_read(ZTP_TEXT("{\"ztp_trust\": 1, \"sources\": {\"a\": {\"kind\": \"sign-in\"}}}"), &other);
  CHECK(ztp_error_code(error) == ZTP_BAD_TRUST && ztp_error_count(error) > 3);
  CHECK(ztp_error_problem(error, 0, &problem) && text_is(problem.path, "$.sources.a"));
  ztp_error_free(error);
  FAILS(ZTP_BAD_TRUST, ztp_trust_read(ZTP_TEXT("{"), &other));
  FAILS(ZTP_MISUSE, ztp_trust_read(ZTP_TEXT("{}"), NULL));
  WORKS(ztp_trust_read(ZTP_TEXT("{\"ztp_trust\": 1, \"sources\": {}}"), &other));

  WORKS(ztp_trust_reload(trust));
  FAILS(ZTP_MISUSE, ztp_trust_reload(other)); /* it was read from memory */
  FAILS(ZTP_MISUSE, ztp_trust_reload(NULL));

  WORKS(ztp_engine_use_trust(engine, trust));
  FAILS(ZTP_MISUSE, ztp_engine_use_trust(NULL, trust));
  FAILS(ZTP_MISUSE, ztp_engine_use_trust(engine, (ztp_trust*)(void*)engine));
  WORKS(ztp_engine_use_trust(engine, other));
  WORKS(ztp_engine_use_trust(engine, NULL));
  ztp_engine_free(engine);
  ztp_trust_free(other);

  /* A configuration that does not fit the policy. */
  engine = engine_of(shared_policy, shared_facts, NULL);
  FAILS_SAYING(ZTP_BAD_TRUST, "cannot prove input 'peer'", ztp_engine_use_trust(engine, trust));
  ztp_engine_free(engine);
  ztp_trust_free(trust);
  REFUSES((ztp_trust_free(NULL), true));
}

static void test_proofs(void) {
  ztp_trust* trust = NULL;
  ztp_proof *svid, *token, *none = NULL;
  ztp_proof_info info = ZTP_PROOF_INFO_INIT, unset;
  ztp_text json;
  ztp_problem problem = ZTP_PROBLEM_INIT;
  ztp_error* error;
  char* elsewhere = content_of(EXAMPLE "evidence/ann.elsewhere.jwt");
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  svid = proof_of(trust, "mesh", EXAMPLE "evidence/helper.svid.pem");
  token = proof_of(trust, "tokens", EXAMPLE "evidence/ann.access-token.jwt");

  /* Which check was not passed is the problem's id. */
  error = ztp_evidence_verify(trust, ZTP_TEXT("tokens"), text_of(elsewhere), now, &none);
  CHECK(ztp_error_code(error) == ZTP_REFUSED && none == NULL);
  CHECK(ztp_error_problem(error, 0, &problem) && text_is(problem.id, "audience"));
  ztp_error_free(error);
  FAILS_SAYING(ZTP_REFUSED, "source: ", ztp_evidence_verify(trust, ZTP_TEXT("x"), ZTP_TEXT("x"), now, &none));
  FAILS_SAYING(ZTP_REFUSED, "form: ", ztp_evidence_verify(trust, ZTP_TEXT("mesh"), ZTP_TEXT("x"), now, &none));
  FAILS(ZTP_MISUSE, ztp_evidence_verify(NULL, ZTP_TEXT("mesh"), ZTP_TEXT("x"), now, &none));
  FAILS(ZTP_MISUSE, ztp_evidence_verify(trust, ZTP_TEXT("mesh"), ZTP_TEXT("x"), now, NULL));
  free(elsewhere);

  WORKS(ztp_proof_info_get(svid, &info));
  CHECK(text_is(info.source, "mesh") && text_is(info.kind, "x509-svid"));
  CHECK(text_is(info.subject, "spiffe://acme.org/agents/helper") && text_is(info.issuer, "acme.org"));
  CHECK(info.issued_at == now - 86400 * second && info.expires_at == now + 86400 * second);
  CHECK(info.digest.size == 71 && info.anchor.size == 71);
  FAILS(ZTP_MISUSE, ztp_proof_info_get(NULL, &info));
  FAILS(ZTP_MISUSE, ztp_proof_info_get(svid, NULL));
  memset(&unset, 0, sizeof(unset));
  FAILS(ZTP_MISUSE, ztp_proof_info_get(svid, &unset));
  WORKS(ztp_proof_json(token, &json));
  CHECK(text_contains(json, "\"scopes\":[\"tickets.purge\",\"tickets.read\"]"));
  FAILS(ZTP_MISUSE, ztp_proof_json(NULL, &json));
  FAILS(ZTP_MISUSE, ztp_proof_json(token, NULL));

  WORKS(ztp_proof_check(token, now));
  FAILS_SAYING(ZTP_REFUSED, "expired: ", ztp_proof_check(token, now + 3600 * second));
  FAILS(ZTP_MISUSE, ztp_proof_check(NULL, now));
  REFUSES((ztp_proof_free(NULL), true));
  ztp_trust_free(trust); /* proofs hold it */
  WORKS(ztp_proof_check(token, now));
  ztp_proof_free(svid);
  ztp_proof_free(token);
}

static void test_nonces(void) {
  ztp_trust* trust = NULL;
  ztp_proof* proof = NULL;
  char nonce[ZTP_NONCE_SIZE], again[ZTP_NONCE_SIZE];
  char* approval = content_of(EXAMPLE "evidence/ann.approval.jwt");
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  WORKS(ztp_trust_nonce(trust, now, 60 * second, nonce));
  WORKS(ztp_trust_nonce(trust, now, 60 * second, again));
  CHECK(strlen(nonce) == ZTP_NONCE_SIZE - 1 && strcmp(nonce, again) != 0);
  FAILS(ZTP_MISUSE, ztp_trust_nonce(NULL, now, 60 * second, nonce));
  FAILS(ZTP_MISUSE, ztp_trust_nonce(trust, now, 60 * second, NULL));

  /* The approval answers a nonce of its own, which is good once. */
  FAILS_SAYING(ZTP_REFUSED, "nonce: ",
               ztp_evidence_verify(trust, ZTP_TEXT("approvals"), text_of(approval), now, &proof));
  WORKS(ztp_trust_expect_nonce(trust, ZTP_TEXT("bm9uY2Utb2YtdGhlLWV4YW1wbGU"), now, now + 60 * second));
  WORKS(ztp_evidence_verify(trust, ZTP_TEXT("approvals"), text_of(approval), now, &proof));
  ztp_proof_free(proof);
  FAILS_SAYING(ZTP_REFUSED, "replay: ",
               ztp_evidence_verify(trust, ZTP_TEXT("approvals"), text_of(approval), now, &proof));
  FAILS(ZTP_MISUSE, ztp_trust_expect_nonce(trust, ZTP_TEXT(""), now, now + 1));
  FAILS(ZTP_MISUSE, ztp_trust_expect_nonce(NULL, ZTP_TEXT("n"), now, now + 1));
  free(approval);
  ztp_trust_free(trust);
}

static void test_bound_inputs(void) {
  struct asked a = {engine_of_example(), NULL, NULL};
  ztp_trust* trust = NULL;
  ztp_proof *svid, *token;
  ztp_attr peer, tokens;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_revocation revocation = ZTP_REVOCATION_INIT;
  ztp_lease lease;
  ztp_text json;
  char *event = content_of(EXAMPLE "evidence/ann.signed-out.jwt"), *keys = content_of(EXAMPLE "login.jwks.json");
  size_t revoked = 0;
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_request_new(a.session, ZTP_TEXT("call"), &a.request));
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("Agent"), ZTP_TEXT("helper")));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Tool"), ZTP_TEXT("search")));
  peer = attr_of(a, "peer");
  tokens = attr_of(a, "token");
  svid = proof_of(trust, "mesh", EXAMPLE "evidence/helper.svid.pem");
  token = proof_of(trust, "tokens", EXAMPLE "evidence/ann.access-token.jwt");

  FAILS(ZTP_MISUSE, ztp_set_evidence(a.request, peer, svid)); /* nobody is believed yet */
  WORKS(ztp_engine_use_trust(a.engine, trust));
  WORKS(ztp_set_evidence(a.request, peer, svid));
  WORKS(ztp_set_evidence(a.request, tokens, token));
  FAILS_SAYING(ZTP_REFUSED, "source: ", ztp_set_evidence(a.request, tokens, svid));
  FAILS(ZTP_MISUSE, ztp_set_evidence(NULL, peer, svid));
  FAILS(ZTP_MISUSE, ztp_set_evidence(a.request, peer, NULL));

  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow && decision.valid_until == now + 545 * second); /* the token's end, with its leeway */
  WORKS(ztp_decision_json(&decision, false, &json));
  CHECK(text_contains(json, "\"input\":\"peer\",\"source\":\"mesh\",\"kind\":\"x509-svid\",\"bound\":true"));
  WORKS(ztp_decide(a.request, now + 545 * second, &decision));
  CHECK(!decision.allow && decision.on_unknown);

  /* About another agent it proves nothing. */
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("Agent"), ZTP_TEXT("crawler")));
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(!decision.allow);
  WORKS(ztp_decision_json(&decision, true, &json));
  CHECK(text_contains(json, "\"check\":\"subject\""));
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("Agent"), ZTP_TEXT("helper")));
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow);
  WORKS(ztp_unset(a.request, tokens));
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(!decision.allow);
  WORKS(ztp_set_evidence(a.request, tokens, token));

  /* Keys that are replaced take what they signed along, even if it is among the new ones: verify again. */
  WORKS(ztp_decide(a.request, now, &decision));
  lease = decision.lease;
  CHECK(ztp_lease_check(&lease, now));
  WORKS(ztp_trust_replace(trust, ZTP_TEXT("tokens"), ZTP_TEXT("keys"), text_of(keys)));
  CHECK(!ztp_lease_check(&lease, now)); /* ask again */
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow); /* the very same bytes replace nothing */
  strcat(keys, " ");
  WORKS(ztp_trust_replace(trust, ZTP_TEXT("tokens"), ZTP_TEXT("keys"), text_of(keys)));
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(!decision.allow);
  WORKS(ztp_decision_json(&decision, false, &json));
  CHECK(text_contains(json, "\"check\":\"key\""));
  FAILS(ZTP_BAD_TRUST, ztp_trust_replace(trust, ZTP_TEXT("tokens"), ZTP_TEXT("keys"), ZTP_TEXT("{}")));
  FAILS(ZTP_BAD_TRUST, ztp_trust_replace(trust, ZTP_TEXT("x"), ZTP_TEXT("keys"), text_of(keys)));
  FAILS(ZTP_MISUSE, ztp_trust_replace(NULL, ZTP_TEXT("tokens"), ZTP_TEXT("keys"), text_of(keys)));
  ztp_proof_free(token);
  token = proof_of(trust, "tokens", EXAMPLE "evidence/ann.access-token.jwt");
  WORKS(ztp_set_evidence(a.request, tokens, token));
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow);

  /* What is revoked ends at once: the lease, and the request as it stands. */
  lease = decision.lease;
  CHECK(ztp_lease_check(&lease, now));
  revocation.subject = ZTP_TEXT("spiffe://acme.org/agents/other");
  WORKS(ztp_trust_revoke(trust, &revocation, now));
  CHECK(!ztp_lease_check(&lease, now)); /* every lease: ask again */
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow);
  WORKS(ztp_trust_receive(trust, text_of(event), now + 60 * second, &revoked));
  CHECK(revoked == 1);
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(!decision.allow);
  WORKS(ztp_decision_json(&decision, false, &json));
  CHECK(text_contains(json, "\"check\":\"revoked\",\"message\":\"it was revoked: session-revoked by"));
  FAILS_SAYING(ZTP_REFUSED, "revoked: ", ztp_proof_check(token, now));
  FAILS(ZTP_REFUSED, ztp_trust_receive(trust, ZTP_TEXT("x"), now, NULL));
  FAILS(ZTP_MISUSE, ztp_trust_receive(NULL, text_of(event), now, NULL));
  revocation.subject.size = 0;
  FAILS(ZTP_MISUSE, ztp_trust_revoke(trust, &revocation, now)); /* of what? */
  FAILS(ZTP_MISUSE, ztp_trust_revoke(trust, NULL, now));
  revocation.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_trust_revoke(trust, &revocation, now));
  free(event);
  free(keys);
  ztp_proof_free(svid);
  ztp_proof_free(token);
  ztp_trust_free(trust);
  free_asked(a);
}

/* Which rows of a batch are allowed at a time: "1010". */
static const char* rows_at(ztp_batch* batch, int64_t when, int64_t* until) {
  static char result[5];
  uint8_t allow[4];
  ztp_answers answers = ZTP_ANSWERS_INIT;
  int i;
  answers.allow = allow;
  answers.valid_until = until;
  WORKS(ztp_batch_decide(batch, when, &answers, NULL));
  for (i = 0; i < 4; ++i) result[i] = allow[i] ? '1' : '0';
  return result;
}

/* What evidence proves counts in the rows that it is about: one proof for all of them, or each its own. */
static void test_batches_with_evidence(void) {
  struct asked a = {engine_of_example(), NULL, NULL};
  ztp_trust* trust = NULL;
  ztp_proof *svid, *token;
  ztp_attr peer, tokens;
  ztp_batch *batch = NULL, *without = NULL;
  ztp_revocation revocation = ZTP_REVOCATION_INIT;
  const ztp_text agents[4] = {ZTP_TEXT("helper"), ZTP_TEXT("crawler"), ZTP_TEXT("helper"), ZTP_TEXT("nobody")};
  const uint32_t codes[4] = {0, 0, 1, 0}, beyond[4] = {0, 0, 2, 0};
  const ztp_proof *of_rows[2], *of_each[4];
  int64_t until[4];
  char* keys = content_of(EXAMPLE "login.jwks.json");
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_request_new(a.session, ZTP_TEXT("call"), &a.request));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Tool"), ZTP_TEXT("search")));
  peer = attr_of(a, "peer");
  tokens = attr_of(a, "token");
  svid = proof_of(trust, "mesh", EXAMPLE "evidence/helper.svid.pem");
  token = proof_of(trust, "tokens", EXAMPLE "evidence/ann.access-token.jwt");
  of_rows[0] = token;
  of_rows[1] = NULL;
  WORKS(ztp_batch_new(a.request, 4, &without));
  FAILS(ZTP_MISUSE, ztp_batch_evidence(without, tokens, of_rows, 2, codes, 4)); /* nobody is believed */
  WORKS(ztp_engine_use_trust(a.engine, trust));

  /* One for all rows: it counts where the row's agent has that certificate. */
  WORKS(ztp_set_evidence(a.request, peer, svid));
  WORKS(ztp_set_evidence(a.request, tokens, token));
  WORKS(ztp_batch_new(a.request, 4, &batch));
  WORKS(ztp_batch_principals(batch, ZTP_TEXT("Agent"), agents, 4));
  CHECK(strcmp(rows_at(batch, now, until), "1010") == 0);
  CHECK(until[0] == now + 545 * second && until[2] == until[0]);
  CHECK(strcmp(rows_at(batch, now + 545 * second, NULL), "0000") == 0);
  CHECK(strcmp(rows_at(batch, now - 3600 * second, NULL), "0000") == 0);
  CHECK(strcmp(rows_at(batch, now, NULL), "1010") == 0);

  /* A row its own; the last word on an input counts. */
  WORKS(ztp_batch_evidence(batch, tokens, of_rows, 2, codes, 4));
  CHECK(strcmp(rows_at(batch, now, NULL), "1000") == 0);
  of_each[0] = NULL;
  of_each[1] = of_each[2] = of_each[3] = svid;
  WORKS(ztp_batch_evidence(batch, peer, of_each, 4, NULL, 4));
  CHECK(strcmp(rows_at(batch, now, NULL), "0000") == 0);
  of_each[0] = of_each[1] = of_each[2] = of_each[3] = token;
  WORKS(ztp_batch_evidence(batch, tokens, of_each, 4, NULL, 4));
  CHECK(strcmp(rows_at(batch, now, NULL), "0010") == 0);

  FAILS_SAYING(ZTP_REFUSED, "source: ", ztp_batch_evidence(batch, peer, of_each, 4, NULL, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_evidence(batch, tokens, of_rows, 2, beyond, 4));
  FAILS(ZTP_MISUSE, ztp_batch_evidence(batch, tokens, of_rows, 2, NULL, 4));
  FAILS(ZTP_MISUSE, ztp_batch_evidence(batch, tokens, of_rows, 2, codes, 3));
  FAILS(ZTP_MISUSE, ztp_batch_evidence(batch, tokens, NULL, 2, codes, 4));
  FAILS(ZTP_MISUSE, ztp_batch_evidence(NULL, tokens, of_rows, 2, codes, 4));
  of_rows[1] = (const ztp_proof*)(const void*)trust;
  FAILS(ZTP_MISUSE, ztp_batch_evidence(batch, tokens, of_rows, 2, codes, 4));
  CHECK(strcmp(rows_at(batch, now, NULL), "0010") == 0); /* as it was */
  FAILS(ZTP_NOT_PROVEN, ztp_batch_texts(batch, peer, agents, 4));

  /* What is voided counts no longer, in a batch that was made before too. */
  revocation.subject = ZTP_TEXT("spiffe://acme.org/agents/other");
  WORKS(ztp_trust_revoke(trust, &revocation, now));
  CHECK(strcmp(rows_at(batch, now, NULL), "0010") == 0);
  strcat(keys, " ");
  WORKS(ztp_trust_replace(trust, ZTP_TEXT("tokens"), ZTP_TEXT("keys"), text_of(keys)));
  CHECK(strcmp(rows_at(batch, now, NULL), "0000") == 0);
  free(keys);
  ztp_batch_free(without);
  ztp_batch_free(batch);
  ztp_proof_free(svid);
  ztp_proof_free(token);
  ztp_trust_free(trust);
  free_asked(a);
}

/* The first of the example's requests as JSON brings its evidence along. */
static void test_json_evidence(void) {
  struct asked a = {engine_of_example(), NULL, NULL};
  ztp_trust* trust = NULL;
  ztp_text answer;
  char* requests = content_of(EXAMPLE "requests.jsonl");
  ztp_text first = text_of(requests);
  first.size = (size_t)(strchr(requests, '\n') - requests);
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_decide_json(a.session, first, now, false, NULL, &answer));
  CHECK(text_contains(answer, "ZTP3034")); /* nobody verifies evidence */
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  WORKS(ztp_engine_use_trust(a.engine, trust));
  WORKS(ztp_decide_json(a.session, first, now, false, NULL, &answer));
  CHECK(text_contains(answer, "{\"decision\":true,"));
  CHECK(text_contains(answer, "\"input\":\"token\",\"source\":\"tokens\",\"kind\":\"access-token\",\"bound\":true"));
  WORKS(ztp_decide_json(a.session, first, now + 3600 * second, true, NULL, &answer));
  CHECK(text_contains(answer, "{\"decision\":false,") && text_contains(answer, "\"check\":\"expired\""));
  WORKS(ztp_decide_json(a.session, ZTP_TEXT("{\"subject\":{\"type\":\"Agent\",\"id\":\"helper\"},\"action\":{\"name\":"
                                            "\"call\"},\"resource\":{\"type\":\"Tool\",\"id\":\"search\"}}"),
                        now, false, NULL, &answer));
  CHECK(text_contains(answer, "{\"decision\":false,") && !text_contains(answer, "evidence"));
  free(requests);
  ztp_trust_free(trust);
  free_asked(a);
}

void test_evidence(void) {
  test_configurations();
  test_proofs();
  test_nonces();
  test_bound_inputs();
  test_batches_with_evidence();
  test_json_evidence();
}
