// See jws.h.
#include "engine/evidence/jws.h"

#include <algorithm>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/jws_signature.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

std::string Shown(std::string_view text) { return Quoted(JsonExcerpt(text)); }

// The three parts as they stand in the token, and what is signed: the first two with their dot.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;
};

Verified<Parts> Split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Refuse(Check::kMalformed, "a compact token has three parts with dots between them");
  }
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signed_text = token.substr(0, second)};
}

Verified<std::string> Decode(std::string_view part, std::string_view name) {
  std::optional<std::string> bytes = DecodeBase64url(part);
  if (!bytes) return Refuse(Check::kMalformed, "the ", name, " of a token is not base64url");
  return *std::move(bytes);
}

struct Header {
  std::string algorithm;
  std::optional<std::string> type, kid, content_type;
};

Verified<Header> ReadHeader(std::string_view text) {
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(text, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "the header of a token is no JSON: ", error.message);
  }
  if (tree.root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the header of a token must be an object, not ",
                  JsonKindName(tree.root().kind));
  }
  Header header;
  std::optional<std::string> algorithm;
  for (const JsonNode& member : tree.Children(tree.root())) {
    // RFC 7515 section 4.1.11: none of the extensions that `crit` can name is understood. RFC 7797:
    // `b64` changes what is signed, so it counts as critical even where `crit` does not name it.
    if (member.key == "crit" || member.key == "b64") {
      return Refuse(Check::kMalformed, "the header of a token has `", member.key,
                    "`, which is not understood");
    }
    std::optional<std::string>* to = member.key == "alg"   ? &algorithm
                                     : member.key == "typ" ? &header.type
                                     : member.key == "kid" ? &header.kid
                                     : member.key == "cty" ? &header.content_type
                                                           : nullptr;
    if (to == nullptr) continue;
    if (member.kind != JsonKind::kString) {
      return Refuse(Check::kMalformed, "`", member.key,
                    "` in the header of a token must be a string, not ", JsonKindName(member.kind));
    }
    *to = std::string(member.text);
  }
  if (!algorithm) return Refuse(Check::kMalformed, "the header of a token has no `alg`");
  header.algorithm = *std::move(algorithm);
  return header;
}

Verified<JwsAlgorithm> ChooseAlgorithm(std::string_view name, const JwsPolicy& policy) {
  const std::optional<JwsAlgorithm> algorithm = JwsAlgorithmOf(name);
  if (!algorithm || !policy.algorithms.Has(*algorithm)) {
    return Refuse(Check::kAlgorithm, "the algorithm ", Shown(name),
                  " is not among those that the source may use");
  }
  return *algorithm;
}

Verified<const Jwk*> ChooseKey(const JwkSet& keys, const std::optional<std::string>& kid,
                               JwsAlgorithm algorithm, const JwsPolicy& policy) {
  const Jwk* chosen = nullptr;
  std::optional<Refusal> unfit;  // of the first candidate
  size_t candidates = 0;
  for (const Jwk& key : keys.keys) {
    if (kid && key.kid != kid) continue;
    ++candidates;
    std::optional<Refusal> why = key.WhyUnfit(algorithm, policy.key_use, policy.key_use_required);
    if (why) {
      if (!unfit) unfit = std::move(why);
      continue;
    }
    if (chosen != nullptr) {
      return Refuse(Check::kKeyUnknown, "two keys of the source fit the token");
    }
    chosen = &key;
  }
  if (chosen != nullptr) return chosen;
  // Of a key that was named, and of the only one, it is known why it does not fit.
  if (candidates == 1 || (kid && candidates > 0)) return *std::move(unfit);
  if (kid) return Refuse(Check::kKeyUnknown, "the source has no key with the id ", Shown(*kid));
  return Refuse(Check::kKeyUnknown, "none of the ", keys.keys.size(),
                " keys of the source fits the token, which names none");
}

}  // namespace

Verified<Jws> VerifyJws(std::string_view token, const JwkSet& keys, const JwsPolicy& policy) {
  const size_t max_bytes = std::min(policy.max_bytes, kMaxJwsBytes);
  if (token.size() > max_bytes) {
    return Refuse(Check::kTooLarge, "a token of ", token.size(), " bytes; at most ", max_bytes,
                  " are read");
  }
  ZTP_VERIFY_OR_RETURN(const Parts parts, Split(token));
  if (parts.header.size() > kMaxJwsHeaderBytes) {
    return Refuse(Check::kTooLarge, "a token with a header of ", parts.header.size(),
                  " bytes; at most ", kMaxJwsHeaderBytes, " are read");
  }
  ZTP_VERIFY_OR_RETURN(const std::string header_text, Decode(parts.header, "header"));
  ZTP_VERIFY_OR_RETURN(std::string payload, Decode(parts.payload, "payload"));
  ZTP_VERIFY_OR_RETURN(const std::string signature, Decode(parts.signature, "signature"));
  ZTP_VERIFY_OR_RETURN(Header header, ReadHeader(header_text));
  ZTP_VERIFY_OR_RETURN(const JwsAlgorithm algorithm, ChooseAlgorithm(header.algorithm, policy));
  if (policy.kid_required && !header.kid) {
    return Refuse(Check::kMalformed, "the header of the token has no `kid`");
  }
  ZTP_VERIFY_OR_RETURN(const Jwk* key, ChooseKey(keys, header.kid, algorithm, policy));
  if (!IsSignatureOf(algorithm, key->key, parts.signed_text, signature)) {
    return Refuse(Check::kSignature, "the token's signature is not that of the key ",
                  key->thumbprint);
  }
  return Jws{.algorithm = algorithm,
             .type = std::move(header.type),
             .kid = std::move(header.kid),
             .content_type = std::move(header.content_type),
             .payload = std::move(payload),
             .key_thumbprint = key->thumbprint,
             .digest = Sha256Digest(token)};
}

}  // namespace ztp::evidence
