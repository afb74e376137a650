/* Which signing keys count for whom, when, and what it costs to ask. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"
#include "lib/text.h"
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

static struct instrument change_of(Concordat__Act act, const struct governor *by,
                                   const struct digest *signing, int64_t signed_ms)
{
    struct instrument i = act_of(act, by, NULL, signed_ms);

    i.signing_key = *signing;
    return i;
}

/* The text with another governance key for the first party, beside its own. */
static void pin_governance_too(struct text *t, const struct digest *key)
{
    char hex[2 * DIGEST_SIZE + 1], edit[128];

    hex_print(key->bytes, DIGEST_SIZE, hex);
    (void)snprintf(edit, sizeof edit, "governance-keys: [%s, ", hex);
    text_edit(t, "governance-keys: [", edit);
}

/* ---- when ---- */

static void what_was_accepted_stays_good_when_its_key_is_retired(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    const struct digest *pinned = &list[0].signing, fresh = {{42}};
    OWNED(registrar) r = registrar_of(&no_rules);

    ENACT(r, list, &t, 1, &none);
    const struct agreement *a = registrar_version(r, &t.hash);
    /* signed long before it was published: the entry's time says */
    struct instrument roll = change_of(CONCORDAT__ACT__ROLL, &list[0], &fresh, NOW - 90 * DAY),
                      retire = change_of(CONCORDAT__ACT__RETIRE, &list[0], pinned, NOW - 80 * DAY),
                      back = change_of(CONCORDAT__ACT__ROLL, &list[0], pinned, NOW - 70 * DAY);
    assert_int_equal(put(r, roll, NULL, NOW + 100), ST_OK);
    assert_int_equal(put(r, retire, NULL, NOW + 200), ST_OK);
    assert_int_equal(put(r, back, NULL, NOW + 300), ST_OK);
    const struct {
        int64_t at_ms;
        bool pinned, fresh;
    } rows[] = {
        {0, true, false},        {NOW + 99, true, false},  {NOW + 100, true, true},
        {NOW + 199, true, true}, {NOW + 200, false, true}, {NOW + 299, false, true},
        {NOW + 300, true, true}, {SIGNED_NOW, true, true},
    };
    for (size_t n = 0; n < LENGTH(rows); n++) {
        assert_int_equal(registrar_signer_counts(r, a, "a.a", pinned, rows[n].at_ms),
                         rows[n].pinned);
        assert_int_equal(registrar_signer_counts(r, a, "a.a", &fresh, rows[n].at_ms),
                         rows[n].fresh);
    }
}

/* ---- whose ---- */

/* Whoever holds one governance key cannot make the other's words too old by dating its own late. */
static void each_governance_key_counts_its_own_days(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)}, second = puppet("a.a", 9);
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    const struct digest *pinned = &list[0].signing, fresh = {{42}};
    OWNED(registrar) r = registrar_of(&no_rules);

    pin_governance_too(&t, &second.pin);
    ENACT(r, list, &t, 1, &none);
    const struct agreement *a = registrar_version(r, &t.hash);
    struct instrument late = change_of(CONCORDAT__ACT__ROLL, &second, &fresh, NOW + 200000),
                      retire = change_of(CONCORDAT__ACT__RETIRE, &list[0], &fresh, NOW);
    assert_int_equal(put(r, late, NULL, NOW), ST_OK);
    assert_true(registrar_signer_counts(r, a, "a.a", &fresh, SIGNED_NOW));
    assert_int_equal(put(r, retire, NULL, NOW), ST_OK);
    assert_false(registrar_signer_counts(r, a, "a.a", &fresh, SIGNED_NOW));
    assert_refused(r, change_of(CONCORDAT__ACT__ROLL, &second, &fresh, NOW + 199999), NULL, NOW,
                   "signed_ms: not after this key's last change of keys for a.a");
    assert_refused(r, change_of(CONCORDAT__ACT__ROLL, &list[0], pinned, NOW), NULL, NOW,
                   "signed_ms: not after this key's last change of keys for a.a");
    /* of two keys' words the later entry holds, whatever its date */
    assert_int_equal(
        put(r, change_of(CONCORDAT__ACT__ROLL, &second, pinned, NOW + 200001), NULL, NOW), ST_OK);
    assert_int_equal(
        put(r, change_of(CONCORDAT__ACT__RETIRE, &list[0], pinned, NOW + 1), NULL, NOW), ST_OK);
    assert_false(registrar_signer_counts(r, a, "a.a", pinned, SIGNED_NOW));
}

/* ---- ours ---- */

static bool note_last_state(void *context, const struct registrar_row *row)
{
    const char **state = context;

    *state = row->state;
    return true;
}

static const char *last_state(const struct registrar *r)
{
    const char *state = "none";

    registrar_each(r, NOW, note_last_state, &state);
    return state;
}

static struct registrar_rules rules_of(const struct governor *own)
{
    return (struct registrar_rules){.self = own->agency,
                                    .signing = &own->signing,
                                    .signing_count = 1,
                                    .governance = &own->pin,
                                    .governance_count = 1};
}

/* Everybody else goes by the version that is not ours: so must we, though under it nothing goes. */
static void a_version_that_is_not_ours_takes_its_place_and_permits_nothing(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)}, wrong[] = {list[0], list[1]};
    struct registrar_rules rules = rules_of(&list[0]);
    const struct question question = {.from = "b.b",
                                      .to = "a.a",
                                      .agreement_id = "ISA-TEST",
                                      .agreement_version = 2,
                                      .clause = "rsr-result",
                                      .type = "risk.rsr.result",
                                      .signer_counts = true};
    OWNED(registrar) r = registrar_of(&rules);

    memset(wrong[0].signing.bytes, 0x77, DIGEST_SIZE);
    struct text first = text_of(list, 2, "ISA-TEST", 1, "1"),
                second = text_of(wrong, 2, "ISA-TEST", 2, "2"),
                third = text_of(list, 2, "ISA-TEST", 3, "3");
    ENACT(r, list, &first, 1, &none);
    sign_all(r, list, 2, &second, 2, &first.hash);
    assert_true(is_head(r, &second));
    assert_int_equal(standing_of(r, &first), STANDING_SUPERSEDED);
    assert_int_equal(standing_of(r, &second), STANDING_DRAFT);
    assert_string_equal(last_state(r), "not ours");
    struct question asked = question;
    asked.agreement_hash = second.hash;
    assert_int_equal(decide(&asked, registrar_set(r), NOW).code,
                     CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    asked.agreement_hash = first.hash;
    asked.agreement_version = 1;
    assert_false(decide(&asked, registrar_set(r), NOW).permitted);
    assert_int_equal(decide_handover(registrar_version(r, &second.hash), false).code,
                     CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    /* suspended, resumed: it permits no more; who repairs it names it as predecessor */
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__SUSPEND, &list[1], &second, NOW), NULL, NOW),
                     ST_OK);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__RESUME, &list[1], &second, NOW + 1), NULL, NOW),
                     ST_OK);
    assert_int_equal(standing_of(r, &second), STANDING_DRAFT);
    enact(r, list, 2, &third, 3, &second.hash);
    assert_int_equal(standing_of(r, &second), STANDING_DRAFT);
    assert_string_equal(last_state(r), "active");
}

/* From the text that pins the first key, over its successor, until the first is gone. */
static void our_agreements_stay_ours_through_a_rollover(void **)
{
    struct governor before = puppet("a.a", 1), other = puppet("b.b", 2),
                    stranger = puppet("a.a", 7);
    const struct digest next = {{42}}, both[] = {next, before.signing};
    struct governor list[] = {before, other};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    const struct instrument roll = change_of(CONCORDAT__ACT__ROLL, &before, &next, 1),
                            retire = change_of(CONCORDAT__ACT__RETIRE, &before, &before.signing, 2);
    const struct {
        const struct digest *signing, *governance; /* what the agent knows after its restart */
        size_t signing_count;
        enum standing enacted, rolled, retired;
    } rows[] = {
        {&before.signing, &before.pin, 1, STANDING_ACTIVE, STANDING_ACTIVE, STANDING_ACTIVE},
        {both, &before.pin, 2, STANDING_ACTIVE, STANDING_ACTIVE, STANDING_ACTIVE},
        /* the old key forgotten while it can still sign: whose it is, nobody can tell */
        {&next, &before.pin, 1, STANDING_DRAFT, STANDING_DRAFT, STANDING_ACTIVE},
        {&stranger.signing, &before.pin, 1, STANDING_DRAFT, STANDING_DRAFT, STANDING_ACTIVE},
        /* whoever changes them, it is not our governance key */
        {&next, &stranger.pin, 1, STANDING_DRAFT, STANDING_DRAFT, STANDING_DRAFT},
        {&next, NULL, 1, STANDING_DRAFT, STANDING_DRAFT, STANDING_DRAFT},
    };

    for (size_t n = 0; n < LENGTH(rows); n++) {
        const struct registrar_rules rules = {.self = "a.a",
                                              .signing = rows[n].signing,
                                              .signing_count = rows[n].signing_count,
                                              .governance = rows[n].governance,
                                              .governance_count = rows[n].governance != NULL};
        OWNED(registrar) r = registrar_of(&rules);
        sign_all(r, list, 2, &t, 1, &none);
        assert_int_equal(standing_of(r, &t), rows[n].enacted);
        assert_int_equal(put(r, roll, NULL, NOW), ST_OK);
        assert_int_equal(standing_of(r, &t), rows[n].rolled);
        assert_int_equal(put(r, retire, NULL, NOW), ST_OK);
        assert_int_equal(standing_of(r, &t), rows[n].retired);
        assert_true(is_head(r, &t));
    }
}

/* A text that pins the next key beforehand is not ours until our own governance key has said so. */
static void a_next_key_is_ours_once_it_is_rolled(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct registrar_rules rules = rules_of(&list[0]);
    const struct digest next = {{42}}, odd = {{43}};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t"), later, strange;
    char hex[2 * DIGEST_SIZE + 1], edit[128];
    OWNED(registrar) r = registrar_of(&rules);

    hex_print(next.bytes, DIGEST_SIZE, hex);
    (void)snprintf(edit, sizeof edit, "signing-keys: [%s, ", hex);
    text_edit(&t, "signing-keys: [", edit);
    sign_all(r, list, 2, &t, 1, &none);
    assert_string_equal(last_state(r), "not ours");
    assert_int_equal(put(r, change_of(CONCORDAT__ACT__ROLL, &list[0], &odd, 1), NULL, NOW), ST_OK);
    assert_string_equal(last_state(r), "not ours");
    assert_int_equal(put(r, change_of(CONCORDAT__ACT__ROLL, &list[0], &next, 2), NULL, NOW), ST_OK);
    assert_string_equal(last_state(r), "active");
    assert_int_equal(standing_of(r, &t), STANDING_ACTIVE);
    /* and so is a text that comes after, with that key alone; a stranger's is not */
    struct governor then[] = {list[0], list[1]};
    then[0].signing = next;
    later = text_of(then, 2, "ISA-TEST", 2, "later");
    enact(r, then, 2, &later, 2, &t.hash);
    then[0].signing.bytes[5] = 1;
    strange = text_of(then, 2, "ISA-TEST", 3, "strange");
    sign_all(r, then, 2, &strange, 3, &later.hash);
    assert_string_equal(last_state(r), "not ours");
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
int __real_digest_compare(const struct digest *a, const struct digest *b);
int __wrap_digest_compare(const struct digest *a, const struct digest *b);
int __wrap_digest_compare(const struct digest *a, const struct digest *b)
{
    comparisons++;
    return __real_digest_compare(a, b);
}

#define CHANGES 2048

static void a_message_costs_no_more_after_many_changes(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    OWNED(registrar) r = registrar_of(&no_rules);
    size_t most = 0;

    ENACT(r, list, &t, 1, &none);
    const struct agreement *a = registrar_version(r, &t.hash);
    for (int n = 0; n < CHANGES; n++) { /* the signer chooses all but the last bytes alike */
        struct digest key = {.bytes = {[30] = (uint8_t)(n >> 8), [31] = (uint8_t)n}};
        struct instrument i = change_of(n % 3 ? CONCORDAT__ACT__ROLL : CONCORDAT__ACT__RETIRE,
                                        &list[0], &key, NOW + n);
        assert_int_equal(put(r, i, NULL, NOW), ST_OK);
    }
    for (int n = 0; n < CHANGES; n++) {
        struct digest key = {.bytes = {[30] = (uint8_t)(n >> 8), [31] = (uint8_t)n}};
        comparisons = 0;
        assert_int_equal(registrar_signer_counts(r, a, "a.a", &key, SIGNED_NOW), n % 3 != 0);
        most = comparisons > most ? comparisons : most;
    }
    assert_true(most > 0 && most <= 32);
    comparisons = 0;
    assert_true(registrar_signer_counts(r, a, "b.b", &list[1].signing, SIGNED_NOW));
    assert_true(comparisons <= 2); /* others' changes are not looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_accepted_stays_good_when_its_key_is_retired),
        cmocka_unit_test(each_governance_key_counts_its_own_days),
        cmocka_unit_test(a_version_that_is_not_ours_takes_its_place_and_permits_nothing),
        cmocka_unit_test(our_agreements_stay_ours_through_a_rollover),
        cmocka_unit_test(a_next_key_is_ours_once_it_is_rolled),
        cmocka_unit_test(a_message_costs_no_more_after_many_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
