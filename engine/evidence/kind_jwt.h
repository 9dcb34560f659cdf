// What the kinds of tokens have in common: their settings, and the facts that every token has.
//
// Boundary: between kinds and jwt.h; no kind in particular.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwt.h"
#include "engine/evidence/proven_fact.h"
#include "engine/evidence/source_reader.h"
#include "engine/evidence/spiffe_bundle.h"

namespace ztp::evidence {

struct JwtSettings {
  JwkSet keys;
  JwsAlgorithms algorithms;
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  std::optional<Duration> max_age;
  Duration leeway;
};

// `keys`, `algorithms`, `issuers` and `audiences`, all of them required; nothing is taken from a
// token about how to verify it.
JwtSettings ReadJwtSettings(SourceReader& reader);

// `bundle`: the keys of one kind that a SPIFFE bundle of the trust domain has, at least one.
JwkSet ReadBundleKeys(SourceReader& reader, std::string_view trust_domain,
                      std::vector<JwtAuthority> SpiffeBundle::*authorities);

// All but the value. `subject` comes first among the subjects.
ProvenFact FactOf(const Jwt& jwt, Duration leeway);

// Texts as a set.
Value SetOfTexts(const std::vector<std::string>& texts);
// A text, or nothing where it is empty.
Value TextOrMissing(const std::string& text);

}  // namespace ztp::evidence
