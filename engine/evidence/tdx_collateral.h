// Intel's collateral for TDX: TCB information and the identity of the quoting enclave, as Intel's
// Provisioning Certification Service signs them ("Intel SGX and TDX PCS API v4": Get TDX TCB Info,
// version 3; Get TDX QE Identity, version 2), and what a platform's PCK certificate says of it
// ("Intel SGX PCK Certificate and CRL Profile Specification").
//
// Boundary: signed JSON and a certificate in; numbers that can be compared out, and which level of
// a TCB fits. That a quote has these numbers, tdx_quote.h knows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/device.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

inline constexpr size_t kMaxTdxCollateralBytes = size_t{512} << 10;
inline constexpr size_t kMaxTcbLevels = 256;

using TcbSvns = std::array<uint8_t, 16>;

// What a PCK certificate says of its platform.
struct PckPlatform {
  TcbSvns sgx{};
  uint32_t pce_svn = 0;
  std::string pce_id;  // 2 bytes
  std::string fmspc;   // 6 bytes
};
//   kMalformed; kUsage: not a PCK certificate
Verified<PckPlatform> ReadPck(const Certificate& certificate);

struct TcbJudgement {
  TcbStatus status = TcbStatus::kNotJudged;
  std::string text;  // as Intel writes it: "SWHardeningNeeded"
  std::vector<std::string> advisories;
};

struct TdxTcbLevel {
  TcbSvns sgx{};
  uint32_t pce_svn = 0;
  TcbSvns tdx{};
  TcbJudgement judgement;
};
struct SvnLevel {
  uint32_t svn = 0;
  TcbJudgement judgement;
};
// A value, the bits of it that count, and what they must be.
struct Masked {
  std::string value, mask;
  bool Fits(std::string_view found) const;
};
struct TdxModule {
  std::string id;  // "TDX_01"; empty: of every version
  std::string mrsigner;
  Masked attributes;
  std::vector<SvnLevel> levels;
};

// When a document was issued and when the next one comes.
struct CollateralDates {
  Time issued_at;
  Time next_update;
  Time certificates_until;  // its signing certificates and what is known of them
  uint32_t evaluation_number = 0;
};

struct TdxTcbInfo {
  CollateralDates dates;
  std::string fmspc, pce_id;
  TdxModule module;
  std::vector<TdxModule> modules;  // of versions from 1 on
  std::vector<TdxTcbLevel> levels;

  // The level that platform and TDX module are at. kStatus: none, or of another platform or module.
  Verified<TcbJudgement> Judge(const PckPlatform& platform, std::string_view tee_tcb_svn,
                               std::string_view mrsigner_seam,
                               std::string_view seam_attributes) const;
};

struct QeIdentity {
  CollateralDates dates;
  Masked miscselect, attributes;
  std::string mrsigner;  // 32 bytes
  uint32_t isv_prod_id = 0;
  std::vector<SvnLevel> levels;

  // The level of the enclave that wrote this report of 384 bytes. kStatus: it is another enclave.
  Verified<TcbJudgement> Judge(std::string_view qe_report) const;
};

// `json`: the response's body. `signing`: the certificate that signs ("Intel SGX TCB Signing")
// first, then those above it. Revocation is as everywhere (x509_chain.h).
//   kTooLarge, kMalformed, what VerifyPath refuses with, kUsage, kAlgorithm, kSignature
//   kExpired, kNotYetValid: by its own dates
// Thread-safe.
Verified<TdxTcbInfo> VerifyTdxTcbInfo(std::string_view json, std::span<const Certificate> signing,
                                      std::span<const Certificate> anchors,
                                      const Revocation& revocation, Time now);
Verified<QeIdentity> VerifyQeIdentity(std::string_view json, std::span<const Certificate> signing,
                                      std::span<const Certificate> anchors,
                                      const Revocation& revocation, Time now);

// The worse of two, with what both advise.
TcbJudgement Worse(const TcbJudgement& a, const TcbJudgement& b);

}  // namespace ztp::evidence
