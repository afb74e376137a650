/* Any bytes as a hearing: refused with a reason, or messages that their own check takes and leaves
 * that are all accounted for. The first byte chooses what the caller knows of the court. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/hearing.h"
#include "agents/common_platform/losses.h"

#define NOW 1782864000000 /* 2026-07-01 */

static void check(const struct court_message *message)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct problems problems;
    struct bytes again;

    assert(arena);
    enum status st =
        body_from_protobuf(message->type, message->body, NOW, arena, &again, &problems);
    assert(st == ST_OK && again.size == message->body.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(hearing_messages) messages = NULL;
    OWNED(losses) losses = losses_new();
    struct problem problem;

    if (!losses || size == 0)
        return 0;
    const struct hearing_settings settings = {data[0] & 1 ? "B35CZ00" : NULL,
                                              data[0] & 2 ? NULL : "B35CZ00", NOW};
    enum status st =
        hearing_convert((const char *)data + 1, size - 1, &settings, &messages, &problem);

    assert(st == ST_OK || st == ST_INVALID || st == ST_LIMIT);
    if (st != ST_OK) {
        assert(!messages && problem.text[0]);
        return 0;
    }
    struct tally tally = tally_of(messages->source);
    assert(tally.leaves == tally.carried + tally.said + tally.left_out);
    for (size_t i = 0; i < messages->count; i++)
        check(&messages->messages[i]);
    assert(losses_add(losses, messages->source) == ST_OK);
    for (size_t i = 0; i < losses_count(losses); i++)
        assert(losses_at(losses, i).count > 0);
    return 0;
}
