#include "engine/scenario/coverage.h"

#include <algorithm>

#include "engine/base/str.h"

namespace ztp::scenario {

void Coverage::Record(const sema::Program& program, const Explanation& explanation,
                      const Decision& decision) {
  if (rules.empty()) {
    rules.resize(program.rules.size());
    for (size_t i = 0; i < rules.size(); ++i)
      rules[i].clauses.resize(program.rules[i].clauses.size());
  }
  for (const Explanation::Rule& e : explanation.rules) {
    Rule& rule = rules[e.index];
    ++rule.in_scope;
    rule.applied += e.applied;
    for (size_t i = 0; i < e.clauses.size() && i < rule.clauses.size(); ++i) {
      ++(e.clauses[i].outcome == Explanation::Outcome::kTrue ? rule.clauses[i].held
                                                             : rule.clauses[i].failed);
    }
  }
  for (uint32_t rule : decision.rules) ++rules[rule].decided;
}

std::string RenderCoverage(const sema::Program& program, const SourceManager& sources,
                           const Coverage& coverage) {
  std::string out;
  size_t total = 0, decided = 0, clauses = 0, both = 0;
  for (size_t i = 0; i < program.rules.size(); ++i) {
    const sema::Rule& rule = program.rules[i];
    if (rule.kind == sema::RuleKind::kNever || rule.kind == sema::RuleKind::kAlways) continue;
    const bool seen = i < coverage.rules.size();
    const Coverage::Rule none;
    const Coverage::Rule& covered = seen ? coverage.rules[i] : none;
    // A duty decides nothing while it is carried out: that it applied is what a test can show.
    const bool counts =
        rule.kind == sema::RuleKind::kDuty ? covered.applied > 0 : covered.decided > 0;
    ++total;
    decided += counts;
    std::string missing;
    for (size_t c = 0; c < rule.clauses.size(); ++c) {
      const Coverage::Clause clause =
          c < covered.clauses.size() ? covered.clauses[c] : Coverage::Clause();
      ++clauses;
      if (clause.held > 0 && clause.failed > 0) {
        ++both;
        continue;
      }
      Append(missing, "    ", sources.Describe(rule.clauses[c].span), ": ",
             clause.held + clause.failed == 0 ? "never evaluated"
             : clause.held == 0               ? "never true"
                                              : "always true",
             ": ", sources.Text(rule.clauses[c].span), "\n");
    }
    if (counts && missing.empty()) continue;
    Append(out, "  ", rule.full_name(),
           counts                  ? ""
           : covered.in_scope == 0 ? ": never in scope"
                                   : ": never decided",
           "\n", missing);
  }
  Append(out, "coverage: ", decided, " of ", total, " rules decided, ", both, " of ", clauses,
         " clauses seen both true and not true\n");
  return out.starts_with("coverage:") ? out : Cat("not covered by tests:\n", out);
}

}  // namespace ztp::scenario
