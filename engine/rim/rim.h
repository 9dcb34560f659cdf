// Reference integrity manifests of NVIDIA's GPUs: what a driver or a VBIOS of one version measures
// to, as a software identification tag (ISO/IEC 19770-2:2015) by TCG's "Reference Integrity
// Manifest Information Model" 1.01, with NVIDIA's signature.
//
// Boundary: a file and NVIDIA's roots in; reference values out, as the trust configuration of
// nvidia-report has them (engine/evidence/README.md). Only what was signed is read, in the form in
// which it was signed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/nvidia_report.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::rim {

inline constexpr size_t kMaxRimBytes = size_t{1} << 20;

enum class RimOf : uint8_t { kDriver, kVbios };

struct Rim {
  RimOf of = RimOf::kDriver;
  evidence::NvidiaReference reference;  // version and measurements
  std::string product;                  // "GH100"
  std::string tag_id;
  std::string signer;  // for people: the certificate that signed
  std::string anchor;  // "sha256:…" of the root
  Time valid_until;    // when the certificates, or the lists that were asked, end
};

// What a manifest says, without its signature; who says so, whoever gives the bytes knows: signer,
// anchor and end are left empty. Whether it is of a driver or a VBIOS, the form of its version
// says: "535.86.09" or "96.00.5E.00.01". A manifest that supplements or patches another is refused.
//   kTooLarge, kMalformed
//   kMeasurement   there is nothing in it to compare with
// Thread-safe.
evidence::Verified<Rim> ReadRim(std::string_view xml);

// The same of a file, by what its signature is over. Refuses with what VerifyXmlSignature does,
// too.
evidence::Verified<Rim> VerifyRim(std::string_view xml,
                                  std::span<const evidence::Certificate> anchors,
                                  const evidence::PathOptions& options);

// {"drivers": […], "vbioses": […]}, each where there is one, in the order of their versions' text:
// a piece of the trust configuration, which ends with a line feed. kMeasurement: two are of one
// version and say different things.
evidence::Verified<std::string> ReferencesAsJson(std::span<const Rim> rims);

}  // namespace ztp::rim
