/* What is known of the desks' cases at the end. See desks.h. */
#include <stdlib.h>

#include "tests/system/awaiting.h"
#include "tests/system/desks_inside.h"
#include "tests/system/inboxes.h"

#define ROUNDS 4 /* hops of what follows from what was said: there, back, on, its receipt */
#define LIST 1000

/* Everybody has all that the broker had for them. */
static bool hear_all_out(struct desk *d)
{
    for (enum desk_who who = DESK_NPS; who < DESK_WHO_COUNT; who++)
        if (!hear_out(d->clients[who], &d->handle, GIVE_UP_MS))
            return false;
    return true;
}

/* Says the broker, which `who` has. */
static void judge_holder(struct desk *d, enum desk_who who)
{
    struct concordat_answer *a = concordat_holder(d->clients[who], &d->handle, GIVE_UP_MS);
    const struct concordat_custody *c = a->custody;

    if (a->outcome == CONCORDAT_REFUSED)
        desk_wrong(d, "%s is told %s", desk_name(d, who),
                   a->refusal ? a->refusal->code : "nothing");
    else if (!c || !c->from_broker)
        desk_wrong(d, "the broker does not say who holds it");
    else if (strcmp(c->holder, desk_name(d, d->holder)) != 0 || c->version != d->version)
        desk_wrong(d, "%s is told that %s holds it, version %llu", desk_name(d, who), c->holder,
                   (unsigned long long)c->version);
    concordat_answer_free(a);
}

static bool has_due(struct desk *d, enum desk_who at, bool by_us,
                    const struct concordat_id *message)
{
    struct concordat_answer *a = concordat_due(d->clients[at], LIST);
    bool found = false;

    for (size_t i = 0; i < a->due_count; i++)
        found |= same(&a->due[i].message_id, message) && a->due[i].by_us == by_us;
    concordat_answer_free(a);
    return found;
}

/* Who owes it knows, and who it is owed to. */
static bool is_owed(struct desk *d, const struct concordat_id *message)
{
    bool is = false;

    for (int round = 0; !is && round < ROUNDS && hear_all_out(d); round++)
        is = has_due(d, DESK_CARE, true, message) && has_due(d, d->holder, false, message);
    return is;
}

static void judge_open(struct desk *d, struct desk_verdict *v)
{
    if (!is_owed(d, &d->referral))
        desk_wrong(d, "nobody owes anything about its referral");
    v->open += d->wrong == 0;
    for (size_t i = 0; d->wrong == 0 && i < d->asked_count; i++) {
        if (d->asked[i].is_answered)
            continue;
        if (!is_owed(d, &d->asked[i].id))
            desk_wrong(d, "nobody owes the answer to an open enquiry");
        v->open++;
    }
}

/* Of an answer that is missing. */
static bool is_breach(const struct concordat_alarm *alarm, const void *message)
{
    return same(&alarm->message_id, message) && strcmp(alarm->kind, "answer") == 0
        && strcmp(alarm->stage, "breached") == 0;
}

static bool is_breached(struct desk *d, const struct alarms_meant *breach)
{
    return await_alarms(d->clients[DESK_CARE], breach, 1, GIVE_UP_MS) && hear_all_out(d);
}

/* Both sides of an enquiry that nobody answered in time were told, once. */
static void judge_clocks(struct desk *d, struct desk_verdict *v)
{
    for (size_t i = 0; i < d->asked_count; i++) {
        const struct concordat_id *id = &d->asked[i].id;

        if (!d->asked[i].is_soon || d->asked[i].is_answered)
            continue;
        const struct alarms_meant breach = {is_breach, id};
        bool is_told = is_breached(d, &breach);
        size_t at_care = count_alarms(d->clients[DESK_CARE], &breach);
        size_t at_keepers = count_alarms(d->clients[DESK_NPS], &breach)
                          + count_alarms(d->clients[DESK_CRC], &breach);
        if (!is_told || at_keepers == 0)
            v->clocks_lost++;
        else if (at_care > 1 || at_keepers > 1)
            v->struck_twice++;
        else
            v->breached++;
    }
}

static void judge_inboxes(struct desk *d, struct desk_verdict *v)
{
    for (enum desk_who who = DESK_NPS; who < DESK_WHO_COUNT; who++) {
        size_t count;
        struct concordat_id *ids = inbox_everything(d->clients[who], &count);

        for (size_t i = 0; i < d->sent_count; i++) {
            if (d->sent[i].to != who)
                continue;
            size_t times = inbox_count(ids, count, &d->sent[i].id);
            v->lost += times == 0;
            v->twice_in_inbox += times > 1;
        }
        free(ids);
    }
}

static void judge(struct desk *d, struct desk_verdict *v)
{
    if (!hear_all_out(d))
        desk_wrong(d, "an agency does not hear the broker");
    for (enum desk_who who = DESK_NPS; d->wrong == 0 && who <= DESK_CRC; who++)
        judge_holder(d, who);
    if (d->wrong > 0 || !desk_is_known(d))
        return;
    judge_open(d, v);
    if (d->wrong > 0)
        return;
    judge_clocks(d, v);
    for (size_t i = 0; i < d->asked_count; i++)
        if (!d->asked[i].is_answered && !desk_answer(d, &d->asked[i]))
            return;
    judge_inboxes(d, v);
}

void desk_judge(struct desk *d, struct desk_verdict *v)
{
    if (d->wrong == 0)
        judge(d, v);
    v->cases++;
    v->transfers += d->transfers;
    v->accepted += d->sent_count;
    v->wrong += d->wrong;
}

void desks_judge_alarms(struct desk *any, struct desk_verdict *v)
{
    for (enum desk_who who = DESK_NPS; who < DESK_WHO_COUNT; who++) {
        struct concordat_answer *a = concordat_alarms(any->clients[who], LIST, true);

        for (size_t i = 0; i < a->alarm_count; i++)
            for (size_t j = 0; j < i; j++) {
                const struct concordat_alarm *x = &a->alarms[i], *y = &a->alarms[j];
                v->struck_twice += same(&x->message_id, &y->message_id) && x->count == y->count
                                && strcmp(x->kind, y->kind) == 0 && strcmp(x->stage, y->stage) == 0;
            }
        concordat_answer_free(a);
    }
}
