// A trust domain's keys: the SPIFFE Trust Domain and Bundle specification, sections 3 and 4.
//
// Boundary: text to keys. A bundle is the caller's configuration, fetched and authenticated by
// whoever gives it (section 5); nothing here says that it may be believed. Keys of JWT-SVIDs and of
// WIT-SVIDs are kept as the text of their JWK, which jwk.h reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxBundleBytes = size_t{4} << 20;
inline constexpr size_t kMaxBundleKeys = 256;  // of all kinds and unknown ones together
inline constexpr size_t kMaxKidBytes = 256;

// A key that signs tokens.
struct JwtAuthority {
  std::string kid;
  std::string jwk;  // the JSON object as it stands in the bundle
};

struct SpiffeBundle {
  std::string trust_domain;  // "example.org"
  std::vector<Certificate> x509_authorities;
  std::vector<JwtAuthority> jwt_authorities;
  std::vector<JwtAuthority> wit_authorities;
  std::optional<uint64_t> sequence;
  std::optional<Duration> refresh_hint;
  size_t ignored_keys = 0;  // of uses and types that have no meaning here
};

// All of these: kTooLarge, kMalformed; kSubject where `trust_domain` is no trust domain's name.

// A JWK set (section 4). Stricter than the specification in one point: a second certificate in an
// x5c is refused and not ignored (X509-SVID, section 6.1 allows none). Certificates and kids are
// there once; a key of JWT-SVIDs or WIT-SVIDs has a kid (sections 6.1 of those), and no other key
// of either has the same.
Verified<SpiffeBundle> ReadSpiffeBundle(std::string_view trust_domain, std::string_view json);

// A JWK set that has only keys of JWT-SVIDs, whatever `use` they state, as the Workload API gives
// them out (SPIFFE Workload API, section 6.2.2).
Verified<SpiffeBundle> ReadJwtBundle(std::string_view trust_domain, std::string_view json);

// Certificates alone: PEM, or DER one behind the other (SPIFFE Workload API, section 5.2.1).
Verified<SpiffeBundle> ReadX509Bundle(std::string_view trust_domain, std::string_view bytes);

}  // namespace ztp::evidence
