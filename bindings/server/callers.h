// Who may ask: callers with one of the bearer tokens of a file (RFC 6750, section 2.1).
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace ztp::server {

// Thread-safe. Tokens are kept as their SHA-256 and compared in constant time.
class Callers {
 public:
  // An empty path: everybody may ask. Load before the first call of May.
  explicit Callers(std::string path) : path_(std::move(path)) {}

  // Reads the file, again too: a token a line, TOKEN or NAME: TOKEN (no token has a colon); empty
  // lines and those that begin with # are left out. InvalidArgument: there is no token, or one of
  // less than 16 bytes; the errors of reading. What was read before stays where it fails.
  absl::Status Load();

  // Is this the value of an Authorization header that one of them sends? Then *name is the token's;
  // empty: it has none.
  bool May(std::string_view authorization, std::string* name) const;

 private:
  struct Token {
    std::array<unsigned char, 32> digest;
    std::string name;
  };

  const std::string path_;
  std::atomic<std::shared_ptr<const std::vector<Token>>> tokens_;
};

}  // namespace ztp::server
