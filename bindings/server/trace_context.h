// W3C's Trace Context: by which names a caller's traces know a request. w3.org/TR/trace-context
#pragma once

#include <string_view>

namespace ztp::server {

// Views into the header; both are empty where it is malformed, and then it counts as if it had not
// come.
struct TraceContext {
  std::string_view trace_id;  // 32 hexadecimal digits, not all zero
  std::string_view span_id;   // 16; of the caller's own work, the `parent-id`
};

// The value of a `traceparent` header: "00-<trace id>-<parent id>-<flags>".
inline TraceContext ReadTraceparent(std::string_view header) {
  constexpr size_t kSize = 55;
  const auto is_hex = [](std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == text.npos;
  };
  const auto is_zero = [](std::string_view text) {
    return text.find_first_not_of('0') == text.npos;
  };
  if (header.size() < kSize || header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return {};
  }
  const std::string_view version = header.substr(0, 2);
  const TraceContext found{.trace_id = header.substr(3, 32), .span_id = header.substr(36, 16)};
  if (!is_hex(version) || !is_hex(found.trace_id) || !is_hex(found.span_id) ||
      !is_hex(header.substr(53, 2)) || is_zero(found.trace_id) || is_zero(found.span_id)) {
    return {};
  }
  // Later versions may say more behind a dash; this one does not, and ff is none.
  if (version == "ff" || (header.size() > kSize && (version == "00" || header[kSize] != '-'))) {
    return {};
  }
  return found;
}

}  // namespace ztp::server
