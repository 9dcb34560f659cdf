// Folds: quantifiers, count, sum, join, set. See machine.h.
#include <algorithm>

#include "engine/core/machine.h"

namespace ztp {
namespace {

bool IsQuantifier(Opcode op) { return op == Opcode::kAny || op == Opcode::kAll; }

// What an element whose filter came to `filter` contributes to `any` (filter and body) or `all`
// (not filter or body).
Result WithFilter(bool any, Result filter, const Result& body, MissingFacts& facts) {
  if (!any && filter.known()) filter.val = Val::Bool(!filter.val.boolean());
  KleeneFold element(!any);
  element.Add(filter, facts);
  element.Add(body, facts);
  return element.Finish();
}

}  // namespace

// Argument 0 is the collection, 1 the filter or nothing, 2 the body. The frame's cursor is 0 until
// the collection is there.
void Machine::StepFold(Workspace::Frame& frame, const Node& node) {
  const uint32_t* args = policy_.args.data() + node.first_arg;
  const uint32_t filter = args[1], body = args[2];
  Workspace::Fold& fold = s_.folds_[node.payload];
  const bool quantifier = IsQuantifier(node.op);
  if (frame.cursor == 0) {
    for (const EarlierFold& earlier : policy_.EarlierFolds(frame.node)) {
      if (!Need(earlier.inner)) return;
    }
    if (!Need(args[0])) return;
    const Result& collection = At(args[0]);
    const bool usable =
        collection.known() || (quantifier && collection.state == Result::State::kIncomplete);
    if (!usable) {
      return Finish(frame.node, Result::Unknown(collection.facts, collection.valid_until));
    }
    BeginFold(fold, node, collection);
    frame.cursor = 1;
  }
  while (true) {
    if (fold.phase == Phase::kNextElement) {
      const bool settled = quantifier && fold.kleene.settled();
      if (settled || fold.next == fold.count || steps_left_ == 0) break;
      SetVariable(node.payload, fold.elements[fold.next++]);
      Charge(1);
      fold.phase = filter == kNone32 ? Phase::kBody : Phase::kFilter;
    }
    if (fold.phase == Phase::kFilter) {
      if (!Need(filter)) return;
      fold.filter = At(filter);
      const Result& f = fold.filter;
      fold.phase = Phase::kBody;
      if (quantifier) {
        // A false one that lasts for ever takes the element out, whatever the body.
        if (f.Is(false) && f.valid_until == kForEver) {
          fold.kleene.Add(Result::Bool(node.op == Opcode::kAll), s_.facts_);
          fold.phase = Phase::kNextElement;
        }
      } else {
        fold.valid_until = std::min(fold.valid_until, f.valid_until);
        if (!f.known()) {
          fold.unknown = true;
          fold.facts = s_.facts_.Union(fold.facts, f.facts);
        }
        if (!f.Is(true)) fold.phase = Phase::kNextElement;
      }
    }
    if (fold.phase == Phase::kBody) {
      if (!Need(body)) return;
      const Result& b = At(body);
      if (!quantifier) {
        AddElement(fold, node);
      } else if (filter == kNone32) {
        fold.kleene.Add(b, s_.facts_);
      } else {
        fold.kleene.Add(WithFilter(node.op == Opcode::kAny, fold.filter, b, s_.facts_), s_.facts_);
      }
      fold.phase = Phase::kNextElement;
    }
  }
  Finish(frame.node, FinishFold(fold, node, At(args[0])));
}

void Machine::BeginFold(Workspace::Fold& fold, const Node& node, const Result& collection) {
  fold.kleene = KleeneFold(node.op == Opcode::kAny);
  if (collection.state == Result::State::kIncomplete) {
    fold.kleene.Add(Result::Unknown(collection.facts), s_.facts_);
  }
  fold.elements = collection.val.list;
  fold.count = collection.val.size;
  fold.next = 0;
  fold.phase = Phase::kNextElement;
  fold.unknown = false;
  fold.facts = 0;
  fold.valid_until = collection.valid_until;
  fold.counted = 0;
  fold.sum = 0;
  fold.label = {};
  fold.items.Begin(&s_.arena_);
}

// The body of an element that the filter lets in.
void Machine::AddElement(Workspace::Fold& fold, const Node& node) {
  const Result& body = At(policy_.args[node.first_arg + 2]);
  fold.valid_until = std::min(fold.valid_until, body.valid_until);
  if (!body.known()) {
    fold.unknown = true;
    fold.facts = s_.facts_.Union(fold.facts, body.facts);
    return;
  }
  switch (node.op) {
    case Opcode::kCount:
      fold.counted += body.val.boolean() ? 1 : 0;
      break;
    case Opcode::kSum:
      fold.sum += body.val.number;
      break;
    case Opcode::kJoinOf:
      fold.label = Join(fold.label, body.val.label());
      break;
    case Opcode::kSetOf:
      fold.items.push_back(body.val);
      break;
    default:
      break;
  }
}

Result Machine::FinishFold(Workspace::Fold& fold, const Node& node, const Result& collection) {
  if (IsQuantifier(node.op)) {
    Result result = fold.kleene.Finish();
    result.valid_until = std::min(result.valid_until, collection.valid_until);
    return result;
  }
  if (fold.unknown) return Result::Unknown(fold.facts, fold.valid_until);
  Result result;
  switch (node.op) {
    case Opcode::kCount:
      result = Result::Of(Val::Number(TypeKind::kInt, fold.counted));
      break;
    case Opcode::kSum:
      result = Number(policy_.KindOf(node), Narrow(fold.sum));
      break;
    case Opcode::kJoinOf:
      result = OfLabel(fold.label);
      break;
    default: {
      const uint32_t count =
          SortUnique(fold.items.data(), static_cast<uint32_t>(fold.items.size()));
      Charge(count);
      result = Result::Of(Val::Items(TypeKind::kSet, {fold.items.data(), count}));
      break;
    }
  }
  result.valid_until = std::min(result.valid_until, fold.valid_until);
  return result;
}

}  // namespace ztp
