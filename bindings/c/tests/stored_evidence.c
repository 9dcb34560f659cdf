/* Evidence about stored entities: the released model of policies/examples/weights-release. */
#include <stddef.h>

#include "check.h"
#include "ztp_compile.h"

#define EXAMPLE ZTP_EXAMPLES "/weights-release/"

/* 2030-01-01T00:00:00Z, around which the example's evidence is valid. */
static const int64_t now = INT64_C(1893456000000000);

static ztp_policy* policy_of_example(ztp_bundle** bundle) {
  const ztp_text path = ZTP_TEXT(EXAMPLE "weights.ztp");
  ztp_policy* policy = NULL;
  ztp_text bytes;
  WORKS(ztp_compile_paths(&path, 1, bundle));
  bytes = ztp_bundle_bytes(*bundle);
  WORKS(ztp_policy_read(bytes.data, bytes.size, &policy));
  return policy;
}

static ztp_trust* trust_of_example(void) {
  ztp_trust* trust = NULL;
  WORKS(ztp_trust_load(ZTP_TEXT(EXAMPLE "trust.json"), &trust));
  return trust;
}

/* A request of the node for the model, with what its verifier said. */
static struct asked ask_for_key(ztp_engine* engine, ztp_trust* trust) {
  struct asked a = {engine, NULL, NULL};
  char* result = content_of(EXAMPLE "evidence/node.ear.jwt");
  ztp_proof* device = NULL;
  WORKS(ztp_trust_expect_nonce(trust, ZTP_TEXT("nonce-1-of-the-example"), now, now + 1000000));
  WORKS(ztp_evidence_verify(trust, ZTP_TEXT("verifier"), text_of(result), now, &device));
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_request_new(a.session, ZTP_TEXT("unwrap"), &a.request));
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("Node"), ZTP_TEXT("fra-1")));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Model"), ZTP_TEXT("vision-7b")));
  WORKS(ztp_set_evidence(a.request, attr_of(a, "device"), device));
  ztp_proof_free(device);
  free(result);
  return a;
}

static bool is_allowed(struct asked a) {
  ztp_decision decision = ZTP_DECISION_INIT;
  WORKS(ztp_decide(a.request, now, &decision));
  return decision.allow;
}

static void test_loading_evidence(const char* folder) {
  const ztp_text path = ZTP_TEXT(EXAMPLE "facts.json");
  ztp_bundle* bundle = NULL;
  ztp_policy *policy = policy_of_example(&bundle), *other = policy_of(shared_policy);
  ztp_trust* trust = trust_of_example();
  char *json = content_of(path.data), *built = path_in(folder, "proven.ztpf"), *wrong;
  ztp_facts_options options = ZTP_FACTS_OPTIONS_INIT, unset;
  ztp_engine_options engine_options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_facts *facts = NULL, *none = NULL;
  ztp_engine* engine = NULL;
  ztp_error* error;
  ztp_problem problem = ZTP_PROBLEM_INIT;

  /* Without a trust evidence is a mistake; with one it is verified. */
  error = ztp_facts_load(policy, &path, 1, 0, &none);
  CHECK(ztp_error_code(error) == ZTP_BAD_FACTS && ztp_error_problem(error, 0, &problem));
  CHECK(text_is(problem.id, "ZTP3034"));
  ztp_error_free(error);
  options.trust = trust;
  options.now = now;
  WORKS(ztp_facts_load_with(policy, &path, 1, &options, &facts));
  CHECK(ztp_facts_count(facts) == 3);
  ztp_facts_free(facts);
  WORKS(ztp_facts_read_json_with(policy, text_of(json), &options, &facts));
  CHECK(ztp_facts_count(facts) == 3);

  /* Which entity, which attribute, which check; and nothing is taken. */
  wrong = strstr(json, "vision-7b\"}, \"attrs\": {\"digest\": \"sha256:");
  CHECK(wrong != NULL);
  if (wrong != NULL) {
    wrong = strstr(wrong, "sha256:") + 7;
    *wrong = *wrong == '0' ? '1' : '0';
  }
  error = ztp_facts_read_json_with(policy, text_of(json), &options, &none);
  CHECK(ztp_error_code(error) == ZTP_BAD_FACTS && ztp_error_problem(error, 0, &problem) && none == NULL);
  CHECK(text_is(problem.id, "ZTP3025") && text_is(problem.path, "$[1].evidence[0]"));
  CHECK(text_contains(problem.message, "attribute `signature` of Model::\"vision-7b\" was refused (subject)"));
  ztp_error_free(error);

  FAILS(ZTP_BAD_TRUST, ztp_facts_load_with(other, &path, 1, &options, &none));
  FAILS(ZTP_BAD_TRUST, ztp_facts_read_json_with(other, ZTP_TEXT("[]"), &options, &none));
  memset(&unset, 0, sizeof(unset));
  FAILS(ZTP_MISUSE, ztp_facts_load_with(policy, &path, 1, &unset, &none));
  FAILS(ZTP_MISUSE, ztp_facts_load_with(policy, &path, 1, NULL, &none));
  FAILS(ZTP_MISUSE, ztp_facts_load_with(policy, &path, 1, &options, NULL));
  FAILS(ZTP_MISUSE, ztp_facts_read_json_with(policy, ZTP_TEXT("[]"), NULL, &none));
  FAILS(ZTP_MISUSE, ztp_facts_read_json_with(NULL, ZTP_TEXT("[]"), &options, &none));
  options.flags = ZTP_ACCEPT_NOW;
  FAILS(ZTP_MISUSE, ztp_facts_read_json_with(policy, ZTP_TEXT("[]"), &options, &none));
  options.flags = 0;
  options.trust = (ztp_trust*)(void*)policy;
  FAILS(ZTP_MISUSE, ztp_facts_read_json_with(policy, ZTP_TEXT("[]"), &options, &none));

  /* They are for an engine that believes somebody from the beginning. */
  FAILS(ZTP_NOT_PROVEN, ztp_engine_new(policy, facts, NULL, &engine));
  WORKS(ztp_engine_new(policy, NULL, NULL, &engine));
  FAILS(ZTP_NOT_PROVEN, ztp_engine_replace(engine, NULL, facts));
  ztp_engine_free(engine);
  engine = NULL;
  engine_options.trust = trust;
  engine_options.struct_size = offsetof(ztp_engine_options, trust); /* a caller of an earlier version */
  FAILS(ZTP_NOT_PROVEN, ztp_engine_new(policy, facts, &engine_options, &engine));
  engine_options.struct_size = sizeof(engine_options);
  FAILS(ZTP_BAD_TRUST, ztp_engine_new(other, NULL, &engine_options, &engine));
  engine_options.trust = (ztp_trust*)(void*)policy;
  FAILS(ZTP_MISUSE, ztp_engine_new(policy, facts, &engine_options, &engine));

  /* A facts file brings its evidence along, if that was kept, and it is verified again. */
  FAILS(ZTP_NOT_PROVEN, ztp_facts_write(facts, text_of(built)));
  ztp_facts_free(facts);
  options.trust = trust;
  options.flags = ZTP_KEEP_EVIDENCE;
  WORKS(ztp_facts_load_with(policy, &path, 1, &options, &facts));
  WORKS(ztp_facts_write(facts, text_of(built)));
  options.flags = 0;
  {
    const ztp_text file = text_of(built);
    ztp_facts* again = NULL;
    FAILS_SAYING(ZTP_BAD_FACTS, "which nobody here verifies", ztp_facts_load(policy, &file, 1, 0, &none));
    WORKS(ztp_facts_load_with(policy, &file, 1, &options, &again));
    CHECK(text_is(ztp_facts_version(again), ztp_facts_version(facts).data));
    ztp_facts_free(again);
  }
  ztp_facts_free(facts);
  ztp_policy_free(policy);
  ztp_policy_free(other);
  ztp_bundle_free(bundle);
  ztp_trust_free(trust);
  free(json);
  free(built);
}

static void test_engine_of_files(const char* folder) {
  ztp_bundle* bundle = NULL;
  ztp_policy* policy = policy_of_example(&bundle);
  ztp_trust* trust = trust_of_example();
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_engine* engine = NULL;
  char *path = path_in(folder, "weights.ztpb"), *key = content_of(EXAMPLE "release.pub");
  const ztp_text facts = ZTP_TEXT(EXAMPLE "facts.json"), bytes = ztp_bundle_bytes(bundle);
  FILE* file = fopen(path, "wb");
  struct asked a;
  CHECK(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0);

  FAILS(ZTP_BAD_FACTS, ztp_engine_load(text_of(path), &facts, 1, NULL, &engine));
  options.trust = trust;
  WORKS(ztp_engine_load(text_of(path), &facts, 1, &options, &engine));
  a = ask_for_key(engine, trust);
  CHECK(is_allowed(a));
  WORKS(ztp_engine_reload(engine));
  CHECK(is_allowed(a));
  /* Other keys void what the others verified; the files are verified by them anew. */
  strcat(key, "\n");
  WORKS(ztp_trust_replace(trust, ZTP_TEXT("releases"), ZTP_TEXT("signers"), text_of(key)));
  CHECK(!is_allowed(a));
  WORKS(ztp_engine_reload(engine));
  CHECK(is_allowed(a));
  WORKS(ztp_engine_use_trust(engine, NULL));
  FAILS(ZTP_BAD_FACTS, ztp_engine_reload(engine)); /* nobody verifies their evidence now */
  free_asked(a);
  ztp_policy_free(policy);
  ztp_bundle_free(bundle);
  ztp_trust_free(trust);
  free(path);
  free(key);
}

static void test_changing_evidence(void) {
  ztp_bundle* bundle = NULL;
  ztp_policy* policy = policy_of_example(&bundle);
  ztp_trust* trust = trust_of_example();
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_engine* engine = NULL;
  ztp_change *change = NULL, *late = NULL;
  ztp_batch* batch = NULL;
  ztp_answers answers = ZTP_ANSWERS_INIT;
  ztp_revocation revocation = ZTP_REVOCATION_INIT;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_lease lease;
  ztp_text json;
  char* facts = content_of(EXAMPLE "facts.json");
  struct asked a;
  uint8_t allow = 1;

  options.trust = trust;
  WORKS(ztp_engine_new(policy, NULL, &options, &engine));
  WORKS(ztp_change_new(engine, &change));
  FAILS(ZTP_MISUSE, ztp_change_upsert_json_at(NULL, text_of(facts), now));
  FAILS(ZTP_BAD_FACTS, ztp_change_upsert_json_at(change, ZTP_TEXT("[1]"), now));
  WORKS(ztp_change_upsert_json_at(change, text_of(facts), now));
  WORKS(ztp_change_commit(change));
  a = ask_for_key(engine, trust);
  WORKS(ztp_decide(a.request, now, &decision));
  CHECK(decision.allow);
  lease = decision.lease;
  WORKS(ztp_session_entity_json(a.session, ZTP_TEXT("Model"), ZTP_TEXT("vision-7b"), &json));
  CHECK(text_contains(json, "\"signature\":"));

  /* A batch and a change that were begun before the signature was revoked do not bring it back. */
  WORKS(ztp_batch_new(a.request, 1, &batch));
  answers.allow = &allow;
  WORKS(ztp_batch_decide(batch, now, &answers, NULL));
  CHECK(allow == 1);
  WORKS(ztp_change_new(engine, &late));
  WORKS(ztp_change_upsert_json(late, text_of(facts))); /* the key's signature has no time of its own */
  {
    const char* at = strstr(facts, "vision-7b\"}, \"attrs\": {\"digest\": \"");
    CHECK(at != NULL);
    if (at != NULL) {
      revocation.subject.data = strstr(at, "sha256:");
      revocation.subject.size = 71;
    }
  }
  WORKS(ztp_trust_revoke(trust, &revocation, now));
  CHECK(!ztp_lease_check(&lease, now) && !is_allowed(a));
  WORKS(ztp_session_entity_json(a.session, ZTP_TEXT("Model"), ZTP_TEXT("vision-7b"), &json));
  CHECK(!text_contains(json, "\"signature\":"));
  FAILS_SAYING(ZTP_STALE, "may have been voided", ztp_batch_decide(batch, now, &answers, NULL));
  CHECK(allow == 0);
  FAILS_SAYING(ZTP_BAD_FACTS, "no longer counts (revoked)", ztp_change_commit(late));
  CHECK(!is_allowed(a));
  ztp_batch_free(batch);
  ztp_change_free(change);
  ztp_change_free(late);
  free_asked(a);
  ztp_policy_free(policy);
  ztp_bundle_free(bundle);
  ztp_trust_free(trust);
  free(facts);
}

void test_stored_evidence(const char* folder) {
  test_loading_evidence(folder);
  test_engine_of_files(folder);
  test_changing_evidence();
}
