/* The pre-scan takes what our schemas can say, in the form they say it, and nothing else. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "lib/arena.h"
#include "lib/limits.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/bodies/safeguarding.pb-c.h"
#include "proto/categories.pb-c.h"
#include "proto/field.h"
#include "proto/prescan.h"
#include "proto/session.pb-c.h"
#include "tests/unit/header_sample.h"

#define MEGABYTE (1024 * 1024)

#define SECTION &concordat__section__descriptor
#define FRAME &concordat__frame__descriptor
#define REFUSAL &concordat__refusal__descriptor
#define PING &concordat__ping__descriptor
#define PSR &concordat__body__psr_request__descriptor
#define REFERRAL &concordat__body__child_referral__descriptor

static const struct prescan header_rules = {
    .depth_max = HEADER_DEPTH_MAX,
    .fields_max = HEADER_FIELDS_MAX,
    .heap_max = HEAD_ARENA,
    .canonical = true,
};
static const struct prescan body_rules = {
    .depth_max = BODY_DEPTH_MAX,
    .fields_max = BODY_FIELDS_MAX,
    .heap_max = BODY_ARENA,
    .ascending = true,
};

struct example {
    const ProtobufCMessageDescriptor *type;
    const char *hex;
    const char *fault; /* part of the reason; NULL: it is fine */
};

static void check(const struct example *examples, size_t count, const struct prescan *rules)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(examples[i].hex) / 2;
        uint8_t *bytes = malloc(size + 1); /* of its own, so that a read past the end is seen */
        struct reason why = {0};
        assert_true(hex_parse(examples[i].hex, bytes, size));
        enum status status = prescan(examples[i].type, (struct bytes){bytes, size}, rules, &why);
        free(bytes);
        if (status != (examples[i].fault ? ST_INVALID : ST_OK)
            || (examples[i].fault && !strstr(why.text, examples[i].fault)))
            fail_msg("%s: %s: %s", examples[i].hex, status_name(status), why.text);
    }
}

static void canonical_form_has_one_way_to_say_a_thing(void **)
{
    static const struct example examples[] = {
        {SECTION, "", NULL},
        {SECTION, "0801", NULL},
        {SECTION, "080110ff011a0100", NULL},
        {SECTION, "0800", "a default value is left out"},
        {SECTION, "1000", "a default value is left out"},
        {SECTION, "1a00", "a default value is left out"},
        {SECTION, "10010801", "out of order"},
        {SECTION, "08010801", "comes twice"},
        {SECTION, "088100", "needlessly long number"},
        {SECTION, "880001", "needlessly long tag"},
        {SECTION, "1a810000", "needlessly long length"},
        {SECTION, "0819", "an unknown value"},
        {SECTION, "08ffffffffffffffffff01", "an unknown value"},
        {SECTION, "10ffffffff0f", NULL},
        {SECTION, "108080808010", "over 32 bits"},
        {SECTION, "10ffffffffffffffffff02", "broken"},
        {SECTION, "10ffffffffffffffffffff01", "broken"},
        {SECTION, "2801", "an unknown field"},
        {SECTION, "0001", "an unknown field"},
        {SECTION, "8080808001", "an unknown field"},
        {SECTION, "8080808010", "tag"},
        {SECTION, "888080808001", "tag"},
        {SECTION, "0a0101", "another wire type"},
        {SECTION, "0d01000000", "another wire type"},
        {SECTION, "0b", "another wire type"},
        {SECTION, "0c", "another wire type"},
        {SECTION, "0e", "another wire type"},
        {SECTION, "08", "broken"},
        {SECTION, "10ff", "broken"},
        {SECTION, "1a", "length"},
        {SECTION, "1a05000000", "cut short"},
        {SECTION, "1affffffff0f00", "cut short"},
        {PING, "08011001", NULL},
        {PING, "08011002", "neither true nor false"},
        {PING, "1000", "a default value is left out"},
        {FRAME, "6a00", NULL}, /* an empty ping: presence says something */
        {FRAME, "6a007200", "a second choice"},
        {FRAME, "6a006a00", "comes twice"},
        {REFUSAL, "1801220101", NULL},
        {REFUSAL, "180122020103", NULL},
        {REFUSAL, "18012001", "a list of numbers is packed"},
        {REFUSAL, "18012200", "an empty list is left out"},
        {REFUSAL, "1801220101220103", "comes twice"},
        {REFUSAL, "1801220119", "an unknown value"},
        {REFUSAL, "180122028100", "needlessly long number"},
        {REFUSAL, "180122028181", "broken"},
    };

    check(examples, LENGTH(examples), &header_rules);
    printf("%zu examples\n", LENGTH(examples));
}

/* Body sections come from other agencies' systems, perhaps newer than ours. */
static void a_body_may_say_values_we_do_not_know(void **)
{
    static const struct example examples[] = {
        {PSR, "", NULL},
        {PSR, "0a0141", NULL},
        {PSR, "0a00", NULL}, /* an empty text is there */
        {PSR, "387f", NULL}, /* an enumeration of a later schema */
        {PSR, "38ffffffffffffffffff01", NULL},
        {PSR, "388080808010", "over 32 bits"},
        {PSR, "48014802", NULL},     /* purposes, one by one ... */
        {PSR, "4a020102", NULL},     /* ... or packed ... */
        {PSR, "4a0201024803", NULL}, /* ... or both */
        {PSR, "4a028181", "broken"},
        {PSR, "5001", NULL},
        {PSR, "5000", NULL}, /* false is not the same as not said */
        {PSR, "5002", "neither true nor false"},
        {PSR, "50015001", "comes twice"},
        {PSR, "1201410a0141", "out of order"},
        {PSR, "f80101", "an unknown field"},
        {PSR, "2a0812060a0141220142", NULL},
        {PSR, "2a0812062201420a0141", NULL},          /* inside, order is free ... */
        {PSR, "2a081206220142220142", "comes twice"}, /* ... but nothing comes twice */
        {PSR, "2a0512033a0141", "an unknown field"},
        {PSR, "2a0812070a0141220142", "cut short"},
        {PSR, "320208", "cut short"},
        {PSR, "2080808080808080808001", NULL},
        {PSR, "2080808080808080808002", "broken"},
    };

    check(examples, LENGTH(examples), &body_rules);
    printf("%zu examples\n", LENGTH(examples));
}

static void text_is_utf8_without_nul(void **)
{
    static const struct {
        const char *hex;
        bool good;
    } texts[] = {
        {"41", true},        {"c3a9", true},      {"e282ac", true},
        {"f09f9880", true},  {"f48fbfbf", true},  {"ed9fbf", true},
        {"ee8080", true},    {"00", false},       {"4100", false},
        {"80", false},       {"c0af", false}, /* overlong: RFC 3629 §10 */
        {"c1bf", false},     {"e09fbf", false},   {"f08fbfbf", false},
        {"eda080", false},                                       /* a surrogate */
        {"edbfbf", false},   {"f4908080", false},                /* beyond U+10FFFF */
        {"f5808080", false}, {"ff", false},       {"c3", false}, /* cut */
        {"e282", false},     {"f09f98", false},   {"c341", false},
        {"e28241", false},
    };

    /* at each place of a longer text, so that the eight-at-a-time path is walked too */
    for (size_t i = 0; i < LENGTH(texts); i++)
        for (size_t before = 0; before <= 17; before++)
            for (size_t after = 0; after <= 17; after++) {
                uint8_t bytes[2 + 40] = {0x0a};
                size_t size = strlen(texts[i].hex) / 2;
                memset(bytes + 2, 'x', sizeof bytes - 2);
                assert_true(hex_parse(texts[i].hex, bytes + 2 + before, size));
                bytes[1] = (uint8_t)(before + size + after);
                enum status status = prescan(PSR, (struct bytes){bytes, 2 + before + size + after},
                                             &body_rules, NULL);
                assert_int_equal(status, texts[i].good ? ST_OK : ST_INVALID);
            }
}

static void a_section_holds_its_own_category_alone(void **)
{
    struct prescan staff = body_rules, identity = body_rules;
    static const struct example of_staff[] = {
        {PSR, "a20600", NULL},
        {PSR, "", NULL},
        {PSR, "0a0141", "another data category"},
        {PSR, "0a0141a20600", "another data category"},
    };
    static const struct example of_identity[] = {
        {PSR, "0a01412a0812060a0141220142", NULL},   {PSR, "0a0141a20600", "another data category"},
        {PSR, "3200", "another data category"},      {REFERRAL, "1200", NULL},
        {REFERRAL, "0a00", "another data category"},
    };

    staff.category = CONCORDAT__DATA_CATEGORY__DC_STAFF;
    identity.category = CONCORDAT__DATA_CATEGORY__DC_IDENTITY;
    check(of_staff, LENGTH(of_staff), &staff);
    check(of_identity, LENGTH(of_identity), &identity);
}

/* `levels` messages, each inside the other. */
static size_t nest(uint8_t *out, size_t room, unsigned levels)
{
    uint8_t *at = out + room;

    for (unsigned i = 0; i < levels; i++) { /* from the innermost outwards, back to front */
        size_t size = (size_t)(out + room - at);
        uint8_t length[5];
        size_t count = 0;
        do
            length[count++] = (uint8_t)((size & 0x7f) | (size >= 0x80 ? 0x80 : 0));
        while ((size >>= 7) > 0);
        at -= count + 1;
        at[0] = 3 << 3 | 2; /* DescriptorProto.nested_type, the one recursive message at hand */
        memcpy(at + 1, length, count);
    }
    size_t size = (size_t)(out + room - at);
    memmove(out, at, size);
    return size;
}

static void depth_is_bounded(void **)
{
    const ProtobufCMessageDescriptor *type = &google__protobuf__descriptor_proto__descriptor;
    uint8_t *bytes = malloc(MEGABYTE);

    for (unsigned levels = 0; levels < 2 * BODY_DEPTH_MAX; levels++) {
        size_t size = nest(bytes, 1000, levels);
        assert_int_equal(prescan(type, (struct bytes){bytes, size}, &body_rules, NULL),
                         levels <= BODY_DEPTH_MAX ? ST_OK : ST_LIMIT);
    }
    size_t size = nest(bytes, MEGABYTE, 200000);
    printf("%zu bytes of nesting\n", size);
    assert_int_equal(prescan(type, (struct bytes){bytes, size}, &body_rules, NULL), ST_LIMIT);
    free(bytes);
}

static void bloat_is_bounded(void **)
{
    uint8_t *bytes = malloc(MEGABYTE);

    for (size_t i = 0; i < MEGABYTE; i += 2) { /* empty offences: 52 times their size in memory */
        bytes[i] = 0x32;
        bytes[i + 1] = 0;
    }
    assert_int_equal(prescan(PSR, (struct bytes){bytes, MEGABYTE}, &body_rules, NULL), ST_LIMIT);
    struct prescan little = body_rules;
    little.heap_max = 1000;
    assert_int_equal(prescan(PSR, (struct bytes){bytes, 100}, &little, NULL), ST_LIMIT);
    little = body_rules;
    little.fields_max = 10;
    assert_int_equal(prescan(PSR, (struct bytes){bytes, 20}, &little, NULL), ST_OK);
    assert_int_equal(prescan(PSR, (struct bytes){bytes, 22}, &little, NULL), ST_LIMIT);
    /* packed numbers count one by one */
    static const uint8_t packed[] = {0x4a, 11, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(prescan(PSR, (struct bytes){packed, sizeof packed}, &little, NULL), ST_LIMIT);
    free(bytes);
}

/* Any message of `type`, fields ascending. */
static void write_random(struct dice *dice, struct writer *w,
                         const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        unsigned count = dice_below(dice, 2);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            count *= dice_below(dice, 8) == 0 ? dice_below(dice, 60) : dice_below(dice, 4);
        for (unsigned n = 0; n < count; n++) {
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                size_t at = field_begin(w, field->id);
                write_random(dice, w, field->descriptor);
                field_end(w, at);
            } else if (field->type == PROTOBUF_C_TYPE_STRING
                       || field->type == PROTOBUF_C_TYPE_BYTES) {
                char text[64];
                memset(text, 'x', sizeof text);
                field_bytes(w, field->id, text, dice_below(dice, sizeof text));
            } else {
                field_number(w, field->id, dice_below(dice, 2));
            }
        }
    }
}

/* The least heap_max that the pre-scan takes for these bytes. */
static size_t estimate_of(const ProtobufCMessageDescriptor *type, struct bytes input)
{
    struct prescan rules = body_rules;
    size_t low = 0, high = BODY_ARENA;

    while (low < high) {
        rules.heap_max = low + (high - low) / 2;
        if (prescan(type, input, &rules, NULL) == ST_OK)
            high = rules.heap_max;
        else
            low = rules.heap_max + 1;
    }
    return low;
}

static void memory_is_never_estimated_too_low(void **)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        PSR, REFERRAL, &concordat__body__psr_report__descriptor,
        &concordat__body__referral_decision__descriptor};
    struct dice dice = dice_new(7);
    uint8_t *bytes = malloc(MEGABYTE);
    const unsigned rounds = 1500;
    size_t largest = 0;

    for (unsigned i = 0; i < rounds; i++) {
        const ProtobufCMessageDescriptor *type = types[i % LENGTH(types)];
        struct writer w = writer_of(bytes, MEGABYTE);
        write_random(&dice, &w, type);
        assert_false(w.failed);
        struct bytes input = {bytes, w.size};
        size_t room = estimate_of(type, input);
        OWNED(arena) arena = arena_new(room, room);
        ProtobufCMessage *message;
        assert_non_null(arena);
        assert_int_equal(
            prescan_unpack(type, input, &body_rules, arena_allocator(arena), &message, NULL),
            ST_OK);
        largest = room > largest ? room : largest;
    }
    printf("%u bodies, largest estimate %zu bytes\n", rounds, largest);
    free(bytes);
}

/* protobuf-c as a second opinion: what passes as canonical is what it would write itself. */
static void canonical_is_what_a_serialiser_writes(void **)
{
    struct dice dice = dice_new(11);
    struct envelope e = sample_envelope();
    uint8_t golden[HEADER_MAX], bytes[HEADER_MAX], packed[HEADER_MAX];
    OWNED(arena) arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    size_t size;
    unsigned passed = 0;
    const unsigned rounds = 100000;

    assert_int_equal(envelope_write(&e, golden, sizeof golden, &size), ST_OK);
    for (unsigned i = 0; i < rounds; i++) {
        ProtobufCMessage *message;
        memcpy(bytes, golden, size);
        for (unsigned n = 1 + dice_below(&dice, 3); n > 0; n--)
            bytes[dice_below(&dice, (uint32_t)size)] = (uint8_t)dice_roll(&dice);
        arena_reset(arena, false);
        if (prescan_unpack(&concordat__header__descriptor, (struct bytes){bytes, size},
                           &header_rules, arena_allocator(arena), &message, NULL)
            != ST_OK)
            continue;
        assert_int_equal(protobuf_c_message_get_packed_size(message), size);
        assert_int_equal(protobuf_c_message_pack(message, packed), size);
        assert_memory_equal(packed, bytes, size);
        passed++;
    }
    printf("%u mutations, %u still canonical\n", rounds, passed);
    assert_true(passed > rounds / 10);
}

static void a_reason_names_field_and_place_never_content(void **)
{
    static const uint8_t bytes[] = {0x12, 6, 's', 'e', 'c', 'r', 'e', 't', 0x0a, 1, 'A'};
    struct reason why = {0};

    assert_int_equal(prescan(PSR, (struct bytes){bytes, sizeof bytes}, &body_rules, &why),
                     ST_INVALID);
    assert_string_equal(why.text, "PsrRequest.hearing_id, byte 9: out of order");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_form_has_one_way_to_say_a_thing),
        cmocka_unit_test(a_body_may_say_values_we_do_not_know),
        cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(a_section_holds_its_own_category_alone),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(bloat_is_bounded),
        cmocka_unit_test(memory_is_never_estimated_too_low),
        cmocka_unit_test(canonical_is_what_a_serialiser_writes),
        cmocka_unit_test(a_reason_names_field_and_place_never_content),
    };
    return cmocka_run_group_tests_name("prescan", tests, NULL, NULL);
}
