// Quotes of Intel TDX (tdx_quote.h) as std.ai's Device: a host. The evidence is the quote's bytes.
//
//   "roots": …                              Intel's root certificate, as PEM
//   "tcb_info": …, "qe_identity": …         Intel's collateral: the bodies of its service's answers
//   "tcb_signing": …                        who signed both, the signer first, as PEM
//   "minimum_evaluation": 17                collateral of an older evaluation is refused
//   "measurements": "sha384:…"              what may have been launched (MRTD)
//   "rtmrs": {"2": "sha384:…"}              registers extended at run time
//   "config_ids": "sha384:…", "owners": "sha384:…"
//   "worst_tcb": "up_to_date"
//   "debug_allowed", "measured_means_secure_boot", "trailing_bytes_allowed"
//   "report_data": "nonce"                  or "key_then_nonce"
//   "crls", "revocation", "crl_max_age"
//
// Boundary: settings to a verifier, its result to the normal form.
#include <limits>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/kind_device.h"
#include "engine/evidence/tdx_quote.h"

namespace ztp::evidence {
namespace {

constexpr size_t kRegisterBytes = 48;

class Verifier : public SourceVerifier {
 public:
  explicit Verifier(SourceReader& reader) : roots_(ReadRoots(reader)) {
    settings_ = ReadHardwareSettings(reader);
    report_data_ = ReadReportData(reader);
    tcb_info_ = reader.Bytes("tcb_info", true).value_or("");
    qe_identity_ = reader.Bytes("qe_identity", true).value_or("");
    signing_ = reader.Certificates("tcb_signing", true);
    minimum_evaluation_ = static_cast<uint32_t>(
        reader.OptionalInteger("minimum_evaluation", 0, std::numeric_limits<uint32_t>::max())
            .value_or(0));
    policy_.mrtds = ReadPinned(reader, "measurements", kRegisterBytes);
    reader.Object("rtmrs", [&](SourceReader& registers) {
      for (size_t i = 0; i < policy_.rtmrs.size(); ++i) {
        policy_.rtmrs[i] = ReadDigests(registers, Cat(i), kRegisterBytes);
      }
    });
    policy_.config_ids = ReadDigests(reader, "config_ids", kRegisterBytes);
    policy_.owners = ReadDigests(reader, "owners", kRegisterBytes);
    constexpr TcbStatus kWorst[] = {TcbStatus::kUpToDate, TcbStatus::kConfigurationNeeded,
                                    TcbStatus::kOutOfDate};
    std::vector<std::string_view> names;
    for (const TcbStatus one : kWorst) names.push_back(NameOf(one));
    policy_.worst_accepted = kWorst[reader.Choice("worst_tcb", names, 0)];
    policy_.debug_allowed = reader.Flag("debug_allowed", false);
    policy_.measured_means_secure_boot = reader.Flag("measured_means_secure_boot", false);
    policy_.trailing_bytes_allowed = reader.Flag("trailing_bytes_allowed", false);
  }

  Verified<ProvenFact> Verify(std::string_view evidence, Time now) const override {
    const TdxCollateral collateral{.tcb_info = tcb_info_,
                                   .qe_identity = qe_identity_,
                                   .tcb_info_signing = signing_,
                                   .qe_identity_signing = signing_,
                                   .minimum_evaluation_number = minimum_evaluation_};
    TdxPolicy policy = policy_;
    policy.revocation = settings_.revocation();
    policy.challenge = settings_.ChallengeAt(now);
    policy.collateral = &collateral;
    ZTP_VERIFY_OR_RETURN(const TdxQuote quote, VerifyTdxQuote(evidence, roots_, policy, now));
    ProvenFact fact = FactOf(quote.attested, settings_, now);
    fact.subjects = {DigestText(quote.mrtd)};
    AddReportData(quote.report_data, report_data_, &fact);
    return fact;
  }

 private:
  const std::vector<Certificate> roots_;
  HardwareSettings settings_;
  ReportData report_data_ = ReportData::kNonce;
  std::string tcb_info_, qe_identity_;
  std::vector<Certificate> signing_;
  uint32_t minimum_evaluation_ = 0;
  TdxPolicy policy_;
};

std::unique_ptr<const SourceVerifier> Read(SourceReader& reader) {
  return std::make_unique<Verifier>(reader);
}

}  // namespace

extern const EvidenceKind kTdxKind;
constinit const EvidenceKind kTdxKind{
    .name = "tdx", .binary = true, .form = DeviceForm, .read = Read};

}  // namespace ztp::evidence
