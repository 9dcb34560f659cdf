// Nonces: given out by us, put into evidence by whoever makes it, and good once; and the ids of
// what is good once without one.
//
// Boundary: strings and times. Giving one out costs no memory: it carries its own end and is signed
// with a key of this object, so that asking for many fills nothing. Only those that were used are
// kept, until their end; where there are too many of them, none is good any more.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/core/time.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr Duration kMaxNonceLifetime{3600 * kMicrosPerSecond};
inline constexpr size_t kNonceBytes = 32;  // what SPDM, TDX and SEV-SNP have room for

// Any thread at any time.
class Nonces {
 public:
  explicit Nonces(size_t max_kept = size_t{1} << 16);
  Nonces(const Nonces&) = delete;
  Nonces& operator=(const Nonces&) = delete;

  // 32 bytes as base64url, good until `now + lifetime` (at most kMaxNonceLifetime). Evidence may
  // have it as this text, as 64 hexadecimal digits, or as the bytes.
  std::string Make(Time now, Duration lifetime);

  // A nonce that somebody else made is good until then, once. ResourceExhausted: too many are kept;
  // InvalidArgument: it is empty or has more than 256 bytes.
  absl::Status Expect(std::string_view nonce, Time now, Time until);

  // Uses what evidence has. kNonce: it was never given out, or is past its end; kReplay: it was
  // used before, or nobody can say.
  std::optional<Refusal> Use(std::string_view nonce, Time now);

  // Uses an id that whoever made the evidence chose, and that is worth nothing from `until` on. 32
  // bytes that are a digest: no nonce is ever one. kReplay: it was used before, or nobody can say.
  std::optional<Refusal> UseOnce(std::string_view id, Time now, Time until);

 private:
  struct Kept {
    Time until;
    bool used = false;
  };
  bool MakeRoom(Time now);

  const size_t max_kept_;
  std::string key_;  // of our signatures
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Kept> kept_;
};

}  // namespace ztp::evidence
