// A snapshot to bytes: pages and pools as they are, but for the pointers of collections' items,
// which become places. See snapshot_file.h.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/lineage.h"
#include "engine/facts/program_digest.h"
#include "engine/facts/snapshot_file.h"

namespace ztp {
namespace {

// Which place of a pool a pointer into it is.
template <typename T>
class Places {
 public:
  Places(const std::vector<const T*>& table, const std::vector<uint32_t>& extent, unsigned bits)
      : bits_(bits) {
    for (size_t i = 0; i < extent.size(); ++i) segments_.push_back({table[i], i});
    std::sort(segments_.begin(), segments_.end());
  }
  uint64_t Of(const T* at) const {
    const auto behind = std::upper_bound(
        segments_.begin(), segments_.end(), at,
        [](const T* wanted, const Segment& segment) { return wanted < segment.first; });
    const Segment& segment = *(behind - 1);
    return segment.second << bits_ | static_cast<uint64_t>(at - segment.first);
  }

 private:
  using Segment = std::pair<const T*, uint64_t>;
  std::vector<Segment> segments_;  // by address
  unsigned bits_;
};

// Hands on what it is given, each piece filled up with zeros to a multiple of kFactsAlignment.
class Parts {
 public:
  explicit Parts(const std::function<void(const void*, size_t)>& put) : put_(put) {}
  void Add(const void* data, size_t size) {
    put_(data, size);
    written_ += size;
  }
  void Align() {
    static constexpr char kZeros[kFactsAlignment] = {};
    put_(kZeros, AlignedFacts(written_) - written_);
    written_ = AlignedFacts(written_);
  }

 private:
  const std::function<void(const void*, size_t)>& put_;
  uint64_t written_ = 0;
};

// A file that appears under its name when it is complete.
class ReplacedFile {
 public:
  explicit ReplacedFile(const std::string& path) : path_(path) {
    static std::atomic<uint32_t> number = 0;
    temporary_ = Cat(path, ".", getpid(), ".", number++, ".tmp");
    fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0) Fail(temporary_);
  }
  ~ReplacedFile() {
    if (fd_ < 0) return;
    close(fd_);
    std::remove(temporary_.c_str());
  }
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;

  void Write(const void* data, size_t size, uint64_t at) {
    const char* from = static_cast<const char*>(data);
    while (status_.ok() && size > 0) {
      const ssize_t wrote = pwrite(fd_, from, size, static_cast<off_t>(at));
      if (wrote < 0) {
        if (errno != EINTR) Fail(temporary_);
        continue;
      }
      from += wrote;
      at += static_cast<uint64_t>(wrote);
      size -= static_cast<size_t>(wrote);
    }
  }

  absl::Status Finish() {
    if (status_.ok() && fsync(fd_) != 0) Fail(temporary_);
    if (status_.ok() && std::rename(temporary_.c_str(), path_.c_str()) != 0) Fail(path_);
    if (!status_.ok()) return status_;
    close(fd_);
    fd_ = -1;
    return status_;
  }

 private:
  void Fail(const std::string& path) {
    status_ = Unavailable("cannot write ", path, ": ", std::strerror(errno));
  }

  const std::string& path_;
  std::string temporary_;
  int fd_ = -1;
  absl::Status status_;
};

}  // namespace

// Everything behind the header, in pieces whose sizes add up as PlanFactsPools has them; returns
// the header, checksum and all. Reads nothing that a successor's writer changes.
FactsFileHeader SnapshotFile::Stream(const Snapshot& s, std::string_view evidence, const Put& put) {
  const Snapshot::Extents& extents = s.extents_;
  const std::array<std::vector<uint32_t>, kFactsPools> sizes = {extents.texts, extents.lists,
                                                                extents.items, extents.words};
  FactsFileHeader header;
  std::memcpy(header.magic, kFactsMagic, sizeof(header.magic));
  header.format = evidence.empty() ? kFactsFormat : kFactsFormatWithEvidence;
  header.evidence_bytes = evidence.size();
  header.header_bytes = sizeof(header);
  const std::string program = FactsProgramDigest(*s.program_);
  std::memcpy(header.program, program.data(), sizeof(header.program));
  if (s.has_quantifiers()) header.flags = FactsFileHeader::kQuantifiersAnswered;
  header.page_count = static_cast<uint32_t>(s.pages_.size());
  header.stored_count = s.stored_count_;
  header.absent_count = s.absent_count_;
  header.no_membership = s.no_membership_;
  header.no_lineage = s.no_lineage_;
  for (size_t pool = 0; pool < kFactsPools; ++pool) {
    header.segments[pool] = static_cast<uint32_t>(sizes[pool].size());
  }
  uint64_t row_bytes = 0;
  std::vector<uint32_t> types;
  for (const FactsPage& page : s.pages_) {
    types.push_back(page.type);
    row_bytes += uint64_t{page.stride} * 8 * FactsPage::kRows;
  }
  FactsFilePlan plan = PlanFactsTables(header);
  PlanFactsPools(row_bytes, evidence.size(), sizes, &plan);
  header.file_bytes = plan.end;

  FactsChecksum sum;
  sum.Add(reinterpret_cast<const char*>(&header) + kFactsSealedFrom,
          sizeof(header) - kFactsSealedFrom);
  // Gathered, so that every piece but the last is a multiple of 64 bytes.
  std::string buffer;
  auto flush = [&] {
    sum.Add(buffer.data(), buffer.size());
    put(buffer.data(), buffer.size());
    buffer.clear();
  };
  const Put gather = [&](const void* data, size_t size) {
    constexpr size_t kBuffer = size_t{1} << 20;
    const char* from = static_cast<const char*>(data);
    while (size > 0) {
      const size_t take = std::min(size, kBuffer - buffer.size());
      buffer.append(from, take);
      if (buffer.size() == kBuffer) flush();
      from += take;
      size -= take;
    }
  };
  Parts parts(gather);
  parts.Add(s.set_hash_.lanes().data(), SetHash::kLanes * sizeof(uint16_t));
  parts.Align();
  parts.Add(types.data(), types.size() * sizeof(uint32_t));
  parts.Align();
  for (const auto& pool : sizes) parts.Add(pool.data(), pool.size() * sizeof(uint32_t));
  parts.Align();
  for (const FactsPage& page : s.pages_) {
    parts.Add(page.rows, size_t{page.stride} * 8 * FactsPage::kRows);
  }
  parts.Align();
  for (size_t i = 0; i < sizes[kPoolTexts].size(); ++i) {
    parts.Add(s.texts_[i], sizes[kPoolTexts][i]);
    parts.Align();
  }
  for (size_t i = 0; i < sizes[kPoolLists].size(); ++i) {
    parts.Add(s.lists_[i], size_t{sizes[kPoolLists][i]} * 4);
    parts.Align();
  }
  const Places<char> texts(s.texts_, extents.texts, FactsText::kSegmentBits);
  const Places<Val> items(s.items_, extents.items, FactsItems::kSegmentBits);
  const Places<uint64_t> words(s.words_, extents.words, FactsWords::kSegmentBits);
  for (size_t i = 0; i < sizes[kPoolItems].size(); ++i) {
    for (uint32_t k = 0; k < sizes[kPoolItems][i]; ++k) {
      const Val& val = s.items_[i][k];
      FactsFileItem item;
      item.kind = static_cast<uint8_t>(val.kind);
      item.size = val.size;
      switch (val.kind) {
        case TypeKind::kString:
        case TypeKind::kVersion:
        case TypeKind::kHexVersion:
        case TypeKind::kDigest:
        case TypeKind::kSpiffeId:
        case TypeKind::kGlob:
          item.bits = texts.Of(val.bytes) | (val.flags & Val::kNoted ? FactsText::kNoted : 0);
          break;
        case TypeKind::kIp:
        case TypeKind::kCidr:
          item.extra = val.prefix;
          item.bits = texts.Of(val.bytes);
          break;
        case TypeKind::kLattice:
          item.extra = val.flags & Val::kWideLabel ? 1 : 0;
          item.bits = item.extra ? words.Of(val.wide->words) : static_cast<uint64_t>(val.number);
          break;
        case TypeKind::kSet:
        case TypeKind::kList:
        case TypeKind::kMap:
        case TypeKind::kRecord:
          item.bits = val.size == 0 ? 0 : items.Of(val.list);
          break;
        default:
          item.bits = static_cast<uint64_t>(val.number);
      }
      parts.Add(&item, sizeof(item));
    }
    parts.Align();
  }
  for (size_t i = 0; i < sizes[kPoolWords].size(); ++i) {
    parts.Add(s.words_[i], size_t{sizes[kPoolWords][i]} * 8);
    parts.Align();
  }
  parts.Add(evidence.data(), evidence.size());
  parts.Align();
  flush();
  header.checksum = sum.Result();
  return header;
}

std::string SnapshotFile::Bytes(const Snapshot& snapshot) {
  std::string bytes(sizeof(FactsFileHeader), '\0');
  const FactsFileHeader header = Stream(snapshot, {}, [&](const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  });
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

absl::Status SnapshotFile::Write(const Snapshot& snapshot, const std::string& path,
                                 std::string_view evidence) {
  ReplacedFile file(path);
  uint64_t at = sizeof(FactsFileHeader);
  const FactsFileHeader header = Stream(snapshot, evidence, [&](const void* data, size_t size) {
    file.Write(data, size, at);
    at += size;
  });
  file.Write(&header, sizeof(header), 0);
  return file.Finish();
}

}  // namespace ztp
