/* A misspelt name finds the one that was meant, and a strange one finds none. */
#include "tests/unit/unit.h"

#include "lib/nearest.h"

static const char *const names[] = {"purpose", "parties", "retention-days", "id", "type", "to"};

static const char *nearest(const char *word)
{
    struct nearest n = nearest_to(word);

    for (size_t i = 0; i < LENGTH(names); i++)
        nearest_offer(&n, names[i]);
    return n.name;
}

static void slips_are_recognised(void **)
{
    assert_string_equal(nearest("purpose"), "purpose");
    assert_string_equal(nearest("purposes"), "purpose");
    assert_string_equal(nearest("prupose"), "purpose"); /* two letters swapped: one step */
    assert_string_equal(nearest("prupse"), "purpose");
    assert_string_equal(nearest("Retention_Days"), "retention-days");
    assert_string_equal(nearest("retentiondays"), "retention-days");
    assert_string_equal(nearest("tpye"), "type");
    assert_string_equal(nearest("ID"), "id");
}

static void strange_words_are_near_to_nothing(void **)
{
    static const char long_word[] =
        "purposepurposepurposepurposepurposepurposepurposepurposepurpose"
        "purpose";

    assert_null(nearest("gateway"));
    assert_null(nearest(""));
    assert_null(nearest("x"));
    assert_null(nearest("if"));
    assert_null(nearest(long_word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_are_recognised),
        cmocka_unit_test(strange_words_are_near_to_nothing),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
