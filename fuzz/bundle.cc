// Any bytes are a bundle that a policy can be made of, or are refused.
#include <string_view>

#include "engine/bundle/read.h"
#include "engine/eval/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto program = ztp::ReadBundle(std::string_view(reinterpret_cast<const char*>(data), size));
  if (program.ok()) (void)ztp::Policy::Make(*std::move(program));
  return 0;
}
