/* Decides one request by a bundle and facts from files, and works as long as its lease holds.
 *
 * usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE      exit code: 0 allowed, 2 denied, 1
 * neither
 */
#include <stdio.h>
#include <string.h>
#include <ztp.h>

static ztp_text text(const char* s) {
  ztp_text t = {s, strlen(s)};
  return t;
}

/* Of "%.*s". */
#define SHOW(t) (int)(t).size, (t).data

/* Prints and frees an error. */
static bool failed(ztp_error* error) {
  if (!error) return false;
  fprintf(stderr, "%.*s\n", SHOW(ztp_error_message(error)));
  ztp_error_free(error);
  return true;
}

static bool print_reasons(const ztp_decision* decision) {
  for (uint32_t i = 0; i < decision->rules; ++i) {
    ztp_rule rule = ZTP_RULE_INIT;
    if (failed(ztp_decision_rule(decision, i, &rule))) return false;
    printf("  %.*s: %.*s\n", SHOW(rule.name), SHOW(rule.because));
  }
  for (uint32_t i = 0; i < decision->obligations; ++i) {
    ztp_obligation obligation = ZTP_OBLIGATION_INIT;
    if (failed(ztp_decision_obligation(decision, i, &obligation))) return false;
    printf("  do: %.*s\n", SHOW(obligation.name));
  }
  for (size_t i = 0;; ++i) {
    ztp_text unknown;
    ztp_error* error = ztp_decision_unknown(decision, i, &unknown);
    if (ztp_error_code(error) == ZTP_NOT_FOUND) { /* there are no more */
      ztp_error_free(error);
      return true;
    }
    if (failed(error)) return false;
    printf("  not known: %.*s\n", SHOW(unknown));
  }
}

/* What was allowed, a step at a time. Here policy or facts change after two. */
static void work(ztp_engine* engine, ztp_lease* lease) {
  int steps = 0;
  while (ztp_lease_check_now(lease)) {
    if (++steps == 2 && failed(ztp_engine_revoke(engine))) return;
  }
  printf("  stopped after %d steps\n", steps);
}

static int decide(ztp_engine* engine, ztp_request* request, char** asked) {
  ztp_attr purpose;
  ztp_decision decision = ZTP_DECISION_INIT;
  if (failed(ztp_engine_attr(engine, ZTP_TEXT("purpose"), &purpose)) ||
      failed(ztp_set_principal(request, ZTP_TEXT("Workload"), text(asked[0]))) ||
      failed(ztp_set_resource(request, ZTP_TEXT("Dataset"), text(asked[1]))) ||
      failed(ztp_set_text(request, purpose, text(asked[2]))) ||
      failed(ztp_decide(request, ztp_now(), &decision))) {
    return 1;
  }
  if (decision.allow && decision.valid_until != ZTP_FOREVER) {
    printf("allowed until %lld\n", (long long)decision.valid_until);
  } else {
    printf("%s\n", decision.allow ? "allowed" : "denied");
  }
  if (!print_reasons(&decision)) return 1;
  work(engine, &decision.lease);
  return decision.allow ? 0 : 2;
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: decide BUNDLE FACTS WORKLOAD DATASET PURPOSE\n");
    return 1;
  }
  int result = 1;
  ztp_engine* engine = NULL;
  ztp_session* session = NULL;
  ztp_request* request = NULL;
  ztp_text facts = text(argv[2]);
  if (!failed(ztp_engine_load(text(argv[1]), &facts, 1, NULL, &engine)) &&
      !failed(ztp_session_new(engine, &session)) &&
      !failed(ztp_request_new(session, ZTP_TEXT("train"), &request))) {
    result = decide(engine, request, argv + 3);
  }
  ztp_request_free(request);
  ztp_session_free(session);
  ztp_engine_free(engine);
  return result;
}
