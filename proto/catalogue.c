#include "proto/catalogue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bodies/allocation.pb-c.h"
#include "proto/bodies/check.pb-c.h"
#include "proto/bodies/court.pb-c.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/bodies/record.pb-c.h"
#include "proto/bodies/safeguarding.pb-c.h"
#include "proto/bodies/treatment.pb-c.h"
#include "proto/categories.pb-c.h"
#include "proto/field_rules.h"
#include "proto/header.pb-c.h"

#define IN(category) (UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_##category)

/* A row without its replies: what must be in it, and what may be besides. */
#define TYPE(NAME, BODY, PATTERN, URGENCY, MARKING, ENDS, REQUIRED, OPTIONAL)                      \
    .name = NAME, .body = &concordat__body__##BODY##__descriptor, .schema_version = 1,             \
    .pattern = PATTERN_##PATTERN, .urgency = CONCORDAT__URGENCY__##URGENCY,                        \
    .marking = CONCORDAT__MARKING__##MARKING, .ends_with = ENDS, .required = (REQUIRED),           \
    .allowed = (REQUIRED) | (OPTIONAL)

/* In order of name: catalogue_find halves it. Every body may name the officer (DC_STAFF). */
static const struct message_type types[] = {
    {TYPE("case.allocation.decision", allocation_decision, NOTICE, SAME_DAY, OFFICIAL,
          "acknowledged", IN(IDENTITY) | IN(RISK_SCORE),
          IN(OFFENCE_INDEX) | IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("case.record.part", record_part, TRANSFER, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL)
              | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY)
              | IN(COMPLIANCE) | IN(VICTIM) | IN(NON_DISCLOSURE) | IN(STAFF))},
    {TYPE("check.police.callouts.request", check_request, ENQUIRY, SAME_DAY, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(CHILD) | IN(THIRD_PARTY) | IN(INTELLIGENCE) | IN(STAFF)),
     .answered_by = "check.police.callouts.response"},
    {TYPE("check.police.callouts.response", callouts_response, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY),
          IN(CRIMINAL_HISTORY) | IN(CHILD) | IN(VICTIM) | IN(THIRD_PARTY) | IN(STAFF))},
    {TYPE("check.police.precons.request", check_request, ENQUIRY, SAME_DAY, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY), IN(THIRD_PARTY) | IN(INTELLIGENCE) | IN(STAFF)),
     .answered_by = "check.police.precons.response"},
    {TYPE("check.police.precons.response", precons_response, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY), IN(CRIMINAL_HISTORY) | IN(RISK_SCORE) | IN(STAFF))},
    {TYPE("check.social_care.adults.request", check_request, ENQUIRY, SAME_DAY, OFFICIAL,
          "answered", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY) | IN(STAFF)),
     .answered_by = "check.social_care.adults.response"},
    {TYPE("check.social_care.adults.response", social_care_check_response, NOTICE, SAME_DAY,
          OFFICIAL_SENSITIVE, "opened", IN(IDENTITY),
          IN(ADULT_AT_RISK) | IN(THIRD_PARTY) | IN(STAFF))},
    {TYPE("check.social_care.children.request", check_request, ENQUIRY, SAME_DAY, OFFICIAL,
          "answered", IN(IDENTITY), IN(CONTACT_ADDRESS) | IN(CHILD) | IN(THIRD_PARTY) | IN(STAFF)),
     .answered_by = "check.social_care.children.response"},
    {TYPE("check.social_care.children.response", social_care_check_response, NOTICE, SAME_DAY,
          OFFICIAL_SENSITIVE, "opened", IN(IDENTITY), IN(CHILD) | IN(THIRD_PARTY) | IN(STAFF))},
    {TYPE("check.treatment.request", treatment_suitability_request, ENQUIRY, SAME_DAY, OFFICIAL,
          "answered", IN(IDENTITY) | IN(SUBSTANCE_MISUSE), IN(OFFENCE_INDEX) | IN(STAFF)),
     .answered_by = "check.treatment.response"},
    {TYPE("check.treatment.response", treatment_suitability_response, NOTICE, SAME_DAY, OFFICIAL,
          "opened", IN(IDENTITY) | IN(SUBSTANCE_MISUSE), IN(STAFF))},
    {TYPE("court.case.pack", court_case_pack, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY) | IN(OFFENCE_INDEX), IN(CRIMINAL_HISTORY) | IN(VICTIM) | IN(STAFF))},
    {TYPE("court.hearing.notice", court_hearing_notice, NOTICE, ROUTINE, OFFICIAL, "delivered",
          IN(IDENTITY) | IN(OFFENCE_INDEX), IN(CONTACT_ADDRESS) | IN(STAFF))},
    {TYPE("court.result.police", court_sentence_result, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(SENTENCE_ORDER), IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(STAFF))},
    {TYPE("court.review.report", order_review_report, NOTICE, ROUTINE, OFFICIAL, "opened",
          IN(IDENTITY) | IN(SENTENCE_ORDER), IN(SUBSTANCE_MISUSE) | IN(COMPLIANCE) | IN(STAFF))},
    {TYPE("court.sentence.result", court_sentence_result, NOTICE, SAME_DAY, OFFICIAL,
          "acknowledged", IN(IDENTITY) | IN(SENTENCE_ORDER),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(STAFF))},
    {TYPE("liaison.report", liaison_report, NOTICE, SAME_DAY, OFFICIAL, "opened", IN(IDENTITY),
          IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(STAFF))},
    {TYPE("psr.report", psr_report, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY) | IN(RISK_SCORE),
          IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER) | IN(RISK_NARRATIVE)
              | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(CHILD)
              | IN(STAFF))}, /* never VICTIM, INTELLIGENCE or NON_DISCLOSURE: the report is shown to
                                the defendant */
    {TYPE("psr.request", psr_request, ENQUIRY, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY) | IN(OFFENCE_INDEX), IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(STAFF)),
     .answered_by = "psr.report"},
    {TYPE("psr.withdrawn", psr_withdrawn, NOTICE, SAME_DAY, OFFICIAL, "opened", IN(IDENTITY),
          IN(STAFF))},
    {TYPE("risk.plan.share", risk_plan_share, SHARE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY) | IN(RISK_SCORE),
          IN(RISK_NARRATIVE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(STAFF))},
    {TYPE("risk.rsr.result", rsr_result, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(RISK_SCORE), IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(STAFF))},
    {TYPE("safeguarding.close", safeguarding_close, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY), IN(CHILD) | IN(ADULT_AT_RISK) | IN(STAFF))},
    {TYPE("safeguarding.conference.invite", conference_invite, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY),
          IN(RISK_SCORE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY) | IN(STAFF))},
    {TYPE("safeguarding.conference.report", conference_report, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY),
          IN(RISK_SCORE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY) | IN(STAFF))},
    {TYPE("safeguarding.referral.ack", referral_ack, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY), IN(STAFF))},
    {TYPE("safeguarding.referral.adult", adult_referral, REFERRAL, IMMEDIATE, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY) | IN(ADULT_AT_RISK),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(THIRD_PARTY) | IN(STAFF)),
     .acknowledged_by = "safeguarding.referral.ack",
     .answered_by = "safeguarding.referral.decision"},
    {TYPE("safeguarding.referral.child", child_referral, REFERRAL, IMMEDIATE, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY) | IN(CHILD),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(THIRD_PARTY) | IN(STAFF)),
     .acknowledged_by = "safeguarding.referral.ack",
     .answered_by = "safeguarding.referral.decision"},
    {TYPE("safeguarding.referral.decision", referral_decision, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY), IN(CHILD) | IN(ADULT_AT_RISK) | IN(STAFF))},
    {TYPE("safeguarding.update", safeguarding_update, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY),
          IN(RISK_SCORE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(COMPLIANCE) | IN(STAFF))},
    {TYPE("treatment.mhtr.request", mhtr_request, ENQUIRY, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY) | IN(HEALTH_MENTAL), IN(OFFENCE_INDEX) | IN(RISK_SCORE) | IN(STAFF)),
     .answered_by = "treatment.mhtr.response"},
    {TYPE("treatment.mhtr.response", mhtr_assessment, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY) | IN(HEALTH_MENTAL), IN(STAFF))},
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
static const char *const agency_kinds[AGENCY_KINDS] = {
    [KIND_APPROVED_PREMISES] = "APPROVED_PREMISES",
    [KIND_COURT] = "COURT",
    [KIND_CPS] = "CPS",
    [KIND_CRC] = "CRC",
    [KIND_CSP] = "CSP",
    [KIND_DWP] = "DWP",
    [KIND_EM_PROVIDER] = "EM_PROVIDER",
    [KIND_FAMILIES_TEAM] = "FAMILIES_TEAM",
    [KIND_INTERVENTION_PROVIDER] = "INTERVENTION_PROVIDER",
    [KIND_LA_ADULTS] = "LA_ADULTS",
    [KIND_LA_CHILDREN] = "LA_CHILDREN",
    [KIND_LA_HOUSING] = "LA_HOUSING",
    [KIND_MOJ_CONTRACT] = "MOJ_CONTRACT",
    [KIND_NHS_MENTAL_HEALTH] = "NHS_MENTAL_HEALTH",
    [KIND_NHS_OTHER] = "NHS_OTHER",
    [KIND_NPS] = "NPS",
    [KIND_OPCC] = "OPCC",
    [KIND_PAROLE_BOARD] = "PAROLE_BOARD",
    [KIND_POLICE] = "POLICE",
    [KIND_PPCS] = "PPCS",
    [KIND_PRISON] = "PRISON",
    [KIND_TREATMENT_PROVIDER] = "TREATMENT_PROVIDER",
    [KIND_VICTIM_SERVICE] = "VICTIM_SERVICE",
    [KIND_YOT] = "YOT",
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

bool agency_kind_parse(const char *name, enum agency_kind *out)
{
    const char *const *found =
        bsearch(name, agency_kinds, AGENCY_KINDS, sizeof *agency_kinds, compare_word);

    if (!found)
        return false;
    *out = (enum agency_kind)(found - agency_kinds);
    return true;
}

bool agency_kind_is_known(const char *kind)
{
    enum agency_kind ignored;

    return agency_kind_parse(kind, &ignored);
}

const char *agency_kind_name(enum agency_kind kind)
{
    assert(kind < AGENCY_KINDS);
    return agency_kinds[kind];
}
