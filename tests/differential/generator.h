// The generator behind policy_gen.h: what it knows of types and paths, and its parts.
//
// Boundary: as policy_gen.h. policy_gen.cc has declarations and rules, policy_expr.cc expressions,
// policy_simple.cc rules that the engine's index can take apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/differential/policy_gen.h"
#include "tests/differential/random.h"

namespace ztp::differential {

// A type, as the text that declares it. Everything the generator knows of a type is in the table
// below.
using TypeName = std::string;

struct Path {
  std::string text;
  TypeName type;
  bool optional = false;  // may be read only with a guard or a default
  bool claimed = false;   // may be rested on only through trust(…)
  std::string guard;      // what must hold for an optional path: "x has a"
};

struct AttributeDecl {
  std::string name;
  TypeName type;
  bool optional = false;
  bool claimed = false;
  std::string text;  // the whole declaration
};

inline const std::vector<TypeName>& Scalars() {
  static const std::vector<TypeName> kAll = {
      "Bool",       "Int",  "Decimal", "String", "Time",     "Duration", "Version",
      "HexVersion", "Ip",   "Cidr",    "Digest", "SpiffeId", "Glob",     "Color",
      "Chain",      "Tags", "Zones",   "Label",  "Group",    "User",     "Paints",
      "Steps",      "Wide", "Big",     "Shades"};
  return kAll;
}

inline bool IsOrdered(const TypeName& t) {
  return t == "Int" || t == "Decimal" || t == "Time" || t == "Duration" || t == "Version" ||
         t == "HexVersion" || t == "Chain" || t == "Steps";
}
inline bool IsLabel(const TypeName& t) {
  return t == "Chain" || t == "Tags" || t == "Zones" || t == "Label" || t == "Paints" ||
         t == "Steps" || t == "Wide" || t == "Big" || t == "Shades";
}
inline bool IsEntity(const TypeName& t) {
  return t == "Group" || t == "User" || t == "Doc" || t == "Model" || t == "Bot" || t == "Draft";
}
inline bool IsLineage(const TypeName& t) { return t == "Doc" || t == "Model" || t == "Draft"; }
inline std::optional<TypeName> ElementOf(const TypeName& t) {
  if (t.starts_with("Set<") || t.starts_with("List<")) {
    size_t open = t.find('<');
    return t.substr(open + 1, t.size() - open - 2);
  }
  return std::nullopt;
}

// Of the lattices that take more than a word: Steps and Wide have so many elements.
inline constexpr int kSteps = 72;
inline constexpr int kWide = 70;

class Generator {
 public:
  Generator(Random& random, const PolicyOptions& options) : r_(random), options_(options) {}

  std::string Run();

 private:
  // ------------------------------------------------------------------ declarations
  void Line(std::string_view text);

  TypeName AttributeType();

  std::vector<AttributeDecl> Attributes(const std::string& prefix, int count, bool carried_claimed);

  void Entity(const std::string& header, const std::string& name,
              std::vector<AttributeDecl> attributes, const std::vector<std::string>& more);

  void Declarations();

  // ------------------------------------------------------------------ what can be read
  struct Scope {
    std::vector<Path> paths;
    int folds = 0;
    bool type_is_asked = false;
    std::string principal_type;  // "" where it may be several
    std::string resource_type;
    bool allow_now = true;
  };

  void AddEntityPaths(Scope& s, const std::string& text, const TypeName& type, bool claimed,
                      bool nested);

  void AddPath(Scope& s, const Path& p);

  static std::string Trusted(const Path& p) { return p.claimed ? "trust(" + p.text + ")" : p.text; }
  static std::string Guard(const Path& p) { return p.claimed ? "trust(" + p.guard + ")" : p.guard; }

  // ------------------------------------------------------------------ expressions
  std::string Literal(const TypeName& t);

  std::vector<const Path*> Of(const Scope& s, const TypeName& t);

  // A path of the type, with a default where it is optional; or nothing if the scope has none.
  std::optional<std::string> Read(Scope& s, const TypeName& t);

  // A literal or a constructor that the type can be inferred from, without reading anything.
  std::string Closed(const TypeName& t);

  std::string Atom(const TypeName& t);

  // An expression of the type. Its own type must be clear without an expectation unless `expected`.
  std::string Expr(Scope& s, const TypeName& t, int depth);

  std::string ProductLabel(Scope& s, const TypeName& t, int d);

  std::string Bind(Scope& inner, const TypeName& element);

  // A collection to fold over and its element type.
  std::pair<std::string, TypeName> Collection(Scope& s, int d);

  std::string Fold(Scope& s, int d, const std::string& kind, const TypeName& t = "Int");

  std::string FoldJoin(Scope& s, int d, const TypeName& t);

  std::string NowCondition(Scope& s, int d);

  // A condition without outer parentheses; the caller adds them where an operator follows.
  std::string Condition(Scope& s, int depth);

  std::string ThreeDeep(Scope& s);

  // Reads the path that a guard has just made readable.
  std::string Use(Scope& inner, const Path& p, int d);

  // ------------------------------------------------------------------ rules
  void Rules();

  void Rule(const std::string& kind, const std::string& name);
  // The scope lines, and what a rule of that scope can read. Nothing but `any` and types there:
  // `plain`.
  Scope ScopeLines(bool plain);

  // ------------------------------------------------------------------ simple rules
  void SimpleRules();
  // One value against constants.
  std::string Conjunct(Scope& s);
  std::string Quantifier(const Scope& s);
  std::string Compared(const std::string& value, const TypeName& t);
  // More constants than Literal has, so that few of them are met.
  std::string Constant(const TypeName& t);
  std::string Constants(const TypeName& t);

  Random& r_;
  PolicyOptions options_;
  std::string out_;
  std::vector<std::pair<TypeName, std::vector<AttributeDecl>>> attributes_;
  std::vector<Path> inputs_;
  std::vector<Path> params_;
  int next_variable_ = 0;
};

}  // namespace ztp::differential
