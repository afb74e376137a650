/*
 * registry.c - the directory as agencies ask it and fill it: sealing keys, signing certificates.
 *
 * Answers name what is recorded and nothing else; a key counts once its event is durable, as the
 * answer leaves no earlier.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "proto/frame.h"

/* Largest entry: CERTIFICATES_MAX certificates of the size a hello can carry, KEYS_MAX statements.
 */
#define ENTRY_MOST (AGENCY_MAX + CERTIFICATES_MAX * HEAD_MAX_BEFORE_HELLO + KEYS_MAX * 512)

/* Gives each entry in a frame of its own: their size varies, and a head is bounded. */
static enum status answer_entry(struct exchange *x, const struct command *command, uint64_t request,
                                const struct directory_entry *entry)
{
    uint8_t bytes[FRAME_PREFIX + ENTRY_MOST + 256];
    struct wire wire = {.kind = WIRE_DIRECTORY};
    size_t size;

    wire.directory.request = request;
    wire.directory.entry_count = 1;
    wire.directory.entries = entry;
    enum status status = wire_write(&wire, 0, bytes, sizeof bytes, &size);
    assert(status != ST_LIMIT);
    if (status != ST_OK)
        return status;
    struct effect_frame *frame =
        exchange_effect(x, EFFECT_FRAME, command->session, sizeof *frame + size);
    if (!frame)
        return ST_NOMEM;
    frame->bytes_size = (uint32_t)size;
    memcpy(frame->bytes, bytes, size);
    return ST_OK;
}

static void describe(const struct exchange *x, const char *agency, struct directory_entry *out)
{
    uint32_t place = directory_find(x->directory, agency);

    memset(out, 0, sizeof *out);
    if (place != AGENCY_NONE)
        directory_entry(x->directory, place, x->now_ms, out);
    strcpy(out->agency, agency);
    out->known = exchange_knows(x, agency);
}

enum status exchange_look_up(struct exchange *x, const struct command_directory *asked)
{
    struct directory_entry entry;
    enum status status = ST_OK;

    x->counts.directory_requests++;
    for (uint32_t i = 0; status == ST_OK && i < asked->agency_count; i++) {
        describe(x, asked->agencies[i], &entry);
        status = answer_entry(x, &asked->head, asked->request, &entry);
    }
    for (uint32_t i = 0; status == ST_OK && i < asked->certificate_count; i++) {
        uint32_t place;
        memset(&entry, 0, sizeof entry);
        if (directory_find_certificate(x->directory, &asked->certificates[i], &place,
                                       &entry.certificates[0])
            != ST_OK)
            continue;
        strcpy(entry.agency, directory_name(x->directory, place));
        entry.known = true;
        entry.certificate_count = 1;
        status = answer_entry(x, &asked->head, asked->request, &entry);
    }
    return status == ST_OK ? exchange_release(x, &asked->head) : status;
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
        strcpy(event.agency, directory_name(x->directory, place));
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
    status = answer_entry(x, &publish->head, publish->request, &entry);
    return status == ST_OK ? exchange_release(x, &publish->head) : status;
}
