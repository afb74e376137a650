/* What becomes of a version that another one supersedes, and whose instruments count. */
#include "tests/unit/unit.h"

#include "lib/text.h"
#include "tests/unit/entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a suspension outlives supersession ---- */

static void who_froze_a_version_thaws_its_successor_too(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text first = text_of(list, 2, "ISA-TEST", 1, "1"),
                second = text_of(list, 2, "ISA-TEST", 2, "2"),
                third = text_of(list, 2, "ISA-TEST", 3, "3");
    OWNED(registrar) r = registrar_of(&no_rules);
    const struct {
        Concordat__Act act;
        const struct governor *by;
        const struct text *about;
        int64_t signed_ms;
        enum status expected;
        enum standing first, second;
    } rows[] = {
        /* not another party, nor with what was signed before */
        {CONCORDAT__ACT__RESUME, &list[0], &second, 20, ST_INVALID, STANDING_SUSPENDED,
         STANDING_SUSPENDED},
        {CONCORDAT__ACT__RESUME, &list[1], &second, 10, ST_INVALID, STANDING_SUSPENDED,
         STANDING_SUSPENDED},
        /* each version by itself */
        {CONCORDAT__ACT__RESUME, &list[1], &second, 11, ST_OK, STANDING_SUSPENDED, STANDING_ACTIVE},
        {CONCORDAT__ACT__RESUME, &list[1], &first, 12, ST_OK, STANDING_SUPERSEDED, STANDING_ACTIVE},
        /* and again: what was accepted under the old one alone */
        {CONCORDAT__ACT__SUSPEND, &list[0], &first, 13, ST_OK, STANDING_SUSPENDED, STANDING_ACTIVE},
        {CONCORDAT__ACT__RESUME, &list[0], &first, 14, ST_OK, STANDING_SUPERSEDED, STANDING_ACTIVE},
        {CONCORDAT__ACT__REVOKE, &list[1], &first, 15, ST_OK, STANDING_REVOKED, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &list[1], &first, 16, ST_INVALID, STANDING_REVOKED,
         STANDING_ACTIVE},
    };

    ENACT(r, list, &first, 1, &none);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__SUSPEND, &list[1], &first, 10), NULL, NOW),
                     ST_OK);
    sign_all(r, list, 2, &second, 2, &first.hash);
    assert_true(is_head(r, &second));
    assert_int_equal(standing_of(r, &first), STANDING_SUSPENDED);
    assert_int_equal(standing_of(r, &second), STANDING_SUSPENDED);
    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct instrument i = act_of(rows[n].act, rows[n].by, rows[n].about, rows[n].signed_ms);
        assert_int_equal(put(r, i, NULL, NOW), rows[n].expected);
        assert_int_equal(standing_of(r, &first), rows[n].first);
        assert_int_equal(standing_of(r, &second), rows[n].second);
        assert_true(is_head(r, &second));
    }
    /* over a version that was itself frozen by inheritance, and over a revoked one */
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__SUSPEND, &list[0], &second, 20), NULL, NOW),
                     ST_OK);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__REVOKE, &list[1], &second, 20), NULL, NOW),
                     ST_OK);
    sign_all(r, list, 2, &third, 3, &second.hash);
    assert_int_equal(standing_of(r, &second), STANDING_REVOKED);
    assert_int_equal(standing_of(r, &third), STANDING_SUSPENDED);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__RESUME, &list[0], &third, 21), NULL, NOW),
                     ST_OK);
    assert_int_equal(standing_of(r, &third), STANDING_ACTIVE);
}

static void when_a_version_was_superseded_stays_what_it_was(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text first = text_of(list, 2, "ISA-TEST", 1, "1"),
                second = text_of(list, 2, "ISA-TEST", 2, "2");
    const Concordat__Act since[] = {CONCORDAT__ACT__SUSPEND, CONCORDAT__ACT__RESUME,
                                    CONCORDAT__ACT__REVOKE};
    OWNED(registrar) r = registrar_of(&no_rules);

    assert_int_equal(registrar_superseded_ms(r, &first.hash), 0);
    ENACT(r, list, &first, 1, &none);
    assert_int_equal(registrar_superseded_ms(r, &first.hash), 0);
    assert_int_equal(put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &second, 2, &first.hash),
                         &second, NOW + 10),
                     ST_OK);
    assert_int_equal(registrar_superseded_ms(r, &first.hash), 0);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__ACCEPT, &list[1], &second, 2, &first.hash), NULL, NOW + 20),
        ST_OK);
    for (size_t n = 0; n < LENGTH(since); n++) {
        assert_int_equal(registrar_superseded_ms(r, &first.hash), NOW + 20);
        assert_int_equal(put(r, act_of(since[n], &list[0], &first, (int64_t)n + 1), NULL, NOW + 30),
                         ST_OK);
    }
    assert_int_equal(registrar_superseded_ms(r, &first.hash), NOW + 20);
    assert_int_equal(registrar_superseded_ms(r, &second.hash), 0);
}

static void who_left_the_agreement_still_holds_what_it_froze(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2), puppet("c.c", 3)};
    struct text first = text_of(list, 3, "ISA-TEST", 1, "1"),
                second = text_of(list, 2, "ISA-TEST", 2, "2");
    OWNED(registrar) r = registrar_of(&no_rules);

    ENACT(r, list, &first, 1, &none);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__SUSPEND, &list[2], &first, 10), NULL, NOW),
                     ST_OK);
    enact(r, list, 2, &second, 2, &first.hash); /* active: nobody of its parties froze anything */
    assert_int_equal(standing_of(r, &first), STANDING_SUSPENDED);
    assert_refused(r, act_of(CONCORDAT__ACT__SUSPEND, &list[2], &second, 11), NULL, NOW,
                   "agency: c.c is no party of ISA-TEST version 2");
    assert_refused(r, act_of(CONCORDAT__ACT__RESUME, &list[0], &first, 11), NULL, NOW,
                   "a.a has not suspended it");
    assert_int_equal(standing_of(r, &first), STANDING_SUSPENDED);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__RESUME, &list[2], &first, 12), NULL, NOW),
                     ST_OK);
    assert_int_equal(standing_of(r, &first), STANDING_SUPERSEDED);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__REVOKE, &list[2], &first, 13), NULL, NOW),
                     ST_OK);
    assert_int_equal(standing_of(r, &first), STANDING_REVOKED);
    assert_int_equal(standing_of(r, &second), STANDING_ACTIVE);
    assert_true(is_head(r, &second));
}

/* ---- what counts as the same ---- */

/* A proposer chooses its proposal's id: no instrument is made to look known by that. */
static void a_proposals_id_marks_no_instrument(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument freeze = act_of(CONCORDAT__ACT__SUSPEND, &list[1], &t, NOW);

    ENACT(r, list, &t, 77, &none);
    freeze.digest.bytes[0] = 77; /* the id, filled up with zeroes */
    assert_int_equal(registrar_take(r, &freeze, (struct bytes){NULL, 0}, NOW, NULL), ST_OK);
    assert_int_equal(standing_of(r, &t), STANDING_SUSPENDED);
}

/* ---- what may be proposed ---- */

static void a_text_whose_time_is_over_cannot_come_into_force(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
    const int64_t until = INT64_C(1751328000000); /* 2025-07-01 */
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument propose, accept;

    text_edit(&t, "review: 2027-04-01", "review: 2025-06-01");
    text_edit(&t, "expires: 2031-04-01", "expires: 2025-07-01");
    propose = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none);
    accept = about(CONCORDAT__ACT__ACCEPT, &list[1], &t, 1, &none);
    assert_true(until < propose.proposal_expires_ms);
    assert_refused(r, propose, &t, until, "expires: the text's time is over");
    assert_null(registrar_version(r, &t.hash));
    OWNED(registrar) other = registrar_of(&no_rules);
    assert_int_equal(put(other, propose, &t, until - 2), ST_OK);
    OWNED(registrar) third = registrar_of(&no_rules);
    assert_int_equal(put(third, propose, &t, until - 2), ST_OK);
    assert_int_equal(put(third, accept, NULL, until - 1), ST_OK);
    assert_int_equal(standing_of(third, &t), STANDING_ACTIVE);
    assert_refused(other, accept, NULL, until, "expires: the text's time is over");
    assert_int_equal(standing_of(other, &t), STANDING_DRAFT);
}

static void nobody_fills_the_registrar_with_proposals(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    OWNED(registrar) r = registrar_of(&no_rules);
    char id[AGREEMENT_ID_MAX + 1];
    struct text t;

    for (int n = 0; n < OPEN_PROPOSALS_EACH; n++) {
        (void)snprintf(id, sizeof id, "ISA-%d", n);
        t = text_of(list, 2, id, 1, "t");
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &t, (uint8_t)(n + 1), &none), &t, NOW),
            ST_OK);
    }
    struct text more = text_of(list, 2, "ISA-MORE", 1, "t");
    struct instrument one_more = about(CONCORDAT__ACT__PROPOSE, &list[0], &more, 200, &none);
    assert_refused(r, one_more, &more, NOW, "agency: 64 proposals by a.a are open already");
    /* another's room is its own */
    struct text theirs = text_of(list, 2, "ISA-THEIRS", 1, "t");
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[1], &theirs, 201, &none), &theirs, NOW), ST_OK);
    /* what is settled makes room */
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__ACCEPT, &list[1], &t, OPEN_PROPOSALS_EACH, &none), NULL, NOW),
        ST_OK);
    assert_int_equal(put(r, one_more, &more, NOW), ST_OK);
}

static void keys_and_parties_stand_once_or_nothing_is_proposed(void **)
{
#define KEY_TWICE " stands here already: keys are one party's and for one use"
    const struct {
        const char *second; /* the second party; the first is a.a with keys 1 and 0x81 */
        uint8_t governance, signing;
        const char *reason;
    } rows[] = {
        {"a.a", 2, 0x82, "text: ISA-TEST:19: `a.a' is a party twice"},
        {"b.b", 2, 0x81, "text: ISA-TEST:22: a key of `a.a'" KEY_TWICE},
        {"b.b", 1, 0x82, "text: ISA-TEST:23: a key of `a.a'" KEY_TWICE},
        {"b.b", 0x81, 0x82, "text: ISA-TEST:23: a key of `a.a'" KEY_TWICE},
        {"b.b", 2, 1, "text: ISA-TEST:22: a key of `a.a'" KEY_TWICE},
        {"b.b", 2, 2, "text: ISA-TEST:23: a key of `b.b'" KEY_TWICE},
    };

    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct governor list[] = {puppet("a.a", 1), puppet(rows[n].second, rows[n].governance)};
        memset(list[1].signing.bytes, rows[n].signing, DIGEST_SIZE);
        struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
        OWNED(registrar) r = registrar_of(&no_rules);
        struct agreement *a = NULL;
        struct reason why;

        assert_int_equal(agreement_parse("ISA-TEST", t.bytes, t.size, &a, &why), ST_INVALID);
        assert_string_equal(why.text, rows[n].reason + strlen("text: "));
        assert_refused(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none), &t, NOW,
                       rows[n].reason);
    }
}

/* Four keys of a use may be a party's, for rollovers; each stands once. */
static void a_party_lists_at_most_four_keys_and_none_twice(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    const struct {
        int more; /* keys besides the first */
        bool is_again, taken;
    } rows[] = {{3, false, true}, {4, false, false}, {1, true, false}};

    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
        OWNED(registrar) r = registrar_of(&no_rules);
        for (int i = 0; i < rows[n].more; i++) {
            char key[2 * DIGEST_SIZE + 1], edit[128];
            struct digest more = {{(uint8_t)(0x70 + i)}};
            hex_print(rows[n].is_again ? list[0].pin.bytes : more.bytes, DIGEST_SIZE, key);
            (void)snprintf(edit, sizeof edit, "governance-keys: [%s, ", key);
            text_edit(&t, "governance-keys: [", edit);
        }
        assert_int_equal(put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none), &t, NOW),
                         rows[n].taken ? ST_OK : ST_INVALID);
    }
}

/* ---- what people are told ---- */

static bool note_state(void *context, const struct registrar_row *row)
{
    const char **state = context;

    *state = row->state;
    return false;
}

static const char *state_at(const struct registrar *r, int64_t now_ms)
{
    const char *state = "none";

    registrar_each(r, now_ms, note_state, &state);
    return state;
}

static void people_are_told_the_days_too(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
    OWNED(registrar) r = registrar_of(&no_rules);

    text_edit(&t, "in-force: 2020-04-01", "in-force: 2025-07-01");
    sign_all(r, list, 2, &t, 1, &none);
    const struct agreement *a = registrar_version(r, &t.hash);
    assert_string_equal(state_at(r, a->from_ms - 1), "not yet in force");
    assert_string_equal(state_at(r, a->from_ms), "active");
    assert_string_equal(state_at(r, a->until_ms - 1), "active");
    assert_string_equal(state_at(r, a->until_ms), "expired");
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__SUSPEND, &list[0], &t, NOW), NULL, NOW), ST_OK);
    assert_string_equal(state_at(r, a->from_ms - 1), "suspended");
    struct text next = text_of(list, 2, "ISA-TEST", 2, "2");
    sign_all(r, list, 2, &next, 2, &t.hash);
    assert_string_equal(state_at(r, a->from_ms), "superseded, suspended");
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__RESUME, &list[0], &t, NOW + 1), NULL, NOW),
                     ST_OK);
    assert_string_equal(state_at(r, a->until_ms), "superseded");
}

/* ---- our own keys ---- */

static void an_agreement_stays_ours_when_our_keys_roll_over(void **)
{
    struct governor before = puppet("a.a", 1), after = puppet("a.a", 9), other = puppet("b.b", 2);
    const struct digest signing[] = {after.signing, before.signing},
                        governance[] = {after.pin, before.pin};
    const struct known_key pack = {.agency = "a.a", .governance = before.pin}; /* of long ago */
    struct registrar_rules rules = {.self = "a.a",
                                    .signing = signing,
                                    .governance = governance,
                                    .known = &pack,
                                    .known_count = 1};
    const struct {
        size_t signing, governance; /* of ours that are known here: the newest first */
        const struct governor *pinned;
        bool counts;
    } rows[] = {
        {2, 2, &before, true},  {2, 2, &after, true},   {1, 1, &after, true},
        {1, 1, &before, false}, {1, 2, &before, false}, {2, 1, &before, false},
        {0, 0, &after, false},
    };

    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct governor list[] = {*rows[n].pinned, other};
        struct text t = text_of(list, 2, "ISA-TEST", 1, "1");
        rules.signing_count = rows[n].signing;
        rules.governance_count = rows[n].governance;
        OWNED(registrar) r = registrar_of(&rules);
        sign_all(r, list, 2, &t, 1, &none);
        assert_int_equal(standing_of(r, &t), rows[n].counts ? STANDING_ACTIVE : STANDING_DRAFT);
    }
}

/* ---- what asking costs ---- */

/* The linker sends the library's calls here. */
static size_t comparisons;
bool __real_digest_equal(const struct digest *a, const struct digest *b);
bool __wrap_digest_equal(const struct digest *a, const struct digest *b);
bool __wrap_digest_equal(const struct digest *a, const struct digest *b)
{
    comparisons++;
    return __real_digest_equal(a, b);
}

#define IDS 10
#define EACH 100
#define MANY (IDS * EACH) /* versions */

/* The next version of `id`, in force in the place of `before`. */
static void succeed(struct registrar *r, const struct governor list[2], int id, uint32_t version,
                    struct digest *before)
{
    char name[16];

    (void)snprintf(name, sizeof name, "ISA-%d", id);
    struct text t = text_of(list, 2, name, version, "t");
    struct instrument propose = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, (uint8_t)id, before),
                      accept = about(CONCORDAT__ACT__ACCEPT, &list[1], &t, (uint8_t)id, before);
    propose.proposal_id.bytes[1] = accept.proposal_id.bytes[1] = (uint8_t)version;
    assert_int_equal(put(r, propose, &t, NOW), ST_OK);
    assert_int_equal(put(r, accept, NULL, NOW), ST_OK);
    *before = t.hash;
}

static void a_version_is_found_without_looking_at_the_others(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    OWNED(registrar) r = registrar_of(&no_rules);
    struct digest before[IDS + 1] = {{{0}}}, *hashes = calloc(MANY, sizeof *hashes);
    size_t count = 0, most = 0;

    assert_non_null(hashes);
    for (uint32_t version = 1; version <= EACH; version++) {
        for (int id = 1; id <= IDS; id++) {
            succeed(r, list, id, version, &before[id]);
            hashes[count++] = before[id];
        }
    }
    comparisons = 0;
    for (size_t i = 0; i < MANY; i++) {
        size_t start = comparisons;
        const struct agreement *a = registrar_version(r, &hashes[i]);
        size_t took = comparisons - start;
        assert_non_null(a);
        assert_memory_equal(&a->hash, &hashes[i], DIGEST_SIZE);
        assert_int_equal(a->standing, i < MANY - IDS ? STANDING_SUPERSEDED : STANDING_ACTIVE);
        most = took > most ? took : most;
    }
    assert_true(comparisons >= MANY && comparisons < 3 * MANY && most < 32);
    comparisons = 0;
    for (size_t i = 0; i < MANY; i++) {
        struct digest unknown = sha256(&i, sizeof i);
        assert_null(registrar_version(r, &unknown));
    }
    assert_true(comparisons < 4 * MANY);
    /* judging an entry looks at no more */
    struct instrument i = act_of(CONCORDAT__ACT__REVOKE, &list[0], NULL, NOW);
    TEXT_COPY(i.agreement_id, "ISA-1");
    i.agreement_version = 1;
    i.agreement_hash = hashes[0];
    comparisons = 0;
    assert_int_equal(put(r, i, NULL, NOW), ST_OK);
    assert_true(comparisons < 64);
    free(hashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_froze_a_version_thaws_its_successor_too),
        cmocka_unit_test(when_a_version_was_superseded_stays_what_it_was),
        cmocka_unit_test(who_left_the_agreement_still_holds_what_it_froze),
        cmocka_unit_test(a_proposals_id_marks_no_instrument),
        cmocka_unit_test(a_text_whose_time_is_over_cannot_come_into_force),
        cmocka_unit_test(nobody_fills_the_registrar_with_proposals),
        cmocka_unit_test(people_are_told_the_days_too),
        cmocka_unit_test(an_agreement_stays_ours_when_our_keys_roll_over),
        cmocka_unit_test(a_party_lists_at_most_four_keys_and_none_twice),
        cmocka_unit_test(a_version_is_found_without_looking_at_the_others),
        cmocka_unit_test(keys_and_parties_stand_once_or_nothing_is_proposed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
