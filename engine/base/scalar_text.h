// Scalars as text: what a literal, a JSON string and a printed value look like, one parser and one
// printer a type.
//
// Boundary: text to core types and back. Which type is expected, and where in a file the text
// stands, the caller knows. A parser takes the whole text, or returns InvalidArgument with a
// message that says what was expected and what was found at which character (from 1); it never
// echoes text of unbounded length. Printers give the canonical form, which parses to the same
// value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/decimal.h"
#include "engine/core/ip.h"
#include "engine/core/time.h"

namespace ztp {

// --- Numbers (scalar_text_number.cc) ---

// `-12`: no `+`, no leading zeros.
absl::StatusOr<int64_t> ParseInt(std::string_view text);

// `0.95`: digits on both sides of the point; at most nine places count, zeros after them are
// allowed.
absl::StatusOr<Decimal> ParseDecimal(std::string_view text);
// The same, with an exponent as JSON's numbers have (`9.5e-1`).
absl::StatusOr<Decimal> ParseJsonDecimal(std::string_view text);
// Without trailing zeros: `0.95`, `5`, `-0.5`.
std::string FormatDecimal(Decimal value);

// --- Time and Duration (scalar_text_time.cc) ---

// RFC 3339: `2026-11-23T12:08:59.5+01:00`, in UTC the years 0001 to 9999. At most six places of a
// second count, zeros after them are allowed. There is no second 60: every minute has sixty.
absl::StatusOr<Time> ParseTime(std::string_view text);
// `2026-11-23T12:08:59Z`, with a fraction only if there is one. Years beyond what ParseTime takes
// have more digits or a sign.
std::string FormatTime(Time value);
// The same, written to `to`, which has room for kMaxTimeText bytes; returns the end of it.
inline constexpr size_t kMaxTimeText = 32;
char* WriteTime(Time value, char* to);

// `1h30m`, `-5m`: whole numbers with the units d h m s ms us, each at most once, largest first.
absl::StatusOr<Duration> ParseDuration(std::string_view text);
// Each unit below its next: `1d2h`, `1s500ms`; `0s`.
std::string FormatDuration(Duration value);

// --- Versions (scalar_text_version.cc) ---

// To the key of core/version.h, whose order by bytes is the versions' order. A key may contain NUL
// bytes.
absl::StatusOr<std::string> ParseVersion(std::string_view text);
absl::StatusOr<std::string> ParseHexVersion(std::string_view text);
// `550.90.7`, `1.2-rc.1`, `96.0.5e.0.1`: without leading zeros and trailing zero parts. `key` comes
// from the parser of the same type.
std::string FormatVersion(std::string_view key);
std::string FormatHexVersion(std::string_view key);

// --- Addresses (scalar_text_ip.cc) ---

// `10.1.2.3`, `2001:db8::1`, `::ffff:10.1.2.3` (which is 10.1.2.3).
absl::StatusOr<Ip> ParseIp(std::string_view text);
// IPv4 dotted; IPv6 as RFC 5952 says.
std::string FormatIp(const Ip& value);

// `10.0.0.0/8`; a bit set after the prefix is an error.
absl::StatusOr<Cidr> ParseCidr(std::string_view text);
// The same, or an address alone, which is the network of that address.
absl::StatusOr<Cidr> ParseCidrOrIp(std::string_view text);
std::string FormatCidr(const Cidr& value);

// --- Identities, digests, patterns, text (scalar_text_id.cc) ---

// `sha256:` (or sha384, sha512) and its hexadecimal digits; the result has them in lower case.
absl::StatusOr<std::string> ParseDigest(std::string_view text);

// `spiffe://trust.domain/path`, as the SPIFFE standard says; the result is the text. Its
// parts: core/spiffe.h.
absl::StatusOr<std::string> ParseSpiffeId(std::string_view text);
// The same without a copy.
absl::Status CheckSpiffeId(std::string_view text);

// A pattern of core/glob.h; the result is the text.
absl::StatusOr<std::string> ParseGlob(std::string_view text);

// Well-formed as Unicode says: nothing overlong, no surrogates, nothing above U+10FFFF. NUL is a
// character.
bool IsValidUtf8(std::string_view text);
// The offset of the first byte that is not part of a well-formed character; npos if there is none.
size_t FindInvalidUtf8(std::string_view text);

}  // namespace ztp
