// A decision program to the bytes of a .ztpb file. FORMAT.md describes them.
#pragma once

#include <string>

#include "engine/bundle/decision_program.h"

namespace ztp {

// Equal programs give equal bytes.
std::string WriteBundle(const DecisionProgram& program);

}  // namespace ztp
