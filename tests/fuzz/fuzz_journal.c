/*
 * fuzz_journal.c - recovery from whatever a ring may hold, and records from whatever a batch may.
 *
 * First byte 0: the rest is read as records; what is read and written again is the same bytes.
 * Else a sound ring is edited: u8 what | u8 segment | u16 offset | its operand. One edit makes the
 * hashes of a batch true again, so that the fuzzer gets behind them. Whatever comes of it, a replay
 * answers, gives sequences without gap, and all or nothing of what it gives to a fold.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/event.h"
#include "broker/segment.h"
#include "tests/sim/brittle.h"
#include "tests/unit/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEGMENTS 3
#define SIZE ((uint64_t)4 * JOURNAL_BLOCK)
/* Places in a batch's header; journal.h. */
#define AT_SIZE 40
#define AT_PAYLOAD_HASH 88
#define AT_HASH 120

enum edit {
    EDIT_BYTE = 0, /* u8 */
    EDIT_U32,      /* u32 */
    EDIT_CLEAR,    /* u8 sectors */
    EDIT_SEAL,     /* the batch at this block is valid again */
    EDIT_MOVE,     /* u8 block: this block is copied there, in the next segment */
    EDIT_COUNT
};

static const struct journal_config config = {"ring", SEGMENTS, SIZE};

/* ---- records ---- */

static void read_records(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data, size);
    struct event event;
    const uint8_t *start = r.next;

    while (event_read(&r, &event) == ST_OK) {
        size_t record = (size_t)(r.next - start);
        uint8_t *again = malloc(record);
        struct writer w = writer_of(again, record);
        if (!again)
            abort();
        assert(event_size(&event) == record && event_write(&event, &w) == ST_OK);
        assert(memcmp(again, start, record) == 0);
        free(again);
        start = r.next;
    }
}

/* ---- rings ---- */

static struct brittle *sound;
static struct journal_mark mark;

/* Eleven batches of a block over nine blocks, so that the first segment is used twice; the
 * checkpoint holds the first four. */
static void make_ring(void)
{
    const struct journal_mark none = {0};
    const uint8_t nonce[DIGEST_SIZE] = {'n', 'o', 'n', 'c', 'e'};
    struct journal *journal;
    struct disk disk;

    sound = brittle_new(SEGMENTS, SIZE, 1);
    disk = brittle_disk(sound);
    mark = journal_start(&config, &none, nonce);
    if (journal_open(&disk, &config, &mark, &journal, NULL) != ST_OK)
        abort();
    for (uint64_t n = 1; n <= 11; n++) {
        uint8_t record[1024];
        struct event event = n % 3 ? sample_accepted(n, (uint32_t)n) : sample_step(n, 1, 1, 1);
        struct writer w = writer_of(record, sizeof record);
        struct iovec part = {record, 0};
        if (event_write(&event, &w) != ST_OK)
            abort();
        part.iov_len = w.size;
        if (!journal_has_room(journal, w.size))
            journal_release(journal, mark.sequence);
        if (journal_append(journal, &part, 1, 1) != ST_OK)
            abort();
        if (n == 4)
            mark = journal_mark(journal);
    }
    journal_free(journal);
}

static void put_u32(uint8_t *out, uint32_t v)
{
    struct writer w = writer_of(out, 4);

    write_u32(&w, v);
}

static void seal(uint8_t *segment, uint64_t block)
{
    uint8_t *batch = segment + block * JOURNAL_BLOCK;
    struct reader r = reader_of(batch + AT_SIZE, 4);
    uint64_t payload = read_u32(&r), room = SIZE - block * JOURNAL_BLOCK - BATCH_HEADER_SIZE;
    struct digest hash;

    if (payload <= room) {
        hash = sha256(batch + BATCH_HEADER_SIZE, payload);
        memcpy(batch + AT_PAYLOAD_HASH, hash.bytes, DIGEST_SIZE);
    }
    hash = sha256(batch, AT_HASH);
    memcpy(batch + AT_HASH, hash.bytes, DIGEST_SIZE);
}

static void edit(uint8_t ring[SEGMENTS][SIZE], struct reader *r)
{
    enum edit what = (enum edit)(read_u8(r) % EDIT_COUNT);
    unsigned segment = read_u8(r) % SEGMENTS;
    uint64_t offset = read_u16(r) % SIZE, block = offset / JOURNAL_BLOCK, size;

    switch (what) {
    case EDIT_BYTE:
        ring[segment][offset] ^= read_u8(r);
        return;
    case EDIT_U32:
        if (offset + 4 <= SIZE)
            put_u32(&ring[segment][offset], read_u32(r));
        return;
    case EDIT_CLEAR:
        size = (uint64_t)read_u8(r) * SECTOR;
        memset(&ring[segment][offset], 0, size < SIZE - offset ? size : SIZE - offset);
        return;
    case EDIT_SEAL:
        seal(ring[segment], block);
        return;
    case EDIT_MOVE:
        memmove(
            &ring[(segment + 1) % SEGMENTS][read_u8(r) % (SIZE / JOURNAL_BLOCK) * JOURNAL_BLOCK],
            &ring[segment][block * JOURNAL_BLOCK], JOURNAL_BLOCK);
        return;
    case EDIT_COUNT:
        return;
    }
}

struct given {
    uint64_t last;
    size_t batches;
};

static enum status take(void *context, struct bytes payload, uint32_t count,
                        const struct journal_mark *after)
{
    struct given *given = context;

    assert(count > 0 && after->sequence == given->last + count);
    assert(after->segment < SEGMENTS && after->offset <= SIZE);
    given->last = after->sequence;
    given->batches++;
    read_records(payload.data, payload.size);
    return ST_OK;
}

static void replay_edited(struct reader *r)
{
    static uint8_t ring[SEGMENTS][SIZE];
    OWNED(brittle) brittle = brittle_copy(sound, 1);
    const struct disk disk = brittle_disk(brittle);
    struct given given = {.last = mark.sequence};
    struct reason why = {""};
    enum status status;
    size_t got;

    for (int i = 0; i < SEGMENTS; i++)
        (void)disk.read_direct(disk.context, i, ring[i], SIZE, 0, &got);
    while (r->left > 0 && !r->failed)
        edit(ring, r);
    for (int i = 0; i < SEGMENTS; i++) {
        const struct iovec part = {ring[i], SIZE};
        (void)disk.write(disk.context, i, &part, 1, 0);
    }
    status = journal_replay(&disk, &config, &mark, take, &given, &why);
    assert(status == ST_OK || (status == ST_INVALID && given.batches == 0 && why.text[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data, size);

    if (!sound)
        make_ring();
    if (read_u8(&r) == 0)
        read_records(r.next, r.left);
    else
        replay_edited(&r);
    return 0;
}
