/*
 * fields.h - typed values of a document, each judged strictly and refused with its line.
 *
 * Numbers, dates, codes and flags are plain words with one spelling each; texts may be quoted or
 * folded. A reader whose value may be absent takes NULL for it and leaves `out` alone; read_keys()
 * has shown before that what is required is there.
 */
#ifndef AGREEMENTS_FIELDS_H
#define AGREEMENTS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreements/document.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

/* Where errors say they come from. Borrowed. */
struct source {
    const char *name;
    struct reason *why;
};

/* "name:line: ..." into the reason; always ST_INVALID. */
enum status refuse(const struct source *src, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct key {
    const char *name;
    bool required;
};

/* `map` is a mapping, has every required key, and no other than these. `what` is "a clause". */
enum status read_keys(const struct source *src, const struct node *map, const char *what,
                      const struct key keys[], size_t count);
/* A list of `least` to `most` items. */
enum status read_list(const struct source *src, const struct node *node, size_t least, size_t most);

/* A text of 1 to room - 1 bytes without control characters; may be absent. */
enum status read_text(const struct source *src, const struct node *node, char *out, size_t room);
/* The same as one plain word, without quotes: a code, a number, a date. */
enum status read_word(const struct source *src, const struct node *node, char *out, size_t room);
/* A word of letters (all capital or all lower-case), digits and `-` that begins with a letter. */
enum status read_name(const struct source *src, const struct node *node, bool capitals, char *out,
                      size_t room);
enum status read_agency(const struct source *src, const struct node *node,
                        char out[static AGENCY_MAX + 1]);
/* 1 to `most` in plain digits: `010`, `1e3`, `+1` and `1_000` are refused. */
enum status read_number(const struct source *src, const struct node *node, uint32_t most,
                        uint32_t *out);
/* YYYY-MM-DD, a real day: its midnight UTC in milliseconds. */
enum status read_day(const struct source *src, const struct node *node, int64_t *out);
/* `true` or `false`; may be absent. */
enum status read_flag(const struct source *src, const struct node *node, bool *out);
/* OFFICIAL or OFFICIAL_SENSITIVE, as Concordat__Marking. */
enum status read_marking(const struct source *src, const struct node *node, int *out);

#endif
