#include "engine/scenario/golden.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"
#include "engine/driver/files.h"
#include "engine/eval/json_request.h"
#include "engine/facts/json_facts.h"
#include "engine/ir/dump.h"
#include "engine/scenario/decision_text.h"
#include "engine/scenario/golden_http.h"
#include "engine/scenario/run_tests.h"
#include "engine/scenario/ways.h"

namespace ztp::scenario {
namespace {

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (const std::string_view line = text.substr(0, end); !line.empty()) lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The sections that say what is expected.
struct Expected {
  std::string_view kind;
  std::string GoldenActual::*text;
};
constexpr Expected kExpected[] = {{"diagnostics", &GoldenActual::diagnostics},
                                  {"tests", &GoldenActual::tests},
                                  {"decisions", &GoldenActual::decisions},
                                  {"outcomes", &GoldenActual::outcomes},
                                  {"program", &GoldenActual::program}};

struct Settings {
  Time now = *ParseTime("2030-01-01T00:00:00Z");
  bool assume_proven = false;
  bool accept_now = true;  // a request may bring its own time
};

absl::StatusOr<Settings> ReadSettings(const GoldenFile& file) {
  Settings settings;
  const GoldenSection* section = file.Find("options");
  if (section == nullptr) return settings;
  for (std::string_view line : Lines(section->content)) {
    if (line == "assume-proven") {
      settings.assume_proven = true;
    } else if (line == "refuse-now") {
      settings.accept_now = false;
    } else if (line.starts_with("now ")) {
      ZTP_ASSIGN_OR_RETURN(settings.now, ParseTime(line.substr(4)));
    } else {
      return InvalidArgument("there is no option ", Quoted(line),
                             "; options are `now TIME`, `assume-proven` and `refuse-now`");
    }
  }
  return settings;
}

std::string RunOwnTests(const sema::Program& program, const SourceManager& sources) {
  TestReport report;
  RunTests(program, sources, "", &report, nullptr);
  return report.results.empty() ? std::string() : RenderPretty(report, {.verbose = true});
}

std::string ErrorLines(const std::vector<JsonError>& errors) {
  std::string out;
  for (const JsonError& error : errors) Append(out, FormatJsonError(error), "\n");
  return out;
}

// Decisions on requests, and what becomes of HTTP requests.
absl::Status DecideAll(const GoldenFile& file, const sema::Program& program,
                       const SourceManager& sources, GoldenActual* actual) {
  const GoldenSection* requests = file.Find("requests");
  const GoldenSection* facts = file.Find("facts");
  const GoldenSection* http = file.Find("http");
  if (requests == nullptr && facts == nullptr && http == nullptr) return absl::OkStatus();
  ZTP_ASSIGN_OR_RETURN(const Settings settings, ReadSettings(file));
  ZTP_ASSIGN_OR_RETURN(const std::unique_ptr<Ways> ways, Ways::Make(program, sources));
  FactsReader reader(program.schema, {.assume_proven = settings.assume_proven});
  if (facts != nullptr) reader.Add("facts", facts->content);
  if (!reader.ok()) {
    actual->decisions = ErrorLines(reader.errors());
    return absl::OkStatus();
  }
  const absl::StatusOr<Ways::World> world = ways->Load(std::move(reader.entities()));
  if (!world.ok()) {
    actual->decisions = Cat("facts: ", Message(world.status()), "\n");
    return absl::OkStatus();
  }

  RequestOptions options;
  options.now = settings.now;
  options.accept_now = settings.accept_now;
  options.assume_proven = settings.assume_proven;
  const RuleNames names = [&](uint32_t rule) { return program.rules[rule].full_name(); };
  const DecideJson decide = [&](std::string_view text) -> absl::StatusOr<std::string> {
    RequestReader request_reader(program.schema, text, options);
    std::string out;
    ReadRequestResult read;
    while (request_reader.Next(&read)) {
      if (!read.request) {
        out += ErrorLines(read.errors);
        continue;
      }
      ZTP_ASSIGN_OR_RETURN(const Decision decision, ways->Decide(*world, *read.request));
      Append(out, FormatDecision(program.schema, decision, names), "\n");
    }
    return out;
  };
  if (requests != nullptr) {
    ZTP_ASSIGN_OR_RETURN(actual->decisions, decide(requests->content));
  } else if (http == nullptr) {
    actual->decisions = "facts loaded\n";
  }
  if (http != nullptr) {
    ZTP_ASSIGN_OR_RETURN(actual->outcomes,
                         RunHttp(program.schema, http->content, settings.now, decide));
  }
  return absl::OkStatus();
}

// The first lines that differ, as `- expected` and `+ got`.
std::string Difference(std::string_view expected, std::string_view actual) {
  const std::vector<std::string_view> a = Lines(expected), b = Lines(actual);
  std::string out;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string_view left = i < a.size() ? a[i] : "", right = i < b.size() ? b[i] : "";
    if (left == right) continue;
    if (i < a.size()) Append(out, "- ", left, "\n");
    if (i < b.size()) Append(out, "+ ", right, "\n");
  }
  return out.empty() ? "(blank lines differ)\n" : out;
}

// Does some line change between one that begins with `good` and anything else? Of decisions that is
// an allow, of tests one that passes.
bool Turns(std::string_view expected, std::string_view actual, std::string_view good) {
  const std::vector<std::string_view> a = Lines(expected), b = Lines(actual);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].starts_with(good) != b[i].starts_with(good)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<GoldenFile> WithFilesBeside(GoldenFile file, const std::string& folder) {
  for (GoldenSection& section : file.sections) {
    if (!section.content.empty() || section.argument.empty()) continue;
    ZTP_ASSIGN_OR_RETURN(
        section.content,
        driver::ReadFile((std::filesystem::path(folder) / section.argument).string(),
                         kMaxSourceFileBytes));
  }
  return file;
}

absl::StatusOr<GoldenActual> RunGolden(const GoldenFile& file) {
  GoldenActual actual;
  driver::Compiler compiler;
  for (const GoldenSection& section : file.sections) {
    if (section.kind == "policy") compiler.AddText(section.argument, section.content + "\n");
  }
  const bool ok = compiler.Check();
  actual.diagnostics = RenderText(compiler.diagnostics(), compiler.sources());
  if (ok) {
    ZTP_RETURN_IF_ERROR(DecideAll(file, *compiler.program(), compiler.sources(), &actual));
    actual.tests = RunOwnTests(*compiler.program(), compiler.sources());
    if (file.Find("program") != nullptr) actual.program = ir::Dump(compiler.Lower());
  }
  // As a section keeps them.
  for (const Expected& e : kExpected) {
    std::string& text = actual.*e.text;
    while (text.ends_with('\n')) text.pop_back();
  }
  return actual;
}

TestResult RunGoldenFile(const std::string& path, const GoldenOptions& options) {
  const std::filesystem::path as_path(path);
  TestResult result{
      .suite = as_path.parent_path().string(), .name = as_path.stem().string(), .place = path};
  auto fail = [&](std::string message) {
    result.failures.push_back({path, std::move(message)});
    return result;
  };
  const absl::StatusOr<std::string> text = driver::ReadFile(path, kMaxSourceFileBytes);
  if (!text.ok()) return fail(std::string(Message(text.status())));
  absl::StatusOr<GoldenFile> file = ParseGolden(*text);
  if (!file.ok()) return fail(std::string(Message(file.status())));
  const absl::StatusOr<GoldenFile> whole = WithFilesBeside(*file, as_path.parent_path().string());
  if (!whole.ok()) return fail(std::string(Message(whole.status())));
  const absl::StatusOr<GoldenActual> actual = RunGolden(*whole);
  if (!actual.ok()) return fail(std::string(Message(actual.status())));

  auto expected = [&](std::string_view kind) {
    const GoldenSection* section = file->Find(kind);
    return section == nullptr ? std::string() : section->content;
  };
  if (std::all_of(std::begin(kExpected), std::end(kExpected),
                  [&](const Expected& e) { return expected(e.kind) == (*actual).*e.text; })) {
    return result;
  }
  if (options.update) {
    const std::string decisions = expected("decisions"), tests = expected("tests");
    const std::string outcomes = expected("outcomes");
    if (!options.accept_decisions &&
        (Turns(decisions, actual->decisions, "allow") || Turns(tests, actual->tests, "pass") ||
         Turns(outcomes, actual->outcomes, "allow"))) {
      return fail(
          Cat("not updated: a decision would change (--accept-decisions if that is meant)\n",
              Difference(Cat(tests, "\n", decisions, "\n", outcomes),
                         Cat(actual->tests, "\n", actual->decisions, "\n", actual->outcomes))));
    }
    for (const Expected& e : kExpected) file->Set(e.kind, (*actual).*e.text);
    if (const absl::Status status = driver::WriteFile(path, file->Print()); !status.ok()) {
      return fail(std::string(Message(status)));
    }
    result.updated = true;
    return result;
  }
  for (const Expected& e : kExpected) {
    const std::string before = expected(e.kind);
    if (before == (*actual).*e.text) continue;
    fail(Cat("the section '", e.kind, "' differs:\n", Difference(before, (*actual).*e.text)));
  }
  return result;
}

}  // namespace ztp::scenario
