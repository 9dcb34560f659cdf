// A trust configuration from a file, with the files that it names.
#include <filesystem>

#include "bindings/cli/common.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/trust.h"
#include "engine/facts/json_error.h"

namespace ztp::cli {

LoadedTrust LoadTrust(const std::string& path) {
  LoadedTrust loaded;
  const absl::StatusOr<std::string> text = driver::ReadFile(path, evidence::kMaxTrustBytes);
  if (!text.ok()) return {Fail(text.status()), nullptr};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  evidence::Trust::Options options;
  // A relative name is relative to the document.
  options.read_file = [folder](const std::string& name) {
    return driver::ReadFile((folder / name).string(), evidence::kMaxTrustBytes);
  };
  std::vector<JsonError> errors;
  loaded.trust = evidence::Trust::Read(*text, std::move(options), &errors);
  for (JsonError& error : errors) {
    error.file = path;
    PrintError(Cat(FormatJsonError(error), "\n"));
  }
  if (loaded.trust == nullptr) loaded.exit_code = kFailed;
  return loaded;
}

}  // namespace ztp::cli
