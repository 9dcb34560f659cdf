// See diagnostic.h.
#include "engine/diag/diagnostic.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/str.h"

namespace ztp {

void DiagnosticSink::Report(Diagnostic diagnostic) {
  size_t& kept = kept_[{diagnostic.span.file, diagnostic.severity}];
  if (kept >= kMaxDiagnosticsShownPerFile) {
    ++counts_[static_cast<size_t>(diagnostic.severity)];
    ++dropped_;
    return;
  }
  Key key{diagnostic.kind, diagnostic.span, std::string()};
  if (!diagnostic.span.valid()) {
    std::get<std::string>(key) = Cat(diagnostic.place, '\0', diagnostic.message);
  }
  if (!seen_.insert(std::move(key)).second) return;
  ++kept;
  ++counts_[static_cast<size_t>(diagnostic.severity)];
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<const Diagnostic*> DiagnosticSink::Sorted() const {
  std::vector<const Diagnostic*> sorted;
  sorted.reserve(diagnostics_.size());
  for (const Diagnostic& diagnostic : diagnostics_) sorted.push_back(&diagnostic);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    if (a->span.valid() != b->span.valid()) return !a->span.valid();
    if (!a->span.valid()) return false;
    return std::tie(a->span, a->kind) < std::tie(b->span, b->kind);
  });
  return sorted;
}

}  // namespace ztp
