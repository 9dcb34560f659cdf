#include "engine/scenario/run_tests.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/scenario/decision_text.h"
#include "engine/scenario/ways.h"

namespace ztp::scenario {
namespace {

std::string ExpectationText(const sema::Program& program, const sema::Expect& expect) {
  std::string out = expect.allow ? "allow" : expect.unknown ? "deny unknown" : "deny";
  if (expect.by) Append(out, " by ", program.rules[*expect.by].full_name());
  std::vector<std::string> obliged;
  for (const ObligationCall& call : expect.obliged)
    obliged.push_back(FormatObligation(program.schema, call));
  if (!obliged.empty()) Append(out, " obliged ", Join(obliged, ", "));
  return out;
}

// What is wrong with the decision, or nothing.
std::optional<std::string> Mismatch(const sema::Program& program, const sema::Expect& expect,
                                    const Decision& decision) {
  if (decision.allow != expect.allow) return decision.allow ? "it was allowed" : "it was denied";
  if (!expect.allow && !decision.unknown.empty() && !expect.unknown) {
    return Cat("the denial rests on what is unknown (", Join(decision.unknown, ", "),
               "); say `expect deny unknown` if that is meant");
  }
  if (expect.unknown && decision.unknown.empty()) return "the denial rests on nothing unknown";
  if (expect.by &&
      std::find(decision.rules.begin(), decision.rules.end(), *expect.by) == decision.rules.end()) {
    return "another rule decided";
  }
  for (const ObligationCall& call : expect.obliged) {
    if (std::find(decision.obligations.begin(), decision.obligations.end(), call) ==
        decision.obligations.end()) {
      return Cat("it does not carry ", FormatObligation(program.schema, call));
    }
  }
  return std::nullopt;
}

std::string_view OutcomeName(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::kFalse:
      return "false";
    case Explanation::Outcome::kTrue:
      return "true";
    case Explanation::Outcome::kUnknown:
      return "unknown";
    case Explanation::Outcome::kSkipped:
      return "skipped";
  }
  return "";
}

// The clauses that did not hold, which is what an author wants to see of a denial (or of an allow
// that came too easily).
std::string Why(const sema::Program& program, const SourceManager& sources,
                const Explanation& explanation) {
  std::string out;
  for (const Explanation::Rule& e : explanation.rules) {
    const sema::Rule& rule = program.rules[e.index];
    Append(out, "\n  ", sema::RuleKindName(rule.kind), " ", rule.full_name(),
           e.applied ? " applies" : " does not apply");
    for (size_t i = 0; i < e.clauses.size() && i < rule.clauses.size(); ++i) {
      if (e.clauses[i].outcome == Explanation::Outcome::kTrue) continue;
      Append(out, "\n    ", OutcomeName(e.clauses[i].outcome), ": ",
             sources.Text(rule.clauses[i].span));
    }
  }
  return out;
}

}  // namespace

void RunTests(const sema::Program& program, const SourceManager& sources, std::string_view filter,
              TestReport* report, Coverage* coverage) {
  if (program.tests.empty()) return;
  const absl::StatusOr<std::unique_ptr<Ways>> made = Ways::Make(program, sources);
  const RuleNames names = [&](uint32_t rule) { return program.rules[rule].full_name(); };
  for (const sema::TestCase& test : program.tests) {
    if (Cat(test.package, ": ", test.name).find(filter) == std::string::npos) continue;
    TestResult result{
        .suite = test.package, .name = test.name, .place = sources.Describe(test.span)};
    const auto begin = std::chrono::steady_clock::now();
    auto fail = [&](Span span, std::string message) {
      result.failures.push_back({sources.Describe(span), std::move(message)});
    };
    if (!made.ok()) {
      fail(test.span, std::string(Message(made.status())));
      report->results.push_back(std::move(result));
      continue;
    }
    Ways& ways = **made;
    std::vector<absl::StatusOr<Ways::World>> worlds;
    for (const std::vector<EntityRecord>& records : test.worlds)
      worlds.push_back(ways.Load(records));
    for (const sema::Expect& expect : test.expects) {
      const absl::StatusOr<Ways::World>& world = worlds[expect.world];
      if (!world.ok()) {
        fail(expect.span, Cat("the entities cannot be loaded: ", Message(world.status())));
        continue;
      }
      const absl::StatusOr<Decision> decision = ways.Decide(*world, expect.request);
      if (!decision.ok()) {
        fail(expect.span, std::string(Message(decision.status())));
        continue;
      }
      const Explanation explanation = ways.Explain(*world, expect.request);
      if (coverage != nullptr) coverage->Record(program, explanation, *decision);
      if (const auto mismatch = Mismatch(program, expect, *decision)) {
        fail(expect.span, Cat(*mismatch, "\nexpected: ", ExpectationText(program, expect),
                              "\n     got: ", FormatDecision(program.schema, *decision, names),
                              Why(program, sources, explanation)));
      }
    }
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    report->results.push_back(std::move(result));
  }
}

}  // namespace ztp::scenario
