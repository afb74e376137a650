/* Options are read from one table; what is wrong is said and nothing is half taken. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/client.h"

static const struct command command = {
    .name = "test", .arguments = "A [B]", .summary = "a test", .least = 1, .most = 2};

struct taken {
    bool flag;
    const char *text, *agency;
    uint32_t number, wait_ms;
    int64_t at_ms;
    struct concordat_id id;
    struct number_list numbers;
    struct text_list texts;
    struct cli cli;
    struct arguments arguments;
};

static enum parsed parse(struct taken *taken, int argc, const char *const argv[])
{
    const struct option_spec specs[] = {
        {"flag", OPTION_FLAG, &taken->flag, NULL, "a flag"},
        {"text", OPTION_TEXT, &taken->text, "T", "a text"},
        {"agency", OPTION_AGENCY, &taken->agency, "AGENCY", "an agency"},
        {"number", OPTION_NUMBER, &taken->number, "N", "a number"},
        {"wait", OPTION_SECONDS, &taken->wait_ms, "S", "seconds"},
        {"at", OPTION_TIME, &taken->at_ms, "T", "a time"},
        {"id", OPTION_ID, &taken->id, "ID", "an id"},
        {"component", OPTION_NUMBERS, &taken->numbers, "N", "numbers"},
        {"part", OPTION_TEXTS, &taken->texts, "FILE", "texts"},
    };

    return arguments_parse(&taken->cli, &command, specs, LENGTH(specs), argc, (char **)argv,
                           &taken->arguments);
}

static void options_and_arguments_mix(void **)
{
    struct taken taken = {0};
    const char *const argv[] = {"test",      "one",  "--flag",     "--text=x y", "--agency",
                                "nps.cambs", "two",  "--number",   "7",          "--wait",
                                "0.5",       "--at", "2026-11-27", "--json",     "--agent=/a/b"};

    assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_OK);
    assert_true(taken.flag && taken.cli.json);
    assert_string_equal(taken.text, "x y");
    assert_string_equal(taken.agency, "nps.cambs");
    assert_string_equal(taken.cli.agent, "/a/b");
    assert_int_equal(taken.number, 7);
    assert_int_equal(taken.wait_ms, 500);
    assert_int_equal(taken.at_ms, 1795737600000);
    assert_int_equal(taken.arguments.count, 2);
    assert_string_equal(taken.arguments.items[1], "two");
}

static void two_dashes_end_options_and_one_is_an_argument(void **)
{
    struct taken taken = {0};
    const char *const argv[] = {"test", "-", "--", "--flag"};

    assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_OK);
    assert_false(taken.flag);
    assert_int_equal(taken.arguments.count, 2);
    assert_string_equal(taken.arguments.items[0], "-");
    assert_string_equal(taken.arguments.items[1], "--flag");
}

static void what_is_wrong_is_refused(void **)
{
    static const char *const cases[][4] = {
        {"test", NULL},                             /* too few */
        {"test", "a", "--nonsense", NULL},          /* unknown */
        {"test", "a", "--flag=yes", NULL},          /* a flag has no value */
        {"test", "a", "--text", NULL},              /* no value */
        {"test", "a", "--text=", NULL},             /* empty */
        {"test", "a", "--number=-1", NULL},         /* signs */
        {"test", "a", "--number=4294967296", NULL}, /* too large */
        {"test", "a", "--number=7x", NULL},         /* trailing */
        {"test", "a", "--wait=-1", NULL},           /* before now */
        {"test", "a", "--wait=1e9", NULL},          /* not written in seconds */
        {"test", "a", "--agency=NPS", NULL},        /* a kind, not an id */
        {"test", "a", "--at=soon", NULL},           /* no time */
        {"test", "a", "--id=123", NULL},            /* no id */
        {"test", "a", "-j", NULL},                  /* no short options */
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct taken taken = {0};
        int argc = 0;
        while (argc < 4 && cases[i][argc])
            argc++;
        assert_int_equal(parse(&taken, argc, cases[i]), PARSED_WRONG);
    }
}

static void help_is_neither_right_nor_wrong(void **)
{
    struct taken taken = {0};
    const char *const argv[] = {"test", "--help"};

    assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_HELP);
    assert_int_equal(arguments_exit(PARSED_HELP), EXIT_DONE);
    assert_int_equal(arguments_exit(PARSED_WRONG), EXIT_BAD_INPUT);
}

static void what_may_be_repeated_is_kept_in_order(void **)
{
    static const uint32_t expected[] = {3, 1, 2, 32};
    struct taken taken = {0};
    const char *const argv[] = {"test",   "one",    "--component",        "3",
                                "--part", "b.json", "--component=1,2,32", "--part",
                                "a.json"};

    assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_OK);
    assert_int_equal(taken.numbers.count, LENGTH(expected));
    assert_memory_equal(taken.numbers.items, expected, sizeof expected);
    assert_int_equal(taken.texts.count, 2);
    assert_string_equal(taken.texts.items[0], "b.json");
    assert_string_equal(taken.texts.items[1], "a.json");
}

static void a_list_of_numbers_has_no_slips(void **)
{
    static const char *const wrong[] = {"--component=0",  "--component=",    "--component=1,",
                                        "--component=,1", "--component=1,x", "--component=-1",
                                        "--part="};

    for (size_t i = 0; i < LENGTH(wrong); i++) {
        struct taken taken = {0};
        const char *const argv[] = {"test", "one", wrong[i]};

        assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_WRONG);
    }
}

static void more_than_there_is_room_for_is_refused(void **)
{
    struct taken taken = {0};
    const char *argv[2 + OPTION_REPEATS_MAX + 1] = {"test", "one"};

    for (size_t i = 2; i < LENGTH(argv); i++)
        argv[i] = "--component=1";
    assert_int_equal(parse(&taken, LENGTH(argv), argv), PARSED_WRONG);
    taken = (struct taken){0};
    assert_int_equal(parse(&taken, LENGTH(argv) - 1, argv), PARSED_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_mix),
        cmocka_unit_test(two_dashes_end_options_and_one_is_an_argument),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(help_is_neither_right_nor_wrong),
        cmocka_unit_test(what_may_be_repeated_is_kept_in_order),
        cmocka_unit_test(a_list_of_numbers_has_no_slips),
        cmocka_unit_test(more_than_there_is_room_for_is_refused),
    };
    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
