// Deciding HTTP requests inside Envoy: a filter for each configuration, a stream for each request.
//
// Boundary: what Envoy lends in abi.h to ztp_route and ztp_decide_json and back, and what was
// decided to the audit log. Whatever goes wrong on the way denies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/envoy/abi.h"
#include "bindings/envoy/audit_trail.h"
#include "bindings/envoy/config.h"
#include "bindings/envoy/in_force.h"
#include "bindings/server/handles.h"
#include "engine/facts/json_tree.h"

namespace ztp::envoy {

// What one of Envoy's worker threads has: nothing of it is shared.
struct Worker {
  server::SessionHandle session;
  JsonTree tree;
  std::vector<Header> headers;        // as Envoy has them
  std::vector<ztp_http_header> http;  // as routes want them
  std::vector<Buffer> pieces;         // of a body
  std::string source;                 // the peer's address
  std::string certificates;
};

// Made on Envoy's main thread; then any worker's.
class Filter {
 public:
  // InvalidArgument: the configuration, or something that it names.
  static absl::StatusOr<std::unique_ptr<Filter>> Make(FilterConfig* envoy, std::string_view config,
                                                      uint32_t workers);

  const Config& config() const { return config_; }
  // Of the calling thread. Null: there are more than Envoy said.
  Worker* WorkerOf(HttpFilter* envoy) const;
  // `"can":[…],` for requests; empty: the upstream carries out all obligations.
  std::string_view can() const { return can_; }
  // Where decisions are logged; null: nowhere.
  AuditTrail* audit() const { return audit_; }
  // Does the policy in force have a route that reads bodies?
  bool ReadsBodies() const { return in_force_->ReadsBodies(); }

  enum Counter : uint8_t { kAllowed, kDenied, kFailed, kEnded };
  void Count(HttpFilter* envoy, Counter counter) const;

 private:
  explicit Filter(Config config) : config_(std::move(config)) {}

  static constexpr size_t kCounters = 4;
  static constexpr size_t kNotDefined = SIZE_MAX;

  const Config config_;
  std::string can_;
  std::shared_ptr<InForce> in_force_;  // outlives the sessions
  AuditTrail* audit_ = nullptr;        // the process's
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t counters_[kCounters] = {kNotDefined, kNotDefined, kNotDefined, kNotDefined};
};

// One request and its response; its worker's. Events come in HTTP's order.
class Stream {
 public:
  explicit Stream(const Filter& filter) : filter_(filter) {}

  HeadersStatus RequestHeaders(HttpFilter* envoy, bool ends);
  BodyStatus RequestBody(HttpFilter* envoy, bool ends);
  TrailersStatus RequestTrailers(HttpFilter* envoy);
  HeadersStatus ResponseHeaders(HttpFilter* envoy);
  BodyStatus ResponseBody(HttpFilter* envoy);
  // The log has what was waited for, or never will. The stream may be gone behind it.
  void Logged(HttpFilter* envoy);
  // An event failed in a way that is nobody's: no memory. Denies, if that can still be done.
  void Fail(HttpFilter* envoy);

 private:
  enum class State : uint8_t {
    kNew,
    kWaiting,  // for the whole body, which a route needs
    kLogging,  // decided, once the log has it
    kAllowed,
    kRefused,  // the answer is on its way
  };
  enum class Body : uint8_t { kWhole, kNotYet, kNever };  // is body_ all of it?

  // What becomes of the request, and what the log calls that.
  struct Verdict {
    unsigned status = 0;  // of the refusal; 0: it goes on
    Filter::Counter counter = Filter::kAllowed;
    std::string body;         // of the refusal
    std::string obligations;  // the header's value; empty: none
    std::string id;           // empty: it is in no log
    bool later = false;       // the same request may be asked again soon
  };
  // By whom and as what it was asked, kept where there is a log.
  struct Asked {
    std::string name;
    std::string request_id;
    std::string traceparent;
    std::string http;  // the request, as the log has one that is none of the policy
  };

  void Decide(HttpFilter* envoy, Body body);
  bool Route(HttpFilter* envoy, Worker& worker, Body body, int64_t now);
  // The engine's decision about request_.
  absl::Status Ask(Worker& worker, int64_t now, ztp_decision* decision, std::string_view* answer,
                   uint64_t* nanoseconds) const;
  void Conclude(HttpFilter* envoy, Worker& worker, int64_t now);
  // The verdict becomes true once the log has the decision: at once where nothing has to wait.
  void Log(HttpFilter* envoy, Verdict verdict, std::string_view request, std::string_view answer,
           int64_t now, uint64_t nanoseconds);
  // False: the log does not take it.
  bool Append(std::string_view id, std::string_view request, std::string_view answer, int64_t now,
              uint64_t nanoseconds, uint64_t* ticket) const;
  // These end in what may end the stream, where it is no event of the request's that they are for.
  void CarryOut(HttpFilter* envoy, const Verdict& verdict);
  void Allow(HttpFilter* envoy, const Verdict& verdict);
  void Refuse(HttpFilter* envoy, const Verdict& verdict);
  void NotLogged(HttpFilter* envoy);
  // With a reason that is no decision's, told unless nothing is. Logged as `request`.
  void RefuseWith(HttpFilter* envoy, unsigned status, std::string_view message,
                  std::string_view request, Filter::Counter counter);
  // The body of such a refusal.
  std::string Told(unsigned status, std::string_view message, std::string_view id) const;
  bool StillHolds(int64_t now);
  bool StillAllowed(HttpFilter* envoy);
  void TakePiece(HttpFilter* envoy, Worker& worker);

  const Filter& filter_;
  State state_ = State::kNew;
  std::string body_;
  std::string route_;
  std::string request_;  // of the policy, as JSON
  std::string valid_until_;
  ztp_lease lease_{};
  int64_t decided_at_ = 0;
  Asked asked_;
  Verdict verdict_;                    // that waits for the log
  std::unique_ptr<HeldVerdict> held_;  // the same
  unsigned waited_ = 0;                // how often
  bool in_event_ = true;               // Envoy has asked, and goes on by what it is answered
};

}  // namespace ztp::envoy
