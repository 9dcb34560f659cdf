// The bytes of a .ztpb file as a decision program, and what they hold as text.
//
// Boundary: any bytes may be given. What comes back has passed CheckProgram and can be run; who
// signed the file is evidence's question. But for the schema, which is copied, a program's tables
// are the bytes themselves.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/base/mapped_file.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/bundle_view.h"

namespace ztp {

inline constexpr size_t kMaxBundleBytes = size_t{512} << 20;

inline constexpr size_t kBundleAlignment = 8;

// A program that is read in place: `bytes` begin at a multiple of kBundleAlignment and are neither
// changed nor freed as long as the program is there. The program holds `storage`, which may be what
// keeps them, or null where the caller does. InvalidArgument: the bytes are no bundle, not all of
// one, or not well formed; ResourceExhausted: more than kMaxBundleBytes; Unimplemented: of a format
// that this version does not know; FailedPrecondition: they lie where they cannot be read in place.
absl::StatusOr<DecisionProgram> ViewBundle(std::string_view bytes,
                                           std::shared_ptr<const void> storage);

// The same of a copy, which the program keeps: `bytes` may lie anywhere and need not outlive the
// call.
absl::StatusOr<DecisionProgram> ReadBundle(std::string_view bytes);

// The same of a file, mapped into memory and read there; the program keeps the mapping. Whoever
// replaces the file puts another in its place (rename), as WriteFile does: what has been verified
// is used as it lies, so a file that is written to or cut off meanwhile makes wrong decisions or
// ends the process. The messages name the file. NotFound, PermissionDenied, Unavailable: it cannot
// be read; InvalidArgument also where it is no regular file.
absl::StatusOr<DecisionProgram> OpenBundle(const std::string& path);
// The same of what the caller has mapped from that path.
absl::StatusOr<DecisionProgram> OpenBundle(const std::string& path, MappedFile file);

// Do the bytes begin as a bundle does? (Tells a bundle from a source file; says nothing of the
// rest.)
bool LooksLikeBundle(std::string_view bytes);

// What `ztp dump --print=bundle` shows: the sizes of the parts, the sources, rules, plans and
// guarantees.
std::string DescribeBundle(const DecisionProgram& program, size_t bytes);

}  // namespace ztp
