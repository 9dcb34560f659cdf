// Conditions to tests (core/index.h): each conjunct of a rule as one value against constants.
//
// Boundary: which value and which constants; which rules are found by them is index.cc's. A
// conjunct that no test form fits is worked out by the program itself and tested for true.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"

namespace ztp::ir {

class TestBuilder {
 public:
  // Fills the index's probes, texts, tests, values, rules and rule_tests. Both must outlive it.
  TestBuilder(const DecisionProgram& program, const ConstantNames& names, DecisionIndex* out);

  // Every permit, forbid and duty, by rank. Once.
  void Run();

 private:
  // A probe before it has its number.
  struct ProbeKey {
    Probe::Source source = Probe::Source::kNode;
    Probe::Form form = Probe::Form::kNumber;
    uint16_t field = 0;
    uint32_t index = 0;
    uint32_t node = kNone32;
    auto operator<=>(const ProbeKey&) const = default;
  };
  // A test before the texts of its probe are known.
  struct Draft {
    enum class Kind : uint8_t {
      kSet,    // the value is one of `values`; of kText: numbers of texts
      kRange,  // from values[0] to values[1]
      kBelow,  // kRank: below the text values[0], or (values[1] != 0) not above it
      kPlain,  // as `test` says
    };
    ProbeKey probe;
    Kind kind = Kind::kPlain;
    bool negated = false;
    Test test;
    std::vector<int64_t> values;
    std::optional<ProbeKey> other;    // of a test of two facts
    std::vector<Draft> alternatives;  // of kAnyOf
    auto Order() const {
      return std::make_tuple(probe, kind, negated, test.op, test.now_op, test.a, test.b, other);
    }
    bool operator<(const Draft& draft) const {
      if (Order() != draft.Order()) return Order() < draft.Order();
      if (values != draft.values) return values < draft.values;
      return alternatives < draft.alternatives;
    }
  };

  void AddRule(uint32_t rule);
  // Appends what must be true for the node to be true.
  void AddConjuncts(uint32_t node, bool negated, std::vector<Draft>* out) const;
  void AddScope(const RuleRecord& rule, std::vector<Draft>* out) const;
  std::optional<Draft> Classify(uint32_t node) const;
  std::optional<Draft> Comparison(const Node& node) const;
  std::optional<Draft> OrderOfTexts(const Node& node) const;
  std::optional<Draft> LabelTest(const Node& node) const;
  std::optional<Draft> Membership(const Node& node) const;
  std::optional<Draft> NowTest(const Node& node) const;
  std::optional<Draft> Alternatives(const Node& node) const;
  // tests_compound.cc
  std::optional<Draft> OneOf(const Node& node) const;
  std::optional<Draft> TwoFacts(const Node& node) const;
  static void FuseFresh(bool negated, std::vector<Draft>* drafts);
  static bool IsCheap(const Draft& draft);
  bool NeedsNode(const Test& test) const;
  // Calls visit with each probe that the test reads.
  template <typename Visit>
  static void ForEachProbe(const Draft& draft, const Visit& visit) {
    visit(draft.probe);
    if (draft.other) visit(*draft.other);
    for (const Draft& one : draft.alternatives) ForEachProbe(one, visit);
  }

  ProbeKey ProbeOf(uint32_t node, Probe::Form form) const;
  const Cell* Constant(uint32_t node) const;
  std::optional<int64_t> NumberOf(const Cell& cell) const;
  std::optional<uint64_t> LabelOf(const Cell& cell) const;
  unsigned LabelBits(uint32_t node) const;  // 0: more than 64
  TypeKind KindOf(uint32_t node) const;

  uint32_t NumberProbe(const ProbeKey& key);
  uint32_t NumberTest(const Draft& draft);
  Test Finish(const Draft& draft);
  void CollectTexts(const Draft& draft);
  // How the texts of a probe are sorted: by their numbers, or (kRank) by their bytes.
  auto TextOrder(const ProbeKey& key) const {
    return [this, by_bytes = key.form == Probe::Form::kRank](uint32_t a, uint32_t b) {
      return by_bytes ? names_.texts()[a] < names_.texts()[b] : a < b;
    };
  }
  void CountConstants();
  double Share(const Test& test) const;
  double Price(const Test& test) const;

  const DecisionProgram& program_;
  const ConstantNames& names_;
  DecisionIndex& out_;
  std::vector<std::vector<Draft>> drafts_;                 // by rank
  std::map<ProbeKey, std::vector<uint32_t>> probe_texts_;  // kText, kRank
  std::map<ProbeKey, uint32_t> probes_;
  std::map<Draft, uint32_t> tests_;
  std::map<uint32_t, double> constants_of_;  // by probe
};

}  // namespace ztp::ir
