// ztp sign model, ztp signed model: OpenSSF Model Signing bundles.
#include "bindings/cli/sign_model.h"

#include <algorithm>
#include <filesystem>

#include "bindings/cli/keys.h"
#include "bindings/cli/progress.h"
#include "bindings/cli/signers.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/oms.h"
#include "engine/lineage/model_files.h"

namespace ztp::cli {
namespace {

namespace fs = std::filesystem;

struct SignOptions {
  std::string model;
  std::string key;
  std::string output;
  std::vector<std::string> ignored;
  unsigned threads = 0;
};

struct VerifyOptions {
  std::string model;
  std::string signature;
  TrustedSigners trusted;
  std::vector<std::string> ignored;
  std::string now;
  unsigned threads = 0;
};

constexpr const char* kGitFiles[] = {".git", ".gitattributes", ".github", ".gitignore"};

// The file as a path below the model's folder; nothing where it is elsewhere.
std::optional<std::string> Below(const std::string& model, const std::string& file) {
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(model, error);
  if (error) return std::nullopt;
  // The name itself may be that of a link; where it lies counts.
  const fs::path place =
      fs::weakly_canonical(
          fs::path(file).parent_path().empty() ? fs::path(".") : fs::path(file).parent_path(),
          error) /
      fs::path(file).filename();
  const std::string below = place.lexically_relative(folder).generic_string();
  return evidence::IsModelPath(below) ? std::optional(below) : std::nullopt;
}

std::vector<std::string> Ignored(const std::string& model, const std::vector<std::string>& given,
                                 const std::string& signature) {
  std::vector<std::string> ignored(std::begin(kGitFiles), std::end(kGitFiles));
  for (const std::string& path : given) {
    std::string clean = fs::path(path).lexically_normal().generic_string();
    while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
    ignored.push_back(std::move(clean));
  }
  if (const auto below = Below(model, signature)) ignored.push_back(*below);
  std::sort(ignored.begin(), ignored.end());
  ignored.erase(std::unique(ignored.begin(), ignored.end()), ignored.end());
  return ignored;
}

lineage::HashOptions HashWith(unsigned threads, Progress* progress) {
  return {.threads = threads, .progress = [progress](uint64_t done, uint64_t all) {
            progress->Show("hashing", done, all);
            return true;
          }};
}

std::string NameOfModel(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  const std::string name = error ? std::string() : canonical.filename().string();
  return name.empty() ? "model" : name;
}

int Sign(const SignOptions& options) {
  const std::vector<std::string> ignored = Ignored(options.model, options.ignored, options.output);
  for (const std::string& path : ignored) {
    if (evidence::IsModelPath(path)) continue;
    PrintError(Cat("ztp: --ignore ", path, " is no path below the model's folder\n"));
    return kUsage;
  }
  const auto key = LoadPrivateKey(options.key);
  if (!key.ok()) return Fail(key.status());
  Progress progress;
  const auto files =
      lineage::HashModel(options.model, ignored, HashWith(options.threads, &progress));
  if (!files.ok()) return Fail(files.status());
  if (!files->ok()) return Refused(options.model, files->refusal());
  if ((**files).empty()) {
    PrintError(Cat("ztp: ", options.model, " has no files\n"));
    return kFailed;
  }
  evidence::ModelManifest manifest{
      .name = NameOfModel(options.model), .files = **files, .ignored = ignored};
  const size_t count = manifest.files.size();
  const std::string digest = evidence::ModelDigest(manifest.files);
  const std::string bundle = evidence::SignModel(std::move(manifest), **key);
  if (bundle.empty()) {
    PrintError("ztp: the key cannot sign\n");
    return kEnvironment;
  }
  if (const absl::Status status = driver::WriteFile(options.output, bundle); !status.ok()) {
    return Fail(status);
  }
  Print(Cat("wrote ", options.output, "\nmodel  sha256:", digest, ", ", count, " files\nkey    ",
            (*key)->public_key().id, "\n"));
  return kDone;
}

int Verify(const VerifyOptions& options) {
  const auto policy = options.trusted.Load();
  if (!policy.ok()) return Fail(policy.status());
  const auto now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  const auto text = driver::ReadFile(options.signature, evidence::kMaxDsseBytes);
  if (!text.ok()) return Fail(text.status());
  const auto oms = evidence::VerifyOms(*text, *policy, *now);
  if (!oms.ok()) return Refused(options.signature, oms.refusal());
  Progress progress;
  const auto bytes = lineage::VerifyModelFiles(
      options.model, oms->manifest, Ignored(options.model, options.ignored, options.signature),
      HashWith(options.threads, &progress));
  if (!bytes.ok()) return Fail(bytes.status());
  if (!bytes->ok()) return Refused(options.model, bytes->refusal());
  std::string out = Cat("signed  ", oms->subject_digest, ", ", oms->manifest.files.size(),
                        " files, ", **bytes, " bytes\nby      ", oms->signer, "\n");
  if (oms->issuer) Append(out, "says    ", *oms->issuer, "\n");
  if (oms->signed_at) {
    Append(out, "at      ", FormatTime(*oms->signed_at),
           oms->logged ? ", in the transparency log\n" : ", not proven to be in the log\n");
  }
  if (oms->valid_until) Append(out, "until   ", FormatTime(*oms->valid_until), "\n");
  Print(out);
  return kDone;
}

}  // namespace

void AddSignModel(CLI::App& sign, Action* action) {
  auto options = std::make_shared<SignOptions>();
  CLI::App* command = sign.add_subcommand(
      "model", "A model's folder or file, as OpenSSF Model Signing has it (a bundle of its own)");
  command->add_option("MODEL", options->model, "the folder, or a model that is one file")
      ->required();
  command->add_option("-k,--key", options->key, kKeyHelp)->required();
  command->add_option("-o,--output", options->output, "the bundle to write (model.sig)")
      ->required();
  command->add_option("--ignore", options->ignored,
                      "a path below the folder that does not belong to the model; .git, "
                      ".gitattributes, .github, .gitignore and the bundle never do");
  command->add_option("--threads", options->threads, "files hashed at a time (0: as processors)")
      ->check(CLI::Range(0, 64));
  command->callback([=] { *action = [=] { return Sign(*options); }; });
}

void AddSignedModel(CLI::App& verify, Action* action) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = verify.add_subcommand(
      "model", "Is the model's folder what somebody trusted has signed? Says who, and when");
  command->add_option("MODEL", options->model, "the folder, or a model that is one file")
      ->required();
  command->add_option("-s,--signature", options->signature, "the bundle (model.sig)")->required();
  options->trusted.AddOptions(*command);
  command->add_option("--ignore", options->ignored,
                      "a path below the folder that does not belong to the model, besides those "
                      "that the signature leaves out");
  command->add_option("--now", options->now, "verify at this time, not at the clock's");
  command->add_option("--threads", options->threads, "files hashed at a time (0: as processors)")
      ->check(CLI::Range(0, 64));
  command->callback([=] { *action = [=] { return Verify(*options); }; });
}

}  // namespace ztp::cli
