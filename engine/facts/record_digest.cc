// See record_digest.h. Every piece begins with its length or says by its kind how it ends, so that
// no two records can run together into the same bytes.
#include "engine/facts/record_digest.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace ztp {
namespace {

class Writer {
 public:
  Writer(const Schema& schema, std::string* out) : schema_(schema), out_(*out) {}

  void Record(const EntityRecord& record) {
    Uid(record.uid);
    const EntityType& type = schema_[record.uid.type];
    for (size_t i = 0; i < record.attributes.size(); ++i) {
      const ztp::Fact& fact = record.attributes[i];
      const bool times = fact.issued_at || fact.expires_at;
      if (fact.state == ztp::Fact::State::kMissing && !times) continue;
      Byte(1);
      Text(type.attributes[i].name);
      Byte(static_cast<uint8_t>(fact.state));
      Bound(fact.issued_at);
      Bound(fact.expires_at);
      Of(fact.value);
    }
    Byte(0);
    Edges(record.parents);
    Edges(record.derives);
  }

 private:
  void Byte(uint8_t byte) { out_ += static_cast<char>(byte); }
  void Number(uint64_t n) {
    for (; n >= 0x80; n >>= 7) Byte(static_cast<uint8_t>(n) | 0x80);
    Byte(static_cast<uint8_t>(n));
  }
  void Text(std::string_view text) {
    Number(text.size());
    out_.append(text);
  }
  void Bound(const std::optional<Time>& time) {
    Byte(time.has_value());
    if (time) Number(static_cast<uint64_t>(time->micros));
  }
  void Uid(const EntityUid& uid) {
    Text(schema_[uid.type].json_name);
    Text(uid.id);
  }
  void Edges(const std::vector<EntityUid>& given) {
    std::vector<const EntityUid*> to;
    to.reserve(given.size());
    for (const EntityUid& uid : given) to.push_back(&uid);
    auto names = [&](const EntityUid* uid) {
      return std::pair<std::string_view, std::string_view>(schema_[uid->type].json_name, uid->id);
    };
    std::sort(to.begin(), to.end(), [&](auto a, auto b) { return names(a) < names(b); });
    to.erase(std::unique(to.begin(), to.end(), [](auto a, auto b) { return *a == *b; }), to.end());
    Number(to.size());
    for (const EntityUid* uid : to) Uid(*uid);
  }
  // As deep as the value's type.
  void Of(const Value& value) {
    Byte(static_cast<uint8_t>(value.kind()));
    switch (value.kind()) {
      case TypeKind::kNone:
        return;
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kDecimal:
      case TypeKind::kTime:
      case TypeKind::kDuration:
      case TypeKind::kEnum:
        return Number(static_cast<uint64_t>(value.integer()));
      case TypeKind::kString:
      case TypeKind::kVersion:
      case TypeKind::kHexVersion:
      case TypeKind::kDigest:
      case TypeKind::kSpiffeId:
      case TypeKind::kGlob:
      case TypeKind::kIp:
        return Text(value.text());
      case TypeKind::kCidr:
        Number(value.cidr().prefix);
        return Text(value.text());
      case TypeKind::kEntity:
        return Uid(value.uid());
      case TypeKind::kLattice:
        for (uint64_t word : value.label().words) Number(word);
        return;
      case TypeKind::kSet:
        // Values of entities are ordered by where the schema has their types: names are not.
        return Items(value.items(), true);
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kRecord:
        return Items(value.items(), false);
    }
  }
  void Items(const std::vector<Value>& items, bool sort) {
    Number(items.size());
    if (!sort || items.empty() || items[0].kind() != TypeKind::kEntity) {
      for (const Value& item : items) Of(item);
      return;
    }
    std::vector<EntityUid> uids;
    for (const Value& item : items) uids.push_back(item.uid());
    Edges(uids);
  }

  const Schema& schema_;
  std::string& out_;
};

}  // namespace

void WriteCanonical(const Schema& schema, const EntityRecord& record, std::string* out) {
  out->clear();
  Writer(schema, out).Record(record);
}

}  // namespace ztp
