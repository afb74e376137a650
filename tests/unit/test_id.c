/* Names are checked byte for byte; ids print, parse and sort by time. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/id.h"

static void agency_ids_follow_their_grammar(void **)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"nps.cambs", true}, {"ppcs", true},         {"court.b35cz00", true}, {"a-b.c-d.e", true},
        {"", false},         {"9nps", false},        {"nps..cambs", false},   {"nps.", false},
        {".nps", false},     {"NPS", false},         {"nps cambs", false},    {"nps/cambs", false},
        {"n%70s", false},    {"nps\xc3\xa9", false},
    };
    char longest[AGENCY_MAX + 2];

    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(agency_is_valid(cases[i].text), cases[i].valid);
    memset(longest, 'a', sizeof longest);
    longest[AGENCY_MAX + 1] = '\0';
    assert_false(agency_is_valid(longest));
    longest[AGENCY_MAX] = '\0';
    assert_true(agency_is_valid(longest));
}

static void a_message_id_carries_its_time(void **)
{
    struct id id = id_new(1750000000123);
    struct id later = id_new(1750000000124);

    assert_true(id_time_ms(&id) == 1750000000123);
    assert_true(memcmp(id.bytes, later.bytes, ID_SIZE) < 0);
    assert_int_equal(id.bytes[8] >> 6, 2);
    struct id handle = id_random();
    assert_true(id_time_ms(&handle) == -1);
}

static void the_same_bits_are_the_same_id(void **)
{
    static const uint8_t bits[ID_SIZE] = {[6] = 0xff, [8] = 0xff, [15] = 0x17};
    struct id id = id_from_random(bits, 1750000000123), again = id_from_random(bits, 1750000000123);
    struct id handle = id_from_random(bits, ID_WITHOUT_TIME);
    char text[ID_TEXT_SIZE];

    assert_true(id_equal(&id, &again));
    assert_true(id_time_ms(&id) == 1750000000123);
    id_print(&handle, text);
    assert_string_equal(text, "00000000-0000-4f00-bf00-000000000017");
}

static void printing_and_parsing_are_inverse(void **)
{
    char text[ID_TEXT_SIZE];
    struct id id = id_random(), back;

    id_print(&id, text);
    assert_int_equal(strlen(text), 36);
    assert_true(id_parse(text, &back));
    assert_true(id_equal(&id, &back));

    text[8] = '0';
    assert_false(id_parse(text, &back));
    assert_false(id_parse("", &back));
    assert_false(id_parse("0197f9a0-0000-7000-8000-00000000000g", &back));
    assert_false(id_parse("0197f9a0-0000-7000-8000-0000000000000", &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agency_ids_follow_their_grammar),
        cmocka_unit_test(a_message_id_carries_its_time),
        cmocka_unit_test(the_same_bits_are_the_same_id),
        cmocka_unit_test(printing_and_parsing_are_inverse),
    };
    return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
