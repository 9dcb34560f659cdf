// Routes of policies as authors write them, on requests as clients, and attackers, send them.
#include "engine/route/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/driver/compiler.h"
#include "engine/route/forwarded.h"

namespace ztp::route {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view kDeclarations = R"(
ztp 1
package t
import std.ai
entity Workload { spiffe: SpiffeId }
entity Caller carried vouched { address: Ip, agent?: String }
entity Model
entity Tool carried claimed { server: String }
input login?: SignIn proven
input source_ip?: Ip
input hint?: Int claimed
action infer on Model by Workload, Caller with { tokens: Int = 1, stream?: Bool, tags?: Set<String> }
action call on Tool by Workload with { depth: Int }
permit p { principal any action any resource any }
)";

// Evidence that says what its text says: "source/subject", or nothing that is taken.
class SaidEvidence final : public EvidenceReader {
 public:
  absl::StatusOr<std::string> SourceOf(std::string_view, std::string_view evidence) override {
    return std::string(evidence.substr(0, evidence.find('/')));
  }
  absl::StatusOr<std::string> Proven(std::string_view, std::string_view, std::string_view evidence,
                                     std::span<const std::string> path) override {
    if (evidence.find("forged") != std::string_view::npos) {
      return absl::PermissionDeniedError("refused (signature)");
    }
    if (path.front() != "subject") return absl::NotFoundError("says nothing there");
    return Cat("\"", evidence.substr(evidence.find('/') + 1), "\"");
  }
};

struct Http {
  std::string method = "POST";
  std::string target = "/v1/chat";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer;
  std::string ip;
  bool partial = false;
  bool joined = false;
};

class RouterTest : public ::testing::Test {
 protected:
  void Routes(std::string_view routes) {
    driver::Compiler compiler;
    compiler.AddText("t.ztp", Cat(kDeclarations, routes));
    ASSERT_TRUE(compiler.Check()) << compiler.diagnostics().error_count();
    schema_ = std::make_unique<Schema>(compiler.program()->schema);
    auto made = Router::Make(*schema_);
    ASSERT_TRUE(made.ok()) << made.status();
    router_ = *std::move(made);
  }

  // "NAME REQUEST", or what is wrong.
  std::string Take(const Http& http) {
    std::vector<HttpHeader> headers;
    for (const auto& [name, value] : http.headers) headers.push_back({name, value});
    SaidEvidence evidence;
    const auto routed = router_->Take({.method = http.method,
                                       .target = http.target,
                                       .headers = headers,
                                       .body = http.body,
                                       .body_partial = http.partial,
                                       .headers_joined = http.joined,
                                       .peer_spiffe = http.peer,
                                       .source_ip = http.ip},
                                      evidence, scratch_);
    if (!routed.ok()) return std::string(FromAbsl(routed.status().message()));
    return Cat(routed->route->name, " ", routed->request);
  }

  std::unique_ptr<Schema> schema_;
  std::unique_ptr<const Router> router_;
  Router::Scratch scratch_;
};

const std::pair<std::string, std::string> kJson{"content-type", "application/json"};

TEST_F(RouterTest, EachPartComesFromItsPlace) {
  Routes(R"(
route chat {
  on POST "/v1/{version}/chat"
  peer "spiffe://acme.org/ns/{ns}/sa/{sa}"
  let model = body.model
  principal Workload::"{ns}/{sa}"
  action infer
  resource Model::"{model}@{version}"
  with { tokens: query.tokens, stream: body.options.stream, tags: body.tags }
  input source_ip = source.ip
  input hint = header["x-hint"] ?? 7
  proven login from bearer
}
route tool {
  on GET "/tools/{name...}"
  principal Workload::"w"
  action call
  resource Tool::"{name}" { server: authority ?? "none" }
  with { depth: header.depth }
}
route by_login {
  on PUT "/x"
  proven login from bearer
  let user = proven.login.subject
  principal Workload::"{user}"
  action infer
  resource Model::"m"
}
)");
  EXPECT_EQ(
      Take({.target = "/v1/2/chat?tokens=12&x=%41",
            .headers = {kJson, {"Authorization", "bearer sso/ann"}, {"X-Hint", "3"}},
            .body = R"({"model":"a\"b","options":{"stream":true},"tags":["x", "y"]})",
            .peer = "spiffe://acme.org/ns/ml/sa/train",
            .ip = "10.0.0.1"}),
      R"(chat {"subject":{"type":"Workload","id":"ml/train"},"action":{"name":"infer","properties":{"tokens":12,"stream":true,"tags":["x", "y"]}},"resource":{"type":"Model","id":"a\"b@2"},"context":{"source_ip":"10.0.0.1","hint":3},"evidence":[{"input":"login","source":"sso","value":"sso/ann"}]})");
  // What is not there, and need not be, is left out.
  EXPECT_EQ(
      Take({.target = "/v1/2/chat",
            .headers = {kJson},
            .body = R"({"model":"m","tags":null})",
            .peer = "spiffe://acme.org/ns/ml/sa/train"}),
      R"(chat {"subject":{"type":"Workload","id":"ml/train"},"action":{"name":"infer","properties":{}},"resource":{"type":"Model","id":"m@2"},"context":{"hint":7}})");
  EXPECT_EQ(
      Take({.method = "GET", .target = "/tools/a%20b/c", .headers = {{"depth", "2"}}}),
      R"(tool {"subject":{"type":"Workload","id":"w"},"action":{"name":"call","properties":{"depth":2}},"resource":{"type":"Tool","id":"a b/c","properties":{"server":"none"}}})");
  EXPECT_THAT(
      Take({.method = "PUT", .target = "/x", .headers = {{"authorization", "Bearer sso/bob"}}}),
      AllOf(HasSubstr(R"("id":"bob"})"),
            HasSubstr(R"("evidence":[{"input":"login","source":"sso","critical":true,"value")")));
  EXPECT_EQ(
      Take({.method = "PUT", .target = "/x", .headers = {{"authorization", "Bearer sso/forged"}}}),
      "refused (signature)");
  EXPECT_EQ(Take({.method = "PUT", .target = "/x"}),
            "the principal is not named: there is no proven.login");
}

TEST_F(RouterTest, WhatCanBeReadInTwoWaysIsRefused) {
  Routes(R"(
route chat {
  on POST "/v1/chat"
  let model = body.model
  let user = trust(header["x-user"])
  principal Workload::"{user}"
  action infer
  resource Model::"{model}"
}
route rest { on POST "/{all...}" principal Workload::"w" action infer resource Model::"{all}" }
)");
  const std::string body = R"({"model":"m"})";
  const auto user = std::pair<std::string, std::string>("x-user", "u");
  ASSERT_THAT(Take({.headers = {kJson, user}, .body = body}), HasSubstr("chat {"));
  ASSERT_THAT(Take({.target = "/v1/chat/x"}), HasSubstr("rest {"));
  const struct {
    Http http;
    const char* says;
  } cases[] = {
      {{.target = "//v1/chat"}, "empty segment"},
      {{.target = "/v1//chat"}, "empty segment"},
      {{.target = "/v1/./chat"}, "segment '.'"},
      {{.target = "/x/../v1/chat"}, "segment '..'"},
      {{.target = "/v1/%2e%2e/chat"}, "'%2e'"},
      {{.target = "/v1%2Fchat"}, "'%2F'"},
      {{.target = "/v1%5cchat"}, "'%5c'"},
      {{.target = "/v1/ch%61t"}, "needs no encoding"},
      {{.target = "/v1/chat%00"}, "'%00'"},
      {{.target = "/v1/chat%252f"}, "'%25'"},
      {{.target = "/v1/chat%3bx"}, "'%3b'"},
      {{.target = "/v1/chat;x=1"}, "may not stand there"},
      {{.target = "/v1\\chat"}, "may not stand there"},
      {{.target = "/v1/chat#x"}, "may not stand there"},
      {{.target = "/v1/chat x"}, "may not stand there"},
      {{.target = "/v1/chat%2"}, "without two digits"},
      {{.target = "/v1/chat%zz"}, "without two digits"},
      {{.target = "http://h/v1/chat"}, "does not begin with '/'"},
      {{.target = ""}, "does not begin with '/'"},
      {{.target = "/" + std::string(20000, 'a')}, "longer than"},
      {{.target = "/V1/Chat"}, "by the case of letters"},
      {{.headers = {kJson, user, {"X-USER", "v"}}, .body = body}, "'x-user' comes twice"},
      {{.headers = {kJson, {"x-user", "u,v"}}, .body = body, .joined = true}, "may be several"},
      {{.headers = {kJson, user}, .body = body, .partial = true}, "cut off"},
      {{.headers = {user}, .body = body}, "not said to be JSON"},
      {{.headers = {{"content-type", "text/plain"}, user}, .body = body}, "not said to be JSON"},
      {{.headers = {{"content-type", "application/json; charset=utf-7"}, user}, .body = body},
       "not said to be JSON"},
      {{.headers = {kJson, user, {"Content-Encoding", "gzip"}}, .body = body}, "encoded"},
      {{.headers = {kJson, user}, .body = R"({"model":"m","model":"n"})"}, "no JSON that is taken"},
      {{.headers = {kJson, user}, .body = "{"}, "no JSON that is taken"},
      {{.headers = {kJson, user}, .body = ""}, "no JSON that is taken"},
      {{.headers = {kJson, user}, .body = R"({"model":"m","Model":"n"})"}, "take for 'model'"},
      {{.headers = {kJson, user}, .body = R"({"MODEL":"n"})"}, "take for 'model'"},
      {{.headers = {kJson, user}, .body = R"({"model":["m"]})"}, "it is no text"},
      {{.headers = {kJson, user}, .body = R"({"model":true})"}, "it is no text"},
      {{.headers = {kJson, user}, .body = R"({"model":""})"}, "is empty"},
      {{.headers = {kJson, user}, .body = "{}"}, "there is no body.model"},
      {{.headers = {kJson, user, {"X-HTTP-Method-Override", "DELETE"}}, .body = body},
       "another one"},
      {{.headers = {kJson, user, {"x-original-url", "/admin"}}, .body = body}, "another one"},
      {{.method = "post"}, "no route takes"},
      {{.method = "GET"}, "no route takes"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Take(c.http), HasSubstr(c.says)) << c.http.method << " " << c.http.target;
  }
  EXPECT_THAT(
      Take({.headers = {{"content-type", "Application/vnd.x+JSON ; charset=\"UTF-8\""}, user},
            .body = body}),
      HasSubstr("chat {"));
  std::vector<std::pair<std::string, std::string>> many(Router::kMaxHeaders + 1, {"a", "b"});
  EXPECT_THAT(Take({.headers = many}), HasSubstr("headers"));
}

TEST_F(RouterTest, NarrowerPathsBeforeWiderAndWhenWithinOne) {
  Routes(R"(
route rest { on GET "/m/{rest...}" principal Workload::"rest" action infer resource Model::"{rest}" }
route one { on GET "/m/{id}" principal Workload::"one" action infer resource Model::"{id}" }
route named { on GET "/m/special" principal Workload::"named" action infer resource Model::"s" }
route call {
  on POST "/mcp"
  when body.method == "tools/call" and has body.params
  principal Workload::"call" action infer resource Model::"c"
}
route list {
  on POST "/mcp"
  when body.method in { "tools/list", "ping" } and body.n != 3
  principal Workload::"list" action infer resource Model::"l"
}
route other {
  on POST "/mcp"
  when not has body.method
  principal Workload::"other" action infer resource Model::"e"
}
)");
  const auto get = [&](std::string target) {
    const std::string taken = Take({.method = "GET", .target = std::move(target)});
    return taken.substr(0, taken.find(' '));
  };
  EXPECT_EQ(get("/m/special"), "named");
  EXPECT_EQ(get("/m/other"), "one");
  EXPECT_EQ(get("/m/a/b"), "rest");
  EXPECT_EQ(get("/m/special/"), "rest");
  const auto post = [&](std::string body) {
    const std::string taken = Take({.target = "/mcp", .headers = {kJson}, .body = std::move(body)});
    return taken.substr(0, taken.find(' '));
  };
  EXPECT_EQ(post(R"({"method":"tools/call","params":{}})"), "call");
  EXPECT_EQ(post(R"({"method":"tools\/call","params":1})"), "call");
  EXPECT_EQ(post(R"({"method":"ping","n":2})"), "list");
  EXPECT_EQ(post("{}"), "other");
  // What is not there differs from nothing; 3 is 3.
  for (const char* none : {R"({"method":"tools/call"})", R"({"method":"ping"})",
                           R"({"method":"ping","n":3})", R"({"method":"other","n":1})"}) {
    EXPECT_THAT(Take({.target = "/mcp", .headers = {kJson}, .body = none}),
                HasSubstr("no route takes it: "))
        << none;
  }
}

TEST_F(RouterTest, AProxySpeaksForClientsIfItIsOneOfThose) {
  Routes(R"(
route through {
  on GET "/x"
  peer "spiffe://acme.org/ns/istio-system/sa/{proxy}"
  client "spiffe://acme.org/ns/{ns}/sa/{sa}"
  principal Workload::"{ns}.{sa}" action infer resource Model::"m"
}
route direct {
  on GET "/x"
  peer "spiffe://acme.org/ns/{ns}/sa/{sa}"
  principal Workload::"{ns}/{sa}" action infer resource Model::"m"
}
)");
  const auto take = [&](std::string peer, std::vector<std::string> forwarded) {
    Http http{.method = "GET", .target = "/x", .peer = std::move(peer)};
    for (std::string& value : forwarded) {
      http.headers.emplace_back("X-Forwarded-Client-Cert", std::move(value));
    }
    return Take(http);
  };
  const std::string proxy = "spiffe://acme.org/ns/istio-system/sa/gateway";
  const std::string client =
      R"(Hash=ab;Subject="CN=\"x\",O=y; z";URI=spiffe://acme.org/ns/ml/sa/t)";
  EXPECT_THAT(take(proxy, {client}), HasSubstr(R"("id":"ml.t")"));
  // Nobody else may say so: it is he who asks.
  EXPECT_THAT(take("spiffe://acme.org/ns/ml/sa/evil", {client}), HasSubstr(R"("id":"ml/evil")"));
  EXPECT_THAT(take("spiffe://evil.org/ns/istio-system/sa/gateway", {client}),
              HasSubstr("the peer is not one of"));
  EXPECT_THAT(take("", {client}), HasSubstr("the peer showed no SPIFFE ID"));
  EXPECT_THAT(take("not an id", {client}), HasSubstr("SPIFFE"));
  // The proxy itself, where it speaks for nobody.
  EXPECT_THAT(take(proxy, {}), HasSubstr(R"("id":"istio-system/gateway")"));
  for (const auto& [header, says] : std::vector<std::pair<std::string, std::string>>{
           {client + ",URI=spiffe://acme.org/ns/a/sa/b", "several elements"},
           {client + ";URI=spiffe://acme.org/ns/a/sa/b", "two SPIFFE IDs"},
           {"URI=\"spiffe://acme.org/ns/a/sa/b", "malformed"},
           {"URI", "malformed"},
           {"", "malformed"},
           {"URI=spiffe://acme.org/ns/../sa/b", "SPIFFE"}}) {
    EXPECT_THAT(take(proxy, {header}), HasSubstr(says)) << header;
  }
  EXPECT_THAT(take(proxy, {client, client}), HasSubstr("comes twice"));
}

TEST_F(RouterTest, TwoNamesNeverMakeOneId) {
  Routes(R"(
route two {
  on GET "/x"
  let a = query.a
  let b = query.b
  principal Workload::"w" action infer resource Model::"{a}/{b}!"
}
)");
  EXPECT_THAT(Take({.method = "GET", .target = "/x?a=1&b=2/3"}), HasSubstr(R"("id":"1/2/3!")"));
  EXPECT_THAT(Take({.method = "GET", .target = "/x?a=1/2&b=3"}), HasSubstr("has a '/' in it"));
  EXPECT_THAT(Take({.method = "GET", .target = "/x?a=1&a=2&b=3"}), HasSubstr("comes twice"));
  EXPECT_THAT(Take({.method = "GET", .target = "/x?a=%&b=3"}), HasSubstr("two digits"));
  EXPECT_THAT(Take({.method = "GET", .target = "/x?a=1&A=2&b=3"}), HasSubstr("take for 'a'"));
  EXPECT_THAT(Take({.method = "GET", .target = "/x?b=3"}), HasSubstr("there is no parameter 'a'"));
}

TEST_F(RouterTest, ALetterBeyondAsciiIsNoOtherNameForSomeServers) {
  Routes(R"(
route r {
  on POST "/x"
  let key = body.task.kinds
  principal Workload::"w" action infer resource Model::"{key}"
}
)");
  const auto take = [&](std::string body) {
    return Take({.target = "/x", .headers = {kJson}, .body = std::move(body)});
  };
  EXPECT_THAT(take(R"({"task":{"kinds":"a","other":1},"Other":2})"), HasSubstr(R"("id":"a")"));
  EXPECT_THAT(take("{\"task\":{\"kinds\":\"a\",\"kind\u017f\":\"b\"}}"), HasSubstr("take for"));
  EXPECT_THAT(take("{\"task\":{\"kinds\":\"a\",\"\u212aind\u017f\":\"b\"}}"),
              HasSubstr("take for"));
  EXPECT_THAT(take(R"({"task":{"kinds":"a"},"tas\u212a":{"kinds":"b"}})"), HasSubstr("take for"));
}

TEST_F(RouterTest, WhatIsRequiredAndNotThereIsNamed) {
  Routes(R"(
route call {
  on POST "/call"
  principal Workload::"w" action call resource Tool::"t" { server: header["x-server"] }
  with { depth: body.depth }
}
)");
  const std::pair<std::string, std::string> server("x-server", "s");
  EXPECT_EQ(Take({.target = "/call", .headers = {kJson, server}, .body = "{}"}),
            "parameter 'depth' of call is missing: there is no body.depth");
  EXPECT_EQ(Take({.target = "/call", .headers = {kJson, server}, .body = R"({"depth":null})"}),
            "parameter 'depth' of call is missing: there is no body.depth");
  EXPECT_EQ(Take({.target = "/call", .headers = {kJson}, .body = R"({"depth":1})"}),
            "attribute 'server' of Tool is missing: there is no header 'x-server'");
}

TEST_F(RouterTest, ARouteForSeveralCallersTakesTheFirstThatItIs) {
  Routes(R"(
caller workload {
  peer "spiffe://acme.org/ns/{ns}/sa/{sa}"
  input source_ip = source.ip
  principal Workload::"{ns}/{sa}"
}
caller person {
  proven login from bearer
  let user = proven.login.subject
  principal Workload::"user:{user}"
}
route get { on GET "/m/{m}" by workload, person action infer resource Model::"{m}" }
route put { on PUT "/m/{m}" by person action infer resource Model::"{m}" }
)");
  ASSERT_EQ(router_->size(), 3u);
  const std::pair<std::string, std::string> bearer("authorization", "Bearer sso/ann");
  const std::string peer = "spiffe://acme.org/ns/ml/sa/train";
  const auto id = [](std::string taken) {
    const size_t at = taken.find("\"id\":\"");
    return at == taken.npos ? taken : taken.substr(0, taken.find('"', at + 6));
  };
  EXPECT_EQ(id(Take({.method = "GET", .target = "/m/a", .headers = {bearer}, .peer = peer})),
            R"(get {"subject":{"type":"Workload","id":"ml/train)");
  EXPECT_EQ(id(Take({.method = "GET", .target = "/m/a", .headers = {bearer}})),
            R"(get {"subject":{"type":"Workload","id":"user:ann)");
  EXPECT_EQ(id(Take({.method = "PUT", .target = "/m/a", .headers = {bearer}, .peer = peer})),
            R"(put {"subject":{"type":"Workload","id":"user:ann)");
  EXPECT_EQ(Take({.method = "PUT", .target = "/m/a", .peer = peer}),
            "the principal is not named: there is no proven.login");
}

TEST_F(RouterTest, WhatFitsTwoPathsIsTheThirds) {
  Routes(R"(
route left { on GET "/{x}/b" principal Workload::"left" action infer resource Model::"m" }
route right { on GET "/a/{y...}" principal Workload::"right" action infer resource Model::"m" }
route both {
  on GET "/a/b" when has query.q
  principal Workload::"both" action infer resource Model::"m"
}
)");
  const auto get = [&](std::string target) {
    const std::string taken = Take({.method = "GET", .target = std::move(target)});
    return taken.substr(0, taken.find(" {"));
  };
  EXPECT_EQ(get("/x/b"), "left");
  EXPECT_EQ(get("/a/c"), "right");
  EXPECT_EQ(get("/a/b/c"), "right");
  EXPECT_EQ(get("/a/b?q="), "both");
  // Neither of the others takes what the third one leaves.
  EXPECT_EQ(get("/a/b"), "no route takes it: parameter 'q' is not what a route asks for");
}

TEST(ForwardedTest, OneElement) {
  const auto read = [](std::string_view header) {
    const auto id = ForwardedSpiffeId(header);
    return id.ok() ? *id : std::string(FromAbsl(id.status().message()));
  };
  EXPECT_EQ(read("URI=spiffe://a/b"), "spiffe://a/b");
  EXPECT_EQ(read("By=spiffe://proxy/x;URI=\"spiffe://a/b\";DNS=h"), "spiffe://a/b");
  EXPECT_EQ(read("URI=https://a/b"), "x-forwarded-client-cert names no SPIFFE ID");
  EXPECT_EQ(read("Subject=\"URI=spiffe://a/b\""), "x-forwarded-client-cert names no SPIFFE ID");
  EXPECT_EQ(read("URI=spiffe://a/b;"), "x-forwarded-client-cert is malformed");
}

// A bundle may have been made by anybody.
TEST(RouterMakeTest, RoutesThatNoCompilerMakesAreRefused) {
  driver::Compiler compiler;
  compiler.AddText("t.ztp", Cat(kDeclarations, R"(
route r { on GET "/{a}" principal Workload::"{a}x" action infer resource Model::"{a}" }
)"));
  // The principal rests on what is claimed: only a bundle of somebody else's making has that.
  EXPECT_FALSE(compiler.Check());
  const auto make = [](auto change) {
    Schema schema;
    schema.entities.resize(1);
    schema.actions.resize(1);
    Route& route = schema.routes.emplace_back();
    route.methods = {"GET"};
    route.path = "/{a}";
    route.principal.type = route.resource.type = route.action = 0;
    change(route);
    return Router::Make(schema).ok();
  };
  const auto value = [](RouteValue v) {
    return [v](Route& r) { r.resource.id.pieces = {{"", v}}; };
  };
  EXPECT_TRUE(make(value({.source = RouteSource::kPath, .name = "a"})));
  EXPECT_FALSE(make(value({.source = RouteSource::kPath, .name = "b"})));
  EXPECT_FALSE(make(value({.source = RouteSource::kPeer, .name = "a"})));
  EXPECT_FALSE(make(value({.source = RouteSource::kClientSpiffe})));
  EXPECT_FALSE(make(value({.source = RouteSource::kBody})));
  EXPECT_FALSE(make(value({.source = RouteSource::kHeader})));
  EXPECT_FALSE(make(value({.source = RouteSource::kLiteral})));
  EXPECT_FALSE(make(value({.source = RouteSource::kProven, .name = "login", .path = {"x"}})));
  EXPECT_FALSE(make(value({.source = static_cast<RouteSource>(99)})));
  EXPECT_FALSE(make([](Route& r) { r.path = "x"; }));
  EXPECT_FALSE(make([](Route& r) { r.peer = "x"; }));
  EXPECT_FALSE(make([](Route& r) { r.client = "spiffe://a/b"; }));
  EXPECT_FALSE(make([](Route& r) { r.tests.resize(1); }));
}

}  // namespace
}  // namespace ztp::route
