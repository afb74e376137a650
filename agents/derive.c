/*
 * derive.c - ids that follow from content. See desk_inside.h.
 *
 * A system that hands the same record over twice should send one message, and what is about one
 * case should carry one handle; but ids and handles are what the broker sees. So they come out of
 * HMAC-SHA256 under a key that only this agent has: the same words give the same id here, and
 * without the key an id neither tells what it was made of nor lets anybody try a guess, a case
 * number of eleven digits, say.
 *
 * The key lies in the store beside the tracks that remember what was sent: they live and die
 * together. It is made when it is first wanted, in the turn's transaction, which is on the disk
 * before the first id is told.
 */
#include <string.h>

#include "agents/crypto.h"
#include "agents/desk_inside.h"
#include "lib/secret.h"

static const uint8_t key_name[] = "derive";

static bool take_key(struct desk *desk, uint8_t key[static DERIVE_KEY_SIZE])
{
    const struct bytes name = {key_name, sizeof key_name};
    struct bytes stored;
    enum status status = store_get(desk->txn, TREE_META, name, &stored);

    if (status == ST_OK && stored.size == DERIVE_KEY_SIZE) {
        memcpy(key, stored.data, DERIVE_KEY_SIZE);
        return true;
    }
    if (status == ST_OK) /* of another size it is damaged; a new one would send things twice */
        status = ST_INVALID;
    if (status == ST_MORE && (status = random_secret(key, DERIVE_KEY_SIZE)) == ST_OK)
        status = store_put(desk->txn, TREE_META, name, (struct bytes){key, DERIVE_KEY_SIZE});
    return desk_ok(desk, status);
}

/* What `purpose` makes of `of`. */
static bool derive(struct desk *desk, const uint8_t key[static DERIVE_KEY_SIZE],
                   const char *purpose, ProtobufCBinaryData of, uint8_t out[static HASH_SIZE_MAX])
{
    const struct bytes parts[] = {
        {(const uint8_t *)purpose, strlen(purpose) + 1},
        {(const uint8_t *)desk->setup.agency, strlen(desk->setup.agency) + 1},
        {of.data, of.len},
    };

    /* HKDF-Extract is HMAC with its salt as the key (RFC 5869 §2.2). */
    return desk_ok(desk, hkdf_extract(HASH_SHA256, (struct bytes){key, DERIVE_KEY_SIZE}, parts,
                                      sizeof parts / sizeof *parts, out));
}

void desk_derive(struct desk *desk, struct bytes route, const Concordat__DeriveRequest *r)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    uint8_t key[DERIVE_KEY_SIZE], hash[HASH_SIZE_MAX];
    struct id message, about;
    bool well;

    if (r->message_of.len > DERIVE_OF_MAX || r->case_of.len > DERIVE_OF_MAX) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT,
                           r->message_of.len > DERIVE_OF_MAX ? "message_of" : "case_of",
                           "longer than %d bytes", DERIVE_OF_MAX);
        return;
    }
    if (store_fullness(desk->setup.store) >= FULL_FOR_SENDS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "its store is nearly full: nothing new is taken");
        return;
    }
    well = take_key(desk, key);
    if (well && r->message_of.len > 0
        && (well = derive(desk, key, "concordat message id 1", r->message_of, hash))) {
        message = id_from_random(hash, r->at_ms);
        response.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = message.bytes};
    }
    if (well && r->case_of.len > 0
        && (well = derive(desk, key, "concordat case handle 1", r->case_of, hash))) {
        about = id_from_random(hash, ID_WITHOUT_TIME);
        response.case_handle = (ProtobufCBinaryData){.len = ID_SIZE, .data = about.bytes};
    }
    secret_wipe(key, sizeof key);
    secret_wipe(hash, sizeof hash);
    if (!well)
        return;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    desk_reply(desk, route, &response);
}
