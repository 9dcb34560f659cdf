// The two readers of requests take the same texts and read the same from them: on random requests
// of every type, on texts that are nearly right, and on every byte of a request changed.
#include "engine/eval/json_request_fast.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/eval/json_request.h"
#include "engine/sema/check_testing.h"

namespace ztp {
namespace {

constexpr char kPolicy[] = R"(ztp 1
package t
enum Color { red, green }
lattice Chain { low < high }
lattice Tags of { pii, phi }
lattice Zones dual of { eu, us }
lattice Label { level: Chain, tags: Tags, zones: Zones }
type Point = { x: Int, y?: Decimal, c: Color = green }
entity Group
entity User in Group carried claimed { age: Int, names: Set<String>, home?: Group, p: Point proven }
entity Doc in home: Group carried claimed {
  b: Bool, i: Int, d: Decimal, s: String, t: Time, u: Duration, v: Version, h: HexVersion, ip: Ip,
  net: Set<Cidr>, dig: Digest, sp: SpiffeId, g: Glob, c: Color, l: Label, ps: List<Point>,
  m: Map<String, Int>, mv?: Map<Version, Int>, proof?: Point proven, o?: Set<Group>, one?: Cidr
}
entity Stored { a: Int }
input where?: Ip
input seen: Set<Label>
input ev?: Point proven
input rank?: Int proven
input team?: Group proven
input flag: Bool
input two: { a: Point, b: List<Set<Int>> }
input a_name_of_more_than_sixteen_bytes?: String
input a_name_of_more_than_SIXTEEN_bytes?: String
action read = "doc.read" on Doc, Stored by User, Stored with { n: Int, why?: String, k: Color vouched, m: Int = 3 }
action see on Doc by User
obligation note(text: String)
obligation log()
permit p { principal any action read, see resource any oblige note("x") }
)";

class JsonRequestFast : public testing::Test {
 protected:
  JsonRequestFast() : checked_(sema::CheckText(kPolicy)) {
    EXPECT_NE(checked_->program, nullptr) << checked_->Shown();
    options_.now = Time{1'893'456'000'000'000};
    UseOptions();
  }

  const Schema& schema() const { return checked_->program->schema; }

  // Readers that are kept, as a server keeps them: what one text leaves behind must not show in the
  // next.
  void UseOptions() {
    filler_.emplace(schema(), options_);
    parser_.emplace(schema(), options_);
  }

  // Holds the readers against each other. Was the text read in one go?
  bool Compare(const std::string& text) {
    const ReadRequestResult careful = ReadRequest(text, schema(), options_);
    const Request* parsed = parser_->Read(text);
    EXPECT_EQ(parsed != nullptr, careful.request.has_value()) << text;
    EXPECT_EQ(parser_->errors(), careful.errors) << text;
    if (parsed != nullptr && careful.request) {
      EXPECT_TRUE(*parsed == *careful.request) << text;
    }
    // Over the last request, whatever became of that one.
    const bool quick = filler_->Fill(text, &request_);
    EXPECT_EQ(quick, parser_->was_quick()) << text;
    if (quick) {
      EXPECT_TRUE(careful.request) << text;
      if (careful.request) {
        EXPECT_TRUE(request_ == *careful.request) << text;
      }
    }
    ++texts_;
    if (careful.request) ++good_;
    return quick;
  }
  void ExpectQuick(const std::string& text) { EXPECT_TRUE(Compare(text)) << text; }
  void ExpectCareful(const std::string& text) { EXPECT_FALSE(Compare(text)) << text; }

  std::unique_ptr<sema::Checked> checked_;
  RequestOptions options_;
  std::optional<RequestFiller> filler_;
  std::optional<RequestParser> parser_;
  Request request_;
  size_t texts_ = 0;
  size_t good_ = 0;
};

// A request with everything in it that a request can have.
constexpr char kWhole[] =
    R"({"subject":{"type":"User","id":"a \"b\" é","properties":{"age":-7,"names":["x","y\u00e9","x"],)"
    R"("home":"Group::\"g\"","p":{"x":1,"issued_at":"2029-01-01T00:00:00Z","c":"red"}},"other":[{"a":1}]},)"
    R"("action":{"name":"doc.read","properties":{"n":5,"k":"green","why":"a reason of more than fifteen bytes","z":{}}},)"
    R"("resource":{"properties":{"b":true,"i":0,"d":1.250,"s":"","t":"2029-01-01T00:00:00.5+01:00","u":"1h30m",)"
    R"("v":"1.2-rc.1","h":"96.00.5e","ip":"2001:db8::1","net":["10.0.0.0/8","10.1.2.3"],)"
    R"("dig":"sha256:00112233445566778899AABBccddeeff00112233445566778899aabbccddeeff","sp":"spiffe://a.b/c","g":"/x/**",)"
    R"("c":"red","l":{"tags":["pii"],"level":"high","zones":["us"]},"ps":[{"x":2},{"c":"green","y":"0.5","x":3}],)"
    R"("m":{"b":1,"a":2},"proof":{"x":9,"y":-0.25,"expires_at":"2031-01-01T00:00:00Z"},)"
    R"("home":{"id":"g2","type":"Group"},"o":[{"type":"Group","id":"z"},"Group::\"y\""]},"type":"Doc","id":"d"},)"
    R"("context":{"where":"10.1.2.3","seen":[{"level":"low","tags":[],"zones":[]}],"now":"2031-01-01T00:00:00Z",)"
    R"("ev":{"x":1},"rank":{"value":3,"expires_at":"2031-01-01T00:00:00Z"},"flag":false,"unheard":{"of":null},)"
    R"("a_name_of_more_than_SIXTEEN_bytes":"1","two":{"a":{"x":1e2},"b":[]}},)"
    R"("evidence":[],"can":["note","unheard of","note"],"x":[1,-2.5e+3,true,false,null,"\ud83d\ude00\n"]})";

std::string Whole() {
  std::string text = kWhole;
  // An Int with an exponent is none: the test of mistakes has it.
  text.replace(text.find("1e2"), 3, "102");
  return text;
}

TEST_F(JsonRequestFast, EverythingInOneRequest) {
  options_.accept_now = options_.assume_proven = true;
  UseOptions();
  ExpectQuick(Whole());
  const Request first = request_;
  EXPECT_EQ(first.carried.size(), 2u);
  EXPECT_EQ(first.principal.id, "a \"b\" \xc3\xa9");
  EXPECT_EQ(first.inputs[3].expires_at, first.now);
  ExpectCareful(kWhole);
  ExpectQuick(Whole());
  EXPECT_TRUE(request_ == first);
}

TEST_F(JsonRequestFast, WhatIsLeftOutIsNotThatOfTheLastRequest) {
  options_.accept_now = options_.assume_proven = true;
  UseOptions();
  const std::string least =
      R"({"subject":{"type":"Stored","id":"s"},"resource":{"type":"Stored","id":"r"},)"
      R"("action":{"name":"doc.read","properties":{"n":1,"k":"red"}}})";
  for (int i = 0; i < 2; ++i) {
    ExpectQuick(Whole());
    ExpectQuick(least);
    EXPECT_TRUE(request_.carried.empty());
    EXPECT_FALSE(request_.can);
    EXPECT_EQ(request_.now, options_.now);
    EXPECT_EQ(request_.inputs, std::vector<Fact>(request_.inputs.size()));
  }
}

TEST_F(JsonRequestFast, EveryByteChangedTakenOutAndAdded) {
  constexpr char kBytes[] =
      "\0\t\n\x1f !\"#'*+,-./019:;=@AEZ[\\]_abefnrtuz{}~\x7f\x80\xa9\xc3\xed\xff";
  const std::string bytes(kBytes, sizeof(kBytes) - 1);
  for (const bool opted_in : {true, false}) {
    options_.accept_now = options_.assume_proven = opted_in;
    UseOptions();
    const std::string whole = Whole();
    for (size_t i = 0; i <= whole.size(); ++i) {
      if (!opted_in && i % 4 != 0) continue;
      Compare(whole.substr(0, i));
      for (const char byte : bytes) {
        std::string added = whole;
        added.insert(i, 1, byte);
        Compare(added);
        if (i == whole.size()) continue;
        std::string changed = whole;
        changed[i] = byte;
        Compare(changed);
      }
      Compare(std::string(whole).erase(std::min(i, whole.size() - 1), 1));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(good_, texts_ / 50) << "most changes are mistakes, not all";
}

// Random requests, of the schema's types and nearly so.
class Maker {
 public:
  Maker(const Schema& schema, uint64_t seed) : schema_(schema), random_(seed) {}

  // One mistake in `odds` places at which one can be made; 0: none.
  std::string Make(uint32_t odds) {
    odds_ = odds;
    const Action& action = Any(schema_.actions);
    std::vector<std::string> members;
    members.push_back(Member("subject", Entity(AnyType(action.principals))));
    members.push_back(Member("resource", Entity(AnyType(action.resources))));
    std::vector<std::string> params;
    for (const Param& p : action.params) {
      if ((p.optional || p.default_value) && OneIn(2)) continue;
      if (!Wrong()) params.push_back(Member(p.name, Value(p.type)));
    }
    members.push_back(Member("action", Object({Member("name", Text(action.json_name)),
                                               Member("properties", Object(params))})));
    std::vector<std::string> inputs;
    if (OneIn(3)) inputs.push_back(Member("now", Value(TypeId{5})));
    for (const Input& input : schema_.inputs) {
      if (OneIn(2)) inputs.push_back(Member(input.name, Fact(input.rank, input.type)));
    }
    if (OneIn(2)) inputs.push_back(Member("other", Anything(3)));
    if (!OneIn(4)) members.push_back(Member("context", Object(inputs)));
    if (OneIn(3))
      members.push_back(Member("can", OneIn(2) ? R"(["log","note"])" : R"(["note", "x"])"));
    if (OneIn(8)) members.push_back(Member("evidence", "[]"));
    if (OneIn(3)) members.push_back(Member("more", Anything(3)));
    return Cat(Space(), Object(members), Space());
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  bool Wrong() { return odds_ != 0 && OneIn(odds_); }
  template <typename T>
  const T& Any(const std::vector<T>& items) {
    return items[Below(items.size())];
  }
  EntityTypeId AnyType(const std::vector<EntityTypeId>& types) {
    if (!Wrong()) return Any(types);
    return EntityTypeId{static_cast<uint32_t>(Below(schema_.entities.size()))};
  }
  std::string Space() {
    return std::string(OneIn(4) ? Any<std::string>({" ", "\n", "\t \r\n"}) : "");
  }

  std::string Text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\' || (c > 0x20 && OneIn(40))) {
        const char* kHex = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
          Append(out, "\\u00", kHex[byte >> 4], kHex[byte & 15]);
          continue;
        }
      }
      out += c;
    }
    if (Wrong()) out += Any<std::string>({"\\", "\\x", "\\ud800", "\x80", "\n", "\"", "x"});
    return out + "\"";
  }
  std::string Member(std::string_view name, const std::string& value) {
    if (Wrong()) name = "wrong";
    return Cat("\"", name, "\"", Space(), Wrong() ? "" : ":", Space(), value);
  }
  std::string Object(std::vector<std::string> members) {
    std::shuffle(members.begin(), members.end(), random_);
    if (!members.empty() && Wrong()) members.push_back(members[0]);
    return Cat("{", Space(), Join(members, Wrong() ? "," : Cat(",", Space())), Wrong() ? "," : "",
               "}");
  }
  std::string Array(const std::vector<std::string>& items) {
    return Cat("[", Join(items, ", "), "]");
  }

  std::string Anything(int depth) {
    switch (Below(depth > 0 ? 7 : 5)) {
      case 0:
        return Any<std::string>({"0", "-0", "12", "-1.50", "1e5", "2E-3", "1.0e+2"});
      case 1:
        return "null";
      case 2:
        return Any<std::string>({"true", "false"});
      case 3:
        return Text("text");
      case 4:
        return Any<std::string>({R"("\ud83d\ude00 \/\b\f\r\t")", "\"\xf0\x9f\x98\x80\"", R"("")"});
      case 5:
        return Array({Anything(depth - 1), Anything(depth - 1)});
      default:
        return Object({Member("x", Anything(depth - 1)), Member("y", Anything(depth - 1))});
    }
  }

  std::string Times(std::string object) {
    const std::string times = R"("issued_at":"2029-01-01T00:00:00Z")";
    if (object == "{}") return Cat("{", times, "}");
    object.insert(1, Cat(times, ","));
    return object;
  }
  std::string Fact(Rank rank, TypeId type) {
    if (rank != Rank::kProven || OneIn(2)) return Value(type);
    if (schema_.types.kind(type) == TypeKind::kRecord) return Times(Value(type));
    return Times(Object({Member("value", Value(type))}));
  }

  std::string Entity(EntityTypeId id) {
    const EntityType& type = schema_[id];
    std::vector<std::string> members = {Member("type", Text(type.json_name)),
                                        Member("id", Text(Id()))};
    std::vector<std::string> attributes;
    for (const Attribute& a : type.attributes) {
      if ((a.optional || a.default_value || a.rank == Rank::kProven) && OneIn(2)) continue;
      if (!Wrong()) attributes.push_back(Member(a.name, Fact(a.rank, a.type)));
    }
    if (type.carried == Carried::kNo) attributes.clear();
    if (type.carried != Carried::kNo || OneIn(2)) {
      members.push_back(Member("properties", Object(attributes)));
    }
    if (OneIn(3)) members.push_back(Member("more", Anything(2)));
    return Object(members);
  }
  std::string Id() {
    return Any<std::string>({"a", "", "an id of more than fifteen bytes", "\xc3\xa9", "q\"\\"});
  }

  std::string Value(TypeId id) {
    if (Wrong()) return Anything(2);
    const Type& t = schema_.types[id];
    const auto items = [&](auto make) {
      std::vector<std::string> out(Below(4));
      for (std::string& item : out) item = make();
      return out;
    };
    switch (t.kind) {
      case TypeKind::kNone:
        return "null";
      case TypeKind::kBool:
        return Any<std::string>({"true", "false"});
      case TypeKind::kInt:
        return Any<std::string>({"0", "-0", "12", "-9223372036854775808", "9223372036854775807"}) +
               (Wrong() ? "5" : "");
      case TypeKind::kDecimal:
        return Any<std::string>({"0.5", "-1.250", "12", "1e2", "2.5e-3", "\"0.25\"",
                                 "9223372036.854775807", "-9223372036.854775808", "0.0000000010",
                                 "-0.0"}) +
               (Wrong() ? "1" : "");
      case TypeKind::kString:
        return Text(Id());
      case TypeKind::kTime:
        return Text(Any<std::string>({"2029-01-01T00:00:00Z", "2029-02-28t23:59:59.123456+05:30"}));
      case TypeKind::kDuration:
        return Text(Any<std::string>({"10m", "-1h30m", "1d2h3ms"}));
      case TypeKind::kVersion:
        return Text(Any<std::string>({"1.2", "1.2.0", "3.4.5-rc.1"}));
      case TypeKind::kHexVersion:
        return Text(Any<std::string>({"96.00.5e", "1"}));
      case TypeKind::kIp:
        return Text(Any<std::string>({"10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3"}));
      case TypeKind::kCidr:
        return Text(Any<std::string>({"10.0.0.0/8", "10.1.2.3", "2001:db8::/32"}));
      case TypeKind::kDigest:
        return Text(Cat("sha256:", std::string(64, "aF0"[Below(3)])));
      case TypeKind::kSpiffeId:
        return Text(Any<std::string>({"spiffe://a.b/c", "spiffe://a"}));
      case TypeKind::kGlob:
        return Text(Any<std::string>({"/a/**", "\\*"}));
      case TypeKind::kEnum:
        return Text(Any(schema_[EnumId{t.decl}].values));
      case TypeKind::kLattice:
        return LabelOf(LatticeId{t.decl});
      case TypeKind::kEntity: {
        const std::string& type = schema_[Any(t.entities)].json_name;
        if (OneIn(2)) return Object({Member("type", Text(type)), Member("id", Text(Id()))});
        return Any<std::string>(
            {Cat("\"", type, R"(::\"g\"")"), Cat("\"", type, R"(::\"g\\\"\"")")});
      }
      case TypeKind::kSet:
      case TypeKind::kList:
        return Array(items([&] { return Value(t.element); }));
      case TypeKind::kMap: {
        std::vector<std::string> keys = {"k", "1.2", "1.2.0"};
        keys.resize(Below(4));
        for (std::string& key : keys) key = Member(key, Value(t.element));
        return Object(keys);
      }
      case TypeKind::kRecord: {
        std::vector<std::string> fields;
        for (const Field& f : t.fields) {
          if ((f.optional || f.default_value) && OneIn(2)) continue;
          if (!Wrong()) fields.push_back(Member(f.name, Value(f.type)));
        }
        return Object(fields);
      }
    }
    return "null";
  }
  std::string LabelOf(LatticeId id) {
    const LatticeType& lattice = schema_[id];
    if (lattice.kind == LatticeType::Kind::kProduct) {
      std::vector<std::string> parts;
      for (const LatticeType::Part& part : lattice.parts) {
        if (!Wrong()) parts.push_back(Member(part.name, LabelOf(part.lattice)));
      }
      return Object(parts);
    }
    const std::vector<std::string>& values = schema_[lattice.elements].values;
    if (lattice.kind == LatticeType::Kind::kChain) return Text(Any(values));
    return Array(OneIn(2) ? std::vector<std::string>{}
                          : std::vector<std::string>{Text(Any(values))});
  }

  const Schema& schema_;
  std::mt19937_64 random_;
  uint32_t odds_ = 0;
};

TEST_F(JsonRequestFast, RandomRequests) {
  for (const bool opted_in : {true, false}) {
    options_.accept_now = options_.assume_proven = opted_in;
    UseOptions();
    Maker maker(schema(), 20300101);
    size_t quick = 0;
    texts_ = good_ = 0;
    for (int i = 0; i < 6000 && !HasFailure(); ++i) {
      // Right ones, and those with few mistakes and many.
      constexpr uint32_t kOdds[] = {0, 200, 40};
      quick += Compare(maker.Make(kOdds[i % 3])) ? 1 : 0;
    }
    // Both outcomes are common, and the careful reader is the exception.
    if (opted_in) {
      EXPECT_GT(good_, texts_ / 4);
      EXPECT_GT(quick, good_ / 3);
    }
    EXPECT_GT(quick, 50u);
    EXPECT_LT(good_, texts_ * 3 / 4);
  }
}

std::string Request(std::string_view context, std::string_view more = "") {
  return Cat(R"({"subject":{"type":"Stored","id":"s"},"resource":{"type":"Stored","id":"r"},)",
             R"("action":{"name":"doc.read","properties":{"n":1,"k":"red"}},"context":{)", context,
             "}", more, "}");
}

TEST_F(JsonRequestFast, Shapes) {
  ExpectQuick(Request(""));
  ExpectQuick(Request(R"("flag":true)") + " \n");
  ExpectQuick("\n\t " + Request("\n\"flag\" : true\n"));
  // Documents that the careful reader takes apart in a way of its own.
  ExpectCareful("\xef\xbb\xbf" + Request(""));
  ExpectCareful("[" + Request("") + "]");
  ExpectCareful(Request("") + "\n" + Request(""));
  ExpectCareful("{\"subject\":\n{\"type\":\"Stored\",\"id\":\"s\"}," + Request("").substr(40));
  std::string broken = Request("");
  broken.replace(broken.find(":{"), 2, ":\n{");
  ExpectCareful(broken);
  // Names: escaped ones, and more without a meaning than are looked at.
  ExpectCareful(Request(R"("fla\u0067":true)"));
  std::string others;
  for (int i = 0; i < 40; ++i) Append(others, i > 0 ? "," : "", "\"n", i, "\":1");
  ExpectCareful(Request(others));
  ExpectCareful(Request(R"("x":1,"x":2)"));
  ExpectCareful(Request(R"("flag":true,"flag":true)"));
  ExpectCareful(Request("", R"(,"x":{"y":{"z":1,"z":1}})"));
  ExpectCareful(Request("", R"(,"subject":{"type":"Stored","id":"s"})"));
}

TEST_F(JsonRequestFast, TypesThatFitNoAction) {
  const auto request = [](std::string_view subject, std::string_view resource) {
    return Cat(R"({"subject":{"type":")", subject, R"(","id":"s"},"resource":{"type":")", resource,
               R"(","id":"r"},"action":{"name":"doc.read","properties":{"n":1,"k":"red"}}})");
  };
  ExpectQuick(request("Stored", "Stored"));
  ExpectCareful(request("Stored", "Group"));
  ExpectCareful(request("Group", "Stored"));
  ExpectCareful(request("Nothing", "Stored"));
}

TEST_F(JsonRequestFast, Limits) {
  const auto nested = [&](size_t depth) {
    return Request("", Cat(",\"x\":", std::string(depth, '['), std::string(depth, ']')));
  };
  ExpectQuick(nested(kMaxJsonDepth - 1));
  ExpectCareful(nested(kMaxJsonDepth));
  const auto long_text = [&](size_t size) {
    return Request("", Cat(",\"x\":\"", std::string(size, 'x'), "\""));
  };
  ExpectQuick(long_text(JsonCursor::kMaxBytes - long_text(0).size()));
  ExpectCareful(long_text(JsonCursor::kMaxBytes - long_text(0).size() + 1));
  options_.limits.max_document_bytes = 200;
  UseOptions();
  ExpectQuick(long_text(200 - long_text(0).size()));
  ExpectCareful(long_text(201 - long_text(0).size()));
  options_.limits = JsonLimits{.max_file_bytes = 200};
  UseOptions();
  ExpectCareful(long_text(201 - long_text(0).size()));
}

TEST_F(JsonRequestFast, CarriedTwice) {
  const auto both = [](std::string_view first, std::string_view second) {
    return Cat(
        R"({"resource":{"type":"User","id":"u","properties":{"age":)", first,
        R"(,"names":[]}},"action":{"name":"be"},"subject":{"type":"User","id":"u","properties":{"names":[],"age":)",
        second, "}}}");
  };
  checked_ = sema::CheckText(R"(ztp 1
package t
entity User carried claimed { age: Int, names: Set<String> }
action be on User by User
permit p { principal any action be resource any }
)");
  ASSERT_NE(checked_->program, nullptr) << checked_->Shown();
  UseOptions();
  ExpectQuick(both("1", "1"));
  EXPECT_EQ(request_.carried.size(), 1u);
  ExpectCareful(both("1", "2"));
  ExpectQuick(both("1", "1"));
}

}  // namespace
}  // namespace ztp
