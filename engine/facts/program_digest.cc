// See program_digest.h. Every piece begins with its length or its kind, so that no two programs can
// run together into the same bytes.
#include "engine/facts/program_digest.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/sha256.h"
#include "engine/bundle/constant_names.h"

namespace ztp {
namespace {

class Writer {
 public:
  std::string Digest() const { return Sha256Bytes(out_); }

  void Number(uint64_t n) {
    for (int shift = 0; shift < 64; shift += 8) out_ += static_cast<char>(n >> shift);
  }
  void Text(std::string_view text) {
    Number(text.size());
    out_.append(text);
  }
  template <typename T>
  void Bytes(const Table<T>& table) {
    Text({reinterpret_cast<const char*>(table.data()), table.size() * sizeof(T)});
  }

  void Of(const Schema& schema) {
    Number(schema.enums.size());
    for (const EnumType& e : schema.enums) {
      Text(e.package);
      Text(e.name);
      Number(e.values.size());
      for (const std::string& value : e.values) Text(value);
    }
    Number(schema.lattices.size());
    for (const LatticeType& lattice : schema.lattices) {
      Text(lattice.package);
      Text(lattice.name);
      Number(static_cast<uint8_t>(lattice.kind));
      Number(lattice.elements.index);
      Number(lattice.bits);
      Number(lattice.parts.size());
      for (const LatticeType::Part& part : lattice.parts) {
        Text(part.name);
        Number(part.lattice.index);
        Number(part.offset);
      }
    }
    Number(schema.entities.size());
    for (const EntityType& entity : schema.entities) {
      Text(entity.json_name);
      Entities(entity.parents);
      Entities(entity.derives);
      Number(static_cast<uint8_t>(entity.carried));
      Number(entity.attributes.size());
      for (const Attribute& attribute : entity.attributes) {
        Text(attribute.name);
        Of(schema, attribute.type);
        Number(static_cast<uint8_t>(attribute.rank));
        Number(static_cast<uint8_t>(attribute.inherit));
        Number((attribute.optional ? 1u : 0u) | (attribute.is_parent ? 2u : 0u));
        Default(schema, attribute.type, attribute.default_value);
      }
    }
  }

 private:
  void Entities(const std::vector<EntityTypeId>& types) {
    Number(types.size());
    for (EntityTypeId type : types) Number(type.index);
  }

  void Default(const Schema& schema, TypeId type, const std::optional<Value>& value) {
    Number(value.has_value() ? 1 : 0);
    if (value) Text(FormatValue(schema, type, *value));
  }

  // Written out, since the numbers of types follow from the whole policy. A type is as deep as its
  // declaration, which is bounded.
  void Of(const Schema& schema, TypeId id) {
    const Type& type = schema.types[id];
    Number(static_cast<uint8_t>(type.kind));
    switch (type.kind) {
      case TypeKind::kEnum:
      case TypeKind::kLattice:
        return Number(type.decl);
      case TypeKind::kEntity:
        return Entities(type.entities);
      case TypeKind::kSet:
      case TypeKind::kList:
        return Of(schema, type.element);
      case TypeKind::kMap:
        Of(schema, type.key);
        return Of(schema, type.element);
      case TypeKind::kRecord:
        Number(type.fields.size());
        for (const Field& field : type.fields) {
          Text(field.name);
          Number((field.optional ? 1u : 0u) | (field.default_value.has_value() ? 2u : 0u));
          Of(schema, field.type);
          Default(schema, field.type, field.default_value);
        }
        return;
      default:
        return;
    }
  }

  std::string out_ = "ztp facts program 2";
};

}  // namespace

std::string FactsSchemaDigest(const DecisionProgram& program) {
  Writer writer;
  writer.Of(program.schema);
  return writer.Digest();
}

std::string FactsProgramDigest(const DecisionProgram& program) {
  Writer writer;
  writer.Of(program.schema);
  const ConstantNames names(program);
  writer.Number(names.texts().size());
  for (std::string_view text : names.texts()) writer.Text(text);
  writer.Number(names.entities().size());
  for (const ConstantNames::Entity& entity : names.entities()) {
    writer.Number(entity.type.index);
    writer.Text(entity.id);
  }
  writer.Number(program.patterns.size());
  for (TextRef pattern : program.patterns) writer.Text(program.Text(pattern));
  writer.Bytes(program.stored_matches);
  writer.Bytes(program.quantifiers);
  if (!program.quantifiers.empty()) {
    writer.Bytes(program.nodes);
    writer.Bytes(program.args);
    writer.Bytes(program.pool.text);
    writer.Bytes(program.pool.cells);
    writer.Bytes(program.pool.wide_labels);
    writer.Bytes(program.constants);
    writer.Bytes(program.attribute_refs);
    writer.Bytes(program.attribute_columns);
  }
  return writer.Digest();
}

}  // namespace ztp
