// Membership in networks.
#include "engine/core/ip.h"

namespace ztp {
namespace {

// The bits of byte `i` that belong to a prefix of `prefix` bits.
uint8_t PrefixMask(unsigned prefix, unsigned i) {
  if (prefix >= 8 * (i + 1)) return 0xff;
  if (prefix <= 8 * i) return 0;
  return static_cast<uint8_t>(0xff << (8 * (i + 1) - prefix));
}

}  // namespace

bool HasNoHostBits(const Cidr& cidr) {
  for (unsigned i = 0; i < sizeof cidr.base.bytes; ++i) {
    if ((cidr.base.bytes[i] & ~PrefixMask(cidr.prefix, i)) != 0) return false;
  }
  return true;
}

bool Contains(const Cidr& cidr, const Ip& ip) {
  uint8_t difference = 0;
  for (unsigned i = 0; i < sizeof ip.bytes; ++i) {
    difference |= (cidr.base.bytes[i] ^ ip.bytes[i]) & PrefixMask(cidr.prefix, i);
  }
  return difference == 0;
}

bool Contains(const Cidr& outer, const Cidr& inner) {
  return outer.prefix <= inner.prefix && Contains(outer, inner.base);
}

}  // namespace ztp
