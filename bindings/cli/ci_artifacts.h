// The artefacts of a folder, hashed, and the evidence that lies beside and in them.
//
// Boundary: names, bytes and digests; nothing is verified here (ci_check.h). What a name says about
// evidence only decides what is read; what it is about, its own text says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/cli/ci_plan.h"
#include "engine/evidence/oms.h"
#include "engine/evidence/verified.h"
#include "engine/lineage/model_files.h"

namespace ztp::cli {

struct CiArtifact {
  std::string path;  // below the folder
  // In Plan::artifacts; nothing: no pattern covers it.
  std::optional<size_t> planned;
  bool is_folder = false;
  // Of a folder, those that its digest is over, in the order of their names; of a file: it, as ".".
  std::vector<evidence::ModelFile> files;
  uint64_t bytes = 0;
  // "sha256:…" of a file's bytes; of a folder what OpenSSF Model Signing has (oms.h).
  std::string digest;
  // What Model Signing has: of a folder the same, of a file another.
  std::string model_digest;
  // In CiFolder::evidence: what lies in it, is named after it or names its digest.
  std::vector<size_t> evidence;
};

// What a document says that it is, whoever signed it.
enum class EvidenceRole : uint8_t {
  kModelSignature,  // of the kind "oms"
  kSlsa,            // of the kind "slsa": provenance, or a verification summary
  kBom,             // a bill of materials that nobody signed: what it says is claimed
  kSignedBom,       // of the kind "bom"; claimed too unless a source has verified it
  kOther,           // a statement that nothing here takes
  kUnreadable,
};

// A document; of a file with several (JSON Lines), one of them.
struct CiEvidence {
  std::string path;  // below the folder
  size_t line = 0;   // of several: which, from 1; else 0
  std::string text;
  std::string digest;  // "sha256:…" of the file's bytes
  EvidenceRole role = EvidenceRole::kUnreadable;
  std::string predicate;  // of a statement: its type
  // "sha256:…": what it says it is about. Of a signed bill also what the bill itself describes,
  // about which its signature proves nothing.
  std::vector<std::string> subjects;
  std::string why;  // it is unreadable
  // The artefact that it lies in, or is named after; nothing: it is for whatever it is about.
  std::optional<size_t> artifact;
  bool inside = false;     // in the artefact's folder, whose digest leaves it out
  bool concerned = false;  // some artefact has it

  // "vision-7b.sig", "build.intoto.jsonl:2"
  std::string Name() const;
  bool IsAbout(const CiArtifact& artifact) const;
};

struct CiFolder {
  std::vector<CiArtifact> artifacts;  // in the order of their paths
  std::vector<CiEvidence> evidence;   // in the order of its paths and lines
};

// Every file below `folder` is an artefact's, evidence, or an artefact that is not planned. A
// refusal is one of ModelTree::List's: a symbolic link, too many files.
absl::StatusOr<evidence::Verified<CiFolder>> ReadCiFolder(const std::string& folder,
                                                          const Plan& plan,
                                                          const lineage::HashOptions& options);

// Of one folder: documents, and the bytes of all of them.
inline constexpr size_t kMaxCiEvidence = 20'000;
inline constexpr uint64_t kMaxCiEvidenceBytes = uint64_t{256} << 20;

}  // namespace ztp::cli
