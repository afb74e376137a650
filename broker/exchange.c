/* exchange.c - life of the exchange, its members and its batches; commands are judged in
 * acceptance.c (messages), ladder.c (evidence), registry.c (directory) and gazette.c (agreements),
 * queues emptied in delivery.c, told to people in overview.c. */
#include "broker/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define AGE_FIRST_MS 60000   /* after the first batch */
#define AGE_EVERY_MS 3600000 /* ids past their time are forgotten once an hour */

/* ---- life ---- */

static enum status make_parts(struct exchange *x, const struct exchange_config *config)
{
    x->directory = directory_new();
    x->queues = queues_new();
    x->messages = messages_new(config->seed);
    x->ledger = ledger_new(config->sequence);
    x->arena = arena_new(4096, HEAD_ARENA);
    x->quotas = quotas_new();
    x->attempts = attempts_new();
    x->privileges = privileges_new();
    x->cases = cases_new(config->seed);
    x->clocks = clocks_new(config->seed);
    x->tallies.by_name = idmap_of(config->seed);
    exchange_clocks_look(x); /* the calendar may be another than when they were wound */
    x->withholding = calloc(WITHHOLDINGS_MAX, sizeof *x->withholding);
    x->effects = calloc(config->links, sizeof *x->effects);
    x->effect_counts = calloc(config->links, sizeof *x->effect_counts);
    return x->directory && x->queues && x->messages && x->ledger && x->arena && x->quotas
                && x->attempts && x->cases && x->clocks && x->privileges && x->withholding
                && x->effects && x->effect_counts
             ? ST_OK
             : ST_NOMEM;
}

enum status exchange_new(const struct exchange_config *config, struct exchange **out)
{
    OWNED(exchange) x = calloc(1, sizeof *x);

    assert(config->links > 0);

    if (!x) {
        agreement_set_free(config->agreements);
        return ST_NOMEM;
    }
    x->reader = config->reader;
    x->links = config->links;
    x->lost_look_ms = INT64_MAX;
    x->cases_most = CASES_PER_AGENCY;
    enum status status =
        registrar_new(&(struct registrar_rules){.self = NULL}, config->agreements, &x->registrar);
    if (status == ST_OK)
        status = make_parts(x, config);
    if (status == ST_OK)
        *out = GIVE(x);
    return status;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    registrar_free(x->registrar);
    directory_free(x->directory);
    queues_free(x->queues);
    messages_free(x->messages);
    ledger_free(x->ledger);
    arena_free(x->arena);
    quotas_free(x->quotas);
    attempts_free(x->attempts);
    cases_free(x->cases);
    clocks_free(x->clocks);
    free(x->tallies.all);
    idmap_fini(&x->tallies.by_name);
    calendar_free(x->calendar);
    privileges_free(x->privileges);
    free(x->published);
    free(x->announced);
    free(x->withholding);
    draft_fini(&x->draft);
    for (unsigned i = 0; x->effects && i < x->links; i++)
        parcel_fini(&x->effects[i]);
    free(x->effects);
    free(x->effect_counts);
    free(x->members);
    free(x->ready);
    free(x);
}

void exchange_set_full(struct exchange *x, bool full)
{
    x->is_full = full;
}

void exchange_set_high(struct exchange *x, bool high)
{
    x->is_high = high;
}

void exchange_set_cases_most(struct exchange *x, uint32_t most)
{
    x->cases_most = most;
}

/* ---- members ---- */

enum status exchange_enter(struct exchange *x, const char *agency, uint32_t *member)
{
    uint32_t before = directory_count(x->directory);
    enum status status = directory_enter(x->directory, agency, member);

    if (status != ST_OK || *member < x->member_room) {
        if (status == ST_OK && *member == before)
            x->members[before] = (struct member){.session = 0};
        return status;
    }
    uint32_t room = x->member_room ? 2 * x->member_room : 64;
    struct member *members = reallocarray(x->members, room, sizeof *members);
    if (!members)
        return ST_NOMEM;
    x->members = members;
    uint32_t *ready = reallocarray(x->ready, room, sizeof *ready);
    if (!ready)
        return ST_NOMEM;
    x->ready = ready;
    memset(members + x->member_room, 0, (room - x->member_room) * sizeof *members);
    x->member_room = room;
    return ST_OK;
}

bool exchange_is_lost(const struct exchange *x, const struct member *member)
{
    return member->lost_at_ms != 0 && x->now_ms >= member->lost_at_ms + LOST_GRACE_MS;
}

void exchange_wake(struct exchange *x, uint32_t member)
{
    if (x->members[member].is_ready
        || (x->members[member].session == 0 && !exchange_is_lost(x, &x->members[member])))
        return;
    x->members[member].is_ready = true;
    x->ready[x->ready_count++] = member;
}

/* ---- what the other files write with ---- */

enum status exchange_record(struct exchange *x, struct event *event, uint32_t message)
{
    event->sequence = ledger_sequence(x->ledger) + 1;
    event->at_ms = x->now_ms;

    size_t size = event_size(event);
    if (ledger_reserve(x->ledger) != ST_OK)
        return ST_NOMEM;
    uint8_t *record = draft_write(&x->draft, size);
    if (!record)
        return ST_NOMEM;
    struct writer w = writer_of(record, size);
    enum status status = event_write(event, &w);
    assert(status == ST_OK && w.size == size);
    ledger_add(x->ledger, record, (uint32_t)size, message);
    return ST_OK;
}

void *exchange_effect(struct exchange *x, enum effect_kind kind, session_id session, size_t size)
{
    unsigned link = session_link(session);
    struct parcel *parcel = &x->effects[link];
    size_t whole = (size + 7) & ~(size_t)7;

    assert(link < x->links && whole <= UINT32_MAX);

    if (parcel->size == 0 && !parcel_add(parcel, sizeof(struct note_effects)))
        return NULL;
    struct effect *effect = parcel_add(parcel, whole);
    if (!effect)
        return NULL;
    *effect = (struct effect){.size = (uint32_t)whole, .kind = kind, .session = session};
    x->effect_counts[link]++;
    return effect;
}

void *exchange_answer(struct exchange *x, enum effect_kind kind, const struct command *command,
                      size_t size)
{
    struct effect *effect = exchange_effect(x, kind, command->session, size);

    if (effect) {
        effect->released = 1;
        effect->charge = command->charge;
    }
    return effect;
}

enum status exchange_release(struct exchange *x, const struct command *command)
{
    return exchange_answer(x, EFFECT_RELEASE, command, sizeof(struct effect)) ? ST_OK : ST_NOMEM;
}

/* ---- sessions ---- */

static enum status close_session(struct exchange *x, session_id session, const char *code,
                                 const char *advice)
{
    struct effect_close *close = exchange_effect(x, EFFECT_CLOSE, session, sizeof *close);

    if (!close)
        return ST_NOMEM;
    TEXT_COPY(close->code, code);
    TEXT_COPY(close->advice, advice);
    return ST_OK;
}

static void leave(struct exchange *x, uint32_t member)
{
    queue_land(x->queues, &x->members[member].queue);
    x->members[member].session = 0;
    x->members[member].follows = false;
}

static enum status run_gone(struct exchange *x, const struct command_gone *gone)
{
    leave(x, gone->head.member);
    x->members[gone->head.member].lost_at_ms = gone->lost ? x->now_ms : 0;
    if (gone->lost && x->now_ms + LOST_GRACE_MS < x->lost_look_ms)
        x->lost_look_ms = x->now_ms + LOST_GRACE_MS;
    return ST_OK;
}

/* What those are owed is withheld who have been lost long enough. */
static void wake_lost(struct exchange *x)
{
    if (x->now_ms < x->lost_look_ms)
        return;
    x->lost_look_ms = INT64_MAX;
    for (uint32_t i = 0; i < directory_count(x->directory); i++) {
        const struct member *member = &x->members[i];
        if (member->lost_at_ms == 0)
            continue;
        exchange_wake(x, i);
        if (!exchange_is_lost(x, member) && member->lost_at_ms + LOST_GRACE_MS < x->lost_look_ms)
            x->lost_look_ms = member->lost_at_ms + LOST_GRACE_MS;
    }
}

static enum status welcome(struct exchange *x, const struct command *command, uint32_t member)
{
    size_t size = 0;
    uint32_t count = 0;

    for (; count < CERTIFICATES_MAX; count++) {
        struct bytes der = directory_certificate(x->directory, member, count);
        if (!der.data)
            break;
        size += 4 + der.size;
    }
    struct effect_welcome *welcome =
        exchange_answer(x, EFFECT_WELCOME, command, sizeof *welcome + size);
    if (!welcome)
        return ST_NOMEM;
    welcome->member = member;
    welcome->bytes_size = (uint32_t)size;
    struct writer w = writer_of(welcome->bytes, size);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes der = directory_certificate(x->directory, member, i);
        write_prefixed(&w, der.data, der.size);
    }
    return ST_OK;
}

static enum status run_hello(struct exchange *x, const struct command_hello *hello)
{
    const struct bytes der = {hello->der, hello->der_size};
    uint32_t place;
    enum status status = exchange_enter(x, hello->agency, &place);

    if (status != ST_OK)
        return status;
    status = directory_add_certificate(x->directory, place, &hello->certificate, der);
    if (status == ST_OK) {
        struct event event = {.kind = EVENT_AGENCY, .certificate = der};
        TEXT_COPY(event.agency, hello->agency);
        status = exchange_record(x, &event, 0);
        x->counts.certificates++;
    } else if (status == ST_LIMIT) {
        return close_session(x, hello->head.session, "certificate", "too many were recorded");
    } else if (status == ST_MORE) {
        status = ST_OK;
    }
    struct member *member = &x->members[place];
    if (status == ST_OK && member->session != 0) {
        /* The newer one wins: the older is a dead connection more often than an intruder. */
        status = close_session(x, member->session, "replaced", "a newer session has come");
        exchange_raise(x, ALARM_REPLACED, place);
        x->counts.replaced++;
        if (status == ST_OK)
            leave(x, place);
    }
    if (status != ST_OK)
        return status;
    member->session = hello->head.session;
    member->lost_at_ms = 0; /* it has shown a certificate that holds */
    member->gazette_flying = 0;
    member->credit = hello->credit < DELIVER_CREDIT ? hello->credit : DELIVER_CREDIT;
    member->credit_size =
        hello->credit_size < DELIVER_CREDIT_SIZE ? hello->credit_size : DELIVER_CREDIT_SIZE;
    x->counts.sessions++;
    exchange_wake(x, place);
    return welcome(x, &hello->head, place);
}

static enum status run_credit(struct exchange *x, const struct command_credit *given)
{
    struct member *member = &x->members[given->head.member];
    uint64_t credit = (uint64_t)member->credit + given->credit;
    uint64_t size = (uint64_t)member->credit_size + given->credit_size;

    member->credit = credit < DELIVER_CREDIT ? (uint32_t)credit : DELIVER_CREDIT;
    member->credit_size = size < DELIVER_CREDIT_SIZE ? (uint32_t)size : DELIVER_CREDIT_SIZE;
    exchange_wake(x, given->head.member);
    return exchange_release(x, &given->head);
}

/* ---- batches ---- */

/* Once an hour what is past its time is forgotten: by the state with this event, by the exchange a
 * little in each batch from now on. */
static enum status age(struct exchange *x)
{
    struct event event = {.kind = EVENT_AGED};

    x->age_at_ms = x->now_ms + AGE_EVERY_MS;
    x->forgetting = FORGET_CONVERSATIONS;
    x->looked_at = 0;
    return exchange_record(x, &event, 0);
}

int64_t exchange_now_ms(const struct exchange *x)
{
    return x->now_ms;
}

enum status exchange_begin(struct exchange *x, int64_t now_ms)
{
    assert(!x->is_open);

    draft_clear(&x->draft);
    x->is_open = true;
    x->now_ms = now_ms > x->now_ms ? now_ms : x->now_ms; /* a clock set back settles nothing */
    if (x->age_at_ms == 0)
        x->age_at_ms = x->now_ms + AGE_FIRST_MS;
    wake_lost(x);
    enum status status = exchange_record_withheld(x);
    if (status == ST_OK)
        status = exchange_notices_due(x);
    if (status == ST_OK)
        status = exchange_clocks_due(x);
    if (status == ST_OK && x->now_ms >= x->age_at_ms)
        status = age(x);
    if (status == ST_OK)
        status = exchange_forget_cases(x);
    x->clocks_wait = x->clocks_wait || !exchange_has_room(x); /* what it had no room for */
    return status;
}

enum status exchange_run(struct exchange *x, uint8_t *turn, const struct command *command)
{
    const void *whole = command;

    assert(x->is_open);

    if (command->kind == COMMAND_HELLO)
        return run_hello(x, whole);
    /* A session that was replaced or has gone is nobody: what it still says is not heard, and its
     * agency says it again. */
    if (command->member >= directory_count(x->directory)
        || x->members[command->member].session != command->session)
        return ST_OK;
    switch (command->kind) {
    case COMMAND_SUBMIT:
        return exchange_submit(x, turn, whole);
    case COMMAND_STEP:
        return exchange_step(x, whole);
    case COMMAND_SETTLE: {
        enum status status = exchange_settle(x, whole);
        return status == ST_OK ? exchange_release(x, command) : status;
    }
    case COMMAND_CREDIT:
        return run_credit(x, whole);
    case COMMAND_DIRECTORY:
        return exchange_look_up(x, whole);
    case COMMAND_PUBLISH:
        return exchange_publish(x, whole);
    case COMMAND_FOLLOW:
        return exchange_follow(x, whole);
    case COMMAND_GAZETTE:
        return exchange_gazette(x, whole);
    case COMMAND_DRAINED:
        return exchange_drained(x, whole);
    case COMMAND_GONE:
        return run_gone(x, whole);
    case COMMAND_CASE:
        return exchange_case(x, whole);
    case COMMAND_HELLO:
        break;
    }
    abort(); /* a kind that stage.h does not know */
}

size_t exchange_batch_size(const struct exchange *x)
{
    return x->draft.size;
}

void exchange_take_batch(struct exchange *x, struct exchange_batch *out)
{
    assert(x->is_open);

    *out = (struct exchange_batch){
        .parts = x->draft.parts,
        .part_count = x->draft.part_count,
        .records = x->draft.records,
        .size = x->draft.size,
        .pages = x->draft.pages,
        .page_count = x->draft.page_count,
        .last = ledger_sequence(x->ledger),
    };
    x->draft.page_count = 0;
}

enum status exchange_durable(struct exchange *x, bool *more)
{
    assert(x->is_open && x->draft.page_count == 0);

    x->is_open = false;
    enum status status = exchange_deliver(x, more);
    *more = *more || x->clocks_wait;
    return status;
}

uint8_t *exchange_take_effects(struct exchange *x, unsigned link, size_t *size)
{
    assert(!x->is_open); /* invariant 1: decide, append, sync, only then acknowledge */

    if (x->effect_counts[link] == 0)
        return NULL;
    struct note_effects *note = (struct note_effects *)(void *)x->effects[link].data;
    note->note = (struct note){NOTE_EFFECTS, x->effect_counts[link]};
    x->effect_counts[link] = 0;
    return parcel_give(&x->effects[link], size);
}

struct expiry {
    struct messages *messages;
    uint64_t sequence;
};

static void expire(void *context, uint32_t message)
{
    const struct expiry *expiry = context;

    messages_expire(expiry->messages, message, expiry->sequence);
}

void exchange_checkpointed(struct exchange *x, uint64_t sequence)
{
    struct expiry expiry = {x->messages, sequence};

    assert(!x->is_open);
    ledger_cut(x->ledger, sequence, expire, &expiry);
}
