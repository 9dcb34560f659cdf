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

#include "bindings/server/authzen.h"
#include "bindings/server/check_request.h"
#include "bindings/server/handles.h"
#include "bindings/server/http_route.h"
#include "bindings/server/settings.h"
#include "engine/facts/json_tree.h"

namespace ztp::server {

// One thread's.
class ExtAuthz {
 public:
  // Both must outlive it. The session is its own.
  ExtAuthz(const Settings& settings, SessionHandle session, DecisionObserver& observer)
      : settings_(settings), session_(std::move(session)), observer_(observer) {}

  // Always an answer. `now`: microseconds. An allow has
  // - x-ztp-valid-until (RFC 3339), if the permission ends by time, for the upstream and for
  // whoever
  //   is downstream: what may be cached, and how long a stream may go on;
  // - x-ztp-obligation, for the upstream: see obligation_header.h;
  // and takes away what a client sent under x-ztp-. A denial is 403 with the answer as JSON, as
  // --tell cuts it; 400 for what cannot be read; 503 where the engine failed. Both have the answer
  // as dynamic metadata.
  std::string Check(std::string_view request, int64_t now);

 private:
  std::string Decide(int64_t now);
  std::string Deny(unsigned status, std::string_view message);

  const Settings& settings_;
  const SessionHandle session_;
  DecisionObserver& observer_;
  CheckRequestReader reader_;
  JsonTree answer_;
};

}  // namespace ztp::server
