// The normal form of a device's posture: what every attestation format is brought into, member for
// member what std.ai declares as Device, Gpu and Host (policies/std/ai.ztp).
//
// Boundary: plain values and how several become one. What a format says, and whether it is true,
// the verifiers know (ear.h, nvidia_token.h, nvidia_report.h, snp_report.h, tdx_quote.h,
// tpm_quote.h). A default is always the value that lets a policy do less.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/hex.h"
#include "engine/core/time.h"

namespace ztp::evidence {

// std.ai Verdict. The numbers of an EAT attestation result (draft-ietf-rats-ar4si) are 0, 2, 32,
// 96.
enum class Appraisal : uint8_t { kUnappraised, kAffirming, kWarning, kContraindicated };

enum class Tee : uint8_t { kNone, kSevSnp, kTdx, kSgx, kCca, kNitro };

// Best to worst; what nobody judged is worse than configuration_needed and no better than anything.
enum class TcbStatus : uint8_t {
  kUpToDate,
  kConfigurationNeeded,
  kOutOfDate,
  kRevoked,
  kNotJudged
};

// The names that std.ai has: "affirming", "sev_snp", "up_to_date".
std::string_view NameOf(Appraisal appraisal);
std::string_view NameOf(Tee tee);
std::string_view NameOf(TcbStatus status);

struct Gpu {
  std::string model;
  std::string driver;  // a Version (core/version.h)
  std::string vbios;   // a HexVersion
  bool confidential = false;
  bool secure_boot = false;
  bool debug = true;
  Appraisal measurements = Appraisal::kUnappraised;
  bool nonce_matched = false;
  bool operator==(const Gpu&) const = default;
};

struct Host {
  Tee tee = Tee::kNone;
  bool secure_boot = false;
  bool debug = true;
  TcbStatus tcb = TcbStatus::kNotJudged;
  std::string firmware = "0";              // a Version
  std::optional<std::string> kernel;       // a Version
  std::optional<std::string> measurement;  // "sha384:…"
  bool disk_encrypted = false;
  bool operator==(const Host&) const = default;
};

struct Device {
  // Nothing: the evidence is about the host alone. A Device of std.ai has one (kind_device.h).
  std::optional<Gpu> gpu;
  Host host;
  Appraisal verdict = Appraisal::kUnappraised;
  std::optional<std::string> verifier;
  bool operator==(const Device&) const = default;
};

// A posture with what says when and by whom it was proven.
struct Attested {
  Device device;
  // Not before this was it attested; nothing: not known.
  std::optional<Time> issued_at;
  Time expires_at;     // the facts hold before this
  std::string anchor;  // "sha256:…" of the root certificate, or the thumbprint of the key
  std::string digest;  // "sha256:…" of the evidence
  // "sha256:…" of the SubjectPublicKeyInfo that the evidence is bound to, where that was required.
  std::optional<std::string> bound_key;
  bool operator==(const Attested&) const = default;
};

// The worse of two: contraindicated, then warning, then unappraised, then affirming.
Appraisal Worse(Appraisal a, Appraisal b);
TcbStatus Worse(TcbStatus a, TcbStatus b);

// What evidence that is appraised here comes to. `measured`: what was measured is what was pinned.
Appraisal AppraisalOf(bool measured, bool debug, TcbStatus tcb);

// Do the parsers of std.ai's types take the text?
bool IsVersion(std::string_view text);
bool IsHexVersion(std::string_view text);

// "sha384:" and the bytes in hexadecimal; for 32, 48 and 64 bytes.
std::string DigestText(std::string_view bytes);
// The bytes of hexadecimal digits in either case; nothing: it is none.
std::optional<std::string> FromHex(std::string_view text);

}  // namespace ztp::evidence
