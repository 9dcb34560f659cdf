// See stretches.h.
#include "engine/ir/stretches.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ztp::ir {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

}  // namespace

bool IsAge(const Test& test) {
  return test.op == Test::Op::kNow && !test.negated && test.b == 0 &&
         (test.now_op == Test::NowOp::kLt || test.now_op == Test::NowOp::kLe);
}

bool IsOfNumber(const DecisionIndex& index, const Test& test) {
  switch (index.probes[test.probe].form) {
    case Probe::Form::kNumber:
    case Probe::Form::kText:
    case Probe::Form::kRank:
      return test.op == Test::Op::kRange || test.op == Test::Op::kMask ||
             test.op == Test::Op::kAmong;
    default:
      return false;
  }
}

LabelBits BitsOfLabel(const Test& test) {
  if (test.op != Test::Op::kBits) return {};
  const uint64_t mask = static_cast<uint64_t>(test.a), value = static_cast<uint64_t>(test.b);
  if ((value & ~mask) != 0) return {};
  if (!test.negated) return {.set = value, .clear = mask & ~value};
  // That two bits are not both as they were asked for says nothing of either.
  if (std::popcount(mask) != 1) return {};
  return {.set = mask & ~value, .clear = value};
}

bool HoldsOf(const DecisionIndex& index, const Test& test, int64_t v) {
  bool holds = false;
  switch (test.op) {
    case Test::Op::kNow:
      holds = test.now_op == Test::NowOp::kLt ? v < test.a : v <= test.a;
      break;
    case Test::Op::kRange:
      holds = test.a <= v && v <= test.b;
      break;
    case Test::Op::kMask:
      holds = v >= 0 && v < 64 && (static_cast<uint64_t>(test.a) >> v & 1) != 0;
      break;
    case Test::Op::kAmong: {
      const auto first = index.values.begin() + test.a;
      holds = std::binary_search(first, first + test.b, v);
      break;
    }
    default:
      return true;
  }
  return holds != (test.negated != 0);
}

void AppendCuts(const DecisionIndex& index, const Test& test, std::vector<int64_t>* cuts) {
  auto from_to = [&](int64_t a, int64_t b) {
    if (a > kLeast) cuts->push_back(a);
    if (b < kGreatest) cuts->push_back(b + 1);
  };
  switch (test.op) {
    case Test::Op::kNow:
      if (test.now_op == Test::NowOp::kLt) {
        cuts->push_back(test.a);
      } else if (test.a < kGreatest) {
        cuts->push_back(test.a + 1);
      }
      return;
    case Test::Op::kRange:
      return from_to(test.a, test.b);
    case Test::Op::kMask:
      for (int i = 0; i < 64; ++i) {
        if (static_cast<uint64_t>(test.a) >> i & 1) from_to(i, i);
      }
      return;
    case Test::Op::kAmong:
      for (int64_t i = 0; i < test.b; ++i) {
        from_to(index.values[test.a + i], index.values[test.a + i]);
      }
      return;
    default:
      return;
  }
}

bool IsCode(const DecisionProgram& program, const Probe& probe) {
  if (probe.form == Probe::Form::kText || probe.form == Probe::Form::kRank) return true;
  if (probe.form != Probe::Form::kNumber || probe.source == Probe::Source::kInputFresh) {
    return false;
  }
  if (probe.node == kNone32) return true;
  const TypeKind kind = program.schema.types.kind(TypeId{program.nodes[probe.node].type});
  return kind == TypeKind::kBool || kind == TypeKind::kEnum;
}

int64_t GreatestCode(const DecisionProgram& program, const Probe& probe) {
  if (probe.form == Probe::Form::kText) return probe.count;
  if (probe.form == Probe::Form::kRank) return 2 * int64_t{probe.count};
  if (probe.source == Probe::Source::kAction) {
    return static_cast<int64_t>(program.schema.actions.size()) - 1;
  }
  if (probe.source == Probe::Source::kPrincipalType ||
      probe.source == Probe::Source::kResourceType) {
    return static_cast<int64_t>(program.schema.entities.size()) - 1;
  }
  const TypeKind kind = program.schema.types.kind(TypeId{program.nodes[probe.node].type});
  return kind == TypeKind::kBool ? 1 : kGreatest;
}

}  // namespace ztp::ir
