/*
 * registry.c - the directory as agencies ask it and fill it: sealing keys, signing certificates.
 *
 * Answers name what is recorded and nothing else; a key counts once its event is durable, as the
 * answer leaves no earlier.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"
#include "proto/frame.h"

#define HEAD_ROOM (HEAD_MAX - 256) /* bytes of a head for its entries */

/* A bound on the bytes an entry takes in a head. */
static size_t size_of(const struct directory_entry *entry)
{
    size_t size = AGENCY_MAX + 32;

    for (uint32_t i = 0; i < entry->certificate_count; i++)
        size += 8 + entry->certificates[i].size;
    for (uint32_t i = 0; i < entry->key_count; i++)
        size += 32 + DIGEST_SIZE + SIGNATURE_SIZE + entry->keys[i].statement.size;
    return size;
}

static enum status answer_with(struct exchange *x, const struct command *command, uint64_t request,
                               const struct directory_entry entries[], uint32_t count, size_t bound)
{
    size_t room = FRAME_PREFIX + 256 + bound, size;
    struct wire wire = {.kind = WIRE_DIRECTORY};
    struct effect_frame *frame =
        exchange_effect(x, EFFECT_FRAME, command->session, sizeof *frame + room);

    if (!frame)
        return ST_NOMEM;
    memset(&wire.directory, 0, sizeof wire.directory);
    wire.directory.request = request;
    wire.directory.entry_count = count;
    wire.directory.entries = entries;
    enum status status = wire_write(&wire, 0, frame->bytes, room, &size);
    assert(status == ST_OK); /* `bound` is one */
    frame->bytes_size = (uint32_t)size;
    return ST_OK;
}

/* All in one frame if they fit, else in as few as may be, in their order. Always one, so that who
 * asked for what is not there hears so. */
static enum status answer(struct exchange *x, const struct command *command, uint64_t request,
                          const struct directory_entry entries[], uint32_t count)
{
    uint32_t first = 0;

    do {
        size_t size = 0;
        uint32_t end = first;
        while (end < count && end - first < DIRECTORY_ENTRIES_MAX
               && (end == first || size + size_of(&entries[end]) <= HEAD_ROOM))
            size += size_of(&entries[end++]);
        enum status status = answer_with(x, command, request, entries + first, end - first, size);
        if (status != ST_OK)
            return status;
        first = end;
    } while (first < count);
    return exchange_release(x, command);
}

static void describe(const struct exchange *x, const char *agency, struct directory_entry *out)
{
    uint32_t place = directory_find(x->directory, agency);

    memset(out, 0, sizeof *out);
    if (place != AGENCY_NONE)
        directory_entry(x->directory, place, x->now_ms, out);
    TEXT_COPY(out->agency, agency);
    out->known = exchange_knows(x, agency);
}

/* The certificate joins those found before, under its owner's name. */
static void add_certificate(const struct exchange *x, uint32_t agency, struct bytes der,
                            struct directory_entry entries[], uint32_t *count)
{
    const char *name = directory_name(x->directory, agency);
    struct directory_entry *entry = NULL;

    for (uint32_t i = 0; i < *count && !entry; i++)
        if (strcmp(entries[i].agency, name) == 0 && entries[i].certificate_count < CERTIFICATES_MAX)
            entry = &entries[i];
    if (!entry) {
        entry = &entries[(*count)++];
        memset(entry, 0, sizeof *entry);
        TEXT_COPY(entry->agency, name);
        entry->known = true;
    }
    entry->certificates[entry->certificate_count++] = der;
}

enum status exchange_look_up(struct exchange *x, const struct command_directory *asked)
{
    struct directory_entry entries[2 * DIRECTORY_ENTRIES_MAX];
    uint32_t count = 0;

    x->counts.directory_requests++;
    /* Certificates first: mail waits for them, and the first frame always has room for them. */
    for (uint32_t i = 0; i < asked->certificate_count; i++) {
        uint32_t agency;
        struct bytes der;
        if (directory_find_certificate(x->directory, &asked->certificates[i], &agency, &der)
            == ST_OK)
            add_certificate(x, agency, der, entries, &count);
    }
    for (uint32_t i = 0; i < asked->agency_count; i++)
        describe(x, asked->agencies[i], &entries[count++]);
    return answer(x, &asked->head, asked->request, entries, count);
}

enum status exchange_publish(struct exchange *x, const struct command_publish *publish)
{
    struct signed_statement statement = {.statement = {publish->statement, publish->statement_size},
                                         .signer = publish->signer};
    uint8_t proof[DIGEST_SIZE + SIGNATURE_SIZE];
    struct directory_entry entry;
    uint32_t place = publish->head.member;

    memcpy(statement.signature, publish->signature, SIGNATURE_SIZE);
    memcpy(proof, publish->signer.bytes, DIGEST_SIZE);
    memcpy(proof + DIGEST_SIZE, publish->signature, SIGNATURE_SIZE);
    enum status status =
        publish->key.open_until_ms <= x->now_ms
            ? ST_LIMIT
            : directory_add_key(x->directory, place, &publish->key, &statement, x->now_ms);
    if (status == ST_OK) {
        struct event event = {.kind = EVENT_KEY,
                              .statement = statement.statement,
                              .statement_proof = {proof, sizeof proof},
                              .open_until_ms = publish->key.open_until_ms};
        TEXT_COPY(event.agency, directory_name(x->directory, place));
        memcpy(event.key_id, publish->key.key_id, KEY_ID_SIZE);
        status = exchange_record(x, &event, 0);
        x->counts.keys++;
    } else if (status == ST_LIMIT) {
        exchange_raise(x, ALARM_KEY_REFUSED, place); /* and the answer does not show it */
        status = ST_OK;
    } else if (status == ST_MORE) {
        status = ST_OK; /* published before: answered like the first time */
    }
    if (status != ST_OK)
        return status;
    describe(x, directory_name(x->directory, place), &entry);
    return answer(x, &publish->head, publish->request, &entry, 1);
}
