// See in_force.h.
#include "bindings/envoy/in_force.h"

#include <map>
#include <utility>

#include "bindings/envoy/abi.h"
#include "bindings/envoy/without_signals.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::envoy {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 64 << 10;

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
    const WithoutSignals without_signals;
    made->watcher_ = std::thread([in_force = made.get()] { in_force->Watch(); });
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

absl::Status InForce::Load() {
  std::string keys;
  for (const std::string& file : config_.signed_by) {
    ZTP_ASSIGN_OR_RETURN(const MappedFile text, CopyFile(file, kMaxKeyFileBytes, "public keys"));
    Append(keys, text.bytes, "\n");
  }
  seen_ = engine_.LookAtFiles();  // before they are read: what changes meanwhile is read again
  return engine_.Load(keys);
}

void InForce::Watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, config_.watch, [this] { return ends_; })) {
    std::string looks = engine_.LookAtFiles();
    if (looks == seen_) continue;
    seen_ = std::move(looks);  // what cannot be loaded is not tried again until it changes
    lock.unlock();
    try {
      if (const absl::Status status = engine_.Reload(); status.ok()) {
        TellEnvoy(kLogInfo, Cat("ztp: reloaded ", config_.policy));
      } else {
        TellEnvoy(kLogError,
                  Cat("ztp: reload failed, the last good policy decides: ", Message(status)));
      }
    } catch (...) {  // no memory
    }
    lock.lock();
  }
}

}  // namespace ztp::envoy
