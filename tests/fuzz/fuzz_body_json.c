/* Any bytes as a body, in JSON or (first byte odd) in protobuf; what is taken goes there and back.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"

#define NOW 1781524800000 /* 2026-06-15 */

static void there_and_back(const struct message_type *type, struct bytes body)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct problems problems;
    struct reason why;
    struct bytes again;
    char *json = NULL;

    assert(arena);
    enum status st = body_to_json(type, body, arena, &json, &why);
    assert(st == ST_OK);
    st = body_from_json(type, json, strlen(json), NOW, arena, &again, &problems);
    assert(st == ST_OK);
    assert(again.size == body.size && memcmp(again.data, body.data, body.size) == 0);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count), *type;
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct problems problems;
    struct bytes body;
    enum status st;

    if (!arena || size == 0)
        return 0;
    type = &types[(data[0] >> 1) % count];
    if (data[0] & 1)
        st = body_from_protobuf(type, (struct bytes){data + 1, size - 1}, NOW, arena, &body,
                                &problems);
    else
        st = body_from_json(type, (const char *)data + 1, size - 1, NOW, arena, &body, &problems);
    assert(st == ST_OK || st == ST_INVALID || st == ST_LIMIT);
    assert(st != ST_INVALID || problems.count > 0);
    if (st == ST_OK)
        there_and_back(type, body);
    return 0;
}
