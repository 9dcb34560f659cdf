// An SEV-SNP platform of a test's own making: its certificates and reports, right or wrong in any
// one way.
//
// Boundary: tests only.
#pragma once

#include <string>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/snp_report.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence::snp_testing {

inline const std::string kNonce = Sha256Bytes("what the gateway gave out");
inline const std::string kChip(64, 'c');
inline const std::string kLaunched(48, 'm');

// What the certificate says beside its key: of a chip, or of a provider.
struct VcekSpec {
  std::string product = "Milan-B0";
  SnpTcb tcb{.fmc = 0, .bootloader = 3, .tee = 0, .snp = 20, .microcode = 213};
  std::string hardware_id = kChip;  // empty: the certificate has none
  std::string provider = "";        // the same
};
inline const std::string kProvider = "CN=cc-us-east-2.amazonaws.com";
inline const VcekSpec kVlek{.product = "Milan", .hardware_id = "", .provider = kProvider};

inline std::string Ia5(const std::string& text) {
  return "\x16" + LittleBytes(text.size(), 1) + text;
}

inline std::string Integer(uint8_t value) {
  return value < 0x80 ? std::string("\2\1") + static_cast<char>(value)
                      : std::string("\2\2\0", 3) + static_cast<char>(value);
}

inline CertificateSpec CertificateOf(const VcekSpec& vcek) {
  // As AMD's: no constraints, no usage, no purposes.
  CertificateSpec spec{.name = vcek.provider.empty() ? "SEV-VCEK" : "SEV-VLEK",
                       .basic_constraints = "",
                       .key_usage = ""};
  spec.purposes = "";
  const std::string base = "1.3.6.1.4.1.3704.1.";
  spec.extensions = {{base + "2", Ia5(vcek.product)},
                     {base + "3.1", Integer(vcek.tcb.bootloader)},
                     {base + "3.2", Integer(vcek.tcb.tee)},
                     {base + "3.3", Integer(vcek.tcb.snp)},
                     {base + "3.8", Integer(vcek.tcb.microcode)},
                     {base + "3.9", Integer(vcek.tcb.fmc)}};
  if (!vcek.hardware_id.empty()) spec.extensions.push_back({base + "4", vcek.hardware_id});
  if (!vcek.provider.empty()) spec.extensions.push_back({base + "5", Ia5(vcek.provider)});
  return spec;
}

struct Platform {
  Identity ark, ask, vcek;
};

inline CertificateSpec AuthoritySpec(const char* name, const char* usage) {
  CertificateSpec spec = SignerSpec(name);
  spec.names = "";
  spec.key_usage = usage;
  return spec;
}

inline Platform MakePlatform(const VcekSpec& vcek = {}) {
  Identity ark = Issue(AuthoritySpec("ARK-Milan", "critical,keyCertSign,cRLSign"), nullptr);
  Identity ask = Issue(AuthoritySpec("SEV-Milan", "critical,keyCertSign"), &ark);
  Identity chip = Issue(CertificateOf(vcek), &ask, EcKey("P-384"));
  return {ark, ask, chip};
}

inline const Platform& ThePlatform() {
  static const Platform platform = MakePlatform();
  return platform;
}

inline std::string Reversed(const std::string& bytes) { return {bytes.rbegin(), bytes.rend()}; }

struct ReportSpec {
  uint32_t version = 2;
  uint64_t policy = 0x30000;
  uint32_t vmpl = 0;
  uint32_t algorithm = 1;
  uint32_t key = 0;
  std::string report_data = kNonce + std::string(32, '\0');
  std::string tcb = std::string("\3\0\0\0\0\0\x14\xd5", 8);
  std::string chip = kChip;
};

inline std::string Report(const ReportSpec& spec = {},
                          EVP_PKEY* key = ThePlatform().vcek.key.get()) {
  std::string bytes =
      LittleBytes(spec.version, 4) + LittleBytes(7, 4) + LittleBytes(spec.policy, 8) +
      std::string(32, '\0') + LittleBytes(spec.vmpl, 4) + LittleBytes(spec.algorithm, 4) +
      std::string(16, '\0') + LittleBytes(spec.key, 4) + std::string(4, '\0') + spec.report_data +
      kLaunched + std::string(32, 'h') + std::string(160, '\0') + spec.tcb + std::string(24, '\0') +
      spec.chip + std::string(8, '\0') + std::string("\3\x31\1", 3);
  bytes.resize(0x2a0, '\0');
  const std::string raw = SignRaw(key, EVP_sha384(), bytes, 48);
  bytes += Reversed(raw.substr(0, 48)) + std::string(24, '\0') + Reversed(raw.substr(48)) +
           std::string(24, '\0');
  bytes.resize(kSnpReportBytes, '\0');
  return bytes;
}

}  // namespace ztp::evidence::snp_testing
