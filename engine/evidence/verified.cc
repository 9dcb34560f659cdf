// See verified.h.
#include "engine/evidence/verified.h"

namespace ztp::evidence {

std::string_view NameOf(Check check) {
  switch (check) {
#define ZTP_CHECK(number, id, name) \
  case Check::id:                   \
    return name;
#include "engine/evidence/checks.def"
#undef ZTP_CHECK
  }
  return "unknown";
}

}  // namespace ztp::evidence
