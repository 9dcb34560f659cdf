// See ci_artifacts.h.
#include "bindings/cli/ci_artifacts.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>

#include "engine/base/descriptor.h"
#include "engine/base/hex.h"
#include "engine/base/os_error.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/core/glob.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/sigstore_bundle.h"
#include "engine/evidence/slsa.h"
#include "engine/evidence/statement.h"
#include "engine/facts/json_items.h"
#include "engine/lineage/read_inventory.h"
#include "engine/lineage/signed_inventory.h"

namespace ztp::cli {
namespace {

using evidence::ModelFile;
using evidence::Verified;
using lineage::ModelTree;
using lineage::TreeFile;

constexpr std::string_view kStatements[] = {".sig", ".sigstore.json", ".sigstore", ".intoto.json",
                                            ".intoto.jsonl"};
constexpr std::string_view kBoms[] = {".cdx.json", ".spdx.json", ".bom.json"};
constexpr std::string_view kBomNames[] = {"bom.json", "sbom.json"};
// What never belongs to a model: as `ztp sign model` has it.
constexpr std::string_view kGitFiles[] = {".git", ".gitattributes", ".github", ".gitignore"};

bool EndsWithOneOf(std::string_view name, std::span<const std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}
std::string_view BaseOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

bool IsStatementName(std::string_view path) { return EndsWithOneOf(BaseOf(path), kStatements); }
bool IsBomName(std::string_view path) {
  const std::string_view base = BaseOf(path);
  return EndsWithOneOf(base, kBoms) ||
         std::find(std::begin(kBomNames), std::end(kBomNames), base) != std::end(kBomNames);
}

// Names are shown on lines of their own, and are ids: two may not look alike.
bool IsPlainText(std::string_view name) {
  return IsValidUtf8(name) && std::none_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}
std::string EscapedName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out +=
        byte < 0x20 || byte >= 0x7f ? Cat("\\x", Hex(std::string_view(&c, 1))) : std::string(1, c);
  }
  return out;
}

// The first pattern that covers the path or a folder that it is in: how much of it, and which.
struct Covered {
  std::string_view path;
  std::optional<size_t> planned;
};
Covered CoverOf(std::string_view path, const Plan& plan) {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string_view part = path.substr(0, end);
    for (size_t i = 0; i < plan.artifacts.size(); ++i) {
      if (GlobMatches(plan.artifacts[i].match, part)) return {part, i};
    }
    if (end == path.npos) return {path, std::nullopt};
  }
}

// Bytes of a file of the tree; evidence is small.
absl::StatusOr<std::string> ReadTreeFile(const ModelTree& tree, const TreeFile& file) {
  if (file.size > evidence::kMaxDsseBytes) {
    return ResourceExhausted(tree.path(), "/", file.name, ": evidence of more than ",
                             evidence::kMaxDsseBytes, " bytes");
  }
  ZTP_ASSIGN_OR_RETURN(const int fd, tree.OpenFile(file.name));
  const Descriptor owner(fd);
  std::string bytes(static_cast<size_t>(file.size), '\0');
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return OsError(Cat("cannot read ", tree.path(), "/", file.name), errno);
    if (got == 0) break;
    at += static_cast<size_t>(got);
  }
  if (at != bytes.size()) {
    return Unavailable(tree.path(), "/", file.name, " changed while it was read");
  }
  return bytes;
}

void AddDigests(const lineage::Inventory& inventory, EvidenceRole role, CiEvidence* item) {
  item->role = role;
  for (const lineage::Artifact& artifact : inventory.artifacts) {
    for (const lineage::ContentDigest& digest : artifact.digests) {
      if (digest.algorithm == "sha256") item->subjects.push_back(Cat("sha256:", digest.hex));
    }
  }
}

// What a statement is about, and which kind of evidence it would be.
void ReadStatementItem(CiEvidence* item) {
  const auto unreadable = [&](const evidence::Refusal& refusal) { item->why = refusal.message; };
  std::string payload;
  if (auto envelope = evidence::ReadDsse(item->text); envelope.ok()) {
    payload = std::move(envelope->payload);
  } else if (auto bundle = evidence::ReadSigstoreBundle(item->text); bundle.ok()) {
    payload = std::move(bundle->envelope.payload);
  } else {
    return unreadable(bundle.refusal());
  }
  JsonTree tree;
  const auto statement = evidence::ReadStatement(payload, &tree);
  if (!statement.ok()) return unreadable(statement.refusal());
  item->predicate = statement->predicate_type;
  for (const evidence::StatementSubject& subject : statement->subjects) {
    const std::string_view digest = subject.Digest("sha256");
    if (!digest.empty()) item->subjects.push_back(Cat("sha256:", digest));
  }
  if (item->predicate == evidence::kOmsPredicateType) {
    item->role = EvidenceRole::kModelSignature;
  } else if (item->predicate == evidence::kProvenancePredicateType ||
             item->predicate == evidence::kSummaryPredicateType) {
    item->role = EvidenceRole::kSlsa;
  } else if (const auto inventory = lineage::ReadSignedInventory(payload); inventory.ok()) {
    AddDigests(*inventory, EvidenceRole::kSignedBom, item);
  } else {
    item->role = EvidenceRole::kOther;
  }
}

void ReadBomItem(CiEvidence* item) {
  const auto inventory = lineage::ReadInventory(item->text, BaseOf(item->path));
  if (inventory.ok()) return AddDigests(*inventory, EvidenceRole::kBom, item);
  // Or it is a signed one.
  ReadStatementItem(item);
  if (item->role == EvidenceRole::kUnreadable) item->why = inventory.refusal().message;
}

class Collector {
 public:
  Collector(const ModelTree& tree, const Plan& plan) : tree_(tree), plan_(plan) {}

  absl::Status Collect(const std::vector<TreeFile>& files, const lineage::HashOptions& options) {
    std::vector<TreeFile> hashed;
    for (const TreeFile& file : files) Sort(file, &hashed);
    ZTP_ASSIGN_OR_RETURN(const std::vector<ModelFile> digests,
                         lineage::HashFiles(tree_, hashed, options));
    for (size_t i = 0; i < hashed.size(); ++i) Add(hashed[i], digests[i]);
    for (size_t i = 0; i < folder_.artifacts.size(); ++i) {
      Finish(&folder_.artifacts[i]);
      by_path_.emplace(folder_.artifacts[i].path, i);
    }
    uint64_t bytes = 0;
    for (const TreeFile& file : evidence_) {
      bytes += file.size;
      if (bytes > kMaxCiEvidenceBytes) return TooMuch(Cat(kMaxCiEvidenceBytes, " bytes"));
      ZTP_RETURN_IF_ERROR(AddEvidence(file));
      if (folder_.evidence.size() > kMaxCiEvidence) {
        return TooMuch(Cat(kMaxCiEvidence, " documents"));
      }
    }
    Assign();
    return absl::OkStatus();
  }
  CiFolder Take() { return std::move(folder_); }

 private:
  absl::Status TooMuch(std::string_view what) const {
    return ResourceExhausted(tree_.path(), ": more than ", what, " of evidence");
  }

  // A file is evidence, of an artefact, or not looked at.
  void Sort(const TreeFile& file, std::vector<TreeFile>* hashed) {
    if (IsGit(file.name)) return;
    const Covered covered = CoverOf(file.name, plan_);
    if (covered.planned && plan_.artifacts[*covered.planned].ignored) return;
    const bool alone = covered.path == file.name;
    if (alone ? IsStatementName(file.name) || IsBomName(file.name)
              : FolderOf(file.name) == covered.path && IsStatementName(file.name)) {
      evidence_.push_back(file);
      return;
    }
    if (!alone && IsGit(std::string_view(file.name).substr(covered.path.size() + 1))) return;
    hashed->push_back(file);
  }

  static bool IsGit(std::string_view name) {
    const std::string_view first = name.substr(0, name.find('/'));
    return std::find(std::begin(kGitFiles), std::end(kGitFiles), first) != std::end(kGitFiles);
  }

  void Add(const TreeFile& file, const ModelFile& digest) {
    const Covered covered = CoverOf(file.name, plan_);
    const bool alone = covered.path == file.name;
    // Files come in the order of ModelPathLess: those of one folder one after the other.
    if (folder_.artifacts.empty() || folder_.artifacts.back().path != covered.path) {
      folder_.artifacts.push_back(
          {.path = std::string(covered.path), .planned = covered.planned, .is_folder = !alone});
    }
    CiArtifact& artifact = folder_.artifacts.back();
    artifact.bytes += file.size;
    artifact.files.push_back(
        {.name = alone ? "." : file.name.substr(covered.path.size() + 1), .sha256 = digest.sha256});
  }

  static void Finish(CiArtifact* artifact) {
    artifact->model_digest = Cat("sha256:", evidence::ModelDigest(artifact->files));
    artifact->digest = artifact->is_folder ? artifact->model_digest
                                           : Cat("sha256:", artifact->files.front().sha256);
  }

  absl::Status AddEvidence(const TreeFile& file) {
    ZTP_ASSIGN_OR_RETURN(const std::string bytes, ReadTreeFile(tree_, file));
    CiEvidence item{.path = file.name, .digest = Sha256Digest(bytes)};
    FindOwner(&item);
    if (!IsStatementName(file.name)) {
      item.text = bytes;
      ReadBomItem(&item);
      folder_.evidence.push_back(std::move(item));
      return absl::OkStatus();
    }
    const bool lines = file.name.ends_with(".intoto.jsonl");
    const size_t before = folder_.evidence.size();
    std::string_view rest = bytes;
    for (size_t line = 1; !rest.empty(); ++line) {
      if (folder_.evidence.size() > kMaxCiEvidence) break;
      const size_t end = lines ? std::min(rest.find('\n'), rest.size()) : rest.size();
      const std::string_view text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (lines && text.find_first_not_of(" \t\r") == text.npos) continue;
      CiEvidence one = item;
      one.line = lines ? line : 0;
      one.text = text;
      ReadStatementItem(&one);
      folder_.evidence.push_back(std::move(one));
    }
    if (folder_.evidence.size() == before + 1) folder_.evidence.back().line = 0;
    if (folder_.evidence.size() == before) {
      item.why = "there is nothing in it";
      folder_.evidence.push_back(std::move(item));
    }
    return absl::OkStatus();
  }

  // Of artefacts in the same folder whose names it begins with, the one with the longest.
  void FindOwner(CiEvidence* item) const {
    const auto in = by_path_.find(FolderOf(item->path));
    if (in != by_path_.end() && folder_.artifacts[in->second].is_folder) {
      item->artifact = in->second;
      item->inside = true;
      return;
    }
    const std::string_view path = item->path;
    const size_t base = path.size() - BaseOf(path).size();
    for (size_t dot = path.rfind('.'); dot != path.npos && dot > base;
         dot = path.rfind('.', dot - 1)) {
      const auto named = by_path_.find(path.substr(0, dot));
      if (named == by_path_.end()) continue;
      item->artifact = named->second;
      return;
    }
  }

  // Each document to the artefacts that it is for.
  void Assign() {
    std::multimap<std::string_view, size_t> by_digest;
    for (size_t i = 0; i < folder_.artifacts.size(); ++i) {
      const CiArtifact& artifact = folder_.artifacts[i];
      by_digest.emplace(artifact.digest, i);
      if (artifact.model_digest != artifact.digest) by_digest.emplace(artifact.model_digest, i);
    }
    for (size_t i = 0; i < folder_.evidence.size(); ++i) {
      CiEvidence& item = folder_.evidence[i];
      const auto give = [&](size_t artifact) {
        std::vector<size_t>& has = folder_.artifacts[artifact].evidence;
        if (has.empty() || has.back() != i) has.push_back(i);
        item.concerned = true;
      };
      if (item.artifact) {
        give(*item.artifact);
        continue;
      }
      for (const std::string& subject : item.subjects) {
        const auto [first, last] = by_digest.equal_range(subject);
        for (auto at = first; at != last; ++at) give(at->second);
      }
    }
  }

  const ModelTree& tree_;
  const Plan& plan_;
  std::vector<TreeFile> evidence_;
  CiFolder folder_;
  std::map<std::string_view, size_t> by_path_;  // of artefacts, once there are all
};

}  // namespace

std::string CiEvidence::Name() const { return line == 0 ? path : Cat(path, ":", line); }

bool CiEvidence::IsAbout(const CiArtifact& a) const {
  return std::any_of(subjects.begin(), subjects.end(), [&](const std::string& subject) {
    return subject == a.digest || subject == a.model_digest;
  });
}

absl::StatusOr<Verified<CiFolder>> ReadCiFolder(const std::string& folder, const Plan& plan,
                                                const lineage::HashOptions& options) {
  ZTP_ASSIGN_OR_RETURN(const ModelTree tree, ModelTree::Open(folder));
  if (tree.is_single_file()) {
    return InvalidArgument(folder, " is a file: expected the folder that the artefacts are in");
  }
  ZTP_ASSIGN_OR_RETURN(const Verified<std::vector<TreeFile>> files, tree.List({}));
  if (!files.ok()) return Verified<CiFolder>(files.refusal());
  for (const TreeFile& file : *files) {
    if (IsPlainText(file.name)) continue;
    return Verified<CiFolder>(evidence::Refuse(
        evidence::Check::kContent,
        "a file's name is no text on one line: ", Quoted(JsonExcerpt(EscapedName(file.name)))));
  }
  Collector collector(tree, plan);
  ZTP_RETURN_IF_ERROR(collector.Collect(*files, options));
  return Verified<CiFolder>(collector.Take());
}

}  // namespace ztp::cli
