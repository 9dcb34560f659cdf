// One function a shape of type: scalars from strings and numbers, collections, records, labels,
// entities.
#include "engine/facts/json_value.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/quote.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_items.h"

namespace ztp {
namespace {

// How a value of the kind is written in JSON.
const char* FormOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return "`true` or `false`";
    case TypeKind::kInt:
      return "a whole number";
    case TypeKind::kDecimal:
      return "a number, or a string such as \"0.25\"";
    case TypeKind::kTime:
      return "a string such as \"2030-01-01T00:00:00Z\"";
    case TypeKind::kDuration:
      return "a string such as \"10m\"";
    case TypeKind::kCidr:
      return "a string such as \"10.0.0.0/8\"";
    case TypeKind::kIp:
      return "a string such as \"10.1.2.3\"";
    case TypeKind::kSet:
    case TypeKind::kList:
      return "an array";
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return "an object";
    case TypeKind::kEntity:
      return "{\"type\": …, \"id\": …}";
    default:
      return "a string";
  }
}

const JsonNode* FindMember(const JsonTree& tree, const JsonNode& node, std::string_view key) {
  return node.kind == JsonKind::kObject ? tree.Find(node, key) : nullptr;
}

}  // namespace

void JsonReader::Error(JsonErrorCode code, const JsonNode& at, const JsonPath& path,
                       std::string message, std::string help) {
  if (errors_->size() >= max_errors_) return;
  const JsonPlace place = PlaceOf(text_, at.offset);
  errors_->push_back(JsonError{.code = code,
                               .file = {},
                               .path = path.ToString(),
                               .line = place.line,
                               .column = place.column,
                               .message = std::move(message),
                               .help = std::move(help)});
}

bool JsonReader::Expect(const JsonNode& node, JsonKind kind, std::string_view what,
                        const JsonPath& path) {
  if (node.kind == kind) return true;
  Error(JsonErrorCode::kWrongType, node, path,
        Cat("expected ", what, ", found ", JsonKindName(node.kind)));
  return false;
}

bool JsonReader::WrongType(const JsonNode& node, TypeId type, std::string_view form,
                           const JsonPath& path) {
  std::string found = JsonKindName(node.kind);
  if (node.kind == JsonKind::kNumber) Append(found, " (`", JsonExcerpt(node.text), "`)");
  Error(JsonErrorCode::kWrongType, node, path,
        Cat("expected ", schema_.TypeName(type), ", that is ", form, ", found ", found),
        node.kind == JsonKind::kNull ? "leave the member out where there is no value" : "");
  return false;
}

std::optional<Value> JsonReader::Read(const JsonNode& node, TypeId type, const JsonPath& path) {
  const Type& t = schema_.types[type];
  switch (t.kind) {
    case TypeKind::kBool:
      if (node.kind == JsonKind::kBool) return Value::Bool(node.boolean);
      break;
    case TypeKind::kInt:
    case TypeKind::kDecimal:
      if (node.kind == JsonKind::kNumber) return ReadNumber(node, t.kind, path);
      if (node.kind == JsonKind::kString && t.kind == TypeKind::kDecimal) {
        return ReadText(node.text, node, type, false, path);
      }
      break;
    case TypeKind::kSet:
    case TypeKind::kList:
      if (node.kind == JsonKind::kArray) return ReadItems(node, type, path);
      break;
    case TypeKind::kMap:
      if (node.kind == JsonKind::kObject) return ReadMap(node, type, path);
      break;
    case TypeKind::kRecord:
      if (node.kind == JsonKind::kObject) return ReadRecord(node, type, path, false);
      break;
    case TypeKind::kLattice: {
      std::optional<Label> label = ReadLabel(node, LatticeId{t.decl}, path);
      return label ? std::optional<Value>(Value::OfLabel(*label)) : std::nullopt;
    }
    case TypeKind::kEntity: {
      if (node.kind != JsonKind::kObject && node.kind != JsonKind::kString) break;
      std::optional<EntityUid> uid = ReadUid(node, path);
      if (!uid || !CheckEntityType(uid->type, type, node, path)) return std::nullopt;
      return Value::Entity(*std::move(uid));
    }
    default:
      if (node.kind == JsonKind::kString) return ReadText(node.text, node, type, false, path);
      break;
  }
  WrongType(node, type, FormOf(t.kind), path);
  return std::nullopt;
}

std::optional<Value> JsonReader::ReadNumber(const JsonNode& node, TypeKind kind,
                                            const JsonPath& path) {
  const std::string_view text = node.text;
  if (kind == TypeKind::kInt) {
    if (text.find_first_of(".eE") != std::string_view::npos) {
      Error(JsonErrorCode::kWrongType, node, path,
            Cat("expected Int, that is a whole number, found `", JsonExcerpt(text), "`"));
      return std::nullopt;
    }
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return Value::Int(number);
    Error(JsonErrorCode::kNumberRange, node, path,
          Cat("`", JsonExcerpt(text), "` is beyond the 64 bits of an Int"));
    return std::nullopt;
  }
  absl::StatusOr<Decimal> decimal = ParseJsonDecimal(text);
  if (decimal.ok()) return Value::OfDecimal(*decimal);
  Error(JsonErrorCode::kNumberRange, node, path,
        Cat("`", JsonExcerpt(text), "` is no Decimal: ", Message(decimal.status())));
  return std::nullopt;
}

std::optional<Value> JsonReader::ReadText(std::string_view text, const JsonNode& node, TypeId type,
                                          bool in_collection, const JsonPath& path) {
  const Type& t = schema_.types[type];
  // Takes what base/scalar_text.h made of the text, or reports why it could not.
  auto take = [&](auto parsed, auto make) -> std::optional<Value> {
    if (parsed.ok()) return make(*std::move(parsed));
    Error(JsonErrorCode::kBadText, node, path,
          Cat("expected ", schema_.TypeName(type), ", found \"", JsonExcerpt(text),
              "\": ", Message(parsed.status())));
    return std::nullopt;
  };
  auto bad = [&](std::string_view form) -> std::optional<Value> {
    Error(JsonErrorCode::kBadText, node, path,
          Cat("expected ", schema_.TypeName(type), ", that is ", form, ", found \"",
              JsonExcerpt(text), "\""));
    return std::nullopt;
  };
  switch (t.kind) {
    case TypeKind::kBool:
      if (text == "true" || text == "false") return Value::Bool(text == "true");
      return bad("true or false");
    case TypeKind::kInt: {
      int64_t number = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) return Value::Int(number);
      return bad("a whole number of 64 bits");
    }
    case TypeKind::kDecimal:
      return take(ParseDecimal(text), Value::OfDecimal);
    case TypeKind::kString:
      return Value::String(std::string(text));
    case TypeKind::kTime:
      return take(ParseTime(text), Value::OfTime);
    case TypeKind::kDuration:
      return take(ParseDuration(text), Value::OfDuration);
    case TypeKind::kVersion:
      return take(ParseVersion(text), Value::Version);
    case TypeKind::kHexVersion:
      return take(ParseHexVersion(text), Value::HexVersion);
    case TypeKind::kIp:
      return take(ParseIp(text), Value::OfIp);
    case TypeKind::kCidr:
      // In a set of networks a bare address is the network that holds it alone.
      return take(in_collection ? ParseCidrOrIp(text) : ParseCidr(text), Value::OfCidr);
    case TypeKind::kDigest:
      return take(ParseDigest(text), Value::Digest);
    case TypeKind::kSpiffeId:
      return take(ParseSpiffeId(text), Value::SpiffeId);
    case TypeKind::kGlob:
      return take(ParseGlob(text), Value::Glob);
    case TypeKind::kEnum: {
      std::optional<uint32_t> ordinal = ReadElement(node, text, EnumId{t.decl}, path);
      return ordinal ? std::optional<Value>(Value::Enum(*ordinal)) : std::nullopt;
    }
    case TypeKind::kLattice: {
      const LatticeType& lattice = schema_[LatticeId{t.decl}];
      if (lattice.kind != LatticeType::Kind::kChain) break;
      std::optional<uint32_t> k = ReadElement(node, text, lattice.elements, path);
      return k ? std::optional<Value>(Value::OfLabel(schema_.ChainLabel(LatticeId{t.decl}, *k)))
               : std::nullopt;
    }
    case TypeKind::kEntity: {
      std::optional<EntityUid> uid = ReadUidText(text, node, path);
      if (!uid || !CheckEntityType(uid->type, type, node, path)) return std::nullopt;
      return Value::Entity(*std::move(uid));
    }
    default:
      break;
  }
  return bad("something that a name in JSON can say");
}

std::optional<Value> JsonReader::ReadItems(const JsonNode& node, TypeId type,
                                           const JsonPath& path) {
  const Type& t = schema_.types[type];
  const bool networks = schema_.types.kind(t.element) == TypeKind::kCidr;
  std::vector<Value> items;
  items.reserve(node.child_count);
  size_t index = 0;
  bool ok = true;
  for (const JsonNode& child : tree_.Children(node)) {
    const JsonPath child_path(&path, index++);
    std::optional<Value> item = networks && child.kind == JsonKind::kString
                                    ? ReadText(child.text, child, t.element, true, child_path)
                                    : Read(child, t.element, child_path);
    if (item) {
      items.push_back(*std::move(item));
    } else {
      ok = false;
    }
  }
  if (!ok) return std::nullopt;
  return t.kind == TypeKind::kSet ? Value::Set(std::move(items)) : Value::List(std::move(items));
}

std::optional<Value> JsonReader::ReadMap(const JsonNode& node, TypeId type, const JsonPath& path) {
  const Type& t = schema_.types[type];
  std::vector<std::pair<Value, Value>> entries;
  entries.reserve(node.child_count);
  // Names that differ as text can be one key: "1.2" and "1.2.0" as versions.
  std::vector<std::pair<Value, const JsonNode*>> keys;
  bool ok = true;
  for (const JsonNode& child : tree_.Children(node)) {
    const JsonPath child_path(&path, child.key);
    std::optional<Value> key = ReadText(child.key, child, t.key, false, child_path);
    std::optional<Value> value = Read(child, t.element, child_path);
    if (!key || !value) {
      ok = false;
      continue;
    }
    keys.emplace_back(*key, &child);
    entries.emplace_back(*std::move(key), *std::move(value));
  }
  if (!ok) return std::nullopt;
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    if (auto c = a.first <=> b.first; c != 0) return c < 0;
    return a.second->offset < b.second->offset;
  });
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first != keys[i - 1].first) continue;
    const JsonNode& second = *keys[i].second;
    Error(JsonErrorCode::kDuplicateKey, second, JsonPath(&path, second.key),
          Cat("`", JsonExcerpt(second.key), "` and `", JsonExcerpt(keys[i - 1].second->key),
              "` are one key"));
    return std::nullopt;
  }
  return Value::Map(std::move(entries));
}

std::optional<Value> JsonReader::ReadRecord(const JsonNode& node, TypeId type, const JsonPath& path,
                                            bool skip_times) {
  const Type& t = schema_.types[type];
  std::vector<Value> fields;
  fields.reserve(t.fields.size());
  bool ok = true;
  uint32_t found = 0;
  for (const Field& field : t.fields) {
    const JsonNode* child = tree_.Find(node, field.name);
    if (child != nullptr) {
      ++found;
      std::optional<Value> value = Read(*child, field.type, JsonPath(&path, field.name));
      ok = ok && value.has_value();
      fields.push_back(value ? *std::move(value) : Value());
    } else if (field.default_value) {
      fields.push_back(*field.default_value);
    } else {
      if (!field.optional) {
        ok = false;
        Error(JsonErrorCode::kMissingMember, node, path,
              Cat("`", field.name, "` is missing: expected ", schema_.TypeName(field.type)));
      }
      fields.push_back(Value());
    }
  }
  if (found < node.child_count) {
    for (const JsonNode& child : tree_.Children(node)) {
      if (skip_times && (child.key == "issued_at" || child.key == "expires_at")) continue;
      std::vector<std::string_view> names;
      for (const Field& field : t.fields) names.push_back(field.name);
      if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
      ok = false;
      Error(JsonErrorCode::kUnknownMember, child, JsonPath(&path, child.key),
            Cat("there is no field `", JsonExcerpt(child.key), "` in ", schema_.TypeName(type)),
            DidYouMean(child.key, names));
    }
  }
  if (!ok) return std::nullopt;
  return Value::Record(std::move(fields));
}

std::optional<uint32_t> JsonReader::ReadElement(const JsonNode& node, std::string_view text,
                                                EnumId id, const JsonPath& path) {
  const std::vector<std::string>& values = schema_[id].values;
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (values[i] == text) return i;
  }
  std::string help = DidYouMean(text, std::vector<std::string_view>(values.begin(), values.end()));
  if (help.empty() && values.size() <= 12) help = Cat("there are ", Join(values, ", "));
  Error(JsonErrorCode::kUnknownElement, node, path,
        Cat("`", JsonExcerpt(text), "` is no value of ", schema_[id].name), std::move(help));
  return std::nullopt;
}

std::optional<Label> JsonReader::ReadLabel(const JsonNode& node, LatticeId id,
                                           const JsonPath& path) {
  const LatticeType& lattice = schema_[id];
  auto wrong = [&](std::string_view form) {
    Error(JsonErrorCode::kWrongType, node, path,
          Cat("expected ", lattice.name, ", that is ", form, ", found ", JsonKindName(node.kind)));
    return std::nullopt;
  };
  switch (lattice.kind) {
    case LatticeType::Kind::kChain: {
      if (node.kind != JsonKind::kString) return wrong("a string");
      std::optional<uint32_t> k = ReadElement(node, node.text, lattice.elements, path);
      return k ? std::optional<Label>(schema_.ChainLabel(id, *k)) : std::nullopt;
    }
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual: {
      if (node.kind != JsonKind::kArray) return wrong("an array of strings");
      std::vector<uint32_t> ordinals;
      bool ok = true;
      size_t index = 0;
      for (const JsonNode& child : tree_.Children(node)) {
        const JsonPath child_path(&path, index++);
        std::optional<uint32_t> ordinal;
        if (Expect(child, JsonKind::kString, Cat("an element of ", lattice.name), child_path)) {
          ordinal = ReadElement(child, child.text, lattice.elements, child_path);
        }
        if (ordinal) ordinals.push_back(*ordinal);
        ok = ok && ordinal.has_value();
      }
      return ok ? std::optional<Label>(schema_.SetLabel(id, ordinals)) : std::nullopt;
    }
    case LatticeType::Kind::kProduct: {
      if (node.kind != JsonKind::kObject) return wrong("an object");
      std::vector<Label> parts;
      bool ok = true;
      std::vector<std::string_view> names;
      for (const LatticeType::Part& part : lattice.parts) {
        names.push_back(part.name);
        const JsonNode* child = tree_.Find(node, part.name);
        if (child == nullptr) {
          ok = false;
          Error(JsonErrorCode::kMissingMember, node, path,
                Cat("`", part.name, "` is missing: ", WithArticle(lattice.name),
                    " names every part"));
          continue;
        }
        std::optional<Label> label = ReadLabel(*child, part.lattice, JsonPath(&path, part.name));
        ok = ok && label.has_value();
        parts.push_back(label.value_or(Label{}));
      }
      for (const JsonNode& child : tree_.Children(node)) {
        if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
        ok = false;
        Error(JsonErrorCode::kUnknownMember, child, JsonPath(&path, child.key),
              Cat(lattice.name, " has no part `", JsonExcerpt(child.key), "`"),
              DidYouMean(child.key, names));
      }
      return ok ? std::optional<Label>(schema_.ProductLabel(id, parts)) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<EntityTypeId> JsonReader::FindEntityType(std::string_view name, const JsonNode& node,
                                                       const JsonPath& path) {
  std::optional<EntityTypeId> id = schema_.FindEntityType(name);
  if (!id) {
    std::vector<std::string_view> names;
    for (const EntityType& type : schema_.entities) names.push_back(type.json_name);
    Error(JsonErrorCode::kUnknownEntityType, node, path,
          Cat("there is no entity type `", JsonExcerpt(name), "`"), DidYouMean(name, names));
  }
  return id;
}

bool JsonReader::CheckEntityType(EntityTypeId id, TypeId type, const JsonNode& node,
                                 const JsonPath& path) {
  const std::vector<EntityTypeId>& allowed = schema_.types[type].entities;
  if (std::find(allowed.begin(), allowed.end(), id) != allowed.end()) return true;
  Error(JsonErrorCode::kWrongEntityType, node, path,
        Cat("expected ", schema_.TypeName(type), ", found an entity of type ",
            schema_[id].json_name));
  return false;
}

std::optional<EntityUid> JsonReader::ReadUidText(std::string_view text, const JsonNode& node,
                                                 const JsonPath& path) {
  const size_t quote = text.find("::\"");
  std::optional<std::string> id;
  if (quote != std::string_view::npos) id = UnquoteText(text.substr(quote + 2));
  if (!id) {
    Error(JsonErrorCode::kBadText, node, path,
          Cat("expected an entity such as Team::\"vision\", found \"", JsonExcerpt(text), "\""),
          "or write it as {\"type\": …, \"id\": …}");
    return std::nullopt;
  }
  std::optional<EntityTypeId> type = FindEntityType(text.substr(0, quote), node, path);
  if (!type) return std::nullopt;
  return EntityUid{*type, *std::move(id)};
}

std::optional<EntityUid> JsonReader::ReadUid(const JsonNode& node, const JsonPath& path,
                                             bool ignore_others) {
  if (node.kind == JsonKind::kString) return ReadUidText(node.text, node, path);
  if (!Expect(node, JsonKind::kObject, "an entity, that is {\"type\": …, \"id\": …}", path)) {
    return std::nullopt;
  }
  std::optional<EntityTypeId> type;
  std::optional<std::string> id;
  bool has_type = false, has_id = false, clean = true;
  for (const JsonNode& child : tree_.Children(node)) {
    const JsonPath child_path(&path, child.key);
    if (child.key == "type") {
      has_type = true;
      if (Expect(child, JsonKind::kString, "the name of an entity type", child_path)) {
        type = FindEntityType(child.text, child, child_path);
      }
    } else if (child.key == "id") {
      has_id = true;
      if (Expect(child, JsonKind::kString, "a string", child_path)) id = std::string(child.text);
    } else if (!ignore_others) {
      clean = false;
      Error(JsonErrorCode::kUnknownMember, child, child_path,
            Cat("an entity is named by `type` and `id` alone, not by `", JsonExcerpt(child.key),
                "`"));
    }
  }
  if (!has_type) Error(JsonErrorCode::kMissingMember, node, path, "`type` is missing");
  if (!has_id) Error(JsonErrorCode::kMissingMember, node, path, "`id` is missing");
  if (!type || !id || !clean) return std::nullopt;
  return EntityUid{*type, *std::move(id)};
}

std::optional<Time> JsonReader::ReadTime(const JsonNode& node, const JsonPath& path) {
  if (!Expect(node, JsonKind::kString, FormOf(TypeKind::kTime), path)) return std::nullopt;
  absl::StatusOr<Time> time = ParseTime(node.text);
  if (time.ok()) return *time;
  Error(JsonErrorCode::kBadText, node, path,
        Cat("expected Time, found \"", JsonExcerpt(node.text), "\": ", Message(time.status())));
  return std::nullopt;
}

bool JsonReader::ReadTimes(const JsonNode& node, const JsonPath& path, const Type* record,
                           Fact* fact) {
  bool ok = true;
  auto read = [&](std::string_view name, std::optional<Time>* time) {
    if (record != nullptr) {
      for (const Field& field : record->fields) {
        if (field.name == name) return;
      }
    }
    const JsonNode* child = tree_.Find(node, name);
    if (child == nullptr) return;
    *time = ReadTime(*child, JsonPath(&path, name));
    ok = ok && time->has_value();
  };
  read("issued_at", &fact->issued_at);
  read("expires_at", &fact->expires_at);
  return ok;
}

std::optional<Fact> JsonReader::ReadProven(const JsonNode& node, TypeId type,
                                           const JsonPath& path) {
  const Type& t = schema_.types[type];
  Fact fact = Fact::Of(Value());
  std::optional<Value> value;
  bool ok = true;
  if (t.kind == TypeKind::kRecord && node.kind == JsonKind::kObject) {
    ok = ReadTimes(node, path, &t, &fact);
    value = ReadRecord(node, type, path, true);
  } else {
    const JsonNode* inner = FindMember(tree_, node, "value");
    bool wrapped = inner != nullptr;
    for (const JsonNode& child : tree_.Children(node)) {
      if (child.key != "value" && child.key != "issued_at" && child.key != "expires_at") {
        wrapped = false;
      }
    }
    if (wrapped && t.kind == TypeKind::kMap) wrapped = inner->kind == JsonKind::kObject;
    if (wrapped && t.kind == TypeKind::kLattice) {
      for (const LatticeType::Part& part : schema_[LatticeId{t.decl}].parts) {
        if (part.name == "value") wrapped = false;
      }
    }
    if (wrapped) {
      ok = ReadTimes(node, path, nullptr, &fact);
      value = Read(*inner, type, JsonPath(&path, "value"));
    } else {
      value = Read(node, type, path);
    }
  }
  if (!ok || !value) return std::nullopt;
  fact.value = *std::move(value);
  return fact;
}

}  // namespace ztp
