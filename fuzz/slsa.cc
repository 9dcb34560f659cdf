// Whatever is signed is provenance or a summary of it, or refused; its level is never above what
// the policy says, or a summary may say.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/evidence/slsa.h"
#include "fuzz/signing_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp;            // NOLINT
  using namespace ztp::evidence;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{int64_t{1'790'000'000} * kMicrosPerSecond};
  SlsaPolicy policy;
  policy.signers.keys = {fuzz::SigningKey().public_key()};
  policy.builders = {{.id = "https://builder.example", .level = 2}};
  policy.verifiers = {"https://verifier.example"};
  (void)VerifySlsa(text, policy, now);
  DsseEnvelope envelope{.payload_type = "application/vnd.in-toto+json",
                        .payload = std::string(text),
                        .signatures = {}};
  if (text.empty() || !SignDsse(fuzz::SigningKey(), &envelope)) return 0;
  const auto slsa = VerifySlsa(WriteDsse(envelope), policy, now);
  if (slsa.ok() && (slsa->subject_digests.empty() || slsa->level < 0 ||
                    slsa->level > (slsa->is_summary ? 4 : 2))) {
    std::abort();
  }
  // What is expected besides takes nothing that was not taken, and says nothing of provenance.
  policy.resources = {"https://registry.example/**"};
  const auto expected = VerifySlsa(WriteDsse(envelope), policy, now);
  if (expected.ok() ? !slsa.ok() : slsa.ok() && !slsa->is_summary) std::abort();
  return 0;
}
