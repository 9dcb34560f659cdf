// ztp fmt: the one layout.
#include "bindings/cli/common.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/files.h"
#include "engine/syntax/format.h"

namespace ztp::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool check = false;
};

int Run(const Options& options) {
  const absl::StatusOr<std::vector<std::string>> files = driver::FindFiles(options.paths, {".ztp"});
  if (!files.ok()) return Fail(files.status());
  int code = kDone;
  for (const std::string& file : *files) {
    absl::StatusOr<std::string> text = driver::ReadFile(file, kMaxSourceFileBytes);
    if (!text.ok()) return Fail(text.status());
    SourceManager sources;
    DiagnosticSink sink;
    const FileId id = sources.Add(file, *text);
    const absl::StatusOr<std::string> formatted = syntax::Format(sources, id, sink);
    if (!formatted.ok()) {
      const std::string findings = RenderText(sink, sources, {.color = ColorErrors()});
      PrintError(findings.empty() ? Cat("ztp: ", file, ": ", Message(formatted.status()), "\n")
                                  : findings);
      code = kFailed;
    } else if (file == "-") {
      Print(*formatted);
    } else if (*formatted != *text) {
      if (options.check) {
        Print(Cat(file, ": not in the one layout (ztp fmt rewrites it)\n"));
        code = kFailed;
      } else {
        if (const absl::Status status = driver::WriteFile(file, *formatted); !status.ok())
          return Fail(status);
        Print(Cat("formatted ", file, "\n"));
      }
    }
  }
  return code;
}

}  // namespace

void AddFmt(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("fmt", "Rewrite policies in the one layout; comments are kept");
  command
      ->add_option("PATH", options->paths,
                   "files, and folders with .ztp files; - reads standard input and prints")
      ->required();
  command->add_flag("--check", options->check,
                    "change nothing; name the files that are not in the one layout and fail");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
