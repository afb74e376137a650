/* Transfers in the exchange: one holder, what goes with the case, and who hears of it. */
#include "tests/unit/case_desk.h"

#include <string.h>

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define CHANGE(name) CONCORDAT__CUSTODY_CHANGE__CASE_##name
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
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

/* What was told of the case to who holds it; clocks are told too. */
static size_t changes(const struct case_desk *c)
{
    struct told read;
    size_t count = 0;

    for (size_t n = 0; told(c, NPS_A, n, &read); n++)
        count += read.kind == TOLD_CUSTODY;
    return count;
}

static struct envelope completion(const struct case_desk *c, uint32_t n, uint32_t sequence)
{
    struct envelope e = act(c, n, CRC_A, NPS_A, "case.transfer.complete", OFFER, sequence, 0);

    e.custody.manifest.bytes[0] = 9;
    return e;
}

/* ---- a transfer ---- */

/* D3: one component refused, offered again, completed; the referral and the check go with it. */
static void a_case_goes_over_with_all_that_is_open_at_completion_alone(void **)
{
    OWNED(case_desk) c = opened();
    struct custody_told told_csc;
    struct envelope e;

    done(c, letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
    done(c, reply(c, 50, CSC_A, NPS_A, "safeguarding.referral.ack", REFERRAL, 1));
    done(c, reply(c, 51, NPS_A, CSC_A, "safeguarding.update", REFERRAL, 2));
    done(c, letter(c, CHECK, NPS_A, CSC_A, "check.social_care.children.request"));

    e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 8);
    refused(c, e, CODE(CONVERSATION_MISSING));
    e = offer(c, FREE, NPS_A, CRC_A, 1, ALL, 8);
    name(&e, REFERRAL);
    refused(c, e, CODE(CONVERSATION_MISSING));
    e = offer(c, FREE + 1, NPS_A, CRC_A, 1, ALL, 8);
    name(&e, REFERRAL);
    name(&e, CHECK);
    done(c, e);
    assert_told(c, NPS_A, CHANGE(OFFERED), &custody);
    assert_told(c, CRC_A, CHANGE(OFFERED), &custody);
    assert_int_equal(told_count(c), 2);
    assert_int_equal(custody.version, 2);
    assert_string_equal(custody.offered_to, "crc.a");

    done(c, act(c, 60, CRC_A, NPS_A, "case.transfer.reject", FREE + 1, 1, 8));
    assert_told(c, NPS_A, CHANGE(COMPONENTS_REJECTED), &custody);
    assert_int_equal(custody.components, 8);
    e = offer(c, 61, NPS_A, CRC_A, 2, 8, 9);
    e.conversation_id = id_of(FREE + 1);
    e.sequence = 2;
    name(&e, REFERRAL);
    name(&e, CHECK);
    done(c, e);
    done(c, act(c, 62, CRC_A, NPS_A, "case.transfer.accept", FREE + 1, 2, ALL));
    for (uint32_t part = 0; part < 9; part++)
        done(c, reply(c, 70 + part, NPS_A, CRC_A, "case.record.part", FREE + 1, 3 + part));
    assert_string_equal(holder(c, NPS_A), "nps.a");
    assert_string_equal(holder(c, CRC_A), "nps.a");

    e = act(c, 80, CRC_A, NPS_A, "case.transfer.complete", FREE + 1, 3, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
    assert_told(c, NPS_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(custody.conversation_count, 2);
    assert_told(c, CSC_A, CHANGE(TRANSFERRED), &told_csc);
    assert_told(c, CRC_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(told_count(c), 3);
    assert_string_equal(custody.holder, "crc.a");
    assert_string_equal(custody.former, "nps.a");
    assert_int_equal(custody.version, 4);
    assert_int_equal(custody.conversation_count, 2);
    assert_string_equal(custody.conversations[0].other, "csc.a");
    assert_string_equal(custody.conversations[0].type, "safeguarding.referral.child");
    assert_int_equal(custody.conversations[0].next_of_holder, 3);
    assert_int_equal(custody.conversations[0].next_of_other, 2);
    assert_true(custody.conversations[0].asked_by_holder);
    custody.due_count = 0; /* what its conversations wait for is told to the holder alone */
    memset(custody.due, 0, sizeof custody.due);
    assert_memory_equal(&told_csc, &custody, sizeof custody);
    assert_string_equal(holder(c, CSC_A), "crc.a");

    /* the old holder is one no more, and the new goes on with its numbers */
    refused(c, letter(c, 90, NPS_A, CRC_A, "case.update"), CODE(NOT_CURRENT_HOLDER));
    refused(c, offer(c, 91, NPS_A, CRC_A, 4, ALL, 9), CODE(NOT_CURRENT_HOLDER));
    refused(c, reply(c, 92, NPS_A, CSC_A, "safeguarding.update", REFERRAL, 3),
            CODE(CONVERSATION_UNKNOWN));
    done(c, reply(c, 93, CRC_A, CSC_A, "safeguarding.update", REFERRAL, 3));
    done(c, reply(c, 94, CSC_A, CRC_A, "safeguarding.referral.decision", REFERRAL, 2));
    done(c, reply(c, 95, CRC_A, CSC_A, "safeguarding.close", REFERRAL, 4));
    case_desk_wait(c, DAY); /* and is owed what the old was */
    struct told read;
    assert_true(told(c, CRC_A, 0, &read));
    assert_int_equal(read.clock.kind, CONCORDAT__CLOCK_KIND__CLOCK_ANSWER);
    assert_string_equal(read.clock.owed_by, "csc.a");
    assert_string_equal(read.clock.owed_to, "crc.a");
}

static void a_second_offer_is_stale_whoever_it_is_to(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    for (uint64_t version = 1; version <= 2; version++) {
        e = offer(c, FREE + (uint32_t)version, NPS_A, CRC_B, version, ALL, 9);
        e.custody.transfer_id.bytes[0] = 0x78;
        refused(c, e, CODE(STALE_VERSION));
    }
    refused(c, act(c, FREE + 3, CRC_B, NPS_A, "case.transfer.accept", FREE + 3, 1, ALL),
            CODE(CASE_NOT_YOURS));
}

static void completion_wants_every_component_and_the_manifest(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9));
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, 7));
    refused(c, completion(c, 50, 2), CODE(COMPONENTS_WRONG));
    refused(c, act(c, 51, CRC_A, NPS_A, "case.transfer.accept", OFFER, 3, 7),
            CODE(COMPONENTS_WRONG));
    done(c, act(c, 52, CRC_A, NPS_A, "case.transfer.accept", OFFER, 4, 8));
    e = completion(c, 53, 5);
    e.custody.manifest.bytes[0] = 8;
    refused(c, e, CODE(COMPONENTS_WRONG));
    e = completion(c, 54, 6);
    e.custody.transfer_id.bytes[0] = 1;
    refused(c, e, CODE(TRANSFER_UNKNOWN));
    assert_string_equal(holder(c, CRC_A), "nps.a");
    done(c, completion(c, 55, 7));
    assert_string_equal(holder(c, NPS_A), "crc.a");
    refused(c, completion(c, 56, 8), CODE(TRANSFER_UNKNOWN));
}

static void what_is_withdrawn_or_not_opened_is_gone(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);

    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    assert_told(c, NPS_A, CHANGE(OFFER_LAPSED), &custody);
    assert_told(c, CRC_A, CHANGE(OFFER_LAPSED), &custody);
    assert_string_equal(custody.holder, "nps.a");
    assert_string_equal(custody.offered_to, "crc.a");
    refused(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL),
            CODE(CASE_NOT_YOURS));

    e = offer(c, FREE + 1, NPS_A, CRC_A, 2, ALL, 9);
    done(c, e);
    done(c, act(c, FREE + 2, NPS_A, CRC_A, "case.transfer.withdraw", FREE + 1, 2, 0));
    assert_told(c, CRC_A, CHANGE(OFFER_WITHDRAWN), &custody);
    assert_int_equal(custody.version, 3);
    refused(c, act(c, FREE + 3, CRC_A, NPS_A, "case.transfer.accept", FREE + 1, 1, ALL),
            CODE(CASE_NOT_YOURS));
    done(c, offer(c, FREE + 4, NPS_A, CRC_B, 3, ALL, 9));
}

static void what_is_offered_again_and_not_opened_lapses(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e;

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 8));
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.reject", OFFER, 1, 8));
    e = offer(c, FREE + 1, NPS_A, CRC_A, 2, 8, 9);
    e.conversation_id = id_of(OFFER);
    e.sequence = 2;
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    assert_told(c, CRC_A, CHANGE(OFFER_LAPSED), &custody);
    assert_string_equal(custody.holder, "nps.a");
}

/* Each was delivered, so its event has gone; the broker has started again since. Not the last that
 * offers again, but the last that offers its component. */
static void what_is_offered_again_lapses_when_it_is_declined_days_later(void **)
{
    for (uint32_t declined = 0; declined < 2; declined++) {
        OWNED(case_desk) c = opened();
        struct envelope e[2];

        done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 8));
        done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.reject", OFFER, 1, 14));
        for (uint32_t i = 0; i < 2; i++) {
            e[i] = offer(c, FREE + 1 + i, NPS_A, CRC_A, 2 + i, i == 0 ? 6 : 8, 9);
            e[i].conversation_id = id_of(OFFER);
            e[i].sequence = 2 + i;
            done(c, e[i]);
            step(c, &e[i], CONCORDAT__STEP_KIND__DELIVERED);
        }
        case_desk_restart(c);
        case_desk_wait(c, DAY);
        step(c, &e[declined], CONCORDAT__STEP_KIND__DECLINED);
        assert_told(c, NPS_A, CHANGE(OFFER_LAPSED), &custody);
        assert_told(c, CRC_A, CHANGE(OFFER_LAPSED), &custody);
        case_desk_restart(c);
        done(c, offer(c, FREE + 5, NPS_A, CRC_B, 4, ALL, 9));
    }
}

/* Its component was rejected, and is offered by another message by now. */
static void what_is_offered_no_more_is_declined_in_vain(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e[2];

    done(c, offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 8));
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.reject", OFFER, 1, 8));
    for (uint32_t i = 0; i < 2; i++) {
        e[i] = offer(c, FREE + 1 + 2 * i, NPS_A, CRC_A, 2 + i, 8, (uint8_t)(8 + i));
        e[i].conversation_id = id_of(OFFER);
        e[i].sequence = 2 + i;
        done(c, e[i]);
        step(c, &e[i], CONCORDAT__STEP_KIND__DELIVERED);
        if (i == 0)
            done(c, act(c, FREE + 2, CRC_A, NPS_A, "case.transfer.reject", OFFER, 2, 8));
    }
    step(c, &e[0], CONCORDAT__STEP_KIND__DECLINED);
    assert_int_equal(told_count(c), 0);
    done(c, act(c, FREE + 4, CRC_A, NPS_A, "case.transfer.accept", OFFER, 3, ALL));
    done(c, completion(c, FREE + 5, 4));
    assert_string_equal(holder(c, NPS_A), "crc.a");
}

static void an_offer_lapses_at_its_time_unless_all_is_accepted(void **)
{
    for (uint32_t components = 7; components <= ALL; components += 8) {
        OWNED(case_desk) c = opened();
        struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);

        e.custody.reply_by_ms = c->d->now_ms + 1000;
        done(c, e);
        done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, components));
        case_desk_wait(c, 999);
        assert_int_equal(changes(c), 0);
        case_desk_restart(c);
        case_desk_wait(c, 1);
        if (components == ALL) {
            assert_int_equal(changes(c), 0);
            done(c, completion(c, FREE + 1, 2));
        } else {
            assert_told(c, NPS_A, CHANGE(OFFER_LAPSED), &custody);
            assert_told(c, CRC_A, CHANGE(OFFER_LAPSED), &custody);
            refused(c, completion(c, FREE + 1, 2), CODE(CASE_NOT_YOURS));
            done(c, offer(c, FREE + 2, NPS_A, CRC_B, 2, ALL, 9));
        }
        case_desk_wait(c, DAY / 24);
        assert_string_equal(holder(c, NPS_A), components == ALL ? "crc.a" : "nps.a");
    }
}

static void a_declined_offer_lapses_unless_all_is_accepted(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);

    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    step(c, &e, CONCORDAT__STEP_KIND__DECLINED);
    assert_int_equal(told_count(c), 0);
    done(c, completion(c, FREE + 1, 2));
    assert_string_equal(holder(c, NPS_A), "crc.a");
}

static void an_enquiry_between_the_two_stays_between_them(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e;

    done(c, letter(c, CHECK, CRC_A, NPS_A, "risk.escalation.request"));
    e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);
    name(&e, CHECK);
    done(c, e);
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    done(c, completion(c, FREE + 1, 2));
    assert_int_equal(told_count(c), 2);
    assert_told(c, CRC_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(custody.conversation_count, 0);
    assert_string_equal(holder(c, NPS_A), "crc.a");

    struct told read; /* and so does what is owed in it */
    case_desk_wait(c, DAY);
    assert_true(told(c, CRC_A, 0, &read));
    assert_int_equal(read.kind, TOLD_CLOCK);
    assert_string_equal(read.clock.owed_by, "nps.a");
    assert_string_equal(read.clock.owed_to, "crc.a");
}

static void hand_over(struct case_desk *c, uint32_t named)
{
    struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);

    name(&e, named);
    done(c, e);
    done(c, act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
    done(c, completion(c, FREE + 1, 2));
}

static const struct told_conversation *told_of(const struct custody_told *told, uint32_t first)
{
    const struct id id = id_of(first);

    for (uint32_t i = 0; i < told->conversation_count; i++)
        if (id_equal(&told->conversations[i].id, &id))
            return &told->conversations[i];
    return NULL;
}

/* The court's enquiry: who takes the case is no party to what the court agreed. */
static void what_only_the_old_holder_can_answer_stays_with_it(void **)
{
    OWNED(case_desk) c = opened();
    const struct told_conversation *one;
    struct told read;

    done(c, letter(c, CHECK, COURT_A, NPS_A, "psr.request"));
    hand_over(c, CHECK);
    assert_told(c, NPS_A, CHANGE(TRANSFERRED), &custody);
    one = told_of(&custody, CHECK);
    assert_non_null(one);
    assert_true(one->stays);
    assert_string_equal(one->other, "court.a");
    assert_told(c, CRC_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(custody.conversation_count, 0);
    assert_int_equal(told_count(c), 2);
    assert_false(told(c, COURT_A, 0, &read));
    case_desk_restart(c);

    /* so who was asked owes the answer, and hears so */
    case_desk_wait(c, 2 * DAY + 1);
    assert_true(told(c, NPS_A, 0, &read));
    assert_int_equal(read.clock.kind, CONCORDAT__CLOCK_KIND__CLOCK_ANSWER);
    assert_string_equal(read.clock.owed_by, "nps.a");
    assert_string_equal(read.clock.owed_to, "court.a");
    /* gives it, twice when the first could not be opened, and does not keep the case open */
    struct envelope e = reply(c, 70, NPS_A, COURT_A, "psr.report", CHECK, 1);
    done(c, e);
    step(c, &e, CONCORDAT__STEP_KIND__REJECTED);
    done(c, reply(c, 71, NPS_A, COURT_A, "psr.report", CHECK, 2));
}

static void what_only_the_old_holder_can_answer_keeps_nobodys_case_open(void **)
{
    OWNED(case_desk) c = opened();

    done(c, letter(c, CHECK, COURT_A, NPS_A, "psr.request"));
    hand_over(c, CHECK);
    assert_int_equal(claim(c, CRC_A, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE, 3, &custody), OK);
    done(c, reply(c, 70, NPS_A, COURT_A, "psr.report", CHECK, 1));
}

static void what_the_new_holder_can_answer_is_put_to_it(void **)
{
    OWNED(case_desk) c = opened();
    const struct told_conversation *one;
    struct told read;

    done(c, letter(c, CHECK, POLICE_A, NPS_A, "mappa.info.request"));
    hand_over(c, CHECK);
    assert_told(c, POLICE_A, CHANGE(TRANSFERRED), &custody);
    assert_told(c, CRC_A, CHANGE(TRANSFERRED), &custody);
    one = told_of(&custody, CHECK);
    assert_non_null(one);
    assert_false(one->stays);
    assert_false(one->asked_by_holder);
    assert_string_equal(one->other, "police.a");
    case_desk_wait(c, 2 * DAY + 1);
    assert_true(told(c, CRC_A, 0, &read));
    assert_string_equal(read.clock.owed_by, "crc.a");
    refused(c, reply(c, 70, NPS_A, POLICE_A, "mappa.info.response", CHECK, 1),
            CODE(CONVERSATION_UNKNOWN));
    done(c, reply(c, 71, CRC_A, POLICE_A, "mappa.info.response", CHECK, 1));
}

/* It crosses the completion: opened by who held the case, it would never be the holder's. */
static void a_former_holder_opens_nothing_that_the_holder_could(void **)
{
    OWNED(case_desk) c = opened();

    done(c, letter(c, CHECK, NPS_A, CSC_A, "check.social_care.children.request"));
    hand_over(c, CHECK);
    refused(c, letter(c, 70, NPS_A, CSC_A, "safeguarding.referral.child"),
            CODE(NOT_CURRENT_HOLDER));
    refused(c, letter(c, 71, NPS_A, CSC_A, "check.social_care.children.request"),
            CODE(NOT_CURRENT_HOLDER));
    done(c, letter(c, 72, CRC_B, CSC_A, "safeguarding.referral.child"));
    done(c, letter(c, 73, CRC_A, CSC_A, "safeguarding.referral.child"));
    /* what it alone may lay before the court, and what is not about the case, goes */
    done(c, letter(c, 74, NPS_A, COURT_A, "enforcement.breach.information"));
    struct envelope e = letter(c, 75, NPS_A, CSC_A, "safeguarding.referral.child");
    e.case_handle = (struct id){{0}};
    done(c, e);
}

/* The most that a completion moves: what is more are enquiries that nobody answers, the oldest,
 * which stay with who asked. What can be closed or answered has to be, first. */
static void a_transfer_takes_at_most_so_many_conversations(void **)
{
    OWNED(case_desk) c = opened();
    struct envelope e;

    done(c, letter(c, 100, NPS_A, CSC_A, "check.social_care.children.request"));
    const struct envelope answer =
        reply(c, 99, CSC_A, NPS_A, "check.social_care.children.response", 100, 1);
    done(c, answer);
    for (uint32_t n = 1; n <= CONVERSATIONS_MAX; n++)
        done(c, letter(c, 100 + n, NPS_A, CSC_A, "check.social_care.children.request"));
    refused(c, letter(c, 900, NPS_A, CSC_A, "check.social_care.children.request"),
            CODE(RATE_LIMITED));
    step(c, &answer, CONCORDAT__STEP_KIND__REJECTED); /* the first is open again: one too many */
    e = offer(c, 1000, NPS_A, CRC_A, 1, ALL, 9);
    for (uint32_t n = 2; n <= CONVERSATIONS_MAX; n++)
        name(&e, 100 + n);
    refused(c, e, CODE(CONVERSATION_MISSING));
    e = offer(c, 1001, NPS_A, CRC_A, 1, ALL, 9);
    for (uint32_t n = 1; n <= CONVERSATIONS_MAX; n++)
        name(&e, 100 + n);
    done(c, e);
    done(c, act(c, 1002, CRC_A, NPS_A, "case.transfer.accept", 1001, 1, ALL));
    e = act(c, 1003, CRC_A, NPS_A, "case.transfer.complete", 1001, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    done(c, e);
    assert_told(c, CSC_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(custody.conversation_count, CONVERSATIONS_MAX);
    assert_null(told_of(&custody, 100));
    assert_true(exchange_batch_size(c->d->x) < 256 * 1024);
    done(c, reply(c, 1004, CSC_A, NPS_A, "check.social_care.children.response", 100, 2));
}

/* However many checks nobody answers. */
static void a_referral_goes_beside_any_number_of_checks(void **)
{
    OWNED(case_desk) c = opened();

    for (uint32_t n = 0; n < CONVERSATIONS_MAX; n++)
        done(c, letter(c, 100 + n, NPS_A, CSC_A, "check.social_care.children.request"));
    done(c, letter(c, 900, NPS_A, CSC_A, "safeguarding.referral.child"));
}

/* ---- restarts ---- */

/* After each batch of a transfer the broker may stop: it goes on all the same. */
static void a_transfer_goes_on_over_a_restart_between_any_two_batches(void **)
{
    for (int at = 0; at < 5; at++) {
        OWNED(case_desk) c = opened();
        int batch = 0;

#define NEXT(e)                                                                                    \
    do {                                                                                           \
        if (batch++ == at)                                                                         \
            case_desk_restart(c);                                                                  \
        done(c, e);                                                                                \
    } while (0)
        struct envelope e = offer(c, OFFER, NPS_A, CRC_A, 1, ALL, 9);
        name(&e, REFERRAL);
        NEXT(letter(c, REFERRAL, NPS_A, CSC_A, "safeguarding.referral.child"));
        NEXT(e);
        NEXT(act(c, FREE, CRC_A, NPS_A, "case.transfer.accept", OFFER, 1, ALL));
        NEXT(completion(c, FREE + 1, 2));
        if (batch++ == at)
            case_desk_restart(c);
#undef NEXT
        assert_string_equal(holder(c, NPS_A), "crc.a");
        assert_string_equal(holder(c, CSC_A), "crc.a");
        done(c, reply(c, 90, CRC_A, CSC_A, "safeguarding.update", REFERRAL, 2));
        refused(c, letter(c, 91, NPS_A, CRC_A, "case.update"), CODE(NOT_CURRENT_HOLDER));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_goes_over_with_all_that_is_open_at_completion_alone),
        cmocka_unit_test(a_second_offer_is_stale_whoever_it_is_to),
        cmocka_unit_test(completion_wants_every_component_and_the_manifest),
        cmocka_unit_test(what_is_withdrawn_or_not_opened_is_gone),
        cmocka_unit_test(what_is_offered_again_and_not_opened_lapses),
        cmocka_unit_test(what_is_offered_again_lapses_when_it_is_declined_days_later),
        cmocka_unit_test(what_is_offered_no_more_is_declined_in_vain),
        cmocka_unit_test(an_offer_lapses_at_its_time_unless_all_is_accepted),
        cmocka_unit_test(a_declined_offer_lapses_unless_all_is_accepted),
        cmocka_unit_test(an_enquiry_between_the_two_stays_between_them),
        cmocka_unit_test(what_only_the_old_holder_can_answer_stays_with_it),
        cmocka_unit_test(what_only_the_old_holder_can_answer_keeps_nobodys_case_open),
        cmocka_unit_test(what_the_new_holder_can_answer_is_put_to_it),
        cmocka_unit_test(a_former_holder_opens_nothing_that_the_holder_could),
        cmocka_unit_test(a_transfer_takes_at_most_so_many_conversations),
        cmocka_unit_test(a_referral_goes_beside_any_number_of_checks),
        cmocka_unit_test(a_transfer_goes_on_over_a_restart_between_any_two_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
