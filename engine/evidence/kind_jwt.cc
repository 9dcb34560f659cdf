// See kind_jwt.h.
#include "engine/evidence/kind_jwt.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"

namespace ztp::evidence {

JwtSettings ReadJwtSettings(SourceReader& reader) {
  JwtSettings settings;
  settings.keys = reader.Keys();
  settings.algorithms = reader.Algorithms({});
  if (!reader.Has("algorithms")) reader.Report("", "`algorithms` is missing");
  settings.issuers = reader.Texts("issuers");
  settings.audiences = reader.Texts("audiences");
  settings.max_age = reader.common().max_age;
  settings.leeway = reader.common().leeway;
  return settings;
}

JwkSet ReadBundleKeys(SourceReader& reader, std::string_view trust_domain,
                      std::vector<JwtAuthority> SpiffeBundle::*authorities) {
  const std::optional<std::string> bytes = reader.Bytes("bundle", true);
  if (trust_domain.empty() || !bytes) return {};
  const auto bundle = ReadSpiffeBundle(trust_domain, *bytes);
  if (!bundle.ok()) {
    reader.Report("bundle", bundle.refusal().message);
    return {};
  }
  // The keys as jwk.h has them.
  std::string text = R"({"keys":[)";
  for (const JwtAuthority& authority : (*bundle).*authorities) {
    Append(text, text.back() == '[' ? "" : ",", authority.jwk);
  }
  auto keys = ParseJwkSet(text + "]}");
  if (!keys.ok()) {
    reader.Report("bundle", keys.refusal().message);
    return {};
  }
  if (keys->keys.empty()) {
    reader.Report("bundle", "it has no key of an authority that signs such tokens");
  }
  return *std::move(keys);
}

ProvenFact FactOf(const Jwt& jwt, Duration leeway) {
  const auto shifted = [](Time time, int64_t by) { return Time{time.micros + by}; };
  ProvenFact fact;
  fact.subjects.push_back(jwt.subject);
  fact.issuer = jwt.issuer;
  fact.id = jwt.id;
  fact.session = jwt.session;
  fact.audiences = jwt.audiences;
  fact.nonce = jwt.nonce;
  if (jwt.issued_at) fact.issued_at = shifted(*jwt.issued_at, -leeway.micros);
  if (jwt.not_before) fact.not_before = shifted(*jwt.not_before, -leeway.micros);
  fact.expires_at = shifted(jwt.expires_at, leeway.micros);
  fact.anchor = jwt.key_thumbprint;
  fact.digest = jwt.digest;
  return fact;
}

Value SetOfTexts(const std::vector<std::string>& texts) {
  std::vector<Value> values;
  values.reserve(texts.size());
  for (const std::string& text : texts) values.push_back(Value::String(text));
  return Value::Set(std::move(values));
}

Value TextOrMissing(const std::string& text) {
  return text.empty() ? Value() : Value::String(text);
}

}  // namespace ztp::evidence
