// ztp for C++17: ztp.h with owners that free, and errors that are thrown. Header only.
//
//     ztp::Engine  engine = ztp::Engine::Load("policy.ztpb", {"facts.jsonl"});
//     ztp::Session session(engine);                                  // one a thread
//     ztp::Request request(session, "train");
//     request.Principal("Workload", "trainer-7").Resource("Dataset", "faces");
//     request.Text(engine.Attr("purpose"), "research");
//     ztp::Decision decision = request.Decide(ztp::Now());
//     ztp::Lease lease = decision.lease();
//     while (lease.Check()) Step();                                  // no step unless it was
//     allowed
//
// Boundary: nothing is decided, cached or checked here; ztp.h says what each function does, which
// threads may call it and which are realtime, and that holds here too: on success these functions
// allocate no more than those, except where a std::vector is returned or a list of texts is given.
//
// What fails throws ztp::Error, or std::bad_alloc where memory is short. Owners are moved, never
// copied; one that was moved from is empty: what can throw then throws an Error of ZTP_MISUSE. They
// may be destroyed in any order: a Request or Batch keeps its Session's memory, that the Engine's.
#ifndef ZTP_HPP_
#define ZTP_HPP_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ztp.h"
#if __has_include("ztp_compile.h")  // its functions need libztpc only where they are used
#include "ztp_compile.h"
#define ZTP_HPP_COMPILES 1
#endif

namespace ztp {

// ---- Text ----

inline ztp_text ToText(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view ToView(ztp_text text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

// A list of texts for the length of a call: {"a", "b"}, any container of strings, or (without an
// allocation) an array of ztp_text. Holds no bytes.
class Texts {
 public:
  Texts() noexcept = default;
  Texts(std::initializer_list<std::string_view> texts) { Copy(texts); }
  Texts(const ztp_text* texts, std::size_t count) noexcept : data_(texts), size_(count) {}
  template <typename Container, typename = std::enable_if_t<std::is_convertible_v<
                                    decltype(*std::begin(std::declval<const Container&>())),
                                    std::string_view>>>
  Texts(const Container& texts) {  // NOLINT(google-explicit-constructor)
    Copy(texts);
  }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  const ztp_text* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  template <typename Container>
  void Copy(const Container& texts) {
    for (const auto& text : texts) own_.push_back(ToText(text));
    data_ = own_.data();
    size_ = own_.size();
  }

  std::vector<ztp_text> own_;
  const ztp_text* data_ = nullptr;
  std::size_t size_ = 0;
};

// The version of the library in use, "0.1.0"; ZTP_VERSION is the header's.
inline std::string_view Version() noexcept { return ztp_version(); }

// ---- Errors ----

// One of the things that are wrong. Lines and columns are from 1, 0 where no place is known.
struct Problem {
  std::string id;  // "ZTP1315", for ever the same; may be empty
  std::string message;
  std::string help;
  std::string file;
  std::string path;  // within JSON: $.action.name
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;
};

// what() is all of it as text for people.
class Error : public std::exception {
 public:
  Error(ztp_code code, std::string message)
      : code_(code),
        content_(std::make_shared<const Content>(
            Content{message, {Problem{{}, message, {}, {}, {}, 0, 0, 0, 0}}})) {}
  // Takes over `error`, which is not NULL.
  explicit Error(ztp_error* error) {
    const std::unique_ptr<ztp_error, void (*)(ztp_error*)> owner(error, &ztp_error_free);
    auto content = std::make_shared<Content>();
    content->message = ToView(ztp_error_message(error));
    const std::size_t count = ztp_error_count(error);
    for (std::size_t i = 0; i < count; ++i) {
      ztp_problem problem = ZTP_PROBLEM_INIT;
      if (!ztp_error_problem(error, i, &problem)) break;
      content->problems.push_back(
          {std::string(ToView(problem.id)), std::string(ToView(problem.message)),
           std::string(ToView(problem.help)), std::string(ToView(problem.file)),
           std::string(ToView(problem.path)), problem.line, problem.column, problem.end_line,
           problem.end_column});
    }
    code_ = ztp_error_code(error);
    content_ = std::move(content);
  }

  const char* what() const noexcept override { return content_->message.c_str(); }
  // ZTP_MISUSE, ZTP_BAD_POLICY, …
  ztp_code code() const noexcept { return code_; }
  // At least one.
  const std::vector<Problem>& problems() const noexcept { return content_->problems; }

 private:
  struct Content {
    std::string message;
    std::vector<Problem> problems;
  };
  ztp_code code_ = ZTP_INTERNAL;
  std::shared_ptr<const Content> content_;  // so that a copy cannot throw
};

// Throws what a function of ztp.h returned, unless that is NULL.
inline void Check(ztp_error* error) {
  if (error == nullptr) return;
  if (ztp_error_code(error) == ZTP_NO_MEMORY) {
    ztp_error_free(error);
    throw std::bad_alloc();
  }
  throw Error(error);
}

namespace detail {

// What a function of ztp.h makes, its last parameter.
template <typename T, typename Function, typename... Arguments>
T* Make(Function function, Arguments... arguments) {
  T* made = nullptr;
  Check(function(arguments..., &made));
  return made;
}
template <typename T, typename Function, typename... Arguments>
T Get(Function function, Arguments... arguments) {
  T value{};
  Check(function(arguments..., &value));
  return value;
}

// What every owner is.
template <typename T, auto Free>
class Owner {
 public:
  // Takes over.
  explicit Owner(T* object) noexcept : object_(object) {}
  T* get() const noexcept { return object_.get(); }
  // Where the C function takes a NULL to mean "none": what was moved from is not that.
  T* given() const {
    if (object_ == nullptr) throw Error(ZTP_MISUSE, "an object that was moved from");
    return object_.get();
  }

 private:
  struct Freer {
    void operator()(T* object) const noexcept { Free(object); }
  };
  std::unique_ptr<T, Freer> object_;
};

using SharedSession = std::shared_ptr<ztp_session>;

// Of what must be freed before its session: holds that until it has been.
template <auto Free>
struct FreerBeforeSession {
  SharedSession session;
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <typename T, auto Free>
using OwnerInSession = std::unique_ptr<T, FreerBeforeSession<Free>>;

}  // namespace detail

// ---- Time: microseconds since 1970 ----

constexpr std::int64_t kForever = ZTP_FOREVER;
inline std::int64_t Now() noexcept { return ztp_now(); }
inline std::int64_t Micros(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline std::int64_t Micros(std::chrono::microseconds duration) { return duration.count(); }

// ---- Policies, facts, the epoch page: any thread's ----

class Policy : public detail::Owner<ztp_policy, &ztp_policy_free> {
 public:
  using Owner::Owner;

  // A bundle's file, used in place: replace it by renaming another over it.
  static Policy Open(std::string_view path) {
    return Policy(detail::Make<ztp_policy>(ztp_policy_open, ToText(path)));
  }
  // A bundle's bytes, which are copied.
  static Policy Read(const void* bytes, std::size_t size) {
    return Policy(detail::Make<ztp_policy>(ztp_policy_read, bytes, size));
  }
  static Policy Read(std::string_view bytes) { return Read(bytes.data(), bytes.size()); }

  // "sha256:…". Valid as long as this.
  std::string_view digest() const noexcept { return ToView(ztp_policy_digest(get())); }
};

// How facts are taken in: with evidence about entities, which `trust` verifies at `now` (INT64_MIN:
// by the clock). A ztp::Trust's get().
struct FactsOptions {
  std::uint32_t flags = 0;  // ZTP_ASSUME_PROVEN: for tests and replay
  ztp_trust* trust = nullptr;
  std::int64_t now = INT64_MIN;
  ztp_signers* signers = nullptr;  // who must have signed the files
};

class Facts : public detail::Owner<ztp_facts, &ztp_facts_free> {
 public:
  using Owner::Owner;

  // Files of JSON, or one facts file.
  static Facts Load(const Policy& policy, const Texts& paths, std::uint32_t flags = 0) {
    return Facts(
        detail::Make<ztp_facts>(ztp_facts_load, policy.get(), paths.data(), paths.size(), flags));
  }
  static Facts ReadJson(const Policy& policy, std::string_view json, std::uint32_t flags = 0) {
    return Facts(detail::Make<ztp_facts>(ztp_facts_read_json, policy.get(), ToText(json), flags));
  }

  static Facts Load(const Policy& policy, const Texts& paths, const FactsOptions& options) {
    const ztp_facts_options raw = Raw(options);
    return Facts(detail::Make<ztp_facts>(ztp_facts_load_with, policy.get(), paths.data(),
                                         paths.size(), &raw));
  }
  static Facts ReadJson(const Policy& policy, std::string_view json, const FactsOptions& options) {
    const ztp_facts_options raw = Raw(options);
    return Facts(
        detail::Make<ztp_facts>(ztp_facts_read_json_with, policy.get(), ToText(json), &raw));
  }

  void Write(std::string_view path) const { Check(ztp_facts_write(get(), ToText(path))); }
  // "sha256:…" of the content. Valid as long as this.
  std::string_view version() const noexcept { return ToView(ztp_facts_version(get())); }
  std::size_t size() const noexcept { return ztp_facts_count(get()); }

 private:
  static ztp_facts_options Raw(const FactsOptions& options) {
    ztp_facts_options raw = ZTP_FACTS_OPTIONS_INIT;
    raw.flags = options.flags;
    raw.trust = options.trust;
    raw.now = options.now;
    return raw;
  }
};

// Whose policies and facts are taken, and what was taken so far.
class Signers : public detail::Owner<ztp_signers, &ztp_signers_free> {
 public:
  using Owner::Owner;

  // `keys`: PEM blocks, of which `threshold` must have signed. `state`: a file that keeps what was
  // taken; empty: it is forgotten with this.
  explicit Signers(std::string_view keys, std::uint32_t threshold = 1, std::string_view state = {})
      : Signers(
            detail::Make<ztp_signers>(ztp_signers_new, ToText(keys), threshold, ToText(state))) {}

  // Only a file that they have signed, FILE.sig beside FILE. (For facts: FactsOptions::signers.)
  Policy OpenPolicy(std::string_view path) {
    return Policy(detail::Make<ztp_policy>(ztp_signers_open_policy, get(), ToText(path)));
  }
};

class Epoch : public detail::Owner<ztp_epoch, &ztp_epoch_free> {
 public:
  using Owner::Owner;

  // Makes the file if it is not there, and opens it for writing.
  static Epoch Create(std::string_view path, std::uint32_t mode = 0644) {
    return Epoch(detail::Make<ztp_epoch>(ztp_epoch_create, ToText(path), mode));
  }
  // `access`: ZTP_EPOCH_READ or ZTP_EPOCH_WRITE.
  static Epoch Open(std::string_view path, std::uint32_t access = ZTP_EPOCH_READ) {
    return Epoch(detail::Make<ztp_epoch>(ztp_epoch_open, ToText(path), access));
  }

  // Ends every lease in every process.
  void Revoke() { Check(ztp_epoch_revoke(get())); }
  // While halted every decision is a denial.
  void Halt(bool halted) { Check(ztp_epoch_halt(get(), halted)); }
  // From then on every decision is a denial, unless this is called again before.
  void KeepUntil(std::int64_t until) { Check(ztp_epoch_keep_until(get(), until)); }
  std::uint64_t value() const noexcept { return ztp_epoch_value(get()); }
};

// ---- Evidence ----

// What verified evidence proves. Any thread's.
class Proof : public detail::Owner<ztp_proof, &ztp_proof_free> {
 public:
  using Owner::Owner;

  // Throws an Error of ZTP_REFUSED, whose problem's id is the check, if it no longer counts.
  void Check(std::int64_t now) const { ::ztp::Check(ztp_proof_check(given(), now)); }
  // Its texts live as long as the proof.
  ztp_proof_info info() const {
    ztp_proof_info info = ZTP_PROOF_INFO_INIT;
    ::ztp::Check(ztp_proof_info_get(given(), &info));
    return info;
  }
  std::string_view Json() const { return ToView(detail::Get<ztp_text>(ztp_proof_json, given())); }
};

// What shall no longer count: every text that is set must fit, and one is.
struct Revocation {
  std::string_view digest, id, session, subject, issuer;
  std::int64_t issued_until = ZTP_FOREVER;
  std::int64_t forget_at = ZTP_FOREVER;
  std::string_view reason;
};

// Whom to believe about what. Any thread's.
class Trust : public detail::Owner<ztp_trust, &ztp_trust_free> {
 public:
  using Owner::Owner;

  static Trust Load(std::string_view path) {
    return Trust(detail::Make<ztp_trust>(ztp_trust_load, ToText(path)));
  }
  static Trust Read(std::string_view json) {
    return Trust(detail::Make<ztp_trust>(ztp_trust_read, ToText(json)));
  }
  void Reload() { Check(ztp_trust_reload(get())); }
  // Other bytes for a member of a source: "keys", "bundle", "crls".
  void Replace(std::string_view source, std::string_view member, std::string_view bytes) {
    Check(ztp_trust_replace(get(), ToText(source), ToText(member), ToText(bytes)));
  }

  // Throws an Error of ZTP_REFUSED, whose problem's id is the check that was not passed.
  Proof Verify(std::string_view source, std::string_view evidence, std::int64_t now) {
    return Proof(
        detail::Make<ztp_proof>(ztp_evidence_verify, get(), ToText(source), ToText(evidence), now));
  }
  std::string Nonce(std::int64_t now, std::int64_t lifetime) {
    char nonce[ZTP_NONCE_SIZE];
    Check(ztp_trust_nonce(get(), now, lifetime, nonce));
    return nonce;
  }
  void ExpectNonce(std::string_view nonce, std::int64_t now, std::int64_t until) {
    Check(ztp_trust_expect_nonce(get(), ToText(nonce), now, until));
  }

  // Ends it at once, and every lease.
  void Revoke(const Revocation& revocation, std::int64_t now) {
    ztp_revocation raw = ZTP_REVOCATION_INIT;
    raw.digest = ToText(revocation.digest);
    raw.id = ToText(revocation.id);
    raw.session = ToText(revocation.session);
    raw.subject = ToText(revocation.subject);
    raw.issuer = ToText(revocation.issuer);
    raw.issued_until = revocation.issued_until;
    raw.forget_at = revocation.forget_at;
    raw.reason = ToText(revocation.reason);
    Check(ztp_trust_revoke(get(), &raw, now));
  }
  // The same by a signed security event; how many revocations it came to.
  std::size_t Receive(std::string_view event, std::int64_t now) {
    return detail::Get<std::size_t>(ztp_trust_receive, get(), ToText(event), now);
  }
};

// ---- Engines ----

struct Options {
  std::uint32_t flags = 0;       // ZTP_ASSUME_PROVEN, ZTP_ACCEPT_NOW: for tests and replay
  const Epoch* epoch = nullptr;  // need not outlive the call
  // Load and Reload take only files that they have signed. Need not outlive the call.
  const Signers* signers = nullptr;
  // Called after every single decision, on its thread; may not throw. `context` outlives the engine
  // and its sessions.
  ztp_decision_callback on_decision = nullptr;
  void* context = nullptr;
  const Trust* trust = nullptr;  // need not outlive the call; as Engine::Use, from the beginning
};

// The policy and the facts in force. Any thread's.
class Engine : public detail::Owner<ztp_engine, &ztp_engine_free> {
 public:
  using Owner::Owner;

  // Without entities.
  explicit Engine(const Policy& policy, const Options& options = {})
      : Engine(New(policy.get(), nullptr, options)) {}
  Engine(const Policy& policy, const Facts& facts, const Options& options = {})
      : Engine(New(policy.get(), facts.given(), options)) {}
  // From files, which Reload reads again.
  static Engine Load(std::string_view policy, const Texts& facts, const Options& options = {}) {
    const ztp_engine_options raw = Raw(options);
    return Engine(detail::Make<ztp_engine>(ztp_engine_load, ToText(policy), facts.data(),
                                           facts.size(), &raw));
  }

  // What was in force stays so where one of these throws.
  void Reload() { Check(ztp_engine_reload(get())); }
  void Replace(const Policy& policy) { Check(ztp_engine_replace(get(), policy.given(), nullptr)); }
  void Replace(const Facts& facts) { Check(ztp_engine_replace(get(), nullptr, facts.given())); }
  void Replace(const Policy& policy, const Facts& facts) {
    Check(ztp_engine_replace(get(), policy.given(), facts.given()));
  }
  // Takes evidence by this configuration from now on; or none.
  void Use(const Trust& trust) { Check(ztp_engine_use_trust(get(), trust.given())); }
  void UseNoTrust() { Check(ztp_engine_use_trust(get(), nullptr)); }
  // Ends every lease that this engine gave.
  void Revoke() { Check(ztp_engine_revoke(get())); }

  std::uint64_t generation() const noexcept { return ztp_engine_generation(get()); }
  // What is in force now.
  Policy policy() const { return InForce<Policy>(ztp_engine_policy(given())); }
  Facts facts() const { return InForce<Facts>(ztp_engine_facts(given())); }

  // A parameter or input by name, for as long as the engine is.
  ztp_attr Attr(std::string_view name) {
    return detail::Get<ztp_attr>(ztp_engine_attr, get(), ToText(name));
  }

 private:
  template <typename T, typename Object>
  static T InForce(Object* object) {
    if (object == nullptr) throw std::bad_alloc();
    return T(object);
  }
  static ztp_engine_options Raw(const Options& options) {
    ztp_engine_options raw = ZTP_ENGINE_OPTIONS_INIT;
    raw.flags = options.flags;
    raw.epoch = options.epoch == nullptr ? nullptr : options.epoch->given();
    raw.signers = options.signers == nullptr ? nullptr : options.signers->given();
    raw.on_decision = options.on_decision;
    raw.context = options.context;
    raw.trust = options.trust == nullptr ? nullptr : options.trust->given();
    return raw;
  }
  static ztp_engine* New(const ztp_policy* policy, const ztp_facts* facts, const Options& options) {
    const ztp_engine_options raw = Raw(options);
    return detail::Make<ztp_engine>(ztp_engine_new, policy, facts, &raw);
  }
};

// Changes of facts that come into force together. One thread's at a time.
class Change : public detail::Owner<ztp_change, &ztp_change_free> {
 public:
  using Owner::Owner;

  explicit Change(Engine& engine) : Owner(detail::Make<ztp_change>(ztp_change_new, engine.get())) {}

  Change& UpsertJson(std::string_view json) {
    Check(ztp_change_upsert_json(get(), ToText(json)));
    return *this;
  }
  // Its evidence is verified at `now`.
  Change& UpsertJson(std::string_view json, std::int64_t now) {
    Check(ztp_change_upsert_json_at(get(), ToText(json), now));
    return *this;
  }
  Change& Delete(std::string_view type, std::string_view id) {
    Check(ztp_change_delete(get(), ToText(type), ToText(id)));
    return *this;
  }
  Change& AddParent(std::string_view type, std::string_view id, std::string_view parent_type,
                    std::string_view parent_id) {
    Check(ztp_change_add_parent(get(), ToText(type), ToText(id), ToText(parent_type),
                                ToText(parent_id)));
    return *this;
  }
  Change& AddOrigin(std::string_view type, std::string_view id, std::string_view origin_type,
                    std::string_view origin_id) {
    Check(ztp_change_add_origin(get(), ToText(type), ToText(id), ToText(origin_type),
                                ToText(origin_id)));
    return *this;
  }
  // All or nothing. Not called: nothing happens.
  void Commit() { Check(ztp_change_commit(get())); }
};

// ---- Leases ----

// "Still allowed". Plain data: may be copied, and outlive everything. One thread's at a time.
class Lease {
 public:
  // Holds never.
  Lease() noexcept : lease_{nullptr, 0, nullptr, 0, 0, INT64_MIN} {}
  explicit Lease(const ztp_lease& lease) noexcept : lease_(lease) {}

  bool Check(std::int64_t now) noexcept { return ztp_lease_check(&lease_, now); }
  bool Check() noexcept { return ztp_lease_check_now(&lease_); }
  std::int64_t valid_until() const noexcept { return lease_.valid_until; }
  const ztp_lease& raw() const noexcept { return lease_; }

 private:
  ztp_lease lease_;
};

// ---- Decisions ----

// Texts are the library's: valid until the session decides again, or as long as the batch.
struct Rule {
  std::string_view name;
  std::string_view because;
  std::string_view file;
  std::uint32_t line = 0;
  bool forbid = false;
};

struct Argument {
  std::string_view name;
  const ztp_value* value = nullptr;
};
// What the caller must do because it was allowed.
struct Obligation {
  std::string_view name;
  std::vector<Argument> arguments;
};

namespace detail {

inline Rule ToRule(const ztp_rule& rule) noexcept {
  return {ToView(rule.name), ToView(rule.because), ToView(rule.file), rule.line, rule.forbid};
}

}  // namespace detail

// A denial until it is decided otherwise. Plain data, but for what is asked by a function that may
// throw: that is the session's to answer, which must still be there (or a Request of it). It does
// until it decides again, and with ZTP_STALE afterwards.
class Decision {
 public:
  Decision() noexcept = default;
  explicit Decision(const ztp_decision& decision) noexcept : decision_(decision) {}
  const ztp_decision& raw() const noexcept { return decision_; }

  bool allow() const noexcept { return decision_.allow; }
  bool on_unknown() const noexcept { return decision_.on_unknown; }
  bool limit() const noexcept { return decision_.limit; }
  bool halted() const noexcept { return decision_.halted; }
  std::int64_t decided_at() const noexcept { return decision_.decided_at; }
  std::int64_t valid_until() const noexcept { return decision_.valid_until; }
  std::uint64_t generation() const noexcept { return decision_.generation; }
  // Holds never unless allowed.
  Lease lease() const noexcept { return Lease(decision_.lease); }

  // The rules that decided, in source order.
  std::size_t rule_count() const noexcept { return decision_.rules; }
  Rule rule(std::size_t index) const {
    ztp_rule rule = ZTP_RULE_INIT;
    Check(ztp_decision_rule(&decision_, index, &rule));
    return detail::ToRule(rule);
  }
  std::vector<Rule> rules() const {
    std::vector<Rule> all;
    for (std::size_t i = 0; i < rule_count(); ++i) all.push_back(rule(i));
    return all;
  }
  std::size_t obligation_count() const noexcept { return decision_.obligations; }
  Obligation obligation(std::size_t index) const {
    ztp_obligation raw = ZTP_OBLIGATION_INIT;
    Check(ztp_decision_obligation(&decision_, index, &raw));
    Obligation obligation{ToView(raw.name), {}};
    for (std::size_t i = 0; i < raw.args; ++i) {
      obligation.arguments.push_back({ToView(raw.arg_names[i]), &raw.arg_values[i]});
    }
    return obligation;
  }
  std::vector<Obligation> obligations() const {
    std::vector<Obligation> all;
    for (std::size_t i = 0; i < obligation_count(); ++i) all.push_back(obligation(i));
    return all;
  }
  // The facts that are missing, sorted.
  std::vector<std::string_view> unknown() const {
    std::vector<std::string_view> names;
    for (;;) {
      ztp_text name{};
      ztp_error* error = ztp_decision_unknown(&decision_, names.size(), &name);
      if (ztp_error_code(error) == ZTP_NOT_FOUND) {
        ztp_error_free(error);
        return names;
      }
      Check(error);
      names.push_back(ToView(name));
    }
  }
  std::string_view Json(bool explain = false) const {
    return ToView(detail::Get<ztp_text>(ztp_decision_json, &decision_, explain));
  }

 private:
  ztp_decision decision_ = ZTP_DECISION_INIT;
};

// ---- Sessions: a thread's working memory. One thread's at a time, with its requests ----

class Session {
 public:
  explicit Session(Engine& engine)
      : session_(detail::Make<ztp_session>(ztp_session_new, engine.get()), &ztp_session_free) {}
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) noexcept = default;
  ztp_session* get() const noexcept { return session_.get(); }

  // A stored entity, looked up; ZTP_STALE after the facts changed.
  ztp_entity_ref Entity(std::string_view type, std::string_view id) {
    return detail::Get<ztp_entity_ref>(ztp_session_entity, get(), ToText(type), ToText(id));
  }
  // The same as facts files have it, of the facts in force. Valid until the session is used again.
  std::string_view EntityJson(std::string_view type, std::string_view id) {
    return ToView(detail::Get<ztp_text>(ztp_session_entity_json, get(), ToText(type), ToText(id)));
  }
  // AuthZEN JSON in and out. The answer is valid until the session is used again.
  std::string_view DecideJson(std::string_view request, std::int64_t now, bool explain = false,
                              Decision* decision = nullptr) {
    ztp_decision raw = ZTP_DECISION_INIT;
    if (decision != nullptr) *decision = Decision();
    ztp_text answer{};
    Check(ztp_decide_json(get(), ToText(request), now, explain, &raw, &answer));
    if (decision != nullptr) *decision = Decision(raw);
    return ToView(answer);
  }
  // What the policy's routes make of an HTTP request: the route's name, and a request for
  // DecideJson. Both are valid until the next call. Whatever it throws is a denial.
  struct Routed {
    std::string_view route;
    std::string_view request;
  };
  Routed Route(const ztp_http_request& http, std::int64_t now) {
    ztp_text route{}, request{};
    Check(ztp_route(get(), &http, now, &route, &request));
    return {ToView(route), ToView(request)};
  }

 private:
  friend class Request;
  detail::SharedSession session_;
};

// ---- Requests: bound once, decided often ----

class Request {
 public:
  Request(Session& session, std::string_view action)
      : request_(detail::Make<ztp_request>(ztp_request_new, session.get(), ToText(action)),
                 {session.session_}) {}
  ztp_request* get() const noexcept { return request_.get(); }

  Request& Principal(std::string_view type, std::string_view id) {
    return Set(ztp_set_principal(get(), ToText(type), ToText(id)));
  }
  Request& Principal(ztp_entity_ref ref) { return Set(ztp_set_principal_ref(get(), ref)); }
  Request& PrincipalJson(std::string_view json) {
    return Set(ztp_set_principal_json(get(), ToText(json)));
  }
  Request& Resource(std::string_view type, std::string_view id) {
    return Set(ztp_set_resource(get(), ToText(type), ToText(id)));
  }
  Request& Resource(ztp_entity_ref ref) { return Set(ztp_set_resource_ref(get(), ref)); }
  Request& ResourceJson(std::string_view json) {
    return Set(ztp_set_resource_json(get(), ToText(json)));
  }

  // Parameters and inputs; named by type, so that nothing is converted unasked.
  Request& Bool(ztp_attr attr, bool value) { return Set(ztp_set_bool(get(), attr, value)); }
  Request& Int(ztp_attr attr, std::int64_t value) { return Set(ztp_set_int(get(), attr, value)); }
  Request& Time(ztp_attr attr, std::int64_t micros) {
    return Set(ztp_set_time(get(), attr, micros));
  }
  Request& Duration(ztp_attr attr, std::int64_t micros) {
    return Set(ztp_set_duration(get(), attr, micros));
  }
  // In thousand-millionths.
  Request& Decimal(ztp_attr attr, std::int64_t value) {
    return Set(ztp_set_decimal(get(), attr, value));
  }
  // Any value that has a text form.
  Request& Text(ztp_attr attr, std::string_view value) {
    return Set(ztp_set_text(get(), attr, ToText(value)));
  }
  Request& Value(ztp_attr attr, const ztp_value& value) {
    return Set(ztp_set_value(get(), attr, &value));
  }
  Request& Json(ztp_attr attr, std::string_view json) {
    return Set(ztp_set_json(get(), attr, ToText(json)));
  }
  // A proven input from a proof, which the request holds.
  Request& Evidence(ztp_attr attr, const Proof& proof) {
    return Set(ztp_set_evidence(get(), attr, proof.given()));
  }
  Request& Unset(ztp_attr attr) { return Set(ztp_unset(get(), attr)); }
  // The obligations that the caller can carry out.
  Request& Can(const Texts& obligations) {
    return Set(ztp_set_can(get(), obligations.data(), obligations.size()));
  }
  Request& CanAll() { return Set(ztp_set_can_all(get())); }
  // When what the request is made of ends; then and after nothing is permitted.
  Request& ValidUntil(std::int64_t until) { return Set(ztp_set_valid_until(get(), until)); }

  [[nodiscard]] Decision Decide(std::int64_t now) {
    ztp_decision decision = ZTP_DECISION_INIT;
    Check(ztp_decide(get(), now, &decision));
    return Decision(decision);
  }

 private:
  friend class Batch;
  Request& Set(ztp_error* error) {
    Check(error);
    return *this;
  }
  detail::OwnerInSession<ztp_request, &ztp_request_free> request_;
};

// ---- Batches: many requests of one action ----

// A row each.
struct Answers {
  std::vector<std::uint8_t> allow;       // 1 or 0
  std::vector<std::uint8_t> on_unknown;  // 1: a denial because something is not known
  std::vector<std::int64_t> valid_until;
  std::vector<std::uint32_t> rule;  // the first that decided, for Batch::rule; UINT32_MAX: none did
  std::vector<std::uint32_t> obligations;  // how many things to do because the row is allowed
  Lease lease;                             // one for all rows that were allowed
};

class Batch {
 public:
  // `rows` requests that are like `shared` as it is now, but for what a column gives.
  Batch(Request& shared, std::size_t rows)
      : batch_(detail::Make<ztp_batch>(ztp_batch_new, shared.get(), rows),
               {shared.request_.get_deleter().session}),
        rows_(rows) {}
  ztp_batch* get() const noexcept { return batch_.get(); }
  std::size_t rows() const noexcept { return rows_; }

  Batch& Principals(std::string_view type, const Texts& ids) {
    return Set(ztp_batch_principals(get(), ToText(type), ids.data(), ids.size()));
  }
  Batch& Resources(std::string_view type, const Texts& ids) {
    return Set(ztp_batch_resources(get(), ToText(type), ids.data(), ids.size()));
  }
  Batch& Numbers(ztp_attr attr, const std::int64_t* numbers, std::size_t count) {
    return Set(ztp_batch_numbers(get(), attr, numbers, count));
  }
  Batch& Numbers(ztp_attr attr, const std::vector<std::int64_t>& numbers) {
    return Numbers(attr, numbers.data(), numbers.size());
  }
  Batch& Column(ztp_attr attr, const Texts& texts) {
    return Set(ztp_batch_texts(get(), attr, texts.data(), texts.size()));
  }
  // Row i has values[codes[i]]; with `codes` null, values[i].
  Batch& Values(ztp_attr attr, const ztp_value* values, std::size_t value_count,
                const std::uint32_t* codes, std::size_t count) {
    return Set(ztp_batch_values(get(), attr, values, value_count, codes, count));
  }
  // Row i has what proofs[codes[i]] proves; without codes, proofs[i]. Null: nothing.
  Batch& Evidence(ztp_attr attr, const std::vector<const Proof*>& proofs,
                  const std::vector<std::uint32_t>& codes = {}) {
    std::vector<const ztp_proof*> raw;
    for (const Proof* proof : proofs) raw.push_back(proof != nullptr ? proof->given() : nullptr);
    return Set(ztp_batch_evidence(get(), attr, raw.data(), raw.size(),
                                  codes.empty() ? nullptr : codes.data(),
                                  codes.empty() ? raw.size() : codes.size()));
  }
  // Columns of Arrow's C data interface, which stay the caller's.
  Batch& ArrowPrincipals(std::string_view type, const ArrowSchema& schema,
                         const ArrowArray& array) {
    return Set(ztp_batch_arrow_principals(get(), ToText(type), &schema, &array));
  }
  Batch& ArrowResources(std::string_view type, const ArrowSchema& schema, const ArrowArray& array) {
    return Set(ztp_batch_arrow_resources(get(), ToText(type), &schema, &array));
  }
  Batch& Arrow(ztp_attr attr, const ArrowSchema& schema, const ArrowArray& array) {
    return Set(ztp_batch_arrow(get(), attr, &schema, &array));
  }

  // Each row's answer is what Request::Decide says of it.
  [[nodiscard]] Answers Decide(std::int64_t now) {
    Answers answers;
    answers.allow.resize(rows_);
    answers.on_unknown.resize(rows_);
    answers.valid_until.resize(rows_);
    answers.rule.resize(rows_);
    answers.obligations.resize(rows_);
    ztp_answers raw = ZTP_ANSWERS_INIT;
    raw.allow = answers.allow.data();
    raw.on_unknown = answers.on_unknown.data();
    raw.valid_until = answers.valid_until.data();
    raw.rule = answers.rule.data();
    raw.obligations = answers.obligations.data();
    answers.lease = Decide(now, raw);
    return answers;
  }
  // Into the caller's arrays, of rows() entries each, or NULL where one is not asked for.
  Lease Decide(std::int64_t now, const ztp_answers& answers) {
    ztp_lease lease = Lease().raw();
    Check(ztp_batch_decide(get(), now, &answers, &lease));
    return Lease(lease);
  }
  // Texts are valid as long as the batch.
  Rule rule(std::uint32_t number) const {
    ztp_rule rule = ZTP_RULE_INIT;
    Check(ztp_batch_rule(get(), number, &rule));
    return detail::ToRule(rule);
  }

 private:
  Batch& Set(ztp_error* error) {
    Check(error);
    return *this;
  }
  detail::OwnerInSession<ztp_batch, &ztp_batch_free> batch_;
  std::size_t rows_ = 0;
};

// ---- Compiling (libztpc) ----

#ifdef ZTP_HPP_COMPILES

// One source text and what errors call it.
struct Source {
  std::string_view name;
  std::string_view text;
};

// What the compiler made. An Error of ZTP_BAD_POLICY has a problem for each mistake.
class Bundle : public detail::Owner<ztp_bundle, &ztp_bundle_free> {
 public:
  using Owner::Owner;

  static Bundle Compile(const Source* sources, std::size_t count) {
    std::vector<ztp_source> raw;
    for (std::size_t i = 0; i < count; ++i) {
      raw.push_back({ToText(sources[i].name), ToText(sources[i].text)});
    }
    return Bundle(detail::Make<ztp_bundle>(ztp_compile, raw.data(), raw.size()));
  }
  static Bundle Compile(std::initializer_list<Source> sources) {
    return Compile(sources.begin(), sources.size());
  }
  // Files and folders.
  static Bundle CompilePaths(const Texts& paths) {
    return Bundle(detail::Make<ztp_bundle>(ztp_compile_paths, paths.data(), paths.size()));
  }

  // Valid as long as this.
  std::string_view bytes() const noexcept { return ToView(ztp_bundle_bytes(get())); }
  std::string_view warnings() const noexcept { return ToView(ztp_bundle_warnings(get())); }
  // For an engine.
  Policy Read() const { return Policy::Read(bytes()); }
};

#endif  // ZTP_HPP_COMPILES

}  // namespace ztp

#endif  // ZTP_HPP_
