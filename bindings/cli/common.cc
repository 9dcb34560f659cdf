#include "bindings/cli/common.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bindings/cli/keys.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/read.h"
#include "engine/diag/render.h"
#include "engine/driver/files.h"

namespace ztp::cli {
namespace {

bool IsTerminal(int fd) { return isatty(fd) == 1 && std::getenv("NO_COLOR") == nullptr; }

}  // namespace

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void PrintError(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }
bool ColorOutput() { return IsTerminal(STDOUT_FILENO); }
bool ColorErrors() { return IsTerminal(STDERR_FILENO); }

int Fail(const absl::Status& status) {
  PrintError(Cat("ztp: ", Message(status), "\n"));
  const bool input = absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status) ||
                     absl::IsUnimplemented(status);  // a bundle of a later format
  return input ? kFailed : kEnvironment;
}

int Compile(driver::Compiler& compiler, const std::vector<std::string>& paths) {
  if (const absl::Status status = compiler.AddPaths(paths); !status.ok()) return Fail(status);
  const bool ok = compiler.Check();
  PrintError(RenderText(compiler.diagnostics(), compiler.sources(), {.color = ColorErrors()}));
  return ok ? kDone : kFailed;
}

LoadedPolicy LoadPolicy(const std::string& path, SignedFiles* signers, Time now) {
  LoadedPolicy loaded;
  if (signers != nullptr && !path.ends_with(".ztpb")) {
    PrintError(Cat("ztp: ", path, ": only a bundle (.ztpb) can be one that somebody has signed\n"));
    return {kUsage, std::nullopt};
  }
  if (path.ends_with(".ztpb")) {
    absl::StatusOr<DecisionProgram> program;
    if (signers != nullptr) {
      auto file = signers->Open(path, kMaxBundleBytes, "a bundle", now);
      if (!file.ok()) return {Fail(file.status()), std::nullopt};
      if (!file->ok()) return {Refused(path, file->refusal()), std::nullopt};
      program = OpenBundle(path, **std::move(file));
    } else {
      program = OpenBundle(path);
    }
    if (!program.ok()) return {Fail(program.status()), std::nullopt};
    loaded.program = *std::move(program);
    return loaded;
  }
  driver::Compiler compiler;
  loaded.exit_code = Compile(compiler, {path});
  if (loaded.exit_code == kDone) loaded.program = compiler.Lower();
  return loaded;
}

absl::StatusOr<Time> ClockFrom(const std::string& now) {
  if (!now.empty()) return ParseTime(now);
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

}  // namespace ztp::cli
