// The syntax tree of one .ztp file.
//
// Boundary: what the author wrote, with a span for everything, and nothing of what it means: `a.b`
// may be a field, an enum value or a package's constant; `{a}` may be a set or a label. Whoever
// gives it meaning is sema/. All nodes live in vectors of the Ast that owns them and name each
// other by typed ids, so that a tree has no destructor that recurses. Builder and printer go by the
// same accessors as sema.
//
// After a syntax error the tree holds what could be understood: the pieces that could not are
// kError, and the declaration around them is `broken`. Whoever meets a kError says nothing: the
// error has been reported.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source.h"
#include "engine/base/symbol.h"

namespace ztp::syntax {

struct ExprId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
  auto operator<=>(const ExprId&) const = default;
};

struct TypeExprId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
  auto operator<=>(const TypeExprId&) const = default;
};

struct DeclId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
  auto operator<=>(const DeclId&) const = default;
};

// One identifier. Invalid where the author wrote none.
struct Name {
  Symbol text;
  Span span;
  bool valid() const { return text.valid(); }
};

// A dotted name: `Team` or `std.ai.Team`.
struct Path {
  Symbol text;       // all of it, "std.ai.Team", without blanks
  Symbol qualifier;  // "std.ai", invalid if there is no dot
  Symbol last;       // "Team"
  Span span;
  Span last_span;
  bool valid() const { return text.valid(); }
};

// A string that is no expression: an id, a reason, a test's name. Escapes are decoded and were
// checked.
struct Text {
  std::string value;
  Span span;  // with the quotes
};

// ---------------------------------------------------------------------------------------------------------
// Expressions

enum class ExprKind : uint8_t {
  kError,      // could not be parsed; reported
  kBool,       // flag: the value
  kInt,        // name: digits, with '-' in front if a minus stood there
  kDecimal,    // name: as kInt, with a point
  kDuration,   // name: "1h30m", perhaps with '-' in front
  kString,     // string: see StringLiteral
  kName,       // name
  kPrincipal,  // the keywords, as expressions
  kAction,
  kResource,
  kNow,
  kField,       // child 0 `.` name; also qualified names, enum values, `L.top`, `s.size`
  kCall,        // name(children): functions, `bound(x)`, `trust(e)`, `Version("1")`
  kMethodCall,  // child 0 `.` name(children 1…); also a qualified function's call
  kIndex,       // child 0 `[` child 1 `]`
  kEntity,      // path::"string"; the string's escapes were checked
  kEmpty,       // {}: a set, a map, a record or a label
  kSet,         // {a, b}; children
  kRecord,  // {k: v}; entries; flag: ends with `..`. Also a product label, or a map with enum keys
  kMap,     // {"k": v}; children: key, value, key, value
  kList,    // [a, b]; children
  kUnary,   // unary_op, child 0
  kBinary,  // binary_op, child 0, child 1
  kAnd,     // children, two or more: `a and b and c` is one
  kOr,
  kHas,       // child 0 `has` name
  kHasInput,  // `has` child 0, a name or a dotted one
  kIs,        // child 0 `is` path
  kIf,        // child 0, then child 1, else child 2
  kFold,      // fold, name: the variable; children: collection, filter or invalid, body or invalid
};

enum class UnaryOp : uint8_t { kNot, kMinus };

enum class BinaryOp : uint8_t {
  kMul,
  kAdd,
  kSub,
  kJoin,
  kMeet,
  kCoalesce,  // ??
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kIn,
  kNotIn,
  kLike,
  kMatches,
  kFlowsTo,
  kDerivesFrom,
  kWithin,
};
// As it is written: "flows to".
std::string_view Spelling(BinaryOp op);

enum class FoldKind : uint8_t { kAny, kAll, kCount, kSum, kJoin, kSet };
std::string_view Spelling(FoldKind fold);

struct Expr {
  ExprKind kind = ExprKind::kError;
  UnaryOp unary_op = UnaryOp::kNot;
  BinaryOp binary_op = BinaryOp::kAdd;
  FoldKind fold = FoldKind::kAny;
  bool flag = false;
  bool parens = false;  // stood in parentheses; the span does not include them
  uint16_t depth = 1;   // of the tree below, bounded by kMaxNestingDepth
  Symbol name;
  Span span;
  Span name_span;            // of `name`, of `path`, or of the operator
  uint32_t first_child = 0;  // into the Ast's children, entries (kRecord)
  uint32_t child_count = 0;
  uint32_t string = UINT32_MAX;  // into the Ast's strings: kString, kEntity
  uint32_t path = UINT32_MAX;    // into the Ast's paths: kEntity, kIs
};

// `k: v` of a record literal.
struct RecordEntry {
  Name key;
  ExprId value;
};

// What stands between the quotes. Whether a string is a pattern is known only when types are:
// `value` has its escapes decoded, `pattern` has not (only `\"`). If `bad_escape` is set, the
// literal has an escape that a string may not have: no error has been reported, and sema calls
// ReportBadEscape (parser.h) unless it takes it as a pattern. Right operands of `like` and
// `matches` are never reported otherwise.
struct StringLiteral {
  std::string value;
  std::string pattern;
  std::optional<Span> bad_escape;
};

// ---------------------------------------------------------------------------------------------------------
// Types, attributes, parameters

enum class TypeExprKind : uint8_t { kError, kNamed, kRecord };

enum class Rank : uint8_t { kDefault, kClaimed, kVouched, kProven };

enum class Inherited : uint8_t { kNo, kYes, kAny, kAll };

// An attribute, a record's field, an input, or a parameter of an action, an obligation, a def. The
// parser has checked that only what the place allows is there.
struct Field {
  Name name;
  bool optional = false;  // x?
  bool edge = false;      // `in tenant: Tenant`
  TypeExprId type;
  Rank rank = Rank::kDefault;
  Span rank_span;
  Path proven_for;  // invalid without `for`
  Inherited inherited = Inherited::kNo;
  Span inherited_span;
  ExprId default_value;  // invalid without `=`
  Span span;
  std::string doc;
};

struct TypeExpr {
  TypeExprKind kind = TypeExprKind::kError;
  Path name;                     // kNamed
  std::vector<TypeExprId> args;  // Set<T>
  std::vector<Field> fields;     // kRecord
  Span span;
};

// ---------------------------------------------------------------------------------------------------------
// Declarations

enum class DeclKind : uint8_t {
  kEnum,
  kLattice,
  kType,
  kConst,
  kEntity,
  kInput,
  kAction,
  kActionGroup,
  kObligation,
  kDef,
  kDelegate,
  kRoute,
  kCaller,
  kRule,
  kFixture,
  kTest,
};
// "entity", "action group", "rule", …
std::string_view Describe(DeclKind kind);

struct Decl {
  DeclKind kind = DeclKind::kEnum;
  bool broken = false;  // has a syntax error inside
  uint32_t index = 0;   // into the Ast's vector of that kind
  Name name;            // the first name of an action; invalid for delegate and test
  Span span;            // all of it, without the doc comment
  Span head;            // keyword and name: what messages about the whole declaration point at
  std::string doc;      // the lines of `///` above it, joined by '\n', without the slashes
};

struct EnumDecl {
  std::vector<Name> values;
};

enum class LatticeKind : uint8_t { kChain, kPowerSet, kDual, kProduct };

struct LatticeDecl {
  LatticeKind kind = LatticeKind::kChain;
  std::vector<Name>
      elements;              // chain (lowest first); power set and dual with elements of their own
  Path of;                   // power set and dual of an enum; else invalid
  std::vector<Field> parts;  // product
};

struct TypeDecl {
  TypeExprId type;
};

struct ConstDecl {
  TypeExprId type;  // invalid if left out
  ExprId value;
};

// `in F` or `in tenant: F`.
struct Edge {
  Name attribute;  // invalid for a plain edge
  bool optional = false;
  Path type;
  Span span;
};

enum class Carried : uint8_t { kNo, kClaimed, kVouched };

struct EntityDecl {
  std::vector<Edge> in;  // of the head and of the body, in the order written
  std::vector<Path> derives;
  Carried carried = Carried::kNo;
  Span carried_span;
  bool has_body = false;
  std::vector<Field> attributes;  // without the edges
};

struct InputDecl {
  Field field;
};

struct ActionName {
  Name name;
  std::optional<Text> external;
};

struct ActionDecl {
  std::vector<ActionName> names;
  std::vector<Path> resources;   // on
  std::vector<Path> principals;  // by
  std::vector<Field> params;     // with
};

struct ActionGroupDecl {
  std::vector<Path> members;
};

struct ObligationDecl {
  std::vector<Field> params;
};

struct DefDecl {
  std::vector<Field> params;
  ExprId body;
};

enum class RuleKind : uint8_t { kPermit, kForbid, kDuty, kNever, kAlways };
std::string_view Spelling(RuleKind kind);

enum class ScopeTest : uint8_t { kNone, kIn, kEq };

// A `principal` or `resource` line.
struct Scope {
  bool present = false;
  bool any = false;         // the line says `any`
  Name variable;            // x:
  std::vector<Path> types;  // T, U
  ScopeTest test = ScopeTest::kNone;
  ExprId entity;  // a kEntity, for kIn and kEq
  Span span;
};

struct ActionScope {
  bool present = false;
  bool any = false;
  std::vector<Path> actions;  // and groups
  Span span;
};

// `audit("full")` after `oblige`, `unless obliged`, `obliged`.
struct ObligationCall {
  Path name;
  std::vector<ExprId> args;
  Span span;
};

struct Clause {
  enum class Kind : uint8_t { kWhen, kUnless, kUnlessObliged };
  Kind kind = Kind::kWhen;
  ExprId condition;        // kWhen, kUnless
  ObligationCall obliged;  // kUnlessObliged
  Span span;               // with the keyword
};

struct RuleDecl {
  RuleKind kind = RuleKind::kPermit;
  Scope principal;
  ActionScope action;
  Scope resource;
  std::vector<Clause> clauses;
  std::vector<ObligationCall> obliges;
  std::optional<Text> because;
};

struct DelegateDecl {
  Path package;
  Scope principal;
  ActionScope action;
  Scope resource;
  std::vector<Clause> clauses;
};

// A line between the braces of a route, or of a caller.
struct RouteLine {
  enum class Kind : uint8_t {
    kOn,         // names: methods; text: the path
    kPeer,       // text
    kClient,     // text
    kWhen,       // value
    kLet,        // name, value
    kPrincipal,  // value: a kEntity; body
    kResource,   // the same
    kAction,     // action
    kWith,       // body
    kInput,      // name, value
    kProven,     // name, value
    kBy,         // names: callers
  };
  Kind kind = Kind::kOn;
  Span span;
  std::vector<Name> names;
  Text text;
  Name name;
  ExprId value;
  ExprId body;  // kRecord or kEmpty; invalid if there is none
  Path action;
};

// Of kRoute and of kCaller.
struct RouteDecl {
  std::vector<RouteLine> lines;
};

struct TestStatement {
  enum class Kind : uint8_t { kUsing, kEntity, kLet, kInput, kNow, kExpect };
  Kind kind = Kind::kUsing;
  Span span;
  Name name;                   // kEntity, kLet, kInput: what is defined
  std::vector<Path> fixtures;  // kUsing
  ExprId value;                // kLet, kInput, kNow

  // kEntity: `name = source [in …] [derives …] [{…}]`, or `name = source with {…} …`.
  ExprId source;  // kEntity: a new entity of that uid; kName: changes another
  std::vector<ExprId> parents;
  std::vector<ExprId> derives;
  ExprId body;  // kRecord or kEmpty; invalid if there is none. A body of `..` alone is a kRecord
                // without entries

  // kExpect
  bool allow = false;
  bool unknown = false;
  ExprId principal;  // kName or kEntity (kField: a qualified name)
  Path action;
  ExprId resource;
  ExprId params;  // kRecord or kEmpty; invalid without `with`
  ExprId at;      // invalid without `at`
  Path by;        // invalid without `by`
  std::vector<ObligationCall> obliged;
  bool has_obliged = false;
};

struct FixtureDecl {
  std::vector<TestStatement> statements;  // no kExpect
};

struct TestDecl {
  Text name;
  std::vector<TestStatement> statements;
};

struct Import {
  Path package;
  Span span;
};

// ---------------------------------------------------------------------------------------------------------

class Ast {
 public:
  explicit Ast(FileId of) : file(of) {}
  Ast(const Ast&) = delete;
  Ast& operator=(const Ast&) = delete;

  const Expr& operator[](ExprId id) const { return exprs[id.index]; }
  const TypeExpr& operator[](TypeExprId id) const { return type_exprs[id.index]; }
  const Decl& operator[](DeclId id) const { return decls[id.index]; }

  // Of every kind but kRecord. Ids may be invalid where the kind says so.
  std::span<const ExprId> Children(const Expr& e) const {
    if (e.kind == ExprKind::kRecord) return {};
    return std::span<const ExprId>(children).subspan(e.first_child, e.child_count);
  }
  ExprId Child(const Expr& e, size_t i) const { return children[e.first_child + i]; }
  std::span<const RecordEntry> Entries(const Expr& e) const {
    if (e.kind != ExprKind::kRecord) return {};
    return std::span<const RecordEntry>(entries).subspan(e.first_child, e.child_count);
  }
  const StringLiteral& String(const Expr& e) const { return strings[e.string]; }
  const Path& PathOf(const Expr& e) const { return paths[e.path]; }

  // The declaration's own part; its kind must be the one asked for.
  const EnumDecl& Enum(const Decl& d) const { return enums[d.index]; }
  const LatticeDecl& Lattice(const Decl& d) const { return lattices[d.index]; }
  const TypeDecl& Type(const Decl& d) const { return types[d.index]; }
  const ConstDecl& Const(const Decl& d) const { return consts[d.index]; }
  const EntityDecl& Entity(const Decl& d) const { return entities[d.index]; }
  const InputDecl& Input(const Decl& d) const { return inputs[d.index]; }
  const ActionDecl& Action(const Decl& d) const { return actions[d.index]; }
  const ActionGroupDecl& ActionGroup(const Decl& d) const { return action_groups[d.index]; }
  const ObligationDecl& Obligation(const Decl& d) const { return obligations[d.index]; }
  const DefDecl& Def(const Decl& d) const { return defs[d.index]; }
  const DelegateDecl& Delegate(const Decl& d) const { return delegates[d.index]; }
  const RouteDecl& Route(const Decl& d) const { return routes[d.index]; }
  const RuleDecl& Rule(const Decl& d) const { return rules[d.index]; }
  const FixtureDecl& Fixture(const Decl& d) const { return fixtures[d.index]; }
  const TestDecl& Test(const Decl& d) const { return tests[d.index]; }

  FileId file;
  bool broken = false;  // a syntax error was reported for this file
  Span edition_span;    // of the `1` in `ztp 1`; invalid if missing (an error that was reported)
  Path package;         // invalid without a `package` line
  std::vector<Import> imports;
  std::vector<Decl> decls;  // in source order

  // The storage behind the ids.
  std::vector<Expr> exprs;
  std::vector<ExprId> children;
  std::vector<RecordEntry> entries;
  std::vector<StringLiteral> strings;
  std::vector<Path> paths;
  std::vector<TypeExpr> type_exprs;
  std::vector<EnumDecl> enums;
  std::vector<LatticeDecl> lattices;
  std::vector<TypeDecl> types;
  std::vector<ConstDecl> consts;
  std::vector<EntityDecl> entities;
  std::vector<InputDecl> inputs;
  std::vector<ActionDecl> actions;
  std::vector<ActionGroupDecl> action_groups;
  std::vector<ObligationDecl> obligations;
  std::vector<DefDecl> defs;
  std::vector<DelegateDecl> delegates;
  std::vector<RouteDecl> routes;
  std::vector<RuleDecl> rules;
  std::vector<FixtureDecl> fixtures;
  std::vector<TestDecl> tests;
};

}  // namespace ztp::syntax
