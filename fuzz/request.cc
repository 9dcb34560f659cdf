// Any bytes are requests that can be decided and explained, or have errors.
#include <string_view>

#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"
#include "engine/eval/json_request.h"
#include "fuzz/policy_for_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto policy = *ztp::Policy::Make(ztp::fuzz::EveryType());
  static const auto snapshot = *ztp::MakeSnapshot(*policy, {});
  static ztp::Scratch scratch;
  ztp::RequestOptions options;
  options.now = ztp::Time{1893456000000000};
  options.accept_now = true;
  options.assume_proven = true;
  ztp::RequestReader reader(policy->program().schema,
                            std::string_view(reinterpret_cast<const char*>(data), size), options);
  ztp::ReadRequestResult read;
  while (reader.Next(&read)) {
    if (read.request.has_value() == !read.errors.empty()) __builtin_trap();
    if (!read.request) continue;
    const ztp::Decision decision = ztp::Decide(*policy, *snapshot, *read.request, scratch);
    const ztp::Explanation explanation = ztp::Explain(*policy, *snapshot, *read.request, scratch);
    ztp::WriteDecision(policy->program(), decision, {}, &explanation);
  }
  return 0;
}
