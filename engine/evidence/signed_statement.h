// A signed in-toto statement as a Sigstore bundle: by a key, by a certificate of a chain, or
// keyless (a certificate of Fulcio's that says who signed in where, in Rekor's log).
//
// Boundary: who signed which payload, and when, by keys and roots that the caller gives; nothing
// that comes with a signature says how to verify it. What the payload states: oms.h, slsa.h,
// kind_bom.cc. Nothing is fetched: keyless signatures are verified by what their bundle has.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/sigstore_bundle.h"
#include "engine/evidence/verified.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

// Who may sign without a key of their own: exactly this name, told by exactly this issuer.
struct KeylessIdentity {
  std::string issuer;  // "https://token.actions.githubusercontent.com"
  std::string name;    // an email address or a URI, as the certificate has it
};

// Sigstore's instance that is trusted: the public one, or one of one's own.
struct SigstoreTrust {
  std::vector<Certificate> authorities;    // Fulcio's roots
  std::vector<Certificate> intermediates;  // and what leads to them; bundles have the leaf only
  std::vector<SignatureKey> log_keys;      // Rekor's
  std::vector<SignatureKey> ct_keys;       // of the certificates' transparency log
};

// Whose signatures count. The default is nobody's.
struct SignerPolicy {
  // By a key.
  std::vector<SignatureKey> keys;
  // By a certificate that leads to one of these, has a key for code signing, and (where `names` is
  // there) is of one of these names: see StatementSigner::name.
  std::vector<Certificate> roots;
  std::optional<std::vector<std::string>> names;
  // Take a certificate that says nothing of what its key is for.
  bool purpose_may_be_missing = false;
  Revocation revocation;
  // Keyless.
  SigstoreTrust sigstore;
  std::vector<KeylessIdentity> identities;
};

struct StatementSigner {
  // By a key: its id. By a certificate: the one URI or email address among its alternative names,
  // or else its subject (RFC 2253), or where that is empty or long "sha256:…" of the certificate.
  std::string name;
  std::optional<std::string> issuer;  // of a keyless signature: who says so
  bool logged = false;                // in Rekor, with a verified inclusion proof
  std::string anchor;  // "sha256:…" of the key or root certificate that it was verified with
};

struct SignedStatement {
  std::string payload_type;
  std::string payload;
  StatementSigner signer;
  // When it was signed, where that is proven: keyless signatures only.
  std::optional<Time> signed_at;
  // While the signer's certificate is good. A keyless signature stays good when its certificate,
  // which lives for minutes, has expired.
  std::optional<Time> not_before;
  std::optional<Time> valid_until;
  std::string digest;  // "sha256:…" of the bundle's text
};

// Thread-safe.
//   kTooLarge, kMalformed
//   kKeyUnknown    a kind of signature for which nothing is trusted
//   kSignature
//   kAlgorithm, kChain, kUsage, kExpired, kNotYetValid, kRevoked   see VerifyPath; a certificate is
//                  verified at `now`, a keyless one at the time that the log has signed
//   kUsage         a leaf that may sign certificates
//   kIssuer, kSubject     a keyless signer, or a certificate's name, that is not among those
//   kLog           keyless: not in the log, or not as the log has it
//   kIssuedInFuture       keyless: signed after `now`
Verified<SignedStatement> VerifySignedStatement(std::string_view bundle, const SignerPolicy& policy,
                                                Time now);

// The same of evidence that is either: such a bundle, or a bare DSSE envelope that one of
// `policy.keys` has signed.
//   kMalformed     also an envelope of another payload than an in-toto statement
Verified<SignedStatement> VerifyStatementText(std::string_view evidence, const SignerPolicy& policy,
                                              Time now);

// Who a certificate of Fulcio's says signed in, and who told it.
// github.com/sigstore/fulcio, docs/oid-info.md: 1.3.6.1.4.1.57264.1.8, and .1.1 of old.
//   kIssuer: none; kSubject: not exactly one email address or URI
Verified<KeylessIdentity> IdentityOf(const Certificate& certificate);

}  // namespace ztp::evidence
