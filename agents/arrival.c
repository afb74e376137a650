/* What the broker brings, sorted: each frame to its judge. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

static struct log_limit noisy = {.burst = 20, .period_ms = 60000}; /* lines that a peer can cause */

bool desk_has_room(struct desk *desk)
{
    if (store_fullness(desk->setup.store) < FULL_FOR_ARRIVALS)
        return true;
    desk_drop_link(desk, "the store is nearly full: messages stay with the broker");
    return false;
}

/* ---- signers ---- */

static void park(struct desk *desk, struct bytes frame, const struct digest *fingerprint)
{
    struct parked *parked;

    if (desk->parked_size + frame.size > DELIVER_CREDIT_SIZE + FRAME_MAX) {
        desk_drop_link(desk, "the broker sends more than our credit");
        return;
    }
    parked = malloc(sizeof *parked + frame.size);
    if (!parked) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    parked->next = NULL;
    parked->request = desk_ask_certificate(desk, fingerprint);
    parked->size = frame.size;
    memcpy(parked->bytes, frame.data, frame.size);
    *desk->parked_end = parked;
    desk->parked_end = &parked->next;
    desk->parked_size += frame.size;
}

enum status desk_find_signer(struct desk *desk, const struct arrival *arrival,
                             const struct proof *proof, const char *claimed,
                             const struct signer **out)
{
    enum status status =
        directory_signer(desk->directory, desk->txn, &proof->signer, desk->wall_ms, out);

    if (status == ST_CLOSED) {
        desk_drop_link(desk, "our CRLs are out of date: nobody's signature can be judged");
        return ST_MORE;
    }
    if (status == ST_MORE && !arrival->last_chance)
        park(desk, arrival->frame, &proof->signer);
    else if (status == ST_MORE)
        /* The broker took this under that certificate, so it has it: what it lacks now it may have
         * at the next session. Nothing is signed against it. */
        log_limited(&noisy, desk->now_ms, LOG_ERROR, "certificate_withheld", "agency=%s", claimed);
    return status;
}

/* ---- the directory ---- */

static void on_frame(struct desk *desk, struct bytes frame, bool last_chance);

/* What waited for the answer to `request`: with the certificate now, or without for good. */
static void unpark(struct desk *desk, uint64_t request)
{
    struct parked *list = desk->parked;

    desk->parked = NULL;
    desk->parked_end = &desk->parked;
    while (list) {
        struct parked *parked = list;

        list = parked->next;
        if (parked->request == request && !desk->dropped) {
            desk->parked_size -= parked->size;
            on_frame(desk, (struct bytes){parked->bytes, parked->size}, true);
            free(parked);
        } else {
            parked->next = NULL;
            *desk->parked_end = parked;
            desk->parked_end = &parked->next;
        }
    }
}

static void on_directory(struct desk *desk, const struct wire *wire)
{
    char agencies[DIRECTORY_ENTRIES_MAX][AGENCY_MAX + 1];
    bool known[DIRECTORY_ENTRIES_MAX];
    uint32_t count = wire->directory.entry_count;
    uint64_t request = wire->directory.request;

    for (uint32_t i = 0; i < count && i < DIRECTORY_ENTRIES_MAX; i++) {
        const struct directory_entry *entry = &wire->directory.entries[i];
        unsigned left_out = 0;
        struct reason why = {""};

        memcpy(agencies[i], entry->agency, sizeof agencies[i]);
        known[i] = entry->known;
        if (!desk_ok(desk, directory_learn(desk->directory, desk->txn, entry, desk->wall_ms,
                                           &left_out, &why)))
            return;
        if (left_out > 0)
            log_limited(&noisy, desk->now_ms, LOG_ERROR, "directory_forged",
                        "agency=%s left_out=%u why=%s", entry->agency, left_out, why.text);
    }
    /* From here on the arena that `wire` lives in is used for other frames. */
    for (uint32_t i = 0; i < count && i < DIRECTORY_ENTRIES_MAX; i++)
        desk_keyless(desk, agencies[i], known[i]);
    unpark(desk, request);
}

/* ---- frames ---- */

static void on_settle(struct desk *desk, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->settle.count; i++) {
        (void)desk_ok(desk, steps_settled(desk->txn, wire->settle.sequences[i]));
        if (desk->steps_flying > 0)
            desk->steps_flying--;
    }
}

static void on_gazette(struct desk *desk, const struct wire *wire, struct bytes text)
{
    const struct gazette_entry entry = {.sequence = wire->gazette.sequence,
                                        .at_ms = wire->gazette.at_ms,
                                        .instrument = wire->gazette.instrument,
                                        .notice = wire->gazette.notice,
                                        .text = text};
    enum status status;

    if (entry.sequence == 0) {
        desk_verdict(desk, wire);
        return;
    }
    status = gazette_take(desk->gazette, desk->txn, desk->setup.trust, &entry, desk->wall_ms);
    if (status == ST_CLOSED)
        desk_drop_link(desk, "our CRLs are out of date: nobody's signature can be judged");
    else if (desk_ok(desk, status))
        desk_published(desk, gazette_last(desk->gazette));
    desk->resend_due = true; /* what waited for this version may go now */
    desk->forward_due = true;
}

static void on_frame(struct desk *desk, struct bytes frame, bool last_chance)
{
    struct reader r = reader_of(frame.data, frame.size);
    uint32_t head_size = read_u32(&r), body_size = read_u32(&r);
    struct bytes head = read_bytes(&r, head_size), body = read_bytes(&r, body_size);
    struct arrival arrival = {.body = body, .frame = frame, .last_chance = last_chance};
    const struct wire *wire = &arrival.wire;
    struct reason why = {""};

    if (r.failed || wire_read(head, desk->frame_arena, &arrival.wire, &why) != ST_OK) {
        desk_drop_link(desk, why.text);
        return;
    }
    switch (wire->kind) {
    case WIRE_DELIVER:
        desk_deliver(desk, &arrival);
        break;
    case WIRE_STEP:
        desk_step(desk, &arrival);
        break;
    case WIRE_RECEIPT:
        desk_receipt(desk, &wire->receipt.receipt);
        break;
    case WIRE_REFUSAL:
        desk_refusal(desk, &wire->refusal.refusal);
        break;
    case WIRE_WITHHELD:
        desk_withheld(desk, wire->withheld.sequence, &wire->withheld.withheld);
        break;
    case WIRE_SETTLE:
        on_settle(desk, wire);
        break;
    case WIRE_CREDIT:
        desk->credit += wire->credit.credit;
        desk->credit_size += wire->credit.credit_size;
        break;
    case WIRE_DIRECTORY:
        on_directory(desk, wire);
        break;
    case WIRE_GAZETTE:
        on_gazette(desk, wire, body);
        break;
    case WIRE_TOLD:
        desk_told(desk, wire);
        break;
    case WIRE_CASE:
        desk_case_frame(desk, wire);
        break;
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_SUBMIT:
    case WIRE_REFUSE:
    case WIRE_PING:
    case WIRE_BYE:
    default:
        desk_drop_link(desk, "a frame out of place"); /* the session takes care of these */
    }
}

void desk_frames(struct desk *desk, uint64_t session, struct bytes frames)
{
    struct reader r = reader_of(frames.data, frames.size);

    if (!desk->connected || session != desk->session || desk->is_stale)
        return;
    if (desk->dropped) {
        desk->drop = true; /* it is still there */
        return;
    }
    desk->stirred = true;
    arena_reset(desk->request_arena, true);
    while (r.left > 0 && desk->failed == ST_OK && !desk->dropped) {
        const uint8_t *start = r.next;
        uint32_t head_size = read_u32(&r), body_size = read_u32(&r);

        (void)read_bytes(&r, head_size);
        (void)read_bytes(&r, body_size);
        if (r.failed) {
            desk_drop_link(desk, "half a frame");
            return;
        }
        on_frame(desk, (struct bytes){start, (size_t)(r.next - start)}, false);
    }
}
