#include "tests/system/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "proto/claim.h"
#include "tests/system/community.h"

#define ANSWER_MS 20000 /* what has not come by then does not */

void keeper_init(struct keeper *k, const char *pki, const char *agency)
{
    *k = (struct keeper){.agency = agency, .peer = peer_new(pki, agency)};
}

void keeper_fini(struct keeper *k)
{
    peer_free(k->peer);
    free(k->clocks);
    free(k->arrivals);
    free(k->transfers);
}

void keeper_connect(struct keeper *k, uint16_t port)
{
    peer_open(k->peer, port, 64);
}

bool keeper_try_connect(struct keeper *k, uint16_t port)
{
    return peer_connect(k->peer, port, ANSWER_MS) == ST_OK
        && peer_hello(k->peer, 64, 64U << 20, ANSWER_MS) == ST_OK;
}

void keeper_forget(struct keeper *k)
{
    k->clock_count = k->arrival_count = k->transfer_count = 0;
}

/* Room for one more. */
static void *grow(void *vector, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return vector;
    *room = *room > 0 ? 2 * *room : 64;
    vector = reallocarray(vector, *room, size);
    if (!vector)
        fail("memory");
    return vector;
}

static void settle(struct keeper *k, uint64_t sequence)
{
    struct wire wire = {.kind = WIRE_SETTLE};

    if (sequence == 0)
        return;
    wire.settle.count = 1;
    wire.settle.sequences = &sequence;
    peer_say(k->peer, &wire, (struct bytes){NULL, 0});
}

static void hear_message(struct keeper *k, const struct wire *wire)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    static _Thread_local struct envelope e;
    const struct bytes header = wire->deliver.header;
    struct taken taken = {.header_digest = sha256(header.data, header.size)};

    if (!arena || envelope_read(header, arena, &e, NULL) != ST_OK)
        fail("%s got a message that is none", k->agency);
    taken.message_id = e.message_id;
    peer_confirm(k->peer, &taken, 1);
    if (keeper_arrived(k, &e.message_id) != SIZE_MAX)
        return;
    k->arrivals = grow(k->arrivals, k->arrival_count, &k->arrival_room, sizeof *k->arrivals);
    k->arrivals[k->arrival_count++] = (struct arrival){e.message_id, e.conversation_id, e.sequence};
}

static struct told read_told(const struct keeper *k, uint8_t kind, struct bytes bytes)
{
    OWNED(arena) arena = arena_new(TOLD_MAX, HEAD_ARENA);
    uint8_t whole[TOLD_MAX];
    struct reason why = {""};
    struct told told;

    if (!arena || bytes.size + 1 > sizeof whole)
        fail("%s was told too much", k->agency);
    whole[0] = kind;
    memcpy(whole + 1, bytes.data, bytes.size);
    if (told_read((struct bytes){whole, bytes.size + 1}, arena, &told, &why) != ST_OK)
        fail("%s was told what is not evidence: %s", k->agency, why.text);
    return told;
}

static void hear_clock(struct keeper *k, uint64_t item, const struct clock_told *told)
{
    for (size_t i = 0; i < k->clock_count; i++)
        if (k->clocks[i].item == item)
            return;
    k->clocks = grow(k->clocks, k->clock_count, &k->clock_room, sizeof *k->clocks);
    k->clocks[k->clock_count++] = (struct heard){item, *told};
}

static void hear_custody(struct keeper *k, uint64_t item, const struct custody_told *told)
{
    if (told->change != CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED)
        return;
    for (size_t i = 0; i < k->transfer_count; i++)
        if (k->transfers[i].item == item)
            return;
    k->transfers = grow(k->transfers, k->transfer_count, &k->transfer_room, sizeof *k->transfers);
    k->transfers[k->transfer_count++] =
        (struct transferred){item, told->case_handle, told->version, told->conversation_count};
}

static void hear(struct keeper *k, const struct wire *wire)
{
    struct told told;

    switch (wire->kind) {
    case WIRE_DELIVER:
        hear_message(k, wire);
        return;
    case WIRE_STEP:
        settle(k, wire->step.sequence);
        return;
    case WIRE_WITHHELD:
        settle(k, wire->withheld.sequence);
        return;
    case WIRE_TOLD:
        told = read_told(k, wire->told.kind, wire->told.told);
        if (told.kind == TOLD_CLOCK)
            hear_clock(k, wire->told.sequence, &told.clock);
        else
            hear_custody(k, wire->told.sequence, &told.custody);
        settle(k, wire->told.sequence);
        return;
    case WIRE_REFUSE:
        fail("%s is refused: %s, %s", k->agency, wire->refuse.code, wire->refuse.advice);
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_SUBMIT:
    case WIRE_RECEIPT:
    case WIRE_REFUSAL:
    case WIRE_SETTLE:
    case WIRE_CREDIT:
    case WIRE_DIRECTORY:
    case WIRE_GAZETTE:
    case WIRE_CASE:
    case WIRE_PING:
    case WIRE_BYE:
        return;
    }
}

bool keeper_hear(struct keeper *k, int wait_ms)
{
    struct wire wire;
    struct bytes body;
    enum status status;

    while ((status = peer_next(k->peer, &wire, &body, wait_ms)) == ST_OK)
        hear(k, &wire);
    return status == ST_MORE;
}

bool keeper_await(struct keeper *k, const struct id *message, struct wire *verdict)
{
    struct bytes body;
    enum status status;

    while ((status = peer_next(k->peer, verdict, &body, ANSWER_MS)) == ST_OK) {
        if (verdict->kind == WIRE_RECEIPT
            && id_equal(&verdict->receipt.receipt.message_id, message))
            return true;
        if (verdict->kind == WIRE_REFUSAL
            && id_equal(&verdict->refusal.refusal.message_id, message))
            return true;
        hear(k, verdict);
    }
    if (status == ST_MORE)
        fail("the broker does not answer %s", k->agency);
    return false;
}

/* ---- cases ---- */

static void say_case(struct keeper *k, const struct id *handle, Concordat__ClaimKind kind)
{
    struct wire wire = {.kind = WIRE_CASE};
    struct claim claim = {.kind = kind, .case_handle = *handle, .at_ms = peer_now_ms()};
    uint8_t bytes[CLAIM_MAX];
    size_t size;

    wire.case_frame.request = ++k->requests;
    if (kind == CONCORDAT__CLAIM_KIND__CLAIM_UNSPECIFIED) {
        wire.case_frame.ask = (struct bytes){handle->bytes, ID_SIZE};
    } else {
        (void)snprintf(claim.agency, sizeof claim.agency, "%s", k->agency);
        if (claim_write(&claim, bytes, sizeof bytes, &size) != ST_OK
            || claim_sign(peer_signing_key(k->peer), peer_community(k->peer),
                          (struct bytes){bytes, size}, wire.case_frame.signature)
                   != ST_OK)
            fail("%s cannot claim", k->agency);
        wire.case_frame.claim = (struct bytes){bytes, size};
        wire.case_frame.signer = *peer_signer(k->peer);
    }
    peer_say(k->peer, &wire, (struct bytes){NULL, 0});
}

bool keeper_case(struct keeper *k, const struct id *handle, Concordat__ClaimKind claim,
                 Concordat__RefusalCode *code, struct custody_told *out)
{
    struct wire wire;
    struct bytes body;
    enum status status;

    say_case(k, handle, claim);
    while ((status = peer_next(k->peer, &wire, &body, ANSWER_MS)) == ST_OK) {
        if (wire.kind != WIRE_CASE || wire.case_frame.request != k->requests) {
            hear(k, &wire);
            continue;
        }
        *code = wire.case_frame.code;
        *out = (struct custody_told){.version = 0};
        if (wire.case_frame.custody.size > 0)
            *out = read_told(k, TOLD_CUSTODY, wire.case_frame.custody).custody;
        return true;
    }
    if (status == ST_MORE)
        fail("the broker does not answer %s about a case", k->agency);
    return false;
}

size_t keeper_arrived(const struct keeper *k, const struct id *message)
{
    for (size_t i = k->arrival_count; i-- > 0;)
        if (id_equal(&k->arrivals[i].message, message))
            return i;
    return SIZE_MAX;
}
