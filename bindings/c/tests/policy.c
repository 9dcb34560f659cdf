/* The policy and the facts that the tests share, and requests of them. */
#include "check.h"
#include "ztp_compile.h"

const char shared_policy[] =
    "ztp 1\n"
    "package tests\n"
    "enum Stage { dev, prod }\n"
    "lattice Clearance { low < mid < high }\n"
    "entity Team\n"
    "entity User in Team { level: Int, boss?: User }\n"
    "entity Doc derives Doc { open: Bool, clearance: Clearance inherited }\n"
    "entity Robot carried vouched { model: String, speed: Int = 1 }\n"
    "input place: String\n"
    "input score?: Decimal\n"
    "input stage?: Stage\n"
    "input since?: Time\n"
    "input wait?: Duration\n"
    "input vpn?: Bool\n"
    "input address?: Ip\n"
    "input driver?: Version\n"
    "input friend?: User\n"
    "input tags?: Set<String>\n"
    "input order?: List<Int>\n"
    "input quota?: Map<String, Int>\n"
    "input review?: { by: User, note?: String, at: Time }\n"
    "input cleared?: Clearance\n"
    "input device?: Int proven\n"
    "action read, write on Doc by User with { why: String, count: Int = 0 }\n"
    "action drive on Doc by Robot\n"
    "obligation audit(level: String, times: Int, by: User, until: Duration, marks: Set<String>)\n"
    "obligation watermark()\n"
    "permit owners {\n"
    "  principal u: User action read, write resource d: Doc\n"
    "  when u.level > 2 and place == \"home\" and trust(action.why) == \"work\"\n"
    "  oblige audit(\"full\", 3, u, 10m, { \"a\", \"b\" })\n"
    "  because \"home work\"\n"
    "}\n"
    "permit members { principal u: User action read resource d: Doc when u in Team::\"red\" and d.open }\n"
    "permit scored { principal any action read resource any when has score and score >= 0.5 oblige watermark() }\n"
    "permit staged { principal any action read resource any when has stage and stage == prod }\n"
    "permit timed { principal any action read resource any when has since and now < since + 10m }\n"
    "permit waits { principal any action read resource any when has wait and wait > 1h }\n"
    "permit tunnelled { principal any action read resource any when has vpn and vpn }\n"
    "permit near { principal any action read resource any when has address and address in \"10.0.0.0/8\" }\n"
    "permit modern { principal any action read resource any when has driver and driver >= \"550.1\" }\n"
    "permit friends { principal any action read resource any when has friend and friend.level > 2 }\n"
    "permit tagged { principal any action read resource any when has tags and tags.contains(\"x\") }\n"
    "permit ordered { principal any action read resource any when has order and order.contains(7) }\n"
    "permit quotas { principal any action read resource any when has quota and (quota[\"gpu\"] ?? 0) > 3 }\n"
    "permit reviewed { principal any action read resource any when has review and review.by.level > 2 }\n"
    "permit cleared_for { principal any action write resource d: Doc when has cleared and d.clearance flows to cleared }\n"
    "permit attested { principal any action read resource any when has device and device > 3 }\n"
    "permit robots { principal r: Robot action drive resource any when r.speed < 10 and r.model == \"m1\" }\n"
    "forbid counted { principal any action read resource any when trust(action.count) > 99 because \"too often\" }\n";

const char shared_facts[] =
    "{\"uid\": {\"type\": \"Team\", \"id\": \"red\"}}\n"
    "{\"uid\": {\"type\": \"User\", \"id\": \"ann\"}, \"attrs\": {\"level\": 3}}\n"
    "{\"uid\": {\"type\": \"User\", \"id\": \"bob\"}, \"attrs\": {\"level\": 1}, "
    "\"parents\": [{\"type\": \"Team\", \"id\": \"red\"}]}\n"
    "{\"uid\": {\"type\": \"Doc\", \"id\": \"d\"}, \"attrs\": {\"open\": true, \"clearance\": \"low\"}}\n"
    "{\"uid\": {\"type\": \"Doc\", \"id\": \"e\"}, \"attrs\": {\"open\": false, \"clearance\": \"mid\"}}\n";

ztp_policy* policy_of(const char* source) {
  ztp_source s;
  ztp_bundle* bundle = NULL;
  ztp_policy* policy = NULL;
  s.name = text_of("tests.ztp");
  s.text = text_of(source);
  WORKS(ztp_compile(&s, 1, &bundle));
  WORKS(ztp_policy_read(ztp_bundle_bytes(bundle).data, ztp_bundle_bytes(bundle).size, &policy));
  ztp_bundle_free(bundle);
  return policy;
}

ztp_engine* engine_of(const char* source, const char* facts, const ztp_engine_options* options) {
  const uint32_t flags = options != NULL ? options->flags & ZTP_ASSUME_PROVEN : 0;
  ztp_policy* policy = policy_of(source);
  ztp_facts* loaded = NULL;
  ztp_engine* engine = NULL;
  WORKS(ztp_facts_read_json(policy, text_of(facts), flags, &loaded));
  WORKS(ztp_engine_new(policy, loaded, options, &engine));
  ztp_facts_free(loaded);
  ztp_policy_free(policy);
  return engine;
}

struct asked ask_with(const char* action, uint32_t flags) {
  struct asked a = {NULL, NULL, NULL};
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = flags;
  a.engine = engine_of(shared_policy, shared_facts, &options);
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_request_new(a.session, text_of(action), &a.request));
  return a;
}
struct asked ask(const char* action) { return ask_with(action, 0); }
void free_asked(struct asked a) {
  ztp_request_free(a.request);
  ztp_session_free(a.session);
  ztp_engine_free(a.engine);
}

ztp_attr attr_of(struct asked a, const char* name) {
  ztp_attr attr;
  WORKS(ztp_engine_attr(a.engine, text_of(name), &attr));
  return attr;
}

ztp_request* ann_asks(ztp_engine* engine, ztp_session* session, const char* doc) {
  ztp_request* request = NULL;
  ztp_attr why, place;
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("why"), &why));
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("place"), &place));
  WORKS(ztp_request_new(session, ZTP_TEXT("read"), &request));
  WORKS(ztp_set_principal(request, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  WORKS(ztp_set_resource(request, ZTP_TEXT("Doc"), text_of(doc)));
  WORKS(ztp_set_text(request, why, ZTP_TEXT("work")));
  WORKS(ztp_set_text(request, place, ZTP_TEXT("home")));
  return request;
}
