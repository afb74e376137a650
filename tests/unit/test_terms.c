/* What agreements say besides their flows: each term that differs is told, once, and no other. */
#include "tests/unit/unit.h"

#include "agreements/terms.h"

#include <string.h>

#include "proto/header.pb-c.h"
#include "tests/unit/random_agreements.h"

static void change_term(struct agreement *a, const char *term)
{
    if (!strcmp(term, "version"))
        a->version++;
    else if (!strcmp(term, "title"))
        strcpy(a->title, "Otherwise");
    else if (!strcmp(term, "owner"))
        strcpy(a->owner, "nps.east");
    else if (!strcmp(term, "dpia"))
        strcpy(a->dpia, "DPIA-1");
    else if (!strcmp(term, "subject-access"))
        strcpy(a->subject_access, "Records desk");
    else if (!strcmp(term, "foi"))
        strcpy(a->foi, "Information desk");
    else if (!strcmp(term, "breach-contact"))
        strcpy(a->breach_contact, "Security desk");
    else if (!strcmp(term, "breach-report-hours"))
        a->breach_report_hours = 24;
    else if (!strcmp(term, "in-force"))
        a->from_ms -= 86400000;
    else if (!strcmp(term, "review"))
        a->review_ms += 86400000;
    else if (!strcmp(term, "expires"))
        a->until_ms += 86400000;
    else if (!strcmp(term, "marking floor"))
        a->marking_floor = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    else if (!strcmp(term, "marking ceiling"))
        a->marking_ceiling = CONCORDAT__MARKING__OFFICIAL;
    else if (!strcmp(term, "retention-days"))
        a->retention_days++;
    else if (!strcmp(term, "onward"))
        strcpy(a->onward[a->onward_count++], "zzz.last");
    else if (!strcmp(term, "charter"))
        a->is_charter = true;
    else if (!strcmp(term, "uses-per-day"))
        a->uses_per_day = 3;
    else if (!strcmp(term, "review-within"))
        a->review_within = (struct span){1440, false};
    else if (!strcmp(term, "kind"))
        strcpy(a->parties[0].kind, "CRC");
    else if (!strcmp(term, "contact"))
        strcpy(a->parties[0].contact, "Another desk");
    else if (!strcmp(term, "dpo"))
        strcpy(a->parties[0].dpo, "Data protection officer");
    else if (!strcmp(term, "out-of-hours"))
        strcpy(a->parties[0].out_of_hours, "Emergency desk");
    else if (!strcmp(term, "calendar"))
        a->parties[0].calendar = CALENDAR_ENGLAND_AND_WALES;
    else if (!strcmp(term, "signing key"))
        a->parties[0].signing[a->parties[0].signing_count++].bytes[0] = 1;
    else if (!strcmp(term, "governance key"))
        a->parties[0].governance[a->parties[0].governance_count++].bytes[0] = 1;
    else if (!strcmp(term, "party"))
        a->party_count--;
    else if (!strcmp(term, "acknowledge-within"))
        a->clauses[0].acknowledge = (struct span){60, false};
    else if (!strcmp(term, "decide-within"))
        a->clauses[0].decide = (struct span){450, true};
    else if (!strcmp(term, "answer-within"))
        a->clauses[0].answer = (struct span){900, true};
    else if (!strcmp(term, "close-within"))
        a->clauses[0].close = (struct span){3 * 1440, false};
    else if (!strcmp(term, "small-number-floor"))
        a->clauses[0].small_number_floor = 5;
    else
        fail_msg("no term %s", term);
}

static void each_term_that_differs_is_told(void **)
{
    static const struct {
        const char *term, *before, *after;
        bool widens;
    } cases[] = {
        {"version", "1", "2", false},
        {"title", "By chance", "Otherwise", false},
        {"owner", "", "nps.east", false},
        {"dpia", "", "DPIA-1", false},
        {"subject-access", "", "Records desk", false},
        {"foi", "", "Information desk", false},
        {"breach-contact", "", "Security desk", false},
        {"breach-report-hours", "0", "24", false},
        {"in-force", "2025-06-14", "2025-06-13", true},
        {"review", "1970-01-01", "1970-01-02", false},
        {"expires", "2025-06-16", "2025-06-17", true},
        {"marking floor", "OFFICIAL", "OFFICIAL_SENSITIVE", false},
        {"marking ceiling", "OFFICIAL_SENSITIVE", "OFFICIAL", false},
        {"retention-days", "100", "101", true},
        {"onward", "", "zzz.last", true},
        {"charter", "no", "yes", false},
        {"uses-per-day", "0", "3", true},
        {"review-within", "", "1d", false},
        {"kind", NULL, "CRC", false},
        {"contact", "Desk", "Another desk", false},
        {"dpo", "", "Data protection officer", false},
        {"out-of-hours", "", "Emergency desk", false},
        {"calendar", "always", "england-and-wales", false},
        {"signing key", "", "0100000000000000000000000000000000000000000000000000000000000000",
         true},
        {"governance key", "", "0100000000000000000000000000000000000000000000000000000000000000",
         true},
        {"party", NULL, "", false},
        {"acknowledge-within", "", "1h", false},
        {"decide-within", "", "1wd", false},
        {"answer-within", "", "2wd", false},
        {"close-within", "", "3d", false},
        {"small-number-floor", "0", "5", false},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct chance first = {.state = 3}, second = {.state = 3};
        struct agreement *old = agreement_random(&first, "ISA-TERM", true);
        struct agreement *new = agreement_random(&second, "ISA-TERM", true);
        OWNED(agreement_set) before = NULL;
        OWNED(agreement_set) after = NULL;
        OWNED(term_changes) changes = NULL;
        OWNED(term_changes) back = NULL;

        change_term(new, cases[i].term);
        before = set_of_one(old);
        after = set_of_one(new);
        assert_int_equal(term_changes_of(before, after, &changes), ST_OK);
        assert_int_equal(changes->count, 1);
        assert_string_equal(changes->items[0].agreement, "ISA-TERM");
        assert_string_equal(changes->items[0].term, cases[i].term);
        if (cases[i].before)
            assert_string_equal(changes->items[0].before, cases[i].before);
        assert_string_equal(changes->items[0].after, cases[i].after);
        if (changes->items[0].widens != cases[i].widens)
            fail_msg("%s", cases[i].term);
        assert_int_equal(term_changes_of(after, before, &back), ST_OK);
        assert_int_equal(back->count, 1);
        assert_string_equal(back->items[0].before, changes->items[0].after);
        assert_string_equal(back->items[0].after, changes->items[0].before);
    }
}

static void an_agreement_more_or_less_is_a_term(void **)
{
    struct chance chance = {.state = 8};
    OWNED(agreement_set) two = set_random(&chance, 2, false);
    OWNED(agreement_set) none = set_random(&chance, 0, false);
    OWNED(term_changes) gone = NULL;
    OWNED(term_changes) come = NULL;

    assert_int_equal(term_changes_of(two, none, &gone), ST_OK);
    assert_int_equal(gone->count, 2);
    assert_string_equal(gone->items[1].agreement, "ISA-1");
    assert_string_equal(gone->items[1].term, "agreement");
    assert_string_equal(gone->items[1].before, "v1");
    assert_string_equal(gone->items[1].after, "");
    assert_false(gone->items[1].widens);
    assert_int_equal(term_changes_of(none, two, &come), ST_OK);
    assert_int_equal(come->count, 2);
    assert_true(come->items[0].widens);
}

/* Whose it is that something comes, is a term. */
static void who_owes_what_is_expected_is_a_term(void **)
{
    OWNED(agreement_set) before = NULL;
    OWNED(agreement_set) after = NULL;
    OWNED(term_changes) changes = NULL;
    struct agreement *agreements[2] = {NULL, NULL};
    struct reason why = {""};

    for (size_t i = 0; i < 2; i++)
        if (agreement_load(SOURCE_DIR "/agreements/examples/recall.yaml", &agreements[i], &why)
            != ST_OK)
            fail_msg("%s", why.text);
    agreements[0]->expectations[0].from[0] = '\0';
    before = set_of_one(agreements[0]);
    after = set_of_one(agreements[1]);
    assert_int_equal(term_changes_of(before, after, &changes), ST_OK);
    assert_int_equal(changes->count, 1);
    assert_string_equal(changes->items[0].term, "expectation");
    assert_string_equal(
        changes->items[0].before,
        "after recall.revocation, recall.returned within 2d; else Head of casework, "
        "Public Protection Casework Section");
    assert_string_equal(changes->items[0].after,
                        "after recall.revocation, recall.returned from prison.pbi within 2d; else "
                        "Head of casework, Public Protection Casework Section");
    assert_false(changes->items[0].widens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_term_that_differs_is_told),
        cmocka_unit_test(an_agreement_more_or_less_is_a_term),
        cmocka_unit_test(who_owes_what_is_expected_is_a_term),
    };
    return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
