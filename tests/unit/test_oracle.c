/* A million decisions agree with an oracle that knows nothing of the engine: a world of its own,
 * written down as the text of agreements, and judged by plain loops. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/day.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

static const char *code_name(Concordat__RefusalCode code)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__refusal_code__descriptor, (int)code);

    return value ? value->name : "?";
}

static int64_t day(const char *text)
{
    int64_t at = 0;

    assert_true(day_parse(text, &at));
    return at;
}

static uint64_t seed;

static uint32_t pick(uint32_t count) /* splitmix64 */
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % count);
}

static const struct {
    const char *agency, *kind;
} people[] = {
    {"nps.cambs", "NPS"},         {"nps.barnet", "NPS"},   {"court.b35cz00", "COURT"},
    {"csc.cambs", "LA_CHILDREN"}, {"police.35", "POLICE"}, {"csc.barnet", "LA_CHILDREN"},
};
static const char *const purposes[] = {"court_advice", "safeguard_child"};

/* Which way each runs among the kinds above, and for what, as the oracle reads the enactments; `*'
 * is any kind. */
static const struct {
    const char *code, *runs[8], *purpose; /* NULL: for any */
    bool answers;                         /* may it be an answer? */
} gateways[] = {
    {"SC2020_S30", {"NPS>COURT", "LA_CHILDREN>COURT"}, "court_advice", true},
    {"SC2020_S30_REQUEST", {"COURT>NPS", "COURT>LA_CHILDREN"}, "court_advice", true},
    {"CA1989_S17_S47",
     {"*>LA_CHILDREN", "LA_CHILDREN>NPS", "LA_CHILDREN>POLICE"},
     "safeguard_child",
     true},
    {"CDA1998_S115", {"*>NPS", "*>POLICE", "*>LA_CHILDREN"}, NULL, true},
    {"OMA2007_S14",
     {"NPS>NPS", "NPS>POLICE", "NPS>LA_CHILDREN", "POLICE>NPS", "LA_CHILDREN>NPS"},
     NULL,
     true},
    {"POLICE_COMMON_LAW", {"POLICE>*"}, NULL, false},
};
static const char *const days[] = {"2024-01-01", "2025-01-01", "2026-01-01", "2027-01-01"};
static int64_t midnights[LENGTH(days)];
static const char onward_pool[3][AGENCY_MAX + 1] = {"asc.cambs", "mh.cambs", "ppcs"};

#define MODEL_CLAUSES 6
#define MODEL_AGREEMENTS 4

struct model_clause {
    char id[16];
    const struct message_type *type;
    const char *from, *to, *purpose, *gateway;
    category_set required, optional;
    bool is_answer, only_in_reply, only_by_holder;
    bool capacity[32]; /* the subject may stand in it; none: in any */
};

struct model {
    char id[16];
    uint32_t version, from, until, retention; /* `from` and `until` index days */
    int floor, ceiling;
    enum standing standing;
    bool is_charter;
    uint32_t uses_per_day;
    bool party[LENGTH(people)], onward[LENGTH(onward_pool)];
    size_t clause_count;
    struct model_clause clauses[MODEL_CLAUSES];
};

static bool runs(size_t gateway, const char *from, const char *to)
{
    char ways[3][64];

    (void)snprintf(ways[0], sizeof ways[0], "%s>%s", from, to);
    (void)snprintf(ways[1], sizeof ways[1], "*>%s", to);
    (void)snprintf(ways[2], sizeof ways[2], "%s>*", from);
    for (size_t i = 0; i < LENGTH(gateways[gateway].runs) && gateways[gateway].runs[i]; i++)
        for (size_t j = 0; j < LENGTH(ways); j++)
            if (!strcmp(gateways[gateway].runs[i], ways[j]))
                return true;
    return false;
}

static bool is_person(const char *side, size_t person)
{
    return !strcmp(side, people[person].agency) || !strcmp(side, people[person].kind);
}

/* Does the gateway run between all who may use the clause, and suit it otherwise? */
static bool is_lawful(const struct model *m, const struct model_clause *c, size_t gateway)
{
    for (size_t a = 0; a < LENGTH(people); a++)
        for (size_t b = 0; b < LENGTH(people); b++)
            if (a != b && m->party[a] && m->party[b] && is_person(c->from, a) && is_person(c->to, b)
                && !runs(gateway, people[a].kind, people[b].kind))
                return false;
    return (!gateways[gateway].purpose || !strcmp(gateways[gateway].purpose, c->purpose))
        && (gateways[gateway].answers || !c->is_answer);
}

static char *text_of(const struct model *m, size_t rotation, size_t *size);
static size_t refused_at_parse;

/* An agreement of this one clause is not even read, and is told which gateway and line it was. */
static void expect_refusal(const struct model *m, const struct model_clause *c)
{
    struct model one = *m;
    struct agreement *a = NULL;
    struct reason why = {""};
    size_t size = 0;
    char *text, *line, place[32];
    unsigned number = 1;

    one.clauses[0] = *c;
    one.clause_count = 1;
    text = text_of(&one, 0, &size);
    line = strstr(text, "    gateway: ");
    assert_non_null(line);
    for (const char *at = text; at < line; at++)
        number += *at == '\n';
    (void)snprintf(place, sizeof place, "model:%u: ", number);
    if (agreement_parse("model", text, size, &a, &why) != ST_INVALID
        || strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, c->gateway))
        fail_msg("%s `%s' in\n%s", place, why.text, text);
    refused_at_parse++;
    free(text);
}

static void make_clause(struct model *m)
{
    struct model_clause c, *last = &m->clauses[m->clause_count];
    size_t count = 0, a, b, gateway = pick(LENGTH(gateways));
    const struct message_type *types = catalogue_all(&count);

    do
        a = pick(LENGTH(people));
    while (!m->party[a]);
    do
        b = pick(LENGTH(people));
    while (!m->party[b] || a == b);
    memset(&c, 0, sizeof c);
    (void)snprintf(c.id, sizeof c.id, "c%u", pick(1000) * 10 + (uint32_t)m->clause_count);
    c.type = &types[pick((uint32_t)count)];
    c.from = pick(2) ? people[a].agency : people[a].kind;
    c.to = pick(2) ? people[b].agency : people[b].kind;
    c.purpose = purposes[pick(2)];
    c.gateway = gateways[gateway].code;
    c.required = c.type->required | (c.type->allowed & pick(1u << 25) & pick(1u << 25));
    c.optional = c.type->allowed & ~c.required & pick(1u << 25);
    for (size_t i = 0; i < count; i++) { /* only a reply can be told to wait for its question */
        const char *answer = types[i].answered_by, *receipt = types[i].acknowledged_by;
        if ((answer && !strcmp(answer, c.type->name))
            || (receipt && !strcmp(receipt, c.type->name)))
            c.is_answer = true;
    }
    c.only_in_reply = c.is_answer && pick(2);
    c.only_by_holder = pick(4) == 0;
    for (uint32_t n = pick(2) ? pick(4) : 0; n > 0; n--)
        c.capacity[pick(8) ? 1 + pick(6) : 31] = true;
    if (c.type->marking > m->ceiling)
        return;
    if (!is_lawful(m, &c, gateway)) {
        if (pick(3) == 0) /* enough of them: each is a text of its own */
            expect_refusal(m, &c);
        return;
    }
    for (struct model_clause *o = m->clauses; o < last; o++)
        if (o->type == c.type && !strcmp(o->from, c.from) && !strcmp(o->to, c.to)
            && !strcmp(o->purpose, c.purpose) && !strcmp(o->gateway, c.gateway)
            && o->only_in_reply == c.only_in_reply)
            return;
    *last = c;
    m->clause_count++;
}

static void make_model(struct model *m, size_t place)
{
    memset(m, 0, sizeof *m);
    (void)snprintf(m->id, sizeof m->id, "ISA-%c", (char)('D' - (char)place));
    m->version = 1 + pick(3);
    m->from = pick(2);
    m->until = 2 + pick(2);
    m->retention = 100 * (1 + pick(3));
    m->ceiling = 1 + (pick(3) != 0);
    m->floor = 1 + (int)pick((uint32_t)m->ceiling);
    m->standing = pick(3) ? STANDING_ACTIVE : (enum standing)pick(STANDING_SUPERSEDED + 1);
    m->is_charter = pick(4) == 0;
    m->uses_per_day = pick(4);
    for (size_t i = 0; i < LENGTH(people); i++)
        m->party[i] = pick(4) != 0;
    m->party[pick(3)] = m->party[3 + pick(3)] = true;
    for (size_t i = 0; i < LENGTH(onward_pool); i++)
        m->onward[i] = pick(2);
    uint32_t wanted = 1 + pick(MODEL_CLAUSES);
    while (m->clause_count < wanted)
        make_clause(m);
}

static void put_categories(FILE *f, const char *key, category_set set)
{
    bool first = true;

    (void)fprintf(f, "    %s: [", key);
    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set & (1u << c)) {
            (void)fprintf(f, "%s%s", first ? "" : ", ", category_name(c));
            first = false;
        }
    (void)fputs("]\n", f);
}

/* What the text above does not say. */
static void set_rules(const struct model *m, struct agreement *a)
{
    a->standing = m->standing;
    a->is_charter = m->is_charter;
    a->uses_per_day = m->uses_per_day;
    for (size_t i = 0; i < a->clause_count; i++)
        for (size_t j = 0; j < m->clause_count; j++) {
            if (strcmp(a->clauses[i].id, m->clauses[j].id) != 0)
                continue;
            a->clauses[i].only_by_holder = m->clauses[j].only_by_holder;
            a->clauses[i].capacities = 0;
            for (uint32_t n = 0; n < 32; n++)
                a->clauses[i].capacities |= m->clauses[j].capacity[n] ? 1u << n : 0;
        }
}

/* `rotation` says with which clause the text begins. The caller's to free. */
static char *text_of(const struct model *m, size_t rotation, size_t *size)
{
    static const char *const markings[] = {"", "OFFICIAL", "OFFICIAL_SENSITIVE"};
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    assert_non_null(f);
    (void)fprintf(f,
                  "agreement: %s\nversion: %u\ntitle: A model\nin-force: %s\nreview: %s\n"
                  "expires: %s\nmarking:\n  floor: %s\n  ceiling: %s\nretention-days: %u\n",
                  m->id, m->version, days[m->from], days[m->until], days[m->until],
                  markings[m->floor], markings[m->ceiling], m->retention);
    (void)fputs("onward:\n", f);
    for (size_t i = 0; i < LENGTH(onward_pool); i++)
        if (m->onward[i])
            (void)fprintf(f, "- %s\n", onward_pool[i]);
    if (!m->onward[0] && !m->onward[1] && !m->onward[2])
        (void)fputs(" []\n", f);
    (void)fputs("parties:\n", f);
    for (size_t i = 0; i < LENGTH(people); i++)
        if (m->party[i])
            (void)fprintf(f, "- agency: %s\n  kind: %s\n  contact: Desk\n", people[i].agency,
                          people[i].kind);
    (void)fputs("clauses:\n", f);
    for (size_t i = 0; i < m->clause_count; i++) {
        const struct model_clause *c = &m->clauses[(i + rotation) % m->clause_count];

        (void)fprintf(f,
                      "  - id: %s\n    type: %s\n    from: %s\n    to: %s\n    purpose: %s\n"
                      "    gateway: %s\n",
                      c->id, c->type->name, c->from, c->to, c->purpose, c->gateway);
        put_categories(f, "required", c->required);
        put_categories(f, "allowed", c->optional);
        if (c->is_answer)
            (void)fprintf(f, "    only-in-reply: %s\n", c->only_in_reply ? "true" : "false");
    }
    assert_int_equal(fclose(f), 0);
    return text;
}

static struct agreement *agreement_of(const struct model *m, size_t rotation)
{
    struct agreement *a = NULL;
    struct reason why;
    size_t size = 0;
    char *text = text_of(m, rotation, &size);

    if (agreement_parse("model", text, size, &a, &why) != ST_OK)
        fail_msg("%s in\n%s", why.text, text);
    free(text);
    set_rules(m, a);
    return a;
}

/* What was asked, apart from the engine's own struct. */
struct asked {
    size_t agreement; /* MODEL_AGREEMENTS = one that does not exist */
    bool stale_version, stale_hash;
    int64_t now;
};

static bool is_named(const char *side, const char *agency)
{
    for (size_t i = 0; i < LENGTH(people); i++)
        if (!strcmp(people[i].agency, agency))
            return !strcmp(side, agency) || !strcmp(side, people[i].kind);
    return false;
}

static bool is_party(const struct model *m, const char *agency)
{
    for (size_t i = 0; i < LENGTH(people); i++)
        if (m->party[i] && !strcmp(people[i].agency, agency))
            return true;
    return false;
}

/* All that stands against a question, as a set of codes; which of them is told is another matter.
 */
static uint64_t everything_against(const struct model *m, const struct asked *asked,
                                   const struct question *q, const struct model_clause **clause)
{
    uint64_t against = 0;
    const struct model_clause *c = NULL;

#define AGAINST(condition, code) against |= (condition) ? 1ull << CODE(code) : 0
    /* as if it were not there */
    *clause = NULL;
    if (m->standing == STANDING_DRAFT || m->standing == STANDING_SUPERSEDED)
        return 1ull << CODE(NO_AGREEMENT);
    AGAINST(m->standing == STANDING_REVOKED, AGREEMENT_REVOKED);
    AGAINST(m->standing == STANDING_SUSPENDED, AGREEMENT_SUSPENDED);
    AGAINST(m->standing != STANDING_ASSUMED && !q->signer_counts, SIGNER_NOT_PINNED);
    AGAINST(asked->stale_version || asked->stale_hash, AGREEMENT_VERSION_STALE);
    AGAINST(asked->now < midnights[m->from], AGREEMENT_NOT_YET);
    AGAINST(asked->now >= midnights[m->until], AGREEMENT_EXPIRED);
    AGAINST(!is_party(m, q->from) || !is_party(m, q->to), PARTY_NOT_SIGNATORY);
    for (size_t i = 0; i < m->clause_count; i++)
        if (!strcmp(m->clauses[i].id, q->clause))
            c = &m->clauses[i];
    *clause = c;
    AGAINST(!c || strcmp(c->type->name, q->type) != 0, TYPE_NOT_COVERED);
    if (!c)
        return against;
    AGAINST(!is_named(c->from, q->from) || !is_named(c->to, q->to) || !strcmp(q->from, q->to),
            DIRECTION_NOT_ALLOWED);
    AGAINST(strcmp(c->purpose, q->purpose) != 0, PURPOSE_NOT_COVERED);
    AGAINST(strcmp(c->gateway, q->gateway) != 0, GATEWAY_NOT_AVAILABLE);
    AGAINST(c->only_in_reply && !q->in_reply, REPLY_REQUIRED);
    for (uint32_t i = 0; i < 32; i++) {
        bool has = (q->categories >> i) & 1;
        bool must = (c->required >> i) & 1, may = must || ((c->optional >> i) & 1);
        AGAINST(has && !may, CATEGORY_NOT_COVERED);
        AGAINST(!has && must, CATEGORY_MISSING);
    }
    AGAINST(q->marking > m->ceiling, MARKING_TOO_HIGH);
    AGAINST(q->marking < m->floor || q->marking < c->type->marking, MARKING_TOO_LOW);
    AGAINST(q->retention_days > m->retention, RETENTION_TOO_LONG);
    bool any = true, mine = false;
    for (int i = 0; i < 32; i++) {
        any = any && !c->capacity[i];
        mine = mine || (c->capacity[i] && q->capacity == i);
    }
    AGAINST(!any && !mine, SUBJECT_OUT_OF_SCOPE);
    AGAINST(c->only_by_holder && !q->is_holder, NOT_CURRENT_HOLDER);
    if (m->is_charter) {
        AGAINST(q->privilege_suspended, BREAK_GLASS_SUSPENDED);
        AGAINST(q->uses_today + 1 > m->uses_per_day, BREAK_GLASS_QUOTA);
        AGAINST(q->officers == 0 || q->officers == 1, BREAK_GLASS_OFFICERS);
    }
    for (size_t i = 0; i < q->onward_count; i++)
        for (size_t j = 0; j < LENGTH(onward_pool); j++)
            AGAINST(!strcmp(q->onward[i], onward_pool[j]) && !m->onward[j], ONWARD_NOT_ALLOWED);
#undef AGAINST
    return against;
}

/* The order in which the reference says that refusals are told. */
static const Concordat__RefusalCode told_in_order[] = {
    CODE(NO_AGREEMENT),          CODE(AGREEMENT_VERSION_STALE), CODE(AGREEMENT_REVOKED),
    CODE(AGREEMENT_SUSPENDED),   CODE(AGREEMENT_NOT_YET),       CODE(AGREEMENT_EXPIRED),
    CODE(PARTY_NOT_SIGNATORY),   CODE(SIGNER_NOT_PINNED),       CODE(TYPE_NOT_COVERED),
    CODE(DIRECTION_NOT_ALLOWED), CODE(PURPOSE_NOT_COVERED),     CODE(GATEWAY_NOT_AVAILABLE),
    CODE(REPLY_REQUIRED),        CODE(SUBJECT_OUT_OF_SCOPE),    CODE(NOT_CURRENT_HOLDER),
    CODE(CATEGORY_NOT_COVERED),  CODE(CATEGORY_MISSING),        CODE(MARKING_TOO_HIGH),
    CODE(MARKING_TOO_LOW),       CODE(RETENTION_TOO_LONG),      CODE(ONWARD_NOT_ALLOWED),
    CODE(BREAK_GLASS_SUSPENDED), CODE(BREAK_GLASS_QUOTA),       CODE(BREAK_GLASS_OFFICERS),
};

static size_t place_told(uint64_t against)
{
    size_t i = 0;

    while (i < LENGTH(told_in_order) && !(against & (1ull << told_in_order[i])))
        i++;
    return i;
}

static Concordat__RefusalCode first_told(uint64_t against)
{
    size_t i = place_told(against);

    return i < LENGTH(told_in_order) ? told_in_order[i] : CODE(REFUSAL_UNSPECIFIED);
}

/* A question near to some clause: right in all, then off in none to three places. */
static void ask(const struct model models[], const struct agreement *const agreements[],
                size_t count, struct asked *asked, struct question *q)
{
    static const char *const outsiders[] = {"hou.cambridge", "nps", "NPS", ""};
    size_t types = 0;
    const struct message_type *all = catalogue_all(&types);
    const struct model *m = &models[asked->agreement = pick((uint32_t)count)];
    const struct agreement *text = agreements[asked->agreement];
    const struct model_clause *c = &m->clauses[pick((uint32_t)m->clause_count)];
    size_t from, to;

    do
        from = pick(LENGTH(people));
    while (!is_named(c->from, people[from].agency));
    do
        to = pick(LENGTH(people));
    while (!is_named(c->to, people[to].agency));
    *q = (struct question){
        .from = people[from].agency,
        .to = people[to].agency,
        .type = c->type->name,
        .purpose = c->purpose,
        .gateway = c->gateway,
        .agreement_id = m->id,
        .clause = c->id,
        .agreement_version = m->version,
        .agreement_hash = text->hash,
        .categories = c->required | (c->optional & pick(1u << 25)),
        .marking = m->floor > c->type->marking ? m->floor : c->type->marking,
        .retention_days = pick(2) * 100,
        .in_reply = c->only_in_reply || pick(2),
        .signer_counts = true,
        .is_holder = c->only_by_holder || pick(2),
        .officers = 2,
    };
    for (int i = 0; i < 32; i++)
        if (c->capacity[i])
            q->capacity = i;
    asked->stale_version = asked->stale_hash = false;
    asked->now = day("2025-06-01");
    for (uint32_t off = pick(4); off > 0; off--) {
        switch (pick(22)) {
        case 0:
            asked->stale_version = true;
            q->agreement_version = m->version + 1;
            break;
        case 1:
            q->agreement_hash.bytes[pick(32)] |= (uint8_t)(1u << pick(8));
            asked->stale_hash = !digest_equal(&q->agreement_hash, &text->hash);
            break;
        case 2:
            asked->now = midnights[pick(4)] - pick(2);
            break;
        case 3:
            q->from = pick(2) ? outsiders[pick(4)] : people[pick(LENGTH(people))].agency;
            break;
        case 4:
            q->to = pick(2) ? outsiders[pick(4)] : people[pick(LENGTH(people))].agency;
            break;
        case 5:
            q->clause = pick(2) ? "c" : m->clauses[pick((uint32_t)m->clause_count)].id;
            break;
        case 6:
            q->type = pick(4) ? all[pick((uint32_t)types)].name : "psr";
            break;
        case 7:
            q->purpose = purposes[pick(2)];
            break;
        case 8:
            q->gateway = gateways[pick(LENGTH(gateways))].code;
            break;
        case 9:
            q->in_reply = pick(2);
            break;
        case 10:
            q->categories ^= 1u << pick(25);
            break;
        case 11:
            q->categories = pick(1u << 25);
            break;
        case 12:
            q->marking = (int)pick(4);
            break;
        case 13:
            q->retention_days = pick(5) * 100 + pick(2);
            break;
        case 14:
            q->onward = onward_pool;
            q->onward_count = 1 + pick(3);
            break;
        case 15:
            q->signer_counts = false;
            break;
        case 16:
            q->capacity = pick(4) ? (int)pick(7) : (int)pick(70) - 35;
            break;
        case 17:
            q->is_holder = pick(2);
            break;
        case 18:
            q->officers = pick(4);
            break;
        case 19:
            q->uses_today = pick(4);
            break;
        case 20:
            q->privilege_suspended = pick(2);
            break;
        default:
            asked->agreement = MODEL_AGREEMENTS;
            q->agreement_id = "ISA-NONE";
            break;
        }
    }
}

static struct agreement_set *take(struct agreement *agreements[], size_t count)
{
    struct agreement_set *set = NULL;
    enum standing standings[MODEL_AGREEMENTS];
    struct reason why;

    for (size_t i = 0; i < count; i++)
        standings[i] = agreements[i]->standing;
    if (agreement_set_take(agreements, count, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < count; i++) /* the set took drafts as signed */
        agreements[i]->standing = standings[i];
    return set;
}

static void a_million_decisions_agree_with_the_oracle(void **)
{
    enum {
        WORLDS = 400,
        QUESTIONS = 3000
    };
    /* once for each of many changes of the engine */
    size_t worlds = getenv("MUTATING") ? WORLDS / 10 : WORLDS;
    size_t decisions = 0, permits = 0, mismatches = 0, codes[64] = {0};

    seed = 20261122;
    for (size_t world = 0; world < worlds; world++) {
        struct model models[MODEL_AGREEMENTS];
        struct agreement *agreements[MODEL_AGREEMENTS], *less[MODEL_AGREEMENTS];
        struct agreement *turned[MODEL_AGREEMENTS];
        const struct agreement *borrowed[MODEL_AGREEMENTS];
        size_t count = 1 + pick(MODEL_AGREEMENTS), removed = pick((uint32_t)count), left = 0;

        for (size_t i = 0; i < count; i++) {
            make_model(&models[i], i);
            borrowed[i] = agreements[i] = agreement_of(&models[i], 0);
            turned[i] = agreement_of(&models[i], 1 + pick(MODEL_CLAUSES));
            if (i != removed)
                less[left++] = agreement_of(&models[i], 0);
        }
        OWNED(agreement_set) set = take(agreements, count);
        OWNED(agreement_set) smaller = take(less, left);
        OWNED(agreement_set) reordered = take(turned, count);

        for (size_t i = 0; i < QUESTIONS; i++) {
            const struct model_clause *clause = NULL;
            struct asked asked;
            struct question q;
            Concordat__RefusalCode expected = CODE(NO_AGREEMENT);

            ask(models, borrowed, count, &asked, &q);
            if (asked.agreement < MODEL_AGREEMENTS)
                expected =
                    first_told(everything_against(&models[asked.agreement], &asked, &q, &clause));

            struct decision d = decide(&q, set, asked.now);
            decisions++;
            permits += d.permitted;
            codes[d.code]++;
            mismatches += d.code != expected || d.permitted != !expected
                       || (d.permitted && strcmp(d.clause->id, clause->id) != 0);

            /* Removing an agreement removes its permits and no other. */
            struct decision without = decide(&q, smaller, asked.now);
            bool was_its = asked.agreement == removed;
            mismatches += without.code != (was_its ? CODE(NO_AGREEMENT) : d.code);

            /* The order of clauses means nothing. */
            const struct agreement *other = agreement_set_find(reordered, q.agreement_id);
            if (other && !asked.stale_hash) {
                q.agreement_hash = other->hash;
                mismatches += decide(&q, reordered, asked.now).code != d.code;
            }
        }
    }
    print_message("%zu decisions against the oracle, %zu permits, %zu mismatches; %zu clauses "
                  "refused when read\n",
                  decisions, permits, mismatches, refused_at_parse);
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (codes[i])
            print_message("  %-26s %zu\n", code_name((Concordat__RefusalCode)i), codes[i]);
    assert_int_equal(mismatches, 0);
    assert_true(decisions >= (worlds < WORLDS ? 100000 : 1000000));
    assert_true(permits >= decisions / 10);
    assert_true(refused_at_parse >= (worlds < WORLDS ? 100 : 1000));
}

/* One way to send it that decide_first may find, as the oracle sees it. */
struct way {
    const char *agreement, *clause; /* NULL: no clause of the agreement is about the type */
    Concordat__RefusalCode code;
    size_t nearness; /* place in the order of checks; wrong dates alone beyond all, a permit beyond
                        that */
    int offending;   /* how many categories */
};

static struct way way_of(const struct model *m, const struct model_clause *c,
                         const struct asked *asked, const struct question *q)
{
    const uint64_t dates = 1ull << CODE(AGREEMENT_NOT_YET) | 1ull << CODE(AGREEMENT_EXPIRED)
                         | 1ull << CODE(AGREEMENT_REVOKED) | 1ull << CODE(AGREEMENT_SUSPENDED);
    const struct model_clause *found;
    struct question one = *q;

    one.clause = c ? c->id : "";
    one.purpose = c && !q->purpose ? c->purpose : q->purpose;
    one.gateway = c && !q->gateway ? c->gateway : q->gateway;
    if (c && q->marking == 0) /* asks for the least that will do */
        one.marking = m->floor > c->type->marking ? m->floor : c->type->marking;

    uint64_t against = everything_against(m, asked, &one, &found);
    struct way way = {m->id, c ? c->id : NULL, first_told(against), place_told(against), 0};
    if (against && !(against & ~dates))
        way.nearness = LENGTH(told_in_order); /* as far as a permit, but for this */
    if (!against)
        way.nearness = LENGTH(told_in_order) + 1;
    if (way.code == CODE(PARTY_NOT_SIGNATORY) || way.code == CODE(SIGNER_NOT_PINNED))
        way.clause = NULL;

    if (c && way.code == CODE(CATEGORY_NOT_COVERED))
        way.offending = __builtin_popcount(q->categories & ~(c->required | c->optional));
    if (c && way.code == CODE(CATEGORY_MISSING))
        way.offending = __builtin_popcount(c->required & ~q->categories);
    return way;
}

/* Is `a` to be told rather than `b`? */
static bool beats(const struct way *a, const struct way *b)
{
    if (!b->agreement || a->nearness != b->nearness)
        return !b->agreement || a->nearness > b->nearness;
    if (a->offending != b->offending)
        return a->offending < b->offending;
    if (strcmp(a->agreement, b->agreement) != 0)
        return strcmp(a->agreement, b->agreement) < 0;
    return b->clause && (!a->clause || strcmp(a->clause, b->clause) < 0);
}

static struct way best_way(const struct model models[], size_t count, const struct asked *asked,
                           const struct question *q)
{
    struct way best = {.code = CODE(NO_AGREEMENT)};

    for (size_t a = 0; a < count; a++) {
        if (q->agreement_id && strcmp(q->agreement_id, models[a].id) != 0)
            continue; /* the sender wants another */
        if (!q->agreement_id && !(is_party(&models[a], q->from) && is_party(&models[a], q->to)))
            continue; /* not theirs together */
        if (models[a].standing == STANDING_DRAFT || models[a].standing == STANDING_SUPERSEDED)
            continue; /* as if it were not there */
        struct way none = way_of(&models[a], NULL, asked, q);
        if (beats(&none, &best))
            best = none;
        for (size_t c = 0; c < models[a].clause_count; c++) {
            struct way way = way_of(&models[a], &models[a].clauses[c], asked, q);
            if (!strcmp(models[a].clauses[c].type->name, q->type) && beats(&way, &best))
                best = way;
        }
    }
    return best;
}

static void the_first_permit_or_the_nearest_refusal_is_found(void **)
{
    size_t decisions = 0, permits = 0, named = 0;

    seed = 4711;
    for (size_t world = 0; world < (getenv("MUTATING") ? 30 : 300); world++) {
        struct model models[MODEL_AGREEMENTS];
        struct agreement *agreements[MODEL_AGREEMENTS];
        const struct agreement *borrowed[MODEL_AGREEMENTS];
        size_t count = 1 + pick(MODEL_AGREEMENTS);

        for (size_t i = 0; i < count; i++) {
            make_model(&models[i], i);
            borrowed[i] = agreements[i] = agreement_of(&models[i], 0);
        }
        OWNED(agreement_set) set = take(agreements, count);

        for (size_t i = 0; i < 300; i++) {
            struct reason why = {{0}};
            struct asked asked;
            struct question q;

            ask(models, borrowed, count, &asked, &q);
            q.clause = NULL;
            if (pick(3)) /* else the one that ask() chose, which may not exist */
                q.agreement_id = NULL;
            named += q.agreement_id != NULL;
            if (pick(2))
                q.purpose = q.gateway = NULL;
            asked.stale_hash = asked.stale_version = false;
            bool sends_at_all = false;
            for (size_t m = 0; m < count; m++)
                sends_at_all |= is_party(&models[m], q.from);

            struct way expected = best_way(models, count, &asked, &q);
            struct question asking = q;
            struct decision d = decide_first(&asking, set, asked.now);
            decision_explain(&d, &q, &why);
            decisions++;
            permits += d.permitted;
            assert_true(strlen(why.text) > 10);
            assert_int_equal(d.permitted, !expected.code);
            assert_int_equal(d.code, expected.code);
            assert_int_equal(__builtin_popcount(d.offending), expected.offending);
            assert_int_equal(d.agreement != NULL, expected.agreement != NULL);
            if (d.agreement)
                assert_string_equal(d.agreement->id, expected.agreement);
            else if (!q.agreement_id)
                assert_int_equal(strstr(why.text, "together") != NULL, sends_at_all);
            assert_int_equal(d.clause != NULL, expected.clause != NULL);
            if (d.clause)
                assert_string_equal(d.clause->id, expected.clause);
            if (d.permitted)
                assert_true(decide(&asking, set, asked.now).permitted);
        }
    }
    print_message("%zu searches, %zu under a named agreement, %zu permits, all the first or the "
                  "nearest\n",
                  decisions, named, permits);
    assert_true(permits > decisions / 10);
    assert_true(named > decisions / 10);
}

static int count_midnights(void **)
{
    for (size_t i = 0; i < LENGTH(days); i++)
        midnights[i] = day(days[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_decisions_agree_with_the_oracle),
        cmocka_unit_test(the_first_permit_or_the_nearest_refusal_is_found),
    };
    return cmocka_run_group_tests_name("oracle", tests, count_midnights, NULL);
}
