// SPDX-License-Identifier: Apache-2.0
//
// Loaded before the C library into a process, sets its wall clock off by the
// seconds in the file WALL_CLOCK (eight bytes, mapped, so that a change counts
// at once). Clocks that measure, and the files' times, stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile int64_t* offset;
static int (*real_clock_gettime)(clockid_t, struct timespec*);

__attribute__((constructor)) static void set_up(void) {
  real_clock_gettime =
      (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int file = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);
  void* map = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) abort();
  offset = map;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  if (offset == NULL) set_up();
  const int result = real_clock_gettime(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += *offset;
  return result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
