// A trust configuration from a file, with what is wrong with it printed.
#include "engine/runtime/load_trust.h"
#include "bindings/cli/common.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::cli {

LoadedTrust LoadTrust(const std::string& path) {
  LoadedTrust loaded;
  std::vector<JsonError> errors;
  const absl::Status status = ztp::LoadTrust(path, {}, &loaded.trust, &errors);
  if (!status.ok()) return {Fail(status), nullptr};
  for (const JsonError& error : errors) PrintError(Cat(FormatJsonError(error), "\n"));
  if (loaded.trust == nullptr) loaded.exit_code = kFailed;
  return loaded;
}

}  // namespace ztp::cli
