// See checkpoint.h.
#include "engine/audit/checkpoint.h"

#include <charconv>
#include <optional>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/base64.h"

namespace ztp::audit {
namespace {

using evidence::Check;
using evidence::Refuse;
using evidence::Verified;

// The text up to the line's end, which is taken off `text`. The text ends with a line feed.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Decimal digits as one writes them: no zero in front.
std::optional<uint64_t> ReadSize(std::string_view digits) {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc() || digits != Cat(size)) return std::nullopt;
  return size;
}

}  // namespace

Verified<LogSigner> MakeLogSigner(std::string_view origin,
                                  std::shared_ptr<const evidence::DocumentSigner> signs) {
  ZTP_VERIFY_OR_RETURN(evidence::NoteKey key, evidence::MakeNoteKey(origin, signs->public_key()));
  return LogSigner{.key = std::move(key), .signs = std::move(signs)};
}

std::string SignCheckpoint(const Checkpoint& checkpoint, const LogSigner& signer) {
  const std::string text = Cat(signer.key.name, "\n", checkpoint.size, "\n",
                               evidence::EncodeBase64(BytesOf(checkpoint.root)), "\n");
  return evidence::SignNote(text, signer.key, *signer.signs);
}

Verified<Checkpoint> ReadCheckpoint(std::string_view note, const evidence::NoteKey& key) {
  ZTP_VERIFY_OR_RETURN(const evidence::SignedNote read, evidence::ReadNote(note));
  if (!IsSignedBy(read, key)) {
    return Refuse(Check::kSignature, "a checkpoint that ", key.name,
                  " has not signed with this key");
  }
  std::string_view text = read.text;
  if (TakeLine(text) != key.name) {
    return Refuse(Check::kIssuer, "a checkpoint of another log than ", key.name);
  }
  const std::optional<uint64_t> size = ReadSize(TakeLine(text));
  const std::optional<std::string> root = evidence::DecodeBase64(TakeLine(text));
  const std::optional<MerkleHash> hash = root ? MerkleHashOf(*root) : std::optional<MerkleHash>();
  if (!size || !hash) {
    return Refuse(Check::kMalformed, "a checkpoint is an origin, a size and a root");
  }
  return Checkpoint{.size = *size, .root = *hash};
}

}  // namespace ztp::audit
