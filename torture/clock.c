/*
 * Preloaded into a process, it moves the clock that tells the time of day, and no other, by an offset that is read from a
 * mapped file, so that it can be changed while the process runs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_in_milliseconds;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("TORTURE_CLOCK");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return;
  }
  void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) {
    offset_in_milliseconds = mapped;
  }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && offset_in_milliseconds != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t offset = *offset_in_milliseconds;
    int64_t nanoseconds = now->tv_nsec + (offset % 1000) * 1000000;
    now->tv_sec += offset / 1000;
    now->tv_sec += nanoseconds >= 1000000000 ? 1 : nanoseconds < 0 ? -1 : 0;
    now->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *result) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (result != NULL) {
    *result = precise.tv_sec;
  }
  return precise.tv_sec;
}
