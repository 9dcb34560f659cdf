// See xml_signature.h.
#include "engine/rim/xml_signature.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/openssl_ptr.h"

namespace ztp::rim {
namespace {

using evidence::Certificate;
using evidence::Check;
using evidence::Refusal;
using evidence::Refuse;
using evidence::SharedKey;
using evidence::Verified;

constexpr std::string_view kDsig = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kEcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
constexpr std::string_view kSha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
// Without comments, each of them.
constexpr std::string_view kCanonical[] = {"http://www.w3.org/2006/12/xml-c14n11",
                                           "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
                                           "http://www.w3.org/2001/10/xml-exc-c14n#"};

template <typename... Pieces>
Refusal Malformed(const Pieces&... pieces) {
  return Refuse(Check::kMalformed, "not an XML signature as it is read here: ", pieces...);
}

// Once, for the process: the tables of algorithms, and no messages on standard error.
void StartXmlsec() {
  static const bool started = [] {
    xmlInitParser();
    const bool ok = xmlSecInit() >= 0 && xmlSecOpenSSLInit() >= 0;
    xmlSecIOCleanupCallbacks();  // it opens no file and no connection, whatever a reference says
    xmlSecErrorsSetCallback(nullptr);
    return ok;
  }();
  if (!started) std::abort();  // another version of the library than it was built with
}

void SayNothing(void* /*context*/, const char* /*format*/, ...) {}

// libxml2 tells its errors to standard error, by thread; not in this scope.
class Silence {
 public:
  Silence() : context_(xmlGenericErrorContext), before_(xmlGenericError) {
    xmlSetGenericErrorFunc(nullptr, SayNothing);
  }
  ~Silence() { xmlSetGenericErrorFunc(context_, before_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  void* context_;
  xmlGenericErrorFunc before_;
};

// The elements in it, which must be these, in this order, without text beside them and with no
// attribute.
Verified<std::vector<XmlElement>> Parts(const XmlElement& element,
                                        std::initializer_list<std::string_view> names) {
  std::vector<XmlElement> children = element.Children();
  if (element.HasMixedText() || children.size() != names.size()) {
    return Malformed("`", element.name(), "` has not what it must have");
  }
  size_t i = 0;
  for (const std::string_view name : names) {
    if (!children[i].Is(kDsig, name)) return Malformed("`", name, "` is missing");
    ++i;
  }
  return children;
}

std::optional<Refusal> RefuseAttributes(const XmlElement& element) {
  if (element.attribute_count() == 0) return std::nullopt;
  return Malformed("`", element.name(), "` has attributes");
}

// An element that says nothing but an algorithm, which must be one of these.
std::optional<Refusal> RefuseAlgorithm(const XmlElement& element,
                                       std::span<const std::string_view> allowed) {
  const std::optional<std::string> algorithm = element.Attribute("Algorithm");
  if (!algorithm || element.attribute_count() != 1 || element.node()->children != nullptr) {
    return Malformed("`", element.name(), "` says more or less than an algorithm");
  }
  if (std::find(allowed.begin(), allowed.end(), *algorithm) != allowed.end()) return std::nullopt;
  return Refuse(Check::kAlgorithm, "`", element.name(), "` of the signature is '",
                algorithm->substr(0, 100), "', which is not taken");
}
std::optional<Refusal> RefuseAlgorithm(const XmlElement& element, std::string_view allowed) {
  return RefuseAlgorithm(element, {&allowed, 1});
}

// One reference to the whole document, without the signature itself, in canonical form.
std::optional<Refusal> RefuseReference(const XmlElement& reference) {
  if (reference.Attribute("URI") != "" || reference.attribute_count() != 1) {
    return Malformed("what is signed is not the whole document");
  }
  ZTP_VERIFY_OR_RETURN(const auto parts,
                       Parts(reference, {"Transforms", "DigestMethod", "DigestValue"}));
  if (auto refusal = RefuseAttributes(parts[0])) return refusal;
  ZTP_VERIFY_OR_RETURN(const auto transforms, Parts(parts[0], {"Transform", "Transform"}));
  if (auto refusal = RefuseAlgorithm(transforms[0], kEnveloped)) return refusal;
  if (auto refusal = RefuseAlgorithm(transforms[1], kCanonical)) return refusal;
  if (auto refusal = RefuseAlgorithm(parts[1], kSha384)) return refusal;
  return RefuseAttributes(parts[2]);
}

std::optional<Refusal> RefuseSignedInfo(const XmlElement& info) {
  if (auto refusal = RefuseAttributes(info)) return refusal;
  ZTP_VERIFY_OR_RETURN(const auto parts,
                       Parts(info, {"CanonicalizationMethod", "SignatureMethod", "Reference"}));
  if (auto refusal = RefuseAlgorithm(parts[0], kCanonical)) return refusal;
  if (auto refusal = RefuseAlgorithm(parts[1], kEcdsaSha384)) return refusal;
  return RefuseReference(parts[2]);
}

// The certificates that `KeyInfo` brings.
Verified<std::vector<Certificate>> ReadCertificates(const XmlElement& key_info) {
  ZTP_VERIFY_OR_RETURN(const auto data, Parts(key_info, {"X509Data"}));
  for (const XmlElement& element : {key_info, data[0]}) {
    if (auto refusal = RefuseAttributes(element)) return *std::move(refusal);
  }
  const std::vector<XmlElement> elements = data[0].Children();
  if (elements.empty() || elements.size() > evidence::kMaxChainCertificates) {
    return Malformed("`X509Data` has ", elements.size(), " certificates");
  }
  std::vector<Certificate> certificates;
  for (const XmlElement& element : elements) {
    if (!element.Is(kDsig, "X509Certificate") || element.attribute_count() != 0 ||
        !element.Children().empty()) {
      return Malformed("`X509Data` has more than certificates");
    }
    std::string text = element.Text();
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    const std::optional<std::string> der = evidence::DecodeBase64(text);
    if (!der) return Malformed("a certificate is no base64");
    ZTP_VERIFY_OR_RETURN(Certificate certificate, Certificate::FromDer(*der));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

// How many elements of the signature's namespace are below and at `element`.
size_t CountSigned(const XmlElement& element) {
  size_t count = element.ns() == kDsig ? 1 : 0;
  for (const XmlElement& child : element.Children()) count += CountSigned(child);
  return count;
}

// The one signature: a child of the root, and nothing of its kind elsewhere.
Verified<XmlElement> FindSignature(const XmlElement& root) {
  std::vector<XmlElement> found;
  for (const XmlElement& child : root.Children()) {
    if (child.Is(kDsig, "Signature")) found.push_back(child);
  }
  if (found.size() != 1) return Malformed("the document has ", found.size(), " signatures");
  if (CountSigned(root) != CountSigned(found[0])) {
    return Malformed("parts of a signature are elsewhere in the document");
  }
  return found[0];
}

struct FreeSignature {
  void operator()(xmlSecDSigCtx* context) const { xmlSecDSigCtxDestroy(context); }
};

// The key as xmlsec has it; null: it has no memory.
xmlSecKeyPtr XmlsecKey(const SharedKey& key) {
  EVP_PKEY_up_ref(key.get());
  xmlSecKeyDataPtr data = xmlSecOpenSSLEvpKeyAdopt(key.get());  // owns that reference
  if (data == nullptr) {
    EVP_PKEY_free(key.get());
    return nullptr;
  }
  xmlSecKeyPtr made = xmlSecKeyCreate();
  if (made == nullptr || xmlSecKeySetValue(made, data) < 0) {
    xmlSecKeyDataDestroy(data);
    if (made != nullptr) xmlSecKeyDestroy(made);
    return nullptr;
  }
  return made;
}

// What the signature is over, by this key and no other.
Verified<std::string> VerifyBy(const SharedKey& key, const XmlElement& signature,
                               const Certificate& signer) {
  StartXmlsec();
  const Silence silence;
  const evidence::ErrorQueueScope errors;
  const std::unique_ptr<xmlSecDSigCtx, FreeSignature> context(xmlSecDSigCtxCreate(nullptr));
  if (context == nullptr) return Malformed("xmlsec has no memory");
  // Once more what was checked already: xmlsec does nothing else either.
  context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
  context->flags = XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
  for (const xmlSecTransformId id :
       {xmlSecTransformInclC14N11Id, xmlSecTransformInclC14NId, xmlSecTransformExclC14NId}) {
    if (xmlSecDSigCtxEnableReferenceTransform(context.get(), id) < 0 ||
        xmlSecDSigCtxEnableSignatureTransform(context.get(), id) < 0) {
      return Malformed("xmlsec has no memory");
    }
  }
  if (xmlSecDSigCtxEnableReferenceTransform(context.get(), xmlSecTransformEnvelopedId) < 0 ||
      xmlSecDSigCtxEnableReferenceTransform(context.get(), xmlSecOpenSSLTransformSha384Id) < 0 ||
      xmlSecDSigCtxEnableSignatureTransform(context.get(), xmlSecOpenSSLTransformEcdsaSha384Id) <
          0) {
    return Malformed("xmlsec has no memory");
  }
  context->signKey = XmlsecKey(key);  // `KeyInfo` is not asked then
  if (context->signKey == nullptr) return Malformed("xmlsec takes no such key");
  if (xmlSecDSigCtxVerify(context.get(), signature.node()) < 0 ||
      context->status != xmlSecDSigStatusSucceeded ||
      xmlSecPtrListGetSize(&context->signedInfoReferences) != 1) {
    return Refuse(Check::kSignature, "the document's signature is not that of ", signer.Describe());
  }
  auto* reference =
      static_cast<xmlSecDSigReferenceCtx*>(xmlSecPtrListGetItem(&context->signedInfoReferences, 0));
  xmlSecBuffer* bytes =
      reference == nullptr ? nullptr : xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
  if (bytes == nullptr || reference->status != xmlSecDSigStatusSucceeded) {
    return Malformed("xmlsec does not say what was signed");
  }
  return std::string(reinterpret_cast<const char*>(xmlSecBufferGetData(bytes)),
                     xmlSecBufferGetSize(bytes));
}

}  // namespace

Verified<SignedXml> VerifyXmlSignature(const XmlDocument& document,
                                       std::span<const Certificate> anchors,
                                       const evidence::PathOptions& options) {
  ZTP_VERIFY_OR_RETURN(const XmlElement signature, FindSignature(document.root()));
  if (auto refusal = RefuseAttributes(signature)) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(const auto parts,
                       Parts(signature, {"SignedInfo", "SignatureValue", "KeyInfo"}));
  if (auto refusal = RefuseSignedInfo(parts[0])) return *std::move(refusal);
  if (auto refusal = RefuseAttributes(parts[1])) return *std::move(refusal);
  ZTP_VERIFY_OR_RETURN(const std::vector<Certificate> chain, ReadCertificates(parts[2]));
  const Certificate& signer = chain.front();
  SignedXml result;
  ZTP_VERIFY_OR_RETURN(
      result.path,
      VerifyPath(signer, std::span<const Certificate>(chain).subspan(1), anchors, options));
  if (signer.is_ca() ||
      (signer.key_usage().value_or(KU_DIGITAL_SIGNATURE) & KU_DIGITAL_SIGNATURE) == 0) {
    return Refuse(Check::kUsage, signer.Describe(), " is not for signatures on documents");
  }
  ZTP_VERIFY_OR_RETURN(const SharedKey key, KeyOf(signer, evidence::KeyType::kP384));
  ZTP_VERIFY_OR_RETURN(result.bytes, VerifyBy(key, signature, signer));
  result.signer = signer.Describe();
  return result;
}

}  // namespace ztp::rim
