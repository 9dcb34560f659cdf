// A text with signatures below it: c2sp.org/signed-note, with Ed25519 (signature type 0x01) and the
// keys of notes as text (vkeys).
//
// Boundary: notes and who signed them. What a text says is its reader's affair. Of Rekor's notes,
// whose key ids are made otherwise, only the form is read here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/document_signer.h"
#include "engine/evidence/signature_key.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxNoteBytes = 64 << 10;
inline constexpr size_t kMaxNoteSignatures = 16;
inline constexpr size_t kMaxNoteNameBytes = 256;

struct NoteSignature {
  std::string name;
  std::string key_id;  // 4 bytes
  std::string bytes;
};

struct SignedNote {
  std::string text;  // what is signed, its last line feed included
  std::vector<NoteSignature> signatures;
};

//   kTooLarge, kMalformed
Verified<SignedNote> ReadNote(std::string_view note);

// A key with the name that it signs by. Immutable.
struct NoteKey {
  std::string name;
  SignatureKey key;  // Ed25519
  std::string id;    // 4 bytes
};

//   kMalformed: the name is empty, too long, no UTF-8, or has a space, a control character or '+'
//   kAlgorithm: the key is not Ed25519
Verified<NoteKey> MakeNoteKey(std::string_view name, SignatureKey key);

// NAME+ID+KEY, as public tools take it.
//   kMalformed (the id is not the key's included), kAlgorithm
Verified<NoteKey> ReadVkey(std::string_view vkey);
std::string VkeyOf(const NoteKey& key);

// Is the note signed by this key? A signature in its name and with its id that does not verify
// makes it a no, whatever else stands there.
bool IsSignedBy(const SignedNote& note, const NoteKey& key);

// The note with one signature, `private_key` being that of `key`. Empty: OpenSSL fails, or the text
// is none that a note can have.
std::string SignNote(std::string_view text, const NoteKey& key, const DocumentSigner& signer);

}  // namespace ztp::evidence
