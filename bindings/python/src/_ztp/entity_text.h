// The text form of an entity, Type::"id".
//
// Boundary: text to text; nothing of Python, nothing of libztp.
#pragma once

#include <string>
#include <string_view>

namespace ztp::py {

// False: it is none. `type` and `id` lie in `text`, or `id` in `unescaped` if it has escapes (\n \r
// \t \" \\ \u{…}).
bool ReadEntityText(std::string_view text, std::string_view* type, std::string_view* id,
                    std::string* unescaped);

}  // namespace ztp::py
