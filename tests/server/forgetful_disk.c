/* A disk that can be asked what it would have after a power cut: preloaded into a program, it notes what the program has
 * synced below one folder.
 *
 * ZTP_DISK_FOLDER: the folder, an absolute path. ZTP_DISK_IMAGE: another one, where it notes, by a file's key (inode and time of
 * birth, as inodes are used again):
 *   file-KEY     what the file had when it was synced last
 *   folder-KEY   what the folder had then: a line `KEY f|d NAME` for each file or folder
 *
 * A note takes its place before the sync is over, so that what the program said after it is held to it. What is not noted was
 * never promised: a file that is not synced, a name in a folder that is not. power_cut_test.py makes a folder of the notes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The program must not go on with a promise that was not noted. */
static void give_up(const char* what) {
  fprintf(stderr, "forgetful disk: %s: %s\n", what, strerror(errno));
  abort();
}

static void key_of(int at, const char* name, char key[64], int* is_folder) {
  struct statx info;
  if (statx(at, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME | STATX_TYPE, &info) != 0) give_up("statx");
  snprintf(key, 64, "%llu-%lld.%09u", (unsigned long long)info.stx_ino, (long long)info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
  *is_folder = S_ISDIR(info.stx_mode);
}

static void write_all(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t done = write(fd, bytes, size);
    if (done < 0) give_up("write");
    bytes += done;
    size -= (size_t)done;
  }
}

static void note_file(int from, int to) {
  static char bytes[1 << 16];
  off_t at = 0;
  for (;;) {
    const ssize_t got = pread(from, bytes, sizeof(bytes), at);
    if (got < 0) give_up("read");
    if (got == 0) return;
    write_all(to, bytes, (size_t)got);
    at += got;
  }
}

static void note_folder(int from, int to) {
  const int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* folder = again < 0 ? NULL : fdopendir(again);
  if (folder == NULL) give_up("opendir");
  for (const struct dirent* each; (each = readdir(folder)) != NULL;) {
    if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0) continue;
    char key[64], line[512];
    int is_folder = 0;
    key_of(from, each->d_name, key, &is_folder);
    const int size = snprintf(line, sizeof(line), "%s %c %s\n", key, is_folder ? 'd' : 'f', each->d_name);
    if (size >= (int)sizeof(line)) give_up("a name is too long");
    write_all(to, line, (size_t)size);
  }
  closedir(folder);
}

static int is_below(int fd, const char* folder) {
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size < 0) return 0;
  path[size] = '\0';
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static void note(int fd) {
  const char* folder = getenv("ZTP_DISK_FOLDER");
  const char* image = getenv("ZTP_DISK_IMAGE");
  if (folder == NULL || image == NULL || !is_below(fd, folder)) return;
  pthread_mutex_lock(&lock);
  char key[64], made[4096], name[4096], own[64];
  int is_folder = 0;
  key_of(fd, "", key, &is_folder);
  snprintf(made, sizeof(made), "%s/made", image);
  snprintf(name, sizeof(name), "%s/%s-%s", image, is_folder ? "folder" : "file", key);
  /* What was opened to be written to only cannot be read through that. */
  snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
  const int from = open(own, O_RDONLY | O_CLOEXEC);
  const int to = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (from < 0 || to < 0) give_up("open");
  if (is_folder) {
    note_folder(from, to);
  } else {
    note_file(from, to);
  }
  close(from);
  close(to);
  if (rename(made, name) != 0) give_up("rename");
  pthread_mutex_unlock(&lock);
}

/* Nothing has to reach the real disk. */
int fsync(int fd) {
  note(fd);
  return 0;
}

int fdatasync(int fd) {
  note(fd);
  return 0;
}

/* What else would sync is not noted: whoever begins to use it shall hear of it. */
int syncfs(int fd) {
  (void)fd;
  errno = ENOSYS;
  give_up("syncfs");
  return -1;
}
