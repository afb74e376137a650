/* A late answer is opened as the answer that it carries, section by section. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"
#include "agents/cli/files.h"
#include "agents/cli/late_answer.h"
#include "agents/sections.h"
#include "lib/arena.h"
#include "lib/limits.h"
#include "proto/bodies/transfer.pb-c.h"

#define ANSWER "psr.report"

struct carried {
    uint8_t identity[65536],
        rest[65536]; /* the answer's fields: of DC_IDENTITY, and of the others */
    size_t identity_size, rest_size;
    char *json; /* owned: the whole answer, as it was */
};

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* The example of a report, as its sections and as JSON. */
static void carry(struct carried *c)
{
    const struct message_type *type = catalogue_find(ANSWER);
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    OWNED(arena) other = arena_new(BODY_MAX, BODY_ARENA);
    struct problems problems = {0};
    struct bytes body;
    struct reason reason;
    struct reader r;
    struct field field;
    char why[256];
    size_t size;
    char *json = file_read(SOURCE_DIR "/docs/examples/psr.report.json", 65536, &size, why);

    *c = (struct carried){0};
    assert_non_null(json);
    assert_int_equal(
        body_from_json(type, json, size, INT64_C(1795773600000), arena, &body, &problems), ST_OK);
    free(json);
    assert_int_equal(body_to_json(type, body, other, &c->json, &reason), ST_OK);
    r = reader_of(body.data, body.size);
    while (next_field(&r, &field)) {
        bool is_identity =
            category_of_field(type->body, field.tag) == category_parse("DC_IDENTITY");
        uint8_t *to = is_identity ? c->identity + c->identity_size : c->rest + c->rest_size;

        memcpy(to, field.whole.data, field.whole.size);
        *(is_identity ? &c->identity_size : &c->rest_size) += field.whole.size;
    }
    assert_true(c->identity_size > 0 && c->rest_size > 0);
}

static size_t pack(const struct carried *c, const char *type, bool with_rest, uint8_t **out)
{
    static const uint8_t id[16] = {0xaa, [15] = 1}, asked[16] = {0xbb, [15] = 2};
    Concordat__Body__LateAnswer late = CONCORDAT__BODY__LATE_ANSWER__INIT;

    late.has_answer_id = late.has_asked_id = late.has_answered_ms = late.has_identity = true;
    late.answer_id = (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)id};
    late.asked_id = (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)asked};
    late.answer_type = text(type);
    late.answered_by = text("csc.cambs");
    late.answered_ms = 1795773600000;
    late.identity = (ProtobufCBinaryData){c->identity_size, (uint8_t *)(uintptr_t)c->identity};
    late.has_risk_score = with_rest;
    late.risk_score = (ProtobufCBinaryData){c->rest_size, (uint8_t *)(uintptr_t)c->rest};
    *out = malloc(concordat__body__late_answer__get_packed_size(&late));
    assert_non_null(*out);
    return concordat__body__late_answer__pack(&late, *out);
}

static void its_sections_are_the_answer_again(void **)
{
    struct carried c;
    struct late_answer late;
    const char *why = "";
    uint8_t *body;
    size_t size;

    carry(&c);
    size = pack(&c, ANSWER, true, &body);
    assert_true(late_answer_read(body, size, &late, &why));
    assert_string_equal(late.json, c.json);
    assert_string_equal(late.type, ANSWER);
    assert_string_equal(late.by, "csc.cambs");
    assert_int_equal(late.at_ms, 1795773600000);
    assert_int_equal(late.answer.bytes[0], 0xaa);
    assert_int_equal(late.asked.bytes[0], 0xbb);
    late_answer_fini(&late);
    free(body);
    free(c.json);
}

static void what_was_not_passed_on_is_not_there(void **)
{
    struct carried c;
    struct late_answer late;
    const char *why = "";
    uint8_t *body;
    size_t size;

    carry(&c);
    size = pack(&c, ANSWER, false, &body);
    assert_true(late_answer_read(body, size, &late, &why));
    assert_true(strlen(late.json) < strlen(c.json));
    assert_non_null(strstr(late.json, "Example")); /* a name: identity */
    late_answer_fini(&late);
    free(body);
    free(c.json);
}

static void as_json_it_says_whose_answer_it_is(void **)
{
    struct carried c;
    struct late_answer late;
    const char *why = "";
    uint8_t *body;
    size_t size;
    json_t *object;

    carry(&c);
    size = pack(&c, ANSWER, true, &body);
    assert_true(late_answer_read(body, size, &late, &why));
    object = json_of_late_answer(&late);
    assert_string_equal(json_string_value(json_object_get(object, "type")), ANSWER);
    assert_string_equal(json_string_value(json_object_get(object, "by")), "csc.cambs");
    assert_true(json_is_object(json_object_get(object, "body")));
    json_decref(object);
    late_answer_fini(&late);
    free(body);
    free(c.json);
}

static void what_carries_no_answer_is_said_so(void **)
{
    struct carried c;
    struct late_answer late;
    const char *why = "";
    uint8_t *body;
    size_t size;

    carry(&c);
    size = pack(&c, "psr.reprot", true, &body);
    assert_false(late_answer_read(body, size, &late, &why));
    assert_non_null(strstr(why, "type"));
    assert_false(late_answer_read((const uint8_t *)"\xff\xff", 2, &late, &why));
    free(body);
    memset(c.rest, 0xff, 8);
    size = pack(&c, ANSWER, true, &body);
    assert_false(late_answer_read(body, size, &late, &why));
    assert_non_null(strstr(why, "cannot be read"));
    free(body);
    free(c.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_sections_are_the_answer_again),
        cmocka_unit_test(what_was_not_passed_on_is_not_there),
        cmocka_unit_test(as_json_it_says_whose_answer_it_is),
        cmocka_unit_test(what_carries_no_answer_is_said_so),
    };
    return cmocka_run_group_tests_name("late_answer", tests, NULL, NULL);
}
