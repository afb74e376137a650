/* Break-glass instruments: whose count, under which version, and for how long. */
#include "tests/unit/unit.h"

#include "agreements/privilege.h"
#include "lib/text.h"
#include "tests/unit/entries.h"

#include <string.h>

static struct text charter_of(const struct governor *list, size_t count, uint32_t version)
{
    struct text t = text_of(list, count, "ISA-CHARTER", version, "charter");

    text_edit(&t,
              "parties:", "charter: break-glass\nuses-per-day: 3\nreview-within: 24h\nparties:");
    text_edit(&t, "    kind: NPS\n", "    kind: NPS\n    dpo: A role\n");
    for (size_t i = 1; i < count; i++)
        text_edit(&t, "    kind: CRC\n", "    kind: POLICE\n    dpo: A role\n");
    text_edit(&t, "rsr-result", "child");
    text_edit(&t, "risk.rsr.result", "safeguarding.referral.child");
    text_edit(&t, "allocation", "safeguard_child");
    text_edit(&t, "OMA2007_S14", "VITAL_INTEREST");
    text_edit(&t, "[DC_IDENTITY, DC_RISK_SCORE]", "[DC_IDENTITY, DC_CHILD]");
    text_edit(&t, "    allowed: [DC_OFFENCE_INDEX, DC_CRIMINAL_HISTORY, DC_STAFF]\n", "");
    return t;
}

static void two_officers_who_sign_equal_bytes_are_two(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = charter_of(list, 2, 1);
    OWNED(registrar) r = registrar_of(&no_rules);

    ENACT(r, list, &t, 1, &none);
    struct instrument one = act_of(CONCORDAT__ACT__AUTHORISE, &list[0], &t, NOW);
    one.message_id.bytes[0] = 1;
    TEXT_COPY(one.counterpart, "b.b");
    TEXT_COPY(one.clause, "child");
    TEXT_COPY(one.officer, "duty-1");
    memset(one.key.bytes, 0x41, DIGEST_SIZE);
    struct instrument two = one;
    TEXT_COPY(two.officer, "duty-2");
    memset(two.key.bytes, 0x42, DIGEST_SIZE);
    assert_int_equal(put(r, one, NULL, NOW), ST_OK);
    assert_int_equal(put(r, one, NULL, NOW), ST_MORE);
    assert_int_equal(put(r, two, NULL, NOW), ST_OK);
    assert_int_equal(put(r, two, NULL, NOW), ST_MORE);
    assert_int_equal(put(r, one, NULL, NOW), ST_MORE);
}

/* Nobody reinstates itself; so the owner's privilege is another party's to give back. */
static void the_owner_reinstates_others_and_others_the_owner(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2), puppet("c.c", 3)};
    struct text t = charter_of(list, 3, 1);
    OWNED(registrar) r = registrar_of(&no_rules);
    const struct {
        size_t by;
        const char *counterpart, *reason; /* NULL: taken */
    } rows[] = {
        {0, "b.b", NULL},
        {1, "c.c", "agency: a.a owns ISA-CHARTER and alone may reinstate"},
        {1, "b.b", "counterpart: the agency itself"},
        {0, "a.a", "counterpart: the agency itself"},
        {1, "a.a", NULL},
        {2, "a.a", NULL},
        {1, "d.d", "counterpart: d.d is no party of ISA-CHARTER version 1"},
    };

    text_edit(&t, "parties:", "owner: a.a\nparties:");
    ENACT(r, list, &t, 1, &none);
    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct instrument i = act_of(CONCORDAT__ACT__REINSTATE, &list[rows[n].by], &t, NOW);
        TEXT_COPY(i.counterpart, rows[n].counterpart);
        if (rows[n].reason)
            assert_refused(r, i, NULL, NOW, rows[n].reason);
        else
            assert_int_equal(put(r, i, NULL, NOW), ST_OK);
    }
}

/* ---- by whom the charter is now ---- */

/* Who has left the charter, and a key that it pins no more, has no say; who is new has it. */
static void only_the_newest_versions_parties_review_and_reinstate(void **)
{
    struct governor first[] = {puppet("a.a", 1), puppet("b.b", 2), puppet("c.c", 3)},
                    second[] = {puppet("a.a", 1), puppet("b.b", 9)}, third = puppet("d.d", 4);
    struct text old = charter_of(first, 3, 1), head = charter_of(second, 2, 2);
    OWNED(registrar) r = registrar_of(&no_rules);
    const struct {
        Concordat__Act act;
        const struct governor *by;
        const char *counterpart;
        const struct text *under;
        const char *reason; /* NULL: taken */
    } rows[] = {
        {CONCORDAT__ACT__REVIEW, &first[2], "", &old,
         "agency: c.c is no party of ISA-CHARTER version 2"},
        {CONCORDAT__ACT__REINSTATE, &first[2], "b.b", &old,
         "agency: c.c is no party of ISA-CHARTER version 2"},
        {CONCORDAT__ACT__REVIEW, &first[1], "", &old,
         "the key is none that ISA-CHARTER version 2 pins for b.b"},
        {CONCORDAT__ACT__REVIEW, &second[1], "", &old,
         "the key is none that ISA-CHARTER version 1 pins for b.b"},
        {CONCORDAT__ACT__REVIEW, &first[0], "", &old, NULL},
        {CONCORDAT__ACT__REVIEW, &second[1], "", &head, NULL},
        {CONCORDAT__ACT__REVIEW, &third, "", &head,
         "agency: d.d is no party of ISA-CHARTER version 2"},
        /* the owner is the newest version's: b.b, that of the old one a.a */
        {CONCORDAT__ACT__REINSTATE, &first[0], "c.c", &old,
         "agency: b.b owns ISA-CHARTER and alone may reinstate"},
        {CONCORDAT__ACT__REINSTATE, &second[1], "a.a", &head, NULL},
        {CONCORDAT__ACT__REINSTATE, &first[0], "b.b", &old, NULL},
    };

    text_edit(&old, "parties:", "owner: a.a\nparties:");
    text_edit(&head, "parties:", "owner: b.b\nparties:");
    ENACT(r, first, &old, 1, &none);
    /* b.b has another governance key by now: its acceptance is with that one */
    sign_all(r, second, 2, &head, 2, &old.hash);
    assert_true(is_head(r, &head));
    for (int revoked = 0; revoked < 2; revoked++) {
        for (size_t n = 0; n < LENGTH(rows); n++) {
            struct instrument i = act_of(rows[n].act, rows[n].by, rows[n].under, NOW + revoked);
            i.message_id.bytes[0] = 1;
            if (rows[n].act == CONCORDAT__ACT__REINSTATE)
                i.message_id.bytes[0] = 0;
            TEXT_COPY(i.counterpart, rows[n].counterpart);
            if (rows[n].reason)
                assert_refused(r, i, NULL, NOW, rows[n].reason);
            else
                assert_int_equal(put(r, i, NULL, NOW), ST_OK);
        }
        if (!revoked)
            assert_int_equal(put(r, act_of(CONCORDAT__ACT__REVOKE, &first[2], &old, 1), NULL, NOW),
                             ST_OK);
    }
}

/* ---- how old ---- */

/* Two officers look at one emergency: nobody signs a stock of words beforehand. */
static void an_authorisation_is_as_fresh_as_it_stands(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = charter_of(list, 2, 1);
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument word = act_of(CONCORDAT__ACT__AUTHORISE, &list[0], &t, NOW);

    ENACT(r, list, &t, 1, &none);
    TEXT_COPY(word.counterpart, "b.b");
    TEXT_COPY(word.clause, "child");
    TEXT_COPY(word.officer, "duty-1");
    word.message_id.bytes[0] = 1;
    assert_refused(r, word, NULL, NOW + AUTHORISED_MS + 1,
                   "signed_ms: more than an hour before this entry");
    OWNED(registrar) other = registrar_of(&no_rules);
    ENACT(other, list, &t, 1, &none);
    assert_int_equal(put(other, word, NULL, NOW + AUTHORISED_MS), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_officers_who_sign_equal_bytes_are_two),
        cmocka_unit_test(the_owner_reinstates_others_and_others_the_owner),
        cmocka_unit_test(only_the_newest_versions_parties_review_and_reinstate),
        cmocka_unit_test(an_authorisation_is_as_fresh_as_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
