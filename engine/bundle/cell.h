// Values as fixed-size cells with offsets into pools: the position-independent form that a decision
// program keeps its constants in, so that a file can hold them and be read in place.
//
// Boundary: only constants of a program. Facts and requests have pointers instead (facts/val.h).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "engine/base/value.h"
#include "engine/bundle/table.h"
#include "engine/core/program.h"

namespace ztp {

// Kinds are TypeKind's pinned numbers. By kind:
//   Bool Int Decimal Time Duration Enum    bits: the number
//   texts (String … Glob), Ip              size bytes at bits in the text pool
//   Cidr                                   16 bytes at bits in the text pool; extra: the prefix
//   Entity                                 its id, size bytes at bits in the text pool; extra: its
//                                          type
//   Lattice                                bits: the low word; where extra is 1, bits: an index
//   into
//                                          wide labels
//   Set List Map Record                    size cells from cell number bits on (Map: key, value,
//                                          key, value)
struct Cell {
  uint8_t kind = 0;
  uint8_t reserved = 0;
  uint16_t extra = 0;
  uint32_t size = 0;
  uint64_t bits = 0;
  bool operator==(const Cell&) const = default;
};
static_assert(sizeof(Cell) == 16);

// The pools. Texts are kept once each while a program is made.
struct CellPool {
  Table<char> text;
  Table<Cell> cells;
  Table<Label> wide_labels;  // labels with a bit beyond the first 64

  std::string_view Text(TextRef ref) const { return {text.data() + ref.offset, ref.size}; }
  // The value that a cell stands for. The cell must be one of a checked pool.
  Value ToValue(const Cell& cell) const;
  Label LabelOf(const Cell& cell) const;
  // As the values compare, without making them.
  std::strong_ordering Compare(const Cell& a, const Cell& b) const;
};

// Fills a CellPool. `pool` must outlive it.
class CellWriter {
 public:
  explicit CellWriter(CellPool* pool) : pool_(pool) {}
  TextRef AddText(std::string_view text);
  // Its cell; the items of a collection are appended to the pool, the cell itself is not.
  Cell Encode(const Value& value);

 private:
  CellPool* pool_;
  absl::flat_hash_map<std::string, TextRef> texts_;
};

}  // namespace ztp
