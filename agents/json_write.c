/* json_write.c - a message to JSON, and a type's skeleton, as json.h promises. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/json.h"
#include "proto/catalogue.h"

/* 64 bits as text: JSON's numbers are exact to 53 only. */
static json_t *wide_signed(int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return json_string(text);
}

static json_t *wide_unsigned(uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *of_bytes(const ProtobufCBinaryData *bytes)
{
    char *text = malloc(BASE64_SIZE(bytes->len));
    json_t *json;

    if (!text)
        return NULL;
    base64_print(bytes->data, bytes->len, text);
    json = json_string(text);
    free(text);
    return json;
}

static json_t *of_enum(const ProtobufCFieldDescriptor *field, int number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);

    return value ? json_string(value->name) : json_integer(number);
}

static json_t *of_value(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return of_bytes(value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return of_enum(field, *(const int *)value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_of_message(*(ProtobufCMessage *const *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_real((double)*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return wide_signed(*(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return wide_unsigned(*(const uint64_t *)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer((json_int_t) * (const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    default:
        return json_integer((json_int_t) * (const int32_t *)value);
    }
}

static json_t *of_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        size_t count)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return of_value(field, field_value(message, field, 0));

    json_auto_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, of_value(field, field_value(message, field, i))) != 0)
            return NULL; /* also when the value is NULL */
    return json_incref(list);
}

json_t *json_of_message(const ProtobufCMessage *message)
{
    json_auto_t *object = json_object();
    char name[JSON_NAME_MAX + 1];

    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t count = field_count(message, field);

        if (count == 0)
            continue;
        field_json_name(field, name);
        if (json_object_set_new(object, name, of_field(message, field, count)) != 0)
            return NULL;
    }
    return json_incref(object);
}

/* ---- skeletons ---- */

static json_t *choices(const ProtobufCEnumDescriptor *type, bool required)
{
    char text[1024] = "<";
    size_t used = 1;

    for (unsigned i = 0; i < type->n_values; i++) {
        if (strstr(type->values[i].name, "UNSPECIFIED"))
            continue;
        int n = snprintf(text + used, sizeof text - used, "%s%s", used > 1 ? " | " : "",
                         type->values[i].name);
        if (n < 0 || (size_t)n >= sizeof text - used)
            return NULL;
        used += (size_t)n;
    }
    (void)snprintf(text + used, sizeof text - used, required ? ", required>" : ">");
    return json_string(text);
}

static json_t *placeholder(const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field)
{
    bool required = field_is_required(type, field->id);

    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_skeleton(field->descriptor);
    case PROTOBUF_C_TYPE_ENUM:
        return choices(field->descriptor, required);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(required ? JSON_TEXT_PLACEHOLDER_REQUIRED : JSON_TEXT_PLACEHOLDER);
    case PROTOBUF_C_TYPE_BYTES:
        return json_string(required ? "<base64, required>" : "<base64>");
    case PROTOBUF_C_TYPE_BOOL:
        return json_string(required ? "<true or false, required>" : "<true or false>");
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
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    default:
        if (strcmp(field->name, "ymd") == 0)
            return json_string("<day as YYYYMMDD>");
        if (strlen(field->name) > 3 && strcmp(field->name + strlen(field->name) - 3, "_ms") == 0)
            return json_string(required ? "<milliseconds since 1970 UTC, required>"
                                        : "<milliseconds since 1970 UTC>");
        return json_string(required ? "<number, required>" : "<number>");
    }
}

json_t *json_skeleton(const ProtobufCMessageDescriptor *type)
{
    json_auto_t *object = json_object();
    char name[JSON_NAME_MAX + 1];

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        json_t *value = placeholder(type, field);

        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            json_t *list = json_array();
            if (json_array_append_new(list, value) != 0) {
                json_decref(list);
                return NULL;
            }
            value = list;
        }
        field_json_name(field, name);
        if (json_object_set_new(object, name, value) != 0)
            return NULL;
    }
    return json_incref(object);
}
