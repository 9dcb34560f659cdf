// Any bytes are a token, a set of keys, or neither; and whatever is signed by the right key is
// claims that every kind of token reads or refuses.
#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/str.h"
#include "engine/evidence/access_token.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/jwk.h"
#include "engine/evidence/jws.h"
#include "engine/evidence/kubernetes_token.h"
#include "engine/evidence/pipeline_token.h"
#include "engine/evidence/security_event.h"
#include "engine/evidence/sign_in.h"
#include "engine/evidence/trust_document.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

// The private key is thirty-two ones: the inputs are the same for everybody.
EVP_PKEY* SigningKey() {
  static EVP_PKEY* const key = [] {
    const std::string seed(32, '\1');
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                        reinterpret_cast<const unsigned char*>(seed.data()),
                                        seed.size());
  }();
  return key;
}

const JwkSet& Keys() {
  static const JwkSet keys = [] {
    std::string x(32, '\0');
    size_t size = x.size();
    EVP_PKEY_get_raw_public_key(SigningKey(), reinterpret_cast<unsigned char*>(x.data()), &size);
    return *ParseJwkSet(
        Cat(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":")", EncodeBase64url(x), "\"}]}"));
  }();
  return keys;
}

std::string Token(std::string_view header, std::string_view payload) {
  std::string text = Cat(EncodeBase64url(header), ".", EncodeBase64url(payload));
  std::string signature(64, '\0');
  size_t size = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, nullptr, nullptr, SigningKey());
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                 reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  return Cat(text, ".", EncodeBase64url(signature));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const JwsPolicy any{.algorithms = JwsAlgorithms::All()};
  (void)ParseJwkSet(text);
  (void)VerifyJws(text, Keys(), any);
  if (const auto bytes = DecodeBase64url(text); bytes && EncodeBase64url(*bytes) != text) {
    std::abort();
  }

  // The input as a header, and as claims. What is accepted is what was signed.
  const auto by_header = VerifyJws(Token(text, "p"), Keys(), any);
  if (by_header.ok() && by_header->payload != "p") std::abort();
  const std::string token = Token(R"({"alg":"EdDSA","typ":"at+jwt"})", text);
  JsonTree claims;
  const Time now{int64_t{1500} * kMicrosPerSecond};
  const JwtPolicy anybody{.jws = any, .issuers = std::nullopt, .audiences = std::nullopt};
  const auto jwt = VerifyJwt(token, Keys(), anybody, now, &claims);
  if (jwt.ok() && (jwt->expires_at <= now || jwt->subject.empty())) std::abort();
  (void)VerifyAccessToken(
      token, Keys(),
      {.issuers = {"https://as.example"}, .audiences = {"ztp"}, .algorithms = any.algorithms}, now);
  (void)VerifyKubernetesToken(Token(R"({"alg":"EdDSA"})", text), Keys(),
                              {.issuer = "https://kubernetes.default.svc",
                               .audiences = {"ztp"},
                               .algorithms = any.algorithms},
                              now);
  const std::string plain = Token(R"({"alg":"EdDSA"})", text);
  const auto sign_in = VerifySignIn(
      plain, Keys(),
      {.issuers = {"https://as.example"}, .audiences = {"ztp"}, .algorithms = any.algorithms}, now);
  if (sign_in.ok() && *sign_in->authentication.at > *sign_in->jwt.issued_at) std::abort();
  (void)VerifyPipelineToken(
      plain, Keys(),
      {.issuers = {"https://as.example"}, .audiences = {"ztp"}, .algorithms = any.algorithms}, now);
  const auto event = VerifySecurityEvent(
      Token(R"({"alg":"EdDSA","typ":"secevent+jwt"})", text), Keys(),
      {.issuers = {"https://as.example"}, .audiences = {"ztp"}, .algorithms = any.algorithms}, now);
  for (const RevocationEntry& entry :
       event.ok() ? event->revocations : std::vector<RevocationEntry>()) {
    if (entry.subject.empty() && entry.session.empty() && entry.id.empty()) std::abort();
  }
  // And as a trust configuration: read, or wrong somewhere.
  std::vector<JsonError> errors;
  if ((ReadTrust(text, nullptr, {}, {}, &errors) == nullptr) == errors.empty()) std::abort();
  return 0;
}
