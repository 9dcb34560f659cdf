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
  *trust = ReadTrustIn(std::filesystem::path(path).parent_path().string(), document,
                       std::move(options), errors);
  Name(path, errors);
  return absl::OkStatus();
}

std::shared_ptr<evidence::Trust> ReadTrustIn(const std::string& folder, std::string_view document,
                                             evidence::Trust::Options options,
                                             std::vector<JsonError>* errors) {
  options.read_file = [folder = std::filesystem::path(folder)](const std::string& name) {
    return Content((folder / name).string());
  };
  return evidence::Trust::Read(document, std::move(options), errors);
}

absl::Status ReloadTrust(const std::string& path, evidence::Trust& trust,
                         std::vector<JsonError>* errors) {
  ZTP_ASSIGN_OR_RETURN(const std::string document, Content(path));
  trust.Reload(document, errors);
  Name(path, errors);
  return absl::OkStatus();
}

absl::Status ExpectNonces(evidence::Trust& trust, const std::vector<std::string>& nonces,
                          Time now) {
  const Time until{now.micros + evidence::kMaxNonceLifetime.micros};
  for (const std::string& nonce : nonces) {
    ZTP_RETURN_IF_ERROR(trust.nonces().Expect(nonce, now, until));
  }
  return absl::OkStatus();
}

}  // namespace ztp
