// Types and values as a policy author writes them.
//
// Boundary: the text of scalars is base/scalar_text.h's; what they are called and how they nest is
// decided here.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/quote.h"
#include "engine/base/scalar_text.h"
#include "engine/base/schema.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

const char* ScalarName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return "Bool";
    case TypeKind::kInt:
      return "Int";
    case TypeKind::kDecimal:
      return "Decimal";
    case TypeKind::kString:
      return "String";
    case TypeKind::kTime:
      return "Time";
    case TypeKind::kDuration:
      return "Duration";
    case TypeKind::kVersion:
      return "Version";
    case TypeKind::kHexVersion:
      return "HexVersion";
    case TypeKind::kIp:
      return "Ip";
    case TypeKind::kCidr:
      return "Cidr";
    case TypeKind::kDigest:
      return "Digest";
    case TypeKind::kSpiffeId:
      return "SpiffeId";
    case TypeKind::kGlob:
      return "Glob";
    default:
      return "?";
  }
}

// A pattern's backslashes are its own; only the quote is the literal's.
std::string QuoteGlob(std::string_view pattern) {
  std::string out = "\"";
  for (char c : pattern) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

std::string Plain(std::string_view text) { return Cat("\"", text, "\""); }

// `{ a, b }`, and `{}` for nothing.
std::string Braced(const std::vector<std::string>& parts) {
  return parts.empty() ? "{}" : Cat("{ ", Join(parts, ", "), " }");
}

std::string FormatLabel(const Schema& schema, LatticeId id, const Label& label) {
  const LatticeType& lattice = schema[id];
  std::vector<std::string> parts;
  switch (lattice.kind) {
    case LatticeType::Kind::kChain:
      return schema[lattice.elements].values[schema.ChainPosition(id, label)];
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual:
      for (uint32_t ordinal : schema.SetMembers(id, label)) {
        parts.push_back(schema[lattice.elements].values[ordinal]);
      }
      break;
    case LatticeType::Kind::kProduct:
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        parts.push_back(
            Cat(lattice.parts[i].name, ": ",
                FormatLabel(schema, lattice.parts[i].lattice, schema.PartOf(id, i, label))));
      }
      break;
  }
  return Braced(parts);
}

// A type that contains another twice, which contains a third twice, … is a tree of any size, so
// what is shown is bounded.
constexpr size_t kMaxTypeText = 400;

std::string TypeText(const Schema& schema, TypeId type, size_t& budget) {
  const Type& t = schema.types[type];
  if (budget == 0) return "…";
  const auto spend = [&budget](std::string text) {
    budget -= std::min(budget, text.size());
    return text;
  };
  switch (t.kind) {
    case TypeKind::kEnum:
      return spend(schema[EnumId{t.decl}].name);
    case TypeKind::kLattice:
      return spend(schema[LatticeId{t.decl}].name);
    case TypeKind::kEntity: {
      std::vector<std::string> names;
      for (EntityTypeId id : t.entities) names.push_back(schema[id].json_name);
      return spend(Join(names, " | "));
    }
    case TypeKind::kSet:
      return Cat(spend("Set<"), TypeText(schema, t.element, budget), ">");
    case TypeKind::kList:
      return Cat(spend("List<"), TypeText(schema, t.element, budget), ">");
    case TypeKind::kMap: {
      const std::string key = TypeText(schema, t.key, budget);
      return Cat(spend("Map<"), key, ", ", TypeText(schema, t.element, budget), ">");
    }
    case TypeKind::kRecord: {
      std::vector<std::string> fields;
      for (const Field& field : t.fields) {
        if (budget == 0) {
          fields.push_back("…");
          break;
        }
        std::string text = spend(Cat(field.name, field.optional ? "?: " : ": "));
        text += TypeText(schema, field.type, budget);
        if (field.default_value) {
          text += spend(Cat(" = ", FormatValue(schema, field.type, *field.default_value)));
        }
        fields.push_back(std::move(text));
      }
      return Braced(fields);
    }
    default:
      return spend(ScalarName(t.kind));
  }
}

}  // namespace

std::string Schema::TypeName(TypeId type) const {
  size_t budget = kMaxTypeText;
  return TypeText(*this, type, budget);
}

std::string FormatUid(const Schema& schema, const EntityUid& uid) {
  return Cat(schema[uid.type].json_name, "::", QuoteText(uid.id));
}

std::string FormatValue(const Schema& schema, TypeId type, const Value& value) {
  const Type& t = schema.types[type];
  std::vector<std::string> parts;
  switch (value.kind()) {
    case TypeKind::kNone:
      return "missing";
    case TypeKind::kBool:
      return value.boolean() ? "true" : "false";
    case TypeKind::kInt:
      return Cat(value.integer());
    case TypeKind::kDecimal:
      return FormatDecimal(value.decimal());
    case TypeKind::kString:
      return QuoteText(value.text());
    case TypeKind::kTime:
      return Plain(FormatTime(value.time()));
    case TypeKind::kDuration:
      return FormatDuration(value.duration());
    case TypeKind::kVersion:
      return Plain(FormatVersion(value.text()));
    case TypeKind::kHexVersion:
      return Plain(FormatHexVersion(value.text()));
    case TypeKind::kIp:
      return Plain(FormatIp(value.ip()));
    case TypeKind::kCidr:
      return Plain(FormatCidr(value.cidr()));
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
      return QuoteText(value.text());
    case TypeKind::kGlob:
      return QuoteGlob(value.text());
    case TypeKind::kEnum:
      return schema[EnumId{t.decl}].values[value.ordinal()];
    case TypeKind::kLattice:
      return FormatLabel(schema, LatticeId{t.decl}, value.label());
    case TypeKind::kEntity:
      return FormatUid(schema, value.uid());
    case TypeKind::kSet:
    case TypeKind::kList:
      for (const Value& item : value.items()) {
        parts.push_back(FormatValue(schema, t.element, item));
      }
      return value.kind() == TypeKind::kSet ? Braced(parts) : Cat("[", Join(parts, ", "), "]");
    case TypeKind::kMap:
      for (size_t i = 0; i + 1 < value.items().size(); i += 2) {
        parts.push_back(Cat(FormatValue(schema, t.key, value.items()[i]), ": ",
                            FormatValue(schema, t.element, value.items()[i + 1])));
      }
      return Braced(parts);
    case TypeKind::kRecord:
      for (size_t i = 0; i < value.items().size() && i < t.fields.size(); ++i) {
        if (value.items()[i].is_none()) continue;
        parts.push_back(
            Cat(t.fields[i].name, ": ", FormatValue(schema, t.fields[i].type, value.items()[i])));
      }
      return Braced(parts);
  }
  return "?";
}

}  // namespace ztp
