// ztp route: what a policy's routes make of an HTTP request; without one, which routes there are.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/cli/common.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/route/router.h"
#include "engine/runtime/route_evidence.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string policy;
  FactsArguments facts;  // --trust, --nonce, --now
  std::string method = "GET";
  std::string path;
  std::string authority;
  std::vector<std::string> headers;
  std::string body;
  std::string peer;
  std::string certificates;
  std::string source_ip;
};

// A row a route: method, path, what it asks for, and of which peers.
void List(const Schema& schema) {
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> widths(2, 0);
  for (const Route& route : schema.routes) {
    rows.push_back(
        {Join(route.methods, ","), route.path,
         Cat(schema[EntityTypeId{route.principal.type}].json_name, " ",
             schema[ActionId{route.action}].json_name, " ",
             schema[EntityTypeId{route.resource.type}].json_name, "  (", route.full_name(),
             route.peer.empty() ? "" : Cat(", peer ", route.peer), ")")});
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], rows.back()[i].size());
    }
  }
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) {
      Print(Cat(row[i], std::string(widths[i] - row[i].size() + 2, ' ')));
    }
    Print(Cat(row.back(), "\n"));
  }
}

int Run(const Options& options) {
  const LoadedWorld world = LoadWorld(options.policy, options.facts);
  if (world.exit_code != kDone) return world.exit_code;
  const Schema& schema = world.policy->schema();
  if (schema.routes.empty()) {
    PrintError("ztp: the policy has no routes: it says nothing of HTTP requests\n");
    return kFailed;
  }
  if (options.path.empty()) {
    List(schema);
    return kDone;
  }
  const auto router = route::Router::Make(schema);
  if (!router.ok()) return Fail(router.status());
  std::vector<route::HttpHeader> headers;
  for (const std::string& header : options.headers) {
    const size_t colon = header.find(':');
    if (colon == 0 || colon == std::string::npos) {
      PrintError(Cat("ztp: ", Quoted(header), " is no header: write 'name: value'\n"));
      return kUsage;
    }
    const size_t value = std::min(header.find_first_not_of(' ', colon + 1), header.size());
    const std::string_view view(header);
    headers.push_back({view.substr(0, colon), view.substr(value)});
  }
  std::string body;
  if (!options.body.empty()) {
    auto read = driver::ReadFile(options.body, kMaxJsonDocumentBytes);
    if (!read.ok()) return Fail(read.status());
    body = *std::move(read);
  }
  std::string certificates;
  if (!options.certificates.empty()) {
    auto read = driver::ReadFile(options.certificates, kMaxJsonDocumentBytes);
    if (!read.ok()) return Fail(read.status());
    certificates = *std::move(read);
  }
  const route::HttpRequest http{.method = options.method,
                                .authority = options.authority,
                                .target = options.path,
                                .headers = headers,
                                .body = body,
                                .peer_spiffe = options.peer,
                                .peer_certificates = certificates,
                                .source_ip = options.source_ip};
  RouteEvidence evidence(schema, world.trust.get(), world.now);
  route::Router::Scratch scratch;
  const auto routed = (*router)->Take(http, evidence, scratch);
  if (!routed.ok()) {
    PrintError(Cat("ztp: denied: ", Message(routed.status()), "\n"));
    return kDenied;
  }
  PrintError(Cat("route ", routed->route->full_name(), "\n"));
  Print(Cat(routed->request, "\n"));
  return kDone;
}

}  // namespace

void AddRoute(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "route", "What a policy's routes make of an HTTP request; without --path, which there are");
  command
      ->add_option("-p,--policy", options->policy,
                   "a policy: a .ztp file, a folder of them, or a bundle (.ztpb)")
      ->required();
  command->add_option("--path", options->path, "the request's path, with its query");
  command->add_option("--method", options->method, "its method")->capture_default_str();
  command->add_option("--authority", options->authority, "the host that it is for");
  command->add_option("-H,--header", options->headers,
                      "a header, 'name: value'; may be given again");
  command->add_option("--body", options->body, "a file with its body; - is standard input");
  command->add_option("--peer", options->peer,
                      "the SPIFFE ID of the certificate that the peer has shown");
  command->add_option("--peer-certificates", options->certificates,
                      "a PEM file with that certificate and those that came with it");
  command->add_option("--source-ip", options->source_ip, "the address that it came from");
  command->add_option("--trust", options->facts.trust, kTrustHelp);
  command->add_option("--nonce", options->facts.nonces, kNonceHelp);
  command->add_option("--now", options->facts.now,
                      "verify evidence as if it were this time (RFC 3339)");
  command->footer(
      "The request goes to standard output, the route's name to standard error:\n"
      "  ztp route -p gate.ztp --method POST --path /v1/chat/completions -H 'content-type: "
      "application/json' \\\n"
      "    --body request.json --peer spiffe://acme.org/ns/ml/sa/train | ztp decide -p gate.ztp -f "
      "facts.json\n"
      "Exit code 2: no route takes it, or it cannot be read.");
  command->callback([options, action] { *action = [options] { return Run(*options); }; });
}

}  // namespace ztp::cli
