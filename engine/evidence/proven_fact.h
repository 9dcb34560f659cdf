// What verified evidence proves, whatever it was: a record in its kind's normal form, who says it
// about whom, and when it counts.
//
// Boundary: data, immutable once it was made. It stays true to its evidence only as long as time,
// keys and revocations let it: Trust::Check says so.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/value.h"
#include "engine/core/result.h"
#include "engine/core/time.h"

namespace ztp::evidence {

struct EvidenceKind;

struct ProvenFact {
  const EvidenceKind* kind = nullptr;
  std::string source;  // of the trust configuration
  Value value;         // in kind->form()

  // What `proven for PATH` is held against: the value at PATH must be one of these. The first names
  // whom the evidence is about: a SPIFFE ID, a user, a digest.
  std::vector<std::string> subjects;
  std::string issuer;   // of tokens; else the trust domain or empty
  std::string id;       // `jti`, a certificate's serial number, or empty
  std::string session;  // `sid`, or empty
  std::vector<std::string> audiences;
  std::optional<std::string> nonce;  // as the evidence has it: text of a token, or bytes
  std::string once;  // evidence with this counts one time; empty: it may be shown again

  // It counts while issued_at <= now < expires_at. The source's leeway is in both: a clock that is
  // ahead by no more than that does not void a fresh token. Absent: the evidence does not say.
  std::optional<Time> issued_at;
  std::optional<Time> not_before;  // where it says so besides
  Time expires_at;                 // kForEver: never by itself
  bool ends_by_age = false;        // the source's maximum age is what ends it

  std::string anchor;  // "sha256:…" of the root certificate, or the signing key's thumbprint
  std::string digest;  // "sha256:…" of the evidence's bytes: what the audit shows
  uint64_t source_serial = 0;  // the source's keys and settings that verified it (trust.h)
};

// Nothing where it does not end by itself.
inline std::optional<Time> EndOf(const ProvenFact& fact) {
  if (fact.expires_at.micros == kForEver) return std::nullopt;
  return fact.expires_at;
}

using SharedFact = std::shared_ptr<const ProvenFact>;

}  // namespace ztp::evidence
