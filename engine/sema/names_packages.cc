// Packages: which file belongs to which, what they import, which of them is the root and whose
// rules it lets count.
#include <algorithm>
#include <map>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"
#include "engine/sema/names.h"

namespace ztp::sema {
namespace {

bool HasRules(const syntax::Ast& ast) {
  return std::any_of(ast.decls.begin(), ast.decls.end(),
                     [](const syntax::Decl& d) { return d.kind == syntax::DeclKind::kRule; });
}

// Where a message about the whole package points.
Span HeaderSpan(const Names::Package& package) {
  for (const syntax::Ast* ast : package.files) {
    if (ast->package.valid()) return ast->package.span;
  }
  return package.files.empty() ? Span{} : Span{package.files.front()->file, 0, 0};
}

Span FirstRule(const Names::Package& package) {
  for (const syntax::Ast* ast : package.files) {
    for (const syntax::Decl& decl : ast->decls) {
      if (decl.kind == syntax::DeclKind::kRule)
        return decl.name.valid() ? decl.name.span : decl.head;
    }
  }
  return HeaderSpan(package);
}

std::string Shown(const Names::Package& package) {
  return package.name.empty() ? "the package without a name" : Quoted(package.name);
}

}  // namespace

void Names::CollectPackages(std::span<const syntax::Ast* const> files) {
  // By name, so that every table and the order of rules is the same however the files were listed.
  std::map<std::string, Package> by_name;
  const auto add = [&](const syntax::Ast* ast, bool library) {
    const Symbol symbol = ast->package.valid() ? ast->package.text : Symbol{};
    Package& package = by_name[std::string(Text(symbol))];
    package.symbol = symbol;
    package.name = Text(symbol);
    package.library = library;
    package.has_rules |= HasRules(*ast);
    package.files.push_back(ast);
  };
  for (const syntax::Ast* ast : files) add(ast, false);
  if (by_name.empty()) by_name[""];
  std::vector<const syntax::Ast*> todo(files.begin(), files.end());
  while (!todo.empty()) {
    const syntax::Ast* ast = todo.back();
    todo.pop_back();
    for (const syntax::Import& import : ast->imports) {
      if (!import.package.valid() || by_name.contains(std::string(Text(import.package.text)))) {
        continue;
      }
      for (const syntax::Ast* library : libraries_) {
        if (library->package.text != import.package.text) continue;
        add(library, true);
        todo.push_back(library);
      }
    }
  }
  for (auto& [name, package] : by_name) {
    std::sort(package.files.begin(), package.files.end(),
              [this](const syntax::Ast* a, const syntax::Ast* b) {
                return sources_.file(a->file).name() < sources_.file(b->file).name();
              });
    package_index_[package.symbol] = static_cast<uint32_t>(packages_.size());
    packages_.push_back(std::move(package));
  }
  tables_.resize(packages_.size() * kSpaces);
}

void Names::LinkImports() {
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    Package& package = packages_[p];
    for (const syntax::Ast* ast : package.files) {
      for (const syntax::Import& import : ast->imports) {
        if (!import.package.valid()) continue;
        const auto it = package_index_.find(import.package.text);
        if (it == package_index_.end()) {
          std::vector<std::string> known;
          for (const Package& other : packages_) known.push_back(other.name);
          for (const syntax::Ast* library : libraries_) {
            known.emplace_back(Text(library->package.text));
          }
          Diagnostic diagnostic(DiagKind::kUnknownPackage, import.package.span,
                                Cat("there is no package ", Quoted(Text(import.package.text))));
          diagnostic.SetMark("not among the files given");
          if (auto close = ClosestName(Text(import.package.text), known)) {
            diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
            diagnostic.SetFix(import.package.span, *close);
          } else {
            diagnostic.AddHelp("give the files of that package to the compiler too");
          }
          sink_.Report(std::move(diagnostic));
          continue;
        }
        const PackageId target{it->second};
        if (target.index == p) {
          sink_.Report(Diagnostic(DiagKind::kImportCycle, import.package.span,
                                  Cat("package ", Shown(package), " imports itself"))
                           .Mark("its own name")
                           .Help("the files of a package see each other without an import"));
          continue;
        }
        if (std::find(package.imports.begin(), package.imports.end(), target) ==
            package.imports.end()) {
          package.imports.push_back(target);
        }
      }
    }
  }
}

Span Names::ImportSpan(PackageId from, PackageId to) const {
  for (const syntax::Ast* ast : package(from).files) {
    for (const syntax::Import& import : ast->imports) {
      if (import.package.valid() && import.package.text == package(to).symbol) {
        return import.package.span;
      }
    }
  }
  return {};
}

void Names::ReportImportCycles() {
  std::vector<Progress> progress(packages_.size(), Progress::kNew);
  struct Frame {
    uint32_t package;
    size_t next = 0;
  };
  for (uint32_t start = 0; start < packages_.size(); ++start) {
    if (progress[start] != Progress::kNew) continue;
    std::vector<Frame> stack = {{start}};
    progress[start] = Progress::kRunning;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const Package& package = packages_[frame.package];
      if (frame.next == package.imports.size()) {
        progress[frame.package] = Progress::kDone;
        stack.pop_back();
        continue;
      }
      const uint32_t target = package.imports[frame.next++].index;
      if (progress[target] == Progress::kNew) {
        progress[target] = Progress::kRunning;
        stack.push_back({target});
      } else if (progress[target] == Progress::kRunning) {
        size_t first = 0;
        while (stack[first].package != target) ++first;
        std::string circle;
        for (size_t i = first; i < stack.size(); ++i) {
          Append(circle, packages_[stack[i].package].name, " -> ");
        }
        circle += packages_[target].name;
        Diagnostic diagnostic(DiagKind::kImportCycle,
                              ImportSpan(PackageId{stack.back().package}, PackageId{target}),
                              Cat("packages import each other in a circle: ", circle));
        diagnostic.SetMark("closes the circle");
        for (size_t i = first; i + 1 < stack.size(); ++i) {
          diagnostic.AddLabel(
              ImportSpan(PackageId{stack[i].package}, PackageId{stack[i + 1].package}),
              Cat(packages_[stack[i].package].name, " imports ",
                  packages_[stack[i + 1].package].name, " here"));
        }
        diagnostic.AddHelp("move what both need into a package that imports neither");
        sink_.Report(std::move(diagnostic));
      }
    }
  }
}

void Names::CollectDelegates() {
  std::optional<DeclSite> first;
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    for (const syntax::Ast* ast : packages_[p].files) {
      for (const syntax::Decl& decl : ast->decls) {
        if (decl.kind != syntax::DeclKind::kDelegate) continue;
        const DeclSite site{ast, &decl, PackageId{p}};
        if (first && first->package != site.package) {
          sink_.Report(Diagnostic(DiagKind::kSeveralRoots, decl.head,
                                  Cat("both ", Shown(package(first->package)), " and ",
                                      Shown(packages_[p]), " delegate"))
                           .Mark("a second package that delegates")
                           .Label(first->decl->head, "the first one")
                           .Help("only one package, the root, may delegate"));
          continue;
        }
        if (!first) first = site;
        const syntax::Path& path = ast->Delegate(decl).package;
        if (!path.valid()) continue;
        const auto it = package_index_.find(path.text);
        if (it == package_index_.end()) {
          std::vector<std::string> known;
          for (const Package& other : packages_) known.push_back(other.name);
          Diagnostic diagnostic(DiagKind::kUnknownPackage, path.span,
                                Cat("there is no package ", Quoted(Text(path.text))));
          diagnostic.SetMark("not among the files given");
          if (auto close = ClosestName(Text(path.text), known)) {
            diagnostic.AddHelp(Cat("did you mean ", Quoted(*close), "?"));
            diagnostic.SetFix(path.span, *close);
          }
          sink_.Report(std::move(diagnostic));
          continue;
        }
        if (it->second == p) {
          sink_.Report(Diagnostic(DiagKind::kBadDelegate, path.span,
                                  "the root package cannot delegate to itself")
                           .Mark("this package")
                           .Help("its own rules count without a delegation"));
          continue;
        }
        if (const DeclSite* other = DelegateOf(PackageId{it->second})) {
          sink_.Report(Diagnostic(DiagKind::kBadDelegate, path.span,
                                  Cat(Quoted(Text(path.text)), " is delegated to twice"))
                           .Mark("the second delegation")
                           .Label(other->decl->head, "the first one")
                           .Help("write one delegation with all of its clauses"));
          continue;
        }
        delegates_.emplace_back(PackageId{it->second}, site);
      }
    }
  }
  if (first) root_ = first->package;
}

void Names::ChooseRoot() {
  if (root_.valid()) return;
  std::vector<uint32_t> own, with_rules, not_imported;
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    if (packages_[p].library) continue;
    own.push_back(p);
    if (packages_[p].has_rules) with_rules.push_back(p);
    const bool imported =
        std::any_of(packages_.begin(), packages_.end(), [p](const Package& other) {
          return std::find(other.imports.begin(), other.imports.end(), PackageId{p}) !=
                 other.imports.end();
        });
    if (!imported) not_imported.push_back(p);
  }
  if (with_rules.size() > 1) {
    const Package& first = packages_[with_rules[0]];
    const Package& second = packages_[with_rules[1]];
    sink_.Report(Diagnostic(DiagKind::kSeveralRoots, HeaderSpan(second),
                            Cat("both ", Shown(first), " and ", Shown(second),
                                " have rules, and neither delegates to the other"))
                     .Mark("a second package with rules")
                     .Label(HeaderSpan(first), "the first one")
                     .Help(Cat("the root package says whose rules count: 'delegate ",
                               second.name.empty() ? "acme.other" : second.name, " { … }'")));
  }
  if (!with_rules.empty()) {
    root_ = PackageId{with_rules[0]};
  } else {
    root_ = PackageId{not_imported.size() == 1 ? not_imported[0] : own.empty() ? 0 : own[0]};
  }
}

void Names::ReportUndelegated() {
  // Without any delegation several packages with rules have no root: that was reported.
  if (delegates_.empty() && std::none_of(packages_.begin(), packages_.end(), [](const Package& p) {
        return std::any_of(p.files.begin(), p.files.end(),
                           [](const syntax::Ast* a) { return !a->delegates.empty(); });
      })) {
    return;
  }
  for (uint32_t p = 0; p < packages_.size(); ++p) {
    const Package& package = packages_[p];
    if (PackageId{p} == root_ || !package.has_rules || DelegateOf(PackageId{p}) != nullptr) {
      continue;
    }
    sink_.Report(
        Diagnostic(DiagKind::kUndelegatedPackage, FirstRule(package),
                   Cat("nobody delegated to package ", Shown(package), ", so it may have no rules"))
            .Mark("a rule of an undelegated package")
            .Label(HeaderSpan(packages_[root_.index]), "the root package")
            .Help(Cat("write 'delegate ", package.name, " { … }' in ",
                      Shown(packages_[root_.index]), ", or take the rules out of the package")));
  }
}

std::optional<PackageId> Names::FindPackage(PackageId from, Symbol qualifier) const {
  const auto it = package_index_.find(qualifier);
  if (it == package_index_.end()) return std::nullopt;
  const PackageId id{it->second};
  const std::vector<PackageId>& imports = package(from).imports;
  if (id == from || std::find(imports.begin(), imports.end(), id) != imports.end()) return id;
  return std::nullopt;
}

const DeclSite* Names::DelegateOf(PackageId id) const {
  for (const auto& [package, site] : delegates_) {
    if (package == id) return &site;
  }
  return nullptr;
}

std::string Names::JsonName(DeclRef ref) const {
  const Entry& declared = entry(ref);
  const Package& package = packages_[declared.site.package.index];
  std::string name(Text(declared.name));
  if (declared.site.package == root_ || package.name.empty()) return name;
  const Package& root = packages_[root_.index];
  const auto declares = [&](PackageId other) {
    if (other == declared.site.package) return false;
    for (size_t space = 0; space < kSpaces; ++space) {
      const Table& table = tables_[other.index * kSpaces + space];
      const auto it = table.find(declared.name);
      if (it != table.end() && it->second.kind == ref.kind) return true;
    }
    return false;
  };
  const bool imported = std::find(root.imports.begin(), root.imports.end(),
                                  declared.site.package) != root.imports.end();
  if (imported && !declares(root_) &&
      std::none_of(root.imports.begin(), root.imports.end(), declares)) {
    return name;
  }
  return Cat(package.name, ".", name);
}

}  // namespace ztp::sema
