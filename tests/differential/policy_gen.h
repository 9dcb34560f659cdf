// Random well-typed policies as source text.
//
// Boundary: this file knows the language's syntax and typing, and nothing of any evaluator. Each
// policy has a schema of its own (a random choice of attributes over a fixed frame of entity types)
// and a handful of rules whose conditions reach every operator and type. Names are short: these
// texts are read when a case fails.
#pragma once

#include <string>

#include "tests/differential/random.h"

namespace ztp::differential {

struct PolicyOptions {
  int rules = 6;      // permits, forbids and duties together, at least three
  int max_depth = 4;  // of an expression
  // Further permits, forbids and duties whose clauses are plain comparisons: what the engine's
  // index is made of.
  int simple_rules = 0;
  // Leave out what reads `now`: for tests that want decisions without an end.
  bool without_now = false;
};

std::string GeneratePolicy(Random& random, const PolicyOptions& options = {});

}  // namespace ztp::differential
