/* A join pack is read whole, line by line, or not at all. */
#include "tests/unit/unit.h"

#include "agents/join_pack.h"

#include <string.h>

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "abababababababababababababababababababababababababababababababab"
#define GOOD "# said by telephone\ncommunity Test & Co\nroot " HEX_1 "\n"

static void a_good_pack_gives_root_and_keys(void **)
{
    static const char text[] =
        GOOD "governance nps.cambs " HEX_2 "\n\ngovernance csc.cambs " HEX_1 "\n";
    OWNED(join_pack) pack = NULL;
    struct digest one, two;

    memset(one.bytes, 0x11, DIGEST_SIZE);
    memset(two.bytes, 0xab, DIGEST_SIZE);
    assert_int_equal(join_pack_parse("p", text, strlen(text), &pack, NULL), ST_OK);
    assert_string_equal(pack->community, "Test & Co");
    assert_true(digest_equal(&pack->root, &one));
    assert_int_equal(pack->count, 2);
    assert_string_equal(pack->keys[0].agency, "nps.cambs");
    assert_true(digest_equal(&pack->keys[0].governance, &two));
    assert_string_equal(pack->keys[1].agency, "csc.cambs");
}

static void anything_else_is_refused_with_its_line(void **)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "p:1: no community"},
        {"community X\n", "p:2: no root"},
        {"root " HEX_1 "\n", "p:1: not `community"},
        {"community \n", "p:1: not `community"},
        {"community X\nroot 11\n", "p:2: not `root"},
        {GOOD "governance nps.cambs " HEX_2, "p:4: the last line has no end"},
        {GOOD "governance nps.cambs\n", "p:4: not `governance"},
        {GOOD "governance NPS " HEX_2 "\n", "p:4: not an agency id"},
        {GOOD "governance nps.cambs " HEX_2 " \n", "p:4: not a SHA-256"},
        {GOOD "governance nps.cambs  " HEX_2 "\n", "p:4: not a SHA-256"},
        {GOOD "governance nps.cambs A" HEX_2 "\n", "p:4: not a SHA-256"},
        {GOOD "governance a.a " HEX_2 "\ngovernance b.b " HEX_2 "\n", "p:5: this key stands"},
        {GOOD "signing nps.cambs " HEX_2 "\n", "p:4: not `governance"},
        {GOOD " governance nps.cambs " HEX_2 "\n", "p:4: not `governance"},
        {GOOD "root " HEX_2 "\n", "p:4: not `governance"},
        {GOOD "governance nps.cambs\t" HEX_2 "\n", "p:4: too long, or not plain"},
    };
    struct reason why;
    struct join_pack *pack = NULL;

    for (size_t n = 0; n < LENGTH(rows); n++) {
        assert_int_equal(join_pack_parse("p", rows[n].text, strlen(rows[n].text), &pack, &why),
                         ST_INVALID);
        assert_null(pack);
        if (strncmp(why.text, rows[n].says, strlen(rows[n].says)) != 0)
            fail_msg("row %zu: %s", n, why.text);
    }
    assert_int_equal(join_pack_load("/nowhere/pack", &pack, &why), ST_IO);
}

static void a_pack_of_elsewhere_or_with_other_keys_for_us_is_refused(void **)
{
    static const char text[] = GOOD "governance nps.cambs " HEX_2 "\n";
    OWNED(join_pack) pack = NULL;
    struct digest one, two, other, unknown = {{0}};
    struct reason why = {""};

    memset(one.bytes, 0x11, DIGEST_SIZE);
    memset(two.bytes, 0xab, DIGEST_SIZE);
    memset(other.bytes, 0x22, DIGEST_SIZE);
    assert_int_equal(join_pack_parse("p", text, strlen(text), &pack, NULL), ST_OK);
    assert_int_equal(join_pack_check(pack, "p", &one, "nps.cambs", &two, &why), ST_OK);
    assert_int_equal(join_pack_check(pack, "p", &one, "nps.cambs", &unknown, &why), ST_OK);
    assert_int_equal(join_pack_check(pack, "p", &one, "csc.cambs", &other, &why), ST_OK);
    assert_int_equal(join_pack_check(pack, "p", &other, "nps.cambs", &two, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "p: its root is " HEX_1 ", `trust' has 2222"));
    assert_int_equal(join_pack_check(pack, "p", &one, "nps.cambs", &other, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "p: its governance keys of nps.cambs are not that of "
                                     "`governance-certificate', 2222"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pack_gives_root_and_keys),
        cmocka_unit_test(anything_else_is_refused_with_its_line),
        cmocka_unit_test(a_pack_of_elsewhere_or_with_other_keys_for_us_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
