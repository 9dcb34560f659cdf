// See jws_algorithm.h.
#include "engine/evidence/jws_algorithm.h"

#include <array>

namespace ztp::evidence {
namespace {

struct Row {
  JwsAlgorithm algorithm;
  std::string_view name;
  KeyType key;
};

constexpr std::array<Row, kJwsAlgorithmCount> kRows = {{
    {JwsAlgorithm::kEs256, "ES256", KeyType::kP256},
    {JwsAlgorithm::kEs384, "ES384", KeyType::kP384},
    {JwsAlgorithm::kEs512, "ES512", KeyType::kP521},
    {JwsAlgorithm::kRs256, "RS256", KeyType::kRsa},
    {JwsAlgorithm::kRs384, "RS384", KeyType::kRsa},
    {JwsAlgorithm::kRs512, "RS512", KeyType::kRsa},
    {JwsAlgorithm::kPs256, "PS256", KeyType::kRsa},
    {JwsAlgorithm::kPs384, "PS384", KeyType::kRsa},
    {JwsAlgorithm::kPs512, "PS512", KeyType::kRsa},
    {JwsAlgorithm::kEdDsa, "EdDSA", KeyType::kEd25519},
}};

constexpr bool RowsAreInOrder() {
  for (int i = 0; i < kJwsAlgorithmCount; ++i) {
    if (static_cast<int>(kRows[static_cast<size_t>(i)].algorithm) != i) return false;
  }
  return true;
}
static_assert(RowsAreInOrder());

const Row& RowOf(JwsAlgorithm algorithm) { return kRows[static_cast<size_t>(algorithm)]; }

}  // namespace

std::optional<JwsAlgorithm> JwsAlgorithmOf(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.algorithm;
  }
  return std::nullopt;
}

std::string_view NameOf(JwsAlgorithm algorithm) { return RowOf(algorithm).name; }
KeyType KeyTypeOf(JwsAlgorithm algorithm) { return RowOf(algorithm).key; }

std::string_view NameOf(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return "an RSA key";
    case KeyType::kP256:
      return "a P-256 key";
    case KeyType::kP384:
      return "a P-384 key";
    case KeyType::kP521:
      return "a P-521 key";
    case KeyType::kEd25519:
      return "an Ed25519 key";
  }
  return "an unknown key";
}

}  // namespace ztp::evidence
