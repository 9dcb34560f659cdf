// Bytes to a snapshot: first the frame (magic, format, size, program, checksum), then tables and
// pools where they lie, then FactsChecker, then what is made anew in memory: the index by type and
// id, whose hash has a salt of its own, and the program's constants. See snapshot_file.h.
#include "engine/facts/snapshot_file.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <random>
#include <utility>

#include "engine/base/hex.h"
#include "engine/base/limits.h"
#include "engine/base/mapped_file.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/fact_encoder.h"
#include "engine/facts/facts_checker.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/layout.h"
#include "engine/facts/lineage.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/writer_index.h"

namespace ztp {
namespace {

constexpr std::align_val_t kCopyAlignment{kFactsAlignment};
// Of the pools: segments, and items of one.
constexpr uint64_t kMostSegments[kFactsPools] = {1 << 15, FactsLists::kMaxWords / (1u << 22),
                                                 1 << 15, 1 << 15};
constexpr uint64_t kMostItems[kFactsPools] = {
    uint64_t{1} << FactsText::kSegmentBits, uint64_t{1} << FactsLists::kSegmentBits,
    uint64_t{1} << FactsItems::kSegmentBits, uint64_t{1} << FactsWords::kSegmentBits};

absl::StatusOr<FactsFileHeader> ReadHeader(std::string_view bytes) {
  if (!LooksLikeFactsFile(bytes)) return InvalidArgument("this is no facts file");
  FactsFileHeader header;
  std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof(header)));
  if (bytes.size() >= 12 && header.format != kFactsFormat &&
      header.format != kFactsFormatWithEvidence) {
    return absl::UnimplementedError(Cat("the facts file is of format ", header.format,
                                        "; this version reads formats ", kFactsFormat, " and ",
                                        kFactsFormatWithEvidence));
  }
  if (bytes.size() < sizeof(header) || header.file_bytes != bytes.size()) {
    return InvalidArgument("the facts file should have ",
                           bytes.size() < sizeof(header) ? sizeof(header) : header.file_bytes,
                           " bytes and has ", bytes.size(),
                           ": it is cut off, or something follows it");
  }
  if (header.header_bytes != sizeof(header)) {
    return InvalidArgument("the facts file is damaged: its header has another size");
  }
  return header;
}

template <typename T>
std::vector<T> ReadTable(std::string_view bytes, uint64_t at, size_t count) {
  std::vector<T> table(count);
  if (count != 0) std::memcpy(table.data(), bytes.data() + at, count * sizeof(T));
  return table;
}

absl::Status Damaged(const char* what) {
  return InvalidArgument("the facts file is not well formed: ", what);
}

// The sizes of all segments, from a table whose place has been found to be within the file.
absl::StatusOr<FactsChecker::Sizes> ReadSizes(std::string_view bytes, const FactsFileHeader& header,
                                              uint64_t at) {
  FactsChecker::Sizes sizes;
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    sizes[pool] = ReadTable<uint32_t>(bytes, at, header.segments[pool]);
    at += uint64_t{header.segments[pool]} * sizeof(uint32_t);
    for (uint32_t size : sizes[pool]) {
      if (size > kMostItems[pool]) return Damaged("a segment is too big");
    }
    // Place 0 stands for nothing.
    if (sizes[pool][0] == 0) return Damaged("a pool is empty");
  }
  return sizes;
}

absl::Status CheckCounts(const FactsFileHeader& header, uint64_t size) {
  if (header.page_count > kMaxEntities / FactsPage::kRows) return Damaged("too many pages");
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    if (header.segments[pool] == 0 || header.segments[pool] > kMostSegments[pool]) {
      return Damaged("a pool has no segments, or too many");
    }
  }
  if (header.flags > FactsFileHeader::kQuantifiersAnswered) return Damaged("an unknown flag");
  for (uint32_t reserved : header.reserved) {
    if (reserved != 0) return Damaged("a reserved field is set");
  }
  if (header.evidence_bytes > kMaxFactsTextBytes ||
      (header.evidence_bytes != 0) != (header.format == kFactsFormatWithEvidence)) {
    return Damaged("its evidence is not of its format");
  }
  if (PlanFactsTables(header).end > size) return Damaged("its tables do not fit");
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeFactsFile(std::string_view bytes) {
  return bytes.starts_with(std::string_view(kFactsMagic, sizeof(kFactsMagic)));
}

// It is the last part, so its place follows from its size.
std::string_view SnapshotFile::Evidence(std::string_view bytes) {
  const absl::StatusOr<FactsFileHeader> header = ReadHeader(bytes);
  if (!header.ok() || !CheckCounts(*header, bytes.size()).ok()) return {};
  const uint64_t part = AlignedFacts(header->evidence_bytes);
  if (part > bytes.size()) return {};
  return bytes.substr(bytes.size() - part, header->evidence_bytes);
}

absl::StatusOr<FactsFileInfo> SnapshotFile::Info(std::string_view bytes) {
  ZTP_ASSIGN_OR_RETURN(const FactsFileHeader header, ReadHeader(bytes));
  ZTP_RETURN_IF_ERROR(CheckCounts(header, bytes.size()));
  const FactsFilePlan plan = PlanFactsTables(header);
  ZTP_ASSIGN_OR_RETURN(const FactsChecker::Sizes sizes,
                       ReadSizes(bytes, header, plan.segment_sizes));
  uint64_t pool_bytes[kFactsPools] = {};
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    for (uint32_t size : sizes[pool]) pool_bytes[pool] += size * kFactsItemBytes[pool];
  }
  SetHash set_hash;
  std::memcpy(set_hash.lanes().data(), bytes.data() + plan.set_hash,
              SetHash::kLanes * sizeof(uint16_t));
  FactsFileInfo info;
  info.format = header.format;
  info.file_bytes = header.file_bytes;
  info.program = Cat("sha256:", Hex(header.program, sizeof(header.program)));
  info.version = set_hash.Digest(header.stored_count);
  info.stored_count = header.stored_count;
  info.absent_count = header.absent_count;
  info.pages = header.page_count;
  info.text_bytes = pool_bytes[kPoolTexts];
  info.list_bytes = pool_bytes[kPoolLists];
  info.item_bytes = pool_bytes[kPoolItems];
  info.word_bytes = pool_bytes[kPoolWords];
  info.evidence_bytes = header.evidence_bytes;
  return info;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotFile::View(
    std::shared_ptr<const DecisionProgram> program, std::string_view bytes,
    std::shared_ptr<const void> storage) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kFactsAlignment != 0) {
    return absl::FailedPreconditionError(
        Cat("a facts file is read in place only where it begins at a multiple of ", kFactsAlignment,
            " bytes"));
  }
  ZTP_ASSIGN_OR_RETURN(const FactsFileHeader header, ReadHeader(bytes));
  if (FactsProgramDigest(*program) !=
      std::string_view(reinterpret_cast<const char*>(header.program), sizeof(header.program))) {
    return InvalidArgument(
        "these facts were made for another policy: its entity types, or the texts, entities and "
        "patterns that it names, are not those of this one; make them anew from their source");
  }
  if (FactsChecksumOf(bytes) != header.checksum) {
    return InvalidArgument("the facts file is damaged: its checksum is another");
  }
  return Make(std::move(program), bytes, header, std::move(storage));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotFile::Make(
    std::shared_ptr<const DecisionProgram> program, std::string_view bytes,
    const FactsFileHeader& header, std::shared_ptr<const void> storage) {
  ZTP_RETURN_IF_ERROR(CheckCounts(header, bytes.size()));
  std::unique_ptr<Snapshot> made(new Snapshot(std::move(program)));
  Snapshot& s = *made;
  s.layout_ = std::make_shared<const FactsLayout>(*s.program_);
  s.memory_ = std::make_shared<FactsMemory>();
  FactsMemory& memory = *s.memory_;
  memory.file = std::move(storage);

  FactsFilePlan plan = PlanFactsTables(header);
  ZTP_ASSIGN_OR_RETURN(const FactsChecker::Sizes sizes,
                       ReadSizes(bytes, header, plan.segment_sizes));
  const ConstantNames names(*s.program_);
  uint32_t mixed_stride = 0;
  for (const auto& name : names.entities()) {
    mixed_stride = std::max(mixed_stride, s.layout_->types()[name.type.index].stride);
  }
  const size_t mixed = (names.entities().size() + FactsPage::kRows - 1) / FactsPage::kRows;
  uint64_t row_bytes = 0;
  for (uint32_t type : ReadTable<uint32_t>(bytes, plan.page_types, header.page_count)) {
    const bool is_mixed = s.pages_.size() < mixed;
    if (is_mixed ? type != FactsPage::kMixed : type >= s.layout_->types().size()) {
      return Damaged("a page is of no type");
    }
    const uint32_t stride = is_mixed ? mixed_stride : s.layout_->types()[type].stride;
    // Where its rows are is known when all of the file is.
    s.pages_.push_back({nullptr, stride, type});
    row_bytes += uint64_t{stride} * 8 * FactsPage::kRows;
  }
  if (s.pages_.size() < mixed) return Damaged("too few pages");
  PlanFactsPools(row_bytes, header.evidence_bytes, sizes, &plan);
  if (plan.end != bytes.size()) return Damaged("its parts do not add up");

  const char* rows = bytes.data() + plan.rows;
  for (FactsPage& page : s.pages_) {
    page.rows = reinterpret_cast<const uint64_t*>(rows);
    rows += size_t{page.stride} * 8 * FactsPage::kRows;
  }
  s.page_owned_.assign(s.pages_.size(), false);
  auto at = [&](FactsPool pool, size_t segment) {
    return bytes.data() + plan.pools[pool][segment];
  };
  for (size_t i = 0; i < sizes[kPoolTexts].size(); ++i) {
    memory.texts.AddForeign(at(kPoolTexts, i), sizes[kPoolTexts][i]);
  }
  for (size_t i = 0; i < sizes[kPoolLists].size(); ++i) {
    memory.lists.AddForeign(reinterpret_cast<const uint32_t*>(at(kPoolLists, i)),
                            sizes[kPoolLists][i]);
  }
  for (size_t i = 0; i < sizes[kPoolWords].size(); ++i) {
    memory.words.AddForeign(reinterpret_cast<const uint64_t*>(at(kPoolWords, i)),
                            sizes[kPoolWords][i]);
  }
  std::vector<const FactsFileItem*> items;
  std::vector<Val*> vals;
  for (size_t i = 0; i < sizes[kPoolItems].size(); ++i) {
    items.push_back(reinterpret_cast<const FactsFileItem*>(at(kPoolItems, i)));
    vals.push_back(memory.items.AddFull(sizes[kPoolItems][i]));
  }
  s.view_.pattern_count = static_cast<uint32_t>(s.program_->patterns.size());
  s.view_.quantifier_count = static_cast<uint32_t>(s.program_->quantifiers.size());
  s.view_.named_count = names.entities().size();
  s.Sync();
  s.TakeExtents();

  FactsChecker checker(*s.program_, *s.layout_, s.view_, sizes, std::move(items), bytes.size());
  absl::Status status = checker.CheckRows();
  if (status.ok()) status = checker.PlaceItems(vals);
  if (status.ok()) status = checker.CheckContents();
  if (status.ok()) status = checker.CheckEmptyClosure(header.no_membership, false);
  if (status.ok()) status = checker.CheckEmptyClosure(header.no_lineage, true);
  if (status.ok() && (checker.stored_count() != header.stored_count ||
                      checker.absent_count() != header.absent_count)) {
    status = InvalidArgument("it has another number of entities than it says");
  }
  if (!status.ok()) return Damaged(std::string(Message(status)).c_str());

  s.no_membership_ = header.no_membership;
  s.no_lineage_ = header.no_lineage;
  s.stored_count_ = header.stored_count;
  s.absent_count_ = header.absent_count;
  s.view_.has_quantifiers = (header.flags & FactsFileHeader::kQuantifiersAnswered) != 0;
  for (const FactsChecker::OpenPage& open : checker.open_pages()) {
    s.open_pages_.push_back({open.page, open.used});
  }
  s.bucket_entries_ = checker.used_count();
  ZTP_RETURN_IF_ERROR(MakeIndex(&s));

  FactEncoder encoder(*s.program_, *s.layout_, memory, s.view_.salt,
                      [&](EntityTypeId type, std::string_view id) {
                        return s.view_.Find(type.index, id.data(), id.size());
                      });
  for (uint32_t c = 0; c < s.program_->constants.size(); ++c) {
    s.constants_.push_back(encoder.Item(s.program_->pool.ToValue(s.program_->constants[c]),
                                        s.layout_->ClassOfConstant(c)));
  }
  if (encoder.full()) return ResourceExhausted("the facts take more room than a snapshot has");
  std::memcpy(s.set_hash_.lanes().data(), bytes.data() + plan.set_hash,
              SetHash::kLanes * sizeof(uint16_t));
  s.version_ = s.set_hash_.Digest(s.stored_count_);
  s.Sync();
  memory.first_bytes = s.memory_bytes();
  return std::shared_ptr<const Snapshot>(std::move(made));
}

// The table by type and id, as SnapshotBuilder makes it. A salt that stood in the file would be
// known to who can read it.
absl::Status SnapshotFile::MakeIndex(Snapshot* snapshot) {
  Snapshot& s = *snapshot;
  FactsView& view = s.view_;
  std::random_device random;
  for (uint64_t& salt : view.salt) salt = uint64_t{random()} << 32 | random();
  constexpr uint64_t kPageBuckets = uint64_t{1} << FactsBucket::kPageBits;
  const uint64_t buckets = s.bucket_entries_ * 5 / (4 * FactsBucket::kEntries) + 1;
  const uint64_t pages = (buckets + kPageBuckets - 1) / kPageBuckets;
  for (uint64_t p = 0; p < pages; ++p) {
    s.buckets_.push_back(static_cast<FactsBucket*>(NewPage(sizeof(FactsBucket) * kPageBuckets)));
  }
  s.buckets_owned_.assign(pages, true);
  // From here on they are given back with the snapshot, whatever happens.
  s.retired_ = s.MakeRetired();
  view.bucket_count = pages * kPageBuckets;
  s.Sync();
  auto bucket_at = [&](uint64_t bucket) -> FactsBucket& {
    return s.buckets_[bucket >> FactsBucket::kPageBits][bucket & (kPageBuckets - 1)];
  };
  for (uint32_t e = 0; e < view.entity_count; ++e) {
    if (!view.IsUsed(e)) continue;
    const FactsView::Place place = view.At(e);
    const std::string_view id = s.IdOf(e);
    const uint64_t hash = FactsHash(view.salt, place.type, id.data(), id.size());
    uint64_t at = FactsView::HomeBucket(hash, view.bucket_count);
    while (true) {
      FactsBucket& bucket = bucket_at(at);
      for (uint32_t i = 0; i < bucket.count; ++i) {
        if (bucket.tags[i] != static_cast<uint8_t>(hash)) continue;
        const uint32_t other = bucket.entities[i];
        if (view.TypeOf(other) == place.type && s.IdOf(other) == id) {
          return Damaged("an entity is there twice");
        }
      }
      if (bucket.count < FactsBucket::kEntries) {
        bucket.tags[bucket.count] = static_cast<uint8_t>(hash);
        bucket.entities[bucket.count++] = e;
        break;
      }
      bucket.passed = 1;
      if (++at == view.bucket_count) at = 0;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotFile::Read(
    std::shared_ptr<const DecisionProgram> program, std::string_view bytes) {
  std::shared_ptr<void> copy(operator new(std::max<size_t>(bytes.size(), 1), kCopyAlignment),
                             [](void* memory) { operator delete(memory, kCopyAlignment); });
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return View(std::move(program), {static_cast<const char*>(copy.get()), bytes.size()}, copy);
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotFile::Open(
    std::shared_ptr<const DecisionProgram> program, const std::string& path) {
  ZTP_ASSIGN_OR_RETURN(MappedFile file,
                       MapFile(path, kMaxFactsFileBytes, "a facts file", MapFor::kEverything));
  return Open(std::move(program), path, std::move(file));
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotFile::Open(
    std::shared_ptr<const DecisionProgram> program, const std::string& path, MappedFile file) {
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot =
      View(std::move(program), file.bytes, std::move(file.storage));
  if (!snapshot.ok()) {
    return absl::Status(snapshot.status().code(),
                        ToAbsl(Cat(path, ": ", Message(snapshot.status()))));
  }
  return snapshot;
}

}  // namespace ztp
