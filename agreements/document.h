/*
 * document.h - one strict YAML document as a tree of nodes that know their lines.
 *
 *     text --libyaml events--> nodes --agreement.c--> struct agreement
 *
 * A small part of YAML 1.1 is taken: mappings in block style, lists in either style, scalars.
 * Refused, each with its line: a second document, an empty or comment-only text, anchors, aliases,
 * tags, directives, `{...}`, keys that are not plain words, a key twice, anything but UTF-8, NUL,
 * line breaks and direction marks that an editor does not show, nesting over NODE_DEPTH_MAX. No
 * value is guessed at: `010`, `yes` and `1e3` are text until a
 * reader judges.
 */
#ifndef AGREEMENTS_DOCUMENT_H
#define AGREEMENTS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/reason.h"
#include "lib/status.h"

#define NODE_DEPTH_MAX 4 /* lists and mappings inside each other: clauses, clause, required */
#define NODES_MAX 100000 /* of one document: bounds the tree to about 16 MB */
#define NODE_KEYS_MAX 32 /* of one mapping */
#define DOCUMENT_ARENA (20u * 1024 * 1024) /* bytes a tree may occupy */

enum node_kind {
    NODE_TEXT = 1,
    NODE_LIST,
    NODE_MAP
};

/* Borrowed from the arena that the document was read into. */
struct node {
    enum node_kind kind;
    uint32_t line;    /* from 1; of the key when it has one */
    const char *key;  /* in a mapping; else NULL */
    const char *text; /* NODE_TEXT: NUL-terminated, without NUL inside */
    bool plain;       /* NODE_TEXT: written without quotes, on one line */
    bool bracketed;   /* NODE_LIST: written as [a, b] */
    size_t count;     /* children */
    struct node *first, *last, *next;
};

/* `name` stands in errors: "safe.yaml:12: ...".
 *   ST_INVALID  `why` has name, line and reason
 *   ST_NOMEM */
enum status document_read(const char *name, const char *text, size_t size, struct arena *arena,
                          const struct node **root, struct reason *why);

/* Does `text` begin with a character that editors do not show and that changes what is read? Where
 * a line ends for libyaml but not for them (U+0085, U+2028, U+2029, a lone CR): behind one of
 * those, what looks like the rest of a comment would count. And marks that turn the direction of
 * writing (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069): they show words in another
 * place than they stand. And what has no width (U+200B to U+200D, U+FEFF): words that look the
 * same.
 */
bool text_is_hidden(const char *text, size_t left);

/* The value of `key` in a mapping, or NULL. */
const struct node *node_child(const struct node *map, const char *key);

#endif
