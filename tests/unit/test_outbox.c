/* Outbox, inbox and track: what is put in comes out, in order, and goes when it should. */
#include "tests/unit/agent_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cases.h"
#include "agents/inbox.h"
#include "agents/outbox.h"
#include "proto/evidence.pb-c.h"
#include "agents/track.h"
#include "agents/trees.h"

#define RESENT_SIZE (2 * ID_SIZE + 1 + DIGEST_SIZE) /* bytes that version 3 of a track has more */
#define WATCH_SIZE 8                                /* and version 4 */

static struct bytes text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct id id_number(uint8_t number)
{
    struct id id = {{0}};

    id.bytes[15] = number;
    return id;
}

static void put_sealed(struct txn *txn, uint8_t id, uint8_t lane, uint64_t number)
{
    struct id name = id_number(id);
    struct outbox_entry entry = {.sealed = true,
                                 .lane = lane,
                                 .number = number,
                                 .header = text("header"),
                                 .proof = {.count = 3, .index = 1, .length = 2},
                                 .body = text("body")};

    assert_int_equal(outbox_put_sealed(txn, &name, "nps.cambs", &entry), ST_OK);
}

static void a_sealed_message_comes_out_as_it_went_in(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct outbox_entry entry;
    struct id id = id_number(1);

    put_sealed(txn, 1, 0, 7);
    assert_int_equal(outbox_get(txn, &id, &entry), ST_OK);
    assert_true(entry.sealed);
    assert_int_equal(entry.number, 7);
    assert_int_equal(entry.proof.count, 3);
    assert_int_equal(entry.proof.length, 2);
    assert_memory_equal(entry.header.data, "header", entry.header.size);
    assert_memory_equal(entry.body.data, "body", entry.body.size);
    assert_int_equal(outbox_count(txn), 1);
}

static void messages_leave_in_order_of_lane_and_number(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    uint64_t number;
    struct id id;

    put_sealed(txn, 1, 2, 5);
    put_sealed(txn, 2, 0, 9);
    put_sealed(txn, 3, 2, 300);
    assert_int_equal(outbox_next(txn, 0, 0, &number, &id), ST_OK);
    assert_int_equal(id.bytes[15], 2);
    assert_int_equal(outbox_next(txn, 0, 10, &number, &id), ST_MORE);
    assert_int_equal(outbox_next(txn, 1, 0, &number, &id), ST_MORE);
    assert_int_equal(outbox_next(txn, 2, 0, &number, &id), ST_OK);
    assert_int_equal(number, 5);
    assert_int_equal(outbox_next(txn, 2, 6, &number, &id), ST_OK);
    assert_int_equal(number, 300);
}

static void an_answered_message_stays_but_is_not_sent_again(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct outbox_entry entry;
    uint64_t number;
    struct id id = id_number(1), next;

    put_sealed(txn, 1, 1, 1);
    assert_int_equal(outbox_answered(txn, &id), ST_OK);
    assert_int_equal(outbox_next(txn, 1, 0, &number, &next), ST_MORE);
    assert_int_equal(outbox_get(txn, &id, &entry), ST_OK);
    assert_int_equal(outbox_drop(txn, &id, "nps.cambs"), ST_OK);
    assert_int_equal(outbox_get(txn, &id, &entry), ST_MORE);
    assert_int_equal(outbox_drop(txn, &id, "nps.cambs"), ST_OK);
    assert_int_equal(outbox_answered(txn, &id), ST_OK);
}

static void keyless_messages_wait_by_recipient(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    char recipient[AGENCY_MAX + 1];
    uint64_t number;
    struct id a = id_number(1), b = id_number(2), c = id_number(3), id;

    assert_int_equal(outbox_put_keyless(txn, &a, "nps.cambs", 1, 1, text("a")), ST_OK);
    assert_int_equal(outbox_put_keyless(txn, &b, "nps", 1, 2, text("b")), ST_OK);
    assert_int_equal(outbox_put_keyless(txn, &c, "nps.cambs", 1, 3, text("c")), ST_OK);
    assert_int_equal(outbox_next_recipient(txn, "", recipient), ST_OK);
    assert_string_equal(recipient, "nps");
    assert_int_equal(outbox_next_recipient(txn, "nps", recipient), ST_OK);
    assert_string_equal(recipient, "nps.cambs");
    assert_int_equal(outbox_next_recipient(txn, "nps.cambs", recipient), ST_MORE);
    assert_int_equal(outbox_next_keyless(txn, "nps.cambs", 0, &number, &id), ST_OK);
    assert_int_equal(number, 1);
    put_sealed(txn, 1, 1, 1); /* its key has come */
    assert_int_equal(outbox_next_keyless(txn, "nps.cambs", 0, &number, &id), ST_OK);
    assert_int_equal(number, 3);
    assert_int_equal(outbox_next_keyless(txn, "nps.camb", 0, &number, &id), ST_MORE);
}

static bool count_and_keep(void *context, const struct id *key)
{
    uint8_t *seen = context;

    seen[++seen[0]] = key->bytes[15];
    return true;
}

static void the_inbox_shows_immediate_first_until_taken(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct id a = id_number(1), b = id_number(2);
    uint8_t seen[8] = {0};
    struct bytes body;

    assert_int_equal(inbox_put(txn, &a, 2, 1, text("routine")), ST_OK);
    assert_int_equal(inbox_put(txn, &b, 0, 2, text("immediate")), ST_OK);
    assert_int_equal(inbox_unopened(txn, count_and_keep, seen), ST_OK);
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 2);
    assert_int_equal(inbox_taken(txn, &b), ST_OK);
    assert_int_equal(inbox_count_unopened(txn), 1);
    assert_int_equal(inbox_get(txn, &b, &body), ST_OK);
    assert_memory_equal(body.data, "immediate", body.size);
    assert_int_equal(inbox_delete(txn, &b), ST_OK);
    assert_int_equal(inbox_get(txn, &b, &body), ST_MORE);
}

static void a_flipped_bit_in_a_stored_body_is_refused(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct id id = id_number(1);
    struct bytes record, body;
    uint8_t copy[256];

    assert_int_equal(inbox_put(txn, &id, 2, 1, text("the body")), ST_OK);
    assert_int_equal(store_get(txn, TREE_INBOX, (struct bytes){id.bytes, ID_SIZE}, &record), ST_OK);
    memcpy(copy, record.data, record.size);
    for (size_t bit = 8 * (record.size - 8); bit < 8 * record.size; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(store_put(txn, TREE_INBOX, (struct bytes){id.bytes, ID_SIZE},
                                   (struct bytes){copy, record.size}),
                         ST_OK);
        assert_int_equal(inbox_get(txn, &id, &body), ST_INVALID);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static struct track sample(uint8_t number)
{
    struct track track = {.way = WAY_OUT,
                          .key = id_number(number),
                          .message_id = id_number(number),
                          .from = "court.b35cz00",
                          .to = "nps.cambs",
                          .type = "psr.request",
                          .shared = 6,
                          .created_ms = 1234567,
                          .agreement_named = true,
                          .break_glass = true,
                          .answer = id_number(77),
                          .answered_ms = 89,
                          .resent_as = id_number(78),
                          .resent_of = id_number(79),
                          .lapse = LAPSE_SUPERSEDED,
                          .agreement_hash = {{5}},
                          .offending = 4};
    struct rung rung = {.kind = RUNG_QUEUED, .at_ms = 5, .by = "court.b35cz00"};

    assert_true(track_add(&track, &rung));
    rung = (struct rung){.kind = RUNG_REFUSED, .verified = true, .code = 7, .by = "broker"};
    assert_true(track_add(&track, &rung));
    return track;
}

static void a_track_reads_back_and_half_of_one_does_not(void **)
{
    struct track track = sample(1), back;
    uint8_t record[TRACK_MAX];
    size_t size;

    assert_int_equal(track_write(&track, record, sizeof record, &size), ST_OK);
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_OK);
    assert_memory_equal(&back, &track, sizeof track);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(track_read((struct bytes){record, cut}, &back), ST_INVALID);
    assert_int_equal(track_write(&track, record, size - 1, &size), ST_LIMIT);
}

/* A store from before answers and named agreements were kept. */
static void a_track_of_the_first_version_reads_too(void **)
{
    struct track track = sample(1), back;
    uint8_t record[TRACK_MAX];
    size_t size;

    assert_int_equal(track_write(&track, record, sizeof record, &size), ST_OK);
    record[0] = 1;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_INVALID);
    size -= 1 + ID_SIZE + 8 + RESENT_SIZE + WATCH_SIZE;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_OK);
    track.agreement_named = track.break_glass = false;
    track.answer = (struct id){{0}};
    track.answered_ms = 0;
    track.resent_as = track.resent_of = (struct id){{0}};
    track.lapse = LAPSE_NONE;
    track.agreement_hash = (struct digest){{0}};
    track.watch_until_ms = 0;
    assert_memory_equal(&back, &track, sizeof track);
    record[0] = 5;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_INVALID);
}

/* One from before messages were sent again. */
static void a_track_of_the_second_version_reads_too(void **)
{
    struct track track = sample(1), back;
    uint8_t record[TRACK_MAX];
    size_t size;

    assert_int_equal(track_write(&track, record, sizeof record, &size), ST_OK);
    record[0] = 2;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_INVALID);
    size -= RESENT_SIZE + WATCH_SIZE;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_OK);
    track.resent_as = track.resent_of = (struct id){{0}};
    track.lapse = LAPSE_NONE;
    track.agreement_hash = (struct digest){{0}};
    track.watch_until_ms = 0;
    assert_memory_equal(&back, &track, sizeof track);
}

/* One from before referrals said until when they are watched. */
static void a_track_of_the_third_version_reads_too(void **)
{
    struct track track = sample(1), back;
    uint8_t record[TRACK_MAX];
    size_t size;

    track.watch_until_ms = 1800000000000;
    assert_int_equal(track_write(&track, record, sizeof record, &size), ST_OK);
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_OK);
    assert_memory_equal(&back, &track, sizeof track);
    record[0] = 3;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_INVALID);
    assert_int_equal(track_read((struct bytes){record, size - WATCH_SIZE}, &back), ST_OK);
    track.watch_until_ms = 0;
    assert_memory_equal(&back, &track, sizeof track);
}

static void a_lapse_that_is_none_is_refused(void **)
{
    struct track track = sample(1), back;
    uint8_t record[TRACK_MAX];
    size_t size;

    assert_int_equal(track_write(&track, record, sizeof record, &size), ST_OK);
    record[size - WATCH_SIZE - DIGEST_SIZE - 1] = LAPSE_SUPERSEDED + 1;
    assert_int_equal(track_read((struct bytes){record, size}, &back), ST_INVALID);
}

#define UNKNOWN CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN

/* Which of three messages is set aside first. */
static uint8_t first_stale(struct txn *txn, uint8_t lane, uint64_t number)
{
    struct aside aside = {.lane = lane, .number = number};
    enum status status = outbox_next_aside(txn, &aside);

    if (status == ST_MORE)
        return 0;
    assert_int_equal(status, ST_OK);
    assert_int_equal(aside.at_ms, 1000 + aside.id.bytes[15]);
    assert_int_equal(aside.code, UNKNOWN);
    return aside.id.bytes[15];
}

static void what_is_set_aside_is_not_to_submit_and_keeps_its_order(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct id id = id_number(1), next;
    uint64_t number;

    put_sealed(txn, 1, 2, 5);
    put_sealed(txn, 2, 2, 4);
    put_sealed(txn, 3, 0, 9);
    for (uint8_t i = 1; i <= 3; i++) {
        id = id_number(i);
        assert_int_equal(outbox_set_aside(txn, &id, UNKNOWN, 1000 + i), ST_OK);
        assert_int_equal(outbox_set_aside(txn, &id, UNKNOWN, 9999), ST_OK);
    }
    assert_int_equal(outbox_next(txn, 2, 0, &number, &next), ST_MORE);
    assert_int_equal(first_stale(txn, 0, 0), 3);
    assert_int_equal(first_stale(txn, 0, 10), 2);
    assert_int_equal(first_stale(txn, 2, 5), 1);
    assert_int_equal(outbox_count(txn), 3);
    id = id_number(2);
    assert_int_equal(outbox_drop(txn, &id, "nps.cambs"), ST_OK);
    assert_int_equal(first_stale(txn, 0, 10), 1);
    id = id_number(1);
    assert_int_equal(outbox_answered(txn, &id), ST_OK);
    assert_int_equal(first_stale(txn, 0, 10), 0);
    id = id_number(77);
    assert_int_equal(outbox_set_aside(txn, &id, UNKNOWN, 1), ST_MORE);
}

static void what_is_kept_goes_with_the_verdict(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct kept kept = {.purpose_named = true,
                        .has_body = true,
                        .officer = "K. Hartley",
                        .justification = "a reason",
                        .body = text("plain")},
                back;
    struct id answered = id_number(1), dropped = id_number(2);

    put_sealed(txn, 1, 1, 1);
    put_sealed(txn, 2, 1, 2);
    assert_int_equal(outbox_keep(txn, &answered, &kept), ST_OK);
    assert_int_equal(outbox_keep(txn, &dropped, &kept), ST_OK);
    assert_int_equal(outbox_kept(txn, &answered, &back), ST_OK);
    assert_true(back.purpose_named && back.has_body && !back.officer_added);
    assert_string_equal(back.officer, "K. Hartley");
    assert_string_equal(back.justification, "a reason");
    assert_int_equal(back.body.size, 5);
    assert_memory_equal(back.body.data, "plain", 5);
    assert_int_equal(outbox_answered(txn, &answered), ST_OK);
    assert_int_equal(outbox_kept(txn, &answered, &back), ST_MORE);
    assert_int_equal(outbox_drop(txn, &dropped, "nps.cambs"), ST_OK);
    assert_int_equal(outbox_kept(txn, &dropped, &back), ST_MORE);
    assert_int_equal(store_entries(txn, TREE_KEPT), 0);
}

static void what_is_kept_and_is_damaged_says_so(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct id id = id_number(1);
    const struct bytes name = {id.bytes, ID_SIZE};
    uint8_t officer_too_long[2 + 4 + OFFICER_MAX + 1 + 4] = {1, 0};
    struct writer w = writer_of(officer_too_long + 2, sizeof officer_too_long - 2);
    struct kept back;

    write_u32(&w, OFFICER_MAX + 1);
    assert_int_equal(store_put(txn, TREE_KEPT, name, (struct bytes){(const uint8_t *)"\2", 1}),
                     ST_OK);
    assert_int_equal(outbox_kept(txn, &id, &back), ST_INVALID);
    assert_int_equal(
        store_put(txn, TREE_KEPT, name, (struct bytes){officer_too_long, sizeof officer_too_long}),
        ST_OK);
    assert_int_equal(outbox_kept(txn, &id, &back), ST_INVALID);
}

static bool keep_numbers(void *context, const struct track *track)
{
    uint8_t *seen = context;

    seen[++seen[0]] = track->key.bytes[15];
    return seen[0] < 2;
}

static void the_newest_tracks_come_first(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    uint8_t seen[8] = {0};
    uint64_t before = 0;
    struct id id = id_number(3);

    for (uint8_t i = 1; i <= 4; i++) {
        struct track track = sample(i);
        assert_int_equal(track_put_new(txn, &track, i), ST_OK);
    }
    assert_int_equal(track_delete(txn, WAY_OUT, &id, 3), ST_OK);
    assert_int_equal(track_newest(txn, &before, keep_numbers, seen), ST_OK);
    assert_int_equal(before, 2); /* 1 is left: it goes on below 2 */
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 4);
    assert_int_equal(seen[2], 2);
    seen[0] = 0;
    assert_int_equal(track_newest(txn, &before, keep_numbers, seen), ST_OK);
    assert_int_equal(before, 0); /* that was all */
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 1);
}

static bool keep_keys(void *context, char way, const struct id *key)
{
    uint8_t *seen = context;

    assert_int_equal(way, WAY_OUT);
    seen[++seen[0]] = key->bytes[15];
    return seen[0] < 7;
}

static void a_case_has_its_messages_the_newest_first(void **state)
{
    struct txn *txn = ((struct place *)*state)->txn;
    struct id none = {{0}}, one = id_number(200), two = id_number(201), id;
    uint8_t seen[8] = {0};

    for (uint8_t i = 1; i <= 6; i++) {
        struct track track = sample(i);
        track.case_handle = i == 1 ? none : i % 2 ? one : two;
        assert_int_equal(track_put_new(txn, &track, 10u * i), ST_OK);
    }
    assert_int_equal(cases_newest(txn, &two, keep_keys, seen), ST_OK);
    assert_memory_equal(seen, ((uint8_t[]){3, 6, 4, 2}), 4);
    id = id_number(4);
    assert_int_equal(track_delete(txn, WAY_OUT, &id, 40), ST_OK);
    seen[0] = 0;
    assert_int_equal(cases_newest(txn, &two, keep_keys, seen), ST_OK);
    assert_memory_equal(seen, ((uint8_t[]){2, 6, 2}), 3);
    seen[0] = 0;
    assert_int_equal(cases_newest(txn, &one, keep_keys, seen), ST_OK);
    assert_memory_equal(seen, ((uint8_t[]){2, 5, 3}), 3);
    seen[0] = 0;
    assert_int_equal(cases_newest(txn, &none, keep_keys, seen), ST_OK);
    id = id_number(202);
    assert_int_equal(cases_newest(txn, &id, keep_keys, seen), ST_OK);
    assert_int_equal(seen[0], 0);
    seen[0] = 6; /* once more, and it has enough */
    assert_int_equal(cases_newest(txn, &one, keep_keys, seen), ST_OK);
    assert_int_equal(seen[0], 7);
}

static void a_full_ladder_takes_no_more(void **)
{
    struct track track = {.way = WAY_IN};
    struct rung rung = {.kind = RUNG_OPENED, .verified = true};

    for (unsigned i = 0; i < RUNGS_MAX; i++)
        assert_true(track_add(&track, &rung));
    assert_false(track_add(&track, &rung));
    assert_int_equal(track_state(&track), RUNG_OPENED);
    assert_null(track_find(&track, RUNG_ANSWERED));
}

static void rungs_have_names_and_names_have_rungs(void **)
{
    for (enum rung_kind kind = RUNG_QUEUED; kind <= RUNG_ANSWERED; kind++)
        assert_int_equal(rung_parse(rung_name(kind)), kind);
    assert_int_equal(rung_parse("none"), RUNG_NONE);
    assert_int_equal(rung_parse(""), RUNG_NONE);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_is_set_aside_is_not_to_submit_and_keeps_its_order),
        IN_STORE(what_is_kept_goes_with_the_verdict),
        IN_STORE(what_is_kept_and_is_damaged_says_so),
        IN_STORE(a_sealed_message_comes_out_as_it_went_in),
        IN_STORE(messages_leave_in_order_of_lane_and_number),
        IN_STORE(an_answered_message_stays_but_is_not_sent_again),
        IN_STORE(keyless_messages_wait_by_recipient),
        IN_STORE(the_inbox_shows_immediate_first_until_taken),
        IN_STORE(a_flipped_bit_in_a_stored_body_is_refused),
        cmocka_unit_test(a_track_reads_back_and_half_of_one_does_not),
        cmocka_unit_test(a_track_of_the_first_version_reads_too),
        cmocka_unit_test(a_track_of_the_second_version_reads_too),
        cmocka_unit_test(a_track_of_the_third_version_reads_too),
        cmocka_unit_test(a_lapse_that_is_none_is_refused),
        IN_STORE(the_newest_tracks_come_first),
        IN_STORE(a_case_has_its_messages_the_newest_first),
        cmocka_unit_test(a_full_ladder_takes_no_more),
        cmocka_unit_test(rungs_have_names_and_names_have_rungs),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
