// A document that is signed as a whole by a certificate's key: XML Signature (XMLDSig 1.1) in the
// one form that NVIDIA's manifests have.
//
// Boundary: a document and anchors in; the bytes that were signed out, without the signature. Which
// algorithms, transforms and references a signature may have is checked before xmlsec sees it, and
// no key is taken from it but by its certificate's path to an anchor.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/evidence/certificate.h"
#include "engine/evidence/verified.h"
#include "engine/evidence/x509_chain.h"
#include "engine/rim/xml_document.h"

namespace ztp::rim {

struct SignedXml {
  // The document in canonical form, its signature left out: what the signature is over. Read this.
  std::string bytes;
  evidence::VerifiedPath path;
  std::string signer;  // for messages
};

// The signature must be the one of its kind, a child of the root, over all of the document (URI
// ""), by ECDSA on P-384 with SHA-384, with canonical XML 1.0, 1.1 or exclusive, and bring its
// certificates, the signer's first.
//   kMalformed    it is of another form
//   kAlgorithm    other algorithms or transforms
//   what VerifyPath refuses with; kUsage: the certificate is that of an authority, or its key is
//   not
//                 for signatures
//   kSignature
// Thread-safe, but for `document`, which xmlsec marks.
evidence::Verified<SignedXml> VerifyXmlSignature(const XmlDocument& document,
                                                 std::span<const evidence::Certificate> anchors,
                                                 const evidence::PathOptions& options);

}  // namespace ztp::rim
