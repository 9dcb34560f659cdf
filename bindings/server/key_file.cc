// See key_file.h.
#include "bindings/server/key_file.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <utility>

#include "engine/base/status.h"
#include "engine/driver/files.h"
#include "engine/evidence/private_key.h"

namespace ztp::server {
namespace {

constexpr std::string_view kEnv = "env:";
constexpr uint64_t kMaxKeyFileBytes = 64 << 10;

}  // namespace

std::string_view KeyPassword() {
  const char* password = std::getenv("ZTP_KEY_PASSWORD");
  return password == nullptr ? std::string_view() : password;
}

absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>> LoadKeyFile(const std::string& name) {
  std::string text;
  if (name.starts_with(kEnv)) {
    const char* value = std::getenv(name.c_str() + kEnv.size());
    if (value == nullptr) return InvalidArgument("no variable ", name.substr(kEnv.size()));
    text = value;
  } else {
    ZTP_ASSIGN_OR_RETURN(text, driver::ReadFile(name, kMaxKeyFileBytes));
  }
  const bool encrypted = text.find("ENCRYPTED") != text.npos;
  evidence::Verified<evidence::PrivateKey> key =
      evidence::PrivateKey::FromPem(text, encrypted ? KeyPassword() : std::string_view());
  OPENSSL_cleanse(text.data(), text.size());
  if (!key.ok()) return InvalidArgument(name, ": ", key.refusal().message);
  return std::make_unique<evidence::PrivateKey>(*std::move(key));
}

}  // namespace ztp::server
