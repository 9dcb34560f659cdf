// See source.h.
#include "engine/base/source.h"

#include <algorithm>
#include <cstddef>

#include "engine/base/str.h"

namespace ztp {

size_t CodePointLength(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  size_t length = 1;
  uint32_t code = lead;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    code = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    code = lead & 0x0F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    code = lead & 0x07;
  } else {
    return 1;
  }
  if (at + length > text.size()) return 1;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 1;
    code = (code << 6) | (byte(at + i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 1 : length;
}

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); i += CodePointLength(text, i)) ++count;
  return count;
}

SourceFile::SourceFile(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
  }
}

LineColumn SourceFile::Locate(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<uint32_t>(after - line_starts_.begin());
  const uint32_t start = line_starts_[line - 1];
  const std::string_view before = std::string_view(text_).substr(start, offset - start);
  return LineColumn{line, static_cast<uint32_t>(CountCodePoints(before) + 1)};
}

uint32_t SourceFile::LineStart(uint32_t line) const {
  if (line == 0) return 0;
  return line <= line_starts_.size() ? line_starts_[line - 1] : static_cast<uint32_t>(text_.size());
}

std::string_view SourceFile::Line(uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  const uint32_t start = line_starts_[line - 1];
  std::string_view rest = std::string_view(text_).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

FileId SourceManager::Add(std::string name, std::string text) {
  files_.emplace_back(std::move(name), std::move(text));
  return FileId{static_cast<uint32_t>(files_.size() - 1)};
}

std::optional<FileId> SourceManager::Find(std::string_view name) const {
  for (uint32_t i = 0; i < files_.size(); ++i) {
    if (files_[i].name() == name) return FileId{i};
  }
  return std::nullopt;
}

LineColumn SourceManager::Locate(Span span) const {
  return span.valid() ? file(span.file).Locate(span.begin) : LineColumn{};
}

std::string_view SourceManager::Text(Span span) const {
  if (!span.valid()) return {};
  const std::string& text = file(span.file).text();
  const size_t begin = std::min<size_t>(span.begin, text.size());
  const size_t end = std::clamp<size_t>(span.end, begin, text.size());
  return std::string_view(text).substr(begin, end - begin);
}

std::string SourceManager::Describe(Span span) const {
  if (!span.valid()) return "";
  const LineColumn at = Locate(span);
  return Cat(file(span.file).name(), ":", at.line, ":", at.column);
}

}  // namespace ztp
