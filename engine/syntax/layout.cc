// See layout.h.
#include "engine/syntax/layout.h"

#include <utility>

#include "engine/base/source.h"

namespace ztp::syntax {

DocId Layout::Add(Doc doc) {
  for (const DocId part : doc.parts) doc.hard = doc.hard || docs_[part.index].hard;
  docs_.push_back(std::move(doc));
  return DocId{static_cast<uint32_t>(docs_.size() - 1)};
}

DocId Layout::Leaf(Kind kind) {
  Doc doc;
  doc.kind = kind;
  doc.hard = kind == Kind::kHard;
  return Add(std::move(doc));
}

DocId Layout::Text(std::string text) {
  Doc doc;
  doc.width = static_cast<int>(CountCodePoints(text));
  doc.text = std::move(text);
  return Add(std::move(doc));
}

DocId Layout::Concat(std::vector<DocId> parts) {
  Doc doc;
  doc.kind = Kind::kConcat;
  doc.parts = std::move(parts);
  return Add(std::move(doc));
}

DocId Layout::Nest(int indent, DocId body) {
  Doc doc;
  doc.kind = Kind::kNest;
  doc.indent = indent;
  doc.parts = {body};
  return Add(std::move(doc));
}

DocId Layout::Group(DocId body, bool broken) {
  Doc doc;
  doc.kind = Kind::kGroup;
  doc.parts = {body};
  doc.broken = doc.hard = broken || docs_[body.index].hard;
  return Add(std::move(doc));
}

// Does what `work` and then `rest` hold fit into `room`, up to the first line end that may come?
// Both are stacks.
bool Layout::Fits(int room, std::vector<Frame> work, const std::vector<Frame>& rest) const {
  size_t next_rest = rest.size();
  // The break that asks is not one that answers.
  while (room >= 0) {
    Frame frame;
    if (!work.empty()) {
      frame = work.back();
      work.pop_back();
    } else if (next_rest > 0) {
      frame = rest[--next_rest];
    } else {
      return true;
    }
    const Doc& doc = docs_[frame.doc.index];
    switch (doc.kind) {
      case Kind::kText:
        room -= doc.width;
        break;
      case Kind::kLine:
        if (!frame.flat) return true;
        --room;
        break;
      case Kind::kSoft:
        if (!frame.flat) return true;
        break;
      case Kind::kFill:
        if (!frame.flat) return true;
        --room;
        break;
      case Kind::kHard:
        return true;
      case Kind::kConcat:
      case Kind::kNest:
        for (size_t i = doc.parts.size(); i-- > 0;)
          work.push_back({frame.indent, frame.flat, doc.parts[i]});
        break;
      case Kind::kGroup:
        work.push_back(
            {frame.indent, frame.flat && !doc.broken ? true : !doc.broken, doc.parts[0]});
        break;
    }
  }
  return false;
}

std::string Layout::Render(DocId doc, int indent, int width) const {
  std::string out(static_cast<size_t>(indent), ' ');
  int column = indent;
  std::vector<Frame> work{{indent, false, doc}};
  auto line_end = [&](int to) {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out.push_back('\n');
    out.append(static_cast<size_t>(to), ' ');
    column = to;
  };
  while (!work.empty()) {
    const Frame frame = work.back();
    work.pop_back();
    const Doc& at = docs_[frame.doc.index];
    switch (at.kind) {
      case Kind::kText:
        out += at.text;
        column += at.width;
        break;
      case Kind::kLine:
      case Kind::kSoft:
        if (!frame.flat) {
          line_end(frame.indent);
        } else if (at.kind == Kind::kLine) {
          out.push_back(' ');
          ++column;
        }
        break;
      case Kind::kFill:
        if (frame.flat || Fits(width - column - 1, {}, work)) {
          out.push_back(' ');
          ++column;
        } else {
          line_end(frame.indent);
        }
        break;
      case Kind::kHard:
        line_end(frame.indent);
        break;
      case Kind::kConcat:
        for (size_t i = at.parts.size(); i-- > 0;)
          work.push_back({frame.indent, frame.flat, at.parts[i]});
        break;
      case Kind::kNest:
        work.push_back({frame.indent + at.indent, frame.flat, at.parts[0]});
        break;
      case Kind::kGroup: {
        const bool flat =
            !at.broken &&
            (frame.flat || Fits(width - column, {{frame.indent, true, at.parts[0]}}, work));
        work.push_back({frame.indent, flat, at.parts[0]});
        break;
      }
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace ztp::syntax
