// One document to one request: subject, action, resource, then context, evidence and what the
// caller can do.
#include "engine/eval/json_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/str.h"
#include "engine/facts/json_entity.h"
#include "engine/facts/json_evidence.h"
#include "engine/facts/json_value.h"

namespace ztp {
namespace {

class Builder {
 public:
  Builder(const Schema& schema, const RequestOptions& options, JsonReader& reader,
          const JsonPath& root)
      : schema_(schema), options_(options), reader_(reader), root_(root) {}

  // What could be read; of use only if no errors were reported. `evidence` gets what came as such.
  Request Build(std::vector<EvidenceItem>* evidence) {
    evidence_ = evidence;
    const JsonNode& node = reader_.tree().root();
    request_.now = options_.now;
    request_.inputs.assign(schema_.inputs.size(), Fact::Missing());
    if (!reader_.Expect(node, JsonKind::kObject, "a request, that is an object", root_)) {
      return std::move(request_);
    }
    std::optional<EntityUid> principal = ReadEntity(node, "subject");
    ReadAction(node);
    std::optional<EntityUid> resource = ReadEntity(node, "resource");
    if (principal) request_.principal = *principal;
    if (resource) request_.resource = *resource;
    if (action_ != nullptr && principal && resource) CheckFit(node, *principal, *resource);
    ReadContext(node);
    ReadEvidenceOf(node);
    ReadCan(node);
    return std::move(request_);
  }

 private:
  // The member of that name, an object; nullptr: reported.
  const JsonNode* ObjectMember(const JsonNode& node, std::string_view name, std::string_view what) {
    const JsonNode* member = reader_.tree().Find(node, name);
    if (member == nullptr) {
      reader_.Error(JsonErrorCode::kMissingMember, node, root_, Cat("`", name, "` is missing"));
      return nullptr;
    }
    return reader_.Expect(*member, JsonKind::kObject, what, JsonPath(&root_, name)) ? member
                                                                                    : nullptr;
  }

  std::optional<EntityUid> ReadEntity(const JsonNode& node, std::string_view name) {
    const JsonNode* entity =
        ObjectMember(node, name, "an entity, that is {\"type\": …, \"id\": …}");
    if (entity == nullptr) return std::nullopt;
    const JsonPath path(&root_, name);
    std::optional<EntityRecord> record;
    const std::optional<EntityUid> uid =
        ReadRequestEntity(reader_, *entity, options_.assume_proven, path, &record);
    if (!record) return uid;
    for (const EntityRecord& other : request_.carried) {
      if (other.uid != record->uid) continue;
      if (!(other == *record)) {
        reader_.Error(JsonErrorCode::kCarriedTwice, *entity, path,
                      Cat("subject and resource are both ", FormatUid(schema_, record->uid),
                          ", with different properties"));
      }
      return uid;
    }
    request_.carried.push_back(*std::move(record));
    return uid;
  }

  void ReadAction(const JsonNode& node) {
    const JsonNode* action = ObjectMember(node, "action", "an action, that is {\"name\": …}");
    if (action == nullptr) return;
    const JsonPath path(&root_, "action");
    const JsonNode* name = reader_.tree().Find(*action, "name");
    if (name == nullptr) {
      reader_.Error(JsonErrorCode::kMissingMember, *action, path, "`name` is missing");
      return;
    }
    const JsonPath name_path(&path, "name");
    if (!reader_.Expect(*name, JsonKind::kString, "the name of an action", name_path)) return;
    std::optional<ActionId> id = schema_.FindAction(name->text);
    if (!id) {
      std::vector<std::string_view> names;
      for (const Action& a : schema_.actions) names.push_back(a.json_name);
      reader_.Error(JsonErrorCode::kUnknownAction, *name, name_path,
                    Cat("there is no action `", JsonExcerpt(name->text), "`"),
                    DidYouMean(name->text, names));
      return;
    }
    request_.action = *id;
    action_ = &schema_[*id];
    const JsonNode* properties = reader_.tree().Find(*action, "properties");
    const JsonPath properties_path(&path, "properties");
    if (properties != nullptr && !reader_.Expect(*properties, JsonKind::kObject,
                                                 "an object of parameters", properties_path)) {
      return;
    }
    for (const Param& param : action_->params) {
      const JsonNode* given =
          properties != nullptr ? reader_.tree().Find(*properties, param.name) : nullptr;
      Fact fact;
      if (given != nullptr) {
        std::optional<Value> value =
            reader_.Read(*given, param.type, JsonPath(&properties_path, param.name));
        if (value) fact = Fact::Of(*std::move(value));
      } else if (param.default_value) {
        fact = Fact::Of(*param.default_value);
      } else if (!param.optional) {
        std::vector<std::string_view> given_names;
        if (properties != nullptr) {
          for (const JsonNode& child : reader_.tree().Children(*properties)) {
            given_names.push_back(child.key);
          }
        }
        const std::string near = DidYouMean(param.name, given_names);
        reader_.Error(JsonErrorCode::kMissingMember, properties != nullptr ? *properties : *action,
                      properties_path,
                      Cat("parameter `", param.name, "` of action ", action_->json_name,
                          " is missing: expected ", schema_.TypeName(param.type)),
                      near.empty() ? "" : Cat("a member of a similar name is there: ", near));
      }
      request_.params.push_back(std::move(fact));
    }
  }

  void CheckFit(const JsonNode& node, const EntityUid& principal, const EntityUid& resource) {
    auto check = [&](const std::vector<EntityTypeId>& types, EntityTypeId type,
                     std::string_view member, std::string_view preposition) {
      if (std::find(types.begin(), types.end(), type) != types.end()) return;
      std::vector<std::string> names;
      for (EntityTypeId t : types) names.push_back(schema_[t].json_name);
      reader_.Error(JsonErrorCode::kActionDoesNotFit, *reader_.tree().Find(node, member),
                    JsonPath(&root_, member),
                    Cat("action ", action_->json_name, " is not ", preposition, " ",
                        WithArticle(schema_[type].json_name), " but ", preposition, " ",
                        names.empty() ? "nothing" : Join(names, ", ")));
    };
    check(action_->principals, principal.type, "subject", "by");
    check(action_->resources, resource.type, "resource", "on");
  }

  void ReadContext(const JsonNode& node) {
    const JsonNode* context = reader_.tree().Find(node, "context");
    if (context == nullptr) return;
    const JsonPath path(&root_, "context");
    if (!reader_.Expect(*context, JsonKind::kObject, "an object of inputs", path)) return;
    for (const JsonNode& child : reader_.tree().Children(*context)) {
      const JsonPath child_path(&path, child.key);
      if (child.key == "now") {
        if (!options_.accept_now) {
          reader_.Error(JsonErrorCode::kNowGiven, child, child_path,
                        "a request may not set the clock", "for tests and replay, give --now TIME");
        } else if (std::optional<Time> now = reader_.ReadTime(child, child_path)) {
          request_.now = *now;
        }
        continue;
      }
      std::optional<InputId> id = schema_.FindInput(child.key);
      if (!id) continue;
      const Input& input = schema_[*id];
      Fact& fact = request_.inputs[id->index];
      if (input.rank == Rank::kProven) {
        if (!options_.assume_proven) {
          reader_.Error(JsonErrorCode::kProvenGiven, child, child_path,
                        Cat("input `", input.name,
                            "` is proven: it is bound only from evidence, not from plain JSON"),
                        "leave it out, or, for tests, give --assume-proven");
        } else if (std::optional<Fact> proven = reader_.ReadProven(child, input.type, child_path)) {
          fact = *std::move(proven);
        }
      } else if (std::optional<Value> value = reader_.Read(child, input.type, child_path)) {
        fact = Fact::Of(*std::move(value));
      }
    }
  }

  void ReadEvidenceOf(const JsonNode& node) {
    const JsonNode* evidence = reader_.tree().Find(node, "evidence");
    if (evidence == nullptr) return;
    const JsonPath path(&root_, "evidence");
    static constexpr EvidenceForm kForm = {
        .target = "input",
        .what = "input",
        .takes_critical = true,
        .ignore_others = true,
        .unverified_help =
            "say whom to believe, as `ztp decide --trust FILE` does; for tests, give proven inputs "
            "under `context` and --assume-proven"};
    ReadEvidence(reader_, *evidence, path, kForm, options_.accept_evidence, evidence_);
  }

  void ReadCan(const JsonNode& node) {
    const JsonNode* can = reader_.tree().Find(node, "can");
    if (can == nullptr) return;
    const JsonPath path(&root_, "can");
    if (!reader_.Expect(*can, JsonKind::kArray, "an array of obligations' names", path)) return;
    request_.can.emplace();
    size_t index = 0;
    for (const JsonNode& child : reader_.tree().Children(*can)) {
      const JsonPath child_path(&path, index++);
      if (!reader_.Expect(child, JsonKind::kString, "the name of an obligation", child_path)) {
        continue;
      }
      // A caller may be able to do more than this policy asks of anyone.
      std::optional<ObligationId> id = schema_.FindObligation(child.text);
      if (id && std::find(request_.can->begin(), request_.can->end(), *id) == request_.can->end()) {
        request_.can->push_back(*id);
      }
    }
  }

  const Schema& schema_;
  const RequestOptions& options_;
  JsonReader& reader_;
  const JsonPath& root_;
  Request request_;
  const Action* action_ = nullptr;
  std::vector<EvidenceItem>* evidence_ = nullptr;
};

}  // namespace

RequestReader::RequestReader(const Schema& schema, std::string_view text, RequestOptions options)
    : schema_(schema), options_(std::move(options)), items_(text, options_.limits) {}

bool RequestReader::Next(ReadRequestResult* result) {
  JsonItems::Item item;
  if (!items_.Next(&item)) return false;
  result->index = item.index;
  result->text = item.text;
  result->request.reset();
  result->errors.clear();
  result->evidence.clear();
  if (item.error) {
    result->errors.push_back(*std::move(item.error));
    return true;
  }
  // `$` is the one document of a file; of several, `$[3]`.
  const JsonPath root = item.alone ? JsonPath() : JsonPath(item.index);
  JsonError syntax;
  if (!tree_.Parse(item.text, root, &syntax)) {
    result->errors.push_back(std::move(syntax));
  } else {
    JsonReader reader(schema_, tree_, item.text, &result->errors);
    Request request = Builder(schema_, options_, reader, root).Build(&result->evidence);
    if (result->errors.empty()) result->request = std::move(request);
  }
  for (JsonError& error : result->errors) item.Place(&error);
  return true;
}

RequestParser::RequestParser(const Schema& schema, RequestOptions options)
    : schema_(schema), options_(std::move(options)), filler_(schema, options_) {}

const Request* RequestParser::Read(std::string_view text) {
  was_quick_ = filler_.Fill(text, &request_);
  if (was_quick_) {
    errors_.clear();
    evidence_.clear();
    return &request_;
  }
  ReadRequestResult result = ReadRequest(text, schema_, options_);
  errors_ = std::move(result.errors);
  evidence_ = std::move(result.evidence);
  // What was half read is not read into again.
  request_ = result.request ? *std::move(result.request) : Request();
  return errors_.empty() ? &request_ : nullptr;
}

ReadRequestResult ReadRequest(std::string_view text, const Schema& schema,
                              const RequestOptions& options) {
  ReadRequestResult result;
  RequestReader reader(schema, text, options);
  if (!reader.Next(&result)) {
    result.errors.push_back(JsonError{.code = JsonErrorCode::kSyntax,
                                      .file = {},
                                      .path = "$",
                                      .line = 1,
                                      .column = 1,
                                      .message = "expected a request, found nothing",
                                      .help = {}});
  }
  return result;
}

}  // namespace ztp
