#include "engine/driver/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::driver {
namespace fs = std::filesystem;
namespace {

absl::Status FileError(const std::string& path, int error) {
  return OsError(Cat("cannot read ", path), error);
}

struct Closer {
  void operator()(std::FILE* f) const {
    if (f != nullptr && f != stdin) std::fclose(f);
  }
};

bool HasSuffix(const std::string& path, const std::vector<std::string>& suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](const std::string& suffix) { return path.ends_with(suffix); });
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t max_bytes) {
  std::error_code ec;
  if (path != "-" && fs::is_directory(path, ec)) {
    return InvalidArgument(path, " is a folder; a file is needed here");
  }
  std::unique_ptr<std::FILE, Closer> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return FileError(path, errno);
  std::string content;
  char buffer[1 << 16];
  while (size_t n = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    if (content.size() + n > max_bytes) {
      return ResourceExhausted(path, " is larger than the limit of ", max_bytes, " bytes");
    }
    content.append(buffer, n);
  }
  if (std::ferror(file.get()) != 0) return FileError(path, errno);
  return content;
}

absl::StatusOr<std::vector<std::string>> FindFiles(const std::vector<std::string>& paths,
                                                   const std::vector<std::string>& suffixes) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    std::error_code ec;
    const fs::file_status status = fs::status(path, ec);
    if (path != "-" && !fs::exists(status))
      return NotFound(path, ": there is no such file or folder");
    if (path == "-" || !fs::is_directory(status)) {
      found.push_back(path);
      continue;
    }
    const size_t before = found.size();
    fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, ec);
    for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
      const std::string name = it->path().filename().string();
      if (it->is_directory(ec)) {
        if (name.starts_with(".")) it.disable_recursion_pending();
      } else if (HasSuffix(name, suffixes)) {
        found.push_back(it->path().lexically_normal().string());
      }
    }
    if (ec) return Unavailable("cannot read ", path, ": ", ec.message());
    if (found.size() == before) {
      return NotFound(path, ": there is no file ending in ", Join(suffixes, " or "),
                      " in this folder");
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace ztp::driver
