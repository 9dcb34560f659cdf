// See sarif.h.
#include "engine/diag/sarif.h"

#include <utility>

#include "engine/base/uri.h"
#include "nlohmann/json.hpp"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

std::string UriOf(std::string_view path) {
  return (path.starts_with('/') ? "file://" : "") + EscapeUriPath(path);
}

Json Region(const SarifRegion& region) {
  Json out{{"startLine", region.start_line}};
  if (region.start_column != 0) out["startColumn"] = region.start_column;
  if (region.end_line != 0) out["endLine"] = region.end_line;
  if (region.end_column != 0) out["endColumn"] = region.end_column;
  return out;
}

Json Location(const SarifLocation& location) {
  Json physical{{"artifactLocation", {{"uri", UriOf(location.path)}}}};
  if (location.region) physical["region"] = Region(*location.region);
  Json out{{"physicalLocation", std::move(physical)}};
  if (!location.message.empty()) out["message"] = Json{{"text", location.message}};
  return out;
}

Json Fix(const SarifFix& fix) {
  Json replacement{{"deletedRegion", Region(fix.region)},
                   {"insertedContent", {{"text", fix.replacement}}}};
  Json change{{"artifactLocation", {{"uri", UriOf(fix.path)}}},
              {"replacements", Json::array({std::move(replacement)})}};
  return Json{{"artifactChanges", Json::array({std::move(change)})}};
}

Json Result(const SarifResult& result, const SarifLog& log) {
  Json out;
  out["ruleId"] = log.rules[result.rule].id;
  out["ruleIndex"] = result.rule;
  out["level"] = std::string(result.level);
  out["message"] = Json{{"text", result.message}};
  if (result.location) out["locations"] = Json::array({Location(*result.location)});
  for (const SarifLocation& related : result.related) {
    out["relatedLocations"].push_back(Location(related));
  }
  if (result.fix) out["fixes"] = Json::array({Fix(*result.fix)});
  if (!result.fingerprint.empty()) out["partialFingerprints"]["ztp/v1"] = result.fingerprint;
  return out;
}

}  // namespace

std::string WriteSarif(const SarifLog& log) {
  Json rules = Json::array();
  for (const SarifRule& rule : log.rules) {
    rules.push_back(Json{{"id", rule.id},
                         {"name", rule.name},
                         {"shortDescription", {{"text", rule.summary}}},
                         {"defaultConfiguration", {{"level", std::string(rule.level)}}}});
  }
  Json results = Json::array();
  for (const SarifResult& result : log.results) results.push_back(Result(result, log));
  Json driver{{"name", "ztp"}, {"version", log.tool_version}, {"rules", std::move(rules)}};
  Json run{{"tool", {{"driver", std::move(driver)}}},
           {"columnKind", "unicodeCodePoints"},
           {"results", std::move(results)}};
  Json whole{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
             {"version", "2.1.0"},
             {"runs", Json::array({std::move(run)})}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ztp
