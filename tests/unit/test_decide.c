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
#define STRANGER "vcse.harbour" /* party to nothing */
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
    assert_null(zero.permit);
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
        q->to = "tx.cambs";
    else if (!strcmp(what, "recipient none"))
        q->to = NULL;
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
        {"recipient none", CODE(PARTY_NOT_SIGNATORY), 0},
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

/* The examples as they will be in force: signed, not assumed. */
static struct agreement *signed_example(struct agreement_set **set, const char *id)
{
    struct agreement *a = NULL;

    *set = examples();
    for (size_t i = 0; i < agreement_set_count(*set); i++)
        if (!strcmp(agreement_set_at(*set, i)->id, id)) /* ours: we loaded it */
            a = (struct agreement *)(uintptr_t)agreement_set_at(*set, i);
    assert_non_null(a);
    a->standing = STANDING_ACTIVE;
    return a;
}

static void an_agreement_permits_by_its_standing(void **)
{
    static const struct {
        enum standing standing;
        bool signer_counts;
        Concordat__RefusalCode code; /* 0: permitted */
        Concordat__RefusalCode handover;
        const char *words;
    } cases[] = {
        {STANDING_DRAFT, true, CODE(NO_AGREEMENT), CODE(NO_AGREEMENT), "not known here"},
        {STANDING_ASSUMED, false, 0, 0, "permits it"},
        {STANDING_ASSUMED, true, 0, 0, "permits it"},
        {STANDING_ACTIVE, false, CODE(SIGNER_NOT_PINNED), 0, "does not count the key"},
        {STANDING_ACTIVE, true, 0, 0, "permits it"},
        {STANDING_SUSPENDED, true, CODE(AGREEMENT_SUSPENDED), CODE(AGREEMENT_SUSPENDED),
         "is suspended"},
        {STANDING_REVOKED, true, CODE(AGREEMENT_REVOKED), CODE(AGREEMENT_REVOKED), "is revoked"},
        {STANDING_SUPERSEDED, true, CODE(NO_AGREEMENT), 0, "not known here"},
        {(enum standing)99, true, CODE(NO_AGREEMENT), CODE(NO_AGREEMENT), "not known here"},
    };
    OWNED(agreement_set) set = NULL;
    struct agreement *a = signed_example(&set, "ISA-SAFE");
    struct question q =
        permitted_question(set, "ISA-SAFE", "referral-child", "nps.cambs", "csc.cambs");

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reason why;

        a->standing = cases[i].standing;
        q.signer_counts = cases[i].signer_counts;
        struct decision d = decide(&q, set, day("2026-06-15"));
        assert_int_equal(d.code, cases[i].code);
        assert_int_equal(d.permitted, !cases[i].code);
        assert_int_equal(permit_queues(d.permit), d.permitted);
        assert_int_equal(d.permit != NULL, d.permitted);
        assert_false(permit_hands_over(d.permit));
        decision_explain(&d, &q, &why);
        if (!strstr(why.text, cases[i].words))
            fail_msg("%s", why.text);

        struct decision h = decide_handover(a, false);
        assert_int_equal(h.code, cases[i].handover);
        assert_int_equal(h.permitted, !cases[i].handover);
        assert_int_equal(permit_hands_over(h.permit), h.permitted);
        assert_int_equal(h.permit != NULL, h.permitted);
        assert_false(permit_queues(h.permit));
        struct decision lost = decide_handover(a, true);
        assert_int_equal(lost.code, cases[i].handover ? cases[i].handover : CODE(RECIPIENT_LOST));
        assert_false(lost.permitted);
        assert_null(lost.permit);
    }
}

static void hand_over_stands_by_what_was_accepted(void **)
{
    OWNED(agreement_set) set = NULL;
    struct agreement *a = signed_example(&set, "ISA-SAFE");

    assert_int_equal(decide_handover(NULL, false).code, CODE(NO_AGREEMENT));
    assert_null(decide_handover(NULL, false).permit);
    assert_ptr_equal(decide_handover(a, false).agreement, a);
    a->until_ms = a->from_ms = 0; /* expired long ago: acceptance was the point of law */
    assert_true(decide_handover(a, false).permitted);
    /* what is on record may be queued again, and not handed over for that */
    assert_true(permit_queues(permit_of_record()));
    assert_false(permit_hands_over(permit_of_record()));
    assert_false(permit_queues(NULL) || permit_hands_over(NULL));
}

static void subject_holder_and_charter_have_their_codes(void **)
{
    static const struct {
        int capacity;
        uint32_t capacities, officers, uses_today;
        bool is_holder, only_by_holder, suspended, charter;
        Concordat__RefusalCode code;
        const char *words;
    } cases[] = {
        {.code = 0, .words = "permits it"},
        {.capacity = 3, .code = 0, .words = "permits it"},
        {.capacity = 3, .capacities = 1u << 3, .code = 0, .words = "permits it"},
        {.capacity = 1, .capacities = 1u << 1, .code = 0, .words = "permits it"},
        {.capacity = 0,
         .capacities = ~0u,
         .code = CODE(SUBJECT_OUT_OF_SCOPE),
         .words = "does not say"},
        {.capacity = 31, .capacities = 1u << 31, .code = 0, .words = "permits it"},
        {.capacity = 0,
         .capacities = 1u << 3,
         .code = CODE(SUBJECT_OUT_OF_SCOPE),
         .words = "does not say"},
        {.capacity = 3,
         .capacities = 1u << 2,
         .code = CODE(SUBJECT_OUT_OF_SCOPE),
         .words = "VICTIM"},
        {.capacity = 32, .capacities = ~0u, .code = CODE(SUBJECT_OUT_OF_SCOPE), .words = "none"},
        {.capacity = -1, .capacities = ~0u, .code = CODE(SUBJECT_OUT_OF_SCOPE), .words = "none"},
        {.only_by_holder = true, .code = CODE(NOT_CURRENT_HOLDER), .words = "does not hold it"},
        {.only_by_holder = true, .is_holder = true, .code = 0, .words = "permits it"},
        {.charter = true, .officers = 2, .uses_today = 2, .code = 0, .words = "permits it"},
        {.charter = true,
         .officers = 1,
         .code = CODE(BREAK_GLASS_OFFICERS),
         .words = "those of one"},
        {.charter = true,
         .officers = 2,
         .uses_today = 3,
         .code = CODE(BREAK_GLASS_QUOTA),
         .words = "3 times in 24 hours"},
        {.charter = true,
         .officers = 2,
         .suspended = true,
         .code = CODE(BREAK_GLASS_SUSPENDED),
         .words = "is suspended until"},
        /* in this order */
        {.charter = true,
         .uses_today = 9,
         .suspended = true,
         .code = CODE(BREAK_GLASS_SUSPENDED),
         .words = "is suspended until"},
        {.charter = true, .uses_today = 9, .code = CODE(BREAK_GLASS_QUOTA), .words = "3 times"},
        {.capacities = 2,
         .only_by_holder = true,
         .charter = true,
         .code = CODE(SUBJECT_OUT_OF_SCOPE),
         .words = "the message does not say"},
        {.only_by_holder = true,
         .charter = true,
         .code = CODE(NOT_CURRENT_HOLDER),
         .words = "does not hold it"},
        /* a charter's rules are nobody else's */
        {.officers = 0, .uses_today = 9, .suspended = true, .code = 0, .words = "permits it"},
    };
    OWNED(agreement_set) set = NULL;
    struct agreement *a = signed_example(&set, "ISA-SAFE");
    struct question q =
        permitted_question(set, "ISA-SAFE", "referral-child", "nps.cambs", "csc.cambs");
    struct clause *c = (struct clause *)(uintptr_t)agreement_clause(a, "referral-child");

    a->uses_per_day = 3;
    q.signer_counts = true;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reason why;

        c->capacities = cases[i].capacities;
        c->only_by_holder = cases[i].only_by_holder;
        a->is_charter = cases[i].charter;
        q.capacity = cases[i].capacity;
        q.is_holder = cases[i].is_holder;
        q.officers = cases[i].officers;
        q.uses_today = cases[i].uses_today;
        q.privilege_suspended = cases[i].suspended;
        struct decision d = decide(&q, set, day("2026-06-15"));
        decision_explain(&d, &q, &why);
        if (d.code != cases[i].code || d.permitted != !d.code || !strstr(why.text, cases[i].words))
            fail_msg("case %zu: %s %s", i, code_name(d.code), why.text);
    }
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
    e->capacity = CONCORDAT__SUBJECT_CAPACITY__VICTIM;

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
    assert_int_equal(q.capacity, CONCORDAT__SUBJECT_CAPACITY__VICTIM);
    assert_false(q.in_reply);
    /* what no header may claim */
    assert_false(q.signer_counts || q.is_holder || q.officers > 0);
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

    struct question nobody = {.from = STRANGER, .to = "nps.cambs", .type = "psr.request"};
    d = decide_first(&nobody, set, day("2026-06-15"));
    decision_explain(&d, &nobody, &why);
    assert_int_equal(d.code, CODE(NO_AGREEMENT));
    assert_string_equal(why.text, STRANGER " is party to no agreement, so it may send nothing");

    struct question empty = {0};
    d = decide_first(&empty, set, day("2026-06-15"));
    decision_explain(&d, &empty, &why);
    assert_int_equal(d.code, CODE(NO_AGREEMENT));
}

/* An agreement between probation and another agency, whom it may send referrals; `more` is the text
 * of further clauses. */
static struct agreement *between_probation_and(const char *agency, const char *kind, const char *id,
                                               const char *more)
{
    char text[1024];
    struct agreement *agreement = NULL;
    struct reason why;
    int size = snprintf(text, sizeof text,
                        "agreement: %s\n"
                        "version: 1\n"
                        "title: Between two\n"
                        "in-force: 2024-01-01\n"
                        "review: 2025-01-01\n"
                        "expires: 2026-01-01\n"
                        "marking:\n"
                        "  floor: OFFICIAL\n"
                        "  ceiling: OFFICIAL_SENSITIVE\n"
                        "retention-days: 30\n"
                        "onward: []\n"
                        "parties:\n"
                        "  - agency: nps.cambs\n"
                        "    kind: NPS\n"
                        "    contact: Desk\n"
                        "  - agency: %s\n"
                        "    kind: %s\n"
                        "    contact: Desk\n"
                        "clauses:\n"
                        "  - id: referral\n"
                        "    type: safeguarding.referral.child\n"
                        "    from: NPS\n"
                        "    to: %s\n"
                        "    purpose: safeguard_child\n"
                        "    gateway: CDA1998_S115\n"
                        "    required: [DC_IDENTITY, DC_CHILD]\n"
                        "%s",
                        id, agency, kind, kind, more);

    assert_in_range(size, 1, sizeof text - 1);
    assert_int_equal(agreement_parse(id, text, (size_t)size, &agreement, &why), ST_OK);
    return agreement;
}

/* csc.cambs and police.35 have each agreed with probation, and not with one another. */
static void agreements_with_others_and_named_ones(void **)
{
    struct agreement *two[] = {between_probation_and("csc.cambs", "LA_CHILDREN", "ISA-CSC", ""),
                               between_probation_and("police.35", "POLICE", "ISA-POLICE", "")};
    OWNED(agreement_set) set = NULL;
    static const struct {
        const char *agreement, *from, *to;
        Concordat__RefusalCode code;
        const char *why;
    } cases[] = {
        {NULL, "nps.cambs", "csc.cambs", CODE(REFUSAL_UNSPECIFIED), "ISA-CSC v1"},
        {"", "nps.cambs", "police.35", CODE(REFUSAL_UNSPECIFIED), "ISA-POLICE v1"},
        {"ISA-CSC", "nps.cambs", "csc.cambs", CODE(REFUSAL_UNSPECIFIED), "ISA-CSC v1"},
        {NULL, "csc.cambs", "nps.cambs", CODE(DIRECTION_NOT_ALLOWED), "ISA-CSC v1"},
        {NULL, "csc.cambs", "police.35", CODE(NO_AGREEMENT),
         "csc.cambs and police.35 are parties of no agreement together"},
        {NULL, "csc.cambs", NULL, CODE(NO_AGREEMENT),
         "csc.cambs and (none) are parties of no agreement together"},
        {NULL, "hou.cambridge", "nps.cambs", CODE(NO_AGREEMENT),
         "hou.cambridge is party to no agreement, so it may send nothing"},
        {"ISA-POLICE", "nps.cambs", "csc.cambs", CODE(PARTY_NOT_SIGNATORY),
         "csc.cambs is not a party of ISA-POLICE v1"},
        {"ISA-POLICE", "csc.cambs", "police.35", CODE(PARTY_NOT_SIGNATORY),
         "csc.cambs is not a party of ISA-POLICE v1"},
        {"ISA-CSC", "hou.cambridge", "nps.cambs", CODE(PARTY_NOT_SIGNATORY),
         "hou.cambridge is not a party of ISA-CSC v1"},
        {"ISA-NONE", "nps.cambs", "csc.cambs", CODE(NO_AGREEMENT),
         "agreement ISA-NONE is not known here"},
    };
    struct reason why;

    assert_int_equal(agreement_set_take(two, LENGTH(two), &set, &why), ST_OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct question q = {.from = cases[i].from,
                             .to = cases[i].to,
                             .type = "safeguarding.referral.child",
                             .agreement_id = cases[i].agreement,
                             .agreement_version = 77, /* neither is looked at */
                             .clause = "none",
                             .categories = SET(IDENTITY) | SET(CHILD)};
        struct decision d = decide_first(&q, set, day("2024-06-01"));

        decision_explain(&d, &q, &why);
        if (d.code != cases[i].code || strncmp(why.text, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("case %zu: got %s: %s", i, code_name(d.code), why.text);
        if (d.permitted)
            assert_true(decide(&q, set, day("2024-06-01")).permitted);
    }
}

static void of_two_refusals_the_one_with_less_to_change_is_told(void **)
{
    static const char more[] = "  - id: more\n"
                               "    type: safeguarding.referral.child\n"
                               "    from: NPS\n"
                               "    to: LA_CHILDREN\n"
                               "    purpose: safeguard_child\n"
                               "    gateway: CA1989_S17_S47\n"
                               "    required: [DC_IDENTITY, DC_CHILD]\n"
                               "    allowed: [DC_STAFF]\n";
    struct agreement *agreement =
        between_probation_and("csc.cambs", "LA_CHILDREN", "ISA-TWO", more);
    OWNED(agreement_set) set = NULL;
    struct reason why;

    assert_int_equal(agreement_set_take(&agreement, 1, &set, &why), ST_OK);

    struct question q = {.from = "nps.cambs",
                         .to = "csc.cambs",
                         .type = "safeguarding.referral.child",
                         .categories = SET(IDENTITY) | SET(CHILD) | SET(STAFF) | SET(THIRD_PARTY)};
    struct decision d = decide_first(&q, set, day("2024-06-01"));
    assert_int_equal(d.code, CODE(CATEGORY_NOT_COVERED));
    assert_string_equal(d.clause->id, "more");
    assert_int_equal(d.offending, SET(THIRD_PARTY));

    q.categories &= ~SET(THIRD_PARTY);
    d = decide_first(&q, set, day("2024-06-01"));
    assert_true(d.permitted);
    assert_string_equal(q.gateway, "CA1989_S17_S47");
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

#define WAYS 4

static void put_decision(FILE *f, const struct agreement_set *set, struct question q,
                         const char *what, const char *date)
{
    struct decision d = decide_first(&q, set, day(date));
    struct reason why;

    decision_explain(&d, &q, &why);
    (void)fprintf(f, "%s %s %-13s -> %-13s %-22s %s: %s\n", date, q.type, q.from, q.to, what,
                  d.permitted ? "PERMITTED" : code_name(d.code), why.text);
}

/* The ways in which a pair is asked about. */
static void ask_pair(const struct message_type *type, const char *from, const char *to,
                     struct question out[static WAYS])
{
    for (size_t i = 0; i < WAYS; i++)
        out[i] = (struct question){.from = from,
                                   .to = to,
                                   .type = type->name,
                                   .categories = type->required,
                                   .in_reply = i != 3,
                                   .is_holder = true};
    out[1].categories = type->allowed;
    out[2].categories = type->required & (type->required - 1);
}

/* The one code that refuses all ways, or 0 where they differ or one is permitted. */
static int common_code(const struct agreement_set *set, const struct question ways[static WAYS])
{
    int code = 0;

    for (size_t i = 0; i < WAYS; i++) {
        struct question q = ways[i];
        struct decision d = decide_first(&q, set, day("2026-06-15"));

        if (d.permitted || (i > 0 && (int)d.code != code))
            return 0;
        code = (int)d.code;
    }
    return code;
}

/* Every party of the examples, and a charity that is party to nothing. */
#define AGENCIES_MAX 64
static const char *agencies[AGENCIES_MAX];
static size_t agency_count;

static int compare_agencies(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void note_agency(const char *agency)
{
    for (size_t i = 0; i < agency_count; i++)
        if (!strcmp(agencies[i], agency))
            return;
    assert_true(agency_count < AGENCIES_MAX);
    agencies[agency_count++] = agency;
}

static void note_agencies(const struct agreement_set *set)
{
    agency_count = 0;
    note_agency(STRANGER);
    for (size_t i = 0; i < agreement_set_count(set); i++)
        for (size_t j = 0; j < agreement_set_at(set, i)->party_count; j++)
            note_agency(agreement_set_at(set, i)->parties[j].agency);
    qsort(agencies, agency_count, sizeof *agencies, compare_agencies);
}

/* What one type gets from every pair; `codes` has a row for each sender. */
struct answers {
    const struct agreement_set *set;
    const struct message_type *type;
    int codes[AGENCIES_MAX][AGENCIES_MAX]; /* common_code */
};

/* The pairs that are refused alike, whatever is asked, and the sentence that the first of them
 * reads. Those whose agreements do not have the type are all that are left: counted, not listed. */
static void put_refused(FILE *f, const struct answers *answers, int code)
{
    struct question ways[WAYS];
    size_t count = 0;

    for (size_t from = 0; from < agency_count; from++)
        for (size_t to = 0; to < agency_count; to++) {
            if (answers->codes[from][to] != code || from == to)
                continue;
            if (count++ == 0) {
                ask_pair(answers->type, agencies[from], agencies[to], ways);
                put_decision(f, answers->set, ways[0], "every way", "2026-06-15");
                (void)fprintf(f, "2026-06-15 %s so too %s:", answers->type->name,
                              code_name((Concordat__RefusalCode)code));
            }
            if (code != CODE(TYPE_NOT_COVERED))
                (void)fprintf(f, " %s->%s", agencies[from], agencies[to]);
        }
    if (count > 0 && code == CODE(TYPE_NOT_COVERED))
        (void)fprintf(f, " all %zu others with an agreement", count);
    if (count > 0)
        (void)fputc('\n', f);
}

/* Where it makes a difference who holds the case. */
static void put_not_by_holder(FILE *f, const struct agreement_set *set, struct question q)
{
    q.is_holder = false;
    if (decide_first(&q, set, day("2026-06-15")).code == CODE(NOT_CURRENT_HOLDER))
        put_decision(f, set, q, "not by the holder", "2026-06-15");
}

/* Pairs that differ stand alone, with each way; the others in one line for each code. */
static void put_type(FILE *f, struct answers *answers)
{
    static const char *const names[WAYS] = {"required, in reply", "everything, in reply",
                                            "one less, in reply", "required, unasked"};
    struct question ways[WAYS];
    int most = 0;

    for (size_t from = 0; from < agency_count; from++)
        for (size_t to = 0; to < agency_count; to++) {
            int code;

            ask_pair(answers->type, agencies[from], agencies[to], ways);
            answers->codes[from][to] = code = common_code(answers->set, ways);
            most = code > most ? code : most;
            for (size_t i = 0; from != to && !code && i < WAYS; i++)
                put_decision(f, answers->set, ways[i], names[i], "2026-06-15");
            if (from != to && !code)
                put_not_by_holder(f, answers->set, ways[0]);
        }
    for (int code = 1; code <= most; code++)
        if (code != CODE(NO_AGREEMENT))
            put_refused(f, answers, code);
}

/* Who has no agreement with whom: it is so for every type. */
static void put_strangers(FILE *f, const struct answers *answers)
{
    for (size_t from = 0; from < agency_count; from++) {
        (void)fprintf(f, "%s has NO_AGREEMENT with", agencies[from]);
        for (size_t to = 0; to < agency_count; to++)
            if (from != to && answers->codes[from][to] == CODE(NO_AGREEMENT))
                (void)fprintf(f, " %s", agencies[to]);
        (void)fputc('\n', f);
    }
}

static void assert_same_strangers(const struct answers *a, const struct answers *b)
{
    for (size_t from = 0; from < agency_count; from++)
        for (size_t to = 0; to < agency_count; to++)
            assert_int_equal(a->codes[from][to] == CODE(NO_AGREEMENT),
                             b->codes[from][to] == CODE(NO_AGREEMENT));
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
    q.to = STRANGER;
    put_decision(f, set, q, "required, unasked", "2026-06-15");
    q.from = STRANGER;
    q.to = "nps.cambs";
    put_decision(f, set, q, "required, unasked", "2026-06-15");
}

static void the_examples_decide_as_the_golden_file_says(void **)
{
    static const char path[] = SOURCE_DIR "/tests/golden/decisions.txt";
    OWNED(agreement_set) set = examples();
    char *text = NULL, line[4096];
    size_t size = 0, types = 0, lines = 0;
    FILE *f = open_memstream(&text, &size), *golden;
    const struct message_type *all = catalogue_all(&types);
    static struct answers first, answers;

    assert_non_null(f);
    note_agencies(set);
    for (size_t t = 0; t < types; t++) {
        answers = (struct answers){.set = set, .type = &all[t]};
        put_type(f, &answers);
        if (t == 0)
            first = answers;
        assert_same_strangers(&first, &answers);
    }
    put_strangers(f, &first);
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
        cmocka_unit_test(an_agreement_permits_by_its_standing),
        cmocka_unit_test(hand_over_stands_by_what_was_accepted),
        cmocka_unit_test(subject_holder_and_charter_have_their_codes),
        cmocka_unit_test(an_envelope_asks_what_its_header_says),
        cmocka_unit_test(the_sender_is_told_the_nearest_way),
        cmocka_unit_test(agreements_with_others_and_named_ones),
        cmocka_unit_test(of_two_refusals_the_one_with_less_to_change_is_told),
        cmocka_unit_test(a_decision_costs_well_under_a_microsecond),
        cmocka_unit_test(the_examples_decide_as_the_golden_file_says),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
