/* A byte stream from a peer: cut into frames whatever its pieces, heads read; what is read writes
 * the same bytes again. The first byte says how large the pieces are and whether we are past hello.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/claim.h"
#include "proto/frame.h"
#include "proto/told.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *arena;
static uint8_t *again;

/* What was read, written again, is what it was read from. */
static void check_same(enum status status, const uint8_t *bytes, size_t size, struct bytes from)
{
    if (status != ST_OK || size != from.size || memcmp(bytes, from.data, size) != 0)
        abort();
}

/* What the wire carries as bytes of its own: told messages and claims. */
static void check_inside(const struct wire *wire)
{
    static struct told told;
    static uint8_t bytes[TOLD_MAX];
    struct claim claim;
    size_t size;

    if (wire->kind == WIRE_TOLD
        && told_read_message((enum told_kind)wire->told.kind, wire->told.told, arena, &told, NULL)
               == ST_OK) {
        enum status status = told_write(&told, bytes, sizeof bytes, &size);
        check_same(status, bytes + 1, size - 1, wire->told.told);
    }
    if (wire->kind == WIRE_CASE
        && claim_read(wire->case_frame.claim, arena, &claim, NULL) == ST_OK) {
        enum status status = claim_write(&claim, bytes, sizeof bytes, &size);
        check_same(status, bytes, size, wire->case_frame.claim);
    }
}

static void check_head(struct bytes head)
{
    struct wire wire;
    size_t size;

    if (wire_read(head, arena, &wire, NULL) != ST_OK)
        return;
    if (wire.kind == WIRE_STEP) {
        struct step step;
        uint8_t bytes[STEP_MAX];
        if (step_read(wire.step.step, arena, &step, NULL) == ST_OK
            && (step_write(&step, bytes, sizeof bytes, &size) != ST_OK
                || size != wire.step.step.size || memcmp(bytes, wire.step.step.data, size) != 0))
            abort();
    }
    check_inside(&wire);
    if (wire_write(&wire, 0, again, FRAME_PREFIX + HEAD_MAX, &size) != ST_OK)
        abort();
    if (wire.kind == WIRE_HELLO)
        return; /* its `software` is not kept */
    if (size != FRAME_PREFIX + head.size || memcmp(again + FRAME_PREFIX, head.data, head.size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!arena) {
        arena = arena_new(HEAD_ARENA, HEAD_ARENA);
        again = malloc(FRAME_PREFIX + HEAD_MAX);
    }
    if (!arena || !again || size == 0)
        return 0;

    size_t piece = 1 + (data[0] & 0x7f);
    OWNED(frame_reader) reader = frame_reader_new();
    if (!reader)
        return 0;
    if (data[0] & 0x80)
        frame_reader_limit(reader, HEAD_MAX, SEALED_MAX);
    for (size_t at = 1; at < size;) {
        enum status status;
        struct frame frame;
        size_t room, now = size - at < piece ? size - at : piece;
        uint8_t *to = frame_reader_room(reader, &room);
        if (!to || room == 0)
            abort();
        now = now < room ? now : room;
        memcpy(to, data + at, now);
        frame_reader_filled(reader, now);
        at += now;
        while ((status = frame_next(reader, &frame)) == ST_OK)
            check_head(frame.head);
        if (status != ST_MORE)
            break;
    }
    return 0;
}
