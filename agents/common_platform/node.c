#include "agents/common_platform/node.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 48 /* bytes of a key that is shown */

bool node_is_object(const struct node *node)
{
    return node && json_is_object(node->value);
}

enum flag node_flag(const struct node *parent, const char *key)
{
    const struct node *node = node_get(parent, key);

    if (!node || json_is_null(node->value))
        return FLAG_CLEAR;
    if (!json_is_boolean(node->value))
        return FLAG_FAULTY;
    return json_is_true(node->value) ? FLAG_SET : FLAG_CLEAR;
}

bool node_is_leaf(const struct node *node)
{
    return !node->first;
}

/* A field whose key is the `size` bytes at `key`. */
static struct node *get(const struct node *parent, const char *key, size_t size)
{
    if (!node_is_object(parent))
        return NULL;
    for (struct node *node = parent->first; node; node = node->next) {
        if (!node->shadowed && node->key_size == size && memcmp(node->key, key, size) == 0)
            return node;
    }
    return NULL;
}

struct node *node_get(const struct node *parent, const char *key)
{
    return get(parent, key, strlen(key));
}

struct node *node_find(const struct node *parent, const char *path)
{
    struct node *node;

    for (;;) {
        size_t size = strcspn(path, ".");

        node = get(parent, path, size);
        if (!node || path[size] == '\0')
            return node;
        path += size + 1;
        parent = node;
    }
}

struct node *node_items(const struct node *list)
{
    return list && json_is_array(list->value) ? list->first : NULL;
}

const char *node_text(const struct node *node)
{
    const char *text = node ? json_string_value(node->value) : NULL;

    return text && text[strspn(text, " \t\r\n")] ? text : NULL;
}

static bool is_plain(const struct node *node)
{
    size_t size =
        strspn(node->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return size > 0 && size <= KEY_MAX && size == node->key_size;
}

static void print_path(const struct node *node, bool kind, char *out)
{
    const struct node *way[HEARING_DEPTH_MAX + 2];
    size_t count = 0, at = 0;

    for (; node->parent; node = node->parent)
        way[count++] = node;
    out[0] = '\0';
    while (count-- > 0 && at < NODE_PATH_MAX) {
        const char *key = way[count]->key;
        size_t room = NODE_PATH_MAX - at;
        int size;

        if (key && is_plain(way[count]))
            size = snprintf(out + at, room, "%s%.*s", at > 0 ? "." : "", (int)way[count]->key_size,
                            key);
        else if (kind && key)
            size = snprintf(out + at, room, "%s{*}", at > 0 ? "." : "");
        else if (kind)
            size = snprintf(out + at, room, "[*]");
        else if (key)
            size = snprintf(out + at, room, "%s{%zu}", at > 0 ? "." : "", way[count]->index);
        else
            size = snprintf(out + at, room, "[%zu]", way[count]->index);
        at += size > 0 ? (size_t)size : 0;
    }
}

void node_path(const struct node *node, char out[static NODE_PATH_MAX])
{
    print_path(node, false, out);
}

void node_kind(const struct node *node, char out[static NODE_PATH_MAX])
{
    print_path(node, true, out);
}
