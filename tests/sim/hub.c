#include "tests/sim/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/filling.h"

#define MAP_SIZE ((size_t)64 << 20)
#define BUFFERS_MAX 64 /* buffers of one batch */

/* A durable batch that no checkpoint holds yet, and what its records lie in. */
struct batch {
    uint8_t *payload; /* owned; one after the other */
    size_t size;
    uint64_t last;
    void *held[BUFFERS_MAX]; /* owned */
    size_t held_count;
    struct batch *next;
};

struct hub {
    struct exchange *x;
    struct state *state;
    struct state_reader *reader;
    struct turn turn;
    struct batch *tail, **end; /* owned */
    size_t tail_count;
    uint64_t last; /* sequence */
    char *text;
    const struct agreement *agreement; /* the exchange's */
    struct pace pace;
    struct hub_watch watch;
};

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->held_count; i++)
        free(batch->held[i]);
    free(batch->payload);
    free(batch);
}

static void hold(struct batch *batch, void *buffer)
{
    if (batch->held_count == BUFFERS_MAX)
        abort();
    batch->held[batch->held_count++] = buffer;
}

/* ---- the exchange from the state ---- */

static enum status find_message(void *context, const char *sender, const struct id *id,
                                struct message_record *out)
{
    return state_message(((struct hub *)context)->reader, sender, id, out);
}

static enum status find_item(void *context, uint64_t sequence, struct bytes *record)
{
    return state_item(((struct hub *)context)->reader, sequence, record);
}

static enum status find_gazette(void *context, uint64_t sequence, struct bytes *record)
{
    return state_gazette(((struct hub *)context)->reader, sequence, record);
}

static struct agreement_set *agreements(struct hub *hub)
{
    struct agreement_set *set = NULL;
    struct agreement *agreement = NULL;
    struct reason why = {""};

    if (agreement_parse("simulation", hub->text, strlen(hub->text), &agreement, &why) != ST_OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    hub->agreement = agreement;
    MUST(agreement_set_take(&agreement, 1, &set, &why));
    return set;
}

/* As filling_run does it, under an agreement that nobody has published. */
static void fill(struct hub *hub)
{
    const struct exchange_config config = {
        .agreements = agreements(hub),
        .reader = {hub, find_message, find_item, find_gazette},
        .sequence = hub->last,
        .links = 1,
        .seed = 3,
    };
    struct reason why = {""};

    MUST(exchange_new(&config, &hub->x));
    exchange_restore_time(hub->x, state_time_ms(hub->state));
    MUST(filling_restore(hub->reader, "simulation", hub->x, &why));
    hub->pace = (struct pace){.good_ms = exchange_now_ms(hub->x)};
}

/* ---- life ---- */

struct hub *hub_new(const char *folder, const char *text, int64_t wall_ms, int64_t monotonic_ms,
                    const struct hub_watch *watch)
{
    struct hub *hub = calloc(1, sizeof *hub);
    struct reason why = {""};

    if (!hub || !(hub->text = strdup(text)))
        abort();
    hub->end = &hub->tail;
    hub->watch = *watch;
    if (state_open(folder, MAP_SIZE, &hub->state, &why) != ST_OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    MUST(state_reader_open(hub->state, &hub->reader));
    fill(hub);
    (void)hub_run(hub, wall_ms, monotonic_ms, FATE_SEEN);
    return hub;
}

void hub_free(struct hub *hub)
{
    if (!hub)
        return;
    exchange_free(hub->x);
    turn_fini(&hub->turn);
    while (hub->tail) {
        struct batch *batch = hub->tail;
        hub->tail = batch->next;
        batch_free(batch);
    }
    state_reader_free(hub->reader);
    state_free(hub->state);
    free(hub->text);
    free(hub);
}

struct turn *hub_turn(struct hub *hub)
{
    return &hub->turn;
}

struct exchange *hub_exchange(struct hub *hub)
{
    return hub->x;
}

const struct agreement *hub_agreement(const struct hub *hub)
{
    return hub->agreement;
}

/* ---- batches ---- */

/* Everything durable but the last `behind` goes into the state. */
static void commit(struct hub *hub, size_t behind)
{
    size_t count = hub->tail_count > behind ? hub->tail_count - behind : 0;
    struct batch *batch = hub->tail;
    struct journal_mark mark = {.segment = 1, .offset = 4096};

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++, batch = batch->next) {
        if (batch->size > 0)
            MUST(state_gather(hub->state, (struct bytes){batch->payload, batch->size}));
        mark.sequence = batch->last;
    }
    MUST(state_commit(hub->state, &mark));
    MUST(state_reader_renew(hub->reader));
}

/* What the state holds need not be held besides. */
static void forget(struct hub *hub, size_t behind)
{
    while (hub->tail_count > behind) {
        struct batch *batch = hub->tail;
        hub->tail = batch->next;
        hub->tail_count--;
        batch_free(batch);
    }
    if (!hub->tail)
        hub->end = &hub->tail;
}

void hub_checkpoint(struct hub *hub, size_t behind)
{
    struct batch *last = hub->tail;

    if (hub->tail_count <= behind)
        return;
    for (size_t i = 1; i < hub->tail_count - behind; i++)
        last = last->next;
    uint64_t sequence = last->last;
    commit(hub, behind);
    exchange_checkpointed(hub->x, sequence);
    forget(hub, behind);
}

void hub_die(struct hub *hub)
{
    exchange_free(hub->x);
    turn_fini(&hub->turn);
    memset(&hub->turn, 0, sizeof hub->turn);
    commit(hub, 0);
    forget(hub, 0);
    fill(hub);
    hub->watch.died(hub->watch.context);
}

static void run_turn(struct hub *hub, struct batch *batch)
{
    size_t size;

    if (hub->turn.count == 0)
        return;
    uint8_t *data = turn_give(&hub->turn, &size);
    if (!data)
        abort();
    hold(batch, data);
    struct turn_walk walk = turn_walk_of(data, size);
    for (const struct command *command; (command = turn_next(&walk));)
        MUST(exchange_run(hub->x, data, command));
}

/* The batch's records as the journal would have them. */
static void take(struct hub *hub, struct batch *batch)
{
    struct exchange_batch taken;
    size_t at = 0;

    exchange_take_batch(hub->x, &taken);
    for (uint32_t i = 0; i < taken.page_count; i++)
        hold(batch, taken.pages[i].data);
    batch->payload = malloc(taken.size + 1);
    if (!batch->payload)
        abort();
    for (int i = 0; i < taken.part_count; i++) {
        memcpy(batch->payload + at, taken.parts[i].iov_base, taken.parts[i].iov_len);
        at += taken.parts[i].iov_len;
    }
    batch->size = at;
    batch->last = taken.last;
}

static void show_events(struct hub *hub, const struct batch *batch)
{
    struct reader r = reader_of(batch->payload, batch->size);
    struct event event;

    while (r.left > 0) {
        MUST(event_read(&r, &event));
        hub->watch.event(hub->watch.context, &event);
    }
}

static void show_effects(struct hub *hub)
{
    size_t size;
    uint8_t *data = exchange_take_effects(hub->x, 0, &size);

    if (!data)
        return;
    struct effect_walk walk = effect_walk_of(data);
    for (const struct effect *effect; (effect = effect_next(&walk));)
        hub->watch.effect(hub->watch.context, effect);
    free(data);
}

bool hub_run(struct hub *hub, int64_t wall_ms, int64_t monotonic_ms, enum fate fate)
{
    const int64_t now_ms = pace_now(&hub->pace, wall_ms, monotonic_ms);
    bool more = true;

    while (more) {
        struct batch *batch = calloc(1, sizeof *batch);
        if (!batch)
            abort();
        MUST(exchange_begin(hub->x, now_ms));
        run_turn(hub, batch);
        take(hub, batch);
        if (fate == FATE_UNDONE) {
            hub_die(hub);
            batch_free(batch);
            return false;
        }
        *hub->end = batch; /* also without records: the turn's bytes stay */
        hub->end = &batch->next;
        hub->tail_count++;
        hub->last = batch->last;
        hub->watch.begun(hub->watch.context, hub->x->now_ms);
        show_events(hub, batch);
        if (fate == FATE_MUTE) {
            hub_die(hub);
            return false;
        }
        MUST(exchange_durable(hub->x, &more));
        show_effects(hub);
    }
    return true;
}
