#include "lib/conf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"

#define VALUE_MAX CONF_PATH_MAX /* bytes of one value */

struct place {        /* where a value stands, for errors */
    const char *name; /* of the file */
    unsigned line;    /* 0: a fallback */
    struct reason *why;
};

static enum status fault(const struct place *place, const char *key, const char *what)
{
    reason_set(place->why, "%s:%u: %s `%s'", place->name, place->line, what, key);
    return ST_INVALID;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const struct conf_key *find_key(const struct conf_key keys[], size_t count, const char *name,
                                       size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(keys[i].name) == size && memcmp(keys[i].name, name, size) == 0)
            return &keys[i];
    return NULL;
}

static bool put_text(const char *value, char *out, size_t room)
{
    size_t size = strlen(value);

    if (size >= room)
        return false;
    memcpy(out, value, size + 1);
    return true;
}

static bool put_path(const char *name, const char *value, char *out, size_t room)
{
    char folder[CONF_PATH_MAX + 1] = "";

    if (value[0] == '/' || value[0] == '\0')
        return put_text(value, out, room);
    char *file = realpath(name, NULL); /* a text that is no file has no folder */
    if (file) {
        char *slash = strrchr(file, '/');
        int wrote = snprintf(folder, sizeof folder, "%.*s", (int)(slash - file) + 1, file);
        free(file);
        if (wrote < 0 || (size_t)wrote >= sizeof folder)
            return false;
    }
    int wrote = snprintf(out, room, "%s%s", folder, value);
    return wrote > 0 && (size_t)wrote < room;
}

/* Decimal digits only: strtoull alone takes blanks, signs and octal look-alikes. */
static bool parse_number(const char *text, char **end, uint64_t *out)
{
    if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && isdigit((unsigned char)text[1])))
        return false;
    errno = 0;
    *out = strtoull(text, end, 10);
    return errno == 0;
}

static bool is_address(const char *value)
{
    const char *colon = strrchr(value, ':');
    uint64_t port;
    char *end;

    return colon && colon > value && parse_number(colon + 1, &end, &port) && *end == '\0'
        && port <= 65535;
}

static bool put_number(const struct conf_key *key, const char *value, uint64_t *out)
{
    static const struct {
        const char *suffix;
        unsigned shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    uint64_t number;
    char *end;

    if (!parse_number(value, &end, &number))
        return false;
    while (key->kind == CONF_SIZE && is_blank(*end))
        end++;
    for (size_t i = 0; i < (key->kind == CONF_SIZE ? sizeof units / sizeof *units : 1); i++) {
        if (strcmp(end, units[i].suffix) != 0)
            continue;
        if (number > UINT64_MAX >> units[i].shift)
            return false;
        number <<= units[i].shift;
        if (number < key->least || number > key->most)
            return false;
        *out = number;
        return true;
    }
    return false;
}

static enum status put_value(const struct conf_key *key, const char *value,
                             const struct place *place, void *out)
{
    char *member = (char *)out + key->offset;
    uint64_t number = 0;

    switch (key->kind) {
    case CONF_TEXT:
        return put_text(value, member, key->room) ? ST_OK
                                                  : fault(place, key->name, "too long a value for");
    case CONF_AGENCY:
        return agency_is_valid(value) && put_text(value, member, key->room)
                 ? ST_OK
                 : fault(place, key->name, "not an agency id:");
    case CONF_PATH:
        return put_path(place->name, value, member, key->room)
                 ? ST_OK
                 : fault(place, key->name, "too long a path for");
    case CONF_ADDRESS:
        return is_address(value) && put_text(value, member, key->room)
                 ? ST_OK
                 : fault(place, key->name, "not an address and port:");
    case CONF_NUMBER:
    case CONF_SIZE:
        if (!put_number(key, value, &number)) {
            reason_set(place->why, "%s:%u: `%s' must be a %s from %llu to %llu", place->name,
                       place->line, key->name,
                       key->kind == CONF_SIZE ? "size (bytes, KiB, MiB, GiB)" : "number",
                       (unsigned long long)key->least, (unsigned long long)key->most);
            return ST_INVALID;
        }
        memcpy(member, &number, sizeof number);
        return ST_OK;
    }
    abort(); /* a row with no kind is a programmer's mistake */
}

/* One line without its end. `seen` has a bit for each row. */
static enum status read_line(const char *line, size_t size, const struct conf_key keys[],
                             size_t count, const struct place *place, uint64_t *seen, void *out)
{
    char value[VALUE_MAX + 1];

    while (size > 0 && is_blank(line[size - 1]))
        size--;
    while (size > 0 && is_blank(*line))
        line++, size--;
    if (size == 0 || *line == '#')
        return ST_OK;
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return fault(place, "", "a control character in the line");

    const char *equals = memchr(line, '=', size);
    if (!equals)
        return fault(place, "key = value", "the line is not");
    size_t key_size = (size_t)(equals - line);
    while (key_size > 0 && is_blank(line[key_size - 1]))
        key_size--;
    const struct conf_key *key = find_key(keys, count, line, key_size);
    if (!key) {
        reason_set(place->why, "%s:%u: unknown key `%.*s'", place->name, place->line,
                   key_size < 64 ? (int)key_size : 64, line);
        return ST_INVALID;
    }
    uint64_t bit = UINT64_C(1) << (key - keys);
    if (*seen & bit)
        return fault(place, key->name, "a second");
    *seen |= bit;

    const char *start = equals + 1, *end = line + size;
    while (start < end && is_blank(*start))
        start++;
    if (start == end)
        return fault(place, key->name, "no value for");
    if ((size_t)(end - start) > VALUE_MAX)
        return fault(place, key->name, "too long a value for");
    memcpy(value, start, (size_t)(end - start));
    value[end - start] = '\0';
    return put_value(key, value, place, out);
}

static enum status read_text(const char *text, size_t size, const struct conf_key keys[],
                             size_t count, struct place *place, void *out)
{
    const char *end = text + size;
    uint64_t seen = 0;

    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        place->line++;
        enum status status = read_line(text, (size_t)(stop - text), keys, count, place, &seen, out);
        if (status != ST_OK)
            return status;
        text = stop + (stop < end);
    }
    for (size_t i = 0; i < count; i++) {
        if (seen & UINT64_C(1) << i)
            continue;
        if (!keys[i].fallback) {
            reason_set(place->why, "%s: the key `%s' is missing", place->name, keys[i].name);
            return ST_INVALID;
        }
        if (keys[i].fallback[0] == '\0') {
            ((char *)out)[keys[i].offset] = '\0';
            continue;
        }
        enum status status = put_value(&keys[i], keys[i].fallback, place, out);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

static size_t extent(const struct conf_key keys[], size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        if (keys[i].offset + keys[i].room > size)
            size = keys[i].offset + keys[i].room;
    return size;
}

enum status conf_parse(const char *name, const char *text, size_t size,
                       const struct conf_key keys[], size_t count, void *out, struct reason *why)
{
    struct place place = {name, 0, why};
    size_t used = extent(keys, count);

    assert(count <= CONF_KEYS_MAX);
    void *draft = malloc(used);
    if (!draft) {
        reason_set(why, "%s: out of memory", name);
        return ST_NOMEM;
    }
    memcpy(draft, out, used); /* what no row names stays as it was */
    enum status status = read_text(text, size, keys, count, &place, draft);
    if (status == ST_OK)
        memcpy(out, draft, used);
    free(draft);
    return status;
}

enum status conf_load(const char *path, const struct conf_key keys[], size_t count, void *out,
                      struct reason *why)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(CONF_FILE_MAX + 1);
    size_t size = 0;
    bool readable = false;

    if (file && text) {
        size = fread(text, 1, CONF_FILE_MAX + 1, file);
        readable = !ferror(file);
    }
    enum status status = ST_IO;
    if (!file || !readable)
        reason_set(why, "%s: %s", path, strerror(errno));
    else if (size > CONF_FILE_MAX)
        reason_set(why, "%s: over %zu bytes", path, CONF_FILE_MAX);
    else
        status = conf_parse(path, text, size, keys, count, out, why);
    if (file)
        (void)fclose(file);
    free(text);
    return status;
}
