// See snp_report.h.
#include "engine/evidence/snp_report.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/byte_reader.h"
#include "engine/evidence/jws_signature.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr size_t kSignedBytes = 0x2a0;
constexpr size_t kNumberBytes = 72;  // of r, and of s: little-endian
constexpr size_t kFieldBytes = 48;
constexpr uint32_t kOldestVersion = 2;
constexpr uint32_t kNewestVersion = 5;
constexpr uint32_t kEcdsaP384Sha384 = 1;
constexpr uint64_t kPolicyReservedOne = uint64_t{1} << 17;
constexpr uint64_t kPolicyMigrationAgent = uint64_t{1} << 18;
constexpr uint64_t kPolicyDebug = uint64_t{1} << 19;
constexpr uint32_t kHighestVmpl = 3;
constexpr std::string_view kTurin = "Turin";

// 57230, table 8: numbers of AMD's extensions.
constexpr const char* kProductName = "1.3.6.1.4.1.3704.1.2";
constexpr const char* kBootloaderSpl = "1.3.6.1.4.1.3704.1.3.1";
constexpr const char* kTeeSpl = "1.3.6.1.4.1.3704.1.3.2";
constexpr const char* kSnpSpl = "1.3.6.1.4.1.3704.1.3.3";
constexpr const char* kMicrocodeSpl = "1.3.6.1.4.1.3704.1.3.8";
constexpr const char* kFmcSpl = "1.3.6.1.4.1.3704.1.3.9";
constexpr const char* kHardwareId = "1.3.6.1.4.1.3704.1.4";
constexpr const char* kProviderId = "1.3.6.1.4.1.3704.1.5";

// 56860: which key signed.
constexpr uint32_t kSignedByVcek = 0;
constexpr uint32_t kSignedByVlek = 1;
constexpr char kIa5String = 0x16;

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "not an attestation report of SEV-SNP: ", what);
}

struct Parsed {
  SnpReport report;
  uint32_t signing_key = 0;
  std::string_view reported_tcb;     // 8 bytes
  std::string_view current_version;  // build, minor, major
  std::string signature;             // r and s as JOSE has them
};

bool IsZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

// Little-endian and 72 bytes -> big-endian and 48. What is behind the 48 must be zero.
std::optional<std::string> NumberOf(std::string_view bytes) {
  if (!IsZero(bytes.substr(kFieldBytes))) return std::nullopt;
  return std::string(bytes.rend() - kFieldBytes, bytes.rend());
}

Verified<Parsed> Parse(std::string_view bytes) {
  if (bytes.size() != kSnpReportBytes) {
    return Malformed(Cat("it has ", bytes.size(), " bytes, not ", kSnpReportBytes));
  }
  Parsed parsed;
  SnpReport& report = parsed.report;
  ByteReader reader(bytes);
  report.version = static_cast<uint32_t>(reader.Little(4));
  report.guest_svn = static_cast<uint32_t>(reader.Little(4));
  report.policy = reader.Little(8);
  reader.Skip(32);  // FAMILY_ID and IMAGE_ID: texts of the guest's owner
  report.vmpl = static_cast<uint32_t>(reader.Little(4));
  const uint64_t algorithm = reader.Little(4);
  reader.Skip(16);  // CURRENT_TCB and PLATFORM_INFO
  const uint64_t key = reader.Little(4);
  parsed.signing_key = static_cast<uint32_t>(key >> 2 & 7);
  reader.Skip(4);
  report.report_data = reader.Take(64);
  report.measurement = reader.Take(48);
  report.host_data = reader.Take(32);
  reader.Skip(48 + 48 + 32 + 32);  // ID_KEY_DIGEST, AUTHOR_KEY_DIGEST, REPORT_ID, REPORT_ID_MA
  parsed.reported_tcb = reader.Take(8);
  reader.Skip(24);  // CPUID from version 3 on, reserved
  report.chip_id = reader.Take(64);
  reader.Skip(8);  // COMMITTED_TCB
  parsed.current_version = reader.Take(3);
  if (report.version < kOldestVersion || report.version > kNewestVersion) {
    return Malformed(Cat("its version is ", report.version));
  }
  if ((report.policy & kPolicyReservedOne) == 0) return Malformed("its guest policy is none");
  if (report.vmpl > kHighestVmpl) return Malformed("there is no such VMPL");
  if (algorithm != kEcdsaP384Sha384) {
    return Refuse(Check::kAlgorithm, "a report signed with the algorithm ", algorithm,
                  "; 1 is taken, ECDSA on P-384 with SHA-384");
  }
  const std::string_view signature = bytes.substr(kSignedBytes);
  const auto r = NumberOf(signature.substr(0, kNumberBytes));
  const auto s = NumberOf(signature.substr(kNumberBytes, kNumberBytes));
  if (!r || !s || !IsZero(signature.substr(2 * kNumberBytes))) {
    return Malformed("its signature is too long");
  }
  parsed.signature = *r + *s;
  return parsed;
}

// TCB_VERSION: the parts' places changed with Turin. What is between them is zero.
std::optional<SnpTcb> TcbOf(std::string_view bytes, bool turin) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (turin) {
    if (!IsZero(bytes.substr(4, 3))) return std::nullopt;
    return SnpTcb{
        .fmc = at(0), .bootloader = at(1), .tee = at(2), .snp = at(3), .microcode = at(7)};
  }
  if (!IsZero(bytes.substr(2, 4))) return std::nullopt;
  return SnpTcb{.fmc = 0, .bootloader = at(0), .tee = at(1), .snp = at(6), .microcode = at(7)};
}

// An INTEGER of 0 to 255 in DER.
std::optional<uint8_t> SmallInteger(const std::optional<std::string>& der) {
  if (!der || der->size() < 3 || (*der)[0] != 2) return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<uint8_t>((*der)[i]); };
  if (der->size() == 3 && at(1) == 1 && at(2) < 0x80) return at(2);
  if (der->size() == 4 && at(1) == 2 && at(2) == 0 && at(3) >= 0x80) return at(3);
  return std::nullopt;
}

// The text of an IA5String of less than 128 bytes; nothing: it is none.
std::optional<std::string> ShortText(const std::optional<std::string>& der) {
  if (!der || der->size() < 3 || (*der)[0] != kIa5String ||
      static_cast<uint8_t>((*der)[1]) != der->size() - 2 || der->size() - 2 >= 0x80) {
    return std::nullopt;
  }
  return der->substr(2);
}

// The certificate is for the TCB that reports.
std::optional<Refusal> RefuseTcb(const Certificate& signer, const Parsed& parsed, SnpTcb* tcb) {
  // "Milan-B0"; of a VLEK "Milan".
  const std::optional<std::string> product = ShortText(ExtensionOf(signer, kProductName));
  if (!product) {
    return Refuse(Check::kSubject, signer.Describe(), " does not say which product it is of");
  }
  const bool turin = product->starts_with(kTurin);
  const std::optional<SnpTcb> reported = TcbOf(parsed.reported_tcb, turin);
  if (!reported) return Malformed("its TCB has parts that nobody knows");
  SnpTcb certified;
  struct Part {
    const char* oid;
    uint8_t* to;
  };
  for (const Part& part :
       {Part{kBootloaderSpl, &certified.bootloader}, Part{kTeeSpl, &certified.tee},
        Part{kSnpSpl, &certified.snp}, Part{kMicrocodeSpl, &certified.microcode},
        Part{turin ? kFmcSpl : nullptr, &certified.fmc}}) {
    if (part.oid == nullptr) continue;
    const std::optional<uint8_t> number = SmallInteger(ExtensionOf(signer, part.oid));
    if (!number) {
      return Refuse(Check::kSubject, signer.Describe(), " does not say which TCB it is for");
    }
    *part.to = *number;
  }
  if (certified != *reported) {
    return Refuse(Check::kSubject, signer.Describe(),
                  " is for another TCB than the one that reports");
  }
  *tcb = *reported;
  return std::nullopt;
}

// A VCEK's certificate is of the chip that reports.
std::optional<Refusal> RefuseChip(const Certificate& signer, std::string_view chip_id) {
  // The identity as bytes (57230: an OCTET STRING's content); Turin's is shorter than the field.
  const std::optional<std::string> id = ExtensionOf(signer, kHardwareId);
  if (!id || ExtensionOf(signer, kProviderId) || id->size() < 8 || id->size() > chip_id.size() ||
      IsZero(*id) || !chip_id.starts_with(*id) || !IsZero(chip_id.substr(id->size()))) {
    return Refuse(Check::kSubject, signer.Describe(),
                  " is of another chip than the one that reports");
  }
  return std::nullopt;
}

// A VLEK's certificate is of no chip, and of a provider that the policy names.
std::optional<Refusal> RefuseProvider(const Certificate& signer, const SnpPolicy& policy,
                                      std::string* provider) {
  std::optional<std::string> id = ShortText(ExtensionOf(signer, kProviderId));
  if (!id || ExtensionOf(signer, kHardwareId)) {
    return Refuse(Check::kSubject, signer.Describe(), " is not that of a provider's key (VLEK)");
  }
  const std::vector<std::string>& taken = policy.vlek_providers;
  if (std::find(taken.begin(), taken.end(), *id) == taken.end()) {
    return Refuse(Check::kSubject, "the key (VLEK) is that of the provider ",
                  Quoted(JsonExcerpt(*id)), ", which the source does not take");
  }
  *provider = *std::move(id);
  return std::nullopt;
}

bool IsAmong(const std::optional<std::vector<std::string>>& allowed, const std::string& value) {
  return !allowed || std::find(allowed->begin(), allowed->end(), value) != allowed->end();
}

std::optional<Refusal> RefuseState(const SnpReport& report, const SnpPolicy& policy,
                                   TcbStatus tcb) {
  if ((report.policy & kPolicyDebug) != 0 && !policy.debug_allowed) {
    return Refuse(Check::kStatus, "the guest can be debugged");
  }
  if ((report.policy & kPolicyMigrationAgent) != 0 && !policy.migration_agent_allowed) {
    return Refuse(Check::kStatus, "the guest can be moved by a migration agent");
  }
  if (report.vmpl > policy.highest_vmpl) {
    return Refuse(Check::kStatus, "the report was asked for at VMPL ", report.vmpl, "; at most ",
                  policy.highest_vmpl, " is accepted");
  }
  if (tcb == TcbStatus::kOutOfDate && !policy.out_of_date_allowed) {
    return Refuse(Check::kStatus, "the firmware is older than the minimum");
  }
  if (!IsAmong(policy.measurements, report.measurement)) {
    return Refuse(Check::kMeasurement, "the guest was launched as ", DigestText(report.measurement),
                  ", which is not pinned");
  }
  if (!IsAmong(policy.host_data, report.host_data)) {
    return Refuse(Check::kMeasurement, "the host gave the data ", Hex(report.host_data),
                  ", which is not pinned");
  }
  return std::nullopt;
}

std::string FirmwareOf(std::string_view version) {
  const auto at = [&](size_t i) { return static_cast<int>(static_cast<uint8_t>(version[i])); };
  return Cat(at(2), ".", at(1), ".", at(0));
}

}  // namespace

Verified<SnpReport> VerifySnpReport(std::string_view bytes, const Certificate& signer,
                                    std::span<const Certificate> intermediates,
                                    std::span<const Certificate> anchors, const SnpPolicy& policy,
                                    Time now) {
  ZTP_VERIFY_OR_RETURN(Parsed parsed, Parse(bytes));
  const bool by_provider = parsed.signing_key == kSignedByVlek && !policy.vlek_providers.empty();
  if (parsed.signing_key != kSignedByVcek && !by_provider) {
    return Refuse(Check::kKeyUnknown, "a report that is not signed with the chip's own key (VCEK)",
                  policy.vlek_providers.empty() ? "" : " or a provider's (VLEK)");
  }
  // AMD has no lists for what the ASK or ASVK signs: required is that of the certificates above.
  Revocation revocation = policy.revocation;
  revocation.required = false;
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(signer, intermediates, anchors,
                                  {.now = now, .purposes = {}, .revocation = revocation}));
  Time latest = path.valid_until();
  if (policy.revocation.required) {
    for (size_t i = 1; i + 1 < path.path.size(); ++i) {
      ZTP_VERIFY_OR_RETURN(const Time until, KnownUnrevokedUntil(path.path[i], path.path[i + 1],
                                                                 policy.revocation.crls, now));
      latest = std::min(latest, until);
    }
  }
  ZTP_VERIFY_OR_RETURN(const SharedKey key, KeyOf(signer, KeyType::kP384));
  if (!IsSignatureOf(JwsAlgorithm::kEs384, key, bytes.substr(0, kSignedBytes), parsed.signature)) {
    return Refuse(Check::kSignature, "the report's signature is not that of ", signer.Describe());
  }
  SnpReport report = std::move(parsed.report);
  if (auto refusal = RefuseTcb(signer, parsed, &report.tcb)) return *std::move(refusal);
  if (auto refusal = by_provider ? RefuseProvider(signer, policy, &report.provider)
                                 : RefuseChip(signer, report.chip_id)) {
    return *std::move(refusal);
  }
  if (auto refusal = RefuseAnswer(report.report_data, policy.challenge)) {
    return *std::move(refusal);
  }
  const TcbStatus tcb = !policy.minimum_tcb                       ? TcbStatus::kNotJudged
                        : report.tcb.AtLeast(*policy.minimum_tcb) ? TcbStatus::kUpToDate
                                                                  : TcbStatus::kOutOfDate;
  if (auto refusal = RefuseState(report, policy, tcb)) return *std::move(refusal);

  const bool debug = (report.policy & kPolicyDebug) != 0;
  Attested& attested = report.attested;
  attested.device.host =
      Host{.tee = Tee::kSevSnp,
           .secure_boot = policy.measurements.has_value() && policy.measured_means_secure_boot,
           .debug = debug,
           .tcb = tcb,
           .firmware = FirmwareOf(parsed.current_version),
           .kernel = std::nullopt,
           .measurement = DigestText(report.measurement),
           .disk_encrypted = false};
  attested.device.verdict = AppraisalOf(policy.measurements.has_value(), debug, tcb);
  attested.device.verifier = "ztp";
  attested.issued_at = policy.challenge.given_out_at;
  ZTP_VERIFY_OR_RETURN(attested.expires_at, ExpiryOf(policy.challenge, now, latest));
  attested.anchor = path.anchor_sha256;
  attested.digest = Sha256Digest(bytes);
  attested.bound_key = policy.challenge.channel_key;
  return report;
}

}  // namespace ztp::evidence
