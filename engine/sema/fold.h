// Constant folding: the value of an operator whose arguments are constants.
//
// Boundary: what needs a world (entities, inputs, the clock) is never folded, and nothing is folded
// that would change a result: unknown stays unknown. Folding knows no source text; who calls it
// reports an overflow.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/schema.h"
#include "engine/base/value.h"
#include "engine/sema/builder.h"
#include "engine/sema/program.h"

namespace ztp::sema {

struct Folded {
  enum class State : uint8_t {
    kNot,  // no constant
    kValue,
    kMissing,  // an optional that is not there
    kOverflow,
  };
  State state = State::kNot;
  Value value;

  static Folded Of(Value v) { return {State::kValue, std::move(v)}; }
};

// The value of a closed node (ProgramBuilder::IsClosed), the variables of folds around it being
// `vars` (by slot). `steps` is counted down; at 0 the result is kNot, so that a huge constant fold
// is left to the evaluator.
Folded FoldClosed(const Schema& schema, const ProgramBuilder& builder, ExprId id,
                  std::span<const Value> vars, size_t* steps);

}  // namespace ztp::sema
