// See parser.h.
#include "engine/syntax/parser.h"

#include "engine/syntax/parse_guard.h"
#include "engine/syntax/scan.h"

namespace ztp::syntax {

std::unique_ptr<Ast> Parse(const SourceManager& sources, FileId file, Interner& interner,
                           DiagnosticSink& sink) {
  auto ast = std::make_unique<Ast>(file);
  if (ScanSource(sources, file, sink)) {
    ParseGuarded(sources, file, interner, sink, *ast);
  } else {
    ast->broken = true;
  }
  return ast;
}

void ReportBadEscape(const SourceManager& sources, const Ast& ast, ExprId expr,
                     DiagnosticSink& sink) {
  const Expr& e = ast[expr];
  if (e.kind != ExprKind::kString) return;
  const StringLiteral& literal = ast.String(e);
  if (!literal.bad_escape) return;
  Diagnostic diagnostic(DiagKind::kBadEscape, *literal.bad_escape,
                        "this escape means nothing in a string");
  diagnostic.SetExpected("\\n \\r \\t \\\" \\\\ or \\u{…}");
  if (sources.Text(*literal.bad_escape).starts_with("\\u")) {
    diagnostic.AddHelp("a character by its number is written \\u{e9}");
  } else {
    diagnostic.AddHelp("a backslash is written \\\\");
  }
  sink.Report(std::move(diagnostic));
}

}  // namespace ztp::syntax
