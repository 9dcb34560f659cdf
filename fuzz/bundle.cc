// Any bytes at all are a bundle or are refused; one that is taken can be decided with.
#include <cstdint>
#include <string_view>
#include <utility>

#include "engine/bundle/read.h"
#include "engine/eval/decide.h"
#include "engine/eval/policy.h"

namespace {

// A request of each action by and on the first type that it takes, everything else left out.
void DecideAll(const ztp::Policy& policy, const ztp::Snapshot& facts) {
  const ztp::Schema& schema = policy.schema();
  ztp::Scratch scratch;
  for (uint32_t a = 0; a < schema.actions.size(); ++a) {
    const ztp::Action& action = schema.actions[a];
    if (action.principals.empty() || action.resources.empty()) continue;
    ztp::Request request;
    request.action = ztp::ActionId{a};
    request.principal = {action.principals[0], "p"};
    request.resource = {action.resources[0], "r"};
    request.params.resize(action.params.size());
    request.inputs.resize(schema.inputs.size());
    (void)ztp::Decide(policy, facts, request, scratch);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto program = ztp::ReadBundle({reinterpret_cast<const char*>(data), size});
  if (!program.ok()) return 0;
  // Steps are bounded by the bundle's own limit; a fuzzer has less patience.
  if (program->step_limit > 100'000) program->step_limit = 100'000;
  const auto policy = ztp::Policy::Make(*std::move(program));
  if (!policy.ok()) return 0;
  const auto facts = ztp::MakeSnapshot(**policy, {});
  if (facts.ok()) DecideAll(**policy, **facts);
  return 0;
}
