// Cells, texts and collections by their types. See facts_checker.h.
#include <algorithm>
#include <cstring>

#include "engine/base/status.h"
#include "engine/bundle/verify.h"
#include "engine/facts/facts_checker.h"

namespace ztp {
namespace {

constexpr uint64_t kItemWork = 64;         // of comparing two items, in bytes
constexpr uint64_t kAlwaysLookedAt = 256;  // bytes of a text that are checked each time

bool IsCollection(TypeKind kind) { return kind >= TypeKind::kSet; }

// Those whose order Value and Val agree on: maps with such keys are bisected (FindInMap).
bool IsBisected(TypeKind key) { return key < TypeKind::kEntity; }

}  // namespace

absl::Status FactsChecker::CheckRow(uint32_t entity, const uint64_t* row, uint32_t type_index) {
  const FactsType& type = view_.types[type_index];
  const std::vector<Column>& columns = columns_[type_index];
  const uint32_t stride = view_.pages[entity >> FactsPage::kBits].stride;
  const bool stored = (row[2] & FactsRow::kStored) != 0;
  const uint32_t head_states = std::min(type.cell_count, FactsRow::kHeadStates);
  if (FactsRow::kStateShift + 2 * head_states < 64 &&
      row[2] >> (FactsRow::kStateShift + 2 * head_states) != 0) {
    return Bad(entity, "its row has a state too many");
  }
  auto is_zero = [](uint64_t word) { return word == 0; };
  if (!std::all_of(row + (stored ? type.stride : FactsRow::kCells), row + stride, is_zero)) {
    return Bad(entity, "its row has more than its type");
  }
  for (uint32_t c = 0; c < type.cell_count; ++c) {
    const uint64_t bits = row[FactsRow::kCells + c];
    const Column& column = columns[c];
    bool good = false;
    switch (FactsView::State(row, type, c)) {
      case FactsState::kMissing:
        good = bits == 0;
        break;
      case FactsState::kUnknown:
        good =
            column.derived ? bits <= UINT32_MAX && IsList(static_cast<uint32_t>(bits)) : bits == 0;
        break;
      case FactsState::kPresent:
        good = stored && IsCell(column, bits);
        break;
      case FactsState::kLate:
        good = column.derived && bits == 0;
        break;
    }
    if (!good) return Bad(entity, "an attribute's value is not of its type, or out of bounds");
  }
  for (uint32_t a = 0; a < type.attributes; ++a) {
    const uint32_t window = FactsView::WindowOf(row, type, a);
    if (window == 0) continue;
    // The struct's bytes are read as they are: two that are true or false, and padding.
    if (!IsIn(kPoolWords, FactsWords::kSegmentBits, window, sizeof(EvidenceWindow) / 8) ||
        (view_.Words(window)[2] & ~uint64_t{0x101}) != 0) {
      return Bad(entity, "an attribute's times are out of bounds");
    }
  }
  return absl::OkStatus();
}

bool FactsChecker::IsCell(const Column& column, uint64_t bits) {
  const Type& type = schema_.types[column.type];
  switch (column.cell.form) {
    case FactsForm::kNumber:
      if (type.kind == TypeKind::kBool) return bits <= 1;
      if (type.kind == TypeKind::kEnum) return bits < schema_[EnumId{type.decl}].values.size();
      return type.kind != TypeKind::kLattice || IsLabel(column.type, bits);
    case FactsForm::kText:
      return IsTextOf(column.type, type.kind,
                      bits & ~(uint64_t{FactsText::kMaxSize} << FactsText::kSizeShift),
                      FactsText::Size(bits));
    case FactsForm::kAddress:
      return !FactsText::IsNoted(bits) && FactsText::Size(bits) == sizeof(Ip::bytes) &&
             IsText(FactsText::Offset(bits), sizeof(Ip::bytes), false);
    case FactsForm::kNetwork: {
      const FactsFileItem item{.kind = column.cell.kind,
                               .extra = static_cast<uint16_t>(FactsText::Size(bits)),
                               .size = sizeof(Ip::bytes),
                               .bits = FactsText::Offset(bits)};
      return !FactsText::IsNoted(bits) && FactsText::Size(bits) <= 128 &&
             IsText(item.bits, item.size, false) && IsItem(item, column.type);
    }
    case FactsForm::kEntity: {
      const uint64_t entity = bits & UINT32_MAX;
      return IsUsed(entity) && view_.TypeOf(static_cast<uint32_t>(entity)) == bits >> 32 &&
             std::binary_search(type.entities.begin(), type.entities.end(),
                                EntityTypeId{static_cast<uint32_t>(bits >> 32)});
    }
    case FactsForm::kItems:
      return AreItems(FactsItems::First(bits), FactsItems::Count(bits), column.type);
    case FactsForm::kWide:
      return IsWideLabel(column.type, bits);
  }
  return false;
}

// What can be said of an item without its type.
bool FactsChecker::PlaceItem(const FactsFileItem& from, uint64_t place, Val* to) const {
  Val val;
  val.kind = static_cast<TypeKind>(from.kind);
  val.size = from.size;
  if (from.reserved != 0) return false;
  switch (val.kind) {
    case TypeKind::kNone:
      *to = val;
      return from.size == 0 && from.extra == 0 && from.bits == 0;
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
      val.number = static_cast<int64_t>(from.bits);
      *to = val;
      return from.size == 0 && from.extra == 0;
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob: {
      const bool noted = FactsText::IsNoted(from.bits);
      if (from.bits >> FactsText::kSizeShift != 0 || from.extra != 0 ||
          !IsText(FactsText::Offset(from.bits), from.size, noted)) {
        return false;
      }
      val.bytes = view_.Text(from.bits);
      val.flags = Val::kNumbered;
      if (noted) {
        val.flags |= Val::kNoted;
        val.prefix = FactsView::NumberOf(val.bytes);
      }
      *to = val;
      return true;
    }
    case TypeKind::kIp:
    case TypeKind::kCidr:
      if (from.size != sizeof(Ip::bytes) || from.bits >> FactsText::kOffsetBits != 0 ||
          from.extra > (val.kind == TypeKind::kCidr ? 128 : 0) ||
          !IsText(from.bits, from.size, false)) {
        return false;
      }
      val.bytes = view_.Text(from.bits);
      val.prefix = from.extra;
      *to = val;
      return true;
    case TypeKind::kLattice:
      if (from.size != 0 || from.extra > 1) return false;
      val.number = static_cast<int64_t>(from.bits);
      if (from.extra == 1) {
        if (!IsIn(kPoolWords, FactsWords::kSegmentBits, from.bits, Label::kWords)) return false;
        val.flags = Val::kWideLabel;
        val.wide = reinterpret_cast<const Label*>(view_.Words(from.bits));
      }
      *to = val;
      return true;
    case TypeKind::kEntity:
      val.number = static_cast<int64_t>(from.bits);
      *to = val;
      return from.extra == 0 && IsUsed(from.bits) && view_.TypeOf(val.entity()) == from.size;
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      // What is within comes first: nothing holds itself.
      if (from.extra != 0 || from.bits >= place || from.size > place - from.bits ||
          !IsIn(kPoolItems, FactsItems::kSegmentBits, from.bits, from.size)) {
        return false;
      }
      val.list = view_.items[from.bits >> FactsItems::kSegmentBits] +
                 (from.bits & ((uint64_t{1} << FactsItems::kSegmentBits) - 1));
      *to = val;
      return true;
  }
  return false;
}

absl::Status FactsChecker::PlaceItems(const std::vector<Val*>& to) {
  for (size_t segment = 0; segment < to.size(); ++segment) {
    for (uint32_t i = 0; i < sizes_[kPoolItems][segment]; ++i) {
      const uint64_t place = uint64_t{segment} << FactsItems::kSegmentBits | i;
      if (!PlaceItem(items_[segment][i], place, &to[segment][i])) {
        return InvalidArgument("item ", place, " of the collections is out of bounds");
      }
    }
  }
  return absl::OkStatus();
}

// Of an item that PlaceItem took.
bool FactsChecker::IsItem(const FactsFileItem& item, TypeId id) {
  const Type& type = schema_.types[id];
  if (item.kind != static_cast<uint8_t>(type.kind)) return false;
  switch (type.kind) {
    case TypeKind::kNone:
      return false;
    case TypeKind::kBool:
      return item.bits <= 1;
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kIp:
      return true;
    case TypeKind::kEnum:
      return item.bits < schema_[EnumId{type.decl}].values.size();
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return IsTextOf(id, type.kind, item.bits, item.size);
    case TypeKind::kCidr: {
      Cidr cidr;
      std::memcpy(cidr.base.bytes, view_.Text(item.bits), sizeof(cidr.base.bytes));
      cidr.prefix = static_cast<uint8_t>(item.extra);
      return HasNoHostBits(cidr);
    }
    case TypeKind::kLattice:
      return item.extra != 0 ? IsWideLabel(id, item.bits) : IsLabel(id, item.bits);
    case TypeKind::kEntity:
      return std::binary_search(type.entities.begin(), type.entities.end(),
                                EntityTypeId{item.size});
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return AreItems(item.bits, item.size, id);
  }
  return false;
}

// The items of a collection of that type. As deep as the type. What is written does not overlap, so
// that the collections of one type together have no more items than the pool.
bool FactsChecker::AreItems(uint64_t first, uint64_t count, TypeId id) {
  const Type& type = schema_.types[id];
  if (!IsCollection(type.kind)) return false;
  if (count == 0) return first == 0 && (type.kind != TypeKind::kRecord || type.fields.empty());
  if (!IsIn(kPoolItems, FactsItems::kSegmentBits, first, count)) return false;
  const uint64_t dense = Dense(kPoolItems, FactsItems::kSegmentBits, first);
  const uint64_t cell = first | count << FactsItems::kCountShift;
  const uint32_t as = static_cast<uint32_t>(count) | id.index << 24;
  const bool known_as = id.index < 256 && collections_[dense] == as;
  if (known_as || more_collections_.contains({cell, id.index})) return true;
  if (items_left_ < count) return false;
  items_left_ -= count;

  const size_t segment = first >> FactsItems::kSegmentBits;
  const size_t at = first & ((uint64_t{1} << FactsItems::kSegmentBits) - 1);
  const FactsFileItem* items = items_[segment] + at;
  const Val* vals = view_.items[segment] + at;
  for (uint64_t i = 0; i < count; ++i) {
    switch (type.kind) {
      case TypeKind::kSet:
        if (!IsItem(items[i], type.element)) return false;
        if (i > 0 && Order(vals[i - 1], vals[i]) >= 0) return false;
        break;
      case TypeKind::kList:
        if (!IsItem(items[i], type.element)) return false;
        break;
      case TypeKind::kMap:
        if (count % 2 != 0 || !IsItem(items[i], i % 2 == 0 ? type.key : type.element)) return false;
        if (i > 1 && i % 2 == 0 && IsBisected(schema_.types.kind(type.key)) &&
            Order(vals[i - 2], vals[i]) >= 0) {
          return false;
        }
        break;
      default: {
        if (count != type.fields.size()) return false;
        const Field& field = type.fields[i];
        const bool may_be_missing = field.optional && !field.default_value;
        if (items[i].kind == static_cast<uint8_t>(TypeKind::kNone)
                ? !may_be_missing
                : !IsItem(items[i], field.type)) {
          return false;
        }
      }
    }
  }
  if (id.index < 256 && collections_[dense] == 0) {
    collections_[dense] = as;
  } else {
    more_collections_.insert({cell, id.index});
  }
  return true;
}

// As Compare, but within a bound on work: texts and collections of a file may overlap.
int FactsChecker::Order(const Val& a, const Val& b) {
  if (!IsCollection(a.kind)) {
    const bool text =
        a.kind == b.kind && a.kind != TypeKind::kLattice && a.kind != TypeKind::kEntity;
    const uint64_t work = kItemWork + (text ? std::min(a.size, b.size) : 0);
    if (work_left_ < work) return 1;
    work_left_ -= work;
    return Compare(a, b);
  }
  for (uint32_t i = 0; i < std::min(a.size, b.size); ++i) {
    if (const int order = Order(a.list[i], b.list[i]); order != 0) return order;
  }
  return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

// `bits`: its place, and kNoted.
bool FactsChecker::IsTextOf(TypeId id, TypeKind kind, uint64_t bits, uint64_t size) {
  if (!IsText(FactsText::Offset(bits), size, FactsText::IsNoted(bits))) return false;
  if (kind == TypeKind::kString) return true;
  const uint64_t place = FactsText::Offset(bits);
  const std::pair<uint64_t, uint32_t> known = {place | size << FactsText::kSizeShift, id.index};
  if (size > kAlwaysLookedAt) {
    if (texts_.contains(known)) return true;
    if (text_bytes_left_ < size) return false;
    text_bytes_left_ -= size;
  }
  CellPool pool;
  pool.text = Table<char>::View(view_.Text(place), size);
  const Cell cell{.kind = static_cast<uint8_t>(kind), .size = static_cast<uint32_t>(size)};
  if (!CheckCell(schema_, id, pool, cell).ok()) return false;
  if (size > kAlwaysLookedAt) texts_.insert(known);
  return true;
}

bool FactsChecker::IsLabel(TypeId id, uint64_t bits) {
  KnownLabel& known = labels_[(bits ^ bits >> 29 ^ id.index) % labels_.size()];
  if (known.type == id.index && known.bits == bits) return true;
  const Cell cell{.kind = static_cast<uint8_t>(TypeKind::kLattice), .bits = bits};
  if (!CheckCell(schema_, id, CellPool(), cell).ok()) return false;
  known = {id.index, bits};
  return true;
}

bool FactsChecker::IsWideLabel(TypeId id, uint64_t place) const {
  if (!IsIn(kPoolWords, FactsWords::kSegmentBits, place, Label::kWords)) return false;
  // Not only those that need four words are wide where the lattice is.
  Label label;
  std::memcpy(label.words, view_.Words(place), sizeof(label.words));
  CellPool pool;
  pool.wide_labels.push_back(label);
  const bool wide = (label.words[1] | label.words[2] | label.words[3]) != 0;
  const Cell cell{.kind = static_cast<uint8_t>(TypeKind::kLattice),
                  .extra = static_cast<uint16_t>(wide ? 1 : 0),
                  .bits = wide ? 0 : label.words[0]};
  return CheckCell(schema_, id, pool, cell).ok();
}

}  // namespace ztp
