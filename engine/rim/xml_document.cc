// See xml_document.h.
#include "engine/rim/xml_document.h"

#include <libxml/parser.h>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"

namespace ztp::rim {
namespace {

using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;
using evidence::Verified;

std::string_view View(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "no XML as it is read here: ", what);
}

// In what is well-formed, `<!` and `<?` are never anything else than these: a `<` that means itself
// is `&lt;`. The declaration may stand at the front.
std::optional<Refusal> RefuseMarkup(std::string_view bytes) {
  if (bytes.find("<!") != bytes.npos) {
    return Malformed("it has a document type, a comment or a CDATA section");
  }
  constexpr std::string_view kDeclaration = "<?xml ";
  const size_t from = bytes.starts_with(kDeclaration) ? kDeclaration.size() : 0;
  if (bytes.find("<?", from) != bytes.npos) return Malformed("it has processing instructions");
  return std::nullopt;
}

bool IsSpace(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

struct FreeContext {
  void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
};

}  // namespace

bool XmlElement::Is(std::string_view ns, std::string_view name) const {
  return this->ns() == ns && this->name() == name;
}

std::string_view XmlElement::name() const { return View(node_->name); }

std::string_view XmlElement::ns() const {
  return node_->ns == nullptr ? std::string_view() : View(node_->ns->href);
}

std::optional<std::string> XmlElement::Attribute(std::string_view ns, std::string_view name) const {
  for (const xmlAttr* at = node_->properties; at != nullptr; at = at->next) {
    if (View(at->name) != name || View(at->ns == nullptr ? nullptr : at->ns->href) != ns) continue;
    xmlChar* value = xmlNodeListGetString(node_->doc, at->children, 1);
    std::string text(View(value));
    xmlFree(value);
    return text;
  }
  return std::nullopt;
}

size_t XmlElement::attribute_count() const {
  size_t count = 0;
  for (const xmlAttr* at = node_->properties; at != nullptr; at = at->next) ++count;
  return count;
}

size_t XmlElement::AttributesIn(std::string_view ns) const {
  size_t count = 0;
  for (const xmlAttr* at = node_->properties; at != nullptr; at = at->next) {
    if (View(at->ns == nullptr ? nullptr : at->ns->href) == ns) ++count;
  }
  return count;
}

std::vector<XmlElement> XmlElement::Children() const {
  std::vector<XmlElement> children;
  for (xmlNode* at = node_->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE) children.emplace_back(at);
  }
  return children;
}

std::string XmlElement::Text() const {
  xmlChar* value = xmlNodeGetContent(node_);
  std::string text(View(value));
  xmlFree(value);
  return text;
}

bool XmlElement::HasMixedText() const {
  for (const xmlNode* at = node_->children; at != nullptr; at = at->next) {
    if (at->type != XML_ELEMENT_NODE && !IsSpace(View(at->content))) return true;
  }
  return false;
}

Verified<XmlDocument> XmlDocument::Parse(std::string_view bytes) {
  if (bytes.size() > kMaxXmlBytes) {
    return Refuse(Check::kTooLarge, "XML of ", bytes.size(), " bytes; at most ", kMaxXmlBytes,
                  " are read");
  }
  if (bytes.find('\0') != bytes.npos || !IsValidUtf8(bytes)) return Malformed("it is no UTF-8");
  if (auto refusal = RefuseMarkup(bytes)) return *std::move(refusal);
  const std::unique_ptr<xmlParserCtxt, FreeContext> context(xmlNewParserCtxt());
  if (context == nullptr) return Malformed("libxml2 has no memory");
  // The encoding is given, so that no declaration chooses another. No option makes entities, DTDs
  // or inclusions be read; limits on depth and length are libxml2's.
  XmlDocument document(
      xmlCtxtReadMemory(context.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr,
                        "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (document.doc() == nullptr || context->wellFormed != 1 || context->nsWellFormed != 1 ||
      context->errNo != XML_ERR_OK) {
    const xmlError* error = xmlCtxtGetLastError(context.get());
    const std::string_view why = error == nullptr ? "" : View(BAD_CAST error->message);
    return Malformed(Cat("line ", error == nullptr ? 0 : error->line, ": ",
                         Quoted(why.substr(0, why.find('\n')).substr(0, 80))));
  }
  if (document.doc()->intSubset != nullptr || document.doc()->extSubset != nullptr ||
      xmlDocGetRootElement(document.doc()) == nullptr) {
    return Malformed("it has a document type, or no element");
  }
  return document;
}

}  // namespace ztp::rim
