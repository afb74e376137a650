#include "agreements/document.h"

#include <assert.h>
#include <string.h>

#include <yaml.h>

#define KEY_MAX 63 /* bytes of a mapping's key */

struct document {
    const char *name; /* borrowed, as are all of these */
    struct arena *arena;
    struct reason *why;
    yaml_parser_t parser;
    struct node *root;
    struct node *open[NODE_DEPTH_MAX]; /* lists and mappings begun and not ended, outermost first */
    size_t depth;                      /* how many of them */
    const char *key;                   /* read in the innermost mapping, its value still to come */
    uint32_t key_line;
    size_t nodes;
    bool seen; /* a document began */
};

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.line + 1;
}

static enum status refuse(const struct document *d, uint32_t line, const char *what)
{
    reason_set(d->why, "%s:%u: %s", d->name, line, what);
    return ST_INVALID;
}

/* Where libyaml stopped, in words. The reader counts bytes, scanner and parser have marks. */
static enum status refuse_syntax(const struct document *d, const char *text, size_t size)
{
    const yaml_parser_t *p = &d->parser;
    size_t line = p->problem_mark.line + 1;

    if (p->error == YAML_MEMORY_ERROR)
        return ST_NOMEM;
    if (p->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < p->problem_offset && i < size; i++)
            line += text[i] == '\n';
    }
    reason_set(d->why, "%s:%zu: %s%s%s", d->name, line, p->problem ? p->problem : "not YAML",
               p->context ? " " : "", p->context ? p->context : "");
    return ST_INVALID;
}

static struct node *innermost(const struct document *d)
{
    return d->depth > 0 ? d->open[d->depth - 1] : NULL;
}

static bool awaits_key(const struct document *d)
{
    const struct node *parent = innermost(d);

    return parent && parent->kind == NODE_MAP && !d->key;
}

static const char *copy(struct document *d, const yaml_event_t *event)
{
    size_t size = event->data.scalar.length;
    char *text = arena_take(d->arena, size + 1);

    if (text) {
        memcpy(text, event->data.scalar.value, size);
        text[size] = '\0';
    }
    return text;
}

/* A node in its place in the tree. */
static enum status add(struct document *d, enum node_kind kind, uint32_t line, struct node **out)
{
    struct node *parent = innermost(d), *node = arena_take(d->arena, sizeof *node);

    if (++d->nodes > NODES_MAX)
        return refuse(d, line, "too many values");
    if (!node)
        return ST_NOMEM;
    *node = (struct node){.kind = kind, .line = d->key ? d->key_line : line, .key = d->key};
    d->key = NULL;
    if (!parent) {
        d->root = node;
    } else {
        if (parent->last)
            parent->last->next = node;
        else
            parent->first = node;
        parent->last = node;
        parent->count++;
    }
    *out = node;
    return ST_OK;
}

static enum status take_key(struct document *d, const yaml_event_t *event)
{
    const struct node *map = innermost(d);
    const char *key;

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.length == 0
        || event->data.scalar.length > KEY_MAX)
        return refuse(d, line_of(event), "a key must be a short plain word");
    if (map->count == NODE_KEYS_MAX)
        return refuse(d, line_of(event), "too many keys in one place");
    if (!(key = copy(d, event)))
        return ST_NOMEM;
    if (node_child(map, key)) {
        reason_set(d->why, "%s:%u: `%s' stands here twice; first on line %u", d->name,
                   line_of(event), key, node_child(map, key)->line);
        return ST_INVALID;
    }
    d->key = key;
    d->key_line = line_of(event);
    return ST_OK;
}

static enum status take_scalar(struct document *d, const yaml_event_t *event)
{
    struct node *node;
    enum status st;

    if (event->data.scalar.anchor || event->data.scalar.tag)
        return refuse(d, line_of(event), "anchors (&) and tags (!) are not used here");
    if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
        return refuse(d, line_of(event), "a NUL in a text");
    if (awaits_key(d))
        return take_key(d, event);
    if ((st = add(d, NODE_TEXT, line_of(event), &node)) != ST_OK)
        return st;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
               && event->start_mark.line == event->end_mark.line;
    node->text = copy(d, event);
    return node->text ? ST_OK : ST_NOMEM;
}

static enum status begin(struct document *d, const yaml_event_t *event, enum node_kind kind,
                         bool marked, bool bracketed)
{
    struct node *node;
    enum status st;

    if (marked)
        return refuse(d, line_of(event), "anchors (&) and tags (!) are not used here");
    if (awaits_key(d))
        return refuse(d, line_of(event), "a key must be a short plain word");
    if (d->depth == NODE_DEPTH_MAX)
        return refuse(d, line_of(event), "nested too deeply");
    if ((st = add(d, kind, line_of(event), &node)) != ST_OK)
        return st;
    node->bracketed = bracketed;
    d->open[d->depth++] = node;
    return ST_OK;
}

static enum status begin_document(struct document *d, const yaml_event_t *event)
{
    if (d->seen)
        return refuse(d, line_of(event), "a second document begins; one file holds one agreement");
    if (event->data.document_start.version_directive
        || event->data.document_start.tag_directives.start
               != event->data.document_start.tag_directives.end)
        return refuse(d, line_of(event), "directives (%) are not used here");
    d->seen = true;
    return ST_OK;
}

static enum status take(struct document *d, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(d, event);
    case YAML_ALIAS_EVENT:
        return refuse(d, line_of(event), "aliases (*) are not used here");
    case YAML_SCALAR_EVENT:
        return take_scalar(d, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin(d, event, NODE_LIST,
                     event->data.sequence_start.anchor || event->data.sequence_start.tag,
                     event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
            return refuse(d, line_of(event), "write one key a line instead of {...}");
        return begin(d, event, NODE_MAP,
                     event->data.mapping_start.anchor || event->data.mapping_start.tag, false);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        assert(d->depth > 0);
        d->depth--;
        return ST_OK;
    case YAML_STREAM_END_EVENT:
        return d->root ? ST_OK : refuse(d, 1, "nothing but blank lines and comments");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    default:
        return ST_OK;
    }
}

static enum status read_events(struct document *d, const char *text, size_t size)
{
    yaml_parser_set_input_string(&d->parser, (const unsigned char *)text, size);
    yaml_parser_set_encoding(&d->parser, YAML_UTF8_ENCODING); /* else a BOM would choose UTF-16 */
    for (;;) {
        yaml_event_t event;

        if (!yaml_parser_parse(&d->parser, &event))
            return refuse_syntax(d, text, size);

        bool last = event.type == YAML_STREAM_END_EVENT;
        enum status st = take(d, &event);
        yaml_event_delete(&event);
        if (st != ST_OK || last)
            return st;
    }
}

bool text_is_hidden(const char *text, size_t left)
{
    if (text[0] == '\r')
        return left < 2 || text[1] != '\n';
    if (left >= 2 && memcmp(text, "\xc2\x85", 2) == 0)
        return true;
    if (left >= 2 && memcmp(text, "\xd8\x9c", 2) == 0) /* U+061C */
        return true;
    if (left >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* U+FEFF */
        return true;
    if (left < 3 || text[0] != '\xe2')
        return false;
    unsigned middle = (unsigned char)text[1], last = (unsigned char)text[2];
    return (middle == 0x80 && last >= 0x8b && last <= 0x8f) /* U+200B to U+200F */
        || (middle == 0x80 && last >= 0xa8 && last <= 0xae)
        || (middle == 0x81 && last >= 0xa6 && last <= 0xa9);
}

static enum status check_visible(const struct document *d, const char *text, size_t size)
{
    uint32_t line = 1;

    for (size_t i = 0; i < size; i++) {
        if (text_is_hidden(text + i, size - i))
            return refuse(d, line, "a line break or direction mark that editors do not show");
        line += text[i] == '\n';
    }
    return ST_OK;
}

enum status document_read(const char *name, const char *text, size_t size, struct arena *arena,
                          const struct node **root, struct reason *why)
{
    struct document d = {.name = name, .arena = arena, .why = why};

    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return refuse(&d, 1, "begins with a byte-order mark");
    enum status st = check_visible(&d, text, size);
    if (st != ST_OK)
        return st;
    if (!yaml_parser_initialize(&d.parser))
        return ST_NOMEM;
    st = read_events(&d, text, size);
    yaml_parser_delete(&d.parser);
    if (st == ST_OK)
        *root = d.root;
    return st;
}

const struct node *node_child(const struct node *map, const char *key)
{
    for (const struct node *n = map->first; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}
