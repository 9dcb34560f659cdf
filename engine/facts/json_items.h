// The documents of a JSON file, one after the other: the elements of an array, JSON Lines, or
// single objects.
//
// Boundary: finds where each document begins and ends, within limits on bytes and nesting, and
// parses none of them: a file of any size costs no more memory than its biggest document.
// json_tree.h parses one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/facts/json_error.h"

namespace ztp {

struct JsonLimits {
  size_t max_file_bytes = kMaxJsonFileBytes;
  size_t max_document_bytes = kMaxJsonDocumentBytes;
};

// One JSON value's extent by brackets and quotes.
struct JsonScan {
  bool ok = false;
  size_t end = 0;  // behind it; or where it went wrong
  JsonErrorCode code = JsonErrorCode::kSyntax;
  std::string message;
};
// Scans the value that begins at `begin` (space before it is skipped). Time is linear, depth is
// bounded by kMaxJsonDepth and costs no stack.
JsonScan ScanJson(std::string_view text, size_t begin);

// The first offset from `at` on that is not white space.
size_t SkipJsonSpace(std::string_view text, size_t at);

// The beginning of a text as one line of a message: at most 48 bytes, never half of a character.
std::string JsonExcerpt(std::string_view text);

class JsonItems {
 public:
  struct Item {
    size_t index = 0;   // from 0
    uint32_t line = 1;  // of its first byte in the file
    uint32_t column = 1;
    bool alone = false;  // the file is this one document, and no array
    std::string_view text;
    // Set: this document could not be found or is beyond a limit; path, line and column are of the
    // file.
    std::optional<JsonError> error;

    // Moves the place of an error within `text` to its place in the file.
    void Place(JsonError* e) const {
      if (e->line == 0) return;
      if (e->line == 1) e->column += column - 1;
      e->line += line - 1;
    }
  };

  // `text` must outlive it. An array or a single object is one document to its end; otherwise each
  // line, or, where objects stretch over lines, each object.
  explicit JsonItems(std::string_view text, const JsonLimits& limits = {});

  // Is the file an array, or lines? (Otherwise: one object, or several over lines.)
  bool is_array() const { return mode_ == Mode::kArray; }
  bool is_lines() const { return mode_ == Mode::kLines; }

  // The next document; false: there is none. After an error in an array nothing follows.
  bool Next(Item* item);

 private:
  enum class Mode : uint8_t { kArray, kLines, kValues };

  bool Fail(Item* item, JsonErrorCode code, size_t offset, std::string message);
  bool NextInArray(Item* item);
  bool NextLine(Item* item);
  bool NextValue(Item* item);
  bool Finish(Item* item, size_t begin, size_t end);
  // Line and column of an offset that is not before the one asked for last: the file is gone
  // through once.
  void PlaceAt(size_t offset, uint32_t* line, uint32_t* column);

  std::string_view text_;
  JsonLimits limits_;
  Mode mode_ = Mode::kValues;
  size_t at_ = 0;
  size_t index_ = 0;
  bool done_ = false;
  size_t counted_ = 0;  // lines up to here are counted
  uint32_t line_ = 1;
  size_t line_start_ = 0;
  std::optional<JsonError> whole_;  // what is wrong with the file as a whole
};

}  // namespace ztp
