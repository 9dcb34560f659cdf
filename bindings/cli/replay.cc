// ztp replay: which decisions of a log would be others by another policy.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <utility>

#include "bindings/cli/common.h"
#include "bindings/cli/keys.h"
#include "engine/audit/entry.h"
#include "engine/audit/tile.h"
#include "engine/audit/verify.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"
#include "engine/eval/json_request.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"
#include "engine/runtime/world.h"

namespace ztp::cli {
namespace {

struct Options {
  std::string log;
  std::string policy;
  FactsArguments facts;
  SignedByArguments signed_by;
  std::string key;
  std::string origin;
  bool is_running = false;
  bool summary = false;
  std::string format = "text";
};

// Why an entry's request cannot be decided again: what is said to people, by the name that programs
// get.
using Why = std::pair<std::string_view, std::string_view>;
constexpr Why kNoBody = {"not_kept", "the log did not keep requests (--audit-requests does)"};
constexpr Why kMalformed = {"malformed", "they were no JSON"};
constexpr Why kTooLarge = {"too_large", "they were too large for an entry"};
constexpr Why kMasked = {"masked", "parts of them are masked"};
constexpr Why kEvidence = {"evidence", "they came with evidence, which is never logged"};
constexpr Why kRefused = {"refused", "the server refused them before any policy was asked"};
constexpr Why kHalted = {"halted", "everything was halted then, whatever the policy"};

// Lists of masked places are cut off behind so many (entry.h).
constexpr size_t kFullList = 64;

std::string Joined(const std::vector<std::string>& texts, std::string_view none) {
  return texts.empty() ? std::string(none) : Join(texts, ", ");
}

void PutTexts(std::string_view name, const std::vector<std::string>& texts, JsonSink& sink) {
  sink.Put(',');
  sink.PutText(name);
  sink.Put(":[");
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) sink.Put(',');
    sink.PutText(texts[i]);
  }
  sink.Put(']');
}

// In quotes, with nothing in it that a terminal would act on.
std::string InQuotes(std::string_view text) {
  std::string out;
  JsonSink sink(&out);
  sink.PutText(text);
  sink.Flush();
  return out;
}

// A name as it stands in policies; what is none, of a request that could not be read, in quotes.
std::string Name(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == ':';
  });
  return is_plain ? std::string(text) : InQuotes(text);
}

// An answer, as far as it is compared.
struct Answer {
  std::string
      kind;  // allow, deny, unreadable; "not allowed": one of the latter, it is not said which
  std::vector<std::string> rules;
  std::string obligations;  // JSON; empty: not known
  std::vector<std::string> unknown;
};

bool Differ(const Answer& was, const Answer& now) {
  if (was.kind == "not allowed") return now.kind == "allow";
  if (was.kind != now.kind) return true;
  return was.kind == "allow" && !was.obligations.empty() && was.obligations != now.obligations;
}

// The answer in one of the two texts that have it.
class AnswerReader {
 public:
  explicit AnswerReader(const JsonTree& tree) : tree_(tree) {}

  const JsonNode* At(const JsonNode& from, JsonTree::Names path) const {
    return tree_.At(from, path);
  }
  std::string_view Text(const JsonNode& from, JsonTree::Names path) const {
    return tree_.TextAt(from, path);
  }
  bool IsTrue(const JsonNode& from, JsonTree::Names path) const {
    return tree_.IsTrueAt(from, path);
  }
  std::vector<std::string> Texts(const JsonNode& from, JsonTree::Names path) const {
    std::vector<std::string> texts;
    const JsonNode* list = At(from, path);
    if (list == nullptr || list->kind != JsonKind::kArray) return texts;
    for (const JsonNode& each : tree_.Children(*list)) {
      if (each.kind == JsonKind::kString) texts.emplace_back(each.text);
    }
    return texts;
  }

  Answer Read(const JsonNode& answer) const {
    Answer read;
    read.rules = Texts(answer, {"context", "rules"});
    read.unknown = Texts(answer, {"context", "unknown"});
    if (const JsonNode* obligations = At(answer, {"context", "obligations"})) {
      JsonSink sink(&read.obligations);
      audit::PutNode(tree_, *obligations, sink);
      sink.Flush();
    }
    if (IsTrue(answer, {"decision"})) {
      read.kind = "allow";
    } else if (At(answer, {"context", "errors"}) != nullptr) {
      read.kind = "unreadable";
    } else {
      read.kind = At(answer, {"context", "rules"}) != nullptr ? "deny" : "not allowed";
    }
    return read;
  }

 private:
  const JsonTree& tree_;
};

class Replay {
 public:
  Replay(const LoadedWorld& world, const Options& options)
      : world_(world),
        options_(options),
        policy_digest_(PolicyDigest(world.policy->program())),
        parser_(world.policy->program().schema, RequestOptionsOf(options)) {
    if (IsJson()) Print("{\"changes\":[");
  }

  // False: it is no entry of a log.
  bool Entry(uint64_t index, std::string_view text);
  // `verified`: null where the log could not be (it is only lines).
  int Finish(const audit::Verification* verified);

 private:
  static RequestOptions RequestOptionsOf(const Options& options) {
    RequestOptions request_options;
    request_options.accept_now = options.facts.assume_proven;
    request_options.assume_proven = options.facts.assume_proven;
    // An empty list of evidence is none.
    request_options.accept_evidence = true;
    return request_options;
  }
  bool IsJson() const { return options_.format == "json"; }
  const JsonNode& root() const { return tree_.root(); }

  std::optional<Why> WhyNot(const JsonNode* body) const;
  bool HasPlace(std::string_view list, std::string_view below) const;
  Answer DecideAgain(std::string_view body, Time now);
  void Tell(uint64_t index, const Answer& was, const Answer& now, bool other_facts);
  void FinishText(const audit::Verification* verified) const;
  void FinishJson(const audit::Verification* verified) const;

  const LoadedWorld& world_;
  const Options& options_;
  const std::string policy_digest_;
  RequestParser parser_;
  Scratch scratch_;
  JsonTree tree_;         // of the entry
  JsonTree answer_tree_;  // of the new answer
  AnswerReader entry_{tree_};

  uint64_t decisions_ = 0, replayed_ = 0, changed_ = 0;
  uint64_t other_facts_ = 0, changed_by_other_facts_ = 0;
  uint64_t dropped_ = 0;  // decisions that the log says it does not have
  std::map<Why, uint64_t> not_replayed_;
  // By what was, what would be, and the rules that would decide.
  std::map<std::array<std::string, 3>, uint64_t> by_rules_;
};

// Does one of the entry's lists name a place there, or might it?
bool Replay::HasPlace(std::string_view list, std::string_view below) const {
  const JsonNode* places = entry_.At(root(), {list});
  if (places == nullptr || places->kind != JsonKind::kArray) return false;
  if (places->child_count >= kFullList) return true;  // there may be more than it says
  for (const JsonNode& place : tree_.Children(*places)) {
    if (!place.text.starts_with(below)) continue;
    if (place.text.size() == below.size() || place.text[below.size()] == '/') return true;
  }
  return false;
}

std::optional<Why> Replay::WhyNot(const JsonNode* body) const {
  if (entry_.At(root(), {"answer", "context", "error"}) != nullptr) return kRefused;
  if (entry_.Text(root(), {"answer", "context", "reason"}) == "halted" &&
      entry_.Texts(root(), {"answer", "context", "rules"}).empty()) {
    return kHalted;
  }
  if (body == nullptr) {
    if (entry_.IsTrue(root(), {"request", "malformed"})) return kMalformed;
    if (HasPlace("omitted", "/request/body")) return kTooLarge;
    if (HasPlace("omitted", "/request/inputs")) return kTooLarge;
    return HasPlace("erased", "/request/body") ? kMasked : kNoBody;
  }
  const JsonNode* evidence = entry_.At(*body, {"evidence"});
  if (evidence != nullptr && evidence->child_count > 0) return kEvidence;
  for (const std::string_view list : {"erased", "masked"}) {
    if (HasPlace(list, "/request/body")) return kMasked;
  }
  return std::nullopt;
}

Answer Replay::DecideAgain(std::string_view body, Time now) {
  parser_.set_now(now);
  const Request* request = parser_.Read(body);
  if (request == nullptr)
    return {.kind = "unreadable", .rules = {}, .obligations = {}, .unknown = {}};
  const Decision decision = Decide(*world_.policy, *world_.snapshot, *request, scratch_);
  const DecisionOrigin origin{policy_digest_, world_.snapshot->version()};
  const std::string text = WriteDecision(world_.policy->program(), decision, origin);
  JsonError error;
  if (!answer_tree_.Parse(text, JsonPath(), &error)) __builtin_trap();  // the engine's own
  return AnswerReader(answer_tree_).Read(answer_tree_.root());
}

bool Replay::Entry(uint64_t index, std::string_view text) {
  JsonError error;
  if (!tree_.Parse(text, JsonPath(), &error)) return false;
  const std::string_view type = entry_.Text(root(), {"type"});
  if (type.empty() || entry_.At(root(), {"v"}) == nullptr) return false;
  if (type == "dropped") {
    const JsonNode* count = entry_.At(root(), {"count"});
    if (count != nullptr) dropped_ += std::strtoull(std::string(count->text).c_str(), nullptr, 10);
  }
  if (type != "decision") return true;
  const absl::StatusOr<Time> time = ParseTime(entry_.Text(root(), {"time"}));
  const JsonNode* answer = entry_.At(root(), {"answer"});
  if (!time.ok() || answer == nullptr) return false;
  ++decisions_;
  const JsonNode* body = entry_.At(root(), {"request", "body"});
  if (const std::optional<Why> why = WhyNot(body)) {
    ++not_replayed_[*why];
    return true;
  }
  ++replayed_;
  Answer was = entry_.Read(*answer);
  // What is masked there cannot be compared.
  for (const std::string_view list : {"erased", "masked"}) {
    if (HasPlace(list, "/answer/context/obligations")) was.obligations.clear();
  }
  const std::string_view facts = entry_.Text(*answer, {"context", "facts"});
  const bool other_facts = !facts.empty() && facts != world_.snapshot->version();
  other_facts_ += other_facts ? 1 : 0;
  const Answer now = DecideAgain(JsonTextOf(text, *body), *time);
  if (!Differ(was, now)) return true;
  ++changed_;
  changed_by_other_facts_ += other_facts ? 1 : 0;
  ++by_rules_[{was.kind, now.kind, Joined(now.rules, "no rule")}];
  if (!options_.summary) Tell(index, was, now, other_facts);
  return true;
}

void Replay::Tell(uint64_t index, const Answer& was, const Answer& now, bool other_facts) {
  std::string out;
  const auto part = [&](std::initializer_list<std::string_view> path) {
    return entry_.Text(root(), path);
  };
  if (!IsJson()) {
    const auto entity = [&](std::string_view role) {
      return Cat(Name(part({"request", role, "type"})),
                 "::", InQuotes(part({"request", role, "id"})));
    };
    Append(out, was.kind, " -> ", now.kind, "  ", part({"time"}), "  ", entity("subject"), " ",
           Name(part({"request", "action"})), " ", entity("resource"), "  (entry ", index, ", ",
           part({"id"}), ")\n");
    Append(out, "  was  ", Joined(was.rules, "no rule"), "\n  now  ", Joined(now.rules, "no rule"));
    if (!now.unknown.empty()) Append(out, "; not known: ", Join(now.unknown, ", "));
    if (was.kind == now.kind) {
      Append(out, "\n  obliged to ", was.obligations, "\n  then to    ", now.obligations);
    }
    if (other_facts) out += "\n  it was decided by other facts than these";
    Print(Cat(out, "\n"));
    return;
  }
  JsonSink sink(&out);
  if (changed_ > 1) sink.Put(',');
  sink.PutPlain(Cat("\n{\"index\":", index));
  const auto text = [&](std::string_view name, std::string_view value) {
    sink.Put(',');
    sink.PutText(name);
    sink.Put(':');
    sink.PutText(value);
  };
  text("id", part({"id"}));
  text("time", part({"time"}));
  text("action", part({"request", "action"}));
  for (const std::string_view role : {"subject", "resource"}) {
    const JsonNode* entity = entry_.At(root(), {"request", role});
    if (entity == nullptr) continue;
    sink.Put(',');
    sink.PutText(role);
    sink.Put(':');
    audit::PutNode(tree_, *entity, sink);
  }
  text("was", was.kind);
  text("now", now.kind);
  PutTexts("was_rules", was.rules, sink);
  PutTexts("now_rules", now.rules, sink);
  PutTexts("now_unknown", now.unknown, sink);
  if (was.kind == now.kind) {
    sink.PutPlain(
        Cat(",\"was_obligations\":", was.obligations, ",\"now_obligations\":", now.obligations));
  }
  sink.PutPlain(Cat(",\"other_facts\":", other_facts ? "true" : "false", "}"));
  sink.Flush();
  Print(out);
}

void Replay::FinishText(const audit::Verification* verified) const {
  std::string out =
      Cat(decisions_, " decisions, ", replayed_, " decided again, ", changed_, " would change\n");
  for (const auto& [by, count] : by_rules_) {
    Append(out, "  ", by[0], " -> ", by[1], "  ", count, "  by ", by[2], "\n");
  }
  for (const auto& [why, count] : not_replayed_) {
    Append(out, count, " not decided again: ", why.second, "\n");
  }
  if (other_facts_ > 0) {
    Append(out, other_facts_, " were decided by other facts than these, and ",
           changed_by_other_facts_, " of those would change: not by the policy alone, perhaps\n");
  }
  if (dropped_ > 0) Append(out, dropped_, " more were made that the log does not have\n");
  if (verified == nullptr) {
    out += "the lines were taken as they are: only a log's folder can be verified\n";
  } else if (verified->pending > 0) {
    Append(out, verified->pending,
           " entries are in the journal and not under a checkpoint yet: not looked at\n");
  }
  Print(out);
}

void Replay::FinishJson(const audit::Verification* verified) const {
  std::string out;
  JsonSink sink(&out);
  sink.PutPlain(Cat("],\n\"decisions\":", decisions_, ",\"replayed\":", replayed_,
                    ",\"changed\":", changed_, ",\"by_rules\":["));
  bool first = true;
  for (const auto& [by, count] : by_rules_) {
    if (!std::exchange(first, false)) sink.Put(',');
    sink.Put("{\"was\":");
    sink.PutText(by[0]);
    sink.Put(",\"now\":");
    sink.PutText(by[1]);
    sink.Put(",\"rules\":");
    sink.PutText(by[2]);
    sink.PutPlain(Cat(",\"count\":", count, "}"));
  }
  sink.Put("],\"not_replayed\":{");
  first = true;
  for (const auto& [why, count] : not_replayed_) {
    if (!std::exchange(first, false)) sink.Put(',');
    sink.PutText(why.first);
    sink.PutPlain(Cat(":", count));
  }
  sink.PutPlain(Cat("},\"other_facts\":", other_facts_, ",\"dropped\":", dropped_, ",\"verified\":",
                    verified == nullptr ? "null"
                    : verified->ok()    ? "true"
                                        : "false",
                    ",\"pending\":", verified == nullptr ? 0 : verified->pending, ",\"policy\":"));
  sink.PutText(policy_digest_);
  sink.Put(",\"facts\":");
  sink.PutText(world_.snapshot->version());
  sink.Put("}\n");
  sink.Flush();
  Print(out);
}

int Replay::Finish(const audit::Verification* verified) {
  if (IsJson()) {
    FinishJson(verified);
  } else {
    FinishText(verified);
  }
  if (verified != nullptr && !verified->ok()) {
    for (const std::string& problem : verified->problems) PrintError(Cat("ztp: ", problem, "\n"));
    return kFailed;
  }
  if (replayed_ == 0) {
    PrintError("ztp: no decision could be made again, so nothing is known about the policy\n");
    return kFailed;
  }
  return changed_ > 0 ? kFailed : kDone;
}

// Calls take(number, line) with each line that is not empty, which is bounded. False: one is not.
template <typename Take>
bool EachLine(std::FILE* file, const Take& take) {
  std::string line;
  uint64_t number = 0;
  for (int c = std::getc(file);; c = std::getc(file)) {
    if (c != '\n' && c != EOF) {
      line += static_cast<char>(c);
      if (line.size() <= audit::kMaxEntryBytes) continue;
      return false;
    }
    if (!line.empty() && !take(number, line)) return false;
    if (c == EOF) return true;
    ++number;
    line.clear();
  }
}

int ReplayLines(const Options& options, Replay& replay) {
  const bool is_stdin = options.log == "-";
  std::FILE* const file = is_stdin ? stdin : std::fopen(options.log.c_str(), "rbe");
  if (file == nullptr) {
    PrintError(Cat("ztp: cannot read ", options.log, "\n"));
    return kEnvironment;
  }
  uint64_t last = 0;
  const bool all = EachLine(file, [&](uint64_t number, std::string_view line) {
    last = number + 1;
    return replay.Entry(number, line);
  });
  const bool failed = std::ferror(file) != 0;
  if (!is_stdin) std::fclose(file);
  if (failed) {
    PrintError(Cat("ztp: cannot read ", options.log, "\n"));
    return kEnvironment;
  }
  if (!all) {
    PrintError(Cat("ztp: ", options.log, ":", last,
                   ": this is no line of `ztp audit export --format jsonl`\n"));
    return kFailed;
  }
  return replay.Finish(nullptr);
}

int Run(const Options& options) {
  struct stat about = {};
  const bool is_log = stat(options.log.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
  if (is_log && options.key.empty()) {
    PrintError("ztp: a log is verified as it is read: give its public key with --key\n");
    return kUsage;
  }
  const LoadedWorld world = LoadWorld(options.policy, options.facts, options.signed_by);
  if (world.exit_code != kDone) return world.exit_code;
  if (!is_log) {
    Replay replay(world, options);
    return ReplayLines(options, replay);
  }
  const auto key = LoadLogKey(options.key, options.origin);
  if (!key.ok()) return Fail(key.status());
  const auto files = audit::OpenFolder(options.log, audit::Access::kRead);
  if (!files.ok()) return Fail(files.status());
  Replay replay(world, options);
  bool all = true;
  const auto take = [&](uint64_t index, std::string_view entry) {
    all = replay.Entry(index, entry) && all;
  };
  const auto verified = audit::VerifyLog(
      **files, *key, {.kept = {}, .is_running = options.is_running, .on_entry = take});
  if (!verified.ok()) return Fail(verified.status());
  const int code = replay.Finish(&*verified);
  if (all) return code;
  PrintError("ztp: the log has entries of a form that this version does not know\n");
  return kFailed;
}

}  // namespace

void AddReplay(CLI::App& app, Action* action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "replay", "Decide what an audit log has again by another policy, and say what would change");
  command
      ->add_option("LOG", options->log,
                   "an audit log's folder, or JSON lines as `ztp audit export` writes them; - is "
                   "standard input")
      ->required();
  command
      ->add_option("POLICY", options->policy,
                   "the other policy: a bundle (.ztpb), a .ztp file, or a folder of them")
      ->required();
  command->add_option("-f,--facts", options->facts.files, kFactsHelp);
  command->add_option("-k,--key", options->key, kLogKeyHelp);
  command->add_option("--origin", options->origin, "the log's name, where the key is PEM");
  options->signed_by.AddOptions(*command);
  command->add_option("--trust", options->facts.trust, kFactsTrustHelp);
  command->add_flag("--assume-proven", options->facts.assume_proven,
                    "take proven inputs and attributes as plain JSON: for logs of `ztp decide "
                    "--assume-proven`");
  command->add_flag("--running", options->is_running, "the log is being written at this moment");
  command->add_flag("--summary", options->summary, "only the counts");
  command->add_option("--format", options->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Each decision is made again at its own time, from the request that its entry kept "
      "(--audit-requests), by the policy and the facts that are given here. What changes is "
      "another "
      "answer (allow, deny, unreadable), or another obligation of an allow; other rules, reasons "
      "or "
      "leases are none. Not decided again, and counted: requests that are not in the log, or not "
      "whole (masked, too large), and those that came with evidence, which is never logged.\n"
      "Exit codes: 0 no decision that could be made again would change; 1 one would, or none could "
      "be made again, or the log is not as it was signed.");
  command->callback([=] { *action = [=] { return Run(*options); }; });
}

}  // namespace ztp::cli
