// The loop, and the operators that do not need all of their arguments; see machine.h.
#include "engine/core/machine.h"
#include "engine/core/facts_read.h"

namespace ztp {
namespace {

int64_t Earlier(int64_t a, int64_t b) { return a < b ? a : b; }

}  // namespace

void Machine::Start() {
  started_ = true;
  // Stamps only grow, so what an earlier request left is older than this one's first. Every element
  // of a fold takes one: long before they run out, all begin anew.
  if (s_.clock_ > UINT32_MAX / 2) {
    for (size_t i = 0; i < s_.node_capacity_; ++i) s_.stamps_[i] = 0;
    s_.clock_ = 0;
  }
  ++s_.clock_;
  for (uint32_t& needed : needed_) needed = s_.clock_;
}

void Machine::SetVariable(uint32_t slot, const Val& val) {
  if (!started_) Start();
  s_.variables_[slot] = val;
  ++s_.clock_;
  for (uint32_t mask = 0; mask <= Node::kFreeSlots; ++mask) {
    if (mask >> slot & 1) needed_[mask] = s_.clock_;
  }
}

void Machine::Store(uint32_t node, const Result& result) {
  s_.results_[node] = result;
  s_.stamps_[node] = s_.clock_;
  Charge(1);
  if (s_.opcode_counts_ != nullptr) {
    ++s_.opcode_counts_[static_cast<size_t>(policy_.nodes[node].op)];
  }
}

bool Machine::Run(uint32_t node) {
  if (!started_) Start();
  s_.stack_size_ = 0;
  if (!Need(node)) {
    while (s_.stack_size_ != 0) {
      if (steps_left_ == 0 || s_.arena_.full()) return false;
      Step();
    }
  }
  return steps_left_ != 0 && !s_.arena_.full();
}

// Is the node worked out? Leaves are at once; for another a frame is pushed, and whoever asked asks
// again when it is back on top.
bool Machine::Need(uint32_t id) {
  if (Ready(id)) return true;
  const Node& node = policy_.nodes[id];
  switch (node.op) {
    case Opcode::kConst:
      Store(id, Result::Of(facts_.constants[node.payload]));
      return true;
    case Opcode::kPrincipal:
      Store(id, Result::Of(request_.principal));
      return true;
    case Opcode::kResource:
      Store(id, Result::Of(request_.resource));
      return true;
    case Opcode::kParam:
      Store(id, Param(node.payload));
      return true;
    case Opcode::kHasParam:
      Store(id, HasParam(node.payload));
      return true;
    case Opcode::kInput:
      Store(id, Input(node.payload));
      return true;
    case Opcode::kHasInput:
      Store(id, HasInput(node.payload));
      return true;
    case Opcode::kInputIssuedAt:
      Store(id, InputTime(node.payload, true));
      return true;
    case Opcode::kInputExpiresAt:
      Store(id, InputTime(node.payload, false));
      return true;
    case Opcode::kVar:
      Store(id, Result::Of(s_.variables_[node.payload]));
      return true;
    default:
      Push(id);
      return false;
  }
}

void Machine::Step() {
  Workspace::Frame& frame = s_.stack_[s_.stack_size_ - 1];
  const Node& node = policy_.nodes[frame.node];
  switch (node.op) {
    case Opcode::kAnd:
      return StepLogic(frame, node, false);
    case Opcode::kOr:
      return StepLogic(frame, node, true);
    case Opcode::kIf:
      return StepIf(frame, node);
    case Opcode::kCoalesce:
      return StepCoalesce(frame, node);
    case Opcode::kAncestorQuantifier:
      return StepQuantifier(frame, node);
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kCount:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf:
      return StepFold(frame, node);
    default:
      return StepStrict(frame, node);
  }
}

void Machine::StepStrict(Workspace::Frame& frame, const Node& node) {
  for (; frame.cursor < node.arg_count; ++frame.cursor) {
    const uint32_t arg = policy_.args[node.first_arg + frame.cursor];
    if (arg != kNone32 && !Need(arg)) return;
  }
  Finish(frame.node, Strict(node));
}

Result Machine::Strict(const Node& node) {
  int64_t valid_until = kForEver;
  FactSet facts = 0;
  bool known = true;
  for (uint32_t i = 0; i < node.arg_count; ++i) {
    if (policy_.args[node.first_arg + i] == kNone32) continue;
    const Result& arg = Arg(node, i);
    valid_until = Earlier(valid_until, arg.valid_until);
    if (arg.known()) continue;
    // These two make something of a set that is not complete.
    if (arg.state == Result::State::kIncomplete &&
        ((node.op == Opcode::kInAny && i == 1) || (node.op == Opcode::kContains && i == 0))) {
      continue;
    }
    known = false;
    facts = s_.facts_.Union(facts, arg.facts);
  }
  if (!known) return Result::Unknown(facts, valid_until);
  Result result = Apply(node);
  result.valid_until = Earlier(result.valid_until, valid_until);
  return result;
}

// The language evaluates every operand. Once one that lasts for ever has decided, the others cannot
// show in the result any more, and are left out.
void Machine::StepLogic(Workspace::Frame& frame, const Node& node, bool deciding) {
  for (; frame.cursor < node.arg_count; ++frame.cursor) {
    const uint32_t arg = policy_.args[node.first_arg + frame.cursor];
    if (!Need(arg)) return;
    const Result& operand = At(arg);
    if (operand.Is(deciding) && operand.valid_until == kForEver) {
      return Finish(frame.node, Result::Bool(deciding));
    }
  }
  KleeneFold fold(deciding);
  for (uint32_t i = 0; i < node.arg_count; ++i) fold.Add(Arg(node, i), s_.facts_);
  Finish(frame.node, fold.Finish());
}

void Machine::StepIf(Workspace::Frame& frame, const Node& node) {
  const uint32_t* args = policy_.args.data() + node.first_arg;
  if (!Need(args[0])) return;
  const Result& condition = At(args[0]);
  if (!condition.known()) {
    return Finish(frame.node, Result::Unknown(condition.facts, condition.valid_until));
  }
  const uint32_t branch = condition.val.boolean() ? args[1] : args[2];
  if (!Need(branch)) return;
  Result result = At(branch);
  if (result.state == Result::State::kMissing) result.state = Result::State::kUnknown;
  result.valid_until = Earlier(result.valid_until, condition.valid_until);
  Finish(frame.node, result);
}

void Machine::StepCoalesce(Workspace::Frame& frame, const Node& node) {
  const uint32_t* args = policy_.args.data() + node.first_arg;
  if (!Need(args[0])) return;
  const Result& read = At(args[0]);
  if (read.state != Result::State::kMissing) return Finish(frame.node, read);
  if (!Need(args[1])) return;
  Result result = At(args[1]);
  result.valid_until = Earlier(result.valid_until, read.valid_until);
  Finish(frame.node, result);
}

void Machine::StepQuantifier(Workspace::Frame& frame, const Node& node) {
  const uint32_t arg = policy_.args[node.first_arg];
  if (!Need(arg)) return;
  const Result& entity = At(arg);
  if (entity.known() && QuantifierApplies(entity.val.entity())) {
    const ztp::Quantified answer = QuantifiedOf(facts_, node.payload, entity.val.entity());
    Result result = answer.value == Tri::kUnknown
                        ? Result::Unknown(MissingFacts::List(answer.facts))
                        : Result::Bool(answer.value == Tri::kTrue);
    result.valid_until = entity.valid_until;
    return Finish(frame.node, result);
  }
  const uint32_t fold = policy_.quantifiers[node.payload].fold;
  if (!Need(fold)) return;
  Finish(frame.node, At(fold));
}

Result Machine::Quantified(const QuantifierRecord& q) {
  KleeneFold element(q.is_all != 0);
  // Filter and body may be one node: which of them a result is of goes by its place.
  for (const bool is_filter : {true, false}) {
    const uint32_t part = is_filter ? q.filter : q.body;
    if (part == kNone32) continue;
    RestoreSteps();
    if (!Run(part)) return Result::Unknown(0);
    Result result = At(part);
    if (q.is_all && is_filter && result.known()) {
      result.val = Val::Bool(!result.val.boolean());
    }
    element.Add(result, s_.facts_);
  }
  return element.Finish();
}

}  // namespace ztp
