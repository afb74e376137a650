#include "agents/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/secret.h"

#define NAME_SIZE (2 * KEY_ID_SIZE + 1)

struct vault {
    int folder; /* a descriptor, owned */
};

static inline void fd_closep(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define OWNED_FD __attribute__((cleanup(fd_closep))) int

/* Nobody else can read it. */
static bool is_private(const struct stat *st)
{
    return (st->st_mode & (S_IRWXG | S_IRWXO)) == 0 && st->st_uid == geteuid();
}

/* A folder just made is itself an entry that a power cut may take: its parent is synced. */
static bool sync_parent(int folder)
{
    OWNED_FD parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return parent >= 0 && fsync(parent) == 0;
}

enum status vault_open(const char *folder, struct vault **out, struct reason *why)
{
    OWNED(vault) vault = malloc(sizeof *vault);
    struct stat st;

    if (!vault)
        return ST_NOMEM;
    bool made = mkdir(folder, 0700) == 0;
    vault->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (vault->folder < 0 || fstat(vault->folder, &st) != 0
        || (made && !sync_parent(vault->folder))) {
        reason_set(why, "%s: %s", folder, strerror(errno));
        return ST_IO;
    }
    if (!is_private(&st)) {
        reason_set(why, "%s: must be ours and closed to others (chmod 700)", folder);
        return ST_INVALID;
    }
    *out = GIVE(vault);
    return ST_OK;
}

void vault_close(struct vault *vault)
{
    if (!vault)
        return;
    fd_closep(&vault->folder);
    free(vault);
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

enum status vault_put(struct vault *vault, const uint8_t id[static KEY_ID_SIZE],
                      const uint8_t key[static VAULT_KEY_SIZE])
{
    char name[NAME_SIZE];

    hex_print(id, KEY_ID_SIZE, name);
    OWNED_FD fd =
        openat(vault->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || !write_all(fd, key, VAULT_KEY_SIZE) || fsync(fd) != 0
        || fsync(vault->folder) != 0)
        return ST_IO;
    return ST_OK;
}

enum status vault_get(struct vault *vault, const uint8_t id[static KEY_ID_SIZE],
                      uint8_t key[static VAULT_KEY_SIZE])
{
    char name[NAME_SIZE];
    struct stat st;
    static const uint8_t erased[VAULT_KEY_SIZE]; /* by a vault_erase that a crash cut short */

    hex_print(id, KEY_ID_SIZE, name);
    /* O_NONBLOCK: a pipe put in its place must not hold us up */
    OWNED_FD fd = openat(vault->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ST_MORE : errno == ELOOP ? ST_INVALID : ST_IO;
    if (fstat(fd, &st) != 0)
        return ST_IO;
    if (!S_ISREG(st.st_mode) || st.st_size != VAULT_KEY_SIZE || !is_private(&st))
        return ST_INVALID;
    if (pread(fd, key, VAULT_KEY_SIZE, 0) != VAULT_KEY_SIZE)
        return ST_IO;
    return secret_equal(key, erased, VAULT_KEY_SIZE) ? ST_MORE : ST_OK;
}

static enum status erase_file(struct vault *vault, const char *name)
{
    static const uint8_t zeroes[VAULT_KEY_SIZE];
    OWNED_FD fd = openat(vault->folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ST_OK : ST_IO;
    if (!write_all(fd, zeroes, sizeof zeroes) || fsync(fd) != 0)
        return ST_IO;
    return unlinkat(vault->folder, name, 0) == 0 && fsync(vault->folder) == 0 ? ST_OK : ST_IO;
}

enum status vault_erase(struct vault *vault, const uint8_t id[static KEY_ID_SIZE])
{
    char name[NAME_SIZE];

    hex_print(id, KEY_ID_SIZE, name);
    return erase_file(vault, name);
}

static inline void dir_closep(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}
#define OWNED_DIR __attribute__((cleanup(dir_closep))) DIR *

enum status vault_sweep(struct vault *vault,
                        enum status (*keep)(void *context, const uint8_t id[static KEY_ID_SIZE],
                                            bool *kept),
                        void *context)
{
    int fd = openat(vault->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    OWNED_DIR dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir) {
        fd_closep(&fd); /* fdopendir did not take it */
        return ST_IO;
    }
    for (;;) {
        uint8_t id[KEY_ID_SIZE];
        bool kept = true;

        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry)
            return errno == 0 ? ST_OK : ST_IO;
        if (!hex_parse(entry->d_name, id, KEY_ID_SIZE))
            continue;
        enum status status = keep(context, id, &kept);
        if (status == ST_OK && !kept)
            status = erase_file(vault, entry->d_name);
        if (status != ST_OK)
            return status;
    }
}
