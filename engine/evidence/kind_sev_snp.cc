// Attestation reports of AMD SEV-SNP guests (snp_report.h) as std.ai's Device: a host.
//
//   "roots": …                              AMD's root certificates (ARK), as PEM
//   "measurements": "sha384:…"              what may have been launched
//   "minimum_tcb": {"bootloader": 3, "tee": 0, "snp": 20, "microcode": 213}    and "fmc" from Turin
//   on "host_data": "sha256:…"                 what the host must have given at launch
//   "out_of_date_allowed", "debug_allowed", "migration_agent_allowed", "measured_means_secure_boot"
//   "highest_vmpl": 0
//   "vlek_providers": "CN=cc-us-east-2.amazonaws.com"   whose key, for all of its chips (VLEK), is
//                                           taken, too: the evidence then says not which chip it is
//   "report_data": "nonce"                  or "key_then_nonce"
//   "crls", "revocation", "crl_max_age"
//
// Evidence: {"report": base64, "certificates": PEM}, the certificate of the chip's key (VCEK)
// first, then the ASK; or that of the provider's (VLEK) and the ASVK.
//
// Boundary: settings to a verifier, its result to the normal form.
#include <span>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/evidence_parts.h"
#include "engine/evidence/kind_device.h"
#include "engine/evidence/snp_report.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMeasurementBytes = 48;
constexpr size_t kHostDataBytes = 32;
constexpr int64_t kHighestVmpl = 3;

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) : roots_(ReadRoots(reader)) {
    settings_ = ReadHardwareSettings(reader);
    report_data_ = ReadReportData(reader);
    policy_.measurements = ReadPinned(reader, "measurements", kMeasurementBytes);
    policy_.host_data = ReadDigests(reader, "host_data", kHostDataBytes);
    ReadMinimum(reader);
    policy_.out_of_date_allowed = reader.Flag("out_of_date_allowed", false);
    policy_.debug_allowed = reader.Flag("debug_allowed", false);
    policy_.migration_agent_allowed = reader.Flag("migration_agent_allowed", false);
    policy_.measured_means_secure_boot = reader.Flag("measured_means_secure_boot", false);
    if (auto providers = reader.OptionalTexts("vlek_providers")) {
      policy_.vlek_providers = *std::move(providers);
    }
    policy_.highest_vmpl =
        static_cast<uint32_t>(reader.OptionalInteger("highest_vmpl", 0, kHighestVmpl).value_or(0));
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    EvidenceParts parts;
    if (auto refusal = parts.Parse(evidence, {"report", "certificates"})) {
      return *std::move(refusal);
    }
    ZTP_VERIFY_OR_RETURN(const std::string bytes, parts.Bytes("report"));
    ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> certificates,
                         parts.Certificates("certificates"));
    const std::span<const Certificate> chain = certificates;
    SnpPolicy policy = policy_;
    policy.revocation = settings_.revocation();
    policy.challenge = settings_.ChallengeAt(now);
    ZTP_VERIFY_OR_RETURN(const SnpReport report,
                         VerifySnpReport(bytes, chain[0], chain.subspan(1), roots_, policy, now));
    ProvenFact fact = FactOf(report.attested, settings_, now);
    // A chip that is hidden is every other one, too.
    const bool hidden = report.chip_id.find_first_not_of('\0') == std::string::npos;
    if (!hidden) fact.subjects.push_back(Hex(report.chip_id));
    fact.subjects.push_back(DigestText(report.measurement));
    fact.issuer = report.provider;
    fact.id = chain[0].serial();
    AddReportData(report.report_data, report_data_, &fact);
    return fact;
  }

 private:
  void ReadMinimum(SourceReader& reader) {
    const bool is_there = reader.Object("minimum_tcb", [&](SourceReader& parts) {
      const auto part = [&](std::string_view name, bool required) {
        if (required && !parts.Has(name)) parts.Report("", Cat("`", name, "` is missing"));
        return static_cast<uint8_t>(parts.OptionalInteger(name, 0, 255).value_or(0));
      };
      policy_.minimum_tcb = SnpTcb{.fmc = part("fmc", false),
                                   .bootloader = part("bootloader", true),
                                   .tee = part("tee", true),
                                   .snp = part("snp", true),
                                   .microcode = part("microcode", true)};
    });
    if (!is_there) {
      reader.Report("", "`minimum_tcb` is missing: nobody would judge the chip's firmware");
    }
  }

  const std::vector<Certificate> roots_;
  HardwareSettings settings_;
  ReportData report_data_ = ReportData::kNonce;
  SnpPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kSevSnpKind;
constinit const EvidenceKind kSevSnpKind{.name = "sev-snp", .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
