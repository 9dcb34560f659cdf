// What is worked out from the graph when facts are loaded: closures, inherited attributes, matches
// of stored texts, quantifiers over ancestors.
#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/inherit.h"
#include "engine/facts/pattern.h"
#include "engine/facts/snapshot_builder.h"

namespace ztp {

// Depth first with a stack of its own (hierarchies may be deep), each entity's closure after those
// of its targets.
absl::Status SnapshotBuilder::Close(const Edges& edges, std::vector<uint32_t>* closure_of,
                                    std::string_view what) {
  enum : uint8_t { kNew, kOpen, kDone };
  const size_t count = edges.size();
  closure_of->assign(count, 0);
  std::vector<uint8_t> state(count, kNew);
  std::vector<std::pair<uint32_t, uint32_t>> stack;  // entity, next edge
  for (uint32_t start = 0; start < count; ++start) {
    if (state[start] != kNew) continue;
    state[start] = kOpen;
    stack.emplace_back(start, 0);
    while (!stack.empty()) {
      const uint32_t entity = stack.back().first;
      if (stack.back().second == edges[entity].size()) {
        (*closure_of)[entity] = CloseOne(edges[entity], *closure_of);
        state[entity] = kDone;
        stack.pop_back();
        continue;
      }
      const uint32_t next = edges[entity][stack.back().second++];
      if (state[next] == kDone) continue;
      if (state[next] == kNew) {
        state[next] = kOpen;
        stack.emplace_back(next, 0);
        continue;
      }
      const Schema& schema = snapshot_->program_->schema;
      auto from = std::find_if(stack.begin(), stack.end(),
                               [&](const auto& frame) { return frame.first == next; });
      std::string cycle;
      for (; from != stack.end(); ++from) {
        Append(cycle, FormatUid(schema, snapshot_->Uid(from->first)), " -> ");
      }
      return InvalidArgument(what, cycle, FormatUid(schema, snapshot_->Uid(next)));
    }
  }
  closure_ids_.clear();
  closure_ids_[{}] = 0;
  return absl::OkStatus();
}

// Entities with the same targets share a closure: in a hierarchy most do.
uint32_t SnapshotBuilder::CloseOne(const std::vector<uint32_t>& targets,
                                   const std::vector<uint32_t>& closure_of) {
  Snapshot& s = *snapshot_;
  const auto [it, fresh] = closure_ids_.emplace(targets, static_cast<uint32_t>(s.closures_.size()));
  if (!fresh) return it->second;
  std::vector<uint32_t> members = targets;
  for (uint32_t target : targets) {
    const auto above = s.List(s.closures_[closure_of[target]].members);
    members.insert(members.end(), above.begin(), above.end());
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  std::vector<uint32_t> absent;
  std::copy_if(members.begin(), members.end(), std::back_inserter(absent),
               [&](uint32_t e) { return IsAbsent(e); });
  const uint32_t id = it->second;
  s.closures_.push_back({InternList(members), InternList(absent)});
  return id;
}

void SnapshotBuilder::WorkOutInherited() {
  Snapshot& s = *snapshot_;
  const Schema& schema = s.program_->schema;
  // Own parts are moved aside first: an ancestor's own part counts, not what it inherited itself.
  for (size_t t = 0; t < schema.entities.size(); ++t) {
    for (size_t a = 0; a < schema.entities[t].attributes.size(); ++a) {
      if (schema.entities[t].attributes[a].inherit != Inherit::kNo) {
        s.columns_[t][a].own = s.columns_[t][a].values;
      }
    }
  }
  for (uint32_t e = 0; e < s.entity_count(); ++e) {
    if (!s.IsStored(e)) continue;
    const std::vector<ztp::Attribute>& attributes = schema[s.TypeOf(e)].attributes;
    for (uint32_t a = 0; a < attributes.size(); ++a) {
      if (attributes[a].inherit == Inherit::kNo) continue;
      s.columns_[s.TypeOf(e).index][a].values[s.entities_[e].row] = InheritedValue(e, a);
    }
  }
}

Val SnapshotBuilder::InheritedValue(uint32_t entity, uint32_t attribute) {
  Snapshot& s = *snapshot_;
  const Schema& schema = s.program_->schema;
  const ztp::Attribute& declared = schema[s.TypeOf(entity)].attributes[attribute];
  InheritedParts parts(declared.inherit);
  const Snapshot::Closure closure = s.Lineage(entity);
  const auto absent = s.List(closure.absent);
  std::vector<uint32_t> unknown(absent.begin(), absent.end());
  bool late = false;
  auto add = [&](uint32_t source) {
    if (!s.IsStored(source)) return;
    const auto index = schema[s.TypeOf(source)].FindAttribute(declared.name);
    if (!index) return;
    if (s.Window(source, *index) != nullptr) late = true;
    const Val& part = s.OwnPart(source, *index);
    if (!part.is_none()) {
      parts.Add(part);
    } else if (part.flags & Val::kNotKnown) {
      unknown.push_back(source);
    }
  };
  add(entity);
  for (uint32_t ancestor : s.List(closure.members)) add(ancestor);

  Val result;
  if (late) {
    result.prefix = Snapshot::kWorkedOutLate;
  } else if (!unknown.empty()) {
    std::sort(unknown.begin(), unknown.end());
    result.flags = Val::kNotKnown;
    result.size = InternList(unknown);
  } else if (parts.any()) {
    result = parts.Finish(s.arena_);
  } else if (!declared.optional) {
    result.flags = Val::kNotKnown;
  }
  return result;
}

void SnapshotBuilder::WorkOutMatches() {
  Snapshot& s = *snapshot_;
  const DecisionProgram& program = *s.program_;
  s.matched_.resize(program.patterns.size());
  std::vector<std::unique_ptr<Pattern>> compiled(program.patterns.size());
  absl::flat_hash_set<std::pair<uint32_t, const char*>> tried;
  // Types nest as deep as their declarations: so does this.
  auto try_all = [&](auto& self, uint32_t pattern, const Val& val) -> void {
    switch (val.kind) {
      case TypeKind::kSet:
      case TypeKind::kList:
      case TypeKind::kMap:
      case TypeKind::kRecord:
        for (const Val& item : val.items()) self(self, pattern, item);
        return;
      case TypeKind::kString:
      case TypeKind::kSpiffeId:
        if (val.text().empty()) return;  // has no address of its own
        if (!tried.insert({pattern, val.bytes}).second) return;
        if (compiled[pattern]->Matches(val.text())) s.matched_[pattern].insert(val.bytes);
        return;
      default:
        return;
    }
  };
  for (const StoredMatch& match : program.stored_matches) {
    std::unique_ptr<Pattern>& pattern = compiled[match.pattern];
    if (pattern == nullptr) {
      pattern = std::make_unique<Pattern>(program.Text(program.patterns[match.pattern]));
    }
    if (match.entity_type == kNone32) {
      try_all(try_all, match.pattern, s.constants_[match.index]);
      continue;
    }
    const Snapshot::Column& column = s.columns_[match.entity_type][match.index];
    for (const Val& val : column.values) try_all(try_all, match.pattern, val);
    for (const Val& val : column.own) try_all(try_all, match.pattern, val);
  }
}

void SnapshotBuilder::WorkOutQuantifiers(QuantifierSolver& solver) {
  Snapshot& s = *snapshot_;
  const DecisionProgram& program = *s.program_;
  std::vector<std::vector<Snapshot::Quantified>> results;
  for (uint32_t q = 0; q < program.quantifiers.size(); ++q) {
    const QuantifierRecord& record = program.quantifiers[q];
    const Tri deciding = ToTri(record.is_all == 0);
    absl::flat_hash_map<uint32_t, std::pair<Tri, std::vector<uint32_t>>> elements;
    std::vector<Snapshot::Quantified>& of_closure = results.emplace_back();
    for (const Snapshot::Closure& closure : s.closures_) {
      Tri value = Not(deciding);
      const auto absent = s.List(closure.absent);
      std::vector<uint32_t> facts(absent.begin(), absent.end());
      if (!absent.empty()) value = Tri::kUnknown;
      for (uint32_t ancestor : s.List(closure.members)) {
        if (s.TypeOf(ancestor).index != record.ancestor_type) continue;
        const auto [it, fresh] = elements.try_emplace(ancestor);
        auto& [element, missing] = it->second;
        if (fresh) element = solver.Solve(s, q, ancestor, &missing);
        if (element == deciding) {
          value = deciding;
          break;
        }
        if (element == Tri::kUnknown) {
          value = Tri::kUnknown;
          facts.insert(facts.end(), missing.begin(), missing.end());
        }
      }
      Snapshot::Quantified quantified{value, 0};
      if (value == Tri::kUnknown) {
        std::sort(facts.begin(), facts.end());
        facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
        quantified.facts = InternList(facts);
      }
      of_closure.push_back(quantified);
    }
  }
  // All at once: until then the solver sees none, and evaluates nested ones the long way.
  s.quantified_ = std::move(results);
}

}  // namespace ztp
