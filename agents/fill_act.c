/* What the sender of an act of custody may leave out of its body, since the agent knows it: filled
 * in before the body is checked. See desk_inside.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/desk_inside.h"
#include "proto/field.h"

#define TRANSFER_ID 1 /* of every act's body */

static bool put_missing(json_t *root, const char *camel, const char *snake, const void *data,
                        size_t size)
{
    char text[BASE64_SIZE(DIGEST_SIZE)];

    if (json_object_get(root, camel) || json_object_get(root, snake))
        return true;
    base64_print(data, size, text);
    return json_object_set_new(root, camel, json_string(text)) == 0;
}

/* The transfer that an act is about when its body does not say. Of a new offer it follows from the
 * message's id, where there is one, so that a repeat is the same. */
static struct id choose_transfer(const Concordat__SendRequest *r, const struct draft *draft,
                                 const struct holding *holding)
{
    static const uint8_t what[] = "concordat transfer 1";
    struct id asked = {{0}};
    struct digest digest;

    if (desk_take_id(&r->transfer_id, &asked) && !id_is_zero(&asked))
        return asked;
    if (draft->type->custody != CUSTODY_OFFER || !id_is_zero(&holding->transfer.id))
        return holding->transfer.id;
    if (id_is_zero(&draft->track.message_id))
        return id_random();
    digest = sha256_parts(
        (const struct bytes[]){{what, sizeof what}, {draft->track.message_id.bytes, ID_SIZE}}, 2);
    return id_from_random(digest.bytes, ID_WITHOUT_TIME);
}

static bool fill_json(struct desk *desk, const struct draft *draft, const struct id *transfer,
                      const struct digest *manifest, const char *json, char **out)
{
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    char *text = NULL, *copy = NULL;

    *out = (char *)(uintptr_t)json;
    if (!json_is_object(root)) { /* what is wrong with it is told by who reads it */
        json_decref(root);
        return true;
    }
    if (!id_is_zero(transfer))
        (void)put_missing(root, "transferId", "transfer_id", transfer->bytes, ID_SIZE);
    if (draft->type->custody == CUSTODY_COMPLETE)
        (void)put_missing(root, "manifestSha256", "manifest_sha256", manifest->bytes, DIGEST_SIZE);
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text && (copy = arena_take(desk->request_arena, strlen(text) + 1)))
        *out = memcpy(copy, text, strlen(text) + 1);
    free(text);
    return copy != NULL;
}

static bool fill_protobuf(struct desk *desk, const struct id *transfer,
                          const ProtobufCBinaryData *from, ProtobufCBinaryData *out)
{
    const size_t room = from->len + ID_SIZE + 8;
    uint8_t *bytes;
    struct writer w;

    *out = *from;
    if (id_is_zero(transfer) || (from->len > 0 && from->data[0] == (TRANSFER_ID << 3 | 2)))
        return true;
    bytes = arena_take(desk->request_arena, room);
    if (!bytes)
        return false;
    w = writer_of(bytes, room);
    field_id(&w, TRANSFER_ID, transfer);
    write_bytes(&w, from->data, from->len);
    *out = (ProtobufCBinaryData){.data = bytes, .len = w.size};
    return !w.failed;
}

bool desk_fill_act(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                   const struct draft *draft, Concordat__SendRequest *filled)
{
    struct holding holding = desk_holding(desk, &draft->track.case_handle);
    struct id transfer = choose_transfer(r, draft, &holding);
    bool well = true;

    *filled = *r;
    if (r->body_case == CONCORDAT__SEND_REQUEST__BODY_JSON)
        well =
            fill_json(desk, draft, &transfer, &holding.transfer.manifest, r->json, &filled->json);
    else if (r->body_case == CONCORDAT__SEND_REQUEST__BODY_PROTOBUF)
        well = fill_protobuf(desk, &transfer, &r->protobuf, &filled->protobuf);
    if (!well)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "body", "out of memory");
    return well;
}
