/* All that is considered for a question agrees with the decision itself, and the changes that it
 * names are enough. */
#include "tests/unit/unit.h"

#include "agreements/considered.h"

#include <string.h>

#include "proto/header.pb-c.h"
#include "tests/unit/random_agreements.h"

#define QUESTIONS 20000
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

static const char onward[1][AGENCY_MAX + 1] = {"csc.one"};

/* What a clause permits, or nearly. */
static struct question random_question(struct chance *chance, const struct agreement_set *set)
{
    struct aim aim = aim_random(chance, set);
    struct question q = {
        .from = aim.from,
        .to = aim.to,
        .type = aim.clause->type->name,
        .categories = aim.clause->required,
        .in_reply = chance_below(chance, 4) > 0,
        .capacity = (int)chance_below(chance, 7),
        .is_holder = chance_below(chance, 4) > 0,
    };

    if (chance_below(chance, 8) == 0)
        q.to = pool_agencies[chance_below(chance, POOL_AGENCIES)];
    if (chance_below(chance, 8) == 0)
        q.type = pool_types[chance_below(chance, POOL_TYPES)];
    if (chance_below(chance, 8) == 0)
        q.categories &= ~(1u << chance_below(chance, 8));
    if (chance_below(chance, 3) == 0)
        q.categories |= 1u << chance_below(chance, 25);
    if (chance_below(chance, 4) == 0)
        q.purpose = pool_purposes[chance_below(chance, POOL_PURPOSES)];
    if (chance_below(chance, 8) == 0)
        q.gateway = "CA1989_S17_S47";
    if (chance_below(chance, 8) == 0)
        q.marking = (int)chance_below(chance, 4);
    if (chance_below(chance, 8) == 0)
        q.retention_days = 101;
    if (chance_below(chance, 8) == 0)
        q.agreement_id = "ISA-1";
    if (chance_below(chance, 8) == 0) {
        q.onward = onward;
        q.onward_count = 1;
    }
    return q;
}

/* The candidate that the verdict is about. */
static const struct candidate_clause *item_of(const struct considered *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].agreement == c->verdict.agreement
            && c->items[i].clause == c->verdict.clause)
            return &c->items[i];
    return NULL;
}

static const struct candidate_clause *first_permitted(const struct considered *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].decision.permitted)
            return &c->items[i];
    return NULL;
}

/* What is considered says the same as the verdict. */
static bool agrees(const struct considered *c)
{
    const struct candidate_clause *permitted = first_permitted(c), *item = item_of(c);

    if ((permitted != NULL) != c->verdict.permitted)
        return false;
    if (c->verdict.permitted)
        return permitted == item && c->nearest == item && item->change_count == 0;
    if (!c->verdict.agreement)
        return c->count == 0 || c->verdict.code == CODE(NO_AGREEMENT);
    if (item)
        return item->decision.code == c->verdict.code
            && item->decision.offending == c->verdict.offending;
    /* of the agreement as a whole, though it has clauses of the type: they say no better */
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].agreement == c->verdict.agreement
            && c->items[i].decision.code == c->verdict.code)
            return true;
    return false;
}

/* Does the changed question get through? And is each thing changed one that stood against it? */
static void changes_suffice(const struct considered *c, const struct agreement_set *set)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct candidate_clause *item = &c->items[i];
        struct question q = item->changed;

        if (!item->is_reachable)
            continue;
        assert_int_equal(item->decision.permitted, item->weight == 0);
        assert_int_equal(item->decision.permitted, item->change_count == 0);
        assert_true(c->nearest && c->nearest->weight <= item->weight);
        q.agreement_id = item->agreement->id;
        if (!decide_first(&q, set, item->changed_on_ms).permitted)
            fail_msg("%s clause %s: the changes do not suffice", item->agreement->id,
                     item->clause->id);
        if (item->change_count > 0) {
            assert_int_equal(item->changes[0].code, item->decision.code);
            assert_true(strlen(item->changes[0].advice.text) > 5);
        }
    }
}

static void what_is_considered_agrees_with_the_decision(void **)
{
    struct chance chance = {.state = 77};
    size_t seen[64] = {0}, permitted = 0, planted = 0, caught = 0, codes = 0;

    for (size_t round = 0; round < QUESTIONS / 20; round++) {
        OWNED(agreement_set) set = set_random(&chance, 1 + chance_below(&chance, 3), true);

        for (size_t i = 0; i < 20; i++) {
            OWNED(considered) c = NULL;
            struct question q = random_question(&chance, set), asked = q;
            int64_t now = POOL_DAY_MS + ((int64_t)chance_below(&chance, 12) - 3) / 4 * 2 * 86400000;
            struct decision d = decide_first(&asked, set, now);

            assert_int_equal(considered_of(&q, set, now, &c), ST_OK);
            assert_int_equal(d.permitted, c->verdict.permitted);
            assert_int_equal(d.code, c->verdict.code);
            assert_ptr_equal(d.clause, c->verdict.clause);
            if (!agrees(c))
                fail_msg("round %zu, question %zu", round, i);
            changes_suffice(c, set);
            permitted += d.permitted;
            seen[d.code]++;
            if (c->count == 0)
                continue;
            struct candidate_clause *first = (struct candidate_clause *)first_permitted(c);
            if (first) { /* a fault: a clause that permits is told as refusing */
                first->decision.permitted = false;
                planted++;
                caught += !agrees(c);
            }
        }
    }
    for (size_t code = 1; code < LENGTH(seen); code++)
        codes += seen[code] > 0;
    print_message("%zu permitted, %zu different codes\n", permitted, codes);
    assert_true(permitted > 50);
    assert_true(codes >= 14);
    assert_true(planted > 50);
    assert_int_equal(caught, planted);
}

/* Fewest categories to add or leave out until some clause lets it through: every set is tried. */
static uint32_t least_changes(const struct question *q, const struct agreement_set *set,
                              const uint32_t bits[static 8])
{
    uint32_t least = UINT32_MAX;

    for (uint32_t flips = 0; flips < 256; flips++) {
        struct question changed = *q;

        for (uint32_t i = 0; i < 8; i++)
            if (flips >> i & 1)
                changed.categories ^= 1u << bits[i];
        if (decide_first(&changed, set, POOL_DAY_MS).permitted
            && (uint32_t)__builtin_popcount(flips) < least)
            least = (uint32_t)__builtin_popcount(flips);
    }
    return least;
}

/* Clauses of one type that want and take different categories, all of them among eight. */
static struct agreement *of_eight_categories(struct chance *chance, const uint32_t bits[static 8])
{
    struct agreement *a = agreement_random(chance, "ISA-EIGHT", false);
    category_set among = 0;

    for (uint32_t i = 0; i < 8; i++)
        among |= 1u << bits[i];
    for (size_t i = 0; i < a->clause_count; i++) {
        struct clause *c = &a->clauses[i];

        c->type = catalogue_find("psr.report");
        c->required = among & chance_below(chance, 1u << 24) & chance_below(chance, 1u << 24);
        c->allowed = c->required | (among & chance_below(chance, 1u << 24));
        c->only_in_reply = false;
        strcpy(c->from, a->parties[0].agency);
        strcpy(c->to, a->parties[1].agency);
    }
    return a;
}

static void the_nearest_change_is_the_least_of_all(void **)
{
    static const uint32_t bits[8] = {1, 2, 4, 6, 9, 11, 13, 19};
    struct chance chance = {.state = 8};
    size_t refused = 0;

    for (size_t round = 0; round < 400; round++) {
        OWNED(agreement_set) set = set_of_one(of_eight_categories(&chance, bits));
        const struct agreement *a = agreement_set_at(set, 0);
        OWNED(considered) c = NULL;
        struct question q = {
            .from = a->parties[0].agency, .to = a->parties[1].agency, .type = "psr.report"};
        uint32_t least;

        for (uint32_t i = 0; i < 8; i++)
            q.categories |= chance_below(&chance, 2) << bits[i];
        least = least_changes(&q, set, bits);
        assert_int_equal(considered_of(&q, set, POOL_DAY_MS, &c), ST_OK);
        assert_non_null(c->nearest);
        assert_int_equal(c->nearest->weight, least);
        refused += least > 0;
    }
    assert_true(refused > 200);
}

/* One clause, and one question that is wrong in everything that can be wrong. */
static void all_that_stands_against_a_message_is_told_at_once(void **)
{
    struct chance chance = {.state = 5};
    struct agreement *a = agreement_random(&chance, "ISA-ONE", false);
    struct clause *c = &a->clauses[0];
    OWNED(agreement_set) set = NULL;
    OWNED(considered) considered = NULL;
    struct question q = {.from = "nps.east",
                         .to = "court.one",
                         .type = "psr.request",
                         .purpose = "safeguard_child",
                         .gateway = "OMA2007_S14",
                         .marking = CONCORDAT__MARKING__OFFICIAL,
                         .retention_days = 1000,
                         .onward = onward,
                         .onward_count = 1};
    static const Concordat__RefusalCode codes[] = {
        CODE(AGREEMENT_NOT_YET),     CODE(DIRECTION_NOT_ALLOWED), CODE(PURPOSE_NOT_COVERED),
        CODE(GATEWAY_NOT_AVAILABLE), CODE(REPLY_REQUIRED),        CODE(CATEGORY_NOT_COVERED),
        CODE(CATEGORY_MISSING),      CODE(MARKING_TOO_LOW),       CODE(RETENTION_TOO_LONG),
        CODE(ONWARD_NOT_ALLOWED)};

    a->party_count = 2;
    a->onward_count = 0;
    a->clause_count = 1;
    a->marking_floor = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    strcpy(a->parties[0].agency, "court.one");
    strcpy(a->parties[1].agency, "nps.east");
    c->type = catalogue_find("psr.request");
    c->required = c->allowed = c->type->required;
    c->only_in_reply = true;
    strcpy(c->from, "court.one");
    strcpy(c->to, "nps.east");
    strcpy(c->purpose, "court_advice");
    strcpy(c->gateway, "CA1989_S17_S47");
    q.categories = 1u << 13 | 1u << 14; /* a victim and a third party, and nobody's identity */
    set = set_of_one(a);
    assert_int_equal(considered_of(&q, set, a->from_ms - 1, &considered), ST_OK);
    assert_int_equal(considered->count, 1);
    const struct candidate_clause *item = &considered->items[0];
    assert_true(item->is_reachable);
    assert_int_equal(item->change_count, LENGTH(codes));
    for (size_t i = 0; i < LENGTH(codes); i++)
        assert_int_equal(item->changes[i].code, codes[i]);
    assert_string_equal(item->changes[0].advice.text, "wait until 2025-06-14");
    assert_string_equal(item->changes[1].advice.text, "let court.one send it to nps.east");
    assert_string_equal(item->changes[5].advice.text, "leave out DC_VICTIM, DC_THIRD_PARTY");
    /* two agencies, two categories too many, two too few, and one of each other thing */
    assert_int_equal(item->weight, 2 + 2 + 2 + 7);
    assert_ptr_equal(considered->nearest, item);
}

static void what_the_sender_cannot_mend_is_no_way(void **)
{
    struct chance chance = {.state = 5};
    OWNED(agreement_set) set = set_random(&chance, 1, false);
    const struct agreement *a = agreement_set_at(set, 0);
    OWNED(considered) expired = NULL;
    OWNED(considered) other = NULL;
    struct question q = {.from = a->parties[0].agency,
                         .to = a->parties[1].agency,
                         .type = a->clauses[0].type->name,
                         .categories = a->clauses[0].required};

    assert_int_equal(considered_of(&q, set, a->until_ms, &expired), ST_OK);
    assert_null(expired->nearest);
    assert_int_equal(expired->verdict.code, CODE(AGREEMENT_EXPIRED));
    q.type = "court.hearing.notice"; /* that no clause is about */
    assert_int_equal(considered_of(&q, set, POOL_DAY_MS, &other), ST_OK);
    assert_int_equal(other->count, 1);
    assert_null(other->items[0].clause);
    assert_null(other->nearest);
    assert_int_equal(other->items[0].decision.code, CODE(TYPE_NOT_COVERED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_considered_agrees_with_the_decision),
        cmocka_unit_test(the_nearest_change_is_the_least_of_all),
        cmocka_unit_test(all_that_stands_against_a_message_is_told_at_once),
        cmocka_unit_test(what_the_sender_cannot_mend_is_no_way),
    };
    return cmocka_run_group_tests_name("considered", tests, NULL, NULL);
}
