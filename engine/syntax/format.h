// The one layout of policies.
//
// Boundary: works on the tokens of a file that parses, with the tree as the map of where things
// begin. Comments stay; formatting twice is formatting once; what the file means does not change.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/base/source.h"
#include "engine/diag/diagnostic.h"

namespace ztp::syntax {

// The file in the one layout. InvalidArgument if it does not parse, which `sink` then says;
// Internal if the result would mean something else or lack a comment (it is checked each time, so
// that no fault of the formatter can harm a policy).
//
// Two blanks a level, 100 columns. Lines of rules are aligned after their keyword; in a row of a
// fixture's or test's statements keywords, names of entities, and allow and deny are. A `{` after
// which the author began a new line stays broken; other brackets are broken where they do not fit.
// Blank lines: one at most, and one around rules, delegations, fixtures and tests.
absl::StatusOr<std::string> Format(const SourceManager& sources, FileId file, DiagnosticSink& sink);

}  // namespace ztp::syntax
