// Attestation results for NVIDIA's GPUs and switches, as NRAS and NVIDIA's SDK write them: a
// detached EAT bundle (RFC 9711 section 5.1, in JSON) of claims version 2 or 3
// (docs.nvidia.com/attestation, "NRAS claims"): an overall token, which has the SHA-256 of each
// device's own token.
//
// Boundary: a bundle, the service's keys and what is expected in; the devices in normal form out.
// The service has compared the measurements with NVIDIA's reference manifests; which of its claims
// must hold for that to count is written here (nvidia_token.cc).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/eat.h"

namespace ztp::evidence {

inline constexpr size_t kMaxNvidiaBundleBytes = size_t{512} << 10;
inline constexpr size_t kMaxNvidiaDevices = 32;

// What a service's tokens must be. The default accepts none.
struct NvidiaTokenPolicy {
  JwsPolicy jws;
  std::vector<std::string> issuers;
  // The answer to it is `eat_nonce` in hexadecimal, of the bundle and of each device.
  Challenge challenge;
  std::optional<Duration> max_age;  // since `iat`
  Duration leeway;
  // A GPU or switch whose appraisal is worse is refused (kMeasurement); else it is reported.
  Appraisal worst_accepted = Appraisal::kAffirming;
  // The claims do not say whether confidential computing is on. Where the operator has the
  // attester ask only GPUs on which it is, that is said here, and Gpu::confidential follows.
  bool attested_means_confidential = false;
  // Which GPU the Device is about: "GPU-0". Empty: the only one; there must be no second.
  std::string gpu;
};

struct NvidiaDevice {
  std::string name;  // "GPU-0"
  bool is_switch = false;
  // Of a switch: the version of its BIOS as `vbios`, and no driver.
  Gpu gpu;
  Appraisal appraisal = Appraisal::kUnappraised;
  std::string ueid;
  std::optional<std::string> nonce;  // the bytes that its token answers
  std::string warning;               // `x-nvidia-attestation-warning`; empty: none
};

struct NvidiaToken {
  Attested attested;  // the chosen GPU; the verdict is the worst of all devices'
  std::string version;
  bool overall_result = false;  // what the service says of all of them
  std::vector<NvidiaDevice> devices;
  std::optional<std::string> nonce;  // the bytes that all tokens answer
};

// `bundle`: [["JWT", overall], {"GPU-0": token, …}].
//   kTooLarge, kMalformed, what VerifyEat refuses with
//   kSubject      not about a platform, or no single GPU to speak of
//   kSignature    a device's token is not the one whose digest was signed
//   kNonce, kBinding, kMeasurement, kClaim
// Thread-safe.
Verified<NvidiaToken> VerifyNvidiaToken(std::string_view bundle, const JwkSet& keys,
                                        const NvidiaTokenPolicy& policy, Time now);

// One device's claims, without any signature: for the verifier above and for tests. `name` says
// whether it is a switch: "SWITCH-0".
Verified<NvidiaDevice> ReadNvidiaDevice(std::string_view name, const JsonTree& claims);

}  // namespace ztp::evidence
