// Patterns of paths, `/v2/models/{model}/infer`, and of the ids of workloads, and what they are
// made of: segments.
//
// Boundary: text. What is matched is in normal form already (engine/route); what is captured is a
// view into it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ztp {

class PathPattern {
 public:
  static constexpr size_t kMaxBytes = 1024;
  static constexpr size_t kMaxSegments = 64;

  // `/a/{name}/{rest...}`: a literal segment, one that is anything but empty, and, as the last, all
  // that is left (one segment or more, not empty). Names are identifiers, each once.
  // InvalidArgument, for people: it is none, or no path in normal form would match it.
  static absl::StatusOr<PathPattern> ParsePath(std::string_view text);
  // `spiffe://acme.org/ns/{ns}/sa/{sa}`: the same of a SPIFFE ID; the trust domain is a literal.
  static absl::StatusOr<PathPattern> ParseSpiffe(std::string_view text);

  // The names, in the order of their places.
  const std::vector<std::string>& names() const { return names_; }

  // Takes `path` ("/a/b", or the id of a workload) apart as the pattern asks; what the names stand
  // for goes to `captures`. Letters must be the same, but with `fold_case` a literal's ASCII
  // letters may differ in case.
  bool Match(std::string_view path, bool fold_case, std::vector<std::string_view>* captures) const;

  enum class Relation : uint8_t {
    kApart,     // no path matches both
    kSame,      // the same paths
    kNarrower,  // all that match this one match the other
    kWider,
    kCrossing,  // some match both, and each has some of its own
  };
  // Of two patterns of paths, letters' case ignored.
  static Relation Compare(const PathPattern& a, const PathPattern& b);
  // The pattern of the paths that fit both, for two that are not kApart; letters of literals are
  // those of `a`.
  static PathPattern Meet(const PathPattern& a, const PathPattern& b);
  // As an author writes it: "/v2/{model}/infer".
  std::string Text() const;
  // Of two that are kSame: are the literals so to the letter?
  static bool SameLetters(const PathPattern& a, const PathPattern& b);
  // A list that is sorted by it has narrower patterns before wider ones: where two share a path,
  // each segment of the narrower one is as narrow as the other's or more.
  std::string Width() const;

 private:
  enum class Kind : uint8_t { kLiteral, kOne, kRest };  // from narrow to wide
  struct Segment {
    Kind kind = Kind::kLiteral;
    std::string text;  // kLiteral: what it is; else its name
  };
  // `allowed`: what a literal's bytes may be.
  static absl::StatusOr<PathPattern> Parse(std::string_view text, std::string_view whole,
                                           bool (*allowed)(char));

  std::string prefix_;  // before the first '/': "spiffe:/"
  std::vector<Segment> segments_;
  std::vector<std::string> names_;
};

// Text with names in it: `{ns}/{sa}`.
struct TextTemplate {
  struct Piece {
    std::string before;
    std::string name;
  };
  std::vector<Piece> pieces;
  std::string after;

  // InvalidArgument, for people: a brace without its other, something that is no name, two names
  // with nothing between them.
  static absl::StatusOr<TextTemplate> Parse(std::string_view text);
};

// Bytes that need no `%` in a segment of a path: RFC 3986, 3.3, but ';', which some servers take
// for the beginning of parameters.
bool IsPathByte(char c);

}  // namespace ztp
