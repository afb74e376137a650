/* How much of the registrar anybody can take, and what comes free again. Built with room for few
 * texts: VERSIONS_MAX is on the compiler's command line. */
#include "tests/unit/unit.h"

#include "lib/text.h"
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

static enum status propose(struct registrar *r, const struct governor *by, const struct text *t,
                           uint16_t proposal, const struct digest *before, int64_t at)
{
    struct instrument i = about(CONCORDAT__ACT__PROPOSE, by, t, (uint8_t)proposal, before);

    i.proposal_id.bytes[1] = (uint8_t)(proposal >> 8);
    i.proposal_id.bytes[2] = 1;
    i.proposal_expires_ms = at + DAY;
    return put(r, i, t, at);
}

/* Of what was proposed so at NOW. */
static struct instrument accept_of(const struct governor *by, const struct text *t,
                                   uint16_t proposal)
{
    struct instrument i = about(CONCORDAT__ACT__ACCEPT, by, t, 0, &none);

    i.proposal_id = (struct id){{(uint8_t)proposal, (uint8_t)(proposal >> 8), 1}};
    i.proposal_expires_ms = NOW + DAY;
    return i;
}

static struct text nth_text(const struct governor list[2], const char *id, uint32_t version, int n)
{
    char note[16];

    (void)snprintf(note, sizeof note, "n%d", n);
    return text_of(list, 2, id, version, note);
}

/* ---- proposals of one id ---- */

static void one_agency_takes_a_quarter_of_an_ids_proposals(void **)
{
    const char *const names[] = {"a.a", "b.b", "c.c", "d.d", "e.e"};
    struct governor list[LENGTH(names)];
    OWNED(registrar) r = registrar_of(&no_rules);
    uint16_t proposal = 0;

    for (size_t n = 0; n < LENGTH(names); n++)
        list[n] = puppet(names[n], (uint8_t)(n + 1));
    for (size_t n = 0; n < 4; n++) {
        struct governor pair[] = {list[n], list[n + 1]};
        for (int k = 0; k <= OPEN_PROPOSALS_MAX / 4; k++) {
            struct text t = nth_text(pair, "ISA-TEST", 1, k);
            assert_int_equal(propose(r, &list[n], &t, ++proposal, &none, NOW),
                             k < OPEN_PROPOSALS_MAX / 4 ? ST_OK : ST_INVALID);
        }
        struct text other = nth_text(pair, "ISA-OTHER", 1, 0);
        assert_int_equal(propose(r, &list[n], &other, ++proposal, &none, NOW), ST_OK);
    }
    struct governor pair[] = {list[4], list[0]};
    struct text t = nth_text(pair, "ISA-TEST", 1, 0), again = nth_text(list, "ISA-TEST", 1, 9);
    assert_refused(r, about(CONCORDAT__ACT__PROPOSE, &list[4], &t, 99, &none), &t, NOW,
                   "16 proposals for ISA-TEST are open already");
    /* another day: all have lapsed */
    assert_int_equal(propose(r, &list[4], &t, 100, &none, NOW + DAY), ST_OK);
    for (int k = 0; k < OPEN_PROPOSALS_MAX / 4; k++) {
        struct text more = nth_text(list, "ISA-TEST", 1, 20 + k);
        assert_int_equal(propose(r, &list[0], &more, ++proposal, &none, NOW + DAY), ST_OK);
    }
    struct instrument fifth = about(CONCORDAT__ACT__PROPOSE, &list[0], &again, 101, &none);
    assert_refused(r, fifth, &again, NOW + DAY,
                   "agency: 4 proposals for ISA-TEST by a.a are open already");
}

/* ---- the dead ---- */

struct listed {
    const struct digest *hash;
    const struct agreement *agreement;
    const char *state, *by;
    size_t signed_count;
};

static bool note_listed(void *context, const struct registrar_row *row)
{
    struct listed *l = context;

    if (!digest_equal(&row->agreement->hash, l->hash))
        return true;
    l->agreement = row->agreement;
    l->state = row->state;
    l->by = row->by;
    l->signed_count = row->signed_count;
    return false;
}

static void assert_bare(const struct registrar *r, const struct text *t, const char *state,
                        const char *by)
{
    struct listed l = {.hash = &t->hash};

    registrar_each(r, NOW, note_listed, &l);
    assert_non_null(l.agreement);
    assert_ptr_equal(registrar_version(r, &t->hash), l.agreement);
    assert_string_equal(l.agreement->id, t->id);
    assert_int_equal(l.agreement->version, t->version);
    assert_int_equal(l.agreement->standing, STANDING_DRAFT);
    assert_string_equal(l.state, state);
    assert_string_equal(l.by, by);
    assert_int_equal(l.signed_count, 0);
    assert_string_equal(l.agreement->text, "");
    assert_int_equal(l.agreement->party_count + l.agreement->clause_count, 0);
    assert_null(agreement_party(l.agreement, "a.a"));
    assert_null(agreement_clause(l.agreement, "rsr-result"));
    assert_false(registrar_signer_counts(r, l.agreement, "a.a", &none, SIGNED_NOW));
}

static void what_dies_unsigned_leaves_its_name_and_no_text(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text rejected = nth_text(list, "ISA-TEST", 1, 1),
                withdrawn = nth_text(list, "ISA-TEST", 1, 2),
                lapsed = nth_text(list, "ISA-TEST", 1, 3), loser = nth_text(list, "ISA-TEST", 1, 4),
                winner = nth_text(list, "ISA-TEST", 1, 5), next = nth_text(list, "ISA-TEST", 2, 6);
    struct registrar_rules rules = {.self = "a.a",
                                    .signing = &list[0].signing,
                                    .signing_count = 1,
                                    .governance = &list[0].pin,
                                    .governance_count = 1};
    OWNED(registrar) r = registrar_of(&rules);

    assert_int_equal(propose(r, &list[0], &rejected, 1, &none, NOW), ST_OK);
    assert_int_equal(propose(r, &list[0], &withdrawn, 2, &none, NOW), ST_OK);
    assert_int_equal(propose(r, &list[0], &lapsed, 3, &none, NOW), ST_OK);
    struct instrument no = about(CONCORDAT__ACT__REJECT, &list[1], &rejected, 1, &none),
                      back = about(CONCORDAT__ACT__WITHDRAW, &list[0], &withdrawn, 2, &none);
    no.proposal_id.bytes[2] = back.proposal_id.bytes[2] = 1;
    no.proposal_expires_ms = back.proposal_expires_ms = NOW + DAY;
    assert_int_equal(put(r, no, NULL, NOW), ST_OK);
    assert_int_equal(put(r, back, NULL, NOW), ST_OK);
    assert_bare(r, &rejected, "rejected", "b.b");
    assert_bare(r, &withdrawn, "withdrawn", "a.a");
    assert_refused(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &rejected, 9, &none), &rejected, NOW,
                   "agreement_hash: this text was rejected by b.b");
    /* its time over; or another in its place */
    assert_int_equal(propose(r, &list[0], &loser, 4, &none, NOW + DAY), ST_OK);
    assert_bare(r, &lapsed, "lapsed", "a.a");
    enact(r, list, 2, &winner, 5, &none);
    assert_bare(r, &loser, "lapsed", "a.a");
    assert_refused(r, act_of(CONCORDAT__ACT__REVOKE, &list[0], &loser, NOW), NULL, NOW,
                   "agreement_hash: this version is not in force");
    struct instrument roll = act_of(CONCORDAT__ACT__ROLL, &list[0], NULL, NOW);
    roll.signing_key.bytes[0] = 42;
    assert_int_equal(put(r, roll, NULL, NOW), ST_OK);
    assert_bare(r, &loser, "lapsed", "a.a");
    /* what lapsed comes back with its text, and lapses again */
    assert_int_equal(propose(r, &list[0], &next, 6, &winner.hash, NOW + DAY), ST_OK);
    struct text gone = nth_text(list, "ISA-ELSE", 1, 7);
    assert_int_equal(propose(r, &list[0], &gone, 7, &none, NOW + 2 * DAY), ST_OK);
    assert_bare(r, &next, "lapsed", "a.a");
    struct text damaged = next;
    damaged.bytes[0] ^= 1;
    assert_int_equal(propose(r, &list[1], &damaged, 8, &winner.hash, NOW + 2 * DAY), ST_INVALID);
    assert_int_equal(propose(r, &list[1], &next, 8, &winner.hash, NOW + 2 * DAY), ST_OK);
    assert_int_equal(registrar_version(r, &next.hash)->party_count, 2);
    struct instrument yes = about(CONCORDAT__ACT__ACCEPT, &list[0], &next, 8, &winner.hash);
    yes.proposal_id.bytes[2] = 1;
    yes.proposal_expires_ms = NOW + 3 * DAY;
    assert_int_equal(put(r, yes, NULL, NOW + 2 * DAY), ST_OK);
    assert_int_equal(standing_of(r, &next), STANDING_ACTIVE);
    assert_true(is_head(r, &next));
}

static void only_the_living_take_room(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    OWNED(registrar) r = registrar_of(&no_rules);
    struct text t;
    char id[AGREEMENT_ID_MAX + 1];
    uint16_t proposal = 0;

    for (int n = 0; n < 2 * VERSIONS_MAX; n++) {
        t = nth_text(list, "ISA-DEAD", 1, n);
        assert_int_equal(propose(r, &list[0], &t, ++proposal, &none, NOW), ST_OK);
        struct instrument back = about(CONCORDAT__ACT__WITHDRAW, &list[0], &t, 0, &none);
        back.proposal_id = (struct id){{(uint8_t)proposal, (uint8_t)(proposal >> 8), 1}};
        back.proposal_expires_ms = NOW + DAY;
        assert_int_equal(put(r, back, NULL, NOW), ST_OK);
    }
    for (int n = 0; n < VERSIONS_MAX; n++) {
        (void)snprintf(id, sizeof id, "ISA-%d", n);
        t = nth_text(list, id, 1, n);
        assert_int_equal(propose(r, &list[n % 2], &t, ++proposal, &none, NOW), ST_OK);
        if (n < VERSIONS_MAX - 8) /* a few stay open */
            assert_int_equal(put(r, accept_of(&list[1 - n % 2], &t, proposal), NULL, NOW), ST_OK);
    }
    struct text more = nth_text(list, "ISA-MORE", 1, 0);
    struct instrument i = about(CONCORDAT__ACT__PROPOSE, &list[0], &more, 250, &none);
    (void)snprintf(id, sizeof id, "%d texts are known already", VERSIONS_MAX);
    assert_refused(r, i, &more, NOW, id);
    assert_int_equal(put(r, i, &more, NOW + DAY), ST_OK);
}

/* ---- ids ---- */

static void an_agency_founds_so_many_agreements(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct governor turned[] = {list[1], list[0]};
    OWNED(registrar) r = registrar_of(&no_rules);
    struct digest last = none;
    char id[AGREEMENT_ID_MAX + 1];
    struct text t;

    for (int n = 0; n < AGREEMENTS_EACH; n++) {
        (void)snprintf(id, sizeof id, "ISA-%d", n);
        t = nth_text(list, id, 1, n);
        assert_int_equal(propose(r, &list[0], &t, (uint16_t)(n + 1), &none, NOW), ST_OK);
        struct instrument yes = accept_of(&list[1], &t, (uint16_t)(n + 1));
        if (n == AGREEMENTS_EACH - 1) { /* one more that is open when the last comes into force */
            struct text late = nth_text(list, "ISA-LATE", 1, 0);
            struct instrument also = about(CONCORDAT__ACT__ACCEPT, &list[1], &late, 77, &none);
            assert_int_equal(
                put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &late, 77, &none), &late, NOW),
                ST_OK);
            assert_int_equal(put(r, yes, NULL, NOW), ST_OK);
            assert_refused(r, also, NULL, NOW, "agency: a.a has founded 256 agreements already");
        } else {
            assert_int_equal(put(r, yes, NULL, NOW), ST_OK);
        }
        last = t.hash;
    }
    struct text more = nth_text(list, "ISA-MORE", 1, 0), second = nth_text(list, t.id, 2, 0);
    assert_refused(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &more, 78, &none), &more, NOW,
                   "agency: a.a has founded 256 agreements already");
    /* the other may, and a new version founds nothing, whoever proposes it */
    enact(r, turned, 2, &more, 79, &none);
    enact(r, list, 2, &second, 80, &last);
    struct text again = nth_text(list, "ISA-AGAIN", 1, 0);
    assert_refused(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &again, 81, &none), &again, NOW,
                   "agency: a.a has founded 256 agreements already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_agency_takes_a_quarter_of_an_ids_proposals),
        cmocka_unit_test(what_dies_unsigned_leaves_its_name_and_no_text),
        cmocka_unit_test(only_the_living_take_room),
        cmocka_unit_test(an_agency_founds_so_many_agreements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
