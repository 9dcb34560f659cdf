// See pipeline_token.h.
#include "engine/evidence/pipeline_token.h"

#include <algorithm>
#include <utility>

#include "engine/evidence/claims.h"

namespace ztp::evidence {
namespace {

// Of SHA-1 or SHA-256, as git writes them.
bool IsCommit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

PipelineToken::Runner RunnerOf(const std::optional<std::string>& name) {
  if (name == "github-hosted") return PipelineToken::Runner::kHosted;
  if (name == "self-hosted") return PipelineToken::Runner::kSelfHosted;
  return PipelineToken::Runner::kUnknown;
}

}  // namespace

Verified<PipelineToken> VerifyPipelineToken(std::string_view token, const JwkSet& keys,
                                            const PipelineTokenPolicy& policy, Time now) {
  const JwtPolicy jwt_policy{.jws = {.algorithms = policy.algorithms},
                             .issuers = policy.issuers,
                             .audiences = policy.audiences,
                             .types = {"JWT"},
                             .max_age = policy.max_age,
                             .leeway = policy.leeway,
                             .required_claims = {"iat"}};
  JsonTree tree;
  PipelineToken result;
  ZTP_VERIFY_OR_RETURN(result.jwt, VerifyJwt(token, keys, jwt_policy, now, &tree));
  const Claims claims(tree, tree.root());
  ZTP_VERIFY_OR_RETURN(result.repository, claims.RequiredText("repository"));
  ZTP_VERIFY_OR_RETURN(result.ref, claims.RequiredText("ref"));
  ZTP_VERIFY_OR_RETURN(result.workflow, claims.RequiredText("workflow_ref"));
  ZTP_VERIFY_OR_RETURN(result.commit, claims.RequiredText("sha"));
  if (!IsCommit(result.commit)) {
    return Refuse(Check::kClaim, "the claim `sha` is no commit: 40 or 64 hexadecimal digits");
  }
  ZTP_VERIFY_OR_RETURN(result.environment, claims.Text("environment"));
  ZTP_VERIFY_OR_RETURN(const std::optional<std::string> runner, claims.Text("runner_environment"));
  result.runner = RunnerOf(runner);
  return result;
}

}  // namespace ztp::evidence
