// Any text is a policy that lowers and whose bundle reads back, or has errors.
#include <string>

#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ztp::driver::Compiler compiler;
  compiler.AddText("fuzz.ztp", std::string(reinterpret_cast<const char*>(data), size));
  const bool ok = compiler.Check();
  ztp::RenderText(compiler.diagnostics(), compiler.sources());
  if (ok == compiler.diagnostics().has_errors()) __builtin_trap();
  if (!ok) return 0;
  const ztp::DecisionProgram program = compiler.Lower();
  if (!ztp::CheckProgram(program).ok()) __builtin_trap();
  const auto read = ztp::ReadBundle(ztp::WriteBundle(program));
  if (!read.ok()) __builtin_trap();
  return 0;
}
