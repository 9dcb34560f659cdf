// See kind_signed.h.
#include "engine/evidence/kind_signed.h"

#include <utility>

#include "engine/evidence/trusted_root.h"

namespace ztp::evidence {

void ReadSigners(SourceReader& reader, SignerPolicy* policy, std::vector<Crl>* crls) {
  if (reader.Has("signers")) {
    if (const auto pem = reader.Bytes("signers", true)) {
      auto keys = ReadSignatureKeys(*pem);
      if (keys.ok()) {
        policy->keys = *std::move(keys);
      } else {
        reader.Report("signers", keys.refusal().message);
      }
    }
  }
  if (reader.Has("roots")) policy->roots = reader.Certificates("roots", true);
  policy->names = reader.OptionalTexts("names");
  *crls = reader.Crls();
  policy->revocation.crls = *crls;
  policy->revocation.required = reader.Choice("revocation", {"known", "required"}, 0) == 1;
  policy->revocation.max_age = reader.OptionalDuration("crl_max_age");
  if (reader.Has("trusted_root")) {
    if (const auto json = reader.Bytes("trusted_root", true)) {
      auto trusted = ReadTrustedRoot(*json);
      if (trusted.ok()) {
        policy->sigstore = *std::move(trusted);
      } else {
        reader.Report("trusted_root", trusted.refusal().message);
      }
    }
  }
  reader.Objects("identities", [&](SourceReader& identity) {
    std::string issuer = identity.Text("issuer");
    std::string name = identity.Text("name");
    policy->identities.push_back({.issuer = std::move(issuer), .name = std::move(name)});
  });
  if (reader.Has("trusted_root") != !policy->identities.empty()) {
    reader.Report("",
                  "`trusted_root` and `identities` go together: anybody can sign without a key");
  }
  if (!reader.Has("signers") && !reader.Has("roots") && !reader.Has("trusted_root")) {
    reader.Report("", "nobody may sign: `signers`, `roots` or `trusted_root` is missing");
  }
  if (policy->names && !reader.Has("roots")) reader.Report("names", "names of whose certificates?");
  if (reader.common().nonce_required) reader.Report("nonce", "such a document carries no nonce");
}

ProvenFact FactOfSigned(const std::string& signer, const std::string& anchor,
                        std::optional<Time> issued_at, std::optional<Time> valid_until) {
  ProvenFact fact;
  fact.issuer = signer;
  fact.anchor = anchor;
  fact.issued_at = issued_at;
  fact.expires_at = valid_until.value_or(Time{kForEver});
  return fact;
}

}  // namespace ztp::evidence
