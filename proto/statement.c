#include "proto/statement.h"

#include "lib/sign.h"
#include "proto/field.h"
#include "proto/prescan.h"
#include "proto/session.pb-c.h"

static enum status take_statement(const Concordat__KeyStatement *s, struct key_statement *k,
                                  struct reason *why)
{
    if (!field_take_agency(s->agency, k->agency))
        return field_refuse(why, "agency", "not an agency id");
    if (!field_take(&s->key_id, k->key_id, KEY_ID_SIZE))
        return field_refuse(why, "key_id", "not 16 bytes, or zero");
    if (!field_take(&s->public_key, k->public_key, SEALING_KEY_SIZE))
        return field_refuse(why, "public_key", "not 32 bytes, or zero");
    if (s->from_ms <= 0 || s->seal_until_ms <= s->from_ms || s->open_until_ms < s->seal_until_ms)
        return field_refuse(why, "from_ms, seal_until_ms, open_until_ms", "not in this order");
    k->from_ms = s->from_ms;
    k->seal_until_ms = s->seal_until_ms;
    k->open_until_ms = s->open_until_ms;
    return ST_OK;
}

enum status key_statement_read(struct bytes bytes, struct arena *, struct key_statement *out,
                               struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = 16,
        .heap_max = FIELD_SCRATCH,
        .canonical = true,
    };
    struct field_scratch scratch = {0};
    struct key_statement k = {0};
    ProtobufCMessage *message;

    if (bytes.size > STATEMENT_MAX) {
        reason_set(why, "key statement: over %d bytes", STATEMENT_MAX);
        return ST_LIMIT;
    }
    enum status status = prescan_unpack(&concordat__key_statement__descriptor, bytes, &rules,
                                        field_scratch_allocator(&scratch), &message, why);
    if (status == ST_OK)
        status = take_statement((const Concordat__KeyStatement *)message, &k, why);
    if (status == ST_OK)
        *out = k;
    return status;
}

enum status key_statement_write(const struct key_statement *k, uint8_t *out, size_t room,
                                size_t *size)
{
    struct writer w = writer_of(out, room < STATEMENT_MAX ? room : STATEMENT_MAX);

    field_text(&w, 1, k->agency);
    field_bytes(&w, 2, k->key_id, KEY_ID_SIZE);
    field_bytes(&w, 3, k->public_key, SEALING_KEY_SIZE);
    field_number(&w, 4, (uint64_t)k->from_ms);
    field_number(&w, 5, (uint64_t)k->seal_until_ms);
    field_number(&w, 6, (uint64_t)k->open_until_ms);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

#define SIGNED_PARTS 3

static void signed_parts(const uint8_t community[static DIGEST_SIZE], struct bytes statement,
                         struct bytes parts[static SIGNED_PARTS])
{
    static const char prefix[] = "concordat/1 key"; /* with its NUL: the 0x00 of the encoding */

    parts[0] = (struct bytes){(const uint8_t *)prefix, sizeof prefix};
    parts[1] = (struct bytes){community, DIGEST_SIZE};
    parts[2] = statement;
}

enum status key_statement_sign(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                               struct bytes statement, uint8_t out[static SIGNATURE_SIZE])
{
    struct bytes parts[SIGNED_PARTS];

    signed_parts(community, statement, parts);
    return sign_parts(key, parts, SIGNED_PARTS, out);
}

enum status key_statement_verify(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                                 const struct signed_statement *signed_statement)
{
    struct bytes parts[SIGNED_PARTS];

    signed_parts(community, signed_statement->statement, parts);
    return sign_verify(key, parts, SIGNED_PARTS, signed_statement->signature,
                       sizeof signed_statement->signature);
}
