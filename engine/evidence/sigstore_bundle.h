// A Sigstore bundle with a DSSE envelope: the signature, and what helps to verify it.
// github.com/sigstore/protobuf-specs, sigstore_bundle.proto, version 0.3, as JSON.
//
// Boundary: text to parts of the right form. Nothing is proven: signed_statement.h verifies.
// Members that are not asked for are not looked at, as protobuf has it. Bytes are standard base64
// with their padding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr std::string_view kSigstoreBundleType =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr size_t kMaxLogEntries = 4;
inline constexpr size_t kMaxInclusionHashes = 64;
inline constexpr size_t kMaxLogBodyBytes = size_t{256} << 10;
inline constexpr size_t kMaxCheckpointBytes = size_t{16} << 10;

struct InclusionProof {
  uint64_t index = 0;  // within its tree
  uint64_t tree_size = 0;
  std::string root;                 // 32 bytes
  std::vector<std::string> hashes;  // of 32 bytes
  std::string checkpoint;           // a signed note
};

// One entry of Rekor, version 1.
struct LogEntry {
  uint64_t index = 0;  // over all of the log's trees
  std::string log_id;  // 32 bytes
  std::string kind;
  std::string version;
  Time integrated_at;
  std::string body;                 // what the log holds
  std::string signed_at_signature;  // the "signed entry timestamp"; empty: none
  std::optional<InclusionProof> proof;
};

struct SigstoreBundle {
  DsseEnvelope envelope;
  // Exactly one of: a key, by a hint that may be empty; a chain or a single certificate, leaf
  // first.
  bool has_key = false;
  std::string key_hint;
  std::vector<Certificate> certificates;
  // Was it written as `x509CertificateChain`? Else it is a single `certificate`, as Fulcio's are.
  bool is_chain = false;
  std::vector<LogEntry> log_entries;
};

//   kTooLarge, kMalformed
Verified<SigstoreBundle> ReadSigstoreBundle(std::string_view json);

}  // namespace ztp::evidence
