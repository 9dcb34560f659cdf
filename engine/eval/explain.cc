// What every rule in scope and each of its clauses came to, and what they read. Not fast, and may
// allocate.
#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/core/decide.h"
#include "engine/eval/decide.h"

namespace ztp {
namespace {

using Outcome = Explanation::Outcome;

Outcome OutcomeOf(const Result& result) {
  if (result.known()) return result.val.boolean() ? Outcome::kTrue : Outcome::kFalse;
  // Unknown without a fact that is missing: a read behind a guard that did not hold.
  return result.facts == 0 ? Outcome::kSkipped : Outcome::kUnknown;
}

class Explainer {
 public:
  Explainer(const BoundRequest& request, Scratch& scratch)
      : request_(request),
        program_(request.policy().program()),
        scratch_(scratch),
        decider_(request.view(), scratch.workspace()) {}

  std::vector<Explanation::Rule> Run() {
    std::vector<Explanation::Rule> rules;
    for (uint32_t rule : RulesInScope()) rules.push_back(ExplainRule(rule));
    return rules;
  }

 private:
  // Its candidates of every kind, in source order.
  std::vector<uint32_t> RulesInScope() const {
    const ActionPlan& plan = program_.plans[request_.view().action];
    std::vector<uint32_t> rules;
    const uint32_t end = plan.first_duty + plan.duty_count;
    for (uint32_t i = plan.first_forbid; i < end; ++i) {
      if (decider_.InScope(program_.candidates[i])) rules.push_back(program_.candidates[i]);
    }
    std::sort(rules.begin(), rules.end());
    return rules;
  }

  // The value of a node, with a budget of its own; nothing where even that does not suffice.
  const Result* Value(uint32_t node) {
    decider_.machine().RestoreSteps();
    return decider_.machine().Run(node) ? &decider_.machine().At(node) : nullptr;
  }

  Explanation::Rule ExplainRule(uint32_t index) {
    const RuleRecord& record = program_.rules[index];
    Explanation::Rule rule;
    rule.index = index;
    for (uint32_t i = 0; i < record.clause_count; ++i) {
      rule.clauses.push_back(ExplainClause(record.first_clause + i));
    }
    if (const Result* condition = Value(record.condition)) rule.condition = OutcomeOf(*condition);
    rule.applied = record.kind == RuleRecord::Kind::kPermit ? rule.condition == Outcome::kTrue
                                                            : rule.condition != Outcome::kFalse;
    if (record.kind == RuleRecord::Kind::kPermit && rule.applied) {
      decider_.machine().RestoreSteps();
      rule.applied = decider_.Args(record).known() && decider_.CanCarryOut(record);
    }
    return rule;
  }

  Explanation::Clause ExplainClause(uint32_t index) {
    const uint32_t node = program_.clauses[index].node;
    Explanation::Clause clause;
    clause.index = index;
    if (const Result* result = Value(node)) {
      clause.outcome = OutcomeOf(*result);
      if (clause.outcome == Outcome::kUnknown) {
        const FactSet facts = result->facts;
        clause.unknown = NamesOfMissing(request_, scratch_, {&facts, 1});
      }
    }
    CollectReads(node, &clause.reads);
    return clause;
  }

  // The longest paths that lead from the request to a fact, each once, in the order in which they
  // are written. What a fold reads of its elements is left out: it is another value for each.
  void CollectReads(uint32_t root, std::vector<Explanation::Read>* reads) {
    std::vector<bool> seen(program_.nodes.size(), false);
    std::vector<uint32_t> waiting = {root};
    while (!waiting.empty()) {
      const uint32_t id = waiting.back();
      waiting.pop_back();
      if (id == kNone32 || seen[id]) continue;
      seen[id] = true;
      const Node& node = program_.nodes[id];
      const std::string path = node.flags & Node::kFreeSlots ? "" : Path(id);
      if (!path.empty()) {
        reads->push_back({path, Show(id)});
        continue;
      }
      const auto args = program_.Args(node);
      for (size_t i = args.size(); i-- > 0;) waiting.push_back(args[i]);
    }
  }

  // `resource.label`, `device.gpu.driver`; nothing for what is no path.
  std::string Path(uint32_t id) {
    const Node& node = program_.nodes[id];
    auto holder = [&]() -> std::string {
      // An attribute of a certain entity: `Registry::"prod".frozen`. By itself a constant is no
      // read.
      const uint32_t arg = program_.args[node.first_arg];
      return program_.nodes[arg].op == Opcode::kConst ? Show(arg) : Path(arg);
    };
    auto of = [&](std::string_view name) -> std::string {
      const std::string path = holder();
      return path.empty() ? path : Cat(path, ".", name);
    };
    auto has = [&](std::string_view name) -> std::string {
      const std::string path = holder();
      return path.empty() ? path : Cat(path, " has ", name);
    };
    switch (node.op) {
      case Opcode::kPrincipal:
        return "principal";
      case Opcode::kResource:
        return "resource";
      case Opcode::kParam:
        return Cat("action.", program_.Text(program_.param_refs[node.payload].name));
      case Opcode::kHasParam:
        return Cat("action has ", program_.Text(program_.param_refs[node.payload].name));
      case Opcode::kInput:
        return program_.schema.inputs[node.payload].name;
      case Opcode::kHasInput:
        return Cat("has ", program_.schema.inputs[node.payload].name);
      case Opcode::kInputIssuedAt:
        return Cat(program_.schema.inputs[node.payload].name, ".issued_at");
      case Opcode::kInputExpiresAt:
        return Cat(program_.schema.inputs[node.payload].name, ".expires_at");
      case Opcode::kAttr:
        return of(AttributeName(node));
      case Opcode::kHasAttr:
        return has(AttributeName(node));
      case Opcode::kAttrIssuedAt:
        return of(Cat(AttributeName(node), ".issued_at"));
      case Opcode::kAttrExpiresAt:
        return of(Cat(AttributeName(node), ".expires_at"));
      case Opcode::kField:
        return of(FieldName(node));
      case Opcode::kHasField:
        return has(FieldName(node));
      default:
        return "";
    }
  }

  std::string_view AttributeName(const Node& node) const {
    return program_.Text(program_.attribute_refs[node.payload].name);
  }
  std::string_view FieldName(const Node& node) const {
    const TypeId holder{program_.nodes[program_.args[node.first_arg]].type};
    return program_.schema.types[holder].fields[node.payload].name;
  }

  std::string Show(uint32_t id) {
    const Result* result = Value(id);
    if (result == nullptr) return "unknown";
    if (result->state == Result::State::kMissing) return "missing";
    if (!result->known()) return result->facts == 0 ? "missing" : "unknown";
    return FormatValue(program_.schema, TypeId{program_.nodes[id].type},
                       Decode(result->val, request_));
  }

  const BoundRequest& request_;
  const DecisionProgram& program_;
  Scratch& scratch_;
  Decider decider_;
};

}  // namespace

Explanation Explain(const Policy& policy, const Snapshot& snapshot, const Request& request,
                    Scratch& scratch) {
  Explanation explanation;
  BoundRequest bound;
  if (!bound.Bind(policy, snapshot, request).ok()) return explanation;
  explanation.decision = ToDecision(bound, Evaluate(bound, scratch), scratch);
  explanation.rules = Explainer(bound, scratch).Run();
  return explanation;
}

}  // namespace ztp
