// An HTTP request that somebody else serves, and the request of the policy that its routes make of
// it.
//
// Boundary: what a gateway says about a request, whichever gateway that is; what routes are, the
// engine says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bindings/c/ztp.h"
#include "bindings/server/handles.h"

namespace ztp::server {

// What a request became. Views are valid until the next one of the session.
struct Routed {
  unsigned failed = 0;       // the HTTP status to answer with; 0: there is a request
  std::string_view route;    // the route's name
  std::string_view request;  // AuthZEN's JSON, for ztp_decide_json
  std::string message;       // failed: why, for people
};

// 403: no route takes it, or its form is refused; 400: a route takes it, and what that needs is
// missing or ambiguous; 503: the engine failed.
Routed RouteHttp(ztp_session* session, const ztp_http_request& http, int64_t now);

// What the audit log has of one that became no request of the policy: which one it was, without the
// query, in which there may be anything.
std::string HttpAsLogged(const ztp_http_request& http);

}  // namespace ztp::server
