/* Nothing but every party's signature puts a text in force; and the registrar answers as a model
 * does that keeps nothing but the log. */
#include "tests/unit/unit.h"

#include "lib/sign.h"
#include "lib/text.h"
#include "tests/unit/entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct digest community = {{7}};

/* ---- with real keys: from signed bytes to what is in force ---- */

static enum status put_signed(struct registrar *r, const struct instrument *i,
                              const struct governor *key, const struct governor *certificate,
                              const struct text *t)
{
    uint8_t bytes[INSTRUMENT_MAX];
    struct signed_instrument s = {
        .certificate = {certificate->certificate, certificate->certificate_size}};
    static const char prefix[] = "concordat/1 governance";
    struct instrument found;
    struct reason why;
    size_t size;

    assert_int_equal(instrument_write(i, bytes, sizeof bytes, &size), ST_OK);
    s.instrument = (struct bytes){bytes, size};
    const struct bytes parts[] = {
        {(const uint8_t *)prefix, sizeof prefix}, {community.bytes, DIGEST_SIZE}, s.instrument};
    assert_int_equal(sign_parts(key->key, parts, LENGTH(parts), s.signature), ST_OK);
    enum status st = instrument_verify(&s, &community, &found, &why);
    if (st != ST_OK)
        return st;
    return registrar_take(r, &found, t ? body(t) : (struct bytes){NULL, 0}, NOW, &why);
}

static void only_all_signatures_activate(void **)
{
    static const char *const names[] = {"a.a", "b.b", "c.c", "d.d", "e.e", "f.f"};
    OWNED(mint) mint = mint_new();
    struct governor list[GOVERNORS_MAX];
    int active = 0, not_active = 0;

    for (size_t i = 0; i < GOVERNORS_MAX; i++)
        list[i] = governor_new(mint, names[i], ".2");
    for (size_t parties = 2; parties <= GOVERNORS_MAX; parties++) {
        struct text t = text_of(list, parties, "ISA-TEST", 1, "subsets");
        for (unsigned who = 0; who < 1u << parties; who++) {
            OWNED(registrar) r = registrar_of(&no_rules);
            bool is_proposed = false;
            for (size_t i = 0; i < parties; i++) {
                if (!(who & 1u << i))
                    continue;
                struct instrument word =
                    about(is_proposed ? CONCORDAT__ACT__ACCEPT : CONCORDAT__ACT__PROPOSE, &list[i],
                          &t, 1, &none);
                assert_int_equal(put_signed(r, &word, &list[i], &list[i], is_proposed ? NULL : &t),
                                 ST_OK);
                is_proposed = true;
            }
            bool is_all = who == (1u << parties) - 1;
            assert_int_equal(standing_of(r, &t), is_all ? STANDING_ACTIVE : STANDING_DRAFT);
            assert_int_equal(agreement_set_count(registrar_set(r)), is_all);
            active += is_all;
            not_active += !is_all;
        }
    }
    assert_int_equal(active, 5);
    assert_int_equal(not_active, 4 + 8 + 16 + 32 + 64 - 5);
    for (size_t i = 0; i < GOVERNORS_MAX; i++)
        governor_fini(&list[i]);
}

static void nobody_elses_key_signs_for_a_party(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor list[] = {governor_new(mint, "a.a", ".2"), governor_new(mint, "b.b", ".2")};
    struct governor later = governor_new(mint, "b.b", ".2"),
                    signing = governor_new(mint, "b.b", ".1"),
                    outsider = governor_new(mint, "c.c", ".2"),
                    broker = governor_at(mint, "hub", "URI:urn:concordat:broker:hub", ".2");
    struct text t = text_of(list, 2, "ISA-TEST", 1, "keys");
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument word = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none);
    const struct {
        const struct governor *key, *certificate;
        enum status expected;
    } rows[] = {
        {&outsider, &list[1], ST_FORGED}, {&outsider, &outsider, ST_FORGED},
        {&list[0], &list[0], ST_FORGED},  {&list[0], &list[1], ST_FORGED},
        {&signing, &signing, ST_FORGED},  {&signing, &list[1], ST_FORGED},
        {&broker, &broker, ST_FORGED},    {&broker, &list[1], ST_FORGED},
        {&later, &list[1], ST_FORGED},    {&list[1], &later, ST_FORGED},
        {&later, &later, ST_INVALID}, /* the authority's word; the text has another key */
    };

    assert_int_equal(put_signed(r, &word, &list[0], &list[0], &t), ST_OK);
    word = about(CONCORDAT__ACT__ACCEPT, &list[1], &t, 1, &none);
    for (size_t n = 0; n < LENGTH(rows); n++) {
        assert_int_equal(put_signed(r, &word, rows[n].key, rows[n].certificate, NULL),
                         rows[n].expected);
        assert_int_equal(standing_of(r, &t), STANDING_DRAFT);
    }
    assert_int_equal(put_signed(r, &word, &list[1], &list[1], NULL), ST_OK);
    assert_int_equal(standing_of(r, &t), STANDING_ACTIVE);
    for (size_t i = 0; i < 2; i++)
        governor_fini(&list[i]);
    governor_fini(&later);
    governor_fini(&signing);
    governor_fini(&outsider);
    governor_fini(&broker);
}

/* ---- proposals ---- */

static void an_acceptance_is_of_one_proposal(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text t = text_of(list, 2, "ISA-TEST", 1, "same");
    OWNED(registrar) r = registrar_of(&no_rules);

    assert_int_equal(put(r, about(CONCORDAT__ACT__ACCEPT, &list[1], &t, 1, &none), NULL, NOW),
                     ST_INVALID); /* of nothing */
    assert_int_equal(put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none), &t, NOW),
                     ST_OK);
    assert_int_equal(put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &t, 1, &none), &t, NOW),
                     ST_MORE);
    for (int field = 0; field < 9; field++) {
        struct instrument i = about(CONCORDAT__ACT__ACCEPT, &list[1], &t, 1, &none);
        int64_t at = NOW;
        switch (field) {
        case 0:
            i.proposal_id.bytes[0] = 2;
            break;
        case 1:
            i.agreement_version = 2;
            break;
        case 2:
            i.agreement_hash.bytes[0] ^= 1;
            break;
        case 3:
            i.predecessor_hash.bytes[0] = 1;
            break;
        case 4:
            TEXT_COPY(i.agreement_id, "ISA-OTHER");
            break;
        case 5:
            i.proposal_expires_ms++;
            break;
        case 6:
            TEXT_COPY(i.agency, "c.c");
            break;
        case 7:
            i.key.bytes[0] ^= 1;
            break;
        default:
            i.signed_ms = NOW + 300001;
            break;
        }
        assert_int_equal(put(r, i, NULL, at), ST_INVALID);
        assert_int_equal(standing_of(r, &t), STANDING_DRAFT);
    }
    struct instrument late = about(CONCORDAT__ACT__ACCEPT, &list[1], &t, 1, &none);
    assert_int_equal(put(r, late, NULL, NOW + 30 * DAY), ST_INVALID);
    assert_int_equal(put(r, late, NULL, NOW + 30 * DAY - 1), ST_OK);
    assert_int_equal(standing_of(r, &t), STANDING_ACTIVE);
    late.signed_ms++;
    assert_int_equal(put(r, late, NULL, NOW), ST_INVALID); /* in force: nothing to accept */
}

static void what_was_ended_never_comes_back(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text first = text_of(list, 2, "ISA-TEST", 1, "1"),
                second = text_of(list, 2, "ISA-TEST", 2, "2"),
                third = text_of(list, 2, "ISA-TEST", 3, "3"),
                fourth = text_of(list, 2, "ISA-TEST", 4, "4");
    OWNED(registrar) r = registrar_of(&no_rules);
    uint8_t proposal = 1;

    ENACT(r, list, &first, proposal, &none);
    /* rejected, withdrawn */
    const struct text *ended[] = {&second, &third};
    for (size_t n = 0; n < 2; n++) {
        const struct text *t = ended[n];
        proposal++;
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], t, proposal, &first.hash), t, NOW),
            ST_OK);
        if (n == 1) /* who has not proposed it cannot withdraw it */
            assert_int_equal(
                put(r, about(CONCORDAT__ACT__WITHDRAW, &list[1], t, proposal, &first.hash), NULL,
                    NOW),
                ST_INVALID);
        assert_int_equal(put(r,
                             about(n == 0 ? CONCORDAT__ACT__REJECT : CONCORDAT__ACT__WITHDRAW,
                                   &list[n == 0], t, proposal, &first.hash),
                             NULL, NOW),
                         ST_OK);
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__ACCEPT, &list[1], t, proposal, &first.hash), NULL, NOW),
            ST_INVALID);
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], t, 77, &first.hash), t, NOW),
            ST_INVALID);
        assert_true(is_head(r, &first));
    }
    /* a proposal's id is used once; a text whose time was over may be proposed again */
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &fourth, 1, &first.hash), &fourth, NOW),
        ST_INVALID);
    struct instrument i = about(CONCORDAT__ACT__PROPOSE, &list[0], &fourth, 9, &first.hash);
    i.proposal_expires_ms = NOW + 1;
    assert_int_equal(put(r, i, &fourth, NOW), ST_OK);
    struct instrument again = about(CONCORDAT__ACT__PROPOSE, &list[1], &fourth, 10, &first.hash);
    assert_int_equal(put(r, again, &fourth, NOW), ST_INVALID); /* open */
    assert_int_equal(put(r, again, &fourth, NOW + 1), ST_OK);
    i = about(CONCORDAT__ACT__ACCEPT, &list[1], &fourth, 9, &first.hash);
    assert_int_equal(put(r, i, NULL, NOW), ST_INVALID); /* time does not go back */
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__ACCEPT, &list[0], &fourth, 10, &first.hash), NULL, NOW),
        ST_OK);
    assert_int_equal(standing_of(r, &first), STANDING_SUPERSEDED);
    assert_true(is_head(r, &fourth));
    assert_int_equal(agreement_set_count(registrar_set(r)), 1);
    /* superseded: not again; revoked: not again, and a successor names it */
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &first, 11, &fourth.hash), &first, NOW),
        ST_INVALID);
    struct text older = text_of(list, 2, "ISA-TEST", 4, "another");
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &older, 12, &fourth.hash), &older, NOW),
        ST_INVALID);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__REVOKE, &list[1], &fourth, NOW), NULL, NOW),
                     ST_OK);
    assert_int_equal(standing_of(r, &fourth), STANDING_REVOKED);
    assert_int_equal(put(r, act_of(CONCORDAT__ACT__RESUME, &list[1], &fourth, NOW + 1), NULL, NOW),
                     ST_INVALID);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &fourth, 13, &fourth.hash), &fourth, NOW),
        ST_INVALID);
    struct text fifth = text_of(list, 2, "ISA-TEST", 5, "5");
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &fifth, 14, &none), &fifth, NOW),
        ST_INVALID);
    enact(r, list, 2, &fifth, 15, &fourth.hash);
    assert_int_equal(standing_of(r, &fourth), STANDING_REVOKED);
}

static void of_two_racing_proposals_one_wins(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2), puppet("c.c", 3)};
    struct text first = text_of(list, 3, "ISA-TEST", 1, "1"),
                left = text_of(list, 3, "ISA-TEST", 2, "left"),
                right = text_of(list, 3, "ISA-TEST", 3, "right");
    OWNED(registrar) r = registrar_of(&no_rules);

    ENACT(r, list, &first, 1, &none);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], &left, 2, &first.hash), &left, NOW), ST_OK);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[1], &right, 3, &first.hash), &right, NOW),
        ST_OK);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__ACCEPT, &list[i], &left, 2, &first.hash), NULL, NOW),
            ST_OK);
    assert_true(is_head(r, &left));
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__ACCEPT, &list[0], &right, 3, &first.hash), NULL, NOW),
        ST_INVALID);
    assert_true(is_head(r, &left));
}

/* Who is no party cannot put a text of their own in the place of the parties'. */
static void an_outsider_takes_no_agreement_over(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)},
                    others[] = {puppet("x.x", 3), puppet("y.y", 4)},
                    masks[] = {puppet("a.a", 5), puppet("b.b", 6)};
    struct text ours = text_of(list, 2, "ISA-TEST", 1, "ours"),
                theirs = text_of(others, 2, "ISA-TEST", 2, "theirs"),
                masked = text_of(masks, 2, "ISA-TEST", 2, "masked");
    OWNED(registrar) r = registrar_of(&no_rules);

    ENACT(r, list, &ours, 1, &none);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &others[0], &theirs, 2, &ours.hash), &theirs, NOW),
        ST_INVALID);
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &masks[0], &masked, 3, &ours.hash), &masked, NOW),
        ST_INVALID);
    assert_true(is_head(r, &ours));
}

static void a_text_must_be_what_its_proposal_says(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)}, outsider = puppet("c.c", 3);
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t"), bare = t, broken = t;
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument i;
    uint8_t proposal = 1;

    char *line = strstr(bare.bytes, "    signing-keys");
    memset(line, ' ', strcspn(line, "\n"));
    bare.hash = sha256(bare.bytes, bare.size);
    broken.bytes[broken.size - 2] = '[';
    broken.hash = sha256(broken.bytes, broken.size);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &bare, proposal, &none);
    assert_int_equal(put(r, i, &bare, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &broken, proposal, &none);
    assert_int_equal(put(r, i, &broken, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, proposal, &none);
    assert_int_equal(put(r, i, &bare, NOW), ST_INVALID); /* another text */
    assert_int_equal(put(r, i, NULL, NOW), ST_INVALID);  /* none */
    i.agreement_version = 2;
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, proposal, &none);
    TEXT_COPY(i.agreement_id, "ISA-OTHER");
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &outsider, &t, proposal, &none);
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, proposal, &list[0].pin);
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i = about(CONCORDAT__ACT__PROPOSE, &list[0], &t, proposal, &none);
    i.proposal_expires_ms = NOW;
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i.proposal_expires_ms = NOW + PROPOSAL_DAYS_MAX * DAY + 1;
    assert_int_equal(put(r, i, &t, NOW), ST_INVALID);
    i.proposal_expires_ms--;
    assert_int_equal(put(r, i, &t, NOW), ST_OK);
}

/* ---- what is in force ---- */

static void suspensions_are_each_partys_own_and_no_replay_lifts_them(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)}, later = puppet("b.b", 9),
                    outsider = puppet("c.c", 3);
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    OWNED(registrar) r = registrar_of(&no_rules);
    const struct {
        Concordat__Act act;
        const struct governor *by;
        int64_t signed_ms;
        enum status expected;
        enum standing then;
    } rows[] = {
        {CONCORDAT__ACT__RESUME, &list[0], 1, ST_INVALID, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &outsider, 2, ST_INVALID, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &later, 2, ST_INVALID, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &list[0], 2, ST_OK, STANDING_SUSPENDED},
        {CONCORDAT__ACT__SUSPEND, &list[0], 3, ST_INVALID, STANDING_SUSPENDED},
        {CONCORDAT__ACT__SUSPEND, &list[1], 2, ST_OK, STANDING_SUSPENDED},
        {CONCORDAT__ACT__RESUME, &list[0], 2, ST_INVALID, STANDING_SUSPENDED},
        {CONCORDAT__ACT__RESUME, &list[0], 4, ST_OK, STANDING_SUSPENDED},
        {CONCORDAT__ACT__RESUME, &list[1], 5, ST_OK, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &list[0], 3, ST_INVALID, STANDING_ACTIVE},
        {CONCORDAT__ACT__SUSPEND, &list[0], 6, ST_OK, STANDING_SUSPENDED},
        {CONCORDAT__ACT__RESUME, &list[0], 4, ST_MORE, STANDING_SUSPENDED}, /* the same bytes */
        {CONCORDAT__ACT__RESUME, &list[0], 5, ST_INVALID, STANDING_SUSPENDED},
        {CONCORDAT__ACT__REVOKE, &later, 7, ST_INVALID, STANDING_SUSPENDED},
        {CONCORDAT__ACT__REVOKE, &list[1], 6, ST_OK, STANDING_REVOKED},
        {CONCORDAT__ACT__RESUME, &list[0], 9, ST_INVALID, STANDING_REVOKED},
        {CONCORDAT__ACT__REVOKE, &list[0], 9, ST_INVALID, STANDING_REVOKED},
    };

    assert_int_equal(put(r, act_of(CONCORDAT__ACT__REVOKE, &list[0], &t, 1), NULL, NOW),
                     ST_INVALID);
    ENACT(r, list, &t, 1, &none);
    for (size_t n = 0; n < LENGTH(rows); n++) {
        assert_int_equal(put(r, act_of(rows[n].act, rows[n].by, &t, rows[n].signed_ms), NULL, NOW),
                         rows[n].expected);
        assert_int_equal(standing_of(r, &t), rows[n].then);
        assert_true(is_head(r, &t));
    }
}

static void signing_keys_are_rolled_and_retired_by_a_pinned_key(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)}, later = puppet("a.a", 9);
    struct text t = text_of(list, 2, "ISA-TEST", 1, "t");
    OWNED(registrar) r = registrar_of(&no_rules);
    const struct digest *pinned = &list[0].signing, fresh = {{42}};
    const struct {
        Concordat__Act act;
        const struct governor *by;
        const struct digest *key;
        int64_t signed_ms;
        enum status expected;
        bool pinned_counts, fresh_counts;
    } rows[] = {
        {CONCORDAT__ACT__ROLL, &later, &fresh, 1, ST_INVALID, true, false},
        {CONCORDAT__ACT__ROLL, &list[1], &fresh, 1, ST_OK, true, false}, /* for b.b, not a.a */
        {CONCORDAT__ACT__ROLL, &list[0], &fresh, 5, ST_OK, true, true},
        {CONCORDAT__ACT__RETIRE, &list[0], pinned, 5, ST_INVALID, true, true},
        {CONCORDAT__ACT__RETIRE, &list[0], pinned, 6, ST_OK, false, true},
        {CONCORDAT__ACT__RETIRE, &list[0], &fresh, 7, ST_OK, false, false},
        {CONCORDAT__ACT__ROLL, &list[0], &fresh, 5, ST_MORE, false, false},
        {CONCORDAT__ACT__ROLL, &list[0], pinned, 4, ST_INVALID, false, false},
        {CONCORDAT__ACT__ROLL, &list[0], pinned, 8, ST_OK, true, false},
    };

    struct instrument early = act_of(CONCORDAT__ACT__ROLL, &list[0], NULL, 1);
    early.signing_key = fresh;
    assert_int_equal(put(r, early, NULL, NOW), ST_INVALID);
    ENACT(r, list, &t, 1, &none);
    const struct agreement *a = registrar_version(r, &t.hash);
    for (size_t n = 0; n < LENGTH(rows); n++) {
        struct instrument i = act_of(rows[n].act, rows[n].by, NULL, rows[n].signed_ms);
        i.signing_key = *rows[n].key;
        assert_int_equal(put(r, i, NULL, NOW), rows[n].expected);
        assert_int_equal(registrar_signer_counts(r, a, "a.a", pinned, SIGNED_NOW),
                         rows[n].pinned_counts);
        assert_int_equal(registrar_signer_counts(r, a, "a.a", &fresh, SIGNED_NOW),
                         rows[n].fresh_counts);
    }
    assert_true(registrar_signer_counts(r, a, "b.b", &fresh, SIGNED_NOW));
    assert_false(registrar_signer_counts(r, a, "b.b", pinned, SIGNED_NOW));
    assert_false(registrar_signer_counts(r, a, "c.c", pinned, SIGNED_NOW));
}

static void a_text_with_other_keys_than_ours_never_counts(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct known_key known = {.agency = "b.b", .governance = list[1].pin};
    struct registrar_rules rules = {.self = "a.a",
                                    .signing = &list[0].signing,
                                    .signing_count = 1,
                                    .governance = &list[0].pin,
                                    .governance_count = 1};

    for (int change = 0; change < 5; change++) {
        struct governor used[] = {list[0], list[1]};
        struct registrar_rules ours = rules;
        if (change == 1)
            used[0].signing.bytes[0] ^= 1;
        if (change == 2)
            used[0].pin.bytes[0] ^= 1;
        if (change >= 3) {
            ours.known = &known;
            ours.known_count = 1;
        }
        if (change == 4)
            used[1].pin.bytes[0] ^= 1;
        bool counts = change == 0 || change == 3;
        struct text t = text_of(used, 2, "ISA-TEST", 1, "t");
        OWNED(registrar) r = registrar_of(&ours);
        assert_int_equal(put(r, about(CONCORDAT__ACT__PROPOSE, &used[0], &t, 1, &none), &t, NOW),
                         ST_OK);
        assert_int_equal(put(r, about(CONCORDAT__ACT__ACCEPT, &used[1], &t, 1, &none), NULL, NOW),
                         ST_OK);
        assert_int_equal(standing_of(r, &t), counts ? STANDING_ACTIVE : STANDING_DRAFT);
        assert_true(is_head(r, &t)); /* as everywhere else: but it permits nothing here */
    }
}

/* ---- memory ---- */

/* The linker sends the library's calls here. */
static bool no_memory;
enum status __real_agreement_set_borrow(struct agreement *const *list, size_t count,
                                        struct agreement_set **out);
enum status __wrap_agreement_set_borrow(struct agreement *const *list, size_t count,
                                        struct agreement_set **out);
enum status __wrap_agreement_set_borrow(struct agreement *const *list, size_t count,
                                        struct agreement_set **out)
{
    return no_memory ? ST_NOMEM : __real_agreement_set_borrow(list, count, out);
}

enum status __real_agreement_parse(const char *name, const char *text, size_t size,
                                   struct agreement **out, struct reason *why);
enum status __wrap_agreement_parse(const char *name, const char *text, size_t size,
                                   struct agreement **out, struct reason *why);
enum status __wrap_agreement_parse(const char *name, const char *text, size_t size,
                                   struct agreement **out, struct reason *why)
{
    return no_memory ? ST_NOMEM : __real_agreement_parse(name, text, size, out, why);
}

static void without_memory_nothing_changes_and_the_entry_can_come_again(void **)
{
    struct governor list[] = {puppet("a.a", 1), puppet("b.b", 2)};
    struct text first = text_of(list, 2, "ISA-TEST", 1, "1"),
                second = text_of(list, 2, "ISA-TEST", 2, "2");
    OWNED(registrar) r = registrar_of(&no_rules);
    struct instrument propose = about(CONCORDAT__ACT__PROPOSE, &list[0], &second, 2, &first.hash),
                      accept = about(CONCORDAT__ACT__ACCEPT, &list[1], &second, 2, &first.hash);

    ENACT(r, list, &first, 1, &none);
    const struct agreement_set *before = registrar_set(r);
    propose.digest = digest_of(&propose);
    accept.digest = digest_of(&accept);
    no_memory = true;
    assert_int_equal(registrar_take(r, &propose, body(&second), NOW, NULL), ST_NOMEM);
    assert_null(registrar_version(r, &second.hash));
    no_memory = false;
    assert_int_equal(registrar_take(r, &propose, body(&second), NOW, NULL), ST_OK);
    no_memory = true;
    assert_int_equal(registrar_take(r, &accept, (struct bytes){NULL, 0}, NOW, NULL), ST_NOMEM);
    no_memory = false;
    assert_ptr_equal(registrar_set(r), before);
    assert_int_equal(standing_of(r, &first), STANDING_ACTIVE);
    assert_int_equal(standing_of(r, &second), STANDING_DRAFT);
    assert_int_equal(registrar_take(r, &accept, (struct bytes){NULL, 0}, NOW, NULL), ST_OK);
    assert_int_equal(standing_of(r, &first), STANDING_SUPERSEDED);
    assert_int_equal(standing_of(r, &second), STANDING_ACTIVE);
}

#include "tests/unit/registrar_model.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_all_signatures_activate),
        cmocka_unit_test(nobody_elses_key_signs_for_a_party),
        cmocka_unit_test(an_acceptance_is_of_one_proposal),
        cmocka_unit_test(what_was_ended_never_comes_back),
        cmocka_unit_test(of_two_racing_proposals_one_wins),
        cmocka_unit_test(an_outsider_takes_no_agreement_over),
        cmocka_unit_test(a_text_must_be_what_its_proposal_says),
        cmocka_unit_test(suspensions_are_each_partys_own_and_no_replay_lifts_them),
        cmocka_unit_test(signing_keys_are_rolled_and_retired_by_a_pinned_key),
        cmocka_unit_test(a_text_with_other_keys_than_ours_never_counts),
        cmocka_unit_test(without_memory_nothing_changes_and_the_entry_can_come_again),
        cmocka_unit_test(a_random_log_reads_as_the_model_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
