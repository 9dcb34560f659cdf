// Any bytes are a WIT-SVID with its proof or are refused; and whatever was signed by the right keys
// is claims that are read or refused. The input: the token's claims and, in a second line, the
// proof's; `"jwk":{}` is the workload's key, `"wth":""` the token's hash.
#include "engine/evidence/wit_svid.h"

#include "engine/base/sha256.h"
#include "fuzz/attestation.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

std::string KeyText(std::string_view more) {
  const std::string point = PointOf(TokenKey().get());
  return Cat(R"({"kty":"EC","crv":"P-256","x":")", EncodeBase64url(point.substr(0, 32)),
             R"(","y":")", EncodeBase64url(point.substr(32)), "\",", more, "}");
}

std::string With(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  if (const size_t at = changed.find(from); at != changed.npos)
    changed.replace(at, from.size(), to);
  return changed;
}

void Verify(const PresentedWit& presented) {
  static const JwkSet bundle =
      *ParseJwkSet(Cat(R"({"keys":[)", KeyText(R"("use":"wit-svid","kid":"k")"), "]}"));
  const Time now{int64_t{1500} * kMicrosPerSecond};
  const auto svid = VerifyWitSvid(presented, bundle,
                                  {.trust_domain = "example.org",
                                   .audiences = {"ztp"},
                                   .host_checks_binding = !presented.proof},
                                  now);
  if (!svid.ok()) return;
  Must(svid->expires_at > now && svid->expires_at <= svid->jwt.expires_at);
  Must(svid->spiffe_id.starts_with("spiffe://example.org") && svid->jwt.audiences.empty());
  Must(svid->once.empty() == !presented.proof);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view claims = text.substr(0, end);
  const std::string_view proof_claims = text.substr(std::min(end + 1, text.size()));
  Verify({.wit = claims});
  Verify({.wit = claims, .proof = proof_claims});

  static const std::string key = Cat(R"("jwk":)", KeyText(R"("alg":"ES256")"));
  const std::string wit =
      SignedToken(With(claims, R"("jwk":{})", key), R"({"alg":"ES256","typ":"wit+jwt","kid":"k"})");
  const std::string hash = Cat(R"("wth":")", EncodeBase64url(Sha256Bytes(wit)), '"');
  const std::string proof =
      SignedToken(With(proof_claims, R"("wth":"")", hash), R"({"alg":"ES256","typ":"wpt+jwt"})");
  Verify({.wit = wit});
  Verify({.wit = wit, .proof = proof});
  Verify({.wit = wit, .proof = proof, .access_token = "t"});
  return 0;
}
