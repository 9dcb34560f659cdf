// See signers.h.
#include "bindings/cli/signers.h"

#include "bindings/cli/keys.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"
#include "engine/evidence/trusted_root.h"

namespace ztp::cli {

void TrustedSigners::AddOptions(CLI::App& command) {
  command.add_option("--keys", keys, "trusted: files of public keys (PEM)");
  command.add_option("--roots", roots, "trusted: files of root certificates (PEM)");
  command.add_option("--trusted-root", trusted_root,
                     "trusted: a Sigstore instance (trusted_root.json), for");
  command.add_option("--identity", identity, "the email address or URI that signed in");
  command.add_option("--issuer", issuer, "and where (https://accounts.google.com)");
}

absl::StatusOr<evidence::SignerPolicy> TrustedSigners::Load() const {
  if (!trusted_root.empty() && (identity.empty() || issuer.empty())) {
    return InvalidArgument(
        "--trusted-root wants --identity and --issuer: anybody can sign without a key");
  }
  evidence::SignerPolicy policy;
  ZTP_ASSIGN_OR_RETURN(policy.keys, LoadPublicKeys(keys));
  for (const std::string& file : roots) {
    ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(file, 1 << 20));
    auto read = evidence::ReadCertificates(text, {.max_certificates = evidence::kMaxAnchors});
    if (!read.ok()) return InvalidArgument(file, ": ", read.refusal().message);
    policy.roots.insert(policy.roots.end(), read->begin(), read->end());
  }
  if (!trusted_root.empty()) {
    ZTP_ASSIGN_OR_RETURN(const std::string text,
                         driver::ReadFile(trusted_root, evidence::kMaxTrustedRootBytes));
    auto read = evidence::ReadTrustedRoot(text);
    if (!read.ok()) return InvalidArgument(trusted_root, ": ", read.refusal().message);
    policy.sigstore = *std::move(read);
    policy.identities = {{.issuer = issuer, .name = identity}};
  }
  return policy;
}

}  // namespace ztp::cli
