#include "engine/base/sha256.h"

#include "engine/base/hex.h"
#include "engine/base/sha256_hasher.h"

namespace ztp {

std::string Sha256Bytes(std::string_view bytes) {
  std::string digest(Sha256Hasher::kBytes, '\0');
  Sha256Hasher::OfThisThread().Hash({bytes}, digest.data());
  return digest;
}

std::string Sha256Digest(std::string_view bytes) { return "sha256:" + Hex(Sha256Bytes(bytes)); }

}  // namespace ztp
