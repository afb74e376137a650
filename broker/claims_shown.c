#include "broker/claims_shown.h"

#include <inttypes.h>

#include "broker/state.h"

struct showing {
    struct state_reader *reader;
    FILE *out;
    size_t count;
};

static void show_hex(FILE *out, const char *name, struct bytes bytes)
{
    (void)fprintf(out, ",\"%s\":\"", name);
    for (size_t i = 0; i < bytes.size; i++)
        (void)fprintf(out, "%02x", bytes.data[i]);
    (void)fputc('"', out);
}

static enum status show(void *context, const struct event *event)
{
    struct showing *showing = context;
    struct reader r = reader_of(event->statement_proof.data, event->statement_proof.size);
    struct bytes certificate = {NULL, 0};
    uint8_t signature[SIGNATURE_SIZE];
    struct digest signer;

    read_into(&r, signer.bytes, DIGEST_SIZE);
    read_into(&r, signature, SIGNATURE_SIZE);
    if (!reader_done(&r))
        return ST_INVALID;
    enum status status = state_certificate(showing->reader, event->agency, &signer, &certificate);
    if (status != ST_OK && status != ST_MORE)
        return status;
    (void)fprintf(showing->out,
                  "{\"agency\":\"%s\",\"version\":%" PRIu64 ",\"accepted_ms\":%" PRId64
                  ",\"sequence\":%" PRIu64,
                  event->agency, event->case_version, event->at_ms, event->sequence);
    show_hex(showing->out, "claim", event->statement);
    show_hex(showing->out, "signature", (struct bytes){signature, sizeof signature});
    show_hex(showing->out, "signer", (struct bytes){signer.bytes, DIGEST_SIZE});
    show_hex(showing->out, "certificate", certificate);
    (void)fputs("}\n", showing->out);
    showing->count++;
    return ST_OK;
}

enum status claims_show(const struct config *config, const struct id *handle, FILE *out,
                        size_t *count, struct reason *why)
{
    OWNED(state) state = NULL;
    struct showing showing = {.out = out};
    enum status status = state_open(config->store, (size_t)config->map_size, &state, why);

    if (status != ST_OK)
        return status;
    reason_set(why, "%s: a claim is damaged", config->store);
    OWNED(state_reader) reader = NULL;
    status = state_reader_open(state, &reader);
    showing.reader = reader;
    if (status == ST_OK)
        status = state_each_claim(reader, handle, show, &showing);
    *count = showing.count;
    return status;
}
