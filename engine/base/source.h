// Source text with its lines, and spans in it.
//
// Boundary: holds text that someone else read and checked; touches no file. Offsets are bytes from
// the beginning of a file; lines and columns count from 1, columns in Unicode code points.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ztp {

struct FileId {
  static constexpr uint32_t kInvalidIndex = UINT32_MAX;

  uint32_t index = kInvalidIndex;

  bool valid() const { return index != kInvalidIndex; }
  auto operator<=>(const FileId&) const = default;
};

// The bytes [begin, end) of a file. Without a valid file it means "no place in particular".
struct Span {
  FileId file;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool valid() const { return file.valid(); }
  uint32_t size() const { return end - begin; }
  auto operator<=>(const Span&) const = default;
};

// From the beginning of `first` to the end of `last`, both in one file.
inline Span Cover(Span first, Span last) {
  if (!first.valid()) return last;
  if (!last.valid() || last.file != first.file) return first;
  return Span{first.file, first.begin < last.begin ? first.begin : last.begin,
              first.end > last.end ? first.end : last.end};
}

struct LineColumn {
  uint32_t line = 0;    // from 1; 0: no place
  uint32_t column = 0;  // from 1, in code points
  auto operator<=>(const LineColumn&) const = default;
};

class SourceFile {
 public:
  SourceFile(std::string name, std::string text);

  // As the user wrote it: a path, or "<stdin>".
  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  uint32_t line_count() const { return static_cast<uint32_t>(line_starts_.size()); }

  // Where the byte at `offset` is. An offset beyond the end is taken as the end. Bytes that are no
  // valid UTF-8 count as a code point each.
  LineColumn Locate(uint32_t offset) const;

  // The byte offset at which `line` (from 1) begins; the end of the text for lines beyond the last.
  uint32_t LineStart(uint32_t line) const;

  // The text of `line` (from 1) without its line end; empty for lines that there are not.
  std::string_view Line(uint32_t line) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

// Owns the files of one compilation. References stay valid as long as the manager lives.
class SourceManager {
 public:
  SourceManager() = default;
  SourceManager(const SourceManager&) = delete;
  SourceManager& operator=(const SourceManager&) = delete;
  SourceManager(SourceManager&&) = default;
  SourceManager& operator=(SourceManager&&) = default;

  // `text` has at most UINT32_MAX - 1 bytes (kMaxSourceFileBytes, in practice).
  FileId Add(std::string name, std::string text);

  const SourceFile& file(FileId id) const { return files_[id.index]; }
  uint32_t file_count() const { return static_cast<uint32_t>(files_.size()); }
  std::optional<FileId> Find(std::string_view name) const;

  // Line and column of the span's beginning; {0, 0} for an invalid span.
  LineColumn Locate(Span span) const;
  // The bytes of the span; empty for an invalid one.
  std::string_view Text(Span span) const;
  // "file:line:column", or "" for an invalid span.
  std::string Describe(Span span) const;

 private:
  std::deque<SourceFile> files_;
};

// The length in bytes of the code point that begins at text[at]; 1 where the bytes are no valid
// UTF-8. `at` must be below text.size().
size_t CodePointLength(std::string_view text, size_t at);

// The number of code points, bytes that are no valid UTF-8 counting one each.
size_t CountCodePoints(std::string_view text);

}  // namespace ztp
