// Sessions, and requests that are bound once and decided often.
#include <algorithm>
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/request.h"
#include "bindings/c/values.h"
#include "engine/base/scalar_text.h"
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

// What a place in a request is declared as.
struct Declared {
  std::string_view name;
  TypeId type;
  bool proven = false;
  bool is_param = false;
  Rank rank = Rank::kClaimed;
};

Declared DeclaredAt(const ztp_request& request, const Place& place) {
  const Schema& schema = request.policy->policy->schema();
  if (place.kind == Place::kParam) {
    const Param& param = schema[request.plain.action].params[place.index];
    return {param.name, param.type, param.rank == Rank::kProven, true, param.rank};
  }
  const Input& input = schema.inputs[place.index];
  return {input.name, input.type, input.rank == Rank::kProven, false, input.rank};
}

Fact& FactAt(ztp_request& request, const Place& place) {
  return (place.kind == Place::kParam ? request.plain.params : request.plain.inputs)[place.index];
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

// Where a ztp_attr is; kNowhere: *error says why.
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

ztp_error* RefuseProven(const Declared& declared) {
  return NewError(ZTP_NOT_PROVEN,
                  Cat(declared.is_param ? "parameter `" : "input `", declared.name,
                      "` is proven: it is bound only from evidence, not from plain data"));
}

ztp_error* WrongType(const ztp_request& request, const Declared& declared, std::string_view given) {
  return Bad(Cat("`", declared.name, "` is ",
                 request.policy->policy->schema().TypeName(declared.type), ", not ", given));
}

// Checks what every setter checks, and hands the fact over to be written. Null: *error says why.
Fact* FactToSet(ztp_request& request, ztp_attr attr, std::string_view function, Declared* declared,
                ztp_error** error) {
  const Place place = PlaceOf(request, attr, function, error);
  if (place.kind == Place::kNowhere) [[unlikely]]
    return nullptr;
  *declared = DeclaredAt(request, place);
  if (declared->proven && !request.session->state->assume_proven()) [[unlikely]] {
    *error = RefuseProven(*declared);
    return nullptr;
  }
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

// The same of JSON text by the reader of requests.
ztp_error* SetFromJson(ztp_request* request, const Declared& declared, std::string_view json,
                       Fact* fact) {
  const std::vector<JsonError> errors = ReadFact(request->policy->policy->schema(), declared.type,
                                                 declared.proven, declared.name, json, fact);
  return errors.empty() ? nullptr : FromJson(ZTP_BAD_REQUEST, errors);
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

// Makes an empty request of the policy's action.
ztp_error* Begin(ztp_request* request, std::shared_ptr<const NamedPolicy> policy) {
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

// Writes a value of one schema as JSON, and reads it by another.
ztp_error* Translate(const Schema& from, TypeId from_type, const Fact& fact, ztp_request* request,
                     std::string_view name, Place::Kind kind, Rank rank) {
  const Place place = FindPlace(*request, name);
  if (place.kind == Place::kNowhere) {
    return Bad(Cat("action ", request->action_name,
                   " of the policy in force has no parameter or input `", name, "` any more"));
  }
  Declared declared = DeclaredAt(*request, place);
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
  if (declared.proven && !request->session->state->assume_proven()) return RefuseProven(declared);
  declared.proven = false;
  if (ztp_error* error = SetFromJson(request, declared, request->json, &to)) return error;
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
  if (ztp_error* error = Begin(request, std::move(policy))) return error;
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

using ztp::TypeKind;
using ztp::c::Alive;
using ztp::c::FromJson;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NewHandle;
using ztp::c::NullOutput;
using ztp::c::View;

// The request, and its session, which must not have been freed before it.
#define ZTP_CHECK_REQUEST(request)                 \
  do {                                             \
    ZTP_CHECK_ALIVE(request);                      \
    const ztp_session* session = request->session; \
    ZTP_CHECK_ALIVE(session);                      \
  } while (false)

namespace {

ztp_error* SetEntityRef(ztp_request* request, bool is_principal, ztp_entity_ref ref,
                        std::string_view function) {
  const ztp::World& world = request->session->Refresh();
  if (ref.generation != world.serial) {
    return NewError(ZTP_STALE, ztp::Cat(function,
                                        ": the entity was looked up in facts that are no longer in "
                                        "force, or never: look it up again"));
  }
  if (ref.handle >= world.facts->entity_count() ||
      !world.facts->IsUsed(static_cast<uint32_t>(ref.handle))) {
    return Misuse(function, "this is no entity");
  }
  if (ztp_error* error = ztp::c::UsePolicyInForce(request, world)) return error;
  const auto entity = static_cast<uint32_t>(ref.handle);
  const std::string_view id = world.facts->IdOf(entity);
  return ztp::c::SetEntity(request, is_principal,
                           ztp::c::Text(world.schema()[world.facts->TypeOf(entity)].json_name),
                           ztp::c::Text(id));
}

}  // namespace

extern "C" {

ztp_error* ztp_session_new(ztp_engine* engine, ztp_session** session) {
  ZTP_CHECK_OUT(session);
  *session = nullptr;
  ZTP_CHECK_ALIVE(engine);
  return Guarded(__func__, [&]() -> ztp_error* {
    *session = NewHandle<ztp_session>(engine->state);
    (*session)->Refresh();
    return nullptr;
  });
}

void ztp_session_free(ztp_session* session) { ztp::c::FreeHandle(session); }

ztp_error* ztp_session_entity(ztp_session* session, ztp_text type, ztp_text id,
                              ztp_entity_ref* ref) {
  ZTP_CHECK_OUT(ref);
  *ref = {0, 0};
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = session->Refresh();
    const auto found = world.schema().FindEntityType(View(type));
    if (!found) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("there is no entity type `", View(type), "`"));
    }
    const auto entity = world.facts->Find(*found, View(id));
    if (!entity) {
      return NewError(ZTP_NOT_FOUND,
                      ztp::Cat("the facts in force know no ", View(type), "::\"", View(id), "\""));
    }
    *ref = {world.serial, *entity};
    return nullptr;
  });
}

ztp_error* ztp_request_new(ztp_session* session, ztp_text action, ztp_request** request) {
  ZTP_CHECK_OUT(request);
  *request = nullptr;
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(action);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_request* made = NewHandle<ztp_request>(session, View(action));
    if (ztp_error* error = ztp::c::Begin(made, session->Refresh().named)) {
      ztp::c::FreeHandle(made);
      return error;
    }
    *request = made;
    return nullptr;
  });
}

void ztp_request_free(ztp_request* request) {
  if (Alive(request) && Alive(request->session) &&
      request->session->last.bound == &request->bound) {
    request->session->Begin();  // its decision can no longer be asked about
  }
  ztp::c::FreeHandle(request);
}

ztp_error* ztp_set_principal(ztp_request* request, ztp_text type, ztp_text id) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&] { return ztp::c::SetEntity(request, true, type, id); });
}
ztp_error* ztp_set_resource(ztp_request* request, ztp_text type, ztp_text id) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(type);
  ZTP_CHECK_TEXT(id);
  return Guarded(__func__, [&] { return ztp::c::SetEntity(request, false, type, id); });
}
ztp_error* ztp_set_principal_ref(ztp_request* request, ztp_entity_ref ref) {
  ZTP_CHECK_REQUEST(request);
  const std::string_view function = __func__;
  return Guarded(function, [&] { return SetEntityRef(request, true, ref, function); });
}
ztp_error* ztp_set_resource_ref(ztp_request* request, ztp_entity_ref ref) {
  ZTP_CHECK_REQUEST(request);
  const std::string_view function = __func__;
  return Guarded(function, [&] { return SetEntityRef(request, false, ref, function); });
}
ztp_error* ztp_set_principal_json(ztp_request* request, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&] { return ztp::c::SetEntityJson(request, true, json); });
}
ztp_error* ztp_set_resource_json(ztp_request* request, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&] { return ztp::c::SetEntityJson(request, false, json); });
}

ztp_error* ztp_set_bool(ztp_request* request, ztp_attr attr, bool value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kBool, value ? 1 : 0, "ztp_set_bool", "Bool");
  });
}
ztp_error* ztp_set_int(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kInt, value, "ztp_set_int", "Int");
  });
}
ztp_error* ztp_set_time(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kTime, value, "ztp_set_time", "Time");
  });
}
ztp_error* ztp_set_duration(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kDuration, value, "ztp_set_duration",
                             "Duration");
  });
}
ztp_error* ztp_set_decimal(ztp_request* request, ztp_attr attr, int64_t value) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&] {
    return ztp::c::SetNumber(request, attr, TypeKind::kDecimal, value, "ztp_set_decimal",
                             "Decimal");
  });
}

ztp_error* ztp_set_text(ztp_request* request, ztp_attr attr, ztp_text value) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(value);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    ztp::Fact* fact = ztp::c::FactToSet(*request, attr, "ztp_set_text", &declared, &error);
    if (fact == nullptr) return error;
    const std::string_view text = View(value);
    if ((error = ztp::c::CheckText(text, declared.name)) != nullptr) return error;
    const ztp::Schema& schema = request->policy->policy->schema();
    const ztp::Type& type = schema.types[declared.type];
    if (type.kind == TypeKind::kString) {
      ztp::MakePresent(fact)->SetText(TypeKind::kString, text);
      return nullptr;
    }
    if (type.kind == TypeKind::kEnum) {
      const std::vector<std::string>& names = schema.enums[type.decl].values;
      const auto at = std::find(names.begin(), names.end(), text);
      if (at != names.end()) {
        ztp::MakePresent(fact)->SetNumber(TypeKind::kEnum, at - names.begin());
        return nullptr;
      }
    }
    request->json.clear();
    ztp::JsonSink(&request->json).PutText(text);
    return ztp::c::SetFromJson(request, declared, request->json, fact);
  });
}

ztp_error* ztp_set_value(ztp_request* request, ztp_attr attr, const ztp_value* value) {
  ZTP_CHECK_REQUEST(request);
  if (value == nullptr) return NullOutput(__func__, "value");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    // Only a value that can be read is written over what is there.
    request->json.clear();
    if (value->kind != ZTP_MISSING && value->kind != ZTP_UNKNOWN) {
      error = ztp::c::AppendJson("ztp_set_value", *value, &request->json);
      if (error != nullptr) return error;
    }
    ztp::Fact* fact = ztp::c::FactToSet(*request, attr, "ztp_set_value", &declared, &error);
    if (fact == nullptr) return error;
    if (value->kind == ZTP_MISSING) {
      *fact = ztp::Fact::Missing();
      return nullptr;
    }
    if (value->kind == ZTP_UNKNOWN) {
      *fact = ztp::Fact::Unknown();
      return nullptr;
    }
    return ztp::c::SetFromJson(request, declared, request->json, fact);
  });
}

ztp_error* ztp_set_json(ztp_request* request, ztp_attr attr, ztp_text json) {
  ZTP_CHECK_REQUEST(request);
  ZTP_CHECK_TEXT(json);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    ztp::c::Declared declared;
    ztp::Fact* fact = ztp::c::FactToSet(*request, attr, "ztp_set_json", &declared, &error);
    if (fact == nullptr) return error;
    return ztp::c::SetFromJson(request, declared, View(json), fact);
  });
}

ztp_error* ztp_unset(ztp_request* request, ztp_attr attr) {
  ZTP_CHECK_REQUEST(request);
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    const ztp::c::Place place = ztp::c::PlaceOf(*request, attr, "ztp_unset", &error);
    if (place.kind == ztp::c::Place::kNowhere) return error;
    ztp::MakeAbsent(&ztp::c::FactAt(*request, place), ztp::Fact::State::kMissing);
    request->ChangeValue(place);
    return nullptr;
  });
}

ztp_error* ztp_set_can(ztp_request* request, const ztp_text* obligations, size_t count) {
  ZTP_CHECK_REQUEST(request);
  if (obligations == nullptr && count != 0) return NullOutput(__func__, "obligations");
  return Guarded(__func__, [&]() -> ztp_error* {
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) {
      ZTP_CHECK_TEXT(obligations[i]);
      names.emplace_back(View(obligations[i]));
    }
    request->can = std::move(names);
    request->ChangeAll();
    ztp::c::TakeObligations(request);
    return nullptr;
  });
}

ztp_error* ztp_set_can_all(ztp_request* request) {
  ZTP_CHECK_REQUEST(request);
  request->can.reset();
  request->plain.can.reset();
  request->ChangeAll();
  return nullptr;
}

}  // extern "C"
