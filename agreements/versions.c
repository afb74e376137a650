/* versions.c - the texts that a registrar knows: their memory, their order, and finding them. */
#include <stdlib.h>
#include <string.h>

#include "agreements/registrar_inside.h"

void version_free(struct version *v)
{
    if (!v)
        return;
    if (!v->is_assumed)
        agreement_free(v->agreement);
    free(v->signed_by);
    free(v->seats);
    free(v);
}

static enum status make_seats(struct version *v, const struct agreement *a)
{
    if ((v->signed_by = calloc(a->party_count, sizeof *v->signed_by))
        && (v->seats = calloc(a->party_count, sizeof *v->seats)))
        return ST_OK;
    free(v->signed_by);
    v->signed_by = NULL;
    return ST_NOMEM;
}

struct version *version_new(struct agreement *a, bool is_assumed)
{
    struct version *v = calloc(1, sizeof *v);

    if (!v || make_seats(v, a) != ST_OK) {
        free(v);
        return NULL;
    }
    v->agreement = a;
    v->is_assumed = is_assumed;
    return v;
}

void version_strip(struct version *v)
{
    if (v->is_assumed || v->is_bare)
        return;
    free(v->signed_by);
    free(v->seats);
    v->signed_by = NULL;
    v->seats = NULL;
    v->signed_count = 0;
    v->is_bare = true;
    agreement_strip(v->agreement);
}

enum status version_dress(struct version *v, struct agreement *a)
{
    if (make_seats(v, a) != ST_OK)
        return ST_NOMEM;
    agreement_free(v->agreement);
    v->agreement = a;
    v->is_bare = false;
    return ST_OK;
}

/* The place in the index where the text with this hash is, or would go. */
static size_t place_of(struct version *const *index, size_t room, const struct digest *hash)
{
    uint64_t start;

    memcpy(&start, hash->bytes, sizeof start);
    size_t at = start & (room - 1);
    while (index[at] && !digest_equal(&index[at]->agreement->hash, hash))
        at = (at + 1) & (room - 1);
    return at;
}

struct version *registrar_find(const struct registrar *r, const struct digest *hash)
{
    return r->index_room == 0 ? NULL : r->index[place_of(r->index, r->index_room, hash)];
}

struct version *registrar_head(const struct registrar *r, const char *id)
{
    const struct agreement *a = agreement_set_find(r->set, id);

    return a ? registrar_find(r, &a->hash) : NULL;
}

enum standing version_standing(const struct version *v)
{
    if (!v->counts)
        return STANDING_DRAFT; /* whatever it is to others: here it permits nothing */
    if (v->fate == FATE_REVOKED)
        return STANDING_REVOKED;
    for (size_t i = 0; i < v->agreement->party_count; i++)
        if (v->seats[i].is_suspending)
            return STANDING_SUSPENDED;
    if (v->fate == FATE_SUPERSEDED)
        return STANDING_SUPERSEDED;
    return v->is_assumed ? STANDING_ASSUMED : STANDING_ACTIVE;
}

enum status registrar_make_room(void *array, size_t count, size_t *room, size_t size)
{
    void **list = array;
    size_t grown_room = *room ? 2 * *room : 16;

    if (count < *room)
        return ST_OK;
    void *grown = reallocarray(*list, grown_room, size);
    if (!grown)
        return ST_NOMEM;
    *list = grown;
    *room = grown_room;
    return ST_OK;
}

#define INDEX_ROOM_FIRST 64

static enum status make_index_room(struct registrar *r)
{
    size_t room = r->index_room ? 2 * r->index_room : INDEX_ROOM_FIRST;

    if (2 * (r->version_count + 1) <= r->index_room)
        return ST_OK;
    struct version **index = calloc(room, sizeof(struct version *));
    if (!index)
        return ST_NOMEM;
    for (size_t i = 0; i < r->version_count; i++)
        index[place_of(index, room, &r->versions[i]->agreement->hash)] = r->versions[i];
    free(r->index);
    r->index = index;
    r->index_room = room;
    return ST_OK;
}

enum status registrar_reserve(struct registrar *r)
{
    enum status st =
        registrar_make_room(&r->versions, r->version_count, &r->version_room, sizeof *r->versions);

    return st == ST_OK ? make_index_room(r) : st;
}

void registrar_insert(struct registrar *r, struct version *v)
{
    size_t at = r->version_count;

    for (; at > 0; at--) {
        const struct agreement *before = r->versions[at - 1]->agreement;
        int order = strcmp(before->id, v->agreement->id);
        if (order < 0 || (order == 0 && before->version <= v->agreement->version))
            break;
        r->versions[at] = r->versions[at - 1];
    }
    r->versions[at] = v;
    r->version_count++;
    r->index[place_of(r->index, r->index_room, &v->agreement->hash)] = v;
}
