// One XML document as a tree of elements: XML 1.0 and its namespaces, without what makes them
// dangerous or lets one document look like another: no DTD (so no entities and no defaults), no
// comments, no processing instructions, no CDATA sections, no other encoding than UTF-8.
//
// Boundary: with xml_signature.cc the only place that knows libxml2. Reads the bytes that it is
// given and nothing else: no file, no network.
#pragma once

#include <libxml/tree.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"

namespace ztp::rim {

inline constexpr size_t kMaxXmlBytes = size_t{1} << 20;

// A view of an element; valid as long as its document.
class XmlElement {
 public:
  explicit XmlElement(xmlNode* node) : node_(node) {}

  bool Is(std::string_view ns, std::string_view name) const;
  std::string_view name() const;  // without its prefix
  std::string_view ns() const;    // the namespace's URI; empty: none

  // An attribute's value; without `ns` those that have no prefix. Nothing: it is not there.
  std::optional<std::string> Attribute(std::string_view name) const { return Attribute("", name); }
  std::optional<std::string> Attribute(std::string_view ns, std::string_view name) const;
  size_t attribute_count() const;
  size_t AttributesIn(std::string_view ns) const;

  std::vector<XmlElement> Children() const;
  // All text within.
  std::string Text() const;
  // Is there text, other than white space, beside the elements in it?
  bool HasMixedText() const;

  xmlNode* node() const { return node_; }

 private:
  xmlNode* node_;
};

class XmlDocument {
 public:
  // kTooLarge, kMalformed. The bytes are not referred to afterwards.
  static evidence::Verified<XmlDocument> Parse(std::string_view bytes);

  XmlElement root() const { return XmlElement(xmlDocGetRootElement(doc_.get())); }
  xmlDoc* doc() const { return doc_.get(); }

 private:
  struct Free {
    void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
  };
  explicit XmlDocument(xmlDoc* doc) : doc_(doc) {}
  std::unique_ptr<xmlDoc, Free> doc_;
};

}  // namespace ztp::rim
