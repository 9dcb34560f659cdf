// See attestation_key.h.
#include "engine/evidence/attestation_key.h"

#include <algorithm>

#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxNameBytes = 64;

}  // namespace

Verified<SharedKey> KeyOf(const Certificate& certificate, KeyType type) {
  const ErrorQueueScope errors;
  SharedKey key(X509_get_pubkey(certificate.x509()), EVP_PKEY_free);
  const char* wanted = type == KeyType::kP256   ? SN_X9_62_prime256v1
                       : type == KeyType::kP384 ? SN_secp384r1
                       : type == KeyType::kP521 ? SN_secp521r1
                                                : nullptr;
  bool fits = false;
  if (key != nullptr && wanted != nullptr) {
    char group[64];
    size_t size = 0;
    fits = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key.get(), group, sizeof(group), &size) == 1 &&
           std::string_view(group, size) == wanted;
  } else if (key != nullptr) {
    const int id = EVP_PKEY_get_base_id(key.get());
    fits = type == KeyType::kRsa ? id == EVP_PKEY_RSA : id == EVP_PKEY_ED25519;
  }
  if (!fits) {
    return Refuse(Check::kAlgorithm, certificate.Describe(), " must have ", NameOf(type),
                  ", and has another key");
  }
  return key;
}

std::optional<std::string> ExtensionOf(const Certificate& certificate, const char* oid) {
  const ErrorQueueScope errors;
  const OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free> object(OBJ_txt2obj(oid, 1));
  if (object == nullptr) return std::nullopt;
  const int at = X509_get_ext_by_OBJ(certificate.x509(), object.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(certificate.x509(), at));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<size_t>(ASN1_STRING_length(value)));
}

std::optional<std::string> CommonNameOf(const Certificate& certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate.x509());
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return std::nullopt;
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                   static_cast<size_t>(ASN1_STRING_length(value)));
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (text.empty() || text.size() > kMaxNameBytes ||
      !std::all_of(text.begin(), text.end(), printable)) {
    return std::nullopt;
  }
  return text;
}

Verified<Time> KnownUnrevokedUntil(const Certificate& certificate, const Certificate& issuer,
                                   std::span<const Crl> crls, Time now) {
  const ErrorQueueScope errors;
  std::optional<Time> until;
  for (const Crl& crl : crls) {
    // A list of what changed, or of a part, does not say that the rest is not revoked.
    if (X509_CRL_get_ext_by_NID(crl.crl(), NID_delta_crl, -1) >= 0 ||
        X509_CRL_get_ext_by_NID(crl.crl(), NID_issuing_distribution_point, -1) >= 0 ||
        crl.this_update() > now || crl.next_update() <= now ||
        X509_NAME_cmp(crl.issuer(), X509_get_subject_name(issuer.x509())) != 0 ||
        X509_CRL_verify(crl.crl(), X509_get0_pubkey(issuer.x509())) != 1) {
      continue;
    }
    X509_REVOKED* revoked = nullptr;
    if (X509_CRL_get0_by_cert(crl.crl(), &revoked, certificate.x509()) == 1) {
      return Refuse(Check::kRevoked, certificate.Describe(), " is revoked");
    }
    until = until ? std::max(*until, crl.next_update()) : crl.next_update();
  }
  if (!until) {
    return Refuse(Check::kRevoked, "no list in force says whether ", certificate.Describe(),
                  " is revoked");
  }
  return *until;
}

}  // namespace ztp::evidence
