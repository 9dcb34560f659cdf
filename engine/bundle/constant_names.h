// Numbers for the texts and entities that a program's constants name, so that a test against one
// compares numbers. Whoever has the program finds the same numbers: in the order of the constants,
// and within one in the order of its items.
//
// Boundary: the compiler writes these numbers into tests (ir/), facts and requests carry them
// beside their values (facts/, eval/).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/bundle/decision_program.h"

namespace ztp {

class ConstantNames {
 public:
  // A value carries a text's number in 16 bits, of which one means none: texts beyond have no
  // number.
  static constexpr uint32_t kMaxTexts = 0xffff;

  struct Entity {
    EntityTypeId type;
    std::string_view id;
  };

  // Views into the program, which must outlive it.
  explicit ConstantNames(const DecisionProgram& program);

  const std::vector<std::string_view>& texts() const { return texts_; }
  const std::vector<Entity>& entities() const { return entities_; }

  // Nothing: no constant is or holds it, or it has no number.
  std::optional<uint32_t> Text(std::string_view text) const;
  std::optional<uint32_t> EntityNumber(EntityTypeId type, std::string_view id) const;

 private:
  void Visit(const DecisionProgram& program, const Cell& cell);

  std::vector<std::string_view> texts_;
  std::vector<Entity> entities_;
  absl::flat_hash_map<absl::string_view, uint32_t> text_numbers_;
  absl::flat_hash_map<std::pair<uint32_t, absl::string_view>, uint32_t> entity_numbers_;
};

}  // namespace ztp
