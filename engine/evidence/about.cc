// See about.h.
#include "engine/evidence/about.h"

#include <algorithm>
#include <optional>

#include "engine/core/facts_read.h"

namespace ztp::evidence {
namespace {

bool IsSubjectKind(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kSpiffeId || kind == TypeKind::kDigest;
}

bool IsOneOf(std::optional<std::string_view> text, const std::vector<std::string>& subjects) {
  if (!text || text->empty()) return false;
  return std::find(subjects.begin(), subjects.end(), *text) != subjects.end();
}

// Which field of a record's type has the name; nothing: it is no record, or has none.
std::optional<size_t> FieldOf(const Type& type, std::string_view name) {
  if (type.kind != TypeKind::kRecord) return std::nullopt;
  for (size_t i = 0; i < type.fields.size(); ++i) {
    if (type.fields[i].name == name) return i;
  }
  return std::nullopt;
}

// A place on the way along a path: an entity, or a value with its type, as plain data or as the
// snapshot has it.
struct Place {
  std::optional<std::pair<EntityTypeId, std::string_view>> entity;
  const Value* value = nullptr;
  Val val;
  TypeId type;
};

class Walk {
 public:
  Walk(const Snapshot& facts, const Request& request)
      : facts_(facts), schema_(facts.schema()), request_(request) {}

  // The text at the end of the path; nothing: there is none.
  std::optional<std::string_view> Run(std::span<const std::string> path) {
    Place at;
    size_t next = 1;
    if (path.empty()) return std::nullopt;
    if (path[0] == "principal" || path[0] == "resource") {
      const EntityUid& uid = path[0] == "principal" ? request_.principal : request_.resource;
      if (uid.type.index >= schema_.entities.size()) return std::nullopt;
      at.entity.emplace(uid.type, uid.id);
    } else {
      if (path[0] != "action" || path.size() < 2 || !Parameter(path[1], &at)) return std::nullopt;
      next = 2;
    }
    for (; next < path.size(); ++next) {
      if (!Step(path[next], &at)) return std::nullopt;
    }
    return TextOf(at);
  }

 private:
  bool Parameter(const std::string& name, Place* at) const {
    const Action& action = schema_[request_.action];
    const auto index = action.FindParam(name);
    if (!index || *index >= request_.params.size()) return false;
    at->type = action.params[*index].type;
    return Take(request_.params[*index], at);
  }

  static bool Take(const Fact& fact, Place* at) {
    if (fact.state != Fact::State::kPresent) return false;
    at->entity.reset();
    at->value = &fact.value;
    return true;
  }

  bool Step(const std::string& name, Place* at) const {
    if (!at->entity) BecomeEntity(at);
    return at->entity ? Attribute(name, at) : Field(name, at);
  }

  void BecomeEntity(Place* at) const {
    if (at->value != nullptr) {
      if (at->value->kind() == TypeKind::kEntity) {
        at->entity.emplace(at->value->entity_type(), at->value->text());
      }
    } else if (at->val.kind == TypeKind::kEntity) {
      const uint32_t entity = at->val.entity();
      at->entity.emplace(facts_.TypeOf(entity), facts_.IdOf(entity));
    }
  }

  bool Attribute(const std::string& name, Place* at) const {
    const auto [type, id] = *at->entity;
    const auto index = schema_[type].FindAttribute(name);
    if (!index) return false;
    at->type = schema_[type].attributes[*index].type;
    for (const EntityRecord& record : request_.carried) {
      if (record.uid.type != type || record.uid.id != id) continue;
      return *index < record.attributes.size() && Take(record.attributes[*index], at);
    }
    const auto entity = facts_.Find(type, id);
    if (!entity || !facts_.IsStored(*entity)) return false;
    // Evidence about what is itself only proven for a while: not while it is not.
    if (const EvidenceWindow* window = facts_.Window(*entity, *index)) {
      const int64_t now = request_.now.micros;
      if (window->has_issued && now < window->issued_at) return false;
      if (window->has_expires && now >= window->expires_at) return false;
    }
    at->entity.reset();
    at->value = nullptr;
    at->val = facts_.Attribute(*entity, *index);
    return !at->val.is_none();
  }

  bool Field(const std::string& name, Place* at) const {
    const Type& type = schema_.types[at->type];
    const auto field = FieldOf(type, name);
    if (!field) return false;
    at->type = type.fields[*field].type;
    if (at->value != nullptr) {
      at->value = &at->value->items()[*field];
      return !at->value->is_none();
    }
    at->val = at->val.items()[*field];
    return !at->val.is_none();
  }

  std::optional<std::string_view> TextOf(Place& at) const {
    if (!at.entity) BecomeEntity(&at);
    if (at.entity) return at.entity->second;
    const TypeKind kind = at.value != nullptr ? at.value->kind() : at.val.kind;
    if (!IsSubjectKind(kind)) return std::nullopt;
    if (at.value != nullptr) return at.value->text();
    return at.val.text();
  }

  const Snapshot& facts_;
  const Schema& schema_;
  const Request& request_;
};

}  // namespace

bool IsAbout(std::span<const std::string> path, const std::vector<std::string>& subjects,
             const Snapshot& facts, const Request& request) {
  return IsOneOf(Walk(facts, request).Run(path), subjects);
}

bool IsAbout(std::span<const std::string> path, const std::vector<std::string>& subjects,
             const Schema& schema, const EntityRecord& record) {
  if (path.empty()) return false;
  const EntityType& entity = schema[record.uid.type];
  const auto attribute = entity.FindAttribute(path[0]);
  if (!attribute || *attribute >= record.attributes.size()) return false;
  const Fact& fact = record.attributes[*attribute];
  if (fact.state != Fact::State::kPresent) return false;
  const Value* at = &fact.value;
  TypeId type = entity.attributes[*attribute].type;
  for (const std::string& name : path.subspan(1)) {
    const auto field = FieldOf(schema.types[type], name);
    if (!field || at->is_none()) return false;
    type = schema.types[type].fields[*field].type;
    at = &at->items()[*field];
  }
  const bool is_text = IsSubjectKind(at->kind()) || at->kind() == TypeKind::kEntity;
  return IsOneOf(is_text ? std::optional(at->text()) : std::nullopt, subjects);
}

bool StaysWithin(std::span<const std::string> path, const Schema& schema, EntityTypeId type) {
  if (path.empty()) return true;
  const auto attribute = schema[type].FindAttribute(path[0]);
  if (!attribute) return false;
  const Attribute& declared = schema[type].attributes[*attribute];
  // What an entity inherits is not its record's alone.
  if (declared.rank == Rank::kProven || declared.inherit != Inherit::kNo) return false;
  TypeId at = declared.type;
  for (const std::string& name : path.subspan(1)) {
    const auto field = FieldOf(schema.types[at], name);
    if (!field) return false;
    at = schema.types[at].fields[*field].type;
  }
  return true;
}

}  // namespace ztp::evidence
