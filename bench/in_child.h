// Runs a step in a process of its own, so that its time and its peak of memory are that step's
// alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace ztp::bench {

struct ChildRun {
  std::string output;
  double seconds = 0;
  uint64_t peak_bytes = 0;  // of resident memory, beyond what the process had before
};

// `step` in a child; what it returns comes back as `output`. A status of the child comes back as
// InvalidArgument with its message. Must be called while the process has one thread.
absl::StatusOr<ChildRun> RunInChild(const std::function<absl::StatusOr<std::string>()>& step);

}  // namespace ztp::bench
