// What diagnostics look like: text for people, JSON for programs, SARIF 2.1.0 for code hosts.
//
// Boundary: makes strings; prints nothing. Lines and columns count from 1, columns in code points.
// Text that is not valid UTF-8 comes out with U+FFFD in place of what is not.
#pragma once

#include <string>

#include "engine/base/source.h"
#include "engine/diag/diagnostic.h"

namespace ztp {

struct TextOptions {
  bool color = false;  // ANSI escapes
};

// One diagnostic, ending with an empty line:
//   error[ZTP1204]: Dataset has no attribute 'hodl'
//     --> policy.ztp:12:10
//      |
//   12 |   when d.hodl
//      |          ^^^^ not an attribute of Dataset
//      = help: did you mean 'hold'?
std::string RenderText(const Diagnostic& diagnostic, const SourceManager& sources,
                       const TextOptions& options = {});

// All of a sink in their order, and at the end SummaryLine, if there is anything to say.
std::string RenderText(const DiagnosticSink& sink, const SourceManager& sources,
                       const TextOptions& options = {});

// "2 errors, 1 warning" (notes are not counted), "" if there is neither; says how many are not
// shown.
std::string SummaryLine(const DiagnosticSink& sink);

// {"diagnostics": [{"code", "name", "severity", "message", "file", "range", …}], "errors": 2,
// "warnings": 1} with a newline at the end. Members without content are left out.
std::string RenderJson(const DiagnosticSink& sink, const SourceManager& sources);

// A SARIF 2.1.0 log with one run, and a newline at the end. `tool_version` is the compiler's.
std::string RenderSarif(const DiagnosticSink& sink, const SourceManager& sources,
                        const std::string& tool_version);

}  // namespace ztp
