/* vectors.h - published test vectors: JSON files in tests/vectors, fields in hexadecimal. */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

/* A file of tests/vectors; json_decref() it. */
static inline json_t *vectors_load(const char *name)
{
    char path[4096];
    json_error_t error;

    (void)snprintf(path, sizeof path, "%s/tests/vectors/%s", SOURCE_DIR, name);
    json_t *root = json_load_file(path, 0, &error);
    if (!root)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static inline const char *vector_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text ? text : "";
}

static inline size_t vector_number(const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);

    return json_is_integer(value) ? (size_t)json_integer_value(value)
                                  : (size_t)strtoull(vector_text(object, field), NULL, 10);
}

/* A field's bytes; free() `data`. */
static inline struct bytes vector_bytes(const json_t *object, const char *field)
{
    const char *text = vector_text(object, field);
    size_t size = strlen(text) / 2;
    uint8_t *data = malloc(size + 1);

    assert_non_null(data);
    assert_true(hex_parse(text, data, size));
    return (struct bytes){data, size};
}

static inline void bytes_freep(struct bytes *bytes)
{
    free((void *)(uintptr_t)bytes->data);
}
#define OWNED_BYTES __attribute__((cleanup(bytes_freep))) struct bytes

static inline void json_freep(json_t **value)
{
    json_decref(*value);
}
#define OWNED_JSON __attribute__((cleanup(json_freep))) json_t *

#endif
