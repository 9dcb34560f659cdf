// See in_force.h.
#include "bindings/envoy/in_force.h"

#include <pthread.h>
#include <sys/stat.h>

#include <csignal>
#include <map>
#include <utility>

#include "bindings/envoy/abi.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::envoy {
namespace {

using server::ToStatus;
using server::ToText;

constexpr uint64_t kMaxKeyFileBytes = 64 << 10;

void Log(LogLevel level, const std::string& message) {
  envoy_dynamic_module_callback_log(level, ToBuffer(message));
}

// Configurations in use. Never destroyed: a filter may be, later than this would.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<InForce>, std::less<>> in_use;
};
Registry& TheRegistry() {
  static auto* const registry = new Registry;
  return *registry;
}

}  // namespace

absl::StatusOr<std::shared_ptr<InForce>> InForce::Get(std::string_view text, const Config& config) {
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  std::erase_if(registry.in_use, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = registry.in_use.find(text); found != registry.in_use.end()) {
    if (std::shared_ptr<InForce> in_force = found->second.lock()) return in_force;
  }
  std::shared_ptr<InForce> made(new InForce(config));
  ZTP_RETURN_IF_ERROR(made->Load());
  if (config.watch.count() > 0) {
    // Signals are Envoy's main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    made->watcher_ = std::thread([in_force = made.get()] { in_force->Watch(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  registry.in_use.insert_or_assign(std::string(text), made);
  return made;
}

InForce::~InForce() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

absl::StatusOr<server::SessionHandle> InForce::NewSession() {
  ztp_session* session = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(ztp_session_new(engine_.get(), &session)));
  return server::SessionHandle(session);
}

bool InForce::ReadsBodies() const {
  const server::PolicyHandle policy(ztp_engine_policy(engine_.get()));
  return ztp_policy_reads_bodies(policy.get());
}

absl::Status InForce::Load() {
  if (!config_.signed_by.empty()) {
    std::string keys;
    for (const std::string& file : config_.signed_by) {
      ZTP_ASSIGN_OR_RETURN(const MappedFile text, CopyFile(file, kMaxKeyFileBytes, "public keys"));
      Append(keys, text.bytes, "\n");
    }
    ztp_signers* signers = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(
        ztp_signers_new(ToText(keys), config_.threshold, ToText(config_.state), &signers)));
    signers_.reset(signers);
  }
  if (!config_.epoch.empty()) {
    ztp_epoch* epoch = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_epoch_open(ToText(config_.epoch), ZTP_EPOCH_READ, &epoch)));
    epoch_.reset(epoch);
  }
  if (!config_.trust.empty()) {
    ztp_trust* trust = nullptr;
    ZTP_RETURN_IF_ERROR(ToStatus(ztp_trust_load(ToText(config_.trust), &trust)));
    trust_.reset(trust);
  }
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = ZTP_COPY_FILES;  // an operator may well copy over a file in place
  options.signers = signers_.get();
  options.epoch = epoch_.get();
  options.trust = trust_.get();
  std::vector<ztp_text> facts;
  for (const std::string& file : config_.facts) facts.push_back(ToText(file));
  seen_ = LookAtFiles();  // before they are read: what changes meanwhile is read again
  ztp_engine* engine = nullptr;
  ZTP_RETURN_IF_ERROR(ToStatus(
      ztp_engine_load(ToText(config_.policy), facts.data(), facts.size(), &options, &engine)));
  engine_.reset(engine);
  const server::PolicyHandle policy(ztp_engine_policy(engine));
  if (ztp_policy_routes(policy.get()) == 0) {
    return InvalidArgument(config_.policy, " has no `route`: it would deny every request");
  }
  return absl::OkStatus();
}

std::string InForce::Reload() {
  // First whose evidence counts: the facts' is verified by that.
  absl::Status status =
      trust_ == nullptr ? absl::OkStatus() : ToStatus(ztp_trust_reload(trust_.get()));
  if (status.ok()) status = ToStatus(ztp_engine_reload(engine_.get()));
  return std::string(Message(status));
}

std::string InForce::LookAtFiles() const {
  std::vector<std::string> files = {config_.policy};
  files.insert(files.end(), config_.facts.begin(), config_.facts.end());
  if (!config_.signed_by.empty()) {
    const size_t count = files.size();
    for (size_t i = 0; i < count; ++i) files.push_back(files[i] + ".sig");
  }
  if (!config_.trust.empty()) files.push_back(config_.trust);
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

void InForce::Watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, config_.watch, [this] { return ends_; })) {
    std::string looks = LookAtFiles();
    if (looks == seen_) continue;
    seen_ = std::move(looks);  // what cannot be loaded is not tried again until it changes
    lock.unlock();
    try {
      const std::string problem = Reload();
      if (problem.empty()) {
        Log(kLogInfo, Cat("ztp: reloaded ", config_.policy));
      } else {
        Log(kLogError, Cat("ztp: reload failed, the last good policy decides: ", problem));
      }
    } catch (...) {  // no memory
    }
    lock.lock();
  }
}

}  // namespace ztp::envoy
