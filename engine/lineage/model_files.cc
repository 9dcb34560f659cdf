// See model_files.h.
#include "engine/lineage/model_files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>

#include "engine/base/descriptor.h"
#include "engine/base/hex.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"

namespace ztp::lineage {
namespace {

using evidence::Check;
using evidence::ModelFile;
using evidence::Refuse;
using evidence::Verified;

// Small enough to stay in a core's cache between read and hash.
constexpr size_t kBufferBytes = size_t{64} << 10;
constexpr uint64_t kProgressBytes = uint64_t{32} << 20;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Shared by the threads of one call.
class Work {
 public:
  Work(const ModelTree& tree, const std::vector<TreeFile>& files, const HashOptions& options)
      : tree_(tree), files_(files), options_(options), order_(files.size()), out_(files.size()) {
    // The largest first: no thread is left with it when the others are done.
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return files[a].size > files[b].size; });
    for (const TreeFile& file : files) all_ += file.size;
  }

  void Run() {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    const std::unique_ptr<unsigned char[]> buffer(new unsigned char[kBufferBytes]);
    if (context == nullptr) return Fail(ResourceExhausted("no memory to hash in"));
    while (!stopped_.load(std::memory_order_relaxed)) {
      const size_t next = next_.fetch_add(1, std::memory_order_relaxed);
      if (next >= order_.size()) return;
      const size_t i = order_[next];
      out_[i].name = files_[i].name;
      if (absl::Status status = Hash(files_[i], context.get(), buffer.get(), &out_[i].sha256);
          !status.ok()) {
        return Fail(std::move(status));
      }
    }
  }

  // The same, for pthread_create: std::thread would throw where there can be no more.
  static void* Thread(void* work) {
    static_cast<Work*>(work)->Run();
    return nullptr;
  }

  // After all threads have ended.
  absl::StatusOr<std::vector<ModelFile>> Take() {
    if (!status_.ok()) return status_;
    if (options_.progress) (void)options_.progress(done_, all_);
    return std::move(out_);
  }

 private:
  void Fail(absl::Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
    stopped_.store(true, std::memory_order_relaxed);
  }

  // False: the caller wants no more.
  bool Report(uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ += bytes;
    return !options_.progress || options_.progress(done_, all_);
  }

  absl::Status Hash(const TreeFile& file, EVP_MD_CTX* context, unsigned char* buffer,
                    std::string* hex) {
    ZTP_ASSIGN_OR_RETURN(const int fd, tree_.OpenFile(file.name));
    const Descriptor owner(fd);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
      return Internal("OpenSSL has no SHA-256");
    }
    uint64_t size = 0;
    uint64_t reported = 0;
    for (;;) {
      const ssize_t got = read(fd, buffer, kBufferBytes);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return OsError(Cat("cannot read ", tree_.path(), "/", file.name), errno);
      if (got == 0) break;
      size += static_cast<uint64_t>(got);
      // A file that grows as fast as it is read would never end.
      if (size > file.size) break;
      if (EVP_DigestUpdate(context, buffer, static_cast<size_t>(got)) != 1) {
        return Internal("OpenSSL cannot hash");
      }
      if (size - reported >= kProgressBytes) {
        if (stopped_.load(std::memory_order_relaxed)) return absl::CancelledError();
        if (!Report(size - reported)) return absl::CancelledError("stopped");
        reported = size;
      }
    }
    if (size != file.size) {
      return Unavailable(tree_.path(), "/", file.name, " changed while it was read");
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_size = 0;
    if (EVP_DigestFinal_ex(context, digest, &digest_size) != 1) {
      return Internal("OpenSSL cannot hash");
    }
    *hex += Hex(digest, digest_size);
    return Report(size - reported) ? absl::OkStatus() : absl::CancelledError("stopped");
  }

  const ModelTree& tree_;
  const std::vector<TreeFile>& files_;
  const HashOptions& options_;
  std::vector<size_t> order_;
  std::vector<ModelFile> out_;  // each thread writes its own elements
  uint64_t all_ = 0;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  uint64_t done_ = 0;
  absl::Status status_;
};

std::string Shown(std::string_view name) { return Quoted(name.substr(0, 80)); }

// Names in order, without one that is signed and missing, or there and not signed.
Verified<std::vector<TreeFile>> MatchNames(std::vector<TreeFile> there,
                                           const std::vector<ModelFile>& wanted) {
  size_t i = 0;
  for (const ModelFile& file : wanted) {
    if (i == there.size() || evidence::ModelPathLess(file.name, there[i].name)) {
      return Refuse(Check::kContent, "the model has no file ", Shown(file.name));
    }
    if (there[i].name != file.name) break;
    ++i;
  }
  if (i < there.size()) {
    return Refuse(Check::kContent, "the file ", Shown(there[i].name), " is not signed");
  }
  return there;
}

}  // namespace

absl::StatusOr<std::vector<ModelFile>> HashFiles(const ModelTree& tree,
                                                 const std::vector<TreeFile>& files,
                                                 const HashOptions& options) {
  unsigned threads = options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
  threads = std::min(std::max(1u, threads), kMaxHashThreads);
  threads = static_cast<unsigned>(std::min<size_t>(threads, std::max<size_t>(1, files.size())));
  Work work(tree, files, options);
  std::vector<pthread_t> others;
  others.reserve(threads - 1);
  // A thread that cannot be made is one less: this one does the work all the same.
  for (unsigned i = 1; i < threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, &Work::Thread, &work) != 0) break;
    others.push_back(thread);
  }
  work.Run();
  for (const pthread_t other : others) pthread_join(other, nullptr);
  return work.Take();
}

absl::StatusOr<Verified<std::vector<ModelFile>>> HashModel(const std::string& path,
                                                           const std::vector<std::string>& ignored,
                                                           const HashOptions& options) {
  using Result = Verified<std::vector<ModelFile>>;
  ZTP_ASSIGN_OR_RETURN(const ModelTree tree, ModelTree::Open(path));
  ZTP_ASSIGN_OR_RETURN(const Verified<std::vector<TreeFile>> files, tree.List(ignored));
  if (!files.ok()) return Result(files.refusal());
  ZTP_ASSIGN_OR_RETURN(std::vector<ModelFile> hashed, HashFiles(tree, *files, options));
  return Result(std::move(hashed));
}

absl::StatusOr<Verified<uint64_t>> VerifyModelFiles(const std::string& path,
                                                    const evidence::ModelManifest& manifest,
                                                    const std::vector<std::string>& ignored,
                                                    const HashOptions& options) {
  using Result = Verified<uint64_t>;
  std::vector<std::string> all_ignored = manifest.ignored;
  all_ignored.insert(all_ignored.end(), ignored.begin(), ignored.end());
  std::vector<ModelFile> wanted = manifest.files;
  std::sort(wanted.begin(), wanted.end(), [](const ModelFile& a, const ModelFile& b) {
    return evidence::ModelPathLess(a.name, b.name);
  });
  ZTP_ASSIGN_OR_RETURN(const ModelTree tree, ModelTree::Open(path));
  ZTP_ASSIGN_OR_RETURN(Verified<std::vector<TreeFile>> files, tree.List(all_ignored));
  if (!files.ok()) return Result(files.refusal());
  const Verified<std::vector<TreeFile>> matched = MatchNames(*std::move(files), wanted);
  if (!matched.ok()) return Result(matched.refusal());
  ZTP_ASSIGN_OR_RETURN(const std::vector<ModelFile> hashed, HashFiles(tree, *matched, options));
  uint64_t bytes = 0;
  for (size_t i = 0; i < hashed.size(); ++i) {
    if (hashed[i].sha256 != wanted[i].sha256) {
      return Result(Refuse(Check::kContent, "the file ", Shown(hashed[i].name),
                           " is another than the one that was signed"));
    }
    bytes += (*matched)[i].size;
  }
  return Result(bytes);
}

}  // namespace ztp::lineage
