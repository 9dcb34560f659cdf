// The statements of fixtures and tests, one after the other, under a known clock.
#include "engine/sema/tests.h"

#include <algorithm>
#include <map>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/diag/suggest.h"

namespace ztp::sema {
namespace {

// 2030-01-01T00:00:00Z, when nothing else is said.
constexpr Time kUsualNow{int64_t{1'893'456'000} * kMicrosPerSecond};

}  // namespace

TestChecker::TestChecker(Names& names, ExprChecker& checker, RuleChecker& rules)
    : names_(names), checker_(checker), rules_(rules) {}

TestChecker::Scene TestChecker::NewScene(PackageId package) const {
  Scene scene;
  scene.context.mode = ExprContext::Mode::kFixture;
  scene.context.package = package;
  scene.context.now = kUsualNow;
  scene.inputs.resize(schema().inputs.size());
  return scene;
}

void TestChecker::CheckAll() {
  // A fixture that no test uses may have mistakes too; those found twice are reported once.
  for (uint32_t i = 0; i < names_.Count(NameKind::kFixture); ++i) {
    Scene scene = NewScene(names_.Fixture(i).package);
    PlayFixture(scene, i);
    CheckAcyclic(scene);
  }
  for (uint32_t p = 0; p < names_.packages().size(); ++p) {
    std::map<std::string, Span> seen;
    for (const syntax::Ast* ast : names_.packages()[p].files) {
      for (const syntax::Decl& decl : ast->decls) {
        if (decl.kind != syntax::DeclKind::kTest) continue;
        const syntax::Text& name = ast->Test(decl).name;
        const auto [it, inserted] = seen.emplace(name.value, name.span);
        if (!inserted) {
          Report(Diagnostic(DiagKind::kDuplicateDeclaration, name.span,
                            Cat("there are two tests named \"", name.value, "\""))
                     .Mark("declared again")
                     .Label(it->second, "the first one"));
        }
        CheckTest({ast, &decl, PackageId{p}});
      }
    }
  }
}

void TestChecker::CheckTest(const DeclSite& site) {
  const syntax::TestDecl& decl = site.ast->Test(*site.decl);
  TestCase test{.package = names_.package(site.package).name,
                .name = decl.name.value,
                .span = site.decl->span};
  Scene scene = NewScene(site.package);
  for (const syntax::TestStatement& statement : decl.statements) {
    Play(scene, *site.ast, statement, &test);
  }
  tests_.push_back(std::move(test));
}

void TestChecker::Play(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement,
                       TestCase* test) {
  using Kind = syntax::TestStatement::Kind;
  switch (statement.kind) {
    case Kind::kUsing:
      PlayUsing(scene, statement);
      break;
    case Kind::kEntity:
      PlayEntity(scene, ast, statement);
      break;
    case Kind::kLet:
      PlayLet(scene, ast, statement);
      break;
    case Kind::kInput:
      PlayInput(scene, ast, statement);
      break;
    case Kind::kNow:
      PlayNow(scene, ast, statement);
      break;
    case Kind::kExpect:
      if (test != nullptr) PlayExpect(scene, ast, statement, *test);
      break;
  }
}

void TestChecker::PlayUsing(Scene& scene, const syntax::TestStatement& statement) {
  for (const syntax::Path& path : statement.fixtures) {
    const Found found = names_.Find(scene.context.package, NameSpace::kFixtures, path);
    if (found.none()) {
      names_.ReportUnknown(scene.context.package, NameSpace::kFixtures, path.last, path.last_span,
                           DiagKind::kUnknownFixture, "fixture");
    }
    if (!found.found()) continue;
    if (std::find(scene.playing.begin(), scene.playing.end(), found.ref.index) !=
        scene.playing.end()) {
      Report(Diagnostic(DiagKind::kRecursiveDefinition, path.span,
                        Cat("fixture ", Quoted(names_.NameOf(found.ref)), " uses itself"))
                 .Mark("leads back to it")
                 .Label(names_.SpanOf(found.ref), "declared here"));
      continue;
    }
    if (scene.playing.size() >= kMaxNestingDepth / 2) {
      Report(Diagnostic(DiagKind::kNestingTooDeep, path.span,
                        "fixtures lead from one to the next too often"));
      continue;
    }
    PlayFixture(scene, found.ref.index);
  }
}

// Once in a test, by however many ways it comes in.
void TestChecker::PlayFixture(Scene& scene, uint32_t fixture) {
  if (!scene.fixtures.insert(fixture).second) return;
  const DeclSite& site = names_.Fixture(fixture);
  const PackageId outer = scene.context.package;
  scene.context.package = site.package;
  scene.playing.push_back(fixture);
  for (const syntax::TestStatement& statement : site.ast->Fixture(*site.decl).statements) {
    Play(scene, *site.ast, statement, nullptr);
  }
  scene.playing.pop_back();
  scene.context.package = outer;
}

void TestChecker::PlayLet(Scene& scene, const syntax::Ast& ast,
                          const syntax::TestStatement& statement) {
  if (!statement.name.valid()) return;
  Typed typed;
  TypeId type;
  if (auto value = checker_.CheckConstant(scene.context, {&ast, statement.value}, {}, &type)) {
    typed = checker_.Constant(type, std::move(*value), statement.name.span);
  }
  checker_.AddLocal(scene.context, statement.name.text, statement.name.span, typed);
}

void TestChecker::PlayNow(Scene& scene, const syntax::Ast& ast,
                          const syntax::TestStatement& statement) {
  const TypeId time = names_.schema().types.Scalar(TypeKind::kTime);
  if (auto value = checker_.CheckConstant(scene.context, {&ast, statement.value}, time)) {
    scene.context.now = value->time();
  }
}

void TestChecker::PlayInput(Scene& scene, const syntax::Ast& ast,
                            const syntax::TestStatement& statement) {
  if (!statement.name.valid()) return;
  // A test gives an input its value; that alone does not make it used.
  std::optional<uint32_t> input;
  const auto ref = names_.Peek(scene.context.package, NameSpace::kNames, statement.name.text);
  if (ref && ref->kind == NameKind::kInput) input = ref->index;
  // Inputs of packages that the root delegates to are in nobody's way: one of the name will do.
  for (uint32_t i = 0; !ref && i < names_.Count(NameKind::kInput); ++i) {
    if (names_.NameOf({NameKind::kInput, i}) == Text(statement.name.text)) input = i;
  }
  if (!input && ref) {
    Report(Diagnostic(DiagKind::kUnknownInput, statement.name.span,
                      Cat(Quoted(Text(statement.name.text)), " is ", DescribeKind(ref->kind),
                          ", not an input"))
               .Mark("not an input")
               .Label(names_.SpanOf(*ref), "declared here"));
    return;
  }
  if (!input) {
    std::vector<std::string> inputs;
    for (uint32_t i = 0; i < names_.Count(NameKind::kInput); ++i) {
      inputs.push_back(names_.NameOf({NameKind::kInput, i}));
    }
    Diagnostic diagnostic(DiagKind::kUnknownInput, statement.name.span,
                          Cat("there is no input named ", Quoted(Text(statement.name.text))));
    diagnostic.SetMark("not declared");
    if (auto close = ClosestName(Text(statement.name.text), inputs)) {
      diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
      diagnostic.SetFix(statement.name.span, *close);
    }
    Report(std::move(diagnostic));
    return;
  }
  const Input& declared = schema().inputs[*input];
  if (auto fact = ReadFact(scene, ast, statement.value, declared.type, declared.rank)) {
    scene.inputs[*input] = std::move(*fact);
  }
}

}  // namespace ztp::sema
