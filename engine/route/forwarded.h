// What a proxy says of the client that it has seen: the header x-forwarded-client-cert.
// envoyproxy.io, HTTP header manipulation
//
// Boundary: text. Whether the proxy may be believed is the caller's to know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ztp::route {

// The header's `key=value` pairs, one by one, of one element after another:
//
//   ForwardedPairs pairs(header);
//   while (pairs.Next()) … pairs.key() …
//   if (pairs.malformed()) …                  // and then nothing that it said before counts
class ForwardedPairs {
 public:
  explicit ForwardedPairs(std::string_view header) : rest_(header) {}

  // False: the header has ended, or is malformed.
  bool Next();
  std::string_view key() const { return key_; }        // as it is written
  const std::string& value() const { return value_; }  // without quotes and their escapes
  size_t element() const { return element_; }          // counted from 0, the farthest proxy's first
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  std::string_view key_;
  std::string value_;
  size_t element_ = 0;
  bool begun_ = false;
  bool malformed_ = false;
};

// The one SPIFFE ID among the URIs of the header's one element. NotFound: it names none.
// InvalidArgument: it is malformed, has several elements (so that somebody before the proxy spoke,
// too: `SANITIZE_SET` is the proxy's setting that sends one), or several SPIFFE IDs.
absl::StatusOr<std::string> ForwardedSpiffeId(std::string_view header);

}  // namespace ztp::route
