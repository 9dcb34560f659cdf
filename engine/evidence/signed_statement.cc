// See signed_statement.h.
#include "engine/evidence/signed_statement.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/rekor.h"
#include "engine/evidence/sct.h"
#include "engine/evidence/statement.h"

namespace ztp::evidence {
namespace {

// The hint of a bundle with a key: the SHA-256 of the key's PEM block.
bool IsHintOf(std::string_view hint, const SignatureKey& key) {
  return Cat("sha256:", hint) == Sha256Digest(PemOf(key));
}

Verified<StatementSigner> ByKey(const SigstoreBundle& bundle, const SignerPolicy& policy) {
  if (policy.keys.empty()) {
    return Refuse(Check::kKeyUnknown, "signed with a key, and no key is trusted");
  }
  // A hint saves work and tells errors apart; it is not needed.
  std::span<const SignatureKey> keys = policy.keys;
  for (const SignatureKey& key : policy.keys) {
    if (IsHintOf(bundle.key_hint, key)) keys = std::span(&key, 1);
  }
  ZTP_VERIFY_OR_RETURN(const std::vector<size_t> signers, CheckDsse(bundle.envelope, keys));
  const SignatureKey& key = keys[signers.front()];
  return StatementSigner{.name = key.id, .anchor = key.id};
}

// The signature is that of the certificate's key.
std::optional<Refusal> RefuseSignature(const SigstoreBundle& bundle, const Certificate& leaf) {
  ZTP_VERIFY_OR_RETURN(const SignatureKey key, SignatureKeyOf(leaf));
  if (bundle.envelope.signatures.size() != 1) {
    return Refuse(Check::kMalformed, "a bundle with a certificate must have one signature");
  }
  const DsseEnvelope& envelope = bundle.envelope;
  if (!IsSignedBy(key, DssePae(envelope.payload_type, envelope.payload),
                  envelope.signatures.front().signature)) {
    return Refuse(Check::kSignature, "the signature is not that of the key of ", leaf.Describe());
  }
  return std::nullopt;
}

// Can it be told from a subject, which begins with "CN=" or the like? A URI has a scheme, where no
// equals sign may be; an address with one is not taken.
bool IsUnlikeSubject(int type, std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7e) return false;
  }
  const size_t mark = text.find(type == GEN_URI ? ':' : '@');
  return mark != text.npos && mark != 0 && text.substr(0, mark).find('=') == text.npos;
}

// Certificate::subject() is cut off where it is long; a name that may be another's is none.
std::string SubjectOf(const Certificate& leaf) {
  constexpr size_t kCutOff = 128;
  std::string subject = leaf.subject();
  return subject.empty() || subject.size() >= kCutOff ? leaf.sha256() : subject;
}

std::string NameOf(const Certificate& leaf) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf.x509(), NID_subject_alt_name, nullptr, nullptr)));
  std::string found;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_EMAIL && name->type != GEN_URI) continue;
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
                           static_cast<size_t>(ASN1_STRING_length(name->d.ia5)));
    // Of two names none is the name.
    if (!found.empty() || !IsUnlikeSubject(name->type, text)) return SubjectOf(leaf);
    found = text;
  }
  return found.empty() ? SubjectOf(leaf) : found;
}

// A certificate that says that it is an authority's is taken all the same if it may not sign
// certificates: OpenSSF's own example is one. One that may, may not sign anything else here.
std::optional<Refusal> RefuseAuthority(const Certificate& leaf) {
  const std::optional<uint32_t> usage = leaf.key_usage();
  if (leaf.is_ca() && (!usage || (*usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0)) {
    return Refuse(Check::kUsage, leaf.Describe(), " is an authority that may sign certificates");
  }
  return std::nullopt;
}

Verified<SignedStatement> ByCertificate(const SigstoreBundle& bundle, const SignerPolicy& policy,
                                        Time now) {
  if (policy.roots.empty()) {
    return Refuse(Check::kKeyUnknown, "signed with a certificate, and no root is trusted");
  }
  const Certificate& leaf = bundle.certificates.front();
  if (auto refusal = RefuseAuthority(leaf)) return *std::move(refusal);
  const std::span<const Certificate> rest = std::span(bundle.certificates).subspan(1);
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(leaf, rest, policy.roots,
                                  {.now = now,
                                   .purposes = {KeyPurpose::kCodeSigning},
                                   .purposes_must_be_stated = !policy.purpose_may_be_missing,
                                   .revocation = policy.revocation}));
  if (auto refusal = RefuseSignature(bundle, leaf)) return *std::move(refusal);
  SignedStatement result;
  result.signer.name = NameOf(leaf);
  result.signer.anchor = path.anchor_sha256;
  if (policy.names && std::find(policy.names->begin(), policy.names->end(), result.signer.name) ==
                          policy.names->end()) {
    return Refuse(Check::kSubject, leaf.Describe(), " is not one of the signers that are trusted");
  }
  result.not_before = path.not_before;
  result.valid_until = path.valid_until();
  return result;
}

Verified<SignedStatement> Keyless(const SigstoreBundle& bundle, const SignerPolicy& policy,
                                  Time now) {
  if (policy.sigstore.authorities.empty() || policy.identities.empty()) {
    return Refuse(Check::kKeyUnknown,
                  "signed without a key of one's own, and no such identity is trusted");
  }
  const Certificate& leaf = bundle.certificates.front();
  if (bundle.log_entries.size() != 1) {
    return Refuse(Check::kLog, "a keyless signature must have one entry of the log, this has ",
                  bundle.log_entries.size());
  }
  const LogEntry& entry = bundle.log_entries.front();
  // The certificate is long expired; it counts at the time that the log has signed.
  ZTP_VERIFY_OR_RETURN(const Time signed_at, LoggedAt(entry, policy.sigstore.log_keys));
  if (signed_at > now) {
    return Refuse(Check::kIssuedInFuture, "logged after what time it is now");
  }
  if (auto refusal = RefuseAuthority(leaf)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(leaf, policy.sigstore.intermediates, policy.sigstore.authorities,
                                  {.now = signed_at,
                                   .purposes = {KeyPurpose::kCodeSigning},
                                   .purposes_must_be_stated = true}));
  if (auto refusal = RefuseUnlogged(leaf, path.path[1], policy.sigstore.ct_keys)) {
    return *std::move(refusal);
  }
  ZTP_VERIFY_OR_RETURN(KeylessIdentity identity, IdentityOf(leaf));
  const auto same_issuer = [&](const KeylessIdentity& trusted) {
    return trusted.issuer == identity.issuer;
  };
  if (std::none_of(policy.identities.begin(), policy.identities.end(), same_issuer)) {
    return Refuse(Check::kIssuer, leaf.Describe(), " names an issuer that is not trusted");
  }
  if (std::none_of(policy.identities.begin(), policy.identities.end(),
                   [&](const KeylessIdentity& trusted) {
                     return same_issuer(trusted) && trusted.name == identity.name;
                   })) {
    return Refuse(Check::kSubject, leaf.Describe(),
                  " is not of one of the identities that are trusted");
  }
  if (auto refusal = RefuseSignature(bundle, leaf)) return *std::move(refusal);
  if (auto refusal = RefuseOtherEntry(entry, bundle.envelope, leaf)) return *std::move(refusal);
  SignedStatement result;
  // A promise without a proof is taken, and not called logged; a wrong proof is refused.
  if (entry.proof) {
    if (auto refusal = RefuseInclusion(entry, policy.sigstore.log_keys)) {
      return *std::move(refusal);
    }
    result.signer.logged = true;
  }
  result.signer.name = std::move(identity.name);
  result.signer.issuer = std::move(identity.issuer);
  result.signer.anchor = path.anchor_sha256;
  result.signed_at = signed_at;
  return result;
}

// A bare envelope, by one of the keys.
Verified<SignedStatement> ByEnvelope(DsseEnvelope envelope, std::string_view text,
                                     const SignerPolicy& policy) {
  if (policy.keys.empty()) {
    return Refuse(Check::kKeyUnknown, "signed with a key, and no key is trusted");
  }
  if (envelope.payload_type != kStatementPayloadType) {
    return Refuse(Check::kMalformed, "the payload is not of the type ", kStatementPayloadType);
  }
  ZTP_VERIFY_OR_RETURN(const std::vector<size_t> signers, CheckDsse(envelope, policy.keys));
  SignedStatement statement;
  statement.signer.name = policy.keys[signers.front()].id;
  statement.signer.anchor = statement.signer.name;
  statement.payload_type = std::move(envelope.payload_type);
  statement.payload = std::move(envelope.payload);
  statement.digest = Sha256Digest(text);
  return statement;
}

}  // namespace

Verified<SignedStatement> VerifyStatementText(std::string_view text, const SignerPolicy& policy,
                                              Time now) {
  // A bundle has no payload at its top; what has one is an envelope.
  Verified<DsseEnvelope> envelope = ReadDsse(text);
  if (envelope.ok()) return ByEnvelope(*std::move(envelope), text, policy);
  return VerifySignedStatement(text, policy, now);
}

Verified<SignedStatement> VerifySignedStatement(std::string_view text, const SignerPolicy& policy,
                                                Time now) {
  const ErrorQueueScope errors;
  ZTP_VERIFY_OR_RETURN(SigstoreBundle bundle, ReadSigstoreBundle(text));
  if (bundle.envelope.payload_type != kStatementPayloadType) {
    return Refuse(Check::kMalformed, "the payload is not of the type ", kStatementPayloadType);
  }
  SignedStatement result;
  if (bundle.has_key) {
    ZTP_VERIFY_OR_RETURN(result.signer, ByKey(bundle, policy));
  } else if (bundle.is_chain) {
    ZTP_VERIFY_OR_RETURN(result, ByCertificate(bundle, policy, now));
  } else {
    ZTP_VERIFY_OR_RETURN(result, Keyless(bundle, policy, now));
  }
  result.payload_type = std::move(bundle.envelope.payload_type);
  result.payload = std::move(bundle.envelope.payload);
  result.digest = Sha256Digest(text);
  return result;
}

}  // namespace ztp::evidence
