// See device.h.
#include "engine/evidence/device.h"

#include "engine/base/str.h"
#include "engine/core/version.h"

namespace ztp::evidence {
namespace {

int RankOf(Appraisal appraisal) {
  switch (appraisal) {
    case Appraisal::kAffirming:
      return 0;
    case Appraisal::kUnappraised:
      return 1;
    case Appraisal::kWarning:
      return 2;
    case Appraisal::kContraindicated:
      break;
  }
  return 3;
}

int RankOf(TcbStatus status) {
  switch (status) {
    case TcbStatus::kUpToDate:
      return 0;
    case TcbStatus::kConfigurationNeeded:
      return 1;
    case TcbStatus::kNotJudged:
      return 2;
    case TcbStatus::kOutOfDate:
      return 3;
    case TcbStatus::kRevoked:
      break;
  }
  return 4;
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view NameOf(Appraisal appraisal) {
  switch (appraisal) {
    case Appraisal::kUnappraised:
      return "unappraised";
    case Appraisal::kAffirming:
      return "affirming";
    case Appraisal::kWarning:
      return "warning";
    case Appraisal::kContraindicated:
      break;
  }
  return "contraindicated";
}

std::string_view NameOf(Tee tee) {
  switch (tee) {
    case Tee::kSevSnp:
      return "sev_snp";
    case Tee::kTdx:
      return "tdx";
    case Tee::kSgx:
      return "sgx";
    case Tee::kCca:
      return "cca";
    case Tee::kNitro:
      return "nitro";
    case Tee::kNone:
      break;
  }
  return "no_tee";
}

std::string_view NameOf(TcbStatus status) {
  switch (status) {
    case TcbStatus::kUpToDate:
      return "up_to_date";
    case TcbStatus::kConfigurationNeeded:
      return "configuration_needed";
    case TcbStatus::kOutOfDate:
      return "out_of_date";
    case TcbStatus::kRevoked:
      return "revoked";
    case TcbStatus::kNotJudged:
      break;
  }
  return "not_judged";
}

Appraisal Worse(Appraisal a, Appraisal b) { return RankOf(a) < RankOf(b) ? b : a; }

TcbStatus Worse(TcbStatus a, TcbStatus b) { return RankOf(a) < RankOf(b) ? b : a; }

Appraisal AppraisalOf(bool measured, bool debug, TcbStatus tcb) {
  if (debug || tcb == TcbStatus::kRevoked) return Appraisal::kContraindicated;
  if (tcb == TcbStatus::kOutOfDate || tcb == TcbStatus::kConfigurationNeeded) {
    return Appraisal::kWarning;
  }
  return measured && tcb == TcbStatus::kUpToDate ? Appraisal::kAffirming : Appraisal::kUnappraised;
}

bool IsVersion(std::string_view text) {
  VersionKey key;
  return EncodeVersion(text, &key).error == VersionError::kNone;
}

bool IsHexVersion(std::string_view text) {
  VersionKey key;
  return EncodeHexVersion(text, &key).error == VersionError::kNone;
}

std::optional<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = DigitOf(text[i]);
    const int low = DigitOf(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string DigestText(std::string_view bytes) {
  return Cat("sha", bytes.size() * 8, ":", Hex(bytes));
}

}  // namespace ztp::evidence
