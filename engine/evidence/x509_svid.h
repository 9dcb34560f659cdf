// An identity of a workload: a certificate by the SPIFFE X509-SVID specification.
//
// Boundary: who the certificate is of, and that its own trust domain has issued it. That whoever
// presents it has its key, the channel proves (TLS); compare the key of the channel with
// leaf_spki_sha256.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/spiffe_bundle.h"
#include "engine/evidence/verified.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

struct SvidOptions {
  Time now;
  // Our own trust domain, and those whose workloads are taken besides: by name, none by default.
  std::string trust_domain;
  std::vector<std::string> federated;
  Revocation revocation;
};

struct X509Svid {
  std::string spiffe_id;  // "spiffe://example.org/trainer"
  std::string trust_domain() const;
  VerifiedPath path;
};

// What a chain of an SVID, leaf first, says it is: its SPIFFE ID, if leaf and signing certificates
// have the form of sections 2 to 4. Nothing is proven by that; for looking at certificates.
//   kTooLarge, kMalformed
//   kSubject    not exactly one URI, no SPIFFE ID, or one of the wrong kind for its certificate
//   kUsage      basic constraints, key usage, extended key usage
//   kIssuer     a signing certificate of another trust domain than the leaf's
Verified<std::string> ReadSvidForm(std::span<const Certificate> chain);

// Section 5: the form, and path validation to the bundle of the trust domain that the SPIFFE ID
// names and to no other. `chain`: leaf first, then what leads to the bundle's certificates;
// `bundles`: one of a trust domain.
//   the above, and
//   kIssuer       a trust domain that is neither ours nor federated
//   kKeyUnknown   no bundle of the trust domain, or one without certificates
//   what VerifyPath says
Verified<X509Svid> VerifyX509Svid(std::span<const Certificate> chain,
                                  std::span<const SpiffeBundle> bundles,
                                  const SvidOptions& options);

}  // namespace ztp::evidence
