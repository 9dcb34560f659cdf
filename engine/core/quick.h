// The common case of an expression: every fact that it reads is there, and nothing depends on the
// time or on entities that the request carries. Then its value is a plain one, which lasts for ever,
// and two-valued logic works it out without the machine's book-keeping.
//
// Boundary: freestanding. Says what the machine would say, or nothing; what it says nothing about is
// the machine's to work out. It remembers nothing and looks at a bounded number of nodes a call, so
// that shared parts of a program do not make it slow.
#pragma once

#include <cstdint>

#include "engine/core/facts_read.h"
#include "engine/core/request_view.h"
#include "engine/core/tri.h"
#include "engine/core/val.h"

namespace ztp {

class Quick {
 public:
  // Of one call: nodes and elements looked at, and how deep they nest.
  static constexpr int kMaxSteps = 256;
  static constexpr int kMaxDepth = 24;

  // The request must outlive it.
  explicit Quick(const RequestView& request)
      : request_(request), policy_(*request.policy), facts_(*request.facts) {}

  // True: `*out` is the node's value, for ever.
  bool Value(uint32_t node, Val* out) {
    Begin();
    return ValueOf(node, out);
  }
  // What the last call looked at, for who counts steps.
  int steps() const { return kMaxSteps - (steps_left_ < 0 ? 0 : steps_left_); }

 private:
  // Of an optional read: the value, that it is known not to be there, or nothing.
  enum class Found : uint8_t { kValue, kMissing, kUnsure };

  void Begin() {
    steps_left_ = kMaxSteps;
    depth_left_ = kMaxDepth;
  }
  bool ValueOf(uint32_t node, Val* out);
  Tri TruthOf(uint32_t node);
  Tri Logic(const Node& node, Tri deciding);
  Tri Quantifier(const Node& node);
  Tri Compare(const Node& node);
  Tri Membership(const Node& node);
  Tri Collections(const Node& node);
  Found Read(const Node& node, Val* out);
  Found Fact(const BoundFact& fact, bool optional, Val* out) const;
  Found Attribute(const Node& node, Val* out);
  // The row of a stored entity that a node is, or null.
  const uint64_t* RowOf(uint32_t node, uint32_t* type, bool* unsure);
  Tri IsIn(uint32_t entity, const Val* groups, uint32_t count) const;
  bool Narrow(uint32_t node, uint64_t* label);
  bool Arithmetic(const Node& node, Val* out);
  bool Arguments(const Node& node, Val* a, Val* b) {
    const uint32_t* args = policy_.args.data() + node.first_arg;
    return ValueOf(args[0], a) && ValueOf(args[1], b);
  }
  uint32_t Arg(const Node& node, uint32_t i) const { return policy_.args[node.first_arg + i]; }

  const RequestView& request_;
  const PolicyView& policy_;
  const FactsView& facts_;
  int steps_left_ = 0;
  int depth_left_ = 0;
  Val variables_[3];
  uint8_t bound_ = 0;  // which of them are
};

}  // namespace ztp
