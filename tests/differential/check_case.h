// One random case: a policy, a world, and requests, decided in every way there is and held against
// each other.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/differential/policy_gen.h"

namespace ztp::differential {

struct Statistics {
  uint64_t policies = 0;
  uint64_t decisions = 0;
  uint64_t allows = 0;
  uint64_t with_unknowns = 0;   // decisions in which some rule in scope rests on an unknown
  uint64_t with_end = 0;        // decisions with a valid_until
  uint64_t leases_checked = 0;  // decided again just before and just after their end
  uint64_t out_of_steps = 0;    // with a budget of few steps
  // Rules that the index left over, all decisions together: one that leaves out less answers all
  // the same, only later.
  uint64_t candidates = 0;
  std::map<std::string, uint64_t> operators;  // of the typed programs, by name
  std::map<std::string, uint64_t> opcodes;    // of the decision programs, by name
};

struct CaseOptions {
  PolicyOptions policy;
  int worlds = 2;
  int requests = 20;  // of each world
};

// Everything follows from the seed. An error is a disagreement (or a generated policy that does not
// compile): its message has the policy, the request's decision by each way, and the reference's
// trace.
absl::Status CheckCase(uint64_t seed, const CaseOptions& options, Statistics* statistics);

std::string Describe(const Statistics& statistics);

}  // namespace ztp::differential
