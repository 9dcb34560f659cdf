// One case a kind.
#include "engine/facts/json_write_value.h"

#include <charconv>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

Json LabelToJson(const Schema& schema, LatticeId id, const Label& label) {
  const LatticeType& lattice = schema[id];
  switch (lattice.kind) {
    case LatticeType::Kind::kChain:
      return schema[lattice.elements].values[schema.ChainPosition(id, label)];
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual: {
      Json out = Json::array();
      for (uint32_t ordinal : schema.SetMembers(id, label)) {
        out.push_back(schema[lattice.elements].values[ordinal]);
      }
      return out;
    }
    case LatticeType::Kind::kProduct: {
      Json out = Json::object();
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        out[lattice.parts[i].name] =
            LabelToJson(schema, lattice.parts[i].lattice, schema.PartOf(id, i, label));
      }
      return out;
    }
  }
  return nullptr;
}

// A map's key: the text of a scalar, an entity as `Team::"vision"`.
std::string KeyText(const Schema& schema, TypeId type, const Value& key) {
  if (key.kind() == TypeKind::kEntity) return FormatUid(schema, key.uid());
  const Json json = ValueToJson(schema, type, key);
  return json.is_string() ? json.get<std::string>() : DumpJson(json);
}

}  // namespace

nlohmann::ordered_json ValueToJson(const Schema& schema, TypeId type, const Value& value) {
  const Type& t = schema.types[type];
  switch (value.kind()) {
    case TypeKind::kNone:
      return nullptr;
    case TypeKind::kBool:
      return value.boolean();
    case TypeKind::kInt:
      return value.integer();
    case TypeKind::kDecimal:
      return FormatDecimal(value.decimal());
    case TypeKind::kTime:
      return FormatTime(value.time());
    case TypeKind::kDuration:
      return FormatDuration(value.duration());
    case TypeKind::kVersion:
      return FormatVersion(value.text());
    case TypeKind::kHexVersion:
      return FormatHexVersion(value.text());
    case TypeKind::kIp:
      return FormatIp(value.ip());
    case TypeKind::kCidr:
      return FormatCidr(value.cidr());
    case TypeKind::kString:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return value.text();
    case TypeKind::kEnum:
      return schema[EnumId{t.decl}].values[value.ordinal()];
    case TypeKind::kLattice:
      return LabelToJson(schema, LatticeId{t.decl}, value.label());
    case TypeKind::kEntity: {
      Json out;
      out["type"] = schema[value.entity_type()].json_name;
      out["id"] = value.text();
      return out;
    }
    case TypeKind::kSet:
    case TypeKind::kList: {
      Json out = Json::array();
      for (const Value& item : value.items()) out.push_back(ValueToJson(schema, t.element, item));
      return out;
    }
    case TypeKind::kMap: {
      Json out = Json::object();
      // Appended, not looked up: keys are distinct already.
      auto& members = out.get_ref<Json::object_t&>();
      for (size_t i = 0; i + 1 < value.items().size(); i += 2) {
        members.push_back({KeyText(schema, t.key, value.items()[i]),
                           ValueToJson(schema, t.element, value.items()[i + 1])});
      }
      return out;
    }
    case TypeKind::kRecord: {
      Json out = Json::object();
      for (size_t i = 0; i < value.items().size() && i < t.fields.size(); ++i) {
        if (value.items()[i].is_none()) continue;
        out[t.fields[i].name] = ValueToJson(schema, t.fields[i].type, value.items()[i]);
      }
      return out;
    }
  }
  return nullptr;
}

std::string DumpJson(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PutJsonValue(const Schema& schema, TypeId type, const Value& value, JsonSink& sink) {
  const Type& t = schema.types[type];
  switch (value.kind()) {
    case TypeKind::kBool:
      sink.PutPlain(value.boolean() ? "true" : "false");
      return;
    case TypeKind::kInt: {
      char digits[24];
      sink.PutPlain({digits, std::to_chars(digits, digits + sizeof(digits), value.integer()).ptr});
      return;
    }
    case TypeKind::kTime:
      return sink.PutTime(value.time());
    case TypeKind::kString:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return sink.PutText(value.text());
    case TypeKind::kEnum:
      return sink.PutText(schema[EnumId{t.decl}].values[value.ordinal()]);
    case TypeKind::kEntity:
      sink.Put(R"({"type":)");
      sink.PutText(schema[value.entity_type()].json_name);
      sink.Put(R"(,"id":)");
      sink.PutText(value.text());
      return sink.Put('}');
    case TypeKind::kSet:
    case TypeKind::kList: {
      sink.Put('[');
      bool first = true;
      for (const Value& item : value.items()) {
        if (!std::exchange(first, false)) sink.Put(',');
        PutJsonValue(schema, t.element, item, sink);
      }
      return sink.Put(']');
    }
    default:
      sink.PutPlain(DumpJson(ValueToJson(schema, type, value)));
  }
}

}  // namespace ztp
