// See load_trust.h.
#include "engine/runtime/load_trust.h"

#include <filesystem>
#include <utility>

#include "engine/base/mapped_file.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

absl::StatusOr<std::string> Content(const std::string& path) {
  ZTP_ASSIGN_OR_RETURN(
      const MappedFile file,
      MapFile(path, evidence::kMaxTrustBytes, "a file of a trust configuration", MapFor::kOnePass));
  return std::string(file.bytes);
}

void Name(const std::string& path, std::vector<JsonError>* errors) {
  for (JsonError& error : *errors) error.file = path;
}

}  // namespace

absl::Status LoadTrust(const std::string& path, evidence::Trust::Options options,
                       std::shared_ptr<evidence::Trust>* trust, std::vector<JsonError>* errors) {
  trust->reset();
  ZTP_ASSIGN_OR_RETURN(const std::string document, Content(path));
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  options.read_file = [folder](const std::string& name) {
    return Content((folder / name).string());
  };
  *trust = evidence::Trust::Read(document, std::move(options), errors);
  Name(path, errors);
  return absl::OkStatus();
}

absl::Status ReloadTrust(const std::string& path, evidence::Trust& trust,
                         std::vector<JsonError>* errors) {
  ZTP_ASSIGN_OR_RETURN(const std::string document, Content(path));
  trust.Reload(document, errors);
  Name(path, errors);
  return absl::OkStatus();
}

}  // namespace ztp
