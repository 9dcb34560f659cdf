// Drafts to tests: equal ones get one number, and the order of a rule's tests follows from what
// they cost and leave out. See tests.h.
#include <algorithm>
#include <bit>
#include <set>

#include "engine/ir/tests.h"

namespace ztp::ir {

// How many different constants a probe is tested for, as keys are.
void TestBuilder::CountConstants() {
  std::map<uint32_t, std::set<int64_t>> constants;
  for (const Test& test : out_.tests) {
    std::set<int64_t>& own = constants[test.probe];
    if (test.op == Test::Op::kMember || test.op == Test::Op::kHas ||
        (test.op == Test::Op::kRange && test.a == test.b)) {
      own.insert(test.a);
    } else if (test.op == Test::Op::kAmong || test.op == Test::Op::kMemberAny) {
      const auto first = out_.values.begin() + test.a;
      own.insert(first, first + test.b);
    } else if (test.op == Test::Op::kMask) {
      for (int i = 0; i < 64; ++i) {
        if (static_cast<uint64_t>(test.a) >> i & 1) own.insert(i);
      }
    }
  }
  for (const auto& [probe, own] : constants) constants_of_[probe] = static_cast<double>(own.size());
}

void TestBuilder::CollectTexts(const Draft& draft) {
  if (draft.probe.form == Probe::Form::kText && draft.kind == Draft::Kind::kSet) {
    std::vector<uint32_t>& texts = probe_texts_[draft.probe];
    for (int64_t value : draft.values) texts.push_back(static_cast<uint32_t>(value));
  } else if (draft.kind == Draft::Kind::kBelow) {
    probe_texts_[draft.probe].push_back(static_cast<uint32_t>(draft.values[0]));
  }
  for (const Draft& one : draft.alternatives) CollectTexts(one);
}

uint32_t TestBuilder::NumberProbe(const ProbeKey& key) {
  const auto [it, fresh] = probes_.try_emplace(key, static_cast<uint32_t>(out_.probes.size()));
  if (!fresh) return it->second;
  Probe probe;
  probe.node = key.node;
  probe.form = key.form;
  probe.source = key.source;
  probe.field = key.field;
  probe.index = key.index;
  if (const auto texts = probe_texts_.find(key); texts != probe_texts_.end()) {
    probe.first = static_cast<uint32_t>(out_.texts.size());
    probe.count = static_cast<uint32_t>(texts->second.size());
    out_.texts.insert(out_.texts.end(), texts->second.begin(), texts->second.end());
  }
  out_.probes.push_back(probe);
  return it->second;
}

uint32_t TestBuilder::NumberTest(const Draft& draft) {
  if (const auto known = tests_.find(draft); known != tests_.end()) return known->second;
  std::vector<int64_t> alternatives;
  for (const Draft& one : draft.alternatives) alternatives.push_back(NumberTest(one));
  const uint32_t number = static_cast<uint32_t>(out_.tests.size());
  tests_.emplace(draft, number);
  Test test = Finish(draft);
  if (!alternatives.empty()) {
    std::sort(alternatives.begin(), alternatives.end());
    alternatives.erase(std::unique(alternatives.begin(), alternatives.end()), alternatives.end());
    test.a = static_cast<int64_t>(out_.values.size());
    test.b = static_cast<int64_t>(alternatives.size());
    out_.values.insert(out_.values.end(), alternatives.begin(), alternatives.end());
  }
  if (draft.other) test.a = NumberProbe(*draft.other);
  test.negated = draft.negated;
  test.probe = alternatives.empty() ? NumberProbe(draft.probe)
                                    : out_.tests[static_cast<size_t>(alternatives.front())].probe;
  out_.tests.push_back(test);
  return number;
}

Test TestBuilder::Finish(const Draft& draft) {
  Test test = draft.test;
  auto place = [&](int64_t text) -> int64_t {
    const std::vector<uint32_t>& texts = probe_texts_.at(draft.probe);
    return std::lower_bound(texts.begin(), texts.end(), static_cast<uint32_t>(text),
                            TextOrder(draft.probe)) -
           texts.begin();
  };
  auto list = [&](Test::Op op, std::vector<int64_t> values) {
    std::sort(values.begin(), values.end());
    test.op = op;
    test.a = static_cast<int64_t>(out_.values.size());
    test.b = static_cast<int64_t>(values.size());
    out_.values.insert(out_.values.end(), values.begin(), values.end());
  };
  switch (draft.kind) {
    case Draft::Kind::kPlain:
      if (test.op == Test::Op::kMemberAny) list(Test::Op::kMemberAny, draft.values);
      break;
    case Draft::Kind::kRange:
      test.a = draft.values[0];
      test.b = draft.values[1];
      break;
    case Draft::Kind::kBelow: {
      test.a = 0;
      test.b = 2 * place(draft.values[0]) + (draft.values[1] != 0 ? 1 : 0);
      break;
    }
    case Draft::Kind::kSet: {
      std::vector<int64_t> values = draft.values;
      if (draft.probe.form == Probe::Form::kText) {
        for (int64_t& value : values) value = place(value);
      }
      if (values.size() == 1) {
        test.a = test.b = values[0];
      } else if (std::all_of(values.begin(), values.end(),
                             [](int64_t v) { return v >= 0 && v < 64; })) {
        test.op = Test::Op::kMask;
        for (int64_t value : values) test.a |= static_cast<int64_t>(uint64_t{1} << value);
      } else {
        list(Test::Op::kAmong, values);
      }
      break;
    }
  }
  return test;
}

// How many of a probe's values a test may let through, as a guess.
double TestBuilder::Share(const Test& test) const {
  const Probe& probe = out_.probes[test.probe];
  const auto found = constants_of_.find(test.probe);
  const double constants = found == constants_of_.end() ? 1 : found->second;
  double share = 0.5;
  switch (test.op) {
    case Test::Op::kRange:
      if (probe.source == Probe::Source::kAction) {
        share = 1 / static_cast<double>(program_.schema.actions.size());
      } else if (test.a == test.b) {
        share = 1 / (1 + constants);
      }
      break;
    case Test::Op::kMask:
      share = std::popcount(static_cast<uint64_t>(test.a)) / (1 + constants);
      break;
    case Test::Op::kAmong:
    case Test::Op::kMemberAny:
      share = static_cast<double>(test.b) / (1 + constants);
      break;
    case Test::Op::kMember:
    case Test::Op::kHas:
      share = 2 / (1 + constants);
      break;
    default:
      break;
  }
  // No test is thought to leave out nothing, or everything: prices stay finite.
  return std::clamp(test.negated ? 1 - share : share, 0.05, 0.95);
}

// What a test costs for each rule that it leaves out, in nanoseconds or so; only the order counts.
double TestBuilder::Price(const Test& test) const {
  double cost = 1;
  switch (out_.probes[test.probe].source) {
    case Probe::Source::kPrincipalAttribute:
    case Probe::Source::kResourceAttribute:
    case Probe::Source::kHasPrincipalAttribute:
    case Probe::Source::kHasResourceAttribute:
      cost = 2;
      break;
    default:
      break;
  }
  switch (test.op) {
    case Test::Op::kAmong:
    case Test::Op::kNow:
      cost += 2;
      break;
    case Test::Op::kBelow:
    case Test::Op::kNotAbove:
    case Test::Op::kEqual:
    case Test::Op::kWithin:
      cost += 3;
      break;
    case Test::Op::kMemberAny:
    case Test::Op::kHas:
      cost += 8;
      break;
    case Test::Op::kAnyOf:
      cost += 5 * static_cast<double>(test.b);
      break;
    case Test::Op::kLike:
      cost += 50;
      break;
    default:
      break;
  }
  return cost / (1 - Share(test));
}

}  // namespace ztp::ir
