// See bound_request.h.
#include "engine/eval/bound_request.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {

class BoundRequest::Encoder : public ValEncoder {
 public:
  explicit Encoder(BoundRequest* request) : ValEncoder(&request->arena_), request_(request) {}

  uint32_t InternEntity(EntityTypeId type, std::string_view id) override {
    if (const auto known = request_->snapshot_->Find(type, id)) return *known;
    // Few: a look along them is quicker than a table.
    std::vector<Stranger>& strangers = request_->strangers_;
    const uint32_t first = request_->snapshot_->entity_count();
    for (uint32_t i = 0; i < strangers.size(); ++i) {
      if (strangers[i].type == type && strangers[i].id == id) return first + i;
    }
    strangers.push_back({type, request_->arena_.Copy(id)});
    return first + static_cast<uint32_t>(strangers.size() - 1);
  }

 protected:
  Val InternText(TypeKind kind, std::string_view text) override {
    Val val = Val::Text(kind, request_->arena_.Copy(text), Val::kNumbered);
    if (const auto number = request_->policy_->names().Text(text)) {
      val.prefix = static_cast<uint16_t>(*number + 1);
    }
    return val;
  }

 private:
  BoundRequest* request_;
};

EntityUid BoundRequest::Uid(uint32_t entity) const {
  const uint32_t known = snapshot_->entity_count();
  if (entity < known) return snapshot_->Uid(entity);
  const Stranger& stranger = strangers_[entity - known];
  return EntityUid{stranger.type, std::string(stranger.id)};
}

absl::Status BoundRequest::Check(const Request& request) const {
  const Schema& schema = policy_->schema();
  if (snapshot_->program() != policy_->shared_program()) {
    return InvalidArgument("the facts were loaded for another policy");
  }
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
  if (request.params.size() != action.params.size() ||
      request.inputs.size() != schema.inputs.size()) {
    return InvalidArgument("the request has not one fact for each parameter and input");
  }
  for (size_t i = 0; i < action.params.size(); ++i) {
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

BoundRequest::BoundFact BoundRequest::BindFact(const Fact& fact, Encoder& encoder) {
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

absl::Status BoundRequest::Bind(const Policy& policy, const Snapshot& snapshot,
                                const Request& request) {
  policy_ = &policy;
  snapshot_ = &snapshot;
  ZTP_RETURN_IF_ERROR(Check(request));
  arena_.Reset();
  params_.clear();
  inputs_.clear();
  carried_.clear();
  strangers_.clear();
  Encoder encoder(this);
  action_ = request.action;
  principal_ = Val::Entity(request.principal.type.index,
                           encoder.InternEntity(request.principal.type, request.principal.id));
  resource_ = Val::Entity(request.resource.type.index,
                          encoder.InternEntity(request.resource.type, request.resource.id));
  const std::vector<Param>& declared = policy.schema()[request.action].params;
  for (size_t i = 0; i < declared.size(); ++i) {
    const bool use_default =
        request.params[i].state != Fact::State::kPresent && declared[i].default_value;
    params_.push_back(
        BindFact(use_default ? Fact::Of(*declared[i].default_value) : request.params[i], encoder));
  }
  for (const Fact& fact : request.inputs) inputs_.push_back(BindFact(fact, encoder));
  auto edges = [&](const std::vector<EntityUid>& to) -> std::span<const uint32_t> {
    uint32_t* out = arena_.NewArray<uint32_t>(to.size());
    for (size_t i = 0; i < to.size(); ++i) out[i] = encoder.InternEntity(to[i].type, to[i].id);
    return {out, to.size()};
  };
  for (const EntityRecord& record : request.carried) {
    CarriedEntity carried;
    carried.entity = encoder.InternEntity(record.uid.type, record.uid.id);
    if (Carried(carried.entity) != nullptr) continue;  // principal and resource may be one
    BoundFact* attributes = arena_.NewArray<BoundFact>(record.attributes.size());
    for (size_t i = 0; i < record.attributes.size(); ++i) {
      attributes[i] = BindFact(record.attributes[i], encoder);
    }
    carried.attributes = {attributes, record.attributes.size()};
    carried.parents = edges(record.parents);
    carried.derives = edges(record.derives);
    carried_.push_back(carried);
  }
  can_all_ = !request.can.has_value();
  can_.assign(policy_->schema().obligations.size(), false);
  if (request.can) {
    for (ObligationId id : *request.can) {
      if (id.index < can_.size()) can_[id.index] = true;
    }
  }
  now_ = request.now.micros;
  auto row_of = [&](const Val& holder) -> const uint64_t* {
    const uint32_t entity = holder.entity();
    if (carries_any() || entity >= snapshot.entity_count() || !snapshot.IsStored(entity)) {
      return nullptr;
    }
    return snapshot.view().Row(entity);
  };
  principal_row_ = row_of(principal_);
  resource_row_ = row_of(resource_);
  ReadProbes();
  return absl::OkStatus();
}

void BoundRequest::ReadProbes() {
  const DecisionIndex& index = policy_->program().index;
  readings_.resize(index.request_probes);
  for (uint32_t i = 0; i < index.request_probes; ++i) {
    readings_[i] = Reading{.valid_until = kForEver};
    ReadProbe(index.probes[i], &readings_[i]);
  }
  marks_ = 0;
  marks_known_ = true;
  for (uint32_t m = 0; m < index.request_marks; ++m) {
    const Reading& reading = readings_[index.marks[m].probe];
    marks_known_ &= reading.plain != 0;
    if (reading.plain) marks_ |= BitsOf(index.marks[m], index.cuts.data(), reading.value);
  }
}

void BoundRequest::ReadProbe(const Probe& probe, Reading* reading) const {
  using Source = Probe::Source;
  auto number = [&](uint32_t n) {
    TakeValue(*policy_, probe, Val::Number(TypeKind::kInt, n), reading);
    reading->settled = 1;
  };
  auto take_fact = [&](const BoundFact& fact) {
    // Evidence comes and goes with the time.
    if (fact.window.any()) return;
    reading->settled = 1;
    if (fact.val.is_none()) return;
    if (probe.source != Source::kInputField) return TakeValue(*policy_, probe, fact.val, reading);
    const Val& field = fact.val.list[probe.field];
    if (!field.is_none()) TakeValue(*policy_, probe, field, reading);
  };
  auto take_entity = [&](uint32_t entity) {
    if (carries_any()) return;
    reading->settled = 1;
    const bool known = entity < snapshot_->entity_count();
    const bool there = (known && snapshot_->IsStored(entity)) ||
                       policy_->schema()[TypeOf(entity)].always_present();
    if (!known || !there) return TakeEntity(entity, {}, there, 0, reading);
    const Snapshot::Closure closure = snapshot_->Memberships(entity);
    TakeEntity(entity, snapshot_->List(closure.members), closure.absent == 0,
               snapshot_->named_count(), reading);
  };
  switch (probe.source) {
    case Source::kAction:
      return number(action_.index);
    case Source::kPrincipalType:
      return number(principal_.size);
    case Source::kResourceType:
      return number(resource_.size);
    case Source::kPrincipal:
      return take_entity(principal_.entity());
    case Source::kResource:
      return take_entity(resource_.entity());
    case Source::kParam: {
      const uint32_t column = policy_->program().ParamColumn(probe.index, action_);
      if (column != kNone32) return take_fact(params_[column]);
      reading->settled = 1;
      return;
    }
    case Source::kInput:
    case Source::kInputField:
      return take_fact(inputs_[probe.index]);
    default:
      return;
  }
}

}  // namespace ztp
