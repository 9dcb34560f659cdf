/* Errors, compiling, policies and facts. */
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "ztp_compile.h"

static void write_text(const char* path, ztp_text text) { write_file(path, text.data, text.size); }

void test_errors(void) {
  ztp_problem problem = ZTP_PROBLEM_INIT;
  ztp_problem no_size = ZTP_PROBLEM_INIT;
  ztp_policy* policy = (ztp_policy*)&problem; /* is set to NULL */
  ztp_error* error = ztp_policy_open(ZTP_TEXT("/nowhere/policy.ztpb"), &policy);
  CHECK(policy == NULL);
  CHECK(ztp_error_code(error) == ZTP_NOT_FOUND);
  CHECK(text_contains(ztp_error_message(error), "/nowhere/policy.ztpb"));
  CHECK(ztp_error_message(error).data[ztp_error_message(error).size] == '\0');
  CHECK(ztp_error_count(error) == 1);
  CHECK(ztp_error_problem(error, 0, &problem));
  CHECK(text_contains(problem.message, "/nowhere/policy.ztpb") && problem.line == 0);
  REFUSES(!ztp_error_problem(error, 1, &problem));
  REFUSES(!ztp_error_problem(error, 0, NULL));
  no_size.struct_size = 0;
  REFUSES(!ztp_error_problem(error, 0, &no_size));
  ztp_error_free(error);
  REFUSES(ztp_error_code(NULL) == ZTP_OK);
  REFUSES(ztp_error_message(NULL).size == 0);
  REFUSES(ztp_error_count(NULL) == 0);
  REFUSES(!ztp_error_problem(NULL, 0, &problem));
  REFUSES((ztp_error_free(NULL), 1));
  CHECK(strcmp(ztp_version(), ZTP_VERSION) == 0);
  CHECK(ztp_now() > INT64_C(1700000000000000));
}

void test_compiling(const char* folder) {
  ztp_bundle* bundle = NULL;
  ztp_bundle* again = NULL;
  ztp_source source;
  ztp_problem problem = ZTP_PROBLEM_INIT;
  ztp_error* error;
  char* path = path_in(folder, "compiled.ztp");
  ztp_text paths[1];
  source.name = ZTP_TEXT("shared.ztp");
  source.text = text_of(shared_policy);
  WORKS(ztp_compile(&source, 1, &bundle));
  CHECK(ztp_bundle_bytes(bundle).size > 1000);
  CHECK(ztp_bundle_warnings(bundle).size == 0);

  /* The same sources make the same bytes, from a file too (whose name is in the bundle). */
  write_text(path, text_of(shared_policy));
  paths[0] = text_of(path);
  WORKS(ztp_compile_paths(paths, 1, &again));
  CHECK(ztp_bundle_bytes(again).size > 1000);
  ztp_bundle_free(again);
  WORKS(ztp_compile(&source, 1, &again));
  CHECK(ztp_bundle_bytes(again).size == ztp_bundle_bytes(bundle).size &&
        memcmp(ztp_bundle_bytes(again).data, ztp_bundle_bytes(bundle).data,
               ztp_bundle_bytes(bundle).size) == 0);
  ztp_bundle_free(again);
  ztp_bundle_free(bundle);

  /* A warning is no error. */
  source.text = ZTP_TEXT("ztp 1\npackage a\nentity E\nenum Unused { x }\naction go on E by E\n"
                         "permit p { principal any action go resource any }\n");
  WORKS(ztp_compile(&source, 1, &bundle));
  CHECK(text_contains(ztp_bundle_warnings(bundle), "Unused"));
  ztp_bundle_free(bundle);

  /* Every mistake, with its place. */
  source.text = ZTP_TEXT("ztp 1\npackage a\nentity E { x: Int }\naction go on E by E\n"
                         "permit p { principal e: E action go resource any when e.y > 1 }\n"
                         "permit q { principal e: E action walk resource any }\n");
  error = ztp_compile(&source, 1, &bundle);
  CHECK(bundle == NULL && ztp_error_code(error) == ZTP_BAD_POLICY && ztp_error_count(error) == 2);
  CHECK(ztp_error_problem(error, 0, &problem));
  CHECK(text_is(problem.file, "shared.ztp") && problem.line == 5 && problem.end_line == 5);
  CHECK(problem.column < problem.end_column && text_contains(problem.id, "ZTP1"));
  CHECK(text_contains(problem.message, "y"));
  ztp_error_free(error);

  FAILS(ZTP_NOT_FOUND, ztp_compile_paths((paths[0] = ZTP_TEXT("/nowhere"), paths), 1, &bundle));
  FAILS(ZTP_MISUSE, ztp_compile_paths(NULL, 1, &bundle));
  FAILS(ZTP_MISUSE, ztp_compile_paths(paths, 1, NULL));
  FAILS(ZTP_MISUSE, ztp_compile(NULL, 1, &bundle));
  FAILS(ZTP_MISUSE, ztp_compile(&source, 1, NULL));
  source.text.data = NULL;
  FAILS(ZTP_MISUSE, ztp_compile(&source, 1, &bundle));
  REFUSES(ztp_bundle_bytes(NULL).size == 0);
  REFUSES(ztp_bundle_warnings(NULL).size == 0);
  REFUSES((ztp_bundle_free(NULL), 1));
  free(path);
}

void test_loading(const char* folder) {
  char* bundle_path = path_in(folder, "shared.ztpb");
  char* json_path = path_in(folder, "shared.jsonl");
  char* facts_path = path_in(folder, "shared.ztpf");
  ztp_policy* policy = policy_of(shared_policy);
  ztp_policy* opened = NULL;
  ztp_facts* facts = NULL;
  ztp_facts* from_file = NULL;
  ztp_source source;
  ztp_bundle* bundle = NULL;
  ztp_text paths[2];
  ztp_error* error;
  ztp_problem problem = ZTP_PROBLEM_INIT;

  source.name = ZTP_TEXT("tests.ztp");
  source.text = text_of(shared_policy);
  WORKS(ztp_compile(&source, 1, &bundle));
  write_text(bundle_path, ztp_bundle_bytes(bundle));
  ztp_bundle_free(bundle);
  WORKS(ztp_policy_open(text_of(bundle_path), &opened));
  CHECK(ztp_policy_digest(opened).size == strlen("sha256:") + 64);
  CHECK(memcmp(ztp_policy_digest(opened).data, ztp_policy_digest(policy).data, 71) == 0);

  write_text(json_path, text_of(shared_facts));
  paths[0] = text_of(json_path);
  WORKS(ztp_facts_load(policy, paths, 1, 0, &facts));
  CHECK(ztp_facts_count(facts) == 5);
  CHECK(ztp_facts_version(facts).size == strlen("sha256:") + 64);
  WORKS(ztp_facts_write(facts, text_of(facts_path)));
  paths[0] = text_of(facts_path);
  WORKS(ztp_facts_load(opened, paths, 1, 0, &from_file));
  CHECK(ztp_facts_count(from_file) == 5);
  CHECK(memcmp(ztp_facts_version(from_file).data, ztp_facts_version(facts).data, 71) == 0);
  ztp_facts_free(from_file);
  ztp_facts_free(facts);
  WORKS(ztp_facts_load(policy, NULL, 0, 0, &facts));
  CHECK(ztp_facts_count(facts) == 0);
  ztp_facts_free(facts);

  /* That an attribute is proven counts from evidence, and not because some file says so. */
  {
    ztp_policy* proving = policy_of(
        "ztp 1\npackage p\nentity Host { sound: Bool proven }\nentity Door\naction open on Door by Host\n"
        "permit p { principal h: Host action open resource any when h.sound }\n");
    const ztp_text host =
        ZTP_TEXT("{\"uid\": {\"type\": \"Host\", \"id\": \"h\"}, \"attrs\": {\"sound\": true}}");
    ztp_facts* claimed = NULL;
    FAILS_SAYING(ZTP_NOT_PROVEN, "sound", ztp_facts_read_json(proving, host, 0, &claimed));
    FAILS(ZTP_MISUSE, ztp_facts_read_json(proving, host, ZTP_ACCEPT_NOW, &claimed));
    FAILS(ZTP_MISUSE, ztp_facts_load(proving, NULL, 0, 1u << 31, &claimed));
    WORKS(ztp_facts_read_json(proving, host, ZTP_ASSUME_PROVEN, &claimed));
    { /* what was taken as proven is for engines that take such alone */
      ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
      ztp_engine* engine = NULL;
      ztp_facts* in_force = NULL;
      FAILS_SAYING(ZTP_NOT_PROVEN, "ZTP_ASSUME_PROVEN", ztp_engine_new(proving, claimed, NULL, &engine));
      WORKS(ztp_engine_new(proving, NULL, NULL, &engine));
      FAILS(ZTP_NOT_PROVEN, ztp_engine_replace(engine, NULL, claimed));
      ztp_engine_free(engine);
      options.flags = ZTP_ASSUME_PROVEN;
      WORKS(ztp_engine_new(proving, claimed, &options, &engine));
      in_force = ztp_engine_facts(engine);
      ztp_engine_free(engine);
      FAILS(ZTP_NOT_PROVEN, ztp_engine_new(proving, in_force, NULL, &engine));
      ztp_facts_free(in_force);
    }
    WORKS(ztp_facts_write(claimed, text_of(facts_path)));
    ztp_facts_free(claimed);
    paths[0] = text_of(facts_path);
    FAILS_SAYING(ZTP_BAD_FACTS, "evidence", ztp_facts_load(proving, paths, 1, 0, &claimed));
    WORKS(ztp_facts_load(proving, paths, 1, ZTP_ASSUME_PROVEN, &claimed));
    ztp_facts_free(claimed);
    /* What evidence may tell later is not known until then, and that may be in a file. */
    WORKS(ztp_facts_read_json(proving, ZTP_TEXT("{\"uid\": {\"type\": \"Host\", \"id\": \"h\"}}"), 0,
                              &claimed));
    WORKS(ztp_facts_write(claimed, text_of(facts_path)));
    ztp_facts_free(claimed);
    WORKS(ztp_facts_load(proving, paths, 1, 0, &claimed));
    ztp_facts_free(claimed);
    ztp_policy_free(proving);
  }

  /* A file of facts is all the facts there are. */
  WORKS(ztp_facts_read_json(policy, text_of(shared_facts), 0, &facts));
  WORKS(ztp_facts_write(facts, text_of(facts_path)));
  ztp_facts_free(facts);
  paths[1] = text_of(json_path);
  FAILS_SAYING(ZTP_BAD_FACTS, "give it alone", ztp_facts_load(policy, paths, 2, 0, &facts));
  CHECK(facts == NULL);
  /* Mistakes have their place. */
  error = ztp_facts_read_json(policy, ZTP_TEXT("[{\"uid\": {\"type\": \"User\", \"id\": \"x\"},\n"
                                               "\"attrs\": {\"level\": \"high\", \"lvl\": 1}}]"),
                              0, &facts);
  CHECK(ztp_error_code(error) == ZTP_BAD_FACTS && ztp_error_count(error) == 2);
  CHECK(ztp_error_problem(error, 0, &problem));
  CHECK(text_is(problem.path, "$[0].attrs.level") && problem.line == 2);
  ztp_error_free(error);
  FAILS_SAYING(ZTP_BAD_FACTS, "cycle",
               ztp_facts_read_json(
                   policy, ZTP_TEXT("{\"uid\": \"Doc::\\\"a\\\"\", \"attrs\": {\"open\": true, \"clearance\": "
                                    "\"low\"}, \"derives\": [\"Doc::\\\"a\\\"\"]}"),
                   0, &facts));
  WORKS(ztp_facts_read_json(policy, ZTP_TEXT("[]"), 0, &facts));
  ztp_facts_free(facts);

  ztp_policy_free(opened);
  FAILS(ZTP_BAD_POLICY, ztp_policy_read("no bundle", 9, &opened));
  FAILS(ZTP_BAD_POLICY, ztp_policy_read(NULL, 0, &opened));
  FAILS(ZTP_MISUSE, ztp_policy_read(NULL, 9, &opened));
  FAILS(ZTP_MISUSE, ztp_policy_read("", 0, NULL));
  FAILS(ZTP_BAD_POLICY, ztp_policy_open(text_of(json_path), &opened));
  FAILS(ZTP_MISUSE, ztp_policy_open(text_of(json_path), NULL));
  FAILS(ZTP_NOT_FOUND, ztp_facts_load(policy, (paths[0] = ZTP_TEXT("/nowhere"), paths), 1, 0, &facts));
  FAILS(ZTP_MISUSE, ztp_facts_load(NULL, paths, 1, 0, &facts));
  FAILS(ZTP_MISUSE, ztp_facts_load(policy, NULL, 1, 0, &facts));
  FAILS(ZTP_MISUSE, ztp_facts_load((ztp_policy*)facts, paths, 1, 0, &facts));
  FAILS(ZTP_MISUSE, ztp_facts_read_json(NULL, ZTP_TEXT("[]"), 0, &facts));
  FAILS(ZTP_BAD_FACTS, ztp_facts_read_json(policy, ZTP_TEXT("nonsense"), 0, &facts));
  FAILS(ZTP_MISUSE, ztp_facts_write(NULL, text_of(facts_path)));
  WORKS(ztp_facts_read_json(policy, ZTP_TEXT("[]"), 0, &facts));
  FAILS(ZTP_ENVIRONMENT, ztp_facts_write(facts, ZTP_TEXT("/nowhere/facts.ztpf")));
  /* An object of another kind is recognised. */
  FAILS_SAYING(ZTP_MISUSE, "ztp_facts, not a ztp_policy",
               ztp_facts_read_json((ztp_policy*)(void*)facts, ZTP_TEXT("[]"), 0, &from_file));
  ztp_facts_free(facts);
  REFUSES(ztp_policy_digest(NULL).size == 0);
  REFUSES(ztp_facts_version(NULL).size == 0);
  REFUSES(ztp_facts_count(NULL) == 0);
  REFUSES((ztp_policy_free(NULL), 1));
  REFUSES((ztp_facts_free(NULL), 1));
  ztp_policy_free(policy);
  WORKS(ztp_policy_open(text_of(bundle_path), &policy));
  ztp_policy_free(policy);
  free(bundle_path);
  free(json_path);
  free(facts_path);
}
