// See pkcs11.h. PKCS #11 v3.0; the functions are those of its base specification, section 5.
#include "bindings/cli/pkcs11.h"

#include <openssl/evp.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/driver/files.h"
#include "engine/evidence/jws_signature.h"
#include "engine/evidence/public_key.h"

namespace ztp::cli {
namespace {

using evidence::KeyType;
using evidence::SignatureKey;

constexpr CK_ULONG kMaxSlots = 64;
constexpr size_t kMaxAttributeBytes = 4096;
constexpr uint64_t kMaxPinFileBytes = 4096;

struct UriFree {
  void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using UriPtr = std::unique_ptr<P11KitUri, UriFree>;

absl::Status Broken(std::string_view what, CK_RV code) {
  return Unavailable(what, ": ", p11_kit_strerror(code));
}

// The modules that an address leads to, initialised. They live as long as the signer.
class Modules {
 public:
  Modules() = default;
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  ~Modules() {
    if (configured_ != nullptr) p11_kit_modules_finalize_and_release(configured_);
    if (named_ == nullptr) return;
    p11_kit_module_finalize(named_);
    p11_kit_module_release(named_);
  }

  absl::Status Load(const char* path) {
    if (path == nullptr) {
      configured_ = p11_kit_modules_load_and_initialize(0);
      if (configured_ == nullptr) return Unavailable(Message());
      for (CK_FUNCTION_LIST** each = configured_; *each != nullptr; ++each) all_.push_back(*each);
      return absl::OkStatus();
    }
    CK_FUNCTION_LIST* module = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
    if (module == nullptr) return Unavailable(path, ": ", Message());
    if (const CK_RV code = p11_kit_module_initialize(module); code != CKR_OK) {
      p11_kit_module_release(module);
      return Broken(path, code);
    }
    named_ = module;
    all_.push_back(module);
    return absl::OkStatus();
  }

  const std::vector<CK_FUNCTION_LIST*>& all() const { return all_; }

 private:
  static std::string_view Message() {
    const char* message = p11_kit_message();
    return message == nullptr ? "the module cannot be loaded" : message;
  }

  CK_FUNCTION_LIST** configured_ = nullptr;
  CK_FUNCTION_LIST* named_ = nullptr;
  std::vector<CK_FUNCTION_LIST*> all_;
};

// One session with one token. Closing it logs out where it was the last.
class Session {
 public:
  Session(CK_FUNCTION_LIST* module, CK_SESSION_HANDLE handle) : module_(module), handle_(handle) {}
  Session(Session&& other) noexcept
      : module_(std::exchange(other.module_, nullptr)), handle_(other.handle_) {}
  Session& operator=(Session&&) = delete;
  ~Session() {
    if (module_ != nullptr) module_->C_CloseSession(handle_);
  }

  // At most two: more is as wrong as two.
  absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> Find(std::vector<CK_ATTRIBUTE> pattern) const {
    CK_RV code = module_->C_FindObjectsInit(handle_, pattern.data(), pattern.size());
    if (code != CKR_OK) return Broken("the token cannot be searched", code);
    std::array<CK_OBJECT_HANDLE, 2> found{};
    CK_ULONG count = 0;
    code = module_->C_FindObjects(handle_, found.data(), found.size(), &count);
    module_->C_FindObjectsFinal(handle_);
    if (code != CKR_OK) return Broken("the token cannot be searched", code);
    return std::vector(found.begin(), found.begin() + std::min<CK_ULONG>(count, found.size()));
  }

  // Nothing: the object has no such attribute, or does not tell it.
  std::optional<std::string> Read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    std::string value(kMaxAttributeBytes, '\0');
    CK_ATTRIBUTE attribute{type, value.data(), value.size()};
    if (module_->C_GetAttributeValue(handle_, object, &attribute, 1) != CKR_OK) return std::nullopt;
    if (attribute.ulValueLen > value.size()) return std::nullopt;
    value.resize(attribute.ulValueLen);
    return value;
  }

  absl::Status Login(std::string_view pin) const {
    if (pin.empty()) {
      return absl::PermissionDeniedError(
          "the token wants a PIN: set ZTP_KEY_PASSWORD, or name a file by pin-source");
    }
    std::string copy(pin);
    const CK_RV code = module_->C_Login(handle_, CKU_USER,
                                        reinterpret_cast<unsigned char*>(copy.data()), copy.size());
    OPENSSL_cleanse(copy.data(), copy.size());
    if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) return absl::OkStatus();
    if (code == CKR_PIN_INCORRECT || code == CKR_PIN_LOCKED || code == CKR_PIN_LEN_RANGE ||
        code == CKR_PIN_INVALID) {
      return absl::PermissionDeniedError(Cat("the token refuses: ", p11_kit_strerror(code)));
    }
    return Broken("the token refuses", code);
  }

  // Empty: the device fails.
  std::string Sign(CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, std::string_view input) const {
    CK_MECHANISM mechanism{type, nullptr, 0};
    if (module_->C_SignInit(handle_, &mechanism, key) != CKR_OK) return {};
    std::string data(input);
    std::string signature(evidence::kMaxSignatureBytes, '\0');
    CK_ULONG size = signature.size();
    if (module_->C_Sign(handle_, reinterpret_cast<unsigned char*>(data.data()), data.size(),
                        reinterpret_cast<unsigned char*>(signature.data()), &size) != CKR_OK ||
        size > signature.size()) {
      return {};
    }
    signature.resize(size);
    return signature;
  }

 private:
  CK_FUNCTION_LIST* module_;
  CK_SESSION_HANDLE handle_;
};

// CKA_EC_PARAMS: the curve's name in DER (RFC 5480, 2.1.1.1; for Ed25519 also RFC 8410's, or the
// printable name that PKCS #11 v3.0 began with).
std::optional<KeyType> TypeOf(std::string_view parameters, bool edwards) {
  using namespace std::string_view_literals;
  struct Curve {
    std::string_view der;
    KeyType type;
  };
  static constexpr Curve kCurves[] = {
      {"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv, KeyType::kP256},
      {"\x06\x05\x2b\x81\x04\x00\x22"sv, KeyType::kP384},
      {"\x06\x05\x2b\x81\x04\x00\x23"sv, KeyType::kP521},
      {"\x06\x03\x2b\x65\x70"sv, KeyType::kEd25519},
      {"\x13\x0c"
       "edwards25519"sv,
       KeyType::kEd25519},
  };
  for (const Curve& curve : kCurves) {
    if (curve.der == parameters && (curve.type == KeyType::kEd25519) == edwards) return curve.type;
  }
  return std::nullopt;
}

// CKA_EC_POINT: an OCTET STRING around the point, with a length of one or two bytes.
std::string_view PointIn(std::string_view der) {
  if (der.size() < 2 || der[0] != 0x04) return {};
  const auto first = static_cast<unsigned char>(der[1]);
  if (first < 0x80) return der.size() == size_t{2} + first ? der.substr(2) : std::string_view();
  if (first != 0x81 || der.size() < 3) return {};
  return der.size() == size_t{3} + static_cast<unsigned char>(der[2]) ? der.substr(3)
                                                                      : std::string_view();
}

absl::StatusOr<SignatureKey> PublicKeyOf(const Session& session, CK_OBJECT_HANDLE object) {
  const auto kind = session.Read(object, CKA_KEY_TYPE);
  CK_ULONG number = 0;
  if (kind && kind->size() == sizeof(number))
    std::copy_n(kind->data(), sizeof(number), reinterpret_cast<char*>(&number));
  const std::string parameters = session.Read(object, CKA_EC_PARAMS).value_or("");
  const std::string value = session.Read(object, CKA_EC_POINT).value_or("");
  const auto type = number == CKK_EC || number == CKK_EC_EDWARDS
                        ? TypeOf(parameters, number == CKK_EC_EDWARDS)
                        : std::nullopt;
  if (!type) {
    return InvalidArgument(
        "the key is none on Ed25519, P-256, P-384 or P-521, which ztp signs with");
  }
  std::string_view point = PointIn(value);
  const size_t field = evidence::FieldBytesOf(*type);
  evidence::Verified<evidence::SharedKey> key =
      evidence::Refuse(evidence::Check::kMalformed, "the token tells no uncompressed point");
  if (*type == KeyType::kEd25519) {  // PKCS #11 v3.0: the bytes as they are, in no OCTET STRING
    key = evidence::MakeEd25519Key(point.empty() ? std::string_view(value) : point);
  } else if (point.size() == 1 + 2 * field && point[0] == 0x04) {
    key = evidence::MakeEcKey(*type, point.substr(1, field), point.substr(1 + field));
  }
  if (!key.ok()) return InvalidArgument("the public key: ", key.refusal().message);
  const auto made = evidence::SignatureKeyOf(key->get());
  if (!made.ok()) return InvalidArgument("the public key: ", made.refusal().message);
  return *made;
}

class Pkcs11Key final : public evidence::DocumentSigner {
 public:
  Pkcs11Key(std::unique_ptr<Modules> modules, Session session, CK_OBJECT_HANDLE object,
            SignatureKey key)
      : modules_(std::move(modules)),
        session_(std::move(session)),
        object_(object),
        public_(std::move(key)) {}

  const SignatureKey& public_key() const override { return public_; }

  std::string Sign(std::string_view input) const override {
    std::string signature;
    {
      const std::lock_guard lock(mutex_);  // a session does one thing at a time
      signature = SignInDevice(input);
    }
    // A device that answers with something else must not pass for one that signs.
    return IsSignedBy(public_, input, signature) ? signature : std::string();
  }

 private:
  std::string SignInDevice(std::string_view input) const {
    const EVP_MD* hash = evidence::SignatureHashOf(public_.type);
    if (hash == nullptr) return session_.Sign(object_, CKM_EDDSA, input);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(input.data(), input.size(), digest, &size, hash, nullptr) != 1) return {};
    const std::string raw =
        session_.Sign(object_, CKM_ECDSA, {reinterpret_cast<const char*>(digest), size});
    return evidence::EcdsaToDer(raw, evidence::FieldBytesOf(public_.type)).value_or("");
  }

  std::unique_ptr<Modules> modules_;  // outlives the session
  Session session_;
  CK_OBJECT_HANDLE object_;
  SignatureKey public_;
  mutable std::mutex mutex_;
};

struct Token {
  CK_FUNCTION_LIST* module;
  CK_SLOT_ID slot;
  CK_TOKEN_INFO info;
};

std::vector<Token> TokensOf(const P11KitUri* uri, const Modules& modules) {
  std::vector<Token> found;
  for (CK_FUNCTION_LIST* module : modules.all()) {
    CK_INFO about{};
    if (module->C_GetInfo(&about) != CKR_OK || p11_kit_uri_match_module_info(uri, &about) != 1) {
      continue;
    }
    std::array<CK_SLOT_ID, kMaxSlots> slots{};
    CK_ULONG count = slots.size();
    if (module->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) continue;
    for (CK_ULONG i = 0; i < count; ++i) {
      Token token{module, slots[i], {}};
      if (module->C_GetTokenInfo(slots[i], &token.info) == CKR_OK &&
          p11_kit_uri_match_token_info(uri, &token.info) == 1) {
        found.push_back(token);
      }
    }
  }
  return found;
}

CK_ATTRIBUTE ClassIs(CK_OBJECT_CLASS* value) { return {CKA_CLASS, value, sizeof(*value)}; }

// The one private key that the address names, on this token; nothing: it has none.
absl::StatusOr<std::optional<CK_OBJECT_HANDLE>> FindKey(P11KitUri* uri, const Session& session) {
  std::vector<CK_ATTRIBUTE> pattern;
  CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
  pattern.push_back(ClassIs(&private_key));
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID}) {
    if (const CK_ATTRIBUTE* attribute = p11_kit_uri_get_attribute(uri, type)) {
      pattern.push_back(*attribute);
    }
  }
  ZTP_ASSIGN_OR_RETURN(const std::vector<CK_OBJECT_HANDLE> found, session.Find(pattern));
  if (found.empty()) return std::optional<CK_OBJECT_HANDLE>();
  if (found.size() > 1) {
    return InvalidArgument("the address names several private keys: say object= or id=");
  }
  return std::optional(found.front());
}

// A private key does not tell its public one everywhere; the object of the same id beside it does.
absl::StatusOr<CK_OBJECT_HANDLE> FindPublicKey(const Session& session, CK_OBJECT_HANDLE key) {
  std::string id = session.Read(key, CKA_ID).value_or("");
  CK_OBJECT_CLASS public_key = CKO_PUBLIC_KEY;
  if (!id.empty()) {
    ZTP_ASSIGN_OR_RETURN(const std::vector<CK_OBJECT_HANDLE> found,
                         session.Find({ClassIs(&public_key),
                                       {CKA_ID, id.data(), static_cast<CK_ULONG>(id.size())}}));
    if (found.size() == 1) return found.front();
  }
  return InvalidArgument("the token has no public key of the private key's id beside it");
}

absl::StatusOr<std::string> PinFor(const P11KitUri* uri, std::string_view pin) {
  const char* source = p11_kit_uri_get_pin_source(uri);
  if (source == nullptr) return std::string(pin);
  std::string_view path = source;
  if (path.starts_with("file:")) path.remove_prefix(5);
  while (path.starts_with("//")) path.remove_prefix(1);
  ZTP_ASSIGN_OR_RETURN(std::string text, driver::ReadFile(std::string(path), kMaxPinFileBytes));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> OpenPkcs11Key(const std::string& text,
                                                                        std::string_view pin) {
  const UriPtr uri(p11_kit_uri_new());
  if (uri == nullptr) return absl::ResourceExhaustedError("no memory");
  if (const int code = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
      code != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(uri.get()) == 1) {
    return InvalidArgument(
        "no address of a key by RFC 7512: ",
        code == P11_KIT_URI_OK ? "it has a part that is not known" : p11_kit_uri_message(code));
  }
  if (p11_kit_uri_get_pin_value(uri.get()) != nullptr) {
    return InvalidArgument(
        "a PIN in the address is seen by everybody on the machine: set ZTP_KEY_PASSWORD, or name a "
        "file by pin-source");
  }
  auto modules = std::make_unique<Modules>();
  ZTP_RETURN_IF_ERROR(modules->Load(p11_kit_uri_get_module_path(uri.get())));
  const std::vector<Token> tokens = TokensOf(uri.get(), *modules);
  if (tokens.size() != 1) {
    return InvalidArgument("the address names ", tokens.empty() ? "no token" : "several tokens");
  }
  const Token& token = tokens.front();
  CK_SESSION_HANDLE handle = 0;
  if (const CK_RV code =
          token.module->C_OpenSession(token.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle);
      code != CKR_OK) {
    return Broken("the token cannot be opened", code);
  }
  Session session(token.module, handle);
  if ((token.info.flags & CKF_LOGIN_REQUIRED) != 0) {
    ZTP_ASSIGN_OR_RETURN(std::string secret, PinFor(uri.get(), pin));
    const absl::Status status = session.Login(secret);
    OPENSSL_cleanse(secret.data(), secret.size());
    ZTP_RETURN_IF_ERROR(status);
  }
  ZTP_ASSIGN_OR_RETURN(const std::optional<CK_OBJECT_HANDLE> key, FindKey(uri.get(), session));
  if (!key) return InvalidArgument("the token has no such private key");
  ZTP_ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE beside, FindPublicKey(session, *key));
  ZTP_ASSIGN_OR_RETURN(SignatureKey public_key, PublicKeyOf(session, beside));
  return std::make_unique<Pkcs11Key>(std::move(modules), std::move(session), *key,
                                     std::move(public_key));
}

}  // namespace ztp::cli
