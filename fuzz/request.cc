// Any bytes are requests that can be decided and explained, or have errors; and the reader that is
// kept says of the first what the other one says.
#include <string>
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
  // Kept through all calls: what one text leaves behind must not show in the next.
  static ztp::RequestParser parser(policy->program().schema, options);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ztp::ReadRequestResult first = ztp::ReadRequest(text, policy->program().schema, options);
  const ztp::Request* parsed = parser.Read(text);
  if ((parsed != nullptr) != first.request.has_value() || parser.errors() != first.errors ||
      (parsed != nullptr && !(*parsed == *first.request))) {
    __builtin_trap();
  }
  ztp::RequestReader reader(policy->program().schema, text, options);
  ztp::ReadRequestResult read;
  while (reader.Next(&read)) {
    if (read.request.has_value() == !read.errors.empty()) __builtin_trap();
    if (!read.request) continue;
    const ztp::Decision decision = ztp::Decide(*policy, *snapshot, *read.request, scratch);
    static ztp::BoundRequest bound;
    if (bound.Bind(*policy, *snapshot, *read.request).ok()) {
      const ztp::Verdict verdict = ztp::Evaluate(bound, scratch);
      std::string out;
      ztp::AppendDecision(bound, verdict, scratch, {}, &out);
      if (out != ztp::WriteDecision(policy->program(), decision, {})) __builtin_trap();
    }
    const ztp::Explanation explanation = ztp::Explain(*policy, *snapshot, *read.request, scratch);
    ztp::WriteDecision(policy->program(), decision, {}, &explanation);
  }
  return 0;
}
