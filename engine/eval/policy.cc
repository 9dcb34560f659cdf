// See policy.h. The solver of quantifiers is in load_time.cc.
#include "engine/eval/policy.h"

#include <optional>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "engine/bundle/kernel_tables.h"
#include "engine/core/result.h"

namespace ztp {

absl::StatusOr<std::shared_ptr<const Policy>> Policy::Make(DecisionProgram program) {
  std::shared_ptr<Policy> policy(new Policy());
  policy->program_ = std::make_shared<const DecisionProgram>(std::move(program));
  const DecisionProgram& p = *policy->program_;
  for (TextRef pattern : p.patterns) {
    policy->patterns_.push_back(std::make_unique<Pattern>(p.Text(pattern)));
  }
  for (TextRef text : p.schedules) {
    absl::StatusOr<Schedule> schedule = Schedule::Parse(p.Text(text));
    if (!schedule.ok()) {
      return InvalidArgument("schedule \"", p.Text(text), "\": ", Message(schedule.status()));
    }
    policy->schedules_.push_back(*std::move(schedule));
  }
  policy->view_ = ViewOf(p);
  policy->host_.context = policy.get();
  policy->host_.matches = [](void* context, uint32_t pattern, const char* text, uint32_t size) {
    return static_cast<const Policy*>(context)->patterns_[pattern]->Matches({text, size});
  };
  policy->host_.within = [](void* context, uint32_t number, int64_t now, int64_t* flip) {
    const Schedule& schedule = static_cast<const Policy*>(context)->schedules_[number];
    const std::optional<Time> next = schedule.NextFlip(Time{now});
    *flip = next ? next->micros : kForEver;
    return schedule.Contains(Time{now});
  };
  return std::shared_ptr<const Policy>(std::move(policy));
}

}  // namespace ztp
