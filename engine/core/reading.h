// A probe's value (index.h) as tests see it.
//
// Boundary: freestanding; values only, of one probe each. Where they come from: what the request
// says is read when it is bound (ReadProbes, request_view.h), facts and what nodes come to in a
// decision (probes.h).
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/index.h"
#include "engine/core/policy_view.h"
#include "engine/core/result.h"
#include "engine/core/val.h"

namespace ztp {

struct Reading {
  uint32_t stamp = 0;         // of a scratch: the decision that it was read in
  uint32_t known : 1 = 0;     // plainly: not unknown, missing, or only a part
  uint32_t plain : 1 = 0;     // known, and for ever
  uint32_t complete : 1 = 0;  // an entity's memberships: no absent entity can add to them
  // Of a request: known, or known not to be: nothing about it depends on the time or is left to the
  // machine.
  uint32_t settled : 1 = 0;
  uint32_t size : 28 = 0;      // memberships that constants name; items; bytes
  int64_t value = 0;           // the number, place, rank, bits, entity; kItems: the TypeKind
  const void* data = nullptr;  // memberships, items or bytes
  int64_t valid_until = 0;

  // A number that is known for ever.
  static Reading Plain(uint32_t stamp, int64_t number) {
    return {.stamp = stamp,
            .known = 1,
            .plain = 1,
            .complete = 0,
            .settled = 0,
            .size = 0,
            .value = number,
            .data = nullptr,
            .valid_until = kForEver};
  }
};
static_assert(sizeof(Reading) == 32);

// The value as the probe's form has it, but for kEntity; known unless a label is too wide.
void TakeValue(const PolicyView& policy, const Probe& probe, const Val& val, Reading* reading);

// An entity with what it is a member of, as far as constants name it: `members` ascend, and those
// begin them. `complete`: none of those reached is absent.
void TakeEntity(uint32_t entity, std::span<const uint32_t> members, bool complete,
                uint32_t named_count, Reading* reading);

}  // namespace ztp
