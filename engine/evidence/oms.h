// OpenSSF Model Signing, version 1.0: which files a model has, and who says so.
// github.com/ossf/model-signing-spec; predicate https://model_signing/signature/v1.0.
//
// Boundary: a bundle in, the list of files and the signer out, as std.ai's Oms. Whether a folder
// holds those files: lineage/model_files.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/document_signer.h"
#include "engine/evidence/signed_statement.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr std::string_view kOmsPredicateType = "https://model_signing/signature/v1.0";
inline constexpr size_t kMaxModelFiles = 100'000;
inline constexpr size_t kMaxModelPathBytes = 1024;

struct ModelFile {
  std::string name;    // below the model's folder, with slashes; ".": the model is one file
  std::string sha256;  // 64 digits of hexadecimal
};

struct ModelManifest {
  std::string name;  // of the model; for people only
  std::vector<ModelFile> files;
  // Below the model's folder; what they name, and what is below it, belongs to no model.
  std::vector<std::string> ignored;
};

// std.ai's Oms, and what it is about.
struct Oms {
  std::string signer;
  std::optional<std::string> issuer;
  bool logged = false;
  // "sha256:…" over the files' digests in the order of their names: `proven for digest`.
  std::string subject_digest;
  std::optional<Time> signed_at;
  std::optional<Time> not_before;
  std::optional<Time> valid_until;  // of the signer's certificate; a key's signature has no end
  std::string anchor;
  std::string digest;  // "sha256:…" of the bundle
  ModelManifest manifest;
};

// Thread-safe. Refuses with what VerifySignedStatement does, or
//   kMalformed    another predicate, not one subject; a name that is no path below a folder, or
//                 there twice; digests that do not come to the subject's
//   kAlgorithm    files hashed otherwise than by SHA-256 over each as a whole
//   kTooLarge
Verified<Oms> VerifyOms(std::string_view bundle, const SignerPolicy& policy, Time now);

// The manifest of a statement's payload, whoever signed it, and its subject's digest.
struct ModelStatement {
  ModelManifest manifest;
  std::string subject_digest;
};
Verified<ModelStatement> ReadModelStatement(std::string_view payload);

// Is it a path below a folder: parts without "." and "..", with single slashes between them?
bool IsModelPath(std::string_view name);

// As the files' names are ordered: part by part.
bool ModelPathLess(std::string_view a, std::string_view b);

// The digest over the files' digests, in their order as they stand: 64 digits of hexadecimal.
std::string ModelDigest(const std::vector<ModelFile>& files);

// A bundle that the key signs, with its hint; files are put in order. Empty: the key cannot sign.
std::string SignModel(ModelManifest manifest, const DocumentSigner& key);

}  // namespace ztp::evidence
