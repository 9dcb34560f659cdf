#include "engine/driver/compiler.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"
#include "engine/driver/std_sources.h"
#include "engine/ir/lower.h"
#include "engine/sema/check.h"
#include "engine/syntax/parser.h"

namespace ztp::driver {

Compiler::Compiler() = default;
Compiler::~Compiler() = default;

absl::Status Compiler::AddPaths(const std::vector<std::string>& paths) {
  ZTP_ASSIGN_OR_RETURN(const std::vector<std::string> files, FindFiles(paths, {".ztp"}));
  if (texts_.size() + files.size() > kMaxSourceFiles) {
    return ResourceExhausted("more than ", kMaxSourceFiles, " source files");
  }
  std::vector<std::pair<std::string, std::string>> read;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = ReadFile(file, kMaxSourceFileBytes);
    if (!text.ok()) return text.status();
    read.emplace_back(file == "-" ? "<stdin>" : file, *std::move(text));
  }
  for (auto& source : read) texts_.push_back(std::move(source));
  return absl::OkStatus();
}

void Compiler::AddText(std::string name, std::string text) {
  texts_.emplace_back(std::move(name), std::move(text));
}

bool Compiler::Check() {
  std::sort(texts_.begin(), texts_.end());
  for (auto& [name, text] : texts_) {
    const FileId file = sources_.Add(std::move(name), std::move(text));
    asts_.push_back(syntax::Parse(sources_, file, interner_, diagnostics_));
  }
  texts_.clear();
  first_standard_ = sources_.file_count();

  // A standard package is taken from the compiler only where it was not among the files given:
  // whoever works on the vocabulary itself checks the files at hand.
  auto given = [&](std::string_view package) {
    return std::any_of(asts_.begin(), asts_.end(), [&](const auto& ast) {
      return ast->package.valid() && interner_.Text(ast->package.text) == package;
    });
  };
  const bool wants_standard = std::any_of(asts_.begin(), asts_.end(), [&](const auto& ast) {
    return std::any_of(ast->imports.begin(), ast->imports.end(), [&](const syntax::Import& import) {
      const std::string_view package = interner_.Text(import.package.text);
      return package.starts_with("std.") && !given(package);
    });
  });
  if (wants_standard) {
    for (const StdSource& source : StdSources()) {
      const FileId file = sources_.Add(std::string(source.name), std::string(source.text));
      auto ast = syntax::Parse(sources_, file, interner_, diagnostics_);
      if (!given(interner_.Text(ast->package.text))) asts_.push_back(std::move(ast));
    }
  }

  std::vector<const syntax::Ast*> files;
  for (const auto& ast : asts_) files.push_back(ast.get());
  sema::CheckOptions options;
  options.first_standard_file = FileId{first_standard_};
  program_ = sema::Check(files, sources_, interner_, diagnostics_, options);
  if (diagnostics_.has_errors()) program_ = nullptr;
  return program_ != nullptr;
}

std::vector<const syntax::Ast*> Compiler::asts() const {
  std::vector<const syntax::Ast*> result;
  for (const auto& ast : asts_) {
    if (ast->file.index < first_standard_) result.push_back(ast.get());
  }
  return result;
}

DecisionProgram Compiler::Lower() const { return ir::Lower(*program_, sources_); }

}  // namespace ztp::driver
