#include "tests/system/desks.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/system/inboxes.h"

#define K                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"
#define ANSWER "check.social_care.children.response"
#define GIVE_UP_MS 60000 /* what has not come by then does not: daemons start in between */
#define NAP_NS 10000000
#define SOON_MS 1500
#define SOON_MAX 24     /* of a desk: its alarms are listed in one page */
#define SOON_OPEN_MAX 5 /* they stay open, and go with the case */
#define FAR_MS 7200000
#define LIST 1000

static const char check[] =
    "{" K ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"%lld\", \"children\": [{\"person\": "
    "{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}, \"relationship\": \"child\"}]}";
static const char known[] =
    "{\"outcome\": \"KNOWN_CURRENT\", \"children\": [{\"linkedRef\": \"c1\", \"status\": "
    "\"S47_ENQUIRY\", \"from\": {\"ymd\": 20260224}}]}";

static atomic_int outstanding;

int desks_outstanding(void)
{
    return outstanding;
}

static void wrong(struct desk *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct desk *d, const char *format, ...)
{
    char text[CONCORDAT_ID_TEXT], what[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    concordat_id_print(&d->handle, text);
    printf("WRONG case %s: %s\n", text, what);
    d->wrong++;
}

static int64_t real_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool same(const struct concordat_id *a, const struct concordat_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static const char *name(const struct desk *d, enum desk_who who)
{
    return d->who[who].agency;
}

static enum desk_who other(enum desk_who keeper)
{
    return keeper == DESK_NPS ? DESK_CRC : DESK_NPS;
}

static enum desk_who find_who(const struct desk *d, const char *agency)
{
    enum desk_who who = DESK_NPS;

    while (who < DESK_WHO_COUNT && strcmp(name(d, who), agency) != 0)
        who++;
    return who;
}

/* Asks until it is so. */
static bool until(bool (*is_so)(struct desk *, const void *), struct desk *d, const void *what)
{
    int64_t end_ms = real_ms() + GIVE_UP_MS;

    while (!is_so(d, what)) {
        if (real_ms() > end_ms)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return true;
}

/* ---- saying ---- */

static struct concordat *client_of(void *context, const char *agency)
{
    struct desk *d = context;

    return d->clients[find_who(d, agency)];
}

static struct concordat_answer *say(void *context, const char *from,
                                    struct concordat_message message)
{
    static const _Atomic bool always = true;
    struct desk *d = context;

    message.message_id = concordat_id_new();
    message.case_handle = d->handle;
    message.wait_ms = 1000;
    if (message.json)
        message.json_size = strlen(message.json);
    outstanding++;
    struct concordat_answer *a = send_until_verdict(client_of(d, from), &message, &always);
    outstanding--;
    if (a->outcome != CONCORDAT_DONE)
        wrong(d, "%s of %s: %s %s", message.type, from,
              a->refusal         ? a->refusal->code
              : a->problem_count ? a->problems[0].where
                                 : "",
              a->problem_count ? a->problems[0].text : "");
    else if (d->sent_count == DESK_SENT_MAX)
        fail("a desk says too much");
    else
        d->sent[d->sent_count++] = (struct desk_sent){message.message_id, find_who(d, message.to)};
    return a;
}

struct arrival {
    struct concordat_id id;
    enum desk_who from;
    bool failed;
};

static bool has_come(struct desk *d, const void *what)
{
    const struct arrival *a = what;
    struct concordat_answer *t = concordat_track(d->clients[a->from], &a->id, 1, "delivered", 1000);
    bool found = false;

    for (size_t i = 0; t->item_count == 1 && i < t->items[0].rung_count; i++)
        found |= strcmp(t->items[0].rungs[i].name, "delivered") == 0;
    concordat_answer_free(t);
    return found;
}

/* Said, accepted and with the other side; what has gone wrong is told. Frees the answer. */
static bool arrives(struct desk *d, enum desk_who from, struct concordat_answer *a,
                    const char *what)
{
    struct arrival arrival = {.id = a->message_id, .from = from};
    bool done = a->outcome == CONCORDAT_DONE;

    concordat_answer_free(a);
    if (!done)
        return false;
    if (!until(has_come, d, &arrival))
        wrong(d, "%s is accepted, and does not come", what);
    return d->wrong == 0;
}

/* ---- what the agents know ---- */

/* With `who` as with all: the holder is who completed last, and `next` of the version. */
static bool knows(struct desk *d, enum desk_who who)
{
    struct concordat_answer *a = concordat_case(d->clients[who], &d->handle, 0);
    const struct concordat_custody *c = a->custody;
    bool is_so = c && strcmp(c->holder, name(d, d->holder)) == 0 && c->version == d->version
              && concordat_id_is_none(&c->transfer_id);

    concordat_answer_free(a);
    return is_so;
}

static bool keepers_know(struct desk *d, const void *what)
{
    return !what && knows(d, DESK_NPS) && knows(d, DESK_CRC);
}

static bool is_open_at(struct desk *d, enum desk_who who, enum desk_who with,
                       const struct concordat_id *conversation)
{
    struct concordat_answer *a = concordat_case(d->clients[who], &d->handle, 0);
    bool found = false;

    for (size_t i = 0; a->custody && i < a->custody->conversation_count; i++) {
        const struct concordat_conversation *c = &a->custody->conversations[i];
        found |= same(&c->id, conversation) && strcmp(c->state, "open") == 0
              && strcmp(c->with, name(d, with)) == 0;
    }
    concordat_answer_free(a);
    return found;
}

/* Both of its sides have it open with each other. */
static bool goes_on(struct desk *d, const void *conversation)
{
    return is_open_at(d, d->holder, DESK_CARE, conversation)
        && is_open_at(d, DESK_CARE, d->holder, conversation);
}

/* Its case's holder, and what is open in it, is known to everybody. */
static bool is_known(struct desk *d)
{
    if (!until(keepers_know, d, NULL))
        wrong(d, "its keepers do not hear who holds it");
    if (d->wrong == 0 && !until(goes_on, d, &d->referral))
        wrong(d, "its referral does not go on under the holder");
    for (size_t i = 0; d->wrong == 0 && i < d->asked_count; i++)
        if (!d->asked[i].is_answered && !until(goes_on, d, &d->asked[i].id))
            wrong(d, "an enquiry does not go on under the holder");
    return d->wrong == 0;
}

/* ---- a turn ---- */

static bool refer(struct desk *d)
{
    char *body = referral_body("desk", 800);
    struct concordat_answer *a =
        say(d, name(d, d->holder),
            (struct concordat_message){
                .type = "safeguarding.referral.child", .to = name(d, DESK_CARE), .json = body});

    d->referral = a->message_id;
    free(body);
    return arrives(d, d->holder, a, "a referral");
}

static size_t count_soon(const struct desk *d, bool open_alone)
{
    size_t count = 0;

    for (size_t i = 0; i < d->asked_count; i++)
        count += d->asked[i].is_soon && !(open_alone && d->asked[i].is_answered);
    return count;
}

static bool ask(struct desk *d, bool is_soon)
{
    struct desk_asked *asked = &d->asked[d->asked_count];
    char body[512];

    if (d->asked_count == DESK_ASKED_MAX)
        return true;
    *asked = (struct desk_asked){.needed_by_ms = real_ms() + (is_soon ? SOON_MS : FAR_MS),
                                 .is_soon = is_soon};
    (void)snprintf(body, sizeof body, check, (long long)asked->needed_by_ms); // NOLINT: ours
    struct concordat_answer *a = say(
        d, name(d, d->holder),
        (struct concordat_message){
            .type = "check.social_care.children.request", .to = name(d, DESK_CARE), .json = body});
    if (a->outcome == CONCORDAT_DONE) {
        asked->id = a->message_id;
        d->asked_count++;
    }
    return arrives(d, d->holder, a, "an enquiry");
}

static bool answer(struct desk *d, struct desk_asked *asked)
{
    struct concordat_answer *a = say(d, name(d, DESK_CARE),
                                     (struct concordat_message){.type = ANSWER,
                                                                .to = name(d, d->holder),
                                                                .json = known,
                                                                .in_reply_to = asked->id,
                                                                .conversation_id = asked->id});

    asked->is_answered = a->outcome == CONCORDAT_DONE;
    return arrives(d, DESK_CARE, a, "an answer");
}

/* What is not due soon; and of that what would be too much to stay open, the oldest. */
static bool answer_some(struct desk *d)
{
    size_t too_many = count_soon(d, true);

    too_many -= too_many > SOON_OPEN_MAX ? SOON_OPEN_MAX : too_many;
    for (size_t i = 0; i < d->asked_count; i++) {
        if (d->asked[i].is_answered || (d->asked[i].is_soon && too_many == 0))
            continue;
        too_many -= d->asked[i].is_soon;
        if (!answer(d, &d->asked[i]))
            return false;
    }
    return true;
}

static bool part_is_here(struct desk *d, const void *what)
{
    struct concordat_answer *a = concordat_case(d->clients[other(d->holder)], &d->handle, 0);
    bool is_here = !what && a->custody && a->custody->part_count == 1
                && strcmp(a->custody->parts[0].state, "here") == 0;

    concordat_answer_free(a);
    return is_here;
}

static bool hand_over(struct desk *d)
{
    const enum desk_who from = d->holder, to = other(from);
    struct handover *h = &d->handover;

    *h = (struct handover){.way = &d->way,
                           .from = name(d, from),
                           .to = name(d, to),
                           .reason = "INITIAL_ALLOCATION",
                           .subject = K,
                           .components = 2,
                           .part_count = 1,
                           .case_handle = d->handle};
    handover_prepare(h);
    if (!arrives(d, from, handover_offer(h, NULL), "an offer")
        || !arrives(d, to, handover_accept(h, NULL), "an acceptance")
        || !arrives(d, from, handover_send_part(h, 1, false), "a part"))
        return false;
    if (!until(part_is_here, d, NULL)) {
        wrong(d, "a part has come, and is not here");
        return false;
    }
    if (!arrives(d, to, handover_complete(h), "a completion"))
        return false;
    d->holder = to;
    d->version += 2; /* one for the offer, one for the completion */
    d->transfers++;
    return is_known(d);
}

bool desk_turn(struct desk *d)
{
    if (d->wrong > 0 || (d->transfers == 0 && !refer(d)))
        return false;
    if (count_soon(d, false) < SOON_MAX && !ask(d, true))
        return false;
    return ask(d, false) && hand_over(d) && answer_some(d);
}

/* ---- life ---- */

void desk_open(struct desk *d, struct community *c, size_t first, const struct member *who,
               unsigned number)
{
    *d = (struct desk){.who = who,
                       .number = number,
                       .handle = concordat_id_new(),
                       .version = 1,
                       .way = {d, client_of, say}};
    for (size_t i = 0; i < DESK_WHO_COUNT; i++)
        d->clients[i] = community_client(c, first + i);
    enum concordat_outcome outcome;
    do {
        struct concordat_answer *a =
            concordat_hold(d->clients[d->holder], &d->handle, CONCORDAT_HOLDS, 1000);
        outcome = a->outcome;
        concordat_answer_free(a);
    } while (outcome == CONCORDAT_QUEUED || outcome == CONCORDAT_FAILED);
    if (outcome != CONCORDAT_DONE)
        wrong(d, "it cannot be opened");
}

void desk_close(struct desk *d)
{
    for (size_t i = 0; i < DESK_WHO_COUNT; i++)
        concordat_close(d->clients[i]);
}

/* ---- the end ---- */

/* Says the broker, asked by `who`. */
static bool broker_knows(struct desk *d, const void *what)
{
    const enum desk_who *who = what;
    struct concordat_answer *a = concordat_holder(d->clients[*who], &d->handle, 1000);
    const struct concordat_custody *c = a->custody;
    bool answered = a->outcome == CONCORDAT_REFUSED || (c && c->from_broker);

    if (a->outcome == CONCORDAT_REFUSED)
        wrong(d, "%s is told %s", name(d, *who), a->refusal ? a->refusal->code : "nothing");
    else if (answered && (strcmp(c->holder, name(d, d->holder)) != 0 || c->version != d->version))
        wrong(d, "%s is told that %s holds it, version %llu", name(d, *who), c->holder,
              (unsigned long long)c->version);
    concordat_answer_free(a);
    return answered;
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
static bool is_owed(struct desk *d, const void *message)
{
    return has_due(d, DESK_CARE, true, message) && has_due(d, d->holder, false, message);
}

static void judge_open(struct desk *d, struct desk_verdict *v)
{
    if (!until(is_owed, d, &d->referral))
        wrong(d, "nobody owes anything about its referral");
    v->open += d->wrong == 0;
    for (size_t i = 0; d->wrong == 0 && i < d->asked_count; i++) {
        if (d->asked[i].is_answered)
            continue;
        if (!until(is_owed, d, &d->asked[i].id))
            wrong(d, "nobody owes the answer to an open enquiry");
        v->open++;
    }
}

static size_t count_breaches(struct desk *d, enum desk_who who, const struct concordat_id *message)
{
    struct concordat_answer *a = concordat_alarms(d->clients[who], LIST, true);
    size_t count = 0;

    for (size_t i = 0; i < a->alarm_count; i++)
        count += same(&a->alarms[i].message_id, message) && strcmp(a->alarms[i].kind, "answer") == 0
              && strcmp(a->alarms[i].stage, "breached") == 0;
    concordat_answer_free(a);
    return count;
}

static size_t breaches_at_keepers(struct desk *d, const struct concordat_id *message)
{
    return count_breaches(d, DESK_NPS, message) + count_breaches(d, DESK_CRC, message);
}

static bool is_breached(struct desk *d, const void *message)
{
    return count_breaches(d, DESK_CARE, message) > 0 && breaches_at_keepers(d, message) > 0;
}

/* Both sides of an enquiry that nobody answered in time were told, once. */
static void judge_clocks(struct desk *d, struct desk_verdict *v)
{
    for (size_t i = 0; i < d->asked_count; i++) {
        const struct concordat_id *id = &d->asked[i].id;

        if (!d->asked[i].is_soon || d->asked[i].is_answered)
            continue;
        if (!until(is_breached, d, id))
            v->clocks_lost++;
        else if (count_breaches(d, DESK_CARE, id) > 1 || breaches_at_keepers(d, id) > 1)
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
    for (enum desk_who who = DESK_NPS; who <= DESK_CRC; who++)
        if (!until(broker_knows, d, &who))
            wrong(d, "the broker does not say who holds it");
    if (d->wrong > 0 || !is_known(d))
        return;
    judge_open(d, v);
    if (d->wrong > 0)
        return;
    judge_clocks(d, v);
    for (size_t i = 0; i < d->asked_count; i++)
        if (!d->asked[i].is_answered && !answer(d, &d->asked[i]))
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
