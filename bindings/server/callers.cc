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

// NAME of "NAME: TOKEN"; empty: the line is a token alone.
std::string_view NameIn(std::string_view line) {
  constexpr size_t kMaxNameBytes = 128;
  const size_t colon = line.find(':');
  if (colon == line.npos || colon > kMaxNameBytes) return {};
  return line.substr(0, colon);
}

}  // namespace

absl::Status Callers::Load() {
  if (path_.empty()) return absl::OkStatus();
  ZTP_ASSIGN_OR_RETURN(std::string text, driver::ReadFile(path_, kMaxFileBytes));
  auto tokens = std::make_shared<std::vector<Token>>();
  size_t line = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view token(text.data() + begin, end - begin);
    begin = end + 1;
    ++line;
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.remove_suffix(1);
    if (token.empty() || token.front() == '#') continue;
    const std::string_view name = NameIn(token);
    if (!name.empty()) {
      token.remove_prefix(name.size() + 1);
      while (token.starts_with(' ')) token.remove_prefix(1);
    }
    if (token.size() < kMinTokenBytes || token.size() > kMaxTokenBytes) {
      OPENSSL_cleanse(text.data(), text.size());
      return InvalidArgument(path_, ":", line, ": a token must have ", kMinTokenBytes, " to ",
                             kMaxTokenBytes, " bytes");
    }
    Token& made = tokens->emplace_back();
    made.name = name;
    SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), made.digest.data());
  }
  OPENSSL_cleanse(text.data(), text.size());
  if (tokens->empty()) return InvalidArgument(path_, " has no token");
  tokens_.store(std::move(tokens));
  return absl::OkStatus();
}

bool Callers::May(std::string_view authorization, std::string* name) const {
  name->clear();
  if (path_.empty()) return true;
  const std::shared_ptr<const std::vector<Token>> tokens = tokens_.load();
  const std::string_view token = TokenIn(authorization);
  if (tokens == nullptr || token.empty()) return false;
  std::array<unsigned char, 32> digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  const Token* found = nullptr;  // all are looked at: which one it was takes no other time
  for (const Token& each : *tokens) {
    if (CRYPTO_memcmp(each.digest.data(), digest.data(), digest.size()) == 0) found = &each;
  }
  if (found == nullptr) return false;
  *name = found->name;
  return true;
}

}  // namespace ztp::server
