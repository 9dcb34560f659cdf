// SHA-256 as the text that policies, facts and sources are named by.
#pragma once

#include <string>
#include <string_view>

namespace ztp {

// "sha256:" and 64 hex digits in lower case.
std::string Sha256Digest(std::string_view bytes);

// The 32 bytes themselves.
std::string Sha256Bytes(std::string_view bytes);

}  // namespace ztp
