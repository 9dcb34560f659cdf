// See event_log.h.
#include "bindings/server/event_log.h"

#include <unistd.h>

#include <string>

#include "bindings/c/ztp.h"
#include "engine/facts/json_sink.h"

namespace ztp::server {

void LogEvent(std::string_view event,
              std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string line;
  {
    JsonSink sink(&line);
    sink.Put("{\"time\":");
    sink.PutTime(Time{ztp_now()});
    sink.Put(",\"event\":");
    sink.PutText(event);
    for (const auto& [name, value] : members) {
      sink.Put(',');
      sink.PutText(name);
      sink.Put(':');
      sink.PutText(value);
    }
    sink.Put("}\n");
  }
  // There is nobody to tell where this fails.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace ztp::server
