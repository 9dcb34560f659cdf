// A generated workload as it lies on the disk (bench/workloads writes it).
//
// Boundary: text only; what it means to an engine is the engine's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ztp::bench {

struct WorkloadFiles {
  std::string name;         // "gateway-1000"
  std::string policy_path;  // the .ztp file, or a folder of them
  std::string bundle_path;  // where its bundle goes; not there at first
  std::string facts;
  std::vector<std::string> requests;  // JSON, one each
  std::vector<std::string> expected;  // one each: "allow p3", "deny p1 guard2", "deny"; the rules
                                      // may be left out
};

// InvalidArgument: it is not whole.
absl::StatusOr<WorkloadFiles> ReadWorkload(const std::string& folder);

}  // namespace ztp::bench
