// See stored_marks.h.
#include "engine/eval/stored_marks.h"

#include "engine/core/index.h"

namespace ztp {

StoredMarks::StoredMarks(const DecisionProgram& program)
    : principals_(program.schema.entities.size()), resources_(program.schema.entities.size()) {
  const DecisionIndex& index = program.index;
  for (uint32_t m = index.request_marks; m < index.marks.size(); ++m) {
    const Probe& probe = index.probes[index.marks[m].probe];
    const bool of_principal = probe.source == Probe::Source::kPrincipalAttribute;
    if (!of_principal && probe.source != Probe::Source::kResourceAttribute) {
      others_.push_back(m);
      continue;
    }
    // The others' forms are numbers in a row too: a number itself, the bits of a label.
    const bool text = probe.form == Probe::Form::kText;
    bool simple = text || probe.form == Probe::Form::kNumber || probe.form == Probe::Form::kLabel;
    for (uint32_t t = 0; t < principals_.size(); ++t) {
      const uint32_t column = program.AttributeColumn(probe.index, EntityTypeId{t});
      simple = simple && (column == kNone32 || column < FactsRow::kHeadStates);
    }
    if (!simple) {
      others_.push_back(m);
      continue;
    }
    for (uint32_t t = 0; t < principals_.size(); ++t) {
      const uint32_t column = program.AttributeColumn(probe.index, EntityTypeId{t});
      Row& row = (of_principal ? principals_ : resources_)[t];
      if (column == kNone32) {
        row.all = false;
        continue;
      }
      const IndexMark& mark = index.marks[m];
      const bool has_cuts = mark.kind == IndexMark::Kind::kStretches;
      row.cells.push_back({m, column, text, mark.kind, mark.shift, mark.count,
                           has_cuts ? index.cuts.data() + mark.first_cut : nullptr});
      const unsigned shift = FactsRow::kStateShift + 2 * column;
      row.states |= uint64_t{3} << shift;
      row.present |= static_cast<uint64_t>(FactsState::kPresent) << shift;
    }
  }
}

uint64_t StoredMarks::Read(const Row& marks, const uint64_t* row, const FactsView& facts,
                           const DecisionIndex& index) {
  uint64_t out = 0;
  for (const Cell& cell : marks.cells) {
    const IndexMark& mark = index.marks[cell.mark];
    uint64_t bits = row[FactsRow::kCells + cell.column];
    if (cell.text) {
      const Probe& probe = index.probes[mark.probe];
      const uint32_t text = FactsText::IsNoted(bits) ? FactsView::NumberOf(facts.Text(bits)) : 0u;
      bits = static_cast<uint64_t>(PlaceOf(index.texts.data() + probe.first, probe.count, text));
    }
    if (cell.kind == IndexMark::Kind::kCodes) {
      out |= uint64_t{1} << (cell.shift + (bits < cell.count ? bits : cell.count));
    } else if (cell.kind == IndexMark::Kind::kStretches) {
      // As BitsOf: the bit moves up by one for each cut that is not above.
      const int64_t value = static_cast<int64_t>(bits);
      uint64_t bit = uint64_t{1} << cell.shift;
      const int64_t* const end = cell.cuts + cell.count;
      for (const int64_t* cut = cell.cuts; cut != end; ++cut) bit <<= value >= *cut;
      out |= bit;
    } else {
      out |= BitsOf(mark, index.cuts.data(), static_cast<int64_t>(bits));
    }
  }
  return out;
}

}  // namespace ztp
