// Signing and verifying a model's folder: parts of `ztp sign` and `ztp signed`.
#pragma once

#include "bindings/cli/common.h"

namespace ztp::cli {

void AddSignModel(CLI::App& sign, Action* action);
void AddSignedModel(CLI::App& verify, Action* action);

}  // namespace ztp::cli
