// Manifests of a test's own making, right or wrong in any one way. They are written in canonical
// form, so that digest and signature are made here by OpenSSL alone, without the library that
// verifies them.
//
// Boundary: tests only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/str.h"
#include "engine/evidence/signing_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::rim {

using evidence::Certificate;
using evidence::CertificateSpec;
using evidence::Identity;

struct Authority {
  Identity root, issuer, signer;
};

inline CertificateSpec AuthoritySpec(const char* name) {
  CertificateSpec spec = evidence::SignerSpec(name);
  spec.names = "";
  return spec;
}

inline CertificateSpec RimSignerSpec() {
  CertificateSpec spec{.name = "RIM L4 Signer"};
  spec.purposes = "";
  return spec;
}

inline Authority MakeAuthority(const CertificateSpec& signer = RimSignerSpec(),
                               const char* curve = "P-384") {
  Identity root = Issue(AuthoritySpec("RIM root"), nullptr);
  Identity issuer = Issue(AuthoritySpec("RIM L3"), &root);
  Identity leaf = Issue(signer, &issuer, evidence::EcKey(curve));
  return {root, issuer, leaf};
}

inline const Authority& TheAuthority() {
  static const Authority authority = MakeAuthority();
  return authority;
}

inline const std::string kA(96, 'a'), kB(96, 'b'), kC(96, 'c');

inline std::string Resource(int index, std::string_view active,
                            const std::vector<std::string>& digests) {
  std::string text = Cat(R"(<ns0:Resource active=")", active, R"(" alternatives=")", digests.size(),
                         R"(" index=")", index, R"(" name="Measurement_)", index,
                         R"(" size="48" type="Measurement")");
  for (size_t i = 0; i < digests.size(); ++i) {
    Append(text, " ns2:Hash", i, "=\"", digests[i], '"');
  }
  return text + "></ns0:Resource>\n";
}

// A tag: all before its signature, which `</SoftwareIdentity>` follows.
struct TagSpec {
  std::string version = "96.00.5E.00.01";
  std::string flags = R"(corpus="false" name="GH100" patch="false" supplemental="false")";
  std::string payload_type = "direct";
  std::string resources =
      Resource(0, "True", {kA}) + Resource(7, "False", {kB}) + Resource(12, "True", {kB, kC, kB});
  std::string more;
};

inline constexpr std::string_view kNamespaces =
    R"( xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd")";
inline constexpr std::string_view kPrefixes =
    R"( xmlns:ns0="http://standards.iso.org/iso/19770/-2/2015/schema.xsd")"
    R"( xmlns:ns2="http://www.w3.org/2001/04/xmlenc#sha384")";
inline constexpr std::string_view kDsPrefix = R"( xmlns:ds="http://www.w3.org/2000/09/xmldsig#")";
inline constexpr std::string_view kEnd = "</SoftwareIdentity>";

inline std::string Tag(const TagSpec& spec = {}) {
  return Cat("<SoftwareIdentity", kNamespaces, kPrefixes, " ", spec.flags,
             R"( tagId="5f" tagVersion="0" version="1.0">)"
             "\n<ns0:Entity name=\"NVIDIA Corporation\" role=\"softwareCreator tagCreator\">"
             "</ns0:Entity>\n<ns0:Meta PayloadType=\"",
             spec.payload_type, R"(" colloquialVersion=")", spec.version,
             R"(" edition="GPU" product="GH100"></ns0:Meta>)", "\n<ns0:Payload>\n", spec.resources,
             "</ns0:Payload>\n", spec.more);
}

inline std::string Algorithm(std::string_view element, std::string_view algorithm) {
  return Cat("<ds:", element, " Algorithm=\"", algorithm, "\"></ds:", element, ">");
}

// What the signature says of itself.
struct SignatureSpec {
  std::string canonical = "http://www.w3.org/2006/12/xml-c14n11";
  std::string method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
  std::string uri = "";
  std::string transforms =
      Algorithm("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature") +
      Algorithm("Transform", "http://www.w3.org/2006/12/xml-c14n11");
  std::string digest = "http://www.w3.org/2001/04/xmldsig-more#sha384";
  std::string more_info;  // behind the reference
  std::string more;       // behind KeyInfo
  std::string key_info;   // instead of the certificates
};

inline std::string Sha384(std::string_view bytes) {
  std::string digest(48, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha384(), nullptr);
  return digest;
}

inline std::string KeyInfoOf(const std::vector<Certificate>& certificates) {
  std::string text = "<ds:X509Data>";
  for (const Certificate& certificate : certificates) {
    const std::string base64 = evidence::Base64(certificate.der());
    Append(text, "<ds:X509Certificate>", base64.substr(0, 64), "\n", base64.substr(64),
           "</ds:X509Certificate>");
  }
  return text + "</ds:X509Data>";
}

inline std::string Signature(std::string_view tag, const SignatureSpec& spec = {},
                             const Authority& authority = TheAuthority()) {
  const std::string digest = evidence::Base64(Sha384(Cat(tag, kEnd)));
  const auto info = [&](std::string_view namespaces) {
    return Cat("<ds:SignedInfo", namespaces, ">",
               Algorithm("CanonicalizationMethod", spec.canonical),
               Algorithm("SignatureMethod", spec.method), "<ds:Reference URI=\"", spec.uri,
               "\"><ds:Transforms>", spec.transforms, "</ds:Transforms>",
               Algorithm("DigestMethod", spec.digest), "<ds:DigestValue>", digest,
               "</ds:DigestValue></ds:Reference>", spec.more_info, "</ds:SignedInfo>");
  };
  // In canonical form an element that is taken out of its document says what it inherits.
  const bool exclusive = spec.canonical == "http://www.w3.org/2001/10/xml-exc-c14n#";
  const std::string value = evidence::SignRaw(
      authority.signer.key.get(), EVP_sha384(),
      info(exclusive ? std::string(kDsPrefix) : Cat(kNamespaces, kDsPrefix, kPrefixes)), 48);
  return Cat("<ds:Signature", kDsPrefix, ">", info(""), "<ds:SignatureValue>",
             evidence::Base64(value), "</ds:SignatureValue><ds:KeyInfo>",
             spec.key_info.empty()
                 ? KeyInfoOf({authority.signer.certificate, authority.issuer.certificate})
                 : spec.key_info,
             "</ds:KeyInfo>", spec.more, "</ds:Signature>");
}

inline std::string Manifest(const TagSpec& spec = {}, const SignatureSpec& signature = {},
                            const Authority& authority = TheAuthority()) {
  const std::string tag = Tag(spec);
  return Cat(tag, Signature(tag, signature, authority), kEnd);
}

}  // namespace ztp::rim
