// ztp decide: requests in, decisions out.
#include "engine/eval/decide.h"

#include <chrono>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/server/audit_options.h"
#include "engine/audit/decision_ids.h"
#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/eval/json_decision.h"
#include "engine/eval/json_request.h"
#include "engine/evidence/policy_trust.h"
#include "engine/runtime/world.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string policy;
  FactsArguments facts;
  SignedByArguments signed_by;
  std::string requests = "-";
  bool explain = false;
  server::AuditLogOptions audit;
};

// Answers leave through here: those that are to be logged once they are.
class Answers {
 public:
  // No log where none is asked for. The errors of OpenAuditLog.
  absl::Status Open(const server::AuditLogOptions& options) {
    if (options.folder.empty()) return absl::OkStatus();
    ZTP_ASSIGN_OR_RETURN(log_, server::OpenAuditLog(options, LoadPrivateKey));
    blocks_ = options.when_full == audit::WhenFull::kBlock;
    return absl::OkStatus();
  }
  // Before what is to be timed.
  void Begin() { begin_ = std::chrono::steady_clock::now(); }
  absl::Status Put(std::string_view request, const std::string& answer, Time now) {
    if (log_ != nullptr) {
      const auto taken = std::chrono::steady_clock::now() - begin_;
      const std::string id = ids_.Next();
      audit::DecisionRecord record;
      record.id = id;
      record.request = request;
      record.answer = answer;
      record.time = now;
      record.latency_nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
      const uint64_t ticket = log_->Append(record);
      if (blocks_) ZTP_RETURN_IF_ERROR(log_->Wait(ticket));
    }
    Print(answer);
    return absl::OkStatus();
  }
  absl::Status Close() { return log_ == nullptr ? absl::OkStatus() : log_->Close(); }

 private:
  std::unique_ptr<audit::AuditLog> log_;
  bool blocks_ = true;
  audit::DecisionIds ids_;
  std::chrono::steady_clock::time_point begin_;
};

int Run(const Options& options) {
  const LoadedWorld world = LoadWorld(options.policy, options.facts, options.signed_by);
  if (world.exit_code != kDone) return world.exit_code;
  const absl::StatusOr<std::string> text = driver::ReadFile(options.requests, kMaxJsonFileBytes);
  if (!text.ok()) return Fail(text.status());

  RequestOptions request_options;
  request_options.now = world.now;
  request_options.accept_now = options.facts.assume_proven;
  request_options.assume_proven = options.facts.assume_proven;
  request_options.accept_evidence = world.trust != nullptr;
  RequestReader reader(world.policy->program().schema, *text, request_options);
  const std::string policy_digest = PolicyDigest(world.policy->program());
  const DecisionOrigin origin{policy_digest, world.snapshot->version()};
  Scratch scratch;
  ReadRequestResult read;
  Answers answers;
  if (const absl::Status status = answers.Open(options.audit); !status.ok()) return Fail(status);
  size_t count = 0, denied = 0, wrong = 0;
  if (reader.is_array()) Print("[\n");
  while (answers.Begin(), reader.Next(&read)) {
    if (count++ > 0) Print(reader.is_array() ? ",\n" : "\n");
    if (!read.request) {
      // A request that cannot be understood is denied; the others are decided all the same.
      ++wrong;
      const absl::Status put = answers.Put(read.text, WriteRefusal(read.errors), world.now);
      if (!put.ok()) return Fail(put);
      for (JsonError& error : read.errors) {
        if (error.file.empty()) error.file = options.requests == "-" ? "<stdin>" : options.requests;
        PrintError(Cat(FormatJsonError(error), "\n"));
      }
      continue;
    }
    std::vector<EvidenceOutcome> outcomes;
    if (!read.evidence.empty()) {
      outcomes = world.trust->Prove(read.evidence, *world.snapshot, &*read.request);
    }
    const Decision decision = Decide(*world.policy, *world.snapshot, *read.request, scratch);
    if (!decision.allow) ++denied;
    std::optional<Explanation> explanation;
    if (options.explain)
      explanation = Explain(*world.policy, *world.snapshot, *read.request, scratch);
    const absl::Status put =
        answers.Put(read.text,
                    WriteDecision(world.policy->program(), decision, origin,
                                  explanation ? &*explanation : nullptr, outcomes),
                    world.now);
    if (!put.ok()) return Fail(put);
  }
  if (count > 0) Print("\n");
  if (reader.is_array()) Print("]\n");
  if (const absl::Status status = answers.Close(); !status.ok()) return Fail(status);
  if (count == 0) {
    PrintError("ztp: there is no request\n");
    return kFailed;
  }
  return wrong > 0 ? kFailed : denied > 0 ? kDenied : kDone;
}

}  // namespace

void AddDecide(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("decide", "Decide requests: AuthZEN JSON in, a decision a line out");
  command
      ->add_option("-p,--policy", options->policy,
                   "a policy: a .ztp file, a folder of them, or a bundle (.ztpb)")
      ->required();
  command->add_option("-f,--facts", options->facts.files, kFactsHelp);
  command
      ->add_option("-r,--requests", options->requests,
                   "requests: an object, an array or JSON Lines; - is standard input")
      ->capture_default_str();
  options->signed_by.AddOptions(*command);
  command->add_flag("--explain", options->explain,
                    "list each rule in scope with its clauses' values and what they read");
  command->add_option("--now", options->facts.now,
                      "decide as if it were this time (RFC 3339), for tests and replay");
  command->add_flag(
      "--assume-proven", options->facts.assume_proven,
      "take proven inputs and attributes as plain JSON, and `context.now`, for tests and replay");
  command->add_option("--trust", options->facts.trust,
                      "take `evidence` of requests and facts by this trust configuration");
  command->add_option("--nonce", options->facts.nonces, kNonceHelp);
  command->add_flag("--dangling", options->facts.list_dangling,
                    "list the references to entities that are not there");
  server::AddAuditLogOptions(*command, &options->audit);
  command->footer(
      "Exit codes: 0 all are allowed, 2 one is denied, 1 the policy, the facts or a request has "
      "errors.");
  command->callback([=] {
    if (const std::string problem = options->audit.Problem(); !problem.empty()) {
      throw CLI::ValidationError(problem);
    }
    *action = [=] { return Run(*options); };
  });
}

}  // namespace ztp::cli
