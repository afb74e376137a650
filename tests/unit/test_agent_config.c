/* The agent's settings: what is optional may be left out, and paths start at the file's folder. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/config.h"

static const char settings[] = "agency = nps.cambs\nbroker = 127.0.0.1:1\nchain = c.pem\n"
                               "key = k.pem\ntrust = t.pem\ncrls = l.pem\n"
                               "signing-certificate = s.pem\nsigning-key = s.key\n";

static enum status load(const char *more, struct config *out, struct reason *why)
{
    char folder[] = "/tmp/concordat-config-XXXXXX", path[64];

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/agent.conf", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s%s", settings, more) > 0);
    assert_int_equal(fclose(file), 0);
    enum status status = config_load(path, out, why);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return status;
}

static void a_join_pack_may_be_named(void **)
{
    struct config config = {.agency = ""};
    struct reason why = {""};

    assert_int_equal(load("", &config, &why), ST_OK);
    assert_string_equal(config.join_pack, "");
    assert_int_equal(load("join-pack = keys/join.pack\n", &config, &why), ST_OK);
    assert_int_equal(config.join_pack[0], '/');
    assert_non_null(strstr(config.join_pack, "/keys/join.pack"));
}

static void bank_holidays_may_be_named(void **)
{
    struct config config = {.agency = ""};
    struct reason why = {""};

    assert_int_equal(load("", &config, &why), ST_OK);
    assert_string_equal(config.bank_holidays, "");
    assert_int_equal(load("bank-holidays = days.txt\n", &config, &why), ST_OK);
    assert_non_null(strstr(config.bank_holidays, "/days.txt"));
}

static void what_is_no_setting_is_refused_with_its_line(void **)
{
    static const struct {
        const char *more, *says;
    } rows[] = {
        {"join-pak = join.pack\n", "agent.conf:9: unknown key `join-pak'"},
        {"join-pack = a\njoin-pack = b\n", "agent.conf:10: "},
        {"agreements = agreed\n", "`agreements' is no setting any more"},
    };
    struct config config = {.agency = "untouched"};
    struct reason why = {""};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_int_equal(load(rows[i].more, &config, &why), ST_INVALID);
        if (!strstr(why.text, rows[i].says))
            fail_msg("row %zu: %s", i, why.text);
        assert_string_equal(config.agency, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_pack_may_be_named),
        cmocka_unit_test(bank_holidays_may_be_named),
        cmocka_unit_test(what_is_no_setting_is_refused_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
