// Text within other text: string literals of the language, JSON strings, and XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ztp {

// The text as a literal, with its quotes and escapes. UnquoteText gives it back.
std::string QuoteText(std::string_view text);
// What a literal with its quotes says. Nothing: it is none.
std::optional<std::string> UnquoteText(std::string_view literal);

// The text as a JSON string, with its quotes. Bytes that are not UTF-8 stay as they are.
std::string JsonText(std::string_view text);

// `text` as XML's content or an attribute's value between double quotes. Control characters, which
// XML has no way to say, are left out but for line ends and tabs.
std::string XmlText(std::string_view text);

}  // namespace ztp
