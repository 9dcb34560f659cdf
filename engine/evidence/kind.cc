// See kind.h.
#include "engine/evidence/kind.h"

namespace ztp::evidence {

#define ZTP_EVIDENCE_KIND(name) extern const EvidenceKind k##name##Kind;
#include "engine/evidence/kinds.def"
#undef ZTP_EVIDENCE_KIND

std::span<const EvidenceKind* const> AllKinds() {
  static constexpr const EvidenceKind* kKinds[] = {
#define ZTP_EVIDENCE_KIND(name) &k##name##Kind,
#include "engine/evidence/kinds.def"
#undef ZTP_EVIDENCE_KIND
  };
  return kKinds;
}

const EvidenceKind* FindKind(std::string_view name) {
  for (const EvidenceKind* kind : AllKinds()) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace ztp::evidence
