// Quotes of Intel TDX: "Intel TDX DCAP: Quote Generation Library and Quote Verification Library",
// appendix A, versions 4 and 5, signed with ECDSA on P-256.
//
// Boundary: a quote, with the certificates in it, Intel's root, collateral and what the caller pins
// in; the host in normal form out. Of the quote's certificates nothing is believed but what leads
// to the given root.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/tdx_collateral.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

inline constexpr size_t kMaxTdxQuoteBytes = size_t{64} << 10;

// Intel's documents as they were fetched. Views: the caller keeps the bytes.
struct TdxCollateral {
  std::string_view tcb_info;     // JSON
  std::string_view qe_identity;  // JSON
  // Who signed each, the signer first.
  std::span<const Certificate> tcb_info_signing;
  std::span<const Certificate> qe_identity_signing;
  // Documents of an older evaluation are refused (kTooOld).
  uint32_t minimum_evaluation_number = 0;
};

// What a trust domain must be. The default accepts none.
struct TdxPolicy {
  Revocation revocation;  // Intel's lists, for the quote's certificates and the collateral's
  // 64 bytes of report data are the answer.
  Challenge challenge;
  // nullptr: nobody judges the platform (not_judged).
  const TdxCollateral* collateral = nullptr;
  // A worse status is refused (kStatus); else it is reported.
  TcbStatus worst_accepted = TcbStatus::kUpToDate;
  // The measurement at launch is one of these, 48 bytes each. nullopt: any, and is reported.
  std::optional<std::vector<std::string>> mrtds = std::vector<std::string>();
  // Those extended at run time, likewise. nullopt: any.
  std::array<std::optional<std::vector<std::string>>, 4> rtmrs;
  std::optional<std::vector<std::string>> config_ids;  // MRCONFIGID, 48 bytes
  std::optional<std::vector<std::string>> owners;      // MROWNER, 48 bytes
  // False: a domain that can be debugged is refused (kStatus); else that is reported.
  bool debug_allowed = false;
  // Do the measurements that are pinned cover firmware that boots only what is signed?
  bool measured_means_secure_boot = false;
  // Some drivers give quotes in a buffer of fixed size: what stands behind the quote is not part of
  // it, is not signed, and is not looked at.
  bool trailing_bytes_allowed = false;
};

struct TdxQuote {
  Attested attested;
  uint32_t version = 0;
  uint64_t attributes = 0;  // of the domain: bits 0 to 7 are for debugging
  uint64_t xfam = 0;
  std::string mrtd;  // bytes, as are the following
  std::array<std::string, 4> rtmrs;
  std::string config_id, owner, report_data;
  std::string fmspc;
  TcbJudgement judgement;  // of platform, module and quoting enclave
};

//   kTooLarge, kMalformed, kAlgorithm (another kind of signature)
//   what VerifyPath refuses with, kUsage (no PCK certificate), kChain (no certificates in the
//   quote) kSignature    of the quoting enclave's report, or of the quote kBinding      the quote's
//   key is not the one that the quoting enclave reports, or it is not
//                 bound to the channel's
//   kNonce, what the collateral is refused with, kTooOld, kStatus, kMeasurement, kIssuedInFuture
// Thread-safe.
Verified<TdxQuote> VerifyTdxQuote(std::string_view quote, std::span<const Certificate> anchors,
                                  const TdxPolicy& policy, Time now);

}  // namespace ztp::evidence
