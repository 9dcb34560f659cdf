// The schema is small whatever the number of rules, and is made of names and trees: it is copied
// out of the bundle. Cells of default values are checked before values are made of them.
#include "engine/bundle/read_schema.h"

#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/bundle/layout.h"
#include "engine/bundle/verify.h"

namespace ztp {
namespace {

// flatbuffers does not verify that a struct within a table lies where it may be read as one.
Cell FromCell(const fb::Cell* cell) {
  Cell out;
  std::memcpy(static_cast<void*>(&out), cell, sizeof(out));
  return out;
}

// Any vector, converted; one that is not there is empty.
template <typename T, typename V, typename F>
std::vector<T> FromVector(const V* vector, F convert) {
  std::vector<T> out;
  if (vector == nullptr) return out;
  out.reserve(vector->size());
  for (flatbuffers::uoffset_t i = 0; i < vector->size(); ++i)
    out.push_back(convert(vector->Get(i)));
  return out;
}

class SchemaReader {
 public:
  SchemaReader(const fb::Schema& schema, size_t bundle_bytes)
      : in_(schema), budget_(bundle_bytes) {}

  absl::StatusOr<Schema> Read() {
    ZTP_ASSIGN_OR_RETURN(values_, ViewPool(in_.values()));
    ZTP_RETURN_IF_ERROR(CheckDefaults());
    Schema s;
    s.root_package = FromString(in_.root_package());
    s.enums = FromVector<EnumType>(in_.enums(), [&](const fb::EnumType* e) {
      return EnumType{FromString(e->package()), FromString(e->name()), FromNames(e->values())};
    });
    s.lattices = FromVector<LatticeType>(in_.lattices(), [&](const fb::LatticeType* l) {
      LatticeType out;
      out.package = FromString(l->package());
      out.name = FromString(l->name());
      out.kind = static_cast<LatticeType::Kind>(l->kind());
      out.elements = EnumId{l->elements()};
      out.parts = FromVector<LatticeType::Part>(l->parts(), [&](const fb::Part* p) {
        return LatticeType::Part{FromString(p->name()), LatticeId{p->lattice()}, p->offset()};
      });
      out.bits = l->bits();
      return out;
    });
    s.entities = FromVector<EntityType>(in_.entities(), [&](const fb::EntityType* e) {
      EntityType out;
      out.package = FromString(e->package());
      out.name = FromString(e->name());
      out.json_name = FromString(e->json_name());
      out.parents = FromIds<EntityTypeId>(e->parents());
      out.derives = FromIds<EntityTypeId>(e->derives());
      out.carried = static_cast<Carried>(e->carried());
      out.attributes = FromVector<Attribute>(e->attributes(), [&](const fb::Attribute* a) {
        Attribute attribute;
        attribute.name = FromString(a->name());
        attribute.type = TypeId{a->type()};
        attribute.rank = static_cast<Rank>(a->rank());
        attribute.optional = a->optional();
        attribute.inherit = static_cast<Inherit>(a->inherit());
        attribute.is_parent = a->is_parent();
        attribute.default_value = Default(a->default_value());
        attribute.proven_for = FromNames(a->proven_for());
        return attribute;
      });
      return out;
    });
    s.inputs = FromVector<Input>(in_.inputs(), [&](const fb::Input* i) {
      return Input{FromString(i->package()),     FromString(i->name()), TypeId{i->type()},
                   static_cast<Rank>(i->rank()), i->optional(),         FromNames(i->proven_for())};
    });
    s.actions = FromVector<Action>(in_.actions(), [&](const fb::Action* a) {
      return Action{FromString(a->package()),
                    FromString(a->name()),
                    FromString(a->json_name()),
                    FromIds<EntityTypeId>(a->principals()),
                    FromIds<EntityTypeId>(a->resources()),
                    Params(a->params())};
    });
    s.obligations = FromVector<ObligationType>(in_.obligations(), [&](const fb::Obligation* o) {
      return ObligationType{FromString(o->package()), FromString(o->name()),
                            FromString(o->json_name()), Params(o->params())};
    });
    s.routes = FromVector<Route>(in_.routes(), [&](const fb::Route* r) { return ReadRoute(*r); });
    ZTP_RETURN_IF_ERROR(ReadTypes(&s.types));
    if (spent_) return InvalidArgument("the schema's names are longer than the bundle");
    return s;
  }

 private:
  // Many tables may refer to one string or vector. No bundle that we write does so, and what is
  // copied out of one is no more than it has bytes.
  bool Spend(uint64_t bytes) {
    spent_ = spent_ || bytes > budget_;
    if (!spent_) budget_ -= bytes;
    return !spent_;
  }

  std::string FromString(const flatbuffers::String* text) {
    if (text == nullptr || !Spend(text->size())) return {};
    return std::string(text->c_str(), text->size());
  }

  std::vector<std::string> FromNames(
      const flatbuffers::Vector<flatbuffers::Offset<fb::Name>>* names) {
    return FromVector<std::string>(names, [&](const fb::Name* n) { return FromString(n->text()); });
  }

  template <typename Id>
  std::vector<Id> FromIds(const flatbuffers::Vector<uint32_t>* ids) {
    if (ids == nullptr || !Spend(uint64_t{4} * ids->size())) return {};
    return FromVector<Id>(ids, [](uint32_t n) { return Id{n}; });
  }

  // The pool, and that no two defaults share its cells.
  absl::Status CheckDefaults() {
    std::vector<Cell> cells;
    auto add = [&](const fb::Cell* cell) {
      if (cell != nullptr) cells.push_back(FromCell(cell));
    };
    auto each = [](const auto* vector, auto f) {
      if (vector == nullptr) return;
      for (const auto* item : *vector) f(item);
    };
    auto params = [&](const auto* with) {
      each(with->params(), [&](const fb::Param* p) { add(p->default_value()); });
    };
    each(in_.types(), [&](const fb::Type* t) {
      each(t->fields(), [&](const fb::Field* f) { add(f->default_value()); });
    });
    each(in_.entities(), [&](const fb::EntityType* e) {
      each(e->attributes(), [&](const fb::Attribute* a) { add(a->default_value()); });
    });
    each(in_.actions(), params);
    each(in_.obligations(), params);
    return CheckPool(values_, cells);
  }

  std::optional<Value> Default(const fb::Cell* cell) const {
    return cell != nullptr ? std::optional<Value>(values_.ToValue(FromCell(cell))) : std::nullopt;
  }

  std::vector<Param> Params(const flatbuffers::Vector<flatbuffers::Offset<fb::Param>>* params) {
    return FromVector<Param>(params, [&](const fb::Param* p) {
      return Param{FromString(p->name()), TypeId{p->type()}, static_cast<Rank>(p->rank()),
                   p->optional(), Default(p->default_value())};
    });
  }

  // ---- Routes. What a table may lack is empty, which CheckSchema and route::Router refuse.
  RouteValue ReadValue(const fb::RouteValue* value) {
    RouteValue out;
    if (value == nullptr) return out;
    out.source = static_cast<RouteSource>(value->source());
    out.name = FromString(value->name());
    out.path = FromNames(value->path());
    if (value->fallback() != nullptr) out.fallback = FromString(value->fallback());
    return out;
  }

  std::vector<RouteBinding> Bindings(
      const flatbuffers::Vector<flatbuffers::Offset<fb::RouteBinding>>* bindings) {
    return FromVector<RouteBinding>(bindings, [&](const fb::RouteBinding* b) {
      return RouteBinding{FromString(b->name()), ReadValue(b->value())};
    });
  }

  RouteEntity ReadEntity(const fb::RouteEntity* entity) {
    RouteEntity out;
    if (entity == nullptr) return out;
    out.type = entity->type();
    out.id.pieces = FromVector<RouteText::Piece>(entity->pieces(), [&](const fb::RoutePiece* p) {
      return RouteText::Piece{FromString(p->before()), ReadValue(p->value())};
    });
    out.id.after = FromString(entity->after());
    out.attributes = Bindings(entity->attributes());
    return out;
  }

  Route ReadRoute(const fb::Route& r) {
    Route out;
    out.package = FromString(r.package());
    out.name = FromString(r.name());
    out.line = r.line();
    out.methods = FromNames(r.methods());
    out.path = FromString(r.path());
    out.peer = FromString(r.peer());
    out.client = FromString(r.client());
    out.tests = FromVector<RouteTest>(r.tests(), [&](const fb::RouteTest* t) {
      return RouteTest{static_cast<RouteTest::Kind>(t->kind()), ReadValue(t->value()),
                       FromNames(t->literals())};
    });
    out.principal = ReadEntity(r.principal());
    out.action = r.action();
    out.resource = ReadEntity(r.resource());
    out.params = Bindings(r.params());
    out.inputs = Bindings(r.inputs());
    out.proofs = Bindings(r.proofs());
    return out;
  }

  // Types keep their numbers: each must be new to the table, in the order of the file.
  absl::Status ReadTypes(TypeTable* types) {
    const size_t scalars = types->size();
    const auto* in = in_.types();
    if (in == nullptr || in->size() < scalars) return InvalidArgument("there are no types");
    for (uint32_t i = 0; i < in->size(); ++i) {
      const fb::Type& t = *in->Get(i);
      Type type;
      type.kind = static_cast<TypeKind>(t.kind());
      type.decl = t.decl();
      type.element = TypeId{t.element()};
      type.key = TypeId{t.key()};
      type.entities = FromIds<EntityTypeId>(t.entities());
      type.fields = FromVector<Field>(t.fields(), [&](const fb::Field* f) {
        return Field{FromString(f->name()), TypeId{f->type()}, f->optional(),
                     Default(f->default_value())};
      });
      const size_t before = types->size();
      const bool good = types->Intern(std::move(type)).index == i &&
                        (i < scalars ? types->size() == before : types->size() == before + 1);
      if (!good) return InvalidArgument("the types are not in order");
    }
    return absl::OkStatus();
  }

  const fb::Schema& in_;
  CellPool values_;
  uint64_t budget_;  // bytes of names and references that may still be copied
  bool spent_ = false;
};

}  // namespace

absl::StatusOr<Schema> ReadSchema(const fb::Schema& schema, size_t bundle_bytes) {
  return SchemaReader(schema, bundle_bytes).Read();
}

}  // namespace ztp
