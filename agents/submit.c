/* What goes to the broker: messages within its credit, steps, questions. See desk_inside.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

#define FRAME_HEAD_ROOM                                                                            \
    (HEADER_MAX + 4096) /* a head of ours: a header and its proof, or a list                       \
                         */

/* ---- frames for the broker ---- */

void desk_frame(struct desk *desk, const struct wire *wire, struct bytes body)
{
    size_t used = desk->frames ? desk->frames->size : 0, size;
    size_t wanted = sizeof *desk->frames + used + FRAME_PREFIX + FRAME_HEAD_ROOM + body.size;
    uint8_t *at;

    if (!desk->connected || desk->is_stale)
        return;
    if (wanted > desk->frames_room) {
        size_t room = desk->frames_room ? desk->frames_room : 64 * 1024;

        while (room < wanted)
            room *= 2;
        struct stage_frames *frames = realloc(desk->frames, room);
        if (!frames) {
            (void)desk_ok(desk, ST_NOMEM);
            return;
        }
        if (!desk->frames)
            *frames = (struct stage_frames){.kind = STAGE_FRAMES, .session = desk->session};
        desk->frames = frames;
        desk->frames_room = room;
    }
    at = desk->frames->bytes + used;
    if (!desk_ok(desk, wire_write(wire, body.size, at, FRAME_PREFIX + FRAME_HEAD_ROOM, &size)))
        return;
    if (body.size > 0)
        memcpy(at + size, body.data, body.size);
    desk->frames->size = used + size + body.size;
}

void desk_drop_link(struct desk *desk, const char *why)
{
    if (!desk->connected || desk->drop)
        return;
    desk->drop = desk->dropped = true;
    reason_set(&desk->drop_why, "%s", why);
}

static void flush_settled(struct desk *desk)
{
    struct wire wire = {.kind = WIRE_SETTLE};

    if (desk->settled_count == 0)
        return;
    wire.settle.count = (uint32_t)desk->settled_count;
    wire.settle.sequences = desk->settled;
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
    desk->settled_count = 0;
}

void desk_settle(struct desk *desk, uint64_t sequence)
{
    if (desk->settled_count == SETTLE_MAX)
        flush_settled(desk);
    desk->settled[desk->settled_count++] = sequence;
}

static void flush_wanted(struct desk *desk)
{
    struct wire wire = {.kind = WIRE_DIRECTORY};
    const char *wanted[ASK_MAX];

    if (desk->wanted_count == 0 && desk->print_count == 0)
        return;
    for (size_t i = 0; i < desk->wanted_count; i++)
        wanted[i] = desk->wanted[i];
    wire.directory.request = desk->wanted_request;
    wire.directory.wanted_count = (uint32_t)desk->wanted_count;
    wire.directory.wanted = wanted;
    wire.directory.certificate_count = (uint32_t)desk->print_count;
    wire.directory.wanted_certificates = desk->wanted_prints;
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
    desk->wanted_count = desk->print_count = 0;
}

/* Makes sure that the question being gathered has room for one more, and its number. */
static void gather(struct desk *desk)
{
    if (desk->wanted_count == ASK_MAX || desk->print_count == ASK_MAX)
        flush_wanted(desk);
    if (desk->wanted_count == 0 && desk->print_count == 0)
        desk->wanted_request = desk->next_request++;
}

void desk_ask_agency(struct desk *desk, const char *agency)
{
    struct asked *asked = NULL;

    if (!desk->connected)
        return;
    for (size_t i = 0; i < ASKED_MAX && !asked; i++) {
        if (strcmp(desk->asked[i].agency, agency) == 0)
            asked = &desk->asked[i];
    }
    if (asked && desk->now_ms - asked->at_ms < ASK_AGAIN_MS)
        return;
    if (!asked) {
        asked = &desk->asked[desk->asked_next++ % ASKED_MAX];
        memcpy(asked->agency, agency, strlen(agency) + 1);
    }
    asked->at_ms = desk->now_ms;
    gather(desk);
    memcpy(desk->wanted[desk->wanted_count++], agency, strlen(agency) + 1);
}

uint64_t desk_ask_certificate(struct desk *desk, const struct digest *fingerprint)
{
    for (size_t i = 0; i < desk->print_count; i++) {
        if (digest_equal(&desk->wanted_prints[i], fingerprint))
            return desk->wanted_request;
    }
    gather(desk);
    desk->wanted_prints[desk->print_count++] = *fingerprint;
    return desk->wanted_request;
}

static void publish_key(struct desk *desk)
{
    const struct epoch *epoch = keyring_statement(desk->setup.keyring, 0);
    struct wire wire = {.kind = WIRE_DIRECTORY};

    if (!desk->publish || !desk->connected || !epoch)
        return;
    wire.directory.request = 0; /* nothing waits for it; numbers are for what has been asked */
    wire.directory.has_publish = true;
    wire.directory.publish = epoch->statement;
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
    desk->publish = false;
}

/* ---- submission ---- */

/* Sends one message. False: its credit is not there. */
static bool submit(struct desk *desk, const struct id *id)
{
    struct wire wire = {.kind = WIRE_SUBMIT};
    struct outbox_entry entry;
    enum status status = outbox_get(desk->txn, id, &entry);

    if (status == ST_MORE || status == ST_INVALID || (status == ST_OK && !entry.sealed)) {
        char text[ID_TEXT_SIZE];

        id_print(id, text);
        log_event(LOG_ERROR, "outbox_damaged", "message=%s", text);
        return true;
    }
    if (!desk_ok(desk, status) || !desk_take_off(desk, id, &entry))
        return false;
    wire.submit.header = entry.header;
    wire.submit.proof = entry.proof;
    desk_frame(desk, &wire, entry.body);
    return true;
}

/* Submits what is unanswered, in order, immediate first, within the credit. */
static void submit_all(struct desk *desk)
{
    if (!desk->connected || desk->now_ms < desk->retry_at_ms)
        return;
    if (desk->retry) {
        memset(desk->submit_from, 0, sizeof desk->submit_from);
        desk->retry = false;
    }
    desk_retry_postponed(desk);
    for (uint8_t lane = 0; lane < LANES; lane++) {
        for (;;) {
            uint64_t number;
            struct id id;
            enum status status =
                outbox_next(desk->txn, lane, desk->submit_from[lane], &number, &id);

            if (status == ST_MORE)
                break;
            if (!desk_ok(desk, status))
                return;
            if (desk_may_take_off(desk, &id) && !submit(desk, &id))
                return; /* a message that does not fit is not overtaken by a later one */
            desk->submit_from[lane] = number + 1;
        }
    }
}

static void send_steps(struct desk *desk)
{
    while (desk->connected && desk->steps_flying < STEPS_FLYING_MAX) {
        struct wire wire = {.kind = WIRE_STEP};
        struct signed_step step;
        uint64_t number;
        enum status status = steps_next(desk->txn, desk->step_from, &number, &step);

        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        wire.step.sequence = number;
        wire.step.step = step.step;
        wire.step.proof = step.proof;
        desk_frame(desk, &wire, (struct bytes){NULL, 0});
        desk->step_from = number + 1;
        desk->steps_flying++;
    }
}

void desk_speak(struct desk *desk)
{
    if (desk->is_stale)
        return;
    publish_key(desk);
    submit_all(desk);
    send_steps(desk);
    desk_send_claims(desk);
    flush_settled(desk);
    flush_wanted(desk);
}

/* ---- the session ---- */

void desk_forget_session(struct desk *desk)
{
    desk_forget_flying(desk);
    while (desk->parked) {
        struct parked *parked = desk->parked;
        desk->parked = parked->next;
        free(parked);
    }
    desk->parked_end = &desk->parked;
    desk->parked_size = 0;
    desk->steps_flying = desk->step_from = 0;
    memset(desk->submit_from, 0, sizeof desk->submit_from);
    memset(desk->asked, 0, sizeof desk->asked);
    desk->wanted_count = desk->print_count = desk->settled_count = 0;
    memset(desk->case_questions, 0, sizeof desk->case_questions);
    desk->retry = desk->drop = desk->dropped = false;
    desk->retry_at_ms = 0;
    free(desk->frames);
    desk->frames = NULL;
    desk->frames_room = 0;
}

void desk_ask_for_keyless(struct desk *desk)
{
    char recipient[AGENCY_MAX + 1] = "";

    for (;;) {
        char next[AGENCY_MAX + 1];
        enum status status = outbox_next_recipient(desk->txn, recipient, next);

        if (status == ST_MORE || !desk_ok(desk, status))
            return;
        memcpy(recipient, next, sizeof recipient);
        desk_ask_agency(desk, recipient);
    }
}

static void follow(struct desk *desk)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.follow = true;
    wire.gazette.after = gazette_last(desk->gazette);
    desk_frame(desk, &wire, (struct bytes){NULL, 0});
}

void desk_open(struct desk *desk, const struct stage_link *link)
{
    desk_forget_session(desk);
    desk->connected = true;
    desk->session = link->session;
    memcpy(desk->broker, link->broker, sizeof desk->broker);
    desk->since_ms = desk->wall_ms;
    desk->clock_agrees = llabs(link->broker_ms - desk->wall_ms) <= CLOCK_DIFFERENCE_MS;
    desk->clock_base_ms = desk->wall_ms - desk->now_ms;
    if (!desk->clock_agrees)
        log_event(LOG_WARN, "clock_differs", "broker_ahead_ms=%lld",
                  (long long)(link->broker_ms - desk->wall_ms));
    desk->last_error.text[0] = '\0';
    desk->credit = link->credit;
    desk->credit_size = link->credit_size;
    desk->next_request = 1;
    desk->publish = true;
    desk->claims_due = desk->forward_due = true;
    desk->claims_at_ms = 0;
    desk->forward_at_ms = desk->now_ms;
    desk->next_case_request = 0;
    follow(desk);
    desk_ask_for_keyless(desk);
    desk->keyless_at_ms = desk->now_ms + KEYLESS_RETRY_MS;
    desk_connected(desk);
}

void desk_shut(struct desk *desk, const struct stage_link *link)
{
    if (desk->connected)
        desk->since_ms = desk->wall_ms;
    desk->connected = false;
    desk->last_error = link->why;
    desk_give_up_publishing(desk, INT64_MAX);
    desk_forget_session(desk);
}
