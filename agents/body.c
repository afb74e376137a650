#include "agents/body.h"

#include <assert.h>
#include <string.h>

#include "agents/allocated.h"
#include "agents/json.h"
#include "agents/problems.h"
#include "lib/day.h"
#include "proto/bodies/common.pb-c.h"
#include "proto/bodies/supervision.pb-c.h"
#include "proto/identifier.h"
#include "proto/prescan.h"

#define BASIS_POINTS_MAX 9999

/* What any body must keep to, so that a recipient's own scan takes it. */
static const struct prescan rules = {
    .depth_max = BODY_DEPTH_MAX, .fields_max = BODY_FIELDS_MAX, .heap_max = BODY_ARENA};

/* ---- what the schema asks of values ---- */

struct checking {
    struct arena *arena;
    struct problems *problems;
    struct path path;
    int year;  /* four digits */
    bool full; /* the arena is used up: stop */
};

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Is a required field there, but says nothing? */
static bool says_nothing(const ProtobufCFieldDescriptor *field, const void *value)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return is_blank(*(char *const *)value);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)value)->len == 0;
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumValue *choice =
            protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value);
        return choice && strstr(choice->name, "UNSPECIFIED");
    }
    return false;
}

static void check_presence(struct checking *c, const ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field)
{
    size_t count = field_count(message, field);

    if (!field_is_required(message->descriptor, field->id)
        || problem_is_told(c->problems, &c->path))
        return;
    if (count == 0)
        problem_add(c->problems, &c->path, "is missing");
    else if (says_nothing(field, field_value(message, field, 0)))
        problem_add(c->problems, &c->path, "is empty");
}

/* An identifier, put into its canonical form where it stands. */
static void check_identifier(struct checking *c, int type, char **value)
{
    char canonical[IDENTIFIER_MAX + 1];
    struct reason why;

    if (is_blank(*value))
        return; /* told as empty where it may not be */
    if (identifier_normalise(type, *value, c->year, canonical, &why) != ST_OK) {
        problem_add(c->problems, &c->path, "%s", why.text);
        return;
    }
    if (!(*value = arena_take(c->arena, strlen(canonical) + 1)))
        c->full = true;
    else
        memcpy(*value, canonical, strlen(canonical) + 1);
}

/* The same, of the type that stands beside it. */
static void check_typed(struct checking *c, const ProtobufCMessage *message, char **value)
{
    const ProtobufCFieldDescriptor *type =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "type");

    assert(type && type->type == PROTOBUF_C_TYPE_ENUM); /* the schema's promise: CHECK_TYPED */
    if (field_count(message, type) > 0)                 /* else told as missing */
        check_identifier(c, *(int *)field_value(message, type, 0), value);
}

static void check_text(struct checking *c, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, char **value)
{
    struct reason why;
    enum status st = ST_OK;

    switch ((Concordat__Check)field_check(message->descriptor, field->id)) {
    case CONCORDAT__CHECK__CHECK_TYPED:
        check_typed(c, message, value);
        break;
    case CONCORDAT__CHECK__CHECK_ASN:
        check_identifier(c, CONCORDAT__BODY__IDENTIFIER__TYPE__ASN, value);
        break;
    case CONCORDAT__CHECK__CHECK_COURT_OU:
        st = court_ou_check(*value, &why);
        break;
    case CONCORDAT__CHECK__CHECK_CJS_OFFENCE:
        st = offence_code_check(*value, &why);
        break;
    case CONCORDAT__CHECK__CHECK_HO_OFFENCE:
        st = offence_class_check(*value, &why);
        break;
    case CONCORDAT__CHECK__CHECK_ID:
    case CONCORDAT__CHECK__CHECK_BASIS_POINTS:
    case CONCORDAT__CHECK__CHECK_NONE:
    case _CONCORDAT__CHECK_IS_INT_SIZE:
    default:
        break;
    }
    if (st != ST_OK)
        problem_add(c->problems, &c->path, "%s", why.text);
}

/* Bytes and numbers whose bounds the schema names. */
static void check_bounds(struct checking *c, const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field, const void *value)
{
    int check = field_check(message->descriptor, field->id);
    size_t length = strlen(field->name);

    if (check == CONCORDAT__CHECK__CHECK_ID && ((const ProtobufCBinaryData *)value)->len != ID_SIZE)
        problem_add(c->problems, &c->path, "must be an id of %d bytes", ID_SIZE);
    if (check == CONCORDAT__CHECK__CHECK_BASIS_POINTS
        && *(const uint32_t *)value > BASIS_POINTS_MAX)
        problem_add(c->problems, &c->path, "must be from 0 to %d hundredths of a percent",
                    BASIS_POINTS_MAX);
    if (field->type == PROTOBUF_C_TYPE_INT64 && length > 3
        && strcmp(field->name + length - 3, "_ms") == 0 && *(const int64_t *)value <= 0)
        problem_add(c->problems, &c->path, "must be a time, in milliseconds since 1970");
}

static void check_day(struct checking *c, const Concordat__Body__Date *date)
{
    size_t mark = path_field(&c->path, "ymd");

    if (problem_is_told(c->problems, &c->path))
        ; /* it is not even a number */
    else if (!date->has_ymd)
        problem_add(c->problems, &c->path, "is missing");
    else if (!day_is_real(date->ymd))
        problem_add(c->problems, &c->path, "%u is no day of the calendar as YYYYMMDD", date->ymd);
    path_back(&c->path, mark);
}

static void check_message(struct checking *c, const ProtobufCMessage *message);

static void check_value(struct checking *c, const ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field, void *value)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        check_message(c, *(ProtobufCMessage **)value);
    } else if (problem_is_told(c->problems, &c->path)) {
        return;
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        check_text(c, message, field, value);
    } else if (field->type != PROTOBUF_C_TYPE_ENUM) {
        check_bounds(c, message, field, value);
    } else if (!protobuf_c_enum_descriptor_get_value(field->descriptor, *(int *)value)) {
        problem_add(c->problems, &c->path, "%d is not a known value", *(int *)value);
    }
}

/* Has something been told about this field of where the path stands? */
static bool is_told_of(struct checking *c, const char *name)
{
    size_t mark = path_field(&c->path, name);
    bool told = problem_is_told(c->problems, &c->path);

    path_back(&c->path, mark);
    return told;
}

static void check_name(struct checking *c, const Concordat__Body__Name *name)
{
    if (is_told_of(c, "forename") || is_told_of(c, "surname"))
        return;
    if ((!name->forename || is_blank(name->forename))
        && (!name->surname || is_blank(name->surname)))
        problem_add(c->problems, &c->path, "names nobody: forename or surname is missing");
}

static void check_message(struct checking *c, const ProtobufCMessage *message)
{
    if (problem_is_told(c->problems, &c->path)) /* it is not even an object */
        return;
    if (message->descriptor == &concordat__body__date__descriptor)
        check_day(c, (const Concordat__Body__Date *)message);
    if (message->descriptor == &concordat__body__name__descriptor)
        check_name(c, (const Concordat__Body__Name *)message);
    for (unsigned i = 0; i < message->descriptor->n_fields && !c->full; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[JSON_NAME_MAX + 1];

        field_json_name(field, name);
        size_t at_field = path_field(&c->path, name), count = field_count(message, field);
        check_presence(c, message, field);
        for (size_t j = 0; j < count && !c->full; j++) {
            bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
            size_t at_item = repeated ? path_item(&c->path, j) : c->path.size;

            check_value(c, message, field, field_value(message, field, j));
            path_back(&c->path, at_item);
        }
        path_back(&c->path, at_field);
    }
}

/* ---- bodies ---- */

/* A first contact meets what is expected after a sentence, a release or a transfer. Whoever was not
 * seen has had none, and its clock must go on. An outcome may be withheld: DC_COMPLIANCE is not in
 * every agreement. */
static void check_first_contact(const Concordat__Body__FirstContact *contact,
                                struct problems *problems)
{
    struct path path = {"", 0};

    if (!contact->has_outcome || contact->outcome == CONCORDAT__BODY__FIRST_CONTACT__OUTCOME__SEEN)
        return;
    (void)path_field(&path, "outcome");
    problem_add(problems, &path, "is not SEEN: who was not seen has had no first contact");
}

/* What a type's fields say together; each of them has been checked. */
static void check_together(const ProtobufCMessage *message, struct problems *problems)
{
    if (message->descriptor == &concordat__body__allocation_decision__descriptor)
        check_allocation((const Concordat__Body__AllocationDecision *)message, problems);
    if (message->descriptor == &concordat__body__first_contact__descriptor)
        check_first_contact((const Concordat__Body__FirstContact *)message, problems);
}

/* Checks, and serialises in order of tags. */
static enum status finish(const ProtobufCMessage *message, int64_t now_ms, struct arena *arena,
                          struct bytes *out, struct problems *problems)
{
    const struct path top = {"", 0};
    struct checking c = {.arena = arena, .problems = problems, .year = day_year(now_ms)};
    struct reason why;
    enum status st;

    check_message(&c, message);
    if (c.full)
        return ST_LIMIT;
    if (problems->count == 0)
        check_together(message, problems);
    if (problems->count > 0)
        return ST_INVALID;

    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = size <= BODY_MAX ? arena_take(arena, size + 1) : NULL;
    if (!data) {
        problem_add(problems, &top, "larger than %d bytes", BODY_MAX);
        return ST_LIMIT;
    }
    (void)protobuf_c_message_pack(message, data);

    struct bytes body = {data, size};
    if ((st = prescan(message->descriptor, body, &rules, &why)) != ST_OK) {
        problem_add(problems, &top, "%s", why.text);
        return st;
    }
    *out = body;
    return ST_OK;
}

enum status body_from_json(const struct message_type *type, const char *json, size_t size,
                           int64_t now_ms, struct arena *arena, struct bytes *out,
                           struct problems *problems)
{
    json_auto_t *tree = NULL;
    ProtobufCMessage *message;
    enum status st;

    problems->count = 0;
    if ((st = json_parse(json, size, &tree, problems)) != ST_OK
        || (st = json_to_message(type->body, tree, arena, &message, problems)) != ST_OK)
        return st;
    return finish(message, now_ms, arena, out, problems);
}

enum status body_from_protobuf(const struct message_type *type, struct bytes body, int64_t now_ms,
                               struct arena *arena, struct bytes *out, struct problems *problems)
{
    const struct path top = {"", 0};
    ProtobufCMessage *message;
    struct reason why;
    enum status st;

    problems->count = 0;
    if (body.size > BODY_MAX) {
        problem_add(problems, &top, "larger than %d bytes", BODY_MAX);
        return ST_LIMIT;
    }
    st = prescan_unpack(type->body, body, &rules, arena_allocator(arena), &message, &why);
    if (st != ST_OK) {
        problem_add(problems, &top, "%s", why.text);
        return st;
    }
    return finish(message, now_ms, arena, out, problems);
}

static enum status print(json_t *json, char **out)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;

    json_decref(json);
    if (!text)
        return ST_NOMEM;
    *out = text;
    return ST_OK;
}

enum status body_to_json(const struct message_type *type, struct bytes body, struct arena *arena,
                         char **out, struct reason *why)
{
    ProtobufCMessage *message;
    enum status st =
        prescan_unpack(type->body, body, &rules, arena_allocator(arena), &message, why);

    return st == ST_OK ? print(json_of_message(message), out) : st;
}

enum status body_skeleton(const struct message_type *type, char **out)
{
    json_t *skeleton = json_skeleton(type->body);
    char name[JSON_NAME_MAX + 1];

    /* a body that serves several types has fields that this one may not carry */
    for (unsigned i = 0; i < type->body->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->body->fields[i];

        field_json_name(field, name);
        if (!(type->allowed >> category_of_field(type->body, field->id) & 1))
            (void)json_object_del(skeleton, name);
    }
    return print(skeleton, out);
}
