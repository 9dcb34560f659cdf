// The numbers of texts and entities: each is found by its name, and so no name has two.
#include <algorithm>

#include "engine/base/status.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/verify.h"

namespace ztp {
namespace {

// Slots that searches for all names may look at, for each that there is. A table of which half is
// free and whose hash is what it should be needs less than two.
constexpr uint64_t kMaxSteps = 16;

// Every number has its slot, where a search for its name ends. `home_of` is where that begins,
// `same` says whether two numbers have one name.
template <typename HomeOf, typename Same>
bool IsTableOf(const Table<uint32_t>& slots, uint64_t count, HomeOf home_of, Same same) {
  if (count == 0) return slots.empty();
  if (slots.size() <= count || slots.size() > UINT32_MAX ||
      (slots.size() & (slots.size() - 1)) != 0)
    return false;
  uint64_t used = 0;
  for (const uint32_t slot : slots) {
    if (slot > count) return false;
    used += slot != 0;
  }
  if (used != count) return false;
  const uint32_t mask = static_cast<uint32_t>(slots.size() - 1);
  uint64_t steps = 0;
  for (uint32_t number = 0; number < count; ++number) {
    for (uint32_t at = home_of(number);; at = (at + 1) & mask) {
      const uint32_t slot = slots[at];
      if (slot == number + 1) break;
      if (slot == 0 || ++steps > kMaxSteps * count || same(slot - 1, number)) return false;
    }
  }
  return true;
}

}  // namespace

absl::Status CheckNames(const DecisionProgram& program) {
  const NameTables& names = program.names;
  auto in_text = [&](TextRef ref) {
    return InRange(ref.offset, ref.size, program.pool.text.size());
  };
  if (names.texts.size() > ConstantNames::kMaxTexts) {
    return InvalidArgument("too many texts have numbers");
  }
  uint64_t bytes = 0;
  for (const TextRef& text : names.texts) {
    if (!in_text(text)) return InvalidArgument("a text is out of range");
    bytes += text.size;
  }
  for (const NamedEntity& entity : names.entities) {
    bytes += entity.id.size;
    if (!in_text(entity.id) || entity.type >= program.schema.entities.size()) {
      return InvalidArgument("an entity that has a number is out of range");
    }
  }
  // Each is hashed, and they may lie one over the other.
  if (bytes > std::max<uint64_t>(program.pool.text.size(), kMaxCellTextBytes)) {
    return InvalidArgument("the names of all constants are too long");
  }
  const ConstantNames all(program);
  const uint32_t text_slots = static_cast<uint32_t>(names.text_slots.size());
  const uint32_t entity_slots = static_cast<uint32_t>(names.entity_slots.size());
  const bool good =
      IsTableOf(
          names.text_slots, names.texts.size(),
          [&](uint32_t n) { return ConstantNames::HomeOf(all.texts()[n], text_slots); },
          [&](uint32_t a, uint32_t b) { return all.texts()[a] == all.texts()[b]; }) &&
      IsTableOf(
          names.entity_slots, names.entities.size(),
          [&](uint32_t n) {
            return ConstantNames::HomeOf(all.entities()[n].type, all.entities()[n].id,
                                         entity_slots);
          },
          [&](uint32_t a, uint32_t b) {
            return all.entities()[a].type == all.entities()[b].type &&
                   all.entities()[a].id == all.entities()[b].id;
          });
  if (!good) return InvalidArgument("a table of names is not well formed");
  return absl::OkStatus();
}

}  // namespace ztp
