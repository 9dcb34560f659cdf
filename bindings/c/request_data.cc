// See request.h.
#include <algorithm>
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/request.h"
#include "bindings/c/values.h"
#include "engine/base/str.h"
#include "engine/facts/json_entity.h"
#include "engine/facts/json_fill.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"
#include "engine/facts/json_write_value.h"

namespace ztp::c {
namespace {

constexpr uint32_t kNotSet = EntityTypeId().index;

ztp_error* Bad(std::string message) { return NewError(ZTP_BAD_REQUEST, message); }

Declared DeclaredAt(const ztp_request& request, const Place& place) {
  const Schema& schema = request.policy->policy->schema();
  if (place.kind == Place::kParam) {
    const Param& param = schema[request.plain.action].params[place.index];
    return {param.name, param.type, Place::kParam, param.rank};
  }
  const Input& input = schema.inputs[place.index];
  return {input.name, input.type, Place::kInput, input.rank};
}

Place FindPlace(const ztp_request& request, std::string_view name) {
  const Schema& schema = request.policy->policy->schema();
  // A parameter hides an input of its name.
  if (const auto param = schema[request.plain.action].FindParam(name)) {
    return {Place::kParam, *param};
  }
  if (const auto input = schema.FindInput(name)) return {Place::kInput, input->index};
  return {};
}

// Where an attribute is in the request, if it is there what it was when it was resolved.
Place PlaceOfAttr(const ztp_request& request, const AttrNames::Attr& attr) {
  const Place place = FindPlace(request, attr.name);
  if (place.kind == Place::kNowhere) return place;
  const bool is_that = place.kind == Place::kParam ? attr.is_param : attr.is_input;
  if (!is_that || DeclaredAt(request, place).rank > attr.rank) return {Place::kChanged, 0};
  return place;
}

ztp_error* RefuseProven(const Declared& declared) {
  return NewError(ZTP_NOT_PROVEN,
                  Cat(declared.kind == Place::kParam ? "parameter `" : "input `", declared.name,
                      "` is proven: it is bound only from evidence, not from plain data"));
}

ztp_error* WrongType(const ztp_request& request, const Declared& declared, std::string_view given) {
  return Bad(Cat("`", declared.name, "` is ",
                 request.policy->policy->schema().TypeName(declared.type), ", not ", given));
}

// A carried entity's record, by the policy that the request is typed by.
ztp_error* ReadEntityJson(ztp_request* request, bool is_principal, std::string_view json,
                          EntityUid* uid, std::optional<EntityRecord>* record) {
  const Schema& schema = request->policy->policy->schema();
  const JsonPath root;
  const JsonPath path(&root, is_principal ? "subject" : "resource");
  std::vector<JsonError> errors;
  JsonTree tree;
  JsonError syntax;
  if (json.size() > kMaxJsonDocumentBytes) {
    return NewError(ZTP_LIMIT, Cat("an entity has more than ", kMaxJsonDocumentBytes, " bytes"));
  }
  if (!tree.Parse(json, path, &syntax)) return FromJson(ZTP_BAD_REQUEST, {syntax});
  JsonReader reader(schema, tree, json, &errors);
  if (reader.Expect(tree.root(), JsonKind::kObject, "an entity, that is {\"type\": …, \"id\": …}",
                    path)) {
    const auto read = ReadRequestEntity(reader, tree.root(),
                                        request->session->state->assume_proven(), path, record);
    if (read) *uid = *read;
  }
  if (!errors.empty()) return FromJson(ZTP_BAD_REQUEST, errors);
  const Action& action = schema[request->plain.action];
  const auto& allowed = is_principal ? action.principals : action.resources;
  if (std::find(allowed.begin(), allowed.end(), uid->type) == allowed.end()) {
    return Bad(Cat("action ", action.json_name, " is not ", is_principal ? "by" : "on", " a ",
                   schema[uid->type].json_name));
  }
  return nullptr;
}

// The request's carried entities anew, from the texts that were given.
ztp_error* ReadCarried(ztp_request* request) {
  request->plain.carried.clear();
  for (const bool is_principal : {true, false}) {
    const std::string& json = is_principal ? request->principal_json : request->resource_json;
    if (json.empty()) continue;
    EntityUid uid;
    std::optional<EntityRecord> record;
    if (ztp_error* error = ReadEntityJson(request, is_principal, json, &uid, &record)) return error;
    (is_principal ? request->plain.principal : request->plain.resource) = uid;
    if (!record) continue;
    std::vector<EntityRecord>& carried = request->plain.carried;
    if (!carried.empty() && carried[0].uid == record->uid) {
      if (!(carried[0] == *record)) {
        return Bad(Cat("principal and resource are both ",
                       FormatUid(request->policy->policy->schema(), record->uid),
                       ", with different properties"));
      }
      continue;
    }
    carried.push_back(*std::move(record));
  }
  return nullptr;
}

// Runs what undoes a change, unless it was done to its end: on an error, and without memory too.
template <typename Undo>
class Undoing {
 public:
  explicit Undoing(const Undo& undo) : undo_(undo) {}
  ~Undoing() {
    if (!done_) undo_();
  }
  Undoing(const Undoing&) = delete;
  Undoing& operator=(const Undoing&) = delete;
  void Done() { done_ = true; }

 private:
  const Undo& undo_;
  bool done_ = false;
};

}  // namespace

Fact& FactAt(ztp_request& request, const Place& place) {
  return (place.kind == Place::kParam ? request.plain.params : request.plain.inputs)[place.index];
}

Place PlaceOf(ztp_request& request, ztp_attr attr, std::string_view function, ztp_error** error) {
  const EngineState& state = *request.session->state;
  const auto number = static_cast<uint32_t>(attr.handle);
  if (attr.handle >> 32 != state.number || attr.handle == 0) [[unlikely]] {
    *error = Misuse(function, "the attribute was resolved by another engine, or not at all");
    return {};
  }
  if (number >= request.places.size()) [[unlikely]] {
    const size_t known = state.attrs.size();
    if (number >= known) {
      *error = Misuse(function, "the attribute is none of this engine's");
      return {};
    }
    for (size_t i = request.places.size(); i < known; ++i) {
      request.places.push_back(PlaceOfAttr(request, state.attrs.Get(static_cast<uint32_t>(i))));
    }
  }
  const Place place = request.places[number];
  if (place.kind == Place::kChanged) [[unlikely]] {
    *error = NewError(ZTP_STALE, Cat(function, ": `", state.attrs.Get(number).name,
                                     "` is something else in the policy in force than when it was "
                                     "resolved: resolve it again"));
    return {};
  }
  if (place.kind == Place::kNowhere) [[unlikely]] {
    *error = Bad(Cat("action ", request.action_name,
                     " has no parameter, and the policy in force no "
                     "input, `",
                     state.attrs.Get(number).name, "`"));
  }
  return place;
}

Fact* FactToSet(ztp_request& request, ztp_attr attr, std::string_view function, Declared* declared,
                ztp_error** error) {
  const Place place = PlaceOf(request, attr, function, error);
  if (place.kind == Place::kNowhere) [[unlikely]]
    return nullptr;
  *declared = DeclaredAt(request, place);
  if (declared->proven() && !request.session->state->assume_proven()) [[unlikely]] {
    *error = RefuseProven(*declared);
    return nullptr;
  }
  if (declared->proven()) [[unlikely]]
    request.evidence.Drop(declared->name);
  request.ChangeValue(place);
  return &FactAt(request, place);
}

ztp_error* SetNumber(ztp_request* request, ztp_attr attr, TypeKind kind, int64_t number,
                     std::string_view function, std::string_view what) {
  ztp_error* error = nullptr;
  Declared declared;
  Fact* fact = FactToSet(*request, attr, function, &declared, &error);
  if (fact == nullptr) [[unlikely]]
    return error;
  if (request->policy->policy->schema().types.kind(declared.type) != kind) [[unlikely]] {
    return WrongType(*request, declared, what);
  }
  MakePresent(fact)->SetNumber(kind, number);
  return nullptr;
}

ztp_error* SetFromJson(ztp_request* request, const Declared& declared, bool with_times,
                       std::string_view json, Fact* fact) {
  const std::vector<JsonError> errors = ReadFact(request->policy->policy->schema(), declared.type,
                                                 with_times, declared.name, json, fact);
  return errors.empty() ? nullptr : FromJson(ZTP_BAD_REQUEST, errors);
}

ztp_error* SetEntity(ztp_request* request, bool is_principal, ztp_text type, ztp_text id) {
  const Schema& schema = request->policy->policy->schema();
  const Action& action = schema[request->plain.action];
  const std::vector<EntityTypeId>& allowed = is_principal ? action.principals : action.resources;
  EntityUid& uid = is_principal ? request->plain.principal : request->plain.resource;
  // Most often it is of the type that it was of before.
  EntityTypeId found = uid.type;
  if (found.index == kNotSet || schema[found].json_name != View(type)) {
    const auto named = schema.FindEntityType(View(type));
    if (!named || std::find(allowed.begin(), allowed.end(), *named) == allowed.end()) {
      std::vector<std::string> names;
      for (const EntityTypeId t : allowed) names.push_back(schema[t].json_name);
      return Bad(Cat("action ", action.json_name, " is not ", is_principal ? "by" : "on", " a `",
                     View(type), "` but ", is_principal ? "by " : "on ", Join(names, ", ")));
    }
    found = *named;
  }
  if (ztp_error* error = CheckText(View(id), "an id")) return error;
  if (schema[found].carried != Carried::kNo) [[unlikely]] {
    return Bad(
        Cat(View(type), " is carried: its attributes come with the request; give it as JSON"));
  }
  std::string& carried = is_principal ? request->principal_json : request->resource_json;
  if (!carried.empty()) {
    carried.clear();
    request->ChangeAll();
    if (ztp_error* error = ReadCarried(request)) return error;
  }
  uid.type = found;
  uid.id.assign(View(id));
  request->ChangeEntity(is_principal);
  return nullptr;
}

ztp_error* SetEntityJson(ztp_request* request, bool is_principal, ztp_text json) {
  std::string& text = is_principal ? request->principal_json : request->resource_json;
  std::string before(View(json));
  EntityUid principal = request->plain.principal, resource = request->plain.resource;
  std::vector<EntityRecord> carried = request->plain.carried;
  request->ChangeAll();
  std::swap(before, text);
  const auto undo = [&]() noexcept {
    std::swap(before, text);
    std::swap(request->plain.principal, principal);
    std::swap(request->plain.resource, resource);
    std::swap(request->plain.carried, carried);
  };
  Undoing undoing(undo);
  ztp_error* const error = ReadCarried(request);
  if (error == nullptr) undoing.Done();
  return error;
}

void TakeObligations(ztp_request* request) {
  request->plain.can.reset();
  if (!request->can) return;
  const Schema& schema = request->policy->policy->schema();
  request->plain.can.emplace();
  for (const std::string& name : *request->can) {
    // A caller may be able to do more than this policy asks of anyone.
    if (const auto id = schema.FindObligation(name)) request->plain.can->push_back(*id);
  }
}

ztp_error* MakeEmpty(ztp_request* request, std::shared_ptr<const NamedPolicy> policy) {
  const Schema& schema = policy->policy->schema();
  const auto action = schema.FindAction(request->action_name);
  if (!action) {
    std::vector<std::string_view> names;
    for (const Action& a : schema.actions) names.push_back(a.json_name);
    const std::string near = DidYouMean(request->action_name, names);
    return Bad(
        Cat("there is no action `", request->action_name, "`", near.empty() ? "" : ": ", near));
  }
  request->policy = std::move(policy);
  request->plain = Request();
  request->plain.action = *action;
  request->plain.params.assign(schema[*action].params.size(), Fact::Missing());
  request->plain.inputs.assign(schema.inputs.size(), Fact::Missing());
  request->places.clear();
  request->bound_serial = 0;
  request->ChangeAll();
  TakeObligations(request);
  return nullptr;
}

namespace {

// Writes a value of one schema as JSON, and reads it by another.
ztp_error* Translate(const Schema& from, TypeId from_type, const Fact& fact, ztp_request* request,
                     std::string_view name, Place::Kind kind, Rank rank) {
  const Place place = FindPlace(*request, name);
  if (place.kind == Place::kNowhere) {
    return Bad(Cat("action ", request->action_name,
                   " of the policy in force has no parameter or input `", name, "` any more"));
  }
  const Declared declared = DeclaredAt(*request, place);
  if (place.kind != kind || declared.rank > rank) {
    return Bad(Cat("`", name, "` was a ", kind == Place::kParam ? "parameter" : "input",
                   " when it was set, and is ",
                   place.kind == Place::kParam ? "a parameter" : "an input",
                   " of another rank in the policy in force: make the request anew"));
  }
  Fact& to = FactAt(*request, place);
  if (fact.state != Fact::State::kPresent) {
    to = fact;
    return nullptr;
  }
  request->json.clear();
  {
    JsonSink sink(&request->json);
    PutJsonValue(from, from_type, fact.value, sink);
  }
  // What was taken as proven keeps its times, which the plain value does not have.
  if (declared.proven() && !request->session->state->assume_proven()) return RefuseProven(declared);
  if (ztp_error* error = SetFromJson(request, declared, false, request->json, &to)) return error;
  to.issued_at = fact.issued_at;
  to.expires_at = fact.expires_at;
  return nullptr;
}

// The request as the policy in force has it: everything by its name. On an error it is as before.
ztp_error* MoveTo(ztp_request* request, std::shared_ptr<const NamedPolicy> policy) {
  const std::shared_ptr<const NamedPolicy> from_policy = request->policy;
  const Schema& from = from_policy->policy->schema();
  const Request before = request->plain;
  Request kept = before;
  const auto undo = [&]() noexcept {
    request->policy = from_policy;
    std::swap(request->plain, kept);
    request->places.clear();
    request->bound_serial = 0;
    request->ChangeAll();
  };
  Undoing undoing(undo);
  if (ztp_error* error = MakeEmpty(request, std::move(policy))) return error;
  request->plain.now = before.now;  // by which evidence is checked
  auto move = [&]() -> ztp_error* {
    auto entity = [&](const EntityUid& uid, bool is_principal) -> ztp_error* {
      if (uid.type.index == kNotSet) return nullptr;
      if (!(is_principal ? request->principal_json : request->resource_json).empty())
        return nullptr;
      return SetEntity(request, is_principal, Text(from[uid.type].json_name), Text(uid.id));
    };
    if (ztp_error* e = entity(before.principal, true)) return e;
    if (ztp_error* e = entity(before.resource, false)) return e;
    if (ztp_error* e = ReadCarried(request)) return e;
    const std::vector<Param>& params = from[before.action].params;
    for (size_t i = 0; i < params.size(); ++i) {
      if (before.params[i] == Fact::Missing()) continue;
      if (ztp_error* e = Translate(from, params[i].type, before.params[i], request, params[i].name,
                                   Place::kParam, params[i].rank)) {
        return e;
      }
    }
    for (size_t i = 0; i < from.inputs.size(); ++i) {
      if (before.inputs[i] == Fact::Missing()) continue;
      if (request->evidence.Find(from.inputs[i].name) != nullptr) continue;  // bound again
      if (ztp_error* e = Translate(from, from.inputs[i].type, before.inputs[i], request,
                                   from.inputs[i].name, Place::kInput, from.inputs[i].rank)) {
        return e;
      }
    }
    return nullptr;
  };
  ztp_error* const error = move();
  if (error == nullptr) undoing.Done();
  return error;
}

}  // namespace

ztp_error* UsePolicyInForce(ztp_request* request, const World& world) {
  if (request->policy == world.named) return nullptr;
  return MoveTo(request, world.named);
}

ztp_error* BindTo(ztp_request* request, const World& world) {
  if (ztp_error* error = UsePolicyInForce(request, world)) return error;
  if (request->plain.principal.type.index == kNotSet) return Bad("the principal is not set");
  if (request->plain.resource.type.index == kNotSet) return Bad("the resource is not set");
  if (!request->evidence.slots.empty()) ApplyEvidence(request, world);
  const absl::Status status =
      request->bound_serial == world.serial
          ? request->bound.Rebind(request->plain, request->changes)
          : request->bound.Bind(world.policy(), *world.facts, request->plain);
  if (!status.ok()) {
    request->bound_serial = 0;  // it may be half of one and half of the other
    return FromStatus(status, ZTP_BAD_REQUEST);
  }
  request->bound_serial = world.serial;
  request->changed = false;
  request->changes = {};
  return nullptr;
}

}  // namespace ztp::c
