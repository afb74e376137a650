/* Opening a message from a sender who keeps the keys right and nothing else: the input is what lies
 * inside the sections, so that it reaches framing, pre-scan and merge. First byte: flags; then
 * sections, each u8 category | u16 size | bytes. Whatever opens must seal and open again to itself.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/crypto.h"
#include "agents/seal.h"
#include "tests/unit/rogue_seal.h"

#define RAW 1      /* sections are plaintexts as they are: size and padding too */
#define OTHER 2    /* a safeguarding referral rather than a request */
#define SPOILT 4   /* one byte of the ciphertext is changed */
#define DISORDER 8 /* categories as they come */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t spki[DIGEST_SIZE] = {1}, key_id[KEY_ID_SIZE] = {2};
static uint8_t private_key[SEALING_KEY_SIZE] = {4}, public_key[SEALING_KEY_SIZE];
static struct sealer *sealer;
static uint8_t sealed[SEALED_MAX], opened[BODY_MAX], again[BODY_MAX];

static void must(enum status status)
{
    if (status != ST_OK)
        abort();
}

static void start(void)
{
    if (sealer)
        return;
    must(x25519_public(private_key, public_key));
    sealer = sealer_new("csc.cambs", spki);
    assert(sealer);
}

static struct envelope blank(const char *type)
{
    struct envelope e = {.sender = "csc.cambs", .recipient = "nps.cambs", .purpose = "p"};

    memcpy(e.type, type, strlen(type));
    memcpy(e.recipient_key_id, key_id, sizeof key_id);
    e.message_id = id_new(1);
    return e;
}

static struct envelope build(uint8_t flags, struct reader r)
{
    static struct rogue rogue; /* large */
    struct envelope e = blank(flags & OTHER ? "safeguarding.referral.child" : "psr.request");
    uint32_t last = 0;

    rogue_begin(&rogue, &e, spki, public_key, sealed, sizeof sealed);
    while (r.left >= 3 && e.section_count < SECTIONS_MAX) {
        uint32_t category = read_u8(&r);
        size_t size = read_u16(&r);
        struct bytes content = read_bytes(&r, size < r.left ? size : r.left);

        if (!(flags & DISORDER)) /* most inputs should get past the order */
            category = last + 1 + category % 8;
        last = category;
        rogue_section(&rogue, category, flags & RAW ? content : rogue_framed(&rogue, content));
    }
    return e;
}

/* What came out is a body like another. */
static void seal_again(const char *type, struct bytes body)
{
    struct envelope e = blank(type);
    size_t sealed_bytes, bytes;

    must(seal(sealer, &e, body, key_id, public_key, 1, sealed, sizeof sealed, &sealed_bytes));
    must(open_sealed(&e, spki, (struct bytes){sealed, sealed_bytes}, private_key, again,
                     sizeof again, &bytes, NULL));
    if (bytes != body.size || memcmp(again, body.data, bytes) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data, size < 65536 ? size : 65536);
    uint8_t flags = read_u8(&r);
    struct reason why;
    size_t bytes;

    start();
    struct envelope e = build(flags, r);
    if (flags & SPOILT && e.body_size > 0)
        sealed[size % e.body_size] ^= 1;
    enum status status = open_sealed(&e, spki, (struct bytes){sealed, e.body_size}, private_key,
                                     opened, sizeof opened, &bytes, &why);
    if (status == ST_OK && flags & SPOILT)
        abort();
    if (status == ST_OK)
        seal_again(e.type, (struct bytes){opened, bytes});
    return 0;
}
