// Fixtures and tests, played through to plain data: worlds, requests, expectations.
//
// Boundary: nothing is decided here; scenario/ runs what comes out. Every value is a constant under
// the test's own clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/names.h"
#include "engine/sema/program.h"
#include "engine/sema/rules.h"

namespace ztp::sema {

class TestChecker {
 public:
  // All outlive the checker. The rules have been checked.
  TestChecker(Names& names, ExprChecker& checker, RuleChecker& rules);

  // Plays every fixture on its own and every test; in source order.
  void CheckAll();

  std::vector<TestCase>& tests() { return tests_; }

 private:
  struct Place {
    bool carried = false;
    uint32_t index = 0;  // into stored or carried
    Span span;           // of the statement that made it
  };
  // What the statements so far have made.
  struct Scene {
    ExprContext context;  // the variables, the clock
    std::vector<EntityRecord> stored;
    std::vector<EntityRecord> carried;
    absl::flat_hash_map<std::string, Place> places;    // by FormatUid
    absl::flat_hash_map<Symbol, EntityUid> variables;  // those that are entities
    std::vector<Fact> inputs;
    absl::flat_hash_set<uint32_t> fixtures;  // played already
    std::vector<uint32_t> playing;
    bool changed = true;  // the stored entities, since the last world was kept
  };

  Scene NewScene(PackageId package) const;
  void CheckTest(const DeclSite& site);
  void Play(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement,
            TestCase* test);
  void PlayUsing(Scene& scene, const syntax::TestStatement& statement);
  void PlayFixture(Scene& scene, uint32_t fixture);
  void PlayLet(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement);
  void PlayNow(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement);
  void PlayInput(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement);

  // tests_entities.cc
  void PlayEntity(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement);
  std::optional<EntityRecord> StartRecord(Scene& scene, const syntax::Ast& ast,
                                          const syntax::TestStatement& statement, bool* copied);
  bool AddEdges(Scene& scene, const syntax::Ast& ast, const std::vector<syntax::ExprId>& exprs,
                bool derives, EntityRecord& record);
  bool FillAttributes(Scene& scene, const syntax::Ast& ast, syntax::ExprId body, bool copied,
                      const syntax::TestStatement& statement, EntityRecord& record);
  bool FillRest(const syntax::TestStatement& statement, bool rest_absent,
                const std::vector<bool>& given, EntityRecord& record);
  std::optional<Fact> ReadFact(Scene& scene, const syntax::Ast& ast, syntax::ExprId expr,
                               TypeId type, Rank rank);
  void CheckAcyclic(const Scene& scene);

  // tests_expect.cc
  void PlayExpect(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement,
                  TestCase& test);
  std::optional<ActionId> ReadAction(const Scene& scene, const syntax::Path& path);
  std::optional<EntityUid> ReadParty(Scene& scene, const syntax::Ast& ast, syntax::ExprId expr,
                                     ActionId action, bool is_principal);
  bool ReadParams(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement,
                  ActionId action, Request& request);
  bool ReadBy(const Scene& scene, const syntax::TestStatement& statement, Expect& expect);
  bool ReadObliged(Scene& scene, const syntax::Ast& ast, const syntax::TestStatement& statement,
                   Expect& expect);

  void Report(Diagnostic diagnostic) { names_.sink().Report(std::move(diagnostic)); }
  std::string_view Text(Symbol symbol) const { return names_.Text(symbol); }
  const Schema& schema() const { return names_.schema(); }

  Names& names_;
  ExprChecker& checker_;
  RuleChecker& rules_;
  std::vector<TestCase> tests_;
};

}  // namespace ztp::sema
