#include "engine/base/value.h"

#include <algorithm>
#include <cstring>

namespace ztp {

Value Value::Text(TypeKind kind, std::string text) {
  Value v(kind);
  v.text_ = std::move(text);
  return v;
}

Value Value::Bool(bool b) { return Value(TypeKind::kBool, b ? 1 : 0); }
Value Value::Int(int64_t i) { return Value(TypeKind::kInt, i); }
Value Value::OfDecimal(Decimal d) { return Value(TypeKind::kDecimal, d.units); }
Value Value::String(std::string text) { return Text(TypeKind::kString, std::move(text)); }
Value Value::OfTime(Time t) { return Value(TypeKind::kTime, t.micros); }
Value Value::OfDuration(Duration d) { return Value(TypeKind::kDuration, d.micros); }
Value Value::Version(std::string key) { return Text(TypeKind::kVersion, std::move(key)); }
Value Value::HexVersion(std::string key) { return Text(TypeKind::kHexVersion, std::move(key)); }
Value Value::Digest(std::string text) { return Text(TypeKind::kDigest, std::move(text)); }
Value Value::SpiffeId(std::string text) { return Text(TypeKind::kSpiffeId, std::move(text)); }
Value Value::Glob(std::string pattern) { return Text(TypeKind::kGlob, std::move(pattern)); }
Value Value::Enum(uint32_t ordinal) { return Value(TypeKind::kEnum, ordinal); }

Value Value::OfIp(const Ip& ip) {
  return Text(TypeKind::kIp, std::string(reinterpret_cast<const char*>(ip.bytes), 16));
}

Value Value::OfCidr(const Cidr& cidr) {
  Value v = Text(TypeKind::kCidr, std::string(reinterpret_cast<const char*>(cidr.base.bytes), 16));
  v.number_ = cidr.prefix;
  return v;
}

Value Value::OfLabel(const Label& label) {
  Value v(TypeKind::kLattice);
  v.label_ = label;
  return v;
}

Value Value::Entity(EntityTypeId type, std::string id) {
  Value v = Text(TypeKind::kEntity, std::move(id));
  v.number_ = type.index;
  return v;
}

Value Value::Set(std::vector<Value> elements) {
  Value v(TypeKind::kSet);
  v.items_ = std::move(elements);
  v.SortSet();
  return v;
}

void Value::SortSet() {
  std::sort(items_.begin(), items_.end());
  items_.erase(std::unique(items_.begin(), items_.end()), items_.end());
}

void Value::Forget() {
  number_ = 0;
  text_.clear();
  label_ = {};
  items_.clear();
}

Value Value::List(std::vector<Value> elements) {
  Value v(TypeKind::kList);
  v.items_ = std::move(elements);
  return v;
}

Value Value::Map(std::vector<std::pair<Value, Value>> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Value v(TypeKind::kMap);
  v.items_.reserve(entries.size() * 2);
  for (auto& [key, value] : entries) {
    v.items_.push_back(std::move(key));
    v.items_.push_back(std::move(value));
  }
  return v;
}

Value Value::Record(std::vector<Value> fields) {
  Value v(TypeKind::kRecord);
  v.items_ = std::move(fields);
  return v;
}

Ip Value::ip() const {
  Ip ip;
  std::memcpy(ip.bytes, text_.data(), 16);
  return ip;
}

Cidr Value::cidr() const {
  Cidr cidr;
  std::memcpy(cidr.base.bytes, text_.data(), 16);
  cidr.prefix = static_cast<uint8_t>(number_);
  return cidr;
}

std::strong_ordering Value::operator<=>(const Value& other) const {
  if (kind_ != other.kind_) return kind_ <=> other.kind_;
  switch (kind_) {
    case TypeKind::kLattice:
      for (int i = 3; i >= 0; --i) {
        if (auto c = label_.words[i] <=> other.label_.words[i]; c != 0) return c;
      }
      return std::strong_ordering::equal;
    case TypeKind::kSet:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return std::lexicographical_compare_three_way(items_.begin(), items_.end(),
                                                    other.items_.begin(), other.items_.end());
    default:
      if (int c = text_.compare(other.text_); c != 0) return c <=> 0;
      return number_ <=> other.number_;
  }
}

}  // namespace ztp
