#include "tests/unit/full_body.h"

#include <stdlib.h>
#include <string.h>

#include "agents/reflect.h"
#include "proto/bodies/common.pb-c.h"
#include "proto/bodies/supervision.pb-c.h"
#include "proto/categories.pb-c.h"
#include "tests/unit/unit.h"

#define ANY (~(category_set)0)

static uint64_t state;

void full_body_seed(uint64_t seed)
{
    state = seed;
}

uint32_t full_body_pick(uint32_t count) /* splitmix64 */
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % count);
}

static char *words(struct arena *arena)
{
    static const char *const pieces[] = {
        "a", "Z", "0",    " x",     "\"",     "\\",         "/", "\n", "\t",          "\x01",
        "'", "<", "\x7f", "\u00e9", "\u20ac", "\U0001f600", "{", ",",  "\xef\xbf\xbd"};
    char *out = arena_take(arena, 128);
    uint32_t count = 1 + full_body_pick(20);

    assert_non_null(out);
    strcpy(out, "w");
    while (count-- > 0)
        strcat(out, pieces[full_body_pick(LENGTH(pieces))]);
    return out;
}

static ProtobufCMessage *full_message(const ProtobufCMessageDescriptor *d, category_set wanted,
                                      struct arena *arena);

static void fill(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                 void *value, struct arena *arena)
{
    static const uint32_t days[] = {19000101, 19960229, 20260615, 99991231};
    static const uint64_t numbers[] = {0,         1, 1781611200000, INT64_MAX, (uint64_t)INT64_MIN,
                                       UINT64_MAX};
    uint64_t wide = numbers[full_body_pick(LENGTH(numbers))];
    uint32_t narrow = (uint32_t)wide;

    if (strlen(field->name) > 3 && strcmp(field->name + strlen(field->name) - 3, "_ms") == 0)
        wide = 1781611200000; /* a time; one of them the header takes */
    if (message->descriptor == &concordat__body__date__descriptor)
        narrow = days[full_body_pick(LENGTH(days))];
    if (field_check(message->descriptor, field->id) == CONCORDAT__CHECK__CHECK_BASIS_POINTS)
        narrow = full_body_pick(10000);
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        switch (field_check(message->descriptor, field->id)) {
        case CONCORDAT__CHECK__CHECK_COURT_OU:
            *(const char **)value = "B35CZ00";
            break;
        case CONCORDAT__CHECK__CHECK_CJS_OFFENCE:
            *(const char **)value = "TH68001";
            break;
        case CONCORDAT__CHECK__CHECK_HO_OFFENCE:
            *(const char **)value = "019/07";
            break;
        case CONCORDAT__CHECK__CHECK_ASN:
            *(const char **)value = "1835CB0100000001234C";
            break;
        case CONCORDAT__CHECK__CHECK_TYPED:
            *(const char **)value = "2018/0123456P";
            break;
        default:
            *(char **)value = words(arena);
            break;
        }
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *bytes = value;

        bytes->len = field_check(message->descriptor, field->id) == CONCORDAT__CHECK__CHECK_ID
                       ? ID_SIZE
                       : 1 + full_body_pick(40);
        assert_non_null(bytes->data = arena_take(arena, bytes->len));
        for (size_t i = 0; i < bytes->len; i++)
            bytes->data[i] = (uint8_t)full_body_pick(256);
        break;
    }
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *choices = field->descriptor;
        uint32_t choice = full_body_pick(choices->n_values);

        if (choices == &concordat__body__identifier__type__descriptor)
            *(int *)value = CONCORDAT__BODY__IDENTIFIER__TYPE__PNC;
        else if (choices == &concordat__body__first_contact__outcome__descriptor)
            *(int *)value = CONCORDAT__BODY__FIRST_CONTACT__OUTCOME__SEEN;
        else if (strstr(choices->values[choice].name, "UNSPECIFIED"))
            *(int *)value = choices->values[choices->n_values - 1].value;
        else
            *(int *)value = choices->values[choice].value;
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)value = full_message(field->descriptor, ANY, arena);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = (protobuf_c_boolean)full_body_pick(2);
        if (strcmp(field->name, "override") == 0)
            *(protobuf_c_boolean *)value = true; /* as the rule says, a case seldom is by chance */
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(value, &wide, sizeof wide);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        memcpy(value, &narrow, sizeof narrow);
        break;
    default:
        fail_msg("%s has a type that this test does not know", field->name);
    }
}

/* Every field that `wanted` takes; inside messages all of them. */
static ProtobufCMessage *full_message(const ProtobufCMessageDescriptor *d, category_set wanted,
                                      struct arena *arena)
{
    ProtobufCMessage *message = message_make(d, arena);

    assert_non_null(message);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[i];
        if (!(wanted >> category_of_field(d, field->id) & 1))
            continue;
        size_t count = field->label == PROTOBUF_C_LABEL_REPEATED ? 1 + full_body_pick(2) : 1;

        assert_true(field_make(message, field, count, arena));
        for (size_t j = 0; j < count; j++)
            fill(message, field, field_value(message, field, j), arena);
        assert_int_equal(field_count(message, field), count);
    }
    return message;
}

struct bytes full_body(const struct message_type *type, category_set categories,
                       struct arena *arena)
{
    ProtobufCMessage *message = full_message(type->body, categories, arena);
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = arena_take(arena, size + 1);

    assert_non_null(packed);
    (void)protobuf_c_message_pack(message, packed);
    return (struct bytes){packed, size};
}
