/* What is due at an agent by what others said: the end of a watch, the word of a third agency. */
#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/calendar.h"

#define JUNE 20270602
#define JUNE_END_MS INT64_C(1811980800000) /* the midnight after it, UTC */

/* At both, so many days after June's second, and three more that the agreement gives. */
static void assert_closes(struct town *town, int days)
{
    for (int at = 0; at < 2; at++) {
        size_t agency = at ? CSC : NPS;
        const Concordat__Due *due = find_due(town, agency, "close", "safeguarding.close");

        if (!due)
            fail_msg("nothing is due at %s", agencies[agency]);
        assert_int_equal(due->due_ms, JUNE_END_MS + (days + 3) * TOWN_DAY_MS);
        assert_int_equal(due->by_us, !at);
        assert_string_equal(due->other, agencies[at ? NPS : CSC]);
    }
}

static struct id refer(struct town *town, const struct id *handle, unsigned ymd)
{
    static const char children[] = "\"children\"";
    char json[2048];
    const char *rest = strstr(referral, children);

    (void)snprintf(json, sizeof json, "{" KIT ", \"orderEnd\": {\"ymd\": %u}, %s", ymd, rest);
    return said(say(town, NPS,
                    (struct wish){.type = "safeguarding.referral.child",
                                  .to = agencies[CSC],
                                  .about = handle,
                                  .json = json}));
}

static struct id update(struct town *town, const struct id *first, unsigned number, unsigned ymd)
{
    char json[512];

    (void)snprintf(json, sizeof json, "{\"orderEnd\": {\"ymd\": %u}, %s", ymd,
                   update_of(first, number) + 1);
    return said(
        say(town, NPS,
            (struct wish){.type = "safeguarding.update", .conversation = first, .json = json}));
}

static void the_close_is_due_by_the_end_that_was_said_last(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = refer(town, &handle, JUNE), id;

    town_settle(town);
    assert_closes(town, 0);
    (void)update(town, &first, 1, 20270612);
    town_settle(town);
    assert_closes(town, 10);
    (void)update(town, &first, 2, 20270531);
    town_settle(town);
    assert_closes(town, -2);
    town_restart(town, NPS);
    town_recalendar(town, NPS, calendar_built_in());
    town_recalendar(town, CSC, calendar_built_in());
    town_settle(town);
    assert_closes(town, -2);
    /* What never comes to its recipient was not said. */
    town_disconnect(town, CSC);
    id = update(town, &first, 3, 20270702);
    town_settle(town);
    assert_int_equal(find_due(town, NPS, "close", "safeguarding.close")->due_ms,
                     JUNE_END_MS + (30 + 3) * TOWN_DAY_MS);
    town_withhold(town, &id, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    town_settle(town);
    town_connect(town, CSC);
    town_settle(town);
    assert_closes(town, -2);
}

static void an_end_that_is_said_later_is_due_from_then_on(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), id;

    town_settle(town);
    assert_null(find_due(town, NPS, "close", "safeguarding.close"));
    id = update(town, &first, 1, JUNE);
    town_settle(town);
    assert_string_equal(town_ladder(town, CSC, &id), "accepted delivered");
    assert_closes(town, 0);
    town_recalendar(town, NPS, calendar_built_in());
    town_settle(town);
    assert_closes(town, 0);
}

/* The header says as the body does, or the update is not taken. */
static void an_update_whose_header_says_another_end_is_rejected(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = refer(town, &handle, JUNE), id;

    town_settle(town);
    town_mischief(town)->watch_longer = true;
    id = update(town, &first, 1, 20270612);
    town_settle(town);
    assert_string_equal(town_ladder(town, CSC, &id), "accepted rejected");
    assert_string_equal(town_detail(town, CSC, &id), "HEADER_MISMATCH");
    assert_int_equal(find_due(town, CSC, "close", "safeguarding.close")->due_ms,
                     JUNE_END_MS + 3 * TOWN_DAY_MS);
}

/* The prison owes it to who revoked the licence; the police, to whom that went, owe nothing. */
static void what_a_third_agency_owes_is_due_to_who_waits(void **)
{
    static const char *const names[] = {"ppcs", "police.35", "prison.pbi"};
    enum {
        PPCS,
        POLICE,
        PRISON
    };
    static const char back[] = "recall.returned";
    OWNED(town) town = town_new(names, 3);
    const struct id handle = id_random();
    const Concordat__Due *due;

    (void)said(say(town, PPCS,
                   (struct wish){.type = "recall.revocation",
                                 .to = names[POLICE],
                                 .about = &handle,
                                 .json = "{" KIT ", \"emergency\": true, \"revokedMs\": "
                                         "\"1772467200000\", \"rosh\": \"ROSH_HIGH\"}"}));
    town_settle(town);
    due = find_due(town, PPCS, "expected", back);
    assert_non_null(due);
    assert_false(due->by_us);
    assert_string_equal(due->other, names[PRISON]);
    assert_string_equal(due->role, "Head of casework, Public Protection Casework Section");
    assert_null(find_due(town, POLICE, "expected", back));
    (void)said(say(town, PRISON,
                   (struct wish){.type = back,
                                 .to = names[PPCS],
                                 .about = &handle,
                                 .json = "{" KIT ", \"prisonCode\": \"PBI\", \"atMs\": "
                                         "\"1772553600000\"}"}));
    town_settle(town);
    assert_null(find_due(town, PPCS, "expected", back));
}

int handover_watched_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_close_is_due_by_the_end_that_was_said_last),
        cmocka_unit_test(an_end_that_is_said_later_is_due_from_then_on),
        cmocka_unit_test(an_update_whose_header_says_another_end_is_rejected),
        cmocka_unit_test(what_a_third_agency_owes_is_due_to_who_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
