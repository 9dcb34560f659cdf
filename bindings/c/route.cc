// HTTP requests to requests of the policy, by its routes.
#include "engine/route/router.h"

#include <string>
#include <utility>
#include <vector>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "engine/base/status.h"
#include "engine/runtime/route_evidence.h"

using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::Text;
using ztp::c::View;

namespace ztp::c {
namespace {

ztp_code CodeOf(const absl::Status& status) {
  if (absl::IsNotFound(status)) return ZTP_NOT_FOUND;
  return absl::IsPermissionDenied(status) ? ZTP_REFUSED : ZTP_BAD_REQUEST;
}

}  // namespace
}  // namespace ztp::c

extern "C" {

ztp_error* ztp_route(ztp_session* session, const ztp_http_request* http, int64_t now,
                     ztp_text* route, ztp_text* request) {
  ZTP_CHECK_OUT(route);
  *route = Text("");
  ZTP_CHECK_OUT(request);
  *request = Text("");
  ZTP_CHECK_ALIVE(session);
  if (http == nullptr || http->struct_size < sizeof(ztp_http_request)) {
    return Misuse(__func__, "`http->struct_size` is not set: begin with ZTP_HTTP_REQUEST_INIT");
  }
  if (http->headers == nullptr && http->header_count != 0) {
    return Misuse(__func__, "`http->headers` is NULL, and there are some");
  }
  for (const ztp_text text : {http->method, http->scheme, http->authority, http->path, http->body,
                              http->peer_spiffe, http->peer_certificates, http->source_ip}) {
    ZTP_CHECK_TEXT(text);
  }
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<ztp::route::HttpHeader> headers;
    headers.reserve(http->header_count);
    for (size_t i = 0; i < http->header_count; ++i) {
      ZTP_CHECK_TEXT(http->headers[i].name);
      ZTP_CHECK_TEXT(http->headers[i].value);
      headers.push_back({View(http->headers[i].name), View(http->headers[i].value)});
    }
    session->verified.clear();
    const ztp::World& world = session->Refresh();
    const ztp::route::HttpRequest in{.method = View(http->method),
                                     .scheme = View(http->scheme),
                                     .authority = View(http->authority),
                                     .target = View(http->path),
                                     .headers = headers,
                                     .body = View(http->body),
                                     .body_partial = (http->flags & ZTP_HTTP_BODY_PARTIAL) != 0,
                                     .headers_joined = (http->flags & ZTP_HTTP_HEADERS_JOINED) != 0,
                                     .peer_spiffe = View(http->peer_spiffe),
                                     .peer_certificates = View(http->peer_certificates),
                                     .source_ip = View(http->source_ip)};
    ztp::RouteEvidence evidence(world.schema(), world.trust.get(), ztp::Time{now});
    auto routed = world.named->router->Take(in, evidence, session->routing);
    if (!routed.ok()) {
      return NewError(ztp::c::CodeOf(routed.status()), ztp::Message(routed.status()));
    }
    session->route_name = routed->route->full_name();
    session->routed = std::move(routed->request);
    session->verified = evidence.TakeVerified();
    *route = Text(session->route_name);
    *request = Text(session->routed);
    return nullptr;
  });
}

size_t ztp_policy_routes(const ztp_policy* policy) {
  return ztp::c::Alive(policy) ? policy->policy->router->size() : 0;
}

bool ztp_policy_reads_bodies(const ztp_policy* policy) {
  return ztp::c::Alive(policy) && policy->policy->router->reads_bodies();
}

}  // extern "C"
