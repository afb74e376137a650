/*
 * derive.c - ids that follow from content. See desk_inside.h.
 *
 * A system that hands the same record over twice should send one message, and what is about one
 * case should carry one handle; but ids and handles are what the broker sees. So they come out of
 * HMAC-SHA256 under a key that only this agent has: the same words give the same id here, and
 * without the key an id neither tells what it was made of nor lets anybody try a guess, a case
 * number of eleven digits, say.
 *
 * Records change, and change back: with a place, the id follows from the content and from what was
 * sent about the place before (latest.h).
 *
 * The key lies in the store beside the tracks that remember what was sent: they live and die
 * together. It is made when it is first wanted, in the turn's transaction, which is on the disk
 * before the first id is told.
 */
#include <string.h>

#include "agents/crypto.h"
#include "agents/desk_inside.h"
#include "agents/latest.h"
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

/* What `purpose` makes of `of`, and of `number` when it is not 0. */
static enum status derive(struct desk *desk, const uint8_t key[static DERIVE_KEY_SIZE],
                          const char *purpose, ProtobufCBinaryData of, uint32_t number,
                          uint8_t out[static HASH_SIZE_MAX])
{
    const uint8_t digits[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 8), (uint8_t)number};
    const struct bytes parts[] = {
        {(const uint8_t *)purpose, strlen(purpose) + 1},
        {(const uint8_t *)desk->setup.agency, strlen(desk->setup.agency) + 1},
        {of.data, of.len},
        {digits, number ? sizeof digits : 0},
    };

    /* HKDF-Extract is HMAC with its salt as the key (RFC 5869 §2.2). */
    return hkdf_extract(HASH_SHA256, (struct bytes){key, DERIVE_KEY_SIZE}, parts,
                        sizeof parts / sizeof *parts, out);
}

/* One derivation. */
struct deriving {
    struct desk *desk;
    const Concordat__DeriveRequest *request;
    const uint8_t *key; /* DERIVE_KEY_SIZE bytes */
};

static enum status make_message_id(void *context, uint32_t number, struct id *out)
{
    const struct deriving *d = context;
    /* the purpose of a version is another one: no number stands for bytes of the content */
    const char *purpose = number ? "concordat message version 1" : "concordat message id 1";
    uint8_t hash[HASH_SIZE_MAX];
    enum status status = derive(d->desk, d->key, purpose, d->request->message_of, number, hash);

    if (status == ST_OK)
        *out = id_from_random(hash, d->request->at_ms);
    secret_wipe(hash, sizeof hash);
    return status;
}

static enum status make_handle(const struct deriving *d, const char *purpose,
                               ProtobufCBinaryData of, struct id *out)
{
    uint8_t hash[HASH_SIZE_MAX];
    enum status status = derive(d->desk, d->key, purpose, of, 0, hash);

    if (status == ST_OK)
        *out = id_from_random(hash, ID_WITHOUT_TIME);
    secret_wipe(hash, sizeof hash);
    return status;
}

/* The id of this version of the place. */
static enum status choose_version(struct deriving *d, struct id *out)
{
    struct desk *desk = d->desk;
    const struct digest content = sha256(d->request->message_of.data, d->request->message_of.len);
    struct track place = {.way = WAY_OUT};
    enum status status = make_handle(d, "concordat place 1", d->request->place_of, &place.key);
    bool is_new;

    if (status != ST_OK)
        return status;
    status = latest_choose(desk->txn, &place.key, &content,
                           &(struct latest_maker){make_message_id, d}, out, &is_new);
    if (status == ST_OK && is_new)
        desk_due(desk, desk->wall_ms + DUPLICATE_DAYS * DAY_MS, DUE_LATEST, &place, 0);
    return status;
}

static bool is_too_long(struct desk *desk, struct bytes route, const char *what,
                        ProtobufCBinaryData of)
{
    if (of.len <= DERIVE_OF_MAX)
        return false;
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, what, "longer than %d bytes",
                       DERIVE_OF_MAX);
    return true;
}

void desk_derive(struct desk *desk, struct bytes route, const Concordat__DeriveRequest *r)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;
    uint8_t key[DERIVE_KEY_SIZE];
    struct deriving deriving = {desk, r, key};
    struct id message, about;
    bool well;

    if (is_too_long(desk, route, "message_of", r->message_of)
        || is_too_long(desk, route, "case_of", r->case_of)
        || is_too_long(desk, route, "place_of", r->place_of))
        return;
    if (store_fullness(desk->setup.store) >= FULL_FOR_SENDS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "its store is nearly full: nothing new is taken");
        return;
    }
    well = take_key(desk, key);
    if (well && r->message_of.len > 0) {
        well = desk_ok(desk, r->place_of.len > 0 ? choose_version(&deriving, &message)
                                                 : make_message_id(&deriving, 0, &message));
        response.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = message.bytes};
    }
    if (well && r->case_of.len > 0) {
        well = desk_ok(desk, make_handle(&deriving, "concordat case handle 1", r->case_of, &about));
        response.case_handle = (ProtobufCBinaryData){.len = ID_SIZE, .data = about.bytes};
    }
    secret_wipe(key, sizeof key);
    if (!well)
        return;
    response.outcome = CONCORDAT__OUTCOME__DONE;
    desk_reply(desk, route, &response);
}
