// Any bytes are a Sigstore bundle, a trusted root or neither; and whatever is signed is a model's
// manifest or refused. Certificates of any kind are somebody's or nobody's.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/evidence/base64.h"
#include "engine/evidence/oms.h"
#include "engine/evidence/rekor.h"
#include "engine/evidence/sct.h"
#include "engine/evidence/trusted_root.h"
#include "fuzz/signing_key.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

// Each part of a bundle by itself, since no input has a log's signature.
void Parts(const SigstoreBundle& bundle, const SignerPolicy& policy) {
  for (const Certificate& certificate : bundle.certificates) {
    (void)IdentityOf(certificate);
    (void)RefuseUnlogged(certificate, certificate, policy.sigstore.ct_keys);
    for (const LogEntry& entry : bundle.log_entries) {
      (void)RefuseOtherEntry(entry, bundle.envelope, certificate);
    }
  }
  for (const LogEntry& entry : bundle.log_entries) {
    (void)LoggedAt(entry, policy.sigstore.log_keys);
    (void)RefuseInclusion(entry, policy.sigstore.log_keys);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{int64_t{1'790'000'000} * kMicrosPerSecond};
  SignerPolicy policy;
  policy.keys = {fuzz::SigningKey().public_key()};
  policy.sigstore.log_keys = policy.keys;
  policy.sigstore.ct_keys = policy.keys;
  if (auto trust = ReadTrustedRoot(text); trust.ok()) policy.sigstore = *std::move(trust);
  if (const auto bundle = ReadSigstoreBundle(text); bundle.ok()) {
    Parts(*bundle, policy);
    // Its own certificates are roots: paths are built from what comes.
    policy.roots = bundle->certificates;
    policy.sigstore.authorities = bundle->certificates;
    policy.identities = {{.issuer = "https://issuer.example", .name = "a@b.example"}};
  }
  (void)VerifyOms(text, policy, now);

  const auto model = ReadModelStatement(text);
  if (!model.ok()) return 0;
  // What was read can be signed, and says the same then; in the files' order the digest is the one
  // that was read.
  const auto oms = VerifyOms(SignModel(model->manifest, fuzz::SigningKey()), policy, now);
  if (!oms.ok() || oms->manifest.files.size() != model->manifest.files.size()) std::abort();
  return 0;
}
