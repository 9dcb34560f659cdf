// Attestation reports of NVIDIA's GPUs as the GPU signs them: an SPDM GET_MEASUREMENTS request and
// its response with the signature over both (DMTF DSP0274 1.1, section 10.11), the opaque data as
// NVIDIA fills it (NVIDIA attestation SDK), and the certificates of the device.
//
// Boundary: a report, its certificates, NVIDIA's root and the reference values that the caller
// pins in; the GPU in normal form out. Reference integrity manifests are files with signatures of
// their own: whoever gives reference values has verified them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

inline constexpr size_t kMaxNvidiaReportBytes = size_t{32} << 10;

// What one manifest says that the firmware or driver of a version measures to.
struct NvidiaReference {
  std::string version;  // "535.86.09", or "96.00.5E.00.01"
  // Index of the manifest (from 0; block index of the report less one) to the digests that are
  // right: 48 bytes each, any of them.
  std::map<int, std::vector<std::string>> measurements;
};

// How a GPU runs, as its firmware says.
enum class NvidiaMode : uint8_t {
  kNotSaid,       // firmware of before: a report came out, so confidential computing was on
  kSingleGpu,     // SPT
  kMultiGpu,      // MPT: NVLink is encrypted
  kProtectedPcie  // PPCIE: NVLink is not
};

struct NvidiaReportPolicy {
  Revocation revocation;  // of the certificates
  // 32 bytes of the request are the answer.
  Challenge challenge;
  // The report's driver and VBIOS are of a version that is here and measure to what it says.
  // Both empty: nothing is compared, and the measurements are unappraised.
  std::vector<NvidiaReference> drivers;
  std::vector<NvidiaReference> vbioses;
  // False: without references, or where a measurement is another, that is reported, not refused.
  bool affirming_required = true;
  // Which modes count as confidential.
  bool unsaid_mode_is_confidential = false;
  bool protected_pcie_is_confidential = false;
};

struct NvidiaReport {
  Attested attested;
  NvidiaMode mode = NvidiaMode::kNotSaid;
  std::string nonce;                        // 32 bytes of the request
  std::map<int, std::string> measurements;  // by index of the manifest, 48 bytes each
  std::vector<int> mismatches;              // whose digest is another than the references say
};

// `certificates`: the device's first, in the order of the path. `anchors`: NVIDIA's roots.
//   kTooLarge, kMalformed
//   what VerifyPath refuses with; kAlgorithm: the device's key is not on P-384
//   kSignature
//   kSubject      the certificate is of another firmware than the report says
//   kNonce, kBinding, kMeasurement, kIssuedInFuture, kTooOld
// Thread-safe.
Verified<NvidiaReport> VerifyNvidiaReport(std::string_view report,
                                          std::span<const Certificate> certificates,
                                          std::span<const Certificate> anchors,
                                          const NvidiaReportPolicy& policy, Time now);

}  // namespace ztp::evidence
