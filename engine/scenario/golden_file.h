// Golden files: one file that shows one thing, with everything that it takes and what is expected.
//
//   A sentence on what it shows.
//
//   == policy train.ztp ==
//   …
//   == requests ==
//   …
//   == decisions ==
//   …
//
// README.md has all sections. Boundary: takes the text apart and puts it together again. Running is
// golden.h's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ztp::scenario {

struct GoldenSection {
  std::string kind;           // "policy", "facts", …
  std::string argument;       // a file's name
  std::string content;        // the lines up to the next section, without blank ones around them
  uint32_t line = 0;          // of the header, from 1
  uint32_t content_line = 0;  // of the content's first one
};

struct GoldenFile {
  std::string intro;  // what stands before the first section
  std::vector<GoldenSection> sections;

  // The first section of the kind, or null.
  const GoldenSection* Find(std::string_view kind) const;
  // Replaces the content of the section, or adds the section at the end; empty content removes it.
  void Set(std::string_view kind, std::string content);
  std::string Print() const;
};

// InvalidArgument names the line of an unknown, repeated or malformed section header.
absl::StatusOr<GoldenFile> ParseGolden(std::string_view text);

}  // namespace ztp::scenario
