/* A part of a record is measured alike wherever it is, and whoever it is sent on behalf of. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/manifest.h"
#include "lib/limits.h"

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* A part, packed; with an officer, or another officer, or none. */
static size_t packed(const char *words, const char *officer, uint8_t out[static 512])
{
    static const uint8_t id[16] = {0x7f, [15] = 1};
    Concordat__Body__RecordPart part = CONCORDAT__BODY__RECORD_PART__INIT;
    Concordat__Body__RecordPart__Content content = CONCORDAT__BODY__RECORD_PART__CONTENT__INIT;
    Concordat__Body__OnBehalfOf behalf = CONCORDAT__BODY__ON_BEHALF_OF__INIT;

    part.has_manifest_id = part.has_number = true;
    part.manifest_id = (ProtobufCBinaryData){sizeof id, (uint8_t *)(uintptr_t)id};
    part.number = 3;
    part.identity = &content;
    content.kind = text(words);
    behalf.officer = text(officer);
    if (*officer)
        part.on_behalf_of = &behalf;
    assert_true(concordat__body__record_part__get_packed_size(&part) <= 512);
    return concordat__body__record_part__pack(&part, out);
}

static struct part_measure measured(struct bytes body)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct part_measure measure;

    assert_non_null(arena);
    assert_int_equal(manifest_measure(body, arena, &measure), ST_OK);
    return measure;
}

static void the_measure_is_of_the_body_without_the_officer(void **)
{
    uint8_t plain[512], sent[512];
    size_t plain_size = packed("contact log", "", plain);
    size_t sent_size = packed("contact log", "J. Example", sent);
    struct part_measure a = measured((struct bytes){plain, plain_size});
    struct part_measure b = measured((struct bytes){sent, sent_size});
    struct digest expected = sha256(plain, plain_size);

    assert_true(sent_size > plain_size);
    assert_int_equal(a.size, plain_size);
    assert_true(digest_equal(&a.sha256, &expected));
    assert_int_equal(b.size, plain_size);
    assert_true(digest_equal(&b.sha256, &expected));
}

static void another_content_is_another_part(void **)
{
    uint8_t one[512], other[512];
    struct part_measure a = measured((struct bytes){one, packed("contact log", "", one)});
    struct part_measure b = measured((struct bytes){other, packed("contact lag", "", other)});

    assert_int_equal(a.size, b.size);
    assert_false(digest_equal(&a.sha256, &b.sha256));
}

/* Sections are merged in the order of their categories, which need not be that of the fields. */
static void the_order_in_which_fields_came_is_no_matter(void **)
{
    uint8_t body[512], turned[512];
    size_t size = packed("contact log", "", body);
    const size_t id_size = 18, number_size = 2; /* tag, length, 16 bytes; tag, value */
    struct part_measure a, b;

    memcpy(turned, body + id_size + number_size, size - id_size - number_size);
    memcpy(turned + size - id_size - number_size, body, id_size + number_size);
    assert_memory_not_equal(turned, body, size);
    a = measured((struct bytes){body, size});
    b = measured((struct bytes){turned, size});
    assert_int_equal(a.size, b.size);
    assert_true(digest_equal(&a.sha256, &b.sha256));
}

static void what_is_no_part_is_not_measured(void **)
{
    static const uint8_t nonsense[] = {0x0a, 0xff, 0x01};
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct part_measure measure = {.size = 7};

    assert_int_equal(manifest_measure((struct bytes){nonsense, sizeof nonsense}, arena, &measure),
                     ST_INVALID);
    assert_int_equal(measure.size, 7);
}

static void a_manifest_has_the_digest_of_its_serialised_form(void **)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    Concordat__Body__RecordManifest manifest = CONCORDAT__BODY__RECORD_MANIFEST__INIT;
    Concordat__Body__ManifestPart part = CONCORDAT__BODY__MANIFEST_PART__INIT, *parts[] = {&part};
    struct digest digest, expected;
    uint8_t bytes[128];
    size_t size;

    part.has_number = part.has_size = true;
    part.number = 1;
    part.size = 9000;
    part.kind = text("assessment");
    manifest.parts = parts;
    manifest.n_parts = 1;
    size = concordat__body__record_manifest__pack(&manifest, bytes);
    expected = sha256(bytes, size);
    assert_int_equal(manifest_digest(&manifest, arena, &digest), ST_OK);
    assert_true(digest_equal(&digest, &expected));
    part.size = 9001;
    assert_int_equal(manifest_digest(&manifest, arena, &digest), ST_OK);
    assert_false(digest_equal(&digest, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_measure_is_of_the_body_without_the_officer),
        cmocka_unit_test(another_content_is_another_part),
        cmocka_unit_test(the_order_in_which_fields_came_is_no_matter),
        cmocka_unit_test(what_is_no_part_is_not_measured),
        cmocka_unit_test(a_manifest_has_the_digest_of_its_serialised_form),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
