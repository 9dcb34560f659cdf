// What the tests of this folder share.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/diag/render.h"
#include "engine/syntax/ast.h"
#include "engine/syntax/parser.h"
#include "engine/syntax/print.h"

namespace ztp::syntax {

inline const char* const kSamples[] = {"agents", "registry", "training", "everything"};

inline std::string ReadSample(const std::string& name) {
  std::ifstream in("engine/syntax/testdata/" + name + ".ztp", std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// One parsed file with all that its tree needs.
struct Parsed {
  SourceManager sources;
  Interner interner;
  DiagnosticSink sink;
  std::unique_ptr<Ast> ast;
  FileId file;

  explicit Parsed(std::string text) {
    file = sources.Add("test.ztp", std::move(text));
    ast = Parse(sources, file, interner, sink);
  }

  std::string Dump() const { return Print(*ast, interner); }

  // "kind line:column message [expected]" a line.
  std::string Errors() const {
    std::string out;
    for (const Diagnostic* diagnostic : sink.Sorted()) {
      const LineColumn at = sources.Locate(diagnostic->span);
      out += std::string(InfoOf(diagnostic->kind).slug) + " " + std::to_string(at.line) + ":" +
             std::to_string(at.column) + " " + diagnostic->message;
      if (!diagnostic->expected.empty()) out += " [" + diagnostic->expected + "]";
      for (const std::string& help : diagnostic->helps) out += " (" + help + ")";
      out += "\n";
    }
    return out;
  }
};

// The header of a file, and then `text`, whose first line is line 3.
inline std::string WithHeader(std::string_view text) {
  return "ztp 1\npackage p\n" + std::string(text);
}

// `expr` as a tree in text, within a rule; or the errors.
inline std::string ExprTree(std::string_view expr) {
  Parsed parsed(WithHeader("def f() = " + std::string(expr)));
  if (!parsed.sink.empty()) return parsed.Errors();
  return PrintExpr(*parsed.ast, parsed.interner, parsed.ast->defs.at(0).body);
}

}  // namespace ztp::syntax
