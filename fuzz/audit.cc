// Any bytes are a note, a key, a mask, a request that is logged, a bundle, a tile's path, and a
// journal: each is read or refused. As an entry they are rendered or not; and whatever is logged is
// an entry that fits and is JSON.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/audit/entry.h"
#include "engine/audit/journal.h"
#include "engine/audit/mask.h"
#include "engine/audit/render.h"
#include "engine/audit/tile.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/signed_note.h"

namespace {

using namespace ztp;         // NOLINT
using namespace ztp::audit;  // NOLINT

const LogSigner& Signer() {
  static const LogSigner signer = [] {
    return *MakeLogSigner("log.example",
                          std::make_shared<evidence::PrivateKey>(
                              *evidence::PrivateKey::Generate(evidence::KeyType::kEd25519)));
  }();
  return signer;
}

void ReadJournalOf(std::string_view bytes) {
  JournalReader reader(bytes, Signer().key);
  if (!reader.ReadHeader().ok()) return;
  for (;;) {
    const auto batch = reader.Next();
    if (!batch.ok() || !batch->has_value()) return;
  }
}

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto note = evidence::ReadNote(text); note.ok()) {
    Require(!IsSignedBy(*note, Signer().key));
  }
  (void)ReadCheckpoint(text, Signer().key);
  if (const auto key = evidence::ReadVkey(text); key.ok()) Require(VkeyOf(*key) == text);
  if (const auto tile = TileName::OfPath(text)) Require(tile->Path() == text);
  for (const size_t count : {size_t{1}, size_t{3}, size_t{256}}) {
    if (const auto entries = ReadBundle(text, count, true)) {
      std::string again;
      for (const std::string_view entry : *entries) AppendEntry(entry, &again);
      Require(again == text);
    }
  }

  // A journal of nothing but noise, and one that the noise stands behind.
  ReadJournalOf(text);
  static const std::string header = WriteJournalHeader(TileTree(), Signer());
  ReadJournalOf(header + std::string(text));
  const std::string_view entry = text.substr(0, kMaxEntryBytes);
  MerkleFrontier frontier;
  frontier.Append(HashLeaf(entry));
  const std::string batch =
      WriteJournalBatch({&entry, 1}, {.size = 1, .root = frontier.Root()}, 0, Signer());
  JournalReader reader(batch, Signer().key);
  Require(!reader.ReadHeader().ok());
  const std::string journal = header + batch;
  JournalReader whole(journal, Signer().key);
  Require(whole.ReadHeader().ok());
  const auto read = whole.Next();
  Require(read.ok() && read->has_value() && (*read)->entries.at(0) == entry);

  const EntryPlace place{.origin = "log.example", .index = 7};
  (void)RenderOpa(text, place);
  (void)RenderOcsf(text, place);
  EntryOptions options{.mask = {}, .key = std::string(16, 'k'), .with_request = true};
  if (auto mask = MaskPolicy::FromJson(text); mask.ok()) options.mask = *std::move(mask);
  const auto writer = EntryWriter::Make(std::move(options));
  Require(writer.ok());
  DecisionRecord record;
  record.id = text.substr(0, 100);
  record.request = text;
  record.answer = text;
  const std::string logged = (*writer)->Decision(record);
  Require(logged.size() <= kMaxEntryBytes);
  JsonTree tree;
  JsonError error;
  Require(tree.Parse(logged, JsonPath(), &error));
  Require(RenderOpa(logged, place).has_value() && RenderOcsf(logged, place).has_value());
  return 0;
}
