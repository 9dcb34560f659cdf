/* HTTP requests by the routes of a policy. */
#include "check.h"
#include "ztp_compile.h"

static const char routes_policy[] =
    "ztp 1\n"
    "package gate\n"
    "entity Workload { team: String }\n"
    "entity Model { team: String }\n"
    "input source_ip?: Ip\n"
    "action infer on Model by Workload with { tokens: Int = 1 }\n"
    "route chat {\n"
    "  on POST \"/v1/{team}/chat\"\n"
    "  peer \"spiffe://acme.org/{id}\"\n"
    "  let model = body.model\n"
    "  principal Workload::\"{id}\"\n"
    "  action infer\n"
    "  resource Model::\"{team}/{model}\"\n"
    "  with { tokens: header[\"x-tokens\"] }\n"
    "  input source_ip = source.ip\n"
    "}\n"
    "permit own { principal w: Workload action infer resource m: Model when w.team == m.team }\n";

static const char routes_facts[] =
    "{\"uid\": {\"type\": \"Workload\", \"id\": \"w\"}, \"attrs\": {\"team\": \"red\"}}\n"
    "{\"uid\": {\"type\": \"Model\", \"id\": \"red/m\"}, \"attrs\": {\"team\": \"red\"}}\n";

void test_routes(void) {
  ztp_policy* policy = NULL;
  ztp_facts* facts = NULL;
  ztp_engine* engine = NULL;
  ztp_session* session = NULL;
  const ztp_source source = {ZTP_TEXT("gate.ztp"), text_of(routes_policy)};
  ztp_bundle* bundle = NULL;
  WORKS(ztp_compile(&source, 1, &bundle));
  const ztp_text bytes = ztp_bundle_bytes(bundle);
  WORKS(ztp_policy_read(bytes.data, bytes.size, &policy));
  ztp_bundle_free(bundle);
  CHECK(ztp_policy_routes(policy) == 1);
  CHECK(ztp_policy_reads_bodies(policy));
  REFUSES(ztp_policy_routes(NULL) == 0);
  REFUSES(!ztp_policy_reads_bodies(NULL));
  WORKS(ztp_facts_read_json(policy, text_of(routes_facts), 0, &facts));
  WORKS(ztp_engine_new(policy, facts, NULL, &engine));
  WORKS(ztp_session_new(engine, &session));

  const ztp_http_header headers[] = {{ZTP_TEXT("Content-Type"), ZTP_TEXT("application/json")},
                                     {ZTP_TEXT("X-Tokens"), ZTP_TEXT("12")}};
  ztp_http_request http = ZTP_HTTP_REQUEST_INIT;
  http.method = ZTP_TEXT("POST");
  http.path = ZTP_TEXT("/v1/red/chat?x=1");
  http.headers = headers;
  http.header_count = 2;
  http.body = ZTP_TEXT("{\"model\": \"m\"}");
  http.peer_spiffe = ZTP_TEXT("spiffe://acme.org/w");
  http.source_ip = ZTP_TEXT("10.0.0.1");
  ztp_text route, request, answer;
  WORKS(ztp_route(session, &http, 0, &route, &request));
  CHECK(text_is(route, "gate.chat"));
  CHECK(
      text_is(request,
              "{\"subject\":{\"type\":\"Workload\",\"id\":\"w\"},\"action\":{\"name\":\"infer\","
              "\"properties\":{\"tokens\":12}},\"resource\":{\"type\":\"Model\",\"id\":\"red/m\"},"
              "\"context\":{\"source_ip\":\"10.0.0.1\"}}"));
  /* What it gave is not the session's answer: it may be decided at once. */
  ztp_decision decision = ZTP_DECISION_INIT;
  WORKS(ztp_decide_json(session, request, ztp_now(), false, &decision, &answer));
  CHECK(decision.allow);
  CHECK(text_is(route, "gate.chat"));

  http.flags = ZTP_HTTP_BODY_PARTIAL;
  FAILS_SAYING(ZTP_BAD_REQUEST, "cut off", ztp_route(session, &http, 0, &route, &request));
  CHECK(request.size == 0 && route.size == 0);
  http.flags = 0;
  http.path = ZTP_TEXT("/v1//chat");
  FAILS_SAYING(ZTP_BAD_REQUEST, "empty segment", ztp_route(session, &http, 0, &route, &request));
  http.path = ZTP_TEXT("/other");
  FAILS_SAYING(ZTP_NOT_FOUND, "no route", ztp_route(session, &http, 0, &route, &request));
  http.header_count = 1;
  http.headers = NULL;
  FAILS(ZTP_MISUSE, ztp_route(session, &http, 0, &route, &request));
  http.header_count = 0;
  http.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_route(session, &http, 0, &route, &request));
  FAILS(ZTP_MISUSE, ztp_route(session, NULL, 0, &route, &request));
  FAILS(ZTP_MISUSE, ztp_route(NULL, &http, 0, &route, &request));
  FAILS(ZTP_MISUSE, ztp_route(session, &http, 0, NULL, &request));
  FAILS(ZTP_MISUSE, ztp_route(session, &http, 0, &route, NULL));

  ztp_session_free(session);
  ztp_engine_free(engine);
  ztp_facts_free(facts);
  ztp_policy_free(policy);
}
