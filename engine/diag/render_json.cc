// Diagnostics for programs. See render.h.
#include <cstdint>
#include <string>
#include <utility>

#include "engine/diag/render.h"
#include "nlohmann/json.hpp"

namespace ztp {
namespace {

// Members come out in the order in which they are written here.
using Json = nlohmann::ordered_json;

Json Position(const SourceFile& file, uint32_t offset) {
  const LineColumn at = file.Locate(offset);
  return Json{{"line", at.line}, {"column", at.column}, {"offset", offset}};
}

void AddSpan(Json& out, Span span, const SourceManager& sources) {
  if (!span.valid()) return;
  const SourceFile& file = sources.file(span.file);
  out["file"] = file.name();
  out["range"] = Json{{"start", Position(file, span.begin)}, {"end", Position(file, span.end)}};
}

Json ToJson(const Diagnostic& diagnostic, const SourceManager& sources) {
  Json out;
  out["code"] = CodeOf(diagnostic.kind);
  out["name"] = InfoOf(diagnostic.kind).slug;
  out["severity"] = NameOf(diagnostic.severity);
  out["message"] = diagnostic.message;
  AddSpan(out, diagnostic.span, sources);
  if (!diagnostic.place.empty()) out["place"] = diagnostic.place;
  if (!diagnostic.mark.empty()) out["mark"] = diagnostic.mark;
  for (const DiagLabel& label : diagnostic.labels) {
    Json entry{{"message", label.text}};
    AddSpan(entry, label.span, sources);
    out["labels"].push_back(std::move(entry));
  }
  if (!diagnostic.expected.empty()) out["expected"] = diagnostic.expected;
  for (const std::string& help : diagnostic.helps) out["help"].push_back(help);
  if (diagnostic.fix.has_value()) {
    AddSpan(out["fix"], diagnostic.fix->span, sources);
    out["fix"]["replacement"] = diagnostic.fix->replacement;
  }
  return out;
}

}  // namespace

std::string RenderJson(const DiagnosticSink& sink, const SourceManager& sources) {
  Json out;
  out["diagnostics"] = Json::array();
  for (const Diagnostic* diagnostic : sink.Sorted()) {
    out["diagnostics"].push_back(ToJson(*diagnostic, sources));
  }
  out["errors"] = sink.error_count();
  out["warnings"] = sink.warning_count();
  if (sink.dropped_count() != 0) out["not_shown"] = sink.dropped_count();
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ztp
