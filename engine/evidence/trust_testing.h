// A trust configuration with one source of sign-ins and one of X.509-SVIDs, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/jose_testing.h"
#include "engine/evidence/trust.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence::testing {

// Text as a JSON string, as far as PEM needs it.
inline std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out + "\"";
}

// The sign-in of user `sub`, issued at kNow but for what `more` says, which comes first: dates are
// seconds from kNow. Good from kNow for an hour.
inline std::string SignInClaims(std::string_view sub, std::string_view more = "",
                                int64_t issued = 0) {
  const int64_t now = kNow.micros / kMicrosPerSecond;
  return Cat("{", more, more.empty() ? "" : ",", R"("iss":"https://login.acme.org","sub":")", sub,
             R"(","aud":"console","exp":)", now + issued + 3600, R"(,"iat":)", now + issued,
             R"(,"auth_time":)", now + issued, "}");
}

// The members of a good source of sign-ins by `key`.
inline std::string SignInSource(const SigningKey& key, std::string_view more = "") {
  return Cat(R"({"kind":"sign-in","issuers":"https://login.acme.org","audiences":["console"],)",
             R"("algorithms":[")", NameOf(key.algorithm()), R"("],"proves":["user"],)",
             R"("keys":)", KeySetText({key.JwkText()}), more.empty() ? "" : ",", more, "}");
}

inline std::string Document(std::string_view sources, std::string_view more = "") {
  return Cat(R"({"ztp_trust":1,"sources":{)", sources, "}", more, "}");
}

// "accepted" and errors as lines: PATH: MESSAGE.
inline std::string ErrorsOf(const std::vector<JsonError>& errors) {
  if (errors.empty()) return "accepted";
  std::string text;
  for (const JsonError& error : errors) {
    Append(text, text.empty() ? "" : "\n", error.path, ": ", error.message);
  }
  return text;
}

inline std::shared_ptr<Trust> MakeTrust(std::string_view document, Trust::Options options = {}) {
  std::vector<JsonError> errors;
  std::shared_ptr<Trust> trust = Trust::Read(document, std::move(options), &errors);
  EXPECT_NE(trust, nullptr) << ErrorsOf(errors);
  return trust;
}

inline Time After(int64_t seconds) { return Time{kNow.micros + seconds * kMicrosPerSecond}; }

}  // namespace ztp::evidence::testing
