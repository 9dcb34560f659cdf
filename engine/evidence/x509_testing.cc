// See x509_testing.h.
#include "engine/evidence/x509_testing.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/base/scalar_text.h"

namespace ztp::evidence {
namespace {

// A test that cannot make what it tests with ends at once and says where.
void Must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "x509_testing: cannot make %s\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

void SetTime(ASN1_TIME* to, Time time) {
  Must(ASN1_TIME_set(to, static_cast<time_t>(time.micros / kMicrosPerSecond)) != nullptr, "a time");
}

void AddExtension(X509* x509, X509* issuer, int nid, const std::string& text) {
  if (text.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text.c_str());
  Must(extension != nullptr && X509_add_ext(x509, extension, -1) == 1, text.c_str());
  X509_EXTENSION_free(extension);
}

void AddExtension(X509* x509, const std::string& number, bool critical, const std::string& text) {
  ASN1_OBJECT* oid = OBJ_txt2obj(number.c_str(), 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  Must(oid != nullptr && value != nullptr, "an extension");
  ASN1_OCTET_STRING_set(value, reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, oid, critical ? 1 : 0, value);
  Must(extension != nullptr && X509_add_ext(x509, extension, -1) == 1, "an extension");
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
}

constexpr const char* kExampleOid = "1.3.6.1.4.1.32473.1";  // RFC 5612: for examples

X509Ptr Build(const CertificateSpec& spec, const Identity* issuer, EVP_PKEY* key) {
  X509Ptr x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), spec.serial);
  SetTime(X509_getm_notBefore(x509.get()), spec.not_before);
  SetTime(X509_getm_notAfter(x509.get()), spec.not_after);
  X509_set_pubkey(x509.get(), key);
  if (!spec.name.empty()) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1,
                               0);
  }
  X509* by = issuer == nullptr ? x509.get() : issuer->certificate.x509();
  X509_set_issuer_name(x509.get(), X509_get_subject_name(by));
  AddExtension(x509.get(), by, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) AddExtension(x509.get(), by, NID_authority_key_identifier, "keyid");
  AddExtension(x509.get(), by, NID_basic_constraints, spec.basic_constraints);
  AddExtension(x509.get(), by, NID_key_usage, spec.key_usage);
  AddExtension(x509.get(), by, NID_ext_key_usage, spec.purposes);
  AddExtension(x509.get(), by, NID_subject_alt_name, spec.names);
  AddExtension(x509.get(), by, NID_name_constraints, spec.name_constraints);
  if (!spec.unknown_critical.empty()) {
    AddExtension(x509.get(), kExampleOid, /*critical=*/true, spec.unknown_critical);
  }
  for (const ExtensionSpec& one : spec.extensions) {
    AddExtension(x509.get(), one.oid, /*critical=*/false, one.value);
  }
  EVP_PKEY* with = issuer == nullptr ? key : issuer->key.get();
  const bool has_own_digest = EVP_PKEY_get_base_id(with) == EVP_PKEY_ED25519;
  Must(X509_sign(x509.get(), with, has_own_digest ? nullptr : spec.digest) > 0, "a signature");
  return x509;
}

template <typename T>
std::string Der(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* bytes = nullptr;
  const int size = encode(object, &bytes);
  Must(size > 0, "DER");
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

Time At(std::string_view text) {
  const auto time = ParseTime(text);
  Must(time.ok(), "a time");
  return *time;
}

TestKey EcKey(const char* curve) {
  TestKey key(EVP_EC_gen(curve), EVP_PKEY_free);
  Must(key != nullptr, "an elliptic key");
  return key;
}

TestKey ExplicitCurveKey() {
  TestKey key = EcKey("P-256");
  Must(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                      OSSL_PKEY_EC_ENCODING_EXPLICIT) == 1,
       "an explicit curve");
  return key;
}

TestKey RsaKey(unsigned bits, unsigned exponent) {
  const OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  const BnPtr e(BN_new());
  EVP_PKEY* made = nullptr;
  Must(BN_set_word(e.get(), exponent) == 1 && EVP_PKEY_keygen_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) == 1 &&
           EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get()) == 1 &&
           EVP_PKEY_generate(context.get(), &made) == 1,
       "an RSA key");
  return TestKey(made, EVP_PKEY_free);
}

TestKey Ed25519Key() {
  TestKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  Must(key != nullptr, "an Ed25519 key");
  return key;
}

std::string IssueDer(const CertificateSpec& spec, const Identity* issuer, TestKey key) {
  if (key == nullptr) key = EcKey();
  return Der<X509>(i2d_X509, Build(spec, issuer, key.get()).get());
}

Identity Issue(const CertificateSpec& spec, const Identity* issuer, TestKey key) {
  if (key == nullptr) key = EcKey();
  Verified<Certificate> certificate = Certificate::FromDer(IssueDer(spec, issuer, key));
  Must(certificate.ok(), certificate.ok() ? "" : certificate.refusal().message.c_str());
  return Identity{*std::move(certificate), std::move(key)};
}

CertificateSpec LeafSpec() {
  return CertificateSpec{.name = "trainer", .names = "URI:spiffe://example.org/trainer"};
}

CertificateSpec SignerSpec(std::string_view name) {
  return CertificateSpec{.name = std::string(name),
                         .basic_constraints = "critical,CA:TRUE",
                         .key_usage = "critical,keyCertSign,cRLSign",
                         .purposes = "",
                         .names = "URI:spiffe://example.org",
                         .not_before = At("2026-11-28T00:00:00Z"),
                         .not_after = At("2026-11-29T00:00:00Z"),
                         .serial = 1000};
}

std::string CrlDer(const CrlSpec& spec, const Identity& issuer) {
  const X509CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.x509()));
  ASN1_TIME* time = ASN1_TIME_new();
  SetTime(time, spec.this_update);
  X509_CRL_set1_lastUpdate(crl.get(), time);
  if (spec.next_update.has_value()) {
    SetTime(time, *spec.next_update);
    X509_CRL_set1_nextUpdate(crl.get(), time);
  }
  SetTime(time, spec.this_update);
  for (const long serial : spec.revoked) {
    X509_REVOKED* revoked = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(revoked, number);
    X509_REVOKED_set_revocationDate(revoked, time);
    X509_CRL_add0_revoked(crl.get(), revoked);
    ASN1_INTEGER_free(number);
  }
  ASN1_TIME_free(time);
  X509_CRL_sort(crl.get());
  Must(X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256()) > 0, "a revocation list");
  return Der<X509_CRL>(i2d_X509_CRL, crl.get());
}

Crl MakeCrl(const CrlSpec& spec, const Identity& issuer) {
  Verified<Crl> crl = Crl::FromDer(CrlDer(spec, issuer));
  Must(crl.ok(), "a revocation list");
  return *std::move(crl);
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::string Pem(const std::vector<Certificate>& certificates) {
  std::string pem;
  for (const Certificate& certificate : certificates) {
    const std::string digits = Base64(certificate.der());
    pem += "-----BEGIN CERTIFICATE-----\n";
    for (size_t i = 0; i < digits.size(); i += 64) Append(pem, digits.substr(i, 64), '\n');
    pem += "-----END CERTIFICATE-----\n";
  }
  return pem;
}

}  // namespace ztp::evidence
