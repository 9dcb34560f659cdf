#include "bench/workload_files.h"

#include <filesystem>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::bench {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

absl::StatusOr<WorkloadFiles> ReadWorkload(const std::string& folder) {
  const std::filesystem::path path(folder);
  const auto read = [&](const char* name) {
    return driver::ReadFile((path / name).string(), kMaxJsonFileBytes);
  };
  WorkloadFiles files;
  files.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  files.policy_path = (path / "policy.ztp").string();
  files.bundle_path = (path / "policy.ztpb").string();
  ZTP_ASSIGN_OR_RETURN(files.facts, read("facts.jsonl"));
  ZTP_ASSIGN_OR_RETURN(const std::string requests, read("requests.jsonl"));
  ZTP_ASSIGN_OR_RETURN(const std::string expected, read("expected.txt"));
  files.requests = Lines(requests);
  files.expected = Lines(expected);
  if (files.requests.empty() || files.requests.size() != files.expected.size())
    return InvalidArgument(folder, ": ", files.requests.size(), " requests and ",
                           files.expected.size(), " expected decisions");
  return files;
}

}  // namespace ztp::bench
