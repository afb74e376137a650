#include "agents/desk_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/id.h"

#define COUNTERS_VERSION 1
#define COUNTERS_SIZE (1 + 3 * 8)
#define SWEEP_MS 60000   /* how often to look for what is due */
#define KEYRING_MS 10000 /* how often to look whether a sealing key is due */

static const uint8_t counters_key[] = "counters";

bool desk_ok(struct desk *desk, enum status status)
{
    if (status != ST_OK && desk->failed == ST_OK)
        desk->failed = status;
    return status == ST_OK;
}

/* ---- life ---- */

static enum status check_signing(struct desk *desk, struct reason *why)
{
    const struct desk_setup *s = &desk->setup;
    enum status status =
        tls_context_check(s->trust, s->signing_certificate.data, s->signing_certificate.size,
                          USE_SIGNING, &desk->identity, why);

    if (status != ST_OK)
        return status;
    if (strcmp(desk->identity.id, s->agency) != 0) {
        reason_set(why, "the signing certificate is %s's, not %s's", desk->identity.id, s->agency);
        return ST_FORGED;
    }
    desk->signer = sha256(s->signing_certificate.data, s->signing_certificate.size);
    memcpy(desk->community, tls_context_community(s->trust), DIGEST_SIZE);
    return ST_OK;
}

static enum status load_counters(struct desk *desk)
{
    struct txn *txn;
    struct bytes value;
    enum status status = store_begin(desk->setup.store, false, &txn);

    if (status != ST_OK)
        return status;
    status = store_get(txn, TREE_META, (struct bytes){counters_key, sizeof counters_key}, &value);
    if (status == ST_OK) {
        struct reader r = reader_of(value.data, value.size);

        if (read_u8(&r) != COUNTERS_VERSION)
            status = ST_INVALID;
        desk->next_number = read_u64(&r);
        desk->sent = read_u64(&r);
        desk->received = read_u64(&r);
        if (!reader_done(&r))
            status = ST_INVALID;
    } else if (status == ST_MORE) {
        desk->next_number = 1;
        status = ST_OK;
    }
    store_abort(txn);
    return status;
}

static bool make_parts(struct desk *desk)
{
    const struct desk_setup *s = &desk->setup;

    desk->steps = steps_new(s->agency, s->signing_key, &desk->signer, desk->community);
    desk->directory = directory_open(s->trust);
    if (desk->directory)
        directory_prefer(desk->directory, desk_key_counts_somewhere, desk);
    desk->sealer = sealer_new(s->agency, desk->identity.spki);
    desk->batches = batch_cache_new();
    desk->request_arena = arena_new(64 * 1024, 4 * (size_t)LOCAL_REQUEST_MAX);
    desk->body_arena = arena_new(64 * 1024, BODY_ARENA);
    desk->frame_arena = arena_new(64 * 1024, HEAD_ARENA);
    desk->header_arena = arena_new(16 * 1024, HEAD_ARENA);
    desk->opened = malloc(BODY_MAX + 1);
    return desk->steps && desk->directory && desk->sealer && desk->batches && desk->request_arena
        && desk->body_arena && desk->frame_arena && desk->header_arena && desk->opened;
}

static enum status open_gazette(struct desk *desk, struct reason *why)
{
    struct gazette_setup setup = {.agency = desk->setup.agency,
                                  .governance = desk->setup.governance,
                                  .known = desk->setup.known,
                                  .known_count = desk->setup.known_count,
                                  .assumed = desk->setup.agreements};

    memcpy(setup.signing.bytes, desk->identity.spki, DIGEST_SIZE);
    return gazette_new(&setup, desk->setup.store, &desk->gazette, why);
}

enum status desk_new(const struct desk_setup *setup, int64_t now_ms, struct desk **out,
                     struct reason *why)
{
    OWNED(desk) desk = calloc(1, sizeof *desk);
    enum status status;

    if (!desk)
        return ST_NOMEM;
    desk->setup = *setup;
    desk->wall_ms = desk->since_ms = now_ms;
    desk->reckoned.due_ms = now_ms; /* the bank holidays may be others than before the start */
    desk->reckon_due = true;
    desk->replies_end = &desk->replies;
    desk->released_end = &desk->released;
    desk->parked_end = &desk->parked;
    desk->forward_due = desk->claims_due = desk->reread_due = true;
    reason_set(&desk->last_error, "not connected yet");
    status = check_signing(desk, why);
    if (status != ST_OK)
        return status;
    if (!make_parts(desk)) {
        reason_set(why, "out of memory");
        return ST_NOMEM;
    }
    status = load_counters(desk);
    if (status != ST_OK) {
        reason_set(why, "the store's counters cannot be read");
        return status;
    }
    reason_set(why, "the gazette cannot be read");
    status = open_gazette(desk, why);
    if (status != ST_OK)
        return status;
    *out = GIVE(desk);
    return ST_OK;
}

static void free_replies(struct ready_reply *reply)
{
    while (reply) {
        struct ready_reply *next = reply->next;
        free(reply->message);
        free(reply);
        reply = next;
    }
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    store_abort(desk->txn);
    desk_give_up_publishing(desk, INT64_MAX);
    desk_forget_session(desk);
    desk_forget_sealed(desk);
    desk_forget_waiting(desk);
    free_replies(desk->replies);
    free_replies(desk->released);
    steps_free(desk->steps);
    directory_close(desk->directory);
    gazette_free(desk->gazette);
    sealer_free(desk->sealer);
    batch_cache_free(desk->batches);
    arena_free(desk->request_arena);
    arena_free(desk->body_arena);
    arena_free(desk->frame_arena);
    arena_free(desk->header_arena);
    free(desk->opened);
    free(desk);
}

void desk_recalendar(struct desk *desk, const struct calendar_days *calendar)
{
    assert(!desk->txn);
    desk->setup.calendar = calendar;
    desk->reckoned = (struct owed){.due_ms = desk->wall_ms};
    desk->reckon_due = true;
}

void desk_reload(struct desk *desk, const struct tls_context *trust,
                 struct agreement_set *agreements)
{
    assert(!desk->txn);
    desk->setup.trust = trust;
    if (agreements != desk->setup.agreements) {
        struct reason why = {""};

        desk->setup.agreements = agreements;
        gazette_free(desk->gazette);
        desk->gazette = NULL;
        (void)desk_ok(desk, open_gazette(desk, &why));
    }
    directory_reload(desk->directory, trust);
}

/* ---- a turn ---- */

/* With CRLs out of date no entry can be judged: what stands here may have been revoked since, so we
 * neither follow nor speak until others are loaded. */
static void check_trust(struct desk *desk)
{
    static const char what[] = "our CRLs are out of date: nobody's signature can be judged";
    const bool is_stale = desk->wall_ms >= tls_context_crl_until_ms(desk->setup.trust);

    if (is_stale && !desk->is_stale)
        log_event(LOG_ERROR, "crls_out_of_date",
                  "what=\"no agreement is followed and nothing is sent\" "
                  "remedy=\"renew the CRLs and reload\"");
    else if (!is_stale && desk->is_stale)
        log_event(LOG_INFO, "crls_renewed", "what=\"following and sending again\"");
    desk->is_stale = is_stale;
    if (is_stale)
        desk_drop_link(desk, what);
}

bool desk_trusts_clock(const struct desk *desk)
{
    return desk->clock_agrees
        && llabs(desk->wall_ms - desk->now_ms - desk->clock_base_ms) <= CLOCK_DIFFERENCE_MS;
}

/* A new sealing key in time; those whose time is over go for good. Outside our transaction. */
static enum status turn_keys(struct desk *desk)
{
    const struct epoch *epoch;
    bool made = false;
    size_t erased = 0;
    enum status status = ST_OK;

    if (desk_trusts_clock(desk))
        status = keyring_expire(desk->setup.keyring, desk->wall_ms, &erased);
    if (status == ST_OK)
        status = keyring_current(desk->setup.keyring, desk->wall_ms, &epoch, &made);
    if (status != ST_OK)
        return status;
    if (erased > 0)
        log_event(LOG_INFO, "sealing_keys_erased", "count=%zu", erased);
    desk->publish = desk->publish || made;
    memcpy(desk->key.key_id, epoch->key_id, KEY_ID_SIZE);
    desk->key.seal_until_ms = epoch->seal_until_ms;
    return ST_OK;
}

enum status desk_begin_turn(struct desk *desk, int64_t wall_ms, int64_t now_ms)
{
    bool keys_turn = desk->now_ms == 0 || now_ms / KEYRING_MS != desk->now_ms / KEYRING_MS;
    enum status status = ST_OK;

    assert(!desk->txn);
    if (desk->failed != ST_OK)
        return desk->failed;
    desk->wall_ms = wall_ms;
    desk->now_ms = now_ms;
    if (keys_turn)
        status = turn_keys(desk);
    if (status != ST_OK)
        return status;
    check_trust(desk);
    return store_begin(desk->setup.store, true, &desk->txn);
}

static void store_counters(struct desk *desk)
{
    uint8_t record[COUNTERS_SIZE];
    struct writer w = writer_of(record, sizeof record);

    if (!desk->counters_changed)
        return;
    write_u8(&w, COUNTERS_VERSION);
    write_u64(&w, desk->next_number);
    write_u64(&w, desk->sent);
    write_u64(&w, desk->received);
    (void)desk_ok(desk,
                  store_put(desk->txn, TREE_META, (struct bytes){counters_key, sizeof counters_key},
                            (struct bytes){record, w.size}));
    desk->counters_changed = false;
}

/* ---- within a turn ---- */

void desk_add_step(struct desk *desk, struct track *track, const struct step *step)
{
    enum status status = steps_add(desk->steps, track, step);

    desk_owed_step(desk, track, step->kind);
    if (step->kind == CONCORDAT__STEP_KIND__DECLINED)
        desk_talk_ended(desk, track);
    if (status == ST_LIMIT)
        log_event(LOG_WARN, "ladder_full", "type=%s from=%s", track->type, track->from);
    else if (desk_ok(desk, status))
        (void)desk_ok(desk, track_put(desk->txn, track));
}

void desk_tick(struct desk *desk)
{
    desk_waited(desk);
    desk_give_up_publishing(desk, desk->now_ms);
    desk_reckon(desk);
    if (desk->now_ms >= desk->sweep_at_ms) {
        desk->sweep_at_ms = desk->now_ms + SWEEP_MS;
        desk_sweep(desk);
    }
    if (desk->connected && desk->now_ms >= desk->keyless_at_ms) {
        desk->keyless_at_ms = desk->now_ms + KEYLESS_RETRY_MS;
        desk_ask_for_keyless(desk);
    }
}

/* ---- the end of a turn ---- */

enum status desk_end_of_turn(struct desk *desk)
{
    struct txn *txn = desk->txn;
    enum status status;

    desk_reread(desk);
    desk_resend(desk);
    desk_forward(desk);
    desk_sign_messages(desk);
    desk_custody_stirred(desk);
    if (desk->failed == ST_OK) {
        uint64_t before = desk->next_number;

        (void)desk_ok(desk, steps_sign(desk->steps, desk->txn, &desk->next_number));
        desk->counters_changed = desk->counters_changed || before != desk->next_number;
    }
    desk_speak(desk);
    store_counters(desk);
    arena_reset(desk->request_arena, true); /* bodies do not outlive their turn */
    arena_reset(desk->body_arena, true);
    desk->txn = NULL;
    if (desk->failed != ST_OK) {
        store_abort(txn);
        return desk->failed;
    }
    status = store_commit(txn);
    if (!desk_ok(desk, status))
        return status;
    if (desk->replies) {
        *desk->released_end = desk->replies;
        desk->released_end = desk->replies_end;
        desk->replies = NULL;
        desk->replies_end = &desk->replies;
    }
    return ST_OK;
}

struct stage_local *desk_take_reply(struct desk *desk, size_t *size)
{
    struct ready_reply *reply = desk->released;
    struct stage_local *message;

    if (!reply)
        return NULL;
    desk->released = reply->next;
    if (!desk->released)
        desk->released_end = &desk->released;
    message = reply->message;
    *size = reply->size;
    free(reply);
    return message;
}

struct stage_frames *desk_take_frames(struct desk *desk, size_t *size)
{
    struct stage_frames *frames = desk->frames;

    if (!frames || frames->size == 0)
        return NULL;
    *size = sizeof *frames + frames->size;
    desk->frames = NULL;
    desk->frames_room = 0;
    return frames;
}

bool desk_take_drop(struct desk *desk, struct stage_link *out)
{
    if (!desk->drop)
        return false;
    *out = (struct stage_link){.kind = STAGE_DROP, .session = desk->session, .why = desk->drop_why};
    desk->drop = false;
    return true;
}
