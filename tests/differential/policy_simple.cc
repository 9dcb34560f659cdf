// Rules whose clauses compare one value with constants: what the engine's index takes apart.
#include "tests/differential/generator.h"

namespace ztp::differential {
namespace {

// Among so many groups and texts, few are those of a request.
constexpr uint32_t kGroups = 12;
constexpr uint32_t kTexts = 14;

std::string Or(const std::string& a, const std::string& b) { return "(" + a + ") or (" + b + ")"; }

}  // namespace

std::string Generator::Constant(const TypeName& t) {
  const auto number = [&](int64_t low, int64_t high) {
    return std::to_string(r_.Between(low, high));
  };
  if (t == "Int" && r_.Percent(80)) return number(-3, 12);
  if (t == "Decimal" && r_.Percent(50)) return number(-2, 3) + ".25";
  if (t == "String" && r_.Percent(80)) return "\"k" + number(0, kTexts - 1) + "\"";
  if (t == "Version" && r_.Percent(60)) return "Version(\"1." + number(0, kTexts - 1) + "\")";
  if (t == "Group" && r_.Percent(60)) return "Group::\"g" + number(0, kGroups - 1) + "\"";
  if (t == "Steps") return "Steps.s" + number(0, kSteps - 1);
  if (t == "Tags" && r_.Percent(70)) {
    return "(Tags.bottom join { " +
           r_.Pick(std::vector<std::string>{"pii", "phi", "src", "pii, src"}) + " })";
  }
  if ((t == "Paints" || t == "Shades") && r_.Percent(70))
    return "(" + t + ".bottom join { red, blue })";
  if (t == "Wide" && r_.Percent(70)) {
    return "(Wide.bottom join { w" + number(0, kWide - 1) + ", w" + number(0, kWide - 1) + " })";
  }
  if (t == "Label" && r_.Percent(70)) {
    return "(Label.bottom join { level: " + Literal("Chain") + ", tags: { src }, zones: { eu } })";
  }
  return Closed(t);
}

std::string Generator::Constants(const TypeName& t) {
  std::string text = "{ " + Constant(t);
  for (uint32_t i = 0, n = r_.Below(4); i < n; ++i) text += ", " + Constant(t);
  return text + " }";
}

// `value` may be read; it is of type t.
std::string Generator::Compared(const std::string& value, const TypeName& t) {
  const auto equal = [&] { return value + (r_.Percent(75) ? " == " : " != ") + Constant(t); };
  if (t == "Bool") return r_.Percent(50) ? value : "not " + value;
  if (t == "Time" && !options_.without_now && r_.Percent(60)) {
    const std::string ops[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
    const std::string& op = ops[r_.Below(6)];
    switch (r_.Below(4)) {
      case 0:
        return "now" + op + value;
      case 1:
        return "now - " + value + op + Literal("Duration");
      case 2:
        return value + " - now" + op + Literal("Duration");
      default:
        return value + op + "now - 1s";
    }
  }
  if (IsLabel(t) && r_.Percent(70)) {
    if (t == "Tags" && r_.Percent(30)) return "Tags.phi in " + value;
    if (t == "Zones" && r_.Percent(30)) return "Zones.us in " + value;
    if (t == "Wide" && r_.Percent(30)) {
      return "Wide.w" + std::to_string(r_.Below(kWide)) + " in " + value;
    }
    const std::string flows =
        r_.Percent(50) ? value + " flows to " + Constant(t) : Constant(t) + " flows to " + value;
    return r_.Percent(25) ? "not (" + flows + ")" : flows;
  }
  if (IsOrdered(t) && r_.Percent(60)) {
    const std::string ops[] = {" < ", " <= ", " > ", " >= "};
    const std::string& op = ops[r_.Below(4)];
    const std::string text = r_.Percent(70) ? value + op + Constant(t) : Constant(t) + op + value;
    return r_.Percent(20) ? "not (" + text + ")" : text;
  }
  if (t == "Group" || t == "User") {
    switch (r_.Below(4)) {
      case 0:
        return equal();
      case 1:
        return value + " in " + Constants("Group");
      default:
        return value + (r_.Percent(20) ? " not in " : " in ") + Constant("Group");
    }
  }
  if (t == "String" && r_.Percent(25)) {
    switch (r_.Below(3)) {
      case 0:
        return value + " like " + Literal("Glob");
      case 1:
        return value + " like \"k1*\"";
      default:
        return value + " matches \"k[" + std::to_string(r_.Below(5)) + "-" +
               std::to_string(5 + r_.Below(5)) + "]|a.*\"";
    }
  }
  if (auto e = ElementOf(t)) {
    switch (r_.Below(5)) {
      case 0:
        return value + ".isEmpty";
      case 1:
        return value + ".containsAny(" + Constants(*e) + ")";
      default:
        return (r_.Percent(20) ? "not " : "") + value + ".contains(" + Constant(*e) + ")";
    }
  }
  const bool constants = t == "Int" || t == "Decimal" || t == "String" || t == "Color" ||
                         t == "Version" || t == "Digest" || t == "Duration";
  if (constants && r_.Percent(40)) {
    return value + (r_.Percent(20) ? " not in " : " in ") + Constants(t);
  }
  return equal();
}

// Over ancestors, by what is stored alone: worked out when facts are loaded, and again when what
// it rests on is changed.
std::string Generator::Quantifier(const Scope& s) {
  const bool models = s.resource_type == "Model" && r_.Percent(30);
  const std::string over = std::string(r_.Percent(50) ? "any" : "all") + "(a in r.ancestors(" +
                           (models ? "Model" : "Doc") + ")";
  const std::string filter = r_.Percent(45) ? " where a.hold: " : ": ";
  const auto body = [&]() -> std::string {
    switch (r_.Below(7)) {
      case 0:
        return "a.hold";
      case 1:
        return "a.itags.contains(" + Constant("String") + ")";
      case 2:
        return "a in " + Constant("Group");
      case 3:
        return "a derives from " + Literal("Doc");
      case 4:
        return "any(b in a.ancestors(Doc): b.hold)";
      case 5:
        return models ? "a.iany" : "a.home.rank > " + Constant("Int");
      default:
        return models ? "a in " + Constants("Group") : "a.home in " + Constant("Group");
    }
  };
  return over + filter + body() + (r_.Percent(30) ? " or " + body() : "") + ")";
}

std::string Generator::Conjunct(Scope& s) {
  const uint32_t kind = r_.Below(20);
  if (kind == 0 && s.resource_type == "Model") return "held(r)";
  if ((kind == 1 || kind == 9) && !s.resource_type.empty()) return Quantifier(s);
  if (kind == 8) {  // of one set, again and again
    const bool principal = s.principal_type == "User" && r_.Percent(60);
    return std::string(principal ? "p.roles" : "r.itags") + ".contains(" + Constant("String") + ")";
  }
  if (kind == 10 && r_.Percent(50)) return ThreeDeep(s);
  if (kind == 2 && s.allow_now) return "strong(ev)";
  if (kind == 3) return "bound(oev)";
  if (kind == 4) return r_.Percent(50) ? "has oev and oev.level > 1" : "ev.level == 2";
  if (kind == 5 && s.resource_type.empty() && !s.type_is_asked) {
    s.type_is_asked = true;  // once: the answer narrows the type, and asking again is an error
    return "r is Model";
  }
  if (kind <= 7) {
    const bool resource = s.principal_type != "User" || r_.Percent(50);
    if (!resource) return "p in " + (kind == 6 ? Constants("Group") : Constant("Group"));
    if (!s.resource_type.empty()) return "r in " + Constant("Group");
  }
  std::vector<const Path*> paths;
  for (const Path& p : s.paths) {
    if (p.type != "Doc" && p.type != "Model" && p.type != "Draft" && p.type != "Bot" &&
        p.type != "Plain" && !p.type.starts_with("Map<") && !p.type.ends_with("Point>")) {
      paths.push_back(&p);
    }
  }
  if (paths.empty()) return "true";
  const Path& p = *r_.Pick(paths);
  if (p.optional && !p.guard.empty() && r_.Percent(30)) {
    if (r_.Percent(30)) return Guard(p);
    return Guard(p) + " and " + Compared(Trusted(p), p.type);
  }
  std::string value = Trusted(p);
  if (p.optional) {
    value = "(" + p.text + " ?? " + Atom(p.type) + ")";
    if (p.claimed) value = "trust" + value;
  }
  if (r_.Percent(12)) return Or(Compared(value, p.type), Compared(value, p.type));
  return Compared(value, p.type);
}

void Generator::SimpleRules() {
  for (int i = 0; i < options_.simple_rules; ++i) {
    const uint32_t k = r_.Below(10);
    const std::string kind = k < 5 ? "permit" : k < 8 ? "forbid" : "duty";
    const std::string name = "s" + std::to_string(i);
    Line(kind + " " + name + " {");
    Scope s = ScopeLines(true);
    // The more of them there are, the fewer should hold.
    const int clauses = (kind == "permit" ? 1 : 3) + static_cast<int>(r_.Below(3)) +
                        (options_.simple_rules > 40 ? 1 : 0);
    for (int c = 0; c < clauses; ++c) {
      Line((r_.Percent(15) ? "  unless    " : "  when      ") + Conjunct(s));
    }
    if (kind == "duty" || (kind == "permit" && r_.Percent(20))) {
      Line("  oblige    note(" + Literal("Int") + ")");
    }
    Line("}");
  }
}

}  // namespace ztp::differential
