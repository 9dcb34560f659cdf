// PCK certificates: see tdx_collateral.h.
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/der_reader.h"
#include "engine/evidence/tdx_collateral.h"

namespace ztp::evidence {
namespace {

constexpr const char* kSgxExtensions = "1.2.840.113741.1.13.1";
constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
// 1.2.840.113741.1.13.1 as DER has its content; what is below has one byte, or two, more.
constexpr std::string_view kSgxOid = "\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01";
constexpr char kTcb = 2;
constexpr char kPceId = 3;
constexpr char kFmspc = 4;
constexpr int kPceSvn = 17;
constexpr uint32_t kMaxPceSvn = 65535;

// Component 1 to 16, PCESVN and CPUSVN, each once.
bool ReadTcb(DerReader tcb, PckPlatform* platform) {
  uint32_t seen = 0;
  while (tcb.ok() && !tcb.at_end()) {
    DerReader pair(tcb.Take(DerReader::kSequence));
    const std::string_view oid = pair.Take(DerReader::kObjectId);
    if (!pair.ok() || oid.size() != kSgxOid.size() + 2 || !oid.starts_with(kSgxOid) ||
        oid[kSgxOid.size()] != kTcb) {
      return false;
    }
    const int number = static_cast<unsigned char>(oid.back());
    if (number < 1 || number > kPceSvn + 1 || (seen >> number & 1) != 0) return false;
    seen |= 1u << number;
    if (number < kPceSvn) {
      platform->sgx[static_cast<size_t>(number - 1)] = static_cast<uint8_t>(pair.TakeUnsigned(255));
    } else if (number == kPceSvn) {
      platform->pce_svn = pair.TakeUnsigned(kMaxPceSvn);
    } else {
      pair.Skip();
    }
    if (!pair.ok() || !pair.at_end()) return false;
  }
  constexpr uint32_t kAll = ((1u << (kPceSvn + 1)) - 1) & ~1u;
  return tcb.ok() && (seen & kAll) == kAll;
}

}  // namespace

Verified<PckPlatform> ReadPck(const Certificate& certificate) {
  const std::optional<std::string> extension = ExtensionOf(certificate, kSgxExtensions);
  if (!extension || CommonNameOf(certificate) != kPckName) {
    return Refuse(Check::kUsage, certificate.Describe(), " is no PCK certificate");
  }
  const Refusal malformed =
      Refuse(Check::kMalformed, certificate.Describe(), " has malformed SGX extensions");
  PckPlatform platform;
  DerReader outer(*extension);
  DerReader all(outer.Take(DerReader::kSequence));
  if (!outer.ok() || !outer.at_end()) return malformed;
  bool has_tcb = false;
  while (all.ok() && !all.at_end()) {
    DerReader pair(all.Take(DerReader::kSequence));
    const std::string_view oid = pair.Take(DerReader::kObjectId);
    if (!pair.ok() || oid.size() != kSgxOid.size() + 1 || !oid.starts_with(kSgxOid)) {
      return malformed;
    }
    if (oid.back() == kTcb) {
      if (has_tcb || !ReadTcb(DerReader(pair.Take(DerReader::kSequence)), &platform)) {
        return malformed;
      }
      has_tcb = true;
    } else if (oid.back() == kPceId || oid.back() == kFmspc) {
      std::string* to = oid.back() == kPceId ? &platform.pce_id : &platform.fmspc;
      if (!to->empty()) return malformed;
      *to = std::string(pair.Take(DerReader::kOctetString));
    } else {
      pair.Skip();
    }
    if (!pair.ok() || !pair.at_end()) return malformed;
  }
  if (!all.ok() || !has_tcb || platform.pce_id.size() != 2 || platform.fmspc.size() != 6) {
    return malformed;
  }
  return platform;
}

}  // namespace ztp::evidence
