// Declarations, what can be read where, and rules.
#include "tests/differential/generator.h"

#include <algorithm>

namespace ztp::differential {

std::string Generator::Run() {
  Declarations();
  Rules();
  return std::move(out_);
}

void Generator::Line(std::string_view text) {
  out_ += text;
  out_ += '\n';
}

TypeName Generator::AttributeType() {
  switch (r_.Below(10)) {
    case 0:
      return "Set<" + r_.Pick(Scalars()) + ">";
    case 1:
      return "List<" + r_.Pick(std::vector<TypeName>{"Int", "String", "Time", "Group", "Point"}) +
             ">";
    case 2:
      return "Point";
    case 3:
      return r_.Pick(
          std::vector<TypeName>{"Map<String, Int>", "Map<Color, Decimal>", "Map<Group, Int>"});
    case 4:
      return r_.Percent(50) ? "Set<Group>" : "Set<Point>";
    default:
      return r_.Pick(Scalars());
  }
}

std::vector<AttributeDecl> Generator::Attributes(const std::string& prefix, int count,
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

void Generator::Entity(const std::string& header, const std::string& name,
                       std::vector<AttributeDecl> attributes,
                       const std::vector<std::string>& more) {
  Line("entity " + header + " {");
  for (const auto& a : attributes) Line("  " + a.text);
  for (const auto& m : more) Line("  " + m);
  Line("}");
  attributes_.emplace_back(name, std::move(attributes));
}

void Generator::Declarations() {
  Line("ztp 1");
  Line("package t");
  Line("enum Color { red, green, blue }");
  Line("lattice Paints of Color");
  Line("lattice Shades dual of Color");
  Line("lattice Chain { low < mid < high }");
  Line("lattice Tags of { pii, phi, src }");
  Line("lattice Zones dual of { eu, us, ap }");
  Line("lattice Label { level: Chain, tags: Tags, zones: Zones }");
  std::string steps, wide;
  for (int i = 0; i < kSteps; ++i) steps += (i > 0 ? " < s" : "s") + std::to_string(i);
  for (int i = 0; i < kWide; ++i) wide += (i > 0 ? ", w" : "w") + std::to_string(i);
  Line("lattice Steps { " + steps + " }");
  Line("lattice Wide of { " + wide + " }");
  Line("lattice Big { level: Chain, wide: Wide, zones: Zones }");
  Line("type Point = { px: Int, py?: Decimal, pc: Color = green }");
  Line("type Proof = { level: Int, by: String }");
  Line("const limit = 2");
  Line("const table: Map<String, Int> = { \"a\": 1, \"b\": 2 }");
  Line("entity Plain");
  Line("entity Group in Group { rank: Int }");
  // The states of a row's first 23 cells lie in its head, those of further ones behind them.
  const auto few = [&] { return r_.Percent(12) ? 15 + static_cast<int>(r_.Below(50)) : 4; };
  auto user = Attributes("u", few(), false);
  Entity("User in Group, Plain", "User", user, {"roles: Set<String>"});
  auto bot = Attributes("b", 3, true);
  Entity("Bot in Group carried claimed", "Bot", bot, {});
  // Lineage: documents derive from documents, models from both, and drafts, which come with the
  // request, may stand between.
  const std::vector<std::string> inherited = {
      "ilabel: Label inherited",          "itags: Set<String> inherited",
      "iany: Bool inherited any",         "iall: Bool inherited all",
      "iseen: Bool inherited any proven", "iseal: Tags inherited proven"};
  std::vector<std::string> more = inherited;
  more.insert(more.end(), {"hold: Bool = false", "proof?: Proof proven"});
  Entity("Doc in home: Group derives Doc, Draft", "Doc", Attributes("d", 4, false), more);
  Entity("Draft in Group derives Draft, Doc carried vouched", "Draft", Attributes("f", 2, false),
         more);
  Entity("Model in Group derives Model, Doc, Draft", "Model", Attributes("m", few(), false), more);
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
  Line("action read, write on Doc, Model, Draft by User, Bot with { p0: " + p0 + ", p1?: " + p1 +
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

void Generator::AddEntityPaths(Scope& s, const std::string& text, const TypeName& type,
                               bool claimed, bool nested) {
  s.paths.push_back({text, type, false, claimed, ""});
  for (const auto& [name, attributes] : attributes_) {
    if (name != type) continue;
    for (const auto& a : attributes) {
      Path p{text + "." + a.name, a.type, a.optional, claimed || a.claimed,
             text + " has " + a.name};
      AddPath(s, p);
    }
  }
  if (IsLineage(type)) {
    AddPath(s, {text + ".ilabel", "Label", false, claimed, ""});
    AddPath(s, {text + ".itags", "Set<String>", false, claimed, ""});
    AddPath(s, {text + ".iany", "Bool", false, claimed, ""});
    AddPath(s, {text + ".iall", "Bool", false, claimed, ""});
    AddPath(s, {text + ".hold", "Bool", false, claimed, ""});
    AddPath(s, {text + ".iseen", "Bool", false, claimed, ""});
    AddPath(s, {text + ".iseal", "Tags", false, claimed, ""});
  }
  if (type == "User") AddPath(s, {text + ".roles", "Set<String>", false, claimed, ""});
  if (type == "Doc" && !nested) AddEntityPaths(s, text + ".home", "Group", claimed, true);
  if (type == "Group") AddPath(s, {text + ".rank", "Int", false, claimed, ""});
}

void Generator::AddPath(Scope& s, const Path& p) {
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
  if (p.type == "Big") {
    s.paths.push_back({p.text + ".level", "Chain", false, p.claimed, ""});
    s.paths.push_back({p.text + ".wide", "Wide", false, p.claimed, ""});
    s.paths.push_back({p.text + ".zones", "Zones", false, p.claimed, ""});
  }
  if (p.type == "SpiffeId") {
    s.paths.push_back({p.text + ".trust_domain", "String", false, p.claimed, ""});
    s.paths.push_back({p.text + ".path", "String", false, p.claimed, ""});
  }
  if (p.type == "Map<String, Int>") {
    s.paths.push_back({p.text + ".size", "Int", false, p.claimed, ""});
    s.paths.push_back({p.text + "[\"a\"]", "Int", true, p.claimed, ""});
    s.paths.push_back({p.text + ".keys", "Set<String>", false, p.claimed, ""});
    s.paths.push_back({p.text + ".values", "List<Int>", false, p.claimed, ""});
  }
  if (p.type == "Map<Group, Int>") {
    for (const char* group : {"g0", "g1", "g2"}) {
      s.paths.push_back({p.text + "[Group::\"" + group + "\"]", "Int", true, p.claimed, ""});
    }
    s.paths.push_back({p.text + ".keys", "Set<Group>", false, p.claimed, ""});
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

void Generator::Rules() {
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
  SimpleRules();
}

Generator::Scope Generator::ScopeLines(bool plain) {
  Scope s;
  s.allow_now = !options_.without_now;
  const std::string action =
      r_.Pick(std::vector<std::string>{"read", "write", "read, write", "Io", "ship", "All", "any"});
  const bool only_ship = action == "ship";
  std::vector<std::string> principals = {"User", "User, Bot", "User", "any"};
  if (!only_ship) principals.push_back("Bot");
  const std::string principal = r_.Pick(principals);
  std::vector<std::string> resources = {"Model", "any"};
  if (!only_ship) resources.insert(resources.end(), {"Doc", "Doc, Model", "Draft"});
  const std::string resource = r_.Pick(resources);
  std::string pline = principal == "any" ? "any" : "p: " + principal;
  if (principal == "User" && !plain && r_.Percent(15)) pline += " in Group::\"g1\"";
  const bool one = principal == "any" && !plain && r_.Percent(20);
  if (one) pline = "== User::\"u1\"";
  Line("  principal " + pline);
  Line("  action    " + action);
  std::string rline = resource == "any" ? "r: Doc, Model, Draft" : "r: " + resource;
  if (only_ship) rline = "r: Model";
  if (resource == "Doc" && !plain && r_.Percent(15)) rline += " in Group::\"g2\"";
  Line("  resource  " + rline);

  if (principal == "User" || (only_ship && principal != "any")) {  // only users ship
    AddEntityPaths(s, "p", "User", false, false);
    s.principal_type = "User";
  } else if (principal == "Bot") {
    AddEntityPaths(s, "p", "Bot", false, false);
    s.principal_type = "Bot";
  }
  if (only_ship || resource == "Model" || resource == "Doc" || resource == "Draft") {
    s.resource_type = only_ship ? "Model" : resource;
    AddEntityPaths(s, "r", s.resource_type, false, false);
  } else {  // what they all declare
    AddPath(s, {"r.ilabel", "Label", false, false, ""});
    AddPath(s, {"r.itags", "Set<String>", false, false, ""});
    AddPath(s, {"r.iany", "Bool", false, false, ""});
    AddPath(s, {"r.hold", "Bool", false, false, ""});
  }
  for (const Path& p : inputs_) AddPath(s, p);
  if (action != "ship" && action != "All" && action != "any") {
    for (const Path& p : params_) AddPath(s, p);
  }
  return s;
}

void Generator::Rule(const std::string& kind, const std::string& name) {
  Line(kind + " " + name + " {");
  Scope s = ScopeLines(false);

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

std::string GeneratePolicy(Random& random, const PolicyOptions& options) {
  return Generator(random, options).Run();
}

}  // namespace ztp::differential
