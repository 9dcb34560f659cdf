// The members of one source in the trust configuration, read by what its kind wants.
//
// Boundary: JSON to settings, strictly: what is missing, of a wrong type or not known is an error
// with its JSON path, and all errors of a document are reported together. A function that reports
// returns something harmless, and the source is not made. What a member's text means (keys, a
// bundle) the readers of those say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/crl.h"
#include "engine/evidence/jwk.h"
#include "engine/evidence/jws_algorithm.h"
#include "engine/facts/json_value.h"

namespace ztp::evidence {

// The content of a file that the configuration names, as it was written there.
using ReadFileFunction = std::function<absl::StatusOr<std::string>(const std::string& name)>;

class SourceReader {
 public:
  // What every source may say, whatever its kind.
  struct Common {
    std::optional<Duration> max_age;
    Duration leeway;
    bool nonce_required = false;
    bool says_nonce = false;  // "required" or "none"
    std::vector<std::string> proves;
  };

  // `object` is the source's JSON object. `replaced`: what was given instead of a member's bytes
  // since the configuration was read; "host.crls" is the member of an object within, and
  // "federated[0].bundle" that of an object of an array. All must outlive the reader.
  SourceReader(JsonReader& json, const JsonNode& object, const JsonPath& path,
               std::string_view document, const ReadFileFunction& read_file,
               const std::map<std::string, std::string>& replaced);

  // Reads what every source may say; once, before the kind reads its own.
  void ReadCommon();
  // Instead: what the source that this one stands in says.
  void ReadCommonOf(const SourceReader& outer) { common_ = outer.common_; }
  const Common& common() const { return common_; }

  std::string Text(std::string_view name);
  std::optional<std::string> OptionalText(std::string_view name);
  // One string or an array of them, not empty.
  std::vector<std::string> Texts(std::string_view name);
  std::optional<std::vector<std::string>> OptionalTexts(std::string_view name);
  std::optional<Duration> OptionalDuration(std::string_view name);
  // A whole number from `lowest` to `highest`.
  std::optional<int64_t> OptionalInteger(std::string_view name, int64_t lowest, int64_t highest);
  bool Flag(std::string_view name, bool otherwise);
  // One of these words; its index. Absent: `otherwise`.
  size_t Choice(std::string_view name, const std::vector<std::string_view>& words,
                size_t otherwise);

  // A member's bytes: {"file": NAME}; or in place, as a string, or as an object that is taken as
  // its JSON text. Nothing: absent (reported if required), or reported.
  std::optional<std::string> Bytes(std::string_view name, bool required);

  // `algorithms`: names; without it `otherwise`.
  JwsAlgorithms Algorithms(JwsAlgorithms otherwise);
  // `keys`: a JWK set.
  JwkSet Keys();
  // Certificates as PEM, or DER in a file.
  std::vector<Certificate> Certificates(std::string_view name, bool required);
  // `crls`: lists as PEM, or DER in a file.
  std::vector<Crl> Crls();

  // The objects of an array, each with a reader of its own; absent: none.
  void Objects(std::string_view name, const std::function<void(SourceReader&)>& read);

  // One object, with a reader of its own. False: it is absent.
  bool Object(std::string_view name, const std::function<void(SourceReader&)>& read);

  bool Has(std::string_view name) const { return json_.tree().Find(object_, name) != nullptr; }
  // A mistake at a member, or, with an empty name, of the whole.
  void Report(std::string_view name, std::string message);

  // Reports each member that nobody asked for. True: nothing was reported at all.
  bool Finish();

  // The digests of all bytes that did not stand in the document: files, and what was replaced.
  const std::string& materials() const { return materials_; }

 private:
  // Reads an object of this one's with a reader of its own.
  void ReadWithin(const JsonNode& node, const JsonPath& path, std::string prefix,
                  const std::function<void(SourceReader&)>& read);
  const JsonNode* Find(std::string_view name);
  const JsonNode* Required(std::string_view name);
  std::optional<std::vector<std::string>> ReadTexts(const JsonNode& node, std::string_view name);
  void ReportAt(const JsonNode& node, std::string_view name, std::string message);

  JsonReader& json_;
  const JsonNode& object_;
  const JsonPath& path_;
  std::string_view document_;
  const ReadFileFunction& read_file_;
  const std::map<std::string, std::string>& replaced_;
  std::string prefix_;  // of this object's members in `replaced`
  std::vector<std::string> asked_;
  std::vector<std::string> replaceable_;  // whose bytes were asked for, here and within
  std::string materials_;
  Common common_;
  bool ok_ = true;
};

}  // namespace ztp::evidence
