// AuthZEN's Authorization API 1.0 over HTTP, sections 6, 7, 9 and 10.1: evaluation, evaluations,
// metadata. openid.net/specs/authorization-api-1_0.html
//
// Boundary: a request's text in, an answer's text out; no connection, no thread of its own. What a
// decision is, the engine says: here its answer is cut down to what callers may learn, and several
// requests are taken apart.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/server/decision_log.h"
#include "bindings/server/decision_observer.h"
#include "bindings/server/handles.h"
#include "bindings/server/http_message.h"
#include "bindings/server/settings.h"
#include "bindings/server/shadow.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// One thread's.
class AuthZen {
 public:
  static constexpr size_t kMemberCount = 6;  // that a request may have

  // All must outlive it but the session, which is its own. `log`, `shadow`: or null.
  AuthZen(const Settings& settings, SessionHandle session, DecisionObserver& observer,
          DecisionLog* log = nullptr, ShadowSession* shadow = nullptr)
      : settings_(settings),
        session_(std::move(session)),
        observer_(observer),
        log_(log),
        shadow_(shadow) {}

  // Is this path one of the API's?
  static bool Serves(std::string_view path);

  // Any request with such a path. `now`: microseconds. Where the engine fails (no memory) the
  // answer is 500, which is no permission, or a denial among several. With a log the answer waits
  // for it (HttpResponse::when); one that the log does not take is 503.
  HttpResponse Handle(const HttpRequest& request, int64_t now);

 private:
  using Defaults = std::array<std::string_view, kMemberCount>;  // empty: there is none

  struct Evaluated {
    bool allow = false;
    unsigned failed = 0;  // the HTTP status; 0: it was decided
    std::string answer;   // JSON
    std::string message;  // failed: why
    std::string id;       // the decision's; empty: it is not logged
  };

  static HttpResponse FailureOf(Evaluated evaluated);
  HttpResponse Metadata() const;
  HttpResponse Evaluation(std::string_view body, int64_t now);
  HttpResponse Evaluations(std::string_view body, int64_t now);
  Evaluated Evaluate(std::string_view request, int64_t now);
  // A request that is not decided since it cannot be read, or not by the engine.
  Evaluated Refuse(std::string_view request, unsigned status, std::string message, int64_t now);
  void Log(std::string_view id, std::string_view request, std::string_view answer,
           std::string_view shadow, int64_t now, uint64_t nanoseconds);
  // One request of several, with the defaults of them all; both as they stand in the body.
  std::string Item(std::string_view body, const Defaults& defaults, const JsonNode& item) const;

  const Settings& settings_;
  const SessionHandle session_;
  DecisionObserver& observer_;
  DecisionLog* const log_;
  ShadowSession* const shadow_;
  // Of the request that is handled.
  Asker asker_;
  uint64_t ticket_ = 0;
  bool is_taken_ = true;  // by the log
  JsonTree body_;
  JsonTree answer_;
};

}  // namespace ztp::server
