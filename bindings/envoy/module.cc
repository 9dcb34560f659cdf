// What Envoy calls: its dynamic module's entry points, each one of the filter's.
//
// Boundary: no exception goes out, and what fails denies. Events that do not matter here are
// answered all the same, as Envoy takes no module that leaves one out.
#include <memory>
#include <new>
#include <string>

#include "bindings/envoy/abi.h"
#include "bindings/envoy/filter.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::envoy {
namespace {

// Envoy hands back what it was given as const.
Stream& StreamOf(const void* stream) { return *static_cast<Stream*>(const_cast<void*>(stream)); }

template <typename Status, typename Event>
Status Guarded(void* envoy, const void* stream, Status failed, Event event) {
  try {
    return event(StreamOf(stream));
  } catch (...) {
    try {
      StreamOf(stream).Fail(envoy);
    } catch (...) {
    }
    return failed;
  }
}

}  // namespace

#define ZTP_ENVOY_EVENT extern "C" __attribute__((visibility("default")))

ZTP_ENVOY_EVENT const char* envoy_dynamic_module_on_program_init() { return kAbiVersion; }

ZTP_ENVOY_EVENT const void* envoy_dynamic_module_on_http_filter_config_new(void* envoy, Buffer,
                                                                           Buffer config) {
  std::string problem;
  try {
    absl::StatusOr<std::unique_ptr<Filter>> filter =
        Filter::Make(envoy, ToView(config), envoy_dynamic_module_callback_get_concurrency());
    if (filter.ok()) return filter->release();
    problem = Cat("ztp: the filter's configuration: ", Message(filter.status()));
  } catch (...) {
    return nullptr;
  }
  TellEnvoy(kLogError, problem);
  return nullptr;
}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_config_destroy(const void* filter) {
  delete static_cast<const Filter*>(filter);
}

ZTP_ENVOY_EVENT const void* envoy_dynamic_module_on_http_filter_new(const void* filter, void*) {
  return new (std::nothrow) Stream(*static_cast<const Filter*>(filter));
}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_destroy(const void* stream) {
  delete static_cast<const Stream*>(stream);
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_request_headers(void* envoy,
                                                                        const void* stream,
                                                                        bool ends) {
  return Guarded(envoy, stream, kHeadersStop,
                 [&](Stream& own) { return own.RequestHeaders(envoy, ends); });
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_request_body(void* envoy,
                                                                     const void* stream,
                                                                     bool ends) {
  return Guarded(envoy, stream, kBodyStopNoBuffer,
                 [&](Stream& own) { return own.RequestBody(envoy, ends); });
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_request_trailers(void* envoy,
                                                                         const void* stream) {
  return Guarded(envoy, stream, kTrailersStop,
                 [&](Stream& own) { return own.RequestTrailers(envoy); });
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_response_headers(void* envoy,
                                                                         const void* stream, bool) {
  return Guarded(envoy, stream, kHeadersStop,
                 [&](Stream& own) { return own.ResponseHeaders(envoy); });
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_response_body(void* envoy,
                                                                      const void* stream, bool) {
  return Guarded(envoy, stream, kBodyStopNoBuffer,
                 [&](Stream& own) { return own.ResponseBody(envoy); });
}

ZTP_ENVOY_EVENT int envoy_dynamic_module_on_http_filter_response_trailers(void*, const void*) {
  return kTrailersContinue;
}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_stream_complete(void*, const void*) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_scheduled(void* envoy, const void* stream,
                                                                   uint64_t) {
  Guarded(envoy, stream, 0, [&](Stream& own) {
    own.Logged(envoy);
    return 0;
  });
}

// This filter asks nobody else and writes no body: these never come.

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_callout_done(void*, const void*,
                                                                           uint64_t, int, void*,
                                                                           size_t, void*, size_t) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_stream_headers(void*, const void*,
                                                                             uint64_t, void*,
                                                                             size_t, bool) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_stream_data(void*, const void*,
                                                                          uint64_t, const void*,
                                                                          size_t, bool) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_stream_trailers(void*, const void*,
                                                                              uint64_t, void*,
                                                                              size_t) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_stream_complete(void*, const void*,
                                                                              uint64_t) {}

ZTP_ENVOY_EVENT void envoy_dynamic_module_on_http_filter_http_stream_reset(void*, const void*,
                                                                           uint64_t, int) {}

ZTP_ENVOY_EVENT void
envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(void*,
                                                                                 const void*) {}

ZTP_ENVOY_EVENT void
envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(void*,
                                                                                const void*) {}

}  // namespace ztp::envoy
