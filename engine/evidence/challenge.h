// What evidence of a device must answer: the nonce that was given out, and the key of the channel
// that it comes over; and for how long such an answer counts.
//
// Boundary: a field of the evidence (report data, nonce, qualifying data) against what is expected.
// That the field is signed, the verifiers check. RFC 9334 (RATS), section 10: freshness by nonce.
// Whether a nonce was used before, the caller knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/time.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMinNonceBytes = 8;
inline constexpr size_t kMaxNonceBytes = 64;

// How the field holds nonce and key together.
enum class KeyBinding : uint8_t {
  // SHA-256 of the nonce followed by the 32 bytes of the key's digest. Without a nonce: of the
  // digest alone.
  kHashed,
  // The 32 bytes of the key's digest and behind them the nonce: for fields of 64 bytes.
  kKeyThenNonce,
};

struct Challenge {
  // The bytes that were given out, kMinNonceBytes to kMaxNonceBytes.
  std::optional<std::string> nonce;
  // Without a nonce nothing says how old evidence is: it is refused (kNonce), unless that is said
  // here.
  bool without_nonce_allowed = false;
  // When that was. Evidence is not older than its nonce.
  std::optional<Time> given_out_at;
  // A nonce that was given out longer ago is refused; `given_out_at` must then be there.
  std::optional<Duration> max_age;
  // "sha256:…" of the SubjectPublicKeyInfo of the channel (Certificate::spki_sha256). There: the
  // evidence must be bound to it.
  std::optional<std::string> channel_key;
  KeyBinding binding = KeyBinding::kHashed;
  // For how long the facts hold, from `given_out_at`, or else from now, on.
  Duration valid_for{5 * 60 * kMicrosPerSecond};
};

// Is `field` the answer? What the field has beyond the answer must be zero.
//   kNonce, kBinding
std::optional<Refusal> RefuseAnswer(std::string_view field, const Challenge& challenge);

// The bytes that the attester was asked to put into its field, without zeros behind them. Nothing:
// the challenge asks for nothing, or for what has no form.
std::optional<std::string> AnswerTo(const Challenge& challenge);

// How long facts hold that are proven by an answer, at most until `latest`.
//   kIssuedInFuture, kTooOld
Verified<Time> ExpiryOf(const Challenge& challenge, Time now, Time latest);

}  // namespace ztp::evidence
