// What of a decision is not written into the log: the operator's policy.
//
// Boundary: which places of an entry are left out or replaced. entry.h writes entries and asks.
//
//   {"rules": [
//     {"path": "/request/subject/id", "do": "digest"},
//     {"path": "/request/body/context/*", "do": "erase", "actions": ["train"]}]}
//
// A path is a JSON pointer (RFC 6901) into the entry: below /request or /answer/context, /asked_by,
// or /request_id;
// `*` stands for any member or element. `erase` leaves it out; `digest` puts a keyed digest in its
// place, by which equal values are still known as equal to who has the key. Without `actions` a
// rule is for all of them. Of several rules for one place `erase` counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ztp::audit {

enum class MaskAction : uint8_t { kKeep, kDigest, kErase };

class MaskPolicy {
 public:
  static constexpr size_t kMaxRules = 256;
  static constexpr size_t kMaxBytes = 1 << 20;

  // Masks nothing.
  MaskPolicy() = default;
  // InvalidArgument: it is no such document, or a rule is for what an entry must have.
  static absl::StatusOr<MaskPolicy> FromJson(std::string_view text);

  // What becomes of the place with these names from the root on, in an entry about `action`.
  MaskAction Of(const std::vector<std::string_view>& path, std::string_view action) const;
  bool NeedsKey() const;
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::vector<std::string> path;
    MaskAction does = MaskAction::kErase;
    std::vector<std::string> actions;
  };
  std::vector<Rule> rules_;
};

// A path as a JSON pointer.
std::string PointerOf(const std::vector<std::string_view>& path);

}  // namespace ztp::audit
