// A TDX platform of a test's own making: its certificates, quotes and collateral, right or wrong in
// any one way.
//
// Boundary: tests only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/device.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/tdx_quote.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {

using namespace std::string_literals;  // NOLINT: texts with NUL in them

inline const std::string kTdxNonce = Sha256Bytes("what the gateway gave out");
inline const std::string kTdxLaunched(48, 'm');
inline const std::string kTdxFmspc = "\x50\x80\x6f\0\0\0"s;

inline std::string DerOf(unsigned char tag, const std::string& content) {
  std::string der(1, static_cast<char>(tag));
  if (content.size() >= 256) {
    der += '\x82';
    der += BigBytes(content.size(), 2);
  } else {
    if (content.size() >= 128) der += '\x81';
    der += static_cast<char>(content.size());
  }
  return der + content;
}

// A PCK certificate: every component 5, PCESVN 11.
inline CertificateSpec TdxPckSpec(const std::string& fmspc = kTdxFmspc, char component = 5) {
  const std::string oid = "\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01"s;
  const auto pair = [&](const std::string& below, const std::string& value) {
    return DerOf(0x30, DerOf(0x06, oid + below) + value);
  };
  std::string tcb;
  for (char i = 1; i <= 16; ++i) tcb += pair("\2"s + i, DerOf(0x02, {component}));
  tcb += pair("\2\x11", DerOf(0x02, "\x0b")) + pair("\2\x12", DerOf(0x04, std::string(16, 'c')));
  CertificateSpec spec{.name = "Intel SGX PCK Certificate",
                       .key_usage = "critical,digitalSignature,nonRepudiation"};
  spec.purposes = "";
  spec.extensions = {
      {"1.2.840.113741.1.13.1",
       DerOf(0x30, pair("\1", DerOf(0x04, std::string(16, 'p'))) + pair("\2", DerOf(0x30, tcb)) +
                       pair("\3", DerOf(0x04, "\0\0"s)) + pair("\4", DerOf(0x04, fmspc)) +
                       pair("\5", DerOf(0x0a, "\1")))}};
  return spec;
}

inline CertificateSpec TdxSignerSpec() {
  CertificateSpec spec{.name = "Intel SGX TCB Signing",
                       .key_usage = "critical,digitalSignature,nonRepudiation"};
  spec.purposes = "";
  spec.not_before = At("2026-11-28T00:00:00Z");
  spec.not_after = At("2026-11-29T00:00:00Z");
  spec.serial = 77;
  return spec;
}

struct TdxPlatform {
  Identity root, ca, pck, signer;
};
inline TdxPlatform MakeTdxPlatform() {
  CertificateSpec ca_spec = SignerSpec("Intel SGX PCK Platform CA");
  ca_spec.names = "";
  CertificateSpec root_spec = SignerSpec("Intel SGX Root CA");
  root_spec.names = "";
  Identity root = Issue(root_spec, nullptr);
  Identity ca = Issue(ca_spec, &root);
  Identity pck = Issue(TdxPckSpec(), &ca);
  Identity signer = Issue(TdxSignerSpec(), &root);
  return {root, ca, pck, signer};
}
inline const TdxPlatform& TheTdxPlatform() {
  static const TdxPlatform platform = MakeTdxPlatform();
  return platform;
}

struct TdxQuoteSpec {
  int version = 4;
  int key_type = 2;
  uint64_t tee = 0x81;
  // TEE_TCB_SVN 3, 0, 5, …; zeros; MRTD; configuration and owners; RTMRs; report data.
  std::string body = "\3\0\5"s + std::string(13, '\0') + std::string(120, '\0') + kTdxLaunched +
                     std::string(144, '\0') + std::string(48, '0') + std::string(48, '1') +
                     std::string(48, '2') + std::string(48, '3') + kTdxNonce +
                     std::string(32, '\0');
  uint64_t qe_svn = 4;
  uint64_t qe_product = 2;
  char qe_signer = 's';
  char qe_attributes = '\x15';
  bool bind_key = true;
  std::string auth_data = "of the enclave";
  uint64_t certificate_type = 5;
  std::string certificates =
      Pem({TheTdxPlatform().pck.certificate, TheTdxPlatform().ca.certificate});
  TestKey pck_key = TheTdxPlatform().pck.key;
  std::string behind;
};

inline std::string MakeTdxQuote(const TdxQuoteSpec& spec = {}) {
  static const TestKey key = EcKey();
  const auto number = [](int value) { return static_cast<uint64_t>(value); };
  std::string bytes = LittleBytes(number(spec.version), 2) + LittleBytes(number(spec.key_type), 2) +
                      LittleBytes(spec.tee, 4) + "\0\0\0\0"s +
                      "\x93\x9a\x72\x33\xf7\x9c\x4c\xa9\x94\x0a\x0d\xb3\x95\x7f\x06\x07"s +
                      std::string(20, 'u');
  if (spec.version == 5) {
    bytes += LittleBytes(spec.body.size() == 584 ? 2 : 3, 2) + LittleBytes(spec.body.size(), 4);
  }
  bytes += spec.body;
  const std::string point = PointOf(key.get());
  const std::string bound =
      spec.bind_key ? Sha256Bytes(point + spec.auth_data) : std::string(32, 'x');
  const std::string report =
      std::string(48, '\0') + spec.qe_attributes + std::string(15, '\0') + std::string(64, 'e') +
      std::string(32, spec.qe_signer) + std::string(96, '\0') + LittleBytes(spec.qe_product, 2) +
      LittleBytes(spec.qe_svn, 2) + std::string(60, '\0') + bound + std::string(32, '\0');
  const std::string certification = report + SignRaw(spec.pck_key.get(), EVP_sha256(), report, 32) +
                                    LittleBytes(spec.auth_data.size(), 2) + spec.auth_data +
                                    LittleBytes(spec.certificate_type, 2) +
                                    LittleBytes(spec.certificates.size(), 4) + spec.certificates;
  const std::string signature = SignRaw(key.get(), EVP_sha256(), bytes, 32) + point +
                                LittleBytes(6, 2) + LittleBytes(certification.size(), 4) +
                                certification;
  return bytes + LittleBytes(signature.size(), 4) + signature + spec.behind;
}

struct TdxCollateralSpec {
  std::string issue_date = "2026-11-28T00:00:00Z";
  std::string next_update = "2026-12-28T00:00:00Z";
  std::string id = "TDX";
  int version = 3;
  std::string status = "UpToDate";
  int components = 16;
  bool levels = true;
  std::string more;           // members of the TCB information
  std::string change_signed;  // a text whose first letter is changed after it was signed
  bool other_key = false;
  bool by_pck = false;
  bool no_certificates = false;
  uint32_t minimum_evaluation = 15;
};

// Collateral with what its views are of.
class OwnedCollateral {
 public:
  explicit OwnedCollateral(const TdxCollateralSpec& spec) {
    const TdxPlatform& platform = TheTdxPlatform();
    const Identity& signer = spec.by_pck ? platform.pck : platform.signer;
    const TestKey key = spec.other_key ? EcKey() : signer.key;
    tcb_info_ = Sign("tcbInfo", TcbInfo(spec), key.get());
    qe_identity_ = Sign("enclaveIdentity", Identity_(), platform.signer.key.get());
    if (!spec.change_signed.empty()) ++tcb_info_[tcb_info_.find(spec.change_signed)];
    if (!spec.no_certificates) signing_ = {signer.certificate};
    if (spec.by_pck) signing_.push_back(platform.ca.certificate);
    qe_signing_ = {platform.signer.certificate};
    collateral.tcb_info = tcb_info_;
    collateral.qe_identity = qe_identity_;
    collateral.tcb_info_signing = signing_;
    collateral.qe_identity_signing = qe_signing_;
    collateral.minimum_evaluation_number = spec.minimum_evaluation;
  }
  OwnedCollateral(const OwnedCollateral&) = delete;
  OwnedCollateral& operator=(const OwnedCollateral&) = delete;

  TdxCollateral collateral;

 private:
  static std::string Sign(std::string_view name, const std::string& body, EVP_PKEY* key) {
    return Cat("{\"", name, "\":", body, ",\"signature\":\"",
               Hex(SignRaw(key, EVP_sha256(), body, 32)), "\"}");
  }
  static std::string Components(int count, const std::string& first) {
    std::string text = "[" + first;
    for (int i = 3; i < count; ++i) text += R"(,{"svn":0})";
    return text + "]";
  }
  static std::string Level(int components, int module, std::string_view status) {
    return Cat(R"({"tcb":{"sgxtcbcomponents":)",
               Components(components, R"({"svn":5},{"svn":5},{"svn":2})"),
               R"(,"pcesvn":11,"tdxtcbcomponents":)",
               Components(16, Cat(R"({"svn":)", module, R"(},{"svn":0},{"svn":5})")),
               R"(},"tcbDate":"2026-01-01T00:00:00Z","tcbStatus":")", status,
               R"(","advisoryIDs":["INTEL-SA-00106"]})");
  }
  static std::string TcbInfo(const TdxCollateralSpec& spec) {
    const std::string signer =
        Cat(R"("mrsigner":")", std::string(96, '0'), R"(","attributes":"0000000000000000",)",
            R"("attributesMask":"FFFFFFFFFFFFFFFF")");
    return Cat(R"({"id":")", spec.id, R"(","version":)", spec.version, R"(,"issueDate":")",
               spec.issue_date, R"(","nextUpdate":")", spec.next_update,
               R"(","fmspc":"50806f000000","pceId":"0000","tcbType":0,)",
               R"("tcbEvaluationDataNumber":15,"tdxModule":{)", signer,
               R"(},"tdxModuleIdentities":[{"id":"TDX_01",)", signer,
               R"(,"tcbLevels":[{"tcb":{"isvsvn":3},"tcbStatus":"UpToDate"},)",
               R"({"tcb":{"isvsvn":1},"tcbStatus":"OutOfDate"}]}],"tcbLevels":[)",
               spec.levels
                   ? Cat(Level(spec.components, 3, spec.status), ",", Level(16, 1, "OutOfDate"))
                   : std::string(),
               "]", spec.more, "}");
  }
  static std::string Identity_() {
    return Cat(R"({"id":"TD_QE","version":2,"issueDate":"2026-11-28T00:00:00Z",)",
               R"("nextUpdate":"2026-12-28T00:00:00Z","tcbEvaluationDataNumber":15,)",
               R"("miscselect":"00000000","miscselectMask":"FFFFFFFF",)",
               R"("attributes":"11000000000000000000000000000000",)",
               R"("attributesMask":"FBFFFFFFFFFFFFFF0000000000000000","mrsigner":")",
               Hex(std::string(32, 's')), R"(","isvprodid":2,"tcbLevels":[)",
               R"({"tcb":{"isvsvn":4},"tcbStatus":"UpToDate"},)",
               R"({"tcb":{"isvsvn":2},"tcbStatus":"ConfigurationNeeded"}]})");
  }

  std::string tcb_info_, qe_identity_;
  std::vector<Certificate> signing_, qe_signing_;
};

inline const TdxCollateral& TheCollateral() {
  static const OwnedCollateral* const owned = new OwnedCollateral({});
  return owned->collateral;
}

}  // namespace ztp::evidence
