// How a decision came about, rule by rule.
//
// Boundary: data. explain.cc makes it, json_decision.cc writes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/world.h"

namespace ztp {

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
