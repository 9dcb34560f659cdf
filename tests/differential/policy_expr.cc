// Expressions and conditions of every type.
#include "tests/differential/generator.h"

#include <algorithm>

namespace ztp::differential {

std::string Generator::Literal(const TypeName& t) {
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
  if (t == "Cidr") return pick({"Cidr(\"10.0.0.0/8\")", "Cidr(\"10.1.2.3/32\")", "Cidr(\"::/0\")"});
  if (t == "Digest") {
    return pick({"Digest(\"sha256:" + std::string(64, 'a') + "\")",
                 "Digest(\"sha256:" + std::string(64, 'b') + "\")"});
  }
  if (t == "SpiffeId")
    return pick({"SpiffeId(\"spiffe://acme/a\")", "SpiffeId(\"spiffe://corp/a/b\")"});
  if (t == "Glob") return pick({"Glob(\"a*\")", "Glob(\"**\")", "Glob(\"*/b\")"});
  if (t == "Color") return "Color." + pick({"red", "green", "blue"});
  if (t == "Chain") return "Chain." + pick({"low", "mid", "high", "top", "bottom"});
  if (t == "Steps") return "Steps." + pick({"s0", "s1", "s62", "s63", "s64", "s65", "top"});
  if (IsLabel(t)) return t + "." + pick({"top", "bottom"});
  if (t == "Group") return "Group::\"" + pick({"g0", "g1", "g2", "g3"}) + "\"";
  if (t == "User") return "User::\"" + pick({"u0", "u1"}) + "\"";
  if (t == "Doc") return "Doc::\"" + pick({"d0", "d1", "d2"}) + "\"";
  if (t == "Draft") return "Draft::\"" + pick({"d0", "d1", "d2"}) + "\"";
  if (t == "Model") return "Model::\"" + pick({"m0", "m1"}) + "\"";
  return "";
}

std::vector<const Path*> Generator::Of(const Scope& s, const TypeName& t) {
  std::vector<const Path*> result;
  for (const Path& p : s.paths) {
    if (p.type == t) result.push_back(&p);
  }
  return result;
}

std::optional<std::string> Generator::Read(Scope& s, const TypeName& t) {
  auto paths = Of(s, t);
  if (paths.empty()) return std::nullopt;
  const Path& p = *r_.Pick(paths);
  if (!p.optional) return Trusted(p);
  std::string read = "(" + p.text + " ?? " + Atom(t) + ")";
  return p.claimed ? "trust" + read : read;
}

std::string Generator::Closed(const TypeName& t) {
  if (auto literal = Literal(t); !literal.empty()) return literal;
  if (t == "Point") {
    std::string text = "{ px: " + Literal("Int");
    if (r_.Percent(50)) text += ", py: " + Literal("Decimal");
    if (r_.Percent(50)) text += ", pc: Color.blue";
    return text + " }";
  }
  if (t == "Map<String, Int>") return "{ \"a\": " + Literal("Int") + ", \"c\": 5 }";
  if (t == "Map<Group, Int>") return "{ Group::\"g2\": 3, Group::\"g0\": " + Literal("Int") + " }";
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

std::string Generator::Atom(const TypeName& t) {
  // The default of `??` is a unary expression: calls, paths and literals are.
  std::string text = Closed(t);
  return text.starts_with("-") ? "(" + text + ")" : text;
}

std::string Generator::Expr(Scope& s, const TypeName& t, int depth) {
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
          return "({ \"a\": " + Expr(s, t, d) + ", \"b\": 2 }[" + Expr(s, "String", 0) + "] ?? 7)";
        }
        return "(table[" + Expr(s, "String", 0) + "] ?? 7)";
    }
  }
  if (t == "Decimal" || t == "Duration") {
    if (s.folds < 3 && r_.Percent(15)) return Fold(s, d, "sum", t);
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
    if ((t == "Label" || t == "Big") && r_.Percent(30)) return ProductLabel(s, t, d);
    if (t == "Wide" && r_.Percent(50)) {
      return "(Wide." + std::string(r_.Percent(80) ? "bottom" : "top meet { w1 }") + " join { w" +
             std::to_string(r_.Below(kWide)) + ", w64 })";
    }
    if ((t == "Paints" || t == "Shades") && r_.Percent(50)) {
      return "(" + t + ".bottom join { " + Expr(s, "Color", d) + ", Color.green })";
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

std::string Generator::ProductLabel(Scope& s, const TypeName& t, int d) {
  const bool big = t == "Big";
  const std::string literal = big ? "{ w63, w65 }" : "{ pii }";
  const std::string set = r_.Percent(50) ? Expr(s, big ? "Wide" : "Tags", d) : literal;
  return "(" + t + ".bottom join { level: " + Expr(s, "Chain", d) +
         (big ? ", wide: " : ", tags: ") + set + ", zones: { eu, us } })";
}

std::string Generator::Bind(Scope& inner, const TypeName& element) {
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

std::pair<std::string, TypeName> Generator::Collection(Scope& s, int d) {
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

std::string Generator::Fold(Scope& s, int d, const std::string& kind, const TypeName& t) {
  auto [over, element] = Collection(s, d);
  Scope inner = s;
  std::string var = Bind(inner, element);
  std::string text = kind + "(" + var + " in " + over;
  if (r_.Percent(30)) text += " where " + Condition(inner, d);
  if (kind == "sum") return text + ": " + Expr(inner, t, d) + ")";
  return text + ": " + Condition(inner, d) + ")";
}

std::string Generator::FoldJoin(Scope& s, int d, const TypeName& t) {
  auto [over, element] = Collection(s, d);
  Scope inner = s;
  std::string var = Bind(inner, element);
  std::string text = "join(" + var + " in " + over;
  if (r_.Percent(40)) text += " where " + Condition(inner, d);
  return text + ": " + Expr(inner, t, d) + ")";
}

std::string Generator::NowCondition(Scope& s, int d) {
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

std::string Generator::Condition(Scope& s, int depth) {
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
      if (!IsOrdered(t)) return Expr(s, t, d) + (r_.Percent(50) ? " == " : " != ") + Expr(s, t, 0);
      const char* ops[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
      return Expr(s, t, d) + ops[r_.Below(6)] + Expr(s, t, d);
    }
    case 8: {
      const TypeName t = r_.Pick(std::vector<TypeName>{"Chain", "Tags", "Zones", "Label", "Paints",
                                                       "Steps", "Wide", "Big", "Shades"});
      return Expr(s, t, d) + " flows to " + Expr(s, t, d);
    }
    case 9:
      if (r_.Percent(15)) {
        return "Wide.w" + std::to_string(r_.Below(kWide)) + " in " + Expr(s, "Wide", d);
      }
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
        if (IsEntity(p.type) && !p.optional && p.type != "Bot") left.push_back(Trusted(p));
      }
      if (left.empty()) left.push_back("User::\"u0\"");
      const std::string op = r_.Percent(20) ? " not in " : " in ";
      // What a request carries about itself is only what it claims.
      if (s.principal_type == "Bot" && r_.Percent(30)) {
        return "trust(p" + op + Expr(s, r_.Percent(50) ? "Group" : "Set<Group>", 0) + ")";
      }
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
          return s.allow_now ? "has oev and oev.fresh(" + Expr(s, "Duration", 0) + ")" : "has oev";
      }
    case 19: {  // lineage
      std::vector<std::string> holders;
      for (const Path& p : s.paths) {
        if (IsLineage(p.type) && !p.optional) holders.push_back(p.text);
      }
      if (holders.empty()) break;
      const std::string h = r_.Pick(holders);
      switch (r_.Below(8)) {
        case 0:
          return h + " derives from " + Literal(r_.Percent(30) ? "Draft" : "Doc");
        case 4:
          return h + " derives from { " + Literal("Doc") + ", " + Literal("Doc") + " }";
        case 5:
          return h + " has proof and " + h + ".proof.fresh(" + Expr(s, "Duration", 0) + ")";
        case 6:
          return h + ".iseen";
        case 7:
          return h + ".iseal == " + Expr(s, "Tags", 0);
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
      if (s.folds == 0 && r_.Percent(60)) return r_.Percent(60) ? Quantifier(s) : ThreeDeep(s);
      if (s.resource_type == "Model" && s.folds < 3) return "held(r)";
      break;
    default:
      return "bound(r)";
  }
  return Condition(s, 0);
}

// Something that depends on the variables of three folds at once.
std::string Generator::ThreeDeep(Scope& s) {
  std::string text = r_.Percent(50) ? "" : "not ", last;
  for (const char* variable : {"x", "y", "z"}) {
    // Of constants alone the compiler would make a constant.
    const std::string over = Read(s, "Set<Int>").value_or("[ 1, 2, ev.level ]");
    const std::string kind = r_.Percent(60) ? "any" : "all";
    text += kind + "(" + variable + " in " + over + ": ";
    last += ")";
  }
  return text + "x + y - z " + (r_.Percent(50) ? "== " : "> ") + Literal("Int") + last;
}

std::string Generator::Use(Scope& inner, const Path& p, int d) {
  const std::string text = Trusted(p);
  if (p.type == "Bool") return text;
  if (IsOrdered(p.type)) return text + " <= " + Expr(inner, p.type, d);
  if (auto e = ElementOf(p.type)) return text + ".size > " + Expr(inner, "Int", 0);
  if (p.type.starts_with("Map<")) return text + ".isEmpty";
  return text + " == " + Closed(p.type);
}

}  // namespace ztp::differential
