#include "agreements/key_changes.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/registrar_inside.h"
#include "lib/text.h"

void key_changes_fini(struct key_changes *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->rows[i].words);
    free(c->rows);
    *c = (struct key_changes){0};
}

static int order(const struct key_row *row, const struct key_name *name)
{
    int found = strcmp(row->agency, name->agency);

    if (found == 0)
        found = digest_compare(&row->governance, name->governance);
    return found ? found : digest_compare(&row->signing, name->signing);
}

/* The first row that does not come before. */
static size_t place_of(const struct key_changes *c, const struct key_name *name)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order(&c->rows[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct key_row *find_row(const struct key_changes *c, const struct key_name *name)
{
    size_t at = place_of(c, name);

    return at < c->count && order(&c->rows[at], name) == 0 ? &c->rows[at] : NULL;
}

/* The row of that name, new when there was none; NULL: memory is out. */
static struct key_row *make_row(struct key_changes *c, const struct key_name *name)
{
    size_t at = place_of(c, name);

    if (at < c->count && order(&c->rows[at], name) == 0)
        return &c->rows[at];
    if (registrar_make_room(&c->rows, c->count, &c->room, sizeof *c->rows) != ST_OK)
        return NULL;
    memmove(&c->rows[at + 1], &c->rows[at], (c->count - at) * sizeof *c->rows);
    c->count++;
    c->rows[at] = (struct key_row){
        .governance = *name->governance, .signing = *name->signing, .last_signed_ms = INT64_MIN};
    TEXT_COPY(c->rows[at].agency, name->agency);
    return &c->rows[at];
}

enum status key_changes_add(struct key_changes *c, const struct instrument *i, int64_t at_ms)
{
    const struct key_name name = {i->agency, &i->key, &i->signing_key};
    struct key_row *row = make_row(c, &name);
    bool counts = i->act == CONCORDAT__ACT__ROLL;

    /* an empty row that stays behind says nothing */
    if (!row
        || registrar_make_room(&row->words, row->count, &row->room, sizeof *row->words) != ST_OK)
        return ST_NOMEM;
    row->words[row->count++] = (struct key_word){++c->places, at_ms, counts};
    row->was_added |= counts;
    row->last_signed_ms = i->signed_ms;
    return ST_OK;
}

const struct key_word *key_changes_find(const struct key_changes *c, const struct key_name *name,
                                        int64_t at_ms)
{
    const struct key_row *row = find_row(c, name);
    size_t low = 0, high = row ? row->count : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->words[middle].at_ms <= at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &row->words[low - 1] : NULL;
}

bool key_changes_added(const struct key_changes *c, const struct key_name *name)
{
    const struct key_row *row = find_row(c, name);

    return row && row->was_added;
}

int64_t key_changes_last(const struct key_changes *c, const char *agency,
                         const struct digest *governance)
{
    static const struct digest first;
    const struct key_name name = {agency, governance, &first};
    int64_t last = INT64_MIN;

    for (size_t at = place_of(c, &name); at < c->count; at++) {
        const struct key_row *row = &c->rows[at];
        if (strcmp(row->agency, agency) != 0 || !digest_equal(&row->governance, governance))
            break;
        last = row->last_signed_ms > last ? row->last_signed_ms : last;
    }
    return last;
}
