// Labels of data, from what documents say of them, by a table that the policy's author writes.
//
// Boundary: statements (data_statements.h) and a table in; a label of std.ai's form (level, tags,
// regions) out, by the names that the table has. The lattice's names are the table's: nothing is
// built in. What the table does not know goes to the top of the lattice, and so does what is not
// said at all, unless the table says otherwise.
//
// The table is a JSON object:
//   "levels":   ["public", "internal", …]   lowest first
//   "tags":     ["pii", …]
//   "regions":  ["eu", …]                   joining data leaves what all of it allows
//   "unstated": {"tags": []}                parts of the label that are assumed where nothing that
//   is
//                                           said has that part; a part that is not here is the top
//   "rules":    [{"from": "cyclonedx.classification", "says": "public", "level": "public"},
//                {"from": "openlineage.tag", "key": "region", "says": "eu", "regions": ["eu"]},
//                {"from": "openlineage.tag", "key": "owner", "ignore": true}, …]
// A rule without "says" is for every text, one without "key" for every key. The first rule that
// fits a statement is its rule; rules of more words stand first. Texts are compared without regard
// to the case of ASCII letters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/data_statements.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxLabelTableBytes = size_t{1} << 20;
inline constexpr size_t kMaxLabelRules = 4096;
inline constexpr size_t kMaxLabelNames = 64;  // of levels, tags or regions

struct DataLabel {
  std::string level;
  std::vector<std::string> tags;     // in the table's order
  std::vector<std::string> regions;  // likewise: where the data may be
  // Statements that no rule fits, which made it the top: "openlineage.tag region=mars".
  std::vector<std::string> unknown;
  bool operator==(const DataLabel&) const = default;
};

// Immutable; threads may use one at the same time.
class LabelTable {
 public:
  //   kTooLarge, kMalformed: what is wrong with the table, and in which rule
  static Verified<LabelTable> Parse(std::string_view json);

  // The join of all that is said.
  DataLabel LabelOf(const std::vector<DataStatement>& statements) const;

 private:
  // A part that is nothing is not stated.
  struct Parts {
    std::optional<size_t> level;
    std::optional<uint64_t> tags;     // bit i: tags_[i]
    std::optional<uint64_t> regions;  // bit i: regions_[i]
  };
  struct Rule {
    std::string from;
    std::optional<std::string> key, says;
    Parts parts;
    bool ignore = false;
  };
  struct Builder;

  const Rule* RuleFor(const DataStatement& statement) const;
  void Join(const Parts& other, Parts* parts) const;

  std::vector<std::string> levels_, tags_, regions_;
  Parts unstated_;
  std::vector<Rule> rules_;
};

}  // namespace ztp::evidence
