// See golden_run.h.
#include "engine/scenario/golden_run.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"
#include "engine/eval/json_request.h"
#include "engine/evidence/policy_trust.h"
#include "engine/evidence/stored_proof.h"
#include "engine/facts/json_facts.h"
#include "engine/ir/dump.h"
#include "engine/scenario/decision_text.h"
#include "engine/scenario/golden_http.h"
#include "engine/scenario/golden_settings.h"
#include "engine/scenario/run_tests.h"
#include "engine/scenario/ways.h"

namespace ztp::scenario {
namespace {

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

// The requests of one golden file: its facts, its settings and whose evidence it takes.
class Decider {
 public:
  static absl::StatusOr<std::unique_ptr<Decider>> Make(const GoldenFile& file,
                                                       const std::string& path,
                                                       const sema::Program& program,
                                                       const SourceManager& sources) {
    ZTP_ASSIGN_OR_RETURN(GoldenSettings settings, ReadSettings(file));
    std::unique_ptr<Decider> decider(new Decider(program, std::move(settings)));
    ZTP_ASSIGN_OR_RETURN(decider->ways_, Ways::Make(program, sources));
    ZTP_ASSIGN_OR_RETURN(auto trust, ReadTrustOf(file, path, decider->settings_));
    if (trust != nullptr) {
      auto met = evidence::PolicyTrust::Make(std::move(trust), program.schema);
      if (!met.ok()) {
        return InvalidArgument("line ", file.Find("trust")->line, ": ", Message(met.status()));
      }
      decider->trust_ = *std::move(met);
    }
    return decider;
  }

  // The facts, or none; what is wrong with them, or nothing.
  std::string Load(const GoldenSection* facts) {
    std::optional<evidence::FactsProver> prover;
    if (trust_ != nullptr) prover.emplace(trust_, settings_.now);
    FactsReader reader(program_.schema, {.assume_proven = settings_.assume_proven,
                                         .prover = prover ? &*prover : nullptr});
    if (facts != nullptr) reader.Add("facts", facts->content);
    if (!reader.ok()) return ErrorLines(reader.errors());
    absl::StatusOr<Ways::World> world = ways_->Load(std::move(reader.entities()));
    if (!world.ok()) return Cat("facts: ", Message(world.status()), "\n");
    world_ = *std::move(world);
    return {};
  }

  // Decisions on requests, with what became of their evidence. Internal: Ways::Decide's.
  absl::StatusOr<std::string> Decide(std::string_view requests,
                                     std::span<const evidence::VerifiedItem> verified = {}) {
    RequestOptions options;
    options.now = settings_.now;
    options.accept_now = settings_.accept_now;
    options.assume_proven = settings_.assume_proven;
    options.accept_evidence = trust_ != nullptr;
    const RuleNames names = [&](uint32_t rule) { return program_.rules[rule].full_name(); };
    RequestReader reader(program_.schema, requests, options);
    std::string out;
    ReadRequestResult read;
    while (reader.Next(&read)) {
      if (!read.request) {
        out += ErrorLines(read.errors);
        continue;
      }
      std::vector<EvidenceOutcome> evidence;
      if (!read.evidence.empty()) {
        evidence = trust_->Prove(read.evidence, *world_.snapshot, &*read.request, verified);
      }
      ZTP_ASSIGN_OR_RETURN(const Decision decision, ways_->Decide(world_, *read.request));
      Append(out, FormatDecision(program_.schema, decision, names), "\n");
      for (const EvidenceOutcome& one : evidence) Append(out, "  ", FormatEvidence(one), "\n");
    }
    return out;
  }

  absl::StatusOr<std::string> Route(std::string_view http, const std::string& folder) {
    return RunHttp(
        program_.schema, http, {.folder = folder, .now = settings_.now, .trust = trust_.get()},
        [this](std::string_view request, std::span<const evidence::VerifiedItem> verified) {
          return Decide(request, verified);
        });
  }

 private:
  Decider(const sema::Program& program, GoldenSettings settings)
      : program_(program), settings_(std::move(settings)) {}

  const sema::Program& program_;
  const GoldenSettings settings_;
  std::unique_ptr<Ways> ways_;
  std::shared_ptr<const evidence::PolicyTrust> trust_;  // null: nobody's evidence is taken
  Ways::World world_;
};

absl::Status DecideAll(const GoldenFile& file, const std::string& path,
                       const sema::Program& program, const SourceManager& sources,
                       GoldenActual* actual) {
  const GoldenSection* facts = file.Find("facts");
  const GoldenSection* requests = file.Find("requests");
  const GoldenSection* http = file.Find("http");
  const bool decides = facts != nullptr || requests != nullptr || http != nullptr;
  if (!decides && file.Find("options") == nullptr && file.Find("trust") == nullptr) {
    return absl::OkStatus();
  }
  ZTP_ASSIGN_OR_RETURN(const auto decider, Decider::Make(file, path, program, sources));
  actual->decisions = decider->Load(facts);
  if (!actual->decisions.empty()) return absl::OkStatus();
  if (requests != nullptr) {
    ZTP_ASSIGN_OR_RETURN(actual->decisions, decider->Decide(requests->content));
  } else if (facts != nullptr && http == nullptr) {
    actual->decisions = "facts loaded\n";
  }
  if (http != nullptr) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    ZTP_ASSIGN_OR_RETURN(actual->outcomes, decider->Route(http->content, folder));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GoldenActual> RunGolden(const GoldenFile& file, const std::string& path) {
  GoldenActual actual;
  driver::Compiler compiler;
  for (const GoldenSection& section : file.sections) {
    if (section.kind == "policy") compiler.AddText(section.argument, section.content + "\n");
  }
  const bool ok = compiler.Check();
  actual.diagnostics = RenderText(compiler.diagnostics(), compiler.sources());
  if (ok) {
    ZTP_RETURN_IF_ERROR(DecideAll(file, path, *compiler.program(), compiler.sources(), &actual));
    actual.tests = RunOwnTests(*compiler.program(), compiler.sources());
    if (file.Find("program") != nullptr) actual.program = ir::Dump(compiler.Lower());
  }
  // As a section keeps them.
  for (const ExpectedSection& e : kExpectedSections) {
    std::string& text = actual.*e.text;
    while (text.ends_with('\n')) text.pop_back();
  }
  return actual;
}

}  // namespace ztp::scenario
