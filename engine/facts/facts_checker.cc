// Pages and the heads of rows. See facts_checker.h.
#include "engine/facts/facts_checker.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"

namespace ztp {

FactsChecker::FactsChecker(const DecisionProgram& program, const FactsLayout& layout,
                           const FactsView& view, const Sizes& sizes,
                           std::vector<const FactsFileItem*> items, uint64_t file_bytes)
    : program_(program),
      schema_(program.schema),
      layout_(layout),
      view_(view),
      sizes_(sizes),
      items_(std::move(items)),
      names_(program) {
  std::array<uint64_t, kFactsPools> all = {};
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    for (uint32_t size : sizes[pool]) {
      first_[pool].push_back(all[pool]);
      all[pool] += size;
    }
  }
  uint64_t collection_types = 0;
  for (uint32_t t = 0; t < schema_.types.size(); ++t) {
    collection_types += schema_.types.kind(TypeId{t}) >= TypeKind::kSet;
  }
  list_words_left_ = all[kPoolLists];
  items_left_ = all[kPoolItems] * collection_types;
  text_bytes_left_ = all[kPoolTexts] * schema_.types.size();
  work_left_ = (uint64_t{4} << 30) + 64 * file_bytes;
  lists_.Resize(all[kPoolLists]);
  collections_.resize(all[kPoolItems], 0);

  for (size_t t = 0; t < schema_.entities.size(); ++t) {
    const FactsType& type = layout.types()[t];
    std::vector<Column> columns(type.cell_count);
    for (uint32_t a = 0; a < type.attributes; ++a) {
      const FactsCell& cell = type.cells[a];
      columns[a] = {cell, schema_.entities[t].attributes[a].type, cell.own != a};
      columns[cell.own] = {cell, columns[a].type, cell.own == a && columns[a].derived};
    }
    columns_.push_back(std::move(columns));
  }
}

absl::Status FactsChecker::Bad(uint32_t entity, const char* what) const {
  return InvalidArgument("entity number ", entity, ": ", what);
}

bool FactsChecker::IsIn(FactsPool pool, unsigned bits, uint64_t place, uint64_t count) const {
  const uint64_t segment = place >> bits, at = place & ((uint64_t{1} << bits) - 1);
  return segment < sizes_[pool].size() && at <= sizes_[pool][segment] &&
         count <= sizes_[pool][segment] - at;
}

// With its notes, if it has any.
bool FactsChecker::IsText(uint64_t place, uint64_t size, bool noted) const {
  if (!IsIn(kPoolTexts, FactsText::kSegmentBits, place, size)) return false;
  if (!noted) return true;
  const uint64_t at = place & ((uint64_t{1} << FactsText::kSegmentBits) - 1);
  if (at < FactsText::kNoteBytes) return false;
  const char* bytes = view_.Text(place);
  const uint16_t text_class = FactsView::ClassOf(bytes);
  if (text_class >= layout_.class_count()) return false;
  if (at < FactsText::kNoteBytes + (layout_.PatternsOf(text_class).size() + 7) / 8) return false;
  const uint32_t number = FactsView::NumberOf(bytes);
  if (number == 0) return true;
  return number <= names_.texts().size() &&
         names_.texts()[number - 1] == std::string_view(bytes, size);
}

absl::Status FactsChecker::CheckRows() {
  used_.Resize(view_.entity_count);
  absent_.Resize(view_.entity_count);
  open_pages_.assign(schema_.entities.size(), {});
  for (uint32_t p = 0; p < view_.entity_count >> FactsPage::kBits; ++p) {
    ZTP_RETURN_IF_ERROR(CheckPage(p));
  }
  return CheckNamed();
}

absl::Status FactsChecker::CheckPage(uint32_t number) {
  const FactsPage& page = view_.pages[number];
  const bool mixed = page.type == FactsPage::kMixed;
  const uint32_t first = number << FactsPage::kBits;
  uint32_t used = 0;
  for (uint32_t i = 0; i < FactsPage::kRows; ++i) {
    const uint32_t entity = first + i;
    const uint64_t* row = page.rows + size_t{i} * page.stride;
    if ((row[2] & FactsRow::kUsed) == 0) {
      if (std::any_of(row, row + page.stride, [](uint64_t word) { return word != 0; })) {
        return Bad(entity, "its row is not used, and not empty");
      }
      continue;
    }
    if (used != i) return Bad(entity, "a row before its own is free");
    ++used;
    const uint32_t type = static_cast<uint32_t>(row[2] & FactsRow::kTypeMask);
    if (mixed ? type >= schema_.entities.size() || layout_.types()[type].stride > page.stride
              : type != page.type) {
      return Bad(entity, "is of another type than its page");
    }
    if (!IsText(FactsText::Offset(row[0]), FactsText::Size(row[0]), false) ||
        FactsText::IsNoted(row[0])) {
      return Bad(entity, "its id is out of bounds");
    }
    used_.Add(entity);
    const EntityType& declared = schema_.entities[type];
    if (row[2] & FactsRow::kStored) {
      if (declared.carried != Carried::kNo) return Bad(entity, "is stored, and of a carried type");
      ++stored_count_;
    } else if (!declared.always_present()) {
      absent_.Add(entity);
      absent_count_ += declared.carried == Carried::kNo;
    }
  }
  used_count_ += used;
  if (mixed || used == FactsPage::kRows) return absl::OkStatus();
  if (open_pages_[page.type].page != kNone32) return Bad(first, "its type has two open pages");
  open_pages_[page.type] = {number, used};
  return absl::OkStatus();
}

// The entities that constants name, on the mixed pages in front: those, and no others.
absl::Status FactsChecker::CheckNamed() const {
  const uint32_t named = names_.entities().size();
  for (uint32_t e = 0; e < view_.entity_count; ++e) {
    if (view_.pages[e >> FactsPage::kBits].type != FactsPage::kMixed) break;
    if (used_.Has(e) != (e < named)) return Bad(e, "is among those that constants name");
    if (e >= named) continue;
    const uint64_t* row = view_.Row(e);
    const ConstantNames::Entity name = names_.entities()[e];
    if ((row[2] & FactsRow::kTypeMask) != name.type.index ||
        std::string_view(view_.Text(row[0]), FactsText::Size(row[0])) != name.id) {
      return Bad(e, "is not the one that a constant names");
    }
  }
  return absl::OkStatus();
}

absl::Status FactsChecker::CheckContents() {
  if (sizes_[kPoolLists][0] == 0 || view_.lists[0][0] != 0) {
    return InvalidArgument("the empty list is not empty");
  }
  for (bool lineage : {false, true}) MakeLeads(lineage);
  for (uint32_t p = 0; p < view_.entity_count >> FactsPage::kBits; ++p) {
    const FactsPage& page = view_.pages[p];
    for (uint32_t i = 0; i < FactsPage::kRows; ++i) {
      const uint32_t entity = (p << FactsPage::kBits) + i;
      if (!used_.Has(entity)) break;
      const uint64_t* row = page.rows + size_t{i} * page.stride;
      const uint32_t type = static_cast<uint32_t>(row[2] & FactsRow::kTypeMask);
      ZTP_RETURN_IF_ERROR(CheckRow(entity, row, type));
      ZTP_RETURN_IF_ERROR(CheckClosure(entity, view_.MembershipOf(entity), type, false));
      ZTP_RETURN_IF_ERROR(CheckClosure(entity, view_.LineageOf(entity), type, true));
    }
  }
  return absl::OkStatus();
}

}  // namespace ztp
