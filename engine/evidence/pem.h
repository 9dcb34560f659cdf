// PEM blocks of one label: RFC 7468, in its strict form.
//
// Boundary: text to bytes; what the bytes are, the caller knows. OpenSSL's own reader is not used:
// it takes headers, asks for passwords and skips what it does not know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"

namespace ztp::evidence {

struct PemLimits {
  size_t max_blocks = 0;
  size_t max_block_bytes = 0;  // of what a block holds, decoded
};

// Does the text begin, behind white space, as a PEM block does?
bool LooksLikePem(std::string_view text);

// The contents of all blocks, at least one. Between and around blocks there may be white space and
// nothing else: a text that was cut off anywhere but between blocks is refused.
//   kTooLarge: more blocks, or a larger one, than the limits say
//   kMalformed: everything else, another label included
Verified<std::vector<std::string>> ReadPem(std::string_view text, std::string_view label,
                                           const PemLimits& limits);

}  // namespace ztp::evidence
