// The snapshot that decisions are made by at the moment, while a writer makes the next ones.
#pragma once

#include "engine/base/current.h"
#include "engine/facts/snapshot.h"

namespace ztp {

using CurrentFacts = Current<Snapshot>;

}  // namespace ztp
