/* Objects that are used after they were freed, which ztp_debug makes a defined mistake. */
#include "check.h"
#include "ztp_compile.h"

void test_freed(void) {
  ztp_policy* policy;
  ztp_facts* facts = NULL;
  ztp_engine* engine;
  ztp_session* session = NULL;
  ztp_request* request = NULL;
  ztp_request* orphan = NULL;
  ztp_batch* batch = NULL;
  ztp_change* change = NULL;
  ztp_bundle* bundle = NULL;
  ztp_source source;
  ztp_error* error;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_answers answers = ZTP_ANSWERS_INIT;
  ztp_rule rule = ZTP_RULE_INIT;
  ztp_engine* made = NULL;

  CHECK((ztp_debug(true), 1));
  policy = policy_of(shared_policy);
  WORKS(ztp_facts_read_json(policy, text_of(shared_facts), 0, &facts));
  engine = engine_of(shared_policy, shared_facts, NULL);
  WORKS(ztp_session_new(engine, &session));
  WORKS(ztp_request_new(session, ZTP_TEXT("read"), &request));
  WORKS(ztp_request_new(session, ZTP_TEXT("read"), &orphan));
  WORKS(ztp_set_principal(request, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  WORKS(ztp_batch_new(request, 1, &batch));
  WORKS(ztp_change_new(engine, &change));

  ztp_policy_free(policy);
  ztp_policy_free(policy); /* twice is nothing */
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_engine_new(policy, NULL, NULL, &made));
  REFUSES(ztp_policy_digest(policy).size == 0);
  ztp_facts_free(facts);
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_facts_write(facts, ZTP_TEXT("x")));
  ztp_change_free(change);
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_change_commit(change));
  ztp_request_free(request);
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_decide(request, 0, &decision));
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_set_principal(request, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  ztp_session_free(session);
  /* The session of a request, a batch or a decision. */
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_decide(orphan, 0, &decision));
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_set_principal(orphan, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_batch_decide(batch, 0, &answers, NULL));
  decision.session = session;
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_decision_rule(&decision, 0, &rule));
  ztp_request_free(orphan);
  ztp_batch_free(batch);
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_batch_decide(batch, 0, &answers, NULL));
  ztp_engine_free(engine);
  FAILS_SAYING(ZTP_MISUSE, "freed", ztp_session_new(engine, &session));

  source.name = ZTP_TEXT("x.ztp");
  source.text = ZTP_TEXT("nonsense");
  error = ztp_compile(&source, 1, &bundle);
  CHECK(ztp_error_code(error) == ZTP_BAD_POLICY);
  ztp_error_free(error);
  ztp_error_free(error);
  REFUSES(ztp_error_code(error) == ZTP_OK);
  source.text = text_of(shared_policy);
  WORKS(ztp_compile(&source, 1, &bundle));
  ztp_bundle_free(bundle);
  REFUSES(ztp_bundle_bytes(bundle).size == 0);
  REFUSES((ztp_debug(false), 1));
}
