// See tdx_quote.h.
#include "engine/evidence/tdx_quote.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/byte_reader.h"
#include "engine/evidence/jws_signature.h"

namespace ztp::evidence {
namespace {

constexpr size_t kHeaderBytes = 48;
constexpr size_t kBody10Bytes = 584;
constexpr size_t kBody15Bytes = 648;
constexpr size_t kQeReportBytes = 384;
constexpr size_t kSignatureBytes = 64;
constexpr uint64_t kEcdsaP256 = 2;
constexpr uint64_t kTeeTdx = 0x81;
constexpr uint64_t kBody10 = 2;
constexpr uint64_t kBody15 = 3;
constexpr uint64_t kQeReportCertification = 6;
constexpr uint64_t kPckChain = 5;
constexpr uint64_t kDebugBits = 0xff;
constexpr char kEnclaveDebug = 2;
constexpr size_t kEnclaveAttributesAt = 48;
constexpr size_t kEnclaveReportDataAt = 320;
constexpr std::string_view kIntelQe =
    "\x93\x9a\x72\x33\xf7\x9c\x4c\xa9\x94\x0a\x0d\xb3\x95\x7f\x06\x07";

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "not a quote of TDX: ", what);
}

// Views into the quote.
struct Parsed {
  uint32_t version = 0;
  std::string_view signed_bytes;  // header and body
  std::string_view body;
  std::string_view signature, key;
  std::string_view qe_report, qe_signature, qe_data;
  std::string_view certificates;  // PEM
  size_t size = 0;                // without what stands behind it
};

std::optional<Refusal> ReadSignature(std::string_view bytes, Parsed* parsed) {
  ByteReader reader(bytes);
  parsed->signature = reader.Take(kSignatureBytes);
  parsed->key = reader.Take(kSignatureBytes);
  const uint64_t type = reader.Little(2);
  ByteReader certification(reader.Take(reader.Little(4)));
  if (!reader.ok() || reader.left() != 0 || type != kQeReportCertification) {
    return Malformed("its signature is not certified by a report of the quoting enclave");
  }
  parsed->qe_report = certification.Take(kQeReportBytes);
  parsed->qe_signature = certification.Take(kSignatureBytes);
  parsed->qe_data = certification.Take(certification.Little(2));
  const uint64_t inner_type = certification.Little(2);
  parsed->certificates = certification.Take(certification.Little(4));
  if (!certification.ok() || certification.left() != 0) {
    return Malformed("its certification is not as long as it says");
  }
  if (inner_type != kPckChain) {
    return Refuse(Check::kChain, "a quote without the certificates of its platform");
  }
  // The library that writes them ends the text as C does.
  if (parsed->certificates.ends_with('\0')) parsed->certificates.remove_suffix(1);
  return std::nullopt;
}

Verified<Parsed> Parse(std::string_view quote, bool trailing_bytes_allowed) {
  if (quote.size() > kMaxTdxQuoteBytes) {
    return Refuse(Check::kTooLarge, "a quote of ", quote.size(), " bytes; at most ",
                  kMaxTdxQuoteBytes, " are read");
  }
  Parsed parsed;
  ByteReader reader(quote);
  parsed.version = static_cast<uint32_t>(reader.Little(2));
  const uint64_t key_type = reader.Little(2);
  const uint64_t tee = reader.Little(4);
  reader.Skip(4);
  const std::string_view vendor = reader.Take(kIntelQe.size());
  reader.Skip(20);  // the quoting enclave's own
  if (!reader.ok() || (parsed.version != 4 && parsed.version != 5) || tee != kTeeTdx ||
      vendor != kIntelQe) {
    return Malformed("it is of another version, TEE or vendor");
  }
  if (key_type != kEcdsaP256) {
    return Refuse(Check::kAlgorithm, "a quote signed with the algorithm ", key_type,
                  "; 2 is taken, ECDSA on P-256");
  }
  size_t body_size = kBody10Bytes;
  if (parsed.version == 5) {
    const uint64_t type = reader.Little(2);
    const uint64_t size = reader.Little(4);
    body_size = type == kBody15 ? kBody15Bytes : kBody10Bytes;
    if ((type != kBody10 && type != kBody15) || size != body_size) {
      return Malformed("its body is no report of a trust domain");
    }
  }
  parsed.body = reader.Take(body_size);
  parsed.signed_bytes = quote.substr(0, reader.at());
  const std::string_view signature = reader.Take(reader.Little(4));
  if (!reader.ok()) return Malformed("it was cut off");
  if (reader.left() != 0 && !trailing_bytes_allowed) return Malformed("something stands behind it");
  parsed.size = reader.at();
  if (auto refusal = ReadSignature(signature, &parsed)) return *std::move(refusal);
  return parsed;
}

// The report of the domain: names as in the appendix.
struct Body {
  std::string_view tee_tcb_svn, mrsigner_seam, seam_attributes;
  TdxQuote quote;
};

Body ReadBody(const Parsed& parsed) {
  Body body;
  TdxQuote& quote = body.quote;
  ByteReader reader(parsed.body);
  quote.version = parsed.version;
  body.tee_tcb_svn = reader.Take(16);
  reader.Skip(48);  // MRSEAM: which module; by whom it is signed counts
  body.mrsigner_seam = reader.Take(48);
  body.seam_attributes = reader.Take(8);
  quote.attributes = reader.Little(8);
  quote.xfam = reader.Little(8);
  quote.mrtd = reader.Take(48);
  quote.config_id = reader.Take(48);
  quote.owner = reader.Take(48);
  reader.Skip(48);  // MROWNERCONFIG
  for (std::string& rtmr : quote.rtmrs) rtmr = reader.Take(48);
  quote.report_data = reader.Take(64);
  return body;
}

// The chain of keys: PCK certificate, the quoting enclave's report, the quote's key, the quote.
std::optional<Refusal> RefuseSignatures(const Parsed& parsed, const Certificate& pck) {
  ZTP_VERIFY_OR_RETURN(const SharedKey pck_key, KeyOf(pck, KeyType::kP256));
  if (!IsSignatureOf(JwsAlgorithm::kEs256, pck_key, parsed.qe_report, parsed.qe_signature)) {
    return Refuse(Check::kSignature, "the quoting enclave's report is not signed by ",
                  pck.Describe());
  }
  if ((parsed.qe_report[kEnclaveAttributesAt] & kEnclaveDebug) != 0) {
    return Refuse(Check::kStatus, "the quoting enclave can be debugged");
  }
  const std::string bound = Sha256Bytes(Cat(parsed.key, parsed.qe_data)) + std::string(32, '\0');
  if (parsed.qe_report.substr(kEnclaveReportDataAt) != bound) {
    return Refuse(Check::kBinding,
                  "the quote's key is not the one that the quoting enclave reports");
  }
  ZTP_VERIFY_OR_RETURN(const SharedKey key,
                       MakeEcKey(KeyType::kP256, parsed.key.substr(0, 32), parsed.key.substr(32)));
  if (!IsSignatureOf(JwsAlgorithm::kEs256, key, parsed.signed_bytes, parsed.signature)) {
    return Refuse(Check::kSignature, "the quote's signature is not that of its key");
  }
  return std::nullopt;
}

// How platform, module and quoting enclave stand, and until when that is known.
std::optional<Refusal> Judge(const Parsed& parsed, const Body& body, const PckPlatform& platform,
                             std::span<const Certificate> anchors, const TdxPolicy& policy,
                             Time now, TcbJudgement* judgement, Time* latest) {
  if (policy.collateral == nullptr) return std::nullopt;
  const TdxCollateral& collateral = *policy.collateral;
  ZTP_VERIFY_OR_RETURN(const TdxTcbInfo info,
                       VerifyTdxTcbInfo(collateral.tcb_info, collateral.tcb_info_signing, anchors,
                                        policy.revocation, now));
  ZTP_VERIFY_OR_RETURN(const QeIdentity identity,
                       VerifyQeIdentity(collateral.qe_identity, collateral.qe_identity_signing,
                                        anchors, policy.revocation, now));
  for (const CollateralDates* dates : {&info.dates, &identity.dates}) {
    if (dates->evaluation_number < collateral.minimum_evaluation_number) {
      return Refuse(Check::kTooOld, "collateral of the evaluation ", dates->evaluation_number,
                    "; at least ", collateral.minimum_evaluation_number, " is required");
    }
    *latest = std::min({*latest, dates->next_update, dates->certificates_until});
  }
  ZTP_VERIFY_OR_RETURN(
      const TcbJudgement of_platform,
      info.Judge(platform, body.tee_tcb_svn, body.mrsigner_seam, body.seam_attributes));
  ZTP_VERIFY_OR_RETURN(const TcbJudgement of_enclave, identity.Judge(parsed.qe_report));
  *judgement = Worse(of_platform, of_enclave);
  return std::nullopt;
}

bool IsAmong(const std::optional<std::vector<std::string>>& allowed, const std::string& value) {
  return !allowed || std::find(allowed->begin(), allowed->end(), value) != allowed->end();
}

std::optional<Refusal> RefuseState(const Body& body, const TdxPolicy& policy) {
  const TdxQuote& quote = body.quote;
  // Without collateral the module must be Intel's released one, which has zeros here.
  for (const std::string_view zero : {body.mrsigner_seam, body.seam_attributes}) {
    if (policy.collateral == nullptr && zero.find_first_not_of('\0') != zero.npos) {
      return Refuse(Check::kStatus, "the TDX module is none of Intel's released ones");
    }
  }
  if ((quote.attributes & kDebugBits) != 0 && !policy.debug_allowed) {
    return Refuse(Check::kStatus, "the trust domain can be debugged");
  }
  if (Worse(quote.judgement.status, policy.worst_accepted) != policy.worst_accepted) {
    return Refuse(Check::kStatus, "the platform is ", NameOf(quote.judgement.status),
                  quote.judgement.text.empty() ? "" : ", Intel says ", quote.judgement.text,
                  "; at worst ", NameOf(policy.worst_accepted), " is accepted");
  }
  if (!IsAmong(policy.mrtds, quote.mrtd)) {
    return Refuse(Check::kMeasurement, "the domain was launched as ", DigestText(quote.mrtd),
                  ", which is not pinned");
  }
  for (size_t i = 0; i < quote.rtmrs.size(); ++i) {
    if (!IsAmong(policy.rtmrs[i], quote.rtmrs[i])) {
      return Refuse(Check::kMeasurement, "RTMR", i, " is ", DigestText(quote.rtmrs[i]),
                    ", which is not pinned");
    }
  }
  if (!IsAmong(policy.config_ids, quote.config_id) || !IsAmong(policy.owners, quote.owner)) {
    return Refuse(Check::kMeasurement, "the domain has another configuration or owner than pinned");
  }
  return std::nullopt;
}

std::string FirmwareOf(std::string_view tee_tcb_svn) {
  const auto at = [&](size_t i) { return static_cast<int>(static_cast<uint8_t>(tee_tcb_svn[i])); };
  // The module's version and security number, and that of the late microcode.
  return Cat(at(1), ".", at(0), ".", at(2));
}

}  // namespace

Verified<TdxQuote> VerifyTdxQuote(std::string_view bytes, std::span<const Certificate> anchors,
                                  const TdxPolicy& policy, Time now) {
  ZTP_VERIFY_OR_RETURN(const Parsed parsed, Parse(bytes, policy.trailing_bytes_allowed));
  ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> chain,
                       ReadPemCertificates(parsed.certificates));
  const Certificate& pck = chain.front();
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(pck, std::span<const Certificate>(chain).subspan(1), anchors,
                                  {.now = now, .purposes = {}, .revocation = policy.revocation}));
  ZTP_VERIFY_OR_RETURN(const PckPlatform platform, ReadPck(pck));
  if (auto refusal = RefuseSignatures(parsed, pck)) return *std::move(refusal);

  Body body = ReadBody(parsed);
  TdxQuote& quote = body.quote;
  if (auto refusal = RefuseAnswer(quote.report_data, policy.challenge)) return *std::move(refusal);
  Time latest = path.valid_until();
  if (auto refusal =
          Judge(parsed, body, platform, anchors, policy, now, &quote.judgement, &latest)) {
    return *std::move(refusal);
  }
  if (auto refusal = RefuseState(body, policy)) return *std::move(refusal);

  quote.fmspc = platform.fmspc;
  const bool debug = (quote.attributes & kDebugBits) != 0;
  Attested& attested = quote.attested;
  attested.device.host =
      Host{.tee = Tee::kTdx,
           .secure_boot = policy.mrtds.has_value() && policy.measured_means_secure_boot,
           .debug = debug,
           .tcb = quote.judgement.status,
           .firmware = FirmwareOf(body.tee_tcb_svn),
           .kernel = std::nullopt,
           .measurement = DigestText(quote.mrtd),
           .disk_encrypted = false};
  attested.device.verdict = AppraisalOf(policy.mrtds.has_value(), debug, quote.judgement.status);
  attested.device.verifier = "ztp";
  attested.issued_at = policy.challenge.given_out_at;
  ZTP_VERIFY_OR_RETURN(attested.expires_at, ExpiryOf(policy.challenge, now, latest));
  attested.anchor = path.anchor_sha256;
  attested.digest = Sha256Digest(bytes.substr(0, parsed.size));
  attested.bound_key = policy.challenge.channel_key;
  return std::move(quote);
}

}  // namespace ztp::evidence
