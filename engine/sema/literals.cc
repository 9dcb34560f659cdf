// Text of literals to values, and patterns checked.
#include "engine/sema/literals.h"

#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/schedule.h"
#include "engine/base/str.h"
#include "re2/re2.h"

namespace ztp::sema {
namespace {

// What compiling and running one pattern may cost.
constexpr size_t kMaxRegexBytes = 1024;
constexpr int64_t kMaxRegexMemory = int64_t{1} << 20;

template <typename T, typename Make>
LiteralResult From(absl::StatusOr<T> parsed, Make make) {
  if (!parsed.ok()) return {std::nullopt, std::string(FromAbsl(parsed.status().message()))};
  return {make(*std::move(parsed)), {}};
}

}  // namespace

LiteralResult ParseLiteral(TypeKind kind, std::string_view text) {
  switch (kind) {
    case TypeKind::kInt:
      return From(ParseInt(text), Value::Int);
    case TypeKind::kDecimal:
      return From(ParseDecimal(text), Value::OfDecimal);
    case TypeKind::kTime:
      return From(ParseTime(text), Value::OfTime);
    case TypeKind::kDuration:
      return From(ParseDuration(text), Value::OfDuration);
    case TypeKind::kVersion:
      return From(ParseVersion(text), Value::Version);
    case TypeKind::kHexVersion:
      return From(ParseHexVersion(text), Value::HexVersion);
    case TypeKind::kIp:
      return From(ParseIp(text), Value::OfIp);
    case TypeKind::kCidr:
      return From(ParseCidrOrIp(text), Value::OfCidr);
    case TypeKind::kDigest:
      return From(ParseDigest(text), Value::Digest);
    case TypeKind::kSpiffeId:
      return From(ParseSpiffeId(text), Value::SpiffeId);
    case TypeKind::kGlob:
      return From(ParseGlob(text), Value::Glob);
    default:
      return {std::nullopt, "there are no such literals"};
  }
}

std::string_view LiteralForm(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInt:
      return "a whole number of 64 bits, such as 42";
    case TypeKind::kDecimal:
      return "a number with at most nine places, such as 0.95";
    case TypeKind::kTime:
      return "a time such as \"2030-01-31T08:00:00Z\"";
    case TypeKind::kDuration:
      return "a duration such as 250ms, 30s, 1h30m, 7d";
    case TypeKind::kVersion:
      return "a version such as \"550.90.07\" or \"1.2.0-rc.1\"";
    case TypeKind::kHexVersion:
      return "a version in hexadecimal such as \"96.00.5E.00.01\"";
    case TypeKind::kIp:
      return "an address such as \"10.1.2.3\" or \"2001:db8::1\"";
    case TypeKind::kCidr:
      return "a network such as \"10.0.0.0/8\"";
    case TypeKind::kDigest:
      return "a digest such as \"sha256:\" and 64 hexadecimal digits";
    case TypeKind::kSpiffeId:
      return "a SPIFFE ID such as \"spiffe://acme.example/trainer\"";
    case TypeKind::kGlob:
      return "a pattern in which '*' stops at '/', and '**' does not";
    default:
      return "";
  }
}

std::string CheckRegex(std::string_view pattern) {
  if (pattern.size() > kMaxRegexBytes) {
    return Cat("it is longer than ", kMaxRegexBytes, " bytes");
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options);
  return compiled.ok() ? std::string() : compiled.error();
}

std::string CheckScheduleText(std::string_view text) {
  const auto schedule = Schedule::Parse(text);
  return schedule.ok() ? std::string() : std::string(FromAbsl(schedule.status().message()));
}

}  // namespace ztp::sema
