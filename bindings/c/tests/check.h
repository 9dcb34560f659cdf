/* How the tests of the C interface say what must hold.
 *
 * Every function of the headers stands in a good call (WORKS, or CHECK for those that return no
 * error) and in a bad one (FAILS, or REFUSES): coverage.py reads the tests and fails where one is
 * missing. */
#ifndef ZTP_TESTS_CHECK_H_
#define ZTP_TESTS_CHECK_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp.h"

extern int checks_failed;

static inline void report_failure(const char* file, int line, const char* what, ztp_error* error) {
  const ztp_text message = ztp_error_message(error);
  fprintf(stderr, "%s:%d: %s\n    code %d: %.*s\n", file, line, what, (int)ztp_error_code(error),
          (int)message.size, message.data);
  ++checks_failed;
}

/* A call that must return NULL. */
#define WORKS(call)                                                        \
  do {                                                                     \
    ztp_error* error_ = (call);                                            \
    if (error_ != NULL) report_failure(__FILE__, __LINE__, #call, error_); \
    ztp_error_free(error_);                                                \
  } while (0)

/* A call that must return an error of that code, with a message and a problem. */
#define FAILS(code, call)                                                           \
  do {                                                                              \
    ztp_error* error_ = (call);                                                     \
    if (ztp_error_code(error_) != (code) || ztp_error_message(error_).size == 0 ||  \
        ztp_error_count(error_) == 0) {                                             \
      report_failure(__FILE__, __LINE__, #call " should fail with " #code, error_); \
    }                                                                               \
    ztp_error_free(error_);                                                         \
  } while (0)

/* The same, and the message holds `part`. */
#define FAILS_SAYING(code, part, call)                                                         \
  do {                                                                                         \
    ztp_error* error_ = (call);                                                                \
    if (ztp_error_code(error_) != (code) || !text_contains(ztp_error_message(error_), part)) { \
      report_failure(__FILE__, __LINE__, #call " should fail with " #code ": " part, error_);  \
    }                                                                                          \
    ztp_error_free(error_);                                                                    \
  } while (0)

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      ++checks_failed;                                                        \
    }                                                                         \
  } while (0)

/* A bad call of a function that returns no error, and what it answers. */
#define REFUSES(condition) CHECK(condition)

static inline ztp_text text_of(const char* text) {
  ztp_text t;
  t.data = text;
  t.size = strlen(text);
  return t;
}
static inline int text_is(ztp_text text, const char* expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}
static inline int text_contains(ztp_text text, const char* part) {
  const size_t size = strlen(part);
  size_t i;
  for (i = 0; i + size <= text.size; ++i) {
    if (memcmp(text.data + i, part, size) == 0) return 1;
  }
  return 0;
}

/* Writes a file, whole. */
static inline void write_file(const char* path, const void* bytes, size_t size) {
  FILE* file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size);
  if (file != NULL) fclose(file);
}

/* A file, whole (up to 64 KiB), in memory that the caller frees. */
static inline char* content_of(const char* path) {
  FILE* file = fopen(path, "rb");
  char* content = calloc(1, 1 << 16);
  CHECK(file != NULL);
  if (file != NULL) {
    CHECK(fread(content, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
  }
  return content;
}

/* A path in the folder that the test may write to. It is the caller's, to be freed. */
static inline char* path_in(const char* folder, const char* name) {
  char* path = malloc(strlen(folder) + strlen(name) + 2);
  sprintf(path, "%s/%s", folder, name);
  return path;
}

/* The policy that the tests share (policy.c), compiled; and its facts. */
extern const char shared_policy[];
extern const char shared_facts[];
ztp_policy* policy_of(const char* source);
ztp_engine* engine_of(const char* source, const char* facts, const ztp_engine_options* options);

/* An engine of both with a request of that action, and what belongs to it. */
struct asked {
  ztp_engine* engine;
  ztp_session* session;
  ztp_request* request;
};
struct asked ask_with(const char* action, uint32_t flags);
struct asked ask(const char* action);
void free_asked(struct asked a);
ztp_attr attr_of(struct asked a, const char* name);
/* "ann reads that document at home for work", which `owners` allows. The caller's to free. */
ztp_request* ann_asks(ztp_engine* engine, ztp_session* session, const char* doc);

/* The parts, each in a file of its own. `folder` may be written to. */
void test_errors(void);
void test_compiling(const char* folder);
void test_loading(const char* folder);
void test_engines(const char* folder);
void test_routes(void);
void test_signers(const char* folder);
void test_changes(void);
void test_values(void);
void test_requests(void);
void test_decisions(void);
void test_json(void);
void test_leases(void);
void test_epochs(const char* folder);
void test_batches(void);
void test_arrow(void);
void test_evidence(void);
void test_stored_evidence(const char* folder);
void test_freed(void);

#endif
