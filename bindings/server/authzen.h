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

#include "bindings/server/handles.h"
#include "bindings/server/http_message.h"
#include "bindings/server/settings.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// Told of everything that was decided, on the thread that did, before the answer is sent.
class DecisionObserver {
 public:
  virtual ~DecisionObserver() = default;
  // `decision` is valid during the call. `nanoseconds`: from the request's text to the decision.
  virtual void Decided(const ztp_decision& decision, uint64_t nanoseconds) = 0;
  // A request that could not be read, and was denied therefore.
  virtual void Unread() = 0;
};

// One thread's.
class AuthZen {
 public:
  static constexpr size_t kMemberCount = 6;  // that a request may have

  // Both must outlive it. The session is its own.
  AuthZen(const Settings& settings, SessionHandle session, DecisionObserver& observer)
      : settings_(settings), session_(std::move(session)), observer_(observer) {}

  // Is this path one of the API's?
  static bool Serves(std::string_view path);

  // Any request with such a path. `now`: microseconds. Where the engine fails (no memory) the
  // answer is 500, which is no permission, or a denial among several.
  HttpResponse Handle(const HttpRequest& request, int64_t now);

 private:
  using Defaults = std::array<std::string_view, kMemberCount>;  // empty: there is none

  struct Evaluated {
    bool allow = false;
    unsigned failed = 0;  // the HTTP status; 0: it was decided
    std::string answer;   // JSON
    std::string message;  // failed: why
  };

  HttpResponse Metadata() const;
  HttpResponse Evaluation(std::string_view body, int64_t now);
  HttpResponse Evaluations(std::string_view body, int64_t now);
  Evaluated Evaluate(std::string_view request, int64_t now);
  // One request of several, with the defaults of them all; both as they stand in the body.
  std::string Item(std::string_view body, const Defaults& defaults, const JsonNode& item) const;

  const Settings& settings_;
  const SessionHandle session_;
  DecisionObserver& observer_;
  JsonTree body_;
  JsonTree answer_;
};

}  // namespace ztp::server
