#include "tests/differential/world_gen.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <string>
#include <utility>

#include "engine/base/scalar_text.h"

namespace ztp::differential {
namespace {

// 2030-01-01T00:00:00Z, as in the language's tests.
constexpr int64_t kNow = 1893456000000000;
constexpr int64_t kSecond = 1000000;

class WorldGenerator {
 public:
  WorldGenerator(Random& random, const Schema& schema, uint32_t ids)
      : r_(random), schema_(schema), ids_(ids) {}

  // Ids are "<lower-case initial><n>": u0, g1. The last id of a type is never stored.
  EntityUid Uid(EntityTypeId type, uint32_t n) {
    const std::string& name = schema_[type].name;
    return {type, std::string(1, static_cast<char>(std::tolower(name[0]))) + std::to_string(n)};
  }
  static uint32_t NumberOf(const EntityUid& uid) {
    return static_cast<uint32_t>(std::stoul(uid.id.substr(1)));
  }
  EntityUid AnyUid(EntityTypeId type) { return Uid(type, r_.Below(ids_)); }

  Time NearTime() {
    static constexpr int64_t kOffsets[] = {0,
                                           1,
                                           -1,
                                           kSecond,
                                           -kSecond,
                                           2 * kSecond,
                                           -3 * kSecond,
                                           1500000,
                                           3600 * kSecond,
                                           -3600 * kSecond};
    return Time{kNow + kOffsets[r_.Below(std::size(kOffsets))]};
  }

  Value Of(TypeId id, int depth = 0) {
    const Type& t = schema_.types[id];
    auto pick = [&](std::vector<std::string> from) { return r_.Pick(from); };
    switch (t.kind) {
      case TypeKind::kNone:
        return Value();
      case TypeKind::kBool:
        return Value::Bool(r_.Percent(50));
      case TypeKind::kInt:
        if (r_.Percent(4)) {
          return Value::Int(r_.Percent(50) ? std::numeric_limits<int64_t>::max()
                                           : std::numeric_limits<int64_t>::min());
        }
        return Value::Int(r_.Percent(15) ? r_.Between(-4, 13) : r_.Between(-2, 4));
      case TypeKind::kDecimal:
        if (r_.Percent(4)) return Value::OfDecimal(Decimal{std::numeric_limits<int64_t>::max()});
        return Value::OfDecimal(Decimal{r_.Between(-4, 6) * 250000000 + r_.Between(0, 1)});
      case TypeKind::kString:
        if (r_.Percent(25)) return Value::String("k" + std::to_string(r_.Below(15)));
        return Value::String(pick({"a", "b", "a/b", "", "aa", "b/b", "x\xc3\xa9\n"}));
      case TypeKind::kTime:
        return Value::OfTime(NearTime());
      case TypeKind::kDuration: {
        static constexpr int64_t kSpans[] = {0, 1, kSecond, 2500000, -kSecond, 3600 * kSecond};
        return Value::OfDuration(Duration{kSpans[r_.Below(std::size(kSpans))]});
      }
      case TypeKind::kVersion:
        if (r_.Percent(20)) {
          return Value::Version(*ParseVersion("1." + std::to_string(r_.Below(15))));
        }
        return Value::Version(*ParseVersion(pick({"1.2", "1.2.0-rc.1", "2", "1.10", "0.9"})));
      case TypeKind::kHexVersion:
        return Value::HexVersion(*ParseHexVersion(pick({"96.00.9F", "96.0A", "1"})));
      case TypeKind::kIp:
        return Value::OfIp(*ParseIp(pick({"10.1.2.3", "10.200.0.1", "::1", "192.168.0.1"})));
      case TypeKind::kCidr:
        return Value::OfCidr(
            *ParseCidr(pick({"10.0.0.0/8", "10.1.2.3/32", "::/0", "10.1.0.0/16"})));
      case TypeKind::kDigest:
        return Value::Digest("sha256:" + std::string(64, r_.Percent(50) ? 'a' : 'b'));
      case TypeKind::kSpiffeId:
        return Value::SpiffeId(pick({"spiffe://acme/a", "spiffe://corp/a/b", "spiffe://acme"}));
      case TypeKind::kGlob:
        return Value::Glob(pick({"a*", "**", "*/b", "", "a\\*"}));
      case TypeKind::kEnum:
        return Value::Enum(r_.Below(static_cast<uint32_t>(schema_.enums[t.decl].values.size())));
      case TypeKind::kLattice:
        return Value::OfLabel(LabelOf(LatticeId{t.decl}));
      case TypeKind::kEntity:
        return Value::Entity(AnyUid(r_.Pick(t.entities)));
      case TypeKind::kSet:
      case TypeKind::kList: {
        std::vector<Value> items;
        const uint32_t n = depth > 1 ? r_.Below(2) : r_.Below(4);
        for (uint32_t i = 0; i < n; ++i) items.push_back(Of(t.element, depth + 1));
        return t.kind == TypeKind::kSet ? Value::Set(std::move(items))
                                        : Value::List(std::move(items));
      }
      case TypeKind::kMap: {
        std::vector<std::pair<Value, Value>> entries;
        for (uint32_t i = 0, n = r_.Below(3); i < n; ++i) {
          Value key = Of(t.key, depth + 1);
          const bool taken = std::any_of(entries.begin(), entries.end(),
                                         [&](const auto& e) { return e.first == key; });
          if (!taken) entries.emplace_back(std::move(key), Of(t.element, depth + 1));
        }
        return Value::Map(std::move(entries));
      }
      case TypeKind::kRecord: {
        std::vector<Value> fields;
        for (const Field& f : t.fields) {
          if (f.optional && r_.Percent(40)) {
            fields.emplace_back();
          } else if (f.default_value && r_.Percent(40)) {
            fields.push_back(*f.default_value);
          } else {
            fields.push_back(Of(f.type, depth + 1));
          }
        }
        return Value::Record(std::move(fields));
      }
    }
    return Value();
  }

  Label LabelOf(LatticeId id) {
    const LatticeType& l = schema_[id];
    switch (l.kind) {
      case LatticeType::Kind::kChain:
        return schema_.ChainLabel(
            id, r_.Below(static_cast<uint32_t>(schema_[l.elements].values.size())));
      case LatticeType::Kind::kPowerSet:
      case LatticeType::Kind::kDual: {
        std::vector<uint32_t> in;
        for (uint32_t i = 0; i < schema_[l.elements].values.size(); ++i) {
          if (r_.Percent(50)) in.push_back(i);
        }
        return schema_.SetLabel(id, in);
      }
      case LatticeType::Kind::kProduct: {
        std::vector<Label> parts;
        for (const auto& part : l.parts) parts.push_back(LabelOf(part.lattice));
        return schema_.ProductLabel(id, parts);
      }
    }
    return Label{};
  }

  Fact FactOf(TypeId type, bool optional, bool proven, uint32_t missing_percent) {
    if (optional && r_.Percent(missing_percent)) return Fact::Missing();
    Fact fact = Fact::Of(Of(type));
    if (proven) {
      if (r_.Percent(80)) fact.issued_at = NearTime();
      if (r_.Percent(80)) fact.expires_at = NearTime();
    }
    return fact;
  }

  EntityRecord Record(EntityTypeId type, uint32_t n) {
    const EntityType& decl = schema_[type];
    EntityRecord record{.uid = Uid(type, n)};
    // Edges go to higher numbers of the same type, or to types declared earlier: no cycle can
    // arise. Drafts, which are carried, and what they derive from lead to each other.
    auto edges = [&](const std::vector<EntityTypeId>& to, uint32_t percent) {
      std::vector<EntityUid> result;
      for (EntityTypeId t : to) {
        const bool upwards = t == type || schema_[t].carried != Carried::kNo ||
                             (decl.carried != Carried::kNo && decl.derives == to);
        for (uint32_t i = upwards ? n + 1 : 0; i < ids_; ++i) {
          // The last one is never stored: refer to it seldom, or nothing is ever known. Of many
          // there are no more edges than of few.
          const uint32_t part = i + 1 == ids_ ? percent / 4 : percent;
          if (r_.Below(100 * ids_) < part * kUsualIds) result.push_back(Uid(t, i));
        }
      }
      return result;
    };
    record.derives = edges(decl.derives, 30);
    std::vector<EntityTypeId> free_parents = decl.parents;
    for (const Attribute& a : decl.attributes) {
      Fact fact;
      if (a.inherit != Inherit::kNo && !record.derives.empty() && r_.Percent(30)) {
        fact = Fact::Missing();
      } else if (!a.optional && !a.default_value && r_.Percent(2)) {
        fact = Fact::Unknown();
      } else {
        fact = FactOf(a.type, a.optional, a.rank == Rank::kProven, 40);
      }
      if (a.is_parent && fact.state == Fact::State::kPresent) {
        record.parents.push_back(fact.value.uid());
      }
      if (a.is_parent) {
        for (EntityTypeId t : schema_.types[a.type].entities) std::erase(free_parents, t);
      }
      record.attributes.push_back(std::move(fact));
    }
    for (EntityUid& uid : edges(free_parents, 35)) record.parents.push_back(std::move(uid));
    return record;
  }

  std::vector<EntityRecord> Entities() {
    std::vector<EntityRecord> result;
    for (uint32_t t = 0; t < schema_.entities.size(); ++t) {
      const EntityType& decl = schema_.entities[t];
      if (decl.carried != Carried::kNo) continue;
      for (uint32_t n = 0; n + 1 < ids_; ++n) {
        if (r_.Percent(94)) result.push_back(Record(EntityTypeId{t}, n));
      }
    }
    return result;
  }

  Request MakeRequest() {
    Request q;
    q.now = Time{kNow + (r_.Percent(50) ? 0 : r_.Between(-2, 2) * 500000)};
    if (r_.Percent(10)) q.valid_until = Time{q.now.micros + r_.Between(-1, 3) * 500000};
    q.action = ActionId{r_.Below(static_cast<uint32_t>(schema_.actions.size()))};
    const Action& action = schema_[q.action];
    // Mostly stored ones.
    auto asked = [&](EntityTypeId t) {
      return Uid(t, r_.Percent(92) ? r_.Below(ids_ - 1) : ids_ - 1);
    };
    q.principal = asked(r_.Pick(action.principals));
    q.resource = asked(r_.Pick(action.resources));
    for (const Param& p : action.params) q.params.push_back(FactOf(p.type, p.optional, false, 40));
    for (const Input& i : schema_.inputs) {
      // A required input that is not bound makes unknowns.
      if (r_.Percent(10)) {
        q.inputs.push_back(Fact::Missing());
      } else {
        q.inputs.push_back(FactOf(i.type, i.optional, i.rank == Rank::kProven, 30));
      }
    }
    for (const EntityUid& uid : {q.principal, q.resource}) {
      if (schema_[uid.type].carried == Carried::kNo || r_.Percent(10)) continue;
      if (!q.carried.empty() && q.carried.back().uid == uid) continue;
      q.carried.push_back(Record(uid.type, NumberOf(uid)));
    }
    if (r_.Percent(15)) {
      std::vector<ObligationId> can;
      for (uint32_t i = 0; i < schema_.obligations.size(); ++i) {
        if (r_.Percent(60)) can.push_back(ObligationId{i});
      }
      q.can = std::move(can);
    }
    return q;
  }

 private:
  Random& r_;
  const Schema& schema_;
  const uint32_t ids_;
};

}  // namespace

std::vector<EntityRecord> GenerateEntities(Random& random, const Schema& schema, uint32_t ids) {
  return WorldGenerator(random, schema, ids).Entities();
}

EntityRecord GenerateRecord(Random& random, const Schema& schema, const EntityUid& uid,
                            uint32_t ids) {
  return WorldGenerator(random, schema, ids).Record(uid.type, WorldGenerator::NumberOf(uid));
}

Request GenerateRequest(Random& random, const Schema& schema, uint32_t ids) {
  return WorldGenerator(random, schema, ids).MakeRequest();
}

}  // namespace ztp::differential
