// See sct.h.
#include "engine/evidence/sct.h"

#include <openssl/ct.h>

#include <cstdint>
#include <string>

#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "engine/evidence/openssl_ptr.h"

namespace ztp::evidence {
namespace {

using SctListPtr = OpensslPtr<STACK_OF(SCT), SCT_LIST_free>;
constexpr int kMaxScts = 16;

std::string BigEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// The certificate's TBSCertificate without the list of timestamps: what the log saw (section 3.2).
std::string PreCertificate(const Certificate& certificate) {
  const X509Ptr copy(X509_dup(certificate.x509()));
  if (copy == nullptr) return {};
  const int at = X509_get_ext_by_NID(copy.get(), NID_ct_precert_scts, -1);
  if (at < 0) return {};
  X509_EXTENSION_free(X509_delete_ext(copy.get(), at));
  unsigned char* der = nullptr;
  const int size = i2d_re_X509_tbs(copy.get(), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string SpkiHash(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.x509()), &der);
  if (size <= 0) return {};
  std::string hash = Sha256Bytes({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return hash;
}

std::string_view Text(unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::optional<Refusal> RefuseUnlogged(const Certificate& certificate, const Certificate& issuer,
                                      std::span<const SignatureKey> log_keys) {
  const ErrorQueueScope errors;
  int critical = -1;
  const SctListPtr list(static_cast<STACK_OF(SCT)*>(
      X509_get_ext_d2i(certificate.x509(), NID_ct_precert_scts, &critical, nullptr)));
  if (list == nullptr || sk_SCT_num(list.get()) == 0) {
    return Refuse(Check::kLog, certificate.Describe(), " has no timestamp of a transparency log");
  }
  if (sk_SCT_num(list.get()) > kMaxScts) {
    return Refuse(Check::kTooLarge, certificate.Describe(), " has more than ", kMaxScts,
                  " timestamps");
  }
  const std::string entry = PreCertificate(certificate);
  const std::string issuer_hash = SpkiHash(issuer);
  for (int i = 0; i < sk_SCT_num(list.get()); ++i) {
    const SCT* sct = sk_SCT_value(list.get(), i);
    unsigned char* bytes = nullptr;
    if (SCT_get_version(sct) != SCT_VERSION_V1) continue;
    const size_t id_size = SCT_get0_log_id(sct, &bytes);
    const std::string id = Cat("sha256:", Hex(bytes, id_size));
    const size_t extensions_size = SCT_get0_extensions(sct, &bytes);
    const std::string extensions(Text(bytes, extensions_size));
    const size_t signature_size = SCT_get0_signature(sct, &bytes);
    const std::string signature(Text(bytes, signature_size));
    // Section 3.2: version, certificate_timestamp, when, precert_entry, what.
    const std::string text =
        Cat(BigEndian(0, 1), BigEndian(0, 1), BigEndian(SCT_get_timestamp(sct), 8), BigEndian(1, 2),
            issuer_hash, BigEndian(entry.size(), 3), entry, BigEndian(extensions.size(), 2),
            extensions);
    for (const SignatureKey& key : log_keys) {
      // Only SHA-256 (section 2.1.4).
      if (key.id == id && key.type == KeyType::kP256 && IsSignedBy(key, text, signature)) {
        return std::nullopt;
      }
    }
  }
  return Refuse(Check::kLog, certificate.Describe(),
                " has no timestamp that a trusted transparency log has signed");
}

}  // namespace ztp::evidence
