// What follows from a condition for the expressions after it: which optionals are there, which
// types an entity can still be of.
#include <algorithm>
#include <iterator>

#include "engine/sema/check_expr.h"

namespace ztp::sema {
namespace {

// More than this is forgotten, which is safe: a guard less only means an error more.
constexpr size_t kMaxGuards = 512;

void AddGuard(std::vector<Guard>& guards, const Guard& guard) {
  if (guards.size() < kMaxGuards &&
      std::find(guards.begin(), guards.end(), guard) == guards.end()) {
    guards.push_back(guard);
  }
}

// What holds in either case.
std::vector<Guard> Either(const std::vector<Guard>& a, const std::vector<Guard>& b) {
  std::vector<Guard> both;
  for (const Guard& guard : a) {
    for (const Guard& other : b) {
      if (guard.id != other.id || guard.is_type != other.is_type) continue;
      if (!guard.is_type) {
        if (guard.truth == other.truth) AddGuard(both, guard);
        continue;
      }
      Guard joined = guard;
      joined.types.clear();
      std::set_union(guard.types.begin(), guard.types.end(), other.types.begin(), other.types.end(),
                     std::back_inserter(joined.types));
      AddGuard(both, joined);
    }
  }
  return both;
}

}  // namespace

const std::vector<Guard>& ExprChecker::GuardsIf(ExprId id, bool truth) {
  const std::pair<uint32_t, bool> key(id.index, truth);
  if (const auto it = guard_memo_.find(key); it != guard_memo_.end()) return it->second;
  std::vector<Guard> guards;
  const Expr e = builder_[id];
  switch (e.op) {
    case Op::kConst:
      break;
    case Op::kNot:
      guards = GuardsIf(builder_.Arg(id, 0), !truth);
      break;
    case Op::kAnd:
    case Op::kOr: {
      const bool all = (e.op == Op::kAnd) == truth;
      for (uint32_t i = 0; i < e.arg_count; ++i) {
        // A copy: the next call may move the memo.
        const std::vector<Guard> arg = GuardsIf(builder_.Arg(id, i), truth);
        if (all) {
          for (const Guard& guard : arg) AddGuard(guards, guard);
        } else {
          guards = i == 0 ? arg : Either(guards, arg);
        }
      }
      break;
    }
    case Op::kIf: {
      // `if c then a else false` is true only where both are.
      std::vector<Guard> branches[2];
      bool possible[2];
      for (int i = 0; i < 2; ++i) {
        const ExprId branch = builder_.Arg(id, static_cast<size_t>(i) + 1);
        possible[i] = !builder_.IsConst(branch) || builder_.ConstValue(branch).boolean() == truth;
        branches[i] = GuardsIf(builder_.Arg(id, 0), i == 0);
        const std::vector<Guard> own = GuardsIf(branch, truth);
        for (const Guard& guard : own) AddGuard(branches[i], guard);
      }
      if (possible[0] && possible[1]) {
        guards = Either(branches[0], branches[1]);
      } else if (possible[0] || possible[1]) {
        guards = std::move(branches[possible[0] ? 0 : 1]);
      }
      break;
    }
    case Op::kIsType: {
      const ExprId of = builder_.Arg(id, 0);
      const EntityTypeId tested{e.payload};
      Guard guard{.id = of, .is_type = true, .truth = true, .types = {}};
      if (truth) {
        guard.types = {tested};
      } else {
        guard.types = type(builder_[of].type).entities;
        guard.types.erase(std::remove(guard.types.begin(), guard.types.end(), tested),
                          guard.types.end());
      }
      if (!guard.types.empty()) guards.push_back(std::move(guard));
      break;
    }
    case Op::kLt:
    case Op::kLe: {
      // `0 < xs.size`, `1 <= xs.size`, and their negations the other way round.
      const ExprId low = builder_.Arg(id, truth ? 0 : 1);
      const ExprId size = builder_.Arg(id, truth ? 1 : 0);
      const bool strict = (e.op == Op::kLt) == truth;
      if (builder_.IsConst(low) && builder_[size].op == Op::kSize &&
          builder_.ConstValue(low).integer() >= (strict ? 0 : 1)) {
        const ExprId empty = builder_.Make(Op::kIsEmpty, bool_, {builder_.Arg(size, 0)});
        guards.push_back({.id = empty, .is_type = false, .truth = false, .types = {}});
      }
      break;
    }
    default:
      break;
  }
  if (e.op != Op::kConst && e.op != Op::kNot) {
    AddGuard(guards, {.id = id, .is_type = false, .truth = truth, .types = {}});
  }
  return guard_memo_[key] = std::move(guards);
}

}  // namespace ztp::sema
