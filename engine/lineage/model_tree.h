// The files of a folder, without following a symbolic link anywhere below it.
//
// Boundary: names and sizes, and opening one by its name; what the files hold is not looked at.
// Each part of a path is opened by itself with O_NOFOLLOW below the one before: a folder that is
// replaced by a link while it is walked leads nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/descriptor.h"
#include "engine/evidence/verified.h"

namespace ztp::lineage {

inline constexpr int kMaxModelDepth = 32;
inline constexpr size_t kMaxModelEntries = 1'000'000;  // that are seen, ignored ones included

struct TreeFile {
  std::string name;  // below the folder, with slashes; ".": the "folder" is a single file
  uint64_t size = 0;
};

class ModelTree {
 public:
  // `path` itself may be reached over symbolic links: the caller named it. NotFound,
  // PermissionDenied, Unavailable; InvalidArgument if it is neither a folder nor a regular file.
  static absl::StatusOr<ModelTree> Open(const std::string& path);

  // The files in the order of ModelPathLess. `ignored` names paths below the folder that are not
  // looked at, nor what is below them.
  //   kContent: a symbolic link, or what is no file and no folder; a name that is no text
  //   kTooLarge: more files than a manifest may have (evidence/oms.h), or deeper folders
  // A status: the folder cannot be read.
  absl::StatusOr<evidence::Verified<std::vector<TreeFile>>> List(
      const std::vector<std::string>& ignored) const;

  // A regular file of the tree, for reading; the caller closes it. Thread-safe.
  absl::StatusOr<int> OpenFile(std::string_view name) const;

  bool is_single_file() const { return single_; }
  const std::string& path() const { return path_; }

 private:
  ModelTree(std::string path, int fd, bool single)
      : path_(std::move(path)), root_(std::make_shared<Descriptor>(fd)), single_(single) {}

  std::string path_;
  std::shared_ptr<const Descriptor> root_;
  bool single_;
};

}  // namespace ztp::lineage
