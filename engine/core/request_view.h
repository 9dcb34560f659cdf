// A request as the kernel reads it: everything that one decision depends on, by pointer.
//
// Boundary: freestanding; reading only. Who fills it in (eval/bound_request.h, or a host of its
// own) owns what it points to and keeps it alive while it is decided. The facts were made for the
// policy.
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/facts_view.h"
#include "engine/core/policy_view.h"
#include "engine/core/reading.h"
#include "engine/core/val.h"

namespace ztp {

// What a host adds to the kernel. Any function may be null: what it would say is unknown then, and
// an unknown denies. They are called from whichever thread decides.
struct HostFunctions {
  void* context = nullptr;
  // Does pattern number `pattern` (DecisionProgram::patterns) cover the text?
  bool (*matches)(void* context, uint32_t pattern, const char* text, uint32_t size) = nullptr;
  // Is `now` (microseconds) within schedule number `schedule`? `*flip` gets the first instant after
  // `now` at which that changes, kForEver if it never does.
  bool (*within)(void* context, uint32_t schedule, int64_t now, int64_t* flip) = nullptr;
};

// A parameter, input or carried attribute as it came.
struct BoundFact {
  Val val;  // kNone: missing; with Val::kNotKnown not known
  EvidenceWindow window;
};

// An entity that the request brings along.
struct CarriedEntity {
  uint32_t entity = 0;
  std::span<const BoundFact> attributes;
  std::span<const uint32_t> parents;
  std::span<const uint32_t> derives;
};

// Some of the index's marks (index.h).
struct RequestMarks {
  uint64_t bits = 0;
  bool read = false;   // false: they are left to the decision
  bool known = false;  // each of them is known for ever
};

struct RequestView {
  const PolicyView* policy = nullptr;
  const FactsView* facts = nullptr;
  const HostFunctions* host = nullptr;

  uint32_t action = 0;
  Val principal;
  Val resource;
  // The stored row, if the request carries no entity, so that it is all there is to say; else null.
  const uint64_t* principal_row = nullptr;
  const uint64_t* resource_row = nullptr;
  const BoundFact* params = nullptr;  // of the action, in the schema's order
  const BoundFact* inputs = nullptr;  // of the schema
  // Some input is evidence with times. False where one is: it is only slower.
  bool has_evidence = false;
  std::span<const CarriedEntity> carried;
  // Entities that the facts do not know are numbered from facts->entity_count on; their types.
  const uint32_t* stranger_types = nullptr;
  // What the caller can carry out, a bit for each obligation; null: everything.
  const uint64_t* can = nullptr;
  // What the request says to the index's first probes (ReadProbes).
  const Reading* readings = nullptr;
  // What it says to the index's first request_marks marks, and what the stored rows of principal
  // and resource say to others.
  RequestMarks marks;
  RequestMarks principal_marks;
  RequestMarks resource_marks;
  int64_t now = 0;  // microseconds since 1970-01-01T00:00:00Z
  // What the request is made of holds before this: then, and after it, nothing is permitted.
  int64_t valid_until = kForEver;

  bool Can(uint32_t obligation) const {
    return can == nullptr || (can[obligation / 64] >> (obligation % 64) & 1) != 0;
  }
  uint32_t TypeOf(uint32_t entity) const {
    return entity < facts->entity_count ? facts->TypeOf(entity)
                                        : stranger_types[entity - facts->entity_count];
  }
  bool carries_any() const { return !carried.empty(); }
  const CarriedEntity* Carried(uint32_t entity) const {
    for (const CarriedEntity& c : carried) {
      if (c.entity == entity) return &c;
    }
    return nullptr;
  }
  bool IsStored(uint32_t entity) const {
    return entity < facts->entity_count && facts->IsStored(entity);
  }
};

// Works out the readings of the policy's first request_probes probes, and the marks that follow
// from them, from everything else in the request: to be called once that is complete. `readings`
// has room for them; the request points to it from then on.
void ReadProbes(Reading* readings, RequestView* request);
// What a probe's value can come from, of what may change in a request that stays bound to its
// policy and facts: principal, resource, parameters and inputs.
enum Depends : uint8_t { kOnPrincipal = 1, kOnResource = 2, kOnValues = 4 };
uint8_t DependsOn(const Probe& probe);
// Works out again what depends on what has changed, as ReadProbes had it before.
void ReadChangedProbes(uint8_t changed, Reading* readings, RequestView* request);
// Its two parts, for who knows which probes those are: their readings, then the marks.
void ReadTheseProbes(std::span<const uint32_t> probes, Reading* readings, RequestView* request);
void ReadChangedMarks(uint8_t changed, RequestView* request);

}  // namespace ztp
