#include "proto/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bodies/psr.pb-c.h"
#include "proto/bodies/safeguarding.pb-c.h"
#include "proto/categories.pb-c.h"
#include "proto/field_rules.h"
#include "proto/header.pb-c.h"

#define IN(category) (UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_##category)

/* In order of name: catalogue_find halves it. */
static const struct message_type types[] = {
    {
        .name = "psr.report",
        .body = &concordat__body__psr_report__descriptor,
        .schema_version = 1,
        .pattern = PATTERN_NOTICE,
        .required = IN(IDENTITY) | IN(RISK_SCORE),
        /* never VICTIM, INTELLIGENCE or NON_DISCLOSURE: the report is shown to the defendant */
        .allowed = IN(IDENTITY) | IN(RISK_SCORE) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY)
                 | IN(SENTENCE_ORDER) | IN(RISK_NARRATIVE) | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL)
                 | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(STAFF),
        .urgency = CONCORDAT__URGENCY__SAME_DAY,
        .marking = CONCORDAT__MARKING__OFFICIAL,
        .answered_by = NULL,
        .ends_with = "opened",
    },
    {
        .name = "psr.request",
        .body = &concordat__body__psr_request__descriptor,
        .schema_version = 1,
        .pattern = PATTERN_ENQUIRY,
        .required = IN(IDENTITY) | IN(OFFENCE_INDEX),
        .allowed =
            IN(IDENTITY) | IN(OFFENCE_INDEX) | IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(STAFF),
        .urgency = CONCORDAT__URGENCY__SAME_DAY,
        .marking = CONCORDAT__MARKING__OFFICIAL,
        .answered_by = "psr.report",
        .ends_with = "answered",
    },
    {
        .name = "safeguarding.referral.child",
        .body = &concordat__body__child_referral__descriptor,
        .schema_version = 1,
        .pattern = PATTERN_REFERRAL,
        .required = IN(IDENTITY) | IN(CHILD),
        .allowed = IN(IDENTITY) | IN(CHILD) | IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(THIRD_PARTY)
                 | IN(STAFF),
        .urgency = CONCORDAT__URGENCY__IMMEDIATE,
        .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
        .answered_by = "safeguarding.referral.decision",
        .ends_with = "answered",
    },
    {
        .name = "safeguarding.referral.decision",
        .body = &concordat__body__referral_decision__descriptor,
        .schema_version = 1,
        .pattern = PATTERN_NOTICE,
        .required = IN(IDENTITY) | IN(CHILD),
        .allowed = IN(IDENTITY) | IN(CHILD) | IN(STAFF),
        .urgency = CONCORDAT__URGENCY__SAME_DAY,
        .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
        .answered_by = NULL,
        .ends_with = "opened",
    },
};
#define TYPE_COUNT (sizeof types / sizeof *types)

/* In order, for bsearch. */
static const char *const purposes[] = {
    "allocation",
    "court_advice",
    "court_enforcement",
    "diversion",
    "family_support",
    "housing",
    "iom",
    "mappa",
    "migration",
    "partnership_statistics",
    "recall",
    "release_planning",
    "resettlement_service",
    "rso_management",
    "safeguard_adult",
    "safeguard_child",
    "serious_further_offence",
    "supervise_sentence",
    "treatment",
    "victim_contact",
};

/* In order, for bsearch. */
static const char *const agency_kinds[] = {
    "APPROVED_PREMISES",
    "COURT",
    "CPS",
    "CRC",
    "CSP",
    "DWP",
    "EM_PROVIDER",
    "FAMILIES_TEAM",
    "INTERVENTION_PROVIDER",
    "LA_ADULTS",
    "LA_CHILDREN",
    "LA_HOUSING",
    "MOJ_CONTRACT",
    "NHS_MENTAL_HEALTH",
    "NHS_OTHER",
    "NPS",
    "OPCC",
    "PAROLE_BOARD",
    "POLICE",
    "PPCS",
    "PRISON",
    "TREATMENT_PROVIDER",
    "VICTIM_SERVICE",
    "YOT",
};

static int compare_type(const void *name, const void *type)
{
    return strcmp(name, ((const struct message_type *)type)->name);
}

const struct message_type *catalogue_find(const char *name)
{
    return bsearch(name, types, TYPE_COUNT, sizeof *types, compare_type);
}

bool catalogue_replies_to(const char *reply, const struct message_type *asked)
{
    return (asked->answered_by && strcmp(asked->answered_by, reply) == 0)
        || (asked->acknowledged_by && strcmp(asked->acknowledged_by, reply) == 0);
}

bool catalogue_is_answer(const struct message_type *type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (catalogue_replies_to(type->name, &types[i]))
            return true;
    }
    return false;
}

const struct message_type *catalogue_all(size_t *count)
{
    *count = TYPE_COUNT;
    return types;
}

const struct message_rules *message_rules_of(const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < message_rules_count; i++)
        if (message_rules[i].message == message)
            return &message_rules[i];
    return NULL;
}

static struct field_rule rule_of(const ProtobufCMessageDescriptor *message, uint32_t tag)
{
    const struct message_rules *rules = message_rules_of(message);
    const ProtobufCFieldDescriptor *field =
        rules ? protobuf_c_message_descriptor_get_field(message, tag) : NULL;

    return field ? rules->fields[field - message->fields] : (struct field_rule){0};
}

uint32_t category_of_field(const ProtobufCMessageDescriptor *body, uint32_t tag)
{
    return rule_of(body, tag).category;
}

bool field_is_required(const ProtobufCMessageDescriptor *message, uint32_t tag)
{
    return rule_of(message, tag).required;
}

int field_check(const ProtobufCMessageDescriptor *message, uint32_t tag)
{
    return rule_of(message, tag).check;
}

const char *category_name(uint32_t category)
{
    const ProtobufCEnumValue *value = category > 0 && category <= SECTIONS_MAX
                                        ? protobuf_c_enum_descriptor_get_value(
                                            &concordat__data_category__descriptor, (int)category)
                                        : NULL;

    return value ? value->name : NULL;
}

uint32_t category_parse(const char *name)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&concordat__data_category__descriptor, name);

    return value ? (uint32_t)value->value : 0;
}

static int compare_word(const void *word, const void *entry)
{
    return strcmp(word, *(const char *const *)entry);
}

bool purpose_is_known(const char *purpose)
{
    return bsearch(purpose, purposes, sizeof purposes / sizeof *purposes, sizeof *purposes,
                   compare_word)
        != NULL;
}

bool agency_kind_is_known(const char *kind)
{
    return bsearch(kind, agency_kinds, sizeof agency_kinds / sizeof *agency_kinds,
                   sizeof *agency_kinds, compare_word)
        != NULL;
}
