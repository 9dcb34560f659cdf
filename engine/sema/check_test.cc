// Declarations, packages and rules: small policies with what must be said of them, and what they
// become.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/str.h"
#include "engine/sema/check_testing.h"

namespace ztp::sema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kHead = R"(ztp 1
package acme
entity Team
entity User in Team { level: Int, spiffe: SpiffeId, nick?: String }
entity Robot { level: Int }
entity Doc { owner: User, open: Bool = false, size: Int }
action read, write on Doc by User with { purpose: String }
action scan on Doc by Robot
action invite on Team by User
obligation audit(level: String)
permit use_all {
  principal any
  action read, scan, invite
  resource any
  oblige audit("none")
}
)";

std::unique_ptr<Checked> CheckAfterHead(std::string_view text) {
  return CheckText(Cat(kHead, text));
}

TEST(CheckTest, TheHeadIsClean) {
  const auto c = CheckAfterHead("");
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  ASSERT_NE(c->program, nullptr);
  EXPECT_EQ(c->program->schema.root_package, "acme");
  EXPECT_EQ(c->program->schema.actions.size(), 4u);
}

// ---- Whole policies

TEST(CheckTest, ShippedPoliciesAreClean) {
  for (const char* path :
       {"policies/examples/registry/registry.ztp", "policies/examples/agents/agents.ztp",
        "policies/examples/first-screen/training.ztp"}) {
    const auto c = CheckFiles({{path, ReadWholeFile(path)}});
    EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
    EXPECT_NE(c->program, nullptr);
  }
  const auto c = CheckFiles({{"ai.ztp", ReadWholeFile("policies/std/ai.ztp")}});
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
}

TEST(CheckTest, NoFilesMakeAnEmptyProgram) {
  const auto c = CheckFiles({});
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  ASSERT_NE(c->program, nullptr);
  EXPECT_TRUE(c->program->rules.empty());
}

// ---- Packages

TEST(PackagesTest, ImportCycle) {
  const auto c = CheckFiles({{"a.ztp", "ztp 1\npackage a\nimport b\nenum A { x }\n"},
                             {"b.ztp", "ztp 1\npackage b\nimport c\nenum B { x }\n"},
                             {"c.ztp", "ztp 1\npackage c\nimport a\nenum C { x }\n"}});
  EXPECT_THAT(c->Slugs(), ElementsAre("import-cycle"));
  EXPECT_THAT(c->Said("import-cycle"), HasSubstr("a -> b -> c -> a"));
}

TEST(PackagesTest, UnknownImportSuggestsTheNearest) {
  const auto c = CheckText("ztp 1\npackage a\nimport std.ia\nenum A { x }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("unknown-package"));
  EXPECT_THAT(c->Said("unknown-package"), HasSubstr("did you mean 'std.ai'?"));
}

TEST(PackagesTest, MissingImportNamesThePackage) {
  const auto c = CheckText("ztp 1\npackage a\ninput device: Device proven\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("missing-import"));
  EXPECT_THAT(c->Said("missing-import"), HasSubstr("import std.ai"));
}

TEST(PackagesTest, LocalNamesWinOverImportedOnes) {
  const auto c = CheckText(
      "ztp 1\npackage a\nimport std.ai\ntype Device = { a: Int }\ninput d: Device\n"
      "input e: std.ai.Device\n");
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Schema& schema = c->program->schema;
  EXPECT_EQ(schema.TypeName(schema.inputs[0].type), "{ a: Int }");
  EXPECT_NE(schema.inputs[0].type, schema.inputs[1].type);
}

TEST(PackagesTest, TwoImportsOfOneNameAreAmbiguous) {
  const auto c = CheckFiles({{"a.ztp", "ztp 1\npackage a\nentity T { x: Int }\n"},
                             {"b.ztp", "ztp 1\npackage b\nentity T { y: Int }\n"},
                             {"c.ztp",
                              "ztp 1\npackage c\nimport a\nimport b\n"
                              "entity U { t: T }\nentity V { t: a.T }\n"}});
  EXPECT_THAT(c->Slugs(), ElementsAre("ambiguous-name"));
  EXPECT_THAT(c->Said("ambiguous-name"), HasSubstr("a.T"));
}

constexpr std::string_view kRoot = R"(ztp 1
package acme
entity Tenant
entity User in tenant: Tenant { level: Int }
entity Doc in tenant: Tenant { level: Int }
entity Robot { level: Int }
action read on Doc by User, Robot
permit admins { principal u: User  action read  resource any  when u.level > 8 }
)";
constexpr std::string_view kBlue = R"(ztp 1
package acme.blue
import acme
permit blue_reads { principal any  action read  resource d: Doc  when d.level < 3 }
)";

TEST(PackagesTest, DelegationAddsClausesAndNarrows) {
  const auto c =
      CheckFiles({{"root.ztp", Cat(kRoot,
                                   "delegate acme.blue { principal in Tenant::\"blue\" "
                                   "resource x: Doc in Tenant::\"blue\" when x.level < 2 }\n")},
                  {"blue.ztp", std::string(kBlue)}});
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Rule* rule = c->FindRule("acme.blue.blue_reads");
  ASSERT_NE(rule, nullptr);
  // A robot is in no tenant.
  EXPECT_EQ(rule->principals.size(), 1u);
  ASSERT_EQ(rule->clauses.size(), 4u);
  EXPECT_EQ(rule->clauses[0].kind, Clause::Kind::kDelegate);
  EXPECT_EQ(rule->clauses[2].kind, Clause::Kind::kDelegate);
  EXPECT_EQ(rule->clauses[3].kind, Clause::Kind::kWhen);
  // Rules come in the order of their packages' names.
  EXPECT_EQ(c->program->rules[0].name, "admins");
  EXPECT_EQ(c->program->schema.root_package, "acme");
}

TEST(PackagesTest, UndelegatedRulesAreAnError) {
  const auto c = CheckFiles({{"root.ztp", Cat(kRoot, "delegate acme.red { }\n")},
                             {"blue.ztp", std::string(kBlue)},
                             {"red.ztp",
                              "ztp 1\npackage acme.red\nimport acme\n"
                              "permit r { principal User action read resource any }\n"}});
  EXPECT_THAT(c->Slugs(), ElementsAre("undelegated-package"));
  EXPECT_THAT(c->Said("undelegated-package"), HasSubstr("'acme.blue'"));
}

TEST(PackagesTest, TwoPackagesWithRulesNeedADelegation) {
  const auto c = CheckFiles({{"root.ztp", std::string(kRoot)}, {"blue.ztp", std::string(kBlue)}});
  EXPECT_THAT(c->Slugs(), ElementsAre("several-roots"));
}

TEST(PackagesTest, BadDelegations) {
  const auto c = CheckFiles({{"root.ztp", Cat(kRoot,
                                              "delegate acme { }\n"
                                              "delegate acme.blu { }\n"
                                              "delegate acme.blue { }\n"
                                              "delegate acme.blue { }\n")},
                             {"blue.ztp", std::string(kBlue)}});
  EXPECT_THAT(c->Slugs(), ElementsAre("bad-delegate", "unknown-package", "bad-delegate"));
}

TEST(PackagesTest, JsonNamesAreQualifiedBeyondTheRootsImports) {
  const auto c =
      CheckFiles({{"a.ztp", "ztp 1\npackage a\nimport b\nentity A in B { d: b.D }\nentity D\n"},
                  {"b.ztp", "ztp 1\npackage b\nimport c\nentity B { c: C }\nentity D\n"},
                  {"c.ztp", "ztp 1\npackage c\nentity C\n"}});
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Schema& schema = c->program->schema;
  EXPECT_EQ(schema.root_package, "a");
  EXPECT_TRUE(schema.FindEntityType("B"));
  EXPECT_TRUE(schema.FindEntityType("c.C"));
  EXPECT_EQ(schema[*schema.FindEntityType("D")].package, "a");
  EXPECT_EQ(schema[*schema.FindEntityType("b.D")].package, "b");
}

// ---- Declarations

TEST(DeclareTest, DuplicatesShowBoth) {
  const auto c = CheckText(
      "ztp 1\npackage a\nenum E { x, y, x }\ntype E = Int\nentity F { a: Int, a: Int }\n"
      "type R = { f: Int, f: Int }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("duplicate-member", "duplicate-declaration",
                                      "duplicate-member", "duplicate-member"));
  EXPECT_THAT(c->Said("duplicate-declaration"), HasSubstr("first declared here, as an enum"));
}

TEST(DeclareTest, LatticeLayout) {
  const auto c = CheckText(
      "ztp 1\npackage a\n"
      "lattice Level { low < mid < high }\nenum Tag { t1, t2 }\nlattice Tags of Tag\n"
      "lattice Regions dual of { eu, us, ap }\n"
      "lattice Label { level: Level, tags: Tags, regions: Regions }\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Schema& schema = c->program->schema;
  ASSERT_EQ(schema.lattices.size(), 4u);
  EXPECT_EQ(schema.lattices[0].bits, 2);
  EXPECT_EQ(schema.lattices[1].elements, EnumId{0});
  EXPECT_EQ(schema.lattices[2].kind, LatticeType::Kind::kDual);
  const LatticeType& label = schema.lattices[3];
  EXPECT_EQ(label.bits, 7);
  ASSERT_EQ(label.parts.size(), 3u);
  EXPECT_EQ(label.parts[1].offset, 2);
  EXPECT_EQ(label.parts[2].offset, 4);
}

TEST(DeclareTest, LatticeMistakes) {
  const auto c = CheckText(
      "ztp 1\npackage a\nlattice A of Nothing\nlattice B { b: Int }\n"
      "lattice C { c: D }\nlattice D { d: C }\nlattice E { low < top }\n");
  EXPECT_THAT(c->Slugs(),
              ElementsAre("unknown-type", "bad-lattice", "type-cycle", "bad-declaration"));
}

TEST(DeclareTest, LatticeOf256BitsAndNoMore) {
  std::string elements;
  for (int i = 0; i < 200; ++i) elements += Cat(i == 0 ? "" : ", ", "e", i);
  const std::string head =
      Cat("ztp 1\npackage a\nlattice P of { ", elements, " }\nenum E { ", elements, " }\n");
  std::string chain = "c0";
  for (int i = 1; i <= 56; ++i) chain += Cat(" < c", i);
  const auto good = CheckText(Cat(head, "lattice C { ", chain, " }\nlattice L { a: P, b: C }\n"));
  ASSERT_THAT(good->Slugs(), IsEmpty()) << good->Shown();
  EXPECT_EQ(good->program->schema.lattices.back().bits, 256);
  const auto bad =
      CheckText(Cat(head, "lattice C { ", chain, " < c57 }\nlattice L { a: P, b: C }\n"));
  EXPECT_THAT(bad->Slugs(), ElementsAre("bad-lattice"));
}

TEST(DeclareTest, TypesThatContainThemselves) {
  const auto c = CheckText(
      "ztp 1\npackage a\ntype A = { b: B }\ntype B = { a: Set<A> }\nentity E { e: Set<E> }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("type-cycle"));
}

TEST(DeclareTest, AChainOfAliasesIsBounded) {
  std::string text = "ztp 1\npackage a\n";
  for (int i = 0; i < 5000; ++i) text += Cat("type T", i, " = { a: T", i + 1, " }\n");
  text += "type T5000 = Int\n";
  const auto c = CheckText(text);
  EXPECT_THAT(c->Slugs(), ::testing::Contains("nesting-too-deep"));
}

TEST(DeclareTest, MisspeltTypesSuggest) {
  const auto c = CheckText("ztp 1\npackage a\nentity Dataset { n: Strin, d: Set<Datset> }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("unknown-type", "unknown-type"));
  EXPECT_THAT(c->Shown(), HasSubstr("did you mean 'String'?"));
  EXPECT_THAT(c->Shown(), HasSubstr("did you mean 'Dataset'?"));
}

TEST(DeclareTest, EdgesAttributesAndDefaults) {
  const auto c = CheckText(
      "ztp 1\npackage a\nentity Tenant\nentity Box in tenant: Tenant, Box {\n"
      "  size: Int = limit, open: Bool = true, name?: String }\nconst limit = 3 + 4\n"
      "entity Visit carried claimed { at: Time, badge: String vouched }\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Schema& schema = c->program->schema;
  const EntityType& box = schema[*schema.FindEntityType("Box")];
  EXPECT_EQ(box.parents.size(), 2u);
  ASSERT_EQ(box.attributes.size(), 4u);
  EXPECT_TRUE(box.attributes[0].is_parent);
  EXPECT_EQ(box.attributes[1].default_value, Value::Int(7));
  EXPECT_TRUE(box.attributes[3].optional);
  EXPECT_TRUE(schema[*schema.FindEntityType("Tenant")].always_present());
  const EntityType& visit = schema[*schema.FindEntityType("Visit")];
  EXPECT_EQ(visit.attributes[0].rank, Rank::kClaimed);
  EXPECT_EQ(visit.attributes[1].rank, Rank::kVouched);
}

TEST(DeclareTest, InheritedNeedsAFittingLineage) {
  const auto c = CheckText(
      "ztp 1\npackage a\nlattice L { a < b }\n"
      "entity Data { label: L, tags: Set<Int> }\n"
      "entity Plain\n"
      "entity M1 derives M1, Data { label: L inherited, tags: Set<String> inherited }\n"
      "entity M2 derives Plain { label: L inherited }\n"
      "entity M3 { hold: Bool inherited any }\n"
      "entity M4 derives M4 { hold: Bool inherited, n: Int inherited, l: L inherited all }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("bad-inherited", "bad-inherited", "bad-inherited",
                                      "bad-inherited", "bad-inherited", "bad-inherited"));
  const auto good = CheckText(
      "ztp 1\npackage a\nentity M derives M { hold: Bool inherited any, own: Set<Int> inherited "
      "}\n");
  ASSERT_THAT(good->Slugs(), IsEmpty()) << good->Shown();
  EXPECT_EQ(good->program->schema.entities[0].attributes[0].inherit, Inherit::kAny);
  EXPECT_EQ(good->program->schema.entities[0].attributes[1].inherit, Inherit::kUnion);
}

TEST(DeclareTest, ProvenForNamesSomethingThatIsThere) {
  const auto c = CheckAfterHead(
      "input a: String proven for principal.spiffe\n"
      "input b: String proven for principal.spife\n"
      "input c: String proven for action.purpose\n"
      "input d: String proven for team.x\n"
      "entity Signed { digest: Digest, s?: String proven for digest, t?: String proven for dgest "
      "}\n"
      "forbid f { when bound(a) and bound(b) and bound(c) and bound(d) }\n"
      "forbid g { principal User action read resource Doc when resource in Signed::\"x\" }\n");
  const std::string shown = c->Shown();
  EXPECT_THAT(shown, HasSubstr("did you mean 'principal.spiffe'?"));
  EXPECT_THAT(shown, HasSubstr("did you mean 'digest'?"));
  EXPECT_EQ(std::count_if(c->sink.diagnostics().begin(), c->sink.diagnostics().end(),
                          [](const Diagnostic& d) { return d.kind == DiagKind::kBadProvenFor; }),
            3);
}

TEST(DeclareTest, ActionsGroupsAndExternalNames) {
  const auto c = CheckAfterHead(
      "action call = \"tools/call\" on Doc by Robot\n"
      "action group All { read, Machine }\naction group Machine { scan, call }\n"
      "forbid f { action All resource d: Doc when d.size > 5 }\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  EXPECT_TRUE(c->program->schema.FindAction("tools/call"));
  EXPECT_EQ(c->FindRule("f")->actions.size(), 3u);
}

TEST(DeclareTest, ActionGroupMistakes) {
  const auto c = CheckAfterHead(
      "action group A { B }\naction group B { A, raed }\n"
      "action x = \"read\" on Doc by User\n");
  EXPECT_THAT(c->Slugs(), ::testing::UnorderedElementsAre("action-group-cycle", "unknown-action",
                                                          "duplicate-declaration"));
}

TEST(DeclareTest, ConstantsOfThemselves) {
  const auto c = CheckText("ztp 1\npackage a\nconst x: Int = y + 1\nconst y: Int = x\n");
  EXPECT_THAT(c->Slugs(), ::testing::Contains("recursive-definition"));
  EXPECT_EQ(c->program, nullptr);
}

TEST(DeclareTest, ConstantsCallNoDefinitions) {
  const auto c = CheckText(
      "ztp 1\npackage a\ndef f(x: Int) = x\nconst y = f(1)\nentity E { a: Int = f(2) }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("not-constant", "not-constant"));
}

// ---- Rules

TEST(RulesTest, MissingScopeLines) {
  const auto c = CheckAfterHead(
      "permit p { principal any }\nalways a { principal any action any }\n"
      "forbid f { when false }\n");
  EXPECT_THAT(c->Said("missing-scope-line"), HasSubstr("'action' and no 'resource'"));
  EXPECT_EQ(c->Slugs()[0], "missing-scope-line");
  EXPECT_EQ(c->Slugs()[1], "missing-scope-line");
}

TEST(RulesTest, ScopeNarrows) {
  const auto c = CheckAfterHead(
      "permit p { principal in Team::\"x\" action any resource any oblige audit(\"a\") }\n"
      "permit q { principal u: User == User::\"ann\" action read resource d: Doc\n"
      "  when u.level > 3 and d.open oblige audit(\"b\") }\n"
      "forbid r { action scan unless principal.level > 2 }\n");
  ASSERT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const Rule* p = c->FindRule("p");
  EXPECT_EQ(p->principals.size(), 1u);  // a Robot is in no Team
  EXPECT_EQ(p->actions.size(), 3u);     // read, write, invite
  EXPECT_EQ(p->resources.size(), 2u);
  ASSERT_EQ(p->clauses.size(), 1u);
  EXPECT_EQ(p->clauses[0].kind, Clause::Kind::kPrincipal);
  const Rule* q = c->FindRule("q");
  ASSERT_EQ(q->clauses.size(), 2u);
  EXPECT_EQ((*c->program)[q->clauses[0].condition].op, Op::kEq);
  ASSERT_EQ(q->obliges.size(), 1u);
  const Rule* r = c->FindRule("r");
  EXPECT_EQ(r->principals.size(), 1u);
  EXPECT_EQ(r->resources.size(), 1u);
  EXPECT_EQ(r->clauses[0].kind, Clause::Kind::kUnless);
}

TEST(RulesTest, ImpossibleScopes) {
  const auto c = CheckAfterHead(
      "permit a { principal Doc action read resource any }\n"
      "permit b { principal Robot action read resource any }\n"
      "permit c { principal in Doc::\"d\" action read resource any }\n"
      "permit d { principal any action raed resource any }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("impossible-scope", "rule-never-applies",
                                      "rule-never-applies", "unknown-action"));
  EXPECT_THAT(c->Shown(), HasSubstr("did you mean 'read'?"));
}

TEST(RulesTest, EffectsByKind) {
  const auto c = CheckAfterHead(
      "forbid a { when false oblige audit(\"x\") }\n"
      "duty b { action read because \"no\" }\n"
      "permit c { principal User action write resource Doc oblige audit(1) }\n"
      "permit d { principal Robot action scan resource Doc oblige audit() }\n"
      "permit e { principal User action invite resource Team oblige adit(\"x\") }\n");
  std::vector<std::string> slugs = c->Slugs();
  EXPECT_EQ(std::count(slugs.begin(), slugs.end(), "wrong-arguments"), 1);
  EXPECT_EQ(std::count(slugs.begin(), slugs.end(), "unknown-obligation"), 1);
  EXPECT_EQ(std::count(slugs.begin(), slugs.end(), "type-mismatch"), 1);
  EXPECT_EQ(c->program, nullptr);
}

TEST(RulesTest, ClaimedValuesNeedTrust) {
  const auto c = CheckAfterHead(
      "permit a { principal User action write resource Doc when action.purpose == \"x\" }\n"
      "permit b { principal User action write resource Doc oblige audit(action.purpose) }\n"
      "permit c { principal User action write resource Doc when trust(action.purpose) == \"y\" "
      "}\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("claimed-without-trust", "claimed-without-trust"));
}

TEST(RulesTest, GuaranteesAreNotProvenYet) {
  const auto c = CheckAfterHead(
      "never n { action read when resource.size > 3 unless obliged audit(\"full\") }\n");
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  EXPECT_EQ(c->sink.note_count(), 1u);
  EXPECT_EQ(c->FindRule("n")->unless_obliged.size(), 1u);
}

TEST(RulesTest, GuardsCarryFromClauseToClause) {
  const auto c = CheckAfterHead(
      "permit a { principal u: User action write resource Doc when u has nick when u.nick == \"x\" "
      "}\n");
  EXPECT_THAT(c->Slugs(), IsEmpty()) << c->Shown();
  const auto bad = CheckAfterHead(
      "permit a { principal u: User action write resource Doc when u.nick == \"x\" }\n");
  EXPECT_THAT(bad->Slugs(), ElementsAre("unguarded-optional"));
}

TEST(RulesTest, TwoRulesOfOneName) {
  const auto c = CheckAfterHead("forbid use_all { principal u: User when u.level < 0 }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("duplicate-declaration"));
}

// ---- Lints

TEST(LintTest, UnusedDeclarations) {
  const auto c = CheckAfterHead(
      "enum E { a }\nconst n = 1\ninput i: Int\ndef f(x: Int) = x + 1\nobligation o()\n"
      "entity Alone { a: Int }\nfixture nobody { }\n");
  EXPECT_THAT(c->Slugs(),
              ElementsAre("unused-declaration", "unused-declaration", "unused-declaration",
                          "unused-declaration", "unused-declaration", "unused-declaration",
                          "unused-declaration"));
  EXPECT_NE(c->program, nullptr);
}

TEST(LintTest, ShadowedRules) {
  const auto c = CheckAfterHead(
      "permit wide { principal User action write resource d: Doc when d.open }\n"
      "permit narrow { principal u: User action write resource d: Doc when u.level > 3 when d.open "
      "}\n"
      "permit obliging { principal User action write resource d: Doc when d.open when d.size > 1\n"
      "  oblige audit(\"x\") }\n"
      "forbid no_scan { action scan }\n"
      "permit scan_it { principal Robot action scan resource Doc oblige audit(\"y\") }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("rule-shadowed", "rule-shadowed", "rule-shadowed"));
  EXPECT_THAT(c->Shown(), HasSubstr("'narrow' adds nothing: permit 'wide'"));
  EXPECT_THAT(c->Shown(), HasSubstr("'scan_it' never decides: forbid 'no_scan'"));
}

TEST(LintTest, ForbidThatAMissingInputMakesADenialOfEverything) {
  const auto c = CheckAfterHead("input incident: Bool\nforbid lockdown { when incident }\n");
  EXPECT_THAT(c->Slugs(), ElementsAre("forbid-on-missing"));
  const auto guarded = CheckAfterHead(
      "input incident: Bool\nforbid lockdown { when bound(incident) and incident }\n"
      "forbid some { resource d: Doc when incident and d.open }\n");
  EXPECT_THAT(guarded->Slugs(), IsEmpty()) << guarded->Shown();
}

TEST(LintTest, AllMistakesAreReportedInOneGo) {
  const auto c = CheckAfterHead(
      "entity X { a: Nope }\npermit p { principal any action nope resource any }\n"
      "forbid q { when nope }\ntest \"t\" { using nope }\n");
  EXPECT_THAT(c->Slugs(),
              ElementsAre("unknown-type", "unknown-action", "unknown-name", "unknown-fixture"));
}

}  // namespace
}  // namespace ztp::sema
