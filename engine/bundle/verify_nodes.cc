// The nodes, operator by operator: what each demands of its arguments, its payload and its type.
#include <algorithm>
#include <string>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/verify.h"

namespace ztp {
namespace {

constexpr uint32_t kSlots = 3;
constexpr uint8_t kNoFold = 255;

// What is known of a node once it has been checked.
struct Facts {
  uint32_t depth = 1;
  uint8_t free = 0;               // the fold variables that it depends on, a bit a slot
  uint8_t lowest_fold = kNoFold;  // the lowest slot of a fold within it
  uint32_t quantifiers = 0;       // one more than the highest quantifier within it
  TypeId var_types[kSlots];       // of the free variables
};

bool IsNumber(TypeKind k) {
  return k == TypeKind::kInt || k == TypeKind::kDecimal || k == TypeKind::kTime ||
         k == TypeKind::kDuration;
}
bool IsText(TypeKind k) { return k == TypeKind::kString || k == TypeKind::kSpiffeId; }
bool IsCollection(TypeKind k) { return k == TypeKind::kSet || k == TypeKind::kList; }

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

class NodeChecker {
 public:
  explicit NodeChecker(const DecisionProgram& program)
      : program_(program), schema_(program.schema), matcher_(program.schema) {}

  absl::Status Check() {
    facts_.resize(program_.nodes.size());
    uint32_t longest = 0;
    for (index_ = 0; index_ < program_.nodes.size(); ++index_) {
      node_ = &program_.nodes[index_];
      ZTP_RETURN_IF_ERROR(CheckNode());
      longest = std::max(longest, facts_[index_].depth);
    }
    if (longest > kMaxProgramDepth || program_.max_depth > kMaxProgramDepth) {
      return InvalidArgument("expressions are nested more than ", kMaxProgramDepth, " deep");
    }
    if (!program_.nodes.empty() && program_.max_depth < longest) {
      return InvalidArgument("the program is deeper than it says");
    }
    ZTP_RETURN_IF_ERROR(CheckQuantifiers());
    ZTP_RETURN_IF_ERROR(CheckRoots());
    return CheckParams();
  }

 private:
  absl::Status Wrong(std::string_view what) const {
    const char* name = OpcodeName(node_->op);
    return InvalidArgument("node ", index_, " (", name != nullptr ? name : "?", "): ", what);
  }

  // The argument's node, or kNone32.
  uint32_t Arg(uint32_t i) const { return program_.args[node_->first_arg + i]; }
  TypeId ArgType(uint32_t i) const { return TypeId{program_.nodes[Arg(i)].type}; }
  const Type& ArgT(uint32_t i) const { return schema_.types[ArgType(i)]; }
  TypeKind ArgKind(uint32_t i) const { return ArgT(i).kind; }
  TypeId ResultType() const { return TypeId{node_->type}; }
  const Type& ResultT() const { return schema_.types[ResultType()]; }
  TypeKind ResultKind() const { return ResultT().kind; }

  // May argument i be left out?
  bool MayBeAbsent(uint32_t i) const {
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

  absl::Status CheckNode() {
    const Node& node = *node_;
    if (OpcodeName(node.op) == nullptr) return Wrong("there is no such operator");
    if (node.reserved != 0) return Wrong("reserved bits are set");
    if (node.type == 0 || node.type >= schema_.types.size()) return Wrong("it has no type");
    if (node.first_arg > program_.args.size() ||
        node.arg_count > program_.args.size() - node.first_arg) {
      return Wrong("its arguments are out of range");
    }
    Facts& facts = facts_[index_];
    uint8_t flags = 0;
    for (uint32_t i = 0; i < node.arg_count; ++i) {
      const uint32_t arg = Arg(i);
      if (arg == kNone32) {
        if (!MayBeAbsent(i)) return Wrong("an argument is missing");
        continue;
      }
      if (arg >= index_) return Wrong("an argument does not come before it");
      flags |= program_.nodes[arg].flags & (Node::kReadsNow | Node::kReadsRequest);
      ZTP_RETURN_IF_ERROR(Merge(arg, IsFold(node.op) && i > 0));
    }
    bool good = false;
    ZTP_RETURN_IF_ERROR(CheckOperator(&good));
    if (!good) return Wrong("its arguments or its type do not fit it");
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
    if ((flags & ~node.flags) != 0 || (node.flags & Node::kFreeSlots) != facts.free) {
      return Wrong("its flags do not say what it depends on");
    }
    return absl::OkStatus();
  }

  // Takes over what is known of an argument. `bound`: the argument is under this fold's variable.
  absl::Status Merge(uint32_t arg, bool bound) {
    Facts& facts = facts_[index_];
    const Facts& of_arg = facts_[arg];
    facts.depth = std::max(facts.depth, of_arg.depth + 1);
    facts.lowest_fold = std::min(facts.lowest_fold, of_arg.lowest_fold);
    facts.quantifiers = std::max(facts.quantifiers, of_arg.quantifiers);
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if ((of_arg.free >> slot & 1) == 0) continue;
      const TypeId type = of_arg.var_types[slot];
      if (bound && slot == node_->payload) {
        // ArgT(0) was checked by the time an argument behind it is merged: it comes first.
        if (!IsCollection(ArgKind(0)) || !matcher_.Fits(ArgT(0).element, type)) {
          return Wrong("its variable is not of the elements' type");
        }
        continue;
      }
      if ((facts.free >> slot & 1) != 0 && !matcher_.Fits(type, facts.var_types[slot])) {
        return Wrong("a variable has two types");
      }
      facts.free |= static_cast<uint8_t>(1u << slot);
      facts.var_types[slot] = type;
    }
    // The variable of a fold lives in its slot while filter and body run: no fold within may use
    // that slot.
    if (bound && of_arg.lowest_fold <= node_->payload) {
      return Wrong("a fold within it uses its variable's place");
    }
    return absl::OkStatus();
  }

  absl::Status CheckOperator(bool* good);
  bool CheckFold();

  absl::Status CheckQuantifiers() {
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
        if (facts.free != 0 &&
            schema_.types.kind(facts.var_types[record.slot]) != TypeKind::kEntity) {
          return wrong("its variable is no entity");
        }
        if (facts.lowest_fold <= record.slot) return wrong("a fold uses its variable's place");
        if (facts.quantifiers > q) return wrong("it rests on a quantifier that comes later");
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

  absl::Status CheckRoot(uint32_t node, std::string_view what) const {
    if (node >= program_.nodes.size()) return InvalidArgument(what, " is out of range");
    if (facts_[node].free != 0) return InvalidArgument(what, " has a free variable");
    return absl::OkStatus();
  }

  absl::Status CheckCondition(uint32_t node, std::string_view what) const {
    ZTP_RETURN_IF_ERROR(CheckRoot(node, what));
    if (schema_.types.kind(TypeId{program_.nodes[node].type}) != TypeKind::kBool) {
      return InvalidArgument(what, " is no Bool");
    }
    return absl::OkStatus();
  }

  // Ranges were checked before.
  absl::Status CheckRoots() {
    for (const RuleRecord& rule : program_.rules) {
      if (rule.kind > RuleRecord::Kind::kDuty) continue;
      ZTP_RETURN_IF_ERROR(CheckCondition(rule.condition, "a rule's condition"));
      for (uint32_t i = 0; i < rule.clause_count; ++i) {
        ZTP_RETURN_IF_ERROR(
            CheckCondition(program_.clauses[rule.first_clause + i].node, "a clause"));
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

  // One node reads a parameter by name, whatever the action; where actions give one name to
  // parameters of different types, a node may be reached only under those whose type is its own. 64
  // actions at a time.
  absl::Status CheckParams() {
    if (program_.param_refs.empty()) return absl::OkStatus();
    std::vector<uint64_t> wrong(program_.nodes.size());
    for (uint32_t first = 0; first < schema_.actions.size(); first += 64) {
      const uint32_t count =
          std::min<uint32_t>(64, static_cast<uint32_t>(schema_.actions.size()) - first);
      uint64_t any = 0;
      for (uint32_t n = 0; n < program_.nodes.size(); ++n) {
        const Node& node = program_.nodes[n];
        uint64_t bits = 0;
        if (node.op == Opcode::kParam) {
          for (uint32_t a = 0; a < count; ++a) {
            const uint32_t column = program_.ParamColumn(node.payload, ActionId{first + a});
            const bool fits =
                column != kNone32 &&
                matcher_.Fits(schema_.actions[first + a].params[column].type, TypeId{node.type});
            if (!fits) bits |= uint64_t{1} << a;
          }
        } else if (node.op == Opcode::kHasParam) {
          for (uint32_t a = 0; a < count; ++a) {
            if (program_.ParamColumn(node.payload, ActionId{first + a}) == kNone32) {
              bits |= uint64_t{1} << a;
            }
          }
        }
        for (const uint32_t arg : program_.Args(node)) {
          if (arg != kNone32) bits |= wrong[arg];
        }
        if (node.op == Opcode::kAncestorQuantifier) {
          bits |= wrong[program_.quantifiers[node.payload].fold];
        }
        wrong[n] = bits;
        any |= bits;
      }
      if (any == 0) continue;
      for (uint32_t r = 0; r < program_.rules.size(); ++r) {
        const RuleRecord& rule = program_.rules[r];
        if (rule.kind > RuleRecord::Kind::kDuty) continue;
        uint64_t bits = wrong[rule.condition];
        for (uint32_t i = 0; i < rule.clause_count; ++i) {
          bits |= wrong[program_.clauses[rule.first_clause + i].node];
        }
        for (uint32_t i = 0; i < rule.oblige_count; ++i) {
          const ObligeRecord& oblige = program_.obliges[rule.first_oblige + i];
          for (uint32_t k = 0; k < oblige.arg_count; ++k) {
            const uint32_t node = program_.args[oblige.first_arg + k];
            if (node != kNone32) bits |= wrong[node];
          }
        }
        if (bits == 0) continue;
        for (uint32_t i = 0; i < rule.action_count; ++i) {
          const uint32_t action = program_.scope_actions[rule.first_action + i];
          if (action < first || action >= first + count) continue;
          if ((bits >> (action - first) & 1) != 0) {
            return InvalidArgument("rule ", program_.RuleName(r), " reads a parameter that action ",
                                   schema_.actions[action].name, " has not, or not of that type");
          }
        }
      }
    }
    return absl::OkStatus();
  }

  const DecisionProgram& program_;
  const Schema& schema_;
  TypeMatcher matcher_;
  std::vector<Facts> facts_;
  uint32_t index_ = 0;
  const Node* node_ = nullptr;
};

bool NodeChecker::CheckFold() {
  if (node_->arg_count != 3 || node_->payload >= kSlots || Arg(0) == kNone32) return false;
  if (!IsCollection(ArgKind(0))) return false;
  Facts& facts = facts_[index_];
  facts.lowest_fold = std::min(facts.lowest_fold, static_cast<uint8_t>(node_->payload));
  if (Arg(1) != kNone32 && ArgKind(1) != TypeKind::kBool) return false;
  if (node_->op == Opcode::kCount) {
    return ResultKind() == TypeKind::kInt && (Arg(2) == kNone32 || ArgKind(2) == TypeKind::kBool);
  }
  const TypeKind body = ArgKind(2);
  switch (node_->op) {
    case Opcode::kAny:
    case Opcode::kAll:
      return body == TypeKind::kBool && ResultKind() == TypeKind::kBool;
    case Opcode::kSum:
      return IsNumber(body) && body != TypeKind::kTime && ResultKind() == body;
    case Opcode::kJoinOf:
      return body == TypeKind::kLattice && matcher_.Fits(ArgType(2), ResultType());
    case Opcode::kSetOf:
      return ResultKind() == TypeKind::kSet && matcher_.Fits(ArgType(2), ResultT().element);
    default:
      return false;
  }
}

absl::Status NodeChecker::CheckOperator(bool* good) {
  const Node& node = *node_;
  const uint32_t n = node.arg_count;
  const uint32_t payload = node.payload;
  const TypeKind result = ResultKind();
  const bool is_bool = result == TypeKind::kBool;
  auto kind = [&](uint32_t i) { return ArgKind(i); };
  auto fits = [&](TypeId actual, TypeId expected) { return matcher_.Fits(actual, expected); };
  auto same_lattice = [&](uint32_t i, const Type& t) {
    return kind(i) == TypeKind::kLattice && t.kind == TypeKind::kLattice && ArgT(i).decl == t.decl;
  };
  auto lattice = [&](const Type& t) -> const LatticeType& { return schema_[LatticeId{t.decl}]; };
  // Element and label: the label is of a lattice of that kind over the element's enum.
  auto element_of = [&](const Type& element, const Type& label, LatticeType::Kind k) {
    return element.kind == TypeKind::kEnum && label.kind == TypeKind::kLattice &&
           lattice(label).kind == k && lattice(label).elements.index == element.decl;
  };
  // Two kinds in one order or the other are those two.
  auto kinds = [&](TypeKind a, TypeKind b) { return kind(0) == a && kind(1) == b; };
  auto compares = [&](auto admitted) {
    return n == 2 && is_bool && kind(0) == kind(1) && admitted(kind(0));
  };
  auto overlap = [&](TypeId a, TypeId b) { return fits(a, b) || fits(b, a); };
  bool ok = false;
  switch (node.op) {
    case Opcode::kConst:
      ok = n == 0 && payload < program_.constants.size() &&
           fits(TypeId{program_.constant_types[payload]}, ResultType());
      break;
    case Opcode::kPrincipal:
    case Opcode::kResource:
      ok = n == 0 && result == TypeKind::kEntity;
      break;
    case Opcode::kParam:
      ok = n == 0 && payload < program_.param_refs.size();
      break;
    case Opcode::kHasParam:
      ok = n == 0 && payload < program_.param_refs.size() && is_bool;
      break;
    case Opcode::kInput:
      ok = n == 0 && payload < schema_.inputs.size() &&
           fits(schema_.inputs[payload].type, ResultType());
      break;
    case Opcode::kHasInput:
      ok = n == 0 && payload < schema_.inputs.size() && is_bool;
      break;
    case Opcode::kInputIssuedAt:
    case Opcode::kInputExpiresAt:
      ok = n == 0 && payload < schema_.inputs.size() && result == TypeKind::kTime;
      break;
    case Opcode::kVar:
      ok = n == 0 && payload < kSlots;
      if (ok) {
        facts_[index_].free = static_cast<uint8_t>(1u << payload);
        facts_[index_].var_types[payload] = ResultType();
      }
      break;
    case Opcode::kAttr:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size();
      for (uint32_t t = 0; ok && t < schema_.entities.size(); ++t) {
        const uint32_t column = program_.AttributeColumn(payload, EntityTypeId{t});
        ok = column == kNone32 || fits(schema_.entities[t].attributes[column].type, ResultType());
      }
      break;
    case Opcode::kHasAttr:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size() &&
           is_bool;
      break;
    case Opcode::kAttrIssuedAt:
    case Opcode::kAttrExpiresAt:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size() &&
           result == TypeKind::kTime;
      break;
    case Opcode::kBoundEntity:
      ok = n == 1 && kind(0) == TypeKind::kEntity && is_bool;
      break;
    case Opcode::kField:
      ok = n == 1 && kind(0) == TypeKind::kRecord && payload < ArgT(0).fields.size() &&
           fits(ArgT(0).fields[payload].type, ResultType());
      break;
    case Opcode::kHasField:
      ok = n == 1 && kind(0) == TypeKind::kRecord && payload < ArgT(0).fields.size() && is_bool;
      break;
    case Opcode::kIndex:
      ok = n == 2 && kind(0) == TypeKind::kMap && overlap(ArgType(1), ArgT(0).key) &&
           fits(ArgT(0).element, ResultType());
      break;
    case Opcode::kFirst:
    case Opcode::kLast:
      ok = n == 1 && kind(0) == TypeKind::kList && fits(ArgT(0).element, ResultType());
      break;
    case Opcode::kIsType:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < schema_.entities.size() && is_bool;
      break;
    case Opcode::kAnd:
    case Opcode::kOr:
      ok = is_bool;
      for (uint32_t i = 0; i < n; ++i) ok = ok && kind(i) == TypeKind::kBool;
      break;
    case Opcode::kNot:
      ok = n == 1 && is_bool && kind(0) == TypeKind::kBool;
      break;
    case Opcode::kIf:
      ok = n == 3 && kind(0) == TypeKind::kBool && fits(ArgType(1), ResultType()) &&
           fits(ArgType(2), ResultType());
      break;
    case Opcode::kCoalesce:
      ok = n == 2 && fits(ArgType(0), ResultType()) && fits(ArgType(1), ResultType());
      break;
    case Opcode::kEqScalar:
      ok = compares(
          [](TypeKind k) { return k == TypeKind::kBool || k == TypeKind::kEnum || IsNumber(k); });
      break;
    case Opcode::kEqText:
      ok = compares([](TypeKind k) {
        return k == TypeKind::kString || k == TypeKind::kVersion || k == TypeKind::kHexVersion ||
               k == TypeKind::kDigest || k == TypeKind::kSpiffeId || k == TypeKind::kGlob ||
               k == TypeKind::kIp;
      });
      break;
    case Opcode::kEqEntity:
      ok = compares([](TypeKind k) { return k == TypeKind::kEntity; });
      break;
    case Opcode::kEqLabel:
    case Opcode::kFlowsTo:
      ok = n == 2 && is_bool && same_lattice(0, ArgT(1));
      break;
    case Opcode::kEqDeep:
      ok = n == 2 && is_bool && overlap(ArgType(0), ArgType(1));
      break;
    case Opcode::kLtNumber:
    case Opcode::kLeNumber:
      ok = compares(IsNumber);
      break;
    case Opcode::kLtText:
    case Opcode::kLeText:
      ok = compares([](TypeKind k) {
        return k == TypeKind::kString || k == TypeKind::kVersion || k == TypeKind::kHexVersion;
      });
      break;
    case Opcode::kLtLabel:
      ok = n == 2 && is_bool && same_lattice(0, ArgT(1)) &&
           lattice(ArgT(0)).kind == LatticeType::Kind::kChain;
      break;
    case Opcode::kNowCompare:
      ok = is_bool && n >= 1 && n <= 29 && (payload & 7) <= 4 &&
           (n == 29 || payload >> (3 + n) == 0);
      for (uint32_t i = 0; i < n; ++i) {
        ok = ok && (kind(i) == TypeKind::kTime || kind(i) == TypeKind::kDuration);
      }
      break;
    case Opcode::kNowWithin:
      ok = n == 0 && is_bool && payload < program_.schedules.size();
      break;
    case Opcode::kNeg:
      ok = n == 1 && kind(0) == result && IsNumber(result) && result != TypeKind::kTime;
      break;
    case Opcode::kAdd:
      ok = n == 2 && (result == TypeKind::kTime ? kinds(TypeKind::kTime, TypeKind::kDuration) ||
                                                      kinds(TypeKind::kDuration, TypeKind::kTime)
                                                : IsNumber(result) && kinds(result, result));
      break;
    case Opcode::kSub:
      ok = n == 2 && ((result == TypeKind::kTime && kinds(TypeKind::kTime, TypeKind::kDuration)) ||
                      (result == TypeKind::kDuration && kinds(TypeKind::kTime, TypeKind::kTime)) ||
                      (IsNumber(result) && result != TypeKind::kTime && kinds(result, result)));
      break;
    case Opcode::kMulInt:
      ok = n == 2 &&
           ((result == TypeKind::kInt && kinds(TypeKind::kInt, TypeKind::kInt)) ||
            (result == TypeKind::kDuration && (kinds(TypeKind::kDuration, TypeKind::kInt) ||
                                               kinds(TypeKind::kInt, TypeKind::kDuration))));
      break;
    case Opcode::kMulDecimal:
      ok = n == 2 && result == TypeKind::kDecimal && kinds(result, result);
      break;
    case Opcode::kJoin:
    case Opcode::kMeet:
      ok = n == 2 && same_lattice(0, ResultT()) && same_lattice(1, ResultT());
      break;
    case Opcode::kPart: {
      const uint32_t bits = payload & 0xffff, offset = payload >> 16;
      ok = n == 1 && kind(0) == TypeKind::kLattice && result == TypeKind::kLattice &&
           lattice(ArgT(0)).kind == LatticeType::Kind::kProduct &&
           offset + bits <= lattice(ArgT(0)).bits && bits == lattice(ResultT()).bits;
      break;
    }
    case Opcode::kInPowerSet:
      ok = n == 2 && is_bool && element_of(ArgT(0), ArgT(1), LatticeType::Kind::kPowerSet);
      break;
    case Opcode::kInDual:
      ok = n == 2 && is_bool && element_of(ArgT(0), ArgT(1), LatticeType::Kind::kDual);
      break;
    case Opcode::kMakePowerSet:
    case Opcode::kMakeDual: {
      const auto k =
          node.op == Opcode::kMakeDual ? LatticeType::Kind::kDual : LatticeType::Kind::kPowerSet;
      ok = result == TypeKind::kLattice && lattice(ResultT()).kind == k &&
           (node.op != Opcode::kMakeDual || payload == lattice(ResultT()).bits);
      for (uint32_t i = 0; i < n; ++i) ok = ok && element_of(ArgT(i), ResultT(), k);
      break;
    }
    case Opcode::kMakeProduct:
      ok = result == TypeKind::kLattice && payload == ResultT().decl &&
           lattice(ResultT()).kind == LatticeType::Kind::kProduct &&
           lattice(ResultT()).parts.size() == n;
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = kind(i) == TypeKind::kLattice &&
             ArgT(i).decl == lattice(ResultT()).parts[i].lattice.index;
      }
      break;
    case Opcode::kIn:
    case Opcode::kDerivesFrom:
      ok = n == 2 && is_bool && kinds(TypeKind::kEntity, TypeKind::kEntity);
      break;
    case Opcode::kInAny:
    case Opcode::kDerivesFromAny:
      ok = n == 2 && is_bool && kind(0) == TypeKind::kEntity && IsCollection(kind(1)) &&
           (ArgT(1).element.index == 0 || schema_.types.kind(ArgT(1).element) == TypeKind::kEntity);
      break;
    case Opcode::kAncestors:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < schema_.entities.size() &&
           result == TypeKind::kSet && schema_.types.kind(ResultT().element) == TypeKind::kEntity;
      break;
    case Opcode::kContains:
      ok = n == 2 && is_bool && IsCollection(kind(0)) &&
           (ArgT(0).element.index == 0 || overlap(ArgType(1), ArgT(0).element));
      break;
    case Opcode::kContainsAll:
    case Opcode::kContainsAny:
      ok = n == 2 && is_bool && IsCollection(kind(0)) && IsCollection(kind(1)) &&
           (ArgT(0).element.index == 0 || ArgT(1).element.index == 0 ||
            overlap(ArgT(0).element, ArgT(1).element));
      break;
    case Opcode::kIpInCidr:
      ok = n == 2 && is_bool && kinds(TypeKind::kIp, TypeKind::kCidr);
      break;
    case Opcode::kIpInAny:
      ok = n == 2 && is_bool && kind(0) == TypeKind::kIp && IsCollection(kind(1)) &&
           (ArgT(1).element.index == 0 || schema_.types.kind(ArgT(1).element) == TypeKind::kCidr);
      break;
    case Opcode::kSize:
      ok = n == 1 && result == TypeKind::kInt && IsCollection(kind(0));
      break;
    case Opcode::kMapSize:
      ok = n == 1 && result == TypeKind::kInt && kind(0) == TypeKind::kMap;
      break;
    case Opcode::kIsEmpty:
      ok = n == 1 && is_bool && (IsCollection(kind(0)) || kind(0) == TypeKind::kMap);
      break;
    case Opcode::kKeys:
      ok = n == 1 && kind(0) == TypeKind::kMap && result == TypeKind::kSet &&
           fits(ArgT(0).key, ResultT().element);
      break;
    case Opcode::kValues:
      ok = n == 1 && kind(0) == TypeKind::kMap && result == TypeKind::kList &&
           fits(ArgT(0).element, ResultT().element);
      break;
    case Opcode::kLike:
      ok = n == 2 && is_bool && IsText(kind(0)) && kind(1) == TypeKind::kGlob;
      break;
    case Opcode::kMatches:
    case Opcode::kMatchesStored:
      ok = n == 1 && is_bool && IsText(kind(0)) && payload < program_.patterns.size();
      break;
    case Opcode::kTrustDomain:
    case Opcode::kPath:
      ok = n == 1 && kind(0) == TypeKind::kSpiffeId && result == TypeKind::kString;
      break;
    case Opcode::kMakeSet:
    case Opcode::kMakeList:
      ok = result == (node.op == Opcode::kMakeSet ? TypeKind::kSet : TypeKind::kList);
      for (uint32_t i = 0; ok && i < n; ++i) ok = fits(ArgType(i), ResultT().element);
      break;
    case Opcode::kMakeMap:
      ok = result == TypeKind::kMap && n % 2 == 0;
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = fits(ArgType(i), i % 2 == 0 ? ResultT().key : ResultT().element) &&
             (i % 2 != 0 || program_.nodes[Arg(i)].op == Opcode::kConst);
      }
      // The keys are in order: it is looked up by halves.
      for (uint32_t i = 2; ok && i < n; i += 2) {
        auto key = [&](uint32_t k) {
          return program_.pool.ToValue(program_.constants[program_.nodes[Arg(k)].payload]);
        };
        ok = key(i - 2) < key(i);
      }
      break;
    case Opcode::kMakeRecord:
      ok = result == TypeKind::kRecord && n == ResultT().fields.size();
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = Arg(i) == kNone32 || fits(ArgType(i), ResultT().fields[i].type);
      }
      break;
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kCount:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf:
      ok = CheckFold();
      break;
    case Opcode::kAncestorQuantifier: {
      ok = n == 1 && is_bool && kind(0) == TypeKind::kEntity &&
           payload < program_.quantifiers.size();
      if (!ok) break;
      const QuantifierRecord& record = program_.quantifiers[payload];
      for (const uint32_t before : {record.fold, record.body}) ok = ok && before < index_;
      ok = ok && (record.filter == kNone32 || record.filter < index_);
      if (!ok) break;
      ZTP_RETURN_IF_ERROR(Merge(record.fold, false));
      // The body runs by itself, under its own variable, when facts are loaded.
      Facts& facts = facts_[index_];
      facts.depth = std::max(facts.depth, facts_[record.body].depth + 1);
      facts.quantifiers = std::max(facts.quantifiers, payload + 1);
      break;
    }
  }
  *good = ok;
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNodes(const DecisionProgram& program) { return NodeChecker(program).Check(); }

}  // namespace ztp
