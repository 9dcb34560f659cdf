// The records of a decision program: structs of fixed size with indices for references, the same
// bytes in memory and in a bundle (bundle.fbs).
//
// Boundary: freestanding; data without behaviour. What makes a program well formed is said at each
// field, checked by CheckProgram (bundle/) and relied on by everything that runs one. The index's
// records are in index.h.
#pragma once

#include <cstdint>
#include <limits>

namespace ztp {

enum class Opcode : uint8_t {
#define ZTP_OPCODE(number, id, name) id = number,
#include "engine/core/opcodes.def"
#undef ZTP_OPCODE
};
// A piece of a text pool.
struct TextRef {
  uint32_t offset = 0;
  uint32_t size = 0;
  bool operator==(const TextRef&) const = default;
};

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
  // once an element), and the bytes of a workspace (workspace.h) that is enough for any request,
  // but for what grows with the facts that it reads: sets that folds make, inherited sets, what is
  // reached through entities that the request carries.
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

// --- What running a program needs to know of its schema (bundle/kernel_tables.h) ---

// An entity type.
struct EntityKind {
  enum Flag : uint32_t { kAlwaysPresent = 1 };  // declares nothing: every reference to it is there
  uint32_t first_attribute = 0;                 // in KernelTables::attributes
  uint32_t flags = 0;
  bool operator==(const EntityKind&) const = default;
};

// How an inherited attribute is made of its parts. Pinned.
enum class Inherit : uint8_t { kNo = 0, kJoin = 1, kUnion = 2, kAny = 3, kAll = 4 };

// An attribute of an entity type.
struct AttributeKind {
  // Of an inherited one: ancestor_columns[first_column + type] is the attribute of that name in
  // that type, or kNone32.
  uint32_t first_column = kNone32;
  Inherit inherit = Inherit::kNo;
  uint8_t optional = 0;
  uint16_t reserved = 0;
  bool operator==(const AttributeKind&) const = default;
};

// A mark (index.h) that a cell of a stored row says.
struct MarkCell {
  uint32_t mark = 0;     // in IndexView::marks
  uint32_t column = 0;   // of the row
  uint32_t is_text = 0;  // 1: the cell is a text, and the mark is of its number
  bool operator==(const MarkCell&) const = default;
};
// What marks the rows of an entity type say, if they are those of a principal, or of a resource.
struct MarkRow {
  uint32_t first_cell = 0;  // in KernelTables::mark_cells
  uint32_t cell_count = 0;
  // 1: of the holder's marks none is of an attribute that the type lacks.
  uint64_t all = 1;
  uint64_t states = 0;  // bits of the row's states that have to be as `present`
  uint64_t present = 0;
  bool operator==(const MarkRow&) const = default;
};

// A fold that is worked out before another begins: of the same slot and inside of it, but of no
// variable of it. (A definition's argument may hold a fold, and the definition may use it inside of
// a fold of its own.)
struct EarlierFold {
  uint32_t fold = 0;
  uint32_t inner = 0;
  bool operator==(const EarlierFold&) const = default;
};

}  // namespace ztp
