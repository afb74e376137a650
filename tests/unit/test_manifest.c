/* A part of a record is measured alike wherever it is, and whoever it is sent on behalf of. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/manifest.h"
#include "agents/sections.h"
#include "proto/bodies/record.pb-c.h"

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

static void the_measure_is_of_the_body_without_the_officer(void **)
{
    uint8_t plain[512], sent[512];
    size_t plain_size = packed("contact log", "", plain);
    size_t sent_size = packed("contact log", "J. Example", sent);
    struct part_measure a = manifest_measure((struct bytes){plain, plain_size});
    struct part_measure b = manifest_measure((struct bytes){sent, sent_size});
    struct digest expected = sha256(plain, plain_size);

    assert_true(sent_size > plain_size);
    assert_int_equal(a.size, plain_size);
    assert_true(digest_equal(&a.sha256, &expected));
    assert_int_equal(b.size, plain_size);
    assert_true(digest_equal(&b.sha256, &expected));
}

/* Sections come in the order of their categories, and the officer's is not the last of them. */
static void the_order_of_its_fields_means_nothing(void **)
{
    uint8_t sent[512], turned[512];
    const size_t size = packed("contact log", "J. Example", sent);
    struct reader r = reader_of(sent, size);
    struct bytes fields[4];
    struct field field;
    size_t count = 0, at = 0;

    while (next_field(&r, &field))
        fields[count++] = field.whole;
    assert_int_equal(count, 4);
    while (count-- > 0) {
        memcpy(turned + at, fields[count].data, fields[count].size);
        at += fields[count].size;
    }
    struct part_measure a = manifest_measure((struct bytes){sent, size});
    struct part_measure b = manifest_measure((struct bytes){turned, size});
    assert_int_equal(a.size, b.size);
    assert_true(digest_equal(&a.sha256, &b.sha256));
}

static void another_content_is_another_part(void **)
{
    uint8_t one[512], other[512];
    struct part_measure a = manifest_measure((struct bytes){one, packed("contact log", "", one)});
    struct part_measure b =
        manifest_measure((struct bytes){other, packed("contact lag", "", other)});

    assert_int_equal(a.size, b.size);
    assert_false(digest_equal(&a.sha256, &b.sha256));
}

static void what_breaks_the_encoding_is_measured_as_far_as_it_goes(void **)
{
    static const uint8_t broken[] = {0x10, 0x03, 0x0a, 0xff};
    struct part_measure measure = manifest_measure((struct bytes){broken, sizeof broken});
    struct digest expected = sha256(broken, 2);

    assert_int_equal(measure.size, 2);
    assert_true(digest_equal(&measure.sha256, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_measure_is_of_the_body_without_the_officer),
        cmocka_unit_test(the_order_of_its_fields_means_nothing),
        cmocka_unit_test(another_content_is_another_part),
        cmocka_unit_test(what_breaks_the_encoding_is_measured_as_far_as_it_goes),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
