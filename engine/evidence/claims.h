// Claims of a token by name and type: RFC 7519 section 4.
//
// Boundary: a JSON object to values; which claims there must be and what they must say, the caller
// knows. All texts are bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/verified.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {

inline constexpr size_t kMaxClaimTextBytes = 2048;

// kExpired: a clock at which no token is valid, before 1970 or after the year 9999.
std::optional<Refusal> CheckClock(Time now);
// The payload of a token: an object, or kMalformed.
std::optional<Refusal> ParseClaims(std::string_view payload, JsonTree* tree);

// The claims of one object. `tree` and `object` must outlive it.
class Claims {
 public:
  Claims(const JsonTree& tree, const JsonNode& object) : tree_(tree), object_(object) {}

  // Each: nothing where the claim is not there; kClaim where it is of another type or too long.
  Verified<std::optional<std::string>> Text(std::string_view name) const;
  // Seconds since 1970, fractions allowed, up to the year 9999.
  Verified<std::optional<Time>> Date(std::string_view name) const;
  // A string, or an array of strings without repetition.
  Verified<std::optional<std::vector<std::string>>> Texts(std::string_view name,
                                                          size_t max_count) const;
  Verified<std::optional<Claims>> Object(std::string_view name) const;

  // The same, but the claim must be there; a text must not be empty.
  Verified<std::string> RequiredText(std::string_view name) const;
  Verified<Claims> RequiredObject(std::string_view name) const;

  // Is the claim there, and not null?
  bool Has(std::string_view name) const;
  // Is the claim there, and `true`? A text "true" is not.
  bool IsTrue(std::string_view name) const;

 private:
  const JsonTree& tree_;
  const JsonNode& object_;
};

}  // namespace ztp::evidence
