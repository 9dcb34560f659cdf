// Any bytes parse to a tree or to errors.
#include <string>

#include "engine/base/symbol.h"
#include "engine/diag/render.h"
#include "engine/syntax/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ztp::SourceManager sources;
  ztp::Interner interner;
  ztp::DiagnosticSink sink;
  const ztp::FileId file =
      sources.Add("fuzz.ztp", std::string(reinterpret_cast<const char*>(data), size));
  const auto ast = ztp::syntax::Parse(sources, file, interner, sink);
  if (ast->broken != sink.has_errors()) __builtin_trap();
  // Every place that a message names can be shown.
  if (sink.has_errors() == ztp::RenderText(sink, sources).empty()) __builtin_trap();
  return 0;
}
