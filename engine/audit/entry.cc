// See entry.h.
#include "engine/audit/entry.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "engine/audit/tile.h"
#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::audit {
namespace {

constexpr size_t kMinKeyBytes = 16;
constexpr size_t kMaxTextBytes = 1024;   // of each of the texts that every entry has
constexpr size_t kMaxPlacesListed = 64;  // of what was masked
constexpr size_t kMaxPointerBytes = 256;

// What an entry is without when it would be too large.
enum class Without { kNothing, kBody, kInputs, kContext };

void PutNumber(uint64_t value, JsonSink& sink) { sink.PutPlain(Cat(value)); }

}  // namespace

void PutNode(const JsonTree& tree, const JsonNode& node, JsonSink& sink) {
  bool first = true;
  switch (node.kind) {
    case JsonKind::kNull:
      sink.Put("null");
      break;
    case JsonKind::kBool:
      sink.PutPlain(node.boolean ? "true" : "false");
      break;
    case JsonKind::kNumber:
      sink.PutPlain(node.text);
      break;
    case JsonKind::kString:
      sink.PutText(node.text);
      break;
    case JsonKind::kArray:
      sink.Put('[');
      for (const JsonNode& element : tree.Children(node)) {
        if (!std::exchange(first, false)) sink.Put(',');
        PutNode(tree, element, sink);
      }
      sink.Put(']');
      break;
    case JsonKind::kObject:
      sink.Put('{');
      for (const JsonNode& member : tree.Children(node)) {
        if (!std::exchange(first, false)) sink.Put(',');
        sink.PutText(member.key);
        sink.Put(':');
        PutNode(tree, member, sink);
      }
      sink.Put('}');
      break;
  }
}

// One entry being written.
class EntryWriter::Writing {
 public:
  Writing(const EntryWriter& writer, const DecisionRecord& record, bool is_request, bool is_answer,
          Without without)
      : writer_(writer),
        record_(record),
        request_(is_request ? &writer.request_.root() : nullptr),
        answer_(is_answer ? &writer.answer_.root() : nullptr),
        without_(without) {}

  std::string Write() {
    std::string out;
    JsonSink sink(&out);
    sink_ = &sink;
    const JsonNode* action = Child(Child(request_, "action"), "name");
    if (action != nullptr && action->kind == JsonKind::kString) action_ = action->text;
    Object([&] {
      Plain("v", "1");
      Plain("type", "\"decision\"");
      Text("id", record_.id);
      Member("time", [&] { sink_->PutTime(record_.time); });
      Plain("latency_ns", Cat(record_.latency_nanos));
      if (!record_.asked_by.empty()) Text("asked_by", record_.asked_by);
      if (!record_.request_id.empty()) Text("request_id", record_.request_id);
      if (!record_.trace_id.empty()) Text("trace_id", record_.trace_id);
      if (!record_.span_id.empty()) Text("span_id", record_.span_id);
      Member("request", [&] { Object([&] { PutRequest(action); }); });
      Member("answer", [&] { Object([&] { PutAnswer(); }); });
      PutShadow();
      // Their own members cannot be masked.
      List("erased", erased_);
      List("masked", masked_);
      List("omitted", omitted_);
    });
    sink.Flush();
    return out;
  }

 private:
  const JsonNode* Child(const JsonNode* node, std::string_view name) const {
    if (node == nullptr || node->kind != JsonKind::kObject) return nullptr;
    return writer_.request_.Find(*node, name);
  }

  template <typename Put>
  void Object(const Put& put) {
    const bool before = std::exchange(first_, true);
    sink_->Put('{');
    put();
    sink_->Put('}');
    first_ = before;
  }
  void Comma() {
    if (!std::exchange(first_, false)) sink_->Put(',');
  }
  void Note(std::vector<std::string>* list) const {
    if (list->size() == kMaxPlacesListed) return;
    // A place with too long a name is listed as what it is in.
    std::vector<std::string_view> place = path_;
    while (!place.empty()) {
      std::string pointer = PointerOf(place);
      if (pointer.size() <= kMaxPointerBytes) return list->push_back(std::move(pointer));
      place.pop_back();
    }
  }

  // Puts what `put` puts, unless the mask has something else for the place; `name` puts what comes
  // before. False: it is erased, and nothing was put.
  template <typename Name, typename Put>
  bool Masked(std::string_view part, const Name& name, const Put& put) {
    path_.push_back(part);
    MaskAction mask = writer_.options_.mask.Of(path_, action_);
    // Evidence is what others could present: it never stands in a log.
    if (mask == MaskAction::kKeep && path_.size() == 5 && path_[1] == "body" &&
        path_[2] == "evidence" && path_[4] == "value") {
      mask = MaskAction::kDigest;
    }
    if (mask == MaskAction::kErase) {
      Note(&erased_);
    } else {
      name();
      if (mask == MaskAction::kDigest) {
        std::string value;
        JsonSink aside(&value);
        JsonSink* const sink = std::exchange(sink_, &aside);
        put();
        sink_ = sink;
        aside.Flush();
        sink_->PutText(writer_.DigestOf(value));
        Note(&masked_);
      } else {
        put();
      }
    }
    path_.pop_back();
    return mask != MaskAction::kErase;
  }
  template <typename Put>
  void Member(std::string_view name, const Put& put) {
    Masked(
        name,
        [&] {
          Comma();
          sink_->PutText(name);
          sink_->Put(':');
        },
        put);
  }
  void Plain(std::string_view name, std::string_view json) {
    Member(name, [&] { sink_->PutPlain(json); });
  }
  void Text(std::string_view name, std::string_view text) {
    Member(name, [&] { PutBounded(text); });
  }
  void PutBounded(std::string_view text) {
    if (text.size() <= kMaxTextBytes) {
      sink_->PutText(text);
      return;
    }
    Note(&omitted_);
    sink_->PutText(writer_.DigestOf(text));
  }
  void List(std::string_view name, const std::vector<std::string>& pointers) {
    if (pointers.empty()) return;
    Comma();
    sink_->PutText(name);
    sink_->Put(":[");
    bool first = true;
    for (const std::string& pointer : pointers) {
      if (!std::exchange(first, false)) sink_->Put(',');
      sink_->PutText(pointer);
    }
    sink_->Put(']');
  }

  // A node of what came, with masks applied within.
  void Node(const JsonTree& tree, const JsonNode& node) {
    if (node.kind == JsonKind::kObject) {
      Object([&] {
        for (const JsonNode& member : tree.Children(node)) {
          Member(member.key, [&] { Node(tree, member); });
        }
      });
      return;
    }
    if (node.kind != JsonKind::kArray) {
      PutNode(tree, node, *sink_);
      return;
    }
    sink_->Put('[');
    size_t i = 0;
    for (const JsonNode& element : tree.Children(node)) {
      if (i > 0) sink_->Put(',');
      const std::string index = Cat(i++);
      // Erased elements leave their places.
      if (!Masked(
              index, [] {}, [&] { Node(tree, element); }))
        sink_->Put("null");
    }
    sink_->Put(']');
  }

  void PutRequest(const JsonNode* action) {
    Member("digest", [&] { sink_->PutText(writer_.DigestOf(record_.request)); });
    if (request_ == nullptr) {
      // No JSON: then it is only known by its digest.
      Plain("malformed", "true");
      return;
    }
    PutEntity("subject");
    Member("action", [&] { PutName(action); });
    PutEntity("resource");
    if (without_ >= Without::kInputs) {
      Omit("inputs");
      return;
    }
    PutDigests("inputs", Child(request_, "context"));
    PutDigests("parameters", Child(Child(request_, "action"), "properties"));
    PutEvidence(Child(request_, "evidence"));
    if (!writer_.options_.with_request) return;
    if (without_ >= Without::kBody) {
      Omit("body");
    } else {
      Member("body", [&] { Node(writer_.request_, *request_); });
    }
  }
  void PutName(const JsonNode* name) {
    if (name != nullptr && name->kind == JsonKind::kString) {
      PutBounded(name->text);
    } else {
      sink_->Put("null");
    }
  }
  void PutEntity(std::string_view role) {
    const JsonNode* entity = Child(request_, role);
    Member(role, [&] {
      Object([&] {
        Member("type", [&] { PutName(Child(entity, "type")); });
        Member("id", [&] { PutName(Child(entity, "id")); });
      });
    });
  }
  // Each member of an object by the digest of its value.
  void PutDigests(std::string_view name, const JsonNode* object) {
    if (object == nullptr || object->kind != JsonKind::kObject || object->child_count == 0) return;
    Member(name, [&] {
      Object([&] {
        for (const JsonNode& member : writer_.request_.Children(*object)) {
          Member(member.key, [&] {
            std::string value;
            JsonSink aside(&value);
            PutNode(writer_.request_, member, aside);
            aside.Flush();
            sink_->PutText(writer_.DigestOf(value));
          });
        }
      });
    });
  }
  void PutEvidence(const JsonNode* evidence) {
    if (evidence == nullptr || evidence->kind != JsonKind::kArray || evidence->child_count == 0) {
      return;
    }
    Member("evidence", [&] {
      sink_->Put('[');
      bool first = true;
      for (const JsonNode& item : writer_.request_.Children(*evidence)) {
        if (!std::exchange(first, false)) sink_->Put(',');
        const JsonNode* value = Child(&item, "value");
        if (value != nullptr && value->kind == JsonKind::kString) {
          sink_->PutText(writer_.DigestOf(value->text));
        } else {
          sink_->Put("null");
        }
      }
      sink_->Put(']');
    });
  }
  void Omit(std::string_view name) {
    path_.push_back(name);
    Note(&omitted_);
    path_.pop_back();
  }

  void PutAnswer() {
    const JsonNode* decision = nullptr;
    const JsonNode* context = nullptr;
    if (answer_ != nullptr && answer_->kind == JsonKind::kObject) {
      decision = writer_.answer_.Find(*answer_, "decision");
      context = writer_.answer_.Find(*answer_, "context");
    }
    const bool allowed =
        decision != nullptr && decision->kind == JsonKind::kBool && decision->boolean;
    Plain("decision", allowed ? "true" : "false");
    if (context != nullptr && without_ < Without::kContext) {
      Member("context", [&] { Node(writer_.answer_, *context); });
      return;
    }
    Omit("context");
    Member("digest", [&] { sink_->PutText(writer_.DigestOf(record_.answer)); });
  }

  void PutShadow() {
    if (record_.shadow.empty()) return;
    if (without_ >= Without::kContext) {
      Omit("shadow");
    } else {
      Plain("shadow", record_.shadow);
    }
  }

  const EntryWriter& writer_;
  const DecisionRecord& record_;
  const JsonNode* const request_;
  const JsonNode* const answer_;
  const Without without_;
  std::string_view action_;
  JsonSink* sink_ = nullptr;
  bool first_ = true;
  std::vector<std::string_view> path_;
  std::vector<std::string> erased_;
  std::vector<std::string> masked_;
  std::vector<std::string> omitted_;
};

absl::StatusOr<std::unique_ptr<EntryWriter>> EntryWriter::Make(EntryOptions options) {
  if (options.key.size() < kMinKeyBytes && (!options.key.empty() || options.mask.NeedsKey())) {
    return InvalidArgument(
        "digests of what is masked take a key of at least ", kMinKeyBytes,
        " bytes: without one, whoever can guess a value can find out that it was this one");
  }
  return std::unique_ptr<EntryWriter>(new EntryWriter(std::move(options)));
}

std::string EntryWriter::DigestOf(std::string_view bytes) const {
  if (options_.key.empty()) return Sha256Digest(bytes);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), options_.key.data(), static_cast<int>(options_.key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest,
           &size) == nullptr) {
    __builtin_trap();  // as where a plain digest cannot be made
  }
  return Cat("hmac-sha256:", Hex(digest, size));
}

std::string EntryWriter::Decision(const DecisionRecord& record) {
  JsonError error;
  const bool is_request = record.request.size() <= kMaxJsonDocumentBytes &&
                          request_.Parse(record.request, JsonPath(), &error);
  const bool is_answer = record.answer.size() <= kMaxJsonDocumentBytes &&
                         answer_.Parse(record.answer, JsonPath(), &error);
  std::string entry;
  for (const Without without :
       {Without::kNothing, Without::kBody, Without::kInputs, Without::kContext}) {
    entry = Writing(*this, record, is_request, is_answer, without).Write();
    if (entry.size() <= kMaxEntryBytes) break;
  }
  return entry;
}

std::string EntryWriter::Dropped(uint64_t count, Time time) {
  std::string out;
  JsonSink sink(&out);
  sink.Put(R"({"v":1,"type":"dropped","time":)");
  sink.PutTime(time);
  sink.Put(R"(,"count":)");
  PutNumber(count, sink);
  sink.Put('}');
  sink.Flush();
  return out;
}

std::string EntryWriter::Recovered(uint64_t torn_bytes, std::string_view torn_digest, Time time) {
  std::string out;
  JsonSink sink(&out);
  sink.Put(R"({"v":1,"type":"recovered","time":)");
  sink.PutTime(time);
  sink.Put(R"(,"torn_bytes":)");
  PutNumber(torn_bytes, sink);
  sink.Put(R"(,"torn_digest":)");
  sink.PutText(torn_digest);
  sink.Put('}');
  sink.Flush();
  return out;
}

}  // namespace ztp::audit
