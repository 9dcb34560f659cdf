// The signature algorithms of JOSE that are ever accepted: RFC 7518 section 3, RFC 8037
// section 3.1.
//
// Boundary: names and properties, no cryptography. `none` and the HMACs have no enumerator, so no
// policy can allow them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace ztp::evidence {

enum class JwsAlgorithm : uint8_t {
  kEs256,
  kEs384,
  kEs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEdDsa,  // with Ed25519 only
};
inline constexpr int kJwsAlgorithmCount = 10;

// "ES256". Another spelling, or another algorithm: nothing.
std::optional<JwsAlgorithm> JwsAlgorithmOf(std::string_view name);
std::string_view NameOf(JwsAlgorithm algorithm);

enum class KeyType : uint8_t { kRsa, kP256, kP384, kP521, kEd25519 };

// "an RSA key"
std::string_view NameOf(KeyType type);

// The one type of key that the algorithm works with.
KeyType KeyTypeOf(JwsAlgorithm algorithm);

// Which algorithms a source may use. By default none.
class JwsAlgorithms {
 public:
  constexpr JwsAlgorithms() = default;
  constexpr JwsAlgorithms(std::initializer_list<JwsAlgorithm> algorithms) {
    for (const JwsAlgorithm a : algorithms) bits_ |= 1u << static_cast<int>(a);
  }
  static constexpr JwsAlgorithms All() {
    JwsAlgorithms all;
    all.bits_ = (1u << kJwsAlgorithmCount) - 1;
    return all;
  }
  constexpr bool Has(JwsAlgorithm a) const { return (bits_ >> static_cast<int>(a) & 1) != 0; }
  constexpr JwsAlgorithms Or(JwsAlgorithms other) const {
    JwsAlgorithms either;
    either.bits_ = bits_ | other.bits_;
    return either;
  }
  // Those that are in both.
  constexpr JwsAlgorithms And(JwsAlgorithms other) const {
    JwsAlgorithms both;
    both.bits_ = bits_ & other.bits_;
    return both;
  }

 private:
  uint32_t bits_ = 0;
};

}  // namespace ztp::evidence
