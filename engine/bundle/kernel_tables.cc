// See kernel_tables.h.
#include "engine/bundle/kernel_tables.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/str.h"
#include "engine/core/facts_view.h"

namespace ztp {
namespace {

bool IsFold(const Node& node) { return node.op >= Opcode::kAny && node.op <= Opcode::kSetOf; }

// Where each name is an attribute: the entity type and the attribute in it.
using NamedAttributes =
    absl::flat_hash_map<absl::string_view, std::vector<std::pair<uint32_t, uint32_t>>>;

NamedAttributes AttributesByName(const Schema& schema) {
  NamedAttributes named;
  for (uint32_t t = 0; t < schema.entities.size(); ++t) {
    const std::vector<Attribute>& attributes = schema.entities[t].attributes;
    for (uint32_t a = 0; a < attributes.size(); ++a) {
      named[ToAbsl(attributes[a].name)].emplace_back(t, a);
    }
  }
  return named;
}

void AddAttributes(const Schema& schema, KernelTables* out) {
  const NamedAttributes named = AttributesByName(schema);
  for (const EntityType& type : schema.entities) {
    EntityKind kind;
    kind.first_attribute = static_cast<uint32_t>(out->attributes.size());
    if (type.always_present()) kind.flags |= EntityKind::kAlwaysPresent;
    out->entities.push_back(kind);
    for (const Attribute& declared : type.attributes) {
      AttributeKind attribute;
      attribute.inherit = declared.inherit;
      attribute.optional = declared.optional ? 1 : 0;
      if (declared.inherit != Inherit::kNo) {
        const size_t first = out->ancestor_columns.size();
        attribute.first_column = static_cast<uint32_t>(first);
        out->ancestor_columns.resize(first + schema.entities.size());
        uint32_t* columns = out->ancestor_columns.data() + first;
        std::fill_n(columns, schema.entities.size(), kNone32);
        // The compiler wants one type in the whole lineage; elsewhere another type is another
        // attribute.
        for (const auto& [t, a] : named.at(ToAbsl(declared.name))) {
          if (schema.entities[t].attributes[a].type == declared.type) columns[t] = a;
        }
      }
      out->attributes.push_back(attribute);
    }
  }
}

void AddSchema(const Schema& schema, KernelTables* out) {
  for (uint32_t t = 0; t < schema.types.size(); ++t) {
    out->type_kinds.push_back(static_cast<uint8_t>(schema.types.kind(TypeId{t})));
  }
  AddAttributes(schema, out);
  for (const Input& input : schema.inputs) out->optional_inputs.push_back(input.optional ? 1 : 0);
  for (const LatticeType& lattice : schema.lattices) {
    out->product_first.push_back(static_cast<uint32_t>(out->product_offsets.size()));
    for (const LatticeType::Part& part : lattice.parts) {
      out->product_offsets.push_back(part.offset);
    }
  }
}

// The folds inside of filter and body of each fold that are of its slot; what lies inside of those
// is theirs.
void AddEarlierFolds(const DecisionProgram& p, KernelTables* out) {
  std::vector<uint8_t> slots_below(p.nodes.size(), 0);  // of the folds in a node, itself included
  for (uint32_t n = 0; n < p.nodes.size(); ++n) {
    const Node& node = p.nodes[n];
    uint8_t inside = 0;
    for (uint32_t arg : p.Args(node)) {
      if (arg != kNone32) inside |= slots_below[arg];
    }
    if (node.op == Opcode::kAncestorQuantifier) {
      inside |= slots_below[p.quantifiers[node.payload].fold];
    }
    slots_below[n] = inside;
    if (!IsFold(node)) continue;
    const uint8_t own = static_cast<uint8_t>(1u << node.payload);
    slots_below[n] |= own;
    std::vector<uint32_t> waiting;
    std::vector<bool> seen;  // made only where there is something to find
    auto visit = [&](uint32_t id) {
      if (id == kNone32 || !(slots_below[id] & own)) return;
      if (seen.empty()) seen.resize(n, false);
      if (seen[id]) return;
      seen[id] = true;
      waiting.push_back(id);
    };
    visit(p.args[node.first_arg + 1]);
    visit(p.args[node.first_arg + 2]);
    while (!waiting.empty()) {
      const uint32_t id = waiting.back();
      waiting.pop_back();
      const Node& inner = p.nodes[id];
      if (IsFold(inner) && inner.payload == node.payload) {
        out->earlier_folds.push_back({n, id});
        continue;
      }
      for (uint32_t arg : p.Args(inner)) visit(arg);
      if (inner.op == Opcode::kAncestorQuantifier) visit(p.quantifiers[inner.payload].fold);
    }
  }
}

// Marks of attributes that are numbers in a row: a number itself, the bits of a label, a text's
// number. Their states have to be in the row's head, where one test says that all are there.
bool IsOfCells(const DecisionProgram& p, const Probe& probe) {
  const bool of_row = probe.source == Probe::Source::kPrincipalAttribute ||
                      probe.source == Probe::Source::kResourceAttribute;
  const bool number = probe.form == Probe::Form::kText || probe.form == Probe::Form::kNumber ||
                      probe.form == Probe::Form::kLabel;
  if (!of_row || !number) return false;
  for (uint32_t t = 0; t < p.schema.entities.size(); ++t) {
    const uint32_t column = p.AttributeColumn(probe.index, EntityTypeId{t});
    if (column != kNone32 && column >= FactsRow::kHeadStates) return false;
  }
  return true;
}

void AddMarks(const DecisionProgram& p, KernelTables* out) {
  const DecisionIndex& index = p.index;
  std::vector<uint32_t> of_cells;  // marks
  for (uint32_t m = index.request_marks; m < index.marks.size(); ++m) {
    if (IsOfCells(p, index.probes[index.marks[m].probe])) {
      of_cells.push_back(m);
    } else {
      out->other_marks.push_back(m);
    }
  }
  for (const Probe::Source source :
       {Probe::Source::kPrincipalAttribute, Probe::Source::kResourceAttribute}) {
    Table<MarkRow>& rows =
        source == Probe::Source::kPrincipalAttribute ? out->principal_marks : out->resource_marks;
    for (uint32_t t = 0; t < p.schema.entities.size(); ++t) {
      MarkRow row;
      row.first_cell = static_cast<uint32_t>(out->mark_cells.size());
      for (uint32_t m : of_cells) {
        const Probe& probe = index.probes[index.marks[m].probe];
        if (probe.source != source) continue;
        const uint32_t column = p.AttributeColumn(probe.index, EntityTypeId{t});
        if (column == kNone32) {
          row.all = 0;
          continue;
        }
        out->mark_cells.push_back({m, column, probe.form == Probe::Form::kText ? 1u : 0u});
        const unsigned shift = FactsRow::kStateShift + 2 * column;
        row.states |= uint64_t{3} << shift;
        row.present |= static_cast<uint64_t>(FactsState::kPresent) << shift;
      }
      row.cell_count = static_cast<uint32_t>(out->mark_cells.size()) - row.first_cell;
      rows.push_back(row);
    }
  }
}

template <typename T>
std::span<const T> SpanOf(const Table<T>& table) {
  return {table.data(), table.size()};
}

}  // namespace

uint64_t AncestorColumnCount(const Schema& schema) {
  uint64_t inherited = 0;
  for (const EntityType& type : schema.entities) {
    for (const Attribute& a : type.attributes) inherited += a.inherit != Inherit::kNo ? 1 : 0;
  }
  return inherited * schema.entities.size();
}

KernelTables MakeKernelTables(const DecisionProgram& program) {
  KernelTables tables;
  AddSchema(program.schema, &tables);
  AddEarlierFolds(program, &tables);
  AddMarks(program, &tables);
  return tables;
}

PolicyView ViewOf(const DecisionProgram& p) {
  PolicyView v;
  v.nodes = SpanOf(p.nodes);
  v.args = SpanOf(p.args);
  v.max_depth = p.max_depth;
  v.attribute_refs = SpanOf(p.attribute_refs);
  v.attribute_columns = SpanOf(p.attribute_columns);
  v.param_refs = SpanOf(p.param_refs);
  v.param_columns = SpanOf(p.param_columns);
  v.rules = SpanOf(p.rules);
  v.obliges = SpanOf(p.obliges);
  v.type_sets = SpanOf(p.type_sets);
  v.plans = SpanOf(p.plans);
  v.candidates = SpanOf(p.candidates);
  v.quantifiers = SpanOf(p.quantifiers);
  v.step_limit = p.step_limit;
  v.obligation_count = static_cast<uint32_t>(p.schema.obligations.size());
  v.type_kinds = SpanOf(p.kernel.type_kinds);
  v.entities = SpanOf(p.kernel.entities);
  v.attributes = SpanOf(p.kernel.attributes);
  v.ancestor_columns = SpanOf(p.kernel.ancestor_columns);
  v.optional_inputs = SpanOf(p.kernel.optional_inputs);
  v.product_first = SpanOf(p.kernel.product_first);
  v.product_offsets = SpanOf(p.kernel.product_offsets);
  v.earlier_folds = SpanOf(p.kernel.earlier_folds);
  v.principal_marks = SpanOf(p.kernel.principal_marks);
  v.resource_marks = SpanOf(p.kernel.resource_marks);
  v.mark_cells = SpanOf(p.kernel.mark_cells);
  v.other_marks = SpanOf(p.kernel.other_marks);
  v.pool_text = p.pool.text.data();
  v.name_texts = SpanOf(p.names.texts);
  v.text_slots = SpanOf(p.names.text_slots);
  const DecisionIndex& x = p.index;
  v.index.probes = SpanOf(x.probes);
  v.index.request_probes = x.request_probes;
  v.index.texts = SpanOf(x.texts);
  v.index.tests = SpanOf(x.tests);
  v.index.values = SpanOf(x.values);
  v.index.rules = SpanOf(x.rules);
  v.index.forbids = x.forbids;
  v.index.permits = x.permits;
  v.index.rule_tests = SpanOf(x.rule_tests);
  v.index.marks = SpanOf(x.marks);
  v.index.request_marks = x.request_marks;
  v.index.groups = SpanOf(x.groups);
  v.index.first_root = x.first_root;
  v.index.root_count = x.root_count;
  v.index.keys = SpanOf(x.keys);
  v.index.postings = SpanOf(x.postings);
  v.index.ranks = SpanOf(x.ranks);
  v.index.columns = SpanOf(x.columns);
  v.index.cuts = SpanOf(x.cuts);
  v.index.rows = SpanOf(x.rows);
  return v;
}

}  // namespace ztp
