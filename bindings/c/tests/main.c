/* Runs all parts; the one argument is a folder that may be written to. */
#include "check.h"

int checks_failed = 0;

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 3;
  }
  test_errors();
  test_compiling(argv[1]);
  test_loading(argv[1]);
  test_engines(argv[1]);
  test_routes();
  test_signers(argv[1]);
  test_changes();
  test_values();
  test_requests();
  test_decisions();
  test_json();
  test_leases();
  test_epochs(argv[1]);
  test_batches();
  test_arrow();
  test_evidence();
  test_stored_evidence(argv[1]);
  test_freed();
  if (checks_failed != 0) fprintf(stderr, "%d checks failed\n", checks_failed);
  return checks_failed == 0 ? 0 : 1;
}
