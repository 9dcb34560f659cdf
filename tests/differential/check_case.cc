#include "tests/differential/check_case.h"

#include <optional>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"
#include "engine/scenario/decision_text.h"
#include "engine/scenario/ways.h"
#include "tests/differential/world_gen.h"

namespace ztp::differential {
namespace {

class Case {
 public:
  Case(uint64_t seed, const CaseOptions& options, Statistics* statistics)
      : seed_(seed), options_(options), statistics_(statistics), random_(seed) {}

  absl::Status Run() {
    source_ = GeneratePolicy(random_, options_.policy);
    driver::Compiler compiler;
    compiler.AddText("generated.ztp", source_);
    if (!compiler.Check()) {
      return Internal("seed ", seed_, ": the generated policy does not compile\n",
                      RenderText(compiler.diagnostics(), compiler.sources()), source_);
    }
    const sema::Program& program = *compiler.program();
    ++statistics_->policies;
    for (const sema::Expr& e : program.exprs) ++statistics_->operators[sema::OpName(e.op)];
    ZTP_ASSIGN_OR_RETURN(ways_, scenario::Ways::Make(program, compiler.sources()));
    for (int w = 0; w < options_.worlds; ++w) {
      ZTP_ASSIGN_OR_RETURN(const scenario::Ways::World world,
                           ways_->Load(GenerateEntities(random_, program.schema)));
      for (int i = 0; i < options_.requests; ++i) {
        ZTP_RETURN_IF_ERROR(Check(world, GenerateRequest(random_, program.schema)));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Decision> Decide(const scenario::Ways::World& world, const Request& request) {
    absl::StatusOr<Decision> decision = ways_->Decide(world, request);
    if (decision.ok()) return decision;
    return Report(world, request, std::string(Message(decision.status())));
  }

  absl::Status Report(const scenario::Ways::World& world, const Request& request,
                      const std::string& what) {
    const sema::Program& program = ways_->program();
    const auto trace = reference::Trace(program, *world.reference, request);
    const Decision plain = reference::Decide(program, *world.reference, request);
    return Internal("seed ", seed_, ": ", what, "\n  ",
                    FormatUid(program.schema, request.principal), " ",
                    program.schema[request.action].name, " ",
                    FormatUid(program.schema, request.resource), " at ", FormatTime(request.now),
                    "\n", reference::DescribeDecision(program, plain, trace), "\n", source_);
  }

  absl::Status Check(const scenario::Ways::World& world, const Request& request) {
    const sema::Program& program = ways_->program();
    ZTP_ASSIGN_OR_RETURN(const Decision decision, Decide(world, request));
    ++statistics_->decisions;
    statistics_->allows += decision.allow;
    statistics_->with_end += decision.valid_until.has_value();
    for (const reference::RuleTrace& rule : reference::Trace(program, *world.reference, request)) {
      if (rule.condition.outcome == reference::Finding::Outcome::kUnknown) {
        ++statistics_->with_unknowns;
        break;
      }
    }
    // A lease: the same answer up to just before its end. For a denial that is the decision, not
    // its rules.
    Request later = request;
    std::vector<Time> before;
    if (decision.valid_until) {
      if (*decision.valid_until <= request.now)
        return Report(world, request, "valid_until is not in the future");
      before = {Time{decision.valid_until->micros - 1},
                Time{request.now.micros + (decision.valid_until->micros - request.now.micros) / 2}};
    } else {
      before = {Time{request.now.micros + 1}, Time{request.now.micros + 4'000'000'000'000}};
    }
    for (Time t : before) {
      later.now = t;
      ZTP_ASSIGN_OR_RETURN(const Decision again, Decide(world, later));
      const bool same = again.allow == decision.allow &&
                        (!decision.allow || (again.rules == decision.rules &&
                                             again.obligations == decision.obligations));
      if (!same) {
        const scenario::RuleNames names = [&](uint32_t rule) {
          return program.rules[rule].full_name();
        };
        return Report(
            world, request,
            Cat("the lease does not hold: ",
                scenario::FormatDecision(program.schema, decision, names), "\n  but at ",
                FormatTime(t), ": ", scenario::FormatDecision(program.schema, again, names)));
      }
    }
    if (decision.valid_until) {
      // Just after its end the answer may be another one; all ways must agree on it.
      later.now = *decision.valid_until;
      ZTP_RETURN_IF_ERROR(Decide(world, later).status());
      ++statistics_->leases_checked;
    }
    return absl::OkStatus();
  }

  uint64_t seed_;
  const CaseOptions& options_;
  Statistics* statistics_;
  Random random_;
  std::string source_;
  std::unique_ptr<scenario::Ways> ways_;
};

}  // namespace

absl::Status CheckCase(uint64_t seed, const CaseOptions& options, Statistics* statistics) {
  return Case(seed, options, statistics).Run();
}

std::string Describe(const Statistics& s) {
  auto percent = [&](uint64_t n) { return s.decisions == 0 ? 0 : n * 100 / s.decisions; };
  std::string out =
      Cat(s.policies, " policies, ", s.decisions, " decisions: ", percent(s.allows), " % allows, ",
          percent(s.with_unknowns), " % with unknowns, ", percent(s.with_end), " % with an end, ",
          s.leases_checked, " leases checked around their end\n");
  std::string missing;
#define ZTP_OP(id, name, arity) \
  if (s.operators.count(name) == 0) Append(missing, missing.empty() ? "" : ", ", name);
#include "engine/sema/ops.def"
#undef ZTP_OP
  Append(out, missing.empty() ? "every operator was generated\n"
                              : Cat("operators never generated: ", missing, "\n"));
  return out;
}

}  // namespace ztp::differential
