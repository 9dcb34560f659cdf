#include "bench/engine.h"

#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"
#include "engine/eval/json_decision.h"
#include "engine/facts/json_facts.h"

namespace ztp::bench {
namespace {

absl::Status FirstError(const std::vector<JsonError>& errors, std::string_view what) {
  if (errors.empty()) return InvalidArgument(what, ": there is nothing");
  return InvalidArgument(what, ": ", FormatJsonError(errors.front()));
}

// Without its package.
std::string_view LocalName(std::string_view rule) { return rule.substr(rule.rfind('.') + 1); }

}  // namespace

absl::StatusOr<std::string> CompileToBundle(const std::string& policy_path) {
  driver::Compiler compiler;
  ZTP_RETURN_IF_ERROR(compiler.AddPaths({policy_path}));
  if (!compiler.Check())
    return InvalidArgument(RenderText(compiler.diagnostics(), compiler.sources(), {}));
  return WriteBundle(compiler.Lower());
}

absl::StatusOr<std::shared_ptr<const Policy>> OpenPolicy(const std::string& bundle_path) {
  ZTP_ASSIGN_OR_RETURN(DecisionProgram program, OpenBundle(bundle_path));
  return Policy::Make(std::move(program));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> LoadFacts(const Policy& policy,
                                                          std::string_view facts) {
  FactsReader reader(policy.schema(), {.assume_proven = true});
  reader.Add("facts.jsonl", facts);
  if (!reader.ok()) return FirstError(reader.errors(), "facts");
  return MakeSnapshot(policy, reader.entities());
}

absl::StatusOr<std::unique_ptr<const Subject>> Subject::Make(
    std::shared_ptr<const Policy> policy, std::shared_ptr<const Snapshot> facts,
    std::string_view bundle, const std::vector<std::string>& requests) {
  std::unique_ptr<Subject> subject(new Subject);
  subject->policy_ = std::move(policy);
  subject->facts_ = std::move(facts);
  subject->policy_digest_ = Sha256Digest(bundle);
  // Workloads bring proven inputs as plain JSON and each request's own clock, as `ztp decide
  // --assume-proven` takes them. Those without a clock do not depend on one.
  subject->options_.accept_now = subject->options_.assume_proven = true;
  for (const std::string& text : requests) {
    ZTP_ASSIGN_OR_RETURN(Request request, subject->Read(text));
    subject->requests_.push_back(std::move(request));
  }
  subject->bound_.resize(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    const absl::Status status =
        subject->bound_[i].Bind(*subject->policy_, *subject->facts_, subject->requests_[i]);
    if (!status.ok()) return InvalidArgument("request ", i, ": ", Message(status));
  }
  return std::unique_ptr<const Subject>(std::move(subject));
}

absl::StatusOr<Request> Subject::Read(std::string_view text) const {
  ReadRequestResult result = ReadRequest(text, policy_->schema(), options_);
  if (!result.request) return FirstError(result.errors, "request");
  return *std::move(result.request);
}

const Request* Subject::ReadRequestText(std::string_view text, Worker& worker) const {
  if (!worker.parser) worker.parser.emplace(policy_->schema(), options_);
  return worker.parser->Read(text);
}

std::string_view Subject::DecideText(const BoundRequest& bound, Worker& worker) const {
  const Verdict verdict = ztp::Evaluate(bound, worker.scratch);
  worker.text.clear();
  AppendDecision(bound, verdict, worker.scratch, {policy_digest_, facts_->version()}, &worker.text);
  return worker.text;
}

std::string_view Subject::WriteText(size_t request, Worker& worker) const {
  return DecideText(bound_[request], worker);
}

std::string_view Subject::TextToText(std::string_view text, Worker& worker) const {
  const Request* request = ReadRequestText(text, worker);
  if (request == nullptr || !worker.bound.Bind(*policy_, *facts_, *request).ok()) return {};
  return DecideText(worker.bound, worker);
}

std::string Subject::Answer(size_t request, Worker& worker) const {
  const Verdict verdict = ztp::Evaluate(bound_[request], worker.scratch);
  std::string answer = verdict.allow ? "allow" : "deny";
  for (const uint32_t rule : verdict.rules)
    Append(answer, " ", LocalName(policy_->program().RuleName(rule)));
  return answer;
}

}  // namespace ztp::bench
