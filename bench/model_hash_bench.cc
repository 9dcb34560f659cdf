// ztp_model_hash_bench: how fast a model's files are hashed, beside the machine's own limit.
//
//   ztp_model_hash_bench [--files 4] [--megabytes 2048] [--threads 0] [--runs 5] [--folder DIR]
//
// Makes the files (below DIR or the system's folder for temporary ones), reads them once so that
// they are in the page cache, and hashes them as `ztp sign model` does. The limit beside it is
// OpenSSL's SHA-256 over 16 KiB that lie in the cache, as many threads at once: what
// `openssl speed -multi N -evp sha256 -bytes 16384` measures.
#include <openssl/evp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/timing.h"
#include "engine/base/status.h"
#include "engine/lineage/model_files.h"

namespace {

using namespace ztp;         // NOLINT
using namespace ztp::bench;  // NOLINT
namespace fs = std::filesystem;

struct Options {
  unsigned files = 4;
  unsigned megabytes = 2048;
  unsigned threads = 0;
  unsigned runs = 5;
  std::string folder;
};

// Bytes a second of `threads` that hash the same 16 KiB again and again, each its own.
double Limit(unsigned threads) {
  constexpr size_t kBytes = 16384;
  constexpr size_t kTimes = 40'000;
  const auto begin = Clock::now();
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([] {
      const std::vector<unsigned char> buffer(kBytes, 7);
      unsigned char digest[EVP_MAX_MD_SIZE];
      EVP_MD_CTX* context = EVP_MD_CTX_new();
      for (size_t i = 0; i < kTimes; ++i) {
        unsigned int size = 0;
        EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
        EVP_DigestUpdate(context, buffer.data(), buffer.size());
        EVP_DigestFinal_ex(context, digest, &size);
      }
      Keep(digest[0]);
      EVP_MD_CTX_free(context);
    });
  }
  for (std::thread& thread : all) thread.join();
  return static_cast<double>(kBytes * kTimes * threads) / SecondsSince(begin);
}

int Run(const Options& options) {
  const unsigned threads =
      options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  const fs::path folder =
      (options.folder.empty() ? fs::temp_directory_path() : fs::path(options.folder)) /
      ("ztp_model_hash_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const size_t file_bytes = size_t{options.megabytes} * 1024 * 1024 / options.files;
  std::vector<char> piece(1 << 20);
  for (size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i * 2654435761u >> 13);
  for (unsigned i = 0; i < options.files; ++i) {
    std::ofstream out(folder / ("part-" + std::to_string(i)), std::ios::binary);
    for (size_t left = file_bytes; left > 0;) {
      const size_t now = std::min(left, piece.size());
      out.write(piece.data(), static_cast<std::streamsize>(now));
      left -= now;
    }
    if (!out.flush()) {
      std::fprintf(stderr, "cannot write below %s\n", folder.c_str());
      fs::remove_all(folder);
      return 4;
    }
  }
  std::vector<double> ours;
  std::vector<double> limits;
  int code = 0;
  for (unsigned run = 0; run <= options.runs; ++run) {
    const auto begin = Clock::now();
    const auto files =
        lineage::HashModel(folder.string(), {}, {.threads = threads, .progress = {}});
    const double seconds = SecondsSince(begin);
    if (!files.ok() || !files->ok()) {
      std::fprintf(stderr, "cannot hash\n");
      code = 1;
      break;
    }
    if (run == 0) continue;  // brings the files into the page cache
    ours.push_back(static_cast<double>(file_bytes) * options.files / seconds);
    limits.push_back(Limit(threads));
  }
  fs::remove_all(folder);
  if (code != 0 || ours.empty()) return code;
  std::sort(ours.begin(), ours.end());
  std::sort(limits.begin(), limits.end());
  const double us = ours[ours.size() / 2];
  const double limit = limits[limits.size() / 2];
  std::printf("%u files, %u MiB, %u threads, median of %zu runs\n", options.files,
              options.megabytes, threads, ours.size());
  std::printf("files hashed                %8.1f MB/s\n", us / 1e6);
  std::printf("SHA-256 of 16 KiB in cache  %8.1f MB/s\n", limit / 1e6);
  std::printf("share                       %8.1f %%\n", 100 * us / limit);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"How fast a model's files are hashed"};
  app.add_option("--files", options.files)->check(CLI::Range(1, 10'000));
  app.add_option("--megabytes", options.megabytes)->check(CLI::Range(1, 1'000'000));
  app.add_option("--threads", options.threads)->check(CLI::Range(0, 64));
  app.add_option("--runs", options.runs)->check(CLI::Range(1, 1000));
  app.add_option("--folder", options.folder);
  CLI11_PARSE(app, argc, argv);
  return Run(options);
}
