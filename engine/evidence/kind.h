// A kind of evidence: how a source of it is set up, how its evidence is verified, and to which
// record that comes down.
//
// Boundary: the one interface behind which every verifier stands. A new kind is a file
// kind_NAME.cc and a line in kinds.def; nothing else names it. Whether a verified fact still counts
// (time, revocations, nonces) is asked in one place for all kinds: trust.h.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "engine/core/time.h"
#include "engine/evidence/normal_form.h"
#include "engine/evidence/proven_fact.h"
#include "engine/evidence/source_reader.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxEvidenceBytes = size_t{4} << 20;

// A source's keys and settings. Immutable; any thread.
class SourceVerifier {
 public:
  virtual ~SourceVerifier() = default;
  // What the bytes prove. Everything is filled in but kind, source and source_serial; the digest
  // only where the kind has it at hand. That the audience fits, every kind asks itself.
  virtual Verified<ProvenFact> Verify(std::string_view evidence, Time now) const = 0;
};

struct EvidenceKind {
  std::string_view name;  // "x509-svid"; stable
  // Bytes and no text: in JSON such evidence is base64 (or PEM).
  bool binary = false;
  const NormalForm& (*form)() = nullptr;
  // Reads what the kind wants of a source. Mistakes are reported to the reader; then the result is
  // not used, and may be null.
  std::unique_ptr<const SourceVerifier> (*read)(SourceReader& reader) = nullptr;
};

// Null: there is no such kind.
const EvidenceKind* FindKind(std::string_view name);
std::span<const EvidenceKind* const> AllKinds();

}  // namespace ztp::evidence
