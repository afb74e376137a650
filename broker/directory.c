#include "broker/directory.h"
#include "lib/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64 /* agencies; the index has twice as many places */

struct certificate {
    struct digest digest;
    uint32_t size;
    uint8_t *der; /* owned */
};

struct sealing_key {
    uint8_t key_id[KEY_ID_SIZE];
    int64_t from_ms, open_until_ms;
    struct digest signer;
    uint8_t signature[SIGNATURE_SIZE];
    uint32_t size;
    uint8_t *statement; /* owned */
};

struct agency {
    char id[AGENCY_MAX + 1];
    struct certificate *certificates; /* owned; in order of arrival */
    struct sealing_key *keys;         /* owned; the same */
    uint32_t certificate_count, key_count;
};

struct directory {
    struct agency *agencies; /* owned */
    uint32_t *index;         /* owned; place + 1 by name, linear probing; 0 = empty */
    uint32_t count, room;    /* room is a power of two; the index has 2 * room places */
};

/* FNV-1a: names are few and vouched for by the authority or an agreement, so nobody floods it. */
static uint32_t hash_of(const char *agency)
{
    uint32_t hash = 2166136261u;

    for (; *agency; agency++)
        hash = (hash ^ (uint8_t)*agency) * 16777619u;
    return hash ^ hash >> 15;
}

struct directory *directory_new(void)
{
    OWNED(directory) directory = calloc(1, sizeof *directory);

    if (!directory)
        return NULL;
    directory->room = ROOM_FIRST;
    directory->agencies = calloc(directory->room, sizeof *directory->agencies);
    directory->index = calloc(2 * (size_t)directory->room, sizeof *directory->index);
    if (!directory->agencies || !directory->index)
        return NULL;
    return GIVE(directory);
}

void directory_free(struct directory *directory)
{
    if (!directory)
        return;
    for (uint32_t i = 0; i < directory->count; i++) {
        struct agency *agency = &directory->agencies[i];
        for (uint32_t c = 0; c < agency->certificate_count; c++)
            free(agency->certificates[c].der);
        for (uint32_t k = 0; k < agency->key_count; k++)
            free(agency->keys[k].statement);
        free(agency->certificates);
        free(agency->keys);
    }
    free(directory->agencies);
    free(directory->index);
    free(directory);
}

/* Where the name stands in the index, or the empty place that ends the search. */
static uint32_t index_find(const struct directory *directory, const char *agency)
{
    uint32_t mask = 2 * directory->room - 1;
    uint32_t at = hash_of(agency) & mask;

    while (directory->index[at] != 0
           && strcmp(directory->agencies[directory->index[at] - 1].id, agency) != 0)
        at = (at + 1) & mask;
    return at;
}

uint32_t directory_find(const struct directory *directory, const char *agency)
{
    return directory->index[index_find(directory, agency)] - 1; /* 0 - 1 is AGENCY_NONE */
}

static enum status grow(struct directory *directory)
{
    size_t room = 2 * (size_t)directory->room;
    struct agency *agencies = reallocarray(directory->agencies, room, sizeof *agencies);

    if (!agencies)
        return ST_NOMEM;
    directory->agencies = agencies;
    uint32_t *index = calloc(2 * room, sizeof *index);
    if (!index)
        return ST_NOMEM;
    free(directory->index);
    directory->index = index;
    directory->room = (uint32_t)room;
    for (uint32_t i = 0; i < directory->count; i++)
        directory->index[index_find(directory, agencies[i].id)] = i + 1;
    return ST_OK;
}

enum status directory_reserve(struct directory *directory, uint32_t more)
{
    enum status status = ST_OK;

    while (status == ST_OK && directory->room - directory->count < more)
        status = grow(directory);
    return status;
}

enum status directory_enter(struct directory *directory, const char *agency, uint32_t *out)
{
    uint32_t place = directory_find(directory, agency);

    assert(strlen(agency) <= AGENCY_MAX);

    if (place == AGENCY_NONE) {
        if (directory->count == directory->room) {
            enum status status = grow(directory);
            if (status != ST_OK)
                return status;
        }
        place = directory->count++;
        memset(&directory->agencies[place], 0, sizeof directory->agencies[place]);
        TEXT_COPY(directory->agencies[place].id, agency);
        directory->index[index_find(directory, agency)] = place + 1;
    }
    *out = place;
    return ST_OK;
}

const char *directory_name(const struct directory *directory, uint32_t agency)
{
    assert(agency < directory->count);
    return directory->agencies[agency].id;
}

uint32_t directory_count(const struct directory *directory)
{
    return directory->count;
}

static uint8_t *copy_of(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);

    if (copy && bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

bool directory_has_certificate(const struct directory *directory, uint32_t agency,
                               const struct digest *digest)
{
    const struct agency *a = &directory->agencies[agency];

    for (uint32_t i = 0; i < a->certificate_count; i++)
        if (digest_equal(&a->certificates[i].digest, digest))
            return true;
    return false;
}

enum status directory_add_certificate(struct directory *directory, uint32_t agency,
                                      const struct digest *digest, struct bytes der)
{
    struct agency *a = &directory->agencies[agency];

    assert(der.size <= UINT32_MAX);

    if (directory_has_certificate(directory, agency, digest))
        return ST_MORE;
    if (a->certificate_count == AGENCY_CERTIFICATES_MAX)
        return ST_LIMIT;
    struct certificate *certificates =
        reallocarray(a->certificates, a->certificate_count + 1, sizeof *certificates);
    if (!certificates)
        return ST_NOMEM;
    a->certificates = certificates;
    uint8_t *copy = copy_of(der);
    if (!copy)
        return ST_NOMEM;
    certificates[a->certificate_count++] = (struct certificate){*digest, (uint32_t)der.size, copy};
    return ST_OK;
}

struct bytes directory_certificate(const struct directory *directory, uint32_t agency,
                                   uint32_t index)
{
    const struct agency *a = &directory->agencies[agency];

    if (index >= a->certificate_count)
        return (struct bytes){NULL, 0};
    const struct certificate *certificate = &a->certificates[a->certificate_count - 1 - index];
    return (struct bytes){certificate->der, certificate->size};
}

uint32_t directory_certificate_count(const struct directory *directory, uint32_t agency)
{
    return directory->agencies[agency].certificate_count;
}

static void drop_closed_keys(struct agency *a, int64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < a->key_count; i++) {
        if (a->keys[i].open_until_ms > now_ms)
            a->keys[kept++] = a->keys[i];
        else
            free(a->keys[i].statement);
    }
    a->key_count = kept;
}

void directory_make_room_for_key(struct directory *directory, uint32_t agency)
{
    struct agency *a = &directory->agencies[agency];
    uint32_t first = 0;

    if (a->key_count < AGENCY_KEYS_MAX)
        return;
    for (uint32_t i = 1; i < a->key_count; i++)
        if (a->keys[i].open_until_ms < a->keys[first].open_until_ms)
            first = i;
    free(a->keys[first].statement);
    a->key_count--;
    memmove(&a->keys[first], &a->keys[first + 1], (a->key_count - first) * sizeof a->keys[first]);
}

enum status directory_add_key(struct directory *directory, uint32_t agency,
                              const struct key_statement *key,
                              const struct signed_statement *statement, int64_t now_ms)
{
    struct agency *a = &directory->agencies[agency];

    assert(statement->statement.size <= UINT32_MAX);

    drop_closed_keys(a, now_ms);
    for (uint32_t i = 0; i < a->key_count; i++) {
        if (memcmp(a->keys[i].key_id, key->key_id, KEY_ID_SIZE) != 0)
            continue;
        return a->keys[i].size == statement->statement.size
                    && memcmp(a->keys[i].statement, statement->statement.data,
                              statement->statement.size)
                           == 0
                 ? ST_MORE
                 : ST_LIMIT;
    }
    if (a->key_count == AGENCY_KEYS_MAX)
        return ST_LIMIT;
    struct sealing_key *keys = reallocarray(a->keys, a->key_count + 1, sizeof *keys);
    if (!keys)
        return ST_NOMEM;
    a->keys = keys;
    uint8_t *copy = copy_of(statement->statement);
    if (!copy)
        return ST_NOMEM;
    struct sealing_key *added = &keys[a->key_count++];
    *added = (struct sealing_key){
        .from_ms = key->from_ms,
        .open_until_ms = key->open_until_ms,
        .signer = statement->signer,
        .size = (uint32_t)statement->statement.size,
        .statement = copy,
    };
    memcpy(added->key_id, key->key_id, KEY_ID_SIZE);
    memcpy(added->signature, statement->signature, SIGNATURE_SIZE);
    return ST_OK;
}

bool directory_key_fits(const struct directory *directory, uint32_t agency,
                        const uint8_t key_id[static KEY_ID_SIZE], int64_t now_ms,
                        int64_t expires_ms)
{
    const struct agency *a = &directory->agencies[agency];

    /* From the newest: that is the one in use. */
    for (uint32_t i = a->key_count; i-- > 0;)
        if (memcmp(a->keys[i].key_id, key_id, KEY_ID_SIZE) == 0)
            return now_ms < a->keys[i].open_until_ms && expires_ms <= a->keys[i].open_until_ms;
    return false;
}

uint32_t directory_key_count(const struct directory *directory, uint32_t agency)
{
    return directory->agencies[agency].key_count;
}

void directory_entry(const struct directory *directory, uint32_t agency, int64_t now_ms,
                     struct directory_entry *out)
{
    const struct agency *a = &directory->agencies[agency];

    memset(out, 0, sizeof *out);
    TEXT_COPY(out->agency, a->id);
    out->known = true;
    while (out->certificate_count < CERTIFICATES_MAX
           && out->certificate_count < a->certificate_count) {
        out->certificates[out->certificate_count] =
            directory_certificate(directory, agency, out->certificate_count);
        out->certificate_count++;
    }
    for (uint32_t i = a->key_count; i-- > 0 && out->key_count < KEYS_MAX;) {
        const struct sealing_key *key = &a->keys[i];
        if (now_ms >= key->open_until_ms)
            continue;
        struct signed_statement *to = &out->keys[out->key_count++];
        to->statement = (struct bytes){key->statement, key->size};
        to->signer = key->signer;
        memcpy(to->signature, key->signature, SIGNATURE_SIZE);
    }
}

enum status directory_find_certificate(const struct directory *directory,
                                       const struct digest *digest, uint32_t *agency,
                                       struct bytes *der)
{
    /* O(certificates): asked for once per old certificate and agent, not on the way of a message.
     */
    for (uint32_t i = 0; i < directory->count; i++) {
        const struct agency *a = &directory->agencies[i];
        for (uint32_t c = 0; c < a->certificate_count; c++) {
            if (!digest_equal(&a->certificates[c].digest, digest))
                continue;
            *agency = i;
            *der = (struct bytes){a->certificates[c].der, a->certificates[c].size};
            return ST_OK;
        }
    }
    return ST_MORE;
}
