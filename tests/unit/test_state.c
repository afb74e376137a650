/* The state is the fold of the events, however they are gathered; what is damaged is refused. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "broker/record.h"
#include "broker/state.h"
#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)64 << 20)
#define DAY ((int64_t)24 * 60 * 60 * 1000)

/* A store and the bytes given to it in this window. */
struct fixture {
    char folder[SCRATCH_SIZE];
    struct state *state;
    uint8_t data[64 * 1024];
    size_t used;
    uint64_t sequence;
};

static void open_state(struct fixture *f)
{
    struct reason why = {""};

    if (state_open(f->folder, MAP_SIZE, &f->state, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){0};
    scratch_make(f.folder);
    open_state(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    state_free(f->state);
    scratch_remove(f->folder);
    return 0;
}

static enum status try(struct fixture *f, struct event event)
{
    struct writer w = writer_of(f->data + f->used, sizeof f->data - f->used);
    struct bytes payload;

    assert_int_equal(event_write(&event, &w), ST_OK);
    payload = (struct bytes){w.start, w.size};
    f->used += w.size;
    f->sequence = event.sequence;
    return state_gather(f->state, payload);
}

static void happens(struct fixture *f, struct event event)
{
    assert_int_equal(try(f, event), ST_OK);
}

static void commit(struct fixture *f)
{
    const struct journal_mark mark = {.sequence = f->sequence, .segment = 3, .offset = 8192};

    assert_int_equal(state_commit(f->state, &mark), ST_OK);
    f->used = 0;
}

static struct state_reader *reader_of_state(struct fixture *f)
{
    struct state_reader *reader;

    assert_int_equal(state_reader_open(f->state, &reader), ST_OK);
    return reader;
}

static enum status message(struct fixture *f, uint32_t n, struct message_record *out)
{
    OWNED(state_reader) reader = reader_of_state(f);
    const struct id id = sample_id(n);

    return state_message(reader, "nps.cambs", &id, out);
}

static enum status count_item(void *context, const char *agency, uint8_t lane, uint64_t sequence,
                              const struct event *event)
{
    size_t *count = context;

    assert_string_equal(agency, event->kind == EVENT_ACCEPTED ? "csc.cambs" : "nps.cambs");
    assert_int_equal(lane, 1);
    assert_int_equal(sequence, event->sequence);
    ++*count;
    return ST_OK;
}

static size_t items(struct fixture *f)
{
    OWNED(state_reader) reader = reader_of_state(f);
    size_t count = 0;

    assert_int_equal(state_each_item(reader, count_item, &count), ST_OK);
    return count;
}

static void an_accepted_message_waits_until_its_first_step(void **context)
{
    struct fixture *f = *context;
    struct message_record m;

    happens(f, sample_accepted(1, 1));
    commit(f);
    assert_int_equal(items(f), 1);
    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_int_equal(m.sequence, 1);
    assert_int_equal(m.settled_ms, 0);
    assert_string_equal(m.recipient, "csc.cambs");
    assert_string_equal(m.clause, "psr");
    assert_false(m.refused);

    happens(f, sample_step(2, 1, 1, 1));
    happens(f, sample_step(3, 1, 1, 2));
    commit(f);
    assert_int_equal(items(f), 2); /* both steps, for the sender */
    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_int_equal(m.settled_ms, 2);
    assert_int_equal(m.steps, 1 << 1 | 1 << 2);
    struct digest last = sha256("step", 4);
    assert_true(digest_equal(&m.last_step, &last));

    happens(f, sample_taken(4, 2));
    happens(f, sample_taken(5, 3));
    commit(f);
    assert_int_equal(items(f), 0);
}

static void what_is_settled_within_its_window_is_never_queued(void **context)
{
    struct fixture *f = *context;
    struct message_record m;

    happens(f, sample_accepted(1, 1));
    happens(f, sample_step(2, 1, 1, 1));
    happens(f, sample_taken(3, 2));
    commit(f);
    assert_int_equal(items(f), 0);
    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_int_equal(m.settled_ms, 2);
}

static void an_item_reads_back_as_the_record_that_made_it(void **context)
{
    struct fixture *f = *context;
    struct event sample = sample_accepted(1, 1), event;
    struct bytes record;
    struct reader r;

    happens(f, sample);
    commit(f);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_item(reader, 1, &record), ST_OK);
    r = reader_of(record.data, record.size);
    assert_int_equal(event_read(&r, &event), ST_OK);
    assert_memory_equal(event.body.data, sample.body.data, sample.body.size);
    assert_int_equal(state_item(reader, 2, &record), ST_MORE);
}

static void a_refusal_is_remembered_but_never_replaces_an_acceptance(void **context)
{
    struct fixture *f = *context;
    struct message_record m;

    happens(f, sample_refused(1, 1));
    happens(f, sample_accepted(2, 2));
    happens(f, sample_refused(3, 2)); /* ID_REUSED, in the same window */
    commit(f);
    happens(f, sample_refused(4, 2)); /* and in a later one */
    commit(f);

    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_true(m.refused);
    assert_int_equal(m.code, 7);
    assert_string_equal(m.agreement_id, "cambs-psr");
    assert_int_equal(m.settled_ms, 1);
    assert_int_equal(message(f, 2, &m), ST_OK);
    assert_false(m.refused);
    assert_int_equal(m.sequence, 2);
    assert_int_equal(items(f), 1);
}

static size_t refusals(struct fixture *f)
{
    struct txn *txn;

    assert_int_equal(store_begin(state_store(f->state), false, &txn), ST_OK);
    size_t count = store_entries(txn, TREE_REFUSALS);
    store_abort(txn);
    return count;
}

static void ids_are_forgotten_after_their_days_and_not_before(void **context)
{
    struct fixture *f = *context;
    struct event late = sample_refused(4, 2);
    struct message_record m;

    happens(f, sample_accepted(1, 1));
    happens(f, sample_step(2, 1, 1, 1));
    happens(f, sample_accepted(3, 3)); /* never settled */
    late.at_ms = 10;
    happens(f, late);
    happens(f, sample_aged(5, DUPLICATE_DAYS * DAY + 2));
    commit(f);
    assert_int_equal(message(f, 1, &m), ST_OK);

    happens(f, sample_aged(6, DUPLICATE_DAYS * DAY + 3));
    commit(f);
    assert_int_equal(message(f, 1, &m), ST_MORE);
    assert_int_equal(message(f, 2, &m), ST_OK);
    assert_int_equal(refusals(f), 1);
    assert_int_equal(message(f, 3, &m), ST_OK);
    happens(f, sample_aged(7, DUPLICATE_DAYS * DAY * 2));
    commit(f);
    assert_int_equal(message(f, 2, &m), ST_MORE);
    assert_int_equal(refusals(f), 0);
    assert_int_equal(message(f, 3, &m), ST_OK);
}

static enum status see_certificate(void *context, const char *agency, struct bytes der)
{
    assert_string_equal(agency, "csc.cambs");
    assert_int_equal(der.size, strlen("certificate"));
    ++*(int *)context;
    return ST_OK;
}

static enum status see_key(void *context, const char *agency, struct bytes statement,
                           struct bytes proof)
{
    assert_string_equal(agency, "csc.cambs");
    assert_int_equal(statement.size, strlen("statement"));
    assert_int_equal(proof.size, strlen("signer and signature"));
    ++*(int *)context;
    return ST_OK;
}

static void certificates_and_keys_are_found_again(void **context)
{
    struct fixture *f = *context;
    int certificates = 0, keys = 0;

    happens(f, sample_agency(1));
    happens(f, sample_agency(2)); /* the same again is one */
    happens(f, sample_key(3));
    commit(f);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_each_certificate(reader, see_certificate, &certificates), ST_OK);
    assert_int_equal(state_each_key(reader, see_key, &keys), ST_OK);
    assert_int_equal(certificates, 1);
    assert_int_equal(keys, 1);
}

static void keys_are_forgotten_a_day_after_they_closed(void **context)
{
    struct fixture *f = *context;
    struct event late = sample_key(2);
    int before = 0, after = 0;

    late.key_id[0]++;
    late.open_until_ms = 9000;
    happens(f, sample_key(1)); /* closes at 5001 */
    happens(f, late);
    happens(f, sample_aged(3, DAY + 5001));
    commit(f);
    {
        OWNED(state_reader) reader = reader_of_state(f);
        assert_int_equal(state_each_key(reader, see_key, &before), ST_OK);
    }
    happens(f, sample_aged(4, DAY + 5002));
    commit(f);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_each_key(reader, see_key, &after), ST_OK);
    assert_int_equal(before, 2);
    assert_int_equal(after, 1);
}

static void the_mark_lasts_with_the_state_it_belongs_to(void **context)
{
    struct fixture *f = *context;
    struct journal_mark mark = {0};

    assert_int_equal(state_mark(f->state, &mark), ST_OK);
    assert_int_equal(mark.sequence, 0);
    happens(f, sample_accepted(1, 1));
    commit(f);
    happens(f, sample_accepted(2, 2)); /* never committed */
    state_close(f->state);
    f->state = NULL;
    open_state(f);
    assert_int_equal(state_mark(f->state, &mark), ST_OK);
    assert_int_equal(mark.sequence, 1);
    assert_int_equal(mark.segment, 3);
    assert_int_equal(mark.offset, 8192);
    assert_int_equal(items(f), 1);
    f->used = 0;
    happens(f, sample_accepted(2, 2));
}

static void a_gap_in_the_sequence_stops_the_state_for_good(void **context)
{
    struct fixture *f = *context;
    const struct journal_mark mark = {.sequence = 1};

    happens(f, sample_accepted(1, 1));
    assert_int_equal(try(f, sample_accepted(3, 3)), ST_INVALID);
    assert_int_equal(state_commit(f->state, &mark), ST_INVALID);
    assert_int_equal(items(f), 0);
}

static void a_mark_that_is_not_the_last_event_is_not_committed(void **context)
{
    struct fixture *f = *context;
    const struct journal_mark mark = {.sequence = 2};

    happens(f, sample_accepted(1, 1));
    assert_int_equal(state_commit(f->state, &mark), ST_INVALID);
}

static void a_store_belongs_to_one_community(void **context)
{
    struct fixture *f = *context;
    const struct digest ours = sha256("ours", 4), theirs = sha256("theirs", 6);
    struct reason why = {""};

    assert_int_equal(state_bind(f->state, &ours, &why), ST_OK);
    assert_int_equal(state_bind(f->state, &ours, &why), ST_OK);
    assert_int_equal(state_bind(f->state, &theirs, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "community"));
}

static void what_is_withheld_is_settled_and_owed_to_its_sender(void **context)
{
    struct fixture *f = *context;
    struct message_record m;

    happens(f, sample_accepted(1, 1));
    commit(f);
    happens(f, sample_withheld(2, 1, 1));
    commit(f);
    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_int_equal(m.settled_ms, 2);
    assert_int_equal(m.steps, 0);
    assert_false(m.refused);
    assert_int_equal(items(f), 1);       /* count_item: the sender's */
    happens(f, sample_step(3, 1, 1, 1)); /* it had arrived all the same */
    happens(f, sample_taken(4, 2));
    commit(f);
    assert_int_equal(message(f, 1, &m), ST_OK);
    assert_int_equal(m.settled_ms, 2);
    assert_int_equal(m.steps, 1 << 1);
    assert_int_equal(items(f), 1);
}

static enum status see_entry(void *context, const struct event *event)
{
    int *seen = context;

    assert_int_equal(event->kind, EVENT_GAZETTE);
    assert_int_equal(event->instrument.size > 0, event->sequence == 1);
    ++*seen;
    return ST_OK;
}

static void the_gazette_is_kept_for_ever_in_its_order(void **context)
{
    struct fixture *f = *context;
    struct bytes record;
    int seen = 0;

    happens(f, sample_gazette(1));
    happens(f, sample_notice(2));
    happens(f, sample_aged(3, 10 * DUPLICATE_DAYS * DAY));
    commit(f);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_each_gazette(reader, see_entry, &seen), ST_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(state_gazette(reader, 1, &record), ST_OK);
    assert_int_equal(state_gazette(reader, 3, &record), ST_MORE);
}

static enum status count_entry(void *context, const struct event *)
{
    int *count = context;

    ++*count;
    return ST_OK;
}

static enum status gazette_of(struct fixture *f, int *count)
{
    OWNED(state_reader) reader = reader_of_state(f);

    *count = 0;
    return state_each_gazette(reader, count_entry, count);
}

static void drop_entry(struct fixture *f, uint64_t sequence)
{
    const struct tree_key key = key_of_sequence(sequence);
    struct txn *txn;

    assert_int_equal(store_begin(state_store(f->state), true, &txn), ST_OK);
    assert_int_equal(store_delete(txn, TREE_GAZETTE, key_bytes(&key)), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
}

/* With the last of them gone, what was revoked would be in force again. */
static void a_gazette_that_lacks_an_entry_is_refused(void **context)
{
    struct fixture *f = *context;
    int count;

    assert_int_equal(gazette_of(f, &count), ST_OK);
    for (uint64_t n = 1; n <= 3; n++) {
        happens(f, sample_notice(n));
        if (n != 2) /* two checkpoints */
            commit(f);
    }
    state_close(f->state);
    open_state(f);
    assert_int_equal(gazette_of(f, &count), ST_OK);
    assert_int_equal(count, 3);
    happens(f, sample_notice(4));
    commit(f);
    assert_int_equal(gazette_of(f, &count), ST_OK);
    drop_entry(f, 4);
    assert_int_equal(gazette_of(f, &count), ST_INVALID);
}

static enum status see_refusal(void *context, const struct event *event)
{
    unsigned *seen = context;

    *seen |= 1u << event->kind;
    return ST_OK;
}

static void counts_of_refusals_are_forgotten_like_refusals(void **context)
{
    struct fixture *f = *context;
    unsigned seen = 0;

    happens(f, sample_refused(1, 1));
    happens(f, sample_counted(2));
    happens(f, sample_aged(3, DUPLICATE_DAYS * DAY + 2));
    commit(f);
    assert_int_equal(refusals(f), 1);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_each_refusal(reader, see_refusal, &seen), ST_OK);
    assert_int_equal(seen, 1u << EVENT_COUNTED);
    happens(f, sample_aged(4, DUPLICATE_DAYS * DAY + 3));
    commit(f);
    assert_int_equal(refusals(f), 0);
}

/* Flips one bit of a stored value. */
static void damage(struct fixture *f, int tree, const struct tree_key *key, size_t at)
{
    uint8_t copy[2048];
    struct bytes value;
    struct txn *txn;

    assert_int_equal(store_begin(state_store(f->state), true, &txn), ST_OK);
    assert_int_equal(store_get(txn, tree, key_bytes(key), &value), ST_OK);
    assert_true(value.size <= sizeof copy && at < value.size);
    memcpy(copy, value.data, value.size);
    copy[at] ^= 4;
    assert_int_equal(store_put(txn, tree, key_bytes(key), (struct bytes){copy, value.size}), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
}

static void a_flipped_bit_is_refused_not_delivered(void **context)
{
    struct fixture *f = *context;
    const struct id id = sample_id(1);
    const struct tree_key item = key_of_sequence(1), name = key_of_message("nps.cambs", &id);
    struct event sample = sample_accepted(1, 1);
    struct message_record m;
    struct bytes record;
    size_t count = 0;

    happens(f, sample);
    commit(f);
    for (size_t at = 0; at < event_size(&sample) + CHECK_SIZE; at++) {
        damage(f, TREE_ITEMS, &item, at);
        {
            OWNED(state_reader) reader = reader_of_state(f);
            assert_int_equal(state_item(reader, 1, &record), ST_INVALID);
            assert_int_equal(state_each_item(reader, count_item, &count), ST_INVALID);
        }
        damage(f, TREE_ITEMS, &item, at); /* back again */
    }
    assert_int_equal(items(f), 1);
    damage(f, TREE_MESSAGES, &name, 60);
    assert_int_equal(message(f, 1, &m), ST_INVALID);
    assert_int_equal(try(f, sample_step(2, 1, 1, 1)), ST_INVALID);
}

static void a_flipped_bit_of_the_gazette_is_refused(void **context)
{
    struct fixture *f = *context;
    const struct tree_key entry = key_of_sequence(1);
    struct event sample = sample_gazette(1);
    struct bytes record;
    int count;

    happens(f, sample);
    commit(f);
    for (size_t at = 0; at < event_size(&sample) + CHECK_SIZE; at++) {
        damage(f, TREE_GAZETTE, &entry, at);
        {
            OWNED(state_reader) reader = reader_of_state(f);
            assert_int_equal(state_gazette(reader, 1, &record), ST_INVALID);
        }
        assert_int_equal(gazette_of(f, &count), ST_INVALID);
        assert_int_equal(count, 0);
        damage(f, TREE_GAZETTE, &entry, at);
    }
    assert_int_equal(gazette_of(f, &count), ST_OK);
}

/* ---- what is kept ---- */

struct found {
    size_t count;
    struct id last;
    uint8_t values[8];
};

static enum status find_kept(void *context, enum kept_kind kind, struct bytes key,
                             struct bytes record)
{
    struct found *found = context;

    assert_int_equal(kind, KEPT_CASE);
    assert_int_equal(key.size, ID_SIZE);
    assert_int_equal(record.size, 1);
    assert_true(found->count == 0 || memcmp(found->last.bytes, key.data, ID_SIZE) < 0);
    memcpy(found->last.bytes, key.data, ID_SIZE);
    found->values[found->count++] = record.data[0];
    return ST_OK;
}

static enum status kept_of(struct fixture *f, struct found *found)
{
    OWNED(state_reader) reader = reader_of_state(f);

    *found = (struct found){.count = 0};
    return state_each_kept(reader, find_kept, found);
}

static void what_is_kept_is_as_it_was_last(void **context)
{
    struct fixture *f = *context;
    struct found found;

    happens(f, sample_kept(1, 2, 20));
    happens(f, sample_kept(2, 1, 10));
    happens(f, sample_kept(3, 2, 21)); /* in the same window */
    commit(f);
    assert_int_equal(kept_of(f, &found), ST_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.values[0], 10);
    assert_int_equal(found.values[1], 21);
    happens(f, sample_kept(4, 1, 11));
    commit(f);
    happens(f, sample_kept(5, 2, 0));
    commit(f);
    assert_int_equal(kept_of(f, &found), ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.values[0], 11);
}

static void what_comes_and_goes_in_a_window_leaves_nothing(void **context)
{
    struct fixture *f = *context;
    struct found found;

    happens(f, sample_kept(1, 1, 10));
    happens(f, sample_kept(2, 1, 0));
    happens(f, sample_kept(3, 2, 0)); /* was never there */
    commit(f);
    assert_int_equal(kept_of(f, &found), ST_OK);
    assert_int_equal(found.count, 0);
    happens(f, sample_kept(4, 1, 10));
    commit(f);
    happens(f, sample_kept(5, 1, 0));
    happens(f, sample_kept(6, 1, 12));
    commit(f);
    assert_int_equal(kept_of(f, &found), ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.values[0], 12);
    happens(f, sample_kept(7, 1, 13));
    happens(f, sample_kept(8, 1, 0));
    happens(f, sample_kept(9, 1, 14));
    commit(f);
    assert_int_equal(kept_of(f, &found), ST_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.values[0], 14);
}

static void a_flipped_bit_of_what_is_kept_is_refused(void **context)
{
    struct fixture *f = *context;
    const struct event sample = sample_kept(1, 1, 10);
    const struct tree_key key = key_of_kept(KEPT_CASE, sample.key);
    struct found found;

    happens(f, sample);
    commit(f);
    for (size_t at = 0; at < 1 + CHECK_SIZE; at++) {
        damage(f, TREE_KEPT, &key, at);
        assert_int_equal(kept_of(f, &found), ST_INVALID);
        damage(f, TREE_KEPT, &key, at);
    }
    assert_int_equal(kept_of(f, &found), ST_OK);
}

static void what_is_told_waits_until_it_is_taken(void **context)
{
    struct fixture *f = *context;

    happens(f, sample_told(1));
    happens(f, sample_told(2));
    commit(f);
    assert_int_equal(items(f), 2);
    happens(f, sample_taken(3, 1));
    commit(f);
    assert_int_equal(items(f), 1);
    happens(f, sample_told(4));
    happens(f, sample_taken(5, 4));
    happens(f, sample_taken(6, 2));
    commit(f);
    assert_int_equal(items(f), 0);
}

/* An item that a queue has lost would wait for ever. */
static void an_item_without_its_place_in_a_queue_is_refused(void **context)
{
    struct fixture *f = *context;
    const struct tree_key key = key_of_queued("csc.cambs", 1, 1);
    size_t count = 0;
    struct txn *txn;

    happens(f, sample_accepted(1, 1));
    commit(f);
    assert_int_equal(store_begin(state_store(f->state), true, &txn), ST_OK);
    assert_int_equal(store_delete(txn, TREE_QUEUES, key_bytes(&key)), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    OWNED(state_reader) reader = reader_of_state(f);
    assert_int_equal(state_each_item(reader, count_item, &count), ST_INVALID);
}

/* As another release wrote it. */
static void write_format(struct fixture *f, uint8_t number)
{
    const uint8_t format[4] = {0, 0, 0, number};
    const struct tree_key key = key_of_name("format");
    struct txn *txn;

    assert_int_equal(store_begin(state_store(f->state), true, &txn), ST_OK);
    assert_int_equal(
        checked_put(txn, TREE_META, key_bytes(&key), (struct bytes){format, sizeof format}), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    state_close(f->state);
    f->state = NULL;
}

static void a_store_of_another_format_is_refused_by_its_number(void **context)
{
    struct fixture *f = *context;
    struct reason why = {""};

    write_format(f, 1);
    assert_int_equal(state_open(f->folder, MAP_SIZE, &f->state, &why), ST_INVALID);
    assert_non_null(
        strstr(why.text, "a store of format 1, and this release reads formats 2 to 4 alone"));
}

/* Once it is raised, it is one of this format: the release before refuses it by the number. */
static void raised(struct fixture *f, uint8_t number)
{
    const struct tree_key key = key_of_name("format");
    struct bytes format;
    struct txn *txn;

    happens(f, sample_accepted(1, 1));
    commit(f);
    write_format(f, number);
    open_state(f);
    assert_int_equal(items(f), 1);
    assert_int_equal(store_begin(state_store(f->state), false, &txn), ST_OK);
    assert_int_equal(checked_get(txn, TREE_META, key_bytes(&key), &format), ST_OK);
    assert_int_equal(format.data[3], 4);
    store_abort(txn);
    happens(f, sample_kept(2, 1, 10));
    commit(f);
    state_close(f->state);
    open_state(f);
}

static void a_store_of_the_format_before_is_raised(void **context)
{
    raised(*context, 3);
}

static void a_store_of_the_oldest_format_is_raised(void **context)
{
    raised(*context, 2);
}

struct claims_seen {
    size_t count;
    uint64_t last;
};

static enum status see_claim(void *context, const struct event *event)
{
    struct claims_seen *seen = context;
    const struct event sample = sample_claim(event->sequence, event->case_handle.bytes[0]);

    assert_true(event->sequence > seen->last);
    assert_int_equal(event->statement.size, sample.statement.size);
    assert_memory_equal(event->statement.data, sample.statement.data, sample.statement.size);
    assert_int_equal(event->statement_proof.size, sample.statement_proof.size);
    assert_string_equal(event->agency, sample.agency);
    seen->last = event->sequence;
    seen->count++;
    return ST_OK;
}

/* Whatever becomes of the case, and however long ago it was; each case's own. */
static void claims_are_kept_for_ever_by_their_case(void **context)
{
    struct fixture *f = *context;
    const struct id cases[] = {{{1}}, {{2}}, {{3}}};
    const size_t counts[] = {2, 1, 0};

    happens(f, sample_claim(1, 1));
    happens(f, sample_claim(2, 2));
    commit(f);
    happens(f, sample_claim(3, 1));
    happens(f, (struct event){.kind = EVENT_AGED, .sequence = 4, .at_ms = 10000 * DAY});
    commit(f);
    state_close(f->state);
    open_state(f);
    OWNED(state_reader) reader;
    assert_int_equal(state_reader_open(f->state, &reader), ST_OK);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct claims_seen seen = {0};

        assert_int_equal(state_each_claim(reader, &cases[i], see_claim, &seen), ST_OK);
        assert_int_equal(seen.count, counts[i]);
    }
}

static void a_flipped_bit_of_a_claim_is_refused(void **context)
{
    struct fixture *f = *context;
    const struct id handle = {{1}};

    happens(f, sample_claim(1, 1));
    commit(f);
    for (size_t at = 0; at < 100; at += 13) {
        const struct tree_key key = key_of_claim(&handle, 1);
        struct claims_seen seen = {0};

        damage(f, TREE_CLAIMS, &key, at);
        OWNED(state_reader) reader;
        assert_int_equal(state_reader_open(f->state, &reader), ST_OK);
        assert_int_equal(state_each_claim(reader, &handle, see_claim, &seen), ST_INVALID);
        state_reader_close(GIVE(reader));
        damage(f, TREE_CLAIMS, &key, at);
    }
}

/* That of events which leave nothing else behind too: a start compares the clock with it. */
static void the_time_of_the_newest_event_lasts(void **context)
{
    struct fixture *f = *context;

    assert_int_equal(state_time_ms(f->state), 0);
    happens(f, (struct event){.kind = EVENT_AGED, .sequence = 1, .at_ms = 1000 * DAY});
    assert_int_equal(state_time_ms(f->state), 1000 * DAY);
    commit(f);
    state_close(f->state);
    open_state(f);
    assert_int_equal(state_time_ms(f->state), 1000 * DAY);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_accepted_message_waits_until_its_first_step),
        WITH(what_is_settled_within_its_window_is_never_queued),
        WITH(an_item_reads_back_as_the_record_that_made_it),
        WITH(a_refusal_is_remembered_but_never_replaces_an_acceptance),
        WITH(ids_are_forgotten_after_their_days_and_not_before),
        WITH(certificates_and_keys_are_found_again),
        WITH(keys_are_forgotten_a_day_after_they_closed),
        WITH(the_mark_lasts_with_the_state_it_belongs_to),
        WITH(a_gap_in_the_sequence_stops_the_state_for_good),
        WITH(a_mark_that_is_not_the_last_event_is_not_committed),
        WITH(a_store_belongs_to_one_community),
        WITH(what_is_withheld_is_settled_and_owed_to_its_sender),
        WITH(the_gazette_is_kept_for_ever_in_its_order),
        WITH(a_gazette_that_lacks_an_entry_is_refused),
        WITH(counts_of_refusals_are_forgotten_like_refusals),
        WITH(a_flipped_bit_is_refused_not_delivered),
        WITH(a_flipped_bit_of_the_gazette_is_refused),
        WITH(an_item_without_its_place_in_a_queue_is_refused),
        WITH(what_is_kept_is_as_it_was_last),
        WITH(what_comes_and_goes_in_a_window_leaves_nothing),
        WITH(a_flipped_bit_of_what_is_kept_is_refused),
        WITH(claims_are_kept_for_ever_by_their_case),
        WITH(a_flipped_bit_of_a_claim_is_refused),
        WITH(a_store_of_the_oldest_format_is_raised),
        WITH(what_is_told_waits_until_it_is_taken),
        WITH(a_store_of_the_format_before_is_raised),
        WITH(a_store_of_another_format_is_refused_by_its_number),
        WITH(the_time_of_the_newest_event_lasts),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
