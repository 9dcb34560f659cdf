// Documents that know where they may be broken into lines.
//
// Boundary: text and widths; nothing of the language. After Wadler's "A prettier printer": a group
// stands on one line if it fits, otherwise all of its own breaks become line ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ztp::syntax {

struct DocId {
  uint32_t index = UINT32_MAX;
  bool valid() const { return index != UINT32_MAX; }
};

class Layout {
 public:
  // Empty text is the empty document.
  DocId Text(std::string text);
  // A line end if the group around it is broken, else a blank.
  DocId Line() { return Leaf(Kind::kLine); }
  // The same, else nothing.
  DocId Soft() { return Leaf(Kind::kSoft); }
  // A blank, or a line end if what follows up to the next break does not fit. Decides for itself.
  DocId Fill() { return Leaf(Kind::kFill); }
  // Always a line end. Breaks every group around it.
  DocId Hard() { return Leaf(Kind::kHard); }
  DocId Concat(std::vector<DocId> parts);
  DocId Nest(int indent, DocId body);
  DocId Group(DocId body, bool broken = false);

  bool HasHard(DocId id) const { return docs_[id.index].hard; }

  // `doc` after `indent` blanks, its lines at most `width` characters wide where they can be
  // broken. Line ends are
  // '\n', without one at the end; no blanks stand before a line end.
  std::string Render(DocId doc, int indent, int width) const;

 private:
  enum class Kind : uint8_t { kText, kLine, kSoft, kFill, kHard, kConcat, kNest, kGroup };
  struct Doc {
    Kind kind = Kind::kText;
    bool broken = false;
    bool hard = false;  // has a Hard, or a broken group, in it
    int indent = 0;
    int width = 0;  // kText
    std::string text;
    std::vector<DocId> parts;
  };
  struct Frame {
    int indent;
    bool flat;
    DocId doc;
  };

  DocId Leaf(Kind kind);
  DocId Add(Doc doc);
  bool Fits(int room, std::vector<Frame> work, const std::vector<Frame>& rest) const;

  std::vector<Doc> docs_;
};

}  // namespace ztp::syntax
