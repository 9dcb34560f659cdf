// See http_route.h.
#include "bindings/server/http_route.h"

#include <memory>

#include "engine/facts/json_sink.h"

namespace ztp::server {

Routed RouteHttp(ztp_session* session, const ztp_http_request& http, int64_t now) {
  ztp_text route{};
  ztp_text request{};
  Routed routed;
  const std::unique_ptr<ztp_error, HandleFree<&ztp_error_free>> error(
      ztp_route(session, &http, now, &route, &request));
  switch (ztp_error_code(error.get())) {
    case ZTP_OK:
      routed.route = ToView(route);
      routed.request = ToView(request);
      return routed;
    case ZTP_BAD_REQUEST:
    case ZTP_LIMIT:
      routed.failed = 400;
      break;
    case ZTP_NOT_FOUND:
    case ZTP_REFUSED:
      routed.failed = 403;
      break;
    default:
      routed.failed = 503;
      routed.message = "the engine failed: nothing was decided";
      return routed;
  }
  routed.message = ToView(ztp_error_message(error.get()));
  return routed;
}

std::string HttpAsLogged(const ztp_http_request& http) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"http\":{\"method\":");
  sink.PutText(ToView(http.method));
  sink.Put(",\"authority\":");
  sink.PutText(ToView(http.authority));
  sink.Put(",\"path\":");
  const std::string_view path = ToView(http.path);
  sink.PutText(path.substr(0, path.find('?')));
  sink.Put("}}");
  sink.Flush();
  return out;
}

}  // namespace ztp::server
