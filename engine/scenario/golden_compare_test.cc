// An allow never becomes a denial, or back, unseen.
#include "engine/scenario/golden_compare.h"

#include <gtest/gtest.h>

namespace ztp::scenario {
namespace {

TEST(GoldenCompare, TellsWhatTurns) {
  struct Case {
    const char* what;
    const char* expected;
    const char* actual;
    bool turns;
  };
  for (const Case& c : {
           Case{"another rule", "allow by a\ndeny", "allow by b\ndeny", false},
           Case{"an allow becomes a denial", "allow by a\ndeny", "deny\ndeny", true},
           Case{"a denial becomes an allow", "deny\ndeny", "deny\nallow by a", true},
           Case{"evidence is told of below", "deny\nallow by a",
                "deny\n  refused x (expired): …\nallow by a\n  proven x by s", false},
           Case{"one more line, and an allow less", "deny\nallow by a",
                "deny\n  refused x (expired): …\ndeny", true},
           Case{"an allow does not come any more", "deny\nallow by a", "facts: none", true},
           Case{"a request was added", "deny", "deny\nallow by a", false},
       }) {
    EXPECT_EQ(Turns(c.expected, c.actual, "allow", Units::kLines), c.turns) << c.what;
  }
}

TEST(GoldenCompare, OutcomesAreByTheirTitles) {
  constexpr char kTwo[] = "### a\nroute r\n{}\ndeny\n### b\nroute r\n{}\nallow by p";
  for (const auto& [actual, turns] :
       {std::pair{"### a\ndenied: no\n### b\nroute r\n{}\nallow by p", false},
        std::pair{"### a\ndenied: no\n### b\ndenied: no", true},
        std::pair{"### a\nroute r\n{}\nallow by p\n### b\nroute r\n{}\nallow by p", true}}) {
    EXPECT_EQ(Turns(kTwo, actual, "allow", Units::kTitles), turns) << actual;
  }
}

TEST(GoldenCompare, TheDifferenceHasNoLineThatIsTheSame) {
  EXPECT_EQ(Difference("a\nb\nd", "a\nc\nd"), "- b\n+ c\n");
  EXPECT_EQ(Difference("a\nb", "a\nx\nb"), "+ x\n");
  EXPECT_EQ(Difference("a\n\nb", "a\nb"), "(blank lines differ)\n");
}

}  // namespace
}  // namespace ztp::scenario
