// What is wrong with JSON that came in, and where: a stable code, the JSON path, line and column.
//
// Boundary: plain data and its text form. Facts and requests are the world's input, not the
// author's policy, so these are no diagnostics; the codes are of one numbering with theirs (3000 to
// 3099).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ztp {

enum class JsonErrorCode : uint16_t {
#define ZTP_JSON_ERROR(number, id) id = number,
#include "engine/facts/json_errors.def"
#undef ZTP_JSON_ERROR
};

struct JsonError {
  JsonErrorCode code = JsonErrorCode::kSyntax;
  std::string file;     // as the caller named it; may be empty
  std::string path;     // `$[3].attrs.owners[0]`
  uint32_t line = 0;    // from 1; 0: not known
  uint32_t column = 0;  // from 1, in bytes
  std::string message;  // what was expected and what was found
  std::string help;     // a suggestion, or empty
  bool operator==(const JsonError&) const = default;
};

// `ZTP3012`
std::string JsonErrorCodeName(JsonErrorCode code);

// Lines of text without a line feed at the end:
//   facts.json:12:7: error[ZTP3012]: Dataset has no attribute `ownrs`
//     at $[3].attrs.ownrs
//     help: did you mean `owners`?
std::string FormatJsonError(const JsonError& error);

// The name nearest to a misspelt one as "did you mean `owners`?", or nothing if none is near.
std::string DidYouMean(std::string_view wanted, const std::vector<std::string_view>& candidates);

}  // namespace ztp
