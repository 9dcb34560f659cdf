// A Sigstore instance of a test's own making: an authority, a certificate log and a log, and what
// they say about a signature; right, or wrong in any one way.
//
// Boundary: tests only. Keys are made at run time.
#pragma once

#include <openssl/ct.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/merkle.h"
#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/signed_statement.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence::testing {

struct KeylessSpec {
  std::string names = "email:dev@example.org";
  std::string issuer = "https://issuer.example";
  std::string purposes = "codeSigning";
  Time not_before = At("2026-11-01T12:00:00Z");
  Time not_after = At("2026-11-01T12:10:00Z");
  Time logged_at = At("2026-11-01T12:00:05Z");
  bool has_sct = true;
  bool has_promise = true;
  bool has_proof = true;
  std::string kind = "dsse";
  std::string origin = "log.example";
};

class TestSigstore {
 public:
  TestSigstore()
      : root_(Issue({.name = "fulcio",
                     .basic_constraints = "critical,CA:TRUE",
                     .key_usage = "critical,keyCertSign,cRLSign",
                     .purposes = "",
                     .not_before = At("2020-01-01T00:00:00Z"),
                     .not_after = At("2040-01-01T00:00:00Z")},
                    nullptr)),
        ct_(*PrivateKey::Generate(KeyType::kP256)),
        log_(*PrivateKey::Generate(KeyType::kP256)) {}

  SignerPolicy Policy() const {
    SignerPolicy policy;
    policy.sigstore.authorities = {root_.certificate};
    policy.sigstore.ct_keys = {ct_.public_key()};
    policy.sigstore.log_keys = {log_.public_key()};
    policy.identities = {{.issuer = "https://issuer.example", .name = "dev@example.org"}};
    return policy;
  }

  // A bundle over the payload. `change` may alter the body that is logged.
  std::string Bundle(std::string_view payload, const KeylessSpec& spec,
                     const std::function<void(std::string&)>& change = {}) const {
    const TestKey key = EcKey();
    const std::string leaf = Leaf(spec, key);
    const PrivateKey signer = *PrivateKey::FromPem(PemOfKey(key.get()));
    constexpr std::string_view kType = "application/vnd.in-toto+json";
    const std::string signature = EncodeBase64(signer.Sign(DssePae(kType, payload)));
    std::string body =
        Cat(R"({"apiVersion":"0.0.1","kind":")", spec.kind,
            R"(","spec":{"payloadHash":{"algorithm":"sha256","value":")",
            Sha256Digest(payload).substr(7), R"("},"signatures":[{"signature":")", signature,
            R"(","verifier":")", EncodeBase64(Pem({*Certificate::FromDer(leaf)})), R"("}]}})");
    if (change) change(body);
    return Cat(R"({"mediaType":")", kSigstoreBundleType,
               R"(","verificationMaterial":{"certificate":{"rawBytes":")", EncodeBase64(leaf),
               R"("},"tlogEntries":[)", Entry(body, spec), R"(]},"dsseEnvelope":{"payload":")",
               EncodeBase64(payload), R"(","payloadType":")", kType, R"(","signatures":[{"sig":")",
               signature, R"("}]}})");
  }

 private:
  static std::string PemOfKey(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PrivateKey(key, &der);  // SEC 1
    const std::string digits =
        EncodeBase64({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
    OPENSSL_free(der);
    std::string pem = "-----BEGIN EC PRIVATE KEY-----\n";
    for (size_t i = 0; i < digits.size(); i += 64) Append(pem, digits.substr(i, 64), '\n');
    return pem + "-----END EC PRIVATE KEY-----\n";
  }

  // A certificate as Fulcio makes them: an issuer's name in it, and a log's timestamp.
  std::string Leaf(const KeylessSpec& spec, const TestKey& key) const {
    const Identity plain = Issue({.name = "",
                                  .purposes = spec.purposes,
                                  .names = spec.names.empty() ? "" : "critical," + spec.names,
                                  .not_before = spec.not_before,
                                  .not_after = spec.not_after},
                                 &root_, key);
    const X509Ptr x509(X509_dup(plain.certificate.x509()));
    if (!spec.issuer.empty()) {
      const std::string text =
          Cat('\x0c', static_cast<char>(spec.issuer.size()), spec.issuer);  // UTF8String
      ASN1_OBJECT* oid = OBJ_txt2obj("1.3.6.1.4.1.57264.1.8", 1);
      ASN1_OCTET_STRING* data = ASN1_OCTET_STRING_new();
      ASN1_OCTET_STRING_set(data, reinterpret_cast<const unsigned char*>(text.data()),
                            static_cast<int>(text.size()));
      X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, oid, 0, data);
      X509_add_ext(x509.get(), extension, -1);
      X509_EXTENSION_free(extension);
      ASN1_OCTET_STRING_free(data);
      ASN1_OBJECT_free(oid);
    }
    if (spec.has_sct) AddSct(x509.get());
    X509_sign(x509.get(), root_.key.get(), EVP_sha256());
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509.get(), &der);
    std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    return bytes;
  }

  void AddSct(X509* x509) const {
    unsigned char* tbs = nullptr;
    const int tbs_size = i2d_re_X509_tbs(x509, &tbs);
    const auto number = [](uint64_t value, int bytes) {
      std::string text;
      for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
      return text;
    };
    unsigned char* spki = nullptr;
    const int spki_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(root_.certificate.x509()), &spki);
    const std::string issuer =
        Sha256Bytes({reinterpret_cast<const char*>(spki), static_cast<size_t>(spki_size)});
    const std::string text =
        Cat(number(0, 2), number(1000, 8), number(1, 2), issuer,
            number(static_cast<uint64_t>(tbs_size), 3),
            std::string_view(reinterpret_cast<const char*>(tbs), static_cast<size_t>(tbs_size)),
            number(0, 2));
    OPENSSL_free(tbs);
    OPENSSL_free(spki);
    const std::string signature = ct_.Sign(text);
    const std::string log = Sha256Bytes(SpkiOf(ct_.public_key()));
    SCT* sct = SCT_new();
    SCT_set_version(sct, SCT_VERSION_V1);
    SCT_set_log_entry_type(sct, CT_LOG_ENTRY_TYPE_PRECERT);
    SCT_set1_log_id(sct, reinterpret_cast<const unsigned char*>(log.data()), log.size());
    SCT_set_timestamp(sct, 1000);
    SCT_set_signature_nid(sct, NID_ecdsa_with_SHA256);
    SCT_set1_signature(sct, reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size());
    STACK_OF(SCT)* list = sk_SCT_new_null();
    sk_SCT_push(list, sct);
    X509_add1_ext_i2d(x509, NID_ct_precert_scts, list, 0, X509V3_ADD_DEFAULT);
    SCT_LIST_free(list);
  }

  std::string Entry(const std::string& body, const KeylessSpec& spec) const {
    const std::string seconds = Cat(spec.logged_at.micros / kMicrosPerSecond);
    const std::string id = Sha256Bytes(SpkiOf(log_.public_key()));
    const std::string set =
        log_.Sign(Cat(R"({"body":")", EncodeBase64(body), R"(","integratedTime":)", seconds,
                      R"(,"logID":")", log_.public_key().id.substr(7), R"(","logIndex":41})"));
    // The second of two entries.
    const std::string first = MerkleLeafHash("another entry");
    const std::string root = Sha256Bytes(Cat('\1', first, MerkleLeafHash(body)));
    const std::string note = Cat(spec.origin, "\n2\n", EncodeBase64(root), "\n");
    const std::string hint = id.substr(0, 4);
    return Cat(
        R"({"logIndex":"41","logId":{"keyId":")", EncodeBase64(id), R"("},"kindVersion":{"kind":")",
        spec.kind, R"(","version":"0.0.1"},"integratedTime":")", seconds, R"(",)",
        spec.has_promise
            ? Cat(R"("inclusionPromise":{"signedEntryTimestamp":")", EncodeBase64(set), R"("},)")
            : std::string(),
        spec.has_proof ? Cat(R"("inclusionProof":{"logIndex":"1","rootHash":")", EncodeBase64(root),
                             R"(","treeSize":"2","hashes":[")", EncodeBase64(first),
                             R"("],"checkpoint":{"envelope":")", spec.origin, R"(\n2\n)",
                             EncodeBase64(root), "\\n\\n\xe2\x80\x94 ", spec.origin, " ",
                             EncodeBase64(hint + log_.Sign(note)), R"(\n"}},)")
                       : std::string(),
        R"("canonicalizedBody":")", EncodeBase64(body), R"("})");
  }

  Identity root_;
  PrivateKey ct_;
  PrivateKey log_;
};

}  // namespace ztp::evidence::testing
