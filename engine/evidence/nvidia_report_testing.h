// A GPU of a test's own making: its certificates and reports, right or wrong in any one way.
//
// Boundary: tests only.
#pragma once

#include <string>
#include <vector>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence::nvidia_report_testing {

inline const std::string kNonce = Sha256Bytes("what the gateway gave out");

struct Chip {
  Identity root, chip, firmware;
  std::vector<Certificate> certificates() const {
    return {firmware.certificate, chip.certificate, root.certificate};
  }
};

inline CertificateSpec FirmwareSpec() {
  CertificateSpec spec{.name = "GH100 A01 GSP FMC LF"};
  spec.purposes = "";
  return spec;
}

inline Chip MakeChip() {
  Identity root = Issue(SignerSpec("Device Identity CA"), nullptr);
  CertificateSpec chip_spec = SignerSpec("GH100 A01 GSP BROM");
  chip_spec.names = "";
  Identity chip = Issue(chip_spec, &root);
  Identity firmware = Issue(FirmwareSpec(), &chip, EcKey("P-384"));
  return {root, chip, firmware};
}

inline const Chip& TheChip() {
  static const Chip chip = MakeChip();
  return chip;
}

inline std::string Block(int index, const std::string& digest, int specification = 1) {
  return LittleBytes(static_cast<uint64_t>(index), 1) +
         LittleBytes(static_cast<uint64_t>(specification), 1) + LittleBytes(digest.size() + 3, 2) +
         "\1" + LittleBytes(digest.size(), 2) + digest;
}
inline std::string Field(int type, const std::string& value) {
  return LittleBytes(static_cast<uint64_t>(type), 2) + LittleBytes(value.size(), 2) + value;
}

inline const std::string kFirst(48, 'a');
inline const std::string kSecond(48, 'b');

struct ReportSpec {
  std::string request = std::string("\x11\xe0\x01\xff", 4) + kNonce + std::string(1, '\0');
  std::string response = std::string("\x11\x60\0\0", 4);
  int block_count = 2;
  std::string blocks = Block(1, kFirst) + Block(2, kSecond);
  std::string fields = Field(3, std::string("535.86.09\0", 10)) +
                       Field(6, std::string("\0\x5e\0\x96\1\0\0\0", 8)) + Field(36, "\1");
};

inline std::string Report(const ReportSpec& spec = {},
                          EVP_PKEY* key = TheChip().firmware.key.get()) {
  const std::string bytes = spec.request + spec.response +
                            LittleBytes(static_cast<uint64_t>(spec.block_count), 1) +
                            LittleBytes(spec.blocks.size(), 3) + spec.blocks +
                            std::string(32, 'n') + LittleBytes(spec.fields.size(), 2) + spec.fields;
  return bytes + SignRaw(key, EVP_sha384(), bytes, 48);
}

}  // namespace ztp::evidence::nvidia_report_testing
