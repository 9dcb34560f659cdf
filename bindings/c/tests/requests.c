/* Requests: what is set, by whom it may be set, and what of it is refused. */
#include "check.h"

static ztp_decision decide(struct asked a) {
  ztp_decision decision = ZTP_DECISION_INIT;
  WORKS(ztp_decide(a.request, ztp_now(), &decision));
  return decision;
}

/* A request that only what is set afterwards can allow. */
static struct asked bob_reads_e(void) {
  struct asked a = ask("read");
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Doc"), ZTP_TEXT("e")));
  WORKS(ztp_set_text(a.request, attr_of(a, "why"), ZTP_TEXT("fun")));
  WORKS(ztp_set_text(a.request, attr_of(a, "place"), ZTP_TEXT("bar")));
  CHECK(!decide(a).allow);
  return a;
}

static ztp_value string_value(const char* text) {
  ztp_value v;
  v.kind = ZTP_STRING;
  v.size = (uint32_t)strlen(text);
  v.as.text = text;
  return v;
}
static ztp_value number_value(ztp_kind kind, int64_t number) {
  ztp_value v;
  v.kind = kind;
  v.size = 0;
  v.as.number = number;
  return v;
}
static ztp_value items_value(ztp_kind kind, const ztp_value* items, uint32_t size) {
  ztp_value v;
  v.kind = kind;
  v.size = size;
  v.as.items = items;
  return v;
}

/* Each value by itself allows; without it, or with `not`, nothing does. */
#define ALLOWS(a, name, set, set_not)              \
  do {                                             \
    WORKS(set);                                    \
    CHECK(decide(a).allow);                        \
    WORKS(set_not);                                \
    CHECK(!decide(a).allow);                       \
    WORKS(set);                                    \
    WORKS(ztp_unset(a.request, attr_of(a, name))); \
    CHECK(!decide(a).allow);                       \
  } while (0)

void test_values(void) {
  struct asked a = bob_reads_e();
  ztp_request* r = a.request;
  const ztp_attr score = attr_of(a, "score"), stage = attr_of(a, "stage"),
                 since = attr_of(a, "since");
  const ztp_attr wait = attr_of(a, "wait"), vpn = attr_of(a, "vpn"),
                 address = attr_of(a, "address");
  const ztp_attr driver = attr_of(a, "driver"), friend = attr_of(a, "friend"),
                 tags = attr_of(a, "tags");
  const ztp_attr order = attr_of(a, "order"), quota = attr_of(a, "quota"),
                 review = attr_of(a, "review");
  const ztp_attr count = attr_of(a, "count"), place = attr_of(a, "place");
  ztp_value v, items[8], name[2];

  ALLOWS(a, "score", ztp_set_decimal(r, score, 500000000), ztp_set_decimal(r, score, 499999999));
  ALLOWS(a, "score", ztp_set_text(r, score, ZTP_TEXT("0.5")),
         ztp_set_text(r, score, ZTP_TEXT("0.4")));
  v = number_value(ZTP_DECIMAL, 900000000);
  ALLOWS(a, "score", ztp_set_value(r, score, &v), ztp_set_json(r, score, ZTP_TEXT("0.1")));
  v.kind = ZTP_FLOAT;
  v.as.real = 0.7;
  ALLOWS(a, "score", ztp_set_value(r, score, &v), ztp_set_json(r, score, ZTP_TEXT("-1")));
  ALLOWS(a, "stage", ztp_set_text(r, stage, ZTP_TEXT("prod")),
         ztp_set_text(r, stage, ZTP_TEXT("dev")));
  ALLOWS(a, "since", ztp_set_time(r, since, ztp_now()), ztp_set_time(r, since, 0));
  ALLOWS(a, "since", ztp_set_text(r, since, ZTP_TEXT("2099-01-01T00:00:00Z")),
         ztp_set_text(r, since, ZTP_TEXT("1999-01-01T00:00:00+01:00")));
  v = number_value(ZTP_TIME, ztp_now());
  ALLOWS(a, "since", ztp_set_value(r, since, &v), ztp_set_time(r, since, 1));
  ALLOWS(a, "wait", ztp_set_duration(r, wait, INT64_C(3600000001)), ztp_set_duration(r, wait, 1));
  ALLOWS(a, "wait", ztp_set_text(r, wait, ZTP_TEXT("2h")), ztp_set_text(r, wait, ZTP_TEXT("1h")));
  v = number_value(ZTP_DURATION, INT64_C(7200000000));
  ALLOWS(a, "wait", ztp_set_value(r, wait, &v), ztp_set_duration(r, wait, -1));
  ALLOWS(a, "vpn", ztp_set_bool(r, vpn, true), ztp_set_bool(r, vpn, false));
  v = number_value(ZTP_BOOL, 1);
  ALLOWS(a, "vpn", ztp_set_value(r, vpn, &v), ztp_set_json(r, vpn, ZTP_TEXT("false")));
  ALLOWS(a, "address", ztp_set_text(r, address, ZTP_TEXT("10.1.2.3")),
         ztp_set_text(r, address, ZTP_TEXT("11.1.2.3")));
  ALLOWS(a, "driver", ztp_set_text(r, driver, ZTP_TEXT("550.90.7")),
         ztp_set_text(r, driver, ZTP_TEXT("550.0.9")));
  name[0] = string_value("User");
  name[1] = string_value("ann");
  v = items_value(ZTP_ENTITY, name, 2);
  ALLOWS(a, "friend", ztp_set_value(r, friend, &v),
         ztp_set_text(r, friend, ZTP_TEXT("User::\"bob\"")));
  items[0] = string_value("y");
  items[1] = string_value("x");
  v = items_value(ZTP_LIST, items, 2);
  ALLOWS(a, "tags", ztp_set_value(r, tags, &v), ztp_set_json(r, tags, ZTP_TEXT("[\"y\"]")));
  items[0] = number_value(ZTP_INT, 3);
  items[1] = number_value(ZTP_INT, 7);
  v = items_value(ZTP_LIST, items, 2);
  ALLOWS(a, "order", ztp_set_value(r, order, &v), ztp_set_json(r, order, ZTP_TEXT("[]")));
  items[0] = string_value("gpu");
  items[1] = number_value(ZTP_INT, 4);
  v = items_value(ZTP_MAP, items, 1);
  ALLOWS(a, "quota", ztp_set_value(r, quota, &v), ztp_set_json(r, quota, ZTP_TEXT("{\"gpu\": 3}")));
  items[0] = string_value("by");
  items[1] = items_value(ZTP_ENTITY, name, 2);
  items[2] = string_value("note");
  items[3] = number_value(ZTP_MISSING, 0);
  items[4] = string_value("at");
  items[5] = number_value(ZTP_TIME, 5);
  v = items_value(ZTP_MAP, items, 3);
  ALLOWS(
      a, "review", ztp_set_value(r, review, &v),
      ztp_set_json(r, review,
                   ZTP_TEXT("{\"by\": \"User::\\\"bob\\\"\", \"at\": \"2030-01-01T00:00:00Z\"}")));

  /* A parameter that is claimed, an input that is not known. */
  WORKS(ztp_set_bool(r, vpn, true));
  WORKS(ztp_set_int(r, count, 99));
  CHECK(decide(a).allow);
  WORKS(ztp_set_int(r, count, 100));
  CHECK(!decide(a).allow);
  v = number_value(ZTP_MISSING, 0);
  WORKS(ztp_set_value(r, count, &v));
  CHECK(decide(a).allow);
  v = number_value(ZTP_UNKNOWN, 0);
  WORKS(ztp_set_bool(r, vpn, false));
  WORKS(ztp_set_text(r, attr_of(a, "why"), ZTP_TEXT("work")));
  WORKS(ztp_set_principal(r, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  WORKS(ztp_set_value(r, place, &v));
  {
    ztp_decision decision = decide(a);
    ztp_text missing;
    CHECK(!decision.allow && decision.on_unknown);
    WORKS(ztp_decision_unknown(&decision, 0, &missing));
    CHECK(text_is(missing, "place"));
  }

  WORKS(ztp_set_principal(r, ZTP_TEXT("User"), ZTP_TEXT("bob")));

  /* What is of another type is refused, and what was there stays. */
  WORKS(ztp_set_bool(r, vpn, true));
  FAILS_SAYING(ZTP_BAD_REQUEST, "`vpn` is Bool", ztp_set_int(r, vpn, 1));
  FAILS(ZTP_BAD_REQUEST, ztp_set_bool(r, count, true));
  FAILS(ZTP_BAD_REQUEST, ztp_set_time(r, count, 1));
  FAILS(ZTP_BAD_REQUEST, ztp_set_duration(r, count, 1));
  FAILS(ZTP_BAD_REQUEST, ztp_set_decimal(r, count, 1));
  FAILS(ZTP_BAD_REQUEST, ztp_set_text(r, vpn, ZTP_TEXT("true")));
  FAILS_SAYING(ZTP_BAD_REQUEST, "prod", ztp_set_text(r, stage, ZTP_TEXT("prdo")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_text(r, driver, ZTP_TEXT("not a version")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_text(r, place, ZTP_TEXT("\xff")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_json(r, vpn, ZTP_TEXT("1")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_json(r, vpn, ZTP_TEXT("{")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_json(r, quota, ZTP_TEXT("{\"a\": 1, \"a\": 2}")));
  v = string_value("x");
  FAILS(ZTP_BAD_REQUEST, ztp_set_value(r, vpn, &v));
  v = number_value(77, 0);
  FAILS_SAYING(ZTP_MISUSE, "kind 77", ztp_set_value(r, vpn, &v));
  v = items_value(ZTP_LIST, NULL, 2);
  FAILS(ZTP_MISUSE, ztp_set_value(r, tags, &v));
  v = items_value(ZTP_ENTITY, NULL, 2);
  FAILS(ZTP_MISUSE, ztp_set_value(r, friend, &v));
  v = string_value("x");
  v.as.text = NULL;
  FAILS(ZTP_MISUSE, ztp_set_value(r, place, &v));
  v.kind = ZTP_FLOAT;
  v.as.real = strtod("inf", NULL);
  FAILS(ZTP_MISUSE, ztp_set_value(r, score, &v));
  { /* a value that holds itself */
    ztp_value loop;
    loop = items_value(ZTP_LIST, &loop, 1);
    FAILS_SAYING(ZTP_MISUSE, "deep", ztp_set_value(r, tags, &loop));
  }
  CHECK(decide(a).allow);

  /* Attributes of others. */
  {
    struct asked other = ask("read");
    ztp_attr none = {0}, beyond;
    beyond.handle = vpn.handle + 1000;
    FAILS_SAYING(ZTP_MISUSE, "another engine", ztp_set_bool(r, attr_of(other, "vpn"), true));
    FAILS(ZTP_MISUSE, ztp_set_bool(r, none, true));
    FAILS(ZTP_MISUSE, ztp_set_bool(r, beyond, true));
    FAILS(ZTP_MISUSE, ztp_unset(r, none));
    free_asked(other);
  }
  FAILS(ZTP_MISUSE, ztp_set_bool(NULL, vpn, true));
  FAILS(ZTP_MISUSE, ztp_set_int(NULL, vpn, 1));
  FAILS(ZTP_MISUSE, ztp_set_time(NULL, vpn, 1));
  FAILS(ZTP_MISUSE, ztp_set_duration(NULL, vpn, 1));
  FAILS(ZTP_MISUSE, ztp_set_decimal(NULL, vpn, 1));
  FAILS(ZTP_MISUSE, ztp_set_text(NULL, vpn, ZTP_TEXT("x")));
  FAILS(ZTP_MISUSE, ztp_set_json(NULL, vpn, ZTP_TEXT("x")));
  FAILS(ZTP_MISUSE, ztp_set_value(NULL, vpn, &v));
  FAILS(ZTP_MISUSE, ztp_set_value(r, vpn, NULL));
  FAILS(ZTP_MISUSE, ztp_unset(NULL, vpn));
  free_asked(a);

  /* Proven inputs are bound from evidence alone, unless the host opted in. */
  a = bob_reads_e();
  FAILS_SAYING(ZTP_NOT_PROVEN, "device", ztp_set_int(a.request, attr_of(a, "device"), 9));
  FAILS(ZTP_NOT_PROVEN, ztp_set_json(a.request, attr_of(a, "device"), ZTP_TEXT("9")));
  v = number_value(ZTP_INT, 9);
  FAILS(ZTP_NOT_PROVEN, ztp_set_value(a.request, attr_of(a, "device"), &v));
  CHECK(!decide(a).allow);
  free_asked(a);
  a = ask_with("read", ZTP_ASSUME_PROVEN);
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Doc"), ZTP_TEXT("e")));
  WORKS(ztp_set_text(a.request, attr_of(a, "why"), ZTP_TEXT("fun")));
  WORKS(ztp_set_int(a.request, attr_of(a, "device"), 9));
  CHECK(decide(a).allow);
  free_asked(a);
}

void test_requests(void) {
  struct asked a = ask("read");
  ztp_request* r = a.request;
  ztp_request* made = NULL;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_entity_ref ann, d, nobody = {0, 0};
  ztp_change* change = NULL;
  const ztp_text can_audit[1] = {ZTP_TEXT("audit")};
  const ztp_text can_other[1] = {ZTP_TEXT("something of another policy")};

  /* What every request needs. */
  FAILS_SAYING(ZTP_BAD_REQUEST, "principal", ztp_decide(r, ztp_now(), &decision));
  CHECK(!decision.allow);
  WORKS(ztp_set_principal(r, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  FAILS_SAYING(ZTP_BAD_REQUEST, "resource", ztp_decide(r, ztp_now(), &decision));
  WORKS(ztp_set_resource(r, ZTP_TEXT("Doc"), ZTP_TEXT("d")));
  FAILS_SAYING(ZTP_BAD_REQUEST, "why", ztp_decide(r, ztp_now(), &decision));
  WORKS(ztp_set_text(r, attr_of(a, "why"), ZTP_TEXT("work")));
  WORKS(ztp_set_text(r, attr_of(a, "place"), ZTP_TEXT("home")));
  CHECK(decide(a).allow);

  /* By looked-up entities. */
  WORKS(ztp_session_entity(a.session, ZTP_TEXT("User"), ZTP_TEXT("ann"), &ann));
  WORKS(ztp_session_entity(a.session, ZTP_TEXT("Doc"), ZTP_TEXT("d"), &d));
  WORKS(ztp_set_principal(r, ZTP_TEXT("User"), ZTP_TEXT("zoe")));
  CHECK(!decide(a).allow);
  WORKS(ztp_set_principal_ref(r, ann));
  WORKS(ztp_set_resource_ref(r, d));
  CHECK(decide(a).allow);
  FAILS(ZTP_BAD_REQUEST, ztp_set_principal_ref(r, d));
  FAILS(ZTP_BAD_REQUEST, ztp_set_resource_ref(r, ann));
  FAILS_SAYING(ZTP_MISUSE, "ztp_set_principal_ref: ", ztp_set_principal_ref(r, nobody));
  {
    struct asked other = ask("read");
    FAILS_SAYING(ZTP_MISUSE, "another engine", ztp_set_principal_ref(other.request, ann));
    FAILS_SAYING(ZTP_MISUSE, "another engine", ztp_set_resource_ref(other.request, d));
    free_asked(other);
  }
  {
    ztp_entity_ref beyond = ann;
    beyond.handle = UINT64_C(1) << 40;
    FAILS(ZTP_MISUSE, ztp_set_principal_ref(r, beyond));
  }
  /* They are of the facts that they were looked up in; the request itself goes by names. */
  WORKS(ztp_change_new(a.engine, &change));
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_change_commit(change));
  ztp_change_free(change);
  FAILS(ZTP_STALE, ztp_set_principal_ref(r, ann));
  FAILS(ZTP_STALE, ztp_set_resource_ref(r, d));
  CHECK(decide(a).allow);

  /* A permit with an obligation that the caller cannot carry out does not allow. */
  WORKS(ztp_set_can(r, can_other, 1));
  CHECK(!decide(a).allow);
  WORKS(ztp_set_can(r, can_audit, 1));
  CHECK(decide(a).allow);
  WORKS(ztp_set_can(r, NULL, 0));
  CHECK(!decide(a).allow);
  WORKS(ztp_set_can_all(r));
  CHECK(decide(a).allow);

  /* What the request is made of ends, and with it every permission. */
  {
    const int64_t end = ztp_now() + (int64_t)60 * 60 * 1000000, before = decide(a).valid_until;
    CHECK(before > end);
    WORKS(ztp_set_valid_until(r, end));
    CHECK(decide(a).allow && decide(a).valid_until == end);
    WORKS(ztp_set_valid_until(r, ztp_now()));
    CHECK(!decide(a).allow && decide(a).rules == 0);
    WORKS(ztp_set_valid_until(r, INT64_MAX));
    CHECK(decide(a).allow && decide(a).valid_until == before);
    FAILS(ZTP_MISUSE, ztp_set_valid_until(NULL, end));
  }

  FAILS_SAYING(ZTP_BAD_REQUEST, "but by User",
               ztp_set_principal(r, ZTP_TEXT("Doc"), ZTP_TEXT("d")));
  FAILS_SAYING(ZTP_BAD_REQUEST, "but on Doc",
               ztp_set_resource(r, ZTP_TEXT("Nothing"), ZTP_TEXT("d")));
  FAILS(ZTP_BAD_REQUEST, ztp_set_principal(r, ZTP_TEXT("User"), ZTP_TEXT("\xff")));
  { /* sizes are 32 bits inside: what is longer is refused, and not cut off */
    static char huge[17 << 20];
    ztp_text text;
    memset(huge, 'x', sizeof(huge));
    text.data = huge;
    text.size = sizeof(huge);
    FAILS(ZTP_LIMIT, ztp_set_principal(r, ZTP_TEXT("User"), text));
    FAILS(ZTP_LIMIT, ztp_set_text(r, attr_of(a, "place"), text));
    text.size = (size_t)1 << 32; /* is not looked into */
    FAILS(ZTP_LIMIT, ztp_set_text(r, attr_of(a, "place"), text));
    CHECK(decide(a).allow);
  }
  FAILS(ZTP_MISUSE, ztp_set_principal(NULL, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  FAILS(ZTP_MISUSE, ztp_set_resource(NULL, ZTP_TEXT("Doc"), ZTP_TEXT("d")));
  FAILS(ZTP_MISUSE, ztp_set_principal_ref(NULL, ann));
  FAILS(ZTP_MISUSE, ztp_set_resource_ref(NULL, d));
  FAILS(ZTP_MISUSE, ztp_set_can(NULL, can_audit, 1));
  FAILS(ZTP_MISUSE, ztp_set_can(r, NULL, 1));
  {
    const ztp_text no_text[1] = {{NULL, 3}};
    FAILS_SAYING(ZTP_MISUSE, "ztp_set_can: ", ztp_set_can(r, no_text, 1));
  }
  FAILS(ZTP_MISUSE, ztp_set_can_all(NULL));
  FAILS_SAYING(ZTP_BAD_REQUEST, "read", ztp_request_new(a.session, ZTP_TEXT("raed"), &made));
  CHECK(made == NULL);
  FAILS(ZTP_MISUSE, ztp_request_new(NULL, ZTP_TEXT("read"), &made));
  FAILS(ZTP_MISUSE, ztp_request_new(a.session, ZTP_TEXT("read"), NULL));
  REFUSES((ztp_request_free(NULL), 1));
  /* The action does not have what another has. */
  {
    struct asked drive = ask("drive");
    FAILS_SAYING(ZTP_BAD_REQUEST, "no parameter",
                 ztp_set_text(drive.request, attr_of(drive, "why"), ZTP_TEXT("x")));
    /* A carried entity comes with its attributes, as JSON. */
    WORKS(ztp_set_resource(drive.request, ZTP_TEXT("Doc"), ZTP_TEXT("d")));
    FAILS_SAYING(ZTP_BAD_REQUEST, "carried",
                 ztp_set_principal(drive.request, ZTP_TEXT("Robot"), ZTP_TEXT("r")));
    WORKS(ztp_set_principal_json(drive.request, ZTP_TEXT("{\"type\": \"Robot\", \"id\": \"r\", "
                                                         "\"properties\": {\"model\": \"m1\"}}")));
    CHECK(decide(drive).allow);
    WORKS(ztp_set_principal_json(drive.request,
                                 ZTP_TEXT("{\"type\": \"Robot\", \"id\": \"r\", "
                                          "\"properties\": {\"model\": \"m1\", \"speed\": 11}}")));
    CHECK(!decide(drive).allow);
    FAILS(ZTP_BAD_REQUEST,
          ztp_set_principal_json(drive.request, ZTP_TEXT("{\"type\": \"Robot\"}")));
    FAILS(ZTP_BAD_REQUEST,
          ztp_set_principal_json(drive.request, ZTP_TEXT("{\"type\": \"User\", \"id\": \"ann\"}")));
    FAILS(ZTP_BAD_REQUEST, ztp_set_principal_json(drive.request, ZTP_TEXT("[")));
    /* What could not be set changes nothing. */
    CHECK(!decide(drive).allow);
    WORKS(ztp_set_principal_json(drive.request, ZTP_TEXT("{\"type\": \"Robot\", \"id\": \"r\", "
                                                         "\"properties\": {\"model\": \"m1\"}}")));
    CHECK(decide(drive).allow);
    FAILS(ZTP_BAD_REQUEST,
          ztp_set_resource_json(
              drive.request,
              ZTP_TEXT("{\"type\": \"Doc\", \"id\": \"other\", \"properties\": {\"x\": 1}}")));
    CHECK(decide(drive).allow);
    WORKS(ztp_set_resource_json(drive.request, ZTP_TEXT("{\"type\": \"Doc\", \"id\": \"d\"}")));
    CHECK(decide(drive).allow);
    FAILS(ZTP_BAD_REQUEST,
          ztp_set_resource_json(
              drive.request,
              ZTP_TEXT("{\"type\": \"Doc\", \"id\": \"d\", \"properties\": {\"open\": true}}")));
    free_asked(drive);
  }
  FAILS(ZTP_MISUSE, ztp_set_principal_json(NULL, ZTP_TEXT("{}")));
  FAILS(ZTP_MISUSE, ztp_set_resource_json(NULL, ZTP_TEXT("{}")));

  { /* What the requester claims does not become what the host vouches for. */
    ztp_policy* vouching = policy_of(
        "ztp 1\npackage other\nentity Doc\nentity User\ninput dept?: String\n"
        "action read on Doc by User\n"
        "permit hr { principal any action read resource any when has dept and dept == \"hr\" }\n");
    struct asked claiming = {NULL, NULL, NULL};
    ztp_attr dept;
    claiming.engine = engine_of(
        "ztp 1\npackage other\nentity Doc\nentity User\n"
        "action read on Doc by User with { dept?: String }\n"
        "permit hr { principal any action read resource any when trust((action.dept ?? \"\") == "
        "\"it\") }\n",
        "[]", NULL);
    WORKS(ztp_session_new(claiming.engine, &claiming.session));
    WORKS(ztp_request_new(claiming.session, ZTP_TEXT("read"), &claiming.request));
    WORKS(ztp_set_principal(claiming.request, ZTP_TEXT("User"), ZTP_TEXT("u")));
    WORKS(ztp_set_resource(claiming.request, ZTP_TEXT("Doc"), ZTP_TEXT("d")));
    dept = attr_of(claiming, "dept");
    WORKS(ztp_set_text(claiming.request, dept, ZTP_TEXT("hr")));
    CHECK(!decide(claiming).allow);
    WORKS(ztp_engine_replace(claiming.engine, vouching, NULL));
    FAILS(ZTP_BAD_REQUEST, ztp_decide(claiming.request, ztp_now(), &decision));
    CHECK(!decision.allow);
    WORKS(ztp_unset(claiming.request, dept));
    CHECK(!decide(claiming).allow);
    FAILS_SAYING(ZTP_STALE, "resolve it again",
                 ztp_set_text(claiming.request, dept, ZTP_TEXT("hr")));
    CHECK(!decide(claiming).allow);
    WORKS(ztp_set_text(claiming.request, attr_of(claiming, "dept"), ZTP_TEXT("hr")));
    CHECK(decide(claiming).allow);
    free_asked(claiming);
    ztp_policy_free(vouching);
  }

  /* Another policy comes: the request goes on by its names, as far as they still mean something. */
  {
    ztp_policy* other = policy_of(
        "ztp 1\npackage other\nentity Doc\nentity User { age: Int }\n"
        "enum Stage { prod, dev }\ninput stage?: Stage\ninput place: String\n"
        "action read on Doc by User with { extra: Int = 1, why: String }\n"
        "permit anyone { principal any action read resource any when trust(action.why) == \"work\" "
        "and place == \"home\" and (stage ?? dev) == prod }\n");
    ztp_policy* narrow = policy_of(
        "ztp 1\npackage other\nentity Doc\nentity User\naction read on Doc by User with { why: Int "
        "}\n"
        "permit anyone { principal any action read resource any when trust(action.why) > 0 }\n");
    ztp_facts* none = NULL;
    WORKS(ztp_set_text(r, attr_of(a, "stage"), ZTP_TEXT("prod")));
    WORKS(ztp_facts_load(other, NULL, 0, 0, &none));
    WORKS(ztp_engine_replace(a.engine, other, none));
    ztp_facts_free(none);
    CHECK(decide(a).allow);
    WORKS(ztp_facts_load(narrow, NULL, 0, 0, &none));
    WORKS(ztp_engine_replace(a.engine, narrow, none));
    ztp_facts_free(none);
    FAILS(ZTP_BAD_REQUEST, ztp_decide(r, ztp_now(), &decision));
    CHECK(!decision.allow);
    /* And is as it was when the policy is. */
    WORKS(ztp_facts_load(other, NULL, 0, 0, &none));
    WORKS(ztp_engine_replace(a.engine, other, none));
    ztp_facts_free(none);
    CHECK(decide(a).allow);
    ztp_policy_free(other);
    ztp_policy_free(narrow);
  }
  free_asked(a);
}
