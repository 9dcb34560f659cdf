// What a decision and an explanation look like when they come out of the evaluator.
//
// Boundary: data. A Verdict points into the policy and the scratch that made it, so that deciding
// allocates nothing; a Decision (base/world.h) is its copy in plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/world.h"
#include "engine/facts/val.h"

namespace ztp {

inline constexpr int64_t kForEver = INT64_MAX;

struct Verdict {
  struct Obligation {
    ObligationId obligation;
    std::span<const Val> args;
  };
  bool allow = false;
  bool limit = false;  // denied because the step budget was spent
  bool rests_on_unknown = false;
  std::span<const uint32_t> rules;
  std::span<const Obligation> obligations;
  int64_t valid_until = kForEver;  // microseconds
  std::span<const uint32_t>
      facts;  // if it rests on an unknown: the sets of missing facts (missing_facts.h)
};

// How a decision came about, rule by rule.
struct Explanation {
  enum class Outcome : uint8_t { kFalse, kTrue, kUnknown, kSkipped };
  struct Read {
    std::string path;   // `resource.label`, `device.gpu.driver`
    std::string value;  // as an author would write it; `unknown` or `missing`
  };
  struct Clause {
    uint32_t index = 0;  // in DecisionProgram::clauses
    Outcome outcome = Outcome::kUnknown;
    std::vector<std::string> unknown;  // if unknown: the missing facts
    std::vector<Read> reads;
  };
  struct Rule {
    uint32_t index = 0;  // in DecisionProgram::rules
    bool applied = false;
    Outcome condition = Outcome::kUnknown;
    std::vector<Clause> clauses;
  };
  Decision decision;
  std::vector<Rule> rules;  // permits, forbids and duties in scope, in source order
};

}  // namespace ztp
