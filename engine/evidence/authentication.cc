// See authentication.h.
#include "engine/evidence/authentication.h"

#include <algorithm>

#include "engine/base/scalar_text.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxMethods = 32;

}  // namespace

Verified<Authentication> ReadAuthentication(const Claims& claims, const Jwt& jwt, Duration leeway) {
  ZTP_VERIFY_OR_RETURN(const auto methods, claims.Texts("amr", kMaxMethods));
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> context, claims.Text("acr"));
  const auto has = [&](std::string_view method) {
    return methods && std::find(methods->begin(), methods->end(), method) != methods->end();
  };
  Authentication result;
  result.mfa = has("mfa");
  result.phishing_resistant = has("hwk") || context == "phr" || context == "phrh";
  ZTP_VERIFY_OR_RETURN(result.at, claims.Date("auth_time"));
  const int64_t forgiven = std::clamp(leeway, Duration{}, kMaxLeeway).micros;
  if (result.at && jwt.issued_at && result.at->micros > jwt.issued_at->micros + forgiven) {
    return Refuse(Check::kClaim, "the user signed in at ", FormatTime(*result.at),
                  ", after the token was issued");
  }
  return result;
}

}  // namespace ztp::evidence
