// Bundles of NVIDIA's attestation services (nvidia_token.h) as std.ai's Device: one GPU of them.
//
//   "keys": …, "algorithms": […], "issuers": "https://nras.attestation.nvidia.com"
//   "gpu": "GPU-0"                         which one; without it there must be only one
//   "worst_verdict": "affirming"
//   "attested_means_confidential": true    the operator has only GPUs asked on which it is on
//
// Boundary: settings to a verifier, its result to the normal form.
#include <limits>
#include <utility>

#include "engine/evidence/kind_device.h"
#include "engine/evidence/nvidia_token.h"

namespace ztp::evidence {
namespace {

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) : common_(reader.common()) {
    keys_ = reader.Keys();
    policy_.jws.algorithms = reader.Algorithms({});
    if (!reader.Has("algorithms")) reader.Report("", "`algorithms` is missing");
    policy_.issuers = reader.Texts("issuers");
    policy_.max_age = common_.max_age;
    policy_.leeway = common_.leeway;
    policy_.gpu = reader.OptionalText("gpu").value_or("");
    policy_.worst_accepted = ReadWorstVerdict(reader);
    policy_.attested_means_confidential = reader.Flag("attested_means_confidential", false);
    // Trust asks for the nonce, and the tokens say how long they are good.
    policy_.challenge.without_nonce_allowed = true;
    policy_.challenge.valid_for = Duration{std::numeric_limits<int64_t>::max()};
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    ZTP_VERIFY_OR_RETURN(NvidiaToken token, VerifyNvidiaToken(evidence, keys_, policy_, now));
    std::optional<Gpu>& gpu = token.attested.device.gpu;
    if (!gpu) return Refuse(Check::kSubject, "the token is about no GPU");
    // The service compared the GPU's nonce with that of its tokens, and Trust compares that.
    gpu->nonce_matched = common_.nonce_required && gpu->measurements != Appraisal::kContraindicated;
    ProvenFact fact = FactOfToken(token.attested, common_);
    for (const NvidiaDevice& device : token.devices) {
      const bool chosen = !device.is_switch && (policy_.gpu.empty() || device.name == policy_.gpu);
      if (chosen && !device.ueid.empty()) fact.subjects.push_back(device.ueid);
    }
    fact.issuer = token.attested.device.verifier.value_or("");
    fact.nonce = std::move(token.nonce);
    return fact;
  }

 private:
  const SourceReader::Common common_;
  JwkSet keys_;
  NvidiaTokenPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kNvidiaTokenKind;
constinit const EvidenceKind kNvidiaTokenKind{
    .name = "nvidia-token", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
