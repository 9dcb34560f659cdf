// See spiffe_bundle.h.
#include "engine/evidence/spiffe_bundle.h"

#include <charconv>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/core/spiffe.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/x5c_key.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

enum class Form { kSpiffe, kJwtOnly };

Refusal Malformed(const JsonPath& path, std::string_view what) {
  return Refuse(Check::kMalformed, "trust bundle: ", path.ToString(), " ", what);
}

// A whole number that is not negative and fits 64 bits; nothing: it is none.
std::optional<uint64_t> WholeNumber(const JsonNode& node) {
  if (node.kind != JsonKind::kNumber) return std::nullopt;
  uint64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [at, error] = std::from_chars(node.text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

// The text of the object that begins at `offset`; the document is known to be JSON.
std::string_view ObjectText(std::string_view json, size_t offset) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = offset; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return json.substr(offset, i + 1 - offset);
    }
  }
  return {};
}

std::optional<Refusal> AddX509Authority(Certificate certificate, SpiffeBundle* bundle) {
  for (const Certificate& other : bundle->x509_authorities) {
    if (other == certificate) {
      return Refuse(Check::kMalformed, "trust bundle: ", certificate.Describe(),
                    " is there more than once");
    }
  }
  bundle->x509_authorities.push_back(std::move(certificate));
  return std::nullopt;
}

Verified<SpiffeBundle> StartBundle(std::string_view trust_domain) {
  const std::string id = Cat(kSpiffeScheme, trust_domain);
  const auto parsed = ParseSpiffeId(id);
  if (!parsed.ok() || !SpiffePath(id).empty()) {
    return Refuse(Check::kSubject, "the name that a trust bundle is given for is no trust domain");
  }
  SpiffeBundle bundle;
  bundle.trust_domain = trust_domain;
  return bundle;
}

class BundleReader {
 public:
  BundleReader(std::string_view json, Form form, SpiffeBundle bundle)
      : json_(json), form_(form), bundle_(std::move(bundle)) {}

  Verified<SpiffeBundle> Read() {
    const JsonPath path;
    JsonError error;
    if (!tree_.Parse(json_, path, &error)) {
      return Refuse(Check::kMalformed, "trust bundle: ", FormatJsonError(error));
    }
    const JsonNode& root = tree_.root();
    if (root.kind != JsonKind::kObject) return Malformed(path, "is not an object");
    if (auto refusal = ReadNumbers(root, path)) return *std::move(refusal);

    const JsonPath keys_path(&path, "keys");
    const JsonNode* keys = tree_.Find(root, "keys");
    if (keys == nullptr) return Malformed(path, "has no `keys`");
    if (keys->kind != JsonKind::kArray) return Malformed(keys_path, "is not an array");
    if (keys->child_count > kMaxBundleKeys) {
      return Refuse(Check::kTooLarge, "trust bundle: more than ", kMaxBundleKeys, " keys");
    }
    size_t index = 0;
    for (const JsonNode& key : tree_.Children(*keys)) {
      const JsonPath key_path(&keys_path, index++);
      if (auto refusal = ReadKey(key, key_path)) return *std::move(refusal);
    }
    return std::move(bundle_);
  }

 private:
  // Sections 4.1.1 and 4.1.2.
  std::optional<Refusal> ReadNumbers(const JsonNode& root, const JsonPath& path) {
    if (const JsonNode* node = tree_.Find(root, "spiffe_sequence")) {
      bundle_.sequence = WholeNumber(*node);
      if (!bundle_.sequence.has_value()) {
        return Malformed(JsonPath(&path, "spiffe_sequence"), "is not a whole number of 64 bits");
      }
    }
    if (const JsonNode* node = tree_.Find(root, "spiffe_refresh_hint")) {
      const std::optional<uint64_t> seconds = WholeNumber(*node);
      if (!seconds.has_value() || *seconds > INT64_MAX / kMicrosPerSecond) {
        return Malformed(JsonPath(&path, "spiffe_refresh_hint"),
                         "is not a whole number of seconds");
      }
      bundle_.refresh_hint = Duration{static_cast<int64_t>(*seconds) * kMicrosPerSecond};
    }
    return std::nullopt;
  }

  // Section 4.2.
  std::optional<Refusal> ReadKey(const JsonNode& key, const JsonPath& path) {
    if (key.kind != JsonKind::kObject) return Malformed(path, "is not an object");
    const JsonNode* kty = tree_.Find(key, "kty");
    if (kty == nullptr || kty->kind != JsonKind::kString) {
      return Malformed(path, "has no `kty` that is a string");
    }
    const JsonNode* use = tree_.Find(key, "use");
    if (use != nullptr && use->kind != JsonKind::kString) {
      return Malformed(JsonPath(&path, "use"), "is not a string");
    }
    const bool known_type = kty->text == "EC" || kty->text == "RSA" || kty->text == "OKP";
    const std::string_view use_text = use == nullptr ? std::string_view() : use->text;
    if (known_type && (form_ == Form::kJwtOnly || use_text == "jwt-svid")) {
      return ReadTokenKey(key, path, &bundle_.jwt_authorities);
    }
    if (known_type && use_text == "wit-svid") {
      return ReadTokenKey(key, path, &bundle_.wit_authorities);
    }
    if (known_type && use_text == "x509-svid") return ReadX509Key(key, path);
    ++bundle_.ignored_keys;
    return std::nullopt;
  }

  // X509-SVID, section 6.
  std::optional<Refusal> ReadX509Key(const JsonNode& key, const JsonPath& path) {
    const JsonNode* x5c = tree_.Find(key, "x5c");
    const JsonPath x5c_path(&path, "x5c");
    if (x5c != nullptr && x5c->kind != JsonKind::kArray) {
      return Malformed(x5c_path, "is not an array");
    }
    if (x5c == nullptr || x5c->child_count == 0) {
      ++bundle_.ignored_keys;
      return std::nullopt;
    }
    if (x5c->child_count != 1) return Malformed(x5c_path, "has more than one certificate");
    const JsonNode& text = *tree_.Children(*x5c).begin();
    if (text.kind != JsonKind::kString) return Malformed(x5c_path, "is not of strings");
    if (text.text.size() > (kMaxCertificateBytes + 2) / 3 * 4) {
      return Refuse(Check::kTooLarge, "trust bundle: a certificate of more than ",
                    kMaxCertificateBytes, " bytes");
    }
    const std::optional<std::string> der = DecodeBase64(text.text);
    if (!der.has_value()) return Malformed(x5c_path, "is not base64 (RFC 7517, section 4.7)");
    Verified<Certificate> certificate = Certificate::FromDer(*der);
    if (!certificate.ok()) {
      Refusal refusal = std::move(certificate).refusal();
      refusal.message = Cat("trust bundle: ", x5c_path.ToString(), ": ", refusal.message);
      return refusal;
    }
    if (!IsKeyOf(tree_, key, *certificate)) {
      return Malformed(path, "has another key than its certificate, or one that has no place here");
    }
    return AddX509Authority(*std::move(certificate), &bundle_);
  }

  // JWT-SVID and WIT-SVID, section 6 of each.
  std::optional<Refusal> ReadTokenKey(const JsonNode& key, const JsonPath& path,
                                      std::vector<JwtAuthority>* to) {
    const JsonNode* kid = tree_.Find(key, "kid");
    if (kid == nullptr || kid->kind != JsonKind::kString || kid->text.empty()) {
      return Malformed(path, "is a key that signs tokens, without a `kid`");
    }
    if (kid->text.size() > kMaxKidBytes) {
      return Refuse(Check::kTooLarge, "trust bundle: a `kid` of more than ", kMaxKidBytes,
                    " bytes");
    }
    for (const auto* all : {&bundle_.jwt_authorities, &bundle_.wit_authorities}) {
      for (const JwtAuthority& other : *all) {
        if (other.kid == kid->text) return Malformed(JsonPath(&path, "kid"), "is there twice");
      }
    }
    to->push_back(
        {.kid = std::string(kid->text), .jwk = std::string(ObjectText(json_, key.offset))});
    return std::nullopt;
  }

  const std::string_view json_;
  const Form form_;
  SpiffeBundle bundle_;
  JsonTree tree_;
};

Verified<SpiffeBundle> ReadJwkSet(std::string_view trust_domain, std::string_view json, Form form) {
  if (json.size() > kMaxBundleBytes) {
    return Refuse(Check::kTooLarge, "a trust bundle of ", json.size(), " bytes; at most ",
                  kMaxBundleBytes, " are read");
  }
  ZTP_VERIFY_OR_RETURN(SpiffeBundle bundle, StartBundle(trust_domain));
  return BundleReader(json, form, std::move(bundle)).Read();
}

}  // namespace

Verified<SpiffeBundle> ReadSpiffeBundle(std::string_view trust_domain, std::string_view json) {
  return ReadJwkSet(trust_domain, json, Form::kSpiffe);
}

Verified<SpiffeBundle> ReadJwtBundle(std::string_view trust_domain, std::string_view json) {
  return ReadJwkSet(trust_domain, json, Form::kJwtOnly);
}

Verified<SpiffeBundle> ReadX509Bundle(std::string_view trust_domain, std::string_view bytes) {
  if (bytes.size() > kMaxBundleBytes) {
    return Refuse(Check::kTooLarge, "a trust bundle of ", bytes.size(), " bytes; at most ",
                  kMaxBundleBytes, " are read");
  }
  ZTP_VERIFY_OR_RETURN(SpiffeBundle bundle, StartBundle(trust_domain));
  ZTP_VERIFY_OR_RETURN(std::vector<Certificate> certificates,
                       ReadCertificates(bytes, {.max_certificates = kMaxBundleKeys}));
  for (Certificate& certificate : certificates) {
    if (auto refusal = AddX509Authority(std::move(certificate), &bundle)) {
      return *std::move(refusal);
    }
  }
  return bundle;
}

}  // namespace ztp::evidence
