// ztp build: compile to a bundle.
#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/cli/sign_file.h"
#include "engine/base/str.h"
#include "engine/bundle/write.h"
#include "engine/driver/files.h"

namespace ztp::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output;
  uint64_t max_tests = 0;
  uint64_t max_scratch = 0;
  FileSignature signature;
};

// What an operator should know of the program before it is deployed.
std::string Summary(const DecisionProgram& program) {
  std::string out;
  size_t width = 6;
  for (const ztp::Action& action : program.schema.actions)
    width = std::max(width, action.json_name.size());
  Append(out, "action", std::string(width - 6, ' '),
         "  rules  worst case: tests, bytes of working memory\n");
  for (size_t i = 0; i < program.schema.actions.size(); ++i) {
    const std::string& name = program.schema.actions[i].json_name;
    const ActionPlan& plan = program.plans[i];
    const std::string rules = Cat(plan.forbid_count + plan.permit_count + plan.duty_count);
    Append(out, name, std::string(width - name.size() + 2, ' '),
           std::string(5 - std::min<size_t>(5, rules.size()), ' '), rules, "  ", plan.worst_atoms,
           ", ", plan.scratch_bytes,
           plan.flags & ActionPlan::kNotFreestanding
               ? "  not freestanding: runs RE2 on a request's strings"
               : "",
           "\n");
  }
  for (const GuaranteeRecord& guarantee : program.guarantees) {
    if (guarantee.status == GuaranteeRecord::Status::kNotProven) {
      Append(out, "not proven: ", program.RuleName(guarantee.rule), "\n");
    }
  }
  return out;
}

// Which actions can cost more than the operator allows; false: some can.
bool KeepsLimits(const DecisionProgram& program, const Options& options) {
  bool keeps = true;
  auto check = [&](const std::string& action, uint64_t worst, uint64_t most, const char* what) {
    if (most == 0 || worst <= most) return;
    keeps = false;
    PrintError(Cat("ztp: action ", action, " can take ", worst, " ", what, "; at most ", most,
                   " are allowed here\n"));
  };
  for (size_t i = 0; i < program.schema.actions.size(); ++i) {
    const std::string& name = program.schema.actions[i].json_name;
    check(name, program.plans[i].worst_atoms, options.max_tests, "tests (--max-tests)");
    check(name, program.plans[i].scratch_bytes, options.max_scratch,
          "bytes of working memory (--max-scratch)");
  }
  return keeps;
}

int Run(const Options& options) {
  driver::Compiler compiler;
  if (const int code = Compile(compiler, options.paths); code != kDone) return code;
  const DecisionProgram program = compiler.Lower();
  if (!KeepsLimits(program, options)) {
    Print(Summary(program));
    return kFailed;
  }
  const std::string bytes = WriteBundle(program);
  if (const absl::Status status = driver::WriteFile(options.output, bytes); !status.ok())
    return Fail(status);
  Print(Summary(program));
  Print(Cat("wrote ", options.output, ", ", bytes.size(), " bytes\n"));
  return options.signature.keys.empty() ? kDone : SignFile(options.output, options.signature);
}

}  // namespace

void AddBuild(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("build",
                                         "Compile policies to a bundle; says each action's worst "
                                         "case, what is not proven and what is not freestanding");
  command->add_option("PATH", options->paths, "files, and folders with .ztp files")->required();
  command->add_option("-o,--output", options->output, "the bundle to write (FILE.ztpb)")
      ->required();
  command->add_option("--max-tests", options->max_tests,
                      "fail if a request of some action can take more tests than this");
  command->add_option("--max-scratch", options->max_scratch,
                      "fail if it can take more bytes of working memory than this");
  command->add_option("--sign", options->signature.keys,
                      Cat("sign the bundle (FILE.ztpb.sig) with ", kKeyHelp));
  AddSignatureOptions(*command, &options->signature);
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
