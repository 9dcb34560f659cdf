// Projected service account tokens of Kubernetes: KEP-1205 (bound tokens), KEP-4193 (node and jti).
//
// Boundary: a token and its cluster's keys in; namespace, service account and pod out. Whether the
// pod still exists only the cluster knows: such a token is a proof of what was, for as long as it
// is valid.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jwt.h"

namespace ztp::evidence {

struct KubernetesTokenPolicy {
  std::string issuer;  // of the cluster
  std::vector<std::string> audiences;
  JwsAlgorithms algorithms = {JwsAlgorithm::kRs256, JwsAlgorithm::kEs256, JwsAlgorithm::kEs384,
                              JwsAlgorithm::kEs512};
  std::optional<Duration> max_age;
  Duration leeway;
  bool pod_required = false;  // only a token that is bound to a pod
};

// An object of the cluster: its name may be given to another later, its uid never.
struct KubernetesObject {
  std::string name;
  std::string uid;
  bool operator==(const KubernetesObject&) const = default;
};

struct KubernetesToken {
  Jwt jwt;
  std::string name_space;
  KubernetesObject service_account;
  std::optional<KubernetesObject> pod;
  std::optional<KubernetesObject> node;
};

// kSubject: `sub` is not the service account of the claim `kubernetes.io`. kBinding: a pod is
// required and the token has none. Thread-safe.
Verified<KubernetesToken> VerifyKubernetesToken(std::string_view token, const JwkSet& keys,
                                                const KubernetesTokenPolicy& policy, Time now);

}  // namespace ztp::evidence
