// What a log has signed: how many entries it has, and the root over them. c2sp.org/tlog-checkpoint.
//
// Boundary: the text of a checkpoint and its signature. A log signs by the name that is its origin.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/merkle.h"
#include "engine/evidence/document_signer.h"
#include "engine/evidence/signed_note.h"
#include "engine/evidence/verified.h"

namespace ztp::audit {

struct Checkpoint {
  uint64_t size = 0;
  MerkleHash root{};
  bool operator==(const Checkpoint&) const = default;
};

// Who a log is: its origin, and the key that signs for it. Immutable; threads may share it.
struct LogSigner {
  evidence::NoteKey key;
  std::shared_ptr<const evidence::DocumentSigner> signs;  // never null
};
// The errors of evidence::MakeNoteKey.
evidence::Verified<LogSigner> MakeLogSigner(std::string_view origin,
                                            std::shared_ptr<const evidence::DocumentSigner> signs);

// The signed note. Empty: the key cannot sign.
std::string SignCheckpoint(const Checkpoint& checkpoint, const LogSigner& signer);

// Only what the key has signed, and only with the origin that is the key's name.
//   kTooLarge, kMalformed, kSignature, kIssuer
evidence::Verified<Checkpoint> ReadCheckpoint(std::string_view note, const evidence::NoteKey& key);

}  // namespace ztp::audit
