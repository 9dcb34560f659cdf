#include "tests/differential/policy_gen.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace ztp::differential {
namespace {

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

const std::vector<TypeName>& Scalars() {
  static const std::vector<TypeName> kAll = {
      "Bool",       "Int",  "Decimal", "String", "Time",     "Duration", "Version",
      "HexVersion", "Ip",   "Cidr",    "Digest", "SpiffeId", "Glob",     "Color",
      "Chain",      "Tags", "Zones",   "Label",  "Group",    "User",     "Paints"};
  return kAll;
}

bool IsOrdered(const TypeName& t) {
  return t == "Int" || t == "Decimal" || t == "Time" || t == "Duration" || t == "Version" ||
         t == "HexVersion" || t == "Chain";
}
bool IsLabel(const TypeName& t) {
  return t == "Chain" || t == "Tags" || t == "Zones" || t == "Label" || t == "Paints";
}
bool IsEntity(const TypeName& t) {
  return t == "Group" || t == "User" || t == "Doc" || t == "Model" || t == "Bot";
}
std::optional<TypeName> ElementOf(const TypeName& t) {
  if (t.starts_with("Set<") || t.starts_with("List<")) {
    size_t open = t.find('<');
    return t.substr(open + 1, t.size() - open - 2);
  }
  return std::nullopt;
}

class Generator {
 public:
  Generator(Random& random, const PolicyOptions& options) : r_(random), options_(options) {}

  std::string Run() {
    Declarations();
    Rules();
    return std::move(out_);
  }

 private:
  // ------------------------------------------------------------------ declarations
  void Line(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }

  TypeName AttributeType() {
    switch (r_.Below(10)) {
      case 0:
        return "Set<" + r_.Pick(Scalars()) + ">";
      case 1:
        return "List<" + r_.Pick(std::vector<TypeName>{"Int", "String", "Time", "Group", "Point"}) +
               ">";
      case 2:
        return "Point";
      case 3:
        return r_.Percent(50) ? "Map<String, Int>" : "Map<Color, Decimal>";
      case 4:
        return r_.Percent(50) ? "Set<Group>" : "Set<Point>";
      default:
        return r_.Pick(Scalars());
    }
  }

  std::vector<AttributeDecl> Attributes(const std::string& prefix, int count,
                                        bool carried_claimed) {
    std::vector<AttributeDecl> result;
    for (int i = 0; i < count; ++i) {
      AttributeDecl a;
      a.name = prefix + std::to_string(i);
      a.type = AttributeType();
      a.optional = r_.Percent(25);
      a.claimed = carried_claimed;
      a.text = a.name + (a.optional ? "?: " : ": ") + a.type;
      if (!carried_claimed && r_.Percent(8)) {
        a.text += " claimed";
        a.claimed = true;
      } else if (!a.optional && r_.Percent(15)) {
        if (a.type == "Bool") a.text += " = true";
        if (a.type == "Int") a.text += " = 1";
        if (a.type == "Color") a.text += " = red";
      }
      result.push_back(std::move(a));
    }
    return result;
  }

  void Entity(const std::string& header, const std::string& name,
              std::vector<AttributeDecl> attributes, const std::vector<std::string>& more) {
    Line("entity " + header + " {");
    for (const auto& a : attributes) Line("  " + a.text);
    for (const auto& m : more) Line("  " + m);
    Line("}");
    attributes_.emplace_back(name, std::move(attributes));
  }

  void Declarations() {
    Line("ztp 1");
    Line("package t");
    Line("enum Color { red, green, blue }");
    Line("lattice Paints of Color");
    Line("lattice Chain { low < mid < high }");
    Line("lattice Tags of { pii, phi, src }");
    Line("lattice Zones dual of { eu, us, ap }");
    Line("lattice Label { level: Chain, tags: Tags, zones: Zones }");
    Line("type Point = { px: Int, py?: Decimal, pc: Color = green }");
    Line("type Proof = { level: Int, by: String }");
    Line("const limit = 2");
    Line("const table: Map<String, Int> = { \"a\": 1, \"b\": 2 }");
    Line("entity Plain");
    Line("entity Group in Group { rank: Int }");
    auto user = Attributes("u", 4, false);
    Entity("User in Group, Plain", "User", user, {});
    auto bot = Attributes("b", 3, true);
    Entity("Bot carried claimed", "Bot", bot, {});
    // Lineage: documents derive from documents, models from both.
    const std::vector<std::string> inherited = {
        "ilabel: Label inherited", "itags: Set<String> inherited", "iany: Bool inherited any",
        "iall: Bool inherited all"};
    auto doc = Attributes("d", 4, false);
    Entity("Doc in home: Group derives Doc", "Doc", doc,
           {inherited[0], inherited[1], inherited[2], inherited[3], "hold: Bool = false",
            "proof?: Proof proven"});
    auto model = Attributes("m", 4, false);
    Entity("Model in Group derives Model, Doc", "Model", model,
           {inherited[0], inherited[1], inherited[2], inherited[3], "hold: Bool = false",
            "proof?: Proof proven"});
    for (int i = 0; i < 4; ++i) {
      Path p;
      const std::string name = "in" + std::to_string(i);
      p.type = AttributeType();
      p.optional = r_.Percent(30);
      p.claimed = r_.Percent(20);
      Line("input " + name + (p.optional ? "?: " : ": ") + p.type + (p.claimed ? " claimed" : ""));
      p.text = name;
      p.guard = "has " + name;
      inputs_.push_back(p);
    }
    Line("input ev: Proof proven for principal");
    Line("input oev?: Proof proven");
    const TypeName p0 = AttributeType(), p1 = r_.Pick(Scalars());
    Line("action read, write on Doc, Model by User, Bot with { p0: " + p0 + ", p1?: " + p1 +
         " vouched, p2: Int = 3 }");
    params_ = {{"action.p0", p0, false, true, ""},
               {"action.p1", p1, true, false, "action has p1"},
               {"action.p2", "Int", false, true, ""}};
    Line("action ship = \"model.ship\" on Model by User");
    Line("action group Io { read, write }");
    Line("action group All { Io, ship }");
    Line("obligation note(x: Int)");
    Line("obligation mark(s: String, l: Label)");
    Line("def twice(x: Int) = x + x");
    Line("def near(t: Time) = now - t < 3s and t - now < 3s");
    Line("def strong(e: Proof proven) = e.level >= limit and e.fresh(5s)");
    Line("def held(m: Model) = any(a in m.ancestors(Doc): a.hold)");
  }

  // ------------------------------------------------------------------ what can be read
  struct Scope {
    std::vector<Path> paths;
    int folds = 0;
    bool has_params = false;
    std::string principal_type;  // "" where it may be several
    std::string resource_type;
    bool allow_now = true;
  };

  void AddEntityPaths(Scope& s, const std::string& text, const TypeName& type, bool claimed,
                      bool nested) {
    s.paths.push_back({text, type, false, claimed, ""});
    for (const auto& [name, attributes] : attributes_) {
      if (name != type) continue;
      for (const auto& a : attributes) {
        Path p{text + "." + a.name, a.type, a.optional, claimed || a.claimed,
               text + " has " + a.name};
        AddPath(s, p);
      }
    }
    if (type == "Doc" || type == "Model") {
      AddPath(s, {text + ".ilabel", "Label", false, claimed, ""});
      AddPath(s, {text + ".itags", "Set<String>", false, claimed, ""});
      AddPath(s, {text + ".iany", "Bool", false, claimed, ""});
      AddPath(s, {text + ".iall", "Bool", false, claimed, ""});
      AddPath(s, {text + ".hold", "Bool", false, claimed, ""});
    }
    if (type == "Doc" && !nested) AddEntityPaths(s, text + ".home", "Group", claimed, true);
    if (type == "Group") AddPath(s, {text + ".rank", "Int", false, claimed, ""});
  }

  void AddPath(Scope& s, const Path& p) {
    s.paths.push_back(p);
    if (p.optional) return;
    if (p.type == "Point") {
      s.paths.push_back({p.text + ".px", "Int", false, p.claimed, ""});
      s.paths.push_back({p.text + ".py", "Decimal", true, p.claimed, p.text + " has py"});
      s.paths.push_back({p.text + ".pc", "Color", false, p.claimed, ""});
    }
    if (p.type == "Label") {
      s.paths.push_back({p.text + ".level", "Chain", false, p.claimed, ""});
      s.paths.push_back({p.text + ".tags", "Tags", false, p.claimed, ""});
      s.paths.push_back({p.text + ".zones", "Zones", false, p.claimed, ""});
    }
    if (p.type == "SpiffeId") {
      s.paths.push_back({p.text + ".trust_domain", "String", false, p.claimed, ""});
      s.paths.push_back({p.text + ".path", "String", false, p.claimed, ""});
    }
    if (p.type == "Map<String, Int>") {
      s.paths.push_back({p.text + "[\"a\"]", "Int", true, p.claimed, ""});
      s.paths.push_back({p.text + ".keys", "Set<String>", false, p.claimed, ""});
      s.paths.push_back({p.text + ".values", "List<Int>", false, p.claimed, ""});
    }
    if (p.type == "Map<Color, Decimal>") {
      s.paths.push_back({p.text + "[Color.red]", "Decimal", true, p.claimed, ""});
    }
    if (auto e = ElementOf(p.type)) {
      s.paths.push_back({p.text + ".size", "Int", false, p.claimed, ""});
      if (p.type.starts_with("List<")) {
        s.paths.push_back({p.text + ".first", *e, true, p.claimed, ""});
        s.paths.push_back({p.text + ".last", *e, true, p.claimed, ""});
      }
    }
  }

  static std::string Trusted(const Path& p) { return p.claimed ? "trust(" + p.text + ")" : p.text; }
  static std::string Guard(const Path& p) { return p.claimed ? "trust(" + p.guard + ")" : p.guard; }

  // ------------------------------------------------------------------ expressions
  std::string Literal(const TypeName& t) {
    auto pick = [&](std::vector<std::string> from) { return r_.Pick(from); };
    if (t == "Bool") return pick({"true", "false"});
    if (t == "Int") return pick({"0", "1", "2", "3", "-1", "1000"});
    if (t == "Decimal") return pick({"0.0", "0.5", "1.0", "1.5", "-0.25", "1000.5"});
    if (t == "String") return pick({"\"a\"", "\"b\"", "\"a/b\"", "\"\"", "\"x\\u{e9}\\n\""});
    if (t == "Time")
      return pick({"Time(\"2029-12-31T23:59:58Z\")", "Time(\"2030-01-01T00:00:00Z\")",
                   "Time(\"2030-01-01T00:00:02.5Z\")"});
    if (t == "Duration") return pick({"0s", "1s", "2s500ms", "1h", "-1s"});
    if (t == "Version")
      return pick({"Version(\"1.2\")", "Version(\"1.2.0-rc.1\")", "Version(\"2\")"});
    if (t == "HexVersion") return pick({"HexVersion(\"96.00.9F\")", "HexVersion(\"96.0a\")"});
    if (t == "Ip") return pick({"Ip(\"10.1.2.3\")", "Ip(\"::1\")", "Ip(\"192.168.0.1\")"});
    if (t == "Cidr")
      return pick({"Cidr(\"10.0.0.0/8\")", "Cidr(\"10.1.2.3/32\")", "Cidr(\"::/0\")"});
    if (t == "Digest") {
      return pick({"Digest(\"sha256:" + std::string(64, 'a') + "\")",
                   "Digest(\"sha256:" + std::string(64, 'b') + "\")"});
    }
    if (t == "SpiffeId")
      return pick({"SpiffeId(\"spiffe://acme/a\")", "SpiffeId(\"spiffe://corp/a/b\")"});
    if (t == "Glob") return pick({"Glob(\"a*\")", "Glob(\"**\")", "Glob(\"*/b\")"});
    if (t == "Color") return "Color." + pick({"red", "green", "blue"});
    if (t == "Chain") return "Chain." + pick({"low", "mid", "high", "top", "bottom"});
    if (t == "Tags" || t == "Zones" || t == "Paints") return t + "." + pick({"top", "bottom"});
    if (t == "Label") return "Label." + pick({"top", "bottom"});
    if (t == "Group") return "Group::\"" + pick({"g0", "g1", "g2", "g3"}) + "\"";
    if (t == "User") return "User::\"" + pick({"u0", "u1"}) + "\"";
    if (t == "Doc") return "Doc::\"" + pick({"d0", "d1", "d2"}) + "\"";
    if (t == "Model") return "Model::\"" + pick({"m0", "m1"}) + "\"";
    return "";
  }

  std::vector<const Path*> Of(const Scope& s, const TypeName& t) {
    std::vector<const Path*> result;
    for (const Path& p : s.paths) {
      if (p.type == t) result.push_back(&p);
    }
    return result;
  }

  // A path of the type, with a default where it is optional; or nothing if the scope has none.
  std::optional<std::string> Read(Scope& s, const TypeName& t) {
    auto paths = Of(s, t);
    if (paths.empty()) return std::nullopt;
    const Path& p = *r_.Pick(paths);
    if (!p.optional) return Trusted(p);
    std::string read = "(" + p.text + " ?? " + Atom(t) + ")";
    return p.claimed ? "trust" + read : read;
  }

  // A literal or a constructor that the type can be inferred from, without reading anything.
  std::string Closed(const TypeName& t) {
    if (auto literal = Literal(t); !literal.empty()) return literal;
    if (t == "Point") {
      std::string text = "{ px: " + Literal("Int");
      if (r_.Percent(50)) text += ", py: " + Literal("Decimal");
      if (r_.Percent(50)) text += ", pc: Color.blue";
      return text + " }";
    }
    if (t == "Map<String, Int>") return "{ \"a\": " + Literal("Int") + ", \"c\": 5 }";
    if (t == "Map<Color, Decimal>") return "{ Color.red: " + Literal("Decimal") + " }";
    if (auto e = ElementOf(t)) {
      const bool set = t.starts_with("Set<");
      std::string text = set ? "{ " : "[ ";
      const int n = static_cast<int>(r_.Below(3)) + 1;  // of `{ }` alone the type would not follow
      for (int i = 0; i < n; ++i) text += (i > 0 ? ", " : "") + Closed(*e);
      return text + (set ? " }" : " ]");
    }
    return "false";
  }

  std::string Atom(const TypeName& t) {
    // The default of `??` is a unary expression: calls, paths and literals are.
    std::string text = Closed(t);
    return text.starts_with("-") ? "(" + text + ")" : text;
  }

  // An expression of the type. Its own type must be clear without an expectation unless `expected`.
  std::string Expr(Scope& s, const TypeName& t, int depth) {
    if (t == "Bool" && depth > 0) return "(" + Condition(s, depth - 1) + ")";
    if (depth <= 0 || r_.Percent(40)) {
      if (r_.Percent(75)) {
        if (auto read = Read(s, t)) return *read;
      }
      return Closed(t);
    }
    const int d = depth - 1;
    if (r_.Percent(15)) {
      return "(if " + Condition(s, d) + " then " + Expr(s, t, d) + " else " + Expr(s, t, d) + ")";
    }
    if (t == "Int") {
      switch (r_.Below(8)) {
        case 0:
          return "(" + Expr(s, t, d) + " + " + Expr(s, t, d) + ")";
        case 1:
          return "(" + Expr(s, t, d) + " - " + Expr(s, t, d) + ")";
        case 2:
          return "(" + Expr(s, t, d) + " * " + Expr(s, t, d) + ")";
        case 3:
          return "(-" + Expr(s, t, 0) + ")";
        case 4:
          return "twice(" + Expr(s, t, d) + ")";
        case 5:
          if (s.folds < 3) return Fold(s, d, "count");
          break;
        case 6:
          if (s.folds < 3) return Fold(s, d, "sum");
          break;
        default:
          if (r_.Percent(50)) {
            return "({ \"a\": " + Expr(s, t, d) + ", \"b\": 2 }[" + Expr(s, "String", 0) +
                   "] ?? 7)";
          }
          return "(table[" + Expr(s, "String", 0) + "] ?? 7)";
      }
    }
    if (t == "Decimal" || t == "Duration") {
      const char* ops[] = {" + ", " - "};
      if (t == "Decimal" && r_.Percent(40)) {
        return "(" + Expr(s, t, d) + " * " + Expr(s, t, d) + ")";
      }
      if (t == "Duration" && r_.Percent(30)) {
        return "(" + Expr(s, t, d) + " * " + Expr(s, "Int", 0) + ")";
      }
      if (t == "Duration" && r_.Percent(30)) {
        return "(" + Expr(s, "Time", 0) + " - " + Expr(s, "Time", 0) + ")";
      }
      return "(" + Expr(s, t, d) + ops[r_.Below(2)] + Expr(s, t, d) + ")";
    }
    if (t == "Time") {
      return "(" + Expr(s, "Time", d) + (r_.Percent(50) ? " + " : " - ") + Expr(s, "Duration", d) +
             ")";
    }
    if (IsLabel(t)) {
      if (t == "Label" && r_.Percent(30)) return ProductLabel(s, d);
      if (t == "Paints" && r_.Percent(50)) {
        return "(Paints.bottom join { " + Expr(s, "Color", d) + ", Color.green })";
      }
      if (r_.Percent(20) && s.folds < 3) return FoldJoin(s, d, t);
      return "(" + Expr(s, t, d) + (r_.Percent(50) ? " join " : " meet ") + Expr(s, t, d) + ")";
    }
    if (t == "Set<Group>" && s.folds < 3 && r_.Percent(50)) {
      Scope inner = s;
      std::string var = Bind(inner, "Group");
      std::string over = Expr(s, "Set<Group>", 0);
      return "set(" + var + " in " + over + " where " + Condition(inner, d) + ": " + var + ")";
    }
    if (t == "Set<Int>" && s.folds < 3 && r_.Percent(50)) {
      // Only what is stored: a literal of records would not say which record type it is.
      if (auto over = Read(s, "Set<Point>")) {
        Scope inner = s;
        std::string var = Bind(inner, "Point");
        return "set(" + var + " in " + *over + ": " + var + ".px)";
      }
    }
    if (auto e = ElementOf(t); e && r_.Percent(60)) {
      const bool set = t.starts_with("Set<");
      return (set ? "{ " : "[ ") + Expr(s, *e, d) + ", " + Expr(s, *e, 0) + (set ? " }" : " ]");
    }
    if (auto read = Read(s, t)) return *read;
    return Closed(t);
  }

  std::string ProductLabel(Scope& s, int d) {
    std::string tags = r_.Percent(50) ? Expr(s, "Tags", d) : "{ pii }";
    return "(Label.bottom join { level: " + Expr(s, "Chain", d) + ", tags: " + tags +
           ", zones: { eu, us } })";
  }

  std::string Bind(Scope& inner, const TypeName& element) {
    std::string var = "v" + std::to_string(next_variable_++);
    ++inner.folds;
    if (IsEntity(element)) {
      AddEntityPaths(inner, var, element, false, true);
    } else {
      AddPath(inner, {var, element, false, false, ""});
    }
    // Elements of what is being folded over are what the body should mostly read.
    if (!inner.paths.empty()) {
      for (int i = 0; i < 2; ++i) inner.paths.push_back(inner.paths.back());
    }
    return var;
  }

  // A collection to fold over and its element type.
  std::pair<std::string, TypeName> Collection(Scope& s, int d) {
    std::vector<const Path*> paths;
    for (const Path& p : s.paths) {
      if (ElementOf(p.type) && !p.optional) paths.push_back(&p);
    }
    std::vector<const Path*> lineage;
    for (const Path& p : s.paths) {
      if ((p.type == "Doc" || p.type == "Model") && !p.optional) lineage.push_back(&p);
    }
    if (!lineage.empty() && r_.Percent(35)) {
      const Path& holder = *r_.Pick(lineage);
      // A document derives from documents only, and the compiler says so.
      const std::string of = holder.type == "Model" && r_.Percent(40) ? "Model" : "Doc";
      return {Trusted(holder) + ".ancestors(" + of + ")", of};
    }
    if (s.folds < 3 && r_.Percent(15))
      return {"[ " + Expr(s, "Int", d) + ", 2, " + Expr(s, "Int", 0) + " ]", "Int"};
    if (!paths.empty() && r_.Percent(80)) {
      const Path& p = *r_.Pick(paths);
      return {Trusted(p), *ElementOf(p.type)};
    }
    return {"[ 1, 2, 3 ]", "Int"};
  }

  std::string Fold(Scope& s, int d, const std::string& kind) {
    auto [over, element] = Collection(s, d);
    Scope inner = s;
    std::string var = Bind(inner, element);
    std::string text = kind + "(" + var + " in " + over;
    if (r_.Percent(30)) text += " where " + Condition(inner, d);
    if (kind == "sum") return text + ": " + Expr(inner, "Int", d) + ")";
    return text + ": " + Condition(inner, d) + ")";
  }

  std::string FoldJoin(Scope& s, int d, const TypeName& t) {
    auto [over, element] = Collection(s, d);
    Scope inner = s;
    std::string var = Bind(inner, element);
    std::string text = "join(" + var + " in " + over;
    if (r_.Percent(40)) text += " where " + Condition(inner, d);
    return text + ": " + Expr(inner, t, d) + ")";
  }

  std::string NowCondition(Scope& s, int d) {
    const char* ops[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
    const std::string op = ops[r_.Below(6)];
    switch (r_.Below(7)) {
      case 0:
        return "now" + op + Expr(s, "Time", d);
      case 1:
        return Expr(s, "Time", d) + op + "now";
      case 2:
        return "now - " + Expr(s, "Time", 0) + op + Expr(s, "Duration", 0);
      case 3:
        return Expr(s, "Time", 0) + " - now" + op + Expr(s, "Duration", 0);
      case 4:
        return "now + " + Expr(s, "Duration", 0) + op + Expr(s, "Time", 0);
      case 5:
        return "near(" + Expr(s, "Time", 0) + ")";
      default:
        return r_.Percent(50) ? "now within \"Mon-Fri 08:00-18:00 Europe/Berlin\""
                              : "now within \"Tue,Wed 22:00-02:00 UTC\"";
    }
  }

  // A condition without outer parentheses; the caller adds them where an operator follows.
  std::string Condition(Scope& s, int depth) {
    const int d = depth - 1;
    if (depth <= 0) {
      switch (r_.Below(4)) {
        case 0:
          if (auto read = Read(s, "Bool")) return *read;
          break;
        case 1: {
          const TypeName t = r_.Percent(50) ? "Int" : "Color";
          return Expr(s, t, 0) + " == " + Expr(s, t, 0);
        }
        case 2:
          if (s.allow_now) return NowCondition(s, 0);
          break;
        default:
          break;
      }
      const TypeName t = r_.Pick(std::vector<TypeName>{"Int", "Decimal", "Duration", "Chain"});
      return Expr(s, t, 0) + (r_.Percent(50) ? " < " : " <= ") + Expr(s, t, 0);
    }
    auto sub = [&] { return "(" + Condition(s, d) + ")"; };
    switch (r_.Below(24)) {
      case 0:
      case 1:
        return sub() + " and " + sub() + (r_.Percent(30) ? " and " + sub() : "");
      case 2:
      case 3:
        return sub() + " or " + sub() + (r_.Percent(30) ? " or " + sub() : "");
      case 4:
        return "not " + sub();
      case 5:
        return "if " + sub() + " then " + sub() + " else " + sub();
      case 6:
      case 7: {
        const TypeName t = r_.Pick(Scalars());
        if (!IsOrdered(t))
          return Expr(s, t, d) + (r_.Percent(50) ? " == " : " != ") + Expr(s, t, 0);
        const char* ops[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
        return Expr(s, t, d) + ops[r_.Below(6)] + Expr(s, t, d);
      }
      case 8: {
        const TypeName t =
            r_.Pick(std::vector<TypeName>{"Chain", "Tags", "Zones", "Label", "Paints"});
        return Expr(s, t, d) + " flows to " + Expr(s, t, d);
      }
      case 9:
        if (r_.Percent(50)) {
          const bool tags = r_.Percent(50);
          return (tags ? "Tags." + r_.Pick(std::vector<std::string>{"pii", "phi", "src"})
                       : "Zones." + r_.Pick(std::vector<std::string>{"eu", "us", "ap"})) +
                 " in " + Expr(s, tags ? "Tags" : "Zones", d);
        }
        return Expr(s, "Color", 0) + (r_.Percent(30) ? " not in " : " in ") +
               "{ Color.red, Color.blue }";
      case 10: {  // the hierarchy
        std::vector<std::string> left;
        for (const Path& p : s.paths) {
          if (IsEntity(p.type) && !p.optional && p.type != "Bot" && p.type != "Plain") {
            left.push_back(Trusted(p));
          }
        }
        if (left.empty()) left.push_back("User::\"u0\"");
        const std::string op = r_.Percent(20) ? " not in " : " in ";
        if (r_.Percent(50)) return r_.Pick(left) + op + Expr(s, "Group", 0);
        return r_.Pick(left) + op + Expr(s, "Set<Group>", d);
      }
      case 11: {  // sets
        const TypeName e = r_.Pick(std::vector<TypeName>{"Int", "String", "Group", "Color"});
        const TypeName t = "Set<" + e + ">";
        auto left = Read(s, t);
        std::string set = left && r_.Percent(70) ? *left : Expr(s, t, d);
        switch (r_.Below(4)) {
          case 0:
            return set + ".contains(" + Expr(s, e, d) + ")";
          case 1:
            return set + ".containsAll(" + Expr(s, t, d) + ")";
          case 2:
            return set + ".containsAny(" + Expr(s, t, d) + ")";
          default:
            return set + ".isEmpty";
        }
      }
      case 12:
        return Expr(s, "Ip", 0) + " in " +
               (r_.Percent(50) ? Expr(s, "Cidr", 0) : "{ \"10.0.0.0/8\", \"10.1.2.3\" }");
      case 13:
        if (r_.Percent(30)) return Expr(s, "SpiffeId", 0) + " like \"spiffe://acme/*\"";
        if (r_.Percent(50)) return Expr(s, "String", 0) + " like " + Expr(s, "Glob", 0);
        return Expr(s, "String", 0) + " matches \"[ab]/?b*\"";
      case 14:
      case 15: {  // a guarded read
        std::vector<const Path*> optional;
        for (const Path& p : s.paths) {
          if (p.optional && !p.guard.empty()) optional.push_back(&p);
        }
        if (optional.empty()) break;
        const Path& p = *r_.Pick(optional);
        Scope inner = s;
        Path known = p;
        known.optional = false;
        std::erase_if(inner.paths, [&](const Path& q) { return q.text == p.text; });
        inner.paths.push_back(known);
        if (r_.Percent(30)) return Guard(p);
        if (r_.Percent(30)) {
          return "if " + Guard(p) + " then " + "(" + Use(inner, known, d) + ") else " + sub();
        }
        return Guard(p) + " and (" + Use(inner, known, d) + ")";
      }
      case 16:
      case 17:
        if (s.folds < 3) return Fold(s, d, r_.Percent(50) ? "any" : "all");
        break;
      case 18:
        switch (r_.Below(5)) {
          case 0:
            return "bound(" + r_.Pick(std::vector<std::string>{"ev", "oev"}) + ")";
          case 1:
            return "ev.level > " + Expr(s, "Int", 0);
          case 2:
            return s.allow_now ? "strong(ev)" : "bound(ev)";
          case 3:
            return "has oev and oev.by == " + Expr(s, "String", 0);
          default:
            return s.allow_now ? "has oev and oev.fresh(" + Expr(s, "Duration", 0) + ")"
                               : "has oev";
        }
      case 19: {  // lineage
        std::vector<std::string> holders;
        for (const Path& p : s.paths) {
          if ((p.type == "Doc" || p.type == "Model") && !p.optional) holders.push_back(p.text);
        }
        if (holders.empty()) break;
        const std::string h = r_.Pick(holders);
        switch (r_.Below(4)) {
          case 0:
            return h + " derives from " + Literal("Doc");
          case 1:
            return Literal("Doc") + " in " + h + ".ancestors(Doc)";
          case 2:
            return h + ".ancestors(Doc).contains(" + Literal("Doc") + ")";
          default:
            return h + " has proof and " + h + ".proof.level >= " + Expr(s, "Int", 0);
        }
      }
      case 20:
        if (s.allow_now) return NowCondition(s, d);
        break;
      case 21: {
        const TypeName t = r_.Percent(50) ? "Point" : "Set<Int>";
        if (auto left = Read(s, t)) {
          return *left + " == " + (t == "Point" ? "{ px: " + Expr(s, "Int", 0) + " }" : "{ 1, 2 }");
        }
        break;
      }
      case 22:
        if (s.resource_type.empty()) {
          return s.folds < 3 ? "r is Model and (r.iany or held(r))" : "r is Model and r.iany";
        }
        if (s.resource_type == "Model" && s.folds < 3) return "held(r)";
        break;
      default:
        return "bound(r)";
    }
    return Condition(s, 0);
  }

  // Reads the path that a guard has just made readable.
  std::string Use(Scope& inner, const Path& p, int d) {
    const std::string text = Trusted(p);
    if (p.type == "Bool") return text;
    if (IsOrdered(p.type)) return text + " <= " + Expr(inner, p.type, d);
    if (auto e = ElementOf(p.type)) return text + ".size > " + Expr(inner, "Int", 0);
    if (p.type.starts_with("Map<")) return text + ".isEmpty";
    return text + " == " + Closed(p.type);
  }

  // ------------------------------------------------------------------ rules
  void Rules() {
    const int n = std::max(options_.rules, 3);
    for (int i = 0; i < n; ++i) {
      std::string kind = i == 0 ? "permit" : i == 1 ? "forbid" : i == 2 ? "duty" : "";
      if (kind.empty()) {
        const uint32_t k = r_.Below(10);
        kind = k < 6            ? "permit"
               : k < 8          ? "forbid"
               : k < 9          ? "duty"
               : r_.Percent(50) ? "never"
                                : "always";
      }
      Rule(kind, "r" + std::to_string(i));
    }
  }

  void Rule(const std::string& kind, const std::string& name) {
    Scope s;
    s.allow_now = !options_.without_now;
    Line(kind + " " + name + " {");
    const std::string action = r_.Pick(
        std::vector<std::string>{"read", "write", "read, write", "Io", "ship", "All", "any"});
    const bool only_ship = action == "ship";
    std::vector<std::string> principals = {"User", "User, Bot", "User", "any"};
    if (!only_ship) principals.push_back("Bot");
    const std::string principal = r_.Pick(principals);
    std::vector<std::string> resources = {"Model", "any"};
    if (!only_ship) resources.insert(resources.end(), {"Doc", "Doc, Model"});
    const std::string resource = r_.Pick(resources);
    std::string pline = principal == "any" ? "p" : "p: " + principal;
    if (principal == "User" && r_.Percent(20)) pline += " in Group::\"g1\"";
    if (principal == "any") pline = "any";
    Line("  principal " + pline);
    Line("  action    " + action);
    std::string rline = resource == "any" ? "r: Doc, Model" : "r: " + resource;
    if (only_ship) rline = "r: Model";
    if (resource == "Doc" && r_.Percent(15)) rline += " in Group::\"g2\"";
    Line("  resource  " + rline);

    if (principal == "User" || (only_ship && principal != "any")) {
      AddEntityPaths(s, "p", "User", false, false);
      s.principal_type = "User";
    } else if (principal == "Bot") {
      AddEntityPaths(s, "p", "Bot", false, false);
      s.principal_type = "Bot";
    }
    if (only_ship || resource == "Model") {
      AddEntityPaths(s, "r", "Model", false, false);
      s.resource_type = "Model";
    } else if (resource == "Doc") {
      AddEntityPaths(s, "r", "Doc", false, false);
      s.resource_type = "Doc";
    } else {  // what Doc and Model both declare
      AddPath(s, {"r.ilabel", "Label", false, false, ""});
      AddPath(s, {"r.itags", "Set<String>", false, false, ""});
      AddPath(s, {"r.iany", "Bool", false, false, ""});
      AddPath(s, {"r.hold", "Bool", false, false, ""});
    }
    for (const Path& p : inputs_) AddPath(s, p);
    if (action != "ship" && action != "All" && action != "any") {
      for (const Path& p : params_) AddPath(s, p);
    }

    // A permit should often hold and a forbid seldom, or every decision is a deny.
    const int clauses = kind == "permit" ? static_cast<int>(r_.Below(3))
                        : kind == "duty" ? static_cast<int>(r_.Below(2)) + 1
                                         : static_cast<int>(r_.Below(2)) + 2;
    for (int i = 0; i < clauses; ++i) {
      const bool unless = r_.Percent(20);
      Line(std::string("  ") + (unless ? "unless    " : "when      ") +
           Condition(s, options_.max_depth));
    }
    if (kind == "permit" || kind == "duty") {
      if (kind == "duty" || r_.Percent(40)) {
        Line(r_.Percent(60)
                 ? "  oblige    note(" + Expr(s, "Int", 2) + ")"
                 : "  oblige    mark(" + Expr(s, "String", 1) + ", " + Expr(s, "Label", 1) + ")");
      }
    }
    if (kind != "duty" && r_.Percent(60)) Line("  because   \"" + name + " of a " + kind + "\"");
    Line("}");
  }

  Random& r_;
  PolicyOptions options_;
  std::string out_;
  std::vector<std::pair<TypeName, std::vector<AttributeDecl>>> attributes_;
  std::vector<Path> inputs_;
  std::vector<Path> params_;
  int next_variable_ = 0;
};

}  // namespace

std::string GeneratePolicy(Random& random, const PolicyOptions& options) {
  return Generator(random, options).Run();
}

}  // namespace ztp::differential
