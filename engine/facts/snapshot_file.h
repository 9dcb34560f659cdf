// A snapshot as a file of its own, and a file as a snapshot: mapped, checked, and decided by where
// it lies. FORMAT.md says what is in it.
//
// Boundary: any bytes may be given. What comes back can be read, decided by and changed (as the
// base of a SnapshotBuilder) without harm; whether what it says is true, and who says so, is
// evidence's question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/mapped_file.h"
#include "engine/bundle/decision_program.h"
#include "engine/facts/snapshot.h"

namespace ztp {

inline constexpr uint64_t kMaxFactsFileBytes = uint64_t{1} << 40;

// Do the bytes begin as a facts file does? (Tells one from JSON; says nothing of the rest.)
bool LooksLikeFactsFile(std::string_view bytes);

// What a file says of itself, read without its policy: not checked any further.
struct FactsFileInfo {
  uint32_t format = 0;
  uint64_t file_bytes = 0;
  std::string program;  // "sha256:…": what it was made for (program_digest.h)
  std::string version;  // Snapshot::version()
  uint32_t stored_count = 0;
  uint32_t absent_count = 0;
  uint32_t pages = 0;
  uint64_t text_bytes = 0;  // of ids and texts, with notes
  uint64_t list_bytes = 0;
  uint64_t item_bytes = 0;
  uint64_t word_bytes = 0;
  uint64_t evidence_bytes = 0;
};

class SnapshotFile {
 public:
  // Through a temporary file beside it, so that a reader sees the old content or the new one.
  // Unavailable: it cannot be written. A successor of the snapshot may be made meanwhile. Equal
  // facts that came in the same order make equal bytes. `evidence`: text that goes with them, for
  // those that read it again (runtime/load_facts.h) to understand; at most kMaxFactsTextBytes.
  static absl::Status Write(const Snapshot& snapshot, const std::string& path,
                            std::string_view evidence = {});
  // The same bytes, in memory.
  static std::string Bytes(const Snapshot& snapshot);

  // The facts of a file, for the program that they were made for or one that differs in its rules
  // only. The snapshot, and any that follow it, hold the mapping. Whoever replaces the file puts
  // another in its place (Write does): what has been verified is used as it lies, so a file that is
  // written to or cut off meanwhile makes wrong decisions or ends the process. InvalidArgument: it
  // is no facts file, is made for other types or names, or is damaged; Unimplemented: of a format
  // that this version does not know; else as MapFile. The messages name the file.
  static absl::StatusOr<std::shared_ptr<const Snapshot>> Open(
      std::shared_ptr<const DecisionProgram> program, const std::string& path);
  // The same of what the caller has mapped from that path.
  static absl::StatusOr<std::shared_ptr<const Snapshot>> Open(
      std::shared_ptr<const DecisionProgram> program, const std::string& path, MappedFile file);
  // The same of bytes in memory that begin at a multiple of 64 and are neither changed nor freed
  // while `storage` is held; `storage` may be null where the caller keeps them.
  static absl::StatusOr<std::shared_ptr<const Snapshot>> View(
      std::shared_ptr<const DecisionProgram> program, std::string_view bytes,
      std::shared_ptr<const void> storage);
  // The same of a copy.
  static absl::StatusOr<std::shared_ptr<const Snapshot>> Read(
      std::shared_ptr<const DecisionProgram> program, std::string_view bytes);

  // The text that goes with the facts of a file that can be opened; empty: there is none. A view
  // into `bytes`.
  static std::string_view Evidence(std::string_view bytes);

  // InvalidArgument: it is no facts file, or cut off.
  static absl::StatusOr<FactsFileInfo> Info(std::string_view bytes);

 private:
  using Put = std::function<void(const void* data, size_t size)>;

  static struct FactsFileHeader Stream(const Snapshot& snapshot, std::string_view evidence,
                                       const Put& put);
  static absl::StatusOr<std::shared_ptr<const Snapshot>> Make(
      std::shared_ptr<const DecisionProgram> program, std::string_view bytes,
      const struct FactsFileHeader& header, std::shared_ptr<const void> storage);
  static absl::Status MakeIndex(Snapshot* snapshot);
};

}  // namespace ztp
