// See loaded_engine.h.
#include "bindings/server/loaded_engine.h"

#include <sys/stat.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::server {

absl::Status LoadedEngine::Load(std::string_view keys) {
  if (!files_.signed_by.empty()) {
    ztp_signers* signers = nullptr;
    ZTP_RETURN_IF_ERROR(
        ToStatus(ztp_signers_new(ToText(keys), files_.threshold, ToText(files_.state), &signers)));
    signers_.reset(signers);
  }
  if (!files_.epoch.empty()) {
    ztp_epoch* epoch = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_epoch_open(ToText(files_.epoch), ZTP_EPOCH_READ, &epoch)));
    epoch_.reset(epoch);
  }
  if (!files_.trust.empty()) {
    ztp_trust* trust = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_trust_load(ToText(files_.trust), &trust)));
    trust_.reset(trust);
  }
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = ZTP_COPY_FILES;  // an operator may well copy over a file in place
  if (needs_routes_) options.flags |= ZTP_NEEDS_ROUTES;
  options.signers = signers_.get();
  options.epoch = epoch_.get();
  options.trust = trust_.get();
  std::vector<ztp_text> facts;
  for (const std::string& file : files_.facts) facts.push_back(ToText(file));
  ztp_engine* engine = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(
      ztp_engine_load(ToText(files_.policy), facts.data(), facts.size(), &options, &engine)));
  engine_.reset(engine);
  return absl::OkStatus();
}

absl::Status LoadedEngine::Reload() {
  // First whose evidence counts: the facts' is verified by that.
  if (trust_ != nullptr) ZTP_RETURN_IF_ERROR(ToStatus(ztp_trust_reload(trust_.get())));
  return ToStatus(ztp_engine_reload(engine_.get()));
}

std::string LoadedEngine::LookAtFiles() const {
  std::vector<std::string> files = {files_.policy};
  files.insert(files.end(), files_.facts.begin(), files_.facts.end());
  if (!files_.signed_by.empty()) {
    const size_t count = files.size();
    for (size_t i = 0; i < count; ++i) files.push_back(files[i] + ".sig");
  }
  if (!files_.trust.empty()) files.push_back(files_.trust);
  std::string looks;
  for (const std::string& file : files) {
    struct stat about = {};
    if (stat(file.c_str(), &about) != 0) {
      looks += "-;";
    } else {
      Append(looks, about.st_dev, " ", about.st_ino, " ", about.st_size, " ", about.st_mtim.tv_sec,
             " ", about.st_mtim.tv_nsec, ";");
    }
  }
  return looks;
}

absl::StatusOr<SessionHandle> LoadedEngine::NewSession() const {
  ztp_session* session = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(ztp_session_new(engine_.get(), &session)));
  return SessionHandle(session);
}

}  // namespace ztp::server
