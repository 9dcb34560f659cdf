// See golden_settings.h.
#include "engine/scenario/golden_settings.h"

#include <filesystem>
#include <string_view>

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_error.h"
#include "engine/facts/json_tree.h"
#include "engine/runtime/load_trust.h"
#include "engine/scenario/lines.h"

namespace ztp::scenario {
namespace {

absl::Status ReadOption(std::string_view line, GoldenSettings& settings) {
  if (line.empty()) return absl::OkStatus();
  if (line == "assume-proven") return settings.assume_proven = true, absl::OkStatus();
  if (line == "refuse-now") return settings.accept_now = false, absl::OkStatus();
  if (line.starts_with("now ")) {
    ZTP_ASSIGN_OR_RETURN(settings.now, ParseTime(line.substr(4)));
    return absl::OkStatus();
  }
  if (line.starts_with("nonce ")) {
    settings.nonces.emplace_back(line.substr(6));
    return absl::OkStatus();
  }
  return InvalidArgument("there is no option ", Quoted(line),
                         "; options are `now TIME`, `nonce TEXT`, `assume-proven` and "
                         "`refuse-now`");
}

// A mistake in the golden file itself is at its line.
std::string ErrorLine(JsonError error, const std::string& path, const GoldenSection& section) {
  if (error.file.empty()) {
    error.file = path;
    error.line = error.line == 0 ? section.line : error.line + section.content_line - 1;
  }
  return FormatJsonError(error);
}

}  // namespace

absl::StatusOr<GoldenSettings> ReadSettings(const GoldenFile& file) {
  GoldenSettings settings;
  ZTP_ASSIGN_OR_RETURN(settings.now, ParseTime("2030-01-01T00:00:00Z"));
  const GoldenSection* section = file.Find("options");
  if (section == nullptr) return settings;
  std::string_view text = section->content;
  for (uint32_t line = section->content_line; !text.empty(); ++line) {
    if (const absl::Status status = ReadOption(TakeLine(text), settings); !status.ok()) {
      return InvalidArgument("line ", line, ": ", Message(status));
    }
  }
  if (!settings.nonces.empty() && file.Find("trust") == nullptr) {
    return InvalidArgument("line ", section->line,
                           ": a nonce is for evidence, which is taken by a section `trust`");
  }
  return settings;
}

absl::StatusOr<std::optional<std::string>> TrustFileOf(const GoldenSection& trust,
                                                       const std::string& folder) {
  std::string name = trust.argument;
  if (name.empty() && trust.content.starts_with('"')) {
    JsonTree tree;
    JsonError error;
    if (!tree.Parse(trust.content, JsonPath(), &error)) {
      return InvalidArgument("line ", trust.content_line, ": ", error.message);
    }
    name = tree.root().text;
    if (name.empty()) return InvalidArgument("line ", trust.content_line, ": it names no file");
  } else if (name.empty()) {
    return std::nullopt;
  } else if (!trust.content.empty()) {
    return InvalidArgument("line ", trust.line, ": the configuration is in that file or here");
  }
  return (std::filesystem::path(folder) / name).string();
}

absl::StatusOr<std::shared_ptr<evidence::Trust>> ReadTrustOf(const GoldenFile& file,
                                                             const std::string& path,
                                                             const GoldenSettings& settings) {
  const GoldenSection* section = file.Find("trust");
  if (section == nullptr) return nullptr;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  ZTP_ASSIGN_OR_RETURN(const auto named, TrustFileOf(*section, folder));
  std::shared_ptr<evidence::Trust> trust;
  std::vector<JsonError> errors;
  if (named) {
    if (const absl::Status read = LoadTrust(*named, {}, &trust, &errors); !read.ok()) {
      return InvalidArgument("line ", section->line, ": ", Message(read));
    }
  } else {
    trust = ReadTrustIn(folder, section->content, {}, &errors);
  }
  if (trust == nullptr) {
    std::vector<std::string> lines;
    for (JsonError& error : errors) lines.push_back(ErrorLine(std::move(error), path, *section));
    return InvalidArgument(Join(lines, "\n"));
  }
  if (const absl::Status status = ExpectNonces(*trust, settings.nonces, settings.now);
      !status.ok()) {
    return InvalidArgument("a nonce of the options: ", Message(status));
  }
  return trust;
}

}  // namespace ztp::scenario
