// Values into cells, texts and collections into the pools, each kept once.
//
// Boundary: one writer's; knows layouts and pools, not rows or edges. Entities are numbered by
// whoever made it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/bundle/constant_names.h"
#include "engine/facts/intern_table.h"
#include "engine/facts/layout.h"
#include "engine/facts/lineage.h"
#include "engine/facts/pattern.h"
#include "engine/facts/val.h"

namespace ztp {

class FactEncoder {
 public:
  using Number = std::function<uint32_t(EntityTypeId type, std::string_view id)>;

  // All must outlive it.
  FactEncoder(const DecisionProgram& program, const FactsLayout& layout, FactsMemory& memory,
              const uint64_t salt[2], Number number);

  const ConstantNames& names() const { return names_; }

  // A pool had no more room, or a text or collection was too big: everything since is worthless.
  bool full() const { return full_; }

  // The id of an entity, as a row has it.
  uint64_t Id(std::string_view id);
  // The value as a cell of that form has it. `text_class`: FactsLayout's. False: it is not of that
  // form.
  bool Encode(const Value& value, const FactsCell& cell, uint16_t text_class, uint64_t* bits);
  // As the evaluator has values.
  Val Item(const Value& value, uint16_t text_class);
  // A Val whose texts and items may be anywhere but whose kind is the cell's, for values that are
  // worked out.
  uint64_t CellOf(const Val& val, const FactsCell& cell);
  // Ascending and distinct.
  uint32_t List(std::span<const uint32_t> numbers);
  uint32_t Window(const EvidenceWindow& window);

  size_t memory_bytes() const {
    return texts_.memory_bytes() + items_.memory_bytes() + lists_.memory_bytes();
  }

 private:
  uint64_t Text(std::string_view text, uint16_t text_class, bool numbered);
  Val TextVal(TypeKind kind, uint64_t cell) const;
  uint64_t Collection(const Value& value, uint16_t text_class);
  uint64_t WideLabel(const Label& label);
  // Items are kept; returns their cell.
  uint64_t Items(std::span<const Val> items);
  const Val* ItemsAt(uint64_t cell) const { return memory_.items.At(FactsItems::First(cell)); }
  uint64_t Hash(const void* bytes, size_t size) const {
    return FactsHash(salt_, 0, static_cast<const char*>(bytes), size);
  }

  const DecisionProgram& program_;
  const FactsLayout& layout_;
  FactsMemory& memory_;
  const uint64_t* salt_;
  Number number_;
  ConstantNames names_;
  std::vector<std::unique_ptr<Pattern>> patterns_;  // compiled when first needed
  InternTable<uint64_t> texts_;
  InternTable<uint64_t> items_;
  InternTable<uint32_t> lists_;
  bool full_ = false;
};

}  // namespace ztp
