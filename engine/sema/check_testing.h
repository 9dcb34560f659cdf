// For the unit tests of this folder: texts checked as a policy, and what was said of them.
#pragma once

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/diag/render.h"
#include "engine/sema/check.h"
#include "engine/syntax/parser.h"

namespace ztp::sema {

struct Checked {
  SourceManager sources;
  Interner interner;
  DiagnosticSink sink;
  std::vector<std::unique_ptr<syntax::Ast>> asts;
  std::unique_ptr<Program> program;

  // The slugs of errors and warnings, in the order of their places.
  std::vector<std::string> Slugs() const {
    std::vector<std::string> slugs;
    for (const Diagnostic* diagnostic : sink.Sorted()) {
      if (diagnostic->severity != Severity::kNote) {
        slugs.emplace_back(InfoOf(diagnostic->kind).slug);
      }
    }
    return slugs;
  }
  std::string Shown() const { return RenderText(sink, sources); }
  // Everything that the first diagnostic of that kind says, empty without one.
  std::string Said(std::string_view slug) const {
    for (const Diagnostic& diagnostic : sink.diagnostics()) {
      if (InfoOf(diagnostic.kind).slug == slug) return RenderText(diagnostic, sources);
    }
    return "";
  }
  const Rule* FindRule(std::string_view name) const {
    for (const Rule& rule : program->rules) {
      if (rule.name == name || rule.full_name() == name) return &rule;
    }
    return nullptr;
  }
};

inline std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Each file is a name and a text. The standard package is taken from the repository.
inline std::unique_ptr<Checked> CheckFiles(std::vector<std::pair<std::string, std::string>> files) {
  auto checked = std::make_unique<Checked>();
  const uint32_t own = static_cast<uint32_t>(files.size());
  files.emplace_back("policies/std/ai.ztp", ReadWholeFile("policies/std/ai.ztp"));
  std::vector<const syntax::Ast*> asts;
  for (auto& [name, text] : files) {
    const FileId id = checked->sources.Add(std::move(name), std::move(text));
    checked->asts.push_back(syntax::Parse(checked->sources, id, checked->interner, checked->sink));
    asts.push_back(checked->asts.back().get());
  }
  CheckOptions options;
  options.first_standard_file = FileId{own};
  checked->program = Check(asts, checked->sources, checked->interner, checked->sink, options);
  return checked;
}

inline std::unique_ptr<Checked> CheckText(std::string text) {
  return CheckFiles({{"policy.ztp", std::move(text)}});
}

}  // namespace ztp::sema
