// ztp serve: a policy decision point that others ask over the network.
#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/server/server.h"

namespace ztp::cli {
namespace {

int Run(const server::Settings& settings) {
  server::Server::BlockSignals();
  const bool check = settings.check;
  auto made = server::Server::Make(settings, LoadPrivateKey);
  if (!made.ok()) return Fail(made.status());
  if (check) {
    Print("it would serve\n");
    return kDone;
  }
  const absl::Status status = (*made)->Run();
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

void AddServe(CLI::App& app, Action* action) {
  auto settings = std::make_shared<server::Settings>();
  CLI::App* command =
      app.add_subcommand("serve", "Decide for others over HTTP: AuthZEN's Authorization API 1.0");
  settings->AddOptions(*command);
  command->footer(
      "Each option is also a variable, ZTP_SERVE_HTTP for --http, and a line of --config FILE. "
      "SIGHUP, POST /reload and files that change reload policy, facts, trust, certificate and "
      "tokens; what cannot be loaded leaves what was in force. SIGTERM ends it once requests are "
      "answered.");
  command->callback([=] {
    settings->ReadConfig(*command);
    *action = [=] { return Run(*settings); };
  });
}

}  // namespace ztp::cli
