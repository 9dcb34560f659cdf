// One JSON document as a tree that can be walked more than once, with every number in its own
// digits and every member's place in the text.
//
// Boundary: with json_tree.cc the only place that knows simdjson. A tree is what readers by schema
// (json_value.h) work on; it is valid JSON without duplicate keys, within the limits on depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/facts/json_error.h"

namespace ztp {

enum class JsonKind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonNode {
  static constexpr uint32_t kEnd = UINT32_MAX;

  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  uint32_t offset = 0;          // of its first byte in the document
  uint32_t next = kEnd;         // the next element or member of what holds it
  uint32_t first_child = kEnd;  // of an array or object
  uint32_t child_count = 0;
  std::string_view key;   // as a member: its name, unescaped
  std::string_view text;  // string: its content, unescaped; number: its digits as written
};

// A value as it stands in the document that its tree was parsed from.
std::string_view JsonTextOf(std::string_view document, const JsonNode& node);

// A place in a document, as a chain from the place up to the root; kept on the stack while reading
// and written out only when there is an error.
class JsonPath {
 public:
  // The root: `$`, or `$[3]` for the document that is item 3 of a file.
  JsonPath() = default;
  explicit JsonPath(size_t item) : index_(item) {}
  JsonPath(const JsonPath* parent, std::string_view key) : parent_(parent), key_(key) {}
  JsonPath(const JsonPath* parent, size_t index) : parent_(parent), index_(index) {}

  // `$[3].attrs.owners[0]`; a name that is no identifier in quotes: `$["a b"]`.
  std::string ToString() const;

 private:
  static constexpr size_t kNoIndex = SIZE_MAX;
  const JsonPath* parent_ = nullptr;
  std::string_view key_;
  size_t index_ = kNoIndex;
};

// A parser and the tree that it made last. Views into the tree are valid until the next Parse.
class JsonTree {
 public:
  JsonTree();
  ~JsonTree();
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  // Parses one document. False: `error` has code, message, path (below `root`) and, as line and
  // column within `text`, the place. `text` need not be padded and is not referred to afterwards.
  bool Parse(std::string_view text, const JsonPath& root, JsonError* error);

  const JsonNode& root() const { return nodes_[0]; }
  const JsonNode& operator[](uint32_t index) const { return nodes_[index]; }

  // for (const JsonNode& child : tree.Children(node))
  class Range {
   public:
    class Iterator {
     public:
      Iterator(const JsonTree* tree, uint32_t index) : tree_(tree), index_(index) {}
      const JsonNode& operator*() const { return (*tree_)[index_]; }
      const JsonNode* operator->() const { return &(*tree_)[index_]; }
      Iterator& operator++() {
        index_ = (*tree_)[index_].next;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return index_ != other.index_; }

     private:
      const JsonTree* tree_;
      uint32_t index_;
    };
    Range(const JsonTree* tree, uint32_t first) : tree_(tree), first_(first) {}
    Iterator begin() const { return Iterator(tree_, first_); }
    Iterator end() const { return Iterator(tree_, JsonNode::kEnd); }

   private:
    const JsonTree* tree_;
    uint32_t first_;
  };
  Range Children(const JsonNode& node) const { return Range(this, node.first_child); }
  // The member of that name, or nullptr. `node` is an object.
  const JsonNode* Find(const JsonNode& node, std::string_view key) const;

  // What stands at the end of the names, from `node` or the root on; nullptr: nothing does.
  using Names = std::initializer_list<std::string_view>;
  const JsonNode* At(const JsonNode& node, Names names) const;
  const JsonNode* At(Names names) const { return At(root(), names); }
  // The string there; empty: none is. Is `true` there?
  std::string_view TextAt(const JsonNode& node, Names names) const;
  bool IsTrueAt(const JsonNode& node, Names names) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<JsonNode> nodes_;
};

// `a string`, `an object` … for "expected …, found …".
const char* JsonKindName(JsonKind kind);

// Line and column (both from 1, columns in bytes) of an offset.
struct JsonPlace {
  uint32_t line = 1;
  uint32_t column = 1;
};
JsonPlace PlaceOf(std::string_view text, size_t offset);

}  // namespace ztp
