/*
 * What becomes of whole messages: every fixture, the two documented examples and one of 800 KB, as
 * tests/golden/import has it; and that every value of each of them is accounted for.
 *
 * GOLDEN_WRITE=1 writes the files anew: a change of what is carried is a diff that somebody
 * reviews.
 */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/hearing.h"
#include "agents/common_platform/losses.h"
#include "lib/merkle.h"
#include "tests/unit/hearings.h"

#define NOW 1782864000000 /* 2026-07-01 */
#define LARGE "large-hearing"

static const struct golden {
    const char *name, *folder;
    const char *court; /* --court */
    size_t twice;      /* leaves in fields that stand twice in one object */
} goldens[] = {
    {"court-hearing-event", "tests/fixtures/common-platform", "B10JQ00", 0},
    {"hearing-1", "tests/fixtures/common-platform", "B05KP00", 0},
    {"hearing.results-shared-with-curfew-bail-condition", "tests/fixtures/common-platform",
     "B42CM00", 0},
    {"hearing.results-shared-with-nexthearing-crowncourt", "tests/fixtures/common-platform",
     "C05LV00", 1},
    {"hearing.results-shared-with-nexthearing-magistratescourt", "tests/fixtures/common-platform",
     "C05LV00", 1},
    {"hearing-listed", "docs/examples", NULL, 0},
    {"hearing-sentenced", "docs/examples", NULL, 0},
    {LARGE, NULL, NULL, 0},
};

static char *text_of_golden(const struct golden *golden, size_t *size)
{
    char path[512], *text;

    if (!golden->folder)
        return hearing_make(&(struct hearing_plan){7, 5, 800 * 1024}, size);
    (void)snprintf(path, sizeof path, SOURCE_DIR "/%s/%s.json", golden->folder, golden->name);
    text = hearing_load(path, size);
    assert_non_null(text);
    return text;
}

static struct hearing_messages *convert(const struct golden *golden, const char *text, size_t size)
{
    const struct hearing_settings settings = {golden->court, "B35CZ00", NOW};
    struct hearing_messages *messages = NULL;
    struct problem problem;

    if (hearing_convert(text, size, &settings, &messages, &problem) != ST_OK)
        fail_msg("%s: %s: %s", golden->name, problem.where, problem.text);
    return messages;
}

/* ---- the golden files ---- */

static void put_message(FILE *f, const struct court_message *message, bool brief)
{
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    char path[NODE_PATH_MAX], *json = NULL, hex[2 * DIGEST_SIZE + 1];
    struct reason why;
    struct digest hash = sha256(message->body.data, message->body.size);

    node_path(message->defendant, path);
    hex_print(hash.bytes, sizeof hash.bytes, hex);
    fprintf(f, "\n%s about %s%s\n", message->type->name, path,
            message->same ? ", the same as an earlier one" : "");
    if (brief) {
        fprintf(f, "body of %zu bytes, sha256 %s\n", message->body.size, hex);
        return;
    }
    assert_int_equal(body_to_json(message->type, message->body, arena, &json, &why), ST_OK);
    fprintf(f, "%s\n", json);
    free(json);
}

static void put_losses(FILE *f, const struct source *source)
{
    OWNED(losses) losses = losses_new();

    assert_int_equal(losses_add(losses, source), ST_OK);
    fprintf(f, "\nnot carried:\n");
    for (size_t i = 0; i < losses_count(losses); i++) {
        struct loss loss = losses_at(losses, i);
        fprintf(f, "%4zu  %s: %s\n", loss.count, loss.kind, loss.why);
    }
}

static char *golden_text(const struct golden *golden)
{
    size_t size, out_size;
    char *text = text_of_golden(golden, &size), *out = NULL;
    OWNED(hearing_messages) messages = convert(golden, text, size);
    struct tally tally = tally_of(messages->source);
    FILE *f = open_memstream(&out, &out_size);
    size_t notices = 0, results = 0;

    for (size_t i = 0; i < messages->count; i++) {
        notices += strcmp(messages->messages[i].type->name, "court.hearing.notice") == 0;
        results += strcmp(messages->messages[i].type->name, "court.sentence.result") == 0;
    }
    fprintf(f, "%s\nshape %s, %zu notices, %zu sentence results, %zu skipped\n", golden->name,
            shape_name(messages->shape), notices, results, messages->skipped_count);
    fprintf(f, "%zu values: %zu carried, %zu said, %zu not carried\n", tally.leaves, tally.carried,
            tally.said, tally.left_out);
    for (size_t i = 0; i < messages->count; i++)
        put_message(f, &messages->messages[i], !golden->folder);
    for (size_t i = 0; i < messages->skipped_count; i++)
        fprintf(f, "\nskipped %s: %s\n", messages->skipped[i].problem.where,
                messages->skipped[i].problem.text);
    put_losses(f, messages->source);
    assert_int_equal(fclose(f), 0);
    free(text);
    return out;
}

static void messages_become_what_the_golden_files_say(void **)
{
    for (size_t i = 0; i < LENGTH(goldens); i++) {
        char path[512], *got = golden_text(&goldens[i]), *wanted;
        size_t size;

        (void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/import/%s.txt",
                       goldens[i].name);
        if (getenv("GOLDEN_WRITE")) {
            FILE *f = fopen(path, "w");
            assert_non_null(f);
            assert_true(fputs(got, f) >= 0);
            assert_int_equal(fclose(f), 0);
        }
        wanted = hearing_load(path, &size);
        assert_non_null(wanted);
        for (size_t at = 0, line = 1; got[at] || wanted[at]; at++) {
            if (got[at] != wanted[at])
                fail_msg("%s, line %zu: got %.100s", path, line, got + at);
            line += got[at] == '\n';
        }
        free(got);
        free(wanted);
    }
}

/* ---- every value is accounted for ---- */

/* What an import must account for, counted without its help. */
static size_t count_leaves(const json_t *value)
{
    size_t count = 0, i;
    const char *key;
    json_t *item;

    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach((json_t *)(uintptr_t)value, key, item) count += count_leaves(item);
        return count;
    }
    if (json_is_array(value) && json_array_size(value) > 0) {
        json_array_foreach(value, i, item) count += count_leaves(item);
        return count;
    }
    return 1;
}

/* Does some body hold the text of this leaf, as it stands or in another form? */
static bool is_in(const char *bodies, const struct node *leaf)
{
    char text[64];

    if (json_is_string(leaf->value))
        return strstr(bodies, json_string_value(leaf->value));
    if (json_is_integer(leaf->value)) {
        (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(leaf->value));
        return strstr(bodies, text);
    }
    return true; /* true and false stand everywhere */
}

/* Does it come in another form: a day, a time, an identifier, a code? */
static bool is_translated(const struct node *leaf)
{
    static const char *const keys[] = {
        "sittingDay",
        "dateOfBirth",
        "startDate",
        "endDate",
        "convictionDate",
        "orderedDate",
        "durationEndDate",
        "pncId",
        "croNumber",
        "pleaValue",
        "documentationLanguageNeeds",
        "hearingLanguageNeeds",
        "code",
        "primaryDurationUnit",
    };

    for (size_t i = 0; i < LENGTH(keys); i++) {
        if (leaf->key && strlen(keys[i]) == leaf->key_size
            && strncmp(leaf->key, keys[i], leaf->key_size) == 0)
            return true;
    }
    return false;
}

/* All bodies as JSON, one after the other; free() it. */
static char *bodies_of(const struct hearing_messages *messages)
{
    char *all = NULL;
    size_t size;
    FILE *f = open_memstream(&all, &size);

    for (size_t i = 0; i < messages->count; i++) {
        OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
        char *json = NULL;
        struct reason why;

        assert_int_equal(body_to_json(messages->messages[i].type, messages->messages[i].body, arena,
                                      &json, &why),
                         ST_OK);
        fputs(json, f);
        free(json);
    }
    assert_int_equal(fclose(f), 0);
    return all;
}

/* 0 when all is accounted for; else what is wrong. */
static const char *fault_in(const struct hearing_messages *messages, size_t leaves)
{
    struct tally tally = tally_of(messages->source);
    char *bodies = bodies_of(messages);
    const char *fault = NULL;

    if (tally.leaves != leaves)
        fault = "not every leaf is there";
    else if (tally.carried + tally.said + tally.left_out != leaves)
        fault = "the fates do not add up";
    for (size_t i = 0; !fault && i < source_leaf_count(messages->source); i++) {
        const struct node *leaf = source_leaf(messages->source, i);

        /* texts with escapes are found by their head */
        if (leaf->fate == FATE_CARRIED && !is_translated(leaf) && !is_in(bodies, leaf)
            && !(json_is_string(leaf->value)
                 && strpbrk(json_string_value(leaf->value), "\n\t\"\\ ")))
            fault = "a leaf is carried and in no body";
    }
    free(bodies);
    return fault;
}

static void every_value_is_accounted_for(void **)
{
    size_t all = 0;
    bool caught_dropped = false, caught_claimed = false;

    for (size_t i = 0; i < LENGTH(goldens); i++) {
        size_t size;
        char *text = text_of_golden(&goldens[i], &size);
        json_t *tree = json_loadb(text, size, 0, NULL);
        OWNED(hearing_messages) messages = convert(&goldens[i], text, size);
        size_t leaves = count_leaves(tree) + goldens[i].twice; /* jansson keeps one of two */

        if (fault_in(messages, leaves))
            fail_msg("%s: %s", goldens[i].name, fault_in(messages, leaves));
        all += leaves;
        /* the control: a leaf that is dropped, and one that is claimed to be carried */
        caught_dropped |= fault_in(messages, leaves + 1) != NULL;
        for (size_t j = 0; j < source_leaf_count(messages->source); j++) {
            struct node *leaf = (struct node *)(uintptr_t)source_leaf(messages->source, j);

            if (leaf->key && strncmp(leaf->key, "offenceDefinitionId", leaf->key_size) == 0) {
                leaf->fate = FATE_CARRIED;
                caught_claimed |= fault_in(messages, leaves) != NULL;
                break;
            }
        }
        json_decref(tree);
        free(text);
    }
    print_message("control_caught=%s\n", caught_dropped && caught_claimed ? "yes" : "no");
    assert_true(caught_dropped && caught_claimed);
    print_message("%zu values accounted for\n", all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_become_what_the_golden_files_say),
        cmocka_unit_test(every_value_is_accounted_for),
    };
    return cmocka_run_group_tests_name("import_golden", tests, NULL, NULL);
}
