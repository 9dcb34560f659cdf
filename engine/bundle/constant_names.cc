// See constant_names.h.
#include "engine/bundle/constant_names.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/str.h"
#include "engine/core/policy_view.h"

namespace ztp {
namespace {

// Of a table of slots: a number and one; 0 is a free slot.
template <typename HomeOf>
Table<uint32_t> Slots(uint32_t count, HomeOf home_of) {
  if (count == 0) return {};
  uint32_t slots = 4;
  while (slots < 2 * count) slots *= 2;  // half of them are free, or more
  std::vector<uint32_t> table(slots, 0);
  for (uint32_t number = 0; number < count; ++number) {
    uint32_t at = home_of(number, slots);
    while (table[at] != 0) at = (at + 1) & (slots - 1);
    table[at] = number + 1;
  }
  return table;
}

template <typename IsIt>
std::optional<uint32_t> Find(const Table<uint32_t>& slots, uint32_t home, const IsIt& is_it) {
  const uint32_t found = FindInSlots({slots.data(), slots.size()}, home, is_it);
  if (found == kNone32) return std::nullopt;
  return found;
}

class Namer {
 public:
  explicit Namer(DecisionProgram* program) : program_(*program), names_(program->names) {}

  void Run() {
    names_ = {};
    for (const Cell& cell : std::as_const(program_.constants)) Visit(cell);
    const ConstantNames all(program_);
    names_.text_slots = Slots(all.texts().size(), [&](uint32_t number, uint32_t slots) {
      return ConstantNames::HomeOf(all.texts()[number], slots);
    });
    names_.entity_slots = Slots(all.entities().size(), [&](uint32_t number, uint32_t slots) {
      const ConstantNames::Entity entity = all.entities()[number];
      return ConstantNames::HomeOf(entity.type, entity.id, slots);
    });
  }

 private:
  void Visit(const Cell& cell) {
    const CellPool& pool = program_.pool;
    const TextRef ref{static_cast<uint32_t>(cell.bits), cell.size};
    switch (static_cast<TypeKind>(cell.kind)) {
      case TypeKind::kString:
      case TypeKind::kVersion:
      case TypeKind::kHexVersion:
      case TypeKind::kDigest:
      case TypeKind::kSpiffeId:
      case TypeKind::kGlob:
        if (names_.texts.size() < ConstantNames::kMaxTexts &&
            texts_.emplace(ToAbsl(pool.Text(ref)), true).second) {
          names_.texts.push_back(ref);
        }
        return;
      case TypeKind::kEntity:
        if (entities_.emplace(std::make_pair(uint32_t{cell.extra}, ToAbsl(pool.Text(ref))), true)
                .second) {
          names_.entities.push_back({cell.extra, ref});
        }
        return;
      case TypeKind::kSet:
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kRecord:
        // As deep as the type of the constant, which the compiler bounds.
        for (uint32_t i = 0; i < cell.size; ++i) Visit(pool.cells[cell.bits + i]);
        return;
      default:
        return;
    }
  }

  DecisionProgram& program_;
  NameTables& names_;
  absl::flat_hash_map<absl::string_view, bool> texts_;
  absl::flat_hash_map<std::pair<uint32_t, absl::string_view>, bool> entities_;
};

}  // namespace

void NameConstants(DecisionProgram* program) { Namer(program).Run(); }

uint32_t ConstantNames::HomeOf(std::string_view text, uint32_t slots) {
  return NameHome(text.data(), text.size(), 0, slots);
}

uint32_t ConstantNames::HomeOf(EntityTypeId type, std::string_view id, uint32_t slots) {
  return NameHome(id.data(), id.size(), type.index + 1, slots);
}

std::optional<uint32_t> ConstantNames::Text(std::string_view text) const {
  const Table<uint32_t>& slots = program_.names.text_slots;
  if (slots.empty()) return std::nullopt;
  return Find(slots, HomeOf(text, static_cast<uint32_t>(slots.size())),
              [&](uint32_t number) { return texts_[number] == text; });
}

std::optional<uint32_t> ConstantNames::EntityNumber(EntityTypeId type, std::string_view id) const {
  const Table<uint32_t>& slots = program_.names.entity_slots;
  if (slots.empty()) return std::nullopt;
  return Find(slots, HomeOf(type, id, static_cast<uint32_t>(slots.size())), [&](uint32_t number) {
    const Entity entity = entities_[number];
    return entity.type == type && entity.id == id;
  });
}

}  // namespace ztp
