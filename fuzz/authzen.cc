// Any bytes are bodies of AuthZEN requests that are answered: with a status, or with as many
// decisions as were asked for at most; and what is allowed is a decision of the engine's.
#include <string>
#include <string_view>

#include "bindings/server/authzen.h"
#include "engine/bundle/write.h"
#include "fuzz/policy_for_json.h"
#include "fuzz/server_session.h"

namespace {

struct Nobody final : ztp::server::DecisionObserver {
  void Decided(const ztp_decision& decision, uint64_t) override {
    allowed += decision.allow ? 1 : 0;
  }
  void Unread() override {}
  size_t allowed = 0;
};

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ztp::server::Settings settings;
  settings.max_evaluations = 20;
  static Nobody observer;
  static ztp::server::AuthZen authzen(
      settings, ztp::fuzz::NewSession(ztp::WriteBundle(ztp::fuzz::EveryType())), observer);
  if (size == 0) return 0;
  settings.tell = static_cast<ztp::server::Tell>(data[0] % 3);
  const bool several = (data[0] & 4) != 0;
  observer.allowed = 0;
  const ztp::server::HttpResponse response =
      authzen.Handle({.method = "POST",
                      .path = several ? "/access/v1/evaluations" : "/access/v1/evaluation",
                      .content_type = "application/json",
                      .authorization = {},
                      .request_id = {},
                      .body = {reinterpret_cast<const char*>(data) + 1, size - 1}},
                     1893456000000000);
  if (response.status == 500) __builtin_trap();
  if (response.status != 200) return 0;
  ztp::JsonTree tree;
  ztp::JsonError error;
  if (!tree.Parse(response.body, ztp::JsonPath(), &error)) __builtin_trap();
  if (Count(response.body, "{\"decision\":true") != observer.allowed) __builtin_trap();
  return 0;
}
