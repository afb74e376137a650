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
#include "agents/common_platform/take.h"
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
        return hearing_make(&(struct hearing_plan){7, 5, 800 * 1024, false}, size);
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

/* Is it this text, or does it hold it? A short one stands everywhere by accident: it must be the
 * whole, or what a prompt's label is followed by. */
static bool is_said(const char *value, const char *text)
{
    size_t size = strlen(text), whole = strlen(value);

    if (size >= 4)
        return strstr(value, text) != NULL;
    return strcmp(value, text) == 0
        || (whole > size + 2 && strcmp(value + whole - size, text) == 0
            && strncmp(value + whole - size - 2, ": ", 2) == 0);
}

static bool holds_text(const json_t *body, const char *text)
{
    size_t i;
    const char *key;
    json_t *item;

    if (json_is_string(body))
        return is_said(json_string_value(body), text);
    json_object_foreach((json_t *)(uintptr_t)body, key, item)
    {
        if (holds_text(item, text))
            return true;
    }
    json_array_foreach(body, i, item)
    {
        if (holds_text(item, text))
            return true;
    }
    return false;
}

/* A number, also one that JSON has as a text for its size. */
static bool holds_number(const json_t *body, json_int_t number)
{
    size_t i;
    const char *key;
    json_t *item;
    char text[32];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    if (json_is_integer(body))
        return json_integer_value(body) == number;
    if (json_is_string(body))
        return strcmp(json_string_value(body), text) == 0;
    json_object_foreach((json_t *)(uintptr_t)body, key, item)
    {
        if (holds_number(item, number))
            return true;
    }
    json_array_foreach(body, i, item)
    {
        if (holds_number(item, number))
            return true;
    }
    return false;
}

static bool is_key(const struct node *leaf, const char *key)
{
    return leaf->key && strlen(key) == leaf->key_size
        && strncmp(leaf->key, key, leaf->key_size) == 0;
}

static bool is_one_of(const struct node *leaf, const char *const keys[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_key(leaf, keys[i]))
            return true;
    }
    return false;
}

/* Does it become another word: an identifier in its canonical form, a code of a table? */
static bool is_translated(const struct node *leaf)
{
    static const char *const keys[] = {"pncId",
                                       "croNumber",
                                       "pleaValue",
                                       "cjsVerdictCode",
                                       "categoryType",
                                       "documentationLanguageNeeds",
                                       "hearingLanguageNeeds",
                                       "primaryDurationUnit"};

    return is_one_of(leaf, keys, LENGTH(keys))
        || (is_key(leaf, "code") && leaf->parent && is_key(leaf->parent, "bailStatus"));
}

/* A name of several words is a list of them. */
static bool holds_words(const json_t *body, const char *text)
{
    char word[256];

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");

        (void)snprintf(word, sizeof word, "%.*s", (int)size, text);
        if (!holds_text(body, word))
            return false;
        text += size;
    }
    return true;
}

/* Does the body hold this leaf, as it stands or in the form that its field asks for? */
static bool is_in(const json_t *body, const struct node *leaf)
{
    static const char *const days[] = {"dateOfBirth",    "startDate",   "endDate",
                                       "convictionDate", "orderedDate", "durationStartDate",
                                       "durationEndDate"};
    const char *text = json_string_value(leaf->value);
    int64_t ms;

    if (json_is_boolean(leaf->value)) {
        json_t *person = json_object_get(body, "defendant");

        if (is_key(leaf, "lifeDuration"))
            return json_is_true(leaf->value) && holds_text(body, "LIFE");
        return is_key(leaf, "isYouth")
            && json_equal(json_object_get(person, "isYouth"), (json_t *)(uintptr_t)leaf->value);
    }
    if (json_is_integer(leaf->value))
        return holds_number(body, json_integer_value(leaf->value));
    if (!text)
        return false;
    if (is_translated(leaf))
        return true;
    if (is_key(leaf, "sittingDay"))
        return instant_of(text, &ms) && holds_number(body, ms);
    if (is_one_of(leaf, days, LENGTH(days)))
        return day_of(text) && holds_number(body, day_of(text));
    return is_key(leaf, "middleName") ? holds_words(body, text) : holds_text(body, text);
}

static bool is_below(const struct node *node, const struct node *above)
{
    while (node && node != above)
        node = node->parent;
    return node != NULL;
}

/* May the leaf be in a message about this defendant: is it of this one, or of no defendant, and of
 * this case, or of none? */
static bool is_about(const struct node *leaf, const struct node *defendant)
{
    const struct node *list = defendant->parent, *one_case = list->parent;

    return is_below(leaf, defendant)
        || (!is_below(leaf, list)
            && (is_below(leaf, one_case) || !is_below(leaf, one_case->parent)));
}

/* The bodies as JSON, one for each message. */
static json_t *bodies_of(const struct hearing_messages *messages)
{
    json_t *list = json_array();

    for (size_t i = 0; i < messages->count; i++) {
        OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
        char *json = NULL;
        struct reason why;

        assert_int_equal(body_to_json(messages->messages[i].type, messages->messages[i].body, arena,
                                      &json, &why),
                         ST_OK);
        (void)json_array_append_new(list, json_loads(json, 0, NULL));
        free(json);
    }
    return list;
}

/* Is the leaf in the body of whom it is about? */
static bool is_carried(const struct hearing_messages *messages, const json_t *bodies,
                       const struct node *leaf)
{
    for (size_t i = 0; i < messages->count; i++) {
        if (is_about(leaf, messages->messages[i].defendant)
            && is_in(json_array_get(bodies, i), leaf))
            return true;
    }
    return false;
}

/* NULL when all is accounted for; else what is wrong. */
static const char *fault_in(const struct hearing_messages *messages, size_t leaves)
{
    struct tally tally = tally_of(messages->source);
    json_t *bodies = bodies_of(messages);
    static char fault[NODE_PATH_MAX + 64];

    fault[0] = '\0';
    if (tally.leaves != leaves)
        (void)snprintf(fault, sizeof fault, "not every leaf is there");
    else if (tally.carried + tally.said + tally.left_out != leaves)
        (void)snprintf(fault, sizeof fault, "the fates do not add up");
    for (size_t i = 0; !*fault && i < source_leaf_count(messages->source); i++) {
        const struct node *leaf = source_leaf(messages->source, i);
        char path[NODE_PATH_MAX];

        if (leaf->fate != FATE_CARRIED || is_carried(messages, bodies, leaf))
            continue;
        node_path(leaf, path);
        (void)snprintf(fault, sizeof fault, "%s is carried and in no body about it", path);
    }
    json_decref(bodies);
    return *fault ? fault : NULL;
}

/* Claims that the first leaf with this key which is left out were carried: is that seen? */
static bool claim_is_caught(const struct hearing_messages *messages, const char *key, size_t leaves)
{
    for (size_t i = 0; i < source_leaf_count(messages->source); i++) {
        struct node *leaf = (struct node *)(uintptr_t)source_leaf(messages->source, i);
        enum fate before = leaf->fate;
        bool caught;

        if (!is_key(leaf, key) || before == FATE_CARRIED)
            continue;
        leaf->fate = FATE_CARRIED;
        caught = fault_in(messages, leaves) != NULL;
        leaf->fate = before;
        return caught;
    }
    return false;
}

static void every_value_is_accounted_for(void **)
{
    /* an id, a text with spaces, a flag, a code that is not of the court */
    static const char *const claims[] = {"offenceDefinitionId", "offenceLegislation",
                                         "isConvictedResult", "ljaCode"};
    bool caught[LENGTH(claims)] = {false}, caught_dropped = false, all_caught = true;
    size_t all = 0;

    for (size_t i = 0; i < LENGTH(goldens); i++) {
        size_t size;
        char *text = text_of_golden(&goldens[i], &size);
        json_t *tree = json_loadb(text, size, 0, NULL);
        OWNED(hearing_messages) messages = convert(&goldens[i], text, size);
        size_t leaves = count_leaves(tree) + goldens[i].twice; /* jansson keeps one of two */
        const char *fault = fault_in(messages, leaves);

        if (fault)
            fail_msg("%s: %s", goldens[i].name, fault);
        all += leaves;
        /* the control: a leaf that is dropped, and those that are claimed to be carried */
        caught_dropped |= fault_in(messages, leaves + 1) != NULL;
        for (size_t j = 0; j < LENGTH(claims); j++)
            caught[j] |= claim_is_caught(messages, claims[j], leaves);
        json_decref(tree);
        free(text);
    }
    for (size_t j = 0; j < LENGTH(claims); j++)
        all_caught &= caught[j];
    print_message("control_caught=%s\n", caught_dropped && all_caught ? "yes" : "no");
    assert_true(caught_dropped && all_caught);
    print_message("%zu values accounted for\n", all);
}

/* The control: what is carried for one is not carried for another. */
static void a_value_in_anothers_body_does_not_count(void **)
{
    static const char text[] =
        "{\"id\":\"h\",\"courtCentre\":{\"code\":\"B35CZ00\"},\"hearingDays\":[{\"sittingDay\":"
        "\"2026-06-15T09:30:00.000Z\"}],\"prosecutionCases\":[{\"id\":\"c\",\"defendants\":["
        "{\"id\":\"d-1\",\"personDefendant\":{\"personDetails\":{\"lastName\":\"Example\"}},"
        "\"offences\":[{\"offenceTitle\":\"Theft from a shop\"}]},"
        "{\"id\":\"d-2\",\"notes\":\"Theft from a shop\",\"personDefendant\":{\"personDetails\":"
        "{\"lastName\":\"Other\"}},\"offences\":[{\"id\":\"o\"}]}]}]}";
    OWNED(hearing_messages) messages = convert(&goldens[5], text, sizeof text - 1);
    json_t *tree = json_loads(text, 0, NULL);

    assert_null(fault_in(messages, count_leaves(tree)));
    assert_true(claim_is_caught(messages, "notes", count_leaves(tree)));
    json_decref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_become_what_the_golden_files_say),
        cmocka_unit_test(every_value_is_accounted_for),
        cmocka_unit_test(a_value_in_anothers_body_does_not_count),
    };
    return cmocka_run_group_tests_name("import_golden", tests, NULL, NULL);
}
