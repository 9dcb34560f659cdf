// Ip and Cidr as text. Strict where the customary C functions are lax: no octal, no short forms, no
// zones.
#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_format.h"
#include "engine/base/hex.h"
#include "engine/base/scalar_cursor.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"

namespace ztp {
namespace {

constexpr int kGroups = 8;  // of 16 bits, in IPv6

// Four decimal parts, into out[0..3].
absl::Status ParseV4(ScalarCursor& cursor, uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && !cursor.Take('.')) return cursor.Expected("'.' and the rest of an IPv4 address");
    const size_t begin = cursor.at();
    const std::string_view digits = cursor.TakeDigits();
    if (digits.empty()) return cursor.Expected("a number from 0 to 255");
    if (digits.size() > 1 && digits[0] == '0') {
      return cursor.Expected("a number without leading zeros", begin);
    }
    uint64_t value = 0;
    if (!DigitsToNumber(digits, &value) || value > 255) {
      return InvalidArgument("expected a number from 0 to 255, found a larger one at character ",
                             begin + 1);
    }
    out[i] = static_cast<uint8_t>(value);
  }
  return absl::OkStatus();
}

// Does an IPv4 address's first part stand here (digits and then a point)?
bool AtDotted(const ScalarCursor& cursor) {
  const std::string_view rest = cursor.rest();
  const size_t end = rest.find_first_not_of("0123456789");
  return end != 0 && end != std::string_view::npos && rest[end] == '.';
}

// Groups of hexadecimal digits, one `::` for a run of zero groups, the last two perhaps as IPv4.
absl::StatusOr<Ip> ParseV6(ScalarCursor& cursor) {
  uint8_t bytes[16] = {};
  int count = 0;  // groups read
  int gap = -1;   // how many stand before the `::`
  if (cursor.Take("::")) gap = 0;
  while (count < kGroups) {
    if (AtDotted(cursor)) {
      if (count > kGroups - 2) return cursor.Expected("one group of hexadecimal digits");
      ZTP_RETURN_IF_ERROR(ParseV4(cursor, bytes + 2 * count));
      count += 2;
      break;
    }
    int digits = 0;
    unsigned group = 0;
    for (; digits < 4 && HexDigit(cursor.peek()) >= 0; ++digits, cursor.Advance()) {
      group = group * 16 + static_cast<unsigned>(HexDigit(cursor.peek()));
    }
    if (digits == 0) {
      if (gap == count) break;  // the text ends, or goes on with something else, after `::`
      return cursor.Expected("a hexadecimal digit");
    }
    bytes[2 * count] = static_cast<uint8_t>(group >> 8);
    bytes[2 * count + 1] = static_cast<uint8_t>(group);
    ++count;
    if (cursor.rest().starts_with("::")) {
      if (gap >= 0) return cursor.Expected("only one '::'");
      cursor.Take("::");
      gap = count;
    } else if (count == kGroups || !cursor.Take(':')) {
      break;
    }
  }
  if (gap < 0 && count < kGroups) return cursor.Expected("':' and the rest of an IPv6 address");
  if (gap >= 0 && count >= kGroups) {
    return InvalidArgument("expected at most seven groups beside '::', found eight");
  }
  Ip ip;
  const size_t head = gap < 0 ? sizeof bytes : static_cast<size_t>(2 * gap);
  const size_t tail = static_cast<size_t>(2 * count) - std::min<size_t>(head, 2u * count);
  std::memcpy(ip.bytes, bytes, std::min<size_t>(head, 2u * count));
  std::memcpy(ip.bytes + sizeof ip.bytes - tail, bytes + head, tail);
  return ip;
}

// An address and how many bits of the 128 come before the ones its notation writes.
struct Address {
  Ip ip;
  int leading = 0;  // 96 where it was written as IPv4
};

absl::StatusOr<Address> ParseAddress(ScalarCursor& cursor) {
  if (cursor.done()) return cursor.Expected("an address such as '10.1.2.3' or '2001:db8::1'");
  if (AtDotted(cursor)) {
    uint8_t v4[4];
    ZTP_RETURN_IF_ERROR(ParseV4(cursor, v4));
    return Address{Ip::V4(v4[0], v4[1], v4[2], v4[3]), 96};
  }
  if (HexDigit(cursor.peek()) < 0 && cursor.peek() != ':') {
    return cursor.Expected("an address such as '10.1.2.3' or '2001:db8::1'");
  }
  if (cursor.peek() == ':' && !cursor.rest().starts_with("::")) return cursor.Expected("'::'");
  ZTP_ASSIGN_OR_RETURN(const Ip ip, ParseV6(cursor));
  return Address{ip, 0};
}

absl::StatusOr<Cidr> ParseNetwork(std::string_view text, bool allow_bare) {
  ScalarCursor cursor(text);
  ZTP_ASSIGN_OR_RETURN(const Address address, ParseAddress(cursor));
  if (allow_bare && cursor.done()) return HostCidr(address.ip);
  if (!cursor.Take('/')) {
    return cursor.Expected(allow_bare ? "'/' and a prefix length, or the end of the address"
                                      : "'/' and a prefix length");
  }
  const size_t begin = cursor.at();
  const std::string_view digits = cursor.TakeDigits();
  if (digits.empty()) return cursor.Expected("a prefix length");
  if (digits.size() > 1 && digits[0] == '0') {
    return cursor.Expected("a prefix length without leading zeros", begin);
  }
  if (!cursor.done()) return cursor.Expected("the end of the Cidr");
  const int limit = 128 - address.leading;
  uint64_t prefix = 0;
  if (!DigitsToNumber(digits, &prefix) || prefix > static_cast<uint64_t>(limit)) {
    return InvalidArgument("expected a prefix length from 0 to ", limit,
                           ", found a larger one at character ", begin + 1);
  }
  const Cidr cidr{address.ip,
                  static_cast<uint8_t>(prefix + static_cast<uint64_t>(address.leading))};
  if (HasNoHostBits(cidr)) return cidr;

  Cidr network = cidr;
  for (int bit = cidr.prefix; bit < 128; ++bit) {
    network.base.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> (bit % 8)));
  }
  return InvalidArgument("expected no bits after the prefix, found some: the network is '",
                         FormatCidr(network), "'");
}

void AppendV4(std::string& out, const uint8_t* bytes) {
  absl::StrAppendFormat(&out, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
}

}  // namespace

absl::StatusOr<Ip> ParseIp(std::string_view text) {
  ScalarCursor cursor(text);
  ZTP_ASSIGN_OR_RETURN(const Address address, ParseAddress(cursor));
  if (!cursor.done()) return cursor.Expected("the end of the address");
  return address.ip;
}

std::string FormatIp(const Ip& value) {
  std::string out;
  if (value.is_v4()) {
    AppendV4(out, value.bytes + 12);
    return out;
  }
  unsigned groups[kGroups];
  for (int i = 0; i < kGroups; ++i) groups[i] = value.bytes[2 * i] * 256u + value.bytes[2 * i + 1];

  // The longest run of zero groups, the first among equals, becomes `::` if it has two or more.
  int gap_begin = kGroups, gap_size = 1;
  for (int i = 0; i < kGroups;) {
    int end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i > gap_size) {
      gap_begin = i;
      gap_size = end - i;
    }
    i = end + 1;
  }
  for (int i = 0; i < kGroups; ++i) {
    if (i == gap_begin) {
      out += "::";
      i += gap_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    absl::StrAppendFormat(&out, "%x", groups[i]);
  }
  return out;
}

absl::StatusOr<Cidr> ParseCidr(std::string_view text) {
  return ParseNetwork(text, /*allow_bare=*/false);
}

absl::StatusOr<Cidr> ParseCidrOrIp(std::string_view text) {
  return ParseNetwork(text, /*allow_bare=*/true);
}

std::string FormatCidr(const Cidr& value) {
  // A prefix below 96 reaches beyond what IPv4 notation can say.
  const bool v4 = value.prefix >= 96 && value.base.is_v4();
  return Cat(FormatIp(value.base), "/", v4 ? value.prefix - 96 : int{value.prefix});
}

}  // namespace ztp
