/* Decisions, and what may be asked about them. */
#include "check.h"

static int called = 0;
static void on_decision(void* context, const ztp_decision* decision) {
  ztp_text json;
  ++called;
  CHECK(context == (void*)&called);
  WORKS(ztp_decision_json(decision, false, &json));
  CHECK(text_contains(json, decision->allow ? "\"decision\":true" : "\"decision\":false"));
}

void test_decisions(void) {
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_engine* engine;
  ztp_session* session = NULL;
  ztp_request* request = NULL;
  ztp_attr why, place, count;
  ztp_decision decision = ZTP_DECISION_INIT, no_size = ZTP_DECISION_INIT, never = ZTP_DECISION_INIT;
  ztp_rule rule = ZTP_RULE_INIT, no_rule_size = ZTP_RULE_INIT;
  ztp_obligation obligation = ZTP_OBLIGATION_INIT;
  ztp_text text;

  options.on_decision = on_decision;
  options.context = &called;
  engine = engine_of(shared_policy, shared_facts, &options);
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("why"), &why));
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("place"), &place));
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("count"), &count));
  WORKS(ztp_session_new(engine, &session));
  WORKS(ztp_request_new(session, ZTP_TEXT("read"), &request));
  WORKS(ztp_set_principal(request, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  WORKS(ztp_set_resource(request, ZTP_TEXT("Doc"), ZTP_TEXT("e")));
  WORKS(ztp_set_text(request, why, ZTP_TEXT("work")));

  /* A denial because something is not known says what. */
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(!decision.allow && decision.on_unknown && !decision.limit && !decision.halted);
  CHECK(called == 1 && decision.rules == 0 && decision.obligations == 0);
  WORKS(ztp_decision_unknown(&decision, 0, &text));
  CHECK(text_is(text, "place"));
  FAILS(ZTP_NOT_FOUND, ztp_decision_unknown(&decision, 1, &text));
  FAILS(ZTP_NOT_FOUND, ztp_decision_rule(&decision, 0, &rule));
  FAILS(ZTP_NOT_FOUND, ztp_decision_obligation(&decision, 0, &obligation));

  /* An allow says by which rule, and what is obliged. */
  WORKS(ztp_set_text(request, place, ZTP_TEXT("home")));
  WORKS(ztp_decide(request, 1000, &decision));
  CHECK(decision.allow && decision.rules == 1 && decision.obligations == 1);
  CHECK(decision.decided_at == 1000 && decision.valid_until == ZTP_FOREVER);
  WORKS(ztp_decision_rule(&decision, 0, &rule));
  CHECK(text_is(rule.name, "tests.owners") && text_is(rule.because, "home work"));
  CHECK(text_is(rule.file, "tests.ztp") && rule.line > 0 && !rule.forbid);
  CHECK(strcmp(rule.name.data, "tests.owners") == 0 && strcmp(rule.because.data, "home work") == 0 &&
        strcmp(rule.file.data, "tests.ztp") == 0);
  WORKS(ztp_decision_obligation(&decision, 0, &obligation));
  CHECK(text_is(obligation.name, "audit") && obligation.args == 5);
  CHECK(text_is(obligation.arg_names[0], "level"));
  CHECK(obligation.arg_values[0].kind == ZTP_STRING && obligation.arg_values[0].size == 4 &&
        memcmp(obligation.arg_values[0].as.text, "full", 5) == 0);
  CHECK(obligation.arg_values[1].kind == ZTP_INT && obligation.arg_values[1].as.number == 3);
  CHECK(obligation.arg_values[2].kind == ZTP_ENTITY &&
        memcmp(obligation.arg_values[2].as.items[0].as.text, "User", 5) == 0 &&
        memcmp(obligation.arg_values[2].as.items[1].as.text, "ann", 4) == 0);
  CHECK(obligation.arg_values[3].kind == ZTP_DURATION &&
        obligation.arg_values[3].as.number == INT64_C(600000000));
  CHECK(obligation.arg_values[4].kind == ZTP_LIST && obligation.arg_values[4].size == 2 &&
        obligation.arg_values[4].as.items[1].as.text[0] == 'b');
  WORKS(ztp_decision_json(&decision, false, &text));
  CHECK(text_contains(text, "\"reason\":\"home work\"") && !text_contains(text, "explanation"));
  WORKS(ztp_decision_json(&decision, true, &text));
  CHECK(text_contains(text, "explanation") && text_contains(text, "u.level > 2"));
  /* Rules are still there after the explanation took the session's memory. */
  WORKS(ztp_decision_rule(&decision, 0, &rule));
  CHECK(text_is(rule.name, "tests.owners"));
  CHECK(called == 2);

  /* A forbid. */
  WORKS(ztp_set_int(request, count, 100));
  /* Only as it was decided can a decision be explained. */
  WORKS(ztp_decide(request, 1000, &decision));
  CHECK(!decision.allow && !decision.on_unknown && decision.rules == 1);
  WORKS(ztp_decision_rule(&decision, 0, &rule));
  CHECK(text_is(rule.name, "tests.counted") && rule.forbid);
  WORKS(ztp_set_int(request, count, 1));
  FAILS(ZTP_STALE, ztp_decision_json(&decision, true, &text));
  WORKS(ztp_decision_json(&decision, false, &text));

  /* Once the session has decided again, an earlier decision is no longer answered for. */
  never = decision;
  WORKS(ztp_decide(request, 1000, &decision));
  FAILS(ZTP_STALE, ztp_decision_rule(&never, 0, &rule));
  FAILS(ZTP_STALE, ztp_decision_obligation(&never, 0, &obligation));
  FAILS(ZTP_STALE, ztp_decision_unknown(&never, 0, &text));
  FAILS(ZTP_STALE, ztp_decision_json(&never, false, &text));
  CHECK(decision.allow && ztp_lease_check(&decision.lease, 1000));

  no_size.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_decide(request, 0, &no_size));
  FAILS(ZTP_MISUSE, ztp_decide(request, 0, NULL));
  never.allow = true;
  never.struct_size = sizeof(never);
  FAILS(ZTP_MISUSE, ztp_decide(NULL, 0, &never));
  CHECK(!never.allow); /* a denial, whatever was there before */
  FAILS(ZTP_MISUSE, ztp_decision_rule(NULL, 0, &rule));
  FAILS(ZTP_MISUSE, ztp_decision_rule(&decision, 0, NULL));
  no_rule_size.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_decision_rule(&decision, 0, &no_rule_size));
  FAILS(ZTP_MISUSE, ztp_decision_rule(&never, 0, &rule));
  FAILS(ZTP_MISUSE, ztp_decision_obligation(NULL, 0, &obligation));
  FAILS(ZTP_MISUSE, ztp_decision_unknown(NULL, 0, &text));
  FAILS(ZTP_MISUSE, ztp_decision_json(NULL, false, &text));

  /* The request that was decided is gone, and its decision's details with it. */
  WORKS(ztp_decide(request, 1000, &decision));
  ztp_request_free(request);
  FAILS(ZTP_STALE, ztp_decision_rule(&decision, 0, &rule));
  CHECK(ztp_lease_check(&decision.lease, 1000));
  ztp_session_free(session);
  ztp_engine_free(engine);
}

void test_json(void) {
  static const char request[] =
      "{\"subject\": {\"type\": \"User\", \"id\": \"ann\"},"
      " \"action\": {\"name\": \"read\", \"properties\": {\"why\": \"work\"}},"
      " \"resource\": {\"type\": \"Doc\", \"id\": \"e\"}, \"context\": {\"place\": \"home\"}}";
  ztp_engine* engine = engine_of(shared_policy, shared_facts, NULL);
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_session* session = NULL;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text answer, again;
  ztp_rule rule = ZTP_RULE_INIT;
  WORKS(ztp_session_new(engine, &session));
  WORKS(ztp_decide_json(session, text_of(request), 1000, false, &decision, &answer));
  CHECK(decision.allow && ztp_lease_check(&decision.lease, 1001));
  CHECK(text_contains(answer, "{\"decision\":true,\"context\":{\"rules\":[\"tests.owners\"]"));
  WORKS(ztp_decision_rule(&decision, 0, &rule));
  CHECK(text_is(rule.name, "tests.owners"));
  WORKS(ztp_decision_json(&decision, false, &again));
  CHECK(again.size == answer.size && memcmp(again.data, answer.data, again.size) == 0);
  WORKS(ztp_decide_json(session, text_of(request), 1000, true, NULL, &answer));
  CHECK(text_contains(answer, "\"explanation\":["));

  /* What cannot be read is denied, and says why. */
  WORKS(ztp_decide_json(session, ZTP_TEXT("{\"subject\": 1}"), 0, false, &decision, &answer));
  CHECK(!decision.allow && text_contains(answer, "{\"decision\":false,\"context\":{\"errors\":[{"));
  WORKS(ztp_decide_json(session, ZTP_TEXT(""), 0, false, &decision, &answer));
  CHECK(!decision.allow && text_contains(answer, "\"decision\":false"));
  /* Nobody sets the clock unless the host lets them. */
  WORKS(ztp_decide_json(session, ZTP_TEXT("{\"context\": {\"now\": \"2030-01-01T00:00:00Z\"}}"), 0, false,
                        NULL, &answer));
  CHECK(text_contains(answer, "ZTP3033"));
  ztp_session_free(session);
  ztp_engine_free(engine);
  options.flags = ZTP_ACCEPT_NOW;
  engine = engine_of(shared_policy, shared_facts, &options);
  WORKS(ztp_session_new(engine, &session));
  WORKS(ztp_decide_json(session,
                        ZTP_TEXT("{\"subject\": {\"type\": \"User\", \"id\": \"bob\"},"
                                 " \"action\": {\"name\": \"read\", \"properties\": {\"why\": \"x\"}},"
                                 " \"resource\": {\"type\": \"Doc\", \"id\": \"e\"},"
                                 " \"context\": {\"since\": \"2030-01-01T00:00:00Z\", \"now\": "
                                 "\"2030-01-01T00:09:00Z\"}}"),
                        0, false, &decision, &answer));
  CHECK(decision.allow && decision.valid_until == decision.decided_at + 60000000);
  FAILS(ZTP_MISUSE, ztp_decide_json(NULL, text_of(request), 0, false, &decision, &answer));
  CHECK(!decision.allow);
  FAILS(ZTP_MISUSE, ztp_decide_json(session, text_of(request), 0, false, &decision, NULL));
  decision.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_decide_json(session, text_of(request), 0, false, &decision, &answer));
  ztp_session_free(session);
  ztp_engine_free(engine);
}
