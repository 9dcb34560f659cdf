// See challenge.h.
#include "engine/evidence/challenge.h"

#include <algorithm>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/evidence/device.h"

namespace ztp::evidence {
namespace {

constexpr size_t kDigestBytes = 32;

// The bytes of "sha256:…"; nothing: the text is none.
std::optional<std::string> DigestBytes(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  std::optional<std::string> bytes = FromHex(text.substr(kPrefix.size()));
  if (!bytes || bytes->size() != kDigestBytes) return std::nullopt;
  return bytes;
}

bool IsZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

// `answer`, and then zeros to the end.
bool Holds(std::string_view field, std::string_view answer) {
  return field.size() >= answer.size() && field.starts_with(answer) &&
         IsZero(field.substr(answer.size()));
}

}  // namespace

std::optional<std::string> AnswerTo(const Challenge& challenge) {
  if (!challenge.channel_key) return challenge.nonce;
  const std::optional<std::string> key = DigestBytes(*challenge.channel_key);
  if (!key) return std::nullopt;
  if (challenge.binding == KeyBinding::kKeyThenNonce) return *key + challenge.nonce.value_or("");
  return Sha256Bytes(challenge.nonce.value_or("") + *key);
}

std::optional<Refusal> RefuseAnswer(std::string_view field, const Challenge& challenge) {
  const std::optional<std::string>& nonce = challenge.nonce;
  if (nonce && (nonce->size() < kMinNonceBytes || nonce->size() > kMaxNonceBytes)) {
    return Refuse(Check::kNonce, "a nonce of ", nonce->size(), " bytes is expected; it takes ",
                  kMinNonceBytes, " to ", kMaxNonceBytes);
  }
  if (!nonce && !challenge.without_nonce_allowed) {
    return Refuse(Check::kNonce, "no nonce was given out that the evidence could answer");
  }
  if (!challenge.channel_key) {
    if (!nonce || Holds(field, *nonce)) return std::nullopt;
    return Refuse(Check::kNonce, "the evidence answers another nonce");
  }
  const std::optional<std::string> answer = AnswerTo(challenge);
  if (!answer) return Refuse(Check::kBinding, "the channel's key is not given as sha256:…");
  if (challenge.binding == KeyBinding::kKeyThenNonce) {
    if (!field.starts_with(std::string_view(*answer).substr(0, kDigestBytes))) {
      return Refuse(Check::kBinding, "the evidence is not bound to the channel's key");
    }
    if (!nonce || Holds(field, *answer)) return std::nullopt;
    return Refuse(Check::kNonce, "the evidence answers another nonce");
  }
  if (Holds(field, *answer)) return std::nullopt;
  return Refuse(Check::kBinding, "the evidence is not bound to ",
                nonce ? "this nonce and the channel's key" : "the channel's key");
}

Verified<Time> ExpiryOf(const Challenge& challenge, Time now, Time latest) {
  const std::optional<Time>& from = challenge.given_out_at;
  if (from && *from > now) {
    return Refuse(Check::kIssuedInFuture, "the nonce is given out at ", FormatTime(*from),
                  ", which is yet to come");
  }
  if (challenge.max_age) {
    if (!from) return Refuse(Check::kTooOld, "it is not known when the nonce was given out");
    const Checked<Duration> age = CheckedSub(now, *from);
    if (!age || *age > *challenge.max_age) {
      return Refuse(Check::kTooOld, "the nonce was given out at ", FormatTime(*from),
                    ", longer ago than ", FormatDuration(*challenge.max_age));
    }
  }
  const Checked<Time> end = CheckedAdd(from.value_or(now), challenge.valid_for);
  const Time expires_at = end ? std::min(*end, latest) : latest;
  if (expires_at <= now) {
    return Refuse(Check::kTooOld, "what the evidence proves held until ", FormatTime(expires_at));
  }
  return expires_at;
}

}  // namespace ztp::evidence
