// ztp ci: may what a pipeline has built go on? Artefacts and their evidence against a policy.
#include <algorithm>
#include <filesystem>

#include "bindings/cli/ci_check.h"
#include "bindings/cli/ci_plan.h"
#include "bindings/cli/ci_report.h"
#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/cli/progress.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/uri.h"
#include "engine/driver/files.h"
#include "engine/evidence/slsa_summary.h"
#include "engine/runtime/world.h"

namespace ztp::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string folder;
  std::string policy;
  FactsArguments facts;
  std::string trust;
  std::string plan;
  std::string principal, action, type;  // instead of a plan
  std::string now;
  std::string format = "text";
  std::string sarif;
  std::string key;
  std::string verifier;
  std::string resource_uri;
  std::string summaries;
  unsigned threads = 0;
};

constexpr char kFooter[] =
    R"(How an artefact becomes a request. Every entry of FOLDER that the plan has a pattern for is one: a
file, or a folder as a whole. The request is the plan's principal, the pattern's action, and as
resource the pattern's type with the path below FOLDER as id. What is measured are attributes, as far
as the type has them: declare it `carried vouched` with any of

  digest: Digest        a file's SHA-256; of a folder what OpenSSF Model Signing has, which leaves
                        out .git, .github, .gitattributes, .gitignore
  model_digest: Digest  what Model Signing has, of a file too (there another than its SHA-256)
  contents: Set<String> the files of a folder, below it ("." of a file)
  path: String, files: Int, bytes: Int
  bom?: Digest          of the bill of materials that lies beside it and names its digest

A type that is stored must have `digest`, and the facts must say the digest that was measured.

Which evidence is whose. NAME.sig, NAME.sigstore.json, NAME.intoto.json and NAME.intoto.jsonl belong
to the artefact NAME beside them, as do those in a model's folder (they are left out of its digest, and
must prove something); all others to the artefacts whose digest they name. Model signatures fill the
inputs of the trust configuration's sources of the kind oms, SLSA provenance and summaries those of the
kind slsa, bills of materials in a signed statement those of the kind bom: declare them `proven for
resource.digest`. Bills of materials are NAME.cdx.json, NAME.spdx.json, NAME.bom.json; what one says
that nobody signed, or whose statement is not about the artefact, is claimed. What is not proven is unbound, and a permit that needs it does not hold.

The plan (--plan):
  {"ztp_ci": 1,
   "principal": {"type": "Pipeline", "id": "release"},
   "artifacts": [{"match": "models/*", "type": "Model", "action": "promote",
                  "parameters": {"to": "production"}},
                 {"match": "logs/**", "ignore": true}],
   "context": {"ticket": "REL-12"},
   "evidence": [{"input": "run", "kind": "pipeline-token", "file": "token.jwt"}]}

In a workflow of GitHub: run it with --sarif ztp.sarif, then github/codeql-action/upload-sarif (if:
always()).

Exit codes: 0 all are allowed, 2 one is denied, 1 the policy, the plan or the facts have errors, 3
wrong usage, 4 a file cannot be read or written.)";

// What is wrong with a request, as the plan made it.
void PrintErrors(const std::vector<JsonError>& errors, const std::string& of) {
  for (JsonError error : errors) {
    if (error.file.empty()) error.file = of;
    PrintError(Cat(FormatJsonError(error), "\n"));
  }
}

int LoadPlan(const Options& options, Plan* plan) {
  if (options.plan.empty()) {
    auto made = PlanOf(options.principal, options.action, options.type);
    if (!made.ok()) {
      PrintError(Cat("ztp: ", Message(made.status()), "\n"));
      return kUsage;
    }
    *plan = *std::move(made);
    return kDone;
  }
  const auto text = driver::ReadFile(options.plan, kMaxPlanBytes);
  if (!text.ok()) return Fail(text.status());
  std::vector<JsonError> errors;
  if (ReadPlan(*text, plan, &errors)) return kDone;
  PrintErrors(errors, options.plan);
  return kFailed;
}

// Who may be believed, and what the plan brings of evidence itself.
int AddShared(const Options& options, const Plan& plan, CiChecker* checker) {
  for (const SharedEvidence& evidence : plan.evidence) {
    const fs::path file = fs::path(evidence.file).is_absolute()
                              ? fs::path(evidence.file)
                              : fs::path(options.plan).parent_path() / evidence.file;
    const auto bytes = driver::ReadFile(file.string(), evidence::kMaxEvidenceBytes);
    if (!bytes.ok()) return Fail(bytes.status());
    checker->AddShared(evidence, *bytes);
  }
  return kDone;
}

evidence::SlsaSummary SummaryOf(const Options& options, const CiReport& report,
                                const CiResult& result, Time now) {
  const CiArtifact& artifact = *result.artifact;
  std::string base = options.resource_uri;
  while (base.ends_with('/')) base.pop_back();
  evidence::SlsaSummary summary{
      .subject_name = artifact.path,
      .subject_digest = artifact.digest,
      .verifier = options.verifier,
      .verifier_version = ZTP_VERSION,
      .verified_at = now,
      .resource_uri = Cat(base, "/", EscapeUriPath(artifact.path)),
      .policy_uri = Cat("urn:ztp:policy:", report.program->schema.root_package),
      .policy_digest = report.policy_digest};
  for (const CiUse& use : result.evidence) {
    if (use.inputs.empty()) continue;
    const evidence::SlsaAttestation input{.uri = use.evidence->path,
                                          .digest = use.evidence->digest};
    const auto same = [&](const auto& other) { return other.uri == input.uri; };
    if (std::none_of(summary.input_attestations.begin(), summary.input_attestations.end(), same)) {
      summary.input_attestations.push_back(input);
    }
  }
  // What nobody has shown to be built anywhere has level 0.
  if (result.allow) summary.passed_level = result.build_level.value_or(0);
  return summary;
}

// NAME.vsa.intoto.json for each artefact, as the next stage finds it beside the artefact.
int WriteSummaries(const Options& options, const CiReport& report, Time now) {
  const auto key = LoadPrivateKey(options.key);
  if (!key.ok()) return Fail(key.status());
  for (const CiResult& result : report.results) {
    auto envelope = evidence::MakeSlsaSummary(SummaryOf(options, report, result, now));
    if (!envelope.ok()) return Refused(result.artifact->path, envelope.refusal());
    if (!SignDsse(**key, &*envelope)) {
      PrintError(Cat("ztp: ", options.key, ": this key cannot sign\n"));
      return kEnvironment;
    }
    const fs::path file =
        fs::path(options.summaries) / Cat(result.artifact->path, ".vsa.intoto.json");
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) {
      return Fail(Unavailable("cannot make ", file.parent_path().string(), ": ", error.message()));
    }
    const absl::Status status =
        driver::WriteFile(file.string(), Cat(evidence::WriteDsse(*envelope), "\n"));
    if (!status.ok()) return Fail(status);
  }
  return kDone;
}

int Run(const Options& options) {
  Plan plan;
  if (const int code = LoadPlan(options, &plan); code != kDone) return code;
  const LoadedWorld world = LoadWorld(options.policy, options.facts);
  if (world.exit_code != kDone) return world.exit_code;
  const absl::StatusOr<Time> now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  LoadedTrust loaded = LoadTrust(options.trust);
  if (loaded.exit_code != kDone) return loaded.exit_code;
  const auto trust = evidence::PolicyTrust::Make(std::move(loaded.trust), world.policy->schema());
  if (!trust.ok()) {
    PrintError(Cat("ztp: ", options.trust, ": ", Message(trust.status()), "\n"));
    return kFailed;
  }
  CiChecker checker(*world.policy, *world.snapshot, **trust, plan, *now);
  if (const int code = AddShared(options, plan, &checker); code != kDone) return code;

  evidence::Verified<CiFolder> folder = CiFolder();
  {
    Progress progress;
    auto read =
        ReadCiFolder(options.folder, plan,
                     {.threads = options.threads, .progress = [&](uint64_t done, uint64_t all) {
                        progress.Show("hashing", done, all);
                        return true;
                      }});
    if (!read.ok()) return Fail(read.status());
    folder = *std::move(read);
  }
  if (!folder.ok()) return Refused(options.folder, folder.refusal());
  if (folder->artifacts.empty()) {
    PrintError(Cat("ztp: ", options.folder, " has no artefacts\n"));
    return kFailed;
  }

  const DecisionProgram& program = world.policy->program();
  CiReport report{.folder = options.folder,
                  .shared = checker.shared(),
                  .policy_digest = PolicyDigest(program),
                  .facts_version = std::string(world.snapshot->version()),
                  .program = &program};
  size_t wrong = 0;
  for (size_t i = 0; i < folder->artifacts.size(); ++i) {
    std::vector<JsonError> errors;
    CiResult result;
    if (checker.CheckArtifact(*folder, i, &result, &errors)) {
      report.results.push_back(std::move(result));
    } else {
      ++wrong;
      PrintErrors(errors, Cat("the request about ", folder->artifacts[i].path));
    }
  }
  if (wrong > 0) return kFailed;
  for (const CiEvidence& item : folder->evidence) {
    if (!item.concerned) report.orphans.push_back(&item);
  }

  Print(options.format == "json" ? CiJsonLines(report) : CiText(report));
  if (!options.sarif.empty()) {
    const absl::Status status = driver::WriteFile(options.sarif, CiSarif(report));
    if (!status.ok()) return Fail(status);
  }
  if (!options.key.empty()) {
    if (const int code = WriteSummaries(options, report, *now); code != kDone) return code;
  }
  return report.Denied() > 0 ? kDenied : kDone;
}

// Which options want which.
void CheckUsage(const Options& options) {
  const bool flags = !options.principal.empty() || !options.action.empty() || !options.type.empty();
  if (!options.plan.empty() && flags) {
    throw CLI::ValidationError("--plan", "says what --principal, --action and --type say");
  }
  if (options.plan.empty()) {
    if (options.principal.empty()) throw CLI::RequiredError("--plan, or --principal");
    if (options.action.empty()) throw CLI::RequiredError("--action");
    if (options.type.empty()) throw CLI::RequiredError("--type");
  }
  if (options.key.empty() != options.summaries.empty()) {
    throw CLI::RequiredError(options.key.empty() ? "--sign" : "--summaries");
  }
  if (options.key.empty()) return;
  if (options.verifier.empty()) throw CLI::RequiredError("--verifier");
  if (options.resource_uri.empty()) throw CLI::RequiredError("--resource-uri");
}

}  // namespace

void AddCi(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "ci", "May a pipeline's artefacts go on? Hashed, with their evidence, against a policy");
  command->add_option("FOLDER", options->folder, "the folder with the artefacts and their evidence")
      ->required();
  command
      ->add_option("-p,--policy", options->policy,
                   "a policy: a .ztp file, a folder of them, or a bundle (.ztpb)")
      ->required();
  command->add_option("-f,--facts", options->facts.files, kFactsHelp);
  command->add_option("--trust", options->trust, kTrustHelp)->required();
  command->add_option("--plan", options->plan,
                      "which entries are artefacts, and what is asked about them (see below); or");
  command->add_option("--principal", options->principal,
                      "ask the same about every entry: who asks, as Pipeline::\"release\"");
  command->add_option("--action", options->action, "what for");
  command->add_option("--type", options->type, "and of which type of the policy they are");
  command->add_option("--format", options->format, "the report: text, or json: a line an artefact")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--sarif", options->sarif,
                      "write what is denied or refused as SARIF 2.1.0 to this file");
  command->add_option("--sign", options->key,
                      Cat("sign a SLSA verification summary of each artefact; ", kKeyHelp));
  command->add_option("--summaries", options->summaries,
                      "the folder to write them to, as NAME.vsa.intoto.json");
  command->add_option("--verifier", options->verifier,
                      "who you are, as the next stage's trust configuration has it (`verifiers`): "
                      "a URI");
  command->add_option("--resource-uri", options->resource_uri,
                      "where the artefacts are or will be, before their paths: a URI");
  command->add_option("--now", options->now,
                      "check as if it were this time (RFC 3339), for tests and replay");
  command->add_option("--threads", options->threads, "files hashed at a time (0: as processors)")
      ->check(CLI::Range(0, 64));
  command->footer(kFooter);
  command->callback([=] {
    CheckUsage(*options);
    *action = [=] { return Run(*options); };
  });
}

}  // namespace ztp::cli
