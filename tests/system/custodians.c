#include "tests/system/custodians.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 30000 /* until what the broker tells has come: it takes milliseconds */
#define QUIET_MS 300      /* without anything new: that was all */
#define NAP_NS 10000000

/* ---- waiting ---- */

static int64_t real_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool scenario_until(bool (*is_so)(void *context), void *context)
{
    int64_t end_ms = real_ms() + PATIENCE_MS;

    while (!is_so(context)) {
        if (real_ms() > end_ms)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return true;
}

struct back {
    struct concordat *client;
    int64_t since_ms;
    int64_t quiet_ms; /* by this time who has not gone has been heard in the very moment */
};

static bool is_back(void *context)
{
    const struct back *back = context;
    struct concordat_answer *answer = concordat_status(back->client);
    bool is = answer->status && answer->status->connected
           && (answer->status->since_ms >= back->since_ms || real_ms() > back->quiet_ms);

    concordat_answer_free(answer);
    return is;
}

void scenario_later(struct scenario *s, const char *moment)
{
    struct back back = {.since_ms = moment_ms(moment), .quiet_ms = real_ms() + PATIENCE_MS / 6};

    if (back.since_ms - peer_now_ms() < 2 * 60000)
        fail("%s: too short a jump for connections to be given up", moment);
    scenario_clock_to(back.since_ms);
    for (size_t i = 0; i < s->community.member_count; i++) {
        if (s->community.agents[i].pid == 0)
            continue;
        back.client = scenario_client(s, s->community.members[i].agency);
        if (!scenario_until(is_back, &back)) {
            struct concordat_answer *answer = concordat_status(back.client);
            fail("%s does not find the broker again: %s", s->community.members[i].agency,
                 answer->status ? answer->status->last_error : "its agent does not answer");
        }
    }
}

/* ---- cases ---- */

struct concordat_id open_case(struct scenario *s, const char *agency)
{
    struct concordat_answer *answer =
        concordat_hold(scenario_client(s, agency), NULL, CONCORDAT_HOLDS, WAIT_MS);
    struct concordat_id handle = answer->case_handle;

    expect(answer->outcome == CONCORDAT_DONE && !concordat_id_is_none(&handle) && answer->custody
               && strcmp(answer->custody->holder, agency) == 0,
           "%s opens the case, and holds it", agency);
    concordat_answer_free(answer);
    return handle;
}

struct concordat_answer *close_case(struct scenario *s, const char *agency,
                                    const struct concordat_id *handle)
{
    return concordat_hold(scenario_client(s, agency), handle, CONCORDAT_IS_OVER, WAIT_MS);
}

void expect_holder(struct scenario *s, const char *asks, const struct concordat_id *handle,
                   const char *holder, const char *what)
{
    struct concordat_answer *answer = concordat_holder(scenario_client(s, asks), handle, WAIT_MS);
    const struct concordat_custody *custody = answer->custody;

    if (!expect(answer->outcome == CONCORDAT_DONE && custody && custody->from_broker
                    && strcmp(custody->holder, holder) == 0,
                "%s", what))
        printf("     outcome %d: %s holds it\n", (int)answer->outcome,
               custody && custody->holder[0] ? custody->holder : "nobody");
    concordat_answer_free(answer);
}

void expect_untold(struct scenario *s, const char *asks, const struct concordat_id *handle,
                   const char *what)
{
    struct concordat_id other = concordat_id_new();
    struct concordat_answer *answer = concordat_holder(scenario_client(s, asks), handle, WAIT_MS);
    struct concordat_answer *no_case = concordat_holder(scenario_client(s, asks), &other, WAIT_MS);

    expect(answer->outcome == CONCORDAT_REFUSED && answer->refusal
               && strcmp(answer->refusal->code, "CASE_NOT_YOURS") == 0
               && no_case->outcome == CONCORDAT_REFUSED && no_case->refusal
               && strcmp(no_case->refusal->code, "CASE_NOT_YOURS") == 0
               && strcmp(no_case->refusal->advice, answer->refusal->advice) == 0,
           "%s: CASE_NOT_YOURS, as of a case that is none", what);
    concordat_answer_free(answer);
    concordat_answer_free(no_case);
}

/* ---- conversations ---- */

struct asked {
    struct scenario *s;
    const char *agency, *with;
    struct concordat_id handle, conversation;
};

static bool is_open(void *context)
{
    const struct asked *a = context;
    struct concordat_answer *answer =
        concordat_case(scenario_client(a->s, a->agency), &a->handle, 0);
    const struct concordat_custody *custody = answer->custody;
    bool found = false;

    for (size_t i = 0; custody && i < custody->conversation_count; i++) {
        const struct concordat_conversation *c = &custody->conversations[i];
        found |= memcmp(&c->id, &a->conversation, sizeof c->id) == 0
              && strcmp(c->state, "open") == 0 && (!a->with || strcmp(c->with, a->with) == 0);
    }
    concordat_answer_free(answer);
    return found;
}

static bool is_not_open(void *context)
{
    return !is_open(context);
}

void expect_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                 const struct concordat_id *conversation, const char *with, const char *what)
{
    struct asked asked = {s, agency, with, *handle, *conversation};

    expect(scenario_until(is_open, &asked), "%s", what);
}

void expect_not_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                     const struct concordat_id *conversation, const char *what)
{
    struct asked asked = {s, agency, NULL, *handle, *conversation};

    expect(scenario_until(is_not_open, &asked), "%s", what);
}

bool conversation_is_listed(struct scenario *s, const char *agency,
                            const struct concordat_id *offer,
                            const struct concordat_id *conversation)
{
    struct concordat_answer *answer = concordat_take(scenario_client(s, agency), offer);
    char id[ID_BASE64];

    id_as_body(conversation, id);
    const char *list = strstr(answer->json, "\"openConversations\"");
    const char *end = list ? strchr(list, ']') : NULL, *at = list ? strstr(list, id) : NULL;
    bool found = at && end && at < end;
    concordat_answer_free(answer);
    return found;
}

struct component {
    struct scenario *s;
    const char *agency, *state, *reason;
    struct concordat_id handle;
    uint32_t number;
};

static bool component_is(void *context)
{
    const struct component *c = context;
    struct concordat_answer *answer =
        concordat_case(scenario_client(c->s, c->agency), &c->handle, 0);
    const struct concordat_custody *custody = answer->custody;
    bool found = false;

    for (size_t i = 0; custody && i < custody->component_count; i++)
        found |= custody->components[i].number == c->number
              && strcmp(custody->components[i].state, c->state) == 0
              && strcmp(custody->components[i].reason, c->reason) == 0;
    concordat_answer_free(answer);
    return found;
}

void expect_component(struct scenario *s, const char *agency, const struct concordat_id *handle,
                      uint32_t component, const char *state, const char *reason, const char *what)
{
    struct component c = {s, agency, state, reason, *handle, component};

    expect(scenario_until(component_is, &c), "%s", what);
}

/* ---- what is not sent ---- */

static void show(const struct concordat_answer *answer)
{
    printf("     outcome %d: %s %s %s\n", (int)answer->outcome,
           answer->refusal ? answer->refusal->code : "",
           answer->problem_count ? answer->problems[0].where : "",
           answer->problem_count ? answer->problems[0].text : "");
}

void expect_bad_input(struct concordat_answer *answer, const char *text, const char *what)
{
    bool says = answer->problem_count > 0
             && (strstr(answer->problems[0].text, text) || strstr(answer->problems[0].where, text));

    if (!expect(answer->outcome == CONCORDAT_BAD_INPUT && says, "%s", what))
        show(answer);
    concordat_answer_free(answer);
}

void expect_bad_or_refused(struct concordat_answer *answer, const char *what)
{
    if (!expect(answer->outcome == CONCORDAT_REFUSED || answer->outcome == CONCORDAT_BAD_INPUT,
                "%s", what))
        show(answer);
    concordat_answer_free(answer);
}

void expect_refused_or_bad(struct concordat_answer *answer, const char *code, const char *what)
{
    bool refused = answer->outcome == CONCORDAT_REFUSED && answer->refusal
                && strcmp(answer->refusal->code, code) == 0;

    if (!expect(refused || answer->outcome == CONCORDAT_BAD_INPUT, "%s", what))
        show(answer);
    concordat_answer_free(answer);
}

/* ---- what is due ---- */

struct owed {
    struct scenario *s;
    const char *agency, *kind, *type;
};

/* What is expected is of that type; anything else is about a message of it. */
static bool is_owed(const struct concordat_due *due, const struct owed *o)
{
    const char *type = strcmp(due->what, "expected") == 0 ? due->expected : due->type;

    return (!o->kind || strcmp(due->what, o->kind) == 0) && strcmp(type, o->type) == 0;
}

static bool is_due(void *context)
{
    const struct owed *o = context;
    struct concordat_answer *answer = concordat_due(scenario_client(o->s, o->agency), 1000);
    bool found = false;

    for (size_t i = 0; i < answer->due_count; i++)
        found |= is_owed(&answer->due[i], o);
    concordat_answer_free(answer);
    return found;
}

static bool is_not_due(void *context)
{
    return !is_due(context);
}

void expect_due(struct scenario *s, const char *agency, const char *kind, const char *type,
                const char *what)
{
    struct owed owed = {s, agency, kind, type};

    expect(scenario_until(is_due, &owed), "%s", what);
}

void expect_not_due(struct scenario *s, const char *agency, const char *type, const char *what)
{
    struct owed owed = {s, agency, NULL, type};

    expect(scenario_until(is_not_due, &owed), "%s", what);
}

/* ---- alarms ---- */

struct alarmed {
    struct scenario *s;
    const char *agency;
    struct alarms which;
    unsigned count;
};

static bool is_so(const char *wanted, const char *text)
{
    return !wanted || strcmp(wanted, text) == 0;
}

static unsigned count_alarms(const struct alarmed *a)
{
    struct concordat_answer *answer =
        concordat_alarms(scenario_client(a->s, a->agency), 1000, true);
    unsigned count = 0;

    for (size_t i = 0; i < answer->alarm_count; i++) {
        const struct concordat_alarm *alarm = &answer->alarms[i];
        count += is_so(a->which.kind, alarm->kind) && is_so(a->which.stage, alarm->stage)
              && is_so(a->which.expected, alarm->expected) && is_so(a->which.role, alarm->role);
    }
    concordat_answer_free(answer);
    return count;
}

static bool are_so_many(void *context)
{
    const struct alarmed *a = context;

    return count_alarms(a) >= a->count;
}

unsigned alarms_of(struct scenario *s, const char *agency, const struct alarms *which)
{
    return count_alarms(&(struct alarmed){s, agency, *which, 0});
}

void expect_alarms(struct scenario *s, const char *agency, const struct alarms *which,
                   unsigned count, const char *what)
{
    struct alarmed a = {s, agency, *which, count};
    bool came = scenario_until(are_so_many, &a);
    int64_t end_ms = real_ms() + QUIET_MS;

    while (real_ms() < end_ms && count_alarms(&a) == count)
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    unsigned there = count_alarms(&a);
    if (!expect(came && there == count, "%s", what))
        printf("     %u alarms '%s', not %u\n", there, which->kind, count);
}

/* ---- another company ---- */

static void replace(char *text, size_t room, const char *from, const char *to)
{
    size_t from_size = strlen(from), to_size = strlen(to);

    for (char *at = text; (at = strstr(at, from)); at += to_size) {
        if (strlen(text) + to_size >= room)
            fail("an agreement is too long");
        memmove(at + to_size, at + from_size, strlen(at + from_size) + 1);
        memcpy(at, to, to_size);
    }
}

const char *agreement_of_next(const struct scenario *s, const char *company, const char *next,
                              unsigned version)
{
    static char text[1 << 17];
    char path[2 * COMMUNITY_PATH], line[32];

    (void)snprintf(path, sizeof path, "%s/agreements/examples/case.yaml", s->source);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, sizeof text / 2, file) : 0;
    if (size == 0 || size == sizeof text / 2)
        fail("%s: %s", path, file ? "too long" : strerror(errno));
    (void)fclose(file);
    text[size] = '\0';
    char *tests = strstr(text, "\ntests:");
    if (tests)
        tests[1] = '\0';
    replace(text, sizeof text, company, next);
    replace(text, sizeof text, "ISA-CASE", "ISA-NEXT");
    (void)snprintf(line, sizeof line, "\nversion: %u\n", version);
    replace(text, sizeof text, "\nversion: 5\n", line);
    return text;
}
