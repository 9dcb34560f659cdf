// SARIF 2.1.0 logs, which code hosts show: a tool's rules and what it found by them.
// docs.oasis-open.org/sarif/sarif/v2.1.0.
//
// Boundary: plain data in, text out. What is found, and where, its finder says (render.h: the
// compiler's diagnostics; `ztp ci`: artefacts that are not let through). Text that is not valid
// UTF-8 comes out with U+FFFD in place of what is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ztp {

struct SarifRegion {
  // From 1, columns in code points; an end, or a column, of 0 is not said.
  uint32_t start_line = 0;
  uint32_t start_column = 0;
  uint32_t end_line = 0;
  uint32_t end_column = 0;
};

struct SarifLocation {
  std::string path;  // as the user knows it; it becomes a URI
  std::optional<SarifRegion> region;
  std::string message;  // of a related location; may be empty
};

struct SarifFix {
  std::string path;
  SarifRegion region;
  std::string replacement;
};

struct SarifRule {
  std::string id;  // stable
  std::string name;
  std::string summary;
  std::string_view level;  // "error", "warning", "note"
};

struct SarifResult {
  size_t rule = 0;  // in SarifLog::rules
  std::string_view level;
  std::string message;
  std::optional<SarifLocation> location;
  std::vector<SarifLocation> related;
  std::optional<SarifFix> fix;
  // What makes it the same finding in the next run, whatever its message; empty: not said.
  std::string fingerprint;
};

struct SarifLog {
  std::string tool_version;
  std::vector<SarifRule> rules;
  std::vector<SarifResult> results;
};

// A log with one run of the tool "ztp", with a newline at the end.
std::string WriteSarif(const SarifLog& log);

}  // namespace ztp
