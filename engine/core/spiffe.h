// The two parts of a SPIFFE ID: `spiffe://<trust domain><path>`.
//
// Boundary: freestanding. The text is a well-formed id (base/scalar_text.h reads and checks them);
// of one that is shorter than the scheme both parts are empty.
#pragma once

#include <cstddef>
#include <string_view>

namespace ztp {

inline constexpr std::string_view kSpiffeScheme = "spiffe://";

// Where the path begins: at the first slash behind the scheme, or at the end.
constexpr size_t SpiffePathBegin(std::string_view id) {
  size_t at = kSpiffeScheme.size();
  if (id.size() < at) return id.size();
  while (at < id.size() && id[at] != '/') ++at;
  return at;
}
constexpr std::string_view SpiffeTrustDomain(std::string_view id) {
  const size_t end = SpiffePathBegin(id);
  if (end < kSpiffeScheme.size()) return {};
  return {id.data() + kSpiffeScheme.size(), end - kSpiffeScheme.size()};
}
// With its slash; empty where there is none.
constexpr std::string_view SpiffePath(std::string_view id) {
  return {id.data() + SpiffePathBegin(id), id.size() - SpiffePathBegin(id)};
}

}  // namespace ztp
