/* A preloaded library that makes one storage call fail: the k-th write, sync, open or rename below a
 * folder, counted over all threads. Every such call is also written to a report, so that a driver
 * knows how many points there are and what came after the failure.
 *
 *     FAULT_FOLDER=DIR  FAULT_REPORT=FILE  [FAULT_AT=K]  LD_PRELOAD=libfaultio.so program
 *
 * Report lines: number, call, path, "ok" or the error's number.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static bool is_below(const char *path)
{
    const char *folder = getenv("FAULT_FOLDER");

    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static void report(long number, const char *call, const char *path, int error)
{
    static int file = -1;
    char line[512];
    const char *name = getenv("FAULT_REPORT");

    if (file < 0 && name)
        file = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                            0600);
    int size = snprintf(line, sizeof line, "%ld %s %s %d\n", number, call, path, error);
    if (file >= 0 && size > 0)
        (void)syscall(SYS_write, file, line, (size_t)size);
}

/* Is it this call's turn to fail? Then errno is set. */
static bool fails(const char *call, const char *path, int error)
{
    const char *at = getenv("FAULT_AT");

    if (!is_below(path))
        return false;
    long number = ++calls;
    bool now = at && strtol(at, NULL, 10) == number;
    report(number, call, path, now ? error : 0);
    if (now)
        errno = error;
    return now;
}

static bool fails_on(const char *call, int fd, int error)
{
    char link[64], path[512];

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return false;
    path[size] = '\0';
    return fails(call, path, error);
}

/* dlsym gives a data pointer; POSIX says it may be called. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size)
{
    return fails_on("write", fd, EIO) ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return fails_on("pwrite", fd, EIO) ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return fails_on("pwrite", fd, EIO) ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return fails_on("writev", fd, EIO) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return fails_on("pwritev", fd, EIO) ? -1
                                        : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return fails_on("pwritev", fd, EIO) ? -1
                                        : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

int fdatasync(int fd)
{
    return fails_on("fdatasync", fd, EIO) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return fails_on("fsync", fd, EIO) ? -1 : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t size)
{
    return fails_on("ftruncate", fd, EIO) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return fails_on("ftruncate", fd, EIO) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int rename(const char *from, const char *to)
{
    return fails("rename", to, EIO) ? -1 : (int)syscall(SYS_rename, from, to);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir", path, EIO) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

static int open_at(const char *call, int folder, const char *path, int flags, va_list args)
{
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;

    return fails(call, path, EMFILE) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        int fd = open_at("open", AT_FDCWD, path, flags, args);                                     \
        va_end(args);                                                                              \
        return fd;                                                                                 \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        int fd = open_at("open", folder, path, flags, args);                                       \
        va_end(args);                                                                              \
        return fd;                                                                                 \
    }
OPENAT(openat)
OPENAT(openat64)

FILE *fopen(const char *path, const char *mode)
{
    return fails("fopen", path, EMFILE) ? NULL : NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fails("fopen", path, EMFILE) ? NULL : NEXT(fopen64)(path, mode);
}
