// Members in whatever order they come; what needs another member first waits for the end of its
// object.
#include "engine/eval/json_request_fast.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/eval/json_request.h"
#include "engine/facts/json_entity.h"

namespace ztp {
namespace {

// Members of a request, by the bit that says they were there.
enum Member : uint32_t { kSubject, kAction, kResource, kContext, kEvidence, kCan };

constexpr JsonName kNamePrincipal = JsonName::Of("subject");
constexpr JsonName kNameAction = JsonName::Of("action");
constexpr JsonName kNameResource = JsonName::Of("resource");
constexpr JsonName kNameContext = JsonName::Of("context");
constexpr JsonName kNameEvidence = JsonName::Of("evidence");
constexpr JsonName kNameCan = JsonName::Of("can");
constexpr JsonName kNameType = JsonName::Of("type");
constexpr JsonName kNameId = JsonName::Of("id");
constexpr JsonName kNameName = JsonName::Of("name");
constexpr JsonName kNameProperties = JsonName::Of("properties");
constexpr JsonName kNameNow = JsonName::Of("now");

JsonName NameOf(std::string_view text) { return JsonName::OfPadded(text.data(), text.size()); }

bool IsAmong(EntityTypeId id, const std::vector<EntityTypeId>& types) {
  return std::find(types.begin(), types.end(), id) != types.end();
}

}  // namespace

RequestFiller::RequestFiller(const Schema& schema, const RequestOptions& options)
    : schema_(schema),
      options_(options),
      names_(schema),
      values_(schema, names_, cursor_),
      input_given_(schema.inputs.size(), 0) {}

bool RequestFiller::Fill(std::string_view text, Request* request) {
  const JsonLimits& limits = options_.limits;
  if (text.size() > limits.max_file_bytes || text.size() > limits.max_document_bytes) return false;
  if (!cursor_.Start(text)) return false;
  ++number_;
  subject_.there = resource_.there = false;
  request->now = options_.now;
  request->valid_until.reset();
  request->inputs.resize(schema_.inputs.size());
  if (!ReadMembers(request) || !cursor_.AtEnd() || cursor_.LooksLikeLines()) return false;
  for (size_t i = 0; i < input_given_.size(); ++i) {
    if (input_given_[i] != number_) MakeAbsent(&request->inputs[i], Fact::State::kMissing);
  }
  return Fits(*request) && PlaceCarried(request);
}

bool RequestFiller::ReadMembers(Request* request) {
  uint64_t seen = 0;
  JsonOtherNames others;
  const auto once = [&](Member member) { return SetOnce(&seen, member); };
  const bool ok = cursor_.Members([&](const JsonName& name) {
    if (name == kNamePrincipal) {
      return once(kSubject) && ReadEntity(&request->principal, &subject_);
    }
    if (name == kNameAction) return once(kAction) && ReadAction(request);
    if (name == kNameResource) {
      return once(kResource) && ReadEntity(&request->resource, &resource_);
    }
    if (name == kNameContext) return once(kContext) && ReadContext(request);
    // Evidence is nothing but an empty array.
    if (name == kNameEvidence) return once(kEvidence) && cursor_.Elements([] { return false; });
    if (name == kNameCan) return once(kCan) && ReadCan(request);
    return others.Add(name) && cursor_.SkipValue();
  });
  constexpr uint64_t kNeeded = 1u << kSubject | 1u << kAction | 1u << kResource;
  if (!ok || (seen & kNeeded) != kNeeded) return false;
  if ((seen >> kCan & 1) == 0) request->can.reset();
  return true;
}

bool RequestFiller::ReadEntity(EntityUid* uid, CarriedRecord* carried) {
  uint64_t seen = 0;  // type, id, properties
  const char* waiting = nullptr;
  uid->type = EntityTypeId{};
  JsonOtherNames others;
  given_ = 0;
  const bool ok = cursor_.Members([&](const JsonName& name) {
    if (name == kNameType) {
      std::string_view text;
      if (!SetOnce(&seen, 0) || !cursor_.Text(&text)) return false;
      uid->type.index = names_.entities.Find(NameOf(text));
      return uid->type.index != JsonNames::kNone;
    }
    if (name == kNameId) {
      std::string_view text;
      if (!SetOnce(&seen, 1) || !cursor_.Text(&text)) return false;
      uid->id.assign(text);
      return true;
    }
    if (name == kNameProperties) {
      if (!SetOnce(&seen, 2)) return false;
      if ((seen & 1) != 0) return ReadProperties(uid->type, carried);
      waiting = cursor_.place();
      return cursor_.SkipValue();
    }
    return others.Add(name) && cursor_.SkipValue();
  });
  if (!ok || (seen & 3) != 3) return false;
  if (waiting != nullptr) {
    const char* end = cursor_.place();
    cursor_.GoTo(waiting);
    if (!ReadProperties(uid->type, carried)) return false;
    cursor_.GoTo(end);
  }
  return schema_[uid->type].carried == Carried::kNo || FinishProperties(*uid, given_, carried);
}

// `given_` gets a bit for each attribute that is there.
bool RequestFiller::ReadProperties(EntityTypeId id, CarriedRecord* carried) {
  const EntityType& type = schema_[id];
  if (type.carried == Carried::kNo) return cursor_.Members([](const JsonName&) { return false; });
  std::vector<Fact>& facts = carried->record.attributes;
  facts.resize(type.attributes.size());
  return cursor_.Members([&](const JsonName& name) {
    const uint32_t index = names_.attributes[id.index].Find(name);
    if (index == JsonNames::kNone || !SetOnce(&given_, index)) return false;
    const Attribute& attribute = type.attributes[index];
    if (attribute.rank != Rank::kProven) {
      return values_.Read(attribute.type, MakePresent(&facts[index]));
    }
    return options_.assume_proven && values_.ReadProven(attribute.type, &facts[index]);
  });
}

// Says what the attributes are that were not given, and which edges there are.
bool RequestFiller::FinishProperties(const EntityUid& uid, uint64_t given, CarriedRecord* carried) {
  const EntityType& type = schema_[uid.type];
  if (type.attributes.size() > 64) return false;
  EntityRecord& record = carried->record;
  carried->there = true;
  record.uid.type = uid.type;
  record.uid.id.assign(uid.id);
  record.attributes.resize(type.attributes.size());
  record.parents.clear();
  record.derives.clear();
  for (uint32_t i = 0; i < type.attributes.size(); ++i) {
    const Attribute& attribute = type.attributes[i];
    Fact& fact = record.attributes[i];
    if ((given >> i & 1) == 0) {
      std::optional<Fact> left_out = FactWhenLeftOut(attribute, record);
      if (!left_out) return false;
      MakeAbsent(&fact, left_out->state);
      if (left_out->state == Fact::State::kPresent) fact.value = left_out->value;
    }
    if (attribute.is_parent && fact.state == Fact::State::kPresent) {
      AddParents(fact.value, &record.parents);
    }
  }
  return true;
}

bool RequestFiller::ReadAction(Request* request) {
  uint64_t seen = 0;  // name, properties
  const char* waiting = nullptr;
  JsonOtherNames others;
  given_ = 0;
  request->action = ActionId{};
  const auto read_params = [&] {
    const uint32_t index = request->action.index;
    return ReadParams(schema_.actions[index], names_.params[index], request);
  };
  const bool ok = cursor_.Members([&](const JsonName& name) {
    if (name == kNameName) {
      std::string_view text;
      if (!SetOnce(&seen, 0) || !cursor_.Text(&text)) return false;
      request->action.index = names_.actions.Find(NameOf(text));
      return request->action.index != JsonNames::kNone;
    }
    if (name == kNameProperties) {
      if (!SetOnce(&seen, 1)) return false;
      if ((seen & 1) != 0) return read_params();
      waiting = cursor_.place();
      return cursor_.SkipValue();
    }
    return others.Add(name) && cursor_.SkipValue();
  });
  if (!ok || (seen & 1) == 0) return false;
  if (waiting != nullptr) {
    const char* end = cursor_.place();
    cursor_.GoTo(waiting);
    if (!read_params()) return false;
    cursor_.GoTo(end);
  }
  const std::vector<Param>& params = schema_[request->action].params;
  if (params.size() > 64) return false;
  request->params.resize(params.size());
  for (uint32_t i = 0; i < params.size(); ++i) {
    if ((given_ >> i & 1) != 0) continue;
    Fact& fact = request->params[i];
    if (params[i].default_value) {
      *MakePresent(&fact) = *params[i].default_value;
    } else if (params[i].optional) {
      MakeAbsent(&fact, Fact::State::kMissing);
    } else {
      return false;
    }
  }
  return true;
}

// `given_` gets a bit for each parameter that is there.
bool RequestFiller::ReadParams(const Action& action, const JsonNames& names, Request* request) {
  JsonOtherNames others;
  request->params.resize(action.params.size());
  return cursor_.Members([&](const JsonName& name) {
    const uint32_t index = names.Find(name);
    if (index == JsonNames::kNone) return others.Add(name) && cursor_.SkipValue();
    return SetOnce(&given_, index) &&
           values_.Read(action.params[index].type, MakePresent(&request->params[index]));
  });
}

bool RequestFiller::ReadContext(Request* request) {
  JsonOtherNames others;
  bool has_now = false;
  return cursor_.Members([&](const JsonName& name) {
    if (name == kNameNow) {
      return options_.accept_now && !std::exchange(has_now, true) &&
             values_.ReadTime(&request->now);
    }
    const uint32_t index = names_.inputs.Find(name);
    if (index == JsonNames::kNone) return others.Add(name) && cursor_.SkipValue();
    if (std::exchange(input_given_[index], number_) == number_) return false;
    const Input& input = schema_.inputs[index];
    Fact& fact = request->inputs[index];
    if (input.rank != Rank::kProven) return values_.Read(input.type, MakePresent(&fact));
    return options_.assume_proven && values_.ReadProven(input.type, &fact);
  });
}

bool RequestFiller::ReadCan(Request* request) {
  if (!request->can) request->can.emplace();
  std::vector<ObligationId>& can = *request->can;
  can.clear();
  return cursor_.Elements([&] {
    std::string_view text;
    if (!cursor_.Text(&text)) return false;
    const ObligationId id{names_.obligations.Find(NameOf(text))};
    if (id.index != JsonNames::kNone && std::find(can.begin(), can.end(), id) == can.end()) {
      can.push_back(id);
    }
    return true;
  });
}

bool RequestFiller::Fits(const Request& request) const {
  const Action& action = schema_[request.action];
  return IsAmong(request.principal.type, action.principals) &&
         IsAmong(request.resource.type, action.resources);
}

// Subject before resource. Where both are one entity they must say the same of it.
bool RequestFiller::PlaceCarried(Request* request) {
  if (subject_.there && resource_.there && subject_.record.uid == resource_.record.uid) {
    if (!(subject_.record == resource_.record)) return false;
    resource_.there = false;
  }
  const size_t count = (subject_.there ? 1u : 0u) + (resource_.there ? 1u : 0u);
  request->carried.resize(count);
  // Swapped, so that both keep their memory.
  if (subject_.there) std::swap(request->carried.front(), subject_.record);
  if (resource_.there) std::swap(request->carried.back(), resource_.record);
  return true;
}

}  // namespace ztp
