// Any bytes are an HTTP request: a line "METHOD TARGET", headers, an empty line, a body. What
// routes take of it is a request that can be read, and names what a route may name.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/driver/compiler.h"
#include "engine/route/router.h"

namespace {

constexpr char kPolicy[] = R"(
ztp 1
package fuzz
import std.ai
entity Workload { team: String }
entity Caller carried vouched { address?: Ip }
entity Model
entity Tool carried claimed { server?: String, depth?: Int }
input login?: SignIn proven
input source_ip?: Ip
input hint?: String claimed
action infer on Model by Workload with { tokens?: Int, stream?: Bool, tags?: Set<String>, n?: Decimal }
action call on Tool by Caller, Workload with { what?: String }
permit p { principal any action any resource any }
route chat {
  on POST, PUT "/v1/{kind}/chat"
  let model = body.model
  let rest = body.a.b
  principal Workload::"{kind2}/x"
  action infer
  resource Model::"{model}/{kind}-{rest}"
  with { tokens: header["x-tokens"], stream: query.stream, tags: body.tags, n: body.n ?? 1 }
  input source_ip = source.ip
  input hint = header["x-hint"]
  proven login from bearer
  peer "spiffe://acme.org/{kind2}"
}
route direct {
  on POST "/v1/{kind}/chat"
  when method == "POST" and body.method in { "a", "b" } and not has body.c
  principal Caller::"c" { address: source.ip }
  action call
  resource Tool::"{kind}" { server: authority, depth: query.depth }
  with { what: body.what }
}
caller mesh {
  peer "spiffe://acme.org/{kind2}"
  principal Workload::"{kind2}"
}
caller person {
  proven login from bearer
  let user = proven.login.subject
  principal Workload::"user:{user}"
}
route left {
  on GET "/y/{a}/c"
  by mesh, person
  action infer
  resource Model::"{a}"
  with { tokens: query.tokens }
}
route right { on GET "/y/b/{rest...}" by mesh action infer resource Model::"{rest}" }
route both { on GET "/y/b/c" by person action infer resource Model::"m" }
route through {
  on GET "/x/{rest...}"
  peer "spiffe://acme.org/proxy"
  client "spiffe://acme.org/{who...}"
  principal Workload::"{who}"
  action infer
  resource Model::"{rest}"
}
)";

struct NoEvidence final : ztp::route::EvidenceReader {
  absl::StatusOr<std::string> SourceOf(std::string_view, std::string_view) override {
    return std::string("sso");
  }
  absl::StatusOr<std::string> Proven(std::string_view, std::string_view, std::string_view,
                                     std::span<const std::string>) override {
    return absl::NotFoundError("nothing");
  }
};

struct Routes {
  Routes() {
    compiler.AddText("fuzz.ztp", kPolicy);
    if (!compiler.Check()) __builtin_trap();
    auto made = ztp::route::Router::Make(compiler.program()->schema);
    if (!made.ok()) __builtin_trap();
    router = *std::move(made);
  }
  ztp::driver::Compiler compiler;
  std::unique_ptr<const ztp::route::Router> router;
};

std::string_view Line(std::string_view* rest) {
  const size_t end = rest->find('\n');
  const std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end == rest->npos ? rest->size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Routes routes;
  static ztp::route::Router::Scratch scratch;
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  ztp::route::HttpRequest http;
  http.body_partial = (data[0] & 1) != 0;
  http.headers_joined = (data[0] & 2) != 0;
  if ((data[0] & 4) != 0) http.peer_spiffe = Line(&rest);
  if ((data[0] & 8) != 0) http.source_ip = Line(&rest);
  const std::string_view first = Line(&rest);
  const size_t blank = std::min(first.find(' '), first.size());
  http.method = first.substr(0, blank);
  http.target = first.substr(std::min(blank + 1, first.size()));
  http.authority = "gate.acme.org";
  std::vector<ztp::route::HttpHeader> headers;
  for (std::string_view line = Line(&rest); !line.empty(); line = Line(&rest)) {
    const size_t colon = std::min(line.find(':'), line.size());
    headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  http.headers = headers;
  http.body = rest;
  NoEvidence evidence;
  const auto routed = routes.router->Take(http, evidence, scratch);
  if (!routed.ok()) return 0;
  // What comes out is JSON with the route's action, whatever went in; its values may still be
  // wrong.
  ztp::JsonTree tree;
  ztp::JsonError error;
  if (!tree.Parse(routed->request, ztp::JsonPath(), &error)) {
    // Only for bytes that are no UTF-8, and depth.
    if (error.message.find("UTF-8") == std::string::npos &&
        error.message.find("deep") == std::string::npos) {
      __builtin_trap();
    }
    return 0;
  }
  const ztp::JsonNode* action = tree.Find(tree.root(), "action");
  if (action == nullptr || tree.Find(*action, "name") == nullptr) __builtin_trap();
  const std::string_view name = tree.Find(*action, "name")->text;
  if (name != (routed->route->name == "direct" ? "call" : "infer")) __builtin_trap();
  return 0;
}
