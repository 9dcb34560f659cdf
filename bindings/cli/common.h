// What the subcommands share: exit codes, output, and loading what the user named.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/time.h"
#include "engine/driver/compiler.h"
#include "engine/eval/policy.h"
#include "engine/evidence/policy_trust.h"
#include "engine/evidence/trust.h"
#include "engine/facts/snapshot.h"
#include "engine/runtime/signed_files.h"

namespace ztp::cli {

enum ExitCode : int {
  kDone = 0,    // or: allowed
  kFailed = 1,  // the input or policy has errors, or a test failed
  kDenied = 2,
  kUsage = 3,
  kEnvironment = 4,  // a file that cannot be read, a disk that is full
};

// What a subcommand does once its arguments are parsed; returns the exit code.
using Action = std::function<int()>;

// Each adds its subcommand to the application and sets `*action` when it is the one called.
void AddAudit(CLI::App& app, Action* action);
void AddBench(CLI::App& app, Action* action);
void AddBuild(CLI::App& app, Action* action);
void AddCheck(CLI::App& app, Action* action);
void AddCi(CLI::App& app, Action* action);
void AddDecide(CLI::App& app, Action* action);
void AddDump(CLI::App& app, Action* action);
void AddFacts(CLI::App& app, Action* action);
void AddFmt(CLI::App& app, Action* action);
void AddKeygen(CLI::App& app, Action* action);
void AddLineage(CLI::App& app, Action* action);
void AddReplay(CLI::App& app, Action* action);
void AddRim(CLI::App& app, Action* action);
void AddRoute(CLI::App& app, Action* action);
void AddServe(CLI::App& app, Action* action);
void AddSign(CLI::App& app, Action* action);
void AddSigned(CLI::App& app, Action* action);
void AddTest(CLI::App& app, Action* action);
void AddVerify(CLI::App& app, Action* action);

// Standard output and standard error. Colours only on a terminal, and never where NO_COLOR is set.
void Print(std::string_view text);
void PrintError(std::string_view text);
bool ColorOutput();
bool ColorErrors();

// "ztp: …" on standard error; the exit code that the status asks for.
int Fail(const absl::Status& status);

// Parses and checks; prints the diagnostics to standard error. An exit code other than kDone: there
// is no program.
int Compile(driver::Compiler& compiler, const std::vector<std::string>& paths);

// A decision program from a source path, a folder of them, or a bundle. On failure the reason has
// been printed.
struct LoadedPolicy {
  int exit_code = kDone;
  std::optional<DecisionProgram> program;
};
// With `signers`, only a bundle that they have signed at `now`.
LoadedPolicy LoadPolicy(const std::string& path, SignedFiles* signers = nullptr, Time now = {});

// The snapshot of some facts files (none: an empty one): JSON, or one facts file (.ztpf). On a
// terminal a progress bar is shown. On failure the reason has been printed.
struct LoadedFacts {
  int exit_code = kDone;
  std::shared_ptr<const Snapshot> snapshot;
};
struct FactsArguments {
  std::vector<std::string> files;
  bool assume_proven = false;
  bool list_dangling = false;
  std::string trust;                // --trust; empty: no evidence is taken
  std::vector<std::string> nonces;  // --nonce
  std::string now;                  // --now: when evidence is verified
  bool keep_evidence = false;       // for WriteFacts
};
// `trust` is of the policy, or null. With `signers`, only files that they have signed at `now`.
LoadedFacts LoadFactsFiles(const Policy& policy, const FactsArguments& arguments,
                           std::shared_ptr<const evidence::PolicyTrust> trust, Time now,
                           SignedFiles* signers = nullptr);

// Who must have signed the policy and the facts.
struct SignedByArguments {
  std::vector<std::string> keys;  // files; none: nobody need
  size_t threshold = 1;
  std::string state;
  void AddOptions(CLI::App& command);
};

// All ready to decide: the policy as LoadPolicy takes it, its facts, and whose evidence is taken.
struct LoadedWorld {
  int exit_code = kDone;
  std::shared_ptr<const Policy> policy;
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const evidence::PolicyTrust> trust;  // null: nobody's
  Time now;                                            // ClockFrom(facts.now)
};
LoadedWorld LoadWorld(const std::string& policy, const FactsArguments& facts,
                      const SignedByArguments& signed_by = {});
inline constexpr char kFactsHelp[] =
    "facts: JSON, an array or a line an entity, and may be given again; or one facts file (.ztpf, "
    "as ztp facts build makes it)";

// Whom to believe about what (--trust). On failure the reason has been printed.
struct LoadedTrust {
  int exit_code = kDone;
  std::shared_ptr<evidence::Trust> trust;
};
LoadedTrust LoadTrust(const std::string& path);
inline constexpr char kFactsTrustHelp[] = "take `evidence` of facts by this trust configuration";
inline constexpr char kTrustHelp[] =
    "the trust configuration: which sources of evidence are believed, about what";
inline constexpr char kNonceHelp[] =
    "a nonce that was given out, for sources that demand one; may be given again";

// The clock that decisions are made at: --now, or the system's.
absl::StatusOr<Time> ClockFrom(const std::string& now);

}  // namespace ztp::cli
