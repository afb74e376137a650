/* Every field of every body reaches its recipient as it was written; what a clause does not cover
 * is refused by name, and what was not shared is listed as such. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/body.h"
#include "agents/hpke.h"
#include "agents/reflect.h"
#include "agents/seal.h"
#include "agents/sections.h"
#include "proto/categories.pb-c.h"
#include "tests/unit/full_body.h"
#include "tests/unit/rogue_seal.h"
#include "tests/unit/town.h"

#define NOW_MS INT64_C(1781524800000) /* 2026-06-15 */

/* ---- from JSON to JSON ---- */

static uint8_t private_key[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE];
static const uint8_t key_id[KEY_ID_SIZE] = {7}, spki[DIGEST_SIZE] = {9};
static uint8_t sealed[SEALED_MAX], opened[BODY_MAX];

static struct envelope envelope_for(const struct message_type *type)
{
    struct envelope e = {.sender = "nps.cambs", .recipient = "csc.cambs", .purpose = "allocation"};

    e.message_id = id_new(NOW_MS);
    e.share_id = id_random();
    memcpy(e.recipient_key_id, key_id, sizeof key_id);
    (void)snprintf(e.type, sizeof e.type, "%s", type->name);
    return e;
}

/* JSON -> protobuf -> sections -> sealed -> opened -> JSON; free() the result. */
static char *through(const struct message_type *type, const char *json)
{
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    OWNED(sealer) sealer = sealer_new("nps.cambs", spki);
    struct envelope e = envelope_for(type);
    struct problems problems = {0};
    struct reason why = {""};
    size_t sealed_bytes = 0, opened_bytes = 0;
    struct bytes body;
    char *out = NULL;

    assert_true(arena && sealer);
    if (body_from_json(type, json, strlen(json), NOW_MS, arena, &body, &problems) != ST_OK)
        fail_msg("%s: %s: %s", type->name, problems.items[0].where, problems.items[0].text);
    assert_int_equal(
        seal(sealer, &e, body, key_id, public_key, NOW_MS, sealed, sizeof sealed, &sealed_bytes),
        ST_OK);
    assert_int_equal(e.categories, body_categories(type, body));
    assert_int_equal(open_sealed(&e, spki, (struct bytes){sealed, sealed_bytes}, private_key,
                                 opened, sizeof opened, &opened_bytes, &why),
                     ST_OK);
    arena_reset(arena, false);
    assert_int_equal(body_to_json(type, (struct bytes){opened, opened_bytes}, arena, &out, &why),
                     ST_OK);
    return out;
}

static char *as_json(const struct message_type *type, struct bytes body)
{
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    struct reason why = {""};
    char *out = NULL;

    assert_non_null(arena);
    assert_int_equal(body_to_json(type, body, arena, &out, &why), ST_OK);
    return out;
}

/* How many fields of the message, and of those inside it, the JSON has; `missing` counts others. */
static size_t see_fields(const ProtobufCMessageDescriptor *d, json_t *json, category_set wanted,
                         size_t *missing)
{
    size_t seen = 0;

    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[i];
        char name[JSON_NAME_MAX + 1];

        if (wanted && !(wanted >> category_of_field(d, field->id) & 1))
            continue;
        field_json_name(field, name);
        json_t *value = json_object_get(json, name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            value = json_array_get(value, 0);
        if (!value)
            ++*missing;
        else
            seen++;
        if (value && field->type == PROTOBUF_C_TYPE_MESSAGE)
            seen += see_fields(field->descriptor, value, 0, missing);
    }
    return seen;
}

static void every_field_of_every_body_comes_out_as_it_went_in(void **)
{
    size_t count = 0, seen = 0, missing = 0;
    const struct message_type *types = catalogue_all(&count);

    assert_int_equal(hpke_keypair(private_key, public_key), ST_OK);
    full_body_seed(11);
    for (size_t i = 0; i < 3 * count; i++) {
        const struct message_type *type = &types[i % count];
        OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
        char *json = as_json(type, full_body(type, type->allowed, arena));
        char *out = through(type, json);
        json_t *tree = json_loads(out, 0, NULL);

        assert_string_equal(json, out);
        assert_non_null(tree);
        seen += see_fields(type->body, tree, type->allowed, &missing);
        json_decref(tree);
        free(json);
        free(out);
    }
    assert_int_equal(missing, 0);
    print_message("%zu types, %zu fields set and the same at the other end\n", count, seen / 3);
}

/* The check above notices a field that is not there. */
static void a_field_that_is_lost_is_seen(void **)
{
    const struct message_type *type = catalogue_find("psr.request");
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    char *json = as_json(type, full_body(type, type->allowed, arena));
    json_t *tree = json_loads(json, 0, NULL);
    size_t missing = 0;

    (void)json_object_del(json_object_get(tree, "defendant"), "isYouth");
    (void)see_fields(type->body, tree, type->allowed, &missing);
    assert_int_equal(missing, 1);
    print_message("control_caught=yes\n");
    json_decref(tree);
    free(json);
}

/* ---- a field in the wrong section ---- */

static enum status open_in_section(const struct message_type *type, uint32_t category,
                                   struct bytes field, struct rogue *rogue, struct reason *why)
{
    struct envelope e = envelope_for(type);
    size_t size = 0;

    rogue_begin(rogue, &e, spki, public_key, sealed, sizeof sealed);
    rogue_section(rogue, category, rogue_framed(rogue, field));
    return open_sealed(&e, spki, (struct bytes){sealed, e.body_size}, private_key, opened,
                       sizeof opened, &size, why);
}

static void each_field_opens_in_its_own_section_and_in_no_other(void **)
{
    size_t count = 0, fields = 0, refused = 0;
    const struct message_type *types = catalogue_all(&count);
    struct rogue *rogue = calloc(1, sizeof *rogue);

    assert_non_null(rogue);
    assert_int_equal(hpke_keypair(private_key, public_key), ST_OK);
    full_body_seed(13);
    for (size_t i = 0; i < count; i++) {
        OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
        struct bytes body = full_body(&types[i], types[i].allowed, arena);
        struct reader r = reader_of(body.data, body.size);
        struct reason why = {""};
        struct field field;

        while (next_field(&r, &field)) {
            uint32_t right = category_of_field(types[i].body, field.tag);
            uint32_t wrong = 1 + (right + full_body_pick(SECTIONS_MAX - 1)) % SECTIONS_MAX;

            fields++;
            assert_int_equal(open_in_section(&types[i], right, field.whole, rogue, &why), ST_OK);
            assert_int_not_equal(wrong, right);
            refused += open_in_section(&types[i], wrong, field.whole, rogue, &why) == ST_INVALID;
        }
    }
    assert_int_equal(refused, fields);
    print_message("%zu fields, each refused in another section\n", fields);
    free(rogue);
}

static struct id id_of(const Concordat__Response *r)
{
    struct id id = {{0}};

    if (r->message_id.len == ID_SIZE)
        memcpy(id.bytes, r->message_id.data, ID_SIZE);
    return id;
}

/* The recipient's agent says so, in evidence that the sender sees. */
static void a_misplaced_field_is_a_category_mismatch(void **)
{
    static const char *const two[] = {"court.b35cz00", "nps.cambs"};
    OWNED(town) town = town_new(two, 2);
    struct id id;

    town_mischief(town)->misplace = true;
    id = id_of(town_send(town, 0, "psr.request", "nps.cambs", "psr.request.json", NULL));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &id), "accepted rejected");
    assert_string_equal(town_detail(town, 1, &id), "BODY_CATEGORY_MISMATCH");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
}

/* ---- random recipients ---- */

static const char *const purposes[] = {"allocation", "housing", "iom", "supervise_sentence"};
#define PURPOSES LENGTH(purposes)

static void put_names(FILE *f, const char *key, category_set set)
{
    const char *between = "";

    (void)fprintf(f, "    %s: [", key);
    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set >> c & 1) {
            (void)fprintf(f, "%s%s", between, category_name(c));
            between = ", ";
        }
    (void)fputs("]\n", f);
}

/* An agreement with a clause for each type and purpose, each with categories of its own. */
static void write_agreement(const char *path, category_set *allowed)
{
    size_t count = 0;
    const struct message_type *types = catalogue_all(&count);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    (void)fputs("agreement: ISA-RANDOM\nversion: 1\ntitle: Random recipients\n"
                "in-force: 2020-01-01\nreview: 2090-01-01\nexpires: 2099-01-01\n"
                "marking:\n  floor: OFFICIAL\n  ceiling: OFFICIAL_SENSITIVE\n"
                "retention-days: 365\nonward: []\n"
                "parties:\n  - agency: nps.cambs\n    kind: NPS\n    contact: A desk\n"
                "  - agency: csc.cambs\n    kind: LA_CHILDREN\n    contact: A desk\nclauses:\n",
                f);
    for (size_t i = 0; i < count * PURPOSES; i++) {
        const struct message_type *type = &types[i / PURPOSES];
        category_set more = type->allowed & ~type->required & (full_body_pick(1u << 25));

        allowed[i] = type->required | more;
        (void)fprintf(f,
                      "  - id: c%zu\n    type: %s\n    from: nps.cambs\n    to: csc.cambs\n"
                      "    purpose: %s\n    gateway: OMA2007_S14\n",
                      i, type->name, purposes[i % PURPOSES]);
        if (catalogue_is_answer(type))
            (void)fputs("    only-in-reply: false\n", f);
        put_names(f, "required", type->required);
        if (more)
            put_names(f, "allowed", more);
    }
    assert_int_equal(fclose(f), 0);
}

static const Concordat__Response *send_json(struct town *town, const struct message_type *type,
                                            const char *purpose, char *json)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char name[TYPE_MAX + 1], to[] = "csc.cambs", why[PURPOSE_MAX + 1];

    (void)snprintf(name, sizeof name, "%s", type->name);
    (void)snprintf(why, sizeof why, "%s", purpose);
    send.type = name;
    send.to = to;
    send.purpose = why;
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = json;
    request.version = 1;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    return town_ask(town, 0, &request);
}

static category_set set_of(const Concordat__DataCategory *list, size_t count)
{
    category_set set = 0;

    for (size_t i = 0; i < count; i++)
        set |= UINT32_C(1) << list[i];
    return set;
}

/* With all it may have, the message is refused, and exactly what is not covered is named; without
 * that it goes, and its recipient reads exactly the rest. */
static bool share(struct town *town, const struct message_type *type, const char *purpose,
                  category_set allowed)
{
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    category_set over = type->allowed & ~allowed;
    char *whole = as_json(type, full_body(type, type->allowed, arena));
    char *part = as_json(type, full_body(type, allowed, arena));
    const Concordat__Response *r;

    if (over) {
        r = send_json(town, type, purpose, whole);
        assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
        assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED);
        assert_int_equal(set_of(r->refusal->offending, r->refusal->n_offending), over);
    }
    r = send_json(town, type, purpose, part);
    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("%s: %s", type->name, r->n_problems ? r->problems[0]->text : r->advice);
    struct id id = id_of(r);
    town_settle(town);
    r = town_open(town, 1, &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(r->json, part);
    assert_int_equal(set_of(r->items[0]->shared, r->items[0]->n_shared), allowed);
    assert_int_equal(set_of(r->not_shared, r->n_not_shared), over);
    free(whole);
    free(part);
    return over != 0;
}

static void recipients_read_what_is_permitted_and_are_told_the_rest(void **)
{
    static const char *const two[] = {"nps.cambs", "csc.cambs"};
    char folder[] = "/tmp/concordat-sharing-XXXXXX", path[64];
    size_t count = 0, partial = 0, shared = 0;
    const struct message_type *types = catalogue_all(&count);
    category_set *allowed = calloc(count * PURPOSES, sizeof *allowed);

    assert_non_null(allowed);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/random.yaml", folder);
    full_body_seed(17);
    write_agreement(path, allowed);
    OWNED(town) town = town_new_under(folder, two, 2);
    for (size_t i = 0; i < count * PURPOSES; i++) {
        if (types[i / PURPOSES].custody != CUSTODY_NONE)
            continue; /* goes only about a case that is held: test_handover.c */
        partial += share(town, &types[i / PURPOSES], purposes[i % PURPOSES], allowed[i]);
        shared++;
    }
    assert_true(partial > shared / 2);
    print_message("%zu recipients, %zu of them with less than a type may carry\n", shared, partial);
    free(allowed);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_body_comes_out_as_it_went_in),
        cmocka_unit_test(a_field_that_is_lost_is_seen),
        cmocka_unit_test(each_field_opens_in_its_own_section_and_in_no_other),
        cmocka_unit_test(a_misplaced_field_is_a_category_mismatch),
        cmocka_unit_test(recipients_read_what_is_permitted_and_are_told_the_rest),
    };
    return cmocka_run_group_tests_name("sharing", tests, NULL, NULL);
}
