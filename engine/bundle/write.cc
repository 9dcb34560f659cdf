// Tables are written in one fixed order, each string and vector where it is first needed, so that
// bytes depend on nothing but the program.
#include "engine/bundle/write.h"

#include <vector>

#include "engine/bundle/bundle_generated.h"
#include "engine/bundle/read.h"

namespace ztp {
namespace {

template <typename T>
using Offset = flatbuffers::Offset<T>;

class Writer {
 public:
  explicit Writer(const DecisionProgram& program) : p_(program), values_(&value_pool_) {}

  std::string Write() {
    const Offset<fb::Schema> schema = WriteSchema();
    const Offset<fb::Pool> pool = WritePool(p_.pool);
    const auto constants = Structs<fb::Cell>(p_.constants, ToCell);
    const auto constant_types = builder_.CreateVector(p_.constant_types);
    const auto nodes = Structs<fb::Node>(p_.nodes, [](const Node& n) {
      return fb::Node(static_cast<uint8_t>(n.op), n.flags, n.reserved, n.type, n.payload,
                      n.first_arg, n.arg_count);
    });
    const auto args = builder_.CreateVector(p_.args);
    const auto attribute_refs = Structs<fb::NameRef>(p_.attribute_refs, [](const AttributeRef& r) {
      return fb::NameRef(ToText(r.name), r.first_column);
    });
    const auto attribute_columns = builder_.CreateVector(p_.attribute_columns);
    const auto param_refs = Structs<fb::NameRef>(p_.param_refs, [](const ParamRef& r) {
      return fb::NameRef(ToText(r.name), r.first_column);
    });
    const auto param_columns = builder_.CreateVector(p_.param_columns);
    const auto patterns = Structs<fb::TextRef>(p_.patterns, ToText);
    const auto schedules = Structs<fb::TextRef>(p_.schedules, ToText);
    const auto rules = Structs<fb::Rule>(p_.rules, [](const RuleRecord& r) {
      return fb::Rule(static_cast<uint8_t>(r.kind), r.has_because, r.reserved, ToText(r.package),
                      ToText(r.name), ToText(r.because), ToText(r.doc), ToPos(r.pos), r.principals,
                      r.resources, r.first_action, r.action_count, r.condition, r.first_clause,
                      r.clause_count, r.first_oblige, r.oblige_count);
    });
    const auto clauses = Structs<fb::Clause>(p_.clauses, [](const ClauseRecord& c) {
      return fb::Clause(c.node, static_cast<uint32_t>(c.kind), ToPos(c.pos), ToText(c.text));
    });
    const auto obliges = Structs<fb::Oblige>(p_.obliges, [](const ObligeRecord& o) {
      return fb::Oblige(o.obligation, o.first_arg, o.arg_count, ToPos(o.pos));
    });
    const auto scope_actions = builder_.CreateVector(p_.scope_actions);
    const auto type_sets = builder_.CreateVector(p_.type_sets);
    const auto guarantees = Structs<fb::Guarantee>(p_.guarantees, [](const GuaranteeRecord& g) {
      return fb::Guarantee(g.rule, static_cast<uint32_t>(g.status));
    });
    const auto plans = Structs<fb::ActionPlan>(p_.plans, [](const ActionPlan& a) {
      return fb::ActionPlan(a.flags, a.first_forbid, a.forbid_count, a.first_permit, a.permit_count,
                            a.first_duty, a.duty_count, a.worst_atoms, a.scratch_bytes);
    });
    const auto candidates = builder_.CreateVector(p_.candidates);
    const auto quantifiers = Structs<fb::Quantifier>(p_.quantifiers, [](const QuantifierRecord& q) {
      return fb::Quantifier(q.ancestor_type, q.filter, q.body, q.fold, q.is_all, q.slot,
                            q.reserved);
    });
    const auto stored_matches = Structs<fb::StoredMatch>(
        p_.stored_matches,
        [](const StoredMatch& m) { return fb::StoredMatch(m.pattern, m.entity_type, m.index); });
    const auto sources = Structs<fb::Source>(p_.sources, [](const SourceRecord& s) {
      return fb::Source(ToText(s.path), ToText(s.package), ToText(s.sha256));
    });
    const fb::TextRef tz_version = ToText(p_.tz_version);
    const Offset<fb::Bundle> root = fb::CreateBundle(
        builder_, kBundleFormat, schema, pool, constants, constant_types, nodes, args, p_.max_depth,
        attribute_refs, attribute_columns, param_refs, param_columns, patterns, schedules, rules,
        clauses, obliges, scope_actions, type_sets, guarantees, plans, candidates, quantifiers,
        stored_matches, sources, &tz_version, p_.step_limit);
    fb::FinishSizePrefixedBundleBuffer(builder_, root);
    return std::string(reinterpret_cast<const char*>(builder_.GetBufferPointer()),
                       builder_.GetSize());
  }

 private:
  static fb::TextRef ToText(const TextRef& ref) { return fb::TextRef(ref.offset, ref.size); }
  static fb::Cell ToCell(const Cell& c) {
    return fb::Cell(c.kind, c.reserved, c.extra, c.size, c.bits);
  }
  static fb::SourcePos ToPos(const SourcePos& p) {
    return fb::SourcePos(p.source, p.line, p.column, p.begin, p.end);
  }

  template <typename S, typename T, typename F>
  Offset<flatbuffers::Vector<const S*>> Structs(const std::vector<T>& items, F convert) {
    std::vector<S> structs;
    structs.reserve(items.size());
    for (const T& item : items) structs.push_back(convert(item));
    return builder_.CreateVectorOfStructs(structs);
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

  Offset<flatbuffers::Vector<Offset<flatbuffers::String>>> Texts(
      const std::vector<std::string>& texts) {
    return builder_.CreateVectorOfStrings(texts);
  }

  Offset<fb::Pool> WritePool(const CellPool& pool) {
    const auto text =
        builder_.CreateVector(reinterpret_cast<const uint8_t*>(pool.text.data()), pool.text.size());
    const auto cells = Structs<fb::Cell>(pool.cells, ToCell);
    const auto labels = Structs<fb::WideLabel>(pool.wide_labels, [](const Label& l) {
      return fb::WideLabel(l.words[0], l.words[1], l.words[2], l.words[3]);
    });
    return fb::CreatePool(builder_, text, cells, labels);
  }

  // A default value's cell, or nullptr. The cell lives until the table is written.
  const fb::Cell* Default(const std::optional<Value>& value, fb::Cell* cell) {
    if (!value) return nullptr;
    *cell = ToCell(values_.Encode(*value));
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
      return fb::CreateEnumType(builder_, package, name, Texts(e.values));
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
        const auto proven_for = Texts(a.proven_for);
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
      const auto proven_for = Texts(i.proven_for);
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
    const auto root_package = Text(s.root_package);
    const auto values = WritePool(value_pool_);
    return fb::CreateSchema(builder_, root_package, types, enums, lattices, entities, inputs,
                            actions, obligations, values);
  }

  const DecisionProgram& p_;
  flatbuffers::FlatBufferBuilder builder_;
  CellPool value_pool_;
  CellWriter values_;
};

}  // namespace

std::string WriteBundle(const DecisionProgram& program) { return Writer(program).Write(); }

}  // namespace ztp
