#include "tests/unit/made_agreement.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/day.h"
#include "proto/evidence.pb-c.h"
#include "proto/header.pb-c.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

uint32_t pick(struct chance *chance, uint32_t count) /* splitmix64 */
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % count);
}

struct agreement_set *examples_load(void)
{
    struct agreement_set *examples = NULL;
    struct reason why = {""};

    if (agreement_set_load(SOURCE_DIR "/agreements/examples", &examples, &why) != ST_OK) {
        (void)fprintf(stderr, "%s\n", why.text);
        abort();
    }
    return examples;
}

static void *room_for(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);

    assert(p);
    return p;
}

static void make_text(struct chance *chance, char out[static TITLE_MAX + 1])
{
    static const char *const pieces[] = {"Duty",
                                         "desk",
                                         " ",
                                         " ",
                                         " ",
                                         ": ",
                                         " #",
                                         "'",
                                         "\"",
                                         "\\",
                                         ",",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         "&",
                                         "*",
                                         "!",
                                         "|",
                                         ">",
                                         "%",
                                         "@",
                                         "`",
                                         "- ",
                                         "?",
                                         "true",
                                         "null",
                                         "2024",
                                         "Gwasanaeth t\xc5\xb7",
                                         "\xe2\x80\x93",
                                         "~",
                                         "---",
                                         "...",
                                         "\xef\xbf\xbe",
                                         "\xf0\x9f\x9a\x93",
                                         "\xc2\xa0"};
    static const char *const plain[] = {"Duty manager", "Court team, probation",
                                        "Head of service (acting)", "Records & access"};
    size_t used = 0;

    if (pick(chance, 2)) {
        strcpy(out, plain[pick(chance, LENGTH(plain))]);
        return;
    }
    for (uint32_t left = 1 + pick(chance, 12); left > 0; left--) {
        const char *piece = pieces[pick(chance, LENGTH(pieces))];

        if (used + strlen(piece) > TITLE_MAX)
            break;
        strcpy(out + used, piece);
        used += strlen(piece);
    }
}

static void maybe_text(struct chance *chance, char out[static TITLE_MAX + 1])
{
    if (pick(chance, 2))
        make_text(chance, out);
}

static struct span make_span(struct chance *chance)
{
    static const uint32_t units[] = {1, 60, 1440, 60, 450};
    uint32_t unit = pick(chance, LENGTH(units));

    return (struct span){units[unit] * (1 + pick(chance, 90)), unit >= 3};
}

static struct span maybe_span(struct chance *chance)
{
    return pick(chance, 2) ? make_span(chance) : (struct span){0, false};
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static size_t make_pins(struct chance *chance, struct digest out[static PINNED_MAX])
{
    size_t count = pick(chance, PINNED_MAX + 1);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < DIGEST_SIZE; j++)
            out[i].bytes[j] = (uint8_t)pick(chance, 256);
    qsort(out, count, sizeof *out, compare_digests);
    return count;
}

static void make_party(struct chance *chance, const char *kind, size_t number, struct party *p)
{
    (void)snprintf(p->agency, sizeof p->agency, "a%u.n%zu", pick(chance, 1000), number);
    strcpy(p->kind, kind);
    make_text(chance, p->contact);
    maybe_text(chance, p->dpo);
    maybe_text(chance, p->out_of_hours);
    p->calendar = pick(chance, 2) ? CALENDAR_ALWAYS : CALENDAR_ENGLAND_AND_WALES;
    p->signing_count = make_pins(chance, p->signing);
    p->governance_count = make_pins(chance, p->governance);
}

/* A clause of the examples and the kinds that it joins. */
struct flow {
    const struct clause *clause;
    const char *from, *to;
};

static const char *kind_of(const struct agreement *a, const char *side)
{
    const struct party *p = agreement_party(a, side);

    return p ? p->kind : side;
}

static struct flow pick_flow(struct chance *chance, const struct agreement_set *examples,
                             bool charter)
{
    for (;;) {
        uint32_t count = (uint32_t)agreement_set_count(examples);
        const struct agreement *a = agreement_set_at(examples, pick(chance, count));
        const struct clause *c = &a->clauses[pick(chance, (uint32_t)a->clause_count)];
        struct flow flow = {c, kind_of(a, c->from), kind_of(a, c->to)};

        if (charter) { /* VITAL_INTEREST, to those who can help */
            flow.from = "NPS";
            flow.to = "POLICE";
        }
        if (charter || !a->is_charter)
            return flow;
    }
}

static const struct party *party_of(struct chance *chance, const struct agreement *a,
                                    const char *kind)
{
    size_t first = pick(chance, (uint32_t)a->party_count);

    for (size_t i = 0; i < a->party_count; i++) {
        const struct party *p = &a->parties[(first + i) % a->party_count];
        if (strcmp(p->kind, kind) == 0)
            return p;
    }
    return NULL;
}

static category_set some_of(struct chance *chance, category_set set)
{
    return set & pick(chance, 1u << 31);
}

static bool is_new_flow(const struct agreement *a, const struct clause *c)
{
    for (size_t i = 0; i < a->clause_count; i++) {
        const struct clause *o = &a->clauses[i];

        if (o->type == c->type && !strcmp(o->from, c->from) && !strcmp(o->to, c->to)
            && !strcmp(o->purpose, c->purpose) && !strcmp(o->gateway, c->gateway)
            && o->only_in_reply == c->only_in_reply)
            return false;
    }
    return true;
}

static void make_clause(struct chance *chance, struct agreement *a, const struct flow *flow)
{
    const struct clause *sample = flow->clause;
    const struct party *from = party_of(chance, a, flow->from), *to;
    struct clause *c = &a->clauses[a->clause_count];

    do
        to = party_of(chance, a, flow->to);
    while (to == from && pick(chance, 100));
    if (!from || !to || from == to || sample->type->marking > a->marking_ceiling)
        return;
    memset(c, 0, sizeof *c);
    (void)snprintf(c->id, sizeof c->id, "c%u-%zu", pick(chance, 1000), a->clause_count);
    c->type = sample->type;
    strcpy(c->from, pick(chance, 2) ? from->agency : from->kind);
    strcpy(c->to, pick(chance, 2) ? to->agency : to->kind);
    strcpy(c->purpose, sample->purpose);
    strcpy(c->gateway, a->is_charter ? "VITAL_INTEREST" : sample->gateway);
    c->required = c->type->required | some_of(chance, sample->allowed);
    c->allowed = c->required | some_of(chance, sample->allowed);
    c->only_in_reply = sample->only_in_reply;
    if (!is_new_flow(a, c))
        return;
    c->only_by_holder = pick(chance, 2);
    if (pick(chance, 2))
        c->capacities = 2u << pick(chance, 6) | 2u << pick(chance, 6);
    c->acknowledge = maybe_span(chance);
    c->decide = maybe_span(chance);
    c->answer = maybe_span(chance);
    c->close =
        c->type->watched_until && c->type->closed_by ? maybe_span(chance) : (struct span){0, false};
    c->small_number_floor = pick(chance, 2) ? 0 : 1 + pick(chance, SMALL_NUMBER_FLOOR_MAX);
    c->ladder_count = (uint8_t)pick(chance, LADDER_MAX + 1);
    a->clause_count++;
}

static uint16_t role_at(struct agreement *a, const char *text)
{
    for (size_t i = 0; i < a->role_count; i++)
        if (strcmp(a->roles[i], text) == 0)
            return (uint16_t)i;
    assert(a->role_count < ROLES_MAX);
    strcpy(a->roles[a->role_count], text);
    return (uint16_t)a->role_count++;
}

/* In the order in which a reader meets them: sorted clauses, then expectations. */
static void make_roles(struct chance *chance, struct agreement *a)
{
    char pool[8][TITLE_MAX + 1] = {""};

    a->roles = room_for(ROLES_MAX, sizeof *a->roles);
    for (size_t i = 0; i < LENGTH(pool); i++) {
        make_text(chance, pool[i]);
        pool[i][0] = (char)('A' + (char)i); /* all different */
        if (pool[i][1] & '\x80')
            pool[i][1] = '\0'; /* no half characters */
    }
    for (size_t i = 0; i < a->clause_count; i++) {
        uint32_t first = pick(chance, LENGTH(pool));
        for (size_t j = 0; j < a->clauses[i].ladder_count; j++)
            a->clauses[i].ladder[j] = role_at(a, pool[(first + j) % LENGTH(pool)]);
    }
    for (size_t i = 0; i < a->expectation_count; i++)
        a->expectations[i].tell = role_at(a, pool[pick(chance, LENGTH(pool))]);
}

/* Of one party that can say it, by its id or by a kind that is its alone. */
static void maybe_name(struct chance *chance, const struct agreement *a, struct expectation *e)
{
    const struct clause *c =
        a->clause_count > 0 ? &a->clauses[pick(chance, (uint32_t)a->clause_count)] : NULL;
    const struct party *named = NULL;
    size_t alike = 0;

    if (!c || c->only_by_holder || catalogue_is_update(c->type) || catalogue_is_close(c->type)
        || pick(chance, 2))
        return;
    for (size_t i = 0; i < a->party_count; i++)
        if (!strcmp(c->from, a->parties[i].agency) || !strcmp(c->from, a->parties[i].kind))
            named = &a->parties[i];
    for (size_t i = 0; i < a->party_count; i++)
        alike += !strcmp(a->parties[i].kind, named->kind);
    e->then = c->type;
    strcpy(e->from, alike == 1 && pick(chance, 2) ? named->kind : named->agency);
}

static void make_expectations(struct chance *chance, struct agreement *a)
{
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count);

    a->expectation_count = pick(chance, 4);
    a->expectations = room_for(a->expectation_count, sizeof *a->expectations);
    for (size_t i = 0; i < a->expectation_count; i++) {
        struct expectation *e = &a->expectations[i];

        (void)snprintf(e->id, sizeof e->id, "e%u-%zu", pick(chance, 1000), i);
        if (pick(chance, 3) == 0) {
            const struct party *party = &a->parties[pick(chance, (uint32_t)a->party_count)];
            strcpy(e->from, pick(chance, 2) ? party->agency : party->kind);
            e->type = pick(chance, 2) ? &types[pick(chance, (uint32_t)count)] : NULL;
            e->at_least = 1 + pick(chance, AT_LEAST_MAX);
            continue;
        }
        e->after = &types[pick(chance, (uint32_t)count)];
        e->then = &types[pick(chance, (uint32_t)count)];
        e->within = make_span(chance);
        maybe_name(chance, a, e);
        e->repeats = catalogue_is_update(e->then) && pick(chance, 2);
    }
    qsort(a->expectations, a->expectation_count, sizeof *a->expectations, compare);
}

static void make_trials(struct chance *chance, struct agreement *a)
{
    const ProtobufCEnumDescriptor *codes = &concordat__refusal_code__descriptor;
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count);

    a->trial_count = pick(chance, 4);
    a->trials = room_for(a->trial_count, sizeof *a->trials);
    for (size_t i = 0; i < a->trial_count; i++) {
        struct trial *t = &a->trials[i];

        (void)snprintf(t->name, sizeof t->name, "%s %zu", pick(chance, 2) ? "case" : "#:", i);
        strcpy(t->from, a->parties[pick(chance, (uint32_t)a->party_count)].agency);
        strcpy(t->to, pick(chance, 2) ? "nobody.known" : a->parties[0].agency);
        strcpy(t->type, types[pick(chance, (uint32_t)count)].name);
        if (pick(chance, 2))
            strcpy(t->purpose, "court_advice");
        for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
            if (category_name(c) && pick(chance, 3) == 0)
                t->categories |= 1u << c;
        t->in_reply = pick(chance, 2);
        t->capacity = (int)pick(chance, 7);
        t->on_ms = (int64_t)pick(chance, 2) * (20000 + pick(chance, 1000)) * DAY_MS;
        t->expected = codes->values[pick(chance, codes->n_values)].value;
    }
}

static void make_terms(struct chance *chance, struct agreement *a)
{
    int64_t day = 18000 + pick(chance, 1000);

    (void)snprintf(a->id, sizeof a->id, "ISA-%u", pick(chance, 1000000));
    a->version = 1 + pick(chance, VERSION_MAX);
    make_text(chance, a->title);
    maybe_text(chance, a->dpia);
    maybe_text(chance, a->subject_access);
    maybe_text(chance, a->foi);
    maybe_text(chance, a->breach_contact);
    a->breach_report_hours = pick(chance, 3) * 24;
    a->from_ms = day * DAY_MS;
    a->review_ms = (day + pick(chance, 400)) * DAY_MS;
    a->until_ms = (day + 400 + pick(chance, 400)) * DAY_MS;
    a->marking_ceiling = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    a->marking_floor =
        pick(chance, 2) ? CONCORDAT__MARKING__OFFICIAL : CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    a->retention_days = 1 + pick(chance, RETENTION_DAYS_MAX);
    if (a->is_charter) {
        a->uses_per_day = 1 + pick(chance, USES_PER_DAY_MAX);
        a->review_within = make_span(chance);
    }
    a->onward_count = pick(chance, 5);
    a->onward = room_for(a->onward_count, sizeof *a->onward);
    for (size_t i = 0; i < a->onward_count; i++)
        (void)snprintf(a->onward[i], sizeof a->onward[i], "o%u.n%zu", pick(chance, 1000), i);
    qsort(a->onward, a->onward_count, sizeof *a->onward, compare);
}

struct agreement *agreement_make(struct chance *chance, const struct agreement_set *examples,
                                 const struct make *make)
{
    OWNED(agreement) a = room_for(1, sizeof *a);
    struct flow flow = pick_flow(chance, examples, make->charter);

    a->is_charter = make->charter;
    make_terms(chance, a);
    a->party_count = make->parties;
    a->parties = room_for(a->party_count, sizeof *a->parties);
    make_party(chance, flow.from, 0, &a->parties[0]);
    make_party(chance, flow.to, 1, &a->parties[1]);
    for (size_t i = 2; i < a->party_count; i++) {
        struct flow other = pick_flow(chance, examples, make->charter);
        make_party(chance, pick(chance, 2) ? other.from : other.to, i, &a->parties[i]);
    }
    qsort(a->parties, a->party_count, sizeof *a->parties, compare);
    if (pick(chance, 2))
        strcpy(a->owner, a->parties[pick(chance, (uint32_t)a->party_count)].agency);
    a->clauses = room_for(make->clauses, sizeof *a->clauses);
    for (size_t tries = 0; a->clause_count == 0 || tries < 40 * make->clauses; tries++) {
        if (a->clause_count == make->clauses)
            break;
        make_clause(chance, a, &flow);
        flow = pick_flow(chance, examples, make->charter);
    }
    qsort(a->clauses, a->clause_count, sizeof *a->clauses, compare);
    make_expectations(chance, a);
    make_roles(chance, a);
    make_trials(chance, a);
    return GIVE(a);
}

/* The first field that differs is named in `where`, which ends the comparison. */
#define SAME(x) ((x) || (reason_set(where, "%s of %s", #x, what), false))

static bool spans_are_alike(const struct span *a, const struct span *b)
{
    return a->minutes == b->minutes && a->working == b->working;
}

static bool parties_are_alike(const struct party *a, const struct party *b, struct reason *where)
{
    const char *what = a->agency;

    return SAME(!strcmp(a->agency, b->agency)) && SAME(!strcmp(a->kind, b->kind))
        && SAME(!strcmp(a->contact, b->contact)) && SAME(!strcmp(a->dpo, b->dpo))
        && SAME(!strcmp(a->out_of_hours, b->out_of_hours)) && SAME(a->calendar == b->calendar)
        && SAME(a->signing_count == b->signing_count)
        && SAME(a->governance_count == b->governance_count)
        && SAME(!memcmp(a->signing, b->signing, a->signing_count * sizeof *a->signing))
        && SAME(!memcmp(a->governance, b->governance, a->governance_count * sizeof *a->governance));
}

static bool clauses_are_alike(const struct clause *a, const struct clause *b, struct reason *where)
{
    const char *what = a->id;

    return SAME(!strcmp(a->id, b->id)) && SAME(a->type == b->type)
        && SAME(!strcmp(a->from, b->from)) && SAME(!strcmp(a->to, b->to))
        && SAME(!strcmp(a->purpose, b->purpose)) && SAME(!strcmp(a->gateway, b->gateway))
        && SAME(a->required == b->required) && SAME(a->allowed == b->allowed)
        && SAME(a->only_in_reply == b->only_in_reply)
        && SAME(a->only_by_holder == b->only_by_holder) && SAME(a->capacities == b->capacities)
        && SAME(spans_are_alike(&a->acknowledge, &b->acknowledge))
        && SAME(spans_are_alike(&a->decide, &b->decide))
        && SAME(spans_are_alike(&a->answer, &b->answer))
        && SAME(spans_are_alike(&a->close, &b->close)) && SAME(a->ladder_count == b->ladder_count)
        && SAME(!memcmp(a->ladder, b->ladder, a->ladder_count * sizeof *a->ladder))
        && SAME(a->small_number_floor == b->small_number_floor);
}

static bool expectations_are_alike(const struct expectation *a, const struct expectation *b,
                                   struct reason *where)
{
    const char *what = a->id;

    return SAME(!strcmp(a->id, b->id)) && SAME(a->after == b->after) && SAME(a->then == b->then)
        && SAME(spans_are_alike(&a->within, &b->within)) && SAME(a->repeats == b->repeats)
        && SAME(!strcmp(a->from, b->from)) && SAME(a->type == b->type)
        && SAME(a->at_least == b->at_least) && SAME(a->tell == b->tell);
}

static bool trials_are_alike(const struct trial *a, const struct trial *b, struct reason *where)
{
    const char *what = a->name;

    return SAME(!strcmp(a->name, b->name)) && SAME(!strcmp(a->from, b->from))
        && SAME(!strcmp(a->to, b->to)) && SAME(!strcmp(a->type, b->type))
        && SAME(!strcmp(a->purpose, b->purpose)) && SAME(a->categories == b->categories)
        && SAME(a->in_reply == b->in_reply) && SAME(a->capacity == b->capacity)
        && SAME(a->on_ms == b->on_ms) && SAME(a->expected == b->expected);
}

static bool terms_are_alike(const struct agreement *a, const struct agreement *b,
                            struct reason *where)
{
    const char *what = a->id;

    return SAME(!strcmp(a->id, b->id)) && SAME(a->version == b->version)
        && SAME(!strcmp(a->title, b->title)) && SAME(!strcmp(a->owner, b->owner))
        && SAME(!strcmp(a->dpia, b->dpia)) && SAME(!strcmp(a->subject_access, b->subject_access))
        && SAME(!strcmp(a->foi, b->foi)) && SAME(!strcmp(a->breach_contact, b->breach_contact))
        && SAME(a->breach_report_hours == b->breach_report_hours) && SAME(a->from_ms == b->from_ms)
        && SAME(a->review_ms == b->review_ms) && SAME(a->until_ms == b->until_ms)
        && SAME(a->marking_floor == b->marking_floor)
        && SAME(a->marking_ceiling == b->marking_ceiling)
        && SAME(a->retention_days == b->retention_days) && SAME(a->is_charter == b->is_charter)
        && SAME(a->uses_per_day == b->uses_per_day)
        && SAME(spans_are_alike(&a->review_within, &b->review_within))
        && SAME(a->onward_count == b->onward_count) && SAME(a->party_count == b->party_count)
        && SAME(a->clause_count == b->clause_count) && SAME(a->role_count == b->role_count)
        && SAME(a->expectation_count == b->expectation_count)
        && SAME(a->trial_count == b->trial_count);
}

bool agreements_are_alike(const struct agreement *a, const struct agreement *b,
                          struct reason *where)
{
    const char *what = a->id;
    bool alike = terms_are_alike(a, b, where);

    for (size_t i = 0; alike && i < a->onward_count; i++)
        alike = SAME(!strcmp(a->onward[i], b->onward[i]));
    for (size_t i = 0; alike && i < a->role_count; i++)
        alike = SAME(!strcmp(a->roles[i], b->roles[i]));
    for (size_t i = 0; alike && i < a->party_count; i++)
        alike = parties_are_alike(&a->parties[i], &b->parties[i], where);
    for (size_t i = 0; alike && i < a->clause_count; i++)
        alike = clauses_are_alike(&a->clauses[i], &b->clauses[i], where);
    for (size_t i = 0; alike && i < a->expectation_count; i++)
        alike = expectations_are_alike(&a->expectations[i], &b->expectations[i], where);
    for (size_t i = 0; alike && i < a->trial_count; i++)
        alike = trials_are_alike(&a->trials[i], &b->trials[i], where);
    return alike;
}
