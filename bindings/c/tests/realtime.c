/* What ztp.h calls [realtime] allocates nothing and makes no system call, so that it waits for nobody either.
 *
 * A child process counts allocations, then gives up the right to make system calls (a seccomp filter) and goes
 * through the calls: one that needs the kernel ends it. (The filter's strict mode would take the clock away too.) */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int checks_failed = 0;

static volatile int counting = 0;
static volatile unsigned long allocations = 0;
extern void* __libc_malloc(size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
void* malloc(size_t size) {
  if (counting) ++allocations;
  return __libc_malloc(size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  if (counting) ++allocations;
  return __libc_memalign(alignment, size);
}

struct prepared {
  ztp_request* request;
  ztp_attr why, place, since, wait, vpn, score, count, stage, address, driver, friend;
  ztp_entity_ref ann, d;
  ztp_session* session;
  ztp_engine* engine;
  ztp_epoch* epoch;
};

/* Every realtime function; `round` makes values differ. Answers how many calls failed. */
static int go_through(struct prepared* a, int round) {
  ztp_request* r = a->request;
  ztp_decision decision = ZTP_DECISION_INIT;
  const int64_t now = ztp_now();
  int failed = 0;
  failed += ztp_set_principal(r, ZTP_TEXT("User"), round % 2 ? ZTP_TEXT("ann") : ZTP_TEXT("bob")) != NULL;
  failed += ztp_set_resource(r, ZTP_TEXT("Doc"), round % 3 ? ZTP_TEXT("d") : ZTP_TEXT("e")) != NULL;
  failed += ztp_set_text(r, a->why, ZTP_TEXT("work")) != NULL;
  failed += ztp_set_text(r, a->place, round % 2 ? ZTP_TEXT("home") : ZTP_TEXT("bar")) != NULL;
  failed += ztp_set_text(r, a->stage, ZTP_TEXT("dev")) != NULL;
  failed += ztp_set_text(r, a->address, round % 2 ? ZTP_TEXT("10.1.2.3") : ZTP_TEXT("2001:db8::1")) != NULL;
  failed += ztp_set_text(r, a->driver, round % 2 ? ZTP_TEXT("550.90.7-rc.1.a") : ZTP_TEXT("1.2")) != NULL;
  failed += ztp_set_text(r, a->friend, ZTP_TEXT("User::\"a name that is no short one\"")) != NULL;
  failed += ztp_set_text(r, a->wait, ZTP_TEXT("10m")) != NULL;
  failed += ztp_set_text(r, a->since, ZTP_TEXT("2026-11-23T12:00:00Z")) != NULL;
  failed += ztp_set_text(r, a->score, ZTP_TEXT("0.25")) != NULL;
  failed += ztp_set_time(r, a->since, now) != NULL;
  failed += ztp_set_duration(r, a->wait, round) != NULL;
  failed += ztp_set_bool(r, a->vpn, round % 2 == 0) != NULL;
  failed += ztp_set_decimal(r, a->score, round) != NULL;
  failed += ztp_set_int(r, a->count, round) != NULL;
  failed += ztp_decide(r, now, &decision) != NULL;
  failed += !decision.allow; /* by `timed`, or by `counted` not */
  failed += !ztp_lease_check(&decision.lease, now);
  failed += !ztp_lease_check_now(&decision.lease);
  failed += ztp_set_principal_ref(r, a->ann) != NULL;
  failed += ztp_set_resource_ref(r, a->d) != NULL;
  failed += ztp_unset(r, a->wait) != NULL;
  failed += ztp_set_can_all(r) != NULL;
  failed += ztp_decide(r, now, &decision) != NULL;
  failed += !decision.allow;
  failed += ztp_engine_revoke(a->engine) != NULL;
  failed += ztp_lease_check(&decision.lease, now);
  failed += ztp_engine_generation(a->engine) == 0;
  failed += ztp_epoch_value(a->epoch) != 1;
  failed += ztp_error_code(NULL) != ZTP_OK;
  return failed;
}

/* From now on every system call but the end of the process kills it. False: this system has no filters. */
static int give_up_system_calls(void) {
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog filter = {sizeof(steps) / sizeof(steps[0]), steps};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void child(struct prepared* a) {
  int round, failed = 0;
  for (round = 0; round < 8; ++round) failed += go_through(a, round); /* as large as it gets */
  counting = 1;
  for (round = 0; round < 64; ++round) failed += go_through(a, round);
  counting = 0;
  if (failed != 0) _exit(1);
  if (allocations != 0) _exit(2);
  if (!give_up_system_calls()) _exit(77);
  for (round = 0; round < 64; ++round) failed += go_through(a, round);
  _exit(failed != 0 ? 1 : 0);
}

int main(int argc, char** argv) {
  struct prepared a;
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  char* path;
  int status = 0;
  pid_t pid;
  if (argc != 2) return 3;
  path = path_in(argv[1], "realtime.epoch");
  unlink(path);
  memset(&a, 0, sizeof(a));
  WORKS(ztp_epoch_create(text_of(path), 0600, &a.epoch));
  options.epoch = a.epoch;
  a.engine = engine_of(shared_policy, shared_facts, &options);
  WORKS(ztp_session_new(a.engine, &a.session));
  WORKS(ztp_request_new(a.session, ZTP_TEXT("read"), &a.request));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("why"), &a.why));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("place"), &a.place));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("stage"), &a.stage));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("since"), &a.since));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("wait"), &a.wait));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("vpn"), &a.vpn));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("score"), &a.score));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("count"), &a.count));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("address"), &a.address));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("driver"), &a.driver));
  WORKS(ztp_engine_attr(a.engine, ZTP_TEXT("friend"), &a.friend));
  WORKS(ztp_session_entity(a.session, ZTP_TEXT("User"), ZTP_TEXT("ann"), &a.ann));
  WORKS(ztp_session_entity(a.session, ZTP_TEXT("Doc"), ZTP_TEXT("d"), &a.d));
  pid = fork();
  if (pid == 0) child(&a);
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) {
    fprintf(stderr, "a realtime call made a system call: signal %d\n", WTERMSIG(status));
  } else if (WEXITSTATUS(status) == 2) {
    fprintf(stderr, "a realtime call allocated\n");
  } else if (WEXITSTATUS(status) == 77) {
    fprintf(stderr, "skipped: this system has no seccomp\n");
    return 77;
  }
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ztp_request_free(a.request);
  ztp_session_free(a.session);
  ztp_engine_free(a.engine);
  ztp_epoch_free(a.epoch);
  unlink(path);
  free(path);
  return checks_failed == 0 ? 0 : 1;
}
