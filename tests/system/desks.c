#include "tests/system/desks_inside.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/system/awaiting.h"
#include "tests/system/inboxes.h"

#define K                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"
#define ANSWER "check.social_care.children.response"
#define SOON_MS 1500
#define SOON_MAX 24     /* of a desk: its alarms are listed in one page */
#define SOON_OPEN_MAX 5 /* they stay open, and go with the case */
#define FAR_MS 7200000

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

void desk_wrong(struct desk *d, const char *format, ...)
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

const char *desk_name(const struct desk *d, enum desk_who who)
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

    while (who < DESK_WHO_COUNT && strcmp(desk_name(d, who), agency) != 0)
        who++;
    return who;
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
        desk_wrong(d, "%s of %s: %s %s", message.type, from,
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

static bool has_come(struct concordat *client, const struct concordat_id *id, uint32_t wait_ms)
{
    struct concordat_answer *t = concordat_track(client, id, 1, "delivered", wait_ms);
    bool found = false;

    for (size_t i = 0; t->item_count == 1 && i < t->items[0].rung_count; i++)
        found |= strcmp(t->items[0].rungs[i].name, "delivered") == 0;
    concordat_answer_free(t);
    return found;
}

/* Its agent may be killed while it waits. */
static bool comes(struct concordat *client, const struct concordat_id *id)
{
    const int64_t end_ms = real_ms() + GIVE_UP_MS;
    bool found = false;

    for (int64_t left = GIVE_UP_MS; !found && left > 0; left = end_ms - real_ms())
        found = has_come(client, id, (uint32_t)left);
    return found;
}

/* Said, accepted and with the other side; what has gone wrong is told. Frees the answer. */
static bool arrives(struct desk *d, enum desk_who from, struct concordat_answer *a,
                    const char *what)
{
    const struct concordat_id id = a->message_id;
    bool done = a->outcome == CONCORDAT_DONE;

    concordat_answer_free(a);
    if (!done)
        return false;
    if (!comes(d->clients[from], &id))
        desk_wrong(d, "%s is accepted, and does not come", what);
    return d->wrong == 0;
}

/* ---- what the agents know ---- */

static bool await_who(struct desk *d, enum desk_who who,
                      bool (*is_so)(const struct concordat_custody *custody, const void *context),
                      const void *context)
{
    return await_custody(d->clients[who], &d->handle, is_so, context, GIVE_UP_MS);
}

/* The holder is who completed last, and the version the one after that. */
static bool is_as_with_us(const struct concordat_custody *c, const void *context)
{
    const struct desk *d = context;

    return c && strcmp(c->holder, desk_name(d, d->holder)) == 0 && c->version == d->version
        && concordat_id_is_none(&c->transfer_id);
}

struct talk {
    const struct concordat_id *conversation;
    const char *with;
};

static bool is_open(const struct concordat_custody *custody, const void *context)
{
    const struct talk *talk = context;
    bool found = false;

    for (size_t i = 0; custody && i < custody->conversation_count; i++) {
        const struct concordat_conversation *c = &custody->conversations[i];
        found |= same(&c->id, talk->conversation) && strcmp(c->state, "open") == 0
              && strcmp(c->with, talk->with) == 0;
    }
    return found;
}

/* Both of its sides have it open with each other. */
static bool goes_on(struct desk *d, const struct concordat_id *conversation)
{
    const struct talk with_care = {conversation, desk_name(d, DESK_CARE)};
    const struct talk with_holder = {conversation, desk_name(d, d->holder)};

    return await_who(d, d->holder, is_open, &with_care)
        && await_who(d, DESK_CARE, is_open, &with_holder);
}

bool desk_is_known(struct desk *d)
{
    if (!await_who(d, DESK_NPS, is_as_with_us, d) || !await_who(d, DESK_CRC, is_as_with_us, d))
        desk_wrong(d, "its keepers do not hear who holds it");
    if (d->wrong == 0 && !goes_on(d, &d->referral))
        desk_wrong(d, "its referral does not go on under the holder");
    for (size_t i = 0; d->wrong == 0 && i < d->asked_count; i++)
        if (!d->asked[i].is_answered && !goes_on(d, &d->asked[i].id))
            desk_wrong(d, "an enquiry does not go on under the holder");
    return d->wrong == 0;
}

/* ---- a turn ---- */

static bool refer(struct desk *d)
{
    char *body = referral_body("desk", 800);
    struct concordat_answer *a = say(
        d, desk_name(d, d->holder),
        (struct concordat_message){
            .type = "safeguarding.referral.child", .to = desk_name(d, DESK_CARE), .json = body});

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
    struct concordat_answer *a =
        say(d, desk_name(d, d->holder),
            (struct concordat_message){.type = "check.social_care.children.request",
                                       .to = desk_name(d, DESK_CARE),
                                       .json = body});
    if (a->outcome == CONCORDAT_DONE) {
        asked->id = a->message_id;
        d->asked_count++;
    }
    return arrives(d, d->holder, a, "an enquiry");
}

bool desk_answer(struct desk *d, struct desk_asked *asked)
{
    struct concordat_answer *a = say(d, desk_name(d, DESK_CARE),
                                     (struct concordat_message){.type = ANSWER,
                                                                .to = desk_name(d, d->holder),
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
        if (!desk_answer(d, &d->asked[i]))
            return false;
    }
    return true;
}

static bool part_is_here(const struct concordat_custody *custody, const void *)
{
    return custody && custody->part_count == 1 && strcmp(custody->parts[0].state, "here") == 0;
}

static bool hand_over(struct desk *d)
{
    const enum desk_who from = d->holder, to = other(from);
    struct handover *h = &d->handover;

    *h = (struct handover){.way = &d->way,
                           .from = desk_name(d, from),
                           .to = desk_name(d, to),
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
    if (!await_who(d, to, part_is_here, NULL)) {
        desk_wrong(d, "a part has come, and is not here");
        return false;
    }
    if (!arrives(d, to, handover_complete(h), "a completion"))
        return false;
    d->holder = to;
    d->version += 2; /* one for the offer, one for the completion */
    d->transfers++;
    return desk_is_known(d);
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
        desk_wrong(d, "it cannot be opened");
}

void desk_close(struct desk *d)
{
    for (size_t i = 0; i < DESK_WHO_COUNT; i++)
        concordat_close(d->clients[i]);
}
