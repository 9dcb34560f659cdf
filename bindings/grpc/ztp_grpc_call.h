// What ztp_grpc.h is told of calls and methods: who calls, about what, with which evidence.
//
// Boundary: no decision, and nothing that lasts longer than a call.
#ifndef ZTP_GRPC_CALL_H_
#define ZTP_GRPC_CALL_H_

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/string_ref.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ztp.hpp"

namespace ztp {

// "Dataset", "faces"
struct GrpcEntity {
  std::string type;
  std::string id;
};

// What is known of a call before its handler runs. Valid for the length of the function that it is
// given to.
class GrpcCall {
 public:
  using Metadata = std::multimap<std::string, std::string>;

  // "acme.Data/Read"
  std::string_view method() const noexcept { return method_; }

  // A metadata entry; `key` in lower case. Nothing: it is not there, or more than once.
  std::optional<std::string_view> metadata(std::string_view key) const {
    const auto [first, last] = metadata_.equal_range(std::string(key));
    if (first == last || std::next(first) != last) return std::nullopt;
    return std::string_view(first->second);
  }

  // Of the certificate that the peer showed in the TLS handshake, where it has exactly one.
  std::optional<std::string> spiffe_id() const {
    return Property(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME);
  }

  // The peer's certificates as PEM, its own first: evidence of the kind x509-svid.
  std::optional<std::string> certificates() const {
    std::optional<std::string> leaf = Property(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    if (!leaf) return std::nullopt;
    std::string chain = Property(GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME).value_or("");
    if (chain.compare(0, leaf->size(), *leaf) == 0) return chain;
    return *leaf + chain;
  }

  // Of `authorization: Bearer …`.
  std::optional<std::string_view> bearer_token() const {
    constexpr std::string_view kScheme = "bearer ";
    const auto header = metadata("authorization");
    if (!header || header->size() <= kScheme.size()) return std::nullopt;
    const bool is_bearer =
        std::equal(kScheme.begin(), kScheme.end(), header->begin(),
                   [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    if (!is_bearer) return std::nullopt;
    return header->substr(kScheme.size());
  }

  const ::grpc::AuthContext& peer() const noexcept { return peer_; }

 private:
  friend class GrpcGate;
  GrpcCall(const std::string& method, const Metadata& metadata, const ::grpc::AuthContext& peer)
      : method_(method), metadata_(metadata), peer_(peer) {}

  std::optional<std::string> Property(const char* name) const {
    const std::vector<::grpc::string_ref> values = peer_.FindPropertyValues(name);
    if (values.size() != 1) return std::nullopt;
    return std::string(values.front().data(), values.front().size());
  }

  const std::string& method_;
  const Metadata& metadata_;
  const ::grpc::AuthContext& peer_;
};

// What a method asks of the policy. Functions may be called from any thread, and again while a call
// lasts; what they throw is a denial. Nothing from one: the call does not say it
// (INVALID_ARGUMENT).
struct GrpcMethod {
  std::string action;
  // Empty: the handler says it, by GrpcGate::Admit, before anything else.
  std::function<std::optional<GrpcEntity>(const GrpcCall&)> resource;
  // Parameters and claimed or vouched inputs; may be empty.
  std::function<void(const GrpcCall&, Request&)> fill;
  // Makes a message empty that came when it was no longer allowed. See Receives.
  std::function<void(void*)> clear;

  static GrpcMethod Fixed(std::string action, std::string type, std::string id) {
    return {std::move(action),
            [entity = GrpcEntity{std::move(type), std::move(id)}](const GrpcCall&) {
              return std::optional<GrpcEntity>(entity);
            },
            {},
            {}};
  }
  // The id is a metadata entry of the call.
  static GrpcMethod FromMetadata(std::string action, std::string type, std::string key) {
    return {std::move(action),
            [type = std::move(type), key = std::move(key)](const GrpcCall& call) {
              const auto id = call.metadata(key);
              return id ? std::optional<GrpcEntity>({type, std::string(*id)}) : std::nullopt;
            },
            {},
            {}};
  }
  // What it is about stands in the request message: its handler calls GrpcGate::Admit. Until then
  // nothing that it answers leaves the server.
  static GrpcMethod InHandler(std::string action) { return {std::move(action), {}, {}, {}}; }

  // The type that the client sends. A message that arrives as the lease has ended and it is denied
  // then reaches the handler empty, as its call is being cancelled; without this, as it is.
  template <typename Message>
  GrpcMethod Receives() && {
    clear = [](void* message) { static_cast<Message*>(message)->Clear(); };
    return std::move(*this);
  }
};

// Evidence that a call brings along. It is verified when the call is decided, and again when it is
// decided again: what counts once (a nonce, a WIT-SVID's proof) is no evidence of a call that
// lasts.
struct GrpcEvidence {
  enum class From { kPeerCertificate, kBearerToken, kMetadata };
  std::string input;   // a proven input of the policy
  std::string source;  // of the trust configuration
  From from = From::kPeerCertificate;
  std::string key;        // of kMetadata
  bool required = false;  // a call without it is UNAUTHENTICATED; else the input is not bound
};

}  // namespace ztp

#endif  // ZTP_GRPC_CALL_H_
