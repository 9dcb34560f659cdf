// One case a kind.
#include "engine/facts/json_write_value.h"

#include <charconv>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

// The length of the beginning of `text` that stands for itself between quotes. `high`: it has bytes
// that are no ASCII.
size_t PlainLength(std::string_view text, bool* high) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i stops =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    if (_mm_movemask_epi8(_mm_or_si128(stops, bytes)) != 0) break;
  }
#endif
  for (; at < end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    *high |= byte >= 0x80;
  }
  return static_cast<size_t>(at - begin);
}

// What a byte that does not stand for itself is written as.
void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kLetters =
      "\"\"\\\\\bb\ff\nn\rr\tt";  // each with its letter behind it
  for (size_t i = 0; i < kLetters.size(); i += 2) {
    if (kLetters[i] != c) continue;
    const char escape[] = {'\\', kLetters[i + 1]};
    out->append(escape, 2);
    return;
  }
  constexpr char kHex[] = "0123456789abcdef";
  const char escape[] = {'\\', 'u', '0', '0', kHex[c >> 4 & 1], kHex[c & 15]};
  out->append(escape, 6);
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

void AppendJsonChars(std::string_view text, std::string* out) {
  const size_t begin = out->size();
  bool high = false;
  for (std::string_view rest = text;;) {
    const size_t plain = PlainLength(rest, &high);
    out->append(rest.substr(0, plain));
    if (plain == rest.size()) break;
    AppendEscape(rest[plain], out);
    rest.remove_prefix(plain + 1);
  }
  if (!high || IsValidUtf8(text)) return;
  // What is no character is replaced, and how many replacements there are is the library's to say.
  const std::string quoted = DumpJson(Json(std::string(text)));
  out->resize(begin);
  out->append(quoted, 1, quoted.size() - 2);
}

void AppendJsonText(std::string_view text, std::string* out) {
  *out += '"';
  AppendJsonChars(text, out);
  *out += '"';
}

void AppendJsonValue(const Schema& schema, TypeId type, const Value& value, std::string* out) {
  const Type& t = schema.types[type];
  switch (value.kind()) {
    case TypeKind::kBool:
      *out += value.boolean() ? "true" : "false";
      return;
    case TypeKind::kInt: {
      char digits[24];
      const auto end = std::to_chars(digits, digits + sizeof(digits), value.integer()).ptr;
      out->append(digits, static_cast<size_t>(end - digits));
      return;
    }
    case TypeKind::kTime:
      *out += '"';
      AppendTime(value.time(), out);
      *out += '"';
      return;
    case TypeKind::kString:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
      return AppendJsonText(value.text(), out);
    case TypeKind::kEnum:
      return AppendJsonText(schema[EnumId{t.decl}].values[value.ordinal()], out);
    case TypeKind::kEntity:
      *out += R"({"type":)";
      AppendJsonText(schema[value.entity_type()].json_name, out);
      *out += R"(,"id":)";
      AppendJsonText(value.text(), out);
      *out += '}';
      return;
    case TypeKind::kSet:
    case TypeKind::kList: {
      *out += '[';
      bool first = true;
      for (const Value& item : value.items()) {
        if (!std::exchange(first, false)) *out += ',';
        AppendJsonValue(schema, t.element, item, out);
      }
      *out += ']';
      return;
    }
    default:
      *out += DumpJson(ValueToJson(schema, type, value));
  }
}

}  // namespace ztp
