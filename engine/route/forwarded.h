// What a proxy says of the client that it has seen: the header x-forwarded-client-cert.
// envoyproxy.io, HTTP header manipulation
//
// Boundary: text. Whether the proxy may be believed is the caller's to know.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ztp::route {

// The one SPIFFE ID among the URIs of the header's one element. NotFound: it names none.
// InvalidArgument: it is malformed, has several elements (so that somebody before the proxy spoke,
// too: `SANITIZE_SET` is the proxy's setting that sends one), or several SPIFFE IDs.
absl::StatusOr<std::string> ForwardedSpiffeId(std::string_view header);

}  // namespace ztp::route
