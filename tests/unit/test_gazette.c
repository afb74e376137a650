/* What parties sign is published once, in order, for ever; it enforces, and everybody sees it
 * before what it decides. */
#include "tests/unit/law_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/field.h"

/* ---- publishing ---- */

static void an_agreement_enforces_once_every_party_has_signed(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    d->agreement_hash = law.hash;
    assert_int_equal(law_refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    (void)law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    assert_int_equal(law_refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    (void)law_published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    (void)desk_accept(d, 3);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
    free(law.text);
}

static void a_key_that_is_not_pinned_signs_nothing(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    law_put_in_force(d, &law);
    d->signing_key.bytes[0] = 10;
    assert_int_equal(law_refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED);
    free(law.text);
}

static void the_same_again_gets_the_first_verdict(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument proposal = law_instrument(&law, CONCORDAT__ACT__PROPOSE, "court.a");
    const struct bytes text = {(const uint8_t *)law.text, law.size};
    uint64_t first = 0;

    for (int i = 0; i < 3; i++) {
        law_bring(d, COURT, d->court, &proposal, text);
        if (i == 0)
            law_bring(d, COURT, d->court, &proposal, text); /* in one batch */
        desk_run(d);
        assert_int_equal(desk_events(d, EVENT_GAZETTE), i == 0);
        first = first ? first : law_verdict(d);
        assert_int_equal(law_verdict(d), first);
    }
    assert_int_equal(exchange_counts(d->x)->published, 1);
    free(law.text);
}

static void what_cannot_be_is_refused_and_leaves_no_trace(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0), other = law_of("ISA-OTHER", 1, 0);

    law_refused(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");  /* of no proposal */
    law_refused(d, &law, CONCORDAT__ACT__REVOKE, "nps.a");  /* of nothing in force */
    law_refused(d, &law, CONCORDAT__ACT__PROPOSE, "csc.a"); /* by no party */
    other.hash.bytes[0] ^= 1;
    law_refused(d, &other, CONCORDAT__ACT__PROPOSE, "court.a"); /* of another text */
    assert_int_equal(exchange_counts(d->x)->instruments_refused, 4);
    free(law.text);
    free(other.text);
}

/* The entry's time decides, which is the broker's: a date of one's own gains nothing. */
static void nobody_dates_an_act_ahead_or_back(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    struct instrument proposal = law_instrument(&law, CONCORDAT__ACT__PROPOSE, "court.a");
    struct instrument acceptance = law_instrument(&law, CONCORDAT__ACT__ACCEPT, "nps.a");

    proposal.signed_ms = d->now_ms + 5 * 60000 + 1;
    assert_int_equal(law_brought(d, &proposal, &law), 0);
    proposal.signed_ms--;
    assert_true(law_brought(d, &proposal, &law) > 0);
    d->agreement_hash = law.hash;
    assert_int_equal(law_refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    acceptance.signed_ms = NOW - 1000 * DAY;
    assert_true(law_brought(d, &acceptance, &law) > 0);
    assert_int_equal(desk_event(d, EVENT_GAZETTE, 0)->at_ms, d->now_ms);
    struct envelope e = desk_envelope(d, 1); /* refused before, it stays refused */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_REFUSAL, COURT), 1);
    (void)desk_accept(d, 2);
    free(law.text);
}

static void what_comes_after_the_proposal_ended_is_late_whatever_its_date(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument acceptance = law_instrument(&law, CONCORDAT__ACT__ACCEPT, "nps.a");

    (void)law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    d->now_ms = NOW + 20 * DAY;
    desk_run(d);
    assert_int_equal(law_brought(d, &acceptance, &law), 0);
    d->now_ms = NOW; /* and a clock set back brings no time back */
    assert_int_equal(law_brought(d, &acceptance, &law), 0);
    free(law.text);
}

/* Half a text is another text, whatever it says. */
static void a_text_cut_at_any_byte_is_refused(void **)
{
    struct law law = law_of("ISA-TEST", 1, 0), cut = law_of("ISA-CUTS", 1, 0);
    const struct instrument proposal = law_instrument(&cut, CONCORDAT__ACT__PROPOSE, "court.a");
    struct desk *d = NULL;

    for (size_t size = 1; size <= cut.size; size++) {
        if (!d) {
            d = law_desk();
            law_put_in_force(d, &law);
        }
        law_bring(d, COURT, d->court, &proposal, (struct bytes){(const uint8_t *)cut.text, size});
        desk_run(d);
        assert_int_equal(law_verdict(d) > 0, size == cut.size);
        assert_int_equal(d->event_count, size == cut.size);
        if (size % (PROPOSALS_REFUSED_MAX - 1) != 0 && size != cut.size)
            continue;
        (void)desk_accept(d, 1); /* what was in force is */
        desk_free(d);            /* it keeps all buffers */
        d = NULL;
    }
    free(law.text);
    free(cut.text);
}

static void a_full_store_publishes_nothing(void **)
{
    OWNED(desk) d = law_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    struct exchange_alarm alarm;

    second.predecessor = first.hash;
    law_put_in_force(d, &first);
    (void)law_published(d, &second, CONCORDAT__ACT__PROPOSE, "court.a");
    exchange_set_full(d->x, true);
    law_refused(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    assert_true(exchange_next_alarm(d->x, &alarm));
    assert_int_equal(alarm.kind, ALARM_GAZETTE_FULL);
    assert_string_equal(alarm.agency, "court.a");
    exchange_set_full(d->x, false);
    (void)desk_accept(d, 1); /* the version before is in force, and this one is as it was */
    (void)law_published(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_int_equal(law_refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    free(first.text);
    free(second.text);
}

/* What is in flight must not flow on because a disk is small. */
static void who_stops_sharing_is_heard_by_a_full_store_too(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    law_put_in_force(d, &law);
    exchange_set_full(d->x, true);
    (void)law_published(d, &law, CONCORDAT__ACT__SUSPEND, "court.a");
    law_refused(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a"); /* which would change nothing now */
    law_refused(d, &law, CONCORDAT__ACT__RESUME, "court.a");
    (void)law_published(d, &law, CONCORDAT__ACT__REVOKE, "nps.a");
    law_refused(d, &law, CONCORDAT__ACT__REVOKE, "court.a");
    free(law.text);
}

static void proposals_are_so_many_a_day(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = {.text = NULL};

    for (uint32_t n = 0; n <= PROPOSALS_A_DAY; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "ISA-%u", n);
        free(law.text);
        law = law_of(id, 1, 0);
        if (n == PROPOSALS_A_DAY)
            break;
        (void)law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
        (void)law_published(d, &law, CONCORDAT__ACT__WITHDRAW, "court.a"); /* none stays open */
    }
    law_refused(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    d->now_ms += DAY;
    law_act(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    desk_run(d);
    assert_true(law_verdict(d) > 0);
    free(law.text);
}

/* ---- enforcing ---- */

static void revoked_and_suspended_it_permits_nothing_and_hands_nothing_over(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    law_put_in_force(d, &law);
    desk_gone(d, NPS, d->nps, false);
    uint64_t kept = desk_accept(d, 1);
    (void)law_published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    assert_int_equal(law_refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    (void)law_published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    (void)desk_hello(d, NPS, "nps.a", 100);
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, 0);
    assert_int_equal(item->sequence, kept);
    desk_gone(d, NPS, d->nps, false);
    (void)desk_accept(d, 3);
    (void)law_published(d, &law, CONCORDAT__ACT__REVOKE, "court.a");
    (void)desk_hello(d, NPS, "nps.a", 100);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_WITHHELD), 2);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    assert_int_equal(law_refusal_of(d, 4), CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    free(law.text);
}

/* Whose turn came while it was suspended is withheld for good: it is not kept for a day that may
 * never come. Its sender hears it, and may send anew. */
static void what_a_suspension_withholds_no_resumption_brings_back(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    struct command_credit *credit;

    law_put_in_force(d, &law);
    d->nps = desk_hello(d, NPS, "nps.a", 0);
    uint64_t message = desk_accept(d, 1);
    (void)law_published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 10;
    credit->credit_size = 1 << 20;
    desk_run(d); /* its turn */
    (void)law_published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->message_sequence, message);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    (void)desk_accept(d, 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
    free(law.text);
}

static void a_new_version_is_needed_by_what_is_new_and_by_nothing_else(void **)
{
    OWNED(desk) d = law_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);

    second.predecessor = first.hash;
    law_put_in_force(d, &first);
    desk_gone(d, NPS, d->nps, false);
    (void)desk_accept(d, 1);
    (void)law_published(d, &second, CONCORDAT__ACT__PROPOSE, "nps.a");
    (void)desk_accept(d, 2); /* proposed is not in force */
    (void)law_published(d, &second, CONCORDAT__ACT__ACCEPT, "court.a");
    assert_int_equal(law_refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    (void)desk_hello(d, NPS, "nps.a", 100);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 2);
    free(first.text);
    free(second.text);
}

/* Who holds a case is recorded nowhere yet; so what only its holder may say, nobody may. */
static void what_only_a_case_s_holder_says_nobody_says_yet(void **)
{
    static const char before[] = "    required:", term[] = "    only-by-holder: true\n";
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    char *at = strstr(law.text, before);

    assert_non_null(at);
    memmove(at + sizeof term - 1, at, law.size - (size_t)(at - law.text));
    memcpy(at, term, sizeof term - 1);
    law.size += sizeof term - 1;
    law.hash = sha256(law.text, law.size);
    law_put_in_force(d, &law);
    assert_int_equal(law_refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER);
    free(law.text);
}

/* ---- following ---- */

static uint64_t entry(const struct desk *d, session_id session, size_t n)
{
    const struct effect_item *item = desk_effect(d, EFFECT_GAZETTE, session, n);
    struct reader r = reader_of(item->record, item->record_size);
    struct event event;

    assert_int_equal(event_read(&r, &event), ST_OK);
    assert_int_equal(event.kind, EVENT_GAZETTE);
    assert_int_equal(event.sequence, item->sequence);
    return item->sequence;
}

static void a_follower_gets_what_it_lacks_and_what_comes(void **)
{
    OWNED(desk) d = desk_empty();
    struct law law = law_of("ISA-TEST", 1, 0);
    d->court = desk_greet(d, COURT, "court.a", 1000);
    d->nps = desk_greet(d, NPS, "nps.a", 100);
    uint64_t proposal = law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    uint64_t acceptance = law_published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");

    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0); /* it has not asked */
    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 2);
    assert_int_equal(entry(d, NPS, 0), proposal);
    assert_int_equal(entry(d, NPS, 1), acceptance);
    desk_follow(d, COURT, d->court, proposal);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0); /* each once */
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, COURT), 1);
    assert_int_equal(entry(d, COURT, 0), acceptance);
    uint64_t suspension = law_published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    assert_int_equal(entry(d, COURT, 0), suspension);
    assert_int_equal(entry(d, NPS, 0), suspension);
    (void)desk_greet(d, NPS, "nps.a", 100); /* a new session follows nothing */
    (void)law_published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    desk_follow(d, NPS, d->nps, UINT64_MAX); /* it claims to have more than there is */
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    free(law.text);
}

/* What it cannot judge yet it would refuse for good. */
static void nobody_gets_an_item_before_it_follows(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    law_put_in_force(d, &law);
    d->nps = desk_greet(d, NPS, "nps.a", 100);
    uint64_t message = desk_accept(d, 1);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    d->court = desk_greet(d, COURT, "court.a", 100);
    assert_int_equal(desk_events(d, EVENT_STEP), 1);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 0); /* evidence waits in the same way */
    desk_follow(d, COURT, d->court, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
    (void)desk_accept(d, 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1); /* the first has been settled */
    assert_true(((const struct effect_item *)desk_effect(d, EFFECT_DELIVER, NPS, 0))->sequence
                > message);
    free(law.text);
}

static void an_entry_waits_for_its_batch(void **)
{
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    law_act(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    desk_start_batch(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    desk_finish_batch(d); /* exchange_take_effects aborts before that: unit.exchange */
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 1);
    free(law.text);
}

/* Every entry with a lower sequence has been sent before any item: looks at one batch's effects. */
static void check_order(const struct desk *d, session_id session, const uint64_t entries[],
                        size_t count, size_t *sent)
{
    for (size_t i = 0; i < d->effect_count; i++) {
        const struct effect *e = d->effects[i].effect;
        const struct effect_item *item = (const void *)e;
        if (e->session != session)
            continue;
        if (e->kind == EFFECT_GAZETTE) {
            assert_true(*sent < count);
            assert_int_equal(item->sequence, entries[(*sent)++]);
        } else if (e->kind == EFFECT_DELIVER) {
            for (size_t j = *sent; j < count; j++)
                assert_true(entries[j] > item->sequence);
        }
    }
}

/* Texts so large that neither a share nor a pass nor the window takes them all at once. */
static void no_item_overtakes_what_was_published_before_it(void **)
{
    enum {
        LAWS = 9,
        LARGE = 700 * 1024
    };
    OWNED(desk) d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    uint64_t entries[LAWS + 2] = {0};
    size_t count = 0, sent = 0, delivered = 0;

    desk_gone(d, NPS, d->nps, false);
    entries[count++] = law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    entries[count++] = law_published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    d->agreement_hash = law.hash;
    for (uint32_t n = 1; n <= LAWS; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "ISA-LARGE-%u", n);
        struct law large = law_of(id, 1, LARGE);
        d->now_ms += DAY / 2; /* two a day are as many bytes as it may propose */
        (void)desk_accept(d, n);
        entries[count++] = law_published(d, &large, CONCORDAT__ACT__PROPOSE, "court.a");
        free(large.text);
    }
    d->nps = desk_greet(d, NPS, "nps.a", 0); /* no window before it follows */
    desk_follow(d, NPS, d->nps, 0);
    struct command_credit *credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 100;
    credit->credit_size = 1 << 20;
    uint64_t flying = 0;
    for (int batch = 0; batch < 100 && (sent < count || delivered < LAWS); batch++) {
        desk_run(d);
        check_order(d, NPS, entries, count, &sent);
        delivered += desk_count(d, EFFECT_DELIVER, NPS);
        for (size_t i = 0; i < desk_count(d, EFFECT_GAZETTE, NPS); i++)
            flying +=
                ((const struct effect_item *)desk_effect(d, EFFECT_GAZETTE, NPS, i))->record_size;
        assert_true(flying <= GAZETTE_WINDOW);
        if (d->more)
            continue;
        struct command_drained *drained =
            turn_command(&d->turn, COMMAND_DRAINED, NPS, sizeof *drained);
        drained->head.member = d->nps;
        drained->size = flying;
        flying = 0;
    }
    assert_int_equal(sent, count);
    assert_int_equal(delivered, LAWS);
    free(law.text);
}

/* ---- restarts ---- */

static void a_restart_finds_the_same_agreements_and_entries(void **)
{
    struct scratch_store s = scratch_store_open();
    struct desk *d = law_desk();
    struct law law = law_of("ISA-TEST", 1, 0), open = law_of("ISA-OPEN", 1, 0),
               stopped = law_of("ISA-STOPPED", 1, 0);
    uint64_t entries[6], last = 0;
    size_t sent = 0;

    entries[0] = law_published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    entries[1] = law_published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    entries[2] = law_published(d, &stopped, CONCORDAT__ACT__PROPOSE, "nps.a");
    entries[3] = law_published(d, &stopped, CONCORDAT__ACT__ACCEPT, "court.a");
    entries[4] = law_published(d, &stopped, CONCORDAT__ACT__SUSPEND, "court.a");
    const struct instrument proposal = law_instrument(&open, CONCORDAT__ACT__PROPOSE, "court.a");
    const struct bytes text = {(const uint8_t *)open.text, open.size};
    law_bring(d, COURT, d->court, &proposal, text);
    desk_run(d);
    entries[5] = law_verdict(d);

    d = desk_restart(d, s.state, NULL);
    d->court = desk_hello(d, COURT, "court.a", 1000);
    d->nps = desk_hello(d, NPS, "nps.a", 100);
    desk_follow(d, NPS, d->nps, 0);
    d->agreement_hash = law.hash;
    last = desk_accept(d, 1); /* in force as before; entries come from the store */
    check_order(d, NPS, entries, LENGTH(entries), &sent);
    assert_int_equal(sent, LENGTH(entries));
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, 0);
    assert_int_equal(item->sequence, last);
    law_bring(d, COURT, d->court, &proposal, text); /* its answer was lost */
    desk_run(d);
    assert_int_equal(law_verdict(d), entries[5]);
    (void)law_published(d, &open, CONCORDAT__ACT__ACCEPT, "nps.a"); /* and goes on from there */
    struct envelope e = desk_envelope(d, 2);
    strcpy(e.agreement_id, "ISA-STOPPED");
    e.agreement_hash = stopped.hash;
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    assert_int_equal(refusal->refusal.code, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    desk_free(d);
    free(law.text);
    free(open.text);
    free(stopped.text);
    scratch_store_close(&s);
}

/* An instrument that could not have been published: the store is not this broker's. */
static void a_store_whose_gazette_does_not_add_up_is_refused(void **)
{
    OWNED(desk) d = desk_empty();
    struct event event = {.kind = EVENT_GAZETTE, .sequence = 1, .at_ms = NOW};
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument acceptance = law_instrument(&law, CONCORDAT__ACT__ACCEPT, "nps.a");
    uint8_t bytes[INSTRUMENT_MAX], signed_bytes[SIGNED_INSTRUMENT_MAX];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    const uint8_t rest[SIGNATURE_SIZE] = {1};
    size_t size;

    assert_int_equal(instrument_write(&acceptance, bytes, sizeof bytes, &size), ST_OK);
    field_bytes(&w, 1, bytes, size);
    field_bytes(&w, 2, rest, sizeof rest);
    field_bytes(&w, 3, rest, sizeof rest);
    event.instrument = (struct bytes){signed_bytes, w.size};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    event.instrument = (struct bytes){signed_bytes, w.size - 1};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    event.instrument = (struct bytes){NULL, 0};
    event.notice = (struct bytes){rest, sizeof rest};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    free(law.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agreement_enforces_once_every_party_has_signed),
        cmocka_unit_test(a_key_that_is_not_pinned_signs_nothing),
        cmocka_unit_test(the_same_again_gets_the_first_verdict),
        cmocka_unit_test(what_cannot_be_is_refused_and_leaves_no_trace),
        cmocka_unit_test(nobody_dates_an_act_ahead_or_back),
        cmocka_unit_test(what_comes_after_the_proposal_ended_is_late_whatever_its_date),
        cmocka_unit_test(a_text_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_full_store_publishes_nothing),
        cmocka_unit_test(who_stops_sharing_is_heard_by_a_full_store_too),
        cmocka_unit_test(proposals_are_so_many_a_day),
        cmocka_unit_test(revoked_and_suspended_it_permits_nothing_and_hands_nothing_over),
        cmocka_unit_test(what_a_suspension_withholds_no_resumption_brings_back),
        cmocka_unit_test(a_new_version_is_needed_by_what_is_new_and_by_nothing_else),
        cmocka_unit_test(what_only_a_case_s_holder_says_nobody_says_yet),
        cmocka_unit_test(a_follower_gets_what_it_lacks_and_what_comes),
        cmocka_unit_test(nobody_gets_an_item_before_it_follows),
        cmocka_unit_test(an_entry_waits_for_its_batch),
        cmocka_unit_test(no_item_overtakes_what_was_published_before_it),
        cmocka_unit_test(a_restart_finds_the_same_agreements_and_entries),
        cmocka_unit_test(a_store_whose_gazette_does_not_add_up_is_refused),
    };
    return cmocka_run_group_tests_name("gazette", tests, NULL, NULL);
}
