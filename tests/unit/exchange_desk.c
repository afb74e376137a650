#include "tests/unit/exchange_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/filling.h"
#include "lib/id.h"

const char desk_agreement[] = "agreement: ISA-TEST\n"
                              "version: 1\n"
                              "title: What this test sends\n"
                              "in-force: 2020-01-01\n"
                              "review: 2030-01-01\n"
                              "expires: 2035-01-01\n"
                              "marking:\n"
                              "  floor: OFFICIAL\n"
                              "  ceiling: OFFICIAL_SENSITIVE\n"
                              "retention-days: 365\n"
                              "onward: []\n"
                              "parties:\n"
                              "  - agency: court.a\n"
                              "    kind: COURT\n"
                              "    contact: listing office\n"
                              "  - agency: nps.a\n"
                              "    kind: NPS\n"
                              "    contact: court team\n"
                              "clauses:\n"
                              "  - id: psr-request\n"
                              "    type: psr.request\n"
                              "    from: COURT\n"
                              "    to: NPS\n"
                              "    purpose: court_advice\n"
                              "    gateway: SC2020_S30_REQUEST\n"
                              "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
                              "    allowed: [DC_STAFF]\n";

void desk_hold(struct desk *d, void *buffer)
{
    assert_true(d->buffer_count < BUFFERS_MAX);
    d->buffers[d->buffer_count++] = buffer;
}

static enum status find_message(void *context, const char *sender, const struct id *id,
                                struct message_record *out)
{
    struct desk *d = context;

    if (d->reader)
        return state_message(d->reader, sender, id, out);
    for (size_t i = 0; i < d->stored_count; i++)
        if (strcmp(d->stored[i].sender, sender) == 0 && id_equal(&d->stored[i].id, id)) {
            *out = d->stored[i].record;
            return ST_OK;
        }
    return ST_MORE;
}

static enum status find_item(void *context, uint64_t sequence, struct bytes *record)
{
    struct desk *d = context;
    if (d->reader)
        return state_item(d->reader, sequence, record);
    struct event event = {.kind = EVENT_ACCEPTED,
                          .sequence = sequence,
                          .at_ms = NOW,
                          .sender = "court.a",
                          .recipient = "nps.a",
                          .agreement_hash = d->agreement_hash,
                          .clause = "psr-request"};
    size_t size = event_size(&event);
    uint8_t *data = malloc(size);
    struct writer w = writer_of(data, size);

    assert_non_null(data);
    assert_int_equal(event_write(&event, &w), ST_OK);
    desk_hold(d, data);
    *record = (struct bytes){data, size};
    return ST_OK;
}

static enum status find_gazette(void *context, uint64_t sequence, struct bytes *record)
{
    struct desk *d = context;

    d->entries_read++;
    return d->reader ? state_gazette(d->reader, sequence, record) : ST_MORE;
}

static struct agreement_set *agreements(struct desk *d, const char *text)
{
    struct agreement_set *set = NULL;
    struct reason why = {""};

    if (agreement_parse("test.yaml", text, strlen(text), &d->agreement, &why) != ST_OK)
        fail_msg("%s", why.text);
    d->agreement_hash = d->agreement->hash;
    assert_int_equal(agreement_set_take(&d->agreement, 1, &set, &why), ST_OK);
    return set;
}

static void give_turn(struct desk *d)
{
    size_t size;
    uint8_t *data = turn_give(&d->turn, &size);
    struct turn_walk walk = turn_walk_of(data, size);

    desk_hold(d, data);
    for (const struct command *command; (command = turn_next(&walk));)
        assert_int_equal(exchange_run(d->x, data, command), ST_OK);
}

/* Everything the turn holds as one batch, up to where the journal would write it. */
void desk_start_batch(struct desk *d)
{
    struct exchange_batch batch;
    uint32_t records = 0;

    assert_int_equal(exchange_begin(d->x, d->now_ms), ST_OK);
    give_turn(d);
    exchange_take_batch(d->x, &batch);
    d->event_count = 0;
    for (uint32_t i = 0; i < batch.page_count; i++)
        desk_hold(d, batch.pages[i].data);
    for (int i = 0; i < batch.part_count; i++) {
        size_t size = batch.parts[i].iov_len;
        struct reader r = reader_of(batch.parts[i].iov_base, size);
        uint8_t *history = realloc(d->history, d->history_size + size);
        assert_non_null(history);
        memcpy(history + d->history_size, batch.parts[i].iov_base, size);
        d->history = history;
        d->history_size += size;
        while (event_read(&r, &d->events[d->event_count]) == ST_OK) {
            d->event_count = d->event_count + 1 < EFFECTS_MAX ? d->event_count + 1 : 0;
            records++;
        }
        assert_int_equal(r.left, 0);
    }
    assert_int_equal(records, batch.records);
    d->last = batch.last;
}

void desk_finish_batch(struct desk *d)
{
    size_t size;

    d->effect_count = 0;
    assert_int_equal(exchange_durable(d->x, &d->more), ST_OK);
    void *data = exchange_take_effects(d->x, 0, &size);
    if (!data)
        return;
    desk_hold(d, data);
    struct effect_walk walk = effect_walk_of(data);
    for (const struct effect *e; (e = effect_next(&walk));) {
        d->effects[d->effect_count].effect = (struct effect *)(uintptr_t)e;
        d->effect_count = d->effect_count + 1 < EFFECTS_MAX ? d->effect_count + 1 : 0;
    }
}

void desk_run(struct desk *d)
{
    desk_start_batch(d);
    desk_finish_batch(d);
}

size_t desk_count(const struct desk *d, enum effect_kind kind, session_id session)
{
    size_t count = 0;

    for (size_t i = 0; i < d->effect_count; i++)
        count += d->effects[i].effect->kind == kind && d->effects[i].effect->session == session;
    return count;
}

/* The `n`-th effect of the kind for the session. */
const void *desk_effect(const struct desk *d, enum effect_kind kind, session_id session, size_t n)
{
    for (size_t i = 0; i < d->effect_count; i++)
        if (d->effects[i].effect->kind == kind && d->effects[i].effect->session == session
            && n-- == 0)
            return d->effects[i].effect;
    fail_msg("no effect %d for session %d", (int)kind, (int)session);
    return NULL;
}

size_t desk_events(const struct desk *d, enum event_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < d->event_count; i++)
        count += d->events[i].kind == kind;
    return count;
}

const struct event *desk_event(const struct desk *d, enum event_kind kind, size_t n)
{
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].kind == kind && n-- == 0)
            return &d->events[i];
    fail_msg("no event of kind %d", (int)kind);
    return NULL;
}

struct desk *desk_restart(struct desk *d, struct state *state, const char *text)
{
    struct state_reader *reader;
    const struct journal_mark mark = {.segment = 1, .offset = 4096, .sequence = d->last};

    assert_int_equal(state_gather(state, (struct bytes){d->history, d->history_size}), ST_OK);
    assert_int_equal(state_commit(state, &mark), ST_OK);
    assert_int_equal(state_reader_open(state, &reader), ST_OK);
    struct desk *again = desk_restored(text, reader, mark.sequence);
    again->now_ms = d->now_ms;
    again->gateway = d->gateway;
    memcpy(again->key_id, d->key_id, KEY_ID_SIZE);
    desk_free(d);
    return again;
}

uint32_t desk_greet(struct desk *d, session_id session, const char *agency, uint32_t credit)
{
    static const uint8_t der[] = "a certificate of ";
    struct command_hello *hello =
        turn_command(&d->turn, COMMAND_HELLO, session, sizeof *hello + sizeof der);

    strcpy(hello->agency, agency);
    hello->credit = credit;
    hello->credit_size = 1 << 20;
    hello->der_size = sizeof der;
    memcpy(hello->der, der, sizeof der);
    hello->certificate = sha256(agency, strlen(agency));
    desk_run(d);
    const struct effect_welcome *welcome = desk_effect(d, EFFECT_WELCOME, session, 0);
    return welcome->member;
}

uint32_t desk_hello(struct desk *d, session_id session, const char *agency, uint32_t credit)
{
    uint32_t member = desk_greet(d, session, agency, credit);

    desk_follow(d, session, member, 0);
    desk_run(d);
    return member;
}

void desk_publish_key_of(struct desk *d, session_id session, uint32_t member, const char *agency)
{
    struct key_statement key = {
        .from_ms = NOW - DAY, .seal_until_ms = NOW + 6 * DAY, .open_until_ms = NOW + 50 * DAY};
    uint8_t bytes[512];
    size_t size;

    strcpy(key.agency, agency);
    memset(key.key_id, 7, sizeof key.key_id);
    memset(key.public_key, 8, sizeof key.public_key);
    memcpy(d->key_id, key.key_id, sizeof d->key_id);
    assert_int_equal(key_statement_write(&key, bytes, sizeof bytes, &size), ST_OK);
    struct command_publish *publish =
        turn_command(&d->turn, COMMAND_PUBLISH, session, sizeof *publish + size);
    publish->head.member = member;
    publish->request = 5;
    publish->key = key;
    publish->signer.bytes[0] = 1;
    publish->signature[0] = 1;
    publish->statement_size = (uint32_t)size;
    memcpy(publish->statement, bytes, size);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    assert_int_equal(d->events[0].kind, EVENT_KEY);
    assert_int_equal(desk_count(d, EFFECT_FRAME, session), 1);
}

void desk_publish_key(struct desk *d)
{
    desk_publish_key_of(d, NPS, d->nps, "nps.a");
}

static struct desk *make_desk(const char *text, struct state_reader *reader, uint64_t sequence)
{
    struct desk *d = calloc(1, sizeof *d);
    struct exchange_config config = {.reader = {d, find_message, find_item, find_gazette},
                                     .sequence = sequence,
                                     .links = 1,
                                     .seed = 3};

    assert_non_null(d);
    d->now_ms = NOW;
    d->signing_key.bytes[0] = 9;
    d->gateway = "SC2020_S30_REQUEST";
    d->reader = reader;
    d->last = sequence;
    if (text)
        config.agreements = agreements(d, text);
    assert_int_equal(exchange_new(&config, &d->x), ST_OK);
    return d;
}

struct desk *desk_empty(void)
{
    return make_desk(NULL, NULL, 0);
}

struct desk *desk_under(const char *text, uint32_t credit)
{
    struct desk *d = make_desk(text, NULL, 0);

    d->court = desk_hello(d, COURT, "court.a", 1000);
    d->nps = desk_hello(d, NPS, "nps.a", credit);
    desk_publish_key(d);
    return d;
}

struct desk *desk_with(uint32_t credit)
{
    return desk_under(desk_agreement, credit);
}

struct desk *desk_restored(const char *text, struct state_reader *reader, uint64_t sequence)
{
    struct desk *d = make_desk(text, reader, sequence);
    struct reason why = {""};

    assert_int_equal(filling_restore(reader, "desk", d->x, &why), ST_OK);
    return d;
}

void desk_free(struct desk *d)
{
    exchange_free(d->x);
    turn_fini(&d->turn);
    for (size_t i = 0; i < d->buffer_count; i++)
        free(d->buffers[i]);
    free(d->history);
    state_reader_free(d->reader);
    free(d);
}
void desk_gone(struct desk *d, session_id session, uint32_t member, bool lost)
{
    struct command_gone *gone = turn_command(&d->turn, COMMAND_GONE, session, sizeof *gone);

    gone->head.member = member;
    gone->lost = lost;
}

void desk_follow(struct desk *d, session_id session, uint32_t member, uint64_t after)
{
    struct command_follow *follow = turn_command(&d->turn, COMMAND_FOLLOW, session, sizeof *follow);

    follow->head.member = member;
    follow->after = after;
}

struct envelope desk_envelope(const struct desk *d, uint32_t n)
{
    struct envelope e = {.share_id.bytes = {1},
                         .leg_count = 1,
                         .type = "psr.request",
                         .schema_version = 1,
                         .sender = "court.a",
                         .recipient = "nps.a",
                         .agreement_id = "ISA-TEST",
                         .agreement_version = 1,
                         .agreement_hash = d->agreement_hash,
                         .clause = "psr-request",
                         .purpose = "court_advice",
                         .marking = CONCORDAT__MARKING__OFFICIAL,
                         .urgency = CONCORDAT__URGENCY__SAME_DAY,
                         .created_ms = NOW - 1000,
                         .expires_ms = NOW + 5 * DAY,
                         .categories = 1 << CONCORDAT__DATA_CATEGORY__DC_IDENTITY
                                     | 1 << CONCORDAT__DATA_CATEGORY__DC_OFFENCE_INDEX,
                         .body_size = BODY_SIZE};

    strcpy(e.gateway, d->gateway);
    memcpy(e.recipient_key_id, d->key_id, KEY_ID_SIZE);
    memcpy(e.message_id.bytes, &n, sizeof n);
    return e;
}

struct digest desk_digest(const struct envelope *e)
{
    return sha256(e, offsetof(struct envelope, sections)); /* any that follows the content */
}

void desk_submit_as(struct desk *d, session_id session, uint32_t member,
                    const struct digest *signing_key, const struct envelope *e)
{
    static const uint8_t body[BODY_SIZE], header[] = "header";
    struct digest digest = desk_digest(e);
    struct proof proof = {.count = 1};
    const struct submission submission = {.session = session,
                                          .member = member,
                                          .envelope = e,
                                          .header_digest = &digest,
                                          .header = {header, sizeof header},
                                          .body = {body, sizeof body},
                                          .proof = &proof,
                                          .signing_key = signing_key};
    uint32_t charge;

    assert_int_equal(turn_submit(&d->turn, &submission, &charge), ST_OK);
}

void desk_submit(struct desk *d, const struct envelope *e)
{
    desk_submit_as(d, COURT, d->court, &d->signing_key, e);
}

/* One message through one batch; its sequence. */
uint64_t desk_accept(struct desk *d, uint32_t n)
{
    struct envelope e = desk_envelope(d, n);

    desk_submit(d, &e);
    desk_run(d);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    return receipt->receipt.sequence;
}

struct digest desk_step(struct desk *d, uint32_t n, int kind, const struct digest *previous,
                        uint64_t number)
{
    struct envelope e = desk_envelope(d, n);
    char bytes[64];
    int size = snprintf(bytes, sizeof bytes, "step %d of %u", kind, n);
    struct command_step *given =
        turn_command(&d->turn, COMMAND_STEP, NPS, sizeof *given + (size_t)size);

    given->head.member = d->nps;
    given->sequence = number;
    given->message_id = e.message_id;
    given->header_digest = desk_digest(&e);
    given->kind = (uint32_t)kind;
    given->step_size = (uint32_t)size;
    memcpy(given->bytes, bytes, (size_t)size);
    given->step_digest = sha256(bytes, (size_t)size);
    if (previous)
        given->previous = *previous;
    return given->step_digest;
}

void desk_settle(struct desk *d, session_id session, uint32_t member, uint64_t sequence)
{
    struct command_settle *settle =
        turn_command(&d->turn, COMMAND_SETTLE, session, sizeof *settle + sizeof sequence);

    settle->head.member = member;
    settle->count = 1;
    settle->sequences[0] = sequence;
}

void desk_checkpoint(struct desk *d)
{
    struct note_status *status;
    size_t size;

    status = exchange_status(d->x, &size);
    exchange_checkpointed(d->x, status->sequence);
    free(status);
}
