/* lib/clock.h with a clock that is moved: the real one plus as many milliseconds as a file holds,
 * read at every call. Wall and monotonic clock move together, as they do for who sleeps through the
 * night; what the file held when a process began moves its wall clock alone, so that it may begin
 * in the past. Linked before the library's own, into programs of their own: those of a demo
 * (CMakeLists.txt) and of tests, each by a variable of its own that names the file. What OpenSSL
 * asks the system stays real, so certificates do too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"

#ifndef CLOCK_VARIABLE
#define CLOCK_VARIABLE "CONCORDAT_TEST_CLOCK"
#endif

static _Atomic int64_t *moved; /* the file's eight bytes, mapped */
static int64_t began;          /* what they were at the start of the process */

__attribute__((constructor)) static void map_clock(void)
{
    static _Atomic int64_t still; /* without a file */
    const char *path = getenv(CLOCK_VARIABLE);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat about;
    bool is_whole =
        file >= 0 && fstat(file, &about) == 0 && about.st_size >= (off_t)sizeof(int64_t);
    void *page = is_whole ? mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0) : NULL;

    moved = &still;
    if (!path)
        return;
    if (!page || page == MAP_FAILED) {
        fprintf(stderr, "moved clock: %s: %s\n", path,
                file >= 0 && !is_whole ? "too short" : strerror(errno));
        abort();
    }
    (void)close(file);
    moved = page;
    began = atomic_load(moved);
}

static int64_t read_ns(clockid_t which)
{
    struct timespec t;

    (void)clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000 + atomic_load(moved);
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

int64_t clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC) + (atomic_load(moved) - began) * 1000000;
}
