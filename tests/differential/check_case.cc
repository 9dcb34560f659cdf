#include "tests/differential/check_case.h"

#include <optional>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"
#include "engine/ir/index.h"
#include "engine/ir/lower.h"
#include "engine/scenario/decision_text.h"
#include "engine/scenario/ways.h"
#include "tests/differential/change_gen.h"
#include "tests/differential/world_gen.h"

namespace ztp::differential {
namespace {

class Case {
 public:
  Case(uint64_t seed, const CaseOptions& options, Statistics* statistics)
      : seed_(seed), options_(options), statistics_(statistics), random_(seed) {}

  absl::Status Run() {
    // Most policies are short. A row of the index has a word for 64 rules, a keyed group a few.
    PolicyOptions policy = options_.policy;
    if (random_.Percent(25))
      policy.simple_rules += random_.Percent(25) ? 60 + random_.Below(80) : random_.Below(40);
    source_ = GeneratePolicy(random_, policy);
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
    DecisionProgram lowered = ir::Lower(program, compiler.sources());
    for (const Node& node : lowered.nodes) ++statistics_->opcodes[OpcodeName(node.op)];
    ir::SetIndex(&lowered, ir::BuildIndex(lowered, AnyIndex()));
    // Quantifiers would be cut short when facts are loaded, and be unknown to every request.
    if (lowered.quantifiers.empty()) {
      // Plain comparisons take few: then the budget ends at each step once.
      const uint32_t budgets = policy.simple_rules > 0 ? 16 : 1;
      for (uint32_t i = 1; i <= budgets; ++i) {
        DecisionProgram limited = lowered;
        limited.step_limit = budgets == 1 ? 1 + random_.Below(150) : i;
        ZTP_ASSIGN_OR_RETURN(limited_.emplace_back(), Policy::Make(std::move(limited)));
      }
    }
    ZTP_ASSIGN_OR_RETURN(indexed_, Policy::Make(std::move(lowered)));
    for (int w = 0; w < options_.worlds; ++w) {
      // Rows, ids and closures lie in pages; few entities fill only the first.
      const uint32_t ids = random_.Percent(4) ? 30 + random_.Below(200) : kUsualIds;
      World world;
      ZTP_ASSIGN_OR_RETURN(world.plain,
                           ways_->Load(GenerateEntities(random_, program.schema, ids)));
      ZTP_ASSIGN_OR_RETURN(world.indexed, MakeSnapshot(*indexed_, world.plain.records));
      for (const auto& limited : limited_) {
        if (ids > kUsualIds && !world.limited.empty()) break;
        ZTP_ASSIGN_OR_RETURN(world.limited.emplace_back(),
                             MakeSnapshot(*limited, world.plain.records));
      }
      ZTP_RETURN_IF_ERROR(MakeChanges(ids, &world));
      for (int i = 0; i < options_.requests; ++i) {
        ZTP_RETURN_IF_ERROR(Check(world, GenerateRequest(random_, program.schema, ids)));
      }
    }
    return absl::OkStatus();
  }

 private:
  struct World {
    scenario::Ways::World plain;
    std::shared_ptr<const Snapshot> indexed;  // of indexed_
    std::shared_ptr<const Snapshot> changed;  // the same facts, as a successor of others
    std::vector<std::shared_ptr<const Snapshot>> limited;  // of the first of limited_
  };

  // Any numbers give an index that is right.
  ir::IndexOptions AnyIndex() {
    const auto some = [&](std::vector<size_t> numbers) { return random_.Pick(numbers); };
    return {.handful = some({0, 0, 2, 6}),
            .long_posting = some({1, 2, 24}),
            .max_rows = some({2, 3, 7, 256}),
            // Often too many for any group, so that all goes by rows.
            .min_keyed = some({1, 2, 8, 100000}),
            .min_keyed_by_value = some({1, 4, 100000}),
            .worth = random_.Percent(50) ? 0 : 0.3,
            .worth_by_value = random_.Percent(50) ? 0 : 0.5};
  }

  // The world's facts as the last of a few snapshots, each the successor of the one before.
  absl::Status MakeChanges(uint32_t ids, World* world) {
    const sema::Program& program = ways_->program();
    const Policy& policy = ways_->policy();
    const History history = GenerateHistory(random_, program.schema, world->plain.records, ids);
    const auto solver = MakeSolver(policy);
    ZTP_ASSIGN_OR_RETURN(const std::shared_ptr<const Snapshot> first,
                         MakeSnapshot(policy, history.before));
    const reference::World before(program.schema, history.before);
    std::vector<Request> requests;
    for (int i = 0; i < 3; ++i) requests.push_back(GenerateRequest(random_, program.schema, ids));
    auto check_first = [&]() -> absl::Status {
      for (const Request& q : requests) {
        if (ztp::Decide(policy, *first, q, scratch_) == reference::Decide(program, before, q)) {
          continue;
        }
        return Internal("seed ", seed_, ": the facts before a change: the ways disagree\n",
                        source_);
      }
      return absl::OkStatus();
    };
    ZTP_RETURN_IF_ERROR(check_first());
    std::shared_ptr<const Snapshot> last = first;
    size_t next = 0;
    do {
      const size_t end = std::min(history.changes.size(), next + 1 + random_.Below(4));
      if (random_.Percent(30)) {  // given up before it is done: nothing happened
        SnapshotBuilder builder(last);
        for (size_t i = next; i < end; ++i) ZTP_RETURN_IF_ERROR(Apply(history.changes[i], builder));
      }
      SnapshotBuilder builder(last);
      for (; next < end; ++next) ZTP_RETURN_IF_ERROR(Apply(history.changes[next], builder));
      ZTP_ASSIGN_OR_RETURN(last, builder.Build(solver.get()));
    } while (next < history.changes.size());
    // Whoever still reads the first is not disturbed.
    ZTP_RETURN_IF_ERROR(check_first());
    if (last->version() != world->plain.snapshot->version() ||
        last->stored_count() != world->plain.snapshot->stored_count()) {
      return Internal("seed ", seed_, ": changed facts are not what they should be\n", source_);
    }
    world->changed = std::move(last);
    return absl::OkStatus();
  }

  static absl::Status Apply(const Change& change, SnapshotBuilder& builder) {
    switch (change.kind) {
      case Change::Kind::kUpsert:
        return builder.Upsert(change.record);
      case Change::Kind::kAddEdges:
        return builder.AddEdges(change.record.uid, change.record.parents, change.record.derives);
      case Change::Kind::kDelete:
        return builder.Delete(change.record.uid);
    }
    return absl::OkStatus();
  }

  static constexpr const char* kFewSteps = "few steps";

  static Decision OutOfSteps() {
    Decision decision;
    decision.limit = true;
    decision.reason = "limit";
    return decision;
  }

  absl::StatusOr<Decision> Decide(const World& world, const Request& request) {
    const absl::StatusOr<Decision> decision = ways_->Decide(world.plain, request);
    if (!decision.ok()) return Report(world, request, std::string(Message(decision.status())));
    struct Way {
      const char* what;
      const Policy& policy;
      const Snapshot& snapshot;
    };
    std::vector<Way> more = {{"another index", *indexed_, *world.indexed},
                             {"changed facts", ways_->policy(), *world.changed}};
    for (size_t i = 0; i < world.limited.size(); ++i) {
      more.push_back({kFewSteps, *limited_[i], *world.limited[i]});
    }
    for (const auto& way : more) {
      const Decision other = ztp::Decide(way.policy, way.snapshot, request, scratch_);
      statistics_->candidates += scratch_.candidate_count();
      if (other == *decision) continue;
      // Beyond the budget the answer is deny and nothing else.
      if (way.what == kFewSteps && other == OutOfSteps()) {
        ++statistics_->out_of_steps;
        continue;
      }
      const sema::Program& program = ways_->program();
      const scenario::RuleNames names = [&](uint32_t rule) {
        return program.rules[rule].full_name();
      };
      return Report(world, request,
                    Cat("the ways to decide disagree:\n  reference: ",
                        scenario::FormatDecision(program.schema, *decision, names), "\n  ",
                        way.what, ": ", scenario::FormatDecision(program.schema, other, names)));
    }
    return decision;
  }

  absl::Status Report(const World& world, const Request& request, const std::string& what) {
    const sema::Program& program = ways_->program();
    const auto trace = reference::Trace(program, *world.plain.reference, request);
    const Decision plain = reference::Decide(program, *world.plain.reference, request);
    return Internal("seed ", seed_, ": ", what, "\n  ",
                    FormatUid(program.schema, request.principal), " ",
                    program.schema[request.action].name, " ",
                    FormatUid(program.schema, request.resource), " at ", FormatTime(request.now),
                    "\n", reference::DescribeDecision(program, plain, trace), "\n", source_);
  }

  absl::Status Check(const World& world, const Request& request) {
    const sema::Program& program = ways_->program();
    ZTP_ASSIGN_OR_RETURN(const Decision decision, Decide(world, request));
    ++statistics_->decisions;
    statistics_->allows += decision.allow;
    statistics_->with_end += decision.valid_until.has_value();
    for (const reference::RuleTrace& rule :
         reference::Trace(program, *world.plain.reference, request)) {
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
  std::shared_ptr<const Policy> indexed_;               // with an index made by other numbers
  std::vector<std::shared_ptr<const Policy>> limited_;  // as indexed_, with budgets of few steps
  Scratch scratch_;
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
  Append(out, s.out_of_steps, " decisions stopped by a budget of few steps\n");
  Append(out, s.candidates, " rules left over by the index\n");
  std::string missing;
  auto need = [&](const std::map<std::string, uint64_t>& seen, const char* name) {
    if (seen.count(name) == 0) Append(missing, missing.empty() ? "" : ", ", name);
  };
#define ZTP_OP(id, name, arity) need(s.operators, name);
#include "engine/sema/ops.def"
#undef ZTP_OP
#define ZTP_OPCODE(number, id, name) need(s.opcodes, name);
#include "engine/core/opcodes.def"
#undef ZTP_OPCODE
  Append(out, missing.empty() ? "every operator was generated\n"
                              : Cat("operators never generated: ", missing, "\n"));
  return out;
}

}  // namespace ztp::differential
