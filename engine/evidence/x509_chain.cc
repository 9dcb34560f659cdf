// See x509_chain.h.
#include "engine/evidence/x509_chain.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/evidence/key_strength.h"
#include "engine/evidence/x509_error.h"

namespace ztp::evidence {
namespace {

// OpenSSL's own bar, below that of key_strength.h: 112 bits of security.
constexpr int kSecurityLevel = 2;

Refusal NoMemory() { return Refuse(Check::kTooLarge, "no memory to verify a certificate in"); }

struct PurposeBit {
  KeyPurpose purpose;
  uint32_t bit;
  std::string_view name;
};
constexpr PurposeBit kPurposeBits[] = {
    {KeyPurpose::kServerAuth, XKU_SSL_SERVER, "serverAuth"},
    {KeyPurpose::kClientAuth, XKU_SSL_CLIENT, "clientAuth"},
    {KeyPurpose::kCodeSigning, XKU_CODE_SIGN, "codeSigning"},
    {KeyPurpose::kTimeStamping, XKU_TIMESTAMP, "timeStamping"},
};

// Section 4.2.1.12. `any_will_do`: anyExtendedKeyUsage counts as each of them.
std::optional<Refusal> RefusePurposes(const Certificate& certificate,
                                      const std::vector<KeyPurpose>& purposes, bool any_will_do,
                                      bool must_be_stated) {
  const std::optional<uint32_t> stated = certificate.extended_key_usage();
  if (!stated.has_value()) {
    if (!must_be_stated) return std::nullopt;
    return Refuse(Check::kUsage, certificate.Describe(), " does not say what its key is for");
  }
  if (any_will_do && (*stated & XKU_ANYEKU) != 0) return std::nullopt;
  for (const PurposeBit& known : kPurposeBits) {
    if (std::find(purposes.begin(), purposes.end(), known.purpose) == purposes.end()) continue;
    if ((*stated & known.bit) == 0) {
      return Refuse(Check::kUsage, certificate.Describe(), " has a key that is not for ",
                    known.name);
    }
  }
  return std::nullopt;
}

// What a leaf that proves something with signatures must be for (section 4.2.1.3).
std::optional<Refusal> RefuseLeaf(const Certificate& leaf, const PathOptions& options) {
  const std::optional<uint32_t> usage = leaf.key_usage();
  if (usage.has_value() && (*usage & KU_DIGITAL_SIGNATURE) == 0) {
    return Refuse(Check::kUsage, leaf.Describe(), " has a key that is not for digitalSignature");
  }
  return RefusePurposes(leaf, options.purposes, /*any_will_do=*/false,
                        options.purposes_must_be_stated);
}

// Is the list older than the caller takes?
bool IsTooOld(const Crl& crl, const PathOptions& options) {
  const Revocation& revocation = options.revocation;
  if (!revocation.required || !revocation.max_age.has_value()) return false;
  const Checked<Duration> age = CheckedSub(options.now, crl.this_update());
  return !age || *age > *revocation.max_age;
}

Time InForceUntil(const Crl& crl, const Revocation& revocation) {
  if (!revocation.max_age.has_value()) return crl.next_update();
  const Checked<Time> until = CheckedAdd(crl.this_update(), *revocation.max_age);
  return until ? std::min(*until, crl.next_update()) : crl.next_update();
}

// OpenSSL asks about each error that it finds; 1: go on all the same.
int OnError(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const auto* revocation = static_cast<const Revocation*>(X509_STORE_CTX_get_app_data(context));
  const int anchor = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
  switch (X509_STORE_CTX_get_error(context)) {
    // Key identifiers help to find issuers (sections 4.2.1.1 and 4.2.1.2) and prove nothing.
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
      return 1;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      // An anchor is trusted because the caller says so: nobody else revokes it.
      if (X509_STORE_CTX_get_error_depth(context) == anchor) return 1;
      return revocation->required ? 0 : 1;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return revocation->required ? 0 : 1;
    default:
      return 0;
  }
}

// The store of the anchors and of the lists that are not too old.
Verified<X509StorePtr> MakeStore(std::span<const Certificate> anchors, const PathOptions& options) {
  X509StorePtr store(X509_STORE_new());
  if (store == nullptr) return NoMemory();
  for (const Certificate& anchor : anchors) {
    if (X509_STORE_add_cert(store.get(), anchor.x509()) != 1) return NoMemory();
  }
  for (const Crl& crl : options.revocation.crls) {
    if (IsTooOld(crl, options)) continue;
    if (X509_STORE_add_crl(store.get(), crl.crl()) != 1) return NoMemory();
  }
  return store;
}

Refusal RefusalOf(X509_STORE_CTX* context, const Certificate& leaf, const PathOptions& options) {
  const int error = X509_STORE_CTX_get_error(context);
  const X509* about = X509_STORE_CTX_get_current_cert(context);
  Refusal refusal = RefusalOfX509Error(error, about != nullptr ? about : leaf.x509());
  if (error == X509_V_ERR_UNABLE_TO_GET_CRL) {
    const auto too_old =
        std::count_if(options.revocation.crls.begin(), options.revocation.crls.end(),
                      [&](const Crl& crl) { return IsTooOld(crl, options); });
    if (too_old != 0) Append(refusal.message, " (", too_old, " of those given are too old)");
  }
  return refusal;
}

// The certificate of ours that OpenSSL has in its path.
const Certificate* Find(const X509* x509, const Certificate& leaf,
                        std::span<const Certificate> intermediates,
                        std::span<const Certificate> anchors, bool is_anchor) {
  const auto same = [&](const Certificate& other) { return X509_cmp(x509, other.x509()) == 0; };
  if (!is_anchor && same(leaf)) return &leaf;
  const auto among = [&](std::span<const Certificate> certificates) -> const Certificate* {
    const auto found = std::find_if(certificates.begin(), certificates.end(), same);
    return found == certificates.end() ? nullptr : &*found;
  };
  if (const Certificate* anchor = among(anchors)) return anchor;
  return is_anchor ? nullptr : among(intermediates);
}

// Until when it is known of every certificate below the anchor that it is not revoked: of each
// issuer's lists the one that lasts longest, which is the one that was used or an older one.
std::optional<Time> KnownUntil(const std::vector<Certificate>& path, const PathOptions& options) {
  if (!options.revocation.required) return std::nullopt;
  std::optional<Time> until;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const X509_NAME* issuer = X509_get_issuer_name(path[i].x509());
    std::optional<Time> longest;
    for (const Crl& crl : options.revocation.crls) {
      if (IsTooOld(crl, options) || X509_NAME_cmp(crl.issuer(), issuer) != 0) continue;
      const Time one = InForceUntil(crl, options.revocation);
      longest = longest ? std::max(*longest, one) : one;
    }
    // OpenSSL has found a list by this name; were there none, nothing would be known.
    const Time known = longest.value_or(options.now);
    until = until ? std::min(*until, known) : known;
  }
  return until;
}

}  // namespace

Verified<VerifiedPath> VerifyPath(const Certificate& leaf,
                                  std::span<const Certificate> intermediates,
                                  std::span<const Certificate> anchors,
                                  const PathOptions& options) {
  const ErrorQueueScope errors;
  if (intermediates.size() >= kMaxChainCertificates) {
    return Refuse(Check::kTooLarge, "more than ", kMaxChainCertificates, " certificates");
  }
  if (anchors.size() > kMaxAnchors) {
    return Refuse(Check::kTooLarge, "more than ", kMaxAnchors, " trust anchors");
  }
  if (options.revocation.crls.size() > kMaxCrls) {
    return Refuse(Check::kTooLarge, "more than ", kMaxCrls, " revocation lists");
  }
  if (auto refusal = RefuseKey(leaf)) return *std::move(refusal);
  if (auto refusal = RefuseSignatureAlgorithm(leaf)) return *std::move(refusal);
  for (const Certificate& intermediate : intermediates) {
    if (auto refusal = RefuseKey(intermediate)) return *std::move(refusal);
    if (auto refusal = RefuseSignatureAlgorithm(intermediate)) return *std::move(refusal);
  }
  if (auto refusal = RefuseLeaf(leaf, options)) return *std::move(refusal);

  ZTP_VERIFY_OR_RETURN(const X509StorePtr store, MakeStore(anchors, options));
  const X509StackPtr untrusted(sk_X509_new_null());
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (untrusted == nullptr || context == nullptr) return NoMemory();
  for (const Certificate& intermediate : intermediates) {
    if (sk_X509_push(untrusted.get(), intermediate.x509()) == 0) return NoMemory();
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.x509(), untrusted.get()) != 1) {
    return NoMemory();
  }
  // An anchor need not have signed itself (section 6.1.1 (d): it is a name and a key).
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT;
  if (options.revocation.required || !options.revocation.crls.empty()) {
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(param, flags);
  X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kMaxChainCertificates));
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  // A certificate is valid in the whole of its first second.
  int64_t seconds = options.now.micros / kMicrosPerSecond;
  if (options.now.micros % kMicrosPerSecond < 0) --seconds;
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(seconds));
  X509_STORE_CTX_set_app_data(context.get(), const_cast<Revocation*>(&options.revocation));
  X509_STORE_CTX_set_verify_cb(context.get(), OnError);
  if (X509_verify_cert(context.get()) != 1) return RefusalOf(context.get(), leaf, options);

  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  const int length = sk_X509_num(chain);
  if (length < 2) {
    return Refuse(Check::kChain, leaf.Describe(), " is a trust anchor, which is not signed by one");
  }
  VerifiedPath result;
  for (int i = 0; i < length; ++i) {
    const Certificate* certificate =
        Find(sk_X509_value(chain, i), leaf, intermediates, anchors, i + 1 == length);
    if (certificate == nullptr) {
      return Refuse(Check::kChain, leaf.Describe(), " leads to a certificate that was not given");
    }
    result.path.push_back(*certificate);
  }
  const Certificate& anchor = result.path.back();
  if (auto refusal = RefuseKey(anchor)) return *std::move(refusal);
  result.not_before = leaf.not_before();
  result.not_after = leaf.not_after();
  for (size_t i = 1; i < result.path.size(); ++i) {
    if (auto refusal = RefusePurposes(result.path[i], options.purposes, /*any_will_do=*/true,
                                      /*must_be_stated=*/false)) {
      return *std::move(refusal);
    }
    result.not_before = std::max(result.not_before, result.path[i].not_before());
    result.not_after = std::min(result.not_after, result.path[i].not_after());
  }
  result.leaf_spki_sha256 = leaf.spki_sha256();
  result.leaf_serial = leaf.serial();
  result.anchor_sha256 = anchor.sha256();
  result.revocation_known_until = KnownUntil(result.path, options);
  return result;
}

}  // namespace ztp::evidence
