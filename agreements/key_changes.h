/*
 * key_changes.h - which signing keys governance keys have added and ended, and when.
 *
 * One row for each agency, governance key and signing key, in that order, with every word that was
 * said about it: a message is judged by what was said until it was accepted. A query compares
 * O(log rows) keys. Rows are found by order, not by hash: whoever signs a ROLL chooses its bytes.
 */
#ifndef AGREEMENTS_KEY_CHANGES_H
#define AGREEMENTS_KEY_CHANGES_H

#include "agreements/instrument.h"

/* One ROLL or RETIRE. */
struct key_word {
    uint64_t place; /* among all changes: a later one has a higher place */
    int64_t at_ms;  /* its entry's time */
    bool counts;    /* ROLL */
};

struct key_row {
    char agency[AGENCY_MAX + 1];
    struct digest governance, signing;
    bool was_added; /* by a ROLL, whatever became of it */
    int64_t last_signed_ms;
    struct key_word *words; /* owned; in order of place, and so of at_ms */
    size_t count, room;
};

struct key_changes {
    struct key_row *rows; /* owned */
    size_t count, room;
    uint64_t places;
};

/* Whose key, changed by which. Borrowed. */
struct key_name {
    const char *agency;
    const struct digest *governance, *signing;
};

void key_changes_fini(struct key_changes *changes);
/* A ROLL or RETIRE that was judged; `at_ms` does not go back. ST_NOMEM: nothing has changed. */
enum status key_changes_add(struct key_changes *changes, const struct instrument *i, int64_t at_ms);
/* The last word until and with `at_ms`; NULL: none. Valid until the next key_changes_add. */
const struct key_word *key_changes_find(const struct key_changes *changes,
                                        const struct key_name *name, int64_t at_ms);
/* Has that governance key ever added it? */
bool key_changes_added(const struct key_changes *changes, const struct key_name *name);
/* signed_ms of the governance key's last change for the agency; INT64_MIN: none. Looks at that
 * key's rows. */
int64_t key_changes_last(const struct key_changes *changes, const char *agency,
                         const struct digest *governance);

#endif
