/* Settings are read strictly: every fault is told with its line, and nothing half-read gets out. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/limits.h"

struct settings {
    char id[AGENCY_MAX + 1];
    char listen[64];
    char folder[256];
    char title[16];
    uint64_t links, map_size;
};

static const struct conf_key keys[] = {
    CONF_ROW_TEXT("id", CONF_AGENCY, settings, id, NULL),
    CONF_ROW_TEXT("listen", CONF_ADDRESS, settings, listen, NULL),
    CONF_ROW_TEXT("folder", CONF_PATH, settings, folder, ""),
    CONF_ROW_TEXT("title", CONF_TEXT, settings, title, "none"),
    CONF_ROW_NUMBER("links", CONF_NUMBER, settings, links, 1, 16, "2"),
    CONF_ROW_NUMBER("map-size", CONF_SIZE, settings, map_size, 1 << 20, UINT64_C(1) << 40, "1 GiB"),
};

static enum status parse(const char *text, struct settings *out, struct reason *why)
{
    return conf_parse("b.conf", text, strlen(text), keys, LENGTH(keys), out, why);
}

static void a_whole_file_fills_the_struct(void **)
{
    struct settings s = {.id = ""};
    struct reason why = {""};

    assert_int_equal(parse("# who\n  id = broker.cambs  \r\nlisten=127.0.0.1:0\n\nlinks\t=\t16\n"
                           "map-size = 64MiB\ntitle = a = b # c\nfolder = /srv/x",
                           &s, &why),
                     ST_OK);
    assert_string_equal(s.id, "broker.cambs");
    assert_string_equal(s.listen, "127.0.0.1:0");
    assert_string_equal(s.folder, "/srv/x");
    assert_string_equal(s.title, "a = b # c");
    assert_int_equal(s.links, 16);
    assert_int_equal(s.map_size, 64 << 20);
}

static void what_is_left_out_takes_its_default(void **)
{
    struct settings s = {.folder = "before"};

    assert_int_equal(parse("id = b\nlisten = [::1]:7411\n", &s, NULL), ST_OK);
    assert_string_equal(s.title, "none");
    assert_string_equal(s.folder, "");
    assert_int_equal(s.links, 2);
    assert_int_equal(s.map_size, 1 << 30);
}

static void every_fault_names_its_line(void **)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"id = b\nlisten = 1:1\nlisten = 1:1\n", "b.conf:3: a second `listen'"},
        {"id = b\nlisen = 1:1\n", "b.conf:2: unknown key `lisen'"},
        {"id = b\n", "b.conf: the key `listen' is missing"},
        {"id\n", "b.conf:1: the line is not `key = value'"},
        {"\nid =\n", "b.conf:2: no value for `id'"},
        {"id = Broker\n", "b.conf:1: not an agency id: `id'"},
        {"listen = 127.0.0.1\n", "b.conf:1: not an address and port: `listen'"},
        {"listen = h:65536\n", "b.conf:1: not an address and port: `listen'"},
        {"title = 0123456789abcdef\n", "b.conf:1: too long a value for `title'"},
        {"id = a\001b\n", "b.conf:1: a control character in the line `'"},
        {"links = 0\n", "b.conf:1: `links' must be a number from 1 to 16"},
        {"links = 010\n", "b.conf:1: `links' must be a number from 1 to 16"},
        {"links = 2 KiB\n", "b.conf:1: `links' must be a number from 1 to 16"},
        {"links = -1\n", "b.conf:1: `links' must be a number from 1 to 16"},
        {"links = 18446744073709551616\n", "b.conf:1: `links' must be a number from 1 to 16"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct settings s = {.links = 7}, before = s;
        struct reason why = {""};

        assert_int_equal(parse(cases[i].text, &s, &why), ST_INVALID);
        assert_string_equal(why.text, cases[i].says);
        assert_memory_equal(&s, &before, sizeof s);
    }
}

static void a_size_beyond_64_bits_is_refused(void **)
{
    struct settings s = {.links = 7};

    assert_int_equal(parse("map-size = 18446744073709551615 GiB\n", &s, NULL), ST_INVALID);
    assert_int_equal(parse("map-size = 1 KiB\n", &s, NULL), ST_INVALID);
    assert_int_equal(parse("map-size = 1 TiB\n", &s, NULL), ST_INVALID);
}

static void relative_paths_start_at_the_file(void **)
{
    char folder[] = "/tmp/conf-XXXXXX", path[64], expected[64];
    struct settings s = {.id = ""};
    struct reason why = {""};

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/b.conf", folder);
    (void)snprintf(expected, sizeof expected, "%s/store", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("id = b\nlisten = h:1\nfolder = store\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(conf_load(path, keys, LENGTH(keys), &s, &why), ST_OK);
    assert_string_equal(s.folder, expected);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(conf_load(path, keys, LENGTH(keys), &s, &why), ST_IO);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_fills_the_struct),
        cmocka_unit_test(what_is_left_out_takes_its_default),
        cmocka_unit_test(every_fault_names_its_line),
        cmocka_unit_test(a_size_beyond_64_bits_is_refused),
        cmocka_unit_test(relative_paths_start_at_the_file),
    };
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
