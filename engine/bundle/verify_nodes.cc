// The nodes: what they depend on, how deep they are, and what refers to them. What an operator
// demands is in verify_operators.cc.
#include "engine/bundle/verify_nodes.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

bool IsFold(Opcode op) {
  switch (op) {
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kCount:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf:
      return true;
    default:
      return false;
  }
}

}  // namespace

NodeChecker::NodeChecker(const DecisionProgram& program)
    : program_(program),
      schema_(program.schema),
      matcher_(program.schema),
      more_(1),
      attribute_types_(program.attribute_refs.size(), 0),
      param_types_(program.param_refs.size(), 0) {
  kinds_.reserve(schema_.types.size());
  for (uint32_t i = 0; i < schema_.types.size(); ++i) {
    kinds_.push_back(schema_.types.kind(TypeId{i}));
  }
}

absl::Status NodeChecker::Check() {
  facts_.resize(program_.nodes.size());
  uint32_t longest = 0;
  for (index_ = 0; index_ < program_.nodes.size(); ++index_) {
    node_ = &program_.nodes[index_];
    ZTP_RETURN_IF_ERROR(CheckNode());
    longest = std::max<uint32_t>(longest, facts_[index_].depth);
  }
  if (longest > kMaxProgramDepth || program_.max_depth > kMaxProgramDepth) {
    return InvalidArgument("expressions are nested more than ", kMaxProgramDepth, " deep");
  }
  if (program_.max_depth < longest) {
    return InvalidArgument("the program is deeper than it says");
  }
  ZTP_RETURN_IF_ERROR(CheckQuantifiers());
  return CheckRoots();
}

absl::Status NodeChecker::Wrong(std::string_view what) const {
  const char* name = OpcodeName(node_->op);
  return InvalidArgument("node ", index_, " (", name != nullptr ? name : "?", "): ", what);
}

// May argument i be left out?
bool NodeChecker::MayBeAbsent(uint32_t i) const {
  switch (node_->op) {
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf:
      return i == 1;
    case Opcode::kCount:
      return i == 1 || i == 2;
    case Opcode::kMakeRecord:
      return ResultKind() == TypeKind::kRecord && i < ResultT().fields.size() &&
             ResultT().fields[i].optional;
    default:
      return false;
  }
}

absl::Status NodeChecker::CheckNode() {
  const Node& node = *node_;
  constexpr uint8_t kFlags = Node::kFreeSlots | Node::kReadsNow | Node::kReadsRequest;
  if ((node.flags & ~kFlags) != 0) return Wrong("it has unknown flags");
  if (node.type == 0 || node.type >= kinds_.size()) return Wrong("it has no type");
  // No two nodes share arguments: all of them are looked at, in time linear in their number.
  args_seen_ += node.arg_count;
  if (!InRange(node.first_arg, node.arg_count, program_.args.size()) ||
      args_seen_ > program_.args.size()) {
    return Wrong("its arguments are out of range");
  }
  args_ = program_.args.data() + node.first_arg;
  uint8_t flags = 0;
  const bool fold = IsFold(node.op);
  for (uint32_t i = 0; i < node.arg_count; ++i) {
    const uint32_t arg = args_[i];
    if (arg == kNone32) {
      if (!MayBeAbsent(i)) return Wrong("an argument is missing");
      continue;
    }
    if (arg >= index_) return Wrong("an argument does not come before it");
    flags |= program_.nodes[arg].flags & (Node::kReadsNow | Node::kReadsRequest);
    ZTP_RETURN_IF_ERROR(Merge(arg, fold && i > 0));
  }
  if (!CheckOperator()) return Wrong("its arguments or its type do not fit it");
  if (node.op == Opcode::kAncestorQuantifier) {
    const QuantifierRecord& record = program_.quantifiers[node.payload];
    ZTP_RETURN_IF_ERROR(Merge(record.fold, false));
    // The body runs by itself, under its own variable, when facts are loaded.
    Facts& facts = facts_[index_];
    facts.depth = std::max(facts.depth, DepthOver(facts_[record.body]));
    uint32_t& quantifiers = MoreOf(facts).quantifiers;
    quantifiers = std::max(quantifiers, node.payload + 1);
  }
  switch (node.op) {
    case Opcode::kPrincipal:
    case Opcode::kResource:
    case Opcode::kParam:
    case Opcode::kHasParam:
    case Opcode::kInput:
    case Opcode::kHasInput:
    case Opcode::kInputIssuedAt:
    case Opcode::kInputExpiresAt:
      flags |= Node::kReadsRequest;
      break;
    case Opcode::kNowCompare:
    case Opcode::kNowWithin:
      flags |= Node::kReadsNow;
      break;
    default:
      break;
  }
  if ((flags & ~node.flags) != 0 || (node.flags & Node::kFreeSlots) != facts_[index_].free) {
    return Wrong("its flags do not say what it depends on");
  }
  return absl::OkStatus();
}

absl::Status NodeChecker::Merge(uint32_t arg, bool bound) {
  Facts& facts = facts_[index_];
  const Facts of_arg = facts_[arg];
  facts.depth = std::max(facts.depth, DepthOver(of_arg));
  facts.tied_folds |= of_arg.tied_folds;
  // The variable of a fold lives in its slot while filter and body run: no fold that has to be
  // worked out meanwhile may use that slot.
  if (bound && (of_arg.tied_folds & SlotsUpTo(node_->payload)) != 0) {
    return Wrong("a fold within it uses its variable's place");
  }
  if (const uint32_t quantifiers = more_[of_arg.more].quantifiers; quantifiers != 0) {
    uint32_t& own = MoreOf(facts).quantifiers;
    own = std::max(own, quantifiers);
  }
  for (uint32_t slot = 0; of_arg.free != 0 && slot < kSlots; ++slot) {
    if ((of_arg.free >> slot & 1) == 0) continue;
    const TypeId type = more_[of_arg.more].var_types[slot];
    if (bound && slot == node_->payload) {
      // The collection was merged before what stands behind it.
      const TypeKind kind = args_[0] != kNone32 ? ArgKind(0) : TypeKind::kNone;
      if ((kind != TypeKind::kSet && kind != TypeKind::kList) || !Fits(ArgT(0).element, type)) {
        return Wrong("its variable is not of the elements' type");
      }
      continue;
    }
    TypeId& known = MoreOf(facts).var_types[slot];
    if ((facts.free >> slot & 1) != 0 && !Fits(type, known)) {
      return Wrong("a variable has two types");
    }
    facts.free |= static_cast<uint8_t>(1u << slot);
    known = type;
  }
  return absl::OkStatus();
}

absl::Status NodeChecker::CheckQuantifiers() {
  for (uint32_t q = 0; q < program_.quantifiers.size(); ++q) {
    const QuantifierRecord& record = program_.quantifiers[q];
    auto wrong = [&](std::string_view what) {
      return InvalidArgument("quantifier ", q, ": ", what);
    };
    if (record.ancestor_type >= schema_.entities.size() || record.slot >= kSlots ||
        record.is_all > 1 || record.reserved != 0) {
      return wrong("a field is out of range");
    }
    for (const uint32_t node : {record.filter, record.body}) {
      if (node == kNone32 && node == record.filter) continue;
      if (node >= program_.nodes.size()) return wrong("a node is out of range");
      const Facts& facts = facts_[node];
      if (schema_.types.kind(TypeId{program_.nodes[node].type}) != TypeKind::kBool) {
        return wrong("a node is no Bool");
      }
      if ((facts.free & ~(1u << record.slot)) != 0) return wrong("another variable is free");
      const More& more = more_[facts.more];
      if (facts.free != 0 && schema_.types.kind(more.var_types[record.slot]) != TypeKind::kEntity) {
        return wrong("its variable is no entity");
      }
      if ((facts.tied_folds & SlotsUpTo(record.slot)) != 0) {
        return wrong("a fold uses its variable's place");
      }
      if (more.quantifiers > q) return wrong("it rests on a quantifier that comes later");
      if ((program_.nodes[node].flags & Node::kReadsRequest) != 0) {
        return wrong("it reads the request");
      }
    }
    if (record.fold >= program_.nodes.size()) return wrong("its fold is out of range");
    const Node& fold = program_.nodes[record.fold];
    const Opcode op = record.is_all != 0 ? Opcode::kAll : Opcode::kAny;
    const uint32_t collection = fold.arg_count == 3 ? program_.args[fold.first_arg] : kNone32;
    if (fold.op != op || collection == kNone32 ||
        program_.nodes[collection].op != Opcode::kAncestors ||
        program_.nodes[collection].payload != record.ancestor_type) {
      return wrong("its fold is another");
    }
  }
  return absl::OkStatus();
}

absl::Status NodeChecker::CheckRoot(uint32_t node, std::string_view what) const {
  if (node >= program_.nodes.size()) return InvalidArgument(what, " is out of range");
  if (facts_[node].free != 0) return InvalidArgument(what, " has a free variable");
  return absl::OkStatus();
}

absl::Status NodeChecker::CheckCondition(uint32_t node, std::string_view what) const {
  ZTP_RETURN_IF_ERROR(CheckRoot(node, what));
  if (schema_.types.kind(TypeId{program_.nodes[node].type}) != TypeKind::kBool) {
    return InvalidArgument(what, " is no Bool");
  }
  return absl::OkStatus();
}

// Ranges were checked before.
absl::Status NodeChecker::CheckRoots() {
  for (const RuleRecord& rule : program_.rules) {
    if (rule.kind > RuleRecord::Kind::kDuty) continue;
    ZTP_RETURN_IF_ERROR(CheckCondition(rule.condition, "a rule's condition"));
    for (uint32_t i = 0; i < rule.clause_count; ++i) {
      ZTP_RETURN_IF_ERROR(CheckCondition(program_.clauses[rule.first_clause + i].node, "a clause"));
    }
    for (uint32_t i = 0; i < rule.oblige_count; ++i) {
      const ObligeRecord& oblige = program_.obliges[rule.first_oblige + i];
      const std::vector<Param>& params = schema_.obligations[oblige.obligation].params;
      for (uint32_t k = 0; k < oblige.arg_count; ++k) {
        const uint32_t node = program_.args[oblige.first_arg + k];
        if (node == kNone32 && (params[k].optional || params[k].default_value)) continue;
        ZTP_RETURN_IF_ERROR(CheckRoot(node, "an obligation's argument"));
        if (!matcher_.Fits(TypeId{program_.nodes[node].type}, params[k].type)) {
          return InvalidArgument("an obligation's argument is of another type");
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNodes(const DecisionProgram& program) { return NodeChecker(program).Check(); }

}  // namespace ztp
