/* A record says exactly what happened, or does not parse. */
#include "tests/unit/unit.h"

#include <string.h>

#include "broker/event.h"
#include "tests/unit/samples.h"

#define KINDS 15

static void samples(struct event out[static KINDS])
{
    out[0] = sample_accepted(1, 1);
    out[1] = sample_refused(2, 2);
    out[2] = sample_step(3, 1, 1, 2);
    out[3] = sample_taken(4, 3);
    out[4] = sample_agency(5);
    out[5] = sample_key(6);
    out[6] = sample_aged(7, 99);
    out[7] = sample_gazette(8);
    out[8] = sample_notice(9);
    out[9] = sample_withheld(10, 1, 1);
    out[10] = sample_counted(11);
    out[11] = sample_kept(12, 4, 7);
    out[12] = sample_kept(13, 4, 0);
    out[13] = sample_told(14);
    out[14] = sample_claim(15, 3);
}

static void assert_same_bytes(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    if (a.size > 0)
        assert_memory_equal(a.data, b.data, a.size);
}

static void assert_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->at_ms, b->at_ms);
    assert_string_equal(a->sender, b->sender);
    assert_memory_equal(&a->message_id, &b->message_id, sizeof a->message_id);
    assert_memory_equal(&a->header_digest, &b->header_digest, sizeof a->header_digest);
    assert_string_equal(a->recipient, b->recipient);
    assert_int_equal(a->lane, b->lane);
    assert_memory_equal(&a->agreement_hash, &b->agreement_hash, sizeof a->agreement_hash);
    assert_string_equal(a->clause, b->clause);
    assert_int_equal(a->expires_ms, b->expires_ms);
    assert_same_bytes(a->header, b->header);
    assert_same_bytes(a->proof, b->proof);
    assert_same_bytes(a->body, b->body);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->offending, b->offending);
    assert_int_equal(a->agreement_version, b->agreement_version);
    assert_string_equal(a->agreement_id, b->agreement_id);
    assert_int_equal(a->step_kind, b->step_kind);
    assert_int_equal(a->message_sequence, b->message_sequence);
    assert_same_bytes(a->step, b->step);
    assert_same_bytes(a->step_proof, b->step_proof);
    assert_int_equal(a->item_sequence, b->item_sequence);
    assert_string_equal(a->agency, b->agency);
    assert_same_bytes(a->certificate, b->certificate);
    assert_same_bytes(a->statement, b->statement);
    assert_same_bytes(a->statement_proof, b->statement_proof);
    assert_memory_equal(a->key_id, b->key_id, KEY_ID_SIZE);
    assert_int_equal(a->open_until_ms, b->open_until_ms);
    assert_same_bytes(a->instrument, b->instrument);
    assert_string_equal(a->officer, b->officer);
    assert_same_bytes(a->text, b->text);
    assert_same_bytes(a->notice, b->notice);
    assert_memory_equal(&a->governance_key, &b->governance_key, DIGEST_SIZE);
    assert_int_equal(a->from_ms, b->from_ms);
    assert_int_equal(a->refusals, b->refusals);
    assert_int_equal(a->kept_kind, b->kept_kind);
    assert_same_bytes(a->key, b->key);
    assert_same_bytes(a->record, b->record);
    assert_same_bytes(a->told, b->told);
    assert_memory_equal(&a->case_handle, &b->case_handle, ID_SIZE);
    assert_int_equal(a->case_version, b->case_version);
}

static void every_kind_reads_back_as_it_was_written(void **)
{
    struct event events[KINDS], event;
    uint8_t data[4096];
    struct writer w = writer_of(data, sizeof data);
    struct reader r;

    samples(events);
    for (size_t i = 0; i < KINDS; i++) {
        size_t before = w.size;
        assert_int_equal(event_write(&events[i], &w), ST_OK);
        assert_int_equal(w.size - before, event_size(&events[i]));
    }
    r = reader_of(data, w.size);
    for (size_t i = 0; i < KINDS; i++) {
        assert_int_equal(event_read(&r, &event), ST_OK);
        assert_same(&event, &events[i]);
    }
    assert_int_equal(event_read(&r, &event), ST_MORE);
}

static void a_record_cut_anywhere_does_not_parse(void **)
{
    struct event events[KINDS], event;

    samples(events);
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t data[1024];
        struct writer w = writer_of(data, sizeof data);
        assert_int_equal(event_write(&events[i], &w), ST_OK);
        for (size_t size = 1; size < w.size; size++) {
            struct reader r = reader_of(data, size);
            assert_int_equal(event_read(&r, &event), ST_INVALID);
            assert_int_equal(r.left, size);
        }
    }
}

/* The size in front says the record is shorter or longer than its fields. */
static void a_record_of_another_size_does_not_parse(void **)
{
    struct event events[KINDS], event;

    samples(events);
    for (size_t i = 0; i < KINDS; i++) {
        uint8_t data[1024] = {0};
        struct writer w = writer_of(data, sizeof data);
        assert_int_equal(event_write(&events[i], &w), ST_OK);
        for (int by = -1; by <= 1; by += 2) {
            uint8_t changed[1024];
            struct reader r = reader_of(changed, w.size + 1);
            memcpy(changed, data, sizeof data);
            changed[3] = (uint8_t)(changed[3] + by);
            assert_int_equal(event_read(&r, &event), ST_INVALID);
        }
    }
}

static void what_the_broker_never_writes_does_not_parse(void **)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {4, 0},               /* kind */
        {4, EVENT_KIND_END},  /* kind */
        {4, 200},             /* kind */
        {12, 0},              /* sequence */
        {EVENT_HEAD, 0},      /* the sender's name is empty */
        {EVENT_HEAD, 255},    /* or longer than the record */
        {EVENT_HEAD + 1, 0},  /* or has a NUL */
        {EVENT_HEAD + 1, 'N'} /* or is no agency's */
    };
    struct event event, sample = sample_accepted(1, 1);
    uint8_t data[1024];
    struct writer w = writer_of(data, sizeof data);

    assert_int_equal(event_write(&sample, &w), ST_OK);
    for (size_t i = 0; i < LENGTH(changes); i++) {
        uint8_t changed[1024];
        struct reader r = reader_of(changed, w.size);
        memcpy(changed, data, w.size);
        changed[changes[i].at] = changes[i].value;
        assert_int_equal(event_read(&r, &event), ST_INVALID);
    }
}

static void an_entry_is_either_an_instrument_or_a_notice(void **)
{
    struct event both = sample_gazette(1), neither = sample_gazette(1), event;
    uint8_t data[1024];

    both.notice = both.text;
    neither.instrument.size = 0;
    for (int i = 0; i < 2; i++) {
        struct writer w = writer_of(data, sizeof data);
        assert_int_equal(event_write(i ? &both : &neither, &w), ST_OK);
        struct reader r = reader_of(data, w.size);
        assert_int_equal(event_read(&r, &event), ST_INVALID);
    }
}

static void a_full_writer_takes_nothing(void **)
{
    struct event sample = sample_accepted(1, 1);
    uint8_t data[1024];
    struct writer w = writer_of(data, event_size(&sample) - 1);

    assert_int_equal(event_write(&sample, &w), ST_LIMIT);
    assert_int_equal(w.size, 0);
}

static void a_proof_unpacks_as_it_was_packed(void **)
{
    struct proof proof = {.index = 3, .count = 9, .length = 4}, out;
    uint8_t data[EVENT_PROOF_MAX];
    struct writer w = writer_of(data, sizeof data);

    memset(proof.signature, 5, sizeof proof.signature);
    memset(proof.path[3].bytes, 6, DIGEST_SIZE);
    event_pack_proof(&proof, &w);
    assert_false(w.failed);
    assert_int_equal(event_unpack_proof((struct bytes){data, w.size}, &out), ST_OK);
    assert_memory_equal(&out, &proof, sizeof proof);
    for (size_t size = 0; size < w.size; size++)
        assert_int_equal(event_unpack_proof((struct bytes){data, size}, &out), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_reads_back_as_it_was_written),
        cmocka_unit_test(a_record_cut_anywhere_does_not_parse),
        cmocka_unit_test(a_record_of_another_size_does_not_parse),
        cmocka_unit_test(what_the_broker_never_writes_does_not_parse),
        cmocka_unit_test(an_entry_is_either_an_instrument_or_a_notice),
        cmocka_unit_test(a_full_writer_takes_nothing),
        cmocka_unit_test(a_proof_unpacks_as_it_was_packed),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
