// A certificate counts if it is the one that the connection was made with, whoever wrote it down.
#include "bindings/envoy/peer_certificate.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/sha256.h"
#include "engine/evidence/base64.h"

namespace ztp::envoy {
namespace {

// What is in a block does not matter here: its digest does.
std::string PemOf(std::string_view der) {
  return "-----BEGIN CERTIFICATE-----\n" + evidence::EncodeBase64(der) +
         "\n-----END CERTIFICATE-----\n";
}

std::string Escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (c == '-' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

std::string DigestOf(std::string_view der) { return Sha256Digest(der).substr(7); }

TEST(PeerCertificate, IsTakenByItsDigestAlone) {
  const std::string leaf = PemOf("the leaf"), root = PemOf("its issuer"), other = PemOf("another");
  const std::string hash = DigestOf("the leaf");
  const std::string cert = "Cert=\"" + Escape(leaf) + "\"";
  const std::string chain = "Chain=\"" + Escape(leaf + root) + "\"";
  const std::string before = "By=spiffe://a/b;Hash=" + hash + ";Subject=\"CN=a\\\";Cert=x,O=b\";";
  struct Case {
    const char* what;
    std::string header, expected;
  } const cases[] = {
      {"Envoy's", before + cert + ";URI=spiffe://a/c", leaf},
      {"a chain says more", before + cert + ";" + chain, leaf + root},
      {"in any order", before + chain + ";" + cert, leaf + root},
      {"names in any case", "cert=\"" + Escape(leaf) + "\"", leaf},
      {"another's certificate with this one's hash",
       "Hash=" + hash + ";Cert=\"" + Escape(other) + "\"", ""},
      {"a chain that begins with another", "Chain=\"" + Escape(other + leaf) + "\"", ""},
      {"of an earlier hop", cert + ",By=spiffe://a/b;Hash=" + hash, ""},
      {"the last hop's", "Cert=\"" + Escape(other) + "\"," + cert, leaf},
      {"none", before + "URI=spiffe://a/c", ""},
      {"cut off", cert.substr(0, cert.size() - 20), ""},
      {"wrongly escaped", "Cert=\"%4\"", ""},
      {"not escaped to the end", "Cert=\"" + Escape(leaf) + "%\"", ""},
      {"of which an earlier hop's part is none", "x," + cert, ""},
      {"with more behind a quote", cert + "x", ""},
      {"empty", "", ""},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(PeerCertificates(each.header, hash), each.expected) << each.what;
  }
  EXPECT_EQ(PeerCertificates(cert, ""), "");
  EXPECT_EQ(PeerCertificates("Cert=\"\"", ""), "");
}

}  // namespace
}  // namespace ztp::envoy
