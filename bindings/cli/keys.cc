// See keys.h.
#include "bindings/cli/keys.h"

#include <algorithm>

#include "bindings/cli/common.h"
#include "bindings/cli/pkcs11.h"
#include "bindings/server/key_file.h"
#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::cli {
namespace {

constexpr uint64_t kMaxKeyFileBytes = 64 << 10;

absl::Status Wrong(std::string_view name, const evidence::Refusal& refusal) {
  return InvalidArgument(name, ": ", refusal.message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> LoadPrivateKey(const std::string& name) {
  if (name.starts_with(kPkcs11Scheme)) return OpenPkcs11Key(name, server::KeyPassword());
  return server::LoadKeyFile(name);
}

absl::StatusOr<std::vector<evidence::SignatureKey>> LoadPublicKeys(
    const std::vector<std::string>& files) {
  std::vector<evidence::SignatureKey> keys;
  for (const std::string& file : files) {
    ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(file, kMaxKeyFileBytes));
    const auto read = evidence::ReadSignatureKeys(text);
    if (!read.ok()) return Wrong(file, read.refusal());
    for (const evidence::SignatureKey& key : *read) {
      if (std::any_of(keys.begin(), keys.end(),
                      [&](const evidence::SignatureKey& other) { return other.id == key.id; })) {
        return InvalidArgument(file, ": the key ", key.id, " was given before");
      }
      keys.push_back(key);
    }
  }
  return keys;
}

absl::StatusOr<evidence::NoteKey> LoadLogKey(const std::string& key, const std::string& origin) {
  const auto read = [](std::string_view text) -> absl::StatusOr<evidence::NoteKey> {
    while (text.ends_with('\n')) text.remove_suffix(1);
    auto note_key = evidence::ReadVkey(text);
    if (!note_key.ok()) return InvalidArgument("the log's key: ", note_key.refusal().message);
    return *std::move(note_key);
  };
  // A name has no '+', but a file's may; the part behind the last one decides.
  if (evidence::ReadVkey(key).ok()) return read(key);
  ZTP_ASSIGN_OR_RETURN(const std::string text, driver::ReadFile(key, kMaxKeyFileBytes));
  if (!text.starts_with("-----BEGIN")) return read(text);
  if (origin.empty()) {
    return InvalidArgument(key, ": a key in PEM takes the log's name, with --origin");
  }
  const auto keys = evidence::ReadSignatureKeys(text);
  if (!keys.ok()) return InvalidArgument(key, ": ", keys.refusal().message);
  if (keys->size() != 1) return InvalidArgument(key, ": a log has one key");
  auto note_key = evidence::MakeNoteKey(origin, keys->front());
  if (!note_key.ok()) return InvalidArgument(key, ": ", note_key.refusal().message);
  return *std::move(note_key);
}

int Refused(std::string_view file, const evidence::Refusal& refusal) {
  PrintError(Cat("ztp: ", file, ": refused: ", NameOf(refusal.check), ": ", refusal.message, "\n"));
  return kFailed;
}

}  // namespace ztp::cli
