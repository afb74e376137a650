/* Claims and questions: who may open and close a case, and nothing for who has no part in it. */
#include "tests/unit/case_desk.h"

#include <string.h>

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define CLOSE CONCORDAT__CLAIM_KIND__CLAIM_CLOSE
#define WITHDRAW CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW
#define WITHDRAWN CONCORDAT__CUSTODY_CHANGE__CASE_OFFER_WITHDRAWN
#define ALL 15

/* Numbers of messages. */
enum {
    REFERRAL = 1,
    CHECK,
    OFFER,
    FREE /* from here on */
};

static struct custody_told custody; /* what was said last */

static struct case_desk *opened(void)
{
    struct case_desk *c = case_desk_new();

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    return c;
}

static void refused(struct case_desk *c, struct envelope e, Concordat__RefusalCode code)
{
    assert_int_equal(send(c, &e), code);
    assert_int_equal(desk_events(c->d, EVENT_ACCEPTED), 0);
    assert_int_equal(told_count(c), 0);
}

static void done(struct case_desk *c, struct envelope e)
{
    (void)accepted(c, &e);
}

/* ---- claims ---- */

static void who_may_hold_cases_opens_one_and_closes_it(void **)
{
    OWNED(case_desk) c = case_desk_new();

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    assert_string_equal(custody.holder, "nps.a");
    assert_int_equal(custody.version, 1);
    assert_int_equal(desk_events(c->d, EVENT_KEPT), 1);
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), CODE(STALE_VERSION));
    assert_int_equal(custody.version, 1);
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    assert_string_equal(custody.holder, "");
    assert_int_equal(custody.version, 2);
    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), CODE(STALE_VERSION));
}

static void a_claim_that_is_made_again_is_answered_the_same_and_changes_nothing(void **)
{
    OWNED(case_desk) c = opened();

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    assert_string_equal(custody.holder, "nps.a");
    assert_int_equal(c->d->event_count, 0);
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    assert_int_equal(c->d->event_count, 0);
}

static size_t claims(const struct case_desk *c)
{
    return desk_events(c->d, EVENT_CLAIM);
}

/* The signed word for each opening, closing and taking back, in the batch of what it changed; what
 * changes nothing leaves none. */
static void each_claim_that_counts_is_kept_as_it_was_signed(void **)
{
    OWNED(case_desk) c = opened();
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    const struct event *event = desk_event(c->d, EVENT_CLAIM, 0);
    struct claim read;

    assert_string_equal(event->agency, "nps.a");
    assert_true(id_equal(&event->case_handle, &c->handle));
    assert_int_equal(event->case_version, 1);
    assert_int_equal(claim_read(event->statement, arena, &read, NULL), ST_OK);
    assert_int_equal(read.kind, OPEN);
    assert_true(id_equal(&read.case_handle, &c->handle));
    assert_int_equal(event->statement_proof.size, DIGEST_SIZE + SIGNATURE_SIZE);
    const struct digest signer = sha256("nps.a", strlen("nps.a"));
    assert_memory_equal(event->statement_proof.data, signer.bytes, DIGEST_SIZE);
    assert_int_equal(event->statement_proof.data[DIGEST_SIZE], 0x5a);

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK); /* said again */
    assert_int_equal(claims(c), 0);
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 1, &custody), OK); /* nothing is offered */
    assert_int_equal(claims(c), 0);
    assert_int_equal(claim(c, NPS_A, CLOSE, 7, &custody), CODE(STALE_VERSION));
    assert_int_equal(claims(c), 0);
    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), OK);
    assert_int_equal(claims(c), 1);
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), OK);
    assert_int_equal(claims(c), 1);
    assert_int_equal(desk_event(c->d, EVENT_CLAIM, 0)->case_version, 3);
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), OK);
    assert_int_equal(claims(c), 0);
}

/* A transfer from its offer to its end, as messages `n`, n + 1 and n + 2. */
static void transferred(struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                        uint64_t version)
{
    struct envelope acts[] = {offer(c, n, from, to, version, ALL, 9),
                              act(c, n + 1, to, from, "case.transfer.accept", n, 1, ALL),
                              act(c, n + 2, to, from, "case.transfer.complete", n, 2, 0)};

    acts[2].custody.manifest.bytes[0] = 9;
    for (size_t i = 0; i < LENGTH(acts); i++) {
        acts[i].custody.transfer_id.bytes[0] = (uint8_t)n;
        done(c, acts[i]);
    }
}

/* The `n`-th case. */
static Concordat__RefusalCode open_nth(struct case_desk *c, enum agency by, uint8_t n)
{
    c->handle = (struct id){{0x42, n}};
    return claim(c, by, OPEN, 0, &custody);
}

static size_t alarms(struct case_desk *c, enum exchange_alarm_kind kind)
{
    struct exchange_alarm alarm;
    size_t count = 0;

    while (exchange_next_alarm(c->d->x, &alarm))
        if (alarm.kind == kind) {
            assert_string_equal(alarm.agency, "nps.a");
            count++;
        }
    return count;
}

/* Wherever these cases are by now, and also after a start; others open theirs. */
static void an_agency_opens_so_many_cases_and_no_more(void **)
{
    enum {
        MOST = 20
    };
    OWNED(case_desk) c = case_desk_new();

    exchange_set_cases_most(c->d->x, MOST);
    for (uint8_t n = 0; n < MOST; n++) {
        assert_int_equal(open_nth(c, NPS_A, n), OK);
        assert_int_equal(alarms(c, ALARM_CASES_HIGH), n == 18); /* nine tenths were there */
    }
    transferred(c, FREE, NPS_A, CRC_A, 1);
    assert_int_equal(claim(c, CRC_A, CLOSE, 3, &custody), OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_nth(c, NPS_A, MOST), CODE(TOO_MANY_CASES));
        assert_int_equal(custody.version, 0);
        assert_int_equal(desk_events(c->d, EVENT_KEPT) + desk_events(c->d, EVENT_CLAIM), 0);
        assert_int_equal(alarms(c, ALARM_CASES_FULL), 1);
        assert_int_equal(open_nth(c, NPS_A, 0), OK); /* said again: it is there */
        assert_int_equal(open_nth(c, CRC_A, (uint8_t)(MOST + 1 + i)), OK);
        case_desk_restart(c);
        exchange_set_cases_most(c->d->x, MOST);
    }
    assert_int_equal(exchange_counts(c->d->x)->cases, MOST + 2);
    case_desk_wait(c, (DUPLICATE_DAYS + 1) * DAY); /* the closed one is forgotten */
    case_desk_wait(c, DAY);
    assert_int_equal(open_nth(c, NPS_A, MOST), OK);
    assert_int_equal(open_nth(c, NPS_A, MOST + 5), CODE(TOO_MANY_CASES));
}

static void who_may_hold_none_opens_none(void **)
{
    OWNED(case_desk) c = case_desk_new();

    assert_int_equal(claim(c, COURT_A, OPEN, 0, &custody), CODE(NO_AGREEMENT));
    assert_int_equal(claim(c, CSC_A, OPEN, 0, &custody), CODE(NO_AGREEMENT));
    assert_int_equal(c->d->event_count, 0);
    assert_int_equal(claim(c, CRC_A, OPEN, 0, &custody), OK);
    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), CODE(CASE_NOT_YOURS));
    assert_int_equal(custody.version, 0);
}

static void a_full_store_opens_none_and_closes(void **)
{
    OWNED(case_desk) c = opened();
    const struct id other = {{0xcb}};

    exchange_set_full(c->d->x, true);
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    c->handle = other;
    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), CODE(STORE_FULL));
}

static void a_case_with_an_open_referral_or_transfer_is_not_closed(void **)
{
    OWNED(case_desk) c = opened();

    done(c, letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), CODE(CONVERSATION_MISSING));
    assert_int_equal(custody.conversation_count, 1);
    done(c, reply(c, FREE, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 2));
    done(c, letter(c, CHECK, COURT_A, NPS_A, "psr.request"));
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), CODE(CONVERSATION_MISSING));
    done(c, reply(c, FREE + 2, NPS_A, COURT_A, "psr.report", CHECK, 1));
    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), CODE(STALE_VERSION));
    done(c, act(c, FREE + 1, NPS_A, CRC_A, "case.transfer.withdraw", OFFER, 2, 0));
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), OK);
}

/* Nobody may answer for ever: the holder need not wait. Both are told, no clock goes on, and an
 * answer that comes after all is not lost. */
static void what_the_holder_asked_ends_with_its_case(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        OWNED(case_desk) c = opened();
        struct told read;

        done(c, letter(c, CHECK, NPS_A, CSC_A, "check.social_care.children.request"));
        assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
        assert_string_equal(custody.holder, "");
        assert_int_equal(told_count(c), 2);
        assert_told(c, NPS_A, CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED, &custody);
        assert_told(c, CSC_A, CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED, &custody);
        assert_int_equal(custody.conversation_count, 1);
        assert_true(custody.conversations[0].closed);
        assert_true(custody.conversations[0].asked_by_holder);
        assert_string_equal(custody.conversations[0].other, "csc.a");
        if (restarted)
            case_desk_restart(c);
        case_desk_wait(c, 3 * DAY);
        assert_false(told(c, NPS_A, 0, &read));
        struct envelope e =
            reply(c, FREE, CSC_A, NPS_A, "check.social_care.children.response", CHECK, 1);
        done(c, e);
        assert_int_equal(delivered(c, NPS_A), 1);
        refused(c,
                reply(c, FREE + 1, CSC_A, NPS_A, "check.social_care.children.response", CHECK, 2),
                CODE(CONVERSATION_UNKNOWN));
        step(c, &e, CONCORDAT__STEP_KIND__REJECTED); /* and can be said again, like any other */
        done(c, reply(c, FREE + 2, CSC_A, NPS_A, "check.social_care.children.response", CHECK, 2));
        assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    }
}

/* ---- who has no part ---- */

/* One answer for everything, whether there is a case or not, to its last byte. */
static void who_has_no_part_learns_nothing_not_even_by_size(void **)
{
    static const char *const acts[] = {"case.transfer.offer", "case.transfer.accept",
                                       "case.transfer.reject", "case.transfer.withdraw",
                                       "case.transfer.complete"};
    OWNED(case_desk) c = opened();
    const struct id nobodys = {{0xdd}};
    size_t size, other_size;
    uint32_t n = 100;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    for (enum agency a = CRC_B; a <= COURT_A; a++) {
        assert_int_equal(ask(c, a, &c->handle, &custody, &size), CODE(CASE_NOT_YOURS));
        assert_int_equal(custody.version, 0);
        assert_int_equal(ask(c, a, &nobodys, &custody, &other_size), CODE(CASE_NOT_YOURS));
        assert_int_equal(size, other_size);
    }
    for (size_t i = 0; i < LENGTH(acts); i++)
        for (int there = 0; there < 2; there++) {
            struct envelope e = act(c, n, POLICE_A, NPS_A, acts[i], n, 1, ALL);
            e.case_handle = there ? c->handle : nobodys;
            e.custody.component_count = 4;
            e.custody.case_version = 2;
            refused(c, e, CODE(CASE_NOT_YOURS));
            n++;
        }
    assert_int_equal(claim(c, POLICE_A, CLOSE, 2, &custody), CODE(CASE_NOT_YOURS));
    assert_int_equal(custody.version, 0);
    assert_string_equal(holder(c, NPS_A), "nps.a");
}

/* ---- an offer that is taken back ---- */

/* Whom it is offered to has gone, and with it its keys: no message reaches it, and the offer does
 * not lapse, since all of it was accepted. */
static void an_offer_binds_nobody_to_an_agency_that_has_gone(void **)
{
    OWNED(case_desk) c = opened();

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    case_desk_wait(c, 400 * DAY);
    refused(c, act(c, FREE + 1, NPS_A, CRC_A, "case.transfer.withdraw", OFFER, 2, 0),
            CODE(KEY_UNKNOWN));
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), CODE(STALE_VERSION));
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), OK);
    assert_string_equal(custody.offered_to, "");
    assert_string_equal(custody.holder, "nps.a");
    assert_told(c, NPS_A, WITHDRAWN, &custody);
    assert_told(c, CRC_A, WITHDRAWN, &custody);
    assert_string_equal(custody.offered_to, "crc.a");
    case_desk_restart(c);
    assert_int_equal(claim(c, NPS_A, CLOSE, 2, &custody), OK);
}

static void only_the_holder_takes_an_offer_back_and_only_as_it_stands(void **)
{
    OWNED(case_desk) c = opened();
    uint64_t counted;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    counted = exchange_counts(c->d->x)->claims_refused;
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 1, &custody), CODE(STALE_VERSION));
    assert_int_equal(claim(c, CRC_A, WITHDRAW, 2, &custody), CODE(NOT_CURRENT_HOLDER));
    assert_int_equal(claim(c, POLICE_A, WITHDRAW, 2, &custody), CODE(CASE_NOT_YOURS));
    assert_int_equal(exchange_counts(c->d->x)->claims_refused, counted + 3);
    assert_int_equal(c->d->event_count, 0);
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    struct envelope e = act(c, FREE + 1, CRC_A, NPS_A, "case.transfer.complete", OFFER, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), CODE(NOT_CURRENT_HOLDER));
    assert_string_equal(holder(c, CRC_A), "crc.a");
}

/* As after a withdrawal by message: nothing of it goes on, and the case can be offered again. */
static void what_was_taken_back_is_over(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);

    e.custody.reply_by_ms = c->d->now_ms + DAY;
    done(c, e);
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), OK);
    assert_int_equal(told_count(c), 2);
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), OK); /* its answer was lost */
    assert_int_equal(c->d->event_count, 0);
    refused(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL),
            CODE(CASE_NOT_YOURS));
    case_desk_wait(c, 2 * DAY);
    assert_int_equal(told_count(c), 0);
    e = offer(c, FREE + 1, NPS_A, CRC_B, 2, ALL, 9);
    e.custody.transfer_id.bytes[0] = 0x77;
    done(c, e);
    assert_int_equal(claim(c, NPS_A, WITHDRAW, 2, &custody), CODE(STALE_VERSION));
    assert_string_equal(custody.offered_to, "crc.b");
}

static void trying_handles_comes_to_an_end(void **)
{
    OWNED(case_desk) c = opened();

    for (uint32_t n = 0; n <= REFUSALS_QUOTA; n++) {
        struct envelope e =
            act(c, 100 + n, POLICE_A, NPS_A, "case.transfer.accept", 100 + n, 1, ALL);
        e.case_handle.bytes[1] = (uint8_t)n;
        assert_int_equal(send(c, &e),
                         n < REFUSALS_QUOTA ? CODE(CASE_NOT_YOURS) : CODE(RATE_LIMITED));
    }
}

static void a_message_about_a_case_makes_nobody_a_party(void **)
{
    OWNED(case_desk) c = opened();
    size_t size;

    done(c, letter(c, FREE, POLICE_A, CRC_A, "case.update"));
    done(c, letter(c, FREE + 1, CRC_B, CSC_A, "check.social_care.children.request"));
    for (enum agency a = CRC_A; a <= COURT_A; a++)
        assert_int_equal(ask(c, a, &c->handle, &custody, &size), CODE(CASE_NOT_YOURS));
}

static void the_other_side_of_an_open_conversation_is_told_who_holds_the_case(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);
    size_t size;

    done(c, letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
    name(&e, REFERRAL);
    done(c, e);
    assert_int_equal(ask(c, CSC_A, &c->handle, &custody, &size), OK);
    assert_string_equal(custody.holder, "nps.a");
    assert_string_equal(custody.offered_to, ""); /* that is between the two */
    assert_true(id_is_zero(&custody.transfer_id));
    assert_int_equal(custody.conversation_count, 1);
    assert_int_equal(ask(c, CRC_A, &c->handle, &custody, &size), OK);
    assert_string_equal(custody.offered_to, "crc.a");
    done(c, reply(c, FREE, NPS_A, CSC_A, "safeguarding.close", REFERRAL, 2));
    assert_int_equal(ask(c, CSC_A, &c->handle, &custody, &size), CODE(CASE_NOT_YOURS));
}

static void what_is_closed_is_forgotten_when_its_ids_are(void **)
{
    OWNED(case_desk) c = opened();
    size_t size;

    done(c, letter(c, CHECK, NPS_A, CSC_A, "check.social_care.children.request"));
    done(c, reply(c, FREE, CSC_A, NPS_A, "check.social_care.children.response", CHECK, 1));
    assert_int_equal(claim(c, NPS_A, CLOSE, 1, &custody), OK);
    case_desk_wait(c, DAY);
    assert_int_equal(desk_events(c->d, EVENT_KEPT), 0);
    case_desk_wait(c, DUPLICATE_DAYS * DAY);
    assert_int_equal(desk_events(c->d, EVENT_KEPT), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(desk_event(c->d, EVENT_KEPT, i)->record.size, 0);
    assert_int_equal(ask(c, NPS_A, &c->handle, &custody, &size), CODE(CASE_NOT_YOURS));
    case_desk_restart(c);
    assert_int_equal(ask(c, NPS_A, &c->handle, &custody, &size), CODE(CASE_NOT_YOURS));
}

/* Who had a case knows who has it, and not to whom it is to go next. */
static void an_offer_is_between_its_two(void **)
{
    OWNED(case_desk) c = opened();
    size_t size;

    transferred(c, FREE, NPS_A, CRC_A, 1);
    transferred(c, FREE + 3, CRC_A, NPS_A, 3);
    done(c, offer(c, FREE + 6, NPS_A, CRC_B, 5, ALL, 9));
    assert_int_equal(ask(c, CRC_A, &c->handle, &custody, &size), OK);
    assert_string_equal(custody.holder, "nps.a");
    assert_string_equal(custody.offered_to, "");
    assert_true(id_is_zero(&custody.transfer_id));
    assert_int_equal(ask(c, CRC_B, &c->handle, &custody, &size), OK);
    assert_string_equal(custody.offered_to, "crc.b");
}

/* What was offered and lapsed is nothing to who had the case, or has part in what is open in it: it
 * stands as it last changed hands. */
static void an_offer_does_not_show_in_the_version_that_others_hear(void **)
{
    static const enum agency others[] = {CRC_A, CSC_A};
    OWNED(case_desk) c = opened();
    struct envelope e;
    size_t size;

    transferred(c, FREE, NPS_A, CRC_A, 1);
    transferred(c, FREE + 3, CRC_A, NPS_A, 3);
    done(c, letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
    for (uint64_t version = 5; version < 8; version++) {
        for (size_t i = 0; i < LENGTH(others); i++) {
            assert_int_equal(ask(c, others[i], &c->handle, &custody, &size), OK);
            assert_int_equal(custody.version, 5);
        }
        assert_int_equal(ask(c, NPS_A, &c->handle, &custody, &size), OK);
        assert_int_equal(custody.version, version);
        e = offer(c, FREE + 20 + (uint32_t)version, NPS_A, CRC_B, version, ALL, 9);
        name(&e, REFERRAL);
        done(c, e);
        assert_int_equal(ask(c, CRC_B, &c->handle, &custody, &size), OK);
        assert_int_equal(custody.version, version + 1);
        case_desk_restart(c);
        assert_int_equal(ask(c, CRC_A, &c->handle, &custody, &size), OK);
        assert_int_equal(custody.version, 5);
        step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    }
}

/* Claims and questions count like acts, and in the same hour. */
static void asking_about_handles_comes_to_an_end(void **)
{
    OWNED(case_desk) c = opened();
    size_t refused_size, limited_size;

    for (uint8_t n = 0; n < REFUSALS_QUOTA; n++) {
        const struct id handle = {{1, n}};
        assert_int_equal(ask(c, POLICE_A, &handle, &custody, &refused_size), CODE(CASE_NOT_YOURS));
    }
    assert_int_equal(ask(c, POLICE_A, &c->handle, &custody, &limited_size), CODE(RATE_LIMITED));
    assert_int_equal(limited_size, refused_size);
    assert_int_equal(ask(c, NPS_A, &c->handle, &custody, &limited_size), OK);
    case_desk_wait(c, INT64_C(3600001));
    assert_int_equal(ask(c, POLICE_A, &c->handle, &custody, &limited_size), CODE(CASE_NOT_YOURS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_hold_cases_opens_one_and_closes_it),
        cmocka_unit_test(a_claim_that_is_made_again_is_answered_the_same_and_changes_nothing),
        cmocka_unit_test(each_claim_that_counts_is_kept_as_it_was_signed),
        cmocka_unit_test(an_agency_opens_so_many_cases_and_no_more),
        cmocka_unit_test(who_may_hold_none_opens_none),
        cmocka_unit_test(a_full_store_opens_none_and_closes),
        cmocka_unit_test(a_case_with_an_open_referral_or_transfer_is_not_closed),
        cmocka_unit_test(what_the_holder_asked_ends_with_its_case),
        cmocka_unit_test(who_has_no_part_learns_nothing_not_even_by_size),
        cmocka_unit_test(an_offer_binds_nobody_to_an_agency_that_has_gone),
        cmocka_unit_test(only_the_holder_takes_an_offer_back_and_only_as_it_stands),
        cmocka_unit_test(what_was_taken_back_is_over),
        cmocka_unit_test(trying_handles_comes_to_an_end),
        cmocka_unit_test(an_offer_is_between_its_two),
        cmocka_unit_test(an_offer_does_not_show_in_the_version_that_others_hear),
        cmocka_unit_test(asking_about_handles_comes_to_an_end),
        cmocka_unit_test(a_message_about_a_case_makes_nobody_a_party),
        cmocka_unit_test(the_other_side_of_an_open_conversation_is_told_who_holds_the_case),
        cmocka_unit_test(what_is_closed_is_forgotten_when_its_ids_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
