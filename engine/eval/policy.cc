// See policy.h. The solver of quantifiers is in load_time.cc.
#include "engine/eval/policy.h"

#include <string>
#include <utility>

#include "engine/base/status.h"

namespace ztp {

absl::StatusOr<std::shared_ptr<const Policy>> Policy::Make(DecisionProgram program) {
  std::shared_ptr<Policy> policy(new Policy());
  policy->program_ = std::make_shared<const DecisionProgram>(std::move(program));
  const DecisionProgram& p = *policy->program_;
  policy->names_.emplace(p);
  policy->stored_marks_.emplace(p);
  for (TextRef pattern : p.patterns) {
    policy->patterns_.push_back(std::make_unique<Pattern>(p.Text(pattern)));
  }
  for (TextRef text : p.schedules) {
    absl::StatusOr<Schedule> schedule = Schedule::Parse(p.Text(text));
    if (!schedule.ok()) {
      return InvalidArgument("schedule \"", p.Text(text), "\": ", Message(schedule.status()));
    }
    policy->schedules_.push_back(*std::move(schedule));
  }
  policy->FindEarlierFolds();
  return std::shared_ptr<const Policy>(std::move(policy));
}

void Policy::FindEarlierFolds() {
  const DecisionProgram& p = *program_;
  auto is_fold = [&](const Node& node) {
    return node.op >= Opcode::kAny && node.op <= Opcode::kSetOf;
  };
  std::vector<uint8_t> slots_below(p.nodes.size(), 0);  // of the folds in a node, itself included
  for (uint32_t n = 0; n < p.nodes.size(); ++n) {
    const Node& node = p.nodes[n];
    uint8_t inside = 0;
    for (uint32_t arg : p.Args(node)) {
      if (arg != kNone32) inside |= slots_below[arg];
    }
    if (node.op == Opcode::kAncestorQuantifier)
      inside |= slots_below[p.quantifiers[node.payload].fold];
    slots_below[n] = inside;
    if (!is_fold(node)) continue;
    const uint8_t own = static_cast<uint8_t>(1u << node.payload);
    slots_below[n] |= own;
    std::vector<uint32_t> waiting;
    std::vector<bool> seen;  // made only where there is something to find
    auto visit = [&](uint32_t id) {
      if (id == kNone32 || !(slots_below[id] & own)) return;
      if (seen.empty()) seen.resize(n, false);
      if (seen[id]) return;
      seen[id] = true;
      waiting.push_back(id);
    };
    visit(p.args[node.first_arg + 1]);
    visit(p.args[node.first_arg + 2]);
    while (!waiting.empty()) {
      const uint32_t id = waiting.back();
      waiting.pop_back();
      const Node& inner = p.nodes[id];
      if (is_fold(inner) && inner.payload == node.payload) {
        earlier_folds_[n].push_back(id);
        continue;
      }
      for (uint32_t arg : p.Args(inner)) visit(arg);
      if (inner.op == Opcode::kAncestorQuantifier) visit(p.quantifiers[inner.payload].fold);
    }
  }
}

}  // namespace ztp
