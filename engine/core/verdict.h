// What a decision looks like when it comes out of the kernel.
//
// Boundary: freestanding. It points into the workspace that made it, so that deciding allocates
// nothing, and is good until that decides again.
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/missing_facts.h"
#include "engine/core/result.h"
#include "engine/core/val.h"

namespace ztp {

struct Verdict {
  struct Obligation {
    uint32_t obligation = 0;  // in Schema::obligations
    const Val* args = nullptr;
    uint32_t arg_count = 0;
    std::span<const Val> arguments() const { return {args, arg_count}; }
  };
  bool allow = false;
  bool limit = false;          // denied because the step budget or the workspace was spent
  bool out_of_memory = false;  // it was the workspace: a larger one may do
  bool rests_on_unknown = false;
  std::span<const uint32_t> rules;  // the deciding ones, in source order
  std::span<const Obligation> obligations;
  int64_t valid_until = kForEver;  // microseconds
  std::span<const FactSet> facts;  // if it rests on an unknown: the sets of missing facts
};

}  // namespace ztp
