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

static void stand_all(struct agreement_set *set, enum standing standing)
{
    for (size_t i = 0; i < agreement_set_count(set); i++)
        agreement_set_own(set, i)->standing = standing;
}

/* But for the standing itself the same is told, whatever gives or denies a text its force. */
static bool told_the_same(const struct considered *sound, const struct considered *barred)
{
    if (sound->count != barred->count || barred->nearest)
        return false;
    for (size_t i = 0; i < sound->count; i++) {
        const struct candidate_clause *x = &sound->items[i], *y = &barred->items[i];
        size_t skip = x->change_count && x->changes[0].code == CODE(AGREEMENT_NOT_YET);

        if (y->is_reachable || !*y->remedy.text || y->decision.permitted)
            return false;
        if (x->change_count - skip != y->change_count)
            return false;
        for (size_t c = 0; c < y->change_count; c++)
            if (strcmp(x->changes[c + skip].advice.text, y->changes[c].advice.text) != 0)
                return false;
    }
    return true;
}

static void a_standing_hides_nothing_else_that_stands_against_it(void **)
{
    static const struct {
        enum standing standing;
        Concordat__RefusalCode code;
    } cases[] = {{STANDING_DRAFT, CODE(NO_AGREEMENT)},
                 {STANDING_SUPERSEDED, CODE(NO_AGREEMENT)},
                 {STANDING_SUSPENDED, CODE(AGREEMENT_SUSPENDED)},
                 {STANDING_REVOKED, CODE(AGREEMENT_REVOKED)}};
    struct chance chance = {.state = 12};
    size_t changes = 0, planted = 0;

    for (size_t round = 0; round < 500; round++) {
        OWNED(agreement_set) set = set_random(&chance, 2, true);
        struct question q = random_question(&chance, set);
        OWNED(considered) sound = NULL;

        q.signer_counts = true; /* where it is signed, pins count */
        assert_int_equal(considered_of(&q, set, POOL_DAY_MS, &sound), ST_OK);
        for (size_t i = 0; i < LENGTH(cases); i++) {
            OWNED(considered) barred = NULL;

            stand_all(set, cases[i].standing);
            assert_int_equal(considered_of(&q, set, POOL_DAY_MS, &barred), ST_OK);
            if (!told_the_same(sound, barred))
                fail_msg("round %zu, case %zu", round, i);
            for (size_t item = 0; item < barred->count; item++) {
                assert_int_equal(barred->items[item].decision.code, cases[i].code);
                changes += barred->items[item].change_count;
            }
            if (barred->count == 0)
                continue;
            assert_int_equal(barred->verdict.code, cases[i].code);
            assert_null(strstr(barred->said.text, "known here")); /* it is, and what is wrong */
            barred->items[0].changes[barred->items[0].change_count++] = (struct change){0};
            assert_false(told_the_same(sound, barred)); /* a fault: one change that is none */
            planted++;
        }
        stand_all(set, STANDING_ASSUMED);
    }
    assert_true(changes > 500);
    assert_true(planted > 500);
}

/* A question that names its clause is decided as a header with the same names. */
static void a_named_clause_is_judged_as_a_header_is(void **)
{
    struct chance chance = {.state = 31};
    size_t stale = 0, renamed = 0, permitted = 0;

    for (size_t round = 0; round < 4000; round++) {
        OWNED(agreement_set) set = set_random(&chance, 2, true);
        const struct agreement *a = agreement_set_at(set, chance_below(&chance, 2));
        const struct clause *named = &a->clauses[chance_below(&chance, (uint32_t)a->clause_count)];
        struct question q = random_question(&chance, set);
        OWNED(considered) c = NULL;

        q.agreement_id = a->id;
        q.clause = chance_below(&chance, 8) == 0 ? "none" : named->id;
        q.agreement_version = chance_below(&chance, 4) == 0 ? a->version + 1 : 0;
        if (chance_below(&chance, 4) == 0)
            q.agreement_hash.bytes[3] = 1;

        struct question header = q;
        if (agreement_clause(a, q.clause))
            question_complete(&header, a, named);
        header.agreement_version = q.agreement_version ? q.agreement_version : a->version;
        header.agreement_hash = q.agreement_hash.bytes[3] ? q.agreement_hash : a->hash;
        struct decision d = decide(&header, set, POOL_DAY_MS);

        assert_int_equal(considered_of(&q, set, POOL_DAY_MS, &c), ST_OK);
        assert_int_equal(c->count, 1);
        assert_int_equal(c->verdict.code, d.code);
        assert_int_equal(c->verdict.permitted, d.permitted);
        assert_int_equal(c->items[0].decision.code, d.code);
        changes_suffice(c, set);
        permitted += d.permitted;
        stale += d.code == CODE(AGREEMENT_VERSION_STALE);
        if (d.code == CODE(AGREEMENT_VERSION_STALE))
            assert_true(c->items[0].change_count > 0);
        for (size_t i = 0; c->nearest && i < c->nearest->change_count; i++)
            renamed += !strncmp(c->nearest->changes[i].advice.text, "name the clause", 15);
    }
    print_message("%zu permitted, %zu stale, %zu by another clause\n", permitted, stale, renamed);
    assert_true(permitted > 20 && stale > 1000 && renamed > 50);
}

static void what_is_handed_over_is_told_as_it_is_decided(void **)
{
    static const struct {
        enum standing standing;
        bool lost;
        Concordat__RefusalCode code;
        const char *said, *remedy;
    } cases[] = {
        {STANDING_ASSUMED, false, 0, "be handed over", ""},
        {STANDING_ACTIVE, false, 0, "be handed over", ""},
        {STANDING_SUPERSEDED, false, 0, "be handed over", ""},
        {STANDING_DRAFT, false, CODE(NO_AGREEMENT), "draft", "sign it"},
        {STANDING_REVOKED, true, CODE(AGREEMENT_REVOKED), "revoked", "sent again"},
        {STANDING_SUSPENDED, false, CODE(AGREEMENT_SUSPENDED), "suspended", "resume"},
        {STANDING_ACTIVE, true, CODE(RECIPIENT_LOST), "csc.one", "certificate"},
    };
    struct chance chance = {.state = 3};
    OWNED(agreement_set) set = set_random(&chance, 1, false);
    struct question q = {.to = "csc.one", .agreement_id = agreement_set_at(set, 0)->id};
    OWNED(considered) unknown = NULL;

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(considered) c = NULL;

        stand_all(set, cases[i].standing);
        assert_int_equal(considered_handover(&q, set, cases[i].lost, &c), ST_OK);
        assert_int_equal(c->verdict.code, cases[i].code);
        assert_int_equal(c->verdict.permitted, !cases[i].code);
        assert_int_equal(c->count, 1);
        assert_int_equal(c->nearest != NULL, !cases[i].code);
        assert_non_null(strstr(c->said.text, cases[i].said));
        assert_non_null(strstr(c->items[0].remedy.text, cases[i].remedy));
        assert_int_equal(*c->items[0].remedy.text != '\0', cases[i].code != 0);
    }
    q.agreement_id = "ISA-UNHEARD-OF";
    assert_int_equal(considered_handover(&q, set, false, &unknown), ST_OK);
    assert_int_equal(unknown->verdict.code, CODE(NO_AGREEMENT));
    assert_int_equal(unknown->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_considered_agrees_with_the_decision),
        cmocka_unit_test(the_nearest_change_is_the_least_of_all),
        cmocka_unit_test(all_that_stands_against_a_message_is_told_at_once),
        cmocka_unit_test(what_the_sender_cannot_mend_is_no_way),
        cmocka_unit_test(a_standing_hides_nothing_else_that_stands_against_it),
        cmocka_unit_test(a_named_clause_is_judged_as_a_header_is),
        cmocka_unit_test(what_is_handed_over_is_told_as_it_is_decided),
    };
    return cmocka_run_group_tests_name("considered", tests, NULL, NULL);
}
