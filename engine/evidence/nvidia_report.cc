// See nvidia_report.h.
#include "engine/evidence/nvidia_report.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/byte_reader.h"
#include "engine/evidence/jws_signature.h"

namespace ztp::evidence {
namespace {

constexpr size_t kRequestBytes = 37;
constexpr size_t kNonceBytes = 32;
constexpr size_t kSignatureBytes = 96;
constexpr size_t kMeasurementBytes = 48;
constexpr uint64_t kSpdmVersion = 0x11;
constexpr uint64_t kGetMeasurements = 0xe0;
constexpr uint64_t kMeasurements = 0x60;
constexpr uint64_t kWithSignature = 1;
constexpr uint64_t kAllMeasurements = 0xff;
constexpr uint64_t kDmtfMeasurement = 1;
// Opaque data: 16 bits of type, 16 of size, little-endian.
constexpr uint64_t kDriverVersion = 3;
constexpr uint64_t kVbiosVersion = 6;
constexpr uint64_t kNvdecStatus = 11;
constexpr uint64_t kFirmwareId = 20;
constexpr uint64_t kFeatureFlag = 36;
constexpr size_t kMaxOpaqueFields = 64;
// The manifest has this digest for GPUs whose decoder is on; 0x55 says that it is off.
constexpr int kNvdecIndex = 35;
constexpr char kNvdecOff = '\x55';
// TCG DICE: the firmware that the key was made for.
constexpr const char* kDiceTcbInfo = "2.23.133.5.4.1";

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "not an attestation report of a GPU: ", what);
}

struct Parsed {
  std::string_view nonce;  // of the request
  std::map<int, std::string> measurements;
  std::string driver, vbios;
  bool nvdec_off = false;
  std::string_view firmware_id;  // may be empty
  NvidiaMode mode = NvidiaMode::kNotSaid;
  std::string_view signed_bytes, signature;
};

std::optional<Refusal> ReadBlocks(std::string_view record, uint64_t count, Parsed* parsed) {
  ByteReader reader(record);
  int last = 0;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const int index = static_cast<int>(reader.Little(1));
    const uint64_t specification = reader.Little(1);
    ByteReader block(reader.Take(reader.Little(2)));
    block.Skip(1);  // what kind of thing was measured
    const std::string_view value = block.Take(block.Little(2));
    if (!reader.ok() || !block.ok() || block.left() != 0 || specification != kDmtfMeasurement ||
        value.size() != kMeasurementBytes || index <= last) {
      return Malformed("a block of measurement is malformed, or out of order");
    }
    last = index;
    parsed->measurements.emplace(index - 1, value);
  }
  if (!reader.ok() || reader.left() != 0) return Malformed("its blocks are not as long as it says");
  return std::nullopt;
}

// Eight bytes, little-endian: 00 5E 00 96 01 00 00 00 is 96.00.5E.00.01.
std::optional<std::string> VbiosOf(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  std::string text;
  for (const size_t i : {3, 2, 1, 0, 4}) {
    std::string part = Hex(bytes.substr(i, 1));
    std::transform(part.begin(), part.end(), part.begin(), [](char c) {
      return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    Append(text, text.empty() ? "" : ".", part);
  }
  return text;
}

std::optional<std::string> DriverOf(std::string_view bytes) {
  while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
  if (!IsVersion(bytes)) return std::nullopt;
  return std::string(bytes);
}

std::optional<Refusal> ReadOpaque(std::string_view opaque, Parsed* parsed) {
  ByteReader reader(opaque);
  std::set<uint64_t> seen;
  while (reader.ok() && reader.left() != 0) {
    const uint64_t type = reader.Little(2);
    const std::string_view value = reader.Take(reader.Little(2));
    if (!reader.ok()) break;
    if (!seen.insert(type).second || seen.size() > kMaxOpaqueFields) {
      return Malformed("a field is there twice, or there are too many");
    }
    if (type == kDriverVersion) {
      const std::optional<std::string> driver = DriverOf(value);
      if (!driver) return Malformed("its driver has no version");
      parsed->driver = *driver;
    } else if (type == kVbiosVersion) {
      const std::optional<std::string> vbios = VbiosOf(value);
      if (!vbios) return Malformed("its VBIOS has no version");
      parsed->vbios = *vbios;
    } else if (type == kNvdecStatus) {
      parsed->nvdec_off = value.size() == 1 && value[0] == kNvdecOff;
    } else if (type == kFirmwareId) {
      parsed->firmware_id = value;
    } else if (type == kFeatureFlag) {
      const char flag = value.empty() ? '\x7f' : value[0];
      const bool rest_is_zero = value.size() <= 1 || value.find_first_not_of('\0', 1) == value.npos;
      if (flag < 0 || flag > 2 || !rest_is_zero) return Malformed("it runs in an unknown mode");
      parsed->mode = flag == 0   ? NvidiaMode::kSingleGpu
                     : flag == 1 ? NvidiaMode::kMultiGpu
                                 : NvidiaMode::kProtectedPcie;
    }
  }
  if (!reader.ok()) return Malformed("its fields are not as long as they say");
  if (parsed->driver.empty() || parsed->vbios.empty()) {
    return Malformed("it does not say which driver and VBIOS it runs");
  }
  return std::nullopt;
}

Verified<Parsed> Parse(std::string_view report) {
  if (report.size() > kMaxNvidiaReportBytes) {
    return Refuse(Check::kTooLarge, "a report of ", report.size(), " bytes; at most ",
                  kMaxNvidiaReportBytes, " are read");
  }
  if (report.size() < kRequestBytes + kSignatureBytes) return Malformed("it was cut off");
  Parsed parsed;
  parsed.signed_bytes = report.substr(0, report.size() - kSignatureBytes);
  parsed.signature = report.substr(report.size() - kSignatureBytes);
  ByteReader reader(parsed.signed_bytes);
  const uint64_t version = reader.Little(1);
  const uint64_t request = reader.Little(1);
  const uint64_t attributes = reader.Little(1);
  const uint64_t operation = reader.Little(1);
  parsed.nonce = reader.Take(kNonceBytes);
  reader.Skip(1);  // the slot of the certificates
  if (version != kSpdmVersion || request != kGetMeasurements || attributes != kWithSignature ||
      operation != kAllMeasurements) {
    return Malformed("it answers no request for all measurements with a signature");
  }
  const uint64_t response_version = reader.Little(1);
  const uint64_t response = reader.Little(1);
  reader.Skip(2);
  const uint64_t blocks = reader.Little(1);
  const std::string_view record = reader.Take(reader.Little(3));
  reader.Skip(kNonceBytes);  // of the device
  const std::string_view opaque = reader.Take(reader.Little(2));
  if (!reader.ok() || reader.left() != 0 || response_version != kSpdmVersion ||
      response != kMeasurements) {
    return Malformed("the response has another form or length");
  }
  if (auto refusal = ReadBlocks(record, blocks, &parsed)) return *std::move(refusal);
  if (auto refusal = ReadOpaque(opaque, &parsed)) return *std::move(refusal);
  return parsed;
}

// The reference of the version that runs; nullptr: there is none.
const NvidiaReference* ReferenceOf(const std::vector<NvidiaReference>& references,
                                   std::string_view version) {
  const auto found =
      std::find_if(references.begin(), references.end(),
                   [&](const NvidiaReference& one) { return one.version == version; });
  return found == references.end() ? nullptr : &*found;
}

// Compares with the manifests of driver and VBIOS. Affirming: all of both is as they say.
Verified<Appraisal> Compare(const Parsed& parsed, const NvidiaReportPolicy& policy,
                            std::vector<int>* mismatches) {
  if (policy.drivers.empty() && policy.vbioses.empty()) return Appraisal::kUnappraised;
  const NvidiaReference* driver = ReferenceOf(policy.drivers, parsed.driver);
  const NvidiaReference* vbios = ReferenceOf(policy.vbioses, parsed.vbios);
  if (driver == nullptr || vbios == nullptr) {
    if (!policy.affirming_required) return Appraisal::kUnappraised;
    return Refuse(Check::kMeasurement, "no reference values for the ",
                  driver == nullptr ? Cat("driver ", parsed.driver) : Cat("VBIOS ", parsed.vbios));
  }
  size_t compared = 0;
  for (const NvidiaReference* reference : {driver, vbios}) {
    for (const auto& [index, digests] : reference->measurements) {
      // What two manifests claim, neither vouches for.
      const bool conflict = reference == driver && vbios->measurements.count(index) != 0;
      if (index == kNvdecIndex && parsed.nvdec_off && !conflict) continue;
      ++compared;
      const auto found = parsed.measurements.find(index);
      if (conflict || found == parsed.measurements.end() ||
          std::find(digests.begin(), digests.end(), found->second) == digests.end()) {
        mismatches->push_back(index);
      }
    }
  }
  if (compared != 0 && mismatches->empty()) return Appraisal::kAffirming;
  if (policy.affirming_required) {
    return mismatches->empty()
               ? Refuse(Check::kMeasurement, "the reference values have nothing to compare")
               : Refuse(Check::kMeasurement, "the measurement with index ", mismatches->front(),
                        " is not among the reference values, and ", mismatches->size() - 1,
                        " others are not");
  }
  return mismatches->empty() ? Appraisal::kUnappraised : Appraisal::kContraindicated;
}

bool IsConfidential(NvidiaMode mode, const NvidiaReportPolicy& policy) {
  switch (mode) {
    case NvidiaMode::kSingleGpu:
    case NvidiaMode::kMultiGpu:
      return true;
    case NvidiaMode::kProtectedPcie:
      return policy.protected_pcie_is_confidential;
    case NvidiaMode::kNotSaid:
      break;
  }
  return policy.unsaid_mode_is_confidential;
}

}  // namespace

Verified<NvidiaReport> VerifyNvidiaReport(std::string_view bytes,
                                          std::span<const Certificate> certificates,
                                          std::span<const Certificate> anchors,
                                          const NvidiaReportPolicy& policy, Time now) {
  ZTP_VERIFY_OR_RETURN(Parsed parsed, Parse(bytes));
  if (certificates.empty()) return Refuse(Check::kChain, "a report without certificates");
  const Certificate& leaf = certificates.front();
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(leaf, certificates.subspan(1), anchors,
                                  {.now = now, .purposes = {}, .revocation = policy.revocation}));
  ZTP_VERIFY_OR_RETURN(const SharedKey key, KeyOf(leaf, KeyType::kP384));
  if (!IsSignatureOf(JwsAlgorithm::kEs384, key, parsed.signed_bytes, parsed.signature)) {
    return Refuse(Check::kSignature, "the report's signature is not that of ", leaf.Describe());
  }
  if (!parsed.firmware_id.empty()) {
    const std::optional<std::string> dice = ExtensionOf(leaf, kDiceTcbInfo);
    if (!dice || !dice->ends_with(parsed.firmware_id)) {
      return Refuse(Check::kSubject, leaf.Describe(), " is not of the firmware that reports");
    }
  }
  // The key that signs is the firmware's; the one above it is the chip's and has its name.
  const std::optional<std::string> model = CommonNameOf(path.path[1]);
  if (!model) return Malformed("the chip's certificate does not say which chip it is");
  if (auto refusal = RefuseAnswer(parsed.nonce, policy.challenge)) return *std::move(refusal);

  NvidiaReport report;
  ZTP_VERIFY_OR_RETURN(const Appraisal measured, Compare(parsed, policy, &report.mismatches));
  if (policy.affirming_required && measured != Appraisal::kAffirming) {
    return Refuse(Check::kMeasurement, "there are no reference values to compare with");
  }
  const bool sound = measured == Appraisal::kAffirming;
  report.mode = parsed.mode;
  report.nonce = std::string(parsed.nonce);
  report.measurements = std::move(parsed.measurements);
  Attested& attested = report.attested;
  // As NVIDIA's own verifiers have it: firmware that measures as released has booted securely, and
  // has no debugging.
  attested.device.gpu = Gpu{.model = *model,
                            .driver = std::move(parsed.driver),
                            .vbios = std::move(parsed.vbios),
                            .confidential = IsConfidential(parsed.mode, policy),
                            .secure_boot = sound,
                            .debug = !sound,
                            .measurements = measured,
                            .nonce_matched = policy.challenge.nonce.has_value()};
  attested.device.verdict = measured;
  attested.device.verifier = "ztp";
  attested.issued_at = policy.challenge.given_out_at;
  ZTP_VERIFY_OR_RETURN(attested.expires_at, ExpiryOf(policy.challenge, now, path.valid_until()));
  attested.anchor = path.anchor_sha256;
  attested.digest = Sha256Digest(bytes);
  attested.bound_key = policy.challenge.channel_key;
  return report;
}

}  // namespace ztp::evidence
