// ztp rim: the reference values of NVIDIA's manifests, as a trust configuration has them.
#include "engine/rim/rim.h"

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/crl.h"

namespace ztp::cli {
namespace {

constexpr size_t kMaxListBytes = size_t{16} << 20;

struct Options {
  std::vector<std::string> files;
  std::string roots;
  std::vector<std::string> crls;
  bool revocation_required = false;
  std::string now;
  std::string output;
};

int Run(const Options& options) {
  const auto now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  const auto pem = driver::ReadFile(options.roots, evidence::kMaxCertificateBytes * 16);
  if (!pem.ok()) return Fail(pem.status());
  const auto roots = evidence::ReadCertificates(*pem, {.max_certificates = evidence::kMaxAnchors});
  if (!roots.ok()) return Refused(options.roots, roots.refusal());
  std::vector<evidence::Crl> crls;
  for (const std::string& name : options.crls) {
    const auto bytes = driver::ReadFile(name, kMaxListBytes);
    if (!bytes.ok()) return Fail(bytes.status());
    auto lists = evidence::ReadCrls(*bytes);
    if (!lists.ok()) return Refused(name, lists.refusal());
    crls.insert(crls.end(), lists->begin(), lists->end());
  }
  const evidence::PathOptions path{
      .now = *now,
      .purposes = {},
      .revocation = {.crls = crls, .required = options.revocation_required}};
  // All that is wrong is said; one bad file and nothing is written.
  std::vector<rim::Rim> rims;
  int code = kDone;
  for (const std::string& name : options.files) {
    const auto bytes = driver::ReadFile(name, rim::kMaxRimBytes);
    if (!bytes.ok()) return Fail(bytes.status());
    auto rim = rim::VerifyRim(*bytes, *roots, path);
    if (rim.ok()) {
      rims.push_back(*std::move(rim));
    } else {
      code = Refused(name, rim.refusal());
    }
  }
  if (code != kDone) return code;
  const auto json = rim::ReferencesAsJson(rims);
  if (!json.ok()) return Refused(options.files.front(), json.refusal());
  if (options.output.empty()) {
    Print(*json);
    return kDone;
  }
  const absl::Status status = driver::WriteFile(options.output, *json);
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

void AddRim(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "rim",
      "What NVIDIA's reference integrity manifests say that drivers and VBIOSes measure to, as the "
      "`drivers` and `vbioses` of a trust configuration");
  command->add_option("FILE", options->files, "manifests (.swidtag)")->required();
  command->add_option("--roots", options->roots, "root certificates of whoever signs them (PEM)")
      ->required();
  command->add_option("--crls", options->crls, "revocation lists (PEM or DER)");
  command->add_flag("--revocation-required", options->revocation_required,
                    "each certificate needs a list of its issuer that is in force");
  command->add_option("--now", options->now,
                      "verify at this time, not at the clock's: of a manifest whose signer's "
                      "certificate has ended since, say");
  command->add_option("-o,--output", options->output, "a file instead of the standard output");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
