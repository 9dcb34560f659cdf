// A bundle file, mapped.
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"

namespace ztp {

absl::StatusOr<DecisionProgram> OpenBundle(const std::string& path) {
  ZTP_ASSIGN_OR_RETURN(MappedFile file,
                       MapFile(path, kMaxBundleBytes, "a bundle", MapFor::kEverything));
  return OpenBundle(path, std::move(file));
}

absl::StatusOr<DecisionProgram> OpenBundle(const std::string& path, MappedFile file) {
  absl::StatusOr<DecisionProgram> program = ViewBundle(file.bytes, std::move(file.storage));
  if (!program.ok()) {
    return absl::Status(program.status().code(),
                        ToAbsl(Cat(path, ": ", Message(program.status()))));
  }
  return program;
}

}  // namespace ztp
