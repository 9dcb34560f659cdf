// Any bytes are certificates, a revocation list or a trust bundle, or are refused; and certificates
// of any kind lead to anchors of any kind or are refused.
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/evidence/spiffe_bundle.h"
#include "engine/evidence/x509_svid.h"

namespace {

using namespace ztp::evidence;

// The last certificate is the anchor of whatever trust domain the first one says it is of.
void Verify(const std::vector<Certificate>& certificates, const std::vector<Crl>& crls) {
  const auto id = ReadSvidForm({certificates.data(), certificates.size() - 1});
  SpiffeBundle bundle;
  bundle.trust_domain = "example.org";
  bundle.x509_authorities = {certificates.back()};
  const std::vector<SpiffeBundle> bundles = {bundle};
  const SvidOptions options{.now = certificates.front().not_before(),
                            .trust_domain = "example.org",
                            .revocation = {.crls = crls}};
  const auto svid =
      VerifyX509Svid({certificates.data(), certificates.size() - 1}, bundles, options);
  // What is verified has the form, and holds for a while.
  if (svid.ok() && (!id.ok() || *id != svid->spiffe_id || svid->path.path.size() < 2 ||
                    svid->path.not_after < svid->path.not_before)) {
    __builtin_trap();
  }
  (void)VerifyPath(certificates.front(), certificates, bundle.x509_authorities,
                   {.now = options.now, .purposes = {KeyPurpose::kCodeSigning}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto crls = ReadCrls(bytes);
  const auto certificates = ReadCertificates(bytes);
  if (certificates.ok()) Verify(*certificates, crls.ok() ? *crls : std::vector<Crl>());
  for (const auto& bundle :
       {ReadSpiffeBundle("example.org", bytes), ReadJwtBundle("example.org", bytes),
        ReadX509Bundle("example.org", bytes)}) {
    if (!bundle.ok()) continue;
    // The text of a key is an object of the text.
    for (const JwtAuthority& key : bundle->jwt_authorities) {
      if (key.jwk.empty() || key.jwk.front() != '{' || key.jwk.back() != '}') __builtin_trap();
    }
  }
  return 0;
}
