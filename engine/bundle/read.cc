// First the file's frame (size, identifier, format), then flatbuffers' own verification, then
// copies with every enumerator in range, then CheckProgram.
#include "engine/bundle/read.h"

#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/bundle_generated.h"
#include "engine/bundle/verify.h"

namespace ztp {
namespace {

constexpr size_t kFrameBytes = 12;  // size, offset of the root, identifier
constexpr uint32_t kMaxTables = 16'000'000;

TextRef FromText(const fb::TextRef& t) { return TextRef{t.offset(), t.size()}; }

SourcePos FromPos(const fb::SourcePos& p) {
  return SourcePos{p.source(), p.line(), p.column(), p.begin(), p.end()};
}

Cell FromCell(const fb::Cell& c) {
  return Cell{.kind = c.kind(),
              .reserved = c.reserved(),
              .extra = c.extra(),
              .size = c.size(),
              .bits = c.bits()};
}

std::string FromString(const flatbuffers::String* text) {
  return text != nullptr ? std::string(text->c_str(), text->size()) : std::string();
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

std::vector<uint32_t> FromNumbers(const flatbuffers::Vector<uint32_t>* v) {
  return FromVector<uint32_t>(v, [](uint32_t n) { return n; });
}

template <typename Id>
std::vector<Id> FromIds(const flatbuffers::Vector<uint32_t>* v) {
  return FromVector<Id>(v, [](uint32_t n) { return Id{n}; });
}

std::vector<std::string> FromStrings(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* v) {
  return FromVector<std::string>(v, FromString);
}

CellPool FromPool(const fb::Pool* pool) {
  CellPool out;
  if (pool == nullptr) return out;
  if (pool->text() != nullptr) {
    out.text.assign(reinterpret_cast<const char*>(pool->text()->data()), pool->text()->size());
  }
  out.cells = FromVector<Cell>(pool->cells(), [](const fb::Cell* c) { return FromCell(*c); });
  out.wide_labels = FromVector<Label>(pool->wide_labels(), [](const fb::WideLabel* l) {
    return Label{{l->word0(), l->word1(), l->word2(), l->word3()}};
  });
  return out;
}

// flatbuffers verifies where a vector begins, not where its elements do, and those are read in
// place.
template <typename V>
bool IsAligned(const V* vector) {
  return vector == nullptr || vector->size() == 0 ||
         reinterpret_cast<uintptr_t>(vector->Data()) % 8 == 0;
}

bool IsAligned(const fb::Pool* pool) {
  return pool == nullptr || (IsAligned(pool->cells()) && IsAligned(pool->wide_labels()));
}

class SchemaReader {
 public:
  explicit SchemaReader(const fb::Schema& schema) : in_(schema) {}

  absl::StatusOr<Schema> Read() {
    values_ = FromPool(in_.values());
    ZTP_RETURN_IF_ERROR(CheckDefaults());
    Schema s;
    s.root_package = FromString(in_.root_package());
    s.enums = FromVector<EnumType>(in_.enums(), [](const fb::EnumType* e) {
      return EnumType{FromString(e->package()), FromString(e->name()), FromStrings(e->values())};
    });
    s.lattices = FromVector<LatticeType>(in_.lattices(), [](const fb::LatticeType* l) {
      LatticeType out;
      out.package = FromString(l->package());
      out.name = FromString(l->name());
      out.kind = static_cast<LatticeType::Kind>(l->kind());
      out.elements = EnumId{l->elements()};
      out.parts = FromVector<LatticeType::Part>(l->parts(), [](const fb::Part* p) {
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
        attribute.proven_for = FromStrings(a->proven_for());
        return attribute;
      });
      return out;
    });
    s.inputs = FromVector<Input>(in_.inputs(), [](const fb::Input* i) {
      return Input{
          FromString(i->package()),     FromString(i->name()), TypeId{i->type()},
          static_cast<Rank>(i->rank()), i->optional(),         FromStrings(i->proven_for())};
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
    ZTP_RETURN_IF_ERROR(ReadTypes(&s.types));
    return s;
  }

 private:
  // The pool, and that no two defaults share its cells.
  absl::Status CheckDefaults() {
    std::vector<Cell> cells;
    auto add = [&](const fb::Cell* cell) {
      if (cell != nullptr) cells.push_back(FromCell(*cell));
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
    std::vector<const Cell*> roots;
    for (const Cell& cell : cells) roots.push_back(&cell);
    return CheckPool(values_, roots);
  }

  std::optional<Value> Default(const fb::Cell* cell) const {
    return cell != nullptr ? std::optional<Value>(values_.ToValue(FromCell(*cell))) : std::nullopt;
  }

  std::vector<Param> Params(const flatbuffers::Vector<flatbuffers::Offset<fb::Param>>* params) {
    return FromVector<Param>(params, [&](const fb::Param* p) {
      return Param{FromString(p->name()), TypeId{p->type()}, static_cast<Rank>(p->rank()),
                   p->optional(), Default(p->default_value())};
    });
  }

  // Types keep their numbers: each must be new to the table, in the order of the file.
  absl::Status ReadTypes(TypeTable* types) const {
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
};

absl::StatusOr<DecisionProgram> FromBundle(const fb::Bundle& b) {
  DecisionProgram p;
  if (b.schema() == nullptr || b.pool() == nullptr) {
    return InvalidArgument("the bundle has no schema or no pool");
  }
  if (!IsAligned(b.schema()->values()) || !IsAligned(b.pool()) || !IsAligned(b.constants()) ||
      !IsAligned(b.type_sets()) || !IsAligned(b.plans())) {
    return InvalidArgument("the bundle is damaged");
  }
  ZTP_ASSIGN_OR_RETURN(p.schema, SchemaReader(*b.schema()).Read());
  p.pool = FromPool(b.pool());
  p.constants = FromVector<Cell>(b.constants(), [](const fb::Cell* c) { return FromCell(*c); });
  p.constant_types = FromNumbers(b.constant_types());
  p.nodes = FromVector<Node>(b.nodes(), [](const fb::Node* n) {
    return Node{static_cast<Opcode>(n->op()),
                n->flags(),
                n->reserved(),
                n->type(),
                n->payload(),
                n->first_arg(),
                n->arg_count()};
  });
  p.args = FromNumbers(b.args());
  p.max_depth = b.max_depth();
  p.attribute_refs = FromVector<AttributeRef>(b.attribute_refs(), [](const fb::NameRef* r) {
    return AttributeRef{FromText(r->name()), r->first_column()};
  });
  p.attribute_columns = FromNumbers(b.attribute_columns());
  p.param_refs = FromVector<ParamRef>(b.param_refs(), [](const fb::NameRef* r) {
    return ParamRef{FromText(r->name()), r->first_column()};
  });
  p.param_columns = FromNumbers(b.param_columns());
  auto text = [](const fb::TextRef* t) { return FromText(*t); };
  p.patterns = FromVector<TextRef>(b.patterns(), text);
  p.schedules = FromVector<TextRef>(b.schedules(), text);
  p.rules = FromVector<RuleRecord>(b.rules(), [](const fb::Rule* r) {
    RuleRecord out;
    out.kind = static_cast<RuleRecord::Kind>(r->kind());
    out.has_because = r->has_because();
    out.reserved = r->reserved();
    out.package = FromText(r->package());
    out.name = FromText(r->name());
    out.because = FromText(r->because());
    out.doc = FromText(r->doc());
    out.pos = FromPos(r->pos());
    out.principals = r->principals();
    out.resources = r->resources();
    out.first_action = r->first_action();
    out.action_count = r->action_count();
    out.condition = r->condition();
    out.first_clause = r->first_clause();
    out.clause_count = r->clause_count();
    out.first_oblige = r->first_oblige();
    out.oblige_count = r->oblige_count();
    return out;
  });
  // Kinds of 32 bits in the file are of 8 in memory: what does not fit is no kind.
  bool kinds_fit = true;
  auto narrow = [&](uint32_t kind) {
    kinds_fit = kinds_fit && kind <= 0xff;
    return static_cast<uint8_t>(kind);
  };
  p.clauses = FromVector<ClauseRecord>(b.clauses(), [&](const fb::Clause* c) {
    ClauseRecord out;
    out.node = c->node();
    out.kind = static_cast<ClauseRecord::Kind>(narrow(c->kind()));
    out.pos = FromPos(c->pos());
    out.text = FromText(c->text());
    return out;
  });
  p.obliges = FromVector<ObligeRecord>(b.obliges(), [](const fb::Oblige* o) {
    return ObligeRecord{o->obligation(), o->first_arg(), o->arg_count(), FromPos(o->pos())};
  });
  p.scope_actions = FromNumbers(b.scope_actions());
  p.type_sets = FromVector<uint64_t>(b.type_sets(), [](uint64_t n) { return n; });
  p.guarantees = FromVector<GuaranteeRecord>(b.guarantees(), [&](const fb::Guarantee* g) {
    GuaranteeRecord out;
    out.rule = g->rule();
    out.status = static_cast<GuaranteeRecord::Status>(narrow(g->status()));
    return out;
  });
  p.plans = FromVector<ActionPlan>(b.plans(), [](const fb::ActionPlan* a) {
    ActionPlan out;
    out.flags = a->flags();
    out.first_forbid = a->first_forbid();
    out.forbid_count = a->forbid_count();
    out.first_permit = a->first_permit();
    out.permit_count = a->permit_count();
    out.first_duty = a->first_duty();
    out.duty_count = a->duty_count();
    out.worst_atoms = a->worst_atoms();
    out.scratch_bytes = a->scratch_bytes();
    return out;
  });
  p.candidates = FromNumbers(b.candidates());
  p.quantifiers = FromVector<QuantifierRecord>(b.quantifiers(), [](const fb::Quantifier* q) {
    QuantifierRecord out;
    out.ancestor_type = q->ancestor_type();
    out.filter = q->filter();
    out.body = q->body();
    out.fold = q->fold();
    out.is_all = q->is_all();
    out.slot = q->slot();
    out.reserved = q->reserved();
    return out;
  });
  p.stored_matches = FromVector<StoredMatch>(b.stored_matches(), [](const fb::StoredMatch* m) {
    return StoredMatch{m->pattern(), m->entity_type(), m->index()};
  });
  p.sources = FromVector<SourceRecord>(b.sources(), [](const fb::Source* s) {
    return SourceRecord{FromText(s->path()), FromText(s->package()), FromText(s->sha256())};
  });
  if (b.tz_version() != nullptr) p.tz_version = FromText(*b.tz_version());
  p.step_limit = b.step_limit();
  if (!kinds_fit) return InvalidArgument("a clause or guarantee is of no kind");
  return p;
}

}  // namespace

bool LooksLikeBundle(std::string_view bytes) {
  return bytes.size() >= kFrameBytes && bytes.substr(8, 4) == fb::BundleIdentifier();
}

absl::StatusOr<DecisionProgram> ReadBundle(std::string_view bytes) {
  if (!LooksLikeBundle(bytes)) return InvalidArgument("this is no policy bundle");
  if (bytes.size() > kMaxBundleBytes) {
    return ResourceExhausted("the bundle has ", bytes.size(), " bytes; at most ", kMaxBundleBytes,
                             " are read");
  }
  const uint32_t size = static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8 |
                        static_cast<uint8_t>(bytes[2]) << 16 |
                        static_cast<uint32_t>(static_cast<uint8_t>(bytes[3])) << 24;
  if (size != bytes.size() - 4) {
    return InvalidArgument("the bundle should have ", uint64_t{size} + 4, " bytes and has ",
                           bytes.size(), ": it is cut off, or something follows it");
  }
  // Numbers are read in place, so the copy begins where any of them may.
  std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const uint8_t* data = reinterpret_cast<const uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size(), /*max_depth=*/16, kMaxTables);
  if (!fb::VerifySizePrefixedBundleBuffer(verifier)) {
    return InvalidArgument("the bundle is damaged");
  }
  const fb::Bundle& bundle = *fb::GetSizePrefixedBundle(data);
  if (bundle.format() != kBundleFormat) {
    return absl::UnimplementedError(Cat("the bundle is of format ", bundle.format(),
                                        "; this version reads format ", kBundleFormat));
  }
  ZTP_ASSIGN_OR_RETURN(DecisionProgram program, FromBundle(bundle));
  if (absl::Status status = CheckProgram(program); !status.ok()) {
    return InvalidArgument("the bundle is not well formed: ", Message(status));
  }
  return program;
}

}  // namespace ztp
