// The decision program as text; see dump.h.
#include "engine/ir/dump.h"
#include "engine/base/str.h"

namespace ztp::ir {
namespace {

class Dumper {
 public:
  explicit Dumper(const DecisionProgram& program) : p_(program) {}

  std::string Run() {
    for (uint32_t r = 0; r < p_.rules.size(); ++r) DumpRule(r);
    for (uint32_t a = 0; a < p_.plans.size(); ++a) DumpPlan(a);
    if (!p_.nodes.empty()) Append(out_, "nodes\n");
    for (uint32_t n = 0; n < p_.nodes.size(); ++n) DumpNode(n);
    return std::move(out_);
  }

 private:
  static const char* KindName(RuleRecord::Kind kind) {
    switch (kind) {
      case RuleRecord::Kind::kPermit:
        return "permit";
      case RuleRecord::Kind::kForbid:
        return "forbid";
      case RuleRecord::Kind::kDuty:
        return "duty";
      case RuleRecord::Kind::kNever:
        return "never";
      case RuleRecord::Kind::kAlways:
        return "always";
    }
    return "rule";
  }
  static const char* ClauseName(ClauseRecord::Kind kind) {
    switch (kind) {
      case ClauseRecord::Kind::kPrincipal:
        return "principal";
      case ClauseRecord::Kind::kResource:
        return "resource";
      case ClauseRecord::Kind::kWhen:
        return "when";
      case ClauseRecord::Kind::kUnless:
        return "unless";
      case ClauseRecord::Kind::kDelegate:
        return "delegate";
    }
    return "clause";
  }

  std::string TypeSet(uint32_t set) const {
    std::string names;
    for (uint32_t t = 0; t < p_.schema.entities.size(); ++t) {
      if (!p_.InTypeSet(set, EntityTypeId{t})) continue;
      if (!names.empty()) names += ", ";
      names += p_.schema.entities[t].json_name;
    }
    return names;
  }

  void DumpRule(uint32_t index) {
    const RuleRecord& rule = p_.rules[index];
    Append(out_, KindName(rule.kind), " ", p_.RuleName(index), " #", index, "\n");
    Append(out_, "  principal ", TypeSet(rule.principals), "\n  action    ");
    for (uint32_t i = 0; i < rule.action_count; ++i) {
      const uint32_t action = p_.scope_actions[rule.first_action + i];
      Append(out_, i == 0 ? "" : ", ", p_.schema.actions[action].json_name);
    }
    Append(out_, "\n  resource  ", TypeSet(rule.resources), "\n");
    for (uint32_t i = 0; i < rule.clause_count; ++i) {
      const ClauseRecord& clause = p_.clauses[rule.first_clause + i];
      Append(out_, "  ", ClauseName(clause.kind), " %", clause.node, "  // ", p_.Text(clause.text),
             "\n");
    }
    for (uint32_t i = 0; i < rule.oblige_count; ++i) {
      const ObligeRecord& oblige = p_.obliges[rule.first_oblige + i];
      Append(out_, "  oblige ", p_.schema.obligations[oblige.obligation].json_name, "(");
      for (uint32_t a = 0; a < oblige.arg_count; ++a) {
        Append(out_, a == 0 ? "" : ", ", Ref(p_.args[oblige.first_arg + a]));
      }
      Append(out_, ")\n");
    }
    if (rule.condition != kNone32) Append(out_, "  applies if %", rule.condition, "\n");
    for (const GuaranteeRecord& guarantee : p_.guarantees) {
      if (guarantee.rule == index && guarantee.status == GuaranteeRecord::Status::kNotProven) {
        Append(out_, "  not proven\n");
      }
    }
    Append(out_, "\n");
  }

  void DumpPlan(uint32_t action) {
    const ActionPlan& plan = p_.plans[action];
    Append(out_, "action ", p_.schema.actions[action].json_name, "\n");
    Candidates("forbid", plan.first_forbid, plan.forbid_count);
    Candidates("permit", plan.first_permit, plan.permit_count);
    Candidates("duty  ", plan.first_duty, plan.duty_count);
    Append(out_, "  worst case ", plan.worst_atoms, " atoms, ", plan.scratch_bytes,
           " bytes of scratch\n");
    if (plan.flags & ActionPlan::kNotFreestanding) Append(out_, "  not freestanding: runs RE2\n");
    Append(out_, "\n");
  }

  void Candidates(std::string_view what, uint32_t first, uint32_t count) {
    if (count == 0) return;
    Append(out_, "  ", what);
    for (uint32_t i = 0; i < count; ++i) Append(out_, " #", p_.candidates[first + i]);
    Append(out_, "\n");
  }

  static std::string Ref(uint32_t node) { return node == kNone32 ? "-" : Cat("%", node); }

  void DumpNode(uint32_t index) {
    const Node& node = p_.nodes[index];
    Append(out_, "  %", index, " = ", OpcodeName(node.op), Payload(node));
    const std::span<const uint32_t> args = p_.Args(node);
    for (size_t i = 0; i < args.size(); ++i) {
      Append(out_, node.op == Opcode::kNowCompare ? Sign(node, i) : "", " ", Ref(args[i]));
    }
    Append(out_, " : ", p_.schema.TypeName(TypeId{node.type}));
    if (node.flags & Node::kFreeSlots) Append(out_, " [per element]");
    if (node.flags & Node::kReadsNow) Append(out_, " [now]");
    Append(out_, "\n");
  }

  // What stands before term i of a comparison with `now`.
  static std::string_view Sign(const Node& node, size_t i) {
    if ((node.payload >> (3 + i) & 1) != 0) return " -";
    return i == 0 ? "" : " +";
  }

  std::string Payload(const Node& node) const {
    switch (node.op) {
      case Opcode::kConst:
        return Cat(" ", FormatValue(p_.schema, TypeId{node.type},
                                    p_.pool.ToValue(p_.constants[node.payload])));
      case Opcode::kParam:
      case Opcode::kHasParam:
        return Cat(" ", p_.Text(p_.param_refs[node.payload].name));
      case Opcode::kInput:
      case Opcode::kHasInput:
      case Opcode::kInputIssuedAt:
      case Opcode::kInputExpiresAt:
        return Cat(" ", p_.schema.inputs[node.payload].name);
      case Opcode::kAttr:
      case Opcode::kHasAttr:
      case Opcode::kAttrIssuedAt:
      case Opcode::kAttrExpiresAt:
        return Cat(" .", p_.Text(p_.attribute_refs[node.payload].name));
      case Opcode::kField:
      case Opcode::kHasField: {
        const TypeId holder{p_.nodes[p_.args[node.first_arg]].type};
        return Cat(" .", p_.schema.types[holder].fields[node.payload].name);
      }
      case Opcode::kIsType:
      case Opcode::kAncestors:
        return Cat(" ", p_.schema.entities[node.payload].json_name);
      case Opcode::kNowCompare: {
        static constexpr const char* kNames[] = {"<", "<=", ">", ">=", "=="};
        return Cat(" now ", kNames[node.payload & 7]);
      }
      case Opcode::kNowWithin:
        return Cat(" \"", p_.Text(p_.schedules[node.payload]), "\"");
      case Opcode::kMatches:
      case Opcode::kMatchesStored:
        return Cat(" \"", p_.Text(p_.patterns[node.payload]), "\"");
      case Opcode::kPart:
        return Cat(" bits ", node.payload >> 16, "+", node.payload & 0xffff);
      case Opcode::kVar:
      case Opcode::kAny:
      case Opcode::kAll:
      case Opcode::kCount:
      case Opcode::kSum:
      case Opcode::kJoinOf:
      case Opcode::kSetOf:
        return Cat(" $", node.payload);
      case Opcode::kAncestorQuantifier: {
        const QuantifierRecord& q = p_.quantifiers[node.payload];
        return Cat(" ", q.is_all ? "all" : "any", " of ",
                   p_.schema.entities[q.ancestor_type].json_name, " (as ", Ref(q.fold), ")");
      }
      default:
        return "";
    }
  }

  const DecisionProgram& p_;
  std::string out_;
};

}  // namespace

std::string Dump(const DecisionProgram& program) { return Dumper(program).Run(); }

}  // namespace ztp::ir
