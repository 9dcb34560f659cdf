// Which cells of a stored row the index's marks are of, by entity type, so that a decision finds
// the marks of its principal and resource without asking where each attribute is.
//
// Boundary: belongs to one program, which must outlive it; immutable. Rows where a cell is not
// simply there (missing, unknown, evidence with times) are not for it: probes.cc reads those.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/bundle/decision_program.h"
#include "engine/core/facts_view.h"

namespace ztp {

class StoredMarks {
 public:
  // A mark of a cell.
  struct Cell {
    uint32_t mark = 0;    // in DecisionIndex::marks
    uint32_t column = 0;  // of the row
    bool text = false;
    // The mark's, beside it so that its own entry need not be read.
    IndexMark::Kind kind = IndexMark::Kind::kStretches;
    uint8_t shift = 0;
    uint8_t count = 0;
    const int64_t* cuts = nullptr;
  };
  // What a type has marks of.
  struct Row {
    std::vector<Cell> cells;
    bool all = true;      // of the holder's marks none is of an attribute that the type lacks
    uint64_t states = 0;  // bits of the row's states that have to be as `present`
    uint64_t present = 0;
  };

  explicit StoredMarks(const DecisionProgram& program);

  const Row& OfPrincipal(uint32_t type) const { return principals_[type]; }
  const Row& OfResource(uint32_t type) const { return resources_[type]; }
  // Marks that are no cell's.
  const std::vector<uint32_t>& others() const { return others_; }

  // Are all of the cells simply there?
  static bool Has(const Row& marks, const uint64_t* row, const FactsType& layout) {
    return row != nullptr && layout.first_window == 0 && (row[2] & marks.states) == marks.present;
  }
  // The marks of such a row.
  static uint64_t Read(const Row& marks, const uint64_t* row, const FactsView& facts,
                       const DecisionIndex& index);

 private:
  std::vector<Row> principals_;  // by type
  std::vector<Row> resources_;
  std::vector<uint32_t> others_;
};

}  // namespace ztp
