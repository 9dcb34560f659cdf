// Formatting twice is formatting once, and changes no meaning.
#include <optional>
#include <string>

#include "engine/base/symbol.h"
#include "engine/syntax/format.h"
#include "engine/syntax/parser.h"
#include "engine/syntax/print.h"

namespace {

struct Formatted {
  std::optional<std::string> text;
  std::string tree;
};

Formatted Format(const std::string& text) {
  ztp::SourceManager sources;
  ztp::Interner interner;
  ztp::DiagnosticSink sink;
  const ztp::FileId file = sources.Add("fuzz.ztp", text);
  Formatted result;
  const auto formatted = ztp::syntax::Format(sources, file, sink);
  if (formatted.ok()) result.text = *formatted;
  if (result.text)
    result.tree = ztp::syntax::Print(*ztp::syntax::Parse(sources, file, interner, sink), interner);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Formatted once = Format(std::string(reinterpret_cast<const char*>(data), size));
  if (!once.text) return 0;
  const Formatted twice = Format(*once.text);
  if (!twice.text || *twice.text != *once.text || twice.tree != once.tree) __builtin_trap();
  return 0;
}
