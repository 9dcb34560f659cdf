#include "engine/scenario/golden.h"

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/scenario/golden_compare.h"
#include "engine/scenario/golden_run.h"

namespace ztp::scenario {
namespace {

// A section is left out where there is nothing.
std::string ContentOf(const GoldenFile& file, std::string_view kind) {
  const GoldenSection* section = file.Find(kind);
  return section == nullptr ? std::string() : section->content;
}

// Would what came turn a decision, or a test, of what is expected? The lines that differ then.
std::optional<std::string> Turned(const GoldenFile& file, const GoldenActual& actual) {
  std::string before, after;
  bool turned = false;
  for (const ExpectedSection& e : kExpectedSections) {
    if (e.good.empty()) continue;
    const std::string expected = ContentOf(file, e.kind);
    turned |= Turns(expected, actual.*e.text, e.good, e.units);
    Append(before, expected, "\n");
    Append(after, actual.*e.text, "\n");
  }
  return turned ? std::optional(Difference(before, after)) : std::nullopt;
}

}  // namespace

absl::StatusOr<GoldenFile> WithFilesBeside(GoldenFile file, const std::string& folder) {
  for (GoldenSection& section : file.sections) {
    if (!section.content.empty() || section.argument.empty()) continue;
    if (section.kind == "trust") continue;  // it names files itself, relative to its own
    ZTP_ASSIGN_OR_RETURN(
        section.content,
        driver::ReadFile((std::filesystem::path(folder) / section.argument).string(),
                         kMaxSourceFileBytes));
  }
  return file;
}

TestResult RunGoldenFile(const std::string& path, const GoldenOptions& options) {
  const std::filesystem::path as_path(path);
  const std::string folder = as_path.parent_path().string();
  TestResult result{.suite = folder, .name = as_path.stem().string(), .place = path};
  auto fail = [&](std::string_view message) {
    result.failures.push_back({path, std::string(message)});
    return result;
  };
  const absl::StatusOr<std::string> text = driver::ReadFile(path, kMaxSourceFileBytes);
  if (!text.ok()) return fail(Message(text.status()));
  absl::StatusOr<GoldenFile> file = ParseGolden(*text);
  if (!file.ok()) return fail(Message(file.status()));
  const absl::StatusOr<GoldenFile> whole = WithFilesBeside(*file, folder);
  if (!whole.ok()) return fail(Message(whole.status()));
  const absl::StatusOr<GoldenActual> actual = RunGolden(*whole, path);
  if (!actual.ok()) return fail(Message(actual.status()));

  for (const ExpectedSection& e : kExpectedSections) {
    const std::string expected = ContentOf(*file, e.kind);
    if (expected == (*actual).*e.text) continue;
    fail(Cat("the section '", e.kind, "' differs:\n", Difference(expected, (*actual).*e.text)));
  }
  if (result.passed() || !options.update) return result;

  result.failures.clear();
  if (!options.accept_decisions) {
    if (const auto turned = Turned(*file, *actual)) {
      return fail(Cat(
          "not updated: a decision would change (--accept-decisions if that is meant)\n", *turned));
    }
  }
  for (const ExpectedSection& e : kExpectedSections) file->Set(e.kind, (*actual).*e.text);
  const absl::Status written = driver::WriteFile(path, file->Print());
  if (!written.ok()) return fail(Message(written));
  result.updated = true;
  return result;
}

}  // namespace ztp::scenario
