/* Leases, and the page by which a revocation reaches other processes. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

void test_leases(void) {
  ztp_engine* engine = engine_of(shared_policy, shared_facts, NULL);
  ztp_session* session = NULL;
  ztp_request* request;
  ztp_attr place, since;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_lease lease, zero, copy;
  const int64_t minute = 60000000, now = ztp_now();
  WORKS(ztp_session_new(engine, &session));
  request = ann_asks(engine, session, "e");
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("place"), &place));
  WORKS(ztp_engine_attr(engine, ZTP_TEXT("since"), &since));

  /* Ten minutes from `since`, and not a microsecond longer. */
  WORKS(ztp_set_text(request, place, ZTP_TEXT("bar")));
  WORKS(ztp_set_time(request, since, now));
  WORKS(ztp_decide(request, now, &decision));
  CHECK(decision.allow && decision.valid_until == now + 10 * minute);
  lease = decision.lease;
  CHECK(ztp_lease_check(&lease, now));
  CHECK(ztp_lease_check(&lease, now + 10 * minute - 1));
  CHECK(!ztp_lease_check(&lease, now + 10 * minute));
  /* Once it does not hold it never does again. */
  CHECK(!ztp_lease_check(&lease, now + 1));

  /* A clock that goes back voids it, whether since the decision or since the last check. */
  lease = decision.lease;
  CHECK(!ztp_lease_check(&lease, now - 1));
  CHECK(!ztp_lease_check(&lease, now + 1));
  lease = decision.lease;
  CHECK(ztp_lease_check(&lease, now + minute));
  copy = lease;
  CHECK(!ztp_lease_check(&lease, now + minute - 1));
  CHECK(!ztp_lease_check(&lease, now + minute));
  CHECK(ztp_lease_check(&copy, now + minute)); /* a copy is another's */

  /* A denial gives none. */
  WORKS(ztp_decide(request, now + 20 * minute, &decision));
  CHECK(!decision.allow && !ztp_lease_check(&decision.lease, now + 20 * minute));
  memset(&zero, 0, sizeof(zero));
  REFUSES(!ztp_lease_check(&zero, 0));
  REFUSES(!ztp_lease_check(&zero, -5));
  REFUSES(!ztp_lease_check(NULL, 0));
  REFUSES(!ztp_lease_check_now(NULL));

  /* It may outlive the engine, and does not hold then. */
  WORKS(ztp_set_text(request, place, ZTP_TEXT("home")));
  WORKS(ztp_decide(request, now, &decision));
  lease = decision.lease;
  CHECK(decision.allow && ztp_lease_check_now(&lease));
  ztp_request_free(request);
  ztp_session_free(session);
  ztp_engine_free(engine);
  CHECK(!ztp_lease_check_now(&lease));
  /* Nor when the next engine counts with the same word. */
  lease = decision.lease;
  engine = engine_of(shared_policy, shared_facts, NULL);
  CHECK(!ztp_lease_check_now(&lease));
  ztp_engine_free(engine);
}

/* Overwrites 8 bytes of a file. */
static void poke(const char* path, off_t at, uint64_t word) {
  const int fd = open(path, O_RDWR);
  CHECK(fd >= 0 && pwrite(fd, &word, sizeof(word), at) == (ssize_t)sizeof(word));
  close(fd);
}

void test_epochs(const char* folder) {
  char* path = path_in(folder, "epoch");
  ztp_text name;
  ztp_epoch* writer = NULL;
  ztp_epoch* reader = NULL;
  ztp_epoch* none = NULL;
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  ztp_engine* engine;
  ztp_session* session = NULL;
  ztp_request* request;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_text text;
  int status = 0;
  pid_t child;
  uint64_t before;
  uint8_t allow[1] = {7};
  uint32_t duties[1];
  ztp_answers answers = ZTP_ANSWERS_INIT;
  ztp_batch* batch = NULL;
  ztp_lease lease;

  unlink(path);
  name = text_of(path);
  FAILS(ZTP_NOT_FOUND, ztp_epoch_open(name, ZTP_EPOCH_READ, &none));
  WORKS(ztp_epoch_create(name, 0644, &writer));
  WORKS(ztp_epoch_open(name, ZTP_EPOCH_READ, &reader));
  CHECK(ztp_epoch_value(reader) == 1);
  options.epoch = reader;
  engine = engine_of(shared_policy, shared_facts, &options);
  WORKS(ztp_session_new(engine, &session));
  request = ann_asks(engine, session, "e");
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(decision.allow && ztp_lease_check_now(&decision.lease));

  /* Another process revokes: the lease ends here, and a new decision gives a new one. */
  child = fork();
  if (child == 0) {
    ztp_epoch* others = NULL;
    ztp_error* error = ztp_epoch_open(name, ZTP_EPOCH_WRITE, &others);
    if (error == NULL) error = ztp_epoch_revoke(others);
    _exit(error == NULL ? 0 : 1);
  }
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(!ztp_lease_check_now(&decision.lease));
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(decision.allow && ztp_lease_check_now(&decision.lease));
  CHECK(ztp_epoch_value(reader) == 2);

  /* Halted: nothing is allowed. */
  WORKS(ztp_epoch_halt(writer, true));
  CHECK(ztp_epoch_value(reader) == UINT64_MAX);
  CHECK(!ztp_lease_check_now(&decision.lease));
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(!decision.allow && decision.halted);
  WORKS(ztp_decision_json(&decision, true, &text));
  CHECK(text_contains(text, "\"reason\":\"halted\""));
  WORKS(ztp_batch_new(request, 1, &batch));
  answers.allow = allow;
  answers.obligations = duties;
  WORKS(ztp_batch_decide(batch, ztp_now(), &answers, &lease));
  CHECK(allow[0] == 0 && !ztp_lease_check_now(&lease));
  WORKS(ztp_epoch_halt(writer, false));
  WORKS(ztp_batch_decide(batch, ztp_now(), &answers, &lease));
  CHECK(allow[0] == 1 && ztp_lease_check_now(&lease));
  WORKS(ztp_epoch_revoke(writer));
  CHECK(!ztp_lease_check_now(&lease));
  ztp_batch_free(batch);

  /* A writer that must keep it up. */
  WORKS(ztp_epoch_keep_until(writer, ztp_now() + 60000000));
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(decision.allow && ztp_lease_check_now(&decision.lease));
  CHECK(!ztp_lease_check(&decision.lease, ztp_now() + 61000000));
  WORKS(ztp_decide(request, ztp_now() + 61000000, &decision));
  CHECK(!decision.allow && decision.halted);
  WORKS(ztp_epoch_keep_until(writer, ZTP_FOREVER));

  /* A word without its checksum: the page is torn, and nothing is allowed until it is written whole. */
  before = ztp_epoch_value(reader);
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(decision.allow);
  poke(path, 16, before + 1);
  CHECK(ztp_epoch_value(reader) == UINT64_MAX);
  CHECK(!ztp_lease_check_now(&decision.lease));
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(!decision.allow && decision.halted);
  WORKS(ztp_epoch_revoke(writer));
  CHECK(ztp_epoch_value(reader) == before + 2);
  WORKS(ztp_decide(request, ztp_now(), &decision));
  CHECK(decision.allow);

  /* Who may only read may only read. */
  FAILS(ZTP_ENVIRONMENT, ztp_epoch_revoke(reader));
  FAILS(ZTP_ENVIRONMENT, ztp_epoch_halt(reader, true));
  FAILS(ZTP_ENVIRONMENT, ztp_epoch_keep_until(reader, 0));
  /* A page that anyone may write says nothing, nor what is none. */
  FAILS_SAYING(ZTP_BAD_FACTS, "everyone", ztp_epoch_create(name, 0666, &none));
  CHECK(chmod(path, 0666) == 0);
  FAILS_SAYING(ZTP_BAD_FACTS, "everyone", ztp_epoch_open(name, ZTP_EPOCH_READ, &none));
  CHECK(chmod(path, 0644) == 0);
  poke(path, 0, 0);
  FAILS(ZTP_BAD_FACTS, ztp_epoch_open(name, ZTP_EPOCH_READ, &none));
  CHECK(none == NULL);
  FAILS(ZTP_BAD_FACTS, ztp_epoch_open(text_of(folder), ZTP_EPOCH_READ, &none));
  FAILS(ZTP_MISUSE, ztp_epoch_open(name, 7, &none));
  FAILS(ZTP_MISUSE, ztp_epoch_open(name, ZTP_EPOCH_READ, NULL));
  FAILS(ZTP_MISUSE, ztp_epoch_create(name, 0644, NULL));
  FAILS(ZTP_NOT_FOUND, ztp_epoch_create(ZTP_TEXT("/nowhere/page"), 0644, &none));
  FAILS(ZTP_MISUSE, ztp_epoch_revoke(NULL));
  FAILS(ZTP_MISUSE, ztp_epoch_halt(NULL, true));
  FAILS(ZTP_MISUSE, ztp_epoch_keep_until(NULL, 0));
  REFUSES(ztp_epoch_value(NULL) == UINT64_MAX);
  REFUSES((ztp_epoch_free(NULL), 1));

  ztp_request_free(request);
  ztp_session_free(session);
  ztp_engine_free(engine);
  ztp_epoch_free(reader);
  ztp_epoch_free(writer);
  unlink(path);
  free(path);
}
