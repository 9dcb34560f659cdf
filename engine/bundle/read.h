// The bytes of a .ztpb file to a decision program, and what they hold as text.
//
// Boundary: any bytes may be given. What comes back has passed CheckProgram and can be run; who
// signed the file is evidence's question.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/bundle/decision_program.h"

namespace ztp {

inline constexpr size_t kMaxBundleBytes = size_t{512} << 20;
inline constexpr uint32_t kBundleFormat = 1;

// InvalidArgument: the bytes are no bundle, not all of one, or not well formed; Unimplemented: of a
// format that this version does not know. `bytes` need not outlive the call.
absl::StatusOr<DecisionProgram> ReadBundle(std::string_view bytes);

// Do the bytes begin as a bundle does? (Tells a bundle from a source file; says nothing of the
// rest.)
bool LooksLikeBundle(std::string_view bytes);

// What `ztp dump --print=bundle` shows: the sizes of the parts, the sources, rules, plans and
// guarantees.
std::string DescribeBundle(const DecisionProgram& program, size_t bytes);

}  // namespace ztp
