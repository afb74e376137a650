#include "lib/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096

struct store {
    MDB_env *env; /* owned */
    int lock;     /* owned: flock on the folder's `lock`; -1 = none */
    size_t tree_count;
    MDB_dbi trees[];
};

struct txn {
    struct store *store;
    MDB_txn *mdb; /* owned */
};

struct walk {
    MDB_cursor *cursor; /* owned */
    MDB_val key, value; /* where the next call reads from */
    enum status state;  /* ST_OK: there is something at `key` */
    bool fresh;         /* `key` and `value` have not been given yet */
};

/* What LMDB answers, as what the caller does next. Whatever is not expected stops the process. */
static enum status translate(int error)
{
    switch (error) {
    case MDB_SUCCESS:
        return ST_OK;
    case MDB_NOTFOUND:
        return ST_MORE;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return ST_LIMIT;
    case ENOMEM:
        return ST_NOMEM;
    default:
        errno = error > 0 ? error : EIO;
        return ST_IO;
    }
}

/* ---- opening ---- */

static enum status refuse(const char *folder, const char *what, int error, struct reason *why)
{
    bool foreign = error == MDB_INVALID || error == MDB_VERSION_MISMATCH || error == MDB_CORRUPTED
                || error == MDB_PAGE_NOTFOUND || error == MDB_INCOMPATIBLE;

    reason_set(why, "%s: cannot %s: %s", folder, what, mdb_strerror(error));
    if (foreign)
        return ST_INVALID;
    errno = error > 0 ? error : EIO;
    return error == ENOMEM ? ST_NOMEM : ST_IO;
}

static int sync_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;

    if (file < 0)
        return errno;
    if (fsync(file) != 0)
        error = errno;
    (void)close(file);
    return error;
}

/* The entry of a new folder is in its parent, and lasts only when that is synced. */
static int make_folder(const char *folder)
{
    char parent[PATH_ROOM];
    int size;

    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return errno;
    size = snprintf(parent, sizeof parent, "%s/..", folder);
    if (size < 0 || size >= PATH_ROOM)
        return ENAMETOOLONG;
    return sync_folder(parent);
}

static enum status take_lock(const char *folder, int *out, struct reason *why)
{
    char path[PATH_ROOM];
    int size = snprintf(path, sizeof path, "%s/lock", folder), file;

    if (size < 0 || size >= PATH_ROOM)
        return refuse(folder, "lock", ENAMETOOLONG, why);
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return refuse(folder, "lock", errno, why);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        int error = errno;
        (void)close(file);
        if (error != EWOULDBLOCK)
            return refuse(folder, "lock", error, why);
        reason_set(why, "%s: another process has it open", folder);
        return ST_INVALID;
    }
    *out = file;
    return ST_OK;
}

static int open_trees(struct store *store, const char *const trees[])
{
    MDB_txn *txn;
    int error = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (error)
        return error;
    for (size_t i = 0; i < store->tree_count && !error; i++)
        error = mdb_dbi_open(txn, trees[i], MDB_CREATE, &store->trees[i]);
    if (error) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

enum status store_open(const char *folder, size_t map_size, const char *const trees[],
                       size_t tree_count, struct store **out, struct reason *why)
{
    OWNED(store) store = calloc(1, sizeof *store + tree_count * sizeof *store->trees);
    enum status status;
    int error;

    if (!store)
        return ST_NOMEM;
    store->lock = -1;
    store->tree_count = tree_count;

    if ((error = make_folder(folder)) != 0)
        return refuse(folder, "make the folder", error, why);
    if ((status = take_lock(folder, &store->lock, why)) != ST_OK)
        return status;
    if ((error = mdb_env_create(&store->env)) != 0
        || (error = mdb_env_set_mapsize(store->env, map_size)) != 0
        || (error = mdb_env_set_maxdbs(store->env, (MDB_dbi)tree_count)) != 0)
        return refuse(folder, "prepare the store", error, why);
    /* NOTLS: a read transaction belongs to whoever holds it, not to a thread. */
    if ((error = mdb_env_open(store->env, folder, MDB_NOTLS, 0600)) != 0)
        return refuse(folder, "open the store", error, why);
    if ((error = open_trees(store, trees)) != 0)
        return refuse(folder, "open the trees", error, why);
    /* LMDB syncs its file, not the entry that names it. */
    if ((error = sync_folder(folder)) != 0)
        return refuse(folder, "sync the folder", error, why);
    *out = GIVE(store);
    return ST_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock >= 0)
        (void)close(store->lock);
    free(store);
}

/* ---- transactions ---- */

enum status store_begin(struct store *store, bool writing, struct txn **out)
{
    struct txn *txn = malloc(sizeof *txn);
    enum status status;

    if (!txn)
        return ST_NOMEM;
    txn->store = store;
    status = translate(mdb_txn_begin(store->env, NULL, writing ? 0 : MDB_RDONLY, &txn->mdb));
    if (status != ST_OK) {
        free(txn);
        return status;
    }
    *out = txn;
    return ST_OK;
}

enum status store_commit(struct txn *txn)
{
    enum status status = translate(mdb_txn_commit(txn->mdb));

    free(txn);
    return status;
}

void store_abort(struct txn *txn)
{
    if (!txn)
        return;
    mdb_txn_abort(txn->mdb);
    free(txn);
}

/* ---- keys and values ---- */

static MDB_val val_of(struct bytes b)
{
    return (MDB_val){b.size, (void *)(uintptr_t)b.data};
}

static struct bytes bytes_of(MDB_val v)
{
    return (struct bytes){v.mv_data, v.mv_size};
}

static MDB_dbi tree_of(const struct txn *txn, int tree)
{
    assert(tree >= 0 && (size_t)tree < txn->store->tree_count);
    return txn->store->trees[tree];
}

enum status store_get(struct txn *txn, int tree, struct bytes key, struct bytes *value)
{
    MDB_val k = val_of(key), v;
    enum status status = translate(mdb_get(txn->mdb, tree_of(txn, tree), &k, &v));

    if (status == ST_OK)
        *value = bytes_of(v);
    return status;
}

enum status store_put(struct txn *txn, int tree, struct bytes key, struct bytes value)
{
    MDB_val k = val_of(key), v = val_of(value);

    return translate(mdb_put(txn->mdb, tree_of(txn, tree), &k, &v, 0));
}

enum status store_reserve(struct txn *txn, int tree, struct bytes key, size_t size, uint8_t **out)
{
    MDB_val k = val_of(key), v = {size, NULL};
    enum status status = translate(mdb_put(txn->mdb, tree_of(txn, tree), &k, &v, MDB_RESERVE));

    if (status == ST_OK)
        *out = v.mv_data;
    return status;
}

enum status store_delete(struct txn *txn, int tree, struct bytes key)
{
    MDB_val k = val_of(key);
    enum status status = translate(mdb_del(txn->mdb, tree_of(txn, tree), &k, NULL));

    return status == ST_MORE ? ST_OK : status;
}

/* ---- walking ---- */

enum status walk_open(struct txn *txn, int tree, struct bytes from, struct walk **out)
{
    struct walk *walk = calloc(1, sizeof *walk);
    enum status status;

    if (!walk)
        return ST_NOMEM;
    status = translate(mdb_cursor_open(txn->mdb, tree_of(txn, tree), &walk->cursor));
    if (status != ST_OK) {
        free(walk);
        return status;
    }
    walk->key = val_of(from);
    walk->state = translate(mdb_cursor_get(walk->cursor, &walk->key, &walk->value,
                                           from.size > 0 ? MDB_SET_RANGE : MDB_FIRST));
    walk->fresh = true;
    *out = walk;
    return ST_OK;
}

enum status walk_next(struct walk *walk, struct bytes *key, struct bytes *value)
{
    if (!walk->fresh && walk->state == ST_OK)
        walk->state = translate(mdb_cursor_get(walk->cursor, &walk->key, &walk->value, MDB_NEXT));
    walk->fresh = false;
    if (walk->state != ST_OK)
        return walk->state;
    *key = bytes_of(walk->key);
    *value = bytes_of(walk->value);
    return ST_OK;
}

void walk_close(struct walk *walk)
{
    if (!walk)
        return;
    mdb_cursor_close(walk->cursor);
    free(walk);
}

/* ---- figures ---- */

/* Pages that were used once and are free again: each record of tree 0 is a list, its length first.
 */
static int count_free(MDB_env *env, size_t *out)
{
    MDB_val key, value;
    MDB_cursor *cursor;
    MDB_txn *txn;
    int error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

    if (error)
        return error;
    *out = 0;
    error = mdb_cursor_open(txn, 0, &cursor);
    if (!error) {
        while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            size_t pages;
            memcpy(&pages, value.mv_data, sizeof pages);
            *out += pages;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return error == MDB_NOTFOUND ? 0 : error;
}

unsigned store_fullness(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    size_t pages, used, unused = 0;

    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0)
        return 1000;
    pages = info.me_mapsize / stat.ms_psize;
    used = info.me_last_pgno + 1;
    if (pages == 0 || (used > pages / 2 && count_free(store->env, &unused) != 0))
        return 1000;
    return (unsigned)((used - unused) * 1000 / pages);
}

size_t store_entries(struct txn *txn, int tree)
{
    MDB_stat stat;

    if (mdb_stat(txn->mdb, tree_of(txn, tree), &stat) != 0)
        return 0;
    return stat.ms_entries;
}
