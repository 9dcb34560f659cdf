// ztp keygen: a new pair of keys to sign with.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "bindings/server/key_file.h"
#include "engine/base/descriptor.h"
#include "engine/base/os_error.h"
#include "engine/base/str.h"
#include "engine/base/write_file.h"
#include "engine/evidence/private_key.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string output;
  std::string type = "ed25519";
  bool encrypt = false;
};

// A new file and nothing else: a key that is written over is lost for good.
absl::Status WriteNew(const std::string& path, std::string_view text, mode_t mode) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return OsError(Cat("cannot create ", path), errno);
  if (absl::Status status = WriteAll(file.get(), text, path); !status.ok()) return status;
  if (fsync(file.get()) != 0) return OsError(Cat("cannot write ", path), errno);
  return absl::OkStatus();
}

int Run(const Options& options) {
  using evidence::KeyType;
  const std::string_view password = server::KeyPassword();
  if (options.encrypt && password.empty()) {
    PrintError("ztp: --encrypt takes the password from ZTP_KEY_PASSWORD, which is not set\n");
    return kUsage;
  }
  const KeyType type = options.type == "ed25519" ? KeyType::kEd25519
                       : options.type == "p256"  ? KeyType::kP256
                       : options.type == "p384"  ? KeyType::kP384
                                                 : KeyType::kP521;
  const auto key = evidence::PrivateKey::Generate(type);
  const std::string text =
      key ? key->ToPem(options.encrypt ? password : std::string_view()) : std::string();
  if (text.empty()) {
    PrintError("ztp: OpenSSL cannot make a key\n");
    return kEnvironment;
  }
  if (const absl::Status status = WriteNew(options.output, text, 0600); !status.ok()) {
    return Fail(status);
  }
  const std::string public_file = options.output + ".pub";
  if (const absl::Status status = WriteNew(public_file, PemOf(key->public_key()), 0644);
      !status.ok()) {
    return Fail(status);
  }
  Print(Cat("wrote ", options.output, " and ", public_file, "\nkey ", key->public_key().id, "\n"));
  return kDone;
}

}  // namespace

void AddKeygen(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("keygen",
                         "Make a private key, which its owner alone may read, and its "
                         "public key beside it (FILE.pub)");
  command->add_option("-o,--output", options->output, "the file to make; it may not be there yet")
      ->required();
  command->add_option("-t,--type", options->type, "ed25519, p256, p384 or p521")
      ->check(CLI::IsMember({"ed25519", "p256", "p384", "p521"}))
      ->capture_default_str();
  command->add_flag("--encrypt", options->encrypt,
                    "encrypt the private key with the password in ZTP_KEY_PASSWORD");
  command->footer(
      "PyPI's model-signing takes keys on p256, p384 and p521 only: use one of those where it is "
      "to verify.");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
