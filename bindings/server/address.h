// Where a server listens, as an operator writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ztp::server {

struct Address {
  std::string unix_path;  // not empty: a Unix socket
  std::string host;       // numeric: "127.0.0.1", "::1"; all interfaces: "::"
  uint16_t port = 0;      // 0: any that is free

  bool is_unix() const { return !unix_path.empty(); }
  // As it is written.
  std::string ToString() const;
};

// "127.0.0.1:8080", "[::1]:8080", ":8080", "localhost:8080" (127.0.0.1), "unix:/run/ztp.sock".
// InvalidArgument: anything else; names are not looked up, since what they lead to may change.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// Removes what a server that was killed has left at the path. Unavailable: one that still answers.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace ztp::server
