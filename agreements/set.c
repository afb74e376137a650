/* set.c - the agreements of a folder, as agreement.h promises. */
#include "agreements/agreement.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct agreement_set {
    struct agreement **agreements; /* owned, and each of them; in order of id */
    size_t count, room;
    struct names by_id;    /* owned; of the agreements */
    bool is_borrowed;      /* the agreements are another's */
    const char **agencies; /* owned array of borrowed names: every party of any, in order */
    size_t agency_count;
};

static int order_of_id(const void *a, const void *b)
{
    struct agreement *const *x = a, *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

static int by_agency(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static enum status add(struct agreement_set *set, struct agreement *agreement)
{
    if (set->count == set->room) {
        size_t room = set->room ? 2 * set->room : 16;
        struct agreement **grown = reallocarray(set->agreements, room, sizeof *grown);

        if (!grown) {
            agreement_free(agreement);
            return ST_NOMEM;
        }
        set->agreements = grown;
        set->room = room;
    }
    if (agreement->standing == STANDING_DRAFT)
        agreement->standing = STANDING_ASSUMED;
    set->agreements[set->count++] = agreement;
    return ST_OK;
}

static enum status index_agencies(struct agreement_set *set)
{
    size_t room = 0;

    for (size_t i = 0; i < set->count; i++)
        room += set->agreements[i]->party_count;
    if (!(set->agencies = calloc(room + 1, sizeof *set->agencies)))
        return ST_NOMEM;
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->agreements[i]->party_count; j++)
            set->agencies[set->agency_count++] = set->agreements[i]->parties[j].agency;
    qsort(set->agencies, set->agency_count, sizeof *set->agencies, by_agency);
    return ST_OK;
}

/* All are in: order them, and see that each id is there once. */
static enum status finish(struct agreement_set *set, struct reason *why)
{
    if (set->count > AGREEMENTS_MAX) {
        reason_set(why, "more than %d agreements", AGREEMENTS_MAX);
        return ST_LIMIT;
    }
    if (set->count > 0) /* qsort() must not see a NULL base */
        qsort(set->agreements, set->count, sizeof *set->agreements, order_of_id);
    for (size_t i = 1; i < set->count; i++) {
        const struct agreement *a = set->agreements[i - 1], *b = set->agreements[i];

        if (strcmp(a->id, b->id) == 0) {
            reason_set(why, "%s and %s are both agreement %s; keep one version", a->name, b->name,
                       a->id);
            return ST_INVALID;
        }
    }
    if (names_build_of((const void *const *)set->agreements, set->count, &set->by_id) != ST_OK)
        return ST_NOMEM;
    return index_agencies(set);
}

enum status agreement_set_take(struct agreement **agreements, size_t count,
                               struct agreement_set **out, struct reason *why)
{
    OWNED(agreement_set) set = calloc(1, sizeof *set);
    enum status st = set ? ST_OK : ST_NOMEM;

    for (size_t i = 0; i < count; i++) {
        if (st == ST_OK)
            st = add(set, agreements[i]);
        else
            agreement_free(agreements[i]);
    }
    if (st != ST_OK || (st = finish(set, why)) != ST_OK)
        return st;
    *out = GIVE(set);
    return ST_OK;
}

enum status agreement_set_borrow(struct agreement *const *agreements, size_t count,
                                 struct agreement_set **out)
{
    OWNED(agreement_set) set = calloc(1, sizeof *set);

    if (!set || !(set->agreements = calloc(count + 1, sizeof *set->agreements)))
        return ST_NOMEM;
    set->is_borrowed = true;
    for (size_t i = 0; i < count; i++)
        set->agreements[set->count++] = agreements[i];
    enum status st = finish(set, NULL);
    if (st == ST_OK)
        *out = GIVE(set);
    return st;
}

/* What a folder's file is to us. */
static bool is_agreement(const struct dirent *entry, const char *suffix)
{
    size_t size = strlen(entry->d_name), tail = strlen(suffix);

    return entry->d_name[0] != '.' && size > tail
        && strcmp(entry->d_name + size - tail, suffix) == 0;
}

static enum status load_entry(struct agreement_set *set, const char *folder,
                              const struct dirent *entry, struct reason *why)
{
    char path[4096];
    struct agreement *agreement;
    enum status st;

    if (is_agreement(entry, ".yml")) { /* else somebody would wonder why it permits nothing */
        reason_set(why, "%s/%s: agreements end in .yaml", folder, entry->d_name);
        return ST_INVALID;
    }
    if (!is_agreement(entry, ".yaml"))
        return ST_OK;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path) {
        reason_set(why, "%s: the path is too long", folder);
        return ST_IO;
    }
    if (set->count == AGREEMENTS_MAX) {
        reason_set(why, "%s: more than %d agreements", folder, AGREEMENTS_MAX);
        return ST_LIMIT;
    }
    if ((st = agreement_load(path, &agreement, why)) != ST_OK)
        return st;
    return add(set, agreement);
}

/* In order of name, so that of several faults the same one is told each time. */
enum status agreement_set_load(const char *folder, struct agreement_set **out, struct reason *why)
{
    OWNED(agreement_set) set = calloc(1, sizeof *set);
    struct dirent **entries = NULL;
    enum status st = ST_OK;

    if (!set)
        return ST_NOMEM;

    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        reason_set(why, "%s: %s", folder, strerror(errno));
        return ST_IO;
    }
    for (int i = 0; i < count; i++) {
        if (st == ST_OK)
            st = load_entry(set, folder, entries[i], why);
        free(entries[i]);
    }
    free(entries);
    if (st != ST_OK || (st = finish(set, why)) != ST_OK)
        return st;
    *out = GIVE(set);
    return ST_OK;
}

void agreement_set_free(struct agreement_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count && !set->is_borrowed; i++)
        agreement_free(set->agreements[i]);
    free(set->agreements);
    free(set->agencies);
    names_free(&set->by_id);
    free(set);
}

size_t agreement_set_count(const struct agreement_set *set)
{
    return set->count;
}

const struct agreement *agreement_set_at(const struct agreement_set *set, size_t index)
{
    return set->agreements[index];
}

struct agreement *agreement_set_own(struct agreement_set *set, size_t index)
{
    return set->agreements[index];
}

const struct agreement *agreement_set_find(const struct agreement_set *set, const char *id)
{
    return names_find_of(&set->by_id, (const void *const *)set->agreements, id);
}

bool agreement_set_knows(const struct agreement_set *set, const char *agency)
{
    return bsearch(&agency, set->agencies, set->agency_count, sizeof *set->agencies, by_agency);
}
