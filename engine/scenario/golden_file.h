// Golden files: one file that shows one thing, with everything that it takes and what is expected.
//
//   A sentence on what it shows.
//
//   == policy train.ztp ==          one or more; the name is what diagnostics print
//                                   (nothing below it: the file of that name beside this one)
//   == facts ==                     JSON; may be left out; or `== facts facts.json ==`, that file
//   == requests ==                  JSON Lines; may be left out
//   == http ==                      HTTP requests (golden_http.h); may be left out
//   == options ==                   `now TIME`, `assume-proven`, `refuse-now`, a line each; may be
//                                   left out
//   == diagnostics ==               exactly as the command line prints them; left out: there are
//   none
//   == tests ==                     what `ztp test --verbose` prints of the policy's own tests;
//                                   left out: there are none
//   == decisions ==                 one line for each request
//   == outcomes ==                  what becomes of each HTTP request
//   == program ==                   the decision program, as `ztp dump --print=ir` shows it; left
//                                   out: it is not looked at
//
// Boundary: takes the text apart and puts it together again. Running is golden.h's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ztp::scenario {

struct GoldenSection {
  std::string kind;      // "policy", "facts", …
  std::string argument;  // a policy's file name
  std::string content;   // the lines up to the next section, without blank lines at the end
  uint32_t line = 0;     // of the header, from 1
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
