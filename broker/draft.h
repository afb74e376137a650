/*
 * draft.h - the batch that is being written: records in their order, as the journal takes them.
 *
 * A record lies either in a turn's buffer, where a link wrote it, or in a page of our own.
 * Stretches that touch become one part, so that a turn of accepted messages is one part of the
 * write.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_DRAFT_H
#define BROKER_DRAFT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/status.h"

/* A buffer of our own records; begins with a struct note (stage.h). From malloc. */
struct page {
    uint8_t *data;
    size_t size, room;
};

/* Zeroes are an empty one. */
struct draft {
    struct iovec *parts; /* owned, what they point to is not */
    struct page *pages;  /* owned, and their data until taken */
    int part_count, part_room;
    uint32_t page_count, page_room;
    uint32_t records;
    size_t size; /* bytes of all records */
};

void draft_fini(struct draft *draft);
/* Appends a record that lies elsewhere, and stays there.
 *   ST_NOMEM */
enum status draft_add(struct draft *draft, const uint8_t *record, size_t size);
/* Appends room for a record of our own, to be filled at once; NULL when memory is out. */
uint8_t *draft_write(struct draft *draft, size_t size);
/* Empty again; the pages are somebody else's by now. */
void draft_clear(struct draft *draft);

#endif
