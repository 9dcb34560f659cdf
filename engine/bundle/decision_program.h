// The decision program: a policy as the engine runs it. Plain data, and all of it but the Schema
// tables of fixed-size structs with indices for references, so that a file can hold it and be read
// in place (table.h). The structs here are the file's, byte for byte (bundle.fbs).
//
// Boundary: ir/ makes it from a typed program, the bundle format writes and reads it, facts/ and
// eval/ run on it. It has no behaviour but look-ups. What makes one well formed is said at each
// field and checked by CheckProgram; everything that runs a program relies on that.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "engine/base/limits.h"
#include "engine/base/schema.h"
#include "engine/bundle/cell.h"
#include "engine/bundle/table.h"
#include "engine/core/index.h"
#include "engine/core/program.h"

namespace ztp {

// The operator's name in dumps; nullptr if there is none of that number.
const char* OpcodeName(Opcode op);
// Every opcode there is, in the order of opcodes.def.
std::span<const Opcode> AllOpcodes();

// The numbers of the texts and entities that constants name; ConstantNames (constant_names.h) looks
// them up. The slots are hash tables of numbers and one, a power of two of them or none.
struct NameTables {
  Table<TextRef> texts;  // by number
  Table<uint32_t> text_slots;
  Table<NamedEntity> entities;  // by number
  Table<uint32_t> entity_slots;
};

// What running the program needs to know of its schema and its nodes, so that the kernel (core/)
// reads no Schema: kernel_tables.h makes it.
struct KernelTables {
  Table<uint8_t> type_kinds;  // TypeKind's numbers, by type
  Table<EntityKind> entities;
  Table<AttributeKind> attributes;  // of all entity types, one after the other
  Table<uint32_t> ancestor_columns;
  Table<uint8_t> optional_inputs;    // 1: optional
  Table<uint32_t> product_first;     // by lattice: in product_offsets
  Table<uint32_t> product_offsets;   // of each part, where its bits begin
  Table<EarlierFold> earlier_folds;  // by fold, ascending, and within one in their order
  // Which cells of a stored row the index's marks are of, by entity type, so that a decision finds
  // the marks of its principal and resource without asking where each attribute is.
  Table<MarkRow> principal_marks;
  Table<MarkRow> resource_marks;
  Table<MarkCell> mark_cells;
  Table<uint32_t> other_marks;  // that are no cell's
  bool operator==(const KernelTables&) const = default;
};

// Which rules can matter to a request: core/index.h. Texts and entities go by their numbers.
struct DecisionIndex {
  Table<Probe> probes;
  // The first of them read what a request says (FromRequest), the others facts and nodes.
  uint32_t request_probes = 0;
  Table<uint32_t> texts;  // numbers of texts
  Table<Test> tests;      // each once
  Table<int64_t> values;
  Table<IndexedRule> rules;  // by rank
  uint32_t forbids = 0;      // ranks [0, forbids) are forbids
  uint32_t permits = 0;      // the next are permits; the others are duties
  Table<uint32_t> rule_tests;
  Table<IndexMark> marks;
  uint32_t request_marks = 0;  // the first of them are of what a request says
  Table<IndexGroup> groups;
  uint32_t first_root = 0;  // the groups that every rule is in: groups[first_root, + root_count)
  uint32_t root_count = 0;
  Table<IndexKey> keys;
  Table<IndexPosting> postings;
  Table<uint32_t> ranks;
  Table<IndexColumn> columns;
  Table<int64_t> cuts;
  Table<uint64_t> rows;
  bool operator==(const DecisionIndex&) const = default;
};

struct DecisionProgram {
  // Of a program that is read in place: the bundle's bytes, and what keeps them where they are (the
  // mapping, say; null where the caller does). Both are empty where the tables own their memory.
  std::string_view bundle;
  std::shared_ptr<const void> storage;

  Schema schema;

  CellPool pool;                   // constants' parts, and every text
  Table<Cell> constants;           // by kConst's payload
  Table<uint32_t> constant_types;  // in Schema::types

  Table<Node> nodes;
  Table<uint32_t> args;    // nodes; kNone32 where an operator's argument may be left out
  uint32_t max_depth = 0;  // the longest path through the nodes, in nodes
  Table<AttributeRef> attribute_refs;
  Table<uint32_t> attribute_columns;
  Table<ParamRef> param_refs;
  Table<uint32_t> param_columns;
  Table<TextRef> patterns;   // RE2
  Table<TextRef> schedules;  // `Mon-Fri 08:00-18:00 Europe/Berlin`

  Table<RuleRecord> rules;  // in source order
  Table<ClauseRecord> clauses;
  Table<ObligeRecord> obliges;
  Table<uint32_t> scope_actions;
  // Sets of entity types as rows of type_set_words() words, bit t for type t.
  Table<uint64_t> type_sets;
  Table<GuaranteeRecord> guarantees;

  Table<ActionPlan> plans;     // by action
  Table<uint32_t> candidates;  // rules
  // Each quantifier's nodes come before the nodes that use it: worked out in order.
  Table<QuantifierRecord> quantifiers;
  Table<StoredMatch> stored_matches;

  NameTables names;
  KernelTables kernel;
  DecisionIndex index;

  Table<SourceRecord> sources;
  TextRef tz_version;  // of the time zone data that schedules were checked against
  uint64_t step_limit = kDefaultStepBudget;  // node evaluations that one decision may take

  std::string_view Text(TextRef ref) const { return pool.Text(ref); }
  std::string RuleName(uint32_t rule) const;  // with its package
  std::span<const uint32_t> Args(const Node& node) const {
    return std::span<const uint32_t>(args).subspan(node.first_arg, node.arg_count);
  }
  size_t type_set_words() const { return (schema.entities.size() + 63) / 64; }
  bool InTypeSet(uint32_t set, EntityTypeId type) const {
    return type_sets[set * type_set_words() + type.index / 64] >> (type.index % 64) & 1;
  }
  uint32_t AttributeColumn(uint32_t ref, EntityTypeId type) const {
    return attribute_columns[attribute_refs[ref].first_column + type.index];
  }
  uint32_t ParamColumn(uint32_t ref, ActionId action) const {
    return param_columns[param_refs[ref].first_column + action.index];
  }
};

// Is the program well formed: every index in range, every argument before its node, every operator
// with the number and types of arguments that it needs. One that passes can be run; one that came
// from anywhere but ir/ must be checked before it is. InvalidArgument says what is wrong first.
absl::Status CheckProgram(const DecisionProgram& program);

}  // namespace ztp
