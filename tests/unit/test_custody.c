/* Custody: every small record with every act, against the rules read a second time as a table. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agreements/custody.h"

enum {
    NOBODY,
    NPS,
    CRC,
    POLICE,
    AGENCIES /* one past the last */
};

#define OK CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define NOT_YOURS CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS
#define NOT_HOLDER CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER
#define STALE CONCORDAT__REFUSAL_CODE__STALE_VERSION
#define UNKNOWN CONCORDAT__REFUSAL_CODE__TRANSFER_UNKNOWN
#define WRONG CONCORDAT__REFUSAL_CODE__COMPONENTS_WRONG

#define NOW 1000
#define VERSION 5

static const struct id T = {{1}}, U = {{2}};
static const struct digest M = {{1}}, N = {{2}};

/* ---- the rules, read again ---- */

struct facts {
    bool concerned, is_holder, same_version, same_transfer, same_manifest, is_late;
    bool to_other;                                /* not to itself and not to nobody */
    uint32_t all, offered, accepted, rejected, s; /* s: components spoken of */
    bool some_open;                               /* a transfer is open */
    bool fits_holder, fits_offered; /* the transfer goes from `by` to `to`; from `to` to `by` */
    uint32_t count, transfer_count;
};

/* Rules in order: the first that fits answers. */
struct rule {
    enum custody_act act; /* NONE: every act */
    bool (*when)(const struct facts *f);
    Concordat__RefusalCode answer;
};

static bool always(const struct facts *)
{
    return true;
}
static bool outsider(const struct facts *f)
{
    return !f->concerned;
}
static bool other_than_holder(const struct facts *f)
{
    return !f->is_holder;
}
static bool other_version(const struct facts *f)
{
    return !f->same_version;
}
static bool another_is_open(const struct facts *f)
{
    return f->some_open && (!f->same_transfer || !f->fits_holder || f->is_late);
}
static bool to_nobody_or_itself(const struct facts *f)
{
    return !f->some_open && !f->to_other;
}
static bool first_without_all(const struct facts *f)
{
    return !f->some_open && (f->count < 1 || f->count > 32 || f->s != f->all);
}
static bool again_what_is_not_rejected(const struct facts *f)
{
    return f->some_open
        && (f->count != f->transfer_count || f->s == 0 || (f->s & f->rejected) != f->s);
}
static bool not_offered_it(const struct facts *f)
{
    return !f->some_open || !f->same_transfer || !f->fits_offered;
}
static bool offered_no_more(const struct facts *f)
{
    return not_offered_it(f) || f->is_late;
}
static bool not_open_to_a_reply(const struct facts *f)
{
    return f->s == 0 || (f->s & f->offered) != f->s;
}
static bool no_transfer_of_its_own(const struct facts *f)
{
    return !f->some_open || !f->same_transfer || !f->fits_holder;
}
static bool not_all_accepted_or_another_manifest(const struct facts *f)
{
    return f->offered != 0 || f->rejected != 0 || !f->same_manifest;
}

static const struct rule rules[] = {
    {CUSTODY_NONE, outsider, NOT_YOURS},
    {CUSTODY_OFFER, other_than_holder, NOT_HOLDER},
    {CUSTODY_OFFER, other_version, STALE},
    {CUSTODY_OFFER, another_is_open, STALE},
    {CUSTODY_OFFER, to_nobody_or_itself, UNKNOWN},
    {CUSTODY_OFFER, first_without_all, WRONG},
    {CUSTODY_OFFER, again_what_is_not_rejected, WRONG},
    {CUSTODY_ACCEPT, offered_no_more, UNKNOWN},
    {CUSTODY_ACCEPT, not_open_to_a_reply, WRONG},
    {CUSTODY_REJECT, offered_no_more, UNKNOWN},
    {CUSTODY_REJECT, not_open_to_a_reply, WRONG},
    {CUSTODY_WITHDRAW, other_than_holder, NOT_HOLDER},
    {CUSTODY_WITHDRAW, no_transfer_of_its_own, UNKNOWN},
    {CUSTODY_COMPLETE, not_offered_it, UNKNOWN},
    {CUSTODY_COMPLETE, not_all_accepted_or_another_manifest, WRONG},
    {CUSTODY_NONE, always, OK},
};

static struct facts facts_of(const struct custody *c, const struct custody_deed *d)
{
    const struct transfer *t = &c->transfer;
    bool was_former = false;

    for (size_t i = 0; i < CUSTODY_FORMER_MAX; i++)
        was_former = was_former || c->former[i] == d->by;
    return (struct facts){
        .concerned = d->by == c->holder || d->by == t->to || was_former,
        .is_holder = d->by == c->holder,
        .same_version = d->version == c->version,
        .same_transfer = id_equal(&d->transfer, &t->id),
        .same_manifest = digest_equal(&d->manifest, &t->manifest),
        .is_late = t->reply_by_ms != 0 && NOW >= t->reply_by_ms && (t->offered | t->rejected) != 0,
        .to_other = d->to != NOBODY && d->to != d->by,
        .all = (1U << d->count) - 1,
        .offered = t->offered,
        .accepted = t->accepted,
        .rejected = t->rejected,
        .s = d->components,
        .some_open = t->to != NOBODY,
        .fits_holder = c->holder == d->by && t->to == d->to,
        .fits_offered = c->holder == d->to && t->to == d->by,
        .count = d->count,
        .transfer_count = t->count,
    };
}

static Concordat__RefusalCode expected(const struct custody *c, const struct custody_deed *d)
{
    struct facts f = facts_of(c, d);

    for (size_t i = 0; i < LENGTH(rules); i++)
        if ((rules[i].act == CUSTODY_NONE || rules[i].act == d->act) && rules[i].when(&f))
            return rules[i].answer;
    fail();
    return OK;
}

/* ---- what holds of every record ---- */

static void assert_sound(const struct custody *c)
{
    const struct transfer *t = &c->transfer;

    assert_int_equal(t->offered & t->accepted, 0);
    assert_int_equal(t->offered & t->rejected, 0);
    assert_int_equal(t->accepted & t->rejected, 0);
    if (t->to != NOBODY)
        assert_int_equal(t->offered | t->accepted | t->rejected, (1U << t->count) - 1);
    assert_true(t->to == NOBODY || (c->holder != NOBODY && t->to != c->holder));
    assert_int_equal(c->holder == NOBODY, c->version == 0 || c->is_closed);
    for (size_t i = 0; i < CUSTODY_FORMER_MAX; i++)
        assert_true(c->former[i] == NOBODY || c->former[i] != c->holder);
}

static void assert_after(const struct custody *was, const struct custody *is,
                         const struct custody_deed *d)
{
    uint32_t ups = d->act == CUSTODY_OFFER || d->act == CUSTODY_COMPLETE;

    assert_sound(is);
    assert_int_equal(is->version, was->version + ups);
    assert_int_equal(is->holder, d->act == CUSTODY_COMPLETE ? d->by : was->holder);
    if (d->act == CUSTODY_COMPLETE)
        assert_int_equal(is->former[0], was->holder);
    else
        assert_memory_equal(is->former, was->former, sizeof is->former);
    if (d->act == CUSTODY_COMPLETE || d->act == CUSTODY_WITHDRAW)
        assert_int_equal(is->transfer.to, NOBODY);
    if (d->act == CUSTODY_ACCEPT)
        assert_int_equal(is->transfer.accepted, was->transfer.accepted | d->components);
    if (d->act == CUSTODY_REJECT)
        assert_int_equal(is->transfer.rejected, was->transfer.rejected | d->components);
    if (d->act == CUSTODY_OFFER) {
        assert_int_equal(is->transfer.offered, was->transfer.offered | d->components);
        assert_int_equal(is->transfer.accepted, was->transfer.accepted);
        assert_true(digest_equal(&is->transfer.manifest, &d->manifest));
        assert_int_equal(is->transfer.reply_by_ms, d->reply_by_ms);
    }
}

/* ---- every small record, every act ---- */

struct tally {
    uint64_t acts, done[CUSTODY_COMPLETE + 1], refused;
};

static void do_act(const struct custody *record, const struct custody_deed *deed, struct tally *t)
{
    struct custody after = *record;
    Concordat__RefusalCode want = expected(record, deed), got = custody_apply(&after, deed, NOW);

    if (got != want)
        fail_msg("act %d by %u to %u: %d instead of %d", deed->act, deed->by, deed->to, got, want);
    if (got == OK)
        assert_after(record, &after, deed);
    else
        assert_memory_equal(&after, record, sizeof after);
    t->acts++;
    t->done[deed->act] += got == OK;
    t->refused += got != OK;
}

static void do_all_acts(const struct custody *record, struct tally *t)
{
    for (int act = CUSTODY_OFFER; act <= CUSTODY_COMPLETE; act++)
        for (uint32_t by = NPS; by < AGENCIES; by++)
            for (uint32_t to = NOBODY; to < AGENCIES; to++)
                for (uint32_t i = 0; i < 2 * 2 * 2 * 3 * 8; i++) {
                    struct custody_deed deed = {
                        .act = (enum custody_act)act,
                        .by = by,
                        .to = to,
                        .transfer = i & 1 ? T : U,
                        .version = record->version - (i >> 1 & 1),
                        .manifest = i & 4 ? M : N,
                        .components = i >> 3 & 7,
                        .count = 1 + (i >> 6),
                        .reply_by_ms = 2000,
                    };

                    do_act(record, &deed, t);
                }
}

/* Places where each of `count` components may stand: offered, accepted, rejected. */
static struct transfer transfer_of(uint32_t to, uint32_t count, uint32_t places,
                                   int64_t reply_by_ms)
{
    struct transfer transfer = {
        .id = T, .to = to, .count = count, .manifest = M, .reply_by_ms = reply_by_ms};

    for (uint32_t bit = 0; bit < count; bit++, places /= 3)
        *(places % 3 == 0   ? &transfer.offered
          : places % 3 == 1 ? &transfer.accepted
                            : &transfer.rejected) |= 1U << bit;
    return transfer;
}

static void do_all_transfers(struct custody record, struct tally *t)
{
    static const int64_t times[] = {0, NOW, NOW + 1};

    do_all_acts(&record, t);
    for (uint32_t to = NPS; to < AGENCIES; to++)
        for (uint32_t count = 2; count <= 3; count++)
            for (uint32_t places = 0; places < (count == 2 ? 9 : 27); places++)
                for (size_t i = 0; to != record.holder && i < (count == 2 ? LENGTH(times) : 1);
                     i++) {
                    record.transfer = transfer_of(to, count, places, times[i]);
                    assert_sound(&record);
                    do_all_acts(&record, t);
                }
}

static void every_act_on_every_record_is_as_the_rules_say(void **)
{
    struct tally t = {0};
    struct custody never = {0};

    do_all_acts(&never, &t);
    for (uint32_t holder = NOBODY; holder < AGENCIES; holder++)
        for (uint32_t former = NOBODY; former < AGENCIES; former++) {
            struct custody record = {.holder = holder, .version = VERSION, .former = {former}};

            record.is_closed = holder == NOBODY;
            if (former != NOBODY && former == holder)
                continue;
            if (record.is_closed)
                do_all_acts(&record, &t);
            else
                do_all_transfers(record, &t);
        }
    assert_true(t.acts > 1000000);
    for (int act = CUSTODY_OFFER; act <= CUSTODY_COMPLETE; act++)
        assert_true(t.done[act] > 100);
    assert_true(t.refused > 10 * (t.acts - t.refused));
}

/* ---- opening, closing, lapsing ---- */

static void who_has_no_part_learns_nothing_from_any_act(void **)
{
    struct custody records[] = {
        {0},
        {.holder = NPS, .version = 1},
        {.holder = NPS, .version = VERSION, .transfer = transfer_of(CRC, 2, 1, 0)},
        {.version = VERSION, .is_closed = true, .former = {NPS, CRC}},
    };

    for (size_t i = 0; i < LENGTH(records); i++) {
        struct custody before = records[i];

        for (int act = CUSTODY_OFFER; act <= CUSTODY_COMPLETE; act++) {
            struct custody_deed deed = {(enum custody_act)act, POLICE, CRC, T, VERSION, 2, 3, M, 0};

            assert_int_equal(custody_apply(&records[i], &deed, NOW), NOT_YOURS);
        }
        assert_int_equal(custody_close(&records[i], POLICE, VERSION), NOT_YOURS);
        assert_false(custody_concerns(&records[i], POLICE));
        assert_false(custody_concerns(&records[i], NOBODY));
        if (i > 0)
            assert_int_equal(custody_open(&records[i], POLICE), NOT_YOURS);
        assert_memory_equal(&records[i], &before, sizeof before);
    }
}

static void a_case_is_opened_once(void **)
{
    struct custody c = {0}, opened;

    assert_int_equal(custody_open(&c, NPS), OK);
    assert_int_equal(c.holder, NPS);
    assert_int_equal(c.version, 1);
    opened = c;
    assert_int_equal(custody_open(&c, NPS), STALE);
    assert_int_equal(custody_open(&c, CRC), NOT_YOURS);
    assert_memory_equal(&c, &opened, sizeof c);
}

static void a_case_is_closed_by_its_holder_for_good(void **)
{
    struct custody c = {.holder = NPS, .version = VERSION, .former = {CRC}};

    assert_int_equal(custody_close(&c, CRC, VERSION), NOT_HOLDER);
    assert_int_equal(custody_close(&c, NPS, VERSION - 1), STALE);
    c.transfer = transfer_of(POLICE, 2, 0, 0);
    assert_int_equal(custody_close(&c, POLICE, VERSION), NOT_HOLDER);
    assert_int_equal(custody_close(&c, NPS, VERSION), STALE);
    c.transfer = (struct transfer){0};
    assert_int_equal(custody_close(&c, NPS, VERSION), OK);
    assert_int_equal(c.holder, NOBODY);
    assert_int_equal(c.version, VERSION + 1);
    assert_sound(&c);
    assert_int_equal(custody_open(&c, NPS), STALE);
    assert_int_equal(custody_close(&c, NPS, VERSION + 1), NOT_HOLDER);
}

static void a_holder_takes_back_what_it_offers_however_far_it_came(void **)
{
    for (uint32_t places = 0; places < 27; places++) {
        struct custody c = {.holder = NPS, .version = VERSION, .former = {POLICE}}, before;

        c.transfer = transfer_of(CRC, 3, places, NOW);
        before = c;
        assert_int_equal(custody_retract(&c, 99, VERSION), NOT_YOURS);
        assert_int_equal(custody_retract(&c, CRC, VERSION), NOT_HOLDER);
        assert_int_equal(custody_retract(&c, POLICE, VERSION), NOT_HOLDER);
        assert_int_equal(custody_retract(&c, NPS, VERSION - 1), STALE);
        assert_memory_equal(&c, &before, sizeof c);
        before.transfer = (struct transfer){0};
        for (int again = 0; again < 2; again++) {
            assert_int_equal(custody_retract(&c, NPS, VERSION), OK);
            assert_memory_equal(&c, &before, sizeof c);
        }
    }
}

static void a_transfer_lapses_unless_all_of_it_is_accepted(void **)
{
    for (uint32_t places = 0; places < 27; places++) {
        struct custody c = {.holder = NPS, .version = VERSION}, before;
        bool all_accepted = places == 13; /* 111 to the base of 3 */

        c.transfer = transfer_of(CRC, 3, places, NOW);
        before = c;
        assert_false(custody_lapse(&c, &U));
        assert_int_equal(custody_lapse(&c, &T), !all_accepted);
        assert_int_equal(c.transfer.to, all_accepted ? CRC : NOBODY);
        c.transfer = before.transfer;
        assert_memory_equal(&c, &before, sizeof c);
    }
}

static void a_holder_is_remembered_for_four_after_it(void **)
{
    struct custody c = {.holder = 1, .version = 1};

    for (uint32_t next = 2; next <= 6; next++) {
        struct custody_deed deed = {CUSTODY_COMPLETE, next, next - 1, T, 0, 0, 0, M, 0};

        c.transfer = transfer_of(next, 2, 4, 0); /* both accepted */
        assert_int_equal(custody_apply(&c, &deed, NOW), OK);
    }
    assert_memory_equal(c.former, ((uint32_t[]){5, 4, 3, 2}), sizeof c.former);
    assert_false(custody_concerns(&c, 1));
    assert_true(custody_concerns(&c, 2));
}

static void who_holds_it_again_is_no_former_holder(void **)
{
    struct custody c = {.holder = CRC, .version = 2, .former = {NPS, POLICE}};
    struct custody_deed deed = {CUSTODY_COMPLETE, NPS, CRC, T, 0, 0, 0, M, 0};

    c.transfer = transfer_of(NPS, 2, 4, 0);
    assert_int_equal(custody_apply(&c, &deed, NOW), OK);
    assert_memory_equal(c.former, ((uint32_t[]){CRC, POLICE, 0, 0}), sizeof c.former);
}

static void a_transfer_may_have_32_components(void **)
{
    struct custody c = {.holder = NPS, .version = 1};
    struct custody_deed deed = {CUSTODY_OFFER, NPS, CRC, T, 1, 33, UINT32_MAX, M, 0};

    assert_int_equal(custody_apply(&c, &deed, NOW), WRONG);
    deed.count = 32;
    assert_int_equal(custody_apply(&c, &deed, NOW), OK);
    deed = (struct custody_deed){CUSTODY_ACCEPT, CRC, NPS, T, 0, 0, UINT32_MAX, M, 0};
    assert_int_equal(custody_apply(&c, &deed, NOW), OK);
    assert_false(custody_lapse(&c, &T));
    deed.act = CUSTODY_COMPLETE;
    assert_int_equal(custody_apply(&c, &deed, NOW), OK);
    assert_int_equal(c.holder, CRC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_act_on_every_record_is_as_the_rules_say),
        cmocka_unit_test(who_has_no_part_learns_nothing_from_any_act),
        cmocka_unit_test(a_case_is_opened_once),
        cmocka_unit_test(a_case_is_closed_by_its_holder_for_good),
        cmocka_unit_test(a_holder_takes_back_what_it_offers_however_far_it_came),
        cmocka_unit_test(a_transfer_lapses_unless_all_of_it_is_accepted),
        cmocka_unit_test(a_holder_is_remembered_for_four_after_it),
        cmocka_unit_test(who_holds_it_again_is_no_former_holder),
        cmocka_unit_test(a_transfer_may_have_32_components),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
