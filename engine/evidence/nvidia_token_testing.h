// Bundles of NVIDIA's claims by an attestation service of a test's own making.
//
// Boundary: tests only.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/core/time.h"
#include "engine/evidence/device.h"
#include "engine/evidence/jose_testing.h"

namespace ztp::evidence::nvidia_token_testing {

using nlohmann::json;

inline constexpr int64_t kSecond = 1749601900;
inline constexpr Time kThen{kSecond * kMicrosPerSecond};
inline const std::string kNonce = Sha256Bytes("what the gateway gave out");

inline json Dated() {
  return {{"iss", "https://nras.example"},
          {"eat_nonce", Hex(kNonce)},
          {"iat", kSecond - 10},
          {"nbf", kSecond - 10},
          {"exp", kSecond + 100}};
}

inline json Chain(const char* ocsp = "good") {
  return {{"x-nvidia-cert-status", "valid"}, {"x-nvidia-cert-ocsp-status", ocsp}};
}

// All that a sound GPU's claims say, in version 3.
inline json GpuClaims() {
  json claims = Dated();
  claims.update({{"hwmodel", "GH100 A01 GSP BROM"},
                 {"ueid", "4781"},
                 {"secboot", true},
                 {"dbgstat", "disabled"},
                 {"measres", "success"},
                 {"x-nvidia-attestation-warning", nullptr},
                 {"x-nvidia-gpu-driver-version", "550.90.07"},
                 {"x-nvidia-gpu-vbios-version", "96.00.9F.00.01"}});
  for (const char* name :
       {"arch-check", "attestation-report-parsed", "attestation-report-nonce-match",
        "attestation-report-signature-verified", "attestation-report-cert-chain-fwid-match",
        "driver-rim-fetched", "driver-rim-schema-validated", "driver-rim-signature-verified",
        "driver-rim-measurements-available", "driver-rim-version-match", "vbios-rim-fetched",
        "vbios-rim-schema-validated", "vbios-rim-signature-verified",
        "vbios-rim-measurements-available", "vbios-rim-version-match", "vbios-index-no-conflict"}) {
    claims[std::string("x-nvidia-gpu-") + name] = true;
  }
  for (const char* name : {"attestation-report", "driver-rim", "vbios-rim"}) {
    claims[Cat("x-nvidia-gpu-", name, "-cert-chain")] = Chain();
  }
  return claims;
}

inline json OverallClaims(const std::vector<std::pair<std::string, std::string>>& devices) {
  json claims = Dated();
  claims.update({{"sub", "NVIDIA-PLATFORM-ATTESTATION"},
                 {"x-nvidia-ver", "3.0"},
                 {"x-nvidia-overall-att-result", true},
                 {"submods", json::object()}});
  for (const auto& [name, token] : devices) {
    claims["submods"][name] = {"DIGEST", {"SHA-256", Hex(Sha256Bytes(token))}};
  }
  return claims;
}

inline std::string Sign(const json& claims) {
  return testing::KeyFor(JwsAlgorithm::kEs256).TokenOf(claims.dump());
}

inline std::string Bundle(const json& overall,
                          const std::vector<std::pair<std::string, std::string>>& devices) {
  json tokens = json::object();
  for (const auto& [name, token] : devices) tokens[name] = token;
  return json({{"JWT", Sign(overall)}, tokens}).dump();
}
inline std::string BundleOf(const std::vector<std::pair<std::string, json>>& devices) {
  std::vector<std::pair<std::string, std::string>> tokens;
  for (const auto& [name, claims] : devices) tokens.emplace_back(name, Sign(claims));
  return Bundle(OverallClaims(tokens), tokens);
}

}  // namespace ztp::evidence::nvidia_token_testing
