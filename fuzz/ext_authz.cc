// Any bytes are a CheckRequest that is answered: by an allow only where the engine has allowed,
// with headers that are headers; everything else is a denial with a body of JSON.
#include <string>
#include <string_view>

#include "bindings/server/ext_authz.h"
#include "bindings/server/ext_authz.pb.h"
#include "engine/bundle/write.h"
#include "engine/driver/compiler.h"
#include "fuzz/server_session.h"

namespace {

namespace auth = ::envoy::service::auth::v3;

struct Nobody final : ztp::server::DecisionObserver {
  void Decided(const ztp_decision& decision, uint64_t) override {
    allowed += decision.allow ? 1 : 0;
  }
  void Unread() override {}
  size_t allowed = 0;
};

constexpr std::string_view kPolicy = R"(ztp 1
package t
entity User
entity Model carried claimed { note: String = "-" }
obligation note(text: String, times: Int)
action infer on Model by User with { n: Int, what?: String }
permit p {
  principal any
  action    infer
  resource  m: Model
  when      trust(action.n) < 100
  oblige    note(trust(m.note), trust(action.n))
}
route chat {
  on        POST, GET "/v1/{kind}/{rest...}"
  peer      "spiffe://acme.org/{user}"
  let       model = body.model
  principal User::"{user}"
  action    infer
  resource  Model::"{kind}/{model}"
  with      { n: body.n ?? 1, what: header["x-what"] }
}
route plain {
  on        GET, PUT "/p/{model}"
  principal User::"anybody"
  action    infer
  resource  Model::"{model}"
  with      { n: 1 }
}
)";

ztp::server::SessionHandle NewSession() {
  ztp::driver::Compiler compiler;
  compiler.AddText("gate.ztp", std::string(kPolicy));
  if (!compiler.Check()) __builtin_trap();
  return ztp::fuzz::NewSession(ztp::WriteBundle(compiler.Lower()));
}

// What may stand in a header.
void CheckHeaders(const google::protobuf::RepeatedPtrField<auth::HeaderValueOption>& headers) {
  for (const auth::HeaderValueOption& header : headers) {
    if (header.header().key().empty() || !header.has_append()) __builtin_trap();
    for (const char c : header.header().value()) {
      if (c < 0x20 || c > 0x7e) __builtin_trap();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ztp::server::Settings settings;
  static Nobody observer;
  static ztp::server::ExtAuthz ext_authz(settings, NewSession(), observer);
  if (size == 0) return 0;
  settings.tell = static_cast<ztp::server::Tell>(data[0] % 3);
  observer.allowed = 0;
  const std::string answer =
      ext_authz.Check({reinterpret_cast<const char*>(data) + 1, size - 1}, {}, 1893456000000000)
          .message;
  auth::CheckResponse response;
  if (!response.ParseFromString(answer)) __builtin_trap();
  const bool allowed = response.status().code() == 0;
  if (allowed != (observer.allowed == 1) || allowed != response.has_ok_response()) {
    __builtin_trap();
  }
  CheckHeaders(response.ok_response().headers());
  CheckHeaders(response.ok_response().response_headers_to_add());
  CheckHeaders(response.denied_response().headers());
  if (allowed) return 0;
  if (response.denied_response().status().code() == 503) __builtin_trap();
  ztp::JsonTree tree;
  ztp::JsonError error;
  if (!tree.Parse(response.denied_response().body(), ztp::JsonPath(), &error)) __builtin_trap();
  return 0;
}
