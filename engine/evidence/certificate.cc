// See certificate.h.
#include "engine/evidence/certificate.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "engine/evidence/pem.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxSubjectText = 128;
constexpr size_t kMaxSerialBytes = 20;  // RFC 5280, section 4.1.2.2

// The bytes that an i2d function of OpenSSL writes; empty where it fails.
template <typename T>
std::string Encode(int (*encode)(const T*, unsigned char**), const T* object) {
  const int size = encode(object, nullptr);
  if (size <= 0) return {};
  std::string bytes(static_cast<size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (encode(object, &out) != size) return {};
  return bytes;
}

std::string SerialOf(const X509* x509) {
  const ASN1_INTEGER* number = X509_get0_serialNumber(x509);
  std::string text = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "";
  const unsigned char* bytes = ASN1_STRING_get0_data(number);
  const int size = ASN1_STRING_length(number);
  if (size == 0) text += "00";
  return text + Hex(bytes, static_cast<size_t>(size));
}

std::string SubjectOf(const X509* x509) {
  const ErrorQueueScope errors;
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr ||
      X509_NAME_print_ex(out.get(), X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) < 0) {
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  if (size <= 0) return {};
  if (static_cast<size_t>(size) <= kMaxSubjectText) return {text, static_cast<size_t>(size)};
  return Cat(std::string_view(text, kMaxSubjectText - 3), "...");
}

// The number of the first extension that is there twice (section 4.2); -1: none is.
int FindTwice(const X509* x509) {
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(X509_get_ext(x509, i));
    if (X509_get_ext_by_OBJ(x509, object, i) != -1) return i;
  }
  return -1;
}

// False: the extension is there and malformed.
bool ReadUris(const X509* x509, std::vector<std::string>* uris) {
  int critical = -1;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr) return critical == -1;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris->emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                       static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return true;
}

}  // namespace

std::string DescribeX509(const X509* x509) {
  const std::string name = SubjectOf(x509);
  return name.empty() ? Cat("certificate with serial ", SerialOf(x509))
                      : Cat("certificate ", Quoted(name), " (serial ", SerialOf(x509), ")");
}

std::optional<Time> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_check(time) != 1 || ASN1_TIME_to_tm(time, &parts) != 1) {
    return std::nullopt;
  }
  // The years of ASN.1's times have four digits: no overflow.
  return Time{static_cast<int64_t>(timegm(&parts)) * kMicrosPerSecond};
}

std::optional<size_t> DerElementSize(std::string_view der) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(der[i]); };
  if (der.size() < 2) return std::nullopt;
  size_t size = byte(1);
  size_t header = 2;
  if (size >= 0x80) {
    const size_t count = size & 0x7f;
    if (count == 0 || count > 4 || der.size() < 2 + count || byte(2) == 0) return std::nullopt;
    size = 0;
    for (size_t i = 0; i < count; ++i) size = size << 8 | byte(2 + i);
    if (size < 0x80) return std::nullopt;
    header += count;
  }
  if (size > der.size() - header) return std::nullopt;
  return header + size;
}

Verified<Certificate> Certificate::FromDer(std::string_view der) {
  const ErrorQueueScope errors;
  if (der.size() > kMaxCertificateBytes) {
    return Refuse(Check::kTooLarge, "a certificate of ", der.size(), " bytes; at most ",
                  kMaxCertificateBytes, " are read");
  }
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  X509Ptr parsed(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (parsed == nullptr) return Refuse(Check::kMalformed, "not a certificate in DER");
  if (at != reinterpret_cast<const unsigned char*>(der.data()) + der.size() ||
      Encode<X509>(i2d_X509, parsed.get()) != der) {
    return Refuse(Check::kMalformed, "bytes behind a certificate, or a certificate not in DER");
  }

  Certificate certificate{std::shared_ptr<X509>(std::move(parsed))};
  X509* x509 = certificate.x509();
  if (ASN1_STRING_length(X509_get0_serialNumber(x509)) > static_cast<int>(kMaxSerialBytes)) {
    return Refuse(Check::kMalformed, "a certificate's serial number of more than ", kMaxSerialBytes,
                  " bytes");
  }
  const auto refuse = [&](Check check, const auto&... what) -> Refusal {
    return Refuse(check, certificate.Describe(), " ", what...);
  };
  const std::optional<Time> not_before = TimeOf(X509_get0_notBefore(x509));
  const std::optional<Time> not_after = TimeOf(X509_get0_notAfter(x509));
  if (!not_before || !not_after) return refuse(Check::kMalformed, "has a malformed time");
  certificate.not_before_ = *not_before;
  certificate.not_after_ = *not_after;
  if (X509_get_ext_count(x509) > kMaxCertificateExtensions) {
    return refuse(Check::kTooLarge, "has more than ", kMaxCertificateExtensions, " extensions");
  }
  if (const int i = FindTwice(x509); i != -1) {
    return refuse(Check::kMalformed, "has its extension ", i + 1, " more than once");
  }
  // Asks OpenSSL to read the extensions, which it keeps: from here on nothing is written.
  (void)X509_check_purpose(x509, -1, 0);
  if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0) {
    return refuse(Check::kMalformed, "has a malformed extension");
  }
  if (!ReadUris(x509, &certificate.uris_)) {
    return refuse(Check::kMalformed, "has malformed alternative names");
  }
  return certificate;
}

std::string Certificate::der() const { return Encode<X509>(i2d_X509, x509()); }

std::string Certificate::sha256() const { return Sha256Digest(der()); }

std::string Certificate::spki_sha256() const {
  return Sha256Digest(Encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(x509())));
}

std::string Certificate::serial() const { return SerialOf(x509()); }

std::string Certificate::subject() const { return SubjectOf(x509()); }

bool Certificate::is_ca() const {
  const uint32_t flags = X509_get_extension_flags(x509());
  return (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
}

bool Certificate::has_empty_subject() const {
  return X509_NAME_entry_count(X509_get_subject_name(x509())) == 0;
}

std::optional<uint32_t> Certificate::key_usage() const {
  const uint32_t usage = X509_get_key_usage(x509());
  if (usage == UINT32_MAX) return std::nullopt;
  return usage;
}

std::optional<uint32_t> Certificate::extended_key_usage() const {
  const uint32_t usage = X509_get_extended_key_usage(x509());
  if (usage == UINT32_MAX) return std::nullopt;
  return usage;
}

bool Certificate::IsCritical(int nid) const {
  const int at = X509_get_ext_by_NID(x509(), nid, -1);
  return at != -1 && X509_EXTENSION_get_critical(X509_get_ext(x509(), at)) != 0;
}

bool Certificate::key_usage_is_critical() const { return IsCritical(NID_key_usage); }

bool Certificate::alternative_names_are_critical() const {
  return IsCritical(NID_subject_alt_name);
}

bool Certificate::operator==(const Certificate& other) const { return der() == other.der(); }

Verified<std::vector<Certificate>> ReadCertificates(std::string_view bytes,
                                                    const CertificateLimits& limits) {
  return LooksLikePem(bytes) ? ReadPemCertificates(bytes, limits)
                             : ReadDerCertificates(bytes, limits);
}

Verified<std::vector<Certificate>> ReadPemCertificates(std::string_view text,
                                                       const CertificateLimits& limits) {
  ZTP_VERIFY_OR_RETURN(
      const std::vector<std::string> blocks,
      ReadPem(text, "CERTIFICATE",
              {.max_blocks = limits.max_certificates, .max_block_bytes = kMaxCertificateBytes}));
  std::vector<Certificate> certificates;
  for (const std::string& block : blocks) {
    ZTP_VERIFY_OR_RETURN(Certificate certificate, Certificate::FromDer(block));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

Verified<std::vector<Certificate>> ReadDerCertificates(std::string_view der,
                                                       const CertificateLimits& limits) {
  if (der.empty()) return Refuse(Check::kMalformed, "expected a certificate, found nothing");
  std::vector<Certificate> certificates;
  while (!der.empty()) {
    if (certificates.size() == limits.max_certificates) {
      return Refuse(Check::kTooLarge, "more than ", limits.max_certificates, " certificates");
    }
    const std::optional<size_t> size = DerElementSize(der);
    if (!size.has_value()) {
      return Refuse(Check::kMalformed, "certificate ", certificates.size() + 1,
                    " is neither PEM nor DER, or was cut off");
    }
    ZTP_VERIFY_OR_RETURN(Certificate certificate, Certificate::FromDer(der.substr(0, *size)));
    certificates.push_back(std::move(certificate));
    der.remove_prefix(*size);
  }
  return certificates;
}

}  // namespace ztp::evidence
