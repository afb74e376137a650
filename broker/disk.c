#include "broker/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define PARTS_AT_ONCE 512 /* below IOV_MAX: pwritev(2) takes 1024 */

/* The folder that holds `path`, into `out`. */
static enum status parent_of(const char *path, char out[static PATH_ROOM])
{
    size_t size = strlen(path);
    const char *slash;

    while (size > 1 && path[size - 1] == '/')
        size--;
    slash = memrchr(path, '/', size);
    if (size >= PATH_ROOM) {
        errno = ENAMETOOLONG;
        return ST_IO;
    }
    if (!slash) {
        memcpy(out, ".", 2);
    } else {
        size_t parent = slash == path ? 1 : (size_t)(slash - path);
        memcpy(out, path, parent);
        out[parent] = '\0';
    }
    return ST_OK;
}

static enum status system_sync_folder(void *context, const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed;

    (void)context;
    if (file < 0)
        return ST_IO;
    failed = fsync(file);
    (void)close(file);
    return failed ? ST_IO : ST_OK;
}

static enum status system_make_folder(void *context, const char *folder)
{
    char parent[PATH_ROOM];
    enum status status = parent_of(folder, parent);

    if (status != ST_OK)
        return status;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return ST_IO;
    /* Also when it was there: who made it may have died before this line. */
    return system_sync_folder(context, parent);
}

static enum status system_open(void *context, const char *path, bool create, int *file)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);

    (void)context;
    if (fd < 0)
        return errno == ENOENT && !create ? ST_MORE : ST_IO;
    *file = fd;
    return ST_OK;
}

static enum status system_size(void *context, int file, uint64_t *out)
{
    struct stat info;

    (void)context;
    if (fstat(file, &info) != 0)
        return ST_IO;
    *out = (uint64_t)info.st_size;
    return ST_OK;
}

/* Skips the first `size` bytes of parts[0..count); gives how many parts they were. */
static int skip(struct iovec *parts, int count, size_t size)
{
    int i = 0;

    while (i < count && size >= parts[i].iov_len)
        size -= parts[i++].iov_len;
    if (i < count && size > 0) {
        parts[i].iov_base = (char *)parts[i].iov_base + size;
        parts[i].iov_len -= size;
    }
    return i;
}

/* All of `parts`, however often the system takes only some. A disk that is full or a signal is not
 * told apart here: the journal's space was written before, so neither is expected. */
static enum status system_write(void *context, int file, const struct iovec *parts, int count,
                                uint64_t offset)
{
    struct iovec some[PARTS_AT_ONCE];

    (void)context;
    while (count > 0) {
        int taken = count < PARTS_AT_ONCE ? count : PARTS_AT_ONCE, left = taken, done = 0;

        memcpy(some, parts, (size_t)taken * sizeof *some);
        done += skip(some, left, 0); /* empty parts in front */
        while (done < taken) {
            ssize_t n = pwritev(file, some + done, taken - done, (off_t)offset);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return ST_IO;
            offset += (uint64_t)n;
            done += skip(some + done, taken - done, (size_t)n);
        }
        parts += taken;
        count -= taken;
    }
    return ST_OK;
}

static enum status system_sync(void *context, int file)
{
    (void)context;
#ifdef PLANT_RETRY_SYNC /* a bug for tests/system/iofaults.c to catch; no other build has it */
    return fdatasync(file) == 0 || fdatasync(file) == 0 ? ST_OK : ST_IO; // NOLINT: the bug
#endif
    return fdatasync(file) == 0 ? ST_OK : ST_IO;
}

/* Reads until the end or `size`; O_DIRECT gives whole blocks but for the last. */
static enum status read_all(int file, uint8_t *out, size_t size, uint64_t offset, size_t *got)
{
    size_t total = 0;

    while (total < size) {
        ssize_t n = pread(file, out + total, size - total, (off_t)(offset + total));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ST_IO;
        if (n == 0)
            break;
        total += (size_t)n;
        if ((size_t)n % 512 != 0) /* a short last block: the next offset would not be aligned */
            break;
    }
    *got = total;
    return ST_OK;
}

static enum status system_read_direct(void *context, int file, void *out, size_t size,
                                      uint64_t offset, size_t *got)
{
    int flags = fcntl(file, F_GETFL);
    enum status status;

    (void)context;
    if (flags < 0)
        return ST_IO;
    if (fcntl(file, F_SETFL, flags | O_DIRECT) == 0) {
        status = read_all(file, out, size, offset, got);
        if (fcntl(file, F_SETFL, flags) != 0)
            return ST_IO;
        if (status == ST_OK || errno != EINVAL)
            return status;
    } else if (errno != EINVAL) {
        return ST_IO;
    }
    /* A file system without O_DIRECT (tmpfs): the next best is to drop what the cache holds. It
     * drops clean pages only, so what is dirty is written first. */
    if (fdatasync(file) != 0
        || posix_fadvise(file, (off_t)offset, (off_t)size, POSIX_FADV_DONTNEED))
        return ST_IO;
    return read_all(file, out, size, offset, got);
}

static void system_close(void *context, int file)
{
    (void)context;
    (void)close(file);
}

const struct disk disk_system = {
    .make_folder = system_make_folder,
    .open = system_open,
    .size = system_size,
    .write = system_write,
    .sync = system_sync,
    .sync_folder = system_sync_folder,
    .read_direct = system_read_direct,
    .close = system_close,
};
