// ztp verify: what evidence proves, or which check it does not pass.
#include <nlohmann/json.hpp>

#include "bindings/cli/common.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/evidence/fact_json.h"
#include "engine/evidence/trust.h"
#include "engine/facts/json_write_value.h"
#include "engine/runtime/load_trust.h"

namespace ztp::cli {
namespace {

using evidence::ProvenFact;
using evidence::Refusal;

struct Options {
  std::string trust;
  std::string source;
  std::string now;
  std::vector<std::string> nonces;
  std::string format = "text";
  std::string evidence;
};

// A line a fact: its name, and what is proven.
std::string FactToText(const ProvenFact& fact) {
  std::string text = Cat("verified by ", fact.source, " (", fact.kind->name, ")\n");
  const auto line = [&](std::string_view name, std::string_view value) {
    Append(text, "  ", name, std::string(name.size() < 18 ? 18 - name.size() : 1, ' '), value,
           "\n");
  };
  const Schema& schema = fact.kind->form().schema();
  const Type& type = schema.types[fact.kind->form().type()];
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const Value& value = fact.value.items()[i];
    if (!value.is_none()) {
      line(type.fields[i].name, FormatValue(schema, type.fields[i].type, value));
    }
  }
  line("about", Join(fact.subjects, ", "));
  if (fact.issued_at) line("issued at", FormatTime(*fact.issued_at));
  const auto end = evidence::EndOf(fact);
  line("expires at", end ? FormatTime(*end) : "never by itself");
  line("anchor", fact.anchor);
  line("digest", fact.digest);
  return text;
}

void PrintRefusal(const Options& options, const Refusal& refusal) {
  if (options.format == "json") {
    nlohmann::ordered_json json;
    json["source"] = options.source;
    json["check"] = std::string(evidence::NameOf(refusal.check));
    json["message"] = refusal.message;
    Print(Cat(DumpJson(json), "\n"));
  } else {
    Print(Cat("refused: ", evidence::NameOf(refusal.check), "\n  ", refusal.message, "\n"));
  }
}

int Run(const Options& options) {
  const LoadedTrust loaded = LoadTrust(options.trust);
  if (loaded.exit_code != kDone) return loaded.exit_code;
  if (loaded.trust->config()->Find(options.source) == nullptr) {
    PrintError(Cat("ztp: ", options.trust, " has no source ", Quoted(options.source), "\n"));
    return kFailed;
  }
  const absl::StatusOr<Time> now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  if (const absl::Status status = ExpectNonces(*loaded.trust, options.nonces, *now); !status.ok()) {
    return Fail(status);
  }
  const absl::StatusOr<std::string> bytes =
      driver::ReadFile(options.evidence, evidence::kMaxEvidenceBytes);
  if (!bytes.ok()) return Fail(bytes.status());
  const auto fact = loaded.trust->Verify(options.source, *bytes, *now);
  if (!fact.ok()) {
    PrintRefusal(options, fact.refusal());
    return kDenied;
  }
  Print(options.format == "json" ? Cat(evidence::FactToJson(**fact), "\n") : FactToText(**fact));
  return kDone;
}

}  // namespace

void AddVerify(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "verify", "Verify evidence: what a certificate, token or attestation proves");
  command->add_option("--trust", options->trust, kTrustHelp)->required();
  command->add_option("--source", options->source, "which of its sources the evidence is of")
      ->required();
  command->add_option("--nonce", options->nonces, kNonceHelp);
  command->add_option("--now", options->now,
                      "verify as if it were this time (RFC 3339), for tests and replay");
  command->add_option("--format", options->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("evidence", options->evidence, "the evidence's file; - is standard input")
      ->required();
  command->footer("Exit codes: 0 it is verified, 2 it is refused, 1 the configuration has errors.");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
