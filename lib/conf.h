/*
 * conf.h - a daemon's settings: lines of `key = value`, read against a table.
 *
 *     # a comment
 *     id = broker.cambs
 *     listen = 127.0.0.1:7411
 *
 * One key a line; blank lines and lines that start with # are skipped; a value runs to the end of
 * its line, less the blanks around it. Every key must be in the table, stand once, and hold its
 * kind; every key without a default must be there. The first fault is told with file and line, and
 * the struct stays untouched.
 *
 * Threads: none; called at start.
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "lib/reason.h"
#include "lib/status.h"

#define CONF_FILE_MAX ((size_t)64 * 1024) /* bytes */
#define CONF_PATH_MAX 4095        /* bytes before the NUL */
#define CONF_KEYS_MAX 64          /* rows of a table */

enum conf_kind {
    CONF_TEXT = 1, /* char[room]: any printable text */
    CONF_AGENCY,   /* char[AGENCY_MAX + 1]: an agency or broker id */
    CONF_PATH,     /* char[room]: made absolute against the file's own folder */
    CONF_ADDRESS,  /* char[room]: host:port, host numeric ([::1] for IPv6), port 0..65535 */
    CONF_NUMBER,   /* uint64_t: decimal */
    CONF_SIZE      /* uint64_t: bytes, with an optional suffix KiB, MiB or GiB */
};

struct conf_key {
    const char *name; /* lower case, digits and dashes */
    enum conf_kind kind;
    size_t offset, room;  /* of the member; room counts for texts, NUL included */
    uint64_t least, most; /* of numbers and sizes */
    const char *fallback; /* as it would stand in the file; NULL: the key must be there */
};

/* A row for member `member` of `struct type`. Texts have room for the member, numbers a range. */
#define CONF_ROW_TEXT(name, kind, type, member, fallback)                                          \
    {                                                                                              \
        name, kind, offsetof(struct type, member), sizeof((struct type *)0)->member, 0, 0,         \
            fallback                                                                               \
    }
#define CONF_ROW_NUMBER(name, kind, type, member, least, most, fallback)                           \
    {                                                                                              \
        name, kind, offsetof(struct type, member), sizeof(uint64_t), least, most, fallback         \
    }

/* Reads a whole text. `name` stands in errors ("broker.conf:3: unknown key `lisen'"), and its
 * folder is where relative paths start; an empty fallback of a path or text leaves it empty.
 *   ST_INVALID  `why` has name, line and reason */
enum status conf_parse(const char *name, const char *text, size_t size,
                       const struct conf_key keys[], size_t count, void *out, struct reason *why);
/* The same from a file.
 *   ST_IO       it cannot be read, or is over CONF_FILE_MAX; `why` says which */
enum status conf_load(const char *path, const struct conf_key keys[], size_t count, void *out,
                      struct reason *why);

#endif
