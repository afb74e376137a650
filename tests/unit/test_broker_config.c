/* The broker's settings: what was one once is refused with advice, not ignored. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/config.h"
#include "tests/unit/samples.h"

static const char settings[] = "id = broker.a\nlisten = 127.0.0.1:0\nfolder = .\nchain = c.pem\n"
                               "key = k.pem\ntrust = t.pem\ncrls = l.pem\n";

static enum status load(const char *more, struct config *out, struct reason *why)
{
    char folder[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];

    scratch_make(folder);
    (void)snprintf(path, sizeof path, "%s/broker.conf", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s%s", settings, more) > 0);
    assert_int_equal(fclose(file), 0);
    enum status status = config_load(path, out, why);
    scratch_remove(folder);
    return status;
}

static void the_settings_that_must_be_there_are_enough(void **)
{
    struct config config = {.id = ""};
    struct reason why = {""};

    assert_int_equal(load("", &config, &why), ST_OK);
    assert_string_equal(config.id, "broker.a");
    assert_string_equal(config.agreements, "");
    assert_int_equal(config.links, 2);
}

static void a_folder_of_agreements_is_refused_with_advice(void **)
{
    struct config config = {.id = "untouched"};
    struct reason why = {""};

    assert_int_equal(load("agreements = agreed\n", &config, &why), ST_INVALID);
    assert_string_equal(config.id, "untouched");
    assert_non_null(strstr(why.text, "broker.conf"));
    assert_non_null(strstr(why.text, "`agreements'"));
    assert_non_null(strstr(why.text, "/agreed"));
    assert_non_null(strstr(why.text, "remove the line"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_settings_that_must_be_there_are_enough),
        cmocka_unit_test(a_folder_of_agreements_is_refused_with_advice),
    };
    return cmocka_run_group_tests_name("broker_config", tests, NULL, NULL);
}
