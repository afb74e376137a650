/*
 * gateways.h - the statute book: the enactments under which a clause may disclose, and which way.
 *
 * A gateway is the code that a clause names and a header repeats. Its row says which kinds of
 * agency may disclose to which, for which purposes, and what may be carried; statute.h holds a
 * clause against it. What is no row of this table is nobody's power. Not legal advice: a row can
 * say only what kinds, purposes and categories show; who signs an agreement answers for the rest.
 *
 * Source: docs/agreements.md, gateways. `text_read` says whether the enactment's own words stood
 * beside the row when it was written; where not, it is general knowledge, to be confirmed.
 */
#ifndef AGREEMENTS_GATEWAYS_H
#define AGREEMENTS_GATEWAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/catalogue.h"

#define DIRECTIONS_MAX 4       /* of one gateway */
#define GATEWAY_PURPOSES_MAX 4 /* of one gateway; more is as good as any */

/* Whoever is of a kind in `from` may disclose to whoever is of a kind in `to`. Bit n is enum
 * agency_kind n. */
struct direction {
    uint32_t from, to;
};

enum reply_rule {
    REPLY_EITHER = 0,
    REPLY_NEVER, /* starts with the sender: nothing that answers */
    REPLY_ONLY   /* a supply on request: only answers, and only in reply */
};

struct gateway {
    const char *code;      /* "CA1989_S17_S47", at most GATEWAY_MAX bytes */
    const char *source;    /* "Children Act 1989 ss.17, 27, 47" */
    const char *provision; /* what it is for, in words */
    const char *runs;      /* its directions in words; follows source: "runs between ..." */
    bool text_read;
    const char *unread; /* of a text that was read, what was not; NULL: nothing */
    bool charter_only;  /* break-glass: in no standing agreement */
    enum reply_rule replies;
    struct direction directions[DIRECTIONS_MAX];    /* ends with {0, 0}; none grants nothing */
    const char *purposes[GATEWAY_PURPOSES_MAX + 1]; /* ends with NULL; none at all: any purpose */
    category_set carries;                           /* nothing else; 0 = what the type can */
    category_set guarded; /* of what it carries, these go only to `guarded_to` */
    uint32_t guarded_to;  /* kinds, as in directions */
};

/* NULL when there is none. */
const struct gateway *gateway_find(const char *code);
/* All of them in order of code. */
const struct gateway *gateways_all(size_t *count);

/* May an agency of the one kind disclose to one of the other under it? Kinds as agreements name
 * them; an unknown kind may nothing. */
bool gateway_runs(const struct gateway *gateway, const char *from_kind, const char *to_kind);
/* One of the closed list of purposes. */
bool gateway_serves(const struct gateway *gateway, const char *purpose);

#endif
