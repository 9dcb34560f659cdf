// See decide.h.
#include "engine/eval/decide.h"

#include <algorithm>

#include "engine/core/decide.h"
#include "engine/eval/missing_names.h"

namespace ztp {

std::vector<std::string> NamesOfMissing(const BoundRequest& request, const Scratch& scratch,
                                        std::span<const FactSet> sets) {
  const Schema& schema = request.policy().schema();
  std::vector<std::string> names;
  auto add_entity = [&](uint32_t entity) {
    names.push_back(entity == kNone32 ? "overflow" : FormatUid(schema, request.Uid(entity)));
  };
  for (FactSet set : sets) {
    ForEachMissing(
        scratch.workspace().missing_facts(), set, [&](MissingFacts::Kind kind, uint32_t index) {
          switch (kind) {
            case MissingFacts::kUnion:
              break;
            case MissingFacts::kInput:
              names.push_back(index == MissingFacts::kOverflow ? "overflow"
                              : index == MissingFacts::kHost   ? "host"
                                                               : schema.inputs[index].name);
              break;
            case MissingFacts::kEntity:
              add_entity(index);
              break;
            case MissingFacts::kList:
              for (uint32_t entity : request.snapshot().List(index)) add_entity(entity);
              break;
          }
        });
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Verdict Evaluate(const BoundRequest& request, Scratch& scratch) {
  Verdict verdict = Decide(request.view(), scratch.workspace());
  if (verdict.out_of_memory) [[unlikely]] {
    scratch.Reserve(request.policy().view());
    verdict = Decide(request.view(), scratch.workspace());
    while (verdict.out_of_memory && scratch.Grow()) {
      verdict = Decide(request.view(), scratch.workspace());
    }
  }
  return verdict;
}

Decision ToDecision(const BoundRequest& request, const Verdict& verdict, const Scratch& scratch) {
  const DecisionProgram& program = request.policy().program();
  Decision decision;
  decision.allow = verdict.allow;
  decision.limit = verdict.limit;
  decision.rules.assign(verdict.rules.begin(), verdict.rules.end());
  if (verdict.limit) {
    decision.reason = "limit";
  } else if (!decision.rules.empty()) {
    const RuleRecord& rule = program.rules[decision.rules[0]];
    if (rule.has_because) decision.reason = std::string(program.Text(rule.because));
  }
  for (const Verdict::Obligation& obligation : verdict.obligations) {
    ObligationCall& call = decision.obligations.emplace_back();
    call.obligation = ObligationId{obligation.obligation};
    for (const Val& arg : obligation.arguments()) call.args.push_back(Decode(arg, request));
  }
  if (verdict.valid_until != kForEver) decision.valid_until = Time{verdict.valid_until};
  decision.unknown = NamesOfMissing(request, scratch, verdict.facts);
  return decision;
}

Decision Decide(const Policy& policy, const Snapshot& snapshot, const Request& request,
                Scratch& scratch) {
  BoundRequest& bound = scratch.bound();
  if (!bound.Bind(policy, snapshot, request).ok()) return Decision();
  return ToDecision(bound, Evaluate(bound, scratch), scratch);
}

}  // namespace ztp
