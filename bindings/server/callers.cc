// See callers.h.
#include "bindings/server/callers.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <utility>

#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::server {
namespace {

constexpr uint64_t kMaxFileBytes = 1 << 20;
constexpr size_t kMinTokenBytes = 16;
constexpr size_t kMaxTokenBytes = 4096;

// What stands behind "Bearer " in any case; empty: it is no such header.
std::string_view TokenIn(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != kScheme[i]) return {};
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization.size() > kMaxTokenBytes ? std::string_view() : authorization;
}

}  // namespace

absl::Status Callers::Load() {
  if (path_.empty()) return absl::OkStatus();
  ZTP_ASSIGN_OR_RETURN(std::string text, driver::ReadFile(path_, kMaxFileBytes));
  auto tokens = std::make_shared<std::vector<Digest>>();
  size_t line = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view token(text.data() + begin, end - begin);
    begin = end + 1;
    ++line;
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.remove_suffix(1);
    if (token.empty() || token.front() == '#') continue;
    if (token.size() < kMinTokenBytes || token.size() > kMaxTokenBytes) {
      OPENSSL_cleanse(text.data(), text.size());
      return InvalidArgument(path_, ":", line, ": a token must have ", kMinTokenBytes, " to ",
                             kMaxTokenBytes, " bytes");
    }
    Digest& digest = tokens->emplace_back();
    SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  }
  OPENSSL_cleanse(text.data(), text.size());
  if (tokens->empty()) return InvalidArgument(path_, " has no token");
  tokens_.store(std::move(tokens));
  return absl::OkStatus();
}

bool Callers::May(std::string_view authorization) const {
  if (path_.empty()) return true;
  const std::shared_ptr<const std::vector<Digest>> tokens = tokens_.load();
  const std::string_view token = TokenIn(authorization);
  if (tokens == nullptr || token.empty()) return false;
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  bool found = false;  // all are looked at: which one it was takes no other time
  for (const Digest& each : *tokens) {
    found |= CRYPTO_memcmp(each.data(), digest.data(), digest.size()) == 0;
  }
  return found;
}

}  // namespace ztp::server
