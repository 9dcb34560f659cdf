// See private_key.h.
#include "engine/evidence/private_key.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/pem.h"

namespace ztp::evidence {
namespace {

using Pkcs8Ptr = OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using X509SigPtr = OpensslPtr<X509_SIG, X509_SIG_free>;

constexpr std::string_view kPlain = "PRIVATE KEY";
constexpr std::string_view kSec1 = "EC PRIVATE KEY";
constexpr std::string_view kEncrypted = "ENCRYPTED PRIVATE KEY";

SharedKey Shared(EVP_PKEY* key) { return key == nullptr ? nullptr : SharedKey(key, EVP_PKEY_free); }

// Memory that held a key is cleared before it goes back.
class Secret {
 public:
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  const unsigned char* begin() const {
    return reinterpret_cast<const unsigned char*>(bytes_.data());
  }
  const unsigned char* end() const { return begin() + bytes_.size(); }
  long size() const { return static_cast<long>(bytes_.size()); }

 private:
  std::string bytes_;
};

SharedKey ReadEncrypted(const Secret& der, std::string_view password) {
  const unsigned char* at = der.begin();
  const X509SigPtr sealed(d2i_X509_SIG(nullptr, &at, der.size()));
  if (sealed == nullptr || at != der.end()) return nullptr;
  const Pkcs8Ptr info(
      PKCS8_decrypt(sealed.get(), password.data(), static_cast<int>(password.size())));
  return info == nullptr ? nullptr : Shared(EVP_PKCS82PKEY(info.get()));
}

SharedKey ReadPlain(const Secret& der) {
  const unsigned char* at = der.begin();
  SharedKey key = Shared(d2i_AutoPrivateKey(nullptr, &at, der.size()));
  return at == der.end() ? key : nullptr;
}

}  // namespace

Verified<PrivateKey> PrivateKey::Of(SharedKey key) {
  ZTP_VERIFY_OR_RETURN(SignatureKey public_key, SignatureKeyOf(key.get()));
  return PrivateKey(std::move(key), std::move(public_key));
}

std::optional<PrivateKey> PrivateKey::Generate(KeyType type) {
  const ErrorQueueScope errors;
  SharedKey key;
  switch (type) {
    case KeyType::kEd25519:
      key = Shared(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
    case KeyType::kP256:
      key = Shared(EVP_EC_gen("P-256"));
      break;
    case KeyType::kP384:
      key = Shared(EVP_EC_gen("P-384"));
      break;
    case KeyType::kP521:
      key = Shared(EVP_EC_gen("P-521"));
      break;
    case KeyType::kRsa:
      break;
  }
  if (key == nullptr) return std::nullopt;
  Verified<PrivateKey> made = Of(std::move(key));
  if (!made.ok()) return std::nullopt;
  return *std::move(made);
}

Verified<PrivateKey> PrivateKey::FromPem(std::string_view pem, std::string_view password) {
  const ErrorQueueScope errors;
  const PemLimits limits{.max_blocks = 1, .max_block_bytes = kMaxPrivateKeyBytes};
  std::string_view label = kPlain;
  for (const std::string_view other : {kSec1, kEncrypted}) {
    if (pem.find(Cat("-----BEGIN ", other, "-----")) != std::string_view::npos) label = other;
  }
  ZTP_VERIFY_OR_RETURN(std::vector<std::string> blocks, ReadPem(pem, label, limits));
  const Secret der(std::move(blocks.front()));
  if (label != kEncrypted && !password.empty()) {
    return Refuse(Check::kUsage, "a password was given for a key that is not encrypted");
  }
  if (label == kEncrypted && password.empty()) {
    return Refuse(Check::kUsage, "the key is encrypted, and no password was given");
  }
  SharedKey key = label == kEncrypted ? ReadEncrypted(der, password) : ReadPlain(der);
  if (key == nullptr) {
    return Refuse(Check::kMalformed, "a private key that cannot be read",
                  label == kEncrypted ? ", or the password is another" : "");
  }
  return Of(std::move(key));
}

std::string PrivateKey::ToPem(std::string_view password) const {
  const ErrorQueueScope errors;
  const BioPtr out(BIO_new(BIO_s_mem()));
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(key_.get()));
  bool written = false;
  if (out != nullptr && info != nullptr && password.empty()) {
    written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(out.get(), info.get()) == 1;
  } else if (out != nullptr && info != nullptr) {
    X509_ALGOR* algorithm =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, 1 << 14, 8, 1);
    X509_SIG* sealed = nullptr;
    if (algorithm != nullptr) {
      // Owns `algorithm` where it succeeds.
      sealed =
          PKCS8_set0_pbe(password.data(), static_cast<int>(password.size()), info.get(), algorithm);
    }
    if (sealed == nullptr) X509_ALGOR_free(algorithm);
    const X509SigPtr owner(sealed);
    written = sealed != nullptr && PEM_write_bio_PKCS8(out.get(), sealed) == 1;
  }
  if (!written) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string PrivateKey::Sign(std::string_view input) const {
  const ErrorQueueScope errors;
  const MdCtxPtr context(EVP_MD_CTX_new());
  std::string signature(kMaxSignatureBytes, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, SignatureHashOf(public_.type), nullptr,
                         key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(input.data()), input.size()) != 1) {
    return {};
  }
  signature.resize(size);
  return signature;
}

}  // namespace ztp::evidence
