// ztp check: parse and type-check.
#include "bindings/cli/common.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"

namespace ztp::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string format = "text";
  bool deny_warnings = false;
};

int Run(const Options& options) {
  driver::Compiler compiler;
  if (const absl::Status status = compiler.AddPaths(options.paths); !status.ok())
    return Fail(status);
  const bool ok = compiler.Check();
  const DiagnosticSink& sink = compiler.diagnostics();
  if (options.format == "json") {
    Print(RenderJson(sink, compiler.sources()));
  } else if (options.format == "sarif") {
    Print(RenderSarif(sink, compiler.sources(), ZTP_VERSION));
  } else {
    Print(RenderText(sink, compiler.sources(), {.color = ColorOutput()}));
    if (ok) {
      size_t guarantees = 0;
      for (const sema::Rule& rule : compiler.program()->rules) {
        guarantees += rule.kind == sema::RuleKind::kNever || rule.kind == sema::RuleKind::kAlways;
      }
      const size_t rules = compiler.program()->rules.size() - guarantees;
      Print(Cat("ok: ", rules, rules == 1 ? " rule, " : " rules, ", guarantees,
                guarantees == 1 ? " guarantee (not proven), " : " guarantees (not proven), ",
                compiler.program()->tests.size(),
                compiler.program()->tests.size() == 1 ? " test\n" : " tests\n"));
    }
  }
  if (!ok) return kFailed;
  return options.deny_warnings && sink.warning_count() > 0 ? kFailed : kDone;
}

}  // namespace

void AddCheck(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "check", "Parse and type-check policies: every error and warning in one go");
  command
      ->add_option("PATH", options->paths,
                   "files, and folders with .ztp files; - is standard input")
      ->required();
  command->add_option("--format", options->format, "what to print the findings as")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->capture_default_str();
  command->add_flag("--deny-warnings", options->deny_warnings, "fail if there are warnings");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
