// What the kinds of device evidence have in common: std.ai's Device as their normal form, the
// settings of sources whose evidence hardware signed, and the facts that come of it.
//
// Boundary: between kinds and the verifiers of devices (device.h); no kind in particular.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/challenge.h"
#include "engine/evidence/device.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/x509_chain.h"

namespace ztp::evidence {

// std.ai's Device. All of its fields are filled in: what evidence does not say has the value that
// lets a policy do less. A Device of std.ai has a GPU; one that the evidence says nothing of is of
// no model, of version 0, not confidential and open to debugging.
const NormalForm& DeviceForm();
Value DeviceValue(const Device& device);

// Settings of sources of evidence that a root certificate stands behind and that has no time of its
// own: when it was verified is when it was issued.
struct HardwareSettings {
  std::vector<Certificate> roots;
  std::vector<Crl> crls;
  bool revocation_required = false;
  std::optional<Duration> crl_max_age;
  Duration max_age;
  Duration leeway;
  bool nonce_required = false;

  // Views of what this owns.
  Revocation revocation() const;
  // That a nonce is one that was given out, Trust asks.
  Challenge ChallengeAt(Time now) const;
};

// `crls`, `revocation`, `crl_max_age`, and, of what every source may say, `max_age` and `nonce`,
// which such a source must say.
HardwareSettings ReadHardwareSettings(SourceReader& reader);
// `roots`.
std::vector<Certificate> ReadRoots(SourceReader& reader);

// A fact about a device by such evidence: all but subjects, id and nonce.
ProvenFact FactOf(const Attested& attested, const HardwareSettings& settings, Time now);
// The same of a token, which says itself when it was issued and expires.
ProvenFact FactOfToken(const Attested& attested, const SourceReader::Common& common);

// What a guest puts into its 64 bytes of report data, by the source's `report_data`.
//   "nonce"            32 bytes of nonce and zeros, or a nonce of 64 bytes
//   "key_then_nonce"   SHA-256 of the SubjectPublicKeyInfo of the key that the guest holds, and 32
//                      bytes of nonce: the fact is then first of all about "sha256:…" of that key
enum class ReportData : uint8_t { kNonce, kKeyThenNonce };
ReportData ReadReportData(SourceReader& reader);
void AddReportData(std::string_view field, ReportData form, ProvenFact* fact);

// A member with one digest or several, of `bytes` bytes: hexadecimal digits, with or without
// "sha384:" before them. Nothing: it is absent, or reported.
std::optional<std::vector<std::string>> ReadDigests(SourceReader& reader, std::string_view name,
                                                    size_t bytes);
// The same; a source without it pins nothing, which is reported.
std::vector<std::string> ReadPinned(SourceReader& reader, std::string_view name, size_t bytes);

// `worst_verdict`: `affirming` unless it says another.
Appraisal ReadWorstVerdict(SourceReader& reader);

}  // namespace ztp::evidence
