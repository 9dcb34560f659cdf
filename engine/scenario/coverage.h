// Which rules and clauses the tests decided: a clause that no test saw both true and not true is
// one that no test would miss.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/source.h"
#include "engine/eval/explanation.h"
#include "engine/sema/program.h"

namespace ztp::scenario {

struct Coverage {
  struct Clause {
    uint64_t held = 0;    // was true where its rule was in scope
    uint64_t failed = 0;  // was false, unknown or skipped
  };
  struct Rule {
    uint64_t in_scope = 0;
    uint64_t applied = 0;
    uint64_t decided = 0;  // was among the deciding rules
    std::vector<Clause> clauses;
  };
  std::vector<Rule> rules;  // as in the program; grows on first use

  void Record(const sema::Program& program, const Explanation& explanation,
              const Decision& decision);
};

// A line a rule that is not fully covered, its clauses below it, and the sum at the end.
std::string RenderCoverage(const sema::Program& program, const SourceManager& sources,
                           const Coverage& coverage);

}  // namespace ztp::scenario
