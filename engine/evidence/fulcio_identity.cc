// IdentityOf: see signed_statement.h.
#include <utility>

#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/signed_statement.h"

namespace ztp::evidence {
namespace {

using ObjectPtr = OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
constexpr size_t kMaxNameBytes = 2048;
constexpr const char* kIssuerOid = "1.3.6.1.4.1.57264.1.8";
constexpr const char* kOldIssuerOid = "1.3.6.1.4.1.57264.1.1";

// The extension's content; nothing: it is not there.
std::optional<std::string> Extension(const Certificate& certificate, const char* oid) {
  const ObjectPtr object(OBJ_txt2obj(oid, /*no_name=*/1));
  const int at = object == nullptr ? -1 : X509_get_ext_by_OBJ(certificate.x509(), object.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* data = X509_EXTENSION_get_data(X509_get_ext(certificate.x509(), at));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
                     static_cast<size_t>(ASN1_STRING_length(data)));
}

// A UTF8String in DER, and nothing behind it.
std::optional<std::string> Utf8String(std::string_view der) {
  if (DerElementSize(der) != der.size() || der[0] != V_ASN1_UTF8STRING) return std::nullopt;
  const size_t length_bytes = (static_cast<unsigned char>(der[1]) & 0x80) != 0
                                  ? static_cast<unsigned char>(der[1]) & 0x7f
                                  : 0;
  return std::string(der.substr(2 + length_bytes));
}

// Text that can be compared and shown: no NUL, no control characters.
bool IsPlain(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

Verified<KeylessIdentity> IdentityOf(const Certificate& certificate) {
  const ErrorQueueScope errors;
  KeylessIdentity identity;
  const std::optional<std::string> old_issuer = Extension(certificate, kOldIssuerOid);
  const std::optional<std::string> der = Extension(certificate, kIssuerOid);
  const std::optional<std::string> issuer = der ? Utf8String(*der) : old_issuer;
  if (!issuer || !IsPlain(*issuer)) {
    return Refuse(Check::kIssuer, certificate.Describe(), " does not say who told the identity");
  }
  if (old_issuer && *old_issuer != *issuer) {
    return Refuse(Check::kIssuer, certificate.Describe(), " names two issuers");
  }
  identity.issuer = *issuer;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.x509(), NID_subject_alt_name, nullptr, nullptr)));
  if (names != nullptr && sk_GENERAL_NAME_num(names.get()) == 1) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
    if (name->type == GEN_EMAIL || name->type == GEN_URI) {
      const ASN1_IA5STRING* text = name->d.ia5;
      identity.name.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<size_t>(ASN1_STRING_length(text)));
    }
  }
  if (!IsPlain(identity.name)) {
    return Refuse(Check::kSubject, certificate.Describe(),
                  " is not of exactly one email address or URI");
  }
  return identity;
}

}  // namespace ztp::evidence
