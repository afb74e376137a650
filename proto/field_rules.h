/*
 * field_rules.h - what the bodies' field options say, as tables.
 *
 *     proto/bodies --protoc--> descriptor set --category_table--> proto/categories.c
 *
 * The definitions are generated at build time (category_table.c); nobody lists fields by hand.
 * catalogue.h has the questions that are asked of them; only it and prescan.c include this.
 */
#ifndef PROTO_FIELD_RULES_H
#define PROTO_FIELD_RULES_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field_rule {
    uint8_t category; /* DataCategory; 0 inside nested messages, which inherit */
    uint8_t check;    /* Check */
    bool required;
};

struct message_rules {
    const ProtobufCMessageDescriptor *message;
    const struct field_rule *fields; /* one for each of message->fields, in its order */
};

/* Every message of package concordat.body. */
extern const struct message_rules message_rules[];
extern const size_t message_rules_count;

/* NULL for a message of another package. O(messages): a pointer comparison each. */
const struct message_rules *message_rules_of(const ProtobufCMessageDescriptor *message);

#endif
