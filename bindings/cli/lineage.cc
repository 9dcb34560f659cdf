// ztp lineage: what models were made from, and who says so.
#include <filesystem>
#include <fstream>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/cli/signers.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/lineage/documents.h"
#include "engine/lineage/draw.h"
#include "engine/lineage/graph.h"

namespace ztp::cli {
namespace {

constexpr uint64_t kMaxGraphFile = uint64_t{256} << 20;

struct AddOptions {
  std::string graph;
  std::vector<std::string> documents;
  std::string model;
  TrustedSigners trusted;
  std::string now;
};
struct ShowOptions {
  std::string graph;
  std::string of;
  std::string format = "text";
};
struct WhyOptions {
  std::string graph;
  std::string from;
  std::string to;
};

absl::StatusOr<lineage::Graph> ReadGraph(const std::string& path, bool may_lack) {
  const auto text = driver::ReadFile(path, kMaxGraphFile);
  if (may_lack && absl::IsNotFound(text.status())) return lineage::Graph();
  if (!text.ok()) return text.status();
  auto graph = lineage::Graph::FromJson(*text);
  if (!graph.ok()) return InvalidArgument(path, ": ", graph.refusal().message);
  return *std::move(graph);
}

using Fragment = evidence::Verified<lineage::Fragment>;

absl::StatusOr<Fragment> ReadTensors(const std::string& path, const std::string& model) {
  std::ifstream in(path, std::ios::binary);
  std::string header(8 + lineage::kMaxSafetensorsHeader, '\0');
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (in.bad() || (in.fail() && !in.eof())) return NotFound("cannot read ", path);
  header.resize(static_cast<size_t>(in.gcount()));
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return NotFound("cannot read ", path);
  return lineage::ReadSafetensors(header, size, model);
}

// By what the file is called, and for JSON by what it says: a signature is verified, and nothing
// that has one is read without.
absl::StatusOr<Fragment> ReadDocument(const std::string& path, const AddOptions& options,
                                      Time now) {
  const std::string model =
      options.model.empty() ? std::filesystem::path(path).filename().string() : options.model;
  if (path.ends_with(".safetensors")) return ReadTensors(path, model);
  ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(path, evidence::kMaxDsseBytes));
  if (path.ends_with(".md")) return lineage::ReadModelCard(text, model);
  const Fragment bare = lineage::ReadBom(text);
  if (bare.ok()) return bare;
  if (!evidence::ReadSigstoreBundle(text).ok()) return bare;
  ZTP_ASSIGN_OR_RETURN(const evidence::SignerPolicy policy, options.trusted.Load());
  const auto statement = evidence::VerifySignedStatement(text, policy, now);
  if (!statement.ok()) return Fragment(statement.refusal());
  return lineage::ReadSignedBom(*statement);
}

int Add(const AddOptions& options) {
  auto graph = ReadGraph(options.graph, /*may_lack=*/true);
  if (!graph.ok()) return Fail(graph.status());
  const auto now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  std::string out;
  for (const std::string& path : options.documents) {
    const auto fragment = ReadDocument(path, options, *now);
    if (!fragment.ok()) return Fail(fragment.status());
    if (!fragment->ok()) return Refused(path, fragment->refusal());
    const size_t before = graph->edges().size();
    if (const auto refusal = graph->Add(**fragment)) return Refused(path, *refusal);
    size_t proven = 0;
    for (const lineage::Edge& edge : (**fragment).edges) proven += edge.proven ? 1 : 0;
    Append(out, path, ": ", (**fragment).edges.size(), " edges, ", proven, " of them proven; ",
           graph->edges().size() - before, " are new\n");
  }
  if (const absl::Status status = driver::WriteFile(options.graph, graph->ToJson()); !status.ok()) {
    return Fail(status);
  }
  Print(out);
  return kDone;
}

std::string Line(const lineage::Graph& graph, const lineage::Edge& edge) {
  const auto name = [&](const std::string& id) {
    const std::string& known = graph.nodes().find(id)->second.name;
    return known.empty() || known == id ? id : Cat(known, " (", id, ")");
  };
  return Cat(name(edge.from), "\n  ", NameOf(edge.relation), " ", name(edge.to), "\n  ",
             edge.proven ? Cat("proven by ", edge.by) : std::string("claimed"),
             edge.evidence.empty() ? "" : Cat(", ", edge.evidence), "\n");
}

int Show(const ShowOptions& options) {
  const auto graph = ReadGraph(options.graph, /*may_lack=*/false);
  if (!graph.ok()) return Fail(graph.status());
  std::string of;
  if (!options.of.empty()) {
    const lineage::Node* node = graph->Find(options.of);
    if (node == nullptr) {
      return Fail(InvalidArgument("no artefact, or more than one, is called ", options.of));
    }
    of = node->id;
  }
  if (options.format == "dot") {
    Print(ToDot(*graph, of));
  } else if (options.format == "svg") {
    Print(ToSvg(*graph, of));
  } else {
    std::string out;
    for (const lineage::Edge& edge : graph->edges()) {
      if (of.empty() || edge.from == of || !graph->Why(of, edge.from).empty()) {
        out += Line(*graph, edge);
      }
    }
    Print(out);
  }
  return kDone;
}

int Why(const WhyOptions& options) {
  const auto graph = ReadGraph(options.graph, /*may_lack=*/false);
  if (!graph.ok()) return Fail(graph.status());
  const lineage::Node* from = graph->Find(options.from);
  const lineage::Node* to = graph->Find(options.to);
  for (const auto& [node, text] : {std::pair(from, options.from), std::pair(to, options.to)}) {
    if (node == nullptr) {
      return Fail(InvalidArgument("no artefact, or more than one, is called ", text));
    }
  }
  const auto way = graph->Why(from->id, to->id);
  if (way.empty()) {
    Print(Cat(options.from, " was not made from ", options.to, ", as far as is known\n"));
    return kFailed;
  }
  std::string out;
  for (const lineage::Edge* edge : way) out += Line(*graph, *edge);
  Print(out);
  return kDone;
}

}  // namespace

void AddLineage(CLI::App& app, Action* action) {
  CLI::App* lineage = app.add_subcommand(
      "lineage", "What models were made from, which of it is proven, and by whom");
  lineage->require_subcommand(1);
  constexpr char kGraphHelp[] = "the graph's file (lineage.json)";

  auto add = std::make_shared<AddOptions>();
  CLI::App* command = lineage->add_subcommand(
      "add",
      "Add what documents say: CycloneDX 1.5 to 1.7 and SPDX 3 (.json, or a signed bundle), "
      "model cards (.md), .safetensors");
  command->add_option("DOCUMENT", add->documents, "the documents")->required();
  command->add_option("-g,--graph", add->graph, kGraphHelp)->required();
  command->add_option("--model", add->model,
                      "what a model card or safetensors file is about (default: its file name)");
  add->trusted.AddOptions(*command);
  command->add_option("--now", add->now, "verify at this time, not at the clock's");
  command->footer("Edges are proven where a bundle is signed by one who is trusted, else claimed.");
  command->callback([=] { *action = [=] { return Add(*add); }; });

  auto show = std::make_shared<ShowOptions>();
  command = lineage->add_subcommand("show", "Show the graph, or what one artefact was made from");
  command->add_option("ARTEFACT", show->of, "an id, its beginning, or a name");
  command->add_option("-g,--graph", show->graph, kGraphHelp)->required();
  command->add_option("--format", show->format, "text, dot or svg")
      ->check(CLI::IsMember({"text", "dot", "svg"}))
      ->capture_default_str();
  command->callback([=] { *action = [=] { return Show(*show); }; });

  auto why = std::make_shared<WhyOptions>();
  command = lineage->add_subcommand(
      "why", "By which steps one artefact was made from another; exits with 1 if by none");
  command->add_option("ARTEFACT", why->from, "an id, its beginning, or a name")->required();
  command->add_option("FROM", why->to, "the same, of what it may have been made from")->required();
  command->add_option("-g,--graph", why->graph, kGraphHelp)->required();
  command->callback([=] { *action = [=] { return Why(*why); }; });
}

}  // namespace ztp::cli
