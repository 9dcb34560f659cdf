// Envoy's dynamic module interface, v0.2.0 (Envoy 1.40), as much of it as is used here.
//
// Boundary: declarations, written for this module; no code of Envoy's. Names of functions, the
// order of their parameters, layouts of structures and numbers are Envoy's
// (source/extensions/dynamic_modules/abi/abi.h) and must stay so. Enumerations are plain numbers:
// there they are C enumerations, which are passed as int.
//
// What Envoy calls (envoy_dynamic_module_on_…) is defined in module.cc; what it lends
// (envoy_dynamic_module_callback_…) its program exports. Views into a request are valid until the
// call that they were asked for in returns, or headers are changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ztp::envoy {

// Answered to Envoy when it loads the module: it warns where it has another one.
inline constexpr const char* kAbiVersion = "v0.2.0";

struct Buffer {
  const char* data = nullptr;
  size_t size = 0;
};
inline Buffer ToBuffer(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(Buffer buffer) {
  return buffer.data == nullptr ? std::string_view() : std::string_view(buffer.data, buffer.size);
}

struct Header {
  const char* name = nullptr;
  size_t name_size = 0;
  const char* value = nullptr;
  size_t value_size = 0;
};
inline std::string_view NameOf(const Header& header) { return {header.name, header.name_size}; }
inline std::string_view ValueOf(const Header& header) { return {header.value, header.value_size}; }

enum LogLevel : int { kLogInfo = 2, kLogWarning = 3, kLogError = 4 };
enum HeaderKind : int { kRequestHeaders = 0, kResponseHeaders = 2 };
enum BodyKind : int { kReceivedRequestBody = 0 };
enum ResetReason : int { kLocalReset = 0 };

// Attributes of a stream, of those that CEL has.
enum Attribute : int {
  kConnectionMtls = 29,              // bool: the peer has shown a certificate
  kConnectionUriSanPeer = 37,        // string: the first URI of its certificate
  kConnectionSha256PeerDigest = 38,  // string: of its certificate's DER, hexadecimal
};

// What becomes of a stream behind a call of the module's.
enum HeadersStatus : int {
  kHeadersContinue = 0,
  kHeadersStop = 1,
  kHeadersStopAll = 4,  // body and trailers too; what comes meanwhile is kept within limits
};
enum BodyStatus : int { kBodyContinue = 0, kBodyStopAndBuffer = 1, kBodyStopNoBuffer = 3 };
enum TrailersStatus : int { kTrailersContinue = 0, kTrailersStop = 1 };
enum LocalReplyStatus : int { kLocalReplyContinue = 0 };

using FilterConfig = void;  // Envoy's own objects: opaque
using HttpFilter = void;
using Scheduler = void;

extern "C" {

void envoy_dynamic_module_callback_log(int level, Buffer message);
uint32_t envoy_dynamic_module_callback_get_concurrency();
// `envoy --mode validate`: the configuration is looked at, and nothing will be served.
bool envoy_dynamic_module_callback_is_validation_mode();

// Counters of a filter, by the numbers that defining them gives. 0: it was done.
int envoy_dynamic_module_callback_http_filter_config_define_counter(FilterConfig* config,
                                                                    Buffer name, Buffer* labels,
                                                                    size_t label_count, size_t* id);
int envoy_dynamic_module_callback_http_filter_increment_counter(HttpFilter* filter, size_t id,
                                                                Buffer* labels, size_t label_count,
                                                                uint64_t by);

uint32_t envoy_dynamic_module_callback_http_filter_get_worker_index(HttpFilter* filter);

size_t envoy_dynamic_module_callback_http_get_headers_size(HttpFilter* filter, int kind);
bool envoy_dynamic_module_callback_http_get_headers(HttpFilter* filter, int kind, Header* headers);
// In place of all of that name; a value without data: in place of them there is none.
bool envoy_dynamic_module_callback_http_set_header(HttpFilter* filter, int kind, Buffer name,
                                                   Buffer value);
bool envoy_dynamic_module_callback_http_add_header(HttpFilter* filter, int kind, Buffer name,
                                                   Buffer value);

// The piece that a body's event is about.
size_t envoy_dynamic_module_callback_http_get_body_chunks_size(HttpFilter* filter, int kind);
bool envoy_dynamic_module_callback_http_get_body_chunks(HttpFilter* filter, int kind,
                                                        Buffer* pieces);
// How much of a body Envoy keeps for a stream.
uint64_t envoy_dynamic_module_callback_http_get_buffer_limit(HttpFilter* filter);
void envoy_dynamic_module_callback_http_set_buffer_limit(HttpFilter* filter, uint64_t bytes);

bool envoy_dynamic_module_callback_http_filter_get_attribute_string(HttpFilter* filter,
                                                                    int attribute, Buffer* value);
bool envoy_dynamic_module_callback_http_filter_get_attribute_bool(HttpFilter* filter, int attribute,
                                                                  bool* value);
// Address and port ("10.1.2.3:4567", "[::1]:4567") of who is connected, whatever headers say.
bool envoy_dynamic_module_callback_http_get_downstream_direct_remote_address(HttpFilter* filter,
                                                                             Buffer* address);

void envoy_dynamic_module_callback_http_set_dynamic_metadata_string(HttpFilter* filter,
                                                                    Buffer name_space, Buffer key,
                                                                    Buffer value);

// A way back to a stream's worker, made there. Committing is any thread's: if the stream is still
// there, its worker calls on_http_filter_scheduled with the number. It lets the worker's loop be
// reached, and so may be used only as long as the stream is there.
Scheduler* envoy_dynamic_module_callback_http_filter_scheduler_new(HttpFilter* filter);
void envoy_dynamic_module_callback_http_filter_scheduler_commit(Scheduler* scheduler,
                                                                uint64_t event);
void envoy_dynamic_module_callback_http_filter_scheduler_delete(Scheduler* scheduler);
// A request that was stopped goes on, in this call: the stream may be gone when it returns.
void envoy_dynamic_module_callback_http_filter_continue_decoding(HttpFilter* filter);

// Answers in the upstream's place. Outside of a request's events the stream may be gone when it
// returns.
void envoy_dynamic_module_callback_http_send_response(HttpFilter* filter, uint32_t status,
                                                      Header* headers, size_t header_count,
                                                      Buffer body, Buffer details);
void envoy_dynamic_module_callback_http_filter_reset_stream(HttpFilter* filter, int reason,
                                                            Buffer details);
}

// Into Envoy's own log.
inline void TellEnvoy(LogLevel level, std::string_view message) {
  envoy_dynamic_module_callback_log(level, ToBuffer(message));
}

}  // namespace ztp::envoy
