/*
 * flight.c - what was submitted in this session and has no verdict. See desk_inside.h.
 *
 *     outbox --desk_take_off--> in flight --desk_landed--> a receipt, a refusal, a step
 *                                | ^
 *              RATE_LIMITED      v | its own time comes, and our agreements still permit it
 *                             postponed
 *
 * A broker answers RATE_LIMITED in place of a refusal when it has recorded enough of them, so the
 * message is most likely one that our own agreements refuse by now; then it is over. If not, it is
 * tried again, each time later. Meanwhile it holds no credit, and nothing waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

#define POSTPONE_MOST_MS 256000 /* doubled from RETRY_MS on */

static struct flying **bucket_of(struct desk *desk, const struct id *id)
{
    /* The last bytes of an id are random in every version. */
    return &desk->flying[((size_t)id->bytes[14] << 8 | id->bytes[15]) % FLYING_BUCKETS];
}

static struct flying *find_flying(struct desk *desk, const struct id *id)
{
    struct flying *f = *bucket_of(desk, id);

    while (f && !id_equal(&f->id, id))
        f = f->next;
    return f;
}

static bool is_postponed(const struct flying *f)
{
    return f->retry_at_ms != 0;
}

static void take_credit(struct desk *desk, const struct flying *f)
{
    desk->flying_count++;
    desk->flying_size += f->size;
}

static void give_credit(struct desk *desk, const struct flying *f)
{
    desk->flying_count--;
    desk->flying_size -= f->size;
}

bool desk_take_off(struct desk *desk, const struct id *id, const struct outbox_entry *entry)
{
    struct flying *flying = find_flying(desk, id), **bucket = bucket_of(desk, id);
    size_t size = entry->header.size + entry->body.size;

    if (desk->flying_count + 1 > desk->credit || desk->flying_size + size > desk->credit_size)
        return false;
    if (!flying) {
        flying = malloc(sizeof *flying);
        if (!flying)
            return desk_ok(desk, ST_NOMEM);
        *flying = (struct flying){.next = *bucket,
                                  .id = *id,
                                  .header = sha256(entry->header.data, entry->header.size),
                                  .size = size,
                                  .lane = entry->lane,
                                  .number = entry->number};
        *bucket = flying;
    }
    flying->retry_at_ms = 0;
    take_credit(desk, flying);
    return true;
}

bool desk_landed(struct desk *desk, const struct id *id)
{
    for (struct flying **link = bucket_of(desk, id); *link; link = &(*link)->next) {
        if (id_equal(&(*link)->id, id)) {
            struct flying *flying = *link;

            *link = flying->next;
            if (!is_postponed(flying))
                give_credit(desk, flying);
            free(flying);
            return true;
        }
    }
    return false;
}

bool desk_find_flying(const struct desk *desk, const struct digest *header, struct id *out)
{
    for (size_t i = 0; i < FLYING_BUCKETS; i++) {
        for (const struct flying *f = desk->flying[i]; f; f = f->next) {
            if (digest_equal(&f->header, header)) {
                *out = f->id;
                return true;
            }
        }
    }
    return false;
}

void desk_forget_flying(struct desk *desk)
{
    for (size_t i = 0; i < FLYING_BUCKETS; i++) {
        while (desk->flying[i]) {
            struct flying *flying = desk->flying[i];

            desk->flying[i] = flying->next;
            free(flying);
        }
    }
    desk->flying_count = desk->flying_size = 0;
    desk->postponed_until_ms = INT64_MAX;
}

/* ---- those that were refused for the time being ---- */

void desk_postpone(struct desk *desk, const struct id *id)
{
    struct flying *f = find_flying(desk, id);
    int64_t wait_ms = RETRY_MS;

    if (!f || is_postponed(f))
        return;
    for (unsigned i = 0; i < f->refusals && wait_ms < POSTPONE_MOST_MS; i++)
        wait_ms *= 2;
    f->refusals++;
    f->retry_at_ms = desk->now_ms + wait_ms;
    give_credit(desk, f);
    if (f->retry_at_ms < desk->postponed_until_ms)
        desk->postponed_until_ms = f->retry_at_ms;
}

void desk_retry_postponed(struct desk *desk)
{
    if (desk->now_ms < desk->postponed_until_ms)
        return;
    desk->postponed_until_ms = INT64_MAX;
    for (size_t i = 0; i < FLYING_BUCKETS; i++) {
        for (const struct flying *f = desk->flying[i]; f; f = f->next) {
            if (!is_postponed(f))
                continue;
            if (f->retry_at_ms > desk->now_ms) {
                if (f->retry_at_ms < desk->postponed_until_ms)
                    desk->postponed_until_ms = f->retry_at_ms;
            } else if (f->number < desk->submit_from[f->lane]) {
                desk->submit_from[f->lane] = f->number;
            }
        }
    }
}

/* What our own agreements say of it by now. False: it is over, or to be sealed once more. */
static bool is_permitted_still(struct desk *desk, const struct id *id)
{
    struct track track;
    struct question question;
    struct decision decision;
    enum status status = track_get(desk->txn, WAY_OUT, id, &track);

    if (status == ST_MORE || status == ST_INVALID)
        return true; /* nothing can be said: as before */
    if (!desk_ok(desk, status))
        return false;
    question = desk_question(&track, !id_is_zero(&track.in_reply_to));
    question.agreement_id = track.agreement_id;
    decision = desk_decide(desk, &track, &question);
    if (decision.permitted && digest_equal(&decision.agreement->hash, &track.agreement_hash))
        return true;
    (void)desk_landed(desk, id);
    desk_act_unsaid(desk, &track);
    if (!decision.permitted)
        desk_refuse_here(desk, &track, decision.code, decision.offending);
    else if (desk_set_aside(desk, &track, CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
                            desk->wall_ms))
        desk_unsaid(desk, &track, false);
    else
        desk_refuse_here(desk, &track, CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE, 0);
    return false;
}

bool desk_may_take_off(struct desk *desk, const struct id *id)
{
    const struct flying *f = find_flying(desk, id);

    if (!f)
        return true;
    return is_postponed(f) && f->retry_at_ms <= desk->now_ms && is_permitted_still(desk, id);
}
