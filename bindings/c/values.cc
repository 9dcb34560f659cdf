// See values.h.
#include "bindings/c/values.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "bindings/c/error.h"
#include "engine/base/limits.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"
#include "engine/facts/json_value.h"
#include "engine/facts/json_write_value.h"

namespace ztp::c {
namespace {

class Writer {
 public:
  Writer(std::string_view function, std::string* json) : function_(function), sink_(json) {}

  ztp_error* Write(const ztp_value& value, int depth) {
    if (depth > kMaxValueDepth) return Misuse(function_, "a value is nested too deeply");
    switch (value.kind) {
      case ZTP_BOOL:
        sink_.PutPlain(value.as.number != 0 ? "true" : "false");
        return nullptr;
      case ZTP_INT:
        sink_.PutPlain(std::to_string(value.as.number));
        return nullptr;
      case ZTP_DECIMAL:
        sink_.PutPlain(FormatDecimal(Decimal{value.as.number}));
        return nullptr;
      case ZTP_FLOAT:
        return WriteFloat(value.as.real);
      case ZTP_TIME:
        sink_.PutTime(Time{value.as.number});
        return nullptr;
      case ZTP_DURATION:
        sink_.PutText(FormatDuration(Duration{value.as.number}));
        return nullptr;
      case ZTP_STRING:
        return WriteText(value);
      case ZTP_ENTITY:
        if (value.as.items == nullptr) return Misuse(function_, "an entity without type and id");
        sink_.Put("{\"type\":");
        if (ztp_error* error = WriteText(value.as.items[0])) return error;
        sink_.Put(",\"id\":");
        if (ztp_error* error = WriteText(value.as.items[1])) return error;
        sink_.Put('}');
        return nullptr;
      case ZTP_LIST:
        return WriteItems(value, depth);
      case ZTP_MAP:
        return WriteEntries(value, depth);
      case ZTP_MISSING:
      case ZTP_UNKNOWN:
        return Misuse(function_,
                      "ZTP_MISSING is for a map's entries, and both it and ZTP_UNKNOWN for a whole "
                      "parameter or input");
      default:
        return Misuse(function_, Cat("a value of kind ", value.kind, ", which is none"));
    }
  }

 private:
  ztp_error* WriteFloat(double real) {
    if (!std::isfinite(real)) return Misuse(function_, "a number that is not finite");
    char digits[32];
    // The shortest text that is this number and no other: 0.1 is meant as 0.1.
    const auto [end, failed] = std::to_chars(digits, digits + sizeof(digits), real);
    sink_.PutPlain({digits, static_cast<size_t>(end - digits)});
    return nullptr;
  }

  ztp_error* WriteText(const ztp_value& value) {
    if (value.kind != ZTP_STRING) return Misuse(function_, "a key, type or id that is no string");
    if (value.as.text == nullptr && value.size != 0) {
      return Misuse(function_, "a string whose text is NULL");
    }
    const std::string_view text(value.as.text, value.size);
    if (!IsValidUtf8(text)) return Misuse(function_, "a string that is not UTF-8");
    sink_.PutText(text);
    return nullptr;
  }

  ztp_error* Count(const ztp_value& value) {
    if (value.as.items == nullptr && value.size != 0) {
      return Misuse(function_, "a list or map whose items are NULL");
    }
    count_ += value.size;
    return count_ > kMaxValueItems ? NewError(ZTP_LIMIT, Cat(function_, ": a value has more than ",
                                                             kMaxValueItems, " items"))
                                   : nullptr;
  }

  ztp_error* WriteItems(const ztp_value& value, int depth) {
    if (ztp_error* error = Count(value)) return error;
    sink_.Put('[');
    for (uint32_t i = 0; i < value.size; ++i) {
      if (i > 0) sink_.Put(',');
      if (ztp_error* error = Write(value.as.items[i], depth + 1)) return error;
    }
    sink_.Put(']');
    return nullptr;
  }

  ztp_error* WriteEntries(const ztp_value& value, int depth) {
    if (ztp_error* error = Count(value)) return error;
    sink_.Put('{');
    bool first = true;
    for (uint32_t i = 0; i < value.size; ++i) {
      const ztp_value& entry = value.as.items[2 * i + 1];
      if (entry.kind == ZTP_MISSING) continue;
      if (!first) sink_.Put(',');
      first = false;
      if (ztp_error* error = WriteText(value.as.items[2 * i])) return error;
      sink_.Put(':');
      if (ztp_error* error = Write(entry, depth + 1)) return error;
    }
    sink_.Put('}');
    return nullptr;
  }

  std::string_view function_;
  JsonSink sink_;
  size_t count_ = 0;
};

ztp_value Plain(ztp_kind kind, int64_t number) {
  ztp_value value;
  value.kind = kind;
  value.size = 0;
  value.as.number = number;
  return value;
}

ztp_value OfText(std::string text, Decided* keep) {
  keep->strings.push_back(std::make_unique<std::string>(std::move(text)));
  const std::string& kept = *keep->strings.back();
  ztp_value value;
  value.kind = ZTP_STRING;
  value.size = static_cast<uint32_t>(kept.size());
  value.as.text = kept.data();
  return value;
}

// Of texts, and lists and objects of such.
ztp_value OfJson(const nlohmann::ordered_json& json, Decided* keep) {
  if (json.is_string()) return OfText(json.get<std::string>(), keep);
  const bool is_map = json.is_object();
  keep->values.push_back(std::make_unique<ztp_value[]>((is_map ? 2 : 1) * json.size()));
  ztp_value* items = keep->values.back().get();
  ztp_value whole;
  whole.kind = is_map ? ZTP_MAP : ZTP_LIST;
  whole.size = static_cast<uint32_t>(json.size());
  whole.as.items = items;
  for (const auto& [key, item] : json.items()) {
    if (is_map) *items++ = OfText(key, keep);
    *items++ = OfJson(item, keep);
  }
  return whole;
}

}  // namespace

ztp_error* CheckText(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJsonDocumentBytes) {
    return NewError(ZTP_LIMIT, Cat(what, " has more than ", kMaxJsonDocumentBytes, " bytes"));
  }
  if (!IsValidUtf8(text)) return NewError(ZTP_BAD_REQUEST, Cat(what, " is not UTF-8"));
  return nullptr;
}

ztp_error* AppendJson(std::string_view function, const ztp_value& value, std::string* json) {
  return Writer(function, json).Write(value, 0);
}

std::vector<JsonError> ReadFact(const Schema& schema, TypeId type, bool proven,
                                std::string_view name, std::string_view json, Fact* fact) {
  std::vector<JsonError> errors;
  JsonTree tree;
  const JsonPath root;
  const JsonPath path(&root, name);
  JsonError syntax;
  if (json.size() > kMaxJsonDocumentBytes) {
    errors.push_back(
        JsonError{.code = JsonErrorCode::kTooBig,
                  .path = path.ToString(),
                  .message = Cat("the value has more than ", kMaxJsonDocumentBytes, " bytes")});
    return errors;
  }
  if (!tree.Parse(json, path, &syntax)) {
    errors.push_back(std::move(syntax));
    return errors;
  }
  JsonReader reader(schema, tree, json, &errors);
  if (proven) {
    if (std::optional<Fact> read = reader.ReadProven(tree.root(), type, path)) {
      *fact = *std::move(read);
    }
  } else if (std::optional<Value> value = reader.Read(tree.root(), type, path)) {
    *fact = Fact::Of(*std::move(value));
  }
  return errors;
}

ztp_value ToCaller(const Schema& schema, TypeId type, const Value& value, Decided* keep) {
  const Type& declared = schema.types[type];
  switch (value.kind()) {
    case TypeKind::kNone:
      return Plain(ZTP_MISSING, 0);
    case TypeKind::kBool:
      return Plain(ZTP_BOOL, value.integer());
    case TypeKind::kInt:
      return Plain(ZTP_INT, value.integer());
    case TypeKind::kDecimal:
      return Plain(ZTP_DECIMAL, value.integer());
    case TypeKind::kTime:
      return Plain(ZTP_TIME, value.integer());
    case TypeKind::kDuration:
      return Plain(ZTP_DURATION, value.integer());
    case TypeKind::kString:
      return OfText(value.text(), keep);
    case TypeKind::kEntity: {
      keep->values.push_back(std::make_unique<ztp_value[]>(2));
      ztp_value* items = keep->values.back().get();
      items[0] = OfText(schema[value.entity_type()].json_name, keep);
      items[1] = OfText(value.text(), keep);
      ztp_value entity;
      entity.kind = ZTP_ENTITY;
      entity.size = 2;
      entity.as.items = items;
      return entity;
    }
    case TypeKind::kSet:
    case TypeKind::kList: {
      const std::vector<Value>& elements = value.items();
      keep->values.push_back(std::make_unique<ztp_value[]>(elements.size()));
      ztp_value* items = keep->values.back().get();
      for (size_t i = 0; i < elements.size(); ++i) {
        items[i] = ToCaller(schema, declared.element, elements[i], keep);
      }
      ztp_value list;
      list.kind = ZTP_LIST;
      list.size = static_cast<uint32_t>(elements.size());
      list.as.items = items;
      return list;
    }
    case TypeKind::kMap:
    case TypeKind::kRecord: {
      const bool is_record = value.kind() == TypeKind::kRecord;
      const std::vector<Value>& parts = value.items();
      const size_t entries = is_record ? parts.size() : parts.size() / 2;
      keep->values.push_back(std::make_unique<ztp_value[]>(2 * entries));
      ztp_value* items = keep->values.back().get();
      for (size_t i = 0; i < entries; ++i) {
        if (is_record) {
          items[2 * i] = OfText(declared.fields[i].name, keep);
          items[2 * i + 1] = ToCaller(schema, declared.fields[i].type, parts[i], keep);
        } else {
          items[2 * i] = ToCaller(schema, declared.key, parts[2 * i], keep);
          items[2 * i + 1] = ToCaller(schema, declared.element, parts[2 * i + 1], keep);
        }
      }
      ztp_value map;
      map.kind = ZTP_MAP;
      map.size = static_cast<uint32_t>(entries);
      map.as.items = items;
      return map;
    }
    default:
      // Versions, addresses, digests, enum values, labels: as JSON has them.
      return OfJson(ValueToJson(schema, type, value), keep);
  }
}

}  // namespace ztp::c
