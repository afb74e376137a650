/* json_read.c - JSON to a message, as json.h promises. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/json.h"
#include "agents/problems.h"
#include "lib/nearest.h"

struct reading {
    struct arena *arena;
    struct problems *problems;
    struct path path;
    bool full; /* the arena is used up: stop */
};

/* Commas and brackets outside strings, which is how many values there are, about; parsing would
 * take a hundred bytes for each. */
static bool is_modest(const char *text, size_t size)
{
    size_t values = 0;
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted)
            values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    }
    return values <= JSON_VALUES_MAX;
}

const char *json_fault(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_duplicate_key:
        return "a field stands twice in one object";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL inside a text";
    case json_error_numeric_overflow:
        return "a number too large";
    case json_error_end_of_input_expected:
        return "more text after the end";
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
    default:
        return "not JSON";
    }
}

enum status json_parse(const char *text, size_t size, json_t **out, struct problems *problems)
{
    const struct path top = {"", 0};
    json_error_t error;

    if (size > LOCAL_REQUEST_MAX || !is_modest(text, size)) {
        problem_add(problems, &top, "too large");
        return ST_LIMIT;
    }

    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json && json_error_code(&error) == json_error_out_of_memory)
        return ST_NOMEM;
    if (!json) {
        problem_add(problems, &top, "line %d, column %d: %s", error.line, error.column,
                    json_fault(&error));
        return ST_INVALID;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        problem_add(problems, &top, "a body is a JSON object, {...}");
        return ST_INVALID;
    }
    *out = json;
    return ST_OK;
}

/* ---- single values ---- */

static const char *type_name(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
    default:
        return "null";
    }
}

static void mismatch(struct reading *r, const char *expected, const json_t *json)
{
    problem_add(r->problems, &r->path, "must be %s, not %s", expected, type_name(json));
}

/* Digits with an optional sign, no leading zero: as protobuf writes 64-bit numbers. */
static bool parse_digits(const char *text, bool *negative, uint64_t *magnitude)
{
    uint64_t value = 0;

    *negative = *text == '-';
    text += *negative;
    if (!*text || (*text == '0' && (text[1] || *negative)))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10u, &value)
            || __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *magnitude = value;
    return true;
}

/* A whole number from -least to most. */
static bool read_integer(struct reading *r, json_t *json, uint64_t least, uint64_t most,
                         bool *negative, uint64_t *magnitude)
{
    if (json_is_integer(json)) {
        json_int_t value = json_integer_value(json);
        *negative = value < 0;
        *magnitude = *negative ? 0 - (uint64_t)value : (uint64_t)value;
    } else if (!json_is_string(json)) {
        mismatch(r, "a whole number", json);
        return false;
    } else if (!parse_digits(json_string_value(json), negative, magnitude)) {
        problem_add(r->problems, &r->path, "must be a whole number");
        return false;
    }
    if (*magnitude > (*negative ? least : most)) {
        if (least == 0 && *negative)
            problem_add(r->problems, &r->path, "must not be negative");
        else
            problem_add(r->problems, &r->path, "must be from %s%llu to %llu", least ? "-" : "",
                        (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    return true;
}

static void read_number(struct reading *r, const ProtobufCFieldDescriptor *field, json_t *json,
                        void *out)
{
    bool is_signed = false, wide = false, negative;
    uint64_t magnitude;

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        is_signed = wide = true;
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        is_signed = true;
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        wide = true;
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
        break;
    }

    const uint64_t most = (wide ? UINT64_MAX : UINT32_MAX) >> is_signed;
    if (!read_integer(r, json, is_signed ? most + 1 : 0, most, &negative, &magnitude))
        return;

    uint64_t value = negative ? 0 - magnitude : magnitude;
    uint32_t narrow = (uint32_t)value;
    if (wide)
        memcpy(out, &value, sizeof value);
    else
        memcpy(out, &narrow, sizeof narrow);
}

static void read_real(struct reading *r, const ProtobufCFieldDescriptor *field, json_t *json,
                      void *out)
{
    double value = json_number_value(json);
    float narrow = (float)value;

    if (!json_is_number(json))
        mismatch(r, "a number", json);
    else if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        memcpy(out, &value, sizeof value);
    else
        memcpy(out, &narrow, sizeof narrow);
}

/* The choices as one text, without the one that says nothing. */
static void list_choices(const ProtobufCEnumDescriptor *type, char *out, size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < type->n_values && used < room; i++) {
        if (strstr(type->values[i].name, "UNSPECIFIED"))
            continue;
        int n = snprintf(out + used, room - used, "%s%s", used ? ", " : "", type->values[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static void read_enum(struct reading *r, const ProtobufCFieldDescriptor *field, json_t *json,
                      int *out)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    const ProtobufCEnumValue *value = NULL;
    char choices[240];

    if (json_is_string(json))
        value = protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(json));
    else if (json_is_integer(json) && json_integer_value(json) >= INT_MIN
             && json_integer_value(json) <= INT_MAX)
        value = protobuf_c_enum_descriptor_get_value(type, (int)json_integer_value(json));
    if (value) {
        *out = value->value;
        return;
    }
    list_choices(type, choices, sizeof choices);
    problem_add(r->problems, &r->path, "must be one of %s", choices);
}

/* What is no text becomes an empty one: told already, and a NULL inside a list would be a trap. */
static void read_text(struct reading *r, json_t *json, char **out)
{
    const char *text = json_string_value(json);

    if (!text) {
        mismatch(r, "a text", json);
        text = "";
    } else if (strcmp(text, JSON_TEXT_PLACEHOLDER) == 0
               || strcmp(text, JSON_TEXT_PLACEHOLDER_REQUIRED) == 0) {
        problem_add(r->problems, &r->path, "still holds the skeleton's %s", text);
        text = "";
    }

    size_t size = strlen(text) + 1; /* jansson has refused NUL inside */
    if ((*out = arena_take(r->arena, size)))
        memcpy(*out, text, size);
    else
        r->full = true;
}

static void read_base64(struct reading *r, json_t *json, ProtobufCBinaryData *out)
{
    size_t size = json_string_length(json);

    if (!json_is_string(json)) {
        mismatch(r, "base64 text", json);
        return;
    }
    if (!(out->data = arena_take(r->arena, size / 4 * 3 + 1))) {
        r->full = true;
        return;
    }
    if (!base64_parse(json_string_value(json), size, out->data, &out->len))
        problem_add(r->problems, &r->path, "must be base64 with padding");
}

/* ---- fields and messages ---- */

static void read_object(struct reading *r, json_t *json, ProtobufCMessage *message);

static void read_value(struct reading *r, const ProtobufCFieldDescriptor *field, json_t *json,
                       void *out)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        read_text(r, json, out);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        read_base64(r, json, out);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        read_enum(r, field, json, out);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        if (json_is_boolean(json))
            *(protobuf_c_boolean *)out = json_is_true(json);
        else
            mismatch(r, "true or false", json);
        break;
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage *message = message_make(field->descriptor, r->arena);

        *(ProtobufCMessage **)out = message;
        if (!message)
            r->full = true;
        else if (json_is_object(json))
            read_object(r, json, message);
        else
            mismatch(r, "an object, {...}", json);
        break;
    }
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        read_real(r, field, json, out);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    default:
        read_number(r, field, json, out);
        break;
    }
}

static void read_field(struct reading *r, const ProtobufCFieldDescriptor *field, json_t *json,
                       ProtobufCMessage *message)
{
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    size_t count = repeated ? json_array_size(json) : 1;

    if (json_is_null(json)) /* protobuf's mapping: not there */
        return;
    if (field_count(message, field) > 0) { /* once in camel case, once as in the schema */
        problem_add(r->problems, &r->path, "stands here twice");
        return;
    }
    if (repeated && !json_is_array(json)) {
        mismatch(r, "a list, [...]", json);
        return;
    }
    if (count == 0)
        return;
    if (!field_make(message, field, count, r->arena)) {
        r->full = true;
        return;
    }
    for (size_t i = 0; i < count && !r->full; i++) {
        size_t mark = repeated ? path_item(&r->path, i) : r->path.size;
        read_value(r, field, repeated ? json_array_get(json, i) : json,
                   field_value(message, field, i));
        path_back(&r->path, mark);
    }
}

static void unknown_field(struct reading *r, const ProtobufCMessageDescriptor *type,
                          const char *key)
{
    struct nearest nearest = nearest_to(key);
    char names[JSON_NAME_MAX + 1], best[JSON_NAME_MAX + 1] = "";

    for (unsigned i = 0; i < type->n_fields; i++) {
        unsigned before = nearest.distance;

        field_json_name(&type->fields[i], names);
        nearest_offer(&nearest, names);
        if (nearest.distance < before)
            memcpy(best, names, sizeof best);
    }
    if (*best)
        problem_add(r->problems, &r->path, "unknown field; did you mean `%s'?", best);
    else
        problem_add(r->problems, &r->path, "unknown field");
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  const char *key)
{
    char name[JSON_NAME_MAX + 1];

    for (unsigned i = 0; i < type->n_fields; i++) {
        field_json_name(&type->fields[i], name);
        if (strcmp(name, key) == 0 || strcmp(type->fields[i].name, key) == 0)
            return &type->fields[i];
    }
    return NULL;
}

static void read_object(struct reading *r, json_t *json, ProtobufCMessage *message)
{
    const char *key;
    json_t *value;

    json_object_foreach(json, key, value)
    {
        const ProtobufCFieldDescriptor *field = find_field(message->descriptor, key);
        size_t mark = path_field(&r->path, key);

        if (field)
            read_field(r, field, value, message);
        else
            unknown_field(r, message->descriptor, key);
        path_back(&r->path, mark);
        if (r->full)
            return;
    }
}

enum status json_to_message(const ProtobufCMessageDescriptor *type, json_t *json,
                            struct arena *arena, ProtobufCMessage **out, struct problems *problems)
{
    struct reading r = {.arena = arena, .problems = problems};
    ProtobufCMessage *message = message_make(type, arena);

    if (!message)
        return ST_LIMIT;
    read_object(&r, json, message);
    if (r.full)
        return ST_LIMIT;
    *out = message;
    return ST_OK;
}
