/* The exchange decides once, shows nothing before it is durable, and forgets nothing it owes. */
#include "tests/unit/exchange_desk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/directory.h"
#include "lib/id.h"

/* ---- acceptance ---- */

static void a_covered_message_is_accepted_and_delivered(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    assert_int_equal(d->events[0].kind, EVENT_ACCEPTED);
    assert_int_equal(d->events[0].at_ms, NOW);
    assert_string_equal(d->events[0].recipient, "nps.a");
    assert_int_equal(d->events[0].lane, 1);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, d->events[0].sequence);
    assert_int_equal(receipt->head.released, 1);
    assert_true(receipt->head.charge > BODY_SIZE);
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, 0);
    assert_int_equal(item->sequence, d->events[0].sequence);
    assert_false(item->again);
}

static void nothing_is_visible_before_it_is_durable(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    d->effect_count = 0;
    desk_submit(d, &e);
    desk_start_batch(d);
    assert_int_equal(d->event_count, 1);
    /* Taking effects now is a programmer's mistake, and ends the process. */
    pid_t child = fork();
    if (child == 0) {
        size_t size;
        (void)fclose(stderr);
        (void)signal(SIGABRT, SIG_DFL);
        (void)exchange_take_effects(d->x, 0, &size);
        _exit(0);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
    desk_finish_batch(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
}

static void each_fault_has_its_code(void **)
{
    static const struct {
        const char *field;
        Concordat__RefusalCode code;
        bool recorded;
    } cases[] = {
        {"created past", CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE, true},
        {"created ahead", CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE, true},
        {"expired", CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE, true},
        {"recipient", CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN, true},
        {"key", CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN, true},
        {"expires after the key", CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN, true},
        {"agreement", CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, true},
        {"version", CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE, true},
        {"category", CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED, true},
        {"full", CONCORDAT__REFUSAL_CODE__STORE_FULL, false},
    };
    OWNED(desk) d = desk_with(10);

    for (uint32_t i = 0; i < LENGTH(cases); i++) {
        struct envelope e = desk_envelope(d, 100 + i);
        switch (i) {
        case 0:
            e.created_ms = NOW - 31 * DAY;
            break;
        case 1:
            e.created_ms = NOW + 301000;
            break;
        case 2:
            e.expires_ms = NOW;
            break;
        case 3:
            strcpy(e.recipient, "nps.z");
            break;
        case 4:
            e.recipient_key_id[0] ^= 1;
            break;
        case 5:
            e.expires_ms = NOW + 51 * DAY;
            break;
        case 6:
            strcpy(e.agreement_id, "ISA-NONE");
            break;
        case 7:
            e.agreement_version = 2;
            break;
        case 8:
            e.categories |= 1 << CONCORDAT__DATA_CATEGORY__DC_VICTIM;
            break;
        default:
            exchange_set_full(d->x, true);
        }
        desk_submit(d, &e);
        desk_run(d);
        const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
        assert_int_equal(refusal->refusal.code, cases[i].code);
        assert_int_equal(d->event_count, cases[i].recorded);
        assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
        if (cases[i].recorded)
            assert_int_equal(d->events[0].kind, EVENT_REFUSED);
        if (cases[i].code == CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED)
            assert_int_equal(refusal->refusal.offending, 1 << CONCORDAT__DATA_CATEGORY__DC_VICTIM);
    }
}

static void a_full_store_leaves_the_id_free(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    exchange_set_full(d->x, true);
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_REFUSAL, COURT), 1);
    exchange_set_full(d->x, false);
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
}

static void a_full_store_records_no_refusal_either(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    exchange_set_full(d->x, true);
    strcpy(e.recipient, "nps.z");
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    assert_int_equal(refusal->refusal.code, CONCORDAT__REFUSAL_CODE__STORE_FULL);
}

static void a_duplicate_gets_the_original_answer(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1), bad = desk_envelope(d, 2);
    uint64_t sequence = desk_accept(d, 1);

    d->now_ms = NOW + 40 * DAY; /* expired by now: the answer is still the first one */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 1); /* the clock's: old ids are forgotten */
    assert_int_equal(d->events[0].kind, EVENT_AGED);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, sequence);
    assert_int_equal(receipt->receipt.accepted_ms, NOW);
    assert_string_equal(receipt->receipt.clause, "psr-request");

    strcpy(bad.agreement_id, "ISA-NONE");
    bad.created_ms = bad.expires_ms = d->now_ms + 1;
    for (int i = 0; i < 2; i++) {
        desk_submit(d, &bad);
        desk_run(d);
        assert_int_equal(d->event_count, i == 0);
        const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
        assert_int_equal(refusal->refusal.refused_ms, d->now_ms);
        assert_string_equal(refusal->refusal.agreement_id, "ISA-NONE");
    }
}

static void a_duplicate_from_the_checkpoint_gets_the_original_answer(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    strcpy(d->stored[0].sender, "court.a");
    d->stored[0].id = e.message_id;
    d->stored[0].record = (struct message_record){.header_digest = desk_digest(&e),
                                                  .sequence = 77,
                                                  .accepted_ms = 5,
                                                  .clause = "psr-request"};
    d->stored_count = 1;
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, 77);
    assert_int_equal(receipt->receipt.accepted_ms, 5);
    e.sequence = 9; /* other content */
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    assert_int_equal(refusal->refusal.code, CONCORDAT__REFUSAL_CODE__ID_REUSED);
}

static void the_same_id_with_other_content_is_refused(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    (void)desk_accept(d, 1);
    e.expires_ms++;
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    assert_int_equal(refusal->refusal.code, CONCORDAT__REFUSAL_CODE__ID_REUSED);
    e = desk_envelope(d, 1); /* and the first still has its answer */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
}

static void twice_in_one_batch_is_one_message(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    desk_submit(d, &e);
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
}

/* ---- delivery ---- */

static void lanes_go_in_order(void **)
{
    OWNED(desk) d = desk_with(0);
    static const int urgencies[] = {CONCORDAT__URGENCY__ROUTINE, CONCORDAT__URGENCY__SAME_DAY,
                                    CONCORDAT__URGENCY__IMMEDIATE, CONCORDAT__URGENCY__ROUTINE};
    static const uint8_t expected[] = {0, 1, 2, 2};
    struct event event;

    for (uint32_t i = 0; i < LENGTH(urgencies); i++) {
        struct envelope e = desk_envelope(d, i);
        e.urgency = urgencies[i];
        desk_submit(d, &e);
    }
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0); /* no credit yet */
    struct command_credit *credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 10;
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, i);
        struct reader r = reader_of(item->record, item->record_size);
        assert_int_equal(event_read(&r, &event), ST_OK);
        assert_int_equal(event.lane, expected[i]);
    }
}

static void credit_bounds_what_is_in_flight_and_keeps_an_eighth(void **)
{
    OWNED(desk) d = desk_with(8);

    for (uint32_t i = 0; i < 20; i++) {
        struct envelope e = desk_envelope(d, i);
        desk_submit(d, &e);
    }
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 7); /* of 8, one is for lane 0 */
    struct envelope urgent = desk_envelope(d, 20);
    urgent.urgency = CONCORDAT__URGENCY__IMMEDIATE;
    desk_submit(d, &urgent);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1); /* overtakes 13 */
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    (void)desk_step(d, 0, CONCORDAT__STEP_KIND__DELIVERED, NULL, 2);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1); /* settled: credit is free again */
}

static void an_ended_session_gets_its_items_again(void **)
{
    OWNED(desk) d = desk_with(10);
    uint64_t first = desk_accept(d, 1), second = desk_accept(d, 2);
    struct command_gone *gone = turn_command(&d->turn, COMMAND_GONE, NPS, sizeof *gone);

    gone->head.member = d->nps;
    desk_run(d);
    (void)desk_accept(d, 3);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    assert_int_equal(desk_hello(d, 3, "nps.a", 10), d->nps);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, 3), 3);
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, 3, 0);
    assert_int_equal(item->sequence, first);
    assert_true(item->again);
    item = desk_effect(d, EFFECT_DELIVER, 3, 1);
    assert_int_equal(item->sequence, second);
    item = desk_effect(d, EFFECT_DELIVER, 3, 2);
    assert_false(item->again);
}

static void a_newer_session_replaces_the_older(void **)
{
    OWNED(desk) d = desk_with(10);
    struct exchange_alarm alarm;

    (void)desk_accept(d, 1);
    desk_follow(d, 3, desk_greet(d, 3, "nps.a", 10), 0);
    assert_int_equal(desk_count(d, EFFECT_CLOSE, NPS), 1);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, 3), 1);
    assert_true(exchange_next_alarm(d->x, &alarm));
    assert_int_equal(alarm.kind, ALARM_REPLACED);
    assert_string_equal(alarm.agency, "nps.a");
    /* What the older one still says is not heard. */
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    assert_int_equal(d->effect_count, 0);
}

static void restored_items_are_delivered_from_the_checkpoint(void **)
{
    OWNED(desk) d = desk_with(10);
    struct event event = {.kind = EVENT_ACCEPTED, .sender = "court.a", .recipient = "nps.a"};
    struct command_gone *gone = turn_command(&d->turn, COMMAND_GONE, NPS, sizeof *gone);

    gone->head.member = d->nps;
    desk_run(d);
    assert_int_equal(exchange_restore_item(d->x, "nps.a", 2, 40, &event), ST_OK);
    (void)desk_hello(d, 3, "nps.a", 10);
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, 3, 0);
    assert_int_equal(item->sequence, 40);
    assert_true(item->again);
}

/* The clock was set back by an hour while the broker was down. */
static void time_does_not_go_back_over_a_restart(void **)
{
    OWNED(desk) d = desk_with(10);
    struct event event = {
        .kind = EVENT_ACCEPTED, .sender = "court.a", .recipient = "nps.a", .at_ms = NOW + 3600000};

    assert_int_equal(exchange_restore_item(d->x, "nps.a", 2, 40, &event), ST_OK);
    (void)desk_accept(d, 1);
    assert_int_equal(desk_event(d, EVENT_ACCEPTED, 0)->at_ms, NOW + 3600000);
}

/* A key a day, for longer than a directory has room for: those in use are the last. */
static void restored_keys_are_those_that_close_last(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);
    uint8_t proof[DIGEST_SIZE + SIGNATURE_SIZE] = {1};

    for (uint8_t day = 1; day <= AGENCY_KEYS_MAX + 6; day++) {
        struct key_statement key = {.agency = "nps.a", .from_ms = NOW + (day - 120) * DAY};
        uint8_t bytes[512];
        size_t size;

        key.seal_until_ms = key.from_ms + 7 * DAY;
        key.open_until_ms = key.from_ms + 60 * DAY;
        memset(key.key_id, 100 + day, sizeof key.key_id);
        memset(key.public_key, 8, sizeof key.public_key);
        assert_int_equal(key_statement_write(&key, bytes, sizeof bytes, &size), ST_OK);
        assert_int_equal(exchange_restore_key(d->x, "nps.a", (struct bytes){bytes, size},
                                              (struct bytes){proof, sizeof proof}),
                         ST_OK);
        memcpy(e.recipient_key_id, key.key_id, sizeof e.recipient_key_id);
    }
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
}

/* ---- evidence ---- */

static void steps_climb_the_ladder_in_order(void **)
{
    OWNED(desk) d = desk_with(10);
    uint64_t message = desk_accept(d, 1);

    struct digest delivered = desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 11);
    desk_run(d);
    assert_int_equal(d->events[0].kind, EVENT_STEP);
    assert_int_equal(d->events[0].message_sequence, message);
    assert_string_equal(d->events[0].sender, "court.a");
    const struct effect_settle *settled = desk_effect(d, EFFECT_SETTLE, NPS, 0);
    assert_int_equal(settled->sequence, 11);
    const struct effect_item *item = desk_effect(d, EFFECT_STEP, COURT, 0);
    assert_int_equal(item->sequence, d->events[0].sequence);

    struct digest opened = desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, &delivered, 12);
    struct digest acknowledged = desk_step(d, 1, CONCORDAT__STEP_KIND__ACKNOWLEDGED, &opened, 13);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__ANSWERED, &acknowledged, 14);
    desk_run(d);
    assert_int_equal(d->event_count, 3);
    assert_int_equal(desk_count(d, EFFECT_SETTLE, NPS), 3);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 3);
}

static void a_step_out_of_order_is_answered_but_not_recorded(void **)
{
    OWNED(desk) d = desk_with(10);
    struct exchange_alarm alarm;
    struct digest none = {{1}};

    (void)desk_accept(d, 1);
    (void)desk_accept(d, 2);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, NULL, 1);     /* before delivered */
    (void)desk_step(d, 9, CONCORDAT__STEP_KIND__DELIVERED, NULL, 2);  /* of no message */
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, &none, 3); /* chained to nothing */
    struct digest rejected = desk_step(d, 2, CONCORDAT__STEP_KIND__REJECTED, NULL, 4);
    (void)desk_step(d, 2, CONCORDAT__STEP_KIND__OPENED, &rejected, 5); /* after rejected */
    (void)desk_step(d, 2, 31, &rejected, 6);                           /* no such step */
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    assert_int_equal(desk_count(d, EFFECT_SETTLE, NPS), 6);
    for (int i = 0; i < 5; i++) {
        assert_true(exchange_next_alarm(d->x, &alarm));
        assert_int_equal(alarm.kind, ALARM_STEP_REFUSED);
    }
    assert_false(exchange_next_alarm(d->x, &alarm));
}

static void the_same_step_again_is_answered_alike(void **)
{
    OWNED(desk) d = desk_with(10);

    (void)desk_accept(d, 1);
    struct digest delivered = desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, &delivered, 2);
    desk_run(d);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, &delivered, 2);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    assert_int_equal(desk_count(d, EFFECT_SETTLE, NPS), 2);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 0);
}

static void a_late_step_finds_its_message_in_the_checkpoint(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    strcpy(d->stored[0].sender, "court.a");
    d->stored[0].id = e.message_id;
    d->stored[0].record = (struct message_record){
        .header_digest = desk_digest(&e), .sequence = 2, .recipient = "nps.a", .lane = 2};
    d->stored_count = 1;
    struct digest delivered = desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, &delivered, 2);
    desk_run(d);
    assert_int_equal(d->event_count, 2);
    assert_int_equal(d->events[0].message_sequence, 2);
    assert_int_equal(d->events[1].step_kind, CONCORDAT__STEP_KIND__OPENED);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 2);
}

/* Its record is forgotten 90 days after it was settled, though a step came in that very moment. */
static void a_forgotten_id_is_new(void **)
{
    OWNED(desk) d = desk_with(10);
    struct envelope e = desk_envelope(d, 1);

    desk_checkpoint(d);
    strcpy(d->stored[0].sender, "court.a");
    d->stored[0].id = e.message_id;
    d->stored[0].record = (struct message_record){
        .header_digest = desk_digest(&e), .sequence = 2, .recipient = "nps.a", .lane = 2};
    d->stored_count = 1;
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    d->stored_count = 0;
    uint64_t sequence = desk_accept(d, 1);
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.sequence, sequence);
    desk_checkpoint(d);
}

static void only_its_owner_settles_evidence_and_nobody_a_message(void **)
{
    OWNED(desk) d = desk_with(10);
    uint64_t message = desk_accept(d, 1);

    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    uint64_t item = d->events[0].sequence;
    desk_settle(d, NPS, d->nps, item);
    desk_settle(d, NPS, d->nps, message);
    desk_settle(d, COURT, d->court, 12345);
    desk_run(d);
    assert_int_equal(d->event_count, 0);
    assert_int_equal(desk_count(d, EFFECT_RELEASE, NPS), 2);
    desk_settle(d, COURT, d->court, item);
    desk_settle(d, COURT, d->court, item);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
    assert_int_equal(d->events[0].kind, EVENT_TAKEN);
    assert_int_equal(d->events[0].item_sequence, item);
}

/* ---- the directory ---- */

/* Asks, and reads the one frame that answers. */
static struct wire ask(struct desk *d, struct arena *arena, uint32_t agencies,
                       const char *const names[], uint32_t count, const struct digest digests[])
{
    struct command_directory *asked =
        turn_command(&d->turn, COMMAND_DIRECTORY, COURT, sizeof *asked);
    struct wire wire = {.kind = WIRE_BYE};

    asked->head.member = d->court;
    asked->request = 8;
    asked->agency_count = agencies;
    asked->certificate_count = count;
    for (uint32_t i = 0; i < agencies; i++)
        strcpy(asked->agencies[i], names[i]);
    for (uint32_t i = 0; i < count; i++)
        asked->certificates[i] = digests[i];
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_FRAME, COURT), 1);
    assert_int_equal(desk_count(d, EFFECT_RELEASE, COURT), 1);
    const struct effect_frame *frame = desk_effect(d, EFFECT_FRAME, COURT, 0);
    assert_int_equal(
        wire_read((struct bytes){frame->bytes + 8, frame->bytes_size - 8}, arena, &wire, NULL),
        ST_OK);
    assert_int_equal(wire.kind, WIRE_DIRECTORY);
    assert_int_equal(wire.directory.request, 8);
    return wire;
}

static void a_question_gets_one_answer(void **)
{
    static const char *const names[] = {"nps.a", "nps.z"};
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    OWNED(desk) d = desk_with(10);
    const struct digest digests[] = {sha256("nps.a", 5), sha256("nobody", 6)};

    struct wire wire = ask(d, arena, 2, names, 2, digests);
    assert_int_equal(wire.directory.entry_count, 3);
    assert_string_equal(wire.directory.entries[0].agency, "nps.a"); /* by its certificate */
    assert_int_equal(wire.directory.entries[0].certificate_count, 1);
    assert_int_equal(wire.directory.entries[0].key_count, 0);
    assert_string_equal(wire.directory.entries[1].agency, "nps.a");
    assert_true(wire.directory.entries[1].known);
    assert_int_equal(wire.directory.entries[1].key_count, 1);
    assert_string_equal(wire.directory.entries[2].agency, "nps.z");
    assert_false(wire.directory.entries[2].known);
}

static void what_is_not_there_is_answered_too(void **)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    OWNED(desk) d = desk_with(10);
    const struct digest nobody = sha256("nobody", 6);

    assert_int_equal(ask(d, arena, 0, NULL, 1, &nobody).directory.entry_count, 0);
}

static void a_key_is_shown_until_it_closes(void **)
{
    static const char *const names[] = {"nps.a"};
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    OWNED(desk) d = desk_with(10);

    assert_int_equal(ask(d, arena, 1, names, 0, NULL).directory.entries[0].key_count, 1);
    d->now_ms = NOW + 51 * DAY;
    assert_int_equal(ask(d, arena, 1, names, 0, NULL).directory.entries[0].key_count, 0);
}

/* ---- checkpoints ---- */

static void a_checkpoint_takes_messages_out_of_memory(void **)
{
    OWNED(desk) d = desk_with(0);
    struct note_status *status;
    size_t size;

    (void)desk_accept(d, 1);
    (void)desk_accept(d, 2);
    desk_checkpoint(d);
    status = exchange_status(d->x, &size);
    assert_int_equal(status->recent, 0);
    assert_int_equal(status->items, 2);
    free(status);
    /* Both are still owed, and come from the checkpoint now. */
    struct command_credit *credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 10;
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 2);
}

static void what_is_touched_after_a_checkpoint_stays_in_memory(void **)
{
    OWNED(desk) d = desk_with(10);
    struct note_status *status;
    size_t size;

    uint64_t sequence = desk_accept(d, 1);
    struct digest delivered = desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    desk_run(d);
    exchange_checkpointed(d->x, sequence); /* holds the message, not the step */
    status = exchange_status(d->x, &size);
    assert_int_equal(status->recent, 1);
    free(status);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__OPENED, &delivered, 2);
    desk_run(d);
    assert_int_equal(d->event_count, 1);
}

static void the_clock_never_goes_back(void **)
{
    OWNED(desk) d = desk_with(10);

    (void)desk_accept(d, 1);
    d->now_ms = NOW - 10 * DAY;
    (void)desk_accept(d, 2);
    assert_int_equal(d->events[0].at_ms, NOW);
}

/* Whatever the clock says then: of an event that left nothing else behind too. */
static void time_goes_on_from_the_newest_event_of_the_store(void **)
{
    OWNED(desk) d = desk_with(10);

    exchange_restore_time(d->x, NOW + DAY);
    exchange_restore_time(d->x, NOW - DAY);
    struct envelope e = desk_envelope(d, 1);
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_receipt *receipt = desk_effect(d, EFFECT_RECEIPT, COURT, 0);
    assert_int_equal(receipt->receipt.accepted_ms, NOW + DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_on_from_the_newest_event_of_the_store),
        cmocka_unit_test(a_covered_message_is_accepted_and_delivered),
        cmocka_unit_test(nothing_is_visible_before_it_is_durable),
        cmocka_unit_test(each_fault_has_its_code),
        cmocka_unit_test(a_full_store_leaves_the_id_free),
        cmocka_unit_test(a_full_store_records_no_refusal_either),
        cmocka_unit_test(a_duplicate_gets_the_original_answer),
        cmocka_unit_test(a_duplicate_from_the_checkpoint_gets_the_original_answer),
        cmocka_unit_test(the_same_id_with_other_content_is_refused),
        cmocka_unit_test(twice_in_one_batch_is_one_message),
        cmocka_unit_test(lanes_go_in_order),
        cmocka_unit_test(credit_bounds_what_is_in_flight_and_keeps_an_eighth),
        cmocka_unit_test(an_ended_session_gets_its_items_again),
        cmocka_unit_test(a_newer_session_replaces_the_older),
        cmocka_unit_test(restored_items_are_delivered_from_the_checkpoint),
        cmocka_unit_test(time_does_not_go_back_over_a_restart),
        cmocka_unit_test(restored_keys_are_those_that_close_last),
        cmocka_unit_test(steps_climb_the_ladder_in_order),
        cmocka_unit_test(a_step_out_of_order_is_answered_but_not_recorded),
        cmocka_unit_test(the_same_step_again_is_answered_alike),
        cmocka_unit_test(a_late_step_finds_its_message_in_the_checkpoint),
        cmocka_unit_test(a_forgotten_id_is_new),
        cmocka_unit_test(only_its_owner_settles_evidence_and_nobody_a_message),
        cmocka_unit_test(a_question_gets_one_answer),
        cmocka_unit_test(what_is_not_there_is_answered_too),
        cmocka_unit_test(a_key_is_shown_until_it_closes),
        cmocka_unit_test(a_checkpoint_takes_messages_out_of_memory),
        cmocka_unit_test(what_is_touched_after_a_checkpoint_stays_in_memory),
        cmocka_unit_test(the_clock_never_goes_back),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
