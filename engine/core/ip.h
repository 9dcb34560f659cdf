// Ip and Cidr: addresses and networks in the one 128-bit space of IPv6, where an IPv4 address is
// its mapped form ::ffff:a.b.c.d and so equal to it.
//
// Boundary: freestanding. Text is parsed and printed in base/scalar_text.h.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>

namespace ztp {

struct Ip {
  uint8_t bytes[16] = {};  // most significant first

  static constexpr Ip V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return Ip{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
  }
  // An IPv4 address, however it was written.
  constexpr bool is_v4() const {
    for (int i = 0; i < 10; ++i) {
      if (bytes[i] != 0) return false;
    }
    return bytes[10] == 0xff && bytes[11] == 0xff;
  }

  // By value of the 128-bit number; only equality has a meaning in the language.
  std::strong_ordering operator<=>(const Ip& other) const {
    return std::memcmp(bytes, other.bytes, sizeof bytes) <=> 0;
  }
  bool operator==(const Ip& other) const { return (*this <=> other) == 0; }
};

struct Cidr {
  Ip base;             // its bits after the prefix are zero
  uint8_t prefix = 0;  // 0 to 128, of 128 bits: an IPv4 network /n has 96 + n

  std::strong_ordering operator<=>(const Cidr&) const = default;
};

// The network that holds this address alone.
constexpr Cidr HostCidr(const Ip& ip) { return Cidr{ip, 128}; }

// Is no bit of the base set after the prefix?
bool HasNoHostBits(const Cidr& cidr);

bool Contains(const Cidr& cidr, const Ip& ip);
// Is every address of `inner` in `outer`?
bool Contains(const Cidr& outer, const Cidr& inner);

}  // namespace ztp
