// One thing to tell an author, and the sink that collects them.
//
// Boundary: data only. How a diagnostic looks is decided by render_text, render_json and
// render_sarif.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/source.h"
#include "engine/diag/kind.h"

namespace ztp {

// A second place that belongs to the matter ("declared here").
struct DiagLabel {
  Span span;
  std::string text;
};

// A change that would put it right: replace the bytes of `span`.
struct DiagFix {
  Span span;
  std::string replacement;
};

// Built in one expression:
//   sink.Report(Diagnostic(DiagKind::kUnknownAttribute, span, Cat("Dataset has no attribute ",
//   Quoted(name)))
//                   .Mark("not an attribute of Dataset")
//                   .Label(declaration, "Dataset is declared here")
//                   .Help("did you mean 'hold'?")
//                   .Fix(span, "hold"));
struct Diagnostic {
  DiagKind kind;
  Severity severity;  // the kind's, unless changed
  Span span;          // invalid: about no place in a source text
  std::string message;
  std::string place;               // for what is no source text: "facts.json: [3].attrs.digest"
  std::string mark;                // stands beside the marker under the source line; may be empty
  std::vector<DiagLabel> labels;   // secondary places, in the order to be shown
  std::string expected;            // what would have fitted; may be empty
  std::vector<std::string> helps;  // suggestions, one a line
  std::optional<DiagFix> fix;

  Diagnostic(DiagKind what, Span where, std::string text)
      : kind(what), severity(InfoOf(what).severity), span(where), message(std::move(text)) {}

  // Each takes effect once, on the temporary or on a variable; Mark, Expected, Place and Fix
  // replace, Label and Help add.
  Diagnostic&& Mark(std::string text) && { return std::move(SetMark(std::move(text))); }
  Diagnostic&& Label(Span where, std::string text) && {
    return std::move(AddLabel(where, std::move(text)));
  }
  Diagnostic&& Expected(std::string text) && { return std::move(SetExpected(std::move(text))); }
  Diagnostic&& Help(std::string text) && { return std::move(AddHelp(std::move(text))); }
  Diagnostic&& Place(std::string text) && {
    place = std::move(text);
    return std::move(*this);
  }
  Diagnostic&& Fix(Span where, std::string replacement) && {
    return std::move(SetFix(where, std::move(replacement)));
  }

  Diagnostic& SetMark(std::string text) {
    mark = std::move(text);
    return *this;
  }
  Diagnostic& AddLabel(Span where, std::string text) {
    labels.push_back({where, std::move(text)});
    return *this;
  }
  Diagnostic& SetExpected(std::string text) {
    expected = std::move(text);
    return *this;
  }
  Diagnostic& AddHelp(std::string text) {
    helps.push_back(std::move(text));
    return *this;
  }
  Diagnostic& SetFix(Span where, std::string replacement) {
    fix = DiagFix{where, std::move(replacement)};
    return *this;
  }
};

// Collects the diagnostics of one compilation. Not thread-safe.
class DiagnosticSink {
 public:
  DiagnosticSink() = default;
  DiagnosticSink(const DiagnosticSink&) = delete;
  DiagnosticSink& operator=(const DiagnosticSink&) = delete;
  DiagnosticSink(DiagnosticSink&&) = default;
  DiagnosticSink& operator=(DiagnosticSink&&) = default;

  // A second diagnostic of the same kind for the same place says nothing new and is dropped
  // (without a place: of the same kind, place and message). Of each severity a file keeps the first
  // kMaxDiagnosticsShownPerFile; more are only counted, so that a broken file costs bounded memory.
  void Report(Diagnostic diagnostic);

  // All that were kept, ordered by file (in the order in which files were added), offset and kind;
  // those without a span first, in the order of their reports.
  std::vector<const Diagnostic*> Sorted() const;

  // In the order of their reports.
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

  // Counts include those that were not kept.
  size_t error_count() const { return counts_[static_cast<size_t>(Severity::kError)]; }
  size_t warning_count() const { return counts_[static_cast<size_t>(Severity::kWarning)]; }
  size_t note_count() const { return counts_[static_cast<size_t>(Severity::kNote)]; }
  size_t dropped_count() const { return dropped_; }
  bool has_errors() const { return error_count() != 0; }
  bool empty() const { return diagnostics_.empty(); }

 private:
  using Key = std::tuple<DiagKind, Span, std::string>;

  std::vector<Diagnostic> diagnostics_;
  std::set<Key> seen_;
  std::map<std::pair<FileId, Severity>, size_t> kept_;
  size_t counts_[3] = {0, 0, 0};
  size_t dropped_ = 0;
};

}  // namespace ztp
