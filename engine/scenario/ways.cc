#include "engine/scenario/ways.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/ir/lower.h"
#include "engine/scenario/decision_text.h"

namespace ztp::scenario {

absl::StatusOr<std::unique_ptr<Ways>> Ways::Make(const sema::Program& program,
                                                 const SourceManager& sources) {
  std::unique_ptr<Ways> ways(new Ways(program));
  DecisionProgram lowered = ir::Lower(program, sources);
  const std::string bytes = WriteBundle(lowered);
  ZTP_ASSIGN_OR_RETURN(DecisionProgram read, ReadBundle(bytes));
  ZTP_ASSIGN_OR_RETURN(ways->policy_, Policy::Make(std::move(lowered)));
  ZTP_ASSIGN_OR_RETURN(ways->from_bundle_, Policy::Make(std::move(read)));
  return ways;
}

absl::StatusOr<Ways::World> Ways::Load(std::vector<EntityRecord> records) const {
  World world;
  ZTP_ASSIGN_OR_RETURN(world.snapshot, MakeSnapshot(*policy_, records));
  ZTP_ASSIGN_OR_RETURN(world.for_bundle, MakeSnapshot(*from_bundle_, records));
  world.records = std::move(records);
  world.reference = std::make_unique<reference::World>(program_.schema, world.records);
  return world;
}

absl::StatusOr<Decision> Ways::Decide(const World& world, const Request& request) {
  const Decision plain = reference::Decide(program_, *world.reference, request);
  const Decision compiled = ztp::Decide(*policy_, *world.snapshot, request, scratch_);
  const Decision bundled = ztp::Decide(*from_bundle_, *world.for_bundle, request, scratch_);
  if (plain == compiled && compiled == bundled) return compiled;
  const RuleNames name = [&](uint32_t rule) { return program_.rules[rule].full_name(); };
  return Internal("the ways to decide disagree (a fault of ztp; please report it):\n  reference: ",
                  FormatDecision(program_.schema, plain, name),
                  "\n  program:   ", FormatDecision(program_.schema, compiled, name),
                  "\n  bundle:    ", FormatDecision(program_.schema, bundled, name));
}

Explanation Ways::Explain(const World& world, const Request& request) {
  return ztp::Explain(*policy_, *world.snapshot, request, scratch_);
}

}  // namespace ztp::scenario
