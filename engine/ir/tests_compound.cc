// Tests of more than one fact: alternatives, and two facts beside each other. See tests.h.
#include <algorithm>
#include <utility>

#include "engine/ir/tests.h"

namespace ztp::ir {
namespace {

constexpr size_t kMaxAlternatives = 16;

}  // namespace

// `x.fresh(d)` is `x.issued_at <= now and now - x.issued_at < d and now < x.expires_at`. Where both
// times are known, x is there, so that the first and the last of these hold until it expires: it is
// the second alone, of a value that lasts so long. `negated`: the drafts are the three's opposites.
void TestBuilder::FuseFresh(bool negated, std::vector<Draft>* drafts) {
  using Source = Probe::Source;
  auto is = [&](const Draft& draft, Source source, Test::NowOp op) {
    return draft.kind == Draft::Kind::kPlain && draft.test.op == Test::Op::kNow &&
           draft.negated == negated && draft.test.now_op == op && draft.test.b == 0 &&
           draft.probe.source == source && draft.probe.form == Probe::Form::kNumber;
  };
  auto find = [&](Source source, Test::NowOp op, uint32_t input) {
    return std::find_if(drafts->begin(), drafts->end(), [&](const Draft& draft) {
      return is(draft, source, op) && draft.test.a == 0 && draft.probe.index == input;
    });
  };
  for (Draft& draft : *drafts) {
    if (!is(draft, Source::kInputIssuedAt, Test::NowOp::kLt)) continue;
    const uint32_t input = draft.probe.index;
    if (find(Source::kInputIssuedAt, Test::NowOp::kGe, input) == drafts->end() ||
        find(Source::kInputExpiresAt, Test::NowOp::kLt, input) == drafts->end()) {
      continue;
    }
    draft.probe = ProbeKey();
    draft.probe.source = Source::kInputFresh;
    draft.probe.index = input;
  }
  // What has been made part of another.
  auto fresh = [&](uint32_t input) {
    return std::any_of(drafts->begin(), drafts->end(), [&](const Draft& draft) {
      return draft.probe.source == Source::kInputFresh && draft.probe.index == input &&
             draft.negated == negated;
    });
  };
  std::erase_if(*drafts, [&](const Draft& draft) {
    return draft.test.a == 0 &&
           (is(draft, Source::kInputIssuedAt, Test::NowOp::kGe) ||
            is(draft, Source::kInputExpiresAt, Test::NowOp::kLt)) &&
           fresh(draft.probe.index);
  });
}

// Without an operator of the program: an alternative that had to be worked out might as well be
// worked out with the others.
bool TestBuilder::IsCheap(const Draft& draft) {
  const auto cheap = [](const ProbeKey& key) { return key.source != Probe::Source::kNode; };
  return std::all_of(draft.alternatives.begin(), draft.alternatives.end(),
                     [](const Draft& one) { return IsCheap(one); }) &&
         cheap(draft.probe) && (!draft.other || cheap(*draft.other));
}

// The same of a test that has its number. An alternative of a cheap test is cheap.
bool TestBuilder::NeedsNode(const Test& test) const {
  const auto dear = [&](int64_t probe) {
    return out_.probes[static_cast<size_t>(probe)].source == Probe::Source::kNode;
  };
  switch (test.op) {
    case Test::Op::kBelow:
    case Test::Op::kNotAbove:
    case Test::Op::kEqual:
    case Test::Op::kWithin:
      return dear(test.probe) || dear(test.a);
    default:
      return dear(test.probe);
  }
}

// `a or b`, and `a and b` as `not (not a or not b)`, which is the same in values, validities and
// missing facts. The caller says `not` once more where it means the opposite.
std::optional<TestBuilder::Draft> TestBuilder::OneOf(const Node& root) const {
  const bool is_or = root.op == Opcode::kOr;
  Draft all;
  all.kind = Draft::Kind::kPlain;
  all.test.op = Test::Op::kAnyOf;
  all.negated = !is_or;
  std::vector<std::pair<uint32_t, bool>> waiting;
  for (const uint32_t arg : program_.Args(root)) waiting.emplace_back(arg, !is_or);
  size_t steps = 0;
  while (!waiting.empty()) {
    const auto [at, opposite] = waiting.back();
    waiting.pop_back();
    if (++steps > 4 * kMaxAlternatives) return std::nullopt;
    const Node& node = program_.nodes[at];
    if (node.op == Opcode::kNot) {
      waiting.emplace_back(program_.Args(node)[0], !opposite);
      continue;
    }
    if (node.op == (opposite ? Opcode::kAnd : Opcode::kOr)) {
      for (const uint32_t arg : program_.Args(node)) waiting.emplace_back(arg, opposite);
      continue;
    }
    if (node.op == Opcode::kAnd || node.op == Opcode::kOr) return std::nullopt;
    std::optional<Draft> one = Classify(at);
    if (!one) {
      one.emplace();
      one->probe = ProbeOf(at, Probe::Form::kNumber);
      one->kind = Draft::Kind::kSet;
      one->values = {1};
    }
    if (opposite) one->negated = !one->negated;
    if (!IsCheap(*one)) return std::nullopt;
    all.alternatives.push_back(*std::move(one));
    if (all.alternatives.size() > kMaxAlternatives) return std::nullopt;
  }
  if (all.alternatives.empty()) return std::nullopt;
  FuseFresh(true, &all.alternatives);
  if (all.alternatives.size() == 1) {
    Draft one = all.alternatives.front();
    one.negated = one.negated != all.negated;
    return one;
  }
  std::sort(all.alternatives.begin(), all.alternatives.end());
  all.probe = all.alternatives.front().probe;
  return all;
}

// Of two numbers, or of two labels of one lattice.
std::optional<TestBuilder::Draft> TestBuilder::TwoFacts(const Node& node) const {
  const auto args = program_.Args(node);
  if (Constant(args[0]) != nullptr || Constant(args[1]) != nullptr) return std::nullopt;
  Draft draft;
  draft.kind = Draft::Kind::kPlain;
  Probe::Form form = Probe::Form::kNumber;
  switch (node.op) {
    case Opcode::kLtNumber:
      draft.test.op = Test::Op::kBelow;
      break;
    case Opcode::kLeNumber:
      draft.test.op = Test::Op::kNotAbove;
      break;
    case Opcode::kEqScalar:
      draft.test.op = Test::Op::kEqual;
      break;
    case Opcode::kFlowsTo:
      draft.test.op = Test::Op::kWithin;
      form = Probe::Form::kLabel;
      break;
    default:
      return std::nullopt;
  }
  for (const uint32_t arg : {args[0], args[1]}) {
    if (form == Probe::Form::kLabel ? LabelBits(arg) == 0 : !IsNumberKind(KindOf(arg))) {
      return std::nullopt;
    }
  }
  draft.probe = ProbeOf(args[0], form);
  draft.other = ProbeOf(args[1], form);
  return draft;
}

}  // namespace ztp::ir
