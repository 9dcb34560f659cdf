// Reports that a GPU of NVIDIA's signed itself (nvidia_report.h) as std.ai's Device.
//
//   "roots": …                              NVIDIA's root certificates, as PEM
//   "drivers": [{"version": "535.86.09", "measurements": {"0": "sha384:…"}}]
//   "vbioses": [{"version": "96.00.5E.00.01", "measurements": {"1": ["…", "…"]}}]
//   "unsaid_mode_is_confidential": true, "protected_pcie_is_confidential": true
//   "crls", "revocation", "crl_max_age"
//
// Evidence: {"report": base64 of the request and the response, "certificates": PEM}, the
// certificate of the key that signed first. The numbers are the manifests' indexes.
//
// Boundary: settings to a verifier, its result to the normal form.
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/evidence_parts.h"
#include "engine/evidence/kind_device.h"
#include "engine/evidence/nvidia_report.h"

namespace ztp::evidence {
namespace {

constexpr int kHighestIndex = 254;  // blocks are counted from 1, in a byte
constexpr size_t kMeasurementBytes = 48;

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) : roots_(ReadRoots(reader)) {
    settings_ = ReadHardwareSettings(reader);
    policy_.drivers = ReadReferences(reader, "drivers", IsVersion);
    policy_.vbioses = ReadReferences(reader, "vbioses", IsHexVersion);
    policy_.unsaid_mode_is_confidential = reader.Flag("unsaid_mode_is_confidential", false);
    policy_.protected_pcie_is_confidential = reader.Flag("protected_pcie_is_confidential", false);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    EvidenceParts parts;
    if (auto refusal = parts.Parse(evidence, {"report", "certificates"})) {
      return *std::move(refusal);
    }
    ZTP_VERIFY_OR_RETURN(const std::string bytes, parts.Bytes("report"));
    ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> certificates,
                         parts.Certificates("certificates"));
    NvidiaReportPolicy policy = policy_;
    policy.revocation = settings_.revocation();
    policy.challenge = settings_.ChallengeAt(now);
    ZTP_VERIFY_OR_RETURN(NvidiaReport report,
                         VerifyNvidiaReport(bytes, certificates, roots_, policy, now));
    report.attested.device.gpu->nonce_matched = settings_.nonce_required;
    ProvenFact fact = FactOf(report.attested, settings_, now);
    fact.subjects.push_back(certificates.front().spki_sha256());
    fact.id = certificates.front().serial();
    fact.nonce = std::move(report.nonce);
    return fact;
  }

 private:
  static std::vector<NvidiaReference> ReadReferences(SourceReader& reader, std::string_view name,
                                                     bool (*is_version)(std::string_view)) {
    std::vector<NvidiaReference> references;
    reader.Objects(name, [&](SourceReader& one) {
      NvidiaReference& reference = references.emplace_back();
      reference.version = one.Text("version");
      if (!reference.version.empty() && !is_version(reference.version)) {
        one.Report("version", "it is no version of such a thing");
      }
      one.Object("measurements", [&](SourceReader& measurements) {
        for (int index = 0; index <= kHighestIndex; ++index) {
          auto digests = ReadDigests(measurements, Cat(index), kMeasurementBytes);
          if (digests) reference.measurements.emplace(index, *std::move(digests));
        }
      });
      if (reference.measurements.empty()) {
        one.Report("measurements", "there are no measurements to compare with");
      }
    });
    if (references.empty()) {
      reader.Report(name, Cat("`", name, "` is missing or empty: without reference values nothing ",
                              "is known of what runs"));
    }
    return references;
  }

  const std::vector<Certificate> roots_;
  HardwareSettings settings_;
  NvidiaReportPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kNvidiaReportKind;
constinit const EvidenceKind kNvidiaReportKind{
    .name = "nvidia-report", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
