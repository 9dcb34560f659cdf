// Diagnostics as a SARIF 2.1.0 log, which code hosts show beside the code. See render.h.
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/diag/render.h"
#include "nlohmann/json.hpp"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

// SARIF wants a URI: everything but what a path may show as it is gets percent-encoded.
std::string UriOf(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  if (path.starts_with('/')) out = "file://";
  for (char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

Json Region(Span span, const SourceFile& file) {
  const LineColumn start = file.Locate(span.begin);
  const LineColumn end = file.Locate(span.end);
  return Json{{"startLine", start.line},
              {"startColumn", start.column},
              {"endLine", end.line},
              {"endColumn", end.column}};
}

Json Location(Span span, const SourceManager& sources) {
  const SourceFile& file = sources.file(span.file);
  Json physical{{"artifactLocation", {{"uri", UriOf(file.name())}}},
                {"region", Region(span, file)}};
  return Json{{"physicalLocation", std::move(physical)}};
}

// The message with what the text form shows below the source line.
std::string FullMessage(const Diagnostic& diagnostic) {
  std::string text = diagnostic.message;
  if (!diagnostic.place.empty()) text += "\nat: " + diagnostic.place;
  if (!diagnostic.expected.empty()) text += "\nexpected: " + diagnostic.expected;
  for (const std::string& help : diagnostic.helps) text += "\nhelp: " + help;
  return text;
}

Json Result(const Diagnostic& diagnostic, size_t rule_index, const SourceManager& sources) {
  Json out;
  out["ruleId"] = CodeOf(diagnostic.kind);
  out["ruleIndex"] = rule_index;
  out["level"] = NameOf(diagnostic.severity);
  out["message"] = Json{{"text", FullMessage(diagnostic)}};
  if (diagnostic.span.valid()) {
    out["locations"] = Json::array({Location(diagnostic.span, sources)});
  }
  for (const DiagLabel& label : diagnostic.labels) {
    if (!label.span.valid()) continue;
    Json related = Location(label.span, sources);
    related["message"] = Json{{"text", label.text}};
    out["relatedLocations"].push_back(std::move(related));
  }
  if (diagnostic.fix.has_value() && diagnostic.fix->span.valid()) {
    const SourceFile& file = sources.file(diagnostic.fix->span.file);
    Json replacement{{"deletedRegion", Region(diagnostic.fix->span, file)},
                     {"insertedContent", {{"text", diagnostic.fix->replacement}}}};
    Json change{{"artifactLocation", {{"uri", UriOf(file.name())}}},
                {"replacements", Json::array({std::move(replacement)})}};
    Json fix{{"artifactChanges", Json::array({std::move(change)})}};
    out["fixes"] = Json::array({std::move(fix)});
  }
  return out;
}

}  // namespace

std::string RenderSarif(const DiagnosticSink& sink, const SourceManager& sources,
                        const std::string& tool_version) {
  std::map<DiagKind, size_t> rule_index;
  for (const Diagnostic& diagnostic : sink.diagnostics()) rule_index[diagnostic.kind] = 0;
  Json rules = Json::array();
  for (auto& [kind, index] : rule_index) {
    index = rules.size();
    const DiagKindInfo& info = InfoOf(kind);
    rules.push_back(Json{{"id", CodeOf(kind)},
                         {"name", info.slug},
                         {"shortDescription", {{"text", info.summary}}},
                         {"defaultConfiguration", {{"level", NameOf(info.severity)}}}});
  }
  Json results = Json::array();
  for (const Diagnostic* diagnostic : sink.Sorted()) {
    results.push_back(Result(*diagnostic, rule_index[diagnostic->kind], sources));
  }
  Json driver{{"name", "ztp"}, {"version", tool_version}, {"rules", std::move(rules)}};
  Json run{{"tool", {{"driver", std::move(driver)}}},
           {"columnKind", "unicodeCodePoints"},
           {"results", std::move(results)}};
  Json log{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
           {"version", "2.1.0"},
           {"runs", Json::array({std::move(run)})}};
  return log.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ztp
