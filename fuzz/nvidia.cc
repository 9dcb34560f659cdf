// Any bytes are a bundle of NVIDIA's tokens, a GPU's claims or its report, or none of these.
#include "engine/base/sha256.h"
#include "engine/evidence/nvidia_report.h"
#include "engine/evidence/nvidia_token.h"
#include "fuzz/attestation.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

struct Chip {
  Identity root, chip, firmware;
};
const Chip& TheChip() {
  static const Chip chip = [] {
    Identity root = Issue(SignerSpec("root"), nullptr);
    Identity brom = Issue(SignerSpec("GH100 A01 GSP BROM"), &root);
    CertificateSpec spec{.name = "firmware"};
    Identity firmware = Issue(spec, &brom, EcKey("P-384"));
    return Chip{root, brom, firmware};
  }();
  return chip;
}

void VerifyReport(std::string_view bytes) {
  const std::vector<Certificate> certificates = {TheChip().firmware.certificate,
                                                 TheChip().chip.certificate};
  const std::vector<Certificate> anchors = {TheChip().root.certificate};
  NvidiaReportPolicy policy;
  policy.challenge.without_nonce_allowed = true;
  policy.affirming_required = false;
  const auto report = VerifyNvidiaReport(bytes, certificates, anchors, policy, kNow);
  if (!report.ok()) return;
  const Gpu& gpu = *report->attested.device.gpu;
  Must(gpu.debug && !gpu.secure_boot && gpu.measurements == Appraisal::kUnappraised);
  Must(IsVersion(gpu.driver) && IsHexVersion(gpu.vbios));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{int64_t{1749601900} * kMicrosPerSecond};
  NvidiaTokenPolicy policy;
  policy.challenge.without_nonce_allowed = true;
  policy.jws.algorithms = {JwsAlgorithm::kEs256};
  policy.issuers = {"https://nras.attestation.nvidia.com"};
  (void)VerifyNvidiaToken(text, TokenKeys(), policy, now);
  // The input as the claims of a GPU whose token is as it should be.
  const std::string gpu = SignedToken(text);
  const std::string overall = SignedToken(
      Cat(R"({"iss":"https://nras.attestation.nvidia.com","iat":1749601900,"exp":1749602000,)",
          R"("sub":"NVIDIA-PLATFORM-ATTESTATION","x-nvidia-ver":"3.0",)",
          R"("x-nvidia-overall-att-result":true,"submods":{"GPU-0":["DIGEST",["SHA-256",")",
          Sha256Digest(gpu).substr(7), R"("]]}})"));
  const auto token = VerifyNvidiaToken(
      Cat(R"([["JWT",")", overall, R"("],{"GPU-0":")", gpu, "\"}]"), TokenKeys(), policy, now);
  if (token.ok()) {
    const Gpu& found = *token->attested.device.gpu;
    Must(!found.debug && found.measurements == Appraisal::kAffirming);
    Must(IsVersion(found.driver) && IsHexVersion(found.vbios));
  }
  VerifyReport(text);
  VerifyReport(Cat(text, SignRaw(TheChip().firmware.key.get(), EVP_sha384(), text, 48)));
  return 0;
}
