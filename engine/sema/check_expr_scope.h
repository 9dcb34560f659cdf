// Shared by the files of the expression checker and by nobody else.
#pragma once

#include <utility>

#include "engine/sema/check_expr.h"

namespace ztp::sema {

class ExprChecker::Scope {
 public:
  explicit Scope(ExprContext& c) : c_(c), locals_(c.locals.size()), guards_(c.guards.size()) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    c_.locals.erase(c_.locals.begin() + static_cast<ptrdiff_t>(locals_), c_.locals.end());
    c_.guards.erase(c_.guards.begin() + static_cast<ptrdiff_t>(guards_), c_.guards.end());
  }

 private:
  ExprContext& c_;
  size_t locals_;
  size_t guards_;
};

template <typename F>
std::pair<Typed, Typed> ExprChecker::CheckBoth(Context& c, ExprRef a, ExprRef b, TypeId outer,
                                               F other_expects) {
  const int first = Flexibility(c, a), second = Flexibility(c, b);
  const bool swap = second < first;
  const ExprRef x = swap ? b : a, y = swap ? a : b;
  Typed t = DemandPresent(c, x, CheckAny(c, x, outer));
  Typed u;
  // What takes its type from what failed has nothing to say of its own.
  if (t.ok() || std::max(first, second) < 2) {
    u = DemandPresent(c, y, CheckAny(c, y, t.ok() ? other_expects(t.type, !swap) : TypeId{}));
  }
  if (swap) std::swap(t, u);
  return {std::move(t), std::move(u)};
}

}  // namespace ztp::sema
