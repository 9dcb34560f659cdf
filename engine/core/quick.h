// The common case of an expression: every fact that it reads is there, and nothing depends on the
// clock or on entities that the request carries. Then its value is a plain one, and two-valued
// logic works it out without the machine's book-keeping. It lasts for ever, or, where evidence was
// read that counts now, until that ends.
//
// Boundary: freestanding. Says what the machine would say, or nothing; what it says nothing about
// is the machine's to work out. It remembers nothing and looks at a bounded number of nodes a call,
// so that shared parts of a program do not make it slow.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/core/facts_read.h"
#include "engine/core/request_view.h"
#include "engine/core/tri.h"
#include "engine/core/val.h"
#include "engine/core/workspace.h"

namespace ztp {

class Quick {
 public:
  // Of one call: nodes and elements looked at, and how deep they nest.
  static constexpr int kMaxSteps = 256;
  static constexpr int kMaxDepth = 24;

  // Both must outlive it.
  Quick(const RequestView& request, Workspace& workspace)
      : request_(request),
        policy_(*request.policy),
        facts_(*request.facts),
        variables_(workspace.quick_variables_) {}

  // True: `*out` is the node's value, for as long as until() says.
  bool Value(uint32_t node, Val* out) {
    steps_left_ = kMaxSteps;
    until_ = kForEver;
    gave_up_ = false;
    return ValueOf(node, out, kMaxDepth);
  }
  // The same of a Bool.
  Tri Truth(uint32_t node) {
    steps_left_ = kMaxSteps;
    until_ = kForEver;
    gave_up_ = false;
    return TruthOf(node, kMaxDepth);
  }
  // The lease of what the last call said.
  int64_t until() const { return until_; }
  // What the last call looked at, for who counts steps.
  int steps() const {
    return kMaxSteps - (gave_up_ ? given_back_ : steps_left_ < 0 ? 0 : steps_left_);
  }

 private:
  // Of an optional read: the value, that it is known not to be there, or nothing.
  enum class Found : uint8_t { kValue, kMissing, kUnsure };

  // `depth`: how much deeper it may go.
  bool ValueOf(uint32_t node, Val* out, int depth);
  bool OtherValue(const Node& node, uint32_t id, Val* out, int depth);
  Tri TruthOf(uint32_t node, int depth);
  Tri Logic(const Node& node, Tri deciding, int depth);
  Tri Quantifier(const Node& node, int depth);
  Tri Compare(const Node& node, int depth);
  Tri CompareLabels(const Node& node, int depth);
  Tri DerivesFrom(const Node& node, int depth);
  Tri Collections(const Node& node, int depth);
  Found Read(const Node& node, Val* out, int depth);
  Found Fact(const BoundFact& fact, bool optional, Val* out);
  // Does evidence with these times count now? Then what is being worked out ends with it.
  bool Counts(const EvidenceWindow& window) {
    if (window.has_issued && request_.now < window.issued_at) return false;
    if (!window.has_expires) return true;
    until_ = std::min(until_, window.expires_at);
    return request_.now < window.expires_at;
  }
  Found Attribute(const Node& node, Val* out, int depth);
  Tri IsIn(uint32_t entity, const Val* groups, uint32_t count) const;
  bool Arithmetic(const Node& node, Val* out, int depth);
  bool Arguments(const Node& node, Val* a, Val* b, int depth) {
    const uint32_t* args = policy_.args.data() + node.first_arg;
    return ValueOf(args[0], a, depth) && ValueOf(args[1], b, depth);
  }
  uint32_t Arg(const Node& node, uint32_t i) const { return policy_.args[node.first_arg + i]; }

  const RequestView& request_;
  const PolicyView& policy_;
  const FactsView& facts_;
  // What follows would be in vain.
  void GiveUp() {
    if (!gave_up_) given_back_ = steps_left_;
    gave_up_ = true;
    steps_left_ = 0;
  }

  int steps_left_ = 0;
  int given_back_ = 0;
  bool gave_up_ = false;
  int64_t until_ = kForEver;  // the least of all that was read, but as Logic has it
  Val* const variables_;
  uint8_t bound_ = 0;  // which of them are
};

}  // namespace ztp
