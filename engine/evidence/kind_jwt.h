// What the kinds of tokens have in common: their settings, and the facts that every token has.
//
// Boundary: between kinds and jwt.h; no kind in particular.
#pragma once

#include <string>
#include <vector>

#include "engine/evidence/jwt.h"
#include "engine/evidence/proven_fact.h"
#include "engine/evidence/source_reader.h"

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

// All but the value. `subject` comes first among the subjects.
ProvenFact FactOf(const Jwt& jwt, Duration leeway);

// Texts as a set.
Value SetOfTexts(const std::vector<std::string>& texts);
// A text, or nothing where it is empty.
Value TextOrMissing(const std::string& text);

}  // namespace ztp::evidence
