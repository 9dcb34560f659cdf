// See index_marks.h.
#include "engine/ir/index_marks.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include "engine/ir/stretches.h"

namespace ztp::ir {
namespace {

constexpr uint32_t kBits = 64;
constexpr uint32_t kMostBits = 16;  // of one number
constexpr uint32_t kMostLabelBits = 40;
// Reading a stored attribute in every decision costs as much as some rules that it leaves out.
constexpr uint32_t kFewestRules = 4;
constexpr uint32_t kFewestOfRules = 32;  // one of so many
// Where a few rules are met in every decision, it is worth it for one of them.
constexpr uint32_t kFewestAlways = 6;
constexpr uint32_t kMostAlways = 48;

std::span<const uint32_t> TestsOf(const DecisionIndex& index, uint32_t rank) {
  const IndexedRule& rule = index.rules[rank];
  return std::span<const uint32_t>(index.rule_tests).subspan(rule.first_test, rule.tests);
}

}  // namespace

// Rules without a test that keys are made of are met in every decision.
bool MarkBuilder::IsAlwaysMet(uint32_t rank) const {
  const auto tests = TestsOf(out_, rank);
  return std::none_of(tests.begin(), tests.end(), [&](uint32_t t) {
    const Test& test = out_.tests[t];
    return !test.negated && (test.op == Test::Op::kMember || test.op == Test::Op::kMemberAny ||
                             test.op == Test::Op::kHas);
  });
}

std::vector<MarkBuilder::Choice> MarkBuilder::Choices() const {
  using Kind = IndexMark::Kind;
  // A label's bits are two choices; of numbers it is decided later how they are told apart.
  std::map<std::pair<uint32_t, Kind>, Choice> found;
  std::map<const Choice*, uint32_t> last_rank;
  uint32_t always = 0;
  for (uint32_t rank = 0; rank < out_.rules.size(); ++rank) {
    const bool always_met = IsAlwaysMet(rank);
    always += always_met;
    auto of = [&](const Test& test, Kind kind) -> Choice& {
      Choice& choice = found[{test.probe, kind}];
      choice.probe = test.probe;
      choice.kind = kind;
      const auto [last, is_first] = last_rank.try_emplace(&choice, rank);
      if (is_first || last->second != rank) {
        ++choice.rules;
        choice.always += always_met;
      }
      last->second = rank;
      return choice;
    };
    for (const uint32_t t : TestsOf(out_, rank)) {
      const Test& test = out_.tests[t];
      if (out_.probes[test.probe].source == Probe::Source::kNode) continue;
      if (IsOfNumber(out_, test)) AppendCuts(out_, test, &of(test, Kind::kStretches).cuts);
      const LabelBits bits = BitsOfLabel(test);
      if (bits.clear != 0) of(test, Kind::kSet).label_bits |= bits.clear;
      if (bits.set != 0) of(test, Kind::kClear).label_bits |= bits.set;
    }
  }
  std::vector<Choice> choices;
  for (auto& [key, choice] : found) {
    const Probe& of = out_.probes[choice.probe];
    const bool pays =
        choice.rules >= kFewestRules && choice.rules >= out_.rules.size() / kFewestOfRules;
    const bool pays_always = choice.always != 0 && always >= kFewestAlways && always <= kMostAlways;
    if (!of.FromRequest() && !pays && !pays_always) continue;
    if (choice.label_bits != 0) {
      choice.bits = static_cast<uint32_t>(std::bit_width(choice.label_bits) -
                                          std::countr_zero(choice.label_bits));
      if (choice.bits > kMostLabelBits) continue;
    } else {
      std::sort(choice.cuts.begin(), choice.cuts.end());
      choice.cuts.erase(std::unique(choice.cuts.begin(), choice.cuts.end()), choice.cuts.end());
      if (choice.cuts.empty()) continue;
      choice.bits = static_cast<uint32_t>(std::min<size_t>(choice.cuts.size() + 1, kMostBits));
      if (IsCode(program_, of)) {
        const int64_t greatest = std::min(choice.cuts.back(), GreatestCode(program_, of));
        if (greatest < kMostBits) {
          choice.kind = Kind::kCodes;
          choice.bits = static_cast<uint32_t>(greatest) + 1;
        }
      }
    }
    choices.push_back(std::move(choice));
  }
  // Those that the most rules test for their bits; what the request says need not be read.
  std::stable_sort(choices.begin(), choices.end(), [&](const Choice& a, const Choice& b) {
    const uint64_t left = uint64_t{a.rules} * b.bits, right = uint64_t{b.rules} * a.bits;
    if (left != right) return left > right;
    return out_.probes[a.probe].FromRequest() && !out_.probes[b.probe].FromRequest();
  });
  return choices;
}

void MarkBuilder::Choose() {
  std::vector<Choice> chosen;
  uint32_t bits = 0;
  for (Choice& choice : Choices()) {
    if (bits + choice.bits > kBits) continue;
    bits += choice.bits;
    chosen.push_back(std::move(choice));
  }
  uint32_t shift = 0;
  for (const bool from_request : {true, false}) {
    for (const Choice& choice : chosen) {
      if (out_.probes[choice.probe].FromRequest() != from_request) continue;
      Make(choice, shift);
      shift += choice.bits;
    }
    if (from_request) out_.request_marks = static_cast<uint32_t>(out_.marks.size());
  }
}

void MarkBuilder::Make(const Choice& choice, uint32_t shift) {
  Made made;
  IndexMark& mark = made.mark;
  mark.probe = choice.probe;
  mark.kind = choice.kind;
  mark.shift = static_cast<uint8_t>(shift);
  mark.count = static_cast<uint8_t>(choice.bits - 1);
  if (choice.label_bits != 0) {
    mark.first_cut = static_cast<uint32_t>(std::countr_zero(choice.label_bits));
  } else if (choice.kind == IndexMark::Kind::kCodes) {
    made.exact = true;
    for (int64_t v = 0; v < choice.bits; ++v) made.values.push_back({v});
  } else {
    // With more stretches than bits, several share one: each then stands for all of its values.
    mark.first_cut = static_cast<uint32_t>(out_.cuts.size());
    made.exact = choice.cuts.size() + 1 == choice.bits;
    made.values.push_back({std::numeric_limits<int64_t>::min()});
    for (size_t i = 0; i < choice.cuts.size(); ++i) {
      const size_t next = made.values.size();
      if (next < choice.bits && i == (next - 1) * choice.cuts.size() / (choice.bits - 1)) {
        out_.cuts.push_back(choice.cuts[i]);
        made.values.emplace_back();
      }
      made.values.back().push_back(choice.cuts[i]);
    }
  }
  out_.marks.push_back(mark);
  made_.push_back(std::move(made));
}

bool MarkBuilder::Covers(uint32_t probe) const {
  return std::any_of(made_.begin(), made_.end(),
                     [&](const Made& made) { return made.mark.probe == probe && made.exact; });
}

bool MarkBuilder::CoversTest(const Test& test) const {
  if (IsOfNumber(out_, test)) return Covers(test.probe);
  LabelBits left = BitsOfLabel(test);
  if (left.set == 0 && left.clear == 0) return false;
  for (const Made& made : made_) {
    if (made.mark.probe != test.probe) continue;
    const uint64_t bits = (~uint64_t{0} >> (63 - made.mark.count)) << made.mark.first_cut;
    if (made.mark.kind == IndexMark::Kind::kSet) left.clear &= ~bits;
    if (made.mark.kind == IndexMark::Kind::kClear) left.set &= ~bits;
  }
  return left.set == 0 && left.clear == 0;
}

uint64_t MarkBuilder::OutOf(uint32_t rank) const {
  uint64_t out = 0;
  for (const uint32_t t : TestsOf(out_, rank)) {
    const Test& test = out_.tests[t];
    const LabelBits label = BitsOfLabel(test);
    for (const Made& made : made_) {
      const IndexMark& mark = made.mark;
      if (mark.probe != test.probe) continue;
      const uint64_t all = ~uint64_t{0} >> (63 - mark.count);
      if (mark.kind == IndexMark::Kind::kSet) {
        out |= (label.clear >> mark.first_cut & all) << mark.shift;
      } else if (mark.kind == IndexMark::Kind::kClear) {
        out |= (label.set >> mark.first_cut & all) << mark.shift;
      } else if (IsOfNumber(out_, test)) {
        for (size_t bit = 0; bit < made.values.size(); ++bit) {
          const bool never = std::none_of(made.values[bit].begin(), made.values[bit].end(),
                                          [&](int64_t v) { return HoldsOf(out_, test, v); });
          if (never) out |= uint64_t{1} << (mark.shift + bit);
        }
      }
    }
  }
  return out;
}

}  // namespace ztp::ir
