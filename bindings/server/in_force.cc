// See in_force.h.
#include "bindings/server/in_force.h"

#include <sys/stat.h>

#include <sstream>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
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
  if (!settings_.signed_by.empty()) {
    ZTP_ASSIGN_OR_RETURN(const std::string keys, ReadKeys(settings_.signed_by));
    ztp_signers* signers = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(
        ztp_signers_new(ToText(keys), settings_.threshold, ToText(settings_.state), &signers)));
    signers_.reset(signers);
  }
  if (!settings_.epoch.empty()) {
    ztp_epoch* epoch = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_epoch_open(ToText(settings_.epoch), ZTP_EPOCH_READ, &epoch)));
    epoch_.reset(epoch);
  }
  if (!settings_.trust.empty()) {
    ztp_trust* trust = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_trust_load(ToText(settings_.trust), &trust)));
    trust_.reset(trust);
  }
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = ZTP_COPY_FILES;  // an operator may well copy over a file in place
  options.signers = signers_.get();
  options.epoch = epoch_.get();
  options.trust = trust_.get();
  std::vector<ztp_text> facts;
  for (const std::string& file : settings_.facts) facts.push_back(ToText(file));
  seen_ = LookAtFiles();  // before they are read: what changes meanwhile is read again
  ztp_engine* engine = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(
      ztp_engine_load(ToText(settings_.policy), facts.data(), facts.size(), &options, &engine)));
  engine_.reset(engine);
  if (metrics_ != nullptr) metrics_->SetGeneration(generation());
  return absl::OkStatus();
}

absl::StatusOr<SessionHandle> InForce::NewSession() {
  ztp_session* session = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(ztp_session_new(engine_.get(), &session)));
  return SessionHandle(session);
}

std::string InForce::PolicyDigest() const {
  const PolicyHandle policy(ztp_engine_policy(engine_.get()));
  return std::string(ToView(ztp_policy_digest(policy.get())));
}

size_t InForce::Routes() const {
  const PolicyHandle policy(ztp_engine_policy(engine_.get()));
  return ztp_policy_routes(policy.get());
}

absl::Status InForce::Reload() {
  const std::lock_guard lock(reloads_);
  std::string looks = LookAtFiles();
  {
    // What cannot be loaded is not tried again until it changes.
    const std::lock_guard seen_lock(seen_mutex_);
    seen_ = std::move(looks);
  }
  // First whose evidence counts: the facts' is verified by that.
  absl::Status status =
      trust_ == nullptr ? absl::OkStatus() : ToStatus(ztp_trust_reload(trust_.get()));
  if (status.ok()) status = ToStatus(ztp_engine_reload(engine_.get()));
  if (metrics_ != nullptr) {
    metrics_->Reloaded(status.ok());
    metrics_->SetGeneration(generation());
  }
  return status;
}

bool InForce::FilesChanged() const {
  const std::string looks = LookAtFiles();
  const std::lock_guard lock(seen_mutex_);
  return looks != seen_;
}

std::vector<std::string> InForce::Files() const {
  std::vector<std::string> files = {settings_.policy};
  files.insert(files.end(), settings_.facts.begin(), settings_.facts.end());
  if (!settings_.signed_by.empty()) {
    const size_t count = files.size();
    for (size_t i = 0; i < count; ++i) files.push_back(files[i] + ".sig");
  }
  if (!settings_.trust.empty()) files.push_back(settings_.trust);
  return files;
}

std::string InForce::LookAtFiles() const {
  std::ostringstream looks;
  for (const std::string& file : Files()) {
    struct stat about = {};
    if (stat(file.c_str(), &about) != 0) {
      looks << "-;";
    } else {
      looks << about.st_dev << ' ' << about.st_ino << ' ' << about.st_size << ' '
            << about.st_mtim.tv_sec << ' ' << about.st_mtim.tv_nsec << ';';
    }
  }
  return looks.str();
}

}  // namespace ztp::server
