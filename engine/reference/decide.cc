// A decision from the rules: permits, forbids, duties, their lease and their list of missing facts.
#include <algorithm>

#include "engine/reference/evaluator.h"

namespace ztp::reference {
namespace {

using sema::Rule;
using sema::RuleKind;
using State = Result::State;

// One permit, forbid or duty in scope, evaluated.
struct Run {
  uint32_t index = 0;
  const Rule* rule = nullptr;
  std::vector<Result> clauses;
  Result condition;
  // Of all obligations' arguments together, where they were read; unknown if one is.
  bool arguments_read = false;
  Operands arguments;
  std::vector<Operands> obliges;
  std::vector<ObligationCall> calls;  // the obligations whose arguments are known
  bool can_carry_out = true;

  bool is(RuleKind kind) const { return rule->kind == kind; }
  bool not_false() const { return !condition.is(false); }
  bool obligations_work() const { return arguments.known() && can_carry_out; }

  bool applies() const {
    if (is(RuleKind::kPermit)) return condition.is(true) && obligations_work();
    return not_false();  // a forbid, a duty
  }
  bool rests_on_unknown() const {
    return condition.state != State::kValue || (arguments_read && !arguments.known());
  }
  // Until when the condition and the arguments that were read stay as they are.
  std::optional<Time> valid_until() const { return arguments.Finish(condition).valid_until; }
};

template <typename T>
bool Lists(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool InScope(const Rule& rule, const Request& request) {
  if (rule.kind == RuleKind::kNever || rule.kind == RuleKind::kAlways) return false;
  return Lists(rule.principals, request.principal.type) && Lists(rule.actions, request.action) &&
         Lists(rule.resources, request.resource.type);
}

void ReadArguments(const Request& request, Evaluator& evaluator, Run& run) {
  run.arguments_read = true;
  for (const sema::Oblige& oblige : run.rule->obliges) {
    Operands operands;
    ObligationCall call{oblige.obligation, {}};
    for (sema::ExprId arg : oblige.args) {
      const Result& value = evaluator.Eval(arg);
      operands.Add(value);
      run.arguments.Add(value);
      call.args.push_back(value.value);
    }
    run.obliges.push_back(operands);
    if (operands.known()) run.calls.push_back(std::move(call));
    if (request.can && !Lists(*request.can, oblige.obligation)) run.can_carry_out = false;
  }
}

std::vector<Run> RunRules(const sema::Program& program, const Request& request,
                          Evaluator& evaluator) {
  std::vector<Run> runs;
  for (uint32_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    if (!InScope(rule, request)) continue;
    Run run;
    run.index = i;
    run.rule = &rule;
    Kleene condition(false);
    for (const sema::Clause& clause : rule.clauses) {
      run.clauses.push_back(evaluator.Eval(clause.condition));
      condition.Add(run.clauses.back());
    }
    run.condition = condition.Finish();
    const bool arguments_count = rule.kind == RuleKind::kPermit ? run.condition.is(true)
                                 : rule.kind == RuleKind::kDuty ? run.not_false()
                                                                : false;
    if (arguments_count) ReadArguments(request, evaluator, run);
    runs.push_back(std::move(run));
  }
  return runs;
}

// The unknown operands of all the rules in scope: of their conditions, and of the arguments that
// were read.
std::vector<std::string> UnknownFacts(const std::vector<Run>& runs) {
  std::set<std::string> facts;
  for (const Run& run : runs) {
    if (run.condition.state != State::kValue) {
      facts.insert(run.condition.facts.begin(), run.condition.facts.end());
    }
    const Result arguments = run.arguments.Unknown();
    facts.insert(arguments.facts.begin(), arguments.facts.end());
  }
  return {facts.begin(), facts.end()};
}

Decision DenyByForbids(const std::vector<Run>& runs) {
  Decision decision;
  bool all_unknown = true;
  bool first = true;
  for (const Run& run : runs) {
    if (!run.is(RuleKind::kForbid) || !run.applies()) continue;
    decision.rules.push_back(run.index);
    const std::optional<Time> until = run.condition.valid_until;
    decision.valid_until = first ? until : Latest(decision.valid_until, until);
    first = false;
    if (run.condition.state == State::kValue) all_unknown = false;
  }
  if (all_unknown) decision.unknown = UnknownFacts(runs);
  return decision;
}

Decision DenyForWantOfPermit(const std::vector<Run>& runs) {
  Decision decision;
  bool unknown = false;
  for (const Run& run : runs) {
    if (!run.is(RuleKind::kPermit)) continue;
    decision.valid_until = Earliest(decision.valid_until, run.valid_until());
    if (run.rests_on_unknown()) unknown = true;
  }
  if (unknown) decision.unknown = UnknownFacts(runs);
  return decision;
}

// Some permit applies, but a duty that applies cannot be carried out.
Decision DenyByDuties(const std::vector<Run>& runs) {
  Decision decision;
  bool unknown = false;
  for (const Run& run : runs) {
    if (run.is(RuleKind::kPermit)) {
      decision.valid_until = Earliest(decision.valid_until, run.condition.valid_until);
    } else if (run.is(RuleKind::kDuty)) {
      decision.valid_until = Earliest(decision.valid_until, run.valid_until());
      if (!run.applies() || run.obligations_work()) continue;
      decision.rules.push_back(run.index);
      if (run.rests_on_unknown()) unknown = true;
    }
  }
  if (unknown) decision.unknown = UnknownFacts(runs);
  return decision;
}

void AddCalls(const Run& run, Decision& decision) {
  for (const ObligationCall& call : run.calls) {
    if (!Lists(decision.obligations, call)) decision.obligations.push_back(call);
  }
}

Decision AllowBy(const Run& deciding, const std::vector<Run>& runs) {
  Decision decision;
  decision.allow = true;
  decision.rules = {deciding.index};
  AddCalls(deciding, decision);
  for (const Run& run : runs) {
    // Permits after the deciding one don't count: whatever they do, it goes on deciding.
    if (run.is(RuleKind::kPermit) && run.index > deciding.index) continue;
    decision.valid_until = Earliest(decision.valid_until, run.valid_until());
    if (run.is(RuleKind::kDuty) && run.applies()) AddCalls(run, decision);
  }
  return decision;
}

Decision DecideFrom(const sema::Program& program, const std::vector<Run>& runs) {
  const Run* permit = nullptr;
  bool forbidden = false;
  bool duties_work = true;
  for (const Run& run : runs) {
    if (!run.applies()) continue;
    if (run.is(RuleKind::kPermit) && permit == nullptr) permit = &run;
    if (run.is(RuleKind::kForbid)) forbidden = true;
    if (run.is(RuleKind::kDuty) && !run.obligations_work()) duties_work = false;
  }
  Decision decision = forbidden           ? DenyByForbids(runs)
                      : permit == nullptr ? DenyForWantOfPermit(runs)
                      : !duties_work      ? DenyByDuties(runs)
                                          : AllowBy(*permit, runs);
  if (!decision.rules.empty()) decision.reason = program.rules[decision.rules[0]].because;
  return decision;
}

Finding FindingOf(const Result& result) {
  Finding finding;
  if (result.whole()) {
    finding.outcome = result.is(false) ? Finding::Outcome::kFalse : Finding::Outcome::kTrue;
  } else {
    finding.facts = result.facts;
    finding.outcome =
        result.facts.empty() ? Finding::Outcome::kSkipped : Finding::Outcome::kUnknown;
  }
  finding.valid_until = result.valid_until;
  return finding;
}

}  // namespace

Decision Decide(const sema::Program& program, const World& world, const Request& request,
                uint64_t step_budget) {
  if (request.valid_until && request.now >= *request.valid_until) return Decision();
  Evaluator evaluator(program, world, request, step_budget);
  const std::vector<Run> runs = RunRules(program, request, evaluator);
  if (evaluator.out_of_steps()) {
    Decision decision;
    decision.reason = "limit";
    decision.limit = true;
    return decision;
  }
  Decision decision = DecideFrom(program, runs);
  decision.valid_until = Earliest(decision.valid_until, request.valid_until);
  return decision;
}

std::vector<RuleTrace> Trace(const sema::Program& program, const World& world,
                             const Request& request) {
  Evaluator evaluator(program, world, request, kDefaultStepBudget);
  std::vector<RuleTrace> trace;
  for (const Run& run : RunRules(program, request, evaluator)) {
    RuleTrace rule;
    rule.rule = run.index;
    rule.condition = FindingOf(run.condition);
    for (const Result& clause : run.clauses) rule.clauses.push_back(FindingOf(clause));
    for (const Operands& arguments : run.obliges) {
      rule.obliges.push_back(FindingOf(arguments.known() ? arguments.Finish(Result::Bool(true))
                                                         : arguments.Unknown()));
    }
    rule.applies = run.applies();
    trace.push_back(std::move(rule));
  }
  return trace;
}

}  // namespace ztp::reference
