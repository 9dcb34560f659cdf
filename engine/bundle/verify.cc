// CheckProgram: tables, rules and plans, in the order in which each check can rest on those before
// it.
#include "engine/bundle/verify.h"

#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/kernel_tables.h"

namespace ztp {
namespace {

class ProgramChecker {
 public:
  explicit ProgramChecker(const DecisionProgram& program) : p_(program) {}

  absl::Status Check() {
    ZTP_RETURN_IF_ERROR(CheckSchema(p_.schema));
    ZTP_RETURN_IF_ERROR(CheckConstants());
    ZTP_RETURN_IF_ERROR(CheckReferences());
    ZTP_RETURN_IF_ERROR(CheckSources());
    ZTP_RETURN_IF_ERROR(CheckRules());
    ZTP_RETURN_IF_ERROR(CheckPlans());
    if (p_.step_limit == 0) return InvalidArgument("the step limit is zero");
    ZTP_RETURN_IF_ERROR(CheckNames(p_));
    ZTP_RETURN_IF_ERROR(CheckNodes(p_));
    ZTP_RETURN_IF_ERROR(CheckIndex(p_));
    // Tables are only made anew where they take no more than those that the bundle brings.
    if (p_.kernel.ancestor_columns.size() != AncestorColumnCount(p_.schema) ||
        !(p_.kernel == MakeKernelTables(p_))) {
      return InvalidArgument("the kernel's tables are not those that the program makes");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckText(TextRef ref) const {
    if (InRange(ref.offset, ref.size, p_.pool.text.size())) return absl::OkStatus();
    return InvalidArgument("a text is out of range");
  }

  absl::Status CheckConstants() const {
    if (p_.constants.size() != p_.constant_types.size()) {
      return InvalidArgument("constants and their types differ in number");
    }
    ZTP_RETURN_IF_ERROR(CheckPool(p_.pool, p_.constants));
    for (size_t i = 0; i < p_.constants.size(); ++i) {
      if (p_.constant_types[i] >= p_.schema.types.size()) {
        return InvalidArgument("a constant has no type");
      }
      ZTP_RETURN_IF_ERROR(
          CheckCell(p_.schema, TypeId{p_.constant_types[i]}, p_.pool, p_.constants[i]));
    }
    return absl::OkStatus();
  }

  absl::Status CheckReferences() const {
    // No two references share columns: all of them are looked at, in time linear in their number.
    if (p_.attribute_refs.size() * p_.schema.entities.size() > p_.attribute_columns.size() ||
        p_.param_refs.size() * p_.schema.actions.size() > p_.param_columns.size()) {
      return InvalidArgument("references share columns");
    }
    for (const AttributeRef& ref : p_.attribute_refs) {
      ZTP_RETURN_IF_ERROR(CheckText(ref.name));
      const std::vector<EntityType>& entities = p_.schema.entities;
      if (!InRange(ref.first_column, static_cast<uint32_t>(entities.size()),
                   p_.attribute_columns.size())) {
        return InvalidArgument("an attribute's columns are out of range");
      }
      for (uint32_t t = 0; t < entities.size(); ++t) {
        const uint32_t column = p_.attribute_columns[ref.first_column + t];
        if (column == kNone32) continue;
        if (column >= entities[t].attributes.size() ||
            entities[t].attributes[column].name != p_.Text(ref.name)) {
          return InvalidArgument("an attribute's column is another's");
        }
      }
    }
    for (const ParamRef& ref : p_.param_refs) {
      ZTP_RETURN_IF_ERROR(CheckText(ref.name));
      const std::vector<Action>& actions = p_.schema.actions;
      if (!InRange(ref.first_column, static_cast<uint32_t>(actions.size()),
                   p_.param_columns.size())) {
        return InvalidArgument("a parameter's columns are out of range");
      }
      for (uint32_t a = 0; a < actions.size(); ++a) {
        const uint32_t column = p_.param_columns[ref.first_column + a];
        if (column == kNone32) continue;
        if (column >= actions[a].params.size() ||
            actions[a].params[column].name != p_.Text(ref.name)) {
          return InvalidArgument("a parameter's column is another's");
        }
      }
    }
    for (const TextRef text : p_.patterns) ZTP_RETURN_IF_ERROR(CheckText(text));
    for (const TextRef text : p_.schedules) ZTP_RETURN_IF_ERROR(CheckText(text));
    for (const StoredMatch& match : p_.stored_matches) {
      const bool good =
          match.pattern < p_.patterns.size() &&
          (match.entity_type == kNone32
               ? match.index < p_.constants.size()
               : match.entity_type < p_.schema.entities.size() &&
                     match.index < p_.schema.entities[match.entity_type].attributes.size());
      if (!good) return InvalidArgument("a stored match is out of range");
    }
    return absl::OkStatus();
  }

  absl::Status CheckSources() const {
    ZTP_RETURN_IF_ERROR(CheckText(p_.tz_version));
    for (const SourceRecord& source : p_.sources) {
      ZTP_RETURN_IF_ERROR(CheckText(source.path));
      ZTP_RETURN_IF_ERROR(CheckText(source.package));
      ZTP_RETURN_IF_ERROR(CheckText(source.sha256));
    }
    return absl::OkStatus();
  }

  absl::Status CheckPos(const SourcePos& pos) const {
    if (pos.source == SourcePos::kNoSource || pos.source < p_.sources.size())
      return absl::OkStatus();
    return InvalidArgument("a position is in no source");
  }

  absl::Status CheckRules() const {
    const size_t words = p_.type_set_words();
    if (words == 0 ? !p_.type_sets.empty() : p_.type_sets.size() % words != 0) {
      return InvalidArgument("the sets of entity types have another width");
    }
    const size_t rows = words == 0 ? 0 : p_.type_sets.size() / words;
    for (const uint32_t action : p_.scope_actions) {
      if (action >= p_.schema.actions.size()) return InvalidArgument("an action is out of range");
    }
    for (const ClauseRecord& clause : p_.clauses) {
      ZTP_RETURN_IF_ERROR(CheckPos(clause.pos));
      ZTP_RETURN_IF_ERROR(CheckText(clause.text));
      if (clause.kind > ClauseRecord::Kind::kDelegate ||
          (clause.reserved[0] | clause.reserved[1] | clause.reserved[2]) != 0) {
        return InvalidArgument("a clause is of no kind");
      }
    }
    uint64_t oblige_args = 0;
    for (const ObligeRecord& oblige : p_.obliges) {
      ZTP_RETURN_IF_ERROR(CheckPos(oblige.pos));
      oblige_args += oblige.arg_count;
      if (oblige_args > p_.args.size() || oblige.obligation >= p_.schema.obligations.size() ||
          !InRange(oblige.first_arg, oblige.arg_count, p_.args.size()) ||
          oblige.arg_count != p_.schema.obligations[oblige.obligation].params.size()) {
        return InvalidArgument("an obligation is out of range");
      }
    }
    uint64_t actions = 0, clauses = 0, obliges = 0;
    for (const RuleRecord& rule : p_.rules) {
      for (const TextRef text : {rule.package, rule.name, rule.because, rule.doc}) {
        ZTP_RETURN_IF_ERROR(CheckText(text));
      }
      ZTP_RETURN_IF_ERROR(CheckPos(rule.pos));
      const bool decides = rule.kind <= RuleRecord::Kind::kDuty;
      if (rule.kind > RuleRecord::Kind::kAlways || rule.has_because > 1 || rule.reserved != 0 ||
          !InRange(rule.first_action, rule.action_count, p_.scope_actions.size()) ||
          !InRange(rule.first_clause, rule.clause_count, p_.clauses.size()) ||
          !InRange(rule.first_oblige, rule.oblige_count, p_.obliges.size())) {
        return InvalidArgument("a rule is out of range");
      }
      actions += rule.action_count;
      clauses += rule.clause_count;
      obliges += rule.oblige_count;
      for (uint32_t i = 1; i < rule.action_count && actions <= p_.scope_actions.size(); ++i) {
        const uint32_t* action = &p_.scope_actions[rule.first_action + i];
        if (action[-1] >= action[0]) return InvalidArgument("a rule's actions are not in order");
      }
      if (decides && (rule.principals >= rows || rule.resources >= rows)) {
        return InvalidArgument("a rule's scope is out of range");
      }
      if (!decides &&
          (rule.condition != kNone32 || rule.clause_count != 0 || rule.oblige_count != 0)) {
        return InvalidArgument("a guarantee has a condition");
      }
      if (rule.kind == RuleRecord::Kind::kForbid && rule.oblige_count != 0) {
        return InvalidArgument("a forbid has obligations");
      }
    }
    if (actions > p_.scope_actions.size() || clauses > p_.clauses.size() ||
        obliges > p_.obliges.size()) {
      return InvalidArgument("rules share actions, clauses or obligations");
    }
    for (const GuaranteeRecord& guarantee : p_.guarantees) {
      if (guarantee.rule >= p_.rules.size() ||
          p_.rules[guarantee.rule].kind < RuleRecord::Kind::kNever ||
          guarantee.status > GuaranteeRecord::Status::kWaived ||
          (guarantee.reserved[0] | guarantee.reserved[1] | guarantee.reserved[2]) != 0) {
        return InvalidArgument("a guarantee is of no rule");
      }
    }
    return absl::OkStatus();
  }

  // `kind` rules that have the action in scope, in source order. Actions come one after the other,
  // and so do they in a rule's scope: `next` says which of its actions each rule is at.
  absl::Status CheckCandidates(uint32_t action, uint32_t first, uint32_t count,
                               RuleRecord::Kind kind, std::vector<uint32_t>* next) const {
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t index = p_.candidates[first + i];
      if (index >= p_.rules.size() || p_.rules[index].kind != kind ||
          (i > 0 && p_.candidates[first + i - 1] >= index)) {
        return InvalidArgument("an action's rules are not in order");
      }
      const RuleRecord& rule = p_.rules[index];
      uint32_t& at = (*next)[index];
      if (at == rule.action_count || p_.scope_actions[rule.first_action + at] != action) {
        return InvalidArgument("an action has a rule that is not about it, or lacks one that is");
      }
      ++at;
    }
    return absl::OkStatus();
  }

  absl::Status CheckPlans() const {
    if (p_.plans.size() != p_.schema.actions.size()) {
      return InvalidArgument("there is not one plan for each action");
    }
    std::vector<uint32_t> next(p_.rules.size(), 0);
    uint64_t total = 0;
    for (uint32_t a = 0; a < p_.plans.size(); ++a) {
      const ActionPlan& plan = p_.plans[a];
      if ((plan.flags & ~uint32_t{ActionPlan::kNotFreestanding}) != 0) {
        return InvalidArgument("a plan has unknown flags");
      }
      auto check = [&](uint32_t first, uint32_t count, RuleRecord::Kind kind) {
        total += count;
        if (!InRange(first, count, p_.candidates.size()) || total > p_.candidates.size()) {
          return InvalidArgument("an action's rules are out of range");
        }
        return CheckCandidates(a, first, count, kind, &next);
      };
      ZTP_RETURN_IF_ERROR(check(plan.first_forbid, plan.forbid_count, RuleRecord::Kind::kForbid));
      ZTP_RETURN_IF_ERROR(check(plan.first_permit, plan.permit_count, RuleRecord::Kind::kPermit));
      ZTP_RETURN_IF_ERROR(check(plan.first_duty, plan.duty_count, RuleRecord::Kind::kDuty));
    }
    for (uint32_t r = 0; r < p_.rules.size(); ++r) {
      if (p_.rules[r].kind <= RuleRecord::Kind::kDuty && next[r] != p_.rules[r].action_count) {
        return InvalidArgument("an action has a rule that is not about it, or lacks one that is");
      }
    }
    return absl::OkStatus();
  }

  const DecisionProgram& p_;
};

}  // namespace

absl::Status CheckProgram(const DecisionProgram& program) {
  return ProgramChecker(program).Check();
}

}  // namespace ztp
