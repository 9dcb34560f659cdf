// The trust configuration as a document: JSON to sources and transmitters of security events.
//
// Boundary: reads, strictly, and keeps nothing. What is in force, and what was verified under it,
// is trust.h's. README.md has the document's form.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/kind.h"
#include "engine/evidence/security_event.h"
#include "engine/evidence/source_reader.h"
#include "engine/facts/json_error.h"

namespace ztp::evidence {

inline constexpr size_t kMaxTrustBytes = size_t{16} << 20;
inline constexpr size_t kMaxSources = 1024;

// One source of evidence, as it is at one time. Immutable.
struct Source {
  std::string name;
  const EvidenceKind* kind = nullptr;
  SourceReader::Common common;
  std::unique_ptr<const SourceVerifier> verifier;
  // No other source, and no other state of this one, has it.
  uint64_t serial = 0;
  std::string fingerprint;  // of all that it was read from

  bool MayProve(std::string_view input) const;
};

// Who may tell that sessions are over and devices no longer comply.
struct Transmitter {
  std::string name;
  JwkSet keys;
  SecurityEventPolicy policy;
};

struct TrustConfig {
  std::vector<std::shared_ptr<const Source>> sources;
  std::vector<Transmitter> transmitters;

  // Null: there is none of that name.
  const std::shared_ptr<const Source>* Find(std::string_view name) const;
};

// Bytes in the place of a member of a source, by the names of both.
using Replacements = std::map<std::string, std::map<std::string, std::string>>;

// Null: *errors says what is wrong. Sources that are as in `before` are those of `before`.
std::shared_ptr<const TrustConfig> ReadTrust(std::string_view document,
                                             const ReadFileFunction& read_file,
                                             const Replacements& replaced,
                                             const TrustConfig& before,
                                             std::vector<JsonError>* errors);

}  // namespace ztp::evidence
