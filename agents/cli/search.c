#include "agents/cli/search.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/base64.h"
#include "agents/cli/place.h"

#define WORD_MAX 64
#define FORM_MAX (4 * WORD_MAX)
#define FORMS 9
#define BLOCK 4096 /* bytes */

/* One word as bytes may hide it. */
struct form {
    size_t size;
    uint8_t bytes[FORM_MAX];
};

static struct form plain(struct bytes word, int (*turn)(int))
{
    struct form form = {.size = word.size};

    for (size_t i = 0; i < form.size; i++)
        form.bytes[i] = (uint8_t)(turn ? turn(word.data[i]) : word.data[i]);
    return form;
}

static struct form wide(struct bytes word)
{
    struct form form = {.size = 2 * word.size};

    for (size_t i = 0; i < word.size; i++)
        form.bytes[2 * i] = word.data[i];
    return form;
}

static struct form hexadecimal(struct bytes word, const char *digits)
{
    struct form form = {.size = 2 * word.size};

    for (size_t i = 0; i < word.size; i++) {
        form.bytes[2 * i] = (uint8_t)digits[word.data[i] >> 4];
        form.bytes[2 * i + 1] = (uint8_t)digits[word.data[i] & 15];
    }
    return form;
}

/* The characters that belong to the word alone when `before` bytes stand in front of it. */
static struct form base64_at(struct bytes word, size_t before)
{
    uint8_t padded[WORD_MAX + 2] = {0};
    char text[BASE64_SIZE(WORD_MAX + 2)];
    size_t from = (8 * before + 5) / 6, to = 8 * (before + word.size) / 6;
    struct form form = {.size = to - from};

    memcpy(padded + before, word.data, word.size);
    base64_print(padded, before + word.size, text);
    memcpy(form.bytes, text + from, form.size);
    return form;
}

static void forms_of(struct bytes word, struct form out[static FORMS])
{
    assert(word.size >= 4 && word.size <= WORD_MAX);
    out[0] = plain(word, NULL);
    out[1] = plain(word, toupper);
    out[2] = plain(word, tolower);
    out[3] = wide(word);
    out[4] = hexadecimal(word, "0123456789abcdef");
    out[5] = hexadecimal(word, "0123456789ABCDEF");
    for (size_t before = 0; before < 3; before++)
        out[6 + before] = base64_at(word, before);
}

/* What is looked for, and what was found so far. */
struct hunt {
    const struct bytes *words;
    size_t count;
    struct search search;
    struct reason *why;
};

static void search_run(struct hunt *hunt, const uint8_t *data, size_t size)
{
    struct form forms[FORMS];

    if (size == 0)
        return;
    for (size_t i = 0; i < hunt->count; i++) {
        bool found = false;

        forms_of(hunt->words[i], forms);
        for (size_t j = 0; j < FORMS && !found; j++)
            found = memmem(data, size, forms[j].bytes, forms[j].size) != NULL;
        hunt->search.found |= (uint32_t)found << i;
    }
}

/* Files that are made before they are filled are mostly zeroes: no word spans a block of them. */
static void search_bytes(struct hunt *hunt, const uint8_t *data, size_t size)
{
    static const uint8_t zeroes[BLOCK];
    size_t from = 0;

    for (size_t at = 0; at < size; at += BLOCK) {
        size_t length = size - at < BLOCK ? size - at : BLOCK;

        if (memcmp(data + at, zeroes, length) != 0)
            continue;
        search_run(hunt, data + from, at - from);
        from = at + length;
    }
    search_run(hunt, data + from, size - from);
}

static enum status search_file(struct hunt *hunt, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat = {0};
    void *data = MAP_FAILED;

    if (file >= 0 && fstat(file, &stat) == 0 && stat.st_size > 0)
        data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    bool failed = file < 0 || (stat.st_size > 0 && data == MAP_FAILED);
    if (failed)
        reason_set(hunt->why, "cannot read %s: %s", path, strerror(errno));
    if (file >= 0)
        (void)close(file);
    if (failed)
        return ST_IO;
    hunt->search.files++;
    if (data != MAP_FAILED) {
        search_bytes(hunt, data, (size_t)stat.st_size);
        (void)munmap(data, (size_t)stat.st_size);
    }
    return ST_OK;
}

static enum status search_below(struct hunt *hunt, const char *folder, unsigned depth)
{
    DIR *list = depth < SEARCH_DEPTH_MAX ? opendir(folder) : NULL;
    enum status status = ST_OK;
    char path[PATH_MAX];

    if (!list) {
        reason_set(hunt->why, "cannot read %s: %s", folder,
                   depth < SEARCH_DEPTH_MAX ? strerror(errno) : "too deep");
        return depth < SEARCH_DEPTH_MAX ? ST_IO : ST_LIMIT;
    }
    for (struct dirent *entry; status == ST_OK && (entry = readdir(list));) {
        struct stat stat;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!path_print(path, "%s/%s", folder, entry->d_name) || lstat(path, &stat) != 0) {
            reason_set(hunt->why, "cannot read %s/%s", folder, entry->d_name);
            status = ST_IO;
        } else if (S_ISDIR(stat.st_mode)) {
            status = search_below(hunt, path, depth + 1);
        } else if (S_ISREG(stat.st_mode)) {
            status = search_file(hunt, path);
        }
    }
    (void)closedir(list);
    return status;
}

enum status search_folder(const char *folder, const struct bytes words[], size_t count,
                          struct search *out, struct reason *why)
{
    struct hunt hunt = {.words = words, .count = count, .why = why};

    assert(count <= 32);
    enum status status = search_below(&hunt, folder, 0);

    if (status == ST_OK)
        *out = hunt.search;
    return status;
}
