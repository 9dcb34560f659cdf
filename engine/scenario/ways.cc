#include "engine/scenario/ways.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/ir/index.h"
#include "engine/ir/lower.h"
#include "engine/scenario/decision_text.h"

namespace ztp::scenario {

absl::StatusOr<std::unique_ptr<Ways>> Ways::Make(const sema::Program& program,
                                                 const SourceManager& sources) {
  std::unique_ptr<Ways> ways(new Ways(program));
  DecisionProgram lowered = ir::Lower(program, sources);
  const std::string bytes = WriteBundle(lowered);
  ZTP_ASSIGN_OR_RETURN(DecisionProgram read, ReadBundle(bytes));
  ZTP_ASSIGN_OR_RETURN(ways->policy_, Policy::Make(lowered));
  ir::SetIndex(&lowered, {});
  ZTP_ASSIGN_OR_RETURN(ways->plain_, Policy::Make(lowered));
  ir::SetIndex(&lowered, ir::BuildIndex(lowered, ir::IndexOptions::Fine()));
  ZTP_ASSIGN_OR_RETURN(ways->fine_, Policy::Make(std::move(lowered)));
  ZTP_ASSIGN_OR_RETURN(ways->from_bundle_, Policy::Make(std::move(read)));
  return ways;
}

absl::StatusOr<Ways::World> Ways::Load(std::vector<EntityRecord> records) const {
  World world;
  ZTP_ASSIGN_OR_RETURN(world.snapshot, MakeSnapshot(*policy_, records));
  ZTP_ASSIGN_OR_RETURN(world.for_bundle, MakeSnapshot(*from_bundle_, records));
  ZTP_ASSIGN_OR_RETURN(world.for_plain, MakeSnapshot(*plain_, records));
  ZTP_ASSIGN_OR_RETURN(world.for_fine, MakeSnapshot(*fine_, records));
  world.records = std::move(records);
  world.reference = std::make_unique<reference::World>(program_.schema, world.records);
  return world;
}

absl::StatusOr<Decision> Ways::Decide(const World& world, const Request& request) {
  const Decision plain = reference::Decide(program_, *world.reference, request);
  const Decision compiled = ztp::Decide(*policy_, *world.snapshot, request, scratch_);
  const Decision bundled = ztp::Decide(*from_bundle_, *world.for_bundle, request, scratch_);
  const Decision by_rule = ztp::Decide(*plain_, *world.for_plain, request, plain_scratch_);
  const Decision fine = ztp::Decide(*fine_, *world.for_fine, request, scratch_);
  if (plain == compiled && plain == bundled && plain == by_rule && plain == fine) return compiled;
  const RuleNames name = [&](uint32_t rule) { return program_.rules[rule].full_name(); };
  return Internal("the ways to decide disagree (a fault of ztp; please report it):\n  reference: ",
                  FormatDecision(program_.schema, plain, name),
                  "\n  program:   ", FormatDecision(program_.schema, compiled, name),
                  "\n  no index:  ", FormatDecision(program_.schema, by_rule, name),
                  "\n  fine index: ", FormatDecision(program_.schema, fine, name),
                  "\n  bundle:    ", FormatDecision(program_.schema, bundled, name));
}

Explanation Ways::Explain(const World& world, const Request& request) {
  return ztp::Explain(*policy_, *world.snapshot, request, scratch_);
}

}  // namespace ztp::scenario
