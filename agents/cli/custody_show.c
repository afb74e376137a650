#include "agents/cli/custody_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agents/base64.h"
#include "agents/cli/arguments.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "lib/bytes.h"

void custody_show_holder(const struct cli *cli, const struct concordat_custody *custody)
{
    char text[160], since[WHEN_SIZE];

    when_print(custody->since_ms, since);
    if (custody->closed)
        (void)snprintf(text, sizeof text, "nobody: the case is closed%s%s",
                       *since ? ", since " : "", since);
    else if (!*custody->holder)
        (void)snprintf(text, sizeof text, "nobody");
    else
        (void)snprintf(text, sizeof text, "%s%s%s", custody->holder, *since ? ", since " : "",
                       since);
    show_fact(cli, "holder", text);
    (void)snprintf(text, sizeof text, "%" PRIu64 "%s", custody->version,
                   custody->from_broker ? " (the broker's answer)"
                                        : " (as the broker told this agent last)");
    show_fact(cli, "version", text);
}

void custody_show_claims(const struct cli *cli, const struct concordat_custody *custody)
{
    for (size_t i = 0; i < custody->claim_count; i++) {
        const struct concordat_claimed *one = &custody->claims[i];
        char at[WHEN_SIZE], text[160];

        when_print(one->at_ms, at);
        (void)snprintf(text, sizeof text, "%s at %s, signed by us: %s", one->kind, at,
                       *one->code ? one->code : "done");
        show_fact(cli, "claim", text);
    }
}

static void show_components(const struct cli *cli, const struct concordat_custody *custody)
{
    static const char *const headings[] = {"COMPONENT", "KIND", "STATE", "REASON", "WHAT"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    char number[16];

    for (size_t i = 0; table && i < custody->component_count; i++) {
        const struct concordat_component *one = &custody->components[i];

        (void)snprintf(number, sizeof number, "%" PRIu32, one->number);
        table_add(table, number);
        table_add(table, one->kind);
        table_add(table, one->state);
        table_add(table, *one->reason ? one->reason : "-");
        table_add(table, one->label);
    }
    if (table && custody->component_count > 0) {
        printf("\n");
        table_print(table, cli);
    }
}

static void show_parts(const struct cli *cli, const struct concordat_custody *custody)
{
    static const char *const headings[] = {"PART", "KIND", "BYTES", "STATE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    char number[16], size[24];

    for (size_t i = 0; table && i < custody->part_count; i++) {
        const struct concordat_part *one = &custody->parts[i];

        (void)snprintf(number, sizeof number, "%" PRIu32, one->number);
        (void)snprintf(size, sizeof size, "%" PRIu64, one->size);
        table_add(table, number);
        table_add(table, *one->kind ? one->kind : "-");
        table_add(table, size);
        table_add(table, one->state);
    }
    if (table && custody->part_count > 0) {
        printf("\n");
        table_print(table, cli);
    }
}

static unsigned bits(uint32_t set)
{
    unsigned count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

void custody_show_transfer(const struct cli *cli, const struct concordat_custody *custody)
{
    char text[CONCORDAT_ID_TEXT], until[WHEN_SIZE];

    if (concordat_id_is_none(&custody->transfer_id))
        return;
    concordat_id_print(&custody->transfer_id, text);
    printf("\n");
    show_fact(cli, "transfer", text);
    show_fact(cli, "offered to", custody->offered_to);
    when_print_local(custody->reply_by_ms, until);
    if (*until)
        show_fact(cli, "reply by", until);
    printf("%s%-12s%s %u accepted, %u rejected, %u not yet spoken of\n",
           tone_start(cli, TONE_FAINT), "components", tone_end(cli), bits(custody->accepted),
           bits(custody->rejected), bits(custody->offered));
    show_components(cli, custody);
    show_parts(cli, custody);
}

void custody_show_conversations(const struct cli *cli, const struct concordat_custody *custody)
{
    static const char *const headings[] = {"OPEN CONVERSATION", "BEGUN WITH", "BY", "WITH",
                                           "OUR NEXT",          "STATE"};
    OWNED(table) table = table_new(headings, LENGTH_OF(headings));
    char id[CONCORDAT_ID_TEXT], next[16];

    for (size_t i = 0; table && i < custody->conversation_count; i++) {
        const struct concordat_conversation *one = &custody->conversations[i];

        concordat_id_print(&one->id, id);
        (void)snprintf(next, sizeof next, "%" PRIu32, one->next);
        table_add(table, id);
        table_add(table, one->type);
        table_add(table, one->asked_by_us ? "us" : "them");
        table_add(table, one->with);
        table_add(table, next);
        table_add(table, one->state);
    }
    if (table && custody->conversation_count > 0) {
        printf("\n");
        table_print(table, cli);
    }
}

static json_t *json_of_bits(uint32_t set)
{
    json_t *list = json_array();

    for (uint32_t number = 1; set; set >>= 1, number++)
        if (set & 1)
            (void)json_array_append_new(list, json_integer(number));
    return list;
}

static json_t *json_of_components(const struct concordat_custody *custody)
{
    json_t *list = json_array();

    for (size_t i = 0; i < custody->component_count; i++) {
        const struct concordat_component *one = &custody->components[i];
        json_t *object = json_object();

        json_put(object, "number", json_integer(one->number));
        json_put(object, "kind", json_string(one->kind));
        json_put(object, "label", json_string(one->label));
        json_put(object, "state", json_string(one->state));
        json_put(object, "reason", json_string(one->reason));
        (void)json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_of_parts(const struct concordat_custody *custody)
{
    json_t *list = json_array();
    char hex[65];

    for (size_t i = 0; i < custody->part_count; i++) {
        const struct concordat_part *one = &custody->parts[i];
        json_t *object = json_object();

        for (size_t b = 0; b < sizeof one->sha256; b++)
            (void)snprintf(hex + 2 * b, 3, "%02x", one->sha256[b]);
        json_put(object, "number", json_integer(one->number));
        json_put(object, "kind", json_string(one->kind));
        json_put(object, "size", json_integer((json_int_t)one->size));
        json_put(object, "sha256", json_string(hex));
        json_put(object, "state", json_string(one->state));
        (void)json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_of_conversations(const struct concordat_custody *custody)
{
    json_t *list = json_array();

    for (size_t i = 0; i < custody->conversation_count; i++) {
        const struct concordat_conversation *one = &custody->conversations[i];
        json_t *object = json_object();

        json_put(object, "conversationId", json_of_id(&one->id));
        json_put(object, "type", json_string(one->type));
        json_put(object, "with", json_string(one->with));
        json_put(object, "askedByUs", json_boolean(one->asked_by_us));
        json_put(object, "next", json_integer(one->next));
        json_put(object, "state", json_string(one->state));
        (void)json_array_append_new(list, object);
    }
    return list;
}

static json_t *json_of_bytes(const uint8_t *bytes, size_t size)
{
    char *text = malloc(BASE64_SIZE(size));
    json_t *json;

    if (!text)
        return json_null();
    base64_print(bytes, size, text);
    json = json_string(text);
    free(text);
    return json;
}

static json_t *json_of_claims(const struct concordat_custody *custody)
{
    json_t *list = json_array();

    for (size_t i = 0; i < custody->claim_count; i++) {
        const struct concordat_claimed *one = &custody->claims[i];
        char signer[2 * sizeof one->signer + 1];
        json_t *object = json_object();

        hex_print(one->signer, sizeof one->signer, signer);
        json_put(object, "kind", json_string(one->kind));
        json_put(object, "at", json_of_time(one->at_ms));
        json_put(object, "answered", json_of_time(one->answered_ms));
        json_put(object, "refused", *one->code ? json_string(one->code) : json_null());
        json_put(object, "claim", json_of_bytes(one->claim, one->claim_size));
        json_put(object, "signer", json_string(signer));
        json_put(object, "signature", json_of_bytes(one->signature, sizeof one->signature));
        json_put(object, "answer",
                 one->answer_size ? json_of_bytes(one->answer, one->answer_size) : json_null());
        (void)json_array_append_new(list, object);
    }
    return list;
}

json_t *json_of_custody(const struct concordat_custody *custody)
{
    json_t *object = json_object(), *transfer;

    json_put(object, "holder", json_string(custody->holder));
    json_put(object, "version", json_integer((json_int_t)custody->version));
    json_put(object, "closed", json_boolean(custody->closed));
    json_put(object, "since", json_of_time(custody->since_ms));
    json_put(object, "fromBroker", json_boolean(custody->from_broker));
    json_put(object, "openConversations", json_of_conversations(custody));
    json_put(object, "claims", json_of_claims(custody));
    if (concordat_id_is_none(&custody->transfer_id))
        return object;
    transfer = json_object();
    json_put(transfer, "transferId", json_of_id(&custody->transfer_id));
    json_put(transfer, "offeredTo", json_string(custody->offered_to));
    json_put(transfer, "replyBy", json_of_time(custody->reply_by_ms));
    json_put(transfer, "accepted", json_of_bits(custody->accepted));
    json_put(transfer, "rejected", json_of_bits(custody->rejected));
    json_put(transfer, "offered", json_of_bits(custody->offered));
    json_put(transfer, "components", json_of_components(custody));
    json_put(transfer, "parts", json_of_parts(custody));
    json_put(object, "transfer", transfer);
    return object;
}
