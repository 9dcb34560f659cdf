// See in_force.h.
#include "bindings/server/in_force.h"

#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::server {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 64 << 10;

absl::StatusOr<std::string> ReadKeys(const std::vector<std::string>& files) {
  std::string keys;
  for (const std::string& file : files) {
    ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(file, kMaxKeyFileBytes));
    keys += text;
    keys += '\n';
  }
  return keys;
}

}  // namespace

absl::StatusOr<std::unique_ptr<InForce>> InForce::Load(const Settings& settings, Metrics* metrics) {
  std::unique_ptr<InForce> made(new InForce(settings, metrics));
  ZTP_RETURN_IF_ERROR(made->LoadAll());
  return made;
}

absl::Status InForce::LoadAll() {
  ZTP_ASSIGN_OR_RETURN(const std::string keys, ReadKeys(settings_.signed_by));
  seen_ = engine_.LookAtFiles();  // before they are read: what changes meanwhile is read again
  ZTP_RETURN_IF_ERROR(engine_.Load(keys));
  if (metrics_ != nullptr) metrics_->SetGeneration(generation());
  return absl::OkStatus();
}

std::string InForce::PolicyDigest() const {
  const PolicyHandle policy = engine_.policy();
  return std::string(ToView(ztp_policy_digest(policy.get())));
}

absl::Status InForce::Reload() {
  const std::lock_guard lock(reloads_);
  std::string looks = engine_.LookAtFiles();
  {
    // What cannot be loaded is not tried again until it changes.
    const std::lock_guard seen_lock(seen_mutex_);
    seen_ = std::move(looks);
  }
  const absl::Status status = engine_.Reload();
  if (metrics_ != nullptr) {
    metrics_->Reloaded(status.ok());
    metrics_->SetGeneration(generation());
  }
  return status;
}

bool InForce::FilesChanged() const {
  const std::string looks = engine_.LookAtFiles();
  const std::lock_guard lock(seen_mutex_);
  return looks != seen_;
}

}  // namespace ztp::server
