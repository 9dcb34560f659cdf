// Evidence that comes in several pieces, as one text: a JSON object of tokens, of what hardware
// signed, in base64, and of the certificates that go with it, as PEM.
//
// Boundary: text to bytes, strictly; what the bytes are, the verifiers know.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/certificate.h"
#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

inline constexpr size_t kMaxEvidencePartsBytes = size_t{256} << 10;

// Every function refuses with kMalformed or kTooLarge.
class EvidenceParts {
 public:
  // `known`: the members that the object may have. Any other, or no object, is refused.
  std::optional<Refusal> Parse(std::string_view text,
                               std::initializer_list<std::string_view> known);

  // A string as it is, valid as long as this.
  Verified<std::string_view> Text(std::string_view name) const;
  bool Has(std::string_view name) const { return tree_.Find(tree_.root(), name) != nullptr; }
  // Base64 (RFC 4648, section 4).
  Verified<std::string> Bytes(std::string_view name) const;
  // PEM, the leaf first.
  Verified<std::vector<Certificate>> Certificates(std::string_view name) const;
  // An object of numbers from 0 up to `highest` to hexadecimal digits.
  Verified<std::map<int, std::string>> ByNumber(std::string_view name, int highest) const;

 private:
  JsonTree tree_;
};

}  // namespace ztp::evidence
