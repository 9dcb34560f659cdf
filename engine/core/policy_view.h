// A decision program as the kernel reads it: pointers to its tables, wherever they lie.
//
// Boundary: freestanding; reading only, so any number of threads may share one. Made of a program
// (bundle/kernel_tables.h) or of a bundle's bytes (bundle_view.h); either has been checked, so no
// index is tested again here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "engine/core/index.h"
#include "engine/core/program.h"
#include "engine/core/text_hash.h"
#include "engine/core/type_kind.h"

namespace ztp {

// Which rules can matter; see index.h.
struct IndexView {
  std::span<const Probe> probes;
  uint32_t request_probes = 0;
  std::span<const uint32_t> texts;
  std::span<const Test> tests;
  std::span<const int64_t> values;
  std::span<const IndexedRule> rules;
  uint32_t forbids = 0;
  uint32_t permits = 0;
  std::span<const uint32_t> rule_tests;
  std::span<const IndexMark> marks;
  uint32_t request_marks = 0;
  std::span<const IndexGroup> groups;
  uint32_t first_root = 0;
  uint32_t root_count = 0;
  std::span<const IndexKey> keys;
  std::span<const IndexPosting> postings;
  std::span<const uint32_t> ranks;
  std::span<const IndexColumn> columns;
  std::span<const int64_t> cuts;
  std::span<const uint64_t> rows;
};

// Where a name's search in a table of `slots` begins; `seed` tells kinds of names apart.
inline uint32_t NameHome(const char* name, size_t size, uint64_t seed, size_t slots) {
  return static_cast<uint32_t>(TextHash(name, size, seed) >> 32) & static_cast<uint32_t>(slots - 1);
}

// The number in a table of numbers and one (0: a free slot; there is one) for which is_it(number)
// holds, searched from `home` on; kNone32: there is none.
template <typename IsIt>
uint32_t FindInSlots(std::span<const uint32_t> slots, uint32_t home, const IsIt& is_it) {
  const uint32_t mask = static_cast<uint32_t>(slots.size() - 1);
  for (uint32_t at = home;; at = (at + 1) & mask) {
    if (slots[at] == 0) return kNone32;
    if (is_it(slots[at] - 1)) return slots[at] - 1;
  }
}

struct PolicyView {
  std::span<const Node> nodes;
  std::span<const uint32_t> args;
  uint32_t max_depth = 0;
  std::span<const AttributeRef> attribute_refs;
  std::span<const uint32_t> attribute_columns;
  std::span<const ParamRef> param_refs;
  std::span<const uint32_t> param_columns;
  std::span<const RuleRecord> rules;
  std::span<const ObligeRecord> obliges;
  std::span<const uint64_t> type_sets;
  std::span<const ActionPlan> plans;
  std::span<const uint32_t> candidates;
  std::span<const QuantifierRecord> quantifiers;
  uint64_t step_limit = 0;
  uint32_t obligation_count = 0;

  // The schema's side (KernelTables).
  std::span<const uint8_t> type_kinds;
  std::span<const EntityKind> entities;
  std::span<const AttributeKind> attributes;
  std::span<const uint32_t> ancestor_columns;
  std::span<const uint8_t> optional_inputs;
  std::span<const uint32_t> product_first;
  std::span<const uint32_t> product_offsets;
  std::span<const EarlierFold> earlier_folds;
  std::span<const MarkRow> principal_marks;
  std::span<const MarkRow> resource_marks;
  std::span<const MarkCell> mark_cells;
  std::span<const uint32_t> other_marks;

  // The texts that constants name, by number, and a hash table of numbers and one over them.
  const char* pool_text = nullptr;
  std::span<const TextRef> name_texts;
  std::span<const uint32_t> text_slots;

  IndexView index;

  std::string_view Text(TextRef ref) const { return {pool_text + ref.offset, ref.size}; }
  std::span<const uint32_t> Args(const Node& node) const {
    return {args.data() + node.first_arg, node.arg_count};
  }
  uint32_t type_set_words() const { return static_cast<uint32_t>(entities.size() + 63) / 64; }
  bool InTypeSet(uint32_t set, uint32_t type) const {
    return type_sets[size_t{set} * type_set_words() + type / 64] >> (type % 64) & 1;
  }
  uint32_t AttributeColumn(uint32_t ref, uint32_t type) const {
    return attribute_columns[attribute_refs[ref].first_column + type];
  }
  uint32_t ParamColumn(uint32_t ref, uint32_t action) const {
    return param_columns[param_refs[ref].first_column + action];
  }
  TypeKind KindOf(const Node& node) const { return static_cast<TypeKind>(type_kinds[node.type]); }
  bool AlwaysPresent(uint32_t type) const {
    return (entities[type].flags & EntityKind::kAlwaysPresent) != 0;
  }
  const AttributeKind& AttributeOf(uint32_t type, uint32_t attribute) const {
    return attributes[entities[type].first_attribute + attribute];
  }

  // The folds to be worked out before `fold` begins.
  std::span<const EarlierFold> EarlierFolds(uint32_t fold) const {
    if (earlier_folds.empty()) return {};
    size_t low = 0, high = earlier_folds.size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (earlier_folds[middle].fold < fold) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    size_t end = low;
    while (end < earlier_folds.size() && earlier_folds[end].fold == fold) ++end;
    return earlier_folds.subspan(low, end - low);
  }

  // A text's number among those that constants name; kNone32: it is none of them.
  uint32_t NumberOf(const char* text, uint32_t size) const {
    if (text_slots.empty()) return kNone32;
    return FindInSlots(text_slots, NameHome(text, size, 0, text_slots.size()), [&](uint32_t n) {
      const TextRef ref = name_texts[n];
      return ref.size == size && std::memcmp(pool_text + ref.offset, text, size) == 0;
    });
  }
};

}  // namespace ztp
