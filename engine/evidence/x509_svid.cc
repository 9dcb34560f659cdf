// See x509_svid.h.
#include "engine/evidence/x509_svid.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/core/spiffe.h"

namespace ztp::evidence {
namespace {

template <typename... Pieces>
Refusal About(const Certificate& certificate, Check check, const Pieces&... what) {
  return Refuse(check, certificate.Describe(), " ", what...);
}

// Section 2: exactly one URI, which is a SPIFFE ID.
Verified<std::string> SpiffeIdOf(const Certificate& certificate) {
  if (certificate.uris().size() != 1) {
    return About(certificate, Check::kSubject, "has ", certificate.uris().size(),
                 " URIs as names; an SVID has one");
  }
  auto id = ParseSpiffeId(certificate.uris()[0]);
  if (!id.ok()) {
    return About(certificate, Check::kSubject, "has no SPIFFE ID: ", Message(id.status()));
  }
  return *std::move(id);
}

// Section 4.3, for leaves and signing certificates alike..
Verified<uint32_t> KeyUsageOf(const Certificate& certificate) {
  const std::optional<uint32_t> usage = certificate.key_usage();
  if (!usage.has_value()) return About(certificate, Check::kUsage, "has no key usage");
  if (!certificate.key_usage_is_critical()) {
    return About(certificate, Check::kUsage, "has a key usage that is not critical");
  }
  return *usage;
}

// Sections 3.1, 4.1, 4.3, 4.4 and 5.2. The SPIFFE ID.
Verified<std::string> ReadLeaf(const Certificate& leaf) {
  if (leaf.is_ca()) return About(leaf, Check::kUsage, "is of a CA: it identifies no workload");
  ZTP_VERIFY_OR_RETURN(const uint32_t usage, KeyUsageOf(leaf));
  if ((usage & KU_DIGITAL_SIGNATURE) == 0) {
    return About(leaf, Check::kUsage, "has a key that is not for digitalSignature");
  }
  if ((usage & KU_KEY_CERT_SIGN) != 0) {
    return About(leaf, Check::kUsage, "has a key for keyCertSign, which a leaf may not");
  }
  if ((usage & KU_CRL_SIGN) != 0) {
    return About(leaf, Check::kUsage, "has a key for cRLSign, which a leaf may not");
  }
  if (const std::optional<uint32_t> extended = leaf.extended_key_usage()) {
    if ((*extended & XKU_SSL_SERVER) == 0 || (*extended & XKU_SSL_CLIENT) == 0) {
      return About(leaf, Check::kUsage, "has a key that is not for both serverAuth and clientAuth");
    }
  }
  ZTP_VERIFY_OR_RETURN(std::string id, SpiffeIdOf(leaf));
  if (SpiffePath(id).empty()) {
    return About(leaf, Check::kSubject, "has a trust domain as its SPIFFE ID, no workload");
  }
  if (leaf.has_empty_subject() && !leaf.alternative_names_are_critical()) {
    return About(leaf, Check::kMalformed, "has no subject, and its names are not critical");
  }
  return id;
}

// Sections 3.2, 4.1 and 4.3. A signing certificate need not have a SPIFFE ID; then it is no SVID,
// and its key usage need not be critical. `trust_domain`: of its SPIFFE ID, empty without one.
std::optional<Refusal> RefuseSigner(const Certificate& signer, std::string* trust_domain) {
  if (!signer.is_ca()) return About(signer, Check::kUsage, "is not of a CA: it signs nothing");
  const std::optional<uint32_t> usage = signer.key_usage();
  if (!usage.has_value() || (*usage & KU_KEY_CERT_SIGN) == 0) {
    return About(signer, Check::kUsage, "has a key that is not for keyCertSign");
  }
  trust_domain->clear();
  if (signer.uris().empty()) return std::nullopt;
  if (!signer.key_usage_is_critical()) {
    return About(signer, Check::kUsage, "has a key usage that is not critical");
  }
  Verified<std::string> id = SpiffeIdOf(signer);
  if (!id.ok()) return std::move(id).refusal();
  if (!SpiffePath(*id).empty()) {
    return About(signer, Check::kSubject, "signs others and has a SPIFFE ID with a path");
  }
  *trust_domain = SpiffeTrustDomain(*id);
  return std::nullopt;
}

// The bundle of the trust domain, if workloads of that are taken.
Verified<const SpiffeBundle*> BundleOf(std::string_view trust_domain,
                                       std::span<const SpiffeBundle> bundles,
                                       const SvidOptions& options) {
  const bool taken = trust_domain == options.trust_domain ||
                     std::find(options.federated.begin(), options.federated.end(), trust_domain) !=
                         options.federated.end();
  if (!taken) {
    return Refuse(Check::kIssuer, "trust domain ", Quoted(trust_domain),
                  " is neither ours nor federated");
  }
  const SpiffeBundle* found = nullptr;
  for (const SpiffeBundle& bundle : bundles) {
    if (bundle.trust_domain != trust_domain) continue;
    if (found != nullptr) {
      return Refuse(Check::kKeyUnknown, "trust domain ", Quoted(trust_domain),
                    " has more than one bundle");
    }
    found = &bundle;
  }
  if (found == nullptr || found->x509_authorities.empty()) {
    return Refuse(Check::kKeyUnknown, "trust domain ", Quoted(trust_domain),
                  " has no certificates of ours");
  }
  return found;
}

}  // namespace

std::string X509Svid::trust_domain() const { return std::string(SpiffeTrustDomain(spiffe_id)); }

Verified<std::string> ReadSvidForm(std::span<const Certificate> chain) {
  if (chain.empty()) return Refuse(Check::kMalformed, "an SVID without a certificate");
  if (chain.size() > kMaxChainCertificates) {
    return Refuse(Check::kTooLarge, "more than ", kMaxChainCertificates, " certificates");
  }
  ZTP_VERIFY_OR_RETURN(std::string id, ReadLeaf(chain[0]));
  for (const Certificate& signer : chain.subspan(1)) {
    std::string trust_domain;
    if (auto refusal = RefuseSigner(signer, &trust_domain)) return *std::move(refusal);
    // Section 3.2 says SHOULD. Without name constraints nothing else keeps a signer that was made
    // for one trust domain from signing for another, so what it says of itself counts.
    if (!trust_domain.empty() && trust_domain != SpiffeTrustDomain(id)) {
      return About(signer, Check::kIssuer, "is of trust domain ", Quoted(trust_domain), ", not of ",
                   Quoted(SpiffeTrustDomain(id)));
    }
  }
  return id;
}

Verified<X509Svid> VerifyX509Svid(std::span<const Certificate> chain,
                                  std::span<const SpiffeBundle> bundles,
                                  const SvidOptions& options) {
  ZTP_VERIFY_OR_RETURN(std::string id, ReadSvidForm(chain));
  ZTP_VERIFY_OR_RETURN(const SpiffeBundle* const bundle,
                       BundleOf(SpiffeTrustDomain(id), bundles, options));
  // Sections 4.4 and 5.1: a leaf that states purposes states both; so do signing certificates, or
  // they state none.
  ZTP_VERIFY_OR_RETURN(
      VerifiedPath path,
      VerifyPath(chain[0], chain.subspan(1), bundle->x509_authorities,
                 PathOptions{.now = options.now,
                             .purposes = {KeyPurpose::kServerAuth, KeyPurpose::kClientAuth},
                             .purposes_must_be_stated = false,
                             .revocation = options.revocation}));
  // The anchor is a signing certificate too. Which trust domain it may sign for, the bundle that it
  // stands in says.
  std::string anchor_domain;
  if (auto refusal = RefuseSigner(path.path.back(), &anchor_domain)) return *std::move(refusal);
  return X509Svid{.spiffe_id = std::move(id), .path = std::move(path)};
}

}  // namespace ztp::evidence
