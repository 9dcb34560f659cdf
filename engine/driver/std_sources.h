// The standard vocabulary, as source texts that are part of the compiler.
#pragma once

#include <span>
#include <string_view>

namespace ztp::driver {

struct StdSource {
  std::string_view name;  // "std/ai.ztp"
  std::string_view text;
};

// Every file of policies/std.
std::span<const StdSource> StdSources();

}  // namespace ztp::driver
