// Attestation reports of AMD SEV-SNP guests: "SEV Secure Nested Paging Firmware ABI Specification"
// (56860), table ATTESTATION_REPORT, versions 2 to 5; certificates as "Versioned Chip Endorsement
// Key (VCEK) Certificate and KDS Interface Specification" (57230) has them.
//
// Boundary: a report, the certificates of the key that signed it, AMD's root and what the caller
// pins in; the host in normal form out. That key is one chip's (VCEK), or, where the caller names
// the cloud provider, one that AMD has given to all chips of that provider (VLEK).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

inline constexpr size_t kSnpReportBytes = 1184;

// The security version numbers of the parts of the firmware.
struct SnpTcb {
  uint8_t fmc = 0;  // from Turin on
  uint8_t bootloader = 0;
  uint8_t tee = 0;
  uint8_t snp = 0;
  uint8_t microcode = 0;
  bool operator==(const SnpTcb&) const = default;
  // Is none of the parts older?
  bool AtLeast(const SnpTcb& other) const {
    return fmc >= other.fmc && bootloader >= other.bootloader && tee >= other.tee &&
           snp >= other.snp && microcode >= other.microcode;
  }
};

// What a guest must be. The default accepts none.
struct SnpPolicy {
  // AMD's lists. Where they are required, the ASK's is: for chips AMD revokes by TCB.
  Revocation revocation;
  // 64 bytes of report data are the answer.
  Challenge challenge;
  // The launch measurement is one of these, 48 bytes each. nullopt: any will do, and is reported.
  std::optional<std::vector<std::string>> measurements = std::vector<std::string>();
  // 32 bytes that the host gave at launch are one of these. nullopt: any.
  std::optional<std::vector<std::string>> host_data;
  // The oldest TCB that is up to date. nullopt: nobody judges it (not_judged).
  std::optional<SnpTcb> minimum_tcb;
  bool out_of_date_allowed = false;  // an older one is reported (out_of_date), not refused
  // False: a guest that can be debugged is refused (kStatus); else that is reported.
  bool debug_allowed = false;
  bool migration_agent_allowed = false;  // one may then move the guest elsewhere
  // Does the measurement that was pinned cover firmware that boots only what is signed?
  bool measured_means_secure_boot = false;
  // Whose VLEKs are taken: AMD's names of providers ("CN=cc-us-east-2.amazonaws.com"), exactly.
  // Such a report says which provider's chip it is from, not which chip. None: only a VCEK is
  // taken.
  std::vector<std::string> vlek_providers;
  uint32_t highest_vmpl = 0;  // the privilege level that asked for the report: 0 is the highest
};

struct SnpReport {
  Attested attested;
  uint32_t version = 0;
  uint64_t policy = 0;  // as the ABI has it: bit 19 is DEBUG
  uint32_t vmpl = 0;
  uint32_t guest_svn = 0;
  SnpTcb tcb;               // REPORTED_TCB, which the certificate is for
  std::string measurement;  // bytes
  std::string host_data;
  std::string report_data;
  std::string chip_id;   // may be hidden, as zeros, where `provider` is not empty
  std::string provider;  // whose VLEK signed; empty: a VCEK did
};

// `signer`: the certificate of the VCEK or VLEK. `intermediates`: the ASK or ASVK. `anchors`: AMD's
// roots (ARK).
//   kTooLarge, kMalformed (another length or version), kAlgorithm
//   kKeyUnknown   signed by another kind of key than the policy takes
//   what VerifyPath refuses with
//   kSubject      a certificate of another chip or provider, of another kind, or for another TCB,
//                 than the report is of
//   kSignature, kNonce, kBinding, kStatus, kMeasurement, kIssuedInFuture, kTooOld
// Thread-safe.
Verified<SnpReport> VerifySnpReport(std::string_view report, const Certificate& signer,
                                    std::span<const Certificate> intermediates,
                                    std::span<const Certificate> anchors, const SnpPolicy& policy,
                                    Time now);

}  // namespace ztp::evidence
