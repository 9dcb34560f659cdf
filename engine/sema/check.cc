// The order of the work: names, declarations, definitions, rules, routes, tests, lints.
#include "engine/sema/check.h"

#include <utility>
#include <vector>

#include "engine/sema/builder.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/lints.h"
#include "engine/sema/names.h"
#include "engine/sema/routes.h"
#include "engine/sema/rules.h"
#include "engine/sema/tests.h"

namespace ztp::sema {

std::unique_ptr<Program> Check(std::span<const syntax::Ast* const> files,
                               const SourceManager& sources, Interner& interner,
                               DiagnosticSink& sink, const CheckOptions& options) {
  std::vector<const syntax::Ast*> own, libraries;
  bool broken = false;
  for (const syntax::Ast* ast : files) {
    const bool standard =
        options.first_standard_file.valid() && ast->file.index >= options.first_standard_file.index;
    (standard ? libraries : own).push_back(ast);
    broken |= ast->broken;
  }
  Names names(own, libraries, sources, interner, sink);
  ProgramBuilder builder;
  ExprChecker checker(names, builder);
  names.set_const_evaluator([&checker](ExprRef expr, TypeId expected, PackageId package) {
    return checker.EvaluateConstant(expr, expected, package);
  });
  names.Declare();
  checker.CheckDefs();
  RuleChecker rules(names, builder, checker);
  rules.CheckAll();
  RouteChecker routes(names);
  routes.CheckAll();
  TestChecker tests(names, checker, rules);
  tests.CheckAll();
  // After an error, what is unused or shadowed may be so only because of it.
  if (broken || sink.has_errors()) return nullptr;
  LintUnused(names, sink);
  routes.LintCallers();
  LintShadowed(rules.rules(), sink);
  LintForbidOnMissing(rules.rules(), names.schema(), builder, sink);

  auto program = std::make_unique<Program>();
  program->rules = std::move(rules.rules());
  program->tests = std::move(tests.tests());
  program->schema = std::move(names.schema());
  program->schema.routes = std::move(routes.routes());
  builder.Finish(program.get());
  return program;
}

}  // namespace ztp::sema
