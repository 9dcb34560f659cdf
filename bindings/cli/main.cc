// The ztp command.
#include <csignal>
#include <cstdio>
#include <exception>

#include "bindings/cli/common.h"

int main(int argc, char** argv) {
  using namespace ztp::cli;
  // A reader that goes away (`ztp decide … | head`) ends the command quietly.
  std::signal(SIGPIPE, SIG_DFL);
  CLI::App app{
      "ztp checks, tests and builds zero-trust policies for AI resources, and decides requests.\n"
      "\n"
      "Exit codes: 0 done or allowed, 1 the input or policy has errors or a test failed, 2 denied, "
      "3 wrong\n"
      "usage, 4 the environment failed.",
      "ztp"};
  app.set_version_flag("--version", "ztp " ZTP_VERSION);
  app.require_subcommand(1);
  app.footer("ztp COMMAND --help says more about one.");
  Action action;
  AddCheck(app, &action);
  AddFmt(app, &action);
  AddTest(app, &action);
  AddBuild(app, &action);
  AddDecide(app, &action);
  AddAudit(app, &action);
  AddCi(app, &action);
  AddBench(app, &action);
  AddDump(app, &action);
  AddFacts(app, &action);
  AddKeygen(app, &action);
  AddLineage(app, &action);
  AddReplay(app, &action);
  AddRim(app, &action);
  AddRoute(app, &action);
  AddServe(app, &action);
  AddSign(app, &action);
  AddSigned(app, &action);
  AddVerify(app, &action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kDone : kUsage;
  }
  try {
    const int code = action();
    return std::fflush(stdout) == 0 ? code : kEnvironment;
  } catch (const std::exception& e) {  // bad_alloc, and what a library may throw
    std::fprintf(stderr, "ztp: %s\n", e.what());
    return kEnvironment;
  }
}
