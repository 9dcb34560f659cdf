// Membership: `in`, `not in`, `derives from`.
#include <algorithm>

#include "engine/base/str.h"
#include "engine/sema/check_expr.h"

namespace ztp::sema {

using syntax::BinaryOp;
using syntax::ExprKind;

// The edges of the hierarchy are the fact store's word, or, of an entity that the request carries,
// the requester's. Such an entity may stand anywhere on the path.
Rank ExprChecker::EdgeRank(const Type& member, const Type& group) const {
  for (EntityTypeId from : member.entities) {
    for (EntityTypeId to : group.entities) {
      if (names_.ClaimedOnTheWay(from, to)) return Rank::kClaimed;
    }
  }
  return Rank::kVouched;
}

Typed ExprChecker::CheckIn(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  Typed a, b;
  if (Flexibility(c, left) > 0 && Flexibility(c, right) < 2) {
    b = Check(c, right);
    // What the elements of the right side are, a literal or bare name on the left is.
    const Type of = type(b.type);
    TypeId element;
    switch (of.kind) {
      case TypeKind::kSet:
      case TypeKind::kList:
        element = kind(of.element) == TypeKind::kCidr ? Scalar(TypeKind::kIp) : of.element;
        break;
      case TypeKind::kCidr:
        element = Scalar(TypeKind::kIp);
        break;
      case TypeKind::kLattice: {
        const LatticeType& lattice = schema()[LatticeId{of.decl}];
        if (lattice.kind == LatticeType::Kind::kPowerSet ||
            lattice.kind == LatticeType::Kind::kDual) {
          element = types().Enum(lattice.elements);
        } else if (left->kind == ExprKind::kName && Flexibility(c, left) == 2) {
          Diagnostic d(DiagKind::kBadOperand, e->name_span.valid() ? e->name_span : e->span,
                       Cat("nothing is 'in' a label of ", TypeName(b.type)));
          d.SetMark("asks a power set");
          d.AddLabel(b.span, Cat("this is ", TypeName(b.type)));
          if (!lattice.parts.empty()) {
            d.AddHelp(Cat("ask one of its parts: '", SourceText(left->span), " in ",
                          SourceText(b.span), ".", lattice.parts.front().name, "'"));
          }
          Report(std::move(d));
          return Failed(e);
        }
        break;
      }
      default:
        break;
    }
    if (b.ok() || Flexibility(c, left) < 2) {
      a = Demand(c, left, CheckAny(c, left, element));
    }
  } else {
    a = Check(c, left);
    TypeId wanted;
    switch (kind(a.type)) {
      case TypeKind::kNone:
      case TypeKind::kEntity:
        break;
      case TypeKind::kIp: {
        const TypeId cidr = Scalar(TypeKind::kCidr);
        wanted = right->kind == ExprKind::kString ? cidr
                 : right->kind == ExprKind::kList ? types().List(cidr)
                                                  : types().Set(cidr);
        break;
      }
      default:
        wanted = right->kind == ExprKind::kList ? types().List(a.type) : types().Set(a.type);
        break;
    }
    const bool empty = right->kind == ExprKind::kEmpty && kind(a.type) == TypeKind::kEntity;
    if (empty) wanted = types().Set(a.type);
    if (a.ok() || Flexibility(c, right) < 2) {
      // Entity literals know their types, and another type's entity may hold this one.
      b = Demand(c, right, CheckAny(c, right, wanted));
    }
  }
  if (!a.ok() || !b.ok()) return Failed(e);
  return MembershipOf(c, e, a, b);
}

Typed ExprChecker::MembershipOf(Context&, ExprRef e, const Typed& a, const Typed& b) {
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  const Type x = type(a.type), y = type(b.type);
  ExprId id;
  const auto fail = [&](DiagKind kind, std::string message, std::string help) {
    Diagnostic d(kind, e->name_span.valid() ? e->name_span : e->span, std::move(message));
    d.SetMark("can never hold");
    d.AddLabel(a.span, Cat("this is ", TypeName(a.type)));
    d.AddLabel(b.span, Cat("this is ", TypeName(b.type)));
    if (!help.empty()) d.AddHelp(std::move(help));
    Report(std::move(d));
    return Failed(e);
  };
  const auto can_be_in = [&](const std::vector<EntityTypeId>& groups) {
    return std::any_of(x.entities.begin(), x.entities.end(), [&](EntityTypeId member) {
      return std::any_of(groups.begin(), groups.end(),
                         [&](EntityTypeId group) { return names_.CanBeIn(member, group); });
    });
  };
  switch (y.kind) {
    case TypeKind::kEntity:
      if (x.kind != TypeKind::kEntity) {
        return fail(DiagKind::kBadOperand,
                    Cat(TypeName(a.type), " cannot be a member of an entity"), "");
      }
      if (!can_be_in(y.entities)) {
        return fail(
            DiagKind::kNoOverlap, Cat(TypeName(a.type), " can never be in ", TypeName(b.type)),
            Cat("declare 'entity ", TypeName(a.type), " in ", TypeName(b.type), "' if it can"));
      }
      lowest.Add(EdgeRank(x, y), e->span);
      id = Make(e->span, Op::kIn, bool_, {a.id, b.id});
      break;
    case TypeKind::kSet:
    case TypeKind::kList: {
      const Type element = type(y.element);
      if (x.kind == TypeKind::kEntity && element.kind == TypeKind::kEntity) {
        if (!can_be_in(element.entities)) {
          return fail(DiagKind::kNoOverlap,
                      Cat(TypeName(a.type), " can never be in ", TypeName(y.element)),
                      Cat("declare 'entity ", TypeName(a.type), " in ", TypeName(y.element),
                          "' if it can"));
        }
        lowest.Add(EdgeRank(x, element), e->span);
        id = Make(e->span, Op::kInAny, bool_, {a.id, b.id});
      } else if (x.kind == TypeKind::kIp && element.kind == TypeKind::kCidr) {
        id = Make(e->span, Op::kIpIn, bool_, {a.id, b.id});
      } else if (Overlap(a.type, y.element)) {
        id = Make(e->span, Op::kContains, bool_, {b.id, a.id});
      } else {
        const bool both = Overlap(a.type, b.type);
        return fail(DiagKind::kNoOverlap,
                    Cat(TypeName(a.type), " is never an element of ", TypeName(b.type)),
                    both ? Cat("whether all of it is there: '", SourceText(b.span), ".containsAll(",
                               SourceText(a.span), ")'")
                         : std::string());
      }
      break;
    }
    case TypeKind::kCidr:
      if (x.kind != TypeKind::kIp) {
        return fail(DiagKind::kBadOperand, Cat(TypeName(a.type), " is never in a network"), "");
      }
      id = Make(e->span, Op::kIpIn, bool_, {a.id, b.id});
      break;
    case TypeKind::kLattice: {
      const LatticeType& lattice = schema()[LatticeId{y.decl}];
      const bool set =
          lattice.kind == LatticeType::Kind::kPowerSet || lattice.kind == LatticeType::Kind::kDual;
      if (!set || x.kind != TypeKind::kEnum || x.decl != lattice.elements.index) {
        return fail(DiagKind::kBadOperand,
                    Cat(TypeName(a.type), " is never an element of ", TypeName(b.type)),
                    a.type == b.type ? Cat("labels are compared with 'flows to'")
                    : lattice.kind == LatticeType::Kind::kProduct
                        ? Cat("ask one of its parts: '… in ", SourceText(b.span), ".",
                              lattice.parts.empty() ? "part" : lattice.parts.front().name, "'")
                        : std::string());
      }
      id = Make(e->span, Op::kInLabel, bool_, {a.id, b.id});
      break;
    }
    default: {
      const bool map = y.kind == TypeKind::kMap;
      return fail(DiagKind::kBadOperand, Cat("nothing is in ", TypeName(b.type)),
                  map ? Cat("whether a key is there: '", SourceText(a.span), " in ",
                            SourceText(b.span), ".keys'")
                  : y.kind == TypeKind::kString ? "texts are matched with 'like' or 'matches'"
                                                : "");
    }
  }
  if (id.valid() && e->binary_op == BinaryOp::kNotIn) id = Not(id);
  return Result(e, id, bool_, lowest);
}

Typed ExprChecker::CheckDerivesFrom(Context& c, ExprRef e) {
  const Typed a = Check(c, Child(e, 0));
  const ExprRef right = Child(e, 1);
  const Typed b =
      Demand(c, right,
             CheckAny(c, right,
                      right->kind == ExprKind::kEmpty && a.ok() ? types().Set(a.type) : TypeId{}));
  if (!a.ok() || !b.ok()) return Failed(e);
  const Type x = type(a.type), y = type(b.type);
  const bool set = y.kind == TypeKind::kSet || y.kind == TypeKind::kList;
  const Type of = set ? type(y.element) : y;
  if (x.kind != TypeKind::kEntity || of.kind != TypeKind::kEntity) {
    return BadOperands(e, a, b, "two entities, or an entity and a set of entities");
  }
  const bool possible = std::any_of(x.entities.begin(), x.entities.end(), [&](EntityTypeId m) {
    return std::any_of(of.entities.begin(), of.entities.end(),
                       [&](EntityTypeId ancestor) { return names_.CanDeriveFrom(m, ancestor); });
  });
  if (!possible) {
    Report(Diagnostic(
               DiagKind::kNoOverlap, e->name_span.valid() ? e->name_span : e->span,
               Cat(TypeName(a.type), " never derives from ", TypeName(set ? y.element : b.type)))
               .Mark("can never hold")
               .Help(Cat("declare 'entity ", TypeName(a.type), " derives ",
                         TypeName(set ? y.element : b.type), "' if it can")));
    return Failed(e);
  }
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  lowest.Add(Rank::kVouched, e->span);
  return Result(e, Make(e->span, Op::kDerivesFrom, bool_, {a.id, b.id}), bool_, lowest);
}

}  // namespace ztp::sema
