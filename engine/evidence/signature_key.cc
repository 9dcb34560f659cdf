// See signature_key.h.
#include "engine/evidence/signature_key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/pem.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxSpkiBytes = 2048;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A coordinate of the point; empty where there is none.
std::string Coordinate(const EVP_PKEY* key, const char* name, size_t size) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &read) != 1) return {};
  const BnPtr number(read);
  std::string bytes(size, '\0');
  if (BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(size)) < 0) {
    return {};
  }
  return bytes;
}

// The curve by its name; a key that describes a curve itself has none.
Verified<KeyType> CurveOf(const EVP_PKEY* key) {
  char name[64];
  size_t size = 0;
  int is_explicit = 1;
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), &size) != 1 ||
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) !=
          1 ||
      is_explicit != 0) {
    return Refuse(Check::kAlgorithm, "an elliptic key that describes a curve of its own");
  }
  const std::string_view curve(name, size);
  if (curve == SN_X9_62_prime256v1) return KeyType::kP256;
  if (curve == SN_secp384r1) return KeyType::kP384;
  if (curve == SN_secp521r1) return KeyType::kP521;
  return Refuse(Check::kAlgorithm, "a key on the curve ", curve, "; it takes P-256, P-384, P-521");
}

// The key made anew from its numbers: whatever form it came in, it has one form and one id.
Verified<SignatureKey> Rebuild(const EVP_PKEY* key) {
  SignatureKey result;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: {
      std::string x(32, '\0');
      size_t size = x.size();
      if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(x.data()), &size) !=
          1) {
        return Refuse(Check::kMalformed, "an Ed25519 key without its public part");
      }
      x.resize(size);
      result.type = KeyType::kEd25519;
      ZTP_VERIFY_OR_RETURN(result.key, MakeEd25519Key(x));
      break;
    }
    case EVP_PKEY_EC: {
      ZTP_VERIFY_OR_RETURN(result.type, CurveOf(key));
      const size_t size = FieldBytesOf(result.type);
      ZTP_VERIFY_OR_RETURN(result.key,
                           MakeEcKey(result.type, Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, size),
                                     Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, size)));
      break;
    }
    default:
      return Refuse(Check::kAlgorithm,
                    "a key that is neither Ed25519 nor on P-256, P-384 or P-521");
  }
  result.id = Sha256Digest(SpkiOf(result));
  return result;
}

}  // namespace

Verified<SignatureKey> SignatureKeyOf(const EVP_PKEY* key) {
  const ErrorQueueScope errors;
  if (key == nullptr) return Refuse(Check::kAlgorithm, "a key of an unknown kind");
  return Rebuild(key);
}

Verified<SignatureKey> SignatureKeyOf(const Certificate& certificate) {
  const ErrorQueueScope errors;
  Verified<SignatureKey> key = SignatureKeyOf(X509_get0_pubkey(certificate.x509()));
  if (!key.ok()) {
    Refusal refusal = std::move(key).refusal();
    refusal.message = Cat(certificate.Describe(), " has ", refusal.message);
    return refusal;
  }
  return key;
}

Verified<SignatureKey> ReadSpki(std::string_view der) {
  const ErrorQueueScope errors;
  if (der.size() > kMaxSpkiBytes) {
    return Refuse(Check::kTooLarge, "a public key of ", der.size(), " bytes; at most ",
                  kMaxSpkiBytes, " are read");
  }
  const unsigned char* at = Bytes(der);
  const PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || at != Bytes(der) + der.size()) {
    return Refuse(Check::kMalformed, "a public key is no SubjectPublicKeyInfo in DER");
  }
  // One encoding only: BER would have others.
  unsigned char* again = nullptr;
  const int size = i2d_PUBKEY(key.get(), &again);
  const bool same = size > 0 && der == std::string_view(reinterpret_cast<const char*>(again),
                                                        static_cast<size_t>(size));
  OPENSSL_free(again);
  if (!same) return Refuse(Check::kMalformed, "a public key is not encoded as DER has it");
  return Rebuild(key.get());
}

Verified<std::vector<SignatureKey>> ReadSignatureKeys(std::string_view pem) {
  ZTP_VERIFY_OR_RETURN(
      const std::vector<std::string> blocks,
      ReadPem(pem, "PUBLIC KEY",
              {.max_blocks = kMaxSignatureKeys, .max_block_bytes = kMaxSpkiBytes}));
  std::vector<SignatureKey> keys;
  for (const std::string& block : blocks) {
    ZTP_VERIFY_OR_RETURN(SignatureKey key, ReadSpki(block));
    if (std::any_of(keys.begin(), keys.end(),
                    [&](const SignatureKey& other) { return other.id == key.id; })) {
      return Refuse(Check::kMalformed, "the key ", key.id, " is there twice");
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string SpkiOf(const SignatureKey& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.key.get(), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string PemOf(const SignatureKey& key) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_PUBKEY(out.get(), key.key.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

const EVP_MD* SignatureHashOf(KeyType type) {
  switch (type) {
    case KeyType::kP256:
      return EVP_sha256();
    case KeyType::kP384:
      return EVP_sha384();
    case KeyType::kP521:
      return EVP_sha512();
    case KeyType::kEd25519:
    case KeyType::kRsa:
      break;
  }
  return nullptr;
}

bool IsSignedBy(const SignatureKey& key, std::string_view input, std::string_view signature) {
  const ErrorQueueScope errors;
  if (key.type == KeyType::kRsa || signature.size() > kMaxSignatureBytes) return false;
  if (key.type == KeyType::kEd25519 && signature.size() != 64) return false;
  const MdCtxPtr context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, SignatureHashOf(key.type), nullptr,
                              key.key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(input),
                          input.size()) == 1;
}

}  // namespace ztp::evidence
