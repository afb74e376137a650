#include "proto/claim.h"

#include "lib/sign.h"
#include "proto/field.h"
#include "proto/prescan.h"

static enum status take_claim(const Concordat__Claim *c, struct claim *claim, struct reason *why)
{
    const bool opens = c->kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN;

    if (!field_take_agency(c->agency, claim->agency))
        return field_refuse(why, "agency", "not an agency id");
    if (c->kind == CONCORDAT__CLAIM_KIND__CLAIM_UNSPECIFIED)
        return field_refuse(why, "kind", "missing");
    if (!field_take(&c->case_handle, claim->case_handle.bytes, ID_SIZE))
        return field_refuse(why, "case_handle", "not 16 bytes, or zero");
    if ((c->case_version != 0) == opens)
        return field_refuse(why, "case_version", "goes with CLOSE and WITHDRAW, and not with OPEN");
    if (c->at_ms <= 0)
        return field_refuse(why, "at_ms", "missing or before 1970");
    claim->kind = c->kind; /* pre-scanned: a known value */
    claim->case_version = c->case_version;
    claim->at_ms = c->at_ms;
    return ST_OK;
}

enum status claim_read(struct bytes bytes, struct arena *, struct claim *out, struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = 8,
        .heap_max = FIELD_SCRATCH,
        .canonical = true,
    };
    struct field_scratch scratch = {0};
    struct claim claim = {.agency = ""};
    ProtobufCMessage *message;

    if (bytes.size > CLAIM_MAX) {
        reason_set(why, "claim: over %d bytes", CLAIM_MAX);
        return ST_LIMIT;
    }
    enum status status = prescan_unpack(&concordat__claim__descriptor, bytes, &rules,
                                        field_scratch_allocator(&scratch), &message, why);
    if (status == ST_OK)
        status = take_claim((const Concordat__Claim *)message, &claim, why);
    if (status == ST_OK)
        *out = claim;
    return status;
}

enum status claim_write(const struct claim *claim, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < CLAIM_MAX ? room : CLAIM_MAX);

    field_text(&w, 1, claim->agency);
    field_number(&w, 2, (uint32_t)claim->kind);
    field_id(&w, 3, &claim->case_handle);
    field_number(&w, 4, claim->case_version);
    field_number(&w, 5, (uint64_t)claim->at_ms);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

#define SIGNED_PARTS 3

static void signed_parts(const uint8_t community[static DIGEST_SIZE], struct bytes claim,
                         struct bytes parts[static SIGNED_PARTS])
{
    static const char prefix[] = "concordat/1 claim"; /* with its NUL: the 0x00 of the encoding */

    parts[0] = (struct bytes){(const uint8_t *)prefix, sizeof prefix};
    parts[1] = (struct bytes){community, DIGEST_SIZE};
    parts[2] = claim;
}

enum status claim_sign(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                       struct bytes claim, uint8_t out[static SIGNATURE_SIZE])
{
    struct bytes parts[SIGNED_PARTS];

    signed_parts(community, claim, parts);
    return sign_parts(key, parts, SIGNED_PARTS, out);
}

enum status claim_verify(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                         struct bytes claim, const uint8_t signature[static SIGNATURE_SIZE])
{
    struct bytes parts[SIGNED_PARTS];

    signed_parts(community, claim, parts);
    return sign_verify(key, parts, SIGNED_PARTS, signature, SIGNATURE_SIZE);
}
