/* Engines: what is in force, and what changes it. */
#include "check.h"
#include "ztp_compile.h"

static const char open_to_all[] =
    "ztp 1\npackage other\nentity Team\nentity User in Team { level: Int, boss?: User }\n"
    "entity Doc\n"
    "input place: String\n"
    "action read on Doc by User with { why: String }\n"
    "permit anyone { principal any action read resource any when place != \"nowhere\" because \"open\" }\n";

/* Decides "ann reads d at home for work". */
static ztp_decision ann_reads(ztp_engine* engine, ztp_session* session) {
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_request* request = ann_asks(engine, session, "d");
  WORKS(ztp_decide(request, ztp_now(), &decision));
  ztp_request_free(request);
  return decision;
}

void test_engines(const char* folder) {
  ztp_engine* engine = engine_of(shared_policy, shared_facts, NULL);
  ztp_policy* policy = policy_of(shared_policy);
  ztp_policy* other = policy_of(open_to_all);
  ztp_facts* none = NULL;
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_engine* made = NULL;
  ztp_session* session = NULL;
  ztp_attr attr;
  ztp_entity_ref ref;
  ztp_decision decision;
  uint64_t before;
  char* bundle_path = path_in(folder, "engine.ztpb");
  char* facts_path = path_in(folder, "engine.jsonl");
  ztp_text paths[1];
  ztp_source source;
  ztp_bundle* bundle = NULL;
  FILE* file;

  WORKS(ztp_session_new(engine, &session));
  decision = ann_reads(engine, session);
  CHECK(decision.allow && decision.generation == ztp_engine_generation(engine));

  /* What is in force can be had, and outlives the engine. */
  {
    ztp_policy* current;
    ztp_facts* facts;
    CHECK((current = ztp_engine_policy(engine)) != NULL);
    CHECK((facts = ztp_engine_facts(engine)) != NULL);
    CHECK(ztp_facts_count(facts) == 5 && ztp_policy_digest(current).size == 71);
    ztp_policy_free(current);
    ztp_facts_free(facts);
  }

  /* Names. */
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("count"), &attr));
  CHECK(attr.handle != 0);
  FAILS_SAYING(ZTP_NOT_FOUND, "count", ztp_engine_attr(engine, ZTP_TEXT("cuont"), &attr));
  FAILS(ZTP_MISUSE, ztp_engine_attr(NULL, ZTP_TEXT("count"), &attr));
  FAILS(ZTP_MISUSE, ztp_engine_attr(engine, ZTP_TEXT("count"), NULL));
  WORKS(ztp_session_entity(session, ZTP_TEXT("User"), ZTP_TEXT("ann"), &ref));
  FAILS(ZTP_NOT_FOUND, ztp_session_entity(session, ZTP_TEXT("User"), ZTP_TEXT("zoe"), &ref));
  FAILS(ZTP_NOT_FOUND, ztp_session_entity(session, ZTP_TEXT("Usre"), ZTP_TEXT("ann"), &ref));
  FAILS(ZTP_MISUSE, ztp_session_entity(NULL, ZTP_TEXT("User"), ZTP_TEXT("ann"), &ref));
  {
    ztp_text json;
    WORKS(ztp_session_entity_json(session, ZTP_TEXT("User"), ZTP_TEXT("bob"), &json));
    CHECK(text_is(json, "{\"uid\":{\"type\":\"User\",\"id\":\"bob\"},\"attrs\":{\"level\":1},"
                        "\"parents\":[{\"type\":\"Team\",\"id\":\"red\"}]}"));
    FAILS(ZTP_NOT_FOUND, ztp_session_entity_json(session, ZTP_TEXT("User"), ZTP_TEXT("zoe"), &json));
    CHECK(json.size == 0);
    FAILS(ZTP_NOT_FOUND, ztp_session_entity_json(session, ZTP_TEXT("Usre"), ZTP_TEXT("ann"), &json));
    FAILS(ZTP_MISUSE, ztp_session_entity_json(NULL, ZTP_TEXT("User"), ZTP_TEXT("ann"), &json));
  }

  /* A revocation ends leases; a session goes on. */
  decision = ann_reads(engine, session);
  CHECK(ztp_lease_check_now(&decision.lease));
  before = ztp_engine_generation(engine);
  WORKS(ztp_engine_revoke(engine));
  CHECK(ztp_engine_generation(engine) > before);
  CHECK(!ztp_lease_check_now(&decision.lease));
  CHECK(ann_reads(engine, session).allow);

  /* Another policy whose entity types are not the same wants facts of its own. */
  FAILS(ZTP_BAD_FACTS, ztp_engine_replace(engine, other, NULL));
  CHECK(ann_reads(engine, session).allow);
  WORKS(ztp_facts_load(other, NULL, 0, 0, &none));
  WORKS(ztp_engine_replace(engine, other, none));
  decision = ann_reads(engine, session);
  CHECK(decision.allow);
  {
    ztp_text answer;
    WORKS(ztp_decide_json(session,
                          ZTP_TEXT("{\"subject\": {\"type\": \"User\", \"id\": \"ann\"}, \"action\": {\"name\": "
                                   "\"read\", \"properties\": {\"why\": \"\"}}, \"resource\": {\"type\": "
                                   "\"Doc\", \"id\": \"d\"}, \"context\": {\"place\": \"here\"}}"),
                          0, false, NULL, &answer));
    CHECK(text_contains(answer, "other.anyone") && text_contains(answer, "open"));
  }
  ztp_facts_free(none);
  /* Rules that ask for something else keep the facts too, changes included. */
  {
    ztp_policy* stricter = policy_of(
        "ztp 1\npackage other\nentity Team\nentity User in Team { level: Int, boss?: User }\n"
        "entity Doc\n"
        "input place: String\n"
        "action read on Doc by User with { why: String }\n"
        "permit known { principal u: User action read resource any when place != \"elsewhere\" and u.level > 6 }\n");
    ztp_policy* defaulted = policy_of(
        "ztp 1\npackage other\nentity Team\nentity User in Team { level: Int = 9, boss?: User }\n"
        "entity Doc\ninput place: String\naction read on Doc by User with { why: String }\n"
        "permit known { principal u: User action read resource any when u.level > 6 }\n");
    ztp_change* change = NULL;
    WORKS(ztp_change_new(engine, &change));
    WORKS(ztp_change_upsert_json(
        change, ZTP_TEXT("{\"uid\": {\"type\": \"User\", \"id\": \"ann\"}, \"attrs\": {\"level\": 7}, "
                         "\"parents\": [{\"type\": \"Team\", \"id\": \"red\"}]}")));
    WORKS(ztp_engine_replace(engine, stricter, NULL));
    CHECK(!ann_reads(engine, session).allow);
    WORKS(ztp_change_commit(change)); /* begun under the policy before, whose types are the same */
    CHECK(ann_reads(engine, session).allow);
    WORKS(ztp_engine_replace(engine, other, NULL));
    WORKS(ztp_engine_replace(engine, stricter, NULL));
    CHECK(ann_reads(engine, session).allow);
    /* Another default would have been taken where a level was left out. */
    FAILS_SAYING(ZTP_BAD_FACTS, "defaults", ztp_engine_replace(engine, defaulted, NULL));
    WORKS(ztp_engine_replace(engine, other, NULL));
    ztp_change_free(change);
    ztp_policy_free(stricter);
    ztp_policy_free(defaulted);
  }
  { /* Nothing but a default differs: what was left out would be something else. */
    static const char closed[] =
        "ztp 1\npackage p\nentity U\nentity D { hold: Bool = %s }\naction go on D by U\n"
        "permit p { principal any action go resource any }\n"
        "forbid h { principal any action go resource d: D when d.hold }\n";
    char open_text[400], held_text[400];
    ztp_policy* held;
    ztp_engine* defaults;
    sprintf(open_text, closed, "false");
    sprintf(held_text, closed, "true");
    held = policy_of(held_text);
    defaults = engine_of(open_text, "{\"uid\": {\"type\": \"D\", \"id\": \"d\"}}", NULL);
    FAILS_SAYING(ZTP_BAD_FACTS, "defaults", ztp_engine_replace(defaults, held, NULL));
    ztp_policy_free(held);
    ztp_engine_free(defaults);
  }
  /* The same policy again keeps the facts. */
  {
    ztp_policy* same = policy_of(open_to_all);
    WORKS(ztp_engine_replace(engine, same, NULL));
    ztp_policy_free(same);
  }
  CHECK(ann_reads(engine, session).allow);
  FAILS(ZTP_MISUSE, ztp_engine_replace(NULL, other, NULL));
  FAILS(ZTP_MISUSE, ztp_engine_replace(engine, (ztp_policy*)(void*)session, NULL));
  FAILS(ZTP_MISUSE, ztp_engine_reload(engine)); /* it was not loaded from files */

  /* Facts that were made for another policy. */
  WORKS(ztp_facts_read_json(policy, text_of(shared_facts), 0, &none));
  FAILS(ZTP_BAD_FACTS, ztp_engine_new(other, none, NULL, &made));
  CHECK(made == NULL);
  ztp_facts_free(none);
  /* Without facts. */
  WORKS(ztp_engine_new(policy, NULL, NULL, &made));
  ztp_engine_free(made);
  FAILS(ZTP_MISUSE, ztp_engine_new(NULL, NULL, NULL, &made));
  FAILS(ZTP_MISUSE, ztp_engine_new(policy, NULL, NULL, NULL));
  options.struct_size = 4;
  FAILS(ZTP_MISUSE, ztp_engine_new(policy, NULL, &options, &made));
  options.struct_size = sizeof(options);
  options.flags = 1u << 31;
  FAILS(ZTP_MISUSE, ztp_engine_new(policy, NULL, &options, &made));
  options.flags = 0;
  options.epoch = (ztp_epoch*)(void*)policy;
  FAILS(ZTP_MISUSE, ztp_engine_new(policy, NULL, &options, &made));

  { /* A newer program's option that this library does not have is not passed over. */
    struct {
      ztp_engine_options known;
      uint64_t later;
    } newer = {ZTP_ENGINE_OPTIONS_INIT, 0};
    newer.known.struct_size = sizeof(newer);
    WORKS(ztp_engine_new(policy, NULL, &newer.known, &made));
    ztp_engine_free(made);
    newer.later = 1;
    FAILS(ZTP_UNSUPPORTED, ztp_engine_new(policy, NULL, &newer.known, &made));
  }

  /* From files, and again from the same files after they changed. */
  source.name = ZTP_TEXT("tests.ztp");
  source.text = text_of(shared_policy);
  WORKS(ztp_compile(&source, 1, &bundle));
  file = fopen(bundle_path, "wb");
  fwrite(ztp_bundle_bytes(bundle).data, 1, ztp_bundle_bytes(bundle).size, file);
  fclose(file);
  ztp_bundle_free(bundle);
  file = fopen(facts_path, "wb");
  fputs(shared_facts, file);
  fclose(file);
  paths[0] = text_of(facts_path);
  WORKS(ztp_engine_load(text_of(bundle_path), paths, 1, NULL, &made));
  {
    ztp_session* of_made = NULL;
    WORKS(ztp_session_new(made, &of_made));
    decision = ann_reads(made, of_made);
    CHECK(decision.allow && ztp_lease_check_now(&decision.lease));
    file = fopen(facts_path, "wb");
    fputs("[]", file);
    fclose(file);
    WORKS(ztp_engine_reload(made));
    CHECK(!ztp_lease_check_now(&decision.lease));
    CHECK(!ann_reads(made, of_made).allow);
    /* What cannot be read changes nothing. */
    file = fopen(facts_path, "wb");
    fputs("nonsense", file);
    fclose(file);
    FAILS(ZTP_BAD_FACTS, ztp_engine_reload(made));
    CHECK(!ann_reads(made, of_made).allow);
    ztp_session_free(of_made);
  }
  ztp_engine_free(made);
  FAILS(ZTP_NOT_FOUND, ztp_engine_load(ZTP_TEXT("/nowhere"), paths, 1, NULL, &made));
  FAILS(ZTP_MISUSE, ztp_engine_load(text_of(bundle_path), NULL, 1, NULL, &made));
  FAILS(ZTP_MISUSE, ztp_engine_load(text_of(bundle_path), paths, 1, NULL, NULL));
  FAILS(ZTP_MISUSE, ztp_engine_reload(NULL));
  FAILS(ZTP_MISUSE, ztp_engine_revoke(NULL));
  REFUSES(ztp_engine_generation(NULL) == 0);
  REFUSES(ztp_engine_policy(NULL) == NULL);
  REFUSES(ztp_engine_facts(NULL) == NULL);
  REFUSES((ztp_engine_free(NULL), 1));
  {
    ztp_session* nothing = session;
    FAILS(ZTP_MISUSE, ztp_session_new(NULL, &nothing));
    CHECK(nothing == NULL);
  }
  FAILS(ZTP_MISUSE, ztp_session_new(engine, NULL));
  REFUSES((ztp_session_free(NULL), 1));

  ztp_policy_free(policy);
  ztp_policy_free(other);
  ztp_session_free(session);
  ztp_engine_free(engine);
  free(bundle_path);
  free(facts_path);
}

void test_changes(void) {
  ztp_engine* engine = engine_of(shared_policy, shared_facts, NULL);
  ztp_session* session = NULL;
  ztp_change* change = NULL;
  ztp_decision decision;
  ztp_facts* facts;
  ztp_policy* other = policy_of(open_to_all);
  ztp_facts* none = NULL;
  WORKS(ztp_session_new(engine, &session));
  decision = ann_reads(engine, session);
  CHECK(decision.allow);

  WORKS(ztp_change_new(engine, &change));
  WORKS(ztp_change_upsert_json(
      change, ZTP_TEXT("{\"uid\": {\"type\": \"User\", \"id\": \"ann\"}, \"attrs\": {\"level\": 1}}")));
  /* Nothing of it is in force before it is committed. */
  CHECK(ztp_lease_check_now(&decision.lease));
  CHECK(ann_reads(engine, session).allow);
  WORKS(ztp_change_commit(change));
  CHECK(!ztp_lease_check_now(&decision.lease));
  CHECK(!ann_reads(engine, session).allow);
  /* By being a member of the team. */
  WORKS(ztp_change_add_parent(change, ZTP_TEXT("User"), ZTP_TEXT("ann"), ZTP_TEXT("Team"), ZTP_TEXT("red")));
  WORKS(ztp_change_commit(change));
  CHECK(ann_reads(engine, session).allow);
  /* d descends from e now, so its clearance is e's. */
  WORKS(ztp_change_add_origin(change, ZTP_TEXT("Doc"), ZTP_TEXT("d"), ZTP_TEXT("Doc"), ZTP_TEXT("e")));
  WORKS(ztp_change_commit(change));
  /* Gone. */
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("ann")));
  WORKS(ztp_change_commit(change));
  decision = ann_reads(engine, session);
  CHECK(!decision.allow && decision.on_unknown);
  facts = ztp_engine_facts(engine);
  CHECK(ztp_facts_count(facts) == 4);

  { /* Facts that had a successor are changed all the same: by another engine, and after they were put back. */
    ztp_policy* policy = policy_of(shared_policy);
    ztp_facts* first = NULL;
    ztp_engine* one = NULL;
    ztp_engine* two = NULL;
    ztp_change* of_one = NULL;
    ztp_change* of_two = NULL;
    WORKS(ztp_facts_read_json(policy, text_of(shared_facts), 0, &first));
    WORKS(ztp_engine_new(policy, first, NULL, &one));
    WORKS(ztp_engine_new(policy, first, NULL, &two));
    WORKS(ztp_change_new(one, &of_one));
    WORKS(ztp_change_new(two, &of_two));
    WORKS(ztp_change_delete(of_one, ZTP_TEXT("User"), ZTP_TEXT("ann")));
    WORKS(ztp_change_delete(of_two, ZTP_TEXT("User"), ZTP_TEXT("bob")));
    WORKS(ztp_change_commit(of_one));
    WORKS(ztp_change_commit(of_two));
    WORKS(ztp_engine_replace(one, NULL, first));
    WORKS(ztp_change_delete(of_one, ZTP_TEXT("User"), ZTP_TEXT("ann")));
    WORKS(ztp_change_delete(of_one, ZTP_TEXT("User"), ZTP_TEXT("bob")));
    WORKS(ztp_change_commit(of_one));
    {
      ztp_facts* now = ztp_engine_facts(one);
      CHECK(ztp_facts_count(now) == 3 && ztp_facts_count(first) == 5);
      ztp_facts_free(now);
      now = ztp_engine_facts(two);
      CHECK(ztp_facts_count(now) == 4);
      ztp_facts_free(now);
    }
    ztp_change_free(of_one);
    ztp_change_free(of_two);
    ztp_engine_free(one);
    ztp_engine_free(two);
    ztp_facts_free(first);
    ztp_policy_free(policy);
  }

  /* All or nothing: bob stays although the change began with him. */
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("nobody")));
  FAILS(ZTP_NOT_FOUND, ztp_change_commit(change));
  ztp_facts_free(facts);
  facts = ztp_engine_facts(engine);
  CHECK(ztp_facts_count(facts) == 4);
  ztp_change_free(change);
  WORKS(ztp_change_new(engine, &change));
  WORKS(ztp_change_add_origin(change, ZTP_TEXT("Doc"), ZTP_TEXT("e"), ZTP_TEXT("Doc"), ZTP_TEXT("d")));
  FAILS_SAYING(ZTP_BAD_FACTS, "cycle", ztp_change_commit(change));
  ztp_change_free(change);

  /* After a policy with other entity types came, it must be begun anew. */
  WORKS(ztp_change_new(engine, &change));
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_facts_load(other, NULL, 0, 0, &none));
  WORKS(ztp_engine_replace(engine, other, none));
  FAILS(ZTP_STALE, ztp_change_commit(change));

  FAILS(ZTP_NOT_FOUND, ztp_change_delete(change, ZTP_TEXT("Usre"), ZTP_TEXT("bob")));
  FAILS(ZTP_NOT_FOUND, ztp_change_add_parent(change, ZTP_TEXT("User"), ZTP_TEXT("bob"), ZTP_TEXT("Taem"),
                                             ZTP_TEXT("red")));
  FAILS(ZTP_NOT_FOUND, ztp_change_add_origin(change, ZTP_TEXT("Dco"), ZTP_TEXT("d"), ZTP_TEXT("Doc"),
                                             ZTP_TEXT("e")));
  FAILS(ZTP_BAD_FACTS, ztp_change_upsert_json(change, ZTP_TEXT("{}")));
  {
    ztp_change* nothing = change;
    FAILS(ZTP_MISUSE, ztp_change_new(NULL, &nothing));
    CHECK(nothing == NULL);
  }
  FAILS(ZTP_MISUSE, ztp_change_new(engine, NULL));
  FAILS(ZTP_MISUSE, ztp_change_upsert_json(NULL, ZTP_TEXT("[]")));
  FAILS(ZTP_MISUSE, ztp_change_delete(NULL, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  FAILS(ZTP_MISUSE, ztp_change_add_parent(NULL, ZTP_TEXT("User"), ZTP_TEXT("bob"), ZTP_TEXT("Team"),
                                          ZTP_TEXT("red")));
  FAILS(ZTP_MISUSE, ztp_change_add_origin(NULL, ZTP_TEXT("Doc"), ZTP_TEXT("d"), ZTP_TEXT("Doc"),
                                          ZTP_TEXT("e")));
  FAILS(ZTP_MISUSE, ztp_change_commit(NULL));
  REFUSES((ztp_change_free(NULL), 1));
  ztp_change_free(change);
  ztp_facts_free(none);
  ztp_facts_free(facts);
  ztp_policy_free(other);
  ztp_session_free(session);
  ztp_engine_free(engine);
}
