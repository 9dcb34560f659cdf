// Envoy's external authorization: a CheckRequest's bytes in, a CheckResponse's out.
//
// Boundary: no connection, no thread of its own. Which request of the policy an HTTP request is,
// its routes say; what is decided, the engine. Here that becomes headers, metadata, or a body that
// says why. Whatever goes wrong is a denial.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/server/check_request.h"
#include "bindings/server/decision_log.h"
#include "bindings/server/decision_observer.h"
#include "bindings/server/handles.h"
#include "bindings/server/http_route.h"
#include "bindings/server/settings.h"
#include "bindings/server/shadow.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// One thread's.
class ExtAuthz {
 public:
  // All must outlive it but the session, which is its own. `log`, `shadow`: or null.
  ExtAuthz(const Settings& settings, SessionHandle session, DecisionObserver& observer,
           DecisionLog* log = nullptr, ShadowSession* shadow = nullptr)
      : settings_(settings),
        session_(std::move(session)),
        observer_(observer),
        log_(log),
        shadow_(shadow) {}

  struct Answer {
    std::string message;  // a CheckResponse
    // Not 0: it may go out once the audit log has this (DecisionLog::WhenLogged); if it never will,
    // NotLogged goes out instead.
    uint64_t ticket = 0;
  };

  // Always an answer. `now`: microseconds; `gateway`: who asks, as authenticated. An allow has
  // - x-ztp-valid-until (RFC 3339), if the permission ends by time, for the upstream and for
  // whoever
  //   is downstream: what may be cached, and how long a stream may go on;
  // - x-ztp-obligation, for the upstream: see obligation_header.h;
  // - x-ztp-decision-id, for the upstream, where decisions are logged;
  // and takes away what a client sent under x-ztp-. A denial is 403 with the answer as JSON, as
  // --tell cuts it; 400 for what cannot be read; 503 where the engine failed, or the log takes
  // nothing. Both have the answer as dynamic metadata.
  Answer Check(std::string_view request, std::string_view gateway, int64_t now);

  // A denial: the log does not have the decision.
  static std::string NotLogged();

 private:
  Answer Decide(const Asker& asker, const Routed& routed, int64_t now);
  std::string Respond(const ztp_decision& decision, std::string_view answer, std::string_view route,
                      std::string_view id);
  // Not decided: why is logged.
  Answer Refuse(const Asker& asker, unsigned status, std::string_view message, int64_t now);
  std::string Deny(unsigned status, std::string_view message, std::string_view id) const;
  // False: the log does not take it.
  bool Log(const Asker& asker, std::string_view id, std::string_view request,
           std::string_view answer, std::string_view shadow, int64_t now, uint64_t nanoseconds,
           uint64_t* ticket);

  const Settings& settings_;
  const SessionHandle session_;
  DecisionObserver& observer_;
  DecisionLog* const log_;
  ShadowSession* const shadow_;
  CheckRequestReader reader_;
  JsonTree answer_;
};

}  // namespace ztp::server
