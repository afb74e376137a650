#include "agents/common_platform/hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/common_platform/matter.h"
#include "agents/common_platform/person.h"
#include "agents/common_platform/take.h"
#include "lib/day.h"
#include "proto/identifier.h"

#define NOTICE "court.hearing.notice"
#define SENTENCE "court.sentence.result"
#define OU_MAX 7 /* bytes of a court code */

/* One conversion. */
struct converting {
    const struct hearing_settings *settings;
    struct hearing_messages *out;
    struct source *source; /* of `out` */
    struct node *hearing;
    char court[OU_MAX + 1];
    bool resulted;       /* the message says that results have been shared */
    struct arena *arena; /* of one body */
    struct problem *problem;
};

const char *shape_name(enum shape shape)
{
    static const char *const names[] = {"", "hearing", "wrapped", "resultsShared"};

    return (size_t)shape < sizeof names / sizeof *names ? names[shape] : "";
}

void hearing_messages_free(struct hearing_messages *messages)
{
    if (!messages)
        return;
    for (size_t i = 0; i < messages->count; i++)
        free((uint8_t *)(uintptr_t)messages->messages[i].body.data);
    free(messages->messages);
    free(messages->skipped);
    free(messages->warnings);
    source_free(messages->source);
    free(messages);
}

static enum status fault(struct problem *problem, const struct node *node, const char *below,
                         const char *text)
{
    char path[NODE_PATH_MAX] = "";

    if (node)
        node_path(node, path);
    (void)snprintf(problem->where, sizeof problem->where, "%s%s%s", path,
                   *path && *below ? "." : "", below);
    (void)snprintf(problem->text, sizeof problem->text, "%s", text);
    return ST_INVALID;
}

/* ---- which shape ---- */

static bool looks_like_hearing(const struct node *node)
{
    return node_get(node, "prosecutionCases") || node_get(node, "courtApplications")
        || node_get(node, "hearingDays");
}

static enum status find_hearing(struct converting *c)
{
    struct node *top = source_top(c->source), *inner = node_get(top, "hearing");

    if (node_is_object(inner) && looks_like_hearing(inner)) {
        struct node *shared = node_get(top, "sharedTime");

        c->hearing = inner;
        c->out->shape = shared ? SHAPE_RESULTS_SHARED : SHAPE_WRAPPED;
        c->resulted = node_text(shared);
        source_leave(c->source, shared, "notices say RESULTED, not when");
        return ST_OK;
    }
    if (node_is_object(top) && looks_like_hearing(top)) {
        c->hearing = top;
        c->out->shape = SHAPE_BARE;
        return ST_OK;
    }
    if (node_get(top, "hearingId") && !top->first->next)
        return fault(c->problem, NULL, "",
                     "a hearing that was deleted: it names no defendant, so no notice can be made");
    return fault(c->problem, NULL, "",
                 "no hearing: looked for `prosecutionCases', `courtApplications' or `hearingDays' "
                 "at the top and in an object `hearing'");
}

/* ---- which court ---- */

/* The court that is expected must be the one that the hearing names; it stands in where the hearing
 * names none, if the caller chose it. */
static enum status find_court(struct converting *c)
{
    struct node *node = node_find(c->hearing, "courtCentre.code");
    const char *said = text_of(c->source, node), *chosen = c->settings->court;
    const char *expected = chosen ? chosen : c->settings->ours;
    struct reason why;

    if (node && !said && !json_is_null(node->value) && !json_is_string(node->value))
        return fault(c->problem, c->hearing, "courtCentre.code",
                     "not a court code of 7 characters");
    if (!chosen && !said)
        return fault(c->problem, c->hearing, "courtCentre.code",
                     "the hearing names no court; --court OU says which it is");
    if (said && court_ou_check(said, &why) != ST_OK)
        return fault(c->problem, c->hearing, "courtCentre.code",
                     "not a court code of 7 characters");
    if (!expected || (said && strcmp(said, expected) != 0))
        return fault(c->problem, c->hearing, "courtCentre.code",
                     chosen ? "another court than --court says"
                            : "another court than this agent's; --court OU says which we expect");
    (void)snprintf(c->court, sizeof c->court, "%s", expected);
    source_carry(c->source, said ? node : NULL);
    return ST_OK;
}

/* ---- when ---- */

/* The first instant of the month of the first day, as a time that says little. */
static enum status find_month(struct converting *c)
{
    const struct node *list = node_get(c->hearing, "hearingDays");
    int64_t first_ms = INT64_MAX;
    size_t count = 0;

    for (struct node *day = node_items(list); day; day = day->next) {
        const char *text = node_text(node_get(day, "sittingDay"));
        int64_t ms;

        if (node_flag(day, "isCancelled") == FLAG_CLEAR && text && instant_of(text, &ms)
            && ms < first_ms)
            first_ms = ms;
        count++;
    }
    if (count > HEARING_DAYS_MAX) {
        (void)fault(c->problem, list, "", "more sitting days than a year has");
        return ST_LIMIT;
    }
    if (first_ms == INT64_MAX)
        return fault(c->problem, c->hearing, "hearingDays",
                     "no day on which it sits: looked for a `sittingDay' like "
                     "2026-06-15T09:30:00.000Z that is not cancelled");

    time_t seconds = (time_t)(first_ms / 1000);
    struct tm day;
    if (first_ms < 0 || !gmtime_r(&seconds, &day))
        return fault(c->problem, c->hearing, "hearingDays", "a day before 1970");
    day = (struct tm){.tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = 1};
    c->out->month_ms = (int64_t)timegm(&day) * 1000;
    return ST_OK;
}

/* ---- messages ---- */

static enum status add_skipped(struct converting *c, const struct node *node, bool faulty,
                               const struct problem *problem)
{
    struct hearing_messages *out = c->out;
    struct skipped *skipped =
        reallocarray(out->skipped, out->skipped_count + 1, sizeof *out->skipped);

    if (!skipped)
        return ST_NOMEM;
    out->skipped = skipped;
    out->skipped[out->skipped_count++] = (struct skipped){node, faulty, *problem};
    return ST_OK;
}

/* No message about `node`, for want of the field `below`. */
static enum status skip(struct converting *c, struct node *node, bool faulty, const char *below,
                        const char *why)
{
    struct problem problem;

    (void)fault(&problem, node, below, why);
    source_leave_below(node, why);
    return add_skipped(c, node, faulty, &problem);
}

/* The same content for the same defendant in the same hearing: once is enough. */
static const struct court_message *find_same(const struct hearing_messages *out,
                                             const struct court_message *message)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct court_message *other = &out->messages[i];

        if (other->type == message->type && strcmp(other->accused, message->accused) == 0
            && strcmp(other->accusation, message->accusation) == 0
            && other->body.size == message->body.size
            && memcmp(other->body.data, message->body.data, message->body.size) == 0)
            return other->same ? other->same : other;
    }
    return NULL;
}

/* Checks `json`, a body of `type`, and adds it; what it took is settled, or forgotten when the
 * body's check finds something. Takes `json`. */
static enum status add_message(struct converting *c, const char *type, json_t *json,
                               struct court_message *message)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct hearing_messages *out = c->out;
    struct problems problems;
    struct bytes body;
    enum status status;
    uint8_t *copy;

    json_decref(json);
    if (!text)
        return ST_NOMEM;
    arena_reset(c->arena, true);
    message->type = catalogue_find(type);
    status = body_from_json(message->type, text, strlen(text), c->settings->now_ms, c->arena, &body,
                            &problems);
    free(text);
    if (status == ST_NOMEM)
        return status;
    if (status != ST_OK) {
        struct problem problem;
        char path[NODE_PATH_MAX];

        node_path(message->defendant, path);
        (void)snprintf(problem.where, sizeof problem.where, "%s", path);
        (void)snprintf(problem.text, sizeof problem.text, "%s%s%.80s%s%.140s", type,
                       problems.count > 0 && *problems.items[0].where ? ", " : "",
                       problems.count > 0 ? problems.items[0].where : "",
                       problems.count > 0 ? ": " : ": larger than it may be",
                       problems.count > 0 ? problems.items[0].text : "");
        source_forget(c->source);
        return add_skipped(c, message->defendant, true, &problem);
    }
    if (!(copy = malloc(body.size + 1)))
        return ST_NOMEM;
    memcpy(copy, body.data, body.size);
    message->body = (struct bytes){copy, body.size};
    message->same = find_same(out, message);
    out->messages[out->count++] = *message;
    source_settle(c->source);
    return ST_OK;
}

static const char *id_of(const struct node *node)
{
    const char *id = node_text(node_get(node, "id"));

    return id ? id : "";
}

/* Who is who: without an id of the defendant's own, the person's. matter_lacks() asked for one. */
static const char *accused_of(const struct node *defendant)
{
    return *id_of(defendant) ? id_of(defendant)
                             : node_text(node_get(defendant, "masterDefendantId"));
}

/* Makes the notice, and the sentence result when there is a sentence. */
static enum status add_messages(struct converting *c, const struct matter *matter,
                                const struct results *results)
{
    struct court_message message = {.defendant = matter->defendant,
                                    .hearing = id_of(c->hearing),
                                    .accused = accused_of(matter->defendant),
                                    .accusation = id_of(matter->accusation)};
    size_t before = c->out->count;
    enum status status = add_message(c, NOTICE, matter_notice(matter), &message);

    if (status == ST_OK && results->sentence)
        status = add_message(c, SENTENCE, matter_sentence(matter, results), &message);
    if (results->sentence || c->out->count == before)
        return status;
    for (size_t i = 0; i < results->count; i++)
        source_leave_below(results->items[i].node,
                           "a result that is no sentence; the notice says RESULTED");
    return status;
}

/* A flag that is neither true nor false: what it stands in is not carried. */
static enum status skip_flagged(struct converting *c, struct node *node, const char *flag)
{
    return skip(c, node, true, flag, "should be true or false: what it stands in is not carried");
}

static enum status skip_faulty_results(struct converting *c, const struct results *results)
{
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < results->faulty_count; i++)
        status = skip_flagged(c, results->faulty[i].node, results->faulty[i].flag);
    return status;
}

static enum status skip_faulty_days(struct converting *c)
{
    enum status status = ST_OK;

    for (struct node *day = node_items(node_get(c->hearing, "hearingDays")); day && status == ST_OK;
         day = day->next) {
        if (node_flag(day, "isCancelled") == FLAG_FAULTY)
            status = skip_flagged(c, day, "isCancelled");
    }
    return status;
}

/* 0 outside the years that days have. */
static uint32_t today_of(int64_t now_ms)
{
    char text[DAY_TEXT_SIZE];

    day_print(now_ms, text);
    return day_of(text);
}

static enum status add_defendant(struct converting *c, const struct node *accusation,
                                 struct node *defendant)
{
    struct matter matter = {.source = c->source,
                            .hearing = c->hearing,
                            .accusation = accusation,
                            .defendant = defendant,
                            .court = c->court,
                            .today = today_of(c->settings->now_ms)};
    size_t before = c->out->count;
    const char *missing;
    struct results *results;
    enum status status;

    if (person_is_company(defendant))
        return skip(c, defendant, false, "", "a company gets no notice");
    if ((missing = matter_lacks(&matter)))
        return skip(c, defendant, true, missing, "is missing: no message about this defendant");
    if (!(results = results_of(c->hearing, defendant)))
        return ST_NOMEM;
    matter.resulted = c->resulted || results->count > 0;
    if ((status = skip_faulty_results(c, results)) == ST_OK)
        status = add_messages(c, &matter, results);
    free(results);
    if (c->out->count == before)
        source_leave_below(defendant, "no message about this defendant");
    return status;
}

/* ---- the whole ---- */

static enum status count_defendants(struct converting *c)
{
    size_t count = 0;

    for (struct node *one = node_items(node_get(c->hearing, "prosecutionCases")); one;
         one = one->next) {
        for (struct node *d = node_items(node_get(one, "defendants")); d; d = d->next)
            count++;
    }
    if (count > HEARING_DEFENDANTS_MAX) {
        char text[64];

        (void)snprintf(text, sizeof text, "%zu defendants; at most %d are taken", count,
                       HEARING_DEFENDANTS_MAX);
        (void)fault(c->problem, node_get(c->hearing, "prosecutionCases"), "", text);
        return ST_LIMIT;
    }
    c->out->messages = calloc(2 * count + 1, sizeof *c->out->messages);
    return c->out->messages ? ST_OK : ST_NOMEM;
}

/* "welshValue", "offenceTitleWelsh" */
static bool is_welsh(const struct node *leaf)
{
    return leaf->key_size > 5
        && (strncmp(leaf->key, "welsh", 5) == 0
            || strncmp(leaf->key + leaf->key_size - 5, "Welsh", 5) == 0);
}

/* Reasons for what no message could take, whoever it is about. */
static void explain_rest(struct converting *c)
{
    static const char *const lines[] = {"targets", "savedTargets", "completedResultLinesStatus"};
    struct node *top = source_top(c->source);

    for (size_t i = 0; c->out->shape != SHAPE_BARE && i < sizeof lines / sizeof *lines; i++)
        source_leave_below(node_get(top, lines[i]),
                           "lines as the clerk typed them; the judicial results count");
    for (size_t i = 0; i < source_leaf_count(c->source); i++) {
        struct node *leaf = (struct node *)(uintptr_t)source_leaf(c->source, i);

        if (leaf->fate == FATE_LEFT_OUT && !leaf->why && is_welsh(leaf))
            leaf->why = "the same in Welsh; bodies have one text";
    }
}

static enum status convert_all(struct converting *c)
{
    enum status status;

    if ((status = find_hearing(c)) != ST_OK || (status = find_court(c)) != ST_OK
        || (status = find_month(c)) != ST_OK || (status = count_defendants(c)) != ST_OK)
        return status;
    if (!node_text(node_get(c->hearing, "id")))
        return fault(c->problem, c->hearing, "id", "the hearing has no id");
    c->resulted |= node_flag(c->hearing, "hasSharedResults") == FLAG_SET;
    if (node_flag(c->hearing, "hasSharedResults") == FLAG_FAULTY)
        source_leave_below(node_get(c->hearing, "hasSharedResults"), "should be true or false");
    source_settle(c->source); /* shape and court are true of every message */
    if ((status = skip_faulty_days(c)) != ST_OK)
        return status;
    for (struct node *one = node_items(node_get(c->hearing, "prosecutionCases")); one;
         one = one->next) {
        for (struct node *d = node_items(node_get(one, "defendants")); d; d = d->next) {
            if ((status = add_defendant(c, one, d)) != ST_OK)
                return status;
        }
    }
    for (struct node *one = node_items(node_get(c->hearing, "courtApplications")); one;
         one = one->next) {
        if ((status = skip(c, one, false, "", "a court application; no message type takes one"))
            != ST_OK)
            return status;
    }
    explain_rest(c);
    return warnings_find(c->hearing, &c->out->warnings, &c->out->warning_count);
}

enum status hearing_convert(const char *text, size_t size, const struct hearing_settings *settings,
                            struct hearing_messages **out, struct problem *problem)
{
    OWNED(hearing_messages) messages = calloc(1, sizeof *messages);
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    struct reason why = {"memory is out"};
    enum status status;

    (void)fault(problem, NULL, "", why.text);
    if (!messages || !arena)
        return ST_NOMEM;
    if ((status = source_read(text, size, &messages->source, &why)) != ST_OK) {
        (void)fault(problem, NULL, "", why.text);
        return status;
    }

    struct converting c = {.settings = settings,
                           .out = messages,
                           .source = messages->source,
                           .arena = arena,
                           .problem = problem};
    if ((status = convert_all(&c)) != ST_OK)
        return status;
    *out = GIVE(messages);
    return ST_OK;
}
