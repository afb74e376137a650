/*
 * category_table.c - a build step: the bodies' field options become the tables of field_rules.h.
 *
 *     category_table DESCRIPTOR-SET OUTPUT.c
 *
 * Reads what `protoc --descriptor_set_out --include_imports` wrote. Options of ours are extensions
 * that descriptor.proto does not know, so they arrive as unknown fields of FieldOptions. A message
 * is a body when a field of it has a category; a body with a field that has none, or a category
 * that does not exist, fails the build with the field's name.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/descriptor.pb-c.h"

#define PACKAGE "concordat.body"
#define CATEGORY_MAX 24 /* the last value of DataCategory */
#define CHECK_MAX 7     /* the last value of Check */

enum {
    OPTION_CATEGORY = 50001, /* proto/categories.proto */
    OPTION_REQUIRED = 50002,
    OPTION_CHECK = 50003
};

typedef Google__Protobuf__FileDescriptorSet file_set;
typedef Google__Protobuf__FileDescriptorProto file_descriptor;
typedef Google__Protobuf__DescriptorProto message_descriptor;
typedef Google__Protobuf__FieldDescriptorProto field_descriptor;

struct table {
    FILE *out;
    unsigned messages; /* written so far */
    char (*names)[256];
    bool failed;
};

/* A varint of an option, which the compiler wrote: short and well formed. */
static uint64_t varint_of(const ProtobufCMessageUnknownField *field)
{
    uint64_t v = 0;

    for (size_t i = 0; i < field->len && i < 9; i++)
        v |= (uint64_t)(field->data[i] & 0x7f) << 7 * i;
    return v;
}

static uint64_t option(const field_descriptor *field, uint32_t tag)
{
    const ProtobufCMessage *options = field->options ? &field->options->base : NULL;

    for (unsigned i = 0; options && i < options->n_unknown_fields; i++)
        if (options->unknown_fields[i].tag == tag)
            return varint_of(&options->unknown_fields[i]);
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    const field_descriptor *const *x = a, *const *y = b;

    return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* Complains of each field that a body may not have. */
static void check_fields(struct table *table, const message_descriptor *message, const char *name)
{
    bool is_body = false;

    for (size_t i = 0; i < message->n_field; i++)
        is_body = is_body || option(message->field[i], OPTION_CATEGORY) != 0;
    for (size_t i = 0; i < message->n_field; i++) {
        const field_descriptor *field = message->field[i];
        uint64_t category = option(field, OPTION_CATEGORY);

        if (category > CATEGORY_MAX || option(field, OPTION_CHECK) > CHECK_MAX) {
            fprintf(stderr, "%s.%s: category or check out of range\n", name, field->name);
            table->failed = true;
        } else if (is_body && category == 0) {
            fprintf(stderr, "%s.%s: a body's field must have a (concordat.category)\n", name,
                    field->name);
            table->failed = true;
        }
    }
}

static void write_fields(struct table *table, const message_descriptor *message)
{
    /* In order of number, as protobuf-c keeps a message's fields. */
    qsort(message->field, message->n_field, sizeof *message->field, compare_numbers);
    fprintf(table->out, "static const struct field_rule rules_%u[] = {\n", table->messages);
    for (size_t i = 0; i < message->n_field; i++) {
        const field_descriptor *field = message->field[i];
        fprintf(table->out, "    {%u, %u, %s}, /* %d %s */\n",
                (unsigned)option(field, OPTION_CATEGORY), (unsigned)option(field, OPTION_CHECK),
                option(field, OPTION_REQUIRED) ? "true" : "false", field->number, field->name);
    }
    if (message->n_field == 0)
        fprintf(table->out, "    {0, 0, false}\n");
    fprintf(table->out, "};\n\n");
}

static void add_message(struct table *table, const message_descriptor *message, const char *scope)
{
    char name[256];

    if (snprintf(name, sizeof name, "%s.%s", scope, message->name) >= (int)sizeof name) {
        fprintf(stderr, "%s.%s: name too long\n", scope, message->name);
        table->failed = true;
        return;
    }
    check_fields(table, message, name);
    write_fields(table, message);

    void *names = reallocarray(table->names, table->messages + 1, sizeof *table->names);
    if (!names) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    table->names = names;
    memcpy(table->names[table->messages++], name, sizeof name);
    for (size_t i = 0; i < message->n_nested_type; i++)
        add_message(table, message->nested_type[i], name);
}

/* "concordat.body.PsrReport.CheckState" -> "concordat__body__psr_report__check_state", which is how
 * protoc-c names a descriptor. */
static void write_c_name(FILE *out, const char *name)
{
    bool after_upper = true; /* no underscore at the start of a part */

    for (const char *c = name; *c; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';

        if (*c == '.') {
            fputs("__", out);
        } else {
            if (is_upper && !after_upper)
                fputc('_', out);
            fputc(is_upper ? *c - 'A' + 'a' : *c, out);
        }
        after_upper = is_upper || *c == '.';
    }
}

static void write_include(FILE *out, const char *proto)
{
    size_t stem = strlen(proto) - strlen(".proto");

    fprintf(out, "#include \"%.*s.pb-c.h\"\n", (int)stem, proto);
}

static bool is_ours(const file_descriptor *file)
{
    return file->package && strcmp(file->package, PACKAGE) == 0;
}

static void write_table(struct table *table, const file_set *set)
{
    fputs("/* Written by category_table from the field options in proto/bodies. */\n", table->out);
    fputs("#include \"proto/field_rules.h\"\n\n", table->out);
    for (size_t i = 0; i < set->n_file; i++)
        if (is_ours(set->file[i]))
            write_include(table->out, set->file[i]->name);
    fputc('\n', table->out);
    for (size_t i = 0; i < set->n_file; i++)
        for (size_t j = 0; is_ours(set->file[i]) && j < set->file[i]->n_message_type; j++)
            add_message(table, set->file[i]->message_type[j], PACKAGE);
    fputs("const struct message_rules message_rules[] = {\n", table->out);
    for (unsigned i = 0; i < table->messages; i++) {
        fputs("    {&", table->out);
        write_c_name(table->out, table->names[i]);
        fprintf(table->out, "__descriptor, rules_%u},\n", i);
    }
    fprintf(table->out, "};\n\nconst size_t message_rules_count = %u;\n", table->messages);
}

static file_set *read_set(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, got = 1;

    while (file && got > 0) {
        uint8_t *more = realloc(data, size + 65536);
        if (!more)
            break;
        data = more;
        got = fread(data + size, 1, 65536, file);
        size += got;
    }
    file_set *set = NULL;
    if (file && !ferror(file) && feof(file))
        set = google__protobuf__file_descriptor_set__unpack(NULL, size, data);
    if (file)
        (void)fclose(file);
    free(data);
    return set;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: category_table DESCRIPTOR-SET OUTPUT.c\n");
        return 2;
    }
    file_set *set = read_set(argv[1]);
    if (!set) {
        fprintf(stderr, "%s: not a readable descriptor set\n", argv[1]);
        return 1;
    }
    struct table table = {.out = fopen(argv[2], "w")};
    if (!table.out) {
        perror(argv[2]);
        return 1;
    }
    write_table(&table, set);
    if (table.messages == 0) {
        fprintf(stderr, "%s: no message of package " PACKAGE "\n", argv[1]);
        table.failed = true;
    }
    table.failed = fflush(table.out) != 0 || ferror(table.out) || table.failed;
    (void)fclose(table.out);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    free(table.names);
    if (table.failed)
        (void)remove(argv[2]); /* a half table must not satisfy the build */
    return table.failed ? 1 : 0;
}
