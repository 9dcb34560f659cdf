// Values, as cells: what CheckPool and CheckCell demand of them. Nothing is allocated a value.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/bundle/verify.h"
#include "engine/core/glob.h"
#include "engine/core/version.h"

namespace ztp {
namespace {

// The layout that core/version.h lays down.
bool IsVersionKey(std::string_view key, bool hex) {
  size_t at = 0;
  auto number = [&](size_t size) {
    if (size > 8 || key.size() - at < size) return false;
    if (size > 0 && key[at] == 0) return false;
    at += size;
    return true;
  };
  size_t parts = 0;
  while (at < key.size() && static_cast<uint8_t>(key[at]) >= 2) {
    const size_t size = static_cast<uint8_t>(key[at++]) - 2u;
    if (++parts > kMaxVersionParts || !number(size)) return false;
  }
  if (at == key.size()) return false;
  if (key[at] == 1) return at + 1 == key.size();
  if (hex) return false;
  ++at;  // 0x00: a pre-release
  size_t identifiers = 0;
  while (at < key.size() && key[at] != 0) {
    ++identifiers;
    const uint8_t tag = static_cast<uint8_t>(key[at++]);
    if (tag == 1) {
      if (at == key.size()) return false;
      const size_t size = static_cast<uint8_t>(key[at++]);
      if (!number(size)) return false;
    } else if (tag == 2) {
      const size_t end = key.find('\0', at);
      if (end == std::string_view::npos || end == at) return false;
      at = end + 1;
    } else {
      return false;
    }
  }
  return identifiers > 0 && at + 1 == key.size();
}

bool IsLabelOf(const Schema& schema, LatticeId id, const Label& label) {
  const LatticeType& lattice = schema[id];
  if (!FlowsTo(label, LowBits(lattice.bits))) return false;
  switch (lattice.kind) {
    case LatticeType::Kind::kChain:
      return label == LowBits(schema.ChainPosition(id, label));
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual:
      return true;
    case LatticeType::Kind::kProduct:
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        if (!IsLabelOf(schema, lattice.parts[i].lattice, schema.PartOf(id, i, label))) return false;
      }
      return true;
  }
  return false;
}

// Wide labels are those that need it.
bool IsCanonicalLabel(const CellPool& pool, const Cell& cell) {
  const Label label = pool.LabelOf(cell);
  return (cell.extra != 0) == ((label.words[1] | label.words[2] | label.words[3]) != 0);
}

}  // namespace

absl::Status CheckCell(const Schema& schema, TypeId type, const CellPool& pool, const Cell& cell) {
  const Type& t = schema.types[type];
  if (cell.kind != static_cast<uint8_t>(t.kind))
    return InvalidArgument("a value is not of its type");
  auto check = [](bool good) {
    return good ? absl::OkStatus() : InvalidArgument("a value is not canonical");
  };
  auto text = [&] { return pool.Text({static_cast<uint32_t>(cell.bits), cell.size}); };
  auto item = [&](uint64_t i) -> const Cell& { return pool.cells[cell.bits + i]; };
  switch (t.kind) {
    case TypeKind::kNone:
      return InvalidArgument("a value has no type");
    case TypeKind::kBool:
      return check(cell.bits <= 1);
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kString:
    case TypeKind::kIp:
      return absl::OkStatus();
    case TypeKind::kVersion:
      return check(IsVersionKey(text(), false));
    case TypeKind::kHexVersion:
      return check(IsVersionKey(text(), true));
    case TypeKind::kCidr: {
      Cidr cidr;
      std::memcpy(cidr.base.bytes, text().data(), sizeof(cidr.base.bytes));
      cidr.prefix = static_cast<uint8_t>(cell.extra);
      return check(cidr.prefix <= 128 && HasNoHostBits(cidr));
    }
    case TypeKind::kDigest: {
      auto parsed = ParseDigest(text());
      return check(parsed.ok() && *parsed == text());
    }
    case TypeKind::kSpiffeId: {
      auto parsed = ParseSpiffeId(text());
      return check(parsed.ok() && *parsed == text());
    }
    case TypeKind::kGlob:
      return check(CheckGlob(text()) == GlobError::kNone);
    case TypeKind::kEnum:
      return check(cell.bits < schema[EnumId{t.decl}].values.size());
    case TypeKind::kLattice:
      return check(IsLabelOf(schema, LatticeId{t.decl}, pool.LabelOf(cell)) &&
                   IsCanonicalLabel(pool, cell));
    case TypeKind::kEntity:
      return check(
          std::binary_search(t.entities.begin(), t.entities.end(), EntityTypeId{cell.extra}));
    case TypeKind::kSet:
    case TypeKind::kList:
      for (uint64_t i = 0; i < cell.size; ++i) {
        ZTP_RETURN_IF_ERROR(CheckCell(schema, t.element, pool, item(i)));
      }
      return absl::OkStatus();
    case TypeKind::kMap:
      if (cell.size % 2 != 0) return check(false);
      for (uint64_t i = 0; i < cell.size; ++i) {
        ZTP_RETURN_IF_ERROR(CheckCell(schema, i % 2 == 0 ? t.key : t.element, pool, item(i)));
      }
      return absl::OkStatus();
    case TypeKind::kRecord:
      if (cell.size != t.fields.size()) return check(false);
      for (size_t i = 0; i < t.fields.size(); ++i) {
        const Field& field = t.fields[i];
        const bool missing = item(i).kind == static_cast<uint8_t>(TypeKind::kNone);
        if (missing && field.optional && !field.default_value) continue;
        ZTP_RETURN_IF_ERROR(CheckCell(schema, field.type, pool, item(i)));
      }
      return absl::OkStatus();
  }
  return InvalidArgument("a value is of no kind");
}

absl::Status CheckValue(const Schema& schema, TypeId type, const Value& value) {
  CellPool pool;
  const Cell cell = CellWriter(&pool).Encode(value);
  ZTP_RETURN_IF_ERROR(CheckPool(pool, {&cell, 1}));
  return CheckCell(schema, type, pool, cell);
}

absl::Status CheckPool(const CellPool& pool, std::span<const Cell> roots) {
  std::vector<bool> used(pool.cells.size(), false);
  uint64_t text_bytes = 0;
  auto check = [&](const Cell& cell, uint64_t end) {
    if (cell.reserved != 0) return InvalidArgument("a cell's reserved byte is set");
    auto in_text = [&](uint64_t size) {
      text_bytes += size;
      return cell.size == size && cell.bits <= pool.text.size() &&
             size <= pool.text.size() - cell.bits;
    };
    bool good = false;
    switch (static_cast<TypeKind>(cell.kind)) {
      case TypeKind::kNone:
        good = cell.bits == 0 && cell.size == 0 && cell.extra == 0;
        break;
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kDecimal:
      case TypeKind::kTime:
      case TypeKind::kDuration:
      case TypeKind::kEnum:
        good = cell.size == 0 && cell.extra == 0;
        break;
      case TypeKind::kString:
      case TypeKind::kVersion:
      case TypeKind::kHexVersion:
      case TypeKind::kDigest:
      case TypeKind::kSpiffeId:
      case TypeKind::kGlob:
        good = in_text(cell.size) && cell.extra == 0;
        break;
      case TypeKind::kIp:
        good = in_text(16) && cell.extra == 0;
        break;
      case TypeKind::kCidr:
        good = in_text(16) && cell.extra <= 128;
        break;
      case TypeKind::kEntity:
        good = in_text(cell.size);
        break;
      case TypeKind::kLattice:
        good = cell.size == 0 &&
               (cell.extra == 0 || (cell.extra == 1 && cell.bits < pool.wide_labels.size()));
        break;
      case TypeKind::kSet:
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kRecord:
        // Items come before what holds them, and belong to it alone.
        good = cell.extra == 0 && cell.bits <= end && cell.size <= end - cell.bits;
        for (uint64_t i = 0; good && i < cell.size; ++i) {
          good = !used[cell.bits + i];
          used[cell.bits + i] = true;
        }
        break;
    }
    return good ? absl::OkStatus() : InvalidArgument("a cell is not well formed");
  };
  for (uint64_t i = 0; i < pool.cells.size(); ++i) ZTP_RETURN_IF_ERROR(check(pool.cells[i], i));
  for (const Cell& root : roots) ZTP_RETURN_IF_ERROR(check(root, pool.cells.size()));
  if (text_bytes > std::max<uint64_t>(pool.text.size(), kMaxCellTextBytes)) {
    return InvalidArgument("the texts of all cells are too long");
  }
  // No deeper than types are: what is made of the cells is walked with the stack.
  std::vector<uint8_t> depth(pool.cells.size(), 1);
  for (size_t i = 0; i < pool.cells.size(); ++i) {
    const Cell& cell = pool.cells[i];
    if (cell.kind < static_cast<uint8_t>(TypeKind::kSet)) continue;
    for (uint64_t j = 0; j < cell.size; ++j) {
      depth[i] = std::max<uint8_t>(depth[i], static_cast<uint8_t>(depth[cell.bits + j] + 1));
    }
    if (depth[i] > kMaxTypeDepth) return InvalidArgument("a value is nested too deeply");
  }
  auto in_order = [&](const Cell& cell) {
    const bool set = cell.kind == static_cast<uint8_t>(TypeKind::kSet);
    const bool map = cell.kind == static_cast<uint8_t>(TypeKind::kMap);
    const uint64_t step = map ? 2 : 1;
    if (map && cell.size % 2 != 0) return false;
    for (uint64_t i = step; (set || map) && i < cell.size; i += step) {
      if (pool.Compare(pool.cells[cell.bits + i - step], pool.cells[cell.bits + i]) >= 0) {
        return false;
      }
    }
    return true;
  };
  for (const Cell& cell : pool.cells) {
    if (!in_order(cell)) return InvalidArgument("a set or map is not in order");
  }
  for (const Cell& root : roots) {
    if (!in_order(root)) return InvalidArgument("a set or map is not in order");
  }
  return absl::OkStatus();
}

}  // namespace ztp
