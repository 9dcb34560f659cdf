// Where a route's values come from, and what may be made of them. See routes.h.
#include <algorithm>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/quote.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/sema/routes.h"
#include "engine/syntax/parser.h"

namespace ztp::sema {
namespace {

using syntax::ExprKind;

// What a place begins with, and how such a place is written.
struct SourceForm {
  std::string_view word;
  std::string_view form;
};
constexpr SourceForm kSources[] = {
    {"method", "method"},
    {"authority", "authority"},
    {"query", "query.name"},
    {"header", "header[\"name\"]"},
    {"body", "body.name"},
    {"bearer", "bearer"},
    {"peer", "peer.spiffe or peer.certificate"},
    {"client", "client.spiffe"},
    {"source", "source.ip"},
    {"proven", "proven.input.field"},
};

// Null: places begin with no such word.
const SourceForm* FindSource(std::string_view word) {
  const auto found = std::find_if(std::begin(kSources), std::end(kSources),
                                  [&](const SourceForm& source) { return source.word == word; });
  return found == std::end(kSources) ? nullptr : found;
}

// RFC 9110, 5.1.
bool IsHeaderName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<RouteChecker::Sourced> RouteChecker::Read(Context& c, syntax::ExprId id) {
  const syntax::Ast& ast = *c.site.ast;
  const syntax::Expr& e = At(c, id);
  if (e.kind == ExprKind::kBinary && e.binary_op == syntax::BinaryOp::kCoalesce) {
    auto value = Read(c, ast.Child(e, 0));
    auto literal = Literal(c, ast.Child(e, 1));
    if (!value || !literal) return std::nullopt;
    if (value->value.source == RouteSource::kLiteral) {
      Bad(e.span, "a literal is always there: it needs no other in its place");
      return std::nullopt;
    }
    value->value.fallback = *std::move(literal);
    value->fallback = ast.Child(e, 1);
    value->ast = &ast;
    return value;
  }
  if (e.kind == ExprKind::kCall && names_.Text(e.name) == "trust" && ast.Children(e).size() == 1) {
    auto value = Read(c, ast.Child(e, 0));
    if (value) value->rank = std::max(value->rank, Rank::kVouched);
    return value;
  }
  switch (e.kind) {
    case ExprKind::kString:
    case ExprKind::kInt:
    case ExprKind::kBool: {
      auto literal = Literal(c, id);
      if (!literal) return std::nullopt;
      return Sourced{.value = {.fallback = *std::move(literal)},
                     .rank = Rank::kProven,
                     .fallback = id,
                     .ast = &ast,
                     .at = &e};
    }
    case ExprKind::kName:
    case ExprKind::kField:
    case ExprKind::kIndex:
      return ReadPlace(c, id);
    case ExprKind::kError:
      return std::nullopt;
    default:
      Bad(e.span, "a route says where a value stands, and works nothing out",
          "places are body.a.b, header[\"x-y\"], query.q, a name of the path or of the peer's id, "
          "peer.spiffe, client.spiffe, source.ip, method, authority, bearer, proven.input.field");
      return std::nullopt;
  }
}

std::optional<RouteChecker::Sourced> RouteChecker::ReadFor(Context& c, syntax::ExprId id,
                                                           TypeId type) {
  const Schema& schema = names_.schema();
  const syntax::Expr* root = &At(c, id);
  const TypeKind kind = schema.types.kind(type);
  const bool is_chain =
      kind == TypeKind::kLattice &&
      schema[LatticeId{schema.types[type].decl}].kind == LatticeType::Kind::kChain;
  if (kind != TypeKind::kEnum && !is_chain) return Read(c, id);
  while (root->kind == ExprKind::kField) root = &At(c, c.site.ast->Child(*root, 0));
  if (root->kind != ExprKind::kName) return Read(c, id);
  const bool is_local = std::any_of(c.locals.begin(), c.locals.end(),
                                    [&](const Local& l) { return l.name == root->name; });
  const bool is_source = FindSource(names_.Text(root->name)) != nullptr;
  if (is_local || is_source) return Read(c, id);
  const auto value = names_.const_evaluator()({c.site.ast, id}, type, c.site.package);
  if (!value) return std::nullopt;
  std::string text = FormatValue(schema, type, value->value);
  text.erase(0, text.rfind('.') + 1);
  return Sourced{.value = {.fallback = JsonText(text)},
                 .rank = Rank::kProven,
                 .fallback = id,
                 .ast = c.site.ast,
                 .at = &At(c, id)};
}

bool RouteChecker::Flatten(Context& c, syntax::ExprId id, Symbol* root,
                           std::vector<std::string>* path) {
  const syntax::Ast& ast = *c.site.ast;
  const syntax::Expr& e = At(c, id);
  switch (e.kind) {
    case ExprKind::kName:
      *root = e.name;
      return true;
    case ExprKind::kField:
      if (!Flatten(c, ast.Child(e, 0), root, path)) return false;
      path->emplace_back(names_.Text(e.name));
      return true;
    case ExprKind::kIndex: {
      if (!Flatten(c, ast.Child(e, 0), root, path)) return false;
      const syntax::Expr& key = At(c, ast.Child(e, 1));
      if (key.kind != ExprKind::kString) {
        if (key.kind != ExprKind::kError) {
          Bad(key.span, "a name in quotes stands between the brackets");
        }
        return false;
      }
      path->push_back(ast.String(key).value);
      return true;
    }
    default:
      if (e.kind != ExprKind::kError) Bad(e.span, "this is no place in a request");
      return false;
  }
}

std::optional<RouteChecker::Sourced> RouteChecker::ReadPlace(Context& c, syntax::ExprId id) {
  const syntax::Expr& e = At(c, id);
  Symbol root;
  std::vector<std::string> path;
  if (!Flatten(c, id, &root, &path)) return std::nullopt;
  const std::string name(names_.Text(root));
  for (const Local& local : c.locals) {
    if (local.name != root) continue;
    if (local.lost) return std::nullopt;
    Sourced value = local.value;
    value.at = &e;
    if (path.empty()) return value;
    if (value.value.source == RouteSource::kBody && !value.fallback.valid()) {
      value.value.path.insert(value.value.path.end(), path.begin(), path.end());
      return value;
    }
    Bad(e.span, Cat(Quoted(name), " has no parts"));
    return std::nullopt;
  }
  if (FindSource(name) != nullptr) {
    return ReadSource(c, e, name, std::move(path));
  }
  if (c.lost_names) return std::nullopt;
  std::vector<std::string> candidates;
  for (const SourceForm& source : kSources) candidates.emplace_back(source.word);
  for (const Local& local : c.locals) candidates.emplace_back(names_.Text(local.name));
  ReportUnknown(e.span, Cat("there is nothing called ", Quoted(name), " in a request"), name,
                candidates, Cat("there are: ", Join(candidates, ", ")));
  return std::nullopt;
}

std::optional<RouteChecker::Sourced> RouteChecker::ReadSource(Context& c, const syntax::Expr& e,
                                                              std::string_view root,
                                                              std::vector<std::string> path) {
  const auto of = [&](RouteSource source, Rank rank) {
    return Sourced{.value = {.source = source}, .rank = rank, .at = &e};
  };
  const bool alone = path.empty();
  const bool one = path.size() == 1;
  if (alone && root == "method") return of(RouteSource::kMethod, Rank::kClaimed);
  if (alone && root == "authority") return of(RouteSource::kAuthority, Rank::kClaimed);
  if (alone && root == "bearer") return of(RouteSource::kBearer, Rank::kClaimed);
  if (one && root == "query") {
    Sourced value = of(RouteSource::kQuery, Rank::kClaimed);
    value.value.name = path[0];
    return value;
  }
  if (one && root == "header") {
    Sourced value = of(RouteSource::kHeader, Rank::kClaimed);
    value.value.name = path[0];
    std::transform(path[0].begin(), path[0].end(), value.value.name.begin(), AsciiLower);
    if (!IsHeaderName(value.value.name)) {
      Bad(e.span, Cat(Quoted(path[0]), " is no name of a header"));
      return std::nullopt;
    }
    return value;
  }
  if (!alone && root == "body") {
    Sourced value = of(RouteSource::kBody, Rank::kClaimed);
    value.value.path = std::move(path);
    return value;
  }
  if (one && root == "peer" && path[0] == "spiffe")
    return of(RouteSource::kPeerSpiffe, Rank::kVouched);
  if (one && root == "peer" && path[0] == "certificate") {
    return of(RouteSource::kPeerCertificate, Rank::kVouched);
  }
  if (one && root == "client" && path[0] == "spiffe") {
    if (!c.names_proxy) {
      ReportNoProxy(e.span);
      return std::nullopt;
    }
    return of(RouteSource::kClientSpiffe, Rank::kVouched);
  }
  if (one && root == "source" && path[0] == "ip") return of(RouteSource::kSourceIp, Rank::kVouched);
  if (root == "proven" && path.size() >= 2) return ReadProven(c, e, path);
  Bad(e.span, "this is no place in a request", Cat("write ", FindSource(root)->form));
  return std::nullopt;
}

std::optional<RouteChecker::Sourced> RouteChecker::ReadProven(
    Context& c, const syntax::Expr& e, const std::vector<std::string>& path) {
  const Schema& schema = names_.schema();
  for (const InputId id : c.proofs) {
    const Input& input = schema[id];
    if (input.name != path[0]) continue;
    TypeId type = input.type;
    for (size_t i = 1; i < path.size(); ++i) {
      const Type& t = schema.types[type];
      const auto field = std::find_if(t.fields.begin(), t.fields.end(),
                                      [&](const Field& f) { return f.name == path[i]; });
      if (t.kind != TypeKind::kRecord || field == t.fields.end()) {
        names_.sink().Report(
            Diagnostic(DiagKind::kUnknownAttribute, e.span,
                       Cat(schema.TypeName(type), " has no field ", Quoted(path[i])))
                .Mark("not a field"));
        return std::nullopt;
      }
      type = field->type;
    }
    Sourced value{.value = {.source = RouteSource::kProven, .name = path[0]},
                  .rank = Rank::kProven,
                  .type = type,
                  .at = &e};
    value.value.path.assign(path.begin() + 1, path.end());
    return value;
  }
  if (std::any_of(c.lost_proofs.begin(), c.lost_proofs.end(),
                  [&](Symbol lost) { return names_.Text(lost) == path[0]; })) {
    return std::nullopt;
  }
  Bad(e.span, Cat("this route has no evidence for ", Quoted(path[0])),
      Cat("write above: proven ", path[0], " from bearer"));
  return std::nullopt;
}

std::optional<std::string> RouteChecker::Literal(Context& c, syntax::ExprId id) {
  const syntax::Expr& e = At(c, id);
  switch (e.kind) {
    case ExprKind::kString: {
      const syntax::StringLiteral& string = c.site.ast->String(e);
      if (string.bad_escape) {
        syntax::ReportBadEscape(names_.sources(), *c.site.ast, id, names_.sink());
        return std::nullopt;
      }
      return JsonText(string.value);
    }
    case ExprKind::kInt:
      return std::string(names_.Text(e.name));
    case ExprKind::kBool:
      return e.flag ? "true" : "false";
    case ExprKind::kError:
      return std::nullopt;
    default:
      Bad(e.span, "a literal stands here: text, a number, true or false");
      return std::nullopt;
  }
}

bool RouteChecker::FromText(TypeId type) const {
  const Schema& schema = names_.schema();
  switch (schema.types.kind(type)) {
    case TypeKind::kNone:
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kString:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kVersion:
    case TypeKind::kHexVersion:
    case TypeKind::kIp:
    case TypeKind::kCidr:
    case TypeKind::kDigest:
    case TypeKind::kSpiffeId:
    case TypeKind::kGlob:
    case TypeKind::kEnum:
      return true;
    case TypeKind::kLattice:
      return schema[LatticeId{schema.types[type].decl}].kind == LatticeType::Kind::kChain;
    default:
      return false;
  }
}

bool RouteChecker::Fits(Context& c, const Sourced& value, TypeId type, Rank rank,
                        std::string_view what) {
  if (names_.schema().types.kind(type) == TypeKind::kNone) return false;
  const auto wrong = [&](std::string found) {
    names_.sink().Report(
        Diagnostic(DiagKind::kTypeMismatch, value.at->span, Cat(what, " cannot be read from here"))
            .Mark(std::move(found))
            .Expected(names_.schema().TypeName(type)));
    return false;
  };
  if (rank == Rank::kProven) {
    names_.sink().Report(Diagnostic(DiagKind::kNotProvenValue, value.at->span,
                                    Cat(what, " is proven, and no request carries it"))
                             .Mark("not evidence"));
    return false;
  }
  if (value.rank < rank) {
    names_.sink().Report(
        Diagnostic(DiagKind::kClaimedWithoutTrust, value.at->span,
                   Cat(what, " is vouched for, and whoever sends a request can write this"))
            .Mark("claimed")
            .Help("write trust(…) around it if you believe it"));
    return false;
  }
  switch (value.value.source) {
    case RouteSource::kLiteral:
    case RouteSource::kBody:
      break;
    case RouteSource::kProven:
      if (value.type != type) return wrong(names_.schema().TypeName(value.type));
      break;
    default:
      if (!FromText(type)) return wrong("text");
  }
  if (value.fallback.valid()) {
    return names_.const_evaluator()({value.ast, value.fallback}, type, c.site.package).has_value();
  }
  return true;
}

std::optional<RouteText> RouteChecker::Text(Context& c, syntax::ExprId entity, bool may_be_claimed,
                                            std::string_view what) {
  const syntax::Expr& e = At(c, entity);
  auto made = TextTemplate::Parse(c.site.ast->String(e).value);
  if (!made.ok()) {
    Bad(e.span, Cat("this is no id: ", Message(made.status())),
        "names of the path, of the peer's id, and of 'let' lines stand in braces: \"{ns}/{sa}\"");
    return std::nullopt;
  }
  RouteText text;
  text.after = std::move(made->after);
  for (TextTemplate::Piece& piece : made->pieces) {
    const auto local = std::find_if(c.locals.begin(), c.locals.end(), [&](const Local& l) {
      return names_.Text(l.name) == piece.name;
    });
    if (local == c.locals.end()) {
      if (c.lost_names) return std::nullopt;
      std::vector<std::string> candidates;
      for (const Local& l : c.locals) candidates.emplace_back(names_.Text(l.name));
      ReportUnknown(e.span, Cat("nothing here is called ", Quoted(piece.name)), piece.name,
                    candidates, Cat("name it in a line above: let ", piece.name, " = …"));
      return std::nullopt;
    }
    if (local->lost) return std::nullopt;
    if (!may_be_claimed && local->value.rank == Rank::kClaimed) {
      names_.sink().Report(
          Diagnostic(
              DiagKind::kClaimedWithoutTrust, e.span,
              Cat("whoever sends a request can write ", Quoted(piece.name), ", and with it ", what))
              .Mark("rests on a claimed value")
              .Label(local->span, "claimed")
              .Help("take the id from the peer, from evidence (proven.input.field), or write "
                    "trust(…) around it if you believe it"));
      return std::nullopt;
    }
    if (local->value.value.source == RouteSource::kProven && !FromText(local->value.type)) {
      Bad(e.span, Cat(Quoted(piece.name), " is no text"));
      return std::nullopt;
    }
    text.pieces.push_back({std::move(piece.before), local->value.value});
  }
  return text;
}

}  // namespace ztp::sema
