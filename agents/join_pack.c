#include "agents/join_pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"
#include "lib/text.h"

#define LINE_MAX_SIZE 256 /* bytes with the NUL: the longest good line has 139 */

void join_pack_free(struct join_pack *pack)
{
    if (!pack)
        return;
    free(pack->keys);
    free(pack);
}

static enum status refuse_line(struct reason *why, const char *name, size_t number,
                               const char *fault)
{
    reason_set(why, "%s:%zu: %s", name, number, fault);
    return ST_INVALID;
}

/* "word rest": the rest, or NULL when the line begins with another word. */
static const char *after(const char *line, const char *word)
{
    size_t size = strlen(word);

    return strncmp(line, word, size) == 0 && line[size] == ' ' ? line + size + 1 : NULL;
}

/* Lower case alone: one digest, one spelling. */
static bool read_digest(const char *text, struct digest *out)
{
    return strspn(text, "0123456789abcdef") == strlen(text)
        && hex_parse(text, out->bytes, DIGEST_SIZE);
}

static const char *read_key(struct join_pack *pack, const char *rest)
{
    struct known_key key = {0};
    const char *blank = strchr(rest, ' ');

    if (!blank || (size_t)(blank - rest) > AGENCY_MAX)
        return "not `governance AGENCY SHA-256'";
    memcpy(key.agency, rest, (size_t)(blank - rest));
    if (!agency_is_valid(key.agency))
        return "not an agency id";
    if (!read_digest(blank + 1, &key.governance))
        return "not a SHA-256 in 64 digits 0-9 a-f";
    for (size_t i = 0; i < pack->count; i++)
        if (digest_equal(&pack->keys[i].governance, &key.governance))
            return "this key stands here already";
    if (pack->count == JOIN_PACK_KEYS_MAX)
        return "too many keys";
    pack->keys[pack->count++] = key;
    return NULL;
}

/* What is wrong with the line, or NULL. */
static const char *read_line(struct join_pack *pack, const char *line, size_t *place)
{
    const char *rest;

    if (*place == 0) {
        if (!(rest = after(line, "community")) || rest[0] == '\0'
            || strlen(rest) > COMMUNITY_NAME_MAX)
            return "not `community NAME'";
        TEXT_COPY(pack->community, rest);
        *place = 1;
        return NULL;
    }
    if (*place == 1) {
        if (!(rest = after(line, "root")) || !read_digest(rest, &pack->root))
            return "not `root SHA-256' in 64 digits 0-9 a-f";
        *place = 2;
        return NULL;
    }
    return (rest = after(line, "governance")) ? read_key(pack, rest)
                                              : "not `governance AGENCY SHA-256'";
}

static bool is_printable(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (line[i] < ' ' || line[i] > '~')
            return false;
    return true;
}

enum status join_pack_parse(const char *name, const char *text, size_t size, struct join_pack **out,
                            struct reason *why)
{
    OWNED(join_pack) pack = calloc(1, sizeof *pack);
    const char *end = text + size, *next = text;
    size_t number = 1, place = 0;

    if (!pack || !(pack->keys = calloc(JOIN_PACK_KEYS_MAX, sizeof *pack->keys)))
        return ST_NOMEM;
    for (; next < end; number++) {
        char line[LINE_MAX_SIZE] = {0};
        const char *stop = memchr(next, '\n', (size_t)(end - next)), *fault = NULL;
        if (!stop)
            return refuse_line(why, name, number, "the last line has no end; is the file whole?");
        size_t length = (size_t)(stop - next);
        if (length >= sizeof line || !is_printable(next, length))
            return refuse_line(why, name, number, "too long, or not plain text");
        memcpy(line, next, length);
        next = stop + 1;
        if (length > 0 && line[0] != '#' && (fault = read_line(pack, line, &place)))
            return refuse_line(why, name, number, fault);
    }
    if (place < 2)
        return refuse_line(why, name, number, place == 0 ? "no community" : "no root");
    *out = GIVE(pack);
    return ST_OK;
}

enum status join_pack_load(const char *path, struct join_pack **out, struct reason *why)
{
    FILE *file = fopen(path, "re");
    enum status st;

    if (!file) {
        reason_set(why, "%s: %s", path, strerror(errno));
        return ST_IO;
    }
    char *text = malloc(JOIN_PACK_MAX + 1);
    size_t size = text ? fread(text, 1, JOIN_PACK_MAX + 1, file) : 0;
    if (!text)
        st = ST_NOMEM;
    else if (ferror(file)) {
        reason_set(why, "%s: %s", path, strerror(errno));
        st = ST_IO;
    } else if (size > JOIN_PACK_MAX)
        st = refuse_line(why, path, 1, "too long for a join pack");
    else
        st = join_pack_parse(path, text, size, out, why);
    free(text);
    (void)fclose(file); /* only read from */
    return st;
}

enum status join_pack_check(const struct join_pack *pack, const char *name,
                            const struct digest *root, const char *agency,
                            const struct digest *governance, struct reason *why)
{
    static const struct digest unknown;
    char hex[2][2 * DIGEST_SIZE + 1];
    bool is_named = false, is_ours = digest_equal(governance, &unknown);

    if (!digest_equal(&pack->root, root)) {
        hex_print(pack->root.bytes, DIGEST_SIZE, hex[0]);
        hex_print(root->bytes, DIGEST_SIZE, hex[1]);
        reason_set(why, "%s: its root is %s, `trust' has %s", name, hex[0], hex[1]);
        return ST_INVALID;
    }
    for (size_t i = 0; i < pack->count; i++) {
        if (strcmp(pack->keys[i].agency, agency) != 0)
            continue;
        is_named = true;
        is_ours |= digest_equal(&pack->keys[i].governance, governance);
    }
    if (is_named && !is_ours) {
        hex_print(governance->bytes, DIGEST_SIZE, hex[0]);
        reason_set(why,
                   "%s: its governance keys of %s are not that of `governance-certificate', %s",
                   name, agency, hex[0]);
        return ST_INVALID;
    }
    return ST_OK;
}
