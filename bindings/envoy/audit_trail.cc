// See audit_trail.h. An entry that is on disk is told by the log's thread, one that is late by this
// one's: both only hand an event to the worker's loop, under a lock that the stream's end takes
// too. As long as a stream is there, so is its worker's loop.
#include "bindings/envoy/audit_trail.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "bindings/envoy/without_signals.h"
#include "bindings/server/key_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::envoy {
namespace {

using std::chrono::steady_clock;

// How often it is looked at how the log is. No wait is shorter.
constexpr std::chrono::seconds kLook{1};

// Logs that are open. Never destroyed: streams may be, later than this would.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<AuditTrail>, std::less<>> open;
};
Registry& TheRegistry() {
  static auto* const registry = new Registry;
  return *registry;
}

// The same for all names that a folder has.
std::string Canonical(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder, error);
  return error ? folder : path.string();
}

}  // namespace

// ---- A verdict that waits ----

struct HeldVerdict::Shared {
  explicit Shared(Scheduler* way_back) : scheduler(way_back) {}

  // Any thread, any number of times: the first holds.
  void Finish(bool may_go) {
    const std::lock_guard lock(mutex);
    if (scheduler == nullptr || is_done) return;
    is_done = true;
    is_logged = may_go;
    envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler, 0);
  }
  bool IsOver() {
    const std::lock_guard lock(mutex);
    return scheduler == nullptr || is_done;
  }

  std::mutex mutex;
  Scheduler* scheduler;  // null: the stream waits no longer
  bool is_done = false;
  bool is_logged = false;
};

HeldVerdict::HeldVerdict(HttpFilter* envoy)
    : shared_(std::make_shared<Shared>(
          envoy_dynamic_module_callback_http_filter_scheduler_new(envoy))) {}

HeldVerdict::~HeldVerdict() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->scheduler == nullptr) return;
  envoy_dynamic_module_callback_http_filter_scheduler_delete(shared_->scheduler);
  shared_->scheduler = nullptr;
}

bool HeldVerdict::is_logged() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->is_logged;
}

// ---- The log ----

absl::StatusOr<AuditTrail*> AuditTrail::Get(const Config& config) {
  Registry& registry = TheRegistry();
  const std::string folder = Canonical(config.audit.folder);
  const std::lock_guard lock(registry.mutex);
  if (const auto found = registry.open.find(folder); found != registry.open.end()) {
    AuditTrail& trail = *found->second;
    server::AuditLogOptions same = config.audit;
    same.folder = trail.options_.folder;  // by another name, perhaps
    if (same != trail.options_ || config.audit_timeout != trail.timeout_) {
      return InvalidArgument("the audit log ", config.audit.folder,
                             " is open with other settings, which it keeps until Envoy ends");
    }
    return &trail;
  }
  const WithoutSignals without_signals;
  ZTP_ASSIGN_OR_RETURN(std::unique_ptr<server::DecisionLog> log,
                       server::DecisionLog::Open(config.audit, server::LoadKeyFile));
  // Behind all that the log has set up, so that it is there when this is called.
  if (registry.open.empty()) (void)std::atexit(&AuditTrail::CloseAll);
  std::unique_ptr<AuditTrail> made(new AuditTrail(config, std::move(log)));
  return registry.open.insert_or_assign(folder, std::move(made)).first->second.get();
}

absl::Status AuditTrail::Check(const Config& config) {
  return server::CheckAuditLog(config.audit, server::LoadKeyFile);
}

AuditTrail::AuditTrail(const Config& config, std::unique_ptr<server::DecisionLog> log)
    : options_(config.audit),
      timeout_(config.audit_timeout),
      log_(std::move(log)),
      thread_([this] { Run(); }) {}

// The process ends: Envoy's workers are gone. What is in the queue is written.
void AuditTrail::CloseAll() {
  Registry& registry = TheRegistry();
  const std::lock_guard lock(registry.mutex);
  for (const auto& [folder, trail] : registry.open) trail->Close();
}

void AuditTrail::Close() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (const absl::Status closed = log_->Close(); !closed.ok()) {
    // Envoy's own log may be gone by now.
    std::fputs(
        Cat("ztp: the audit log ", options_.folder, " was not closed: ", Message(closed), "\n")
            .c_str(),
        stderr);
  }
}

std::unique_ptr<HeldVerdict> AuditTrail::Hold(uint64_t ticket, HttpFilter* envoy) {
  auto held = std::make_unique<HeldVerdict>(envoy);
  {
    const std::lock_guard lock(mutex_);
    const auto is_over = [](const Wait& wait) {
      const auto verdict = wait.verdict.lock();
      return verdict == nullptr || verdict->IsOver();
    };
    // Most come to an end in their order, long before their time.
    while (!waits_.empty() && is_over(waits_.front())) waits_.pop_front();
    waits_.push_back({steady_clock::now() + timeout_, held->shared_});
  }
  log_->WhenLogged(ticket, [verdict = held->shared_](bool may_go) { verdict->Finish(may_go); });
  return held;
}

void AuditTrail::Run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    auto until = steady_clock::now() + kLook;
    if (!waits_.empty()) until = std::min(until, waits_.front().until);
    wake_.wait_until(lock, until, [this] { return ends_; });
    while (!waits_.empty() && waits_.front().until <= steady_clock::now()) {
      const auto late = waits_.front().verdict.lock();
      waits_.pop_front();
      if (late != nullptr) late->Finish(false);
    }
    lock.unlock();
    TellState();
    lock.lock();
  }
}

void AuditTrail::TellState() {
  try {
    const audit::AuditStatus status = log_->status();
    const bool failing = status.stopped || !status.error.ok();
    if (failing && !was_failing_) {
      TellEnvoy(kLogError, Cat("ztp: the audit log ", options_.folder,
                               status.stopped ? " has stopped: " : " cannot be written: ",
                               Message(status.error)));
    } else if (!failing && was_failing_) {
      TellEnvoy(kLogWarning, Cat("ztp: the audit log ", options_.folder, " goes on"));
    }
    was_failing_ = failing;
    if (status.dropped > dropped_told_) {
      TellEnvoy(kLogError, Cat("ztp: the audit log ", options_.folder, " does not have ",
                               status.dropped - dropped_told_, " more decisions"));
      dropped_told_ = status.dropped;
    }
  } catch (...) {  // no memory: the next look tells
  }
}

}  // namespace ztp::envoy
