/* Nothing flows that is not agreed: each refusal has its code, and a million decisions agree with
 * an oracle that knows nothing of the engine. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/day.h"
#include "proto/header.pb-c.h"

#define EXAMPLES SOURCE_DIR "/agreements/examples"
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define SET(c) (1u << CONCORDAT__DATA_CATEGORY__DC_##c)

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

static struct agreement_set *examples(void)
{
    struct agreement_set *set = NULL;
    struct reason why;

    if (agreement_set_load(EXAMPLES, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    return set;
}

/* A question that the named clause of the examples permits. */
static struct question permitted_question(const struct agreement_set *set, const char *agreement,
                                          const char *clause, const char *from, const char *to)
{
    const struct agreement *a = agreement_set_find(set, agreement);
    const struct clause *c = a ? agreement_clause(a, clause) : NULL;

    assert_non_null(c);
    return (struct question){
        .from = from,
        .to = to,
        .type = c->type->name,
        .purpose = c->purpose,
        .gateway = c->gateway,
        .agreement_id = a->id,
        .clause = c->id,
        .agreement_version = a->version,
        .agreement_hash = a->hash,
        .categories = c->required,
        .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
        .in_reply = c->only_in_reply,
    };
}

static void the_zero_decision_refuses(void **)
{
    struct decision zero = {0};

    assert_false(zero.permitted);
}

static void what_a_clause_says_is_permitted(void **)
{
    OWNED(agreement_set) set = examples();
    static const struct {
        const char *agreement, *clause, *from, *to;
    } flows[] = {
        {"ISA-COURT", "psr-request", "court.b35cz00", "nps.cambs"},
        {"ISA-COURT", "psr-report", "nps.cambs", "court.b35cz00"},
        {"ISA-SAFE", "referral-child", "nps.cambs", "csc.cambs"},
        {"ISA-SAFE", "referral-child-police", "police.35", "csc.cambs"},
        {"ISA-SAFE", "decision", "csc.cambs", "nps.cambs"},
        {"ISA-SAFE", "decision-police", "csc.cambs", "police.35"},
    };

    for (size_t i = 0; i < LENGTH(flows); i++) {
        struct question q = permitted_question(set, flows[i].agreement, flows[i].clause,
                                               flows[i].from, flows[i].to);
        struct decision d = decide(&q, set, day("2026-06-15"));

        assert_true(d.permitted);
        assert_int_equal(d.code, CODE(REFUSAL_UNSPECIFIED));
        assert_int_equal(d.offending, 0);
        assert_string_equal(d.agreement->id, flows[i].agreement);
        assert_string_equal(d.clause->id, flows[i].clause);
    }
}

/* One change at a time to a referral from probation that would be permitted. */
static void change(struct question *q, const char *what)
{
    static const char stranger[1][AGENCY_MAX + 1] = {"mh.cambs"};

    if (!strcmp(what, "no agreement id"))
        q->agreement_id = NULL;
    else if (!strcmp(what, "unknown agreement"))
        q->agreement_id = "ISA-NONE";
    else if (!strcmp(what, "other version"))
        q->agreement_version--;
    else if (!strcmp(what, "other hash"))
        q->agreement_hash.bytes[31] ^= 1;
    else if (!strcmp(what, "sender no party"))
        q->from = "court.b35cz00";
    else if (!strcmp(what, "sender none"))
        q->from = NULL;
    else if (!strcmp(what, "sender a kind"))
        q->from = "NPS";
    else if (!strcmp(what, "recipient no party"))
        q->to = "asc.cambs";
    else if (!strcmp(what, "unknown clause"))
        q->clause = "referral";
    else if (!strcmp(what, "no clause"))
        q->clause = NULL;
    else if (!strcmp(what, "clause of another type"))
        q->clause = "decision";
    else if (!strcmp(what, "unknown type"))
        q->type = "safeguarding.referral.chil";
    else if (!strcmp(what, "clause of another sender"))
        q->clause = "referral-child-police";
    else if (!strcmp(what, "to itself"))
        q->from = "csc.cambs";
    else if (!strcmp(what, "backwards"))
        q->from = "csc.cambs", q->to = "nps.cambs";
    else if (!strcmp(what, "other recipient"))
        q->to = "police.35";
    else if (!strcmp(what, "other purpose"))
        q->purpose = "court_advice";
    else if (!strcmp(what, "no purpose"))
        q->purpose = NULL;
    else if (!strcmp(what, "other gateway"))
        q->gateway = "CA2004_S11";
    else if (!strcmp(what, "narrative"))
        q->categories |= SET(RISK_NARRATIVE) | SET(VICTIM);
    else if (!strcmp(what, "no child"))
        q->categories &= ~SET(CHILD);
    else if (!strcmp(what, "nothing at all"))
        q->categories = 0;
    else if (!strcmp(what, "category 31"))
        q->categories |= 1u << 31;
    else if (!strcmp(what, "official"))
        q->marking = CONCORDAT__MARKING__OFFICIAL;
    else if (!strcmp(what, "unmarked"))
        q->marking = 0;
    else if (!strcmp(what, "secret"))
        q->marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE + 1;
    else if (!strcmp(what, "kept a day too long"))
        q->retention_days = 2191;
    else if (!strcmp(what, "passed on"))
        q->onward_count = 1, q->onward = stranger;
    else
        fail_msg("no change `%s'", what);
}

static void each_departure_has_its_code(void **)
{
    OWNED(agreement_set) set = examples();
    static const struct {
        const char *what;
        Concordat__RefusalCode code;
        category_set offending;
    } cases[] = {
        {"no agreement id", CODE(NO_AGREEMENT), 0},
        {"unknown agreement", CODE(NO_AGREEMENT), 0},
        {"other version", CODE(AGREEMENT_VERSION_STALE), 0},
        {"other hash", CODE(AGREEMENT_VERSION_STALE), 0},
        {"sender no party", CODE(PARTY_NOT_SIGNATORY), 0},
        {"sender none", CODE(PARTY_NOT_SIGNATORY), 0},
        {"sender a kind", CODE(PARTY_NOT_SIGNATORY), 0},
        {"recipient no party", CODE(PARTY_NOT_SIGNATORY), 0},
        {"unknown clause", CODE(TYPE_NOT_COVERED), 0},
        {"no clause", CODE(TYPE_NOT_COVERED), 0},
        {"clause of another type", CODE(TYPE_NOT_COVERED), 0},
        {"unknown type", CODE(TYPE_NOT_COVERED), 0},
        {"clause of another sender", CODE(DIRECTION_NOT_ALLOWED), 0},
        {"to itself", CODE(DIRECTION_NOT_ALLOWED), 0},
        {"backwards", CODE(DIRECTION_NOT_ALLOWED), 0},
        {"other recipient", CODE(DIRECTION_NOT_ALLOWED), 0},
        {"other purpose", CODE(PURPOSE_NOT_COVERED), 0},
        {"no purpose", CODE(PURPOSE_NOT_COVERED), 0},
        {"other gateway", CODE(GATEWAY_NOT_AVAILABLE), 0},
        {"narrative", CODE(CATEGORY_NOT_COVERED), SET(RISK_NARRATIVE) | SET(VICTIM)},
        {"no child", CODE(CATEGORY_MISSING), SET(CHILD)},
        {"nothing at all", CODE(CATEGORY_MISSING), SET(CHILD) | SET(IDENTITY)},
        {"category 31", CODE(CATEGORY_NOT_COVERED), 1u << 31},
        {"official", CODE(MARKING_TOO_LOW), 0},
        {"unmarked", CODE(MARKING_TOO_LOW), 0},
        {"secret", CODE(MARKING_TOO_HIGH), 0},
        {"kept a day too long", CODE(RETENTION_TOO_LONG), 0},
        {"passed on", CODE(ONWARD_NOT_ALLOWED), 0},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct question q =
            permitted_question(set, "ISA-SAFE", "referral-child", "nps.cambs", "csc.cambs");
        struct decision d;
        struct reason why = {{0}};

        assert_true(decide(&q, set, day("2026-06-15")).permitted);
        change(&q, cases[i].what);
        d = decide(&q, set, day("2026-06-15"));
        decision_explain(&d, &q, &why);
        if (d.permitted || d.code != cases[i].code || d.offending != cases[i].offending)
            fail_msg("%s: got %s %x: %s", cases[i].what, code_name(d.code), d.offending, why.text);
        assert_true(strlen(why.text) > 10);
    }
}

static void dates_and_replies_count(void **)
{
    OWNED(agreement_set) set = examples();
    struct question q = permitted_question(set, "ISA-SAFE", "decision", "csc.cambs", "nps.cambs");
    int64_t start = day("2020-04-01"), end = day("2031-04-01");

    assert_int_equal(decide(&q, set, start - 1).code, CODE(AGREEMENT_NOT_YET));
    assert_true(decide(&q, set, start).permitted);
    assert_true(decide(&q, set, end - 1).permitted);
    assert_int_equal(decide(&q, set, end).code, CODE(AGREEMENT_EXPIRED));
    q.in_reply = false;
    assert_int_equal(decide(&q, set, start).code, CODE(REPLY_REQUIRED));
    q.retention_days = 2190;
    q.in_reply = true;
    assert_true(decide(&q, set, start).permitted);
}

static void an_envelope_asks_what_its_header_says(void **)
{
    struct envelope *e = calloc(1, sizeof *e);

    assert_non_null(e);
    strcpy(e->sender, "nps.cambs");
    strcpy(e->recipient, "csc.cambs");
    strcpy(e->type, "safeguarding.referral.child");
    strcpy(e->purpose, "safeguard_child");
    strcpy(e->gateway, "CA1989_S17_S47");
    strcpy(e->agreement_id, "ISA-SAFE");
    strcpy(e->clause, "referral-child");
    strcpy(e->onward[0], "asc.cambs");
    e->agreement_version = 4;
    e->agreement_hash.bytes[0] = 7;
    e->categories = SET(CHILD);
    e->marking = CONCORDAT__MARKING__OFFICIAL;
    e->retention_days = 9;
    e->onward_count = 1;

    struct question q = question_of(e);
    assert_string_equal(q.from, "nps.cambs");
    assert_string_equal(q.to, "csc.cambs");
    assert_string_equal(q.type, e->type);
    assert_string_equal(q.purpose, e->purpose);
    assert_string_equal(q.gateway, e->gateway);
    assert_string_equal(q.agreement_id, "ISA-SAFE");
    assert_string_equal(q.clause, "referral-child");
    assert_string_equal(q.onward[0], "asc.cambs");
    assert_int_equal(q.agreement_version, 4);
    assert_int_equal(q.agreement_hash.bytes[0], 7);
    assert_int_equal(q.categories, SET(CHILD));
    assert_int_equal(q.marking, CONCORDAT__MARKING__OFFICIAL);
    assert_int_equal(q.retention_days, 9);
    assert_int_equal(q.onward_count, 1);
    assert_false(q.in_reply);
    e->in_reply_to.bytes[15] = 1;
    assert_true(question_of(e).in_reply);
    free(e);
}

static void the_sender_is_told_the_nearest_way(void **)
{
    OWNED(agreement_set) set = examples();
    struct question q = {.from = "nps.cambs",
                         .to = "csc.cambs",
                         .type = "safeguarding.referral.child",
                         .categories = SET(IDENTITY) | SET(CHILD)};
    struct decision d = decide_first(&q, set, day("2026-06-15"));
    struct reason why;

    assert_true(d.permitted);
    assert_string_equal(q.agreement_id, "ISA-SAFE");
    assert_int_equal(q.agreement_version, 4);
    assert_string_equal(q.clause, "referral-child");
    assert_string_equal(q.purpose, "safeguard_child");
    assert_string_equal(q.gateway, "CA1989_S17_S47");
    assert_int_equal(q.marking, CONCORDAT__MARKING__OFFICIAL_SENSITIVE);
    assert_true(decide(&q, set, day("2026-06-15")).permitted);

    struct question more = {.from = "nps.cambs",
                            .to = "csc.cambs",
                            .type = "safeguarding.referral.child",
                            .categories = SET(IDENTITY) | SET(CHILD) | SET(RISK_NARRATIVE)};
    d = decide_first(&more, set, day("2026-06-15"));
    decision_explain(&d, &more, &why);
    assert_int_equal(d.code, CODE(CATEGORY_NOT_COVERED));
    assert_int_equal(d.offending, SET(RISK_NARRATIVE));
    assert_null(more.clause); /* a refusal fills nothing in */
    assert_string_equal(why.text,
                        "ISA-SAFE v4 clause referral-child does not cover DC_RISK_NARRATIVE from "
                        "nps.cambs to csc.cambs; without it the message would be permitted");

    more.categories = SET(IDENTITY) | SET(RISK_NARRATIVE);
    d = decide_first(&more, set, day("2026-06-15"));
    decision_explain(&d, &more, &why);
    assert_non_null(strstr(why.text, "; more than that stands against it"));

    struct question late = q;
    d = decide_first(&late, set, day("2031-04-01"));
    decision_explain(&d, &late, &why);
    assert_int_equal(d.code, CODE(AGREEMENT_EXPIRED));
    assert_string_equal(why.text, "ISA-SAFE v4 expired on 2031-04-01");

    struct question police = {.from = "police.35",
                              .to = "nps.cambs",
                              .type = "psr.request",
                              .categories = SET(IDENTITY) | SET(OFFENCE_INDEX)};
    d = decide_first(&police, set, day("2026-06-15"));
    decision_explain(&d, &police, &why);
    assert_int_equal(d.code, CODE(DIRECTION_NOT_ALLOWED));
    assert_string_equal(why.text, "ISA-COURT v3 clause psr-request lets court.b35cz00 send "
                                  "psr.request to nps.cambs, not police.35 to nps.cambs");

    struct question nobody = {.from = "hou.cambridge", .to = "nps.cambs", .type = "psr.request"};
    d = decide_first(&nobody, set, day("2026-06-15"));
    decision_explain(&d, &nobody, &why);
    assert_int_equal(d.code, CODE(NO_AGREEMENT));
    assert_string_equal(why.text, "hou.cambridge is party to no agreement, so it may send nothing");

    struct question empty = {0};
    d = decide_first(&empty, set, day("2026-06-15"));
    decision_explain(&d, &empty, &why);
    assert_int_equal(d.code, CODE(NO_AGREEMENT));
}

/* ---- the oracle: a world of its own, written down as text, judged by plain loops ---- */

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
static const char *const gateways[] = {"SC2020_S30", "CA1989_S17_S47"};
static const char *const days[] = {"2024-01-01", "2025-01-01", "2026-01-01", "2027-01-01"};
static const char onward_pool[3][AGENCY_MAX + 1] = {"asc.cambs", "mh.cambs", "ppcs"};

#define MODEL_CLAUSES 6
#define MODEL_AGREEMENTS 4

struct model_clause {
    char id[16];
    const struct message_type *type;
    const char *from, *to, *purpose, *gateway;
    category_set required, optional;
    bool is_answer, only_in_reply;
};

struct model {
    char id[16];
    uint32_t version, from, until, retention; /* `from` and `until` index days */
    int floor, ceiling;
    bool party[LENGTH(people)], onward[LENGTH(onward_pool)];
    size_t clause_count;
    struct model_clause clauses[MODEL_CLAUSES];
};

static void make_clause(struct model *m)
{
    struct model_clause c, *last = &m->clauses[m->clause_count];
    size_t count = 0, a, b;
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
    c.gateway = gateways[pick(2)];
    c.required = c.type->required | (c.type->allowed & pick(1u << 25) & pick(1u << 25));
    c.optional = c.type->allowed & ~c.required & pick(1u << 25);
    for (size_t i = 0; i < count; i++) /* only an answer can be told to wait for its question */
        if (types[i].answered_by && !strcmp(types[i].answered_by, c.type->name))
            c.is_answer = true;
    c.only_in_reply = c.is_answer && pick(2);
    if (c.type->marking > m->ceiling)
        return;
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

/* `rotation` says with which clause the text begins. */
static struct agreement *agreement_of(const struct model *m, size_t rotation)
{
    static const char *const markings[] = {"", "OFFICIAL", "OFFICIAL_SENSITIVE"};
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    struct agreement *a = NULL;
    struct reason why;

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
    if (agreement_parse("model", text, size, &a, &why) != ST_OK)
        fail_msg("%s in\n%s", why.text, text);
    free(text);
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
    AGAINST(asked->stale_version || asked->stale_hash, AGREEMENT_VERSION_STALE);
    AGAINST(asked->now < day(days[m->from]), AGREEMENT_NOT_YET);
    AGAINST(asked->now >= day(days[m->until]), AGREEMENT_EXPIRED);
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
    for (size_t i = 0; i < q->onward_count; i++)
        for (size_t j = 0; j < LENGTH(onward_pool); j++)
            AGAINST(!strcmp(q->onward[i], onward_pool[j]) && !m->onward[j], ONWARD_NOT_ALLOWED);
#undef AGAINST
    return against;
}

/* The order in which the reference says that refusals are told. */
static Concordat__RefusalCode first_told(uint64_t against)
{
    static const Concordat__RefusalCode order[] = {
        CODE(AGREEMENT_VERSION_STALE), CODE(AGREEMENT_NOT_YET),     CODE(AGREEMENT_EXPIRED),
        CODE(PARTY_NOT_SIGNATORY),     CODE(TYPE_NOT_COVERED),      CODE(DIRECTION_NOT_ALLOWED),
        CODE(PURPOSE_NOT_COVERED),     CODE(GATEWAY_NOT_AVAILABLE), CODE(REPLY_REQUIRED),
        CODE(CATEGORY_NOT_COVERED),    CODE(CATEGORY_MISSING),      CODE(MARKING_TOO_HIGH),
        CODE(MARKING_TOO_LOW),         CODE(RETENTION_TOO_LONG),    CODE(ONWARD_NOT_ALLOWED),
    };

    for (size_t i = 0; i < LENGTH(order); i++)
        if (against & (1ull << order[i]))
            return order[i];
    return CODE(REFUSAL_UNSPECIFIED);
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
    };
    asked->stale_version = asked->stale_hash = false;
    asked->now = day("2025-06-01");
    for (uint32_t off = pick(4); off > 0; off--) {
        switch (pick(16)) {
        case 0:
            asked->stale_version = true;
            q->agreement_version = m->version + 1;
            break;
        case 1:
            q->agreement_hash.bytes[pick(32)] |= (uint8_t)(1u << pick(8));
            asked->stale_hash = !digest_equal(&q->agreement_hash, &text->hash);
            break;
        case 2:
            asked->now = day(days[pick(4)]) - pick(2);
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
            q->gateway = gateways[pick(2)];
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
    struct reason why;

    if (agreement_set_take(agreements, count, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    return set;
}

static void a_million_decisions_agree_with_the_oracle(void **)
{
    enum {
        WORLDS = 800,
        QUESTIONS = 1500
    };
    size_t decisions = 0, permits = 0, mismatches = 0, codes[64] = {0};

    seed = 20261122;
    for (size_t world = 0; world < WORLDS; world++) {
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
    print_message("%zu decisions against the oracle, %zu permits, %zu mismatches\n", decisions,
                  permits, mismatches);
    for (size_t i = 0; i < LENGTH(codes); i++)
        if (codes[i])
            print_message("  %-26s %zu\n", code_name((Concordat__RefusalCode)i), codes[i]);
    assert_int_equal(mismatches, 0);
    assert_true(decisions >= 1000000);
    assert_true(permits >= decisions / 10);
}

/* decide_first permits when and only when some clause does, and names the first. */
static void the_first_clause_that_permits_is_found(void **)
{
    size_t decisions = 0, permits = 0;

    seed = 4711;
    for (size_t world = 0; world < 300; world++) {
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
            const char *first_agreement = NULL, *first_clause = NULL;
            struct asked asked;
            struct question q;

            ask(models, borrowed, count, &asked, &q);
            q.agreement_id = q.clause = NULL;
            if (pick(2))
                q.purpose = q.gateway = NULL;
            asked.stale_hash = asked.stale_version = false;
            for (size_t a = 0; a < count; a++)
                for (size_t c = 0; c < models[a].clause_count; c++) {
                    const struct model_clause *clause;
                    struct question one = q;

                    const struct model_clause *m = &models[a].clauses[c];

                    one.clause = m->id;
                    one.purpose = q.purpose ? q.purpose : m->purpose;
                    one.gateway = q.gateway ? q.gateway : m->gateway;
                    if (one.marking == 0) /* asks for the least that will do */
                        one.marking =
                            models[a].floor > m->type->marking ? models[a].floor : m->type->marking;
                    if (everything_against(&models[a], &asked, &one, &clause))
                        continue;
                    int order = first_agreement ? strcmp(models[a].id, first_agreement) : -1;
                    if (order < 0 || (order == 0 && strcmp(one.clause, first_clause) < 0)) {
                        first_agreement = models[a].id;
                        first_clause = one.clause;
                    }
                }

            struct question asking = q;
            struct decision d = decide_first(&asking, set, asked.now);
            decisions++;
            permits += d.permitted;
            assert_int_equal(d.permitted, first_clause != NULL);
            if (d.permitted) {
                assert_string_equal(d.agreement->id, first_agreement);
                assert_string_equal(d.clause->id, first_clause);
                assert_true(decide(&asking, set, asked.now).permitted);
            } else {
                assert_int_not_equal(d.code, CODE(REFUSAL_UNSPECIFIED));
            }
            struct reason why = {{0}};
            decision_explain(&d, &q, &why);
            assert_true(strlen(why.text) > 10);
        }
    }
    print_message("%zu searches, %zu permits, all the first\n", decisions, permits);
    assert_true(permits > decisions / 10);
}

static void a_decision_costs_well_under_a_microsecond(void **)
{
    OWNED(agreement_set) set = examples();
    struct question q =
        permitted_question(set, "ISA-SAFE", "referral-child", "nps.cambs", "csc.cambs");
    enum {
        ROUNDS = 200000
    };
    size_t permits = 0;
    int64_t now = day("2026-06-15"), start = clock_monotonic_ns();

    for (size_t i = 0; i < ROUNDS; i++)
        permits += decide(&q, set, now).permitted;
    int64_t took = clock_monotonic_ns() - start;
    print_message("%ld ns a decision in this build\n", (long)(took / ROUNDS));
    assert_int_equal(permits, ROUNDS); /* the time is printed, not judged: sanitizers count too */
}

/* ---- golden: every way that the example agreements answer ---- */

static void put_decision(FILE *f, const struct agreement_set *set, struct question q,
                         const char *what, const char *date)
{
    struct decision d = decide_first(&q, set, day(date));
    struct reason why;

    decision_explain(&d, &q, &why);
    (void)fprintf(f, "%s %-28s %-13s -> %-13s %-22s %s: %s\n", date, q.type, q.from, q.to, what,
                  d.permitted ? "PERMITTED" : code_name(d.code), why.text);
}

static void put_pair(FILE *f, const struct agreement_set *set, const struct message_type *type,
                     const char *from, const char *to)
{
    struct question q = {
        .from = from, .to = to, .type = type->name, .categories = type->required, .in_reply = true};

    put_decision(f, set, q, "required, in reply", "2026-06-15");
    q.categories = type->allowed;
    put_decision(f, set, q, "everything, in reply", "2026-06-15");
    q.categories = type->required & (type->required - 1);
    put_decision(f, set, q, "one less, in reply", "2026-06-15");
    q.categories = type->required;
    q.in_reply = false;
    put_decision(f, set, q, "required, unasked", "2026-06-15");
}

/* Outside the dates, to itself, and from and to strangers. */
static void put_edges(FILE *f, const struct agreement_set *set)
{
    struct question q = {.from = "court.b35cz00",
                         .to = "nps.cambs",
                         .type = "psr.request",
                         .categories = SET(IDENTITY) | SET(OFFENCE_INDEX)};

    put_decision(f, set, q, "required, unasked", "2020-11-30");
    put_decision(f, set, q, "required, unasked", "2020-12-01");
    put_decision(f, set, q, "required, unasked", "2031-11-30");
    put_decision(f, set, q, "required, unasked", "2031-12-01");
    q.to = "court.b35cz00";
    put_decision(f, set, q, "required, unasked", "2026-06-15");
    q.to = "hou.cambridge";
    put_decision(f, set, q, "required, unasked", "2026-06-15");
    q.from = "hou.cambridge";
    q.to = "nps.cambs";
    put_decision(f, set, q, "required, unasked", "2026-06-15");
}

static void the_examples_decide_as_the_golden_file_says(void **)
{
    static const char *const agencies[] = {"court.b35cz00", "nps.cambs", "csc.cambs", "police.35"};
    static const char path[] = SOURCE_DIR "/tests/golden/decisions.txt";
    OWNED(agreement_set) set = examples();
    char *text = NULL, line[1024];
    size_t size = 0, types = 0, lines = 0;
    FILE *f = open_memstream(&text, &size), *golden;
    const struct message_type *all = catalogue_all(&types);

    assert_non_null(f);
    for (size_t t = 0; t < types; t++)
        for (size_t i = 0; i < LENGTH(agencies); i++)
            for (size_t j = 0; j < LENGTH(agencies); j++)
                if (i != j)
                    put_pair(f, set, &all[t], agencies[i], agencies[j]);
    put_edges(f, set);
    assert_int_equal(fclose(f), 0);
    if (getenv("GOLDEN_WRITE")) { /* a change of any decision is a diff that somebody reviews */
        assert_non_null(golden = fopen(path, "w"));
        assert_int_equal(fwrite(text, 1, size, golden), size);
        assert_int_equal(fclose(golden), 0);
    }
    assert_non_null(golden = fopen(path, "r"));
    char *at = text;
    while (fgets(line, sizeof line, golden)) {
        size_t length = strlen(line);

        lines++;
        if (strncmp(at, line, length) != 0)
            fail_msg("line %zu of decisions.txt; expected\n%sgot\n%.*s", lines, line,
                     (int)strcspn(at, "\n"), at);
        at += length;
    }
    (void)fclose(golden);
    assert_string_equal(at, "");
    print_message("%zu decisions as in the golden file\n", lines);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_zero_decision_refuses),
        cmocka_unit_test(what_a_clause_says_is_permitted),
        cmocka_unit_test(each_departure_has_its_code),
        cmocka_unit_test(dates_and_replies_count),
        cmocka_unit_test(an_envelope_asks_what_its_header_says),
        cmocka_unit_test(the_sender_is_told_the_nearest_way),
        cmocka_unit_test(a_million_decisions_agree_with_the_oracle),
        cmocka_unit_test(the_first_clause_that_permits_is_found),
        cmocka_unit_test(a_decision_costs_well_under_a_microsecond),
        cmocka_unit_test(the_examples_decide_as_the_golden_file_says),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
