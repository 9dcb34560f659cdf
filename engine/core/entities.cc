// Reading facts: parameters, inputs, attributes, membership, lineage. See machine.h.
#include <algorithm>

#include "engine/core/facts_read.h"
#include "engine/core/inherit.h"
#include "engine/core/machine.h"

namespace ztp {

// A fact as it counts now. Outside of its evidence's times it is as if it were not there.
Result Machine::ReadFact(const Val& val, const EvidenceWindow* window, bool optional,
                         FactSet name) const {
  if (val.is_none()) {
    if (val.flags & Val::kNotKnown) {
      return Result::Unknown(val.size != 0 ? MissingFacts::List(val.size) : name);
    }
    return optional ? Result::Missing() : Result::Unknown(name);
  }
  int64_t valid_until = kForEver;
  if (window != nullptr) {
    auto not_there = [&](int64_t until) {
      return optional ? Result::Missing(until) : Result::Unknown(name, until);
    };
    if (window->has_issued && now_ < window->issued_at) return not_there(window->issued_at);
    if (window->has_expires) {
      if (now_ >= window->expires_at) return not_there(kForEver);
      valid_until = window->expires_at;
    }
  }
  return Result::Of(val, valid_until);
}

Result Machine::Param(uint32_t param_ref) const {
  const uint32_t column = policy_.ParamColumn(param_ref, request_.action);
  if (column == kNone32) return Result::Missing();
  // A required one is always there: a request without it was not bound.
  return ReadFact(request_.params[column].val, nullptr, true, 0);
}

Result Machine::HasParam(uint32_t param_ref) const {
  const uint32_t column = policy_.ParamColumn(param_ref, request_.action);
  return Result::Bool(column != kNone32 && !request_.params[column].val.is_none());
}

Result Machine::Input(uint32_t input) const {
  const BoundFact& fact = request_.inputs[input];
  return ReadFact(fact.val, &fact.window, policy_.optional_inputs[input] != 0,
                  MissingFacts::Input(input));
}

Result Machine::HasInput(uint32_t input) const {
  const BoundFact& fact = request_.inputs[input];
  if (fact.val.is_none()) return Result::Bool(false);
  const Result read = ReadFact(fact.val, &fact.window, true, 0);
  return Result::Bool(read.known(), read.valid_until);
}

Result Machine::InputTime(uint32_t input, bool issued) const {
  Result read = Input(input);
  if (!read.known()) return read;
  const EvidenceWindow& window = request_.inputs[input].window;
  if (!(issued ? window.has_issued : window.has_expires)) {
    return Result::Unknown(MissingFacts::Input(input), read.valid_until);
  }
  read.val = Val::Number(TypeKind::kTime, issued ? window.issued_at : window.expires_at);
  return read;
}

bool Machine::IsThere(uint32_t entity) const {
  return request_.IsStored(entity) || policy_.AlwaysPresent(request_.TypeOf(entity)) ||
         request_.Carried(entity) != nullptr;
}

// Of an entity that is there. `window` gets the evidence's times, or nullptr.
Result Machine::ReadAttribute(uint32_t entity, uint32_t attribute, const EvidenceWindow** window) {
  const AttributeKind& declared = policy_.AttributeOf(request_.TypeOf(entity), attribute);
  const FactSet name = MissingFacts::Entity(entity);
  *window = nullptr;
  if (const CarriedEntity* carried = request_.Carried(entity)) {
    const BoundFact& fact = carried->attributes[attribute];
    if (fact.window.any()) *window = &fact.window;
    if (declared.inherit != Inherit::kNo) return Inherited(entity, attribute);
    return ReadFact(fact.val, *window, declared.optional != 0, name);
  }
  const FactsView::Place place = facts_.At(entity);
  const FactsType& type = facts_.types[place.type];
  const Val val = ReadCell(facts_, place.row, type, attribute);
  *window = WindowOf(facts_, place.row, type, attribute);
  if (declared.inherit == Inherit::kNo) return ReadFact(val, *window, declared.optional != 0, name);
  const bool late = val.is_none() && val.prefix == kWorkedOutLate;
  if (late || ReachesCarried(entity, true)) return Inherited(entity, attribute);
  return ReadFact(val, nullptr, declared.optional != 0, name);
}

// An inherited attribute the long way: its parts come and go with time, or the request carries
// ancestors.
Result Machine::Inherited(uint32_t entity, uint32_t attribute) {
  const AttributeKind& declared = policy_.AttributeOf(request_.TypeOf(entity), attribute);
  const Reached reached = Reach(entity, true);
  FactSet facts = reached.absent;
  int64_t valid_until = kForEver;
  GrowingArray<Val> elements;
  elements.Begin(&s_.arena_);
  InheritedParts parts(declared.inherit, &elements);
  const uint32_t* columns = policy_.ancestor_columns.data() + declared.first_column;
  auto add = [&](uint32_t source) {
    const uint32_t type = request_.TypeOf(source);
    const uint32_t index = columns[type];
    if (index == kNone32) return;
    Val val;
    const EvidenceWindow* window = nullptr;
    if (const CarriedEntity* carried = request_.Carried(source)) {
      val = carried->attributes[index].val;
      window = &carried->attributes[index].window;
    } else if (request_.IsStored(source)) {
      const FactsView::Place place = facts_.At(source);
      val = OwnPartOf(facts_, source, index);
      window = WindowOf(facts_, place.row, facts_.types[place.type], index);
    } else {
      return;
    }
    // A required part may be left out where there is an edge; one that is there but out of its time
    // may not.
    const bool left_out = val.is_none() && !(val.flags & Val::kNotKnown);
    const bool optional = policy_.AttributeOf(type, index).optional != 0 || left_out;
    const Result part = ReadFact(val, window, optional, MissingFacts::Entity(source));
    valid_until = std::min(valid_until, part.valid_until);
    if (part.known()) {
      parts.Add(part.val);
    } else {
      facts = s_.facts_.Union(facts, part.facts);
    }
  };
  add(entity);
  for (uint32_t ancestor : reached.members) {
    if (ancestor != entity) add(ancestor);
  }
  if (facts != 0) return Result::Unknown(facts, valid_until);
  if (parts.any()) return Result::Of(parts.Finish(s_.arena_), valid_until);
  if (declared.optional) return Result::Missing(valid_until);
  return Result::Unknown(MissingFacts::Entity(entity), valid_until);
}

Result Machine::Attr(const Node& node) { return AttrOf(ArgVal(node, 0).entity(), node.payload); }

Result Machine::AttrOf(uint32_t entity, uint32_t attribute_ref) {
  const uint32_t column = policy_.AttributeColumn(attribute_ref, request_.TypeOf(entity));
  if (column == kNone32 || !IsThere(entity)) return Result::Unknown(MissingFacts::Entity(entity));
  const EvidenceWindow* window;
  return ReadAttribute(entity, column, &window);
}

Result Machine::AttrTime(const Node& node, bool issued) {
  const uint32_t entity = ArgVal(node, 0).entity();
  const uint32_t column = policy_.AttributeColumn(node.payload, request_.TypeOf(entity));
  const FactSet name = MissingFacts::Entity(entity);
  if (column == kNone32 || !IsThere(entity)) return Result::Unknown(name);
  const EvidenceWindow* window;
  Result read = ReadAttribute(entity, column, &window);
  if (!read.known()) return read;
  if (window == nullptr || !(issued ? window->has_issued : window->has_expires)) {
    return Result::Unknown(name, read.valid_until);
  }
  read.val = Val::Number(TypeKind::kTime, issued ? window->issued_at : window->expires_at);
  return read;
}

Result Machine::HasAttrOf(uint32_t entity, uint32_t attribute_ref) {
  const uint32_t type = request_.TypeOf(entity);
  const uint32_t column = policy_.AttributeColumn(attribute_ref, type);
  if (!IsThere(entity)) return Result::Unknown(MissingFacts::Entity(entity));
  if (column == kNone32) return Result::Bool(false);
  const EvidenceWindow* window;
  const Result read = ReadAttribute(entity, column, &window);
  if (read.state == Result::State::kUnknown) return read;
  return Result::Bool(read.known(), read.valid_until);
}

// Does the way up from an entity lead through one that the request carries, itself included?
bool Machine::ReachesCarried(uint32_t entity, bool lineage) const {
  if (!request_.carries_any()) return false;
  if (request_.Carried(entity) != nullptr) return true;
  if (entity >= facts_.entity_count) return false;
  const auto absent = ListOf(facts_, ClosureOf(entity, lineage).absent);
  return std::any_of(request_.carried.begin(), request_.carried.end(), [&](const auto& c) {
    return std::binary_search(absent.begin(), absent.end(), c.entity);
  });
}

Machine::Reached Machine::Reach(uint32_t entity, bool lineage) {
  if (ReachesCarried(entity, lineage)) return ReachThroughCarried(entity, lineage);
  if (!IsThere(entity)) return {{}, MissingFacts::Entity(entity)};
  if (entity >= facts_.entity_count) return {};
  const FactsClosure closure = ClosureOf(entity, lineage);
  return {ListOf(facts_, closure.members), MissingFacts::List(closure.absent)};
}

// Stored entities bring their closures; what is left to walk are the few that the request carries.
Machine::Reached Machine::ReachThroughCarried(uint32_t entity, bool lineage) {
  GrowingArray<uint32_t> members;
  GrowingArray<uint32_t> carried_ones;  // met so far; those before `next` are walked
  members.Begin(&s_.arena_);
  carried_ones.Begin(&s_.arena_);
  auto meet = [&](uint32_t e) {
    if (std::find(carried_ones.begin(), carried_ones.end(), e) == carried_ones.end()) {
      carried_ones.push_back(e);
    }
  };
  auto take = [&](uint32_t from) {
    if (request_.Carried(from) != nullptr) return meet(from);
    if (!request_.IsStored(from)) return;
    const FactsClosure closure = ClosureOf(from, lineage);
    const auto above = ListOf(facts_, closure.members);
    members.append(above.data(), above.size());
    for (uint32_t e : ListOf(facts_, closure.absent)) {
      if (request_.Carried(e) != nullptr) meet(e);
    }
  };
  take(entity);
  for (size_t next = 0; next < carried_ones.size(); ++next) {
    const CarriedEntity& carried = *request_.Carried(carried_ones[next]);
    for (uint32_t target : lineage ? carried.derives : carried.parents) {
      members.push_back(target);
      take(target);
    }
  }
  std::sort(members.begin(), members.end());
  members.set_size(
      static_cast<size_t>(std::unique(members.begin(), members.end()) - members.begin()));
  Charge(members.size());
  Reached reached{members.span(), 0};
  if (!IsThere(entity)) reached.absent = MissingFacts::Entity(entity);
  for (uint32_t e : reached.members) {
    if (!IsThere(e)) reached.absent = s_.facts_.Union(reached.absent, MissingFacts::Entity(e));
  }
  return reached;
}

Result Machine::In(uint32_t x, uint32_t y) {
  if (x == y) return Result::Bool(true);
  const Reached reached = Reach(x, false);
  if (std::binary_search(reached.members.begin(), reached.members.end(), y)) {
    return Result::Bool(true);
  }
  return reached.absent != 0 ? Result::Unknown(reached.absent) : Result::Bool(false);
}

Result Machine::InAny(const Node& node) {
  const uint32_t x = ArgVal(node, 0).entity();
  const Result& groups = Arg(node, 1);
  FactSet facts = groups.state == Result::State::kIncomplete ? groups.facts : 0;
  if (groups.val.size != 0) {
    const Reached reached = Reach(x, false);
    for (const Val& group : groups.val.items()) {
      const uint32_t y = group.entity();
      if (x == y || std::binary_search(reached.members.begin(), reached.members.end(), y)) {
        return Result::Bool(true);
      }
    }
    facts = s_.facts_.Union(facts, reached.absent);
  }
  return facts != 0 ? Result::Unknown(facts) : Result::Bool(false);
}

Result Machine::DerivesFrom(const Node& node) {
  const Val& targets = ArgVal(node, 1);
  const bool one = node.op == Opcode::kDerivesFrom;
  if (!one && targets.size == 0) return Result::Bool(false);
  const Reached reached = Reach(ArgVal(node, 0).entity(), true);
  for (const Val& target : one ? std::span<const Val>(&targets, 1) : targets.items()) {
    if (std::binary_search(reached.members.begin(), reached.members.end(), target.entity())) {
      return Result::Bool(true);
    }
  }
  return reached.absent != 0 ? Result::Unknown(reached.absent) : Result::Bool(false);
}

Result Machine::Ancestors(const Node& node) {
  const Reached reached = Reach(ArgVal(node, 0).entity(), true);
  uint32_t count = 0;
  for (uint32_t e : reached.members) count += request_.TypeOf(e) == node.payload;
  Charge(count);
  Val* items = s_.arena_.NewArray<Val>(count);
  if (items == nullptr) return Result::Unknown(0);
  uint32_t at = 0;
  for (uint32_t e : reached.members) {
    if (request_.TypeOf(e) == node.payload) items[at++] = Val::Entity(node.payload, e);
  }
  Result result = Result::Of(Val::Items(TypeKind::kSet, {items, count}));
  if (reached.absent != 0) {
    result.state = Result::State::kIncomplete;
    result.facts = reached.absent;
  }
  return result;
}

// Was the answer for this entity worked out when the facts were loaded, and does nothing in the
// request change it?
bool Machine::QuantifierApplies(uint32_t entity) const {
  return facts_.has_quantifiers && request_.IsStored(entity) && !ReachesCarried(entity, true);
}

}  // namespace ztp
