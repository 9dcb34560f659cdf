// libztpc: sources to a bundle. A library of its own, as who decides needs no compiler; errors are
// libztp's, made by its private functions.
#include "bindings/c/ztp_compile.h"

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/private.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/write.h"
#include "engine/diag/render.h"
#include "engine/driver/compiler.h"

struct ztp_bundle {
  static constexpr uint32_t kWord = 0x7a747009;
  uint32_t word = kWord;
  std::string bytes;
  std::string warnings;
};

namespace {

ztp_text Text(std::string_view text) { return {text.data(), text.size()}; }
std::string View(ztp_text text) { return std::string(text.data, text.size); }

bool IsBundle(const ztp_bundle* bundle) {
  return bundle != nullptr && bundle->word == ztp_bundle::kWord;
}

ztp_error* Misuse(std::string_view what) { return ztp_private_error_new(ZTP_MISUSE, Text(what)); }

bool IsNull(ztp_text text) { return text.data == nullptr && text.size != 0; }

ztp_error* FromStatus(const absl::Status& status) {
  ztp_code code = ZTP_ENVIRONMENT;
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      code = ZTP_NOT_FOUND;
      break;
    case absl::StatusCode::kResourceExhausted:
      code = ZTP_LIMIT;
      break;
    case absl::StatusCode::kInvalidArgument:
      code = ZTP_BAD_POLICY;
      break;
    default:
      break;
  }
  return ztp_private_error_new(code, Text(ztp::Message(status)));
}

ztp_error* FromDiagnostics(const ztp::driver::Compiler& compiler) {
  const std::string shown = ztp::RenderText(compiler.diagnostics(), compiler.sources());
  std::string_view message = shown;
  while (message.ends_with('\n')) message.remove_suffix(1);
  ztp_error* error = ztp_private_error_new(ZTP_BAD_POLICY, Text(message));
  for (const ztp::Diagnostic* diagnostic : compiler.diagnostics().Sorted()) {
    if (diagnostic->severity != ztp::Severity::kError) continue;
    const std::string id = ztp::CodeOf(diagnostic->kind);
    const std::string help = diagnostic->helps.empty() ? "" : diagnostic->helps[0];
    ztp_problem problem = ZTP_PROBLEM_INIT;
    problem.id = Text(id);
    problem.message = Text(diagnostic->message);
    problem.help = Text(help);
    if (diagnostic->span.valid()) {
      const ztp::SourceFile& file = compiler.sources().file(diagnostic->span.file);
      const ztp::LineColumn begin = file.Locate(diagnostic->span.begin);
      const ztp::LineColumn end = file.Locate(diagnostic->span.end);
      problem.file = Text(file.name());
      problem.line = begin.line;
      problem.column = begin.column;
      problem.end_line = end.line;
      problem.end_column = end.column;
    }
    ztp_private_error_add(error, &problem);
  }
  return error;
}

ztp_error* Finish(ztp::driver::Compiler& compiler, ztp_bundle** bundle) {
  if (!compiler.Check()) return FromDiagnostics(compiler);
  auto made = std::make_unique<ztp_bundle>();
  made->bytes = ztp::WriteBundle(compiler.Lower());
  made->warnings = ztp::RenderText(compiler.diagnostics(), compiler.sources());
  *bundle = made.release();
  return nullptr;
}

template <typename Body>
ztp_error* Guarded(std::string_view function, const Body& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return ztp_private_error_new(ZTP_NO_MEMORY, Text("out of memory"));
  } catch (const std::exception& e) {
    return ztp_private_error_new(ZTP_INTERNAL, Text(ztp::Cat(function, ": ", e.what())));
  } catch (...) {
    return ztp_private_error_new(ZTP_INTERNAL, Text(ztp::Cat(function, ": an unknown exception")));
  }
}

}  // namespace

extern "C" {

ztp_error* ztp_compile_paths(const ztp_text* paths, size_t count, ztp_bundle** bundle) {
  if (bundle == nullptr) return Misuse("ztp_compile_paths: `bundle` is NULL");
  *bundle = nullptr;
  if (paths == nullptr && count != 0) return Misuse("ztp_compile_paths: `paths` is NULL");
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<std::string> files;
    for (size_t i = 0; i < count; ++i) {
      if (IsNull(paths[i])) return Misuse("ztp_compile_paths: a path is NULL");
      files.push_back(View(paths[i]));
    }
    ztp::driver::Compiler compiler;
    const absl::Status status = compiler.AddPaths(files);
    if (!status.ok()) return FromStatus(status);
    return Finish(compiler, bundle);
  });
}

ztp_error* ztp_compile(const ztp_source* sources, size_t count, ztp_bundle** bundle) {
  if (bundle == nullptr) return Misuse("ztp_compile: `bundle` is NULL");
  *bundle = nullptr;
  if (sources == nullptr && count != 0) return Misuse("ztp_compile: `sources` is NULL");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp::driver::Compiler compiler;
    for (size_t i = 0; i < count; ++i) {
      if (IsNull(sources[i].name) || IsNull(sources[i].text)) {
        return Misuse("ztp_compile: a source's name or text is NULL");
      }
      compiler.AddText(View(sources[i].name), View(sources[i].text));
    }
    return Finish(compiler, bundle);
  });
}

ztp_text ztp_bundle_bytes(const ztp_bundle* bundle) {
  return IsBundle(bundle) ? Text(bundle->bytes) : Text("");
}

ztp_text ztp_bundle_warnings(const ztp_bundle* bundle) {
  return IsBundle(bundle) ? Text(bundle->warnings) : Text("");
}

void ztp_bundle_free(ztp_bundle* bundle) {
  if (!IsBundle(bundle)) return;
  bundle->bytes = std::string();
  bundle->warnings = std::string();
  bundle->word = 0;
  if (!ztp_private_keep(bundle)) delete bundle;
}

}  // extern "C"
