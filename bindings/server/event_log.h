// What happens to a server, a JSON object a line on standard error: started, reloaded, stopping.
// (What it decides is the audit log's.)
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

namespace ztp::server {

// {"time":"…","event":"reloaded","generation":"7"}. Thread-safe: one write a line.
void LogEvent(std::string_view event,
              std::initializer_list<std::pair<std::string_view, std::string_view>> members = {});

}  // namespace ztp::server
