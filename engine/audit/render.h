// Entries in the fields that other tools read: OPA's decision log, and OCSF.
//
// Boundary: an entry's text in, another text out. What is masked in the entry is not there to be
// rendered. Nothing rendered is signed: that is the entry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/facts/json_tree.h"

namespace ztp::audit {

// Where an entry stands.
struct EntryPlace {
  std::string_view origin;  // of the log
  uint64_t index = 0;
};

// As OPA (openpolicyagent.org, decision logs, event version 1) says it: one line. Nothing: the
// entry is none of this format, or no decision (OPA has no words for those).
std::optional<std::string> RenderOpa(std::string_view entry, const EntryPlace& place);

// As OCSF 1.2 (schema.ocsf.io) says it, class API Activity (6003) with the profile
// security_control: one line. Nothing: the entry is none of this format. Entries that are no
// decisions are the log's own activity.
std::optional<std::string> RenderOcsf(std::string_view entry, const EntryPlace& place);

}  // namespace ztp::audit
