// Any bytes are a report of an SEV-SNP guest or none; and so is whatever a chip has signed.
#include "engine/evidence/snp_report.h"

#include "fuzz/attestation.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

struct Platform {
  Identity ark, vcek, vlek;
};
const Platform& ThePlatform() {
  static const Platform platform = [] {
    Identity ark = Issue(SignerSpec("ARK"), nullptr);
    CertificateSpec spec{.name = "VCEK"};
    const std::string base = "1.3.6.1.4.1.3704.1.";
    spec.extensions = {{base + "2", "\x16\x05Milan"},
                       {base + "3.1", "\2\1\3"},
                       {base + "3.2", std::string("\2\1\0", 3)},
                       {base + "3.3", "\2\1\5"},
                       {base + "3.8", "\2\1\7"},
                       {base + "4", std::string(64, 'c')}};
    Identity vcek = Issue(spec, &ark, EcKey("P-384"));
    spec.extensions.back() = {base + "5",
                              "\x16\x04"
                              "CN=a"};
    return Platform{ark, vcek, Issue(spec, &ark, vcek.key)};
  }();
  return platform;
}

void Verify(std::string_view bytes) {
  const std::vector<Certificate> anchors = {ThePlatform().ark.certificate};
  SnpPolicy policy;
  policy.challenge.without_nonce_allowed = true;
  policy.measurements = std::nullopt;
  policy.vlek_providers = {"CN=a"};
  const Platform& platform = ThePlatform();
  const auto report = VerifySnpReport(bytes, platform.vcek.certificate, {}, anchors, policy, kNow);
  const auto of_provider =
      VerifySnpReport(bytes, platform.vlek.certificate, {}, anchors, policy, kNow);
  // The report says which of the two it is of.
  Must(!report.ok() || !of_provider.ok());
  Must(!of_provider.ok() || of_provider->provider == "CN=a");
  if (!report.ok()) return;
  Must(report->provider.empty());
  Must(!report->attested.device.host.debug && (report->policy >> 19 & 1) == 0);
  Must(report->vmpl == 0 && report->chip_id == std::string(64, 'c') && report->tcb.snp == 5);
  Must(IsVersion(report->attested.device.host.firmware));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Verify(bytes);
  std::string report(bytes.substr(0, 0x2a0));
  report.resize(0x2a0, '\0');
  const std::string raw = SignRaw(ThePlatform().vcek.key.get(), EVP_sha384(), report, 48);
  for (const std::string& number : {raw.substr(0, 48), raw.substr(48)}) {
    report += std::string(number.rbegin(), number.rend()) + std::string(24, '\0');
  }
  report.resize(kSnpReportBytes, '\0');
  Verify(report);
  return 0;
}
