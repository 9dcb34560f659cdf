/* Batches: as C arrays, and as Arrow's. Each row is what it is as a request of its own. */
#include "../arrow_abi.h"
#include <stddef.h>

#include "check.h"

void test_batches(void) {
  struct asked a = ask("read");
  const ztp_text users[4] = {ZTP_TEXT("ann"), ZTP_TEXT("bob"), ZTP_TEXT("zoe"), ZTP_TEXT("ann")};
  const ztp_text docs[4] = {ZTP_TEXT("d"), ZTP_TEXT("d"), ZTP_TEXT("e"), ZTP_TEXT("e")};
  const ztp_text places[4] = {ZTP_TEXT("home"), ZTP_TEXT("bar"), ZTP_TEXT("home"), ZTP_TEXT("home")};
  const ztp_text stages[4] = {ZTP_TEXT("dev"), ZTP_TEXT("dev"), ZTP_TEXT("prod"), ZTP_TEXT("dev")};
  const int64_t counts[4] = {1, 2, 3, 100}, two[4] = {0, 2, 0, 0};
  ztp_value scores[2];
  const ztp_text audit = ZTP_TEXT("audit");
  const uint32_t codes[4] = {1, 1, 0, 0}, beyond[4] = {0, 0, 0, 9};
  uint8_t allow[4], on_unknown[4];
  int64_t until[4];
  uint32_t rule[4], duties[4];
  ztp_answers answers = ZTP_ANSWERS_INIT, no_size = ZTP_ANSWERS_INIT;
  ztp_batch* batch = NULL;
  ztp_batch* none = NULL;
  ztp_rule of = ZTP_RULE_INIT;
  ztp_lease lease;
  ztp_change* change = NULL;
  int i;

  answers.allow = allow;
  answers.on_unknown = on_unknown;
  answers.valid_until = until;
  answers.rule = rule;
  answers.obligations = duties;
  WORKS(ztp_batch_new(a.request, 4, &batch));
  /* What neither the request nor a column gives. */
  memset(allow, 1, sizeof(allow));
  FAILS_SAYING(ZTP_BAD_REQUEST, "principal", ztp_batch_decide(batch, 0, &answers, NULL));
  for (i = 0; i < 4; ++i) CHECK(allow[i] == 0);
  WORKS(ztp_batch_principals(batch, ZTP_TEXT("User"), users, 4));
  FAILS_SAYING(ZTP_BAD_REQUEST, "resource", ztp_batch_decide(batch, 0, &answers, NULL));
  WORKS(ztp_batch_resources(batch, ZTP_TEXT("Doc"), docs, 4));
  FAILS_SAYING(ZTP_BAD_REQUEST, "why", ztp_batch_decide(batch, 0, &answers, NULL));
  ztp_batch_free(batch);

  WORKS(ztp_set_text(a.request, attr_of(a, "why"), ZTP_TEXT("work")));
  WORKS(ztp_batch_new(a.request, 4, &batch));
  WORKS(ztp_batch_principals(batch, ZTP_TEXT("User"), users, 4));
  WORKS(ztp_batch_resources(batch, ZTP_TEXT("Doc"), docs, 4));
  WORKS(ztp_batch_texts(batch, attr_of(a, "place"), places, 4));
  WORKS(ztp_batch_texts(batch, attr_of(a, "stage"), stages, 4));
  WORKS(ztp_batch_numbers(batch, attr_of(a, "count"), counts, 4));
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[0] == 1); /* level 3, at home */
  CHECK(allow[1] == 1); /* of the red team, and d is open */
  CHECK(allow[2] == 1); /* in production */
  CHECK(allow[3] == 0); /* counted */
  WORKS(ztp_batch_rule(batch, rule[0], &of));
  CHECK(text_is(of.name, "tests.owners"));
  WORKS(ztp_batch_rule(batch, rule[3], &of));
  CHECK(text_is(of.name, "tests.counted") && of.forbid);
  CHECK(until[0] == ZTP_FOREVER && on_unknown[0] == 0);
  CHECK(ztp_lease_check(&lease, 1001));
  /* Each row as a request of its own. */
  for (i = 0; i < 4; ++i) {
    ztp_decision decision = ZTP_DECISION_INIT;
    WORKS(ztp_set_principal(a.request, ZTP_TEXT("User"), users[i]));
    WORKS(ztp_set_resource(a.request, ZTP_TEXT("Doc"), docs[i]));
    WORKS(ztp_set_text(a.request, attr_of(a, "place"), places[i]));
    WORKS(ztp_set_text(a.request, attr_of(a, "stage"), stages[i]));
    WORKS(ztp_set_int(a.request, attr_of(a, "count"), counts[i]));
    WORKS(ztp_decide(a.request, 1000, &decision));
    CHECK(decision.allow == (allow[i] == 1) && decision.valid_until == until[i]);
    CHECK(decision.on_unknown == (on_unknown[i] == 1) && decision.obligations == duties[i]);
  }
  /* Obligations that nobody looks at, and that nobody said to carry out: those rows are not allowed. */
  CHECK(duties[0] == 1 && duties[1] == 0 && duties[3] == 0);
  answers.obligations = NULL;
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[0] == 0 && allow[1] == 1 && rule[0] == UINT32_MAX);
  answers.obligations = duties;
  answers.struct_size = offsetof(ztp_answers, obligations); /* a caller who knows nothing of them */
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[0] == 0 && allow[1] == 1);
  answers.struct_size = sizeof(answers);
  ztp_batch_free(batch);
  WORKS(ztp_set_can(a.request, &audit, 1));
  WORKS(ztp_batch_new(a.request, 4, &batch));
  WORKS(ztp_batch_principals(batch, ZTP_TEXT("User"), users, 4));
  WORKS(ztp_batch_resources(batch, ZTP_TEXT("Doc"), docs, 4));
  WORKS(ztp_batch_texts(batch, attr_of(a, "place"), places, 4));
  WORKS(ztp_batch_numbers(batch, attr_of(a, "count"), counts, 4));
  answers.obligations = NULL;
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[0] == 1 && ztp_lease_check(&lease, 1000));
  answers.obligations = duties;
  WORKS(ztp_set_can_all(a.request));
  ztp_batch_free(batch);

  /* Values by code; a value that is missing; only what is asked for. */
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("User"), ZTP_TEXT("zoe")));
  WORKS(ztp_unset(a.request, attr_of(a, "place")));
  WORKS(ztp_unset(a.request, attr_of(a, "stage")));
  WORKS(ztp_unset(a.request, attr_of(a, "count")));
  WORKS(ztp_batch_new(a.request, 4, &batch));
  scores[0].kind = ZTP_DECIMAL;
  scores[0].size = 0;
  scores[0].as.number = 900000000;
  scores[1].kind = ZTP_MISSING;
  WORKS(ztp_batch_values(batch, attr_of(a, "score"), scores, 2, codes, 4));
  answers.on_unknown = NULL;
  answers.valid_until = NULL;
  answers.rule = NULL;
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[0] == 0 && allow[1] == 0 && allow[2] == 1 && allow[3] == 1);
  CHECK(ztp_lease_check(&lease, 1000));
  /* A change of facts ends the lease. */
  WORKS(ztp_change_new(a.engine, &change));
  WORKS(ztp_change_delete(change, ZTP_TEXT("User"), ZTP_TEXT("bob")));
  WORKS(ztp_change_commit(change));
  ztp_change_free(change);
  CHECK(!ztp_lease_check(&lease, 1000));
  /* The batch goes on by what was in force when it was made, and gives no lease for it. */
  WORKS(ztp_batch_decide(batch, 1000, &answers, &lease));
  CHECK(allow[3] == 1 && !ztp_lease_check(&lease, 1000));

  FAILS_SAYING(ZTP_MISUSE, "4 rows", ztp_batch_principals(batch, ZTP_TEXT("User"), users, 3));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_principals(batch, ZTP_TEXT("Doc"), users, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_resources(batch, ZTP_TEXT("Dco"), docs, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_numbers(batch, attr_of(a, "place"), counts, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_numbers(batch, attr_of(a, "stage"), counts, 4));
  FAILS_SAYING(ZTP_BAD_REQUEST, "0 or 1", ztp_batch_numbers(batch, attr_of(a, "vpn"), two, 4));
  FAILS(ZTP_NOT_PROVEN, ztp_batch_numbers(batch, attr_of(a, "device"), counts, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_texts(batch, attr_of(a, "stage"), places, 4));
  FAILS(ZTP_BAD_REQUEST, ztp_batch_values(batch, attr_of(a, "score"), scores, 2, beyond, 4));
  FAILS(ZTP_MISUSE, ztp_batch_values(batch, attr_of(a, "score"), scores, 2, NULL, 4));
  FAILS(ZTP_MISUSE, ztp_batch_values(NULL, attr_of(a, "score"), scores, 2, codes, 4));
  FAILS(ZTP_MISUSE, ztp_batch_principals(NULL, ZTP_TEXT("User"), users, 4));
  FAILS(ZTP_MISUSE, ztp_batch_principals(batch, ZTP_TEXT("User"), NULL, 4));
  FAILS(ZTP_MISUSE, ztp_batch_resources(NULL, ZTP_TEXT("Doc"), docs, 4));
  FAILS(ZTP_MISUSE, ztp_batch_numbers(NULL, attr_of(a, "count"), counts, 4));
  FAILS(ZTP_MISUSE, ztp_batch_numbers(batch, attr_of(a, "count"), NULL, 4));
  FAILS(ZTP_MISUSE, ztp_batch_texts(NULL, attr_of(a, "place"), places, 4));
  FAILS(ZTP_MISUSE, ztp_batch_decide(NULL, 0, &answers, NULL));
  FAILS(ZTP_MISUSE, ztp_batch_decide(batch, 0, NULL, NULL));
  no_size.struct_size = 0;
  FAILS(ZTP_MISUSE, ztp_batch_decide(batch, 0, &no_size, NULL));
  FAILS(ZTP_NOT_FOUND, ztp_batch_rule(batch, UINT32_MAX, &of));
  FAILS(ZTP_MISUSE, ztp_batch_rule(NULL, 0, &of));
  FAILS(ZTP_MISUSE, ztp_batch_new(NULL, 4, &none));
  FAILS(ZTP_LIMIT, ztp_batch_new(a.request, SIZE_MAX, &none));
  FAILS(ZTP_MISUSE, ztp_batch_new(a.request, 4, NULL));
  REFUSES((ztp_batch_free(NULL), 1));
  /* A column that could not be set is as before: the batch still answers. */
  WORKS(ztp_batch_decide(batch, 1000, &answers, NULL));
  CHECK(allow[2] == 1);
  ztp_batch_free(batch);
  /* Carried entities come one by one. */
  {
    struct asked drive = ask("drive");
    WORKS(ztp_batch_new(drive.request, 4, &batch));
    FAILS(ZTP_BAD_REQUEST, ztp_batch_principals(batch, ZTP_TEXT("Robot"), users, 4));
    ztp_batch_free(batch);
    free_asked(drive);
  }
  free_asked(a);
}

/* ---- Arrow ---- */

static void keep(struct ArrowArray* array) { (void)array; }

static struct ArrowSchema schema_of(const char* format) {
  struct ArrowSchema s;
  memset(&s, 0, sizeof(s));
  s.format = format;
  return s;
}
static struct ArrowArray array_of(const void** buffers, int64_t n_buffers, int64_t length) {
  struct ArrowArray a;
  memset(&a, 0, sizeof(a));
  a.length = length;
  a.n_buffers = n_buffers;
  a.buffers = buffers;
  a.release = keep;
  return a;
}

/* Sets one column of a batch of four rows whose rows nothing else allows, and says which it allows: "0110". */
static const char* allowed_by(struct asked a, const char* name, const struct ArrowSchema* schema,
                              const struct ArrowArray* array) {
  static char result[5];
  uint8_t allow[4] = {0, 0, 0, 0};
  uint32_t duties[4];
  ztp_answers answers = ZTP_ANSWERS_INIT;
  ztp_batch* batch = NULL;
  int i;
  answers.allow = allow;
  answers.obligations = duties;
  WORKS(ztp_batch_new(a.request, 4, &batch));
  WORKS(ztp_batch_arrow(batch, attr_of(a, name), schema, array));
  WORKS(ztp_batch_decide(batch, 600000000, &answers, NULL));
  for (i = 0; i < 4; ++i) result[i] = allow[i] ? '1' : '0';
  ztp_batch_free(batch);
  return result;
}

void test_arrow(void) {
  struct asked a = ask("read");
  struct ArrowSchema schema, text_schema = schema_of("u");
  struct ArrowArray array;
  ztp_batch* batch = NULL;
  const uint8_t all_but_last[1] = {0x7}, shifted[1] = {0xe};

  WORKS(ztp_set_text(a.request, attr_of(a, "why"), ZTP_TEXT("x")));
  WORKS(ztp_set_principal(a.request, ZTP_TEXT("User"), ZTP_TEXT("zoe")));
  WORKS(ztp_set_resource(a.request, ZTP_TEXT("Doc"), ZTP_TEXT("e")));

  { /* text: of 32 bits, of 64, as views; a slice; nulls */
    static const int32_t offsets[6] = {0, 3, 7, 11, 11, 14};
    static const int64_t wide[5] = {0, 3, 7, 11, 14};
    const void* buffers[3];
    buffers[0] = NULL;
    buffers[1] = offsets;
    buffers[2] = "devprodproddev";
    array = array_of(buffers, 3, 4);
    array.length = 3;
    array.length = 4;
    buffers[1] = wide;
    schema = schema_of("U");
    CHECK(strcmp(allowed_by(a, "stage", &schema, &array), "0110") == 0);
    buffers[0] = shifted; /* the rows from 1 on: prod prod (null) dev, of which the third is not read */
    buffers[1] = offsets;
    array.offset = 1;
    array.null_count = -1;
    buffers[0] = (const uint8_t[1]){0x16}; /* bits 1, 2 and 4 */
    CHECK(strcmp(allowed_by(a, "stage", &text_schema, &array), "1100") == 0);
  }
  {
    struct {
      int32_t size;
      char bytes[12];
    } views[4] = {{4, "prod"}, {3, "dev"}, {4, "prod"}, {3, "dev"}};
    const int64_t sizes[1] = {0};
    const void* buffers[4];
    buffers[0] = NULL;
    buffers[1] = views;
    buffers[2] = "";
    buffers[3] = sizes;
    array = array_of(buffers, 4, 4);
    schema = schema_of("vu");
    CHECK(strcmp(allowed_by(a, "stage", &schema, &array), "1010") == 0);
    /* A long one, in a buffer; and one that lies in none. */
    {
      int32_t words[4] = {15, 0, 0, 1};
      const int64_t long_sizes[1] = {16};
      memcpy(&views[0], words, sizeof(words));
      buffers[2] = "-production-prod";
      buffers[3] = long_sizes;
      WORKS(ztp_batch_new(a.request, 4, &batch));
      WORKS(ztp_batch_arrow(batch, attr_of(a, "place"), &schema, &array));
      words[3] = 2;
      memcpy(&views[0], words, sizeof(words));
      FAILS(ZTP_BAD_REQUEST, ztp_batch_arrow(batch, attr_of(a, "place"), &schema, &array));
      ztp_batch_free(batch);
    }
  }
  { /* a dictionary */
    static const int32_t offsets[3] = {0, 3, 7};
    static const int8_t codes[4] = {1, 0, 1, 1};
    const void* text[3];
    const void* buffers[2];
    struct ArrowArray dictionary;
    text[0] = NULL;
    text[1] = offsets;
    text[2] = "devprod";
    buffers[0] = all_but_last;
    buffers[1] = codes;
    dictionary = array_of(text, 3, 2);
    array = array_of(buffers, 2, 4);
    array.null_count = 1;
    array.dictionary = &dictionary;
    schema = schema_of("c");
    schema.dictionary = &text_schema;
    CHECK(strcmp(allowed_by(a, "stage", &schema, &array), "1010") == 0);
    WORKS(ztp_batch_new(a.request, 4, &batch));
    FAILS_SAYING(ZTP_BAD_REQUEST, "null",
                 ztp_batch_arrow_principals(batch, ZTP_TEXT("User"), &schema, &array));
    array.null_count = 0;
    WORKS(ztp_batch_arrow_principals(batch, ZTP_TEXT("User"), &schema, &array));
    WORKS(ztp_batch_arrow_resources(batch, ZTP_TEXT("Doc"), &schema, &array));
    dictionary.length = 1;
    FAILS(ZTP_BAD_REQUEST, ztp_batch_arrow_resources(batch, ZTP_TEXT("Doc"), &schema, &array));
    ztp_batch_free(batch);
  }
  { /* numbers */
    static const int64_t micros[4] = {600000000, -1, 500000000, 0};
    static const int64_t seconds[4] = {600, -1, 500, 0};
    static const int64_t nanos[4] = {INT64_C(599999999999), -1, 0, INT64_C(600000000001)};
    static const double reals[4] = {0.5, 0.49999, 0.1, 1e9};
    static const int32_t units[4] = {50, 49, 51, 0};
    static const int16_t whole[4] = {1, 0, -1, 2};
    static const uint8_t bits[1] = {0x5};
    static const int64_t wide[8] = {5, 0, 4, 0, -5, -1, 50, 0};
    const void* buffers[2];
    buffers[0] = NULL;
    array = array_of(buffers, 2, 4);
    buffers[1] = bits;
    schema = schema_of("b");
    CHECK(strcmp(allowed_by(a, "vpn", &schema, &array), "1010") == 0);
    buffers[1] = micros; /* decided at 600 s: allowed for ten minutes from then on */
    schema = schema_of("tsu:UTC");
    CHECK(strcmp(allowed_by(a, "since", &schema, &array), "1010") == 0);
    buffers[1] = seconds;
    schema = schema_of("tss:+00:00");
    CHECK(strcmp(allowed_by(a, "since", &schema, &array), "1010") == 0);
    buffers[1] = nanos;
    schema = schema_of("tsn:UTC");
    CHECK(strcmp(allowed_by(a, "since", &schema, &array), "1001") == 0);
    buffers[1] = (const int64_t[4]){7200, 3600, 3601, 0};
    schema = schema_of("tDs");
    CHECK(strcmp(allowed_by(a, "wait", &schema, &array), "1010") == 0);
    buffers[1] = reals;
    schema = schema_of("g");
    CHECK(strcmp(allowed_by(a, "score", &schema, &array), "1001") == 0);
    buffers[1] = units;
    schema = schema_of("d:9,2,32");
    CHECK(strcmp(allowed_by(a, "score", &schema, &array), "1010") == 0);
    buffers[1] = wide;
    schema = schema_of("d:38,1");
    CHECK(strcmp(allowed_by(a, "score", &schema, &array), "1001") == 0);
    buffers[1] = whole;
    schema = schema_of("s");
    CHECK(strcmp(allowed_by(a, "score", &schema, &array), "1001") == 0);
    buffers[0] = all_but_last;
    array.null_count = 1;
    CHECK(strcmp(allowed_by(a, "score", &schema, &array), "1000") == 0);
    { /* widths and shapes of decimals that are none, or are not read */
      static const char* const bad[] = {"d:38",     "d:38,1,", "d:38,1,256", "d:38,1,128,1", "d:39,1",
                                        "d:9,2,16", "d:10,2,32", "d:,2",     "d:0,1",        "d:19,1,64"};
      size_t i;
      WORKS(ztp_batch_new(a.request, 4, &batch));
      for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        schema = schema_of(bad[i]);
        FAILS(ZTP_UNSUPPORTED, ztp_batch_arrow(batch, attr_of(a, "score"), &schema, &array));
      }
      ztp_batch_free(batch);
    }
    { /* of type null: no row has a value, whatever the request has */
      struct ArrowArray nulls = array_of(NULL, 0, 4);
      nulls.null_count = 4;
      schema = schema_of("n");
      WORKS(ztp_set_decimal(a.request, attr_of(a, "score"), INT64_C(9000000000)));
      CHECK(strcmp(allowed_by(a, "score", &schema, &nulls), "0000") == 0);
      WORKS(ztp_unset(a.request, attr_of(a, "score")));
      WORKS(ztp_batch_new(a.request, 4, &batch));
      FAILS_SAYING(ZTP_BAD_REQUEST, "null",
                   ztp_batch_arrow_principals(batch, ZTP_TEXT("User"), &schema, &nulls));
      ztp_batch_free(batch);
    }

    WORKS(ztp_batch_new(a.request, 4, &batch));
    schema = schema_of("tsu:");
    FAILS_SAYING(ZTP_BAD_REQUEST, "time zone", ztp_batch_arrow(batch, attr_of(a, "since"), &schema, &array));
    schema = schema_of("s");
    FAILS_SAYING(ZTP_BAD_REQUEST, "an integer", ztp_batch_arrow(batch, attr_of(a, "vpn"), &schema, &array));
    schema = schema_of("+s");
    FAILS(ZTP_UNSUPPORTED, ztp_batch_arrow(batch, attr_of(a, "count"), &schema, &array));
    FAILS(ZTP_UNSUPPORTED, ztp_batch_arrow_principals(batch, ZTP_TEXT("User"), &schema, &array));
    buffers[1] = (const uint64_t[4]){1, 2, 3, UINT64_MAX};
    buffers[0] = NULL;
    schema = schema_of("L");
    FAILS_SAYING(ZTP_BAD_REQUEST, "beyond", ztp_batch_arrow(batch, attr_of(a, "count"), &schema, &array));
    schema = schema_of("d:38,12");
    buffers[1] = wide;
    FAILS_SAYING(ZTP_BAD_REQUEST, "decimal places",
                 ztp_batch_arrow(batch, attr_of(a, "score"), &schema, &array));
    FAILS(ZTP_NOT_PROVEN, ztp_batch_arrow(batch, attr_of(a, "device"), &schema, &array));
    array.length = 3;
    schema = schema_of("l");
    FAILS_SAYING(ZTP_MISUSE, "4 rows", ztp_batch_arrow(batch, attr_of(a, "count"), &schema, &array));
    array.release = NULL;
    FAILS_SAYING(ZTP_MISUSE, "released", ztp_batch_arrow(batch, attr_of(a, "count"), &schema, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow(NULL, attr_of(a, "count"), &schema, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow(batch, attr_of(a, "count"), NULL, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow(batch, attr_of(a, "count"), &schema, NULL));
    FAILS(ZTP_MISUSE, ztp_batch_arrow_principals(NULL, ZTP_TEXT("User"), &schema, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow_principals(batch, ZTP_TEXT("User"), NULL, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow_resources(NULL, ZTP_TEXT("Doc"), &schema, &array));
    FAILS(ZTP_MISUSE, ztp_batch_arrow_resources(batch, ZTP_TEXT("Doc"), &schema, NULL));
    ztp_batch_free(batch);
  }
  { /* offsets that go back */
    static const int32_t offsets[5] = {0, 3, 1, 4, 5};
    const void* buffers[3];
    buffers[0] = NULL;
    buffers[1] = offsets;
    buffers[2] = "abcde";
    array = array_of(buffers, 3, 4);
    WORKS(ztp_batch_new(a.request, 4, &batch));
    FAILS(ZTP_BAD_REQUEST, ztp_batch_arrow(batch, attr_of(a, "place"), &text_schema, &array));
    FAILS(ZTP_BAD_REQUEST, ztp_batch_arrow_resources(batch, ZTP_TEXT("Doc"), &text_schema, &array));
    ztp_batch_free(batch);
  }
  free_asked(a);
}
