// ztp lineage: what models and data came from, out of the documents that say so.
#include <algorithm>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/cli/signers.h"
#include "engine/base/mapped_file.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/lineage/draw.h"
#include "engine/lineage/inventory_edges.h"
#include "engine/lineage/read_inventory.h"
#include "engine/lineage/signed_inventory.h"

namespace ztp::cli {
namespace {

using lineage::Graph;
using lineage::Origin;

constexpr uint64_t kMaxDocumentBytes = uint64_t{1} << 40;

struct AddOptions {
  std::string file;
  std::vector<std::string> documents;
  std::string about;
  std::string by;
  bool vouched = false;
  TrustedSigners trusted;
  std::string now;
  lineage::EntityNames names;
  std::vector<std::string> renamed;  // ID=NAME
};

struct ShowOptions {
  std::string file;
  std::vector<std::string> of;
  std::string format = "text";
  std::string least = "vouched";
  std::string output;
};

struct WhyOptions {
  std::string file;
  std::string product;
  std::string source;
};

// A file that is not there yet has no edges, if `may_be_new`.
int ReadGraph(const std::string& file, bool may_be_new, Graph* graph) {
  const absl::StatusOr<std::string> text = driver::ReadFile(file, lineage::kMaxGraphBytes);
  if (!text.ok()) {
    if (may_be_new && absl::IsNotFound(text.status())) return kDone;
    return Fail(text.status());
  }
  evidence::Verified<Graph> read = Graph::Read(*text);
  if (!read.ok()) return Refused(file, read.refusal());
  *graph = *std::move(read);
  return kDone;
}

// One document's edges, with how far they are to be believed: proven where it is signed by somebody
// trusted. What is signed is never read as if it were not.
struct Document {
  std::string format;
  size_t artifacts = 0;
  Origin origin = Origin::kClaimed;
  std::vector<lineage::Edge> edges;
};

evidence::Verified<Document> ReadDocument(std::string_view bytes, const AddOptions& options,
                                          const evidence::SignerPolicy& trusted, Time now) {
  Document document;
  if (evidence::ReadSigstoreBundle(bytes).ok()) {
    ZTP_VERIFY_OR_RETURN(const evidence::SignedStatement statement,
                         evidence::VerifySignedStatement(bytes, trusted, now));
    ZTP_VERIFY_OR_RETURN(const lineage::Inventory inventory,
                         lineage::ReadSignedInventory(statement.payload));
    document = {Cat("signed ", inventory.format), inventory.artifacts.size(), Origin::kProven,
                lineage::EdgesOf(inventory, options.names, Origin::kProven, statement.signer.name,
                                 statement.digest)};
    return document;
  }
  ZTP_VERIFY_OR_RETURN(const lineage::Inventory inventory,
                       lineage::ReadInventory(bytes, options.about));
  const Origin origin = options.vouched ? Origin::kVouched : Origin::kClaimed;
  document = {inventory.format, inventory.artifacts.size(), origin,
              lineage::EdgesOf(inventory, options.names, origin, options.by, Sha256Digest(bytes))};
  return document;
}

int Add(AddOptions options) {
  for (const std::string& pair : options.renamed) {
    const size_t equals = pair.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      return Fail(InvalidArgument("--rename ", pair, ": expected ID=NAME"));
    }
    options.names.ids[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (options.vouched && options.by.empty()) {
    return Fail(InvalidArgument("--vouched: say who vouches for the documents (--by)"));
  }
  const auto trusted = options.trusted.Load();
  if (!trusted.ok()) return Fail(trusted.status());
  const auto now = ClockFrom(options.now);
  if (!now.ok()) return Fail(now.status());
  Graph graph;
  if (const int code = ReadGraph(options.file, true, &graph); code != kDone) return code;
  size_t added = 0;
  std::string report;
  for (const std::string& document : options.documents) {
    // Of a model's weights only the header is looked at, but the digest is of all.
    const absl::StatusOr<MappedFile> file =
        MapFile(document, kMaxDocumentBytes, "a document about data or models", MapFor::kOnePass);
    if (!file.ok()) return Fail(file.status());
    auto read = ReadDocument(file->bytes, options, *trusted, *now);
    if (!read.ok()) return Refused(document, read.refusal());
    size_t of_document = 0;
    for (lineage::Edge& edge : read->edges) of_document += graph.Add(std::move(edge));
    added += of_document;
    Append(report, document, ": ", read->format, ", ", NameOf(read->origin), ", ", read->artifacts,
           " artefacts, ", of_document, " new edges\n");
  }
  if (const auto circle = graph.FindCircle()) {
    return Refused(options.file,
                   evidence::Refuse(evidence::Check::kContent,
                                    "with these documents the edges make a circle, and nothing is "
                                    "written: ",
                                    FormatCircle(*circle)));
  }
  if (added != 0) {
    if (const absl::Status status = driver::WriteFile(options.file, graph.Write()); !status.ok()) {
      return Fail(status);
    }
  }
  Print(Cat(report, options.file, ": ", graph.edges().size(), " edges\n"));
  return kDone;
}

std::string TextOf(const lineage::Edge& edge) {
  std::string out = Cat(Format(edge.product), "  ", NameOf(edge.relation), "  ",
                        Format(edge.source), "  ", NameOf(edge.origin));
  if (!edge.by.empty()) Append(out, " by ", edge.by);
  if (!edge.evidence.empty()) Append(out, "  ", edge.evidence);
  return out + '\n';
}

int Show(const ShowOptions& options) {
  Graph graph;
  if (const int code = ReadGraph(options.file, false, &graph); code != kDone) return code;
  if (!options.of.empty()) {
    std::vector<lineage::Entity> products;
    for (const std::string& text : options.of) {
      const auto entity = lineage::ParseEntity(text);
      if (!entity) {
        return Fail(InvalidArgument("--of ", text, ": expected an entity, as Model::\"face-v2\""));
      }
      products.push_back(*entity);
    }
    graph = graph.Only(products);
  }
  std::string out;
  if (options.format == "dot") {
    out = DrawDot(graph);
  } else if (options.format == "svg") {
    out = DrawSvg(graph);
  } else if (options.format == "json") {
    out = graph.Write();
  } else if (options.format == "facts") {
    out = graph.FactsOf(options.least == "proven"    ? Origin::kProven
                        : options.least == "vouched" ? Origin::kVouched
                                                     : Origin::kClaimed);
  } else {
    for (const lineage::Edge& edge : graph.edges()) out += TextOf(edge);
  }
  if (options.output.empty()) {
    Print(out);
    return kDone;
  }
  if (const absl::Status status = driver::WriteFile(options.output, out); !status.ok()) {
    return Fail(status);
  }
  Print(Cat("wrote ", options.output, "\n"));
  return kDone;
}

int Why(const WhyOptions& options) {
  Graph graph;
  if (const int code = ReadGraph(options.file, false, &graph); code != kDone) return code;
  const auto product = lineage::ParseEntity(options.product);
  const auto source = lineage::ParseEntity(options.source);
  if (!product || !source) {
    return Fail(InvalidArgument((product ? options.source : options.product),
                                ": expected an entity, as Model::\"face-v2\""));
  }
  const std::vector<lineage::Edge> way = graph.WayFrom(*product, *source);
  if (way.empty()) {
    Print(Cat(Format(*product), " did not come from ", Format(*source), ", as far as ",
              options.file, " knows\n"));
    return kFailed;
  }
  Origin weakest = Origin::kProven;
  for (const lineage::Edge& edge : way) {
    weakest = std::min(weakest, edge.origin);
    Print(TextOf(edge));
  }
  Print(Cat("so it is ", NameOf(weakest), " that ", Format(*product), " came from ",
            Format(*source), "\n"));
  return kDone;
}

}  // namespace

void AddLineage(CLI::App& app, Action* action) {
  CLI::App* lineage =
      app.add_subcommand("lineage", "What models and data came from, and who says so");
  lineage->require_subcommand(1);

  auto add = std::make_shared<AddOptions>();
  CLI::App* command = lineage->add_subcommand(
      "add",
      "Take edges out of documents: CycloneDX 1.5 to 1.7, SPDX 3.0, Croissant, OpenLineage "
      "events, Hugging Face cards, safetensors headers");
  command->add_option("LINEAGE", add->file, "the lineage file, made if it is not there")
      ->required();
  command->add_option("DOCUMENT", add->documents, "what is read")->required();
  command->add_option("--about", add->about,
                      "what a Hugging Face card or a safetensors file is of, by its entity's id");
  command->add_flag("--vouched", add->vouched,
                    "the documents are vouched for by --by; else they are claimed, or proven where "
                    "they are signed: a Sigstore bundle of a statement about them");
  add->trusted.AddOptions(*command);
  command->add_option("--now", add->now, "the time of verification (RFC 3339)");
  command->add_option("--by", add->by, "who says it");
  command->add_option("--model-type", add->names.model_type, "the policy's type of models")
      ->capture_default_str();
  command->add_option("--dataset-type", add->names.dataset_type, "the policy's type of data sets")
      ->capture_default_str();
  command->add_option("--other-type", add->names.other_type, "the policy's type of anything else")
      ->capture_default_str();
  command->add_option("--rename", add->renamed,
                      "ID=NAME: the entity's id for what the document calls ID; again for more");
  command->callback([=] { *action = [=] { return Add(*add); }; });

  auto show = std::make_shared<ShowOptions>();
  command = lineage->add_subcommand("show", "The edges, drawn or as facts");
  command->add_option("LINEAGE", show->file, "the lineage file")->required();
  command->add_option("--of", show->of,
                      "only what this came from, as Model::\"face-v2\"; again for more");
  command
      ->add_option("--format", show->format,
                   "text; json: as the file has it; dot, svg: drawn; facts: for ztp decide -f")
      ->check(CLI::IsMember({"text", "json", "dot", "svg", "facts"}))
      ->capture_default_str();
  command->add_option("--least", show->least, "facts: only edges that are at least this")
      ->check(CLI::IsMember({"claimed", "vouched", "proven"}))
      ->capture_default_str();
  command->add_option("-o,--output", show->output, "a file instead of standard output");
  command->callback([=] { *action = [=] { return Show(*show); }; });

  auto why = std::make_shared<WhyOptions>();
  command = lineage->add_subcommand(
      "why", "How one thing came from another: the way that is best believed");
  command->add_option("LINEAGE", why->file, "the lineage file")->required();
  command->add_option("PRODUCT", why->product, "as Model::\"face-v2\"")->required();
  command->add_option("SOURCE", why->source, "as Dataset::\"faces\"")->required();
  command->callback([=] { *action = [=] { return Why(*why); }; });
}

}  // namespace ztp::cli
