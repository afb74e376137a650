#include "tests/system/handover.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/manifest.h"
#include "proto/bodies/record.pb-c.h"
#include "tests/system/awaiting.h"
#include "tests/system/text.h"

#define PATIENCE_MS 60000 /* until what must come is missing; its daemons may be killed meanwhile  \
                           */

void id_as_body(const struct concordat_id *id, char out[static ID_BASE64])
{
    base64_print(id->bytes, sizeof id->bytes, out);
}

static struct concordat *client_of(struct handover *h, const char *agency)
{
    return h->way ? h->way->client(h->way->context, agency) : scenario_client(h->s, agency);
}

static struct concordat_answer *send_as(struct handover *h, const char *from,
                                        struct concordat_message message)
{
    return h->way ? h->way->send(h->way->context, from, message)
                  : scenario_send(h->s, from, message);
}

/* ---- parts ---- */

#define LARGE_PART (1000 * 1000) /* bytes of its text */

/* Of all handovers, in whatever thread: copies of a handover share their parts. */
struct kept {
    struct kept *next;
    uint8_t bytes[];
};

static _Atomic(struct kept *) all_kept;

static uint8_t *keep_room(size_t size)
{
    struct kept *kept = malloc(sizeof *kept + size);

    if (!kept)
        fail("out of memory");
    kept->next = all_kept;
    while (!atomic_compare_exchange_weak(&all_kept, &kept->next, kept))
        ;
    return kept->bytes;
}

static void make_part(struct handover *h, uint32_t number)
{
    Concordat__Body__RecordPart part = CONCORDAT__BODY__RECORD_PART__INIT;
    Concordat__Body__RecordPart__Content content = CONCORDAT__BODY__RECORD_PART__CONTENT__INIT;
    Concordat__Body__Statement text = CONCORDAT__BODY__STATEMENT__INIT;
    char kind[] = "contact log";
    const size_t size = number == PARTS_MAX ? LARGE_PART : 96;
    char *words = calloc(1, size);

    if (!words)
        fail("out of memory");
    (void)snprintf(words, size, "Contact %u of the record: seen as arranged.", number);
    for (size_t i = strlen(words); number == PARTS_MAX && i < size - 1; i++)
        words[i] = i % 60 == 0 ? '.' : 'm';
    text.text = words;
    content.kind = kind;
    content.text = &text;
    part.has_manifest_id = true;
    part.manifest_id = (ProtobufCBinaryData){sizeof h->manifest.bytes, h->manifest.bytes};
    part.has_number = true;
    part.number = number;
    part.sentence_order = &content;
    struct handover_part *out = &h->parts[number - 1];
    out->bytes = keep_room(concordat__body__record_part__get_packed_size(&part));
    out->size = concordat__body__record_part__pack(&part, out->bytes);
    free(words);
}

void handover_prepare(struct handover *h)
{
    h->transfer = concordat_id_new();
    h->manifest = concordat_id_new();
    for (uint32_t i = 1; i <= h->part_count; i++)
        make_part(h, i);
}

/* ---- bodies ---- */

static void add_parts(const struct handover *h, struct text *t)
{
    for (uint32_t i = 0; i < h->part_count; i++) {
        char hash[BASE64_SIZE(DIGEST_SIZE)];
        struct part_measure m =
            manifest_measure((struct bytes){h->parts[i].bytes, h->parts[i].size});
        base64_print(m.sha256.bytes, DIGEST_SIZE, hash);
        text_add(
            t,
            "%s{\"number\": %u, \"kind\": \"contact log\", \"size\": \"%llu\", \"sha256\": \"%s\"}",
            i ? ", " : "", i + 1, (unsigned long long)m.size, hash);
    }
}

static void add_components(const struct handover *h, struct text *t)
{
    for (uint32_t i = 1; i <= h->components; i++)
        text_add(t, "%s{\"number\": %u, \"kind\": \"%s\", \"label\": \"component %u\"}",
                 i > 1 ? ", " : "", i,
                 i == 1   ? "OFFENDER"
                 : i == 2 ? "ORDER"
                          : "REQUIREMENT",
                 i);
}

static void begin(const struct handover *h, struct text *t)
{
    char id[ID_BASE64];

    id_as_body(&h->transfer, id);
    t->size = 0;
    text_add(t, "{\"transferId\": \"%s\"", id);
}

static struct concordat_answer *say(struct handover *h, const char *by, const char *to,
                                    const char *type, const struct text *t)
{
    return send_as(h, by,
                   (struct concordat_message){.type = type,
                                              .to = to,
                                              .json = t->bytes,
                                              .case_handle = h->case_handle,
                                              .transfer_id = h->transfer,
                                              .conversation_id = h->offer});
}

struct concordat_answer *handover_offer(struct handover *h, const char *components)
{
    struct text t;
    char manifest[ID_BASE64];

    begin(h, &t);
    id_as_body(&h->manifest, manifest);
    text_add(&t, ", %s, \"reason\": \"%s\", \"manifest\": {\"manifestId\": \"%s\", \"parts\": [",
             h->subject, h->reason, manifest);
    add_parts(h, &t);
    text_add(&t, "]}, \"components\": [");
    add_components(h, &t);
    text_add(&t, "]");
    if (components)
        text_add(&t, ", \"offered\": [%s]", components);
    text_add(&t, "}");
    struct concordat_message message = {.type = "case.transfer.offer",
                                        .to = h->to,
                                        .json = t.bytes,
                                        .case_handle = h->case_handle,
                                        .conversation_id = h->offer};
    if (!concordat_id_is_none(&h->offer))
        message.transfer_id = h->transfer;
    struct concordat_answer *answer = send_as(h, h->from, message);
    if (answer->outcome == CONCORDAT_DONE && concordat_id_is_none(&h->offer))
        h->offer = answer->message_id;
    return answer;
}

/* "1, 2" as replies. */
static void add_replies(struct text *t, const struct handover *h, const char *components)
{
    const char *at = components;

    text_add(t, ", \"replies\": [");
    for (uint32_t i = 1; !components && i <= h->components; i++)
        text_add(t, "%s{\"component\": %u}", i > 1 ? ", " : "", i);
    while (at && *at) {
        char *end;
        unsigned long number = strtoul(at, &end, 10);
        text_add(t, "%s{\"component\": %lu}", at == components ? "" : ", ", number);
        at = end + strspn(end, ", ");
    }
    text_add(t, "]}");
}

struct concordat_answer *handover_accept(struct handover *h, const char *components)
{
    struct text t;

    begin(h, &t);
    add_replies(&t, h, components);
    return say(h, h->to, h->from, "case.transfer.accept", &t);
}

struct concordat_answer *handover_reject(struct handover *h, uint32_t component, const char *reason)
{
    struct text t;

    begin(h, &t);
    text_add(&t, ", \"replies\": [{\"component\": %u, \"reject\": \"%s\"}]}", component, reason);
    return say(h, h->to, h->from, "case.transfer.reject", &t);
}

struct concordat_answer *handover_withdraw(struct handover *h, const char *reason)
{
    struct text t;

    begin(h, &t);
    text_add(&t, ", \"reason\": \"%s\"}", reason);
    return say(h, h->from, h->to, "case.transfer.withdraw", &t);
}

struct concordat_answer *handover_send_part(struct handover *h, uint32_t number, bool is_altered)
{
    const struct handover_part *part = &h->parts[number - 1];
    uint8_t *seen = memmem(part->bytes, part->size, "seen", 4);

    if (!seen)
        fail("part %u has no text", number);
    seen[0] ^= is_altered;
    struct concordat_answer *answer =
        send_as(h, h->from,
                (struct concordat_message){.type = "case.record.part",
                                           .to = h->to,
                                           .protobuf = part->bytes,
                                           .protobuf_size = part->size,
                                           .case_handle = h->case_handle,
                                           .conversation_id = h->offer});
    seen[0] ^= is_altered;
    return answer;
}

struct concordat_answer *handover_query(struct handover *h, uint32_t missing)
{
    struct text t = {.size = 0};
    char manifest[ID_BASE64];

    id_as_body(&h->manifest, manifest);
    text_add(&t, "{\"manifestId\": \"%s\", \"missing\": [%u]}", manifest, missing);
    return say(h, h->to, h->from, "case.record.query", &t);
}

static bool is_known(const struct concordat_custody *custody, const void *)
{
    return custody != NULL;
}

struct concordat_answer *handover_complete(struct handover *h)
{
    struct concordat *client = client_of(h, h->to);
    char hash[BASE64_SIZE(DIGEST_SIZE)] = "";
    struct text t;

    while (!*hash) { /* its agent may be killed between the two */
        if (!await_custody(client, &h->case_handle, is_known, NULL, PATIENCE_MS))
            fail("%s knows nothing of the case", h->to);
        struct concordat_answer *known = concordat_case(client, &h->case_handle, 1);
        if (known->custody)
            base64_print(known->custody->manifest_sha256, DIGEST_SIZE, hash);
        concordat_answer_free(known);
    }
    begin(h, &t);
    text_add(&t, ", \"manifestSha256\": \"%s\"}", hash);
    return say(h, h->to, h->from, "case.transfer.complete", &t);
}

/* ---- what became of it ---- */

struct part_wanted {
    uint32_t number;
    const char *state;
};

static bool part_is(const struct concordat_custody *custody, const void *context)
{
    const struct part_wanted *wanted = context;

    for (size_t i = 0; custody && i < custody->part_count; i++)
        if (custody->parts[i].number == wanted->number)
            return strcmp(custody->parts[i].state, wanted->state) == 0;
    return false;
}

bool handover_part_is(struct handover *h, uint32_t number, const char *state)
{
    const struct part_wanted wanted = {number, state};

    return await_custody(client_of(h, h->to), &h->case_handle, part_is, &wanted, PATIENCE_MS);
}

void handover_whole(struct handover *h)
{
    struct concordat_id offer =
        expect_accepted(handover_offer(h, NULL), "the holder offers the case");

    expect(scenario_reaches(h->s, h->from, &offer, "delivered"), "it arrives");
    (void)expect_accepted(handover_accept(h, NULL), "the other accepts all of it");
    for (uint32_t i = 1; i <= h->part_count; i++) {
        struct concordat_id part = expect_accepted(handover_send_part(h, i, false), "a part goes");
        if (!scenario_reaches(h->s, h->from, &part, "delivered") || !handover_part_is(h, i, "here"))
            fail("part %u does not arrive", i);
    }
    (void)expect_accepted(handover_complete(h), "the other completes: it holds the case");
}
