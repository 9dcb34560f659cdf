// See signed_files.h.
#include "engine/runtime/signed_files.h"

#include <optional>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/write_file.h"

namespace ztp {
namespace {

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

absl::StatusOr<evidence::SignedFileStates> LoadSignedFileStates(const std::string& path) {
  const absl::StatusOr<MappedFile> file =
      CopyFile(path, evidence::kMaxSignedFileStatesBytes, "a state of signed files");
  if (absl::IsNotFound(file.status())) return evidence::SignedFileStates();
  if (!file.ok()) return file.status();
  auto states = evidence::ReadSignedFileStates(file->bytes);
  if (!states.ok()) return InvalidArgument(path, ": ", states.refusal().message);
  return *std::move(states);
}

absl::StatusOr<std::shared_ptr<SignedFiles>> SignedFiles::Make(SignedFilesOptions options) {
  if (options.keys.empty()) return InvalidArgument("nobody's key is trusted to sign");
  if (options.threshold == 0 || options.threshold > options.keys.size()) {
    return InvalidArgument("the threshold is ", options.threshold, ", and there are ",
                           options.keys.size(), " keys");
  }
  evidence::SignedFileStates states;
  if (!options.state_path.empty()) {
    ZTP_ASSIGN_OR_RETURN(states, LoadSignedFileStates(options.state_path));
  }
  return std::shared_ptr<SignedFiles>(new SignedFiles(std::move(options), std::move(states)));
}

absl::StatusOr<evidence::Verified<MappedFile>> SignedFiles::Open(const std::string& path,
                                                                 uint64_t max_bytes,
                                                                 std::string_view what, Time now) {
  ZTP_ASSIGN_OR_RETURN(MappedFile file, CopyFile(path, max_bytes, what));
  ZTP_ASSIGN_OR_RETURN(
      const MappedFile signature,
      CopyFile(path + ".sig", evidence::kMaxSignedFileBytes, "a file's signatures"));
  const std::string digest = Sha256Digest(file.bytes);
  const evidence::SignedFilePolicy policy{
      .keys = options_.keys, .threshold = options_.threshold, .name = NameOf(path)};
  const std::lock_guard lock(mutex_);
  const auto known = states_.find(policy.name);
  const auto before = known == states_.end()
                          ? std::nullopt
                          : std::optional<evidence::SignedFileState>(known->second);
  auto verified = evidence::VerifySignedFile(signature.bytes, digest, policy, before, now);
  if (!verified.ok()) {
    return evidence::Verified<MappedFile>(
        evidence::Refuse(verified.refusal().check, path, ": ", verified.refusal().message));
  }
  if (before != verified->state) {
    evidence::SignedFileStates next = states_;
    next.insert_or_assign(policy.name, std::move(verified->state));
    if (!options_.state_path.empty()) {
      ZTP_RETURN_IF_ERROR(
          WriteFile(options_.state_path, evidence::WriteSignedFileStates(next), Durability::kDisk));
    }
    states_ = std::move(next);
  }
  return evidence::Verified<MappedFile>(std::move(file));
}

}  // namespace ztp
