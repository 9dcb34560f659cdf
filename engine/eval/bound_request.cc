// See bound_request.h.
#include "engine/eval/bound_request.h"

#include <algorithm>
#include <bit>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {

class BoundRequest::Encoder : public ValEncoder {
 public:
  explicit Encoder(BoundRequest* request) : ValEncoder(&request->arena_), request_(request) {}

  uint32_t InternEntity(EntityTypeId type, std::string_view id) override {
    if (const auto known = request_->snapshot_->Find(type, id)) return *known;
    // Few: a look along them is quicker than a table.
    std::vector<uint32_t>& types = request_->stranger_types_;
    std::vector<std::string_view>& ids = request_->stranger_ids_;
    const uint32_t first = request_->snapshot_->entity_count();
    for (uint32_t i = 0; i < types.size(); ++i) {
      if (types[i] == type.index && ids[i] == id) return first + i;
    }
    types.push_back(type.index);
    ids.push_back(request_->arena_.Copy(id));
    return first + static_cast<uint32_t>(types.size() - 1);
  }

 protected:
  Val InternText(TypeKind kind, std::string_view text) override {
    Val val = Val::Text(kind, request_->arena_.Copy(text), Val::kNumbered);
    const uint32_t number = request_->policy_->view().NumberOf(val.bytes, val.size);
    val.prefix = static_cast<uint16_t>(number + 1);  // none is 0
    return val;
  }

 private:
  BoundRequest* request_;
};

EntityUid BoundRequest::Uid(uint32_t entity) const {
  const uint32_t known = snapshot_->entity_count();
  if (entity < known) return snapshot_->Uid(entity);
  return EntityUid{EntityTypeId{stranger_types_[entity - known]},
                   std::string(stranger_ids_[entity - known])};
}

// Whose action it is, and on what.
absl::Status BoundRequest::CheckEntities(const Request& request) const {
  const Schema& schema = policy_->schema();
  if (request.action.index >= schema.actions.size() ||
      request.principal.type.index >= schema.entities.size() ||
      request.resource.type.index >= schema.entities.size()) {
    return InvalidArgument("the request fits no declared action");
  }
  const Action& action = schema[request.action];
  auto among = [](const std::vector<EntityTypeId>& types, EntityTypeId type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (!among(action.principals, request.principal.type)) {
    return InvalidArgument("action ", action.json_name, " is not for a principal of type ",
                           schema[request.principal.type].json_name);
  }
  if (!among(action.resources, request.resource.type)) {
    return InvalidArgument("action ", action.json_name, " is not on a resource of type ",
                           schema[request.resource.type].json_name);
  }
  return absl::OkStatus();
}

absl::Status BoundRequest::Check(const Request& request, Complete complete) const {
  const Schema& schema = policy_->schema();
  if (snapshot_->program() != policy_->shared_program()) {
    return InvalidArgument("the facts were loaded for another policy");
  }
  ZTP_RETURN_IF_ERROR(CheckEntities(request));
  const Action& action = schema[request.action];
  if (request.params.size() != action.params.size() ||
      request.inputs.size() != schema.inputs.size()) {
    return InvalidArgument("the request has not one fact for each parameter and input");
  }
  for (size_t i = 0; complete == Complete::kWholly && i < action.params.size(); ++i) {
    const Param& param = action.params[i];
    if (!param.optional && !param.default_value &&
        request.params[i].state != Fact::State::kPresent) {
      return InvalidArgument("parameter ", action.params[i].name, " of action ", action.json_name,
                             " is missing");
    }
  }
  for (const EntityRecord& record : request.carried) {
    const bool valid_type = record.uid.type.index < schema.entities.size();
    if (!valid_type || schema[record.uid.type].carried == Carried::kNo) {
      return InvalidArgument("the request carries an entity whose type is not declared `carried`");
    }
    if (record.attributes.size() != schema[record.uid.type].attributes.size()) {
      return InvalidArgument(FormatUid(schema, record.uid), " has not one fact for each attribute");
    }
  }
  return absl::OkStatus();
}

BoundFact BindFact(const Fact& fact, ValEncoder& encoder) {
  BoundFact bound;
  if (fact.state == Fact::State::kPresent) {
    bound.val = encoder.Encode(fact.value);
  } else if (fact.state == Fact::State::kUnknown) {
    bound.val.flags = Val::kNotKnown;
  }
  bound.window = {fact.issued_at.value_or(Time{}).micros, fact.expires_at.value_or(Time{}).micros,
                  fact.issued_at.has_value(), fact.expires_at.has_value()};
  return bound;
}

void BoundRequest::BindCarried(const EntityRecord& record, Encoder& encoder) {
  auto edges = [&](const std::vector<EntityUid>& to) -> std::span<const uint32_t> {
    uint32_t* out = arena_.NewArray<uint32_t>(to.size());
    for (size_t i = 0; i < to.size(); ++i) out[i] = encoder.InternEntity(to[i].type, to[i].id);
    return {out, to.size()};
  };
  CarriedEntity carried;
  carried.entity = encoder.InternEntity(record.uid.type, record.uid.id);
  for (const CarriedEntity& other : carried_) {
    if (other.entity == carried.entity) return;  // principal and resource may be one
  }
  BoundFact* attributes = arena_.NewArray<BoundFact>(record.attributes.size());
  for (size_t i = 0; i < record.attributes.size(); ++i) {
    attributes[i] = BindFact(record.attributes[i], encoder);
  }
  carried.attributes = {attributes, record.attributes.size()};
  carried.parents = edges(record.parents);
  carried.derives = edges(record.derives);
  carried_.push_back(carried);
}

void BoundRequest::BindObligations(const Request& request) {
  view_.can = nullptr;
  if (!request.can) return;
  const size_t count = policy_->schema().obligations.size();
  can_.assign(count / 64 + 1, 0);
  for (ObligationId id : *request.can) {
    if (id.index < count) can_[id.index / 64] |= uint64_t{1} << (id.index % 64);
  }
  view_.can = can_.data();
}

bool BoundRequest::HasEvidence() const {
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [](const BoundFact& fact) { return fact.window.any(); });
}

void BoundRequest::BindEntity(bool is_principal, const EntityUid& uid, Encoder& encoder) {
  const Val entity = Val::Entity(uid.type.index, encoder.InternEntity(uid.type, uid.id));
  (is_principal ? view_.principal : view_.resource) = entity;
}

BoundFact BoundRequest::BindParam(const Request& request, size_t i, Encoder& encoder) const {
  const Param& param = policy_->schema()[request.action].params[i];
  const bool use_default = request.params[i].state != Fact::State::kPresent && param.default_value;
  return BindFact(use_default ? Fact::Of(*param.default_value) : request.params[i], encoder);
}

absl::Status BoundRequest::Bind(const Policy& policy, const Snapshot& snapshot,
                                const Request& request, Complete complete) {
  policy_ = &policy;
  snapshot_ = &snapshot;
  ZTP_RETURN_IF_ERROR(Check(request, complete));
  arena_.Reset();
  params_.clear();
  inputs_.clear();
  carried_.clear();
  stranger_types_.clear();
  stranger_ids_.clear();
  Encoder encoder(this);
  RequestView& v = view_;
  v.policy = &policy.view();
  v.facts = &snapshot.view();
  v.host = &policy.host();
  v.action = request.action.index;
  BindEntity(true, request.principal, encoder);
  BindEntity(false, request.resource, encoder);
  for (size_t i = 0; i < request.params.size(); ++i) {
    params_.push_back(BindParam(request, i, encoder));
  }
  for (const Fact& fact : request.inputs) inputs_.push_back(BindFact(fact, encoder));
  for (const EntityRecord& record : request.carried) BindCarried(record, encoder);
  BindObligations(request);
  v.params = params_.data();
  v.inputs = inputs_.data();
  v.has_evidence = HasEvidence();
  v.carried = carried_;
  v.stranger_types = stranger_types_.data();
  v.now = request.now.micros;
  v.valid_until = request.valid_until ? request.valid_until->micros : kForEver;
  v.principal_row = RowOf(v.principal);
  v.resource_row = RowOf(v.resource);
  bound_bytes_ = arena_.used_bytes();
  readings_.resize(v.policy->index.request_probes);
  ReadProbes(readings_.data(), &v);
  return absl::OkStatus();
}

const uint64_t* BoundRequest::RowOf(const Val& holder) const {
  const bool stored = !view_.carries_any() && view_.IsStored(holder.entity());
  return stored ? view_.facts->Row(holder.entity()) : nullptr;
}

absl::Status BoundRequest::Rebind(const Request& request, const Changes& changes) {
  const bool has_many = ((changes.params | changes.inputs) >> 63) != 0;
  if (changes.others || has_many || !carried_.empty() || !request.carried.empty() ||
      arena_.used_bytes() > bound_bytes_ + kMostOverwrittenBytes ||
      stranger_types_.size() > kMostStrangers) {
    return Bind(*policy_, *snapshot_, request);
  }
  uint8_t changed = 0;
  Encoder encoder(this);
  if (changes.principal || changes.resource) ZTP_RETURN_IF_ERROR(CheckEntities(request));
  if (changes.principal) {
    BindEntity(true, request.principal, encoder);
    changed |= kOnPrincipal;
  }
  if (changes.resource) {
    BindEntity(false, request.resource, encoder);
    changed |= kOnResource;
  }
  for (uint64_t left = changes.params; left != 0; left &= left - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(left));
    params_[i] = BindParam(request, i, encoder);
    const Param& param = policy_->schema()[request.action].params[i];
    if (params_[i].val.is_none() && !param.optional) {
      return InvalidArgument("parameter ", param.name, " is missing");
    }
    changed |= kOnValues;
  }
  for (uint64_t left = changes.inputs; left != 0; left &= left - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(left));
    inputs_[i] = BindFact(request.inputs[i], encoder);
    changed |= kOnValues;
  }
  if (changes.inputs != 0) view_.has_evidence = HasEvidence();
  // An entity that is only an operand may have come to be known under a number of its own.
  view_.stranger_types = stranger_types_.data();
  if (changes.principal) view_.principal_row = RowOf(view_.principal);
  if (changes.resource) view_.resource_row = RowOf(view_.resource);
  view_.now = request.now.micros;
  view_.valid_until = request.valid_until ? request.valid_until->micros : kForEver;
  ReadChangedProbes(changed, readings_.data(), &view_);
  return absl::OkStatus();
}

void BoundRequest::BindNothing(const Policy& policy, const Snapshot& snapshot) {
  policy_ = &policy;
  snapshot_ = &snapshot;
  view_ = RequestView();
  view_.policy = &policy.view();
  view_.facts = &snapshot.view();
  view_.host = &policy.host();
}

}  // namespace ztp
