/* An agreement's own cases: each passes exactly when the agreement answers as it says. */
#include "tests/unit/unit.h"

#include "agreements/trial.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/random_agreements.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

/* One clause: the court asks probation, only in reply, for the one purpose. */
static struct agreement *one_clause(void)
{
    struct chance chance = {.state = 5};
    struct agreement *a = agreement_random(&chance, "ISA-TRIAL", false);
    struct clause *c = &a->clauses[0];

    a->party_count = 2;
    a->clause_count = 1;
    strcpy(a->parties[0].agency, "court.one");
    strcpy(a->parties[1].agency, "nps.east");
    c->type = catalogue_find("psr.request");
    c->required = c->allowed = c->type->required;
    c->only_in_reply = true;
    strcpy(c->from, "court.one");
    strcpy(c->to, "nps.east");
    strcpy(c->purpose, "court_advice");
    agreement_settle(a);
    return a;
}

static struct trial trial_of(const struct agreement *a, int expected)
{
    struct trial t = {.categories = a->clauses[0].required, .in_reply = true, .expected = expected};

    strcpy(t.name, "The court asks");
    strcpy(t.from, "court.one");
    strcpy(t.to, "nps.east");
    strcpy(t.type, "psr.request");
    return t;
}

static void change(struct trial *t, const char *what)
{
    if (!strcmp(what, "the purpose named"))
        strcpy(t->purpose, "court_advice");
    else if (!strcmp(what, "another purpose"))
        strcpy(t->purpose, "safeguard_child");
    else if (!strcmp(what, "backwards"))
        strcpy(t->from, "nps.east"), strcpy(t->to, "court.one");
    else if (!strcmp(what, "a stranger"))
        strcpy(t->from, "police.one");
    else if (!strcmp(what, "another type"))
        strcpy(t->type, "psr.report");
    else if (!strcmp(what, "unasked"))
        t->in_reply = false;
    else if (!strcmp(what, "a victim too"))
        t->categories |= 1u << 13;
    else if (!strcmp(what, "nothing"))
        t->categories = 0;
    else if (!strcmp(what, "the day before"))
        t->on_ms = POOL_DAY_MS - 2 * 86400000;
    else if (!strcmp(what, "the last day"))
        t->on_ms = POOL_DAY_MS;
    else if (!strcmp(what, "a day too late"))
        t->on_ms = POOL_DAY_MS + 86400000;
    else if (strcmp(what, "as it is") != 0)
        fail_msg("no change `%s'", what);
}

static void each_case_is_asked_of_its_agreement_alone(void **)
{
    static const struct {
        const char *what;
        int code;
    } cases[] = {
        {"as it is", 0},
        {"the purpose named", 0},
        {"the last day", 0},
        {"another purpose", CODE(PURPOSE_NOT_COVERED)},
        {"backwards", CODE(DIRECTION_NOT_ALLOWED)},
        {"a stranger", CODE(PARTY_NOT_SIGNATORY)},
        {"another type", CODE(TYPE_NOT_COVERED)},
        {"unasked", CODE(REPLY_REQUIRED)},
        {"a victim too", CODE(CATEGORY_NOT_COVERED)},
        {"nothing", CODE(CATEGORY_MISSING)},
        {"the day before", CODE(AGREEMENT_NOT_YET)},
        {"a day too late", CODE(AGREEMENT_EXPIRED)},
    };
    OWNED(agreement) a = one_clause();

    a->standing = STANDING_DRAFT; /* what is tested is mostly not signed yet */
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (size_t j = 0; j < LENGTH(cases); j++) { /* each with each expectation */
            struct trial t = trial_of(a, cases[j].code);
            struct verdict v;

            change(&t, cases[i].what);
            assert_int_equal(trial_run(a, &t, &v), ST_OK);
            if ((int)v.decision.code != cases[i].code)
                fail_msg("%s: %d: %s", cases[i].what, v.decision.code, v.said.text);
            assert_int_equal(v.passed, cases[i].code == cases[j].code);
            assert_ptr_equal(v.decision.agreement, a); /* not of a copy that is gone */
            assert_true(strlen(v.said.text) > 10);
        }
    assert_int_equal(a->standing, STANDING_DRAFT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_is_asked_of_its_agreement_alone),
    };
    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
