#include "agents/record.h"

#include <string.h>

#define SIGNED_STEP_VERSION 1

void write_proof(struct writer *w, const struct proof *proof)
{
    write_bytes(w, proof->signer.bytes, DIGEST_SIZE);
    write_bytes(w, proof->signature, SIGNATURE_SIZE);
    write_bytes(w, proof->salt, SALT_SIZE);
    write_u32(w, proof->index);
    write_u32(w, proof->count);
    write_u32(w, proof->length);
    for (uint32_t i = 0; i < proof->length && i < BATCH_PATH_MAX; i++)
        write_bytes(w, proof->path[i].bytes, DIGEST_SIZE);
}

void read_proof(struct reader *r, struct proof *out)
{
    memset(out, 0, sizeof *out);
    read_into(r, out->signer.bytes, DIGEST_SIZE);
    read_into(r, out->signature, SIGNATURE_SIZE);
    read_into(r, out->salt, SALT_SIZE);
    out->index = read_u32(r);
    out->count = read_u32(r);
    out->length = read_u32(r);
    if (out->length > BATCH_PATH_MAX) {
        out->length = 0;
        r->failed = true;
    }
    for (uint32_t i = 0; i < out->length; i++)
        read_into(r, out->path[i].bytes, DIGEST_SIZE);
}

struct bytes write_signed_step(uint8_t out[static SIGNED_STEP_MAX], const struct signed_step *s)
{
    struct writer w = writer_of(out, SIGNED_STEP_MAX);

    write_u8(&w, SIGNED_STEP_VERSION);
    write_prefixed(&w, s->step.data, s->step.size);
    write_proof(&w, &s->proof);
    return (struct bytes){out, w.failed ? 0 : w.size};
}

bool read_signed_step(struct bytes record, struct signed_step *out)
{
    struct reader r = reader_of(record.data, record.size);

    if (read_u8(&r) != SIGNED_STEP_VERSION)
        return false;
    out->step = read_prefixed(&r);
    read_proof(&r, &out->proof);
    return reader_done(&r);
}

struct bytes number_key(uint8_t out[static 8], uint64_t number)
{
    struct writer w = writer_of(out, 8);

    write_u64(&w, number);
    return (struct bytes){out, 8};
}

struct bytes lane_key(uint8_t out[static LANE_KEY_SIZE], uint8_t lane, uint64_t number)
{
    out[0] = lane;
    (void)number_key(out + 1, number);
    return (struct bytes){out, LANE_KEY_SIZE};
}

bool read_id(struct bytes value, struct id *out)
{
    if (value.size != ID_SIZE)
        return false;
    memcpy(out->bytes, value.data, ID_SIZE);
    return true;
}
