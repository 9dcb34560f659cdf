// A bar on a terminal's standard error while something long goes on; elsewhere nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace ztp::cli {

class Progress {
 public:
  Progress();
  // The bar goes away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `all` bytes; so many entities so far. Shown ten times a second, and nothing in the
  // first half second.
  void Show(std::string_view what, size_t done, size_t all, size_t entities);
  // The same without entities.
  void Show(std::string_view what, size_t done, size_t all);
  // Without a bar, at once.
  void Show(std::string_view what);

 private:
  using Clock = std::chrono::steady_clock;
  // Is it time to draw again?
  bool IsDue();
  void Draw(const std::string& line);

  const bool on_;
  const Clock::time_point begin_;
  Clock::time_point shown_;
  bool drawn_ = false;
};

}  // namespace ztp::cli
