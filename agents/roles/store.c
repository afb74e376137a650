#define _GNU_SOURCE 1 /* strdup, flock, openat */

#include "agents/roles/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/roles/wire.h"

#define DOCUMENT "store.json"
#define NEW_DOCUMENT "store.json.new"

struct store {
    char *folder_path;
    int folder, lock; /* descriptors */
    json_t *book;     /* between begin and end */
    char *saved;      /* the text that is on disk */
};

static bool wrong(const struct store *store, const char *what, const char *file)
{
    (void)fprintf(stderr, "store: cannot %s %s/%s: %s\n", what, store->folder_path, file,
                  strerror(errno));
    return false;
}

struct store *store_open(const char *folder)
{
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        return NULL;
    store->folder = store->lock = -1;
    store->folder_path = strdup(folder);
    if (!store->folder_path) {
        store_close(store);
        return NULL;
    }
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        store->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->folder >= 0)
        store->lock = openat(store->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        (void)wrong(store, "open", "");
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_end(store);
    if (store->lock >= 0)
        (void)close(store->lock);
    if (store->folder >= 0)
        (void)close(store->folder);
    free(store->folder_path);
    free(store);
}

static bool read_document(struct store *store)
{
    json_error_t error = {0};
    int file = openat(store->folder, DOCUMENT, O_RDONLY | O_CLOEXEC);

    if (file < 0 && errno != ENOENT)
        return wrong(store, "read", DOCUMENT);
    if (file < 0) {
        store->book = wire_made(json_object()); /* the first time */
        return true;
    }
    store->book = json_loadfd(file, JSON_REJECT_DUPLICATES, &error);
    (void)close(file);
    if (!json_is_object(store->book)) {
        /* error.text would quote what stands there, and that is about people */
        (void)fprintf(stderr, "store: %s/%s:%d: not one JSON object\n", store->folder_path,
                      DOCUMENT, error.line);
        return false;
    }
    store->saved = json_dumps(store->book, JSON_INDENT(1));
    return true;
}

json_t *store_begin(struct store *store)
{
    while (flock(store->lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            (void)wrong(store, "lock", "lock");
            return NULL;
        }
    }
    if (!read_document(store)) {
        store_end(store);
        return NULL;
    }
    return store->book;
}

static bool write_all(int file, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t wrote = write(file, text, left);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        text += wrote;
        left -= (size_t)wrote;
    }
    return true;
}

static bool write_document(struct store *store, const char *text)
{
    int file = openat(store->folder, NEW_DOCUMENT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 && write_all(file, text) && fsync(file) == 0;

    if (!good) {
        (void)wrong(store, "write", NEW_DOCUMENT);
        if (file >= 0)
            (void)close(file);
        return false;
    }
    (void)close(file);
    if (renameat(store->folder, NEW_DOCUMENT, store->folder, DOCUMENT) != 0)
        return wrong(store, "replace", DOCUMENT);
    return fsync(store->folder) == 0 ? true : wrong(store, "sync", "");
}

bool store_save(struct store *store)
{
    char *text = json_dumps(store->book, JSON_INDENT(1));

    if (!text) {
        errno = ENOMEM;
        return wrong(store, "write", DOCUMENT);
    }
    if (store->saved && strcmp(store->saved, text) == 0) {
        free(text);
        return true;
    }
    if (!write_document(store, text)) {
        free(text);
        return false;
    }
    free(store->saved);
    store->saved = text;
    return true;
}

void store_end(struct store *store)
{
    json_decref(store->book);
    free(store->saved);
    store->book = NULL;
    store->saved = NULL;
    if (store->lock >= 0)
        (void)flock(store->lock, LOCK_UN);
}

json_t *store_object(json_t *book, const char *key)
{
    if (!json_object_get(book, key))
        (void)json_object_set_new(book, key, wire_made(json_object()));
    return json_object_get(book, key);
}

json_t *store_list(json_t *book, const char *key)
{
    if (!json_object_get(book, key))
        (void)json_object_set_new(book, key, wire_made(json_array()));
    return json_object_get(book, key);
}
