/* Identifiers: canonical forms and check characters, by the vectors they were specified with. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "proto/bodies/common.pb-c.h"
#include "proto/identifier.h"

#define TYPE(name) CONCORDAT__BODY__IDENTIFIER__TYPE__##name
#define THIS_YEAR 2021

static const struct {
    int type;
    const char *text, *canonical; /* NULL: refused */
    const char *reason;           /* part of it, when refused */
} vectors[] = {
    /* made for this purpose, check characters right */
    {TYPE(PNC), "2018/0123456P", "2018/0123456P", NULL},
    {TYPE(PNC), "2014/0000001N", "2014/0000001N", NULL},
    {TYPE(PNC), "1999/7654321V", "1999/7654321V", NULL},
    {TYPE(CRO), "012345/18K", "012345/18K", NULL},
    {TYPE(CRO), "000001/99W", "000001/99W", NULL},
    {TYPE(CRO), "SF97/12F", "SF97/12F", NULL},
    {TYPE(ASN), "1835CB0100000001234C", "1835CB0100000001234C", NULL},
    {TYPE(ASN), "1450PL0200000000077X", "1450PL0200000000077X", NULL},
    /* from systems in use */
    {TYPE(PNC), "81/34U", "1981/0000034U", NULL},
    {TYPE(PNC), "02/73319Z", "2002/0073319Z", NULL},
    {TYPE(PNC), "033Y", "2003/0000003Y", NULL},
    {TYPE(PNC), "2001/0171310S", NULL, "check character"},
    {TYPE(PNC), "20230583843N", NULL, "check character"},
    {TYPE(CRO), "65656/91H", "065656/91H", NULL},
    {TYPE(CRO), "85227/65G", NULL, "check character"},
    {TYPE(ASN), "1101ZD0100000448754K", "1101ZD0100000448754K", NULL},
    /* the padding trap: each letter is right for another padding only */
    {TYPE(PNC), "2018/123456P", "2018/0123456P", NULL},
    {TYPE(PNC), "20180123456P", "2018/0123456P", NULL},
    {TYPE(PNC), "180123456P", "2018/0123456P", NULL},
    {TYPE(CRO), "12345/18K", "012345/18K", NULL},
    {TYPE(CRO), "SF97/012F", NULL, "check character should be X"},
    {TYPE(ASN), "18/35CB/01/1234C", "1835CB0100000001234C", NULL},
    /* other forms */
    {TYPE(PNC), " 2018/0123456p ", "2018/0123456P", NULL},
    {TYPE(PNC), "2018/0123456", NULL, "should look like"},
    {TYPE(PNC), "2018/01234567P", NULL, "should look like"},
    {TYPE(PNC), "018/0123456P", NULL, "should look like"},
    {TYPE(PNC), "2018//0123456P", NULL, "should look like"},
    {TYPE(PNC), "/0123456P", NULL, "should look like"},
    {TYPE(PNC), "3018/0123456P", NULL, "should look like"},
    {TYPE(PNC), "", NULL, "1 to 63"},
    {TYPE(CRO), "1234567/18K", NULL, "should look like"},
    {TYPE(CRO), "SF97/12", NULL, "should look like"},
    {TYPE(CRO), "SF9/12F", NULL, "should look like"},
    {TYPE(CRO), "SF97/13F", NULL, "check character should be G"},
    {TYPE(ASN), "1835CB010000001234C", NULL, "should look like"},
    {TYPE(ASN), "18/35CB/01/1234D", NULL, "check character should be C"},
    {TYPE(ASN), "1/835CB/01/1234C", NULL, "should look like"},
    {TYPE(ASN), "//", NULL, "should look like"},
    {TYPE(ASN), "18/", NULL, "should look like"},
    {TYPE(CRN), "X123456", "X123456", NULL},
    {TYPE(CRN), "x123456", "X123456", NULL},
    {TYPE(CRN), "XX12345", NULL, "should look like"},
    {TYPE(NOMS), "A1234BC", "A1234BC", NULL},
    {TYPE(NOMS), "A1234B", NULL, "should look like"},
    {TYPE(NINO), "QQ 12 34 56 C", "QQ123456C", NULL},
    {TYPE(NINO), "QQ123456E", NULL, "should look like"},
    {TYPE(NHS), "943 476 5919", "9434765919", NULL},
    {TYPE(NHS), "9434765918", NULL, "should be 9"},
    {TYPE(NHS), "943476591", NULL, "ten digits"},
    {TYPE(NHS), "1000000010", NULL, "never issued"},
    {TYPE(OTHER), "Any Text 7", "Any Text 7", NULL},
    {TYPE(OTHER), "", NULL, "1 to 63"},
};

static void identifiers_have_one_canonical_form(void **)
{
    unsigned good = 0, refused = 0;

    for (size_t i = 0; i < LENGTH(vectors); i++) {
        char out[IDENTIFIER_MAX + 1] = "untouched";
        struct reason why = {0};
        enum status status =
            identifier_normalise(vectors[i].type, vectors[i].text, THIS_YEAR, out, &why);
        if (vectors[i].canonical) {
            if (status != ST_OK)
                fail_msg("%s: %s", vectors[i].text, why.text);
            assert_string_equal(out, vectors[i].canonical);
            good++;
        } else {
            if (status != ST_INVALID || !strstr(why.text, vectors[i].reason))
                fail_msg("%s: %s", vectors[i].text, why.text);
            assert_string_equal(out, "untouched");
            refused++;
        }
    }
    printf("%u identifiers normalised, %u refused\n", good, refused);
}

static void a_canonical_form_is_its_own(void **)
{
    for (size_t i = 0; i < LENGTH(vectors); i++) {
        char out[IDENTIFIER_MAX + 1];
        if (!vectors[i].canonical)
            continue;
        assert_int_equal(
            identifier_normalise(vectors[i].type, vectors[i].canonical, THIS_YEAR, out, NULL),
            ST_OK);
        assert_string_equal(out, vectors[i].canonical);
    }
}

static void the_reason_gives_the_right_letter(void **)
{
    char out[IDENTIFIER_MAX + 1];
    struct reason why;

    assert_int_equal(identifier_normalise(TYPE(PNC), "2018/0123456Q", THIS_YEAR, out, &why),
                     ST_INVALID);
    assert_string_equal(why.text, "PNC check character should be P");
}

/* Of 26 letters one is right; no serial is wrong about that. */
static void exactly_one_letter_is_right(void **)
{
    char text[32], out[IDENTIFIER_MAX + 1];

    for (unsigned serial = 0; serial < 2000; serial++) {
        unsigned right = 0;
        for (char letter = 'A'; letter <= 'Z'; letter++) {
            (void)snprintf(text, sizeof text, "2019/%07u%c", serial * 4999, letter);
            right += identifier_normalise(TYPE(PNC), text, THIS_YEAR, out, NULL) == ST_OK;
        }
        assert_int_equal(right, 1);
    }
}

static void a_two_digit_year_is_not_in_the_future(void **)
{
    char out[IDENTIFIER_MAX + 1];

    assert_int_equal(identifier_normalise(TYPE(PNC), "02/73319Z", 2002, out, NULL), ST_OK);
    assert_string_equal(out, "2002/0073319Z");
    assert_int_equal(identifier_normalise(TYPE(PNC), "02/73319Z", 2001, out, NULL), ST_OK);
    assert_string_equal(out, "1902/0073319Z");
}

static void a_long_text_is_refused_not_cut(void **)
{
    char text[200], out[IDENTIFIER_MAX + 1];

    memset(text, '1', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int type = 0; type < 40; type++)
        assert_int_equal(identifier_normalise(type, text, THIS_YEAR, out, NULL), ST_INVALID);
}

static void a_dummy_arrest_number_is_told_apart(void **)
{
    assert_true(identifier_is_dummy(TYPE(ASN), "0800NP0100000000001A"));
    assert_false(identifier_is_dummy(TYPE(ASN), "1835CB0100000001234C"));
    assert_false(identifier_is_dummy(TYPE(OTHER), "0800NP0100000000001A"));
}

static void court_codes_have_seven_characters(void **)
{
    static const char *const good[] = {"B01GQ00", "B01CE00", "B35CZ00", "C35CM00",
                                       "B35KE00", "B35HF00", "B50KH00", "C50PL00"};
    static const char *const bad[] = {"", "B01GQ0", "B01GQ000", "A01GQ00", "b01gq00", "B01G-00"};

    for (size_t i = 0; i < LENGTH(good); i++)
        assert_int_equal(court_ou_check(good[i], NULL), ST_OK);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(court_ou_check(bad[i], NULL), ST_INVALID);
    printf("%zu court codes taken, %zu refused\n", LENGTH(good), LENGTH(bad));
}

static void offence_codes_have_their_three_forms(void **)
{
    static const char *const good[] = {"TH68001", "CJ88001",  "TH68001A", "COML001",
                                       "XX00001", "OF61131B", "PU86003C", "RT88971I"};
    static const char *const bad[] = {"",        "TH6800",    "TH680011", "TH68001D", "th68001",
                                      "COML01A", "TH68001AA", "1H68001",  "COMX001"};

    for (size_t i = 0; i < LENGTH(good); i++)
        assert_int_equal(offence_code_check(good[i], NULL), ST_OK);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(offence_code_check(bad[i], NULL), ST_INVALID);
    printf("%zu offence codes taken, %zu refused\n", LENGTH(good), LENGTH(bad));
}

static void offence_classes_have_three_digits_and_two(void **)
{
    static const char *const good[] = {"019/07", "001/00", "999/99"};
    static const char *const bad[] = {"",       "19/07",   "019/7", "019-07",
                                      "0190/7", "019/070", "O19/07"};

    for (size_t i = 0; i < LENGTH(good); i++)
        assert_int_equal(offence_class_check(good[i], NULL), ST_OK);
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(offence_class_check(bad[i], NULL), ST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_have_one_canonical_form),
        cmocka_unit_test(a_canonical_form_is_its_own),
        cmocka_unit_test(the_reason_gives_the_right_letter),
        cmocka_unit_test(exactly_one_letter_is_right),
        cmocka_unit_test(a_two_digit_year_is_not_in_the_future),
        cmocka_unit_test(a_long_text_is_refused_not_cut),
        cmocka_unit_test(a_dummy_arrest_number_is_told_apart),
        cmocka_unit_test(court_codes_have_seven_characters),
        cmocka_unit_test(offence_codes_have_their_three_forms),
        cmocka_unit_test(offence_classes_have_three_digits_and_two),
    };
    return cmocka_run_group_tests_name("identifier", tests, NULL, NULL);
}
