// ztp dump: show an intermediate form.
#include "engine/ir/dump.h"
#include "bindings/cli/common.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/sema/program.h"
#include "engine/syntax/print.h"

namespace ztp::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string print = "typed";
};

int Run(const Options& options) {
  if (options.print == "bundle" && options.paths.size() == 1 &&
      options.paths[0].ends_with(".ztpb")) {
    const absl::StatusOr<DecisionProgram> program = OpenBundle(options.paths[0]);
    if (!program.ok()) return Fail(program.status());
    Print(DescribeBundle(*program, program->bundle.size()));
    return kDone;
  }
  driver::Compiler compiler;
  const int code = Compile(compiler, options.paths);
  // A syntax tree is there even where something else is wrong.
  if (options.print == "ast") {
    for (const syntax::Ast* ast : compiler.asts()) Print(syntax::Print(*ast, compiler.interner()));
    return code;
  }
  if (code != kDone) return code;
  if (options.print == "typed") {
    Print(sema::Print(*compiler.program()));
    return kDone;
  }
  const DecisionProgram program = compiler.Lower();
  if (options.print == "ir") {
    Print(ir::Dump(program));
    return kDone;
  }
  Print(DescribeBundle(program, WriteBundle(program).size()));
  return kDone;
}

}  // namespace

void AddDump(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "dump", "Show an intermediate form: for those who work on the compiler, and the curious");
  command
      ->add_option("PATH", options->paths,
                   "files, and folders with .ztp files; for --print=bundle also a bundle")
      ->required();
  command
      ->add_option("--print", options->print,
                   "syntax tree, typed program, decision program, or bundle")
      ->check(CLI::IsMember({"ast", "typed", "ir", "bundle"}))
      ->capture_default_str();
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
