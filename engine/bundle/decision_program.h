// The decision program: a policy as the engine runs it. Plain data, and all of it but the Schema
// tables of fixed-size structs with indices for references, so that a file can hold it and be read
// in place (table.h). The structs here are the file's, byte for byte (bundle.fbs).
//
// Boundary: ir/ makes it from a typed program, the bundle format writes and reads it, facts/ and
// eval/ run on it. It has no behaviour but look-ups. What makes one well formed is said at each
// field and checked by CheckProgram; everything that runs a program relies on that.
#pragma once

#include <cstdint>
#include <limits>
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

namespace ztp {

enum class Opcode : uint8_t {
#define ZTP_OPCODE(number, id, name) id = number,
#include "engine/bundle/opcodes.def"
#undef ZTP_OPCODE
};
// The operator's name in dumps; nullptr if there is none of that number.
const char* OpcodeName(Opcode op);
// Every opcode there is, in the order of opcodes.def.
std::span<const Opcode> AllOpcodes();

inline constexpr uint32_t kNone32 =
    std::numeric_limits<uint32_t>::max();  // no node, no attribute, no text …

// One operator with its arguments. Equal ones are one node; arguments come before the node.
struct Node {
  enum Flag : uint8_t {
    kFreeSlot0 = 1,  // depends on the fold variable of slot 0 (1, 2) of a fold that it is inside of
    kFreeSlot1 = 2,
    kFreeSlot2 = 4,
    kFreeSlots = 7,
    kReadsNow = 8,       // its result can change as time passes
    kReadsRequest = 16,  // depends on anything but constants and stored facts
  };
  static constexpr uint32_t kMaxTypes = 1 << 24;  // that a program has
  static constexpr uint32_t kMaxArgs = 1 << 24;   // that a node has: no source has room for as many
  Opcode op = Opcode::kConst;
  uint32_t type : 24 = 0;  // of the result, in Schema::types
  uint8_t flags = 0;
  uint32_t arg_count : 24 = 0;
  uint32_t first_arg = 0;  // in DecisionProgram::args
  uint32_t payload = 0;
  bool operator==(const Node&) const = default;
};
static_assert(sizeof(Node) == 16);

// Where something begins in a source file.
struct SourcePos {
  static constexpr uint16_t kNoSource = 0xffff;
  static constexpr uint16_t kFarColumn = 0xffff;  // this one or one behind it
  uint16_t source = kNoSource;                    // in DecisionProgram::sources
  uint16_t column = 0;                            // from 1, in code points
  uint32_t line = 0;                              // from 1
  bool operator==(const SourcePos&) const = default;
};
static_assert(sizeof(SourcePos) == 8);

struct ClauseRecord {
  enum class Kind : uint8_t {
    kPrincipal = 0,
    kResource = 1,
    kWhen = 2,
    kUnless = 3,
    kDelegate = 4
  };
  uint32_t node =
      kNone32;  // what must be true (of an `unless`, the `not` of what is written); a Bool
  Kind kind = Kind::kWhen;
  uint8_t reserved[3] = {};
  SourcePos pos;
  TextRef text;  // as written
  bool operator==(const ClauseRecord&) const = default;
};

struct ObligeRecord {
  uint32_t obligation = 0;  // in Schema::obligations
  uint32_t first_arg =
      0;  // in DecisionProgram::args; one for each of its parameters, kNone32: left out
  uint32_t arg_count = 0;
  SourcePos pos;
  bool operator==(const ObligeRecord&) const = default;
};

struct RuleRecord {
  enum class Kind : uint8_t { kPermit = 0, kForbid = 1, kDuty = 2, kNever = 3, kAlways = 4 };
  Kind kind = Kind::kPermit;
  uint8_t has_because = 0;
  uint16_t reserved = 0;
  TextRef package;
  TextRef name;
  TextRef because;
  TextRef doc;
  SourcePos pos;  // of the name
  // The scope. Sets of entity types are rows of DecisionProgram::type_sets.
  uint32_t principals = 0;
  uint32_t resources = 0;
  uint32_t first_action = 0;  // in DecisionProgram::scope_actions
  uint32_t action_count = 0;
  // Of never and always: no condition, clauses or obligations here; they were proven or not.
  uint32_t condition = kNone32;  // node: the `and` of the clauses
  uint32_t first_clause = 0;
  uint32_t clause_count = 0;
  uint32_t first_oblige = 0;
  uint32_t oblige_count = 0;
  bool operator==(const RuleRecord&) const = default;
};

// A never or always rule and what became of it.
struct GuaranteeRecord {
  enum class Status : uint8_t {
    kNotProven = 0,
    kProven = 1,
    kRefuted = 2,
    kUndecided = 3,
    kWaived = 4
  };
  uint32_t rule = 0;
  Status status = Status::kNotProven;
  uint8_t reserved[3] = {};
  bool operator==(const GuaranteeRecord&) const = default;
};

// What an action's requests are decided by: its rules, each list in source order, in
// DecisionProgram::candidates. Principal and resource types are still to be tested.
struct ActionPlan {
  enum Flag : uint32_t { kNotFreestanding = 1 };  // runs RE2 on a request's strings
  uint32_t flags = 0;
  uint32_t first_forbid = 0;
  uint32_t forbid_count = 0;
  uint32_t first_permit = 0;
  uint32_t permit_count = 0;
  uint32_t first_duty = 0;
  uint32_t duty_count = 0;
  // The worst case: tests that can be evaluated for one request, each counted once (inside folds:
  // once an element), and bytes of scratch beyond what folds that make sets take.
  uint32_t worst_atoms = 0;
  uint64_t scratch_bytes = 0;
  bool operator==(const ActionPlan&) const = default;
};

// An attribute by name, whatever the entity's type: attribute_columns[first_column + type] is the
// attribute's index in that type, or kNone32. Of kAttr nodes, which then are of one type: kNone32
// too where the attribute there is not of that type.
struct AttributeRef {
  TextRef name;
  uint32_t first_column = 0;
  bool operator==(const AttributeRef&) const = default;
};
// A parameter by name: param_columns[first_column + action] is its index in that action, or
// kNone32. Of kParam nodes: as above.
struct ParamRef {
  TextRef name;
  uint32_t first_column = 0;
  bool operator==(const ParamRef&) const = default;
};

// `any` or `all` over the ancestors of one type with a body that reads only the ancestor and
// constants: worked out for every stored entity when facts are loaded.
struct QuantifierRecord {
  uint32_t ancestor_type = 0;
  uint32_t filter = kNone32;  // node
  uint32_t body = kNone32;    // node
  // The same as a fold over kAncestors, for an entity that the request carries or whose ancestors
  // it carries.
  uint32_t fold = kNone32;
  uint8_t is_all = 0;
  uint8_t slot = 0;
  uint16_t reserved = 0;
  bool operator==(const QuantifierRecord&) const = default;
};

// Texts on which a pattern of kMatchesStored is tried when facts are loaded: all in one attribute
// of one type, or (entity_type kNone32) in a constant.
struct StoredMatch {
  uint32_t pattern = 0;
  uint32_t entity_type = kNone32;
  uint32_t index = 0;  // of the attribute in the type; of the constant
  bool operator==(const StoredMatch&) const = default;
};

struct SourceRecord {
  TextRef path;
  TextRef package;
  TextRef sha256;  // "sha256:…" of the bytes
  bool operator==(const SourceRecord&) const = default;
};

// An entity that constants name.
struct NamedEntity {
  uint32_t type = 0;
  TextRef id;
  bool operator==(const NamedEntity&) const = default;
};

// The numbers of the texts and entities that constants name; ConstantNames (constant_names.h) looks
// them up. The slots are hash tables of numbers and one, a power of two of them or none.
struct NameTables {
  Table<TextRef> texts;  // by number
  Table<uint32_t> text_slots;
  Table<NamedEntity> entities;  // by number
  Table<uint32_t> entity_slots;
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
