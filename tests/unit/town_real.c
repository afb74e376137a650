/* town_real.c - the real broker of a town: a session for each agency around one exchange. See
 * town_real.h; it stands in the place of town_broker.c. */
#include "tests/unit/town_real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/session.h"
#include "lib/identity.h"
#include "proto/frame.h"
#include "tests/sim/hub.h"
#include "tests/unit/town_inside.h"

#define TERMS_MAX ((size_t)64 * 1024)

struct real {
    struct hub *hub;                    /* owned, as all of these */
    struct session *sessions[TOWN_MAX]; /* NULL: it is away */
    struct session_rules rules;         /* of all of them */
    struct arena *arena;
    struct batch_cache *cache;
    bool spoils[TOWN_MAX];
    session_id last; /* so far; a member's are told apart by their remainder */
};

static session_id name_of(struct real *real, size_t index)
{
    real->last = (real->last / TOWN_MAX + 1) * TOWN_MAX + index;
    return real->last;
}

/* ---- what a session asks, and hears ---- */

static enum status check_signer(void *, struct bytes der, struct identity *out, EVP_PKEY **key,
                                struct reason *why)
{
    return identity_of_der(der.data, der.size, USE_SIGNING, out, key, why);
}

static void on_alarm(void *, const struct session *session, const char *event,
                     const struct reason *why)
{
    fail_msg("%s: %s: %s", session_agency(session), event, why->text);
}

static void on_batch(void *, int64_t)
{
}

static void on_event(void *, const struct event *)
{
}

static void on_died(void *)
{
}

static void on_effect(void *context, const struct effect *effect)
{
    struct town *town = context;
    struct session *session = town->broker->sessions[effect->session % TOWN_MAX];

    if (session && session_name(session) == effect->session)
        assert_int_equal(session_effect(session, effect, town->wall_ms), ST_OK);
}

/* ---- frames to the agencies ---- */

static void append(struct resident *m, const uint8_t *data, size_t size)
{
    m->incoming = realloc(m->incoming, m->incoming_size + size);
    assert_non_null(m->incoming);
    memcpy(m->incoming + m->incoming_size, data, size);
    m->incoming_size += size;
}

/* Only messages have bodies, where no agreement is published. */
static void pass_on(struct town *town, size_t index, struct bytes frames)
{
    struct real *real = town->broker;
    struct resident *m = &town->members[index];
    struct reader r = reader_of(frames.data, frames.size);

    while (r.left > 0) {
        const uint32_t head_size = read_u32(&r), body_size = read_u32(&r);
        const size_t size = FRAME_PREFIX + (size_t)head_size + body_size;
        const struct bytes rest = read_bytes(&r, (size_t)head_size + body_size);
        OWNED(arena) arena = arena_new(64 * 1024, HEAD_ARENA);
        struct reason why = {""};
        struct wire wire;

        assert_false(r.failed);
        assert_int_equal(wire_read((struct bytes){rest.data, head_size}, arena, &wire, &why),
                         ST_OK);
        if (wire.kind == WIRE_WELCOME) /* the link's, not the desk's */
            continue;
        append(m, rest.data - FRAME_PREFIX, size);
        town->moved = true;
        if (real->spoils[index] && body_size > 0)
            m->incoming[m->incoming_size - 1] ^= 1;
    }
}

static void run(struct town *town)
{
    struct real *real = town->broker;

    (void)hub_run(real->hub, town->wall_ms, town->now_ms, FATE_SEEN);
    for (size_t i = 0; i < town->count; i++) {
        struct session *session = real->sessions[i];

        if (!session)
            continue;
        assert_int_equal(session_flush(session), ST_OK);
        assert_int_equal(session_state(session), SESSION_OPEN);
        pass_on(town, i, session_out(session));
        session_sent(session);
    }
}

/* Bytes of an agency's, to the last. */
static void take(struct town *town, size_t index, const uint8_t *data, size_t size)
{
    struct session *session = town->broker->sessions[index];

    for (;;) {
        const enum status status = session_run(session, town->wall_ms);
        size_t room;

        if (status == ST_LIMIT && hub_turn(town->broker->hub)->count > 0) {
            run(town);
            continue;
        }
        if (status == ST_OK)
            continue;
        assert_int_equal(status, ST_MORE);
        if (size == 0)
            return;
        uint8_t *to = session_room(session, &room);
        assert_non_null(to);
        room = room < size ? room : size;
        memcpy(to, data, room);
        session_filled(session, room);
        data += room;
        size -= room;
    }
}

size_t town_find(const struct town *town, const char *agency)
{
    for (size_t i = 0; i < town->count; i++)
        if (strcmp(town->members[i].agency, agency) == 0)
            return i;
    return SIZE_MAX;
}

void town_broker_takes(struct town *town, size_t from, const struct stage_frames *frames)
{
    take(town, from, frames->bytes, frames->size);
    run(town);
}

/* ---- sessions ---- */

static void say_hello(struct town *town, size_t index)
{
    struct resident *m = &town->members[index];
    uint8_t out[4096];
    struct wire wire = {.kind = WIRE_HELLO};
    size_t size;

    wire.hello.version = SESSION_VERSION;
    wire.hello.community = (struct bytes){tls_context_community(m->trust), DIGEST_SIZE};
    wire.hello.signing_certificate = m->certificate;
    wire.hello.credit = DELIVER_CREDIT;
    wire.hello.credit_size = DELIVER_CREDIT_SIZE;
    assert_int_equal(wire_write(&wire, 0, out, sizeof out, &size), ST_OK);
    struct session *session = town->broker->sessions[index];
    size_t room;
    assert_int_equal(session_run(session, town->wall_ms), ST_MORE);
    uint8_t *to = session_room(session, &room);
    assert_true(to && room >= size);
    memcpy(to, out, size);
    session_filled(session, size);
    assert_int_equal(session_run(session, town->wall_ms), ST_OK);
}

void town_broker_meets(struct town *town, size_t index)
{
    struct real *real = town->broker;
    struct identity peer = {.use = USE_TRANSPORT};

    (void)snprintf(peer.id, sizeof peer.id, "%s", town->members[index].agency);
    real->sessions[index] = session_new(name_of(real, index), &real->rules);
    assert_non_null(real->sessions[index]);
    session_identify(real->sessions[index], &peer);
    say_hello(town, index);
    run(town);
}

void town_broker_loses(struct town *town, size_t index)
{
    struct real *real = town->broker;

    if (!real->sessions[index])
        return; /* the broker has died meanwhile */
    assert_int_equal(session_gone(real->sessions[index]), ST_OK);
    session_free(real->sessions[index]);
    real->sessions[index] = NULL;
    run(town);
}

/* ---- life ---- */

/* The one agreement of the folder. */
static char *read_terms(const char *folder)
{
    char path[512], *text = calloc(1, TERMS_MAX);
    FILE *file;

    assert_non_null(text);
    (void)snprintf(path, sizeof path, "%s/terms.yaml", folder);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, TERMS_MAX - 1, file) > 0);
    (void)fclose(file);
    return text;
}

void town_broker_opens(struct town *town)
{
    struct real *real = calloc(1, sizeof *real);
    const struct hub_watch watch = {town, on_batch, on_event, on_effect, on_died};
    char folder[96], *text = read_terms(town->terms);

    assert_non_null(real);
    town->broker = real;
    (void)snprintf(folder, sizeof folder, "%s/broker", town->folder);
    real->hub = hub_new(folder, text, town->wall_ms, town->now_ms, &watch);
    free(text);
    real->arena = arena_new(64 * 1024, HEAD_ARENA);
    real->cache = batch_cache_new();
    assert_true(real->arena && real->cache);
    real->rules = (struct session_rules){.community = tls_context_community(town->members[0].trust),
                                         .broker = "hub",
                                         .context = town,
                                         .check = check_signer,
                                         .check_governance = check_signer,
                                         .check_officer = check_signer,
                                         .alarm = on_alarm,
                                         .arena = real->arena,
                                         .cache = real->cache,
                                         .turn = hub_turn(real->hub)};
}

void town_broker_closes(struct town *town)
{
    struct real *real = town->broker;

    for (size_t i = 0; i < town->count; i++)
        session_free(real->sessions[i]);
    hub_free(real->hub);
    batch_cache_free(real->cache);
    arena_free(real->arena);
    free(real);
}

void town_tick(struct town *town)
{
    run(town);
    town_settle(town);
}

void town_broker_dies(struct town *town)
{
    struct real *real = town->broker;
    bool was_here[TOWN_MAX];

    for (size_t i = 0; i < town->count; i++) {
        was_here[i] = real->sessions[i] != NULL;
        session_free(real->sessions[i]);
        real->sessions[i] = NULL;
    }
    hub_die(real->hub);
    for (size_t i = 0; i < town->count; i++) {
        if (!was_here[i])
            continue;
        town_disconnect(town, i);
        town_connect(town, i);
    }
    town_settle(town);
}

void town_spoil(struct town *town, size_t agency, bool spoils)
{
    town->broker->spoils[agency] = spoils;
}

/* ---- its clocks ---- */

static void name_agency(const struct exchange *x, uint32_t agency, char out[static AGENCY_MAX + 1])
{
    if (agency > 0)
        (void)snprintf(out, AGENCY_MAX + 1, "%s", directory_name(x->directory, agency - 1));
}

size_t town_clocks(struct town *town, struct town_clock *out, size_t most)
{
    const struct exchange *x = hub_exchange(town->broker->hub);
    uint32_t place = 0;
    size_t count = 0;

    for (const struct clock_running *c; (c = clocks_walk(x->clocks, &place)); count++) {
        assert_true(count < most);
        out[count] = (struct town_clock){.kind = c->clock.kind,
                                         .message = c->message,
                                         .conversation = c->conversation,
                                         .case_handle = c->case_handle,
                                         .due_ms = c->clock.due_ms,
                                         .rests = c->met_by != 0};
        (void)snprintf(out[count].type, sizeof out[count].type, "%s", c->type);
        (void)snprintf(out[count].expected, sizeof out[count].expected, "%s", c->expected);
        name_agency(x, c->owed_by, out[count].owed_by);
        name_agency(x, c->owed_to, out[count].owed_to);
    }
    return count;
}
