// Which job of a pipeline runs, by GitHub Actions' OpenID Connect token: GitHub's documentation,
// "OpenID Connect reference", section "OIDC token claims".
//
// Boundary: a token and GitHub's keys in; repository, ref, workflow, commit and runner out. What
// the workflow is allowed to do, a policy says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwt.h"

namespace ztp::evidence {

struct PipelineTokenPolicy {
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  JwsAlgorithms algorithms;
  std::optional<Duration> max_age;
  Duration leeway;
};

struct PipelineToken {
  enum class Runner : uint8_t { kHosted, kSelfHosted, kUnknown };
  Jwt jwt;
  std::string repository;  // "acme/vision"
  std::string ref;         // "refs/heads/main"
  std::string
      workflow;        // `workflow_ref`: "acme/vision/.github/workflows/train.yml@refs/heads/main"
  std::string commit;  // `sha`, in hexadecimal
  std::optional<std::string> environment;
  Runner runner = Runner::kUnknown;
};

// Refuses with what VerifyJwt does, or kClaim. Thread-safe.
Verified<PipelineToken> VerifyPipelineToken(std::string_view token, const JwkSet& keys,
                                            const PipelineTokenPolicy& policy, Time now);

}  // namespace ztp::evidence
