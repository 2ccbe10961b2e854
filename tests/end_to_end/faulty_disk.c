// SPDX-License-Identifier: Apache-2.0
//
// A disk that fails when it is told to; loaded before the system's library
// (LD_PRELOAD). FAULTY_DISK names a file whose first letter says what is wrong
// as long as it is there:
//
//   s   no log (*.log) can be synced: EIO
//   w   no log can be written: ENOSPC
//   f   the disk says that it is full, and takes what is written
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static ssize_t (*real_write)(int, const void*, size_t);

static char Fault(void) {
  const char* path = getenv("FAULTY_DISK");
  if (path == NULL) return 0;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char fault = 0;
  if (read(file, &fault, 1) != 1) fault = 0;
  close(file);
  return fault;
}

static int IsLog(int file) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  return length > 4 && memcmp(path + length - 4, ".log", 4) == 0;
}

static int Sync(const char* name, int file) {
  const int kept = errno;
  if (IsLog(file) && Fault() == 's') {
    errno = EIO;
    return -1;
  }
  errno = kept;
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fdatasync(int file) { return Sync("fdatasync", file); }
int fsync(int file) { return Sync("fsync", file); }

__attribute__((constructor)) static void Find(void) {
  real_write = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
}

ssize_t write(int file, const void* bytes, size_t count) {
  if (real_write == NULL) Find();
  const int kept = errno;
  if (count > 0 && IsLog(file) && Fault() == 'w') {
    errno = ENOSPC;
    return -1;
  }
  errno = kept;
  return real_write(file, bytes, count);
}

int statvfs(const char* path, struct statvfs* disk) {
  int (*real)(const char*, struct statvfs*) =
      (int (*)(const char*, struct statvfs*))dlsym(RTLD_NEXT, "statvfs");
  const int result = real(path, disk);
  if (result == 0 && Fault() == 'f') disk->f_bavail = 0;
  return result;
}
