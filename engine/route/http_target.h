// The target of an HTTP request: a path in normal form, and the parameters behind it.
//
// Boundary: text. What is not in normal form is refused, and not brought into it: whoever serves
// the request gets it as it came, and where he and we could read two things in it, one of us would
// decide about something else than is served. (Proxies bring paths into normal form before they
// ask: Envoy's `normalize_path`, `merge_slashes`, `path_with_escaped_slashes_action`.)
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ztp::route {

inline constexpr size_t kMaxTargetBytes = 16384;

// A target that was taken apart. Views are into it.
struct HttpTarget {
  std::string_view path;   // "/v2/models/a%20b", as it came
  std::string_view query;  // without its '?'
};

// InvalidArgument, for people: no path that begins with '/', an empty segment, '.' or '..', a byte
// that belongs there only as '%XX' (RFC 3986, 3.3), ';' or '\', an encoded byte that needs no
// encoding, or that some read as another (`/ \ . ; %`, control characters), a '%' without its
// digits.
absl::StatusOr<HttpTarget> ReadTarget(std::string_view target);

// The parameter of that name, decoded ('+' is a blank: WHATWG URL, 5.1). Nothing: there is none.
// InvalidArgument: there are several, one whose name is it but for the case of letters, or its
// value has a '%' without digits.
absl::StatusOr<std::optional<std::string>> QueryParameter(std::string_view query,
                                                          std::string_view name);

}  // namespace ztp::route
