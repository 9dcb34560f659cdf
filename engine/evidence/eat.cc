// See eat.h.
#include "engine/evidence/eat.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/evidence/jwt.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

std::optional<Refusal> ReadIssuer(const Claims& claims, const EatPolicy& policy, Eat* eat) {
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> issuer, claims.Text("iss"));
  eat->issuer = issuer.value_or("");
  if (!policy.issuers || (issuer && std::find(policy.issuers->begin(), policy.issuers->end(),
                                              *issuer) != policy.issuers->end())) {
    return std::nullopt;
  }
  return Refuse(Check::kIssuer, "issued by ",
                issuer ? Quoted(JsonExcerpt(*issuer)) : std::string("nobody"),
                ", which is not whom the source is for");
}

// RFC 9711 section 4.3.1: `iat` says when the token was made, not the evidence in it.
std::optional<Refusal> ReadDates(const Claims& claims, const EatPolicy& policy, Time now,
                                 Eat* eat) {
  const int64_t leeway = std::clamp(policy.leeway, Duration{}, kMaxLeeway).micros;
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> issued_at, claims.Date("iat"));
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> not_before, claims.Date("nbf"));
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> expires_at, claims.Date("exp"));
  if (!issued_at) {
    return Refuse(Check::kClaim, "the token's age is not known: it has no `iat`");
  }
  eat->issued_at = *issued_at;
  if (expires_at && now.micros - leeway >= expires_at->micros) {
    return Refuse(Check::kExpired, "the token expired at ", FormatTime(*expires_at));
  }
  if (not_before && now.micros + leeway < not_before->micros) {
    return Refuse(Check::kNotYetValid, "the token is valid from ", FormatTime(*not_before), " on");
  }
  if (now.micros + leeway < issued_at->micros) {
    return Refuse(Check::kIssuedInFuture, "the token was issued at ", FormatTime(*issued_at),
                  ", which is yet to come");
  }
  if (!policy.max_age) {
    if (!expires_at) {
      return Refuse(Check::kClaim,
                    "the token never expires: it has no `exp`, and its source no maximum age");
    }
    eat->expires_at = *expires_at;
    return std::nullopt;
  }
  const Checked<Time> oldest = CheckedAdd(*issued_at, *policy.max_age);
  if (oldest && now.micros - leeway > oldest->micros) {
    return Refuse(Check::kTooOld, "the token was issued at ", FormatTime(*issued_at),
                  ", longer ago than ", FormatDuration(*policy.max_age));
  }
  // A maximum beyond the end of time is none.
  if (!oldest && !expires_at) {
    return Refuse(Check::kClaim, "the token never expires: it has no `exp`");
  }
  eat->expires_at = !oldest ? *expires_at : expires_at ? std::min(*expires_at, *oldest) : *oldest;
  return std::nullopt;
}

// RFC 9711 section 4.1: one nonce, or an array of them.
std::optional<Refusal> ReadNonce(const Claims& claims, const EatPolicy& policy, Eat* eat) {
  ZTP_VERIFY_OR_RETURN(const std::optional<std::vector<std::string>> nonces,
                       claims.Texts("eat_nonce", kMaxEatNonces));
  if (nonces) eat->nonces = *nonces;
  if (!policy.nonce) return std::nullopt;
  if (!policy.nonce->empty() && nonces &&
      std::find(nonces->begin(), nonces->end(), *policy.nonce) != nonces->end()) {
    return std::nullopt;
  }
  return Refuse(Check::kNonce, "the token has ", nonces ? "another" : "no", " nonce");
}

}  // namespace

Verified<Eat> VerifyEat(std::string_view token, const JwkSet& keys, const EatPolicy& policy,
                        Time now, JsonTree* claims) {
  if (auto refusal = CheckClock(now)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(Jws jws, VerifyJws(token, keys, policy.jws));
  if (auto refusal = ParseClaims(jws.payload, claims)) return *std::move(refusal);
  Eat eat;
  eat.key_thumbprint = std::move(jws.key_thumbprint);
  eat.digest = std::move(jws.digest);
  const Claims reader(*claims, claims->root());
  if (auto refusal = ReadIssuer(reader, policy, &eat)) return *std::move(refusal);
  if (auto refusal = ReadDates(reader, policy, now, &eat)) return *std::move(refusal);
  if (auto refusal = ReadNonce(reader, policy, &eat)) return *std::move(refusal);
  return eat;
}

}  // namespace ztp::evidence
