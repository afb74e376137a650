/*
 * Hearings that are broken, cut short or of the wrong types: an error that says where, or a loss
 * that is listed, and never a value in either. Seeded; IMPORT_SEED repeats a run.
 */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/hearing.h"
#include "agents/common_platform/losses.h"
#include "tests/unit/hearings.h"

#define NOW 1782864000000 /* 2026-07-01 */
#define CUTS 200
#define SECRET "ZqSecretqZ" /* what no error and no reason may repeat */

static const struct {
    const char *path, *court;
} files[] = {
    {"docs/examples/hearing-listed.json", "B35CZ00"},
    {"docs/examples/hearing-sentenced.json", "B35CZ00"},
    {"tests/fixtures/common-platform/court-hearing-event.json", "B10JQ00"},
    {"tests/fixtures/common-platform/hearing-1.json", "B05KP00"},
    {"tests/fixtures/common-platform/hearing.results-shared-with-curfew-bail-condition.json",
     "B42CM00"},
    {"tests/fixtures/common-platform/hearing.results-shared-with-nexthearing-crowncourt.json",
     "C05LV00"},
    {"tests/fixtures/common-platform/hearing.results-shared-with-nexthearing-magistratescourt.json",
     "C05LV00"},
};

static char *load(size_t file, size_t *size)
{
    char path[512], *text;

    (void)snprintf(path, sizeof path, SOURCE_DIR "/%s", files[file].path);
    text = hearing_load(path, size);
    assert_non_null(text);
    return text;
}

static uint64_t seed_of(void)
{
    const char *text = getenv("IMPORT_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261125;

    print_message("IMPORT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static void a_text_cut_anywhere_is_an_error_that_says_where(void **)
{
    uint64_t state = seed_of() | 1;
    size_t cuts = 0;

    for (size_t file = 0; file < LENGTH(files); file++) {
        size_t size;
        char *text = load(file, &size);

        while (size > 0 && strchr(" \r\n", text[size - 1]))
            size--; /* what is cut must be missed */
        for (size_t i = 0; i < CUTS; i++, cuts++) {
            struct hearing_messages *messages = NULL;
            struct problem problem;
            const struct hearing_settings settings = {files[file].court, NULL, NOW};
            size_t at = (size_t)(next(&state) % size);
            char *cut = malloc(at + 1); /* exact, so that reading on is caught */

            memcpy(cut, text, at);
            assert_int_equal(hearing_convert(cut, at, &settings, &messages, &problem), ST_INVALID);
            assert_null(messages);
            if (!strstr(problem.text, "line "))
                fail_msg("%s cut at %zu: %s", files[file].path, at, problem.text);
            free(cut);
        }
        free(text);
    }
    print_message("%zu cuts\n", cuts);
}

/* ---- other types ---- */

static size_t count_leaves(const json_t *value)
{
    size_t count = 0, i;
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)(uintptr_t)value, key, item) count += count_leaves(item);
    json_array_foreach(value, i, item) count += count_leaves(item);
    return count ? count : 1;
}

/* A walk over all places of a tree, each kind of place once: the same field of all offences is one
 * kind. */
struct walk {
    json_t *top;
    const char *court;
    char kinds[2048][NODE_PATH_MAX];
    size_t kind_count, tried, refused, listed, carried;
};

static bool is_new(struct walk *walk, const char *kind)
{
    for (size_t i = 0; i < walk->kind_count; i++) {
        if (strcmp(walk->kinds[i], kind) == 0)
            return false;
    }
    assert_true(walk->kind_count < LENGTH(walk->kinds));
    (void)snprintf(walk->kinds[walk->kind_count++], NODE_PATH_MAX, "%s", kind);
    return true;
}

static void expect_no_secret(const char *text)
{
    if (strstr(text, SECRET))
        fail_msg("repeats what stands there: %s", text);
}

/* The node at `path`, "prosecutionCases[0].defendants[0].{3}"; NULL: there is none. */
static const struct node *resolve(const struct node *node, const char *path)
{
    while (node && *path) {
        size_t size;

        path += *path == '.';
        if (*path == '[' || *path == '{') {
            size_t index = strtoul(path + 1, NULL, 10);

            for (node = node->first; node && node->index != index;)
                node = node->next;
            size = strcspn(path, "]}") + 1;
        } else {
            char key[64];

            size = strcspn(path, ".[{");
            (void)snprintf(key, sizeof key, "%.*s", (int)size, path);
            node = node_get(node, key);
        }
        path += size;
    }
    return node;
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

static bool is_flag(const struct node *leaf)
{
    static const char *const keys[] = {"isDeleted", "isCancelled", "hasSharedResults", "isYouth",
                                       "lifeDuration"};

    for (size_t i = 0; i < LENGTH(keys); i++) {
        if (leaf->key && leaf->key_size == strlen(keys[i])
            && strncmp(leaf->key, keys[i], leaf->key_size) == 0)
            return true;
    }
    return false;
}

/* May a leaf that a retype put there count as this? Only what says nothing is said of itself; a
 * text is carried when a body has it, a flag where flags are read, and no number at all. */
static bool is_honest(const struct node *leaf, const char *bodies)
{
    const json_t *value = leaf->value;

    if (leaf->fate == FATE_LEFT_OUT || json_is_null(value))
        return true;
    if (json_is_boolean(value))
        return is_flag(leaf);
    return json_is_string(value) && leaf->fate == FATE_CARRIED && strstr(bodies, SECRET);
}

static void judge_fates(struct walk *walk, const struct node *node, const char *bodies,
                        const char *path)
{
    if (node_is_leaf(node)) {
        walk->listed += node->fate == FATE_LEFT_OUT;
        walk->carried += node->fate != FATE_LEFT_OUT;
        if (!is_honest(node, bodies))
            fail_msg("%s: of another type, and counted as %s", path,
                     node->fate == FATE_CARRIED ? "carried" : "said");
    }
    for (const struct node *item = node->first; item; item = item->next)
        judge_fates(walk, item, bodies, path);
}

/* Is what stands at `path` accounted for, and everything else? */
static void judge(struct walk *walk, const struct hearing_messages *messages, const char *path)
{
    const struct node *node = resolve(source_top(messages->source), path);
    struct tally tally = tally_of(messages->source);
    char *bodies = bodies_of(messages);

    assert_int_equal(tally.leaves, count_leaves(walk->top));
    assert_int_equal(tally.leaves, tally.carried + tally.said + tally.left_out);
    if (!node)
        fail_msg("%s is not accounted for", path);
    judge_fates(walk, node, bodies, path);
    free(bodies);
    for (size_t i = 0; i < tally.leaves; i++)
        expect_no_secret(loss_reason(source_leaf(messages->source, i)));
    for (size_t i = 0; i < messages->skipped_count; i++)
        expect_no_secret(messages->skipped[i].problem.text);
}

static void try_one(struct walk *walk, const char *path)
{
    const struct hearing_settings settings = {walk->court, NULL, NOW};
    char *text = json_dumps(walk->top, JSON_COMPACT | JSON_ENCODE_ANY);
    struct hearing_messages *messages = NULL;
    struct problem problem;
    enum status status = hearing_convert(text, strlen(text), &settings, &messages, &problem);

    walk->tried++;
    if (status == ST_OK) {
        judge(walk, messages, path);
    } else {
        walk->refused++;
        assert_int_equal(status, ST_INVALID);
        expect_no_secret(problem.text);
        expect_no_secret(problem.where);
        if (!*problem.text || (!*problem.where && !strstr(problem.text, "looked for")))
            fail_msg("%s: `%s' `%s'", path, problem.where, problem.text);
    }
    hearing_messages_free(messages);
    free(text);
}

/* Puts each other type in the place of `value`, which is at `key` or `index` of `parent`. */
static void retype(struct walk *walk, json_t *parent, const char *key, size_t index, json_t *value,
                   const char *path)
{
    json_t *const others[] = {
        json_null(),
        json_true(),
        json_integer(-7),
        json_real(1.5),
        json_string(SECRET),
        json_pack("[s]", SECRET),
        json_pack("{s:s}", "inner", SECRET),
    };

    json_incref(value);
    for (size_t i = 0; i < LENGTH(others); i++) {
        if (json_typeof(others[i]) != json_typeof(value)) {
            if (key)
                (void)json_object_set(parent, key, others[i]);
            else
                (void)json_array_set(parent, index, others[i]);
            try_one(walk, path);
        }
        json_decref(others[i]);
    }
    if (key)
        (void)json_object_set_new(parent, key, value);
    else
        (void)json_array_set_new(parent, index, value);
}

/* A path and its kind, one step further. */
struct place {
    char path[NODE_PATH_MAX], kind[NODE_PATH_MAX];
};

static struct place step(const struct place *at, const char *key, size_t index)
{
    struct place next;
    const char *dot = at->path[0] ? "." : "";
    bool plain = key
              && key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")]
                     == '\0';

    if (plain) {
        (void)snprintf(next.path, sizeof next.path, "%.200s%s%.48s", at->path, dot, key);
        (void)snprintf(next.kind, sizeof next.kind, "%.200s%s%.48s", at->kind, dot, key);
    } else {
        (void)snprintf(next.path, sizeof next.path, key ? "%.200s%s{%zu}" : "%.200s%s[%zu]",
                       at->path, key ? dot : "", index);
        (void)snprintf(next.kind, sizeof next.kind, key ? "%.200s%s{*}" : "%.200s%s[*]", at->kind,
                       key ? dot : "");
    }
    return next;
}

static void walk_all(struct walk *walk, json_t *value, const struct place *at)
{
    size_t index = 0;
    const char *key;
    json_t *item;
    void *safe;

    json_object_foreach_safe(value, safe, key, item)
    {
        struct place next = step(at, key, index++);

        if (is_new(walk, next.kind))
            retype(walk, value, key, 0, item, next.path);
        walk_all(walk, json_object_get(value, key), &next);
    }
    for (index = 0; index < json_array_size(value); index++) {
        struct place next = step(at, NULL, index);

        if (is_new(walk, next.kind))
            retype(walk, value, NULL, index, json_array_get(value, index), next.path);
        walk_all(walk, json_array_get(value, index), &next);
    }
}

static void a_field_of_another_type_is_an_error_or_a_loss(void **)
{
    size_t tried = 0, refused = 0, listed = 0;

    for (size_t file = 0; file < LENGTH(files) - 1; file++) { /* the last two differ by a label */
        static struct walk walk;
        size_t size;
        char *text = load(file, &size);
        const struct place top = {"", ""};

        memset(&walk, 0, sizeof walk);
        walk.court = files[file].court;
        walk.top = json_loadb(text, size, 0, NULL); /* the later of two counts here too */
        assert_non_null(walk.top);
        walk_all(&walk, walk.top, &top);
        tried += walk.tried;
        refused += walk.refused;
        listed += walk.listed;
        json_decref(walk.top);
        free(text);
    }
    print_message("%zu retyped: %zu refused with their path, %zu leaves listed as lost\n", tried,
                  refused, listed);
    assert_true(tried > 3000 && refused > 20 && listed > 1000);
}

/* The control: a harness that would not see a value in an error sees nothing. */
static void the_harness_catches_a_leak(void **)
{
    const char *text =
        "{\"id\":\"h\",\"hearingDays\":[{\"sittingDay\":\"2026-06-15T09:30:00Z\"}],"
        "\"prosecutionCases\":[{\"defendants\":[{\"id\":\"d\",\"pncId\":\"" SECRET "\","
        "\"personDefendant\":{\"personDetails\":{\"lastName\":\"Example\"}},"
        "\"offences\":[{\"offenceCode\":\"TH68010\"}]}]}]}";
    const struct hearing_settings settings = {"B35CZ00", NULL, NOW};
    OWNED(hearing_messages) messages = NULL;
    struct problem problem;
    bool caught = false;

    assert_int_equal(hearing_convert(text, strlen(text), &settings, &messages, &problem), ST_OK);
    for (size_t i = 0; i < source_leaf_count(messages->source); i++) {
        struct node *leaf = (struct node *)(uintptr_t)source_leaf(messages->source, i);

        assert_null(strstr(loss_reason(leaf), SECRET));
        if (leaf->fate == FATE_LEFT_OUT && leaf->key_size == 5) /* a planted leak */
            leaf->why = "not a PNC number: " SECRET;
        caught |= strstr(loss_reason(leaf), SECRET) != NULL;
    }
    print_message("control_caught=%s\n", caught ? "yes" : "no");
    assert_true(caught);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_harness_catches_a_leak),
        cmocka_unit_test(a_text_cut_anywhere_is_an_error_that_says_where),
        cmocka_unit_test(a_field_of_another_type_is_an_error_or_a_loss),
    };
    return cmocka_run_group_tests_name("import_hostile", tests, NULL, NULL);
}
