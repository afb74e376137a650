/* Agreements as files: the examples, a folder of them, and those that the reference shows. */
#include "tests/unit/unit.h"

#include "agreements/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXAMPLES SOURCE_DIR "/agreements/examples"

static enum status parse(const char *text, size_t size, struct agreement **out, struct reason *why)
{
    /* an allocation of its own size, so that reading past the end is seen */
    char *copy = malloc(size ? size : 1);
    enum status st;

    assert_non_null(copy);
    memcpy(copy, text, size);
    memset(why, 0, sizeof *why);
    st = agreement_parse("test.yaml", copy, size, out, why);
    free(copy);
    return st;
}

static void expect_refusal(const char *text, size_t size, const char *expected)
{
    struct agreement *a = NULL;
    struct reason why;
    enum status st = parse(text, size, &a, &why);

    if (st != ST_INVALID || !strstr(why.text, expected))
        print_error("expected `%s', got %s `%s'\n", expected, status_name(st), why.text);
    assert_int_equal(st, ST_INVALID);
    assert_null(a);
    assert_non_null(strstr(why.text, expected));
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_non_null(file = fopen(path, "w"));
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

/* The court's example under another id. */
static char *text_of(const char *id)
{
    OWNED(agreement) court = NULL;
    struct reason why;
    char *text = NULL;

    assert_int_equal(agreement_load(EXAMPLES "/court.yaml", &court, &why), ST_OK);
    const char *rest = strstr(court->text, "version:");
    assert_true(asprintf(&text, "agreement: %s\n%s", id, rest) > 0);
    return text;
}

static void a_folder_loads_whole_or_not_at_all(void **)
{
    char folder[] = "/tmp/test-agreement-XXXXXX", path[512];
    char *text = text_of("ISA-TEST"), *other = text_of("ISA-OTHER");
    struct agreement_set *set = NULL;
    struct reason why;

    assert_non_null(mkdtemp(folder));
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_OK);
    assert_int_equal(agreement_set_count(set), 0);
    assert_false(agreement_set_knows(set, "nps.cambs"));
    assert_null(agreement_set_find(set, "ISA-TEST"));
    agreement_set_free(set);

    write_file(folder, "test.yaml", text);
    write_file(folder, "other.yaml", other);
    write_file(folder, ".hidden.yaml", "nothing");
    write_file(folder, "notes.txt", "nothing");
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_OK);
    assert_int_equal(agreement_set_count(set), 2);
    assert_string_equal(agreement_set_at(set, 0)->id, "ISA-OTHER");
    assert_ptr_equal(agreement_set_find(set, "ISA-TEST"), agreement_set_at(set, 1));
    assert_null(agreement_set_find(set, "ISA-TES"));
    assert_true(agreement_set_knows(set, "nps.cambs"));
    assert_true(agreement_set_knows(set, "court.b35cz00"));
    assert_true(agreement_set_knows(set, "police.35"));
    assert_false(agreement_set_knows(set, "csc.cambs"));
    agreement_set_free(set);
    set = NULL;

    write_file(folder, "third.yaml", text);
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "both agreement ISA-TEST"));
    remove_file(folder, "third.yaml");

    write_file(folder, "bad.yaml", "agreement: 1\n");
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "bad.yaml:1:"));
    remove_file(folder, "bad.yaml");

    write_file(folder, "late.yml", other);
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "late.yml: agreements end in .yaml"));
    remove_file(folder, "late.yml");

    (void)snprintf(path, sizeof path, "%s/pipe.yaml", folder);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not hang */
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_IO);
    assert_non_null(strstr(why.text, "pipe.yaml: not a file"));
    remove_file(folder, "pipe.yaml");

    remove_file(folder, "test.yaml");
    remove_file(folder, "other.yaml");
    remove_file(folder, ".hidden.yaml");
    remove_file(folder, "notes.txt");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(agreement_set_load(folder, &set, &why), ST_IO);
    assert_non_null(strstr(why.text, folder));
    assert_null(set);
    free(text);
    free(other);
}

/* One fenced block of the reference, read to its end. */
static void read_block(FILE *file, char *block, size_t room)
{
    char line[512];

    block[0] = '\0';
    while (fgets(line, sizeof line, file) && strcmp(line, "```\n") != 0) {
        assert_true(strlen(block) + strlen(line) < room);
        strcat(block, line);
    }
}

/* Keys of clauses, and of what stands beside them, that a text has: bit n is keys[n]. */
static const char keys[][24] = {"allowed",       "only-in-reply",      "only-by-holder",
                                "capacities",    "acknowledge-within", "decide-within",
                                "answer-within", "escalation",         "expectations",
                                "tests",         "small-number-floor", "close-within"};

static unsigned keys_in(const char *text)
{
    unsigned found = 0;

    for (size_t i = 0; i < LENGTH(keys); i++) {
        char inside[64], outside[64];

        (void)snprintf(inside, sizeof inside, "\n    %s:", keys[i]);
        (void)snprintf(outside, sizeof outside, "\n%s:", keys[i]);
        if (strstr(text, inside) || strstr(text, outside))
            found |= 1u << i;
    }
    return found;
}

/* ```yaml is a whole agreement; ```yaml clauses stands in the place of the first one's clauses; and
 * `refused` behind either begins with a comment that holds the reason. Every key that a clause
 * may have stands in one that is taken. */
static void the_reference_shows_what_is_so(void **)
{
    FILE *file = fopen(SOURCE_DIR "/docs/agreements.md", "r");
    char line[512], block[8192], whole[8192] = "", text[16384];
    size_t taken = 0, refused = 0;
    unsigned shown = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        bool clauses = strstr(line, "clauses"), bad = strstr(line, "refused");

        if (strncmp(line, "```yaml", 7) != 0)
            continue;
        read_block(file, block, sizeof block);
        if (clauses)
            (void)snprintf(text, sizeof text, "%.*s%s", (int)(strstr(whole, "clauses:") - whole),
                           whole, block);
        else
            strcpy(text, block);
        if (bad) {
            char expected[512];

            assert_int_equal(sscanf(block, "# refused: %511[^\n]", expected), 1);
            expect_refusal(text, strlen(text), expected);
            refused++;
        } else {
            OWNED(agreement) a = NULL;
            struct reason why;

            if (parse(text, strlen(text), &a, &why) != ST_OK)
                fail_msg("%s in\n%s", why.text, text);
            if (whole[0] == '\0')
                strcpy(whole, block);
            shown |= keys_in(block);
            taken++;
        }
    }
    (void)fclose(file);
    assert_true(taken >= 5 && refused >= 5);
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (!(shown & 1u << i))
            fail_msg("docs/agreements.md shows no agreement with `%s'", keys[i]);
    print_message("docs/agreements.md: %zu agreements are taken, %zu refused as they say\n", taken,
                  refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_loads_whole_or_not_at_all),
        cmocka_unit_test(the_reference_shows_what_is_so),
    };
    return cmocka_run_group_tests_name("agreement files", tests, NULL, NULL);
}
