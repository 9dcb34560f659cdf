// Values to cells and back; see cell.h.
#include "engine/bundle/cell.h"

#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/str.h"

namespace ztp {
namespace {

std::string_view Bytes(const Ip& ip) {
  return std::string_view(reinterpret_cast<const char*>(ip.bytes), sizeof(ip.bytes));
}

}  // namespace

TextRef CellWriter::AddText(std::string_view text) {
  if (text.empty()) return {};
  auto it = texts_.find(ToAbsl(text));
  if (it != texts_.end()) return it->second;
  TextRef ref{static_cast<uint32_t>(pool_->text.size()), static_cast<uint32_t>(text.size())};
  pool_->text.insert(pool_->text.end(), text.begin(), text.end());
  texts_.emplace(std::string(text), ref);
  return ref;
}

Cell CellWriter::Encode(const Value& value) {
  Cell cell;
  cell.kind = static_cast<uint8_t>(value.kind());
  auto set_text = [&](std::string_view text) {
    TextRef ref = AddText(text);
    cell.bits = ref.offset;
    cell.size = ref.size;
  };
  switch (value.kind()) {
    case TypeKind::kNone:
      break;
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
      cell.bits = static_cast<uint64_t>(value.integer());
      break;
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      set_text(value.text());
      break;
    case TypeKind::kIp:
      set_text(Bytes(value.ip()));
      break;
    case TypeKind::kCidr:
      set_text(Bytes(value.cidr().base));
      cell.extra = value.cidr().prefix;
      break;
    case TypeKind::kEntity:
      set_text(value.text());
      cell.extra = static_cast<uint16_t>(value.entity_type().index);
      break;
    case TypeKind::kLattice: {
      const Label& label = value.label();
      if ((label.words[1] | label.words[2] | label.words[3]) == 0) {
        cell.bits = label.words[0];
      } else {
        cell.extra = 1;
        cell.bits = pool_->wide_labels.size();
        pool_->wide_labels.push_back(label);
      }
      break;
    }
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      // The items' own items first, so that the items lie together.
      std::vector<Cell> items;
      items.reserve(value.items().size());
      for (const Value& item : value.items()) items.push_back(Encode(item));
      cell.bits = pool_->cells.size();
      cell.size = static_cast<uint32_t>(items.size());
      pool_->cells.insert(pool_->cells.end(), items.begin(), items.end());
      break;
    }
  }
  return cell;
}

std::strong_ordering CellPool::Compare(const Cell& a, const Cell& b) const {
  if (a.kind != b.kind) return a.kind <=> b.kind;
  auto bytes = [&](const Cell& cell) {
    return Text({static_cast<uint32_t>(cell.bits), cell.size});
  };
  switch (static_cast<TypeKind>(a.kind)) {
    case TypeKind::kString:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
    case TypeKind::kIp:
    case TypeKind::kCidr:
    case TypeKind::kEntity:
      if (const int c = bytes(a).compare(bytes(b)); c != 0) return c <=> 0;
      return a.extra <=> b.extra;
    case TypeKind::kLattice: {
      const Label x = LabelOf(a), y = LabelOf(b);
      for (unsigned i = Label::kWords; i-- > 0;) {
        if (auto c = x.words[i] <=> y.words[i]; c != 0) return c;
      }
      return std::strong_ordering::equal;
    }
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      for (uint32_t i = 0; i < a.size && i < b.size; ++i) {
        if (auto c = Compare(cells[a.bits + i], cells[b.bits + i]); c != 0) return c;
      }
      return a.size <=> b.size;
    default:
      return static_cast<int64_t>(a.bits) <=> static_cast<int64_t>(b.bits);
  }
}

Label CellPool::LabelOf(const Cell& cell) const {
  if (cell.extra != 0) return wide_labels[cell.bits];
  Label label;
  label.words[0] = cell.bits;
  return label;
}

Value CellPool::ToValue(const Cell& cell) const {
  const TypeKind kind = static_cast<TypeKind>(cell.kind);
  const int64_t number = static_cast<int64_t>(cell.bits);
  auto bytes = [&]() -> std::string {
    return std::string(Text({static_cast<uint32_t>(cell.bits), cell.size}));
  };
  auto address = [&]() -> Ip {
    Ip ip;
    std::memcpy(ip.bytes, text.data() + cell.bits, sizeof(ip.bytes));
    return ip;
  };
  switch (kind) {
    case TypeKind::kNone:
      return Value();
    case TypeKind::kBool:
      return Value::Bool(number != 0);
    case TypeKind::kInt:
      return Value::Int(number);
    case TypeKind::kDecimal:
      return Value::OfDecimal(Decimal{number});
    case TypeKind::kTime:
      return Value::OfTime(Time{number});
    case TypeKind::kDuration:
      return Value::OfDuration(Duration{number});
    case TypeKind::kEnum:
      return Value::Enum(static_cast<uint32_t>(number));
    case TypeKind::kString:
      return Value::String(bytes());
    case TypeKind::kVersion:
      return Value::Version(bytes());
    case TypeKind::kHexVersion:
      return Value::HexVersion(bytes());
    case TypeKind::kDigest:
      return Value::Digest(bytes());
    case TypeKind::kSpiffeId:
      return Value::SpiffeId(bytes());
    case TypeKind::kGlob:
      return Value::Glob(bytes());
    case TypeKind::kIp:
      return Value::OfIp(address());
    case TypeKind::kCidr: {
      Cidr cidr;
      cidr.base = address();
      cidr.prefix = static_cast<uint8_t>(cell.extra);
      return Value::OfCidr(cidr);
    }
    case TypeKind::kEntity:
      return Value::Entity(EntityTypeId{cell.extra}, bytes());
    case TypeKind::kLattice:
      return Value::OfLabel(LabelOf(cell));
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      std::vector<Value> items;
      items.reserve(cell.size);
      for (uint32_t i = 0; i < cell.size; ++i) items.push_back(ToValue(cells[cell.bits + i]));
      if (kind == TypeKind::kSet) return Value::Set(std::move(items));
      if (kind == TypeKind::kList) return Value::List(std::move(items));
      if (kind == TypeKind::kRecord) return Value::Record(std::move(items));
      std::vector<std::pair<Value, Value>> entries;
      for (size_t i = 0; i + 1 < items.size(); i += 2) {
        entries.emplace_back(std::move(items[i]), std::move(items[i + 1]));
      }
      return Value::Map(std::move(entries));
    }
  }
  return Value();
}

}  // namespace ztp
