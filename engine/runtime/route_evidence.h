// Evidence as routes ask for it: whose it would be, and what it says.
//
// Boundary: between the routes of a policy and the trust in force with it; nothing is bound here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/evidence/policy_trust.h"
#include "engine/route/router.h"

namespace ztp {

// One thread's, for one request: whatever is read of its evidence, that is verified once. The
// decision on the request that is made of it takes TakeVerified(), as evidence may be good once.
class RouteEvidence final : public route::EvidenceReader {
 public:
  // Both must outlive it; no trust: nobody's evidence is taken. `now`: when it is verified.
  RouteEvidence(const Schema& schema, const evidence::PolicyTrust* trust, Time now)
      : schema_(schema), trust_(trust), now_(now) {}

  absl::StatusOr<std::string> SourceOf(std::string_view input, std::string_view evidence) override;
  absl::StatusOr<std::string> Proven(std::string_view input, std::string_view source,
                                     std::string_view evidence,
                                     std::span<const std::string> path) override;

  // Handed over, once the route was taken.
  std::vector<evidence::VerifiedItem> TakeVerified() { return std::exchange(verified_, {}); }

 private:
  evidence::Verified<evidence::SharedFact> Verify(std::string_view input, std::string_view source,
                                                  std::string_view evidence);

  const Schema& schema_;
  const evidence::PolicyTrust* const trust_;
  const Time now_;
  std::vector<evidence::VerifiedItem> verified_;
};

}  // namespace ztp
