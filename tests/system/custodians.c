#include "tests/system/custodians.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/awaiting.h"

#define PATIENCE_MS 30000 /* until what must come is missing: it takes milliseconds */
#define ROUNDS 4 /* hops of what follows from what was done: there, back, on, its receipt */

/* ---- waiting ---- */

void scenario_hear_out(struct scenario *s, const char *agency)
{
    struct concordat *client = scenario_client(s, agency);

    if (hear_out(client, &s->marker, PATIENCE_MS))
        return;
    struct concordat_answer *answer = concordat_status(client);
    fail("%s does not hear the broker: %s", agency,
         answer->status ? answer->status->last_error : "its agent does not answer");
}

static void hear_all_out(struct scenario *s)
{
    for (size_t i = 0; i < s->community.member_count; i++)
        if (s->community.agents[i].pid != 0)
            scenario_hear_out(s, s->community.members[i].agency);
}

bool scenario_until(struct scenario *s, bool (*is_so)(void *context), void *context)
{
    bool so = is_so(context);

    for (int round = 0; !so && round < ROUNDS; round++) {
        hear_all_out(s);
        so = is_so(context);
    }
    return so;
}

void scenario_later(struct scenario *s, const char *moment)
{
    int64_t at_ms = moment_ms(moment);

    if (at_ms - peer_now_ms() < 2 * 60000)
        fail("%s: too short a jump for connections to be given up", moment);
    scenario_clock_to(at_ms);
    hear_all_out(s);
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
    s->marker = handle;
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
    const char *with; /* NULL: whoever */
    const struct concordat_id *conversation;
};

static bool is_open(const struct concordat_custody *custody, const void *context)
{
    const struct asked *a = context;
    bool found = false;

    for (size_t i = 0; custody && i < custody->conversation_count; i++) {
        const struct concordat_conversation *c = &custody->conversations[i];
        found |= memcmp(&c->id, a->conversation, sizeof c->id) == 0 && strcmp(c->state, "open") == 0
              && (!a->with || strcmp(c->with, a->with) == 0);
    }
    return found;
}

static bool is_not_open(const struct concordat_custody *custody, const void *context)
{
    return !is_open(custody, context);
}

void expect_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                 const struct concordat_id *conversation, const char *with, const char *what)
{
    const struct asked asked = {with, conversation};

    expect(await_custody(scenario_client(s, agency), handle, is_open, &asked, PATIENCE_MS), "%s",
           what);
}

void expect_not_open(struct scenario *s, const char *agency, const struct concordat_id *handle,
                     const struct concordat_id *conversation, const char *what)
{
    const struct asked asked = {NULL, conversation};

    expect(await_custody(scenario_client(s, agency), handle, is_not_open, &asked, PATIENCE_MS),
           "%s", what);
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
    uint32_t number;
    const char *state, *reason;
};

static bool component_is(const struct concordat_custody *custody, const void *context)
{
    const struct component *c = context;
    bool found = false;

    for (size_t i = 0; custody && i < custody->component_count; i++)
        found |= custody->components[i].number == c->number
              && strcmp(custody->components[i].state, c->state) == 0
              && strcmp(custody->components[i].reason, c->reason) == 0;
    return found;
}

void expect_component(struct scenario *s, const char *agency, const struct concordat_id *handle,
                      uint32_t component, const char *state, const char *reason, const char *what)
{
    const struct component c = {component, state, reason};

    expect(await_custody(scenario_client(s, agency), handle, component_is, &c, PATIENCE_MS), "%s",
           what);
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

    expect(scenario_until(s, is_due, &owed), "%s", what);
}

void expect_not_due(struct scenario *s, const char *agency, const char *type, const char *what)
{
    struct owed owed = {s, agency, NULL, type};

    expect(scenario_until(s, is_not_due, &owed), "%s", what);
}

/* ---- alarms ---- */

static bool is_so(const char *wanted, const char *text)
{
    return !wanted || strcmp(wanted, text) == 0;
}

static bool is_meant(const struct concordat_alarm *alarm, const void *context)
{
    const struct alarms *which = context;

    return is_so(which->kind, alarm->kind) && is_so(which->stage, alarm->stage)
        && is_so(which->expected, alarm->expected) && is_so(which->role, alarm->role);
}

unsigned alarms_of(struct scenario *s, const char *agency, const struct alarms *which)
{
    const struct alarms_meant meant = {is_meant, which};

    scenario_hear_out(s, agency);
    return (unsigned)count_alarms(scenario_client(s, agency), &meant);
}

void expect_alarms(struct scenario *s, const char *agency, const struct alarms *which,
                   unsigned count, const char *what)
{
    const struct alarms_meant meant = {is_meant, which};

    (void)await_alarms(scenario_client(s, agency), &meant, count, PATIENCE_MS);
    unsigned there = alarms_of(s, agency, which);
    if (!expect(there == count, "%s", what))
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
