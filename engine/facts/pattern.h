// A pattern of `matches`: an RE2 that covers the whole text.
//
// Boundary: the one place that knows RE2's options. Safe to use from many threads; RE2 itself may
// allocate and lock while it matches.
#pragma once

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace ztp {

class Pattern {
 public:
  // The compiler has accepted the text; one that RE2 does not take matches nothing.
  explicit Pattern(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  bool Matches(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> re_;
};

}  // namespace ztp
