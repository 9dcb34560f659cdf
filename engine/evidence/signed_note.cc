// See signed_note.h.
#include "engine/evidence/signed_note.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/hex.h"
#include "engine/base/scalar_text.h"
#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kEd25519Bytes = 32;
constexpr char kEd25519 = '\1';

// The white space of Unicode that is no control character.
bool HasSpace(std::string_view text) {
  static constexpr std::string_view kSpaces[] = {" ",
                                                 "\xc2\x85",
                                                 "\xc2\xa0",
                                                 "\xe1\x9a\x80",
                                                 "\xe2\x80\x80",
                                                 "\xe2\x80\x81",
                                                 "\xe2\x80\x82",
                                                 "\xe2\x80\x83",
                                                 "\xe2\x80\x84",
                                                 "\xe2\x80\x85",
                                                 "\xe2\x80\x86",
                                                 "\xe2\x80\x87",
                                                 "\xe2\x80\x88",
                                                 "\xe2\x80\x89",
                                                 "\xe2\x80\x8a",
                                                 "\xe2\x80\xa8",
                                                 "\xe2\x80\xa9",
                                                 "\xe2\x80\xaf",
                                                 "\xe2\x81\x9f",
                                                 "\xe3\x80\x80"};
  return std::any_of(std::begin(kSpaces), std::end(kSpaces), [&](std::string_view space) {
    return text.find(space) != std::string_view::npos;
  });
}

bool HasControl(std::string_view text, bool but_line_feeds) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && !(but_line_feeds && c == '\n');
  });
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNoteNameBytes && IsValidUtf8(name) &&
         !HasControl(name, false) && !HasSpace(name) && name.find('+') == std::string_view::npos;
}

bool IsText(std::string_view text) {
  return !text.empty() && text.back() == '\n' && text.size() <= kMaxNoteBytes &&
         IsValidUtf8(text) && !HasControl(text, true);
}

// The type's byte and the key's.
std::string Material(const SignatureKey& key) {
  std::string bytes(1 + kEd25519Bytes, kEd25519);
  size_t size = kEd25519Bytes;
  if (EVP_PKEY_get_raw_public_key(key.key.get(), reinterpret_cast<unsigned char*>(&bytes[1]),
                                  &size) != 1 ||
      size != kEd25519Bytes) {
    return {};
  }
  return bytes;
}

// One line, "— NAME BASE64".
std::optional<NoteSignature> ReadSignature(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsName(line.substr(0, space))) return std::nullopt;
  const std::optional<std::string> bytes = DecodeBase64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  return NoteSignature{.name = std::string(line.substr(0, space)),
                       .key_id = bytes->substr(0, kKeyIdBytes),
                       .bytes = bytes->substr(kKeyIdBytes)};
}

}  // namespace

Verified<SignedNote> ReadNote(std::string_view note) {
  if (note.size() > kMaxNoteBytes) {
    return Refuse(Check::kTooLarge, "a note of ", note.size(), " bytes; at most ", kMaxNoteBytes,
                  " are read");
  }
  const size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || note.back() != '\n' || !IsText(note.substr(0, gap + 1)) ||
      !IsText(note)) {
    return Refuse(Check::kMalformed, "a note is text, an empty line and signatures");
  }
  SignedNote read{.text = std::string(note.substr(0, gap + 1)), .signatures = {}};
  std::string_view lines = note.substr(gap + 2);
  while (!lines.empty()) {
    if (read.signatures.size() == kMaxNoteSignatures) {
      return Refuse(Check::kTooLarge, "a note with more than ", kMaxNoteSignatures, " signatures");
    }
    const size_t end = lines.find('\n');
    std::optional<NoteSignature> signature = ReadSignature(lines.substr(0, end));
    if (!signature) return Refuse(Check::kMalformed, "a line below a note is no signature");
    read.signatures.push_back(*std::move(signature));
    lines.remove_prefix(end + 1);
  }
  if (read.signatures.empty()) return Refuse(Check::kMalformed, "a note without signatures");
  return read;
}

Verified<NoteKey> MakeNoteKey(std::string_view name, SignatureKey key) {
  if (!IsName(name)) {
    return Refuse(Check::kMalformed,
                  "a key's name is 1 to 256 bytes of UTF-8 without spaces, control characters and "
                  "'+'");
  }
  if (key.type != KeyType::kEd25519) {
    return Refuse(Check::kAlgorithm, "notes are signed with Ed25519, not with ", NameOf(key.type));
  }
  const std::string material = Material(key);
  if (material.empty()) return Refuse(Check::kMalformed, "an Ed25519 key without its public part");
  std::string id = Sha256Bytes(Cat(name, '\n', material)).substr(0, kKeyIdBytes);
  return NoteKey{.name = std::string(name), .key = std::move(key), .id = std::move(id)};
}

Verified<NoteKey> ReadVkey(std::string_view vkey) {
  const size_t first = vkey.find('+');
  const size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (vkey.size() > 2 * kMaxNoteNameBytes || second == std::string_view::npos) {
    return Refuse(Check::kMalformed, "a note's key is NAME+ID+KEY");
  }
  const std::optional<std::string> material = DecodeBase64(vkey.substr(second + 1));
  if (!material || material->empty()) {
    return Refuse(Check::kMalformed, "the last part of a note's key is no base64");
  }
  if (material->front() != kEd25519) {
    return Refuse(Check::kAlgorithm, "a note's key of another type than Ed25519");
  }
  if (material->size() != 1 + kEd25519Bytes) {
    return Refuse(Check::kMalformed, "an Ed25519 key has 32 bytes");
  }
  ZTP_VERIFY_OR_RETURN(const SharedKey raw, MakeEd25519Key(std::string_view(*material).substr(1)));
  ZTP_VERIFY_OR_RETURN(SignatureKey key, SignatureKeyOf(raw.get()));
  ZTP_VERIFY_OR_RETURN(NoteKey made, MakeNoteKey(vkey.substr(0, first), std::move(key)));
  if (Hex(made.id) != vkey.substr(first + 1, second - first - 1)) {
    return Refuse(Check::kMalformed, "the id in a note's key is not the key's");
  }
  return made;
}

std::string VkeyOf(const NoteKey& key) {
  return Cat(key.name, "+", Hex(key.id), "+", EncodeBase64(Material(key.key)));
}

bool IsSignedBy(const SignedNote& note, const NoteKey& key) {
  bool is_signed = false;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != key.name || signature.key_id != key.id) continue;
    if (!IsSignedBy(key.key, note.text, signature.bytes)) return false;
    is_signed = true;
  }
  return is_signed;
}

std::string SignNote(std::string_view text, const NoteKey& key, const DocumentSigner& signer) {
  if (!IsText(text)) return {};
  const std::string signature = signer.Sign(text);
  if (signature.empty()) return {};
  return Cat(text, "\n", kDash, key.name, " ", EncodeBase64(Cat(key.id, signature)), "\n");
}

}  // namespace ztp::evidence
