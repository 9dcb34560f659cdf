// See tdx_collateral.h.
#include "engine/evidence/tdx_collateral.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_key.h"
#include "engine/evidence/byte_reader.h"
#include "engine/evidence/jws_signature.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

constexpr std::string_view kSignerName = "Intel SGX TCB Signing";
constexpr size_t kSignatureBytes = 64;
constexpr size_t kMaxAdvisories = 128;
constexpr size_t kMaxAdvisoryBytes = 64;
constexpr int64_t kMaxSvn = 65535;

Refusal Malformed(std::string_view what) {
  return Refuse(Check::kMalformed, "not collateral for TDX: ", what);
}

std::optional<TcbStatus> StatusOf(std::string_view text) {
  struct Named {
    std::string_view text;
    TcbStatus status;
  };
  constexpr Named kAll[] = {
      {"UpToDate", TcbStatus::kUpToDate},
      {"SWHardeningNeeded", TcbStatus::kConfigurationNeeded},
      {"ConfigurationNeeded", TcbStatus::kConfigurationNeeded},
      {"ConfigurationAndSWHardeningNeeded", TcbStatus::kConfigurationNeeded},
      {"OutOfDate", TcbStatus::kOutOfDate},
      {"OutOfDateConfigurationNeeded", TcbStatus::kOutOfDate},
      {"TDRelaunchAdvised", TcbStatus::kOutOfDate},
      {"TDRelaunchAdvisedConfigurationNeeded", TcbStatus::kOutOfDate},
      {"Revoked", TcbStatus::kRevoked},
  };
  for (const Named& one : kAll) {
    if (one.text == text) return one.status;
  }
  return std::nullopt;
}

// The members of an object, each of which must be there: the first that is not is said at the end.
class Members {
 public:
  Members(const JsonTree& tree, const JsonNode* node) : tree_(tree), node_(node) {
    if (node_ == nullptr || node_->kind != JsonKind::kObject) Fail("an object");
  }

  std::string Text(std::string_view name) {
    const JsonNode* node = Find(name, JsonKind::kString);
    return node == nullptr ? std::string() : std::string(node->text);
  }
  std::string Bytes(std::string_view name, size_t size) {
    const std::optional<std::string> bytes = FromHex(Text(name));
    if (!bytes || bytes->size() != size) Fail(name);
    return bytes.value_or("");
  }
  uint32_t Number(std::string_view name, int64_t max = kMaxSvn) {
    const JsonNode* node = Find(name, JsonKind::kNumber);
    const auto value = ParseInt(node == nullptr ? "" : node->text);
    if (value.ok() && *value >= 0 && *value <= max) return static_cast<uint32_t>(*value);
    Fail(name);
    return 0;
  }
  Time Date(std::string_view name) {
    const auto time = ParseTime(Text(name));
    if (!time.ok()) Fail(name);
    return time.ok() ? *time : Time{};
  }
  const JsonNode* Find(std::string_view name, JsonKind kind) {
    const JsonNode* node = failed_.empty() ? tree_.Find(*node_, name) : nullptr;
    if (node != nullptr && node->kind == kind) return node;
    Fail(name);
    return nullptr;
  }
  const JsonNode* Optional(std::string_view name) const {
    return failed_.empty() ? tree_.Find(*node_, name) : nullptr;
  }
  void Fail(std::string_view name) {
    if (failed_.empty()) failed_ = std::string(name);
  }
  bool ok() const { return failed_.empty(); }
  Refusal refusal() const { return Malformed(Cat("`", failed_, "` is missing or malformed")); }

 private:
  const JsonTree& tree_;
  const JsonNode* node_;
  std::string failed_;
};

Masked ReadMasked(Members* members, std::string_view name, size_t size) {
  return Masked{members->Bytes(name, size), members->Bytes(Cat(name, "Mask"), size)};
}

Verified<TcbJudgement> ReadJudgement(const JsonTree& tree, Members* level) {
  TcbJudgement judgement;
  judgement.text = level->Text("tcbStatus");
  const std::optional<TcbStatus> status = StatusOf(judgement.text);
  if (!level->ok() || !status) return Malformed("a level has no status");
  judgement.status = *status;
  const JsonNode* advisories = level->Optional("advisoryIDs");
  if (advisories == nullptr) return judgement;
  if (advisories->kind != JsonKind::kArray || advisories->child_count > kMaxAdvisories) {
    return Malformed("a level's advisories are none, or too many");
  }
  for (const JsonNode& advisory : tree.Children(*advisories)) {
    if (advisory.kind != JsonKind::kString || advisory.text.size() > kMaxAdvisoryBytes) {
      return Malformed("an advisory has no name");
    }
    judgement.advisories.emplace_back(advisory.text);
  }
  return judgement;
}

// `tcbLevels`, each read by `read(level)`.
template <typename Read>
std::optional<Refusal> ReadLevels(const JsonTree& tree, Members* holder, const Read& read) {
  const JsonNode* levels = holder->Find("tcbLevels", JsonKind::kArray);
  if (levels == nullptr) return holder->refusal();
  if (levels->child_count == 0 || levels->child_count > kMaxTcbLevels) {
    return Malformed("no levels, or too many");
  }
  for (const JsonNode& node : tree.Children(*levels)) {
    Members level(tree, &node);
    if (auto refusal = read(&level)) return refusal;
    if (!level.ok()) return level.refusal();
  }
  return std::nullopt;
}

std::optional<Refusal> ReadSvnLevels(const JsonTree& tree, Members* holder,
                                     std::vector<SvnLevel>* levels) {
  return ReadLevels(tree, holder, [&](Members* level) -> std::optional<Refusal> {
    SvnLevel read;
    Members tcb(tree, level->Find("tcb", JsonKind::kObject));
    read.svn = tcb.Number("isvsvn");
    if (!tcb.ok()) return tcb.refusal();
    ZTP_VERIFY_OR_RETURN(read.judgement, ReadJudgement(tree, level));
    levels->push_back(std::move(read));
    return std::nullopt;
  });
}

bool ReadSvns(const JsonTree& tree, Members* tcb, std::string_view name, TcbSvns* svns) {
  const JsonNode* array = tcb->Find(name, JsonKind::kArray);
  if (array == nullptr || array->child_count != svns->size()) return false;
  size_t i = 0;
  for (const JsonNode& node : tree.Children(*array)) {
    Members component(tree, &node);
    (*svns)[i++] = static_cast<uint8_t>(component.Number("svn", 255));
    if (!component.ok()) return false;
  }
  return true;
}

TdxModule ReadModule(Members* members) {
  TdxModule module;
  module.mrsigner = members->Bytes("mrsigner", 48);
  module.attributes = ReadMasked(members, "attributes", 8);
  return module;
}

// The document's name in the response, what it must say it is, and its own version.
struct DocumentKind {
  std::string_view name, id;
  uint32_t version;
};

// A response whose signature is right and whose dates are not past. `tree` then has the body.
struct Document {
  const JsonNode* body = nullptr;
  CollateralDates dates;
};
Verified<Document> OpenDocument(std::string_view json, const DocumentKind& kind,
                                std::span<const Certificate> signing,
                                std::span<const Certificate> anchors, const Revocation& revocation,
                                Time now, JsonTree* tree) {
  if (json.size() > kMaxTdxCollateralBytes) {
    return Refuse(Check::kTooLarge, "collateral of ", json.size(), " bytes; at most ",
                  kMaxTdxCollateralBytes, " are read");
  }
  JsonError error;
  if (!tree->Parse(json, JsonPath(), &error)) return Malformed(error.message);
  Document document;
  Members response(*tree, &tree->root());
  document.body = response.Find(kind.name, JsonKind::kObject);
  const std::string signature = response.Bytes("signature", kSignatureBytes);
  if (!response.ok()) return response.refusal();

  if (signing.empty()) return Refuse(Check::kChain, "collateral without certificates");
  const Certificate& signer = signing.front();
  ZTP_VERIFY_OR_RETURN(const VerifiedPath path,
                       VerifyPath(signer, signing.subspan(1), anchors,
                                  {.now = now, .purposes = {}, .revocation = revocation}));
  if (CommonNameOf(signer) != kSignerName) {
    return Refuse(Check::kUsage, signer.Describe(), " is not for signing collateral");
  }
  ZTP_VERIFY_OR_RETURN(const SharedKey key, KeyOf(signer, KeyType::kP256));
  // Signed are the bytes of the body as they stand there.
  const JsonScan scan = ScanJson(json, document.body->offset);
  if (!scan.ok ||
      !IsSignatureOf(JwsAlgorithm::kEs256, key,
                     json.substr(document.body->offset, scan.end - document.body->offset),
                     signature)) {
    return Refuse(Check::kSignature, "the signature of `", kind.name, "` is not that of ",
                  signer.Describe());
  }

  Members body(*tree, document.body);
  const std::string id = body.Text("id");
  const uint32_t version = body.Number("version");
  CollateralDates& dates = document.dates;
  dates.issued_at = body.Date("issueDate");
  dates.next_update = body.Date("nextUpdate");
  dates.evaluation_number = body.Number("tcbEvaluationDataNumber", INT32_MAX);
  dates.certificates_until = path.valid_until();
  if (!body.ok()) return body.refusal();
  if (id != kind.id || version != kind.version) {
    return Malformed(Cat("it is of the kind ", JsonExcerpt(id), ", version ", version));
  }
  if (now < dates.issued_at) {
    return Refuse(Check::kNotYetValid, "`", kind.name, "` is issued at ",
                  FormatTime(dates.issued_at), ", which is yet to come");
  }
  if (now >= dates.next_update) {
    return Refuse(Check::kExpired, "the next `", kind.name, "` came at ",
                  FormatTime(dates.next_update));
  }
  return document;
}

bool AtLeast(std::string_view have, const TcbSvns& need, size_t from) {
  for (size_t i = from; i < need.size(); ++i) {
    if (static_cast<uint8_t>(have[i]) < need[i]) return false;
  }
  return true;
}

// The first level, which are the newest first, that `svn` reaches.
const SvnLevel* LevelOf(const std::vector<SvnLevel>& levels, uint32_t svn) {
  const auto found = std::find_if(levels.begin(), levels.end(),
                                  [&](const SvnLevel& level) { return svn >= level.svn; });
  return found == levels.end() ? nullptr : &*found;
}

}  // namespace

bool Masked::Fits(std::string_view found) const {
  if (found.size() != value.size() || mask.size() != value.size()) return false;
  for (size_t i = 0; i < value.size(); ++i) {
    if ((found[i] & mask[i]) != (value[i] & mask[i])) return false;
  }
  return true;
}

TcbJudgement Worse(const TcbJudgement& a, const TcbJudgement& b) {
  TcbJudgement worse = Worse(a.status, b.status) == a.status ? a : b;
  worse.advisories = a.advisories;
  for (const std::string& advisory : b.advisories) {
    if (std::find(worse.advisories.begin(), worse.advisories.end(), advisory) ==
        worse.advisories.end()) {
      worse.advisories.push_back(advisory);
    }
  }
  return worse;
}

// PCS API v4, "TDX TCB Info": how to determine the TCB status.
Verified<TcbJudgement> TdxTcbInfo::Judge(const PckPlatform& platform, std::string_view tee_tcb_svn,
                                         std::string_view mrsigner_seam,
                                         std::string_view seam_attributes) const {
  if (platform.fmspc != fmspc || platform.pce_id != pce_id) {
    return Refuse(Check::kStatus, "the TCB information is of another platform: FMSPC ", Hex(fmspc),
                  ", not ", Hex(platform.fmspc));
  }
  // From version 1 of the module on it has an identity and levels of its own, and the first two
  // numbers are its.
  const auto svn = [&](size_t i) { return static_cast<uint8_t>(tee_tcb_svn[i]); };
  const TdxModule* identity = &module;
  if (svn(1) > 0) {
    const std::string id = Cat("TDX_", Hex(tee_tcb_svn.substr(1, 1)));
    const auto found = std::find_if(modules.begin(), modules.end(), [&](const TdxModule& one) {
      return one.id.size() == id.size() &&
             std::equal(id.begin(), id.end(), one.id.begin(), [](char x, char y) {
               return x == (y >= 'A' && y <= 'F' && x >= 'a' ? y - 'A' + 'a' : y);
             });
    });
    if (found == modules.end()) {
      return Refuse(Check::kStatus, "the TCB information has no TDX module ", id);
    }
    identity = &*found;
  }
  if (mrsigner_seam != identity->mrsigner || !identity->attributes.Fits(seam_attributes)) {
    return Refuse(Check::kStatus, "the TDX module is not signed as the TCB information says");
  }
  const std::string_view sgx(reinterpret_cast<const char*>(platform.sgx.data()),
                             platform.sgx.size());
  const auto level = std::find_if(levels.begin(), levels.end(), [&](const TdxTcbLevel& one) {
    return AtLeast(sgx, one.sgx, 0) && platform.pce_svn >= one.pce_svn &&
           AtLeast(tee_tcb_svn, one.tdx, svn(1) > 0 ? 2 : 0);
  });
  if (level == levels.end()) {
    return Refuse(Check::kStatus, "the platform is at no level of the TCB information");
  }
  if (svn(1) == 0) {
    if (level->tdx[1] != 0) {
      return Refuse(Check::kStatus, "the level is of another TDX module than the one that runs");
    }
    return level->judgement;
  }
  const SvnLevel* of_module = LevelOf(identity->levels, svn(0));
  if (of_module == nullptr) {
    return Refuse(Check::kStatus, "the TDX module is at no level of the TCB information");
  }
  return Worse(level->judgement, of_module->judgement);
}

// PCS API v4, "Enclave Identity": how to verify a report.
Verified<TcbJudgement> QeIdentity::Judge(std::string_view qe_report) const {
  ByteReader reader(qe_report);
  reader.Skip(16);
  const std::string_view misc = reader.Take(4);
  reader.Skip(28);
  const std::string_view found_attributes = reader.Take(16);
  reader.Skip(64);
  const std::string_view signer = reader.Take(32);
  reader.Skip(96);
  const uint64_t product = reader.Little(2);
  const auto svn = static_cast<uint32_t>(reader.Little(2));
  if (!reader.ok()) return Malformed("a report of another size");
  if (!miscselect.Fits(misc) || !attributes.Fits(found_attributes) || signer != mrsigner ||
      product != isv_prod_id) {
    return Refuse(Check::kStatus, "the quote is not of Intel's quoting enclave");
  }
  const SvnLevel* level = LevelOf(levels, svn);
  if (level == nullptr) {
    return Refuse(Check::kStatus, "the quoting enclave is at no level of its identity");
  }
  return level->judgement;
}

Verified<TdxTcbInfo> VerifyTdxTcbInfo(std::string_view json, std::span<const Certificate> signing,
                                      std::span<const Certificate> anchors,
                                      const Revocation& revocation, Time now) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Document document,
                       OpenDocument(json, {.name = "tcbInfo", .id = "TDX", .version = 3}, signing,
                                    anchors, revocation, now, &tree));
  TdxTcbInfo info;
  info.dates = document.dates;
  Members body(tree, document.body);
  info.fmspc = body.Bytes("fmspc", 6);
  info.pce_id = body.Bytes("pceId", 2);
  if (body.Number("tcbType") != 0) return Malformed("its `tcbType` is not 0");
  Members module(tree, body.Find("tdxModule", JsonKind::kObject));
  info.module = ReadModule(&module);
  if (!module.ok()) return module.refusal();
  if (const JsonNode* identities = body.Optional("tdxModuleIdentities")) {
    if (identities->kind != JsonKind::kArray || identities->child_count > kMaxTcbLevels) {
      return Malformed("`tdxModuleIdentities` is no array, or too long");
    }
    for (const JsonNode& node : tree.Children(*identities)) {
      Members one(tree, &node);
      TdxModule identity = ReadModule(&one);
      identity.id = one.Text("id");
      if (!one.ok()) return one.refusal();
      if (auto refusal = ReadSvnLevels(tree, &one, &identity.levels)) return *std::move(refusal);
      info.modules.push_back(std::move(identity));
    }
  }
  if (!body.ok()) return body.refusal();
  auto refusal = ReadLevels(tree, &body, [&](Members* level) -> std::optional<Refusal> {
    TdxTcbLevel read;
    Members tcb(tree, level->Find("tcb", JsonKind::kObject));
    read.pce_svn = tcb.Number("pcesvn");
    if (!tcb.ok() || !ReadSvns(tree, &tcb, "sgxtcbcomponents", &read.sgx) ||
        !ReadSvns(tree, &tcb, "tdxtcbcomponents", &read.tdx)) {
      return Malformed("a level has no sixteen numbers of either kind");
    }
    ZTP_VERIFY_OR_RETURN(read.judgement, ReadJudgement(tree, level));
    info.levels.push_back(std::move(read));
    return std::nullopt;
  });
  if (refusal) return *std::move(refusal);
  return info;
}

Verified<QeIdentity> VerifyQeIdentity(std::string_view json, std::span<const Certificate> signing,
                                      std::span<const Certificate> anchors,
                                      const Revocation& revocation, Time now) {
  JsonTree tree;
  ZTP_VERIFY_OR_RETURN(const Document document,
                       OpenDocument(json, {.name = "enclaveIdentity", .id = "TD_QE", .version = 2},
                                    signing, anchors, revocation, now, &tree));
  QeIdentity identity;
  identity.dates = document.dates;
  Members body(tree, document.body);
  identity.miscselect = ReadMasked(&body, "miscselect", 4);
  identity.attributes = ReadMasked(&body, "attributes", 16);
  identity.mrsigner = body.Bytes("mrsigner", 32);
  identity.isv_prod_id = body.Number("isvprodid");
  if (!body.ok()) return body.refusal();
  if (auto refusal = ReadSvnLevels(tree, &body, &identity.levels)) return *std::move(refusal);
  return identity;
}

}  // namespace ztp::evidence
