// See jwt.h.
#include "engine/evidence/jwt.h"

#include <algorithm>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

bool Contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// A media type in the form in which two are compared.
std::string MediaType(std::string_view text) {
  std::string type(text);
  std::transform(type.begin(), type.end(), type.begin(), AsciiLower);
  constexpr std::string_view kPrefix = "application/";
  if (type.starts_with(kPrefix)) type.erase(0, kPrefix.size());
  return type;
}

std::optional<Refusal> CheckType(const std::optional<std::string>& type, const JwtPolicy& policy) {
  if (!type) {
    if (!policy.type_required) return std::nullopt;
    return Refuse(Check::kMalformed, "the header of the token has no `typ`");
  }
  if (policy.types.empty()) return std::nullopt;
  const std::string found = MediaType(*type);
  for (const std::string& wanted : policy.types) {
    if (MediaType(wanted) == found) return std::nullopt;
  }
  return Refuse(Check::kMalformed, "a token of the type ", Shown(*type), ", not ",
                Shown(policy.types.front()));
}

std::optional<Refusal> ReadParties(const Claims& claims, const JwtPolicy& policy, Jwt* jwt) {
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> issuer, claims.Text("iss"));
  jwt->issuer = issuer.value_or("");
  if (policy.issuers && (!issuer || !Contains(*policy.issuers, *issuer))) {
    return Refuse(Check::kIssuer, "issued by ", issuer ? Shown(*issuer) : std::string("nobody"),
                  ", which is not whom the source is for");
  }
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> subject, claims.Text("sub"));
  jwt->subject = subject.value_or("");
  if (policy.subject_required && jwt->subject.empty()) {
    return Refuse(Check::kSubject, "the token is about nobody: it has no `sub`");
  }
  ZTP_VERIFY_OR_RETURN(std::optional<std::vector<std::string>> audiences,
                       claims.Texts("aud", kMaxAudiences));
  if (audiences) jwt->audiences = *std::move(audiences);
  if (!policy.audiences) return std::nullopt;
  for (const std::string& audience : jwt->audiences) {
    if (Contains(*policy.audiences, audience)) return std::nullopt;
  }
  return Refuse(Check::kAudience, "the token is for ",
                jwt->audiences.empty() ? std::string("nobody") : Shown(jwt->audiences.front()),
                jwt->audiences.size() > 1 ? " and others" : "", ", not for this service");
}

// RFC 7519 sections 4.1.4 to 4.1.6. Dates end at the year 9999, so that no sum is beyond Time.
std::optional<Refusal> ReadDates(const Claims& claims, const JwtPolicy& policy, Time now,
                                 Jwt* jwt) {
  const int64_t leeway = std::clamp(policy.leeway, Duration{}, kMaxLeeway).micros;
  ZTP_VERIFY_OR_RETURN(const std::optional<Time> expires_at, claims.Date("exp"));
  ZTP_VERIFY_OR_RETURN(jwt->not_before, claims.Date("nbf"));
  ZTP_VERIFY_OR_RETURN(jwt->issued_at, claims.Date("iat"));
  if (!expires_at) return Refuse(Check::kClaim, "the token never expires: it has no `exp`");
  jwt->expires_at = *expires_at;
  if (now.micros - leeway >= expires_at->micros) {
    return Refuse(Check::kExpired, "the token expired at ", FormatTime(*expires_at));
  }
  if (jwt->not_before && now.micros + leeway < jwt->not_before->micros) {
    return Refuse(Check::kNotYetValid, "the token is valid from ", FormatTime(*jwt->not_before),
                  " on");
  }
  if (jwt->issued_at && now.micros + leeway < jwt->issued_at->micros) {
    return Refuse(Check::kIssuedInFuture, "the token was issued at ", FormatTime(*jwt->issued_at),
                  ", which is yet to come");
  }
  if (!policy.max_age) return std::nullopt;
  if (!jwt->issued_at) {
    return Refuse(Check::kClaim, "the token's age is not known: it has no `iat`");
  }
  const Duration age{now.micros - leeway - jwt->issued_at->micros};
  if (age > *policy.max_age) {
    return Refuse(Check::kTooOld, "the token was issued at ", FormatTime(*jwt->issued_at),
                  ", longer ago than ", FormatDuration(*policy.max_age));
  }
  return std::nullopt;
}

std::optional<Refusal> ReadRest(const Claims& claims, const JwtPolicy& policy, Jwt* jwt) {
  if (policy.nonce) {
    ZTP_VERIFY_OR_RETURN(const std::optional<std::string> nonce, claims.Text("nonce"));
    if (nonce != policy.nonce) {
      return Refuse(Check::kNonce, "the token has ", nonce ? "another" : "no", " nonce");
    }
  }
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> id, claims.Text("jti"));
  jwt->id = id.value_or("");
  // What nobody asked for is not held against the token.
  if (auto session = claims.Text("sid"); session.ok()) jwt->session = session->value_or("");
  if (auto nonce = claims.Text("nonce"); nonce.ok()) jwt->nonce = *std::move(nonce);
  for (const std::string& name : policy.required_claims) {
    if (!claims.Has(name)) {
      return Refuse(Check::kClaim, "the claim `", name, "` is required and is not there");
    }
  }
  return std::nullopt;
}

}  // namespace

Verified<Jwt> VerifyJwt(std::string_view token, const JwkSet& keys, const JwtPolicy& policy,
                        Time now, JsonTree* claims) {
  if (auto refusal = CheckClock(now)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(Jws jws, VerifyJws(token, keys, policy.jws));
  if (auto refusal = CheckType(jws.type, policy)) return *std::move(refusal);
  if (auto refusal = ParseClaims(jws.payload, claims)) return *std::move(refusal);
  Jwt jwt;
  jwt.algorithm = jws.algorithm;
  jwt.key_thumbprint = std::move(jws.key_thumbprint);
  jwt.digest = std::move(jws.digest);
  const Claims reader(*claims, claims->root());
  if (auto refusal = ReadParties(reader, policy, &jwt)) return *std::move(refusal);
  if (auto refusal = ReadDates(reader, policy, now, &jwt)) return *std::move(refusal);
  if (auto refusal = ReadRest(reader, policy, &jwt)) return *std::move(refusal);
  return jwt;
}

}  // namespace ztp::evidence
