// The look at a file's bytes before any parser sees them.
//
// Boundary: knows brackets, strings and comments, nothing of the grammar. What passes can be lexed
// and parsed in memory and stack that the limits bound.
#pragma once

#include <string_view>

#include "engine/base/source.h"
#include "engine/diag/diagnostic.h"

namespace ztp::syntax {

// True if the file may be parsed. Otherwise why not has been reported: too large, not UTF-8,
// control or direction-changing characters, brackets nested too deep, too long a string or name,
// too many tokens.
bool ScanSource(const SourceManager& sources, FileId file, DiagnosticSink& sink);

// The length of the byte order mark at the beginning of `text`: 3 or 0.
size_t ByteOrderMark(std::string_view text);

}  // namespace ztp::syntax
