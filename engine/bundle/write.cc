// Tables are written in one fixed order, each string and vector where it is first needed, so that
// bytes depend on nothing but the program.
#include "engine/bundle/write.h"

#include <cstring>
#include <vector>

#include "engine/bundle/bundle_generated.h"
#include "engine/bundle/layout.h"
#include "engine/bundle/read.h"

namespace ztp {
namespace {

constexpr size_t kTableAlignment = 64;

template <typename T>
using Offset = flatbuffers::Offset<T>;

class Writer {
 public:
  explicit Writer(const DecisionProgram& program) : p_(program), values_(&value_pool_) {}

  std::string Write() {
    const Offset<fb::Schema> schema = WriteSchema();
    const Offset<fb::Pool> pool = WritePool(p_.pool);
    const auto constants = Records(p_.constants);
    const auto constant_types = Numbers(p_.constant_types);
    const auto nodes = Records(p_.nodes);
    const auto args = Numbers(p_.args);
    const auto attribute_refs = Records(p_.attribute_refs);
    const auto attribute_columns = Numbers(p_.attribute_columns);
    const auto param_refs = Records(p_.param_refs);
    const auto param_columns = Numbers(p_.param_columns);
    const auto patterns = Records(p_.patterns);
    const auto schedules = Records(p_.schedules);
    const auto rules = Records(p_.rules);
    const auto clauses = Records(p_.clauses);
    const auto obliges = Records(p_.obliges);
    const auto scope_actions = Numbers(p_.scope_actions);
    const auto type_sets = Numbers(p_.type_sets);
    const auto guarantees = Records(p_.guarantees);
    const auto plans = Records(p_.plans);
    const auto candidates = Numbers(p_.candidates);
    const auto quantifiers = Records(p_.quantifiers);
    const auto stored_matches = Records(p_.stored_matches);
    const auto sources = Records(p_.sources);
    const Offset<fb::Names> names = WriteNames(p_.names);
    const Offset<fb::Index> index = WriteIndex(p_.index);
    const Offset<fb::Kernel> kernel = WriteKernel(p_.kernel);
    const fb::TextRef tz_version(p_.tz_version.offset, p_.tz_version.size);
    const Offset<fb::Bundle> root = fb::CreateBundle(
        builder_, kBundleFormat, schema, pool, constants, constant_types, nodes, args, p_.max_depth,
        attribute_refs, attribute_columns, param_refs, param_columns, patterns, schedules, rules,
        clauses, obliges, scope_actions, type_sets, guarantees, plans, candidates, quantifiers,
        stored_matches, sources, &tz_version, p_.step_limit, names, index, kernel);
    fb::FinishSizePrefixedBundleBuffer(builder_, root);
    return std::string(reinterpret_cast<const char*>(builder_.GetBufferPointer()),
                       builder_.GetSize());
  }

 private:
  // Each begins at a cache line, so that neither a slot of a hash table nor the words of a row lie
  // across more lines than they must.
  template <typename T>
  Offset<flatbuffers::Vector<const typename FileStruct<T>::Type*>> Records(const Table<T>& items) {
    using Struct = typename FileStruct<T>::Type;
    builder_.ForceVectorAlignment(items.size(), sizeof(T), kTableAlignment);
    return builder_.CreateVectorOfStructs(reinterpret_cast<const Struct*>(items.data()),
                                          items.size());
  }

  template <typename T>
  Offset<flatbuffers::Vector<T>> Numbers(const Table<T>& items) {
    builder_.ForceVectorAlignment(items.size(), sizeof(T), kTableAlignment);
    return builder_.CreateVector(items.data(), items.size());
  }

  template <typename S, typename T, typename F>
  Offset<flatbuffers::Vector<Offset<S>>> Tables(const std::vector<T>& items, F write) {
    std::vector<Offset<S>> offsets;
    offsets.reserve(items.size());
    for (const T& item : items) offsets.push_back(write(item));
    return builder_.CreateVector(offsets);
  }

  template <typename Id>
  Offset<flatbuffers::Vector<uint32_t>> Ids(const std::vector<Id>& ids) {
    std::vector<uint32_t> numbers;
    numbers.reserve(ids.size());
    for (const Id& id : ids) numbers.push_back(id.index);
    return builder_.CreateVector(numbers);
  }

  Offset<flatbuffers::String> Text(const std::string& text) { return builder_.CreateString(text); }

  Offset<flatbuffers::Vector<Offset<fb::Name>>> Names(const std::vector<std::string>& names) {
    return Tables<fb::Name>(
        names, [&](const std::string& name) { return fb::CreateName(builder_, Text(name)); });
  }

  Offset<fb::Pool> WritePool(const CellPool& pool) {
    const auto text =
        builder_.CreateVector(reinterpret_cast<const uint8_t*>(pool.text.data()), pool.text.size());
    const auto cells = Records(pool.cells);
    const auto labels = Records(pool.wide_labels);
    return fb::CreatePool(builder_, text, cells, labels);
  }

  Offset<fb::Names> WriteNames(const NameTables& names) {
    const auto texts = Records(names.texts);
    const auto text_slots = Numbers(names.text_slots);
    const auto entities = Records(names.entities);
    const auto entity_slots = Numbers(names.entity_slots);
    return fb::CreateNames(builder_, texts, text_slots, entities, entity_slots);
  }

  Offset<fb::Kernel> WriteKernel(const KernelTables& k) {
    const auto type_kinds = Numbers(k.type_kinds);
    const auto entities = Records(k.entities);
    const auto attributes = Records(k.attributes);
    const auto ancestor_columns = Numbers(k.ancestor_columns);
    const auto optional_inputs = Numbers(k.optional_inputs);
    const auto product_first = Numbers(k.product_first);
    const auto product_offsets = Numbers(k.product_offsets);
    const auto earlier_folds = Records(k.earlier_folds);
    const auto principal_marks = Records(k.principal_marks);
    const auto resource_marks = Records(k.resource_marks);
    const auto mark_cells = Records(k.mark_cells);
    const auto other_marks = Numbers(k.other_marks);
    return fb::CreateKernel(builder_, type_kinds, entities, attributes, ancestor_columns,
                            optional_inputs, product_first, product_offsets, earlier_folds,
                            principal_marks, resource_marks, mark_cells, other_marks);
  }

  Offset<fb::Index> WriteIndex(const DecisionIndex& x) {
    const auto probes = Records(x.probes);
    const auto texts = Numbers(x.texts);
    const auto tests = Records(x.tests);
    const auto values = Numbers(x.values);
    const auto rules = Records(x.rules);
    const auto rule_tests = Numbers(x.rule_tests);
    const auto groups = Records(x.groups);
    const auto keys = Records(x.keys);
    const auto postings = Records(x.postings);
    const auto ranks = Numbers(x.ranks);
    const auto columns = Records(x.columns);
    const auto cuts = Numbers(x.cuts);
    const auto rows = Numbers(x.rows);
    const auto marks = Records(x.marks);
    return fb::CreateIndex(builder_, probes, x.request_probes, texts, tests, values, rules,
                           x.forbids, x.permits, rule_tests, groups, x.first_root, x.root_count,
                           keys, postings, ranks, columns, cuts, rows, marks, x.request_marks);
  }

  // A default value's cell, or nullptr. The cell lives until the table is written.
  const fb::Cell* Default(const std::optional<Value>& value, fb::Cell* cell) {
    if (!value) return nullptr;
    const Cell encoded = values_.Encode(*value);
    std::memcpy(static_cast<void*>(cell), &encoded, sizeof(encoded));
    return cell;
  }

  Offset<flatbuffers::Vector<Offset<fb::Param>>> Params(const std::vector<Param>& params) {
    return Tables<fb::Param>(params, [&](const Param& p) {
      fb::Cell cell;
      const auto name = Text(p.name);
      return fb::CreateParam(builder_, name, p.type.index, static_cast<uint8_t>(p.rank), p.optional,
                             Default(p.default_value, &cell));
    });
  }

  Offset<fb::RouteValue> Value(const RouteValue& value) {
    const auto name = Text(value.name);
    const auto path = Names(value.path);
    const auto fallback = value.fallback ? Text(*value.fallback) : Offset<flatbuffers::String>();
    return fb::CreateRouteValue(builder_, static_cast<uint8_t>(value.source), name, path, fallback);
  }

  Offset<flatbuffers::Vector<Offset<fb::RouteBinding>>> Bindings(
      const std::vector<RouteBinding>& bindings) {
    return Tables<fb::RouteBinding>(bindings, [&](const RouteBinding& b) {
      const auto name = Text(b.name);
      return fb::CreateRouteBinding(builder_, name, Value(b.value));
    });
  }

  Offset<fb::RouteEntity> Entity(const RouteEntity& entity) {
    const auto pieces = Tables<fb::RoutePiece>(entity.id.pieces, [&](const RouteText::Piece& p) {
      const auto before = Text(p.before);
      return fb::CreateRoutePiece(builder_, before, Value(p.value));
    });
    const auto after = Text(entity.id.after);
    const auto attributes = Bindings(entity.attributes);
    return fb::CreateRouteEntity(builder_, entity.type, pieces, after, attributes);
  }

  Offset<fb::Route> WriteRoute(const Route& r) {
    const auto package = Text(r.package), name = Text(r.name);
    const auto methods = Names(r.methods);
    const auto path = Text(r.path), peer = Text(r.peer), client = Text(r.client);
    const auto tests = Tables<fb::RouteTest>(r.tests, [&](const RouteTest& t) {
      const auto value = Value(t.value);
      return fb::CreateRouteTest(builder_, static_cast<uint8_t>(t.kind), value, Names(t.literals));
    });
    const auto principal = Entity(r.principal), resource = Entity(r.resource);
    const auto params = Bindings(r.params), inputs = Bindings(r.inputs);
    const auto proofs = Bindings(r.proofs);
    return fb::CreateRoute(builder_, package, name, r.line, methods, path, peer, client, tests,
                           principal, r.action, resource, params, inputs, proofs);
  }

  Offset<fb::Schema> WriteSchema() {
    const Schema& s = p_.schema;
    std::vector<Offset<fb::Type>> type_offsets;
    for (uint32_t i = 0; i < s.types.size(); ++i) {
      const Type& t = s.types[TypeId{i}];
      const auto entities = Ids(t.entities);
      const auto fields = Tables<fb::Field>(t.fields, [&](const Field& f) {
        fb::Cell cell;
        const auto name = Text(f.name);
        return fb::CreateField(builder_, name, f.type.index, f.optional,
                               Default(f.default_value, &cell));
      });
      type_offsets.push_back(fb::CreateType(builder_, static_cast<uint8_t>(t.kind), t.decl,
                                            t.element.index, t.key.index, entities, fields));
    }
    const auto types = builder_.CreateVector(type_offsets);
    const auto enums = Tables<fb::EnumType>(s.enums, [&](const EnumType& e) {
      const auto package = Text(e.package), name = Text(e.name);
      return fb::CreateEnumType(builder_, package, name, Names(e.values));
    });
    const auto lattices = Tables<fb::LatticeType>(s.lattices, [&](const LatticeType& l) {
      const auto package = Text(l.package), name = Text(l.name);
      const auto parts = Tables<fb::Part>(l.parts, [&](const LatticeType::Part& part) {
        const auto part_name = Text(part.name);
        return fb::CreatePart(builder_, part_name, part.lattice.index, part.offset);
      });
      return fb::CreateLatticeType(builder_, package, name, static_cast<uint8_t>(l.kind),
                                   l.elements.index, parts, l.bits);
    });
    const auto entities = Tables<fb::EntityType>(s.entities, [&](const EntityType& e) {
      const auto package = Text(e.package), name = Text(e.name), json_name = Text(e.json_name);
      const auto parents = Ids(e.parents), derives = Ids(e.derives);
      const auto attributes = Tables<fb::Attribute>(e.attributes, [&](const Attribute& a) {
        fb::Cell cell;
        const auto attribute_name = Text(a.name);
        const auto proven_for = Names(a.proven_for);
        return fb::CreateAttribute(builder_, attribute_name, a.type.index,
                                   static_cast<uint8_t>(a.rank), a.optional,
                                   static_cast<uint8_t>(a.inherit), a.is_parent,
                                   Default(a.default_value, &cell), proven_for);
      });
      return fb::CreateEntityType(builder_, package, name, json_name, parents, derives,
                                  static_cast<uint8_t>(e.carried), attributes);
    });
    const auto inputs = Tables<fb::Input>(s.inputs, [&](const Input& i) {
      const auto package = Text(i.package), name = Text(i.name);
      const auto proven_for = Names(i.proven_for);
      return fb::CreateInput(builder_, package, name, i.type.index, static_cast<uint8_t>(i.rank),
                             i.optional, proven_for);
    });
    const auto actions = Tables<fb::Action>(s.actions, [&](const Action& a) {
      const auto package = Text(a.package), name = Text(a.name), json_name = Text(a.json_name);
      const auto principals = Ids(a.principals), resources = Ids(a.resources);
      const auto params = Params(a.params);
      return fb::CreateAction(builder_, package, name, json_name, principals, resources, params);
    });
    const auto obligations = Tables<fb::Obligation>(s.obligations, [&](const ObligationType& o) {
      const auto package = Text(o.package), name = Text(o.name), json_name = Text(o.json_name);
      const auto params = Params(o.params);
      return fb::CreateObligation(builder_, package, name, json_name, params);
    });
    const auto routes = Tables<fb::Route>(s.routes, [&](const Route& r) { return WriteRoute(r); });
    const auto root_package = Text(s.root_package);
    const auto values = WritePool(value_pool_);
    return fb::CreateSchema(builder_, root_package, types, enums, lattices, entities, inputs,
                            actions, obligations, values, routes);
  }

  const DecisionProgram& p_;
  flatbuffers::FlatBufferBuilder builder_;
  CellPool value_pool_;
  CellWriter values_;
};

}  // namespace

std::string WriteBundle(const DecisionProgram& program) { return Writer(program).Write(); }

}  // namespace ztp
