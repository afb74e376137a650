/* A part of a record is a file: numbered, measured as it will be sent, and told apart by its hash.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/base64.h"
#include "agents/body.h"
#include "agents/cli/part.h"
#include "lib/limits.h"

static const struct concordat_id manifest = {{0x7f, [15] = 1}};
static char path[64];

static const char *file_of(const char *content)
{
    int fd;

    (void)snprintf(path, sizeof path, "/tmp/concordat-part-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(fd);
    return path;
}

static void a_part_is_measured_as_it_is_sent(void **)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    struct part part = {0};
    struct part_measure sent;
    struct problems problems = {0};
    struct bytes body;
    char *json;

    assert_true(part_read(
        file_of("{\"identity\": {\"kind\": \"contact log\", \"text\": {\"text\": \"a visit\"}}}"),
        &part));
    assert_true(part_number(&part, &manifest, 4, arena));
    json = json_dumps(part.body, JSON_COMPACT); /* what is handed to the agent */
    assert_int_equal(body_from_json(catalogue_find("case.record.part"), json, strlen(json), 1,
                                    arena, &body, &problems),
                     ST_OK);
    sent = manifest_measure(body);
    assert_int_equal(part.measure.size, sent.size);
    assert_true(digest_equal(&part.measure.sha256, &sent.sha256));
    free(json);
    part_fini(&part);
    (void)unlink(path);
}

static void the_manifest_lists_number_kind_size_and_hash(void **)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    struct part part = {0};
    char digest[BASE64_SIZE(DIGEST_SIZE)];
    json_t *listed;

    assert_true(part_read(file_of("{\"nonDisclosure\": {\"kind\": \"letter\"}}"), &part));
    assert_true(part_number(&part, &manifest, 9, arena));
    listed = json_of_part(&part);
    base64_print(part.measure.sha256.bytes, DIGEST_SIZE, digest);
    assert_int_equal(json_integer_value(json_object_get(listed, "number")), 9);
    assert_string_equal(json_string_value(json_object_get(listed, "kind")), "letter");
    assert_int_equal(json_integer_value(json_object_get(listed, "size")), part.measure.size);
    assert_string_equal(json_string_value(json_object_get(listed, "sha256")), digest);
    assert_true(json_is_true(json_object_get(listed, "nonDisclosure")));
    json_decref(listed);
    part_fini(&part);
    (void)unlink(path);
}

static void another_number_is_another_part(void **)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    struct part part = {0};
    struct part_measure first;

    assert_true(part_read(file_of("{\"identity\": {\"kind\": \"letter\"}}"), &part));
    assert_true(part_number(&part, &manifest, 1, arena));
    first = part.measure;
    assert_true(part_number(&part, &manifest, 2, arena));
    assert_false(digest_equal(&first.sha256, &part.measure.sha256));
    assert_true(part_number(&part, &manifest, 1, arena));
    assert_true(digest_equal(&first.sha256, &part.measure.sha256));
    part_fini(&part);
    (void)unlink(path);
}

static void what_is_no_part_is_refused(void **)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    struct part part = {0};

    assert_false(part_read("/nonexistent/part.json", &part));
    assert_false(part_read(file_of("[1]"), &part));
    (void)unlink(path);
    assert_false(part_read(file_of("{\"identity\": "), &part));
    (void)unlink(path);
    assert_true(part_read(file_of("{\"identitty\": {\"kind\": \"letter\"}}"), &part));
    assert_false(part_number(&part, &manifest, 1, arena));
    part_fini(&part);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_measured_as_it_is_sent),
        cmocka_unit_test(the_manifest_lists_number_kind_size_and_hash),
        cmocka_unit_test(another_number_is_another_part),
        cmocka_unit_test(what_is_no_part_is_refused),
    };
    return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
