/*
 * gateways.h - the statute book: the enactments under which a clause may disclose.
 *
 * A gateway is the code that a clause names and a header repeats. Today only the code must be
 * known; which kinds of agency may disclose to which under it, and so whether a clause runs in its
 * gateway's direction, joins here as more columns. Not legal advice: who signs an agreement answers
 * for it. Source: docs/agreements.md, gateways.
 */
#ifndef AGREEMENTS_GATEWAYS_H
#define AGREEMENTS_GATEWAYS_H

#include <stdbool.h>
#include <stddef.h>

struct gateway {
    const char *code;      /* "CA1989_S17_S47", at most GATEWAY_MAX bytes */
    const char *provision; /* the enactment, in words */
    bool text_read; /* the enactment's text was read; else general knowledge, to be confirmed */
};

/* NULL when there is none. */
const struct gateway *gateway_find(const char *code);
/* All of them in order of code. */
const struct gateway *gateways_all(size_t *count);

#endif
