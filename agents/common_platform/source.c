#include "agents/common_platform/source.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/json.h"
#include "lib/arena.h"

#define WHY_ROOM (8u * HEARING_VALUES_MAX) /* bytes of reasons; past it leaves have none */

struct source {
    json_t *json;         /* owned */
    struct node *nodes;   /* owned: the top, then in the input's order */
    struct node **leaves; /* owned */
    size_t node_count, leaf_count;
    struct node *taken;
    struct arena *whys; /* owned */
    bool marked;        /* there are keys with a mark */
};

/* ---- reading ---- */

/* Bounds what parsing would take, about a hundred bytes a value, before it is taken. */
static enum status is_modest(const char *text, size_t size, struct reason *why)
{
    size_t values = 1, depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (quoted && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            values += text[i] == ',' || text[i] == '[' || text[i] == '{';
            if ((text[i] == '[' || text[i] == '{') && ++depth > HEARING_DEPTH_MAX) {
                reason_set(why, "nested deeper than %d", HEARING_DEPTH_MAX);
                return ST_LIMIT;
            }
            depth -= (text[i] == ']' || text[i] == '}') && depth > 0;
        }
    }
    if (values <= HEARING_VALUES_MAX)
        return ST_OK;
    reason_set(why, "more than %d values", HEARING_VALUES_MAX);
    return ST_LIMIT;
}

/* ---- fields that stand twice ---- */

/* Court messages exist in which one object has a field twice, and readers of JSON differ in which
 * they take. Here the later one counts, as for the court's own systems, and the earlier is told as
 * left out. jansson would drop it; so the later key gets a mark and a number behind it, which makes
 * it another key, and counts as what stands before the mark. */
#define MARK "\x01"
#define MARK_ROOM 12 /* bytes of "\u0001" and a number */

/* A text with the key that ends before `position` marked; NULL: memory, or there is no key. */
static char *mark_key(const char *text, size_t *size, size_t position, unsigned number)
{
    char mark[MARK_ROOM];
    int mark_size = snprintf(mark, sizeof mark, "\\u0001%u", number);
    char *marked = malloc(*size + MARK_ROOM);

    if (!marked || position == 0 || position > *size || text[position - 1] != '"') {
        free(marked);
        return NULL;
    }
    memcpy(marked, text, position - 1);
    memcpy(marked + position - 1, mark, (size_t)mark_size);
    memcpy(marked + position - 1 + mark_size, text + position - 1, *size - position + 1);
    *size += (size_t)mark_size;
    return marked;
}

static enum status parse(const char *text, size_t size, struct source *source, struct reason *why)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as some systems write it */
    size_t skip = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    char *marked = NULL, *next;
    json_t **out = &source->json;
    json_error_t error;

    text += skip;
    size -= skip;
    for (unsigned number = 0; number <= HEARING_TWICE_MAX; number++) {
        *out = json_loadb(marked ? marked : text, size, JSON_REJECT_DUPLICATES, &error);
        if (*out || json_error_code(&error) != json_error_duplicate_key
            || number == HEARING_TWICE_MAX)
            break;
        next = mark_key(marked ? marked : text, &size, (size_t)error.position, number);
        if (!next)
            break;
        free(marked);
        marked = next;
        source->marked = true;
    }
    free(marked);
    if (*out)
        return ST_OK;
    if (json_error_code(&error) == json_error_out_of_memory) {
        reason_set(why, "memory is out");
        return ST_NOMEM;
    }
    reason_set(why, "line %d, column %d: %s", error.line, error.column, json_fault(&error));
    return ST_INVALID;
}

static size_t count_nodes(const json_t *value)
{
    size_t count = 1, i;
    const char *key;
    json_t *item;

    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, item) count += count_nodes(item);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item) count += count_nodes(item);
    }
    return count;
}

/* ---- the tree ---- */

static struct node *add_node(struct source *source, struct node *parent, const char *key,
                             size_t index, const json_t *value);

/* Hangs `node` behind *last. */
static void hang(struct node *parent, struct node **last, struct node *node)
{
    if (*last)
        (*last)->next = node;
    else
        parent->first = node;
    *last = node;
}

static void add_items(struct source *source, struct node *node)
{
    struct node *last = NULL;
    size_t i = 0;
    const char *key;
    json_t *item;

    if (json_is_object(node->value)) {
        json_object_foreach((json_t *)(uintptr_t)node->value, key, item)
            hang(node, &last, add_node(source, node, key, i++, item));
    } else if (json_is_array(node->value)) {
        json_array_foreach(node->value, i, item)
            hang(node, &last, add_node(source, node, NULL, i, item));
    }
}

/* Nothing is said by null, by a blank text, or by what is empty. */
static bool says_nothing(const struct node *node)
{
    return json_is_null(node->value) || json_is_object(node->value) || json_is_array(node->value)
        || (json_is_string(node->value) && !node_text(node));
}

/* A field that stands a second time: the earlier ones do not count. */
static void shadow_earlier(struct node *node, const struct node *later)
{
    for (struct node *item = node->first; item != later; item = item->next) {
        if (item->key_size == later->key_size
            && memcmp(item->key, later->key, later->key_size) == 0) {
            item->shadowed = true;
            source_leave_below(item, "stands twice in one object; the later one counts");
        }
    }
}

static struct node *add_node(struct source *source, struct node *parent, const char *key,
                             size_t index, const json_t *value)
{
    struct node *node = &source->nodes[source->node_count++];

    *node = (struct node){.value = value, .key = key, .index = index, .parent = parent};
    node->key_size = !key ? 0 : source->marked ? strcspn(key, MARK) : strlen(key);
    add_items(source, node);
    for (struct node *item = node->first; item && item->key; item = item->next) {
        if (item->key[item->key_size] != '\0')
            shadow_earlier(node, item);
    }
    if (node_is_leaf(node)) {
        source->leaves[source->leaf_count++] = node;
        if (says_nothing(node))
            node->fate = FATE_SAID;
    }
    return node;
}

enum status source_read(const char *text, size_t size, struct source **out, struct reason *why)
{
    OWNED(source) source = calloc(1, sizeof *source);
    enum status status;

    if (!source || !(source->whys = arena_new(4096, WHY_ROOM))) {
        reason_set(why, "memory is out");
        return ST_NOMEM;
    }
    if (size > HEARING_MAX) {
        reason_set(why, "larger than %d bytes", HEARING_MAX);
        return ST_LIMIT;
    }
    if ((status = is_modest(text, size, why)) != ST_OK
        || (status = parse(text, size, source, why)) != ST_OK)
        return status;

    size_t count = count_nodes(source->json);
    source->nodes = calloc(count, sizeof *source->nodes);
    source->leaves = calloc(count, sizeof *source->leaves);
    if (!source->nodes || !source->leaves) {
        reason_set(why, "memory is out");
        return ST_NOMEM;
    }
    (void)add_node(source, NULL, NULL, 0, source->json);
    *out = GIVE(source);
    return ST_OK;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    json_decref(source->json);
    free(source->nodes);
    free(source->leaves);
    arena_free(source->whys);
    free(source);
}

struct node *source_top(const struct source *source)
{
    return source->nodes;
}

/* ---- telling ---- */

static void take(struct source *source, struct node *node, enum fate fate, const char *why)
{
    if (!node)
        return;
    if (!node->taken) {
        node->taken = true;
        node->next_fate = FATE_LEFT_OUT;
        node->next_why = NULL;
        node->next_taken = source->taken;
        source->taken = node;
    }
    if (fate > node->next_fate)
        node->next_fate = fate;
    if (!node->next_why)
        node->next_why = why;
}

void source_carry(struct source *source, struct node *node)
{
    take(source, node, FATE_CARRIED, NULL);
}

void source_say(struct source *source, struct node *node)
{
    take(source, node, FATE_SAID, NULL);
}

void source_leave(struct source *source, struct node *node, const char *format, ...)
{
    struct reason why;
    va_list args;
    char *copy;

    if (!node)
        return;
    va_start(args, format);
    (void)vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    if ((copy = arena_take(source->whys, strlen(why.text) + 1)))
        memcpy(copy, why.text, strlen(why.text) + 1);
    take(source, node, FATE_LEFT_OUT, copy);
}

static void leave_below(struct node *node, const struct node *at, const char *why)
{
    if (node_is_leaf(node) && node->fate == FATE_LEFT_OUT && !node->why) {
        node->why = why;
        node->why_at = at == node ? NULL : at;
    }
    for (struct node *item = node->first; item; item = item->next)
        leave_below(item, at, why);
}

void source_leave_below(struct node *node, const char *why)
{
    if (node)
        leave_below(node, node, why);
}

void source_settle(struct source *source)
{
    for (struct node *node = source->taken; node; node = node->next_taken) {
        node->taken = false;
        if (node->next_fate > node->fate) {
            node->fate = node->next_fate;
        } else if (node->next_why) {
            node->why = node->next_why;
            node->why_at = NULL;
        }
    }
    source->taken = NULL;
}

void source_forget(struct source *source)
{
    for (struct node *node = source->taken; node; node = node->next_taken)
        node->taken = false;
    source->taken = NULL;
}

/* ---- looking back ---- */

size_t source_leaf_count(const struct source *source)
{
    return source->leaf_count;
}

const struct node *source_leaf(const struct source *source, size_t index)
{
    return source->leaves[index];
}
