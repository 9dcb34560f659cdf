// Diagnostics as a SARIF log. See render.h.
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "engine/diag/render.h"
#include "engine/diag/sarif.h"

namespace ztp {
namespace {

SarifRegion Region(Span span, const SourceFile& file) {
  const LineColumn start = file.Locate(span.begin);
  const LineColumn end = file.Locate(span.end);
  return {start.line, start.column, end.line, end.column};
}

SarifLocation Location(Span span, const SourceManager& sources, std::string message = "") {
  const SourceFile& file = sources.file(span.file);
  return {.path = file.name(), .region = Region(span, file), .message = std::move(message)};
}

// The message with what the text form shows below the source line.
std::string FullMessage(const Diagnostic& diagnostic) {
  std::string text = diagnostic.message;
  if (!diagnostic.place.empty()) text += "\nat: " + diagnostic.place;
  if (!diagnostic.expected.empty()) text += "\nexpected: " + diagnostic.expected;
  for (const std::string& help : diagnostic.helps) text += "\nhelp: " + help;
  return text;
}

SarifResult Result(const Diagnostic& diagnostic, size_t rule, const SourceManager& sources) {
  SarifResult out{
      .rule = rule, .level = NameOf(diagnostic.severity), .message = FullMessage(diagnostic)};
  if (diagnostic.span.valid()) out.location = Location(diagnostic.span, sources);
  for (const DiagLabel& label : diagnostic.labels) {
    if (label.span.valid()) out.related.push_back(Location(label.span, sources, label.text));
  }
  if (diagnostic.fix.has_value() && diagnostic.fix->span.valid()) {
    const SourceFile& file = sources.file(diagnostic.fix->span.file);
    out.fix = SarifFix{.path = file.name(),
                       .region = Region(diagnostic.fix->span, file),
                       .replacement = diagnostic.fix->replacement};
  }
  return out;
}

}  // namespace

std::string RenderSarif(const DiagnosticSink& sink, const SourceManager& sources,
                        const std::string& tool_version) {
  std::map<DiagKind, size_t> rule_index;
  for (const Diagnostic& diagnostic : sink.diagnostics()) rule_index[diagnostic.kind] = 0;
  SarifLog log{.tool_version = tool_version};
  for (auto& [kind, index] : rule_index) {
    index = log.rules.size();
    const DiagKindInfo& info = InfoOf(kind);
    log.rules.push_back({.id = CodeOf(kind),
                         .name = std::string(info.slug),
                         .summary = std::string(info.summary),
                         .level = NameOf(info.severity)});
  }
  for (const Diagnostic* diagnostic : sink.Sorted()) {
    log.results.push_back(Result(*diagnostic, rule_index[diagnostic->kind], sources));
  }
  return WriteSarif(log);
}

}  // namespace ztp
