#include "agents/reflect.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

/* Texts and messages are pointers, and their own flags. */
static bool is_pointer(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return 4;
    }
}

/* The struct member at an offset that the descriptor gives. */
static void *member(const ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (is_repeated(field))
        return *(size_t *)member(message, field->quantifier_offset);
    if (is_pointer(field))
        return *(void **)member(message, field->offset) != NULL;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(protobuf_c_boolean *)member(message, field->quantifier_offset) != 0;
    return 1;
}

void *field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  size_t index)
{
    if (is_repeated(field))
        return *(char **)member(message, field->offset) + index * value_size(field->type);
    assert(index == 0);
    return member(message, field->offset);
}

bool field_make(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t count,
                struct arena *arena)
{
    assert(!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF));
    if (is_repeated(field)) {
        size_t size = count * value_size(field->type);
        void *values = arena_take(arena, size);

        if (!values)
            return false;
        memset(values, 0, size);
        *(void **)member(message, field->offset) = values;
        *(size_t *)member(message, field->quantifier_offset) = count;
    } else if (!is_pointer(field) && field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        *(protobuf_c_boolean *)member(message, field->quantifier_offset) = 1;
    }
    return true;
}

ProtobufCMessage *message_make(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
    ProtobufCMessage *message = arena_take(arena, type->sizeof_message);

    if (message)
        protobuf_c_message_init(type, message);
    return message;
}

void field_json_name(const ProtobufCFieldDescriptor *field, char out[static JSON_NAME_MAX + 1])
{
    size_t size = 0;
    bool capital = false;

    for (const char *c = field->name; *c && size < JSON_NAME_MAX; c++) {
        if (*c == '_') {
            capital = true;
        } else {
            out[size++] = capital ? (char)toupper((unsigned char)*c) : *c;
            capital = false;
        }
    }
    out[size] = '\0';
}
