// From source files to a decision program, one stage after the other.
//
// Boundary: calls the stages and keeps what they made; each stage's work is in its own folder. An
// author's mistakes go to the sink; a Status is a file that cannot be read or a limit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/bundle/decision_program.h"
#include "engine/diag/diagnostic.h"
#include "engine/sema/program.h"
#include "engine/syntax/ast.h"

namespace ztp::driver {

// One compilation. Not thread-safe. Add sources, then Check, then Lower.
class Compiler {
 public:
  Compiler();
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // Adds files and folders (every .ztp file below). Nothing is added if one of them cannot be read.
  absl::Status AddPaths(const std::vector<std::string>& paths);
  // Adds a text as if it were a file of that name.
  void AddText(std::string name, std::string text);

  // Parses and checks everything added, together with the standard packages that it imports. False
  // if there are errors; diagnostics() has them and the warnings either way. Called once.
  bool Check();

  // What Check made; null if there were errors.
  const sema::Program* program() const { return program_.get(); }
  // The parsed files that were added, in the order of their paths; those of the standard packages
  // are not among them. A file whose text could not be parsed at all has none.
  std::vector<const syntax::Ast*> asts() const;

  // The decision program. Only after Check returned true.
  DecisionProgram Lower() const;

  const SourceManager& sources() const { return sources_; }
  const Interner& interner() const { return interner_; }
  const DiagnosticSink& diagnostics() const { return diagnostics_; }

 private:
  SourceManager sources_;
  Interner interner_;
  DiagnosticSink diagnostics_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<std::unique_ptr<syntax::Ast>> asts_;
  uint32_t first_standard_ = 0;
  std::unique_ptr<sema::Program> program_;
};

}  // namespace ztp::driver
