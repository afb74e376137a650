#include "proto/catalogue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bodies/allocation.pb-c.h"
#include "proto/bodies/check.pb-c.h"
#include "proto/bodies/court.pb-c.h"
#include "proto/bodies/enforcement.pb-c.h"
#include "proto/bodies/intervention.pb-c.h"
#include "proto/bodies/iom.pb-c.h"
#include "proto/bodies/mappa.pb-c.h"
#include "proto/bodies/meeting.pb-c.h"
#include "proto/bodies/partnership.pb-c.h"
#include "proto/bodies/police.pb-c.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/bodies/recall.pb-c.h"
#include "proto/bodies/record.pb-c.h"
#include "proto/bodies/release.pb-c.h"
#include "proto/bodies/risk.pb-c.h"
#include "proto/bodies/rso.pb-c.h"
#include "proto/bodies/safeguarding.pb-c.h"
#include "proto/bodies/service.pb-c.h"
#include "proto/bodies/supervision.pb-c.h"
#include "proto/bodies/transfer.pb-c.h"
#include "proto/bodies/treatment.pb-c.h"
#include "proto/bodies/victim.pb-c.h"
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
    {TYPE("case.assessment.completed", assessment_completed, NOTICE, ROUTINE, OFFICIAL, "delivered",
          IN(IDENTITY) | IN(RISK_SCORE), IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("case.closed", case_closed, NOTICE, ROUTINE, OFFICIAL_SENSITIVE, "delivered",
          IN(IDENTITY), IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(STAFF))},
    {TYPE("case.first_contact", first_contact, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(IDENTITY),
          IN(STAFF) | IN(COMPLIANCE))},
    {TYPE("case.late_answer", late_answer, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL)
              | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(VICTIM) | IN(THIRD_PARTY)
              | IN(INTELLIGENCE) | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(COMPLIANCE)
              | IN(STAFF))},
    {TYPE("case.officer.assigned", officer_assigned, NOTICE, ROUTINE, OFFICIAL, "delivered",
          IN(IDENTITY), IN(STAFF))},
    {TYPE("case.record.part", record_part, TRANSFER, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL)
              | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY)
              | IN(COMPLIANCE) | IN(VICTIM) | IN(NON_DISCLOSURE) | IN(STAFF))},
    {TYPE("case.record.query", record_query, TRANSFER, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY), IN(STAFF))},
    {TYPE("case.transfer.accept", transfer_reply, TRANSFER, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY), IN(STAFF)),
     .custody = CUSTODY_ACCEPT},
    {TYPE("case.transfer.complete", transfer_complete, TRANSFER, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY), IN(STAFF)),
     .custody = CUSTODY_COMPLETE},
    {TYPE("case.transfer.offer", transfer_offer, TRANSFER, SAME_DAY, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY) | IN(SENTENCE_ORDER) | IN(RISK_SCORE),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(STAFF)),
     .custody = CUSTODY_OFFER},
    {TYPE("case.transfer.reject", transfer_reply, TRANSFER, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY), IN(STAFF)),
     .custody = CUSTODY_REJECT},
    {TYPE("case.transfer.withdraw", transfer_withdraw, TRANSFER, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY), IN(STAFF)),
     .custody = CUSTODY_WITHDRAW},
    {TYPE("case.update", case_update, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(SUBSTANCE_MISUSE)
              | IN(CHILD) | IN(ADULT_AT_RISK) | IN(THIRD_PARTY) | IN(EMPLOYMENT_FINANCE)
              | IN(HOUSING) | IN(STAFF) | IN(COMPLIANCE))},
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
    {TYPE("cohort.match.request", cohort_match, ENQUIRY, ROUTINE, OFFICIAL, "answered",
          IN(IDENTITY), IN(STAFF)),
     .answered_by = "cohort.match.result"},
    {TYPE("cohort.match.result", cohort_match_result, NOTICE, ROUTINE, OFFICIAL, "opened",
          IN(IDENTITY), IN(STAFF))},
    {TYPE("compliance.report", compliance_report, NOTICE, ROUTINE, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(COMPLIANCE), IN(SUBSTANCE_MISUSE) | IN(STAFF))},
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
    {TYPE("custody.dates", custody_event, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("custody.handover", custody_event, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("custody.received", custody_event, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("custody.regime", custody_regime, NOTICE, ROUTINE, OFFICIAL, "delivered", IN(AGGREGATE),
          IN(STAFF))},
    {TYPE("enforcement.breach.information", breach_referral, ENQUIRY, SAME_DAY, OFFICIAL,
          "answered", IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(STAFF) | IN(COMPLIANCE)),
     .answered_by = "enforcement.breach.outcome"},
    {TYPE("enforcement.breach.outcome", breach_outcome, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(SENTENCE_ORDER), IN(STAFF) | IN(COMPLIANCE))},
    {TYPE("enforcement.breach.referral", breach_referral, ENQUIRY, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY), IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(STAFF) | IN(COMPLIANCE)),
     .answered_by = "enforcement.breach.outcome"},
    {TYPE("enforcement.warrant", warrant, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(SENTENCE_ORDER),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("intervention.action_plan", intervention_return, NOTICE, ROUTINE, OFFICIAL, "opened",
          IN(IDENTITY), IN(SENTENCE_ORDER) | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF))},
    {TYPE("intervention.end_of_service", intervention_return, NOTICE, ROUTINE, OFFICIAL,
          "acknowledged", IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF))},
    {TYPE("intervention.referral", intervention_referral, REFERRAL, ROUTINE, OFFICIAL, "answered",
          IN(IDENTITY) | IN(SENTENCE_ORDER),
          IN(RISK_SCORE) | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF)),
     .answered_by = "intervention.action_plan", .closed_by = "intervention.end_of_service"},
    {TYPE("iom.cohort.share", iom_cohort_share, SHARE, ROUTINE, OFFICIAL_SENSITIVE, "delivered",
          IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(SUBSTANCE_MISUSE) | IN(INTELLIGENCE)
              | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF) | IN(COMPLIANCE))},
    {TYPE("iom.decision", iom_decision, NOTICE, ROUTINE, OFFICIAL_SENSITIVE, "delivered",
          IN(IDENTITY), IN(RISK_SCORE) | IN(STAFF))},
    {TYPE("iom.deregistration", iom_deregistration, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "delivered", IN(IDENTITY), IN(RISK_SCORE) | IN(STAFF))},
    {TYPE("iom.nomination", iom_nomination, REFERRAL, ROUTINE, OFFICIAL_SENSITIVE, "answered",
          IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(SUBSTANCE_MISUSE) | IN(INTELLIGENCE)
              | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF) | IN(COMPLIANCE)),
     .answered_by = "iom.decision"},
    {TYPE("liaison.report", liaison_report, NOTICE, SAME_DAY, OFFICIAL, "opened", IN(IDENTITY),
          IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(STAFF))},
    {TYPE("mappa.info.request", mappa_info_request, ENQUIRY, SAME_DAY, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY),
          IN(RISK_NARRATIVE) | IN(CHILD) | IN(VICTIM) | IN(THIRD_PARTY) | IN(INTELLIGENCE)
              | IN(STAFF)),
     .answered_by = "mappa.info.response"},
    {TYPE("mappa.info.response", mappa_info_response, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE)
              | IN(CHILD) | IN(ADULT_AT_RISK) | IN(VICTIM) | IN(THIRD_PARTY) | IN(INTELLIGENCE)
              | IN(HOUSING) | IN(STAFF))},
    {TYPE("mappa.level.change", mappa_level_change, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY) | IN(RISK_SCORE), IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("mappa.meeting.invite", meeting_invite, NOTICE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY), IN(RISK_SCORE) | IN(STAFF))},
    {TYPE("mappa.minutes", mappa_minutes, SHARE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(CHILD) | IN(VICTIM) | IN(THIRD_PARTY)
              | IN(INTELLIGENCE) | IN(STAFF))},
    {TYPE("mappa.notification", mappa_notification, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY) | IN(RISK_SCORE),
          IN(OFFENCE_INDEX) | IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("mappa.referral", mappa_referral, REFERRAL, SAME_DAY, OFFICIAL_SENSITIVE, "answered",
          IN(IDENTITY) | IN(RISK_SCORE),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER)
              | IN(RISK_NARRATIVE) | IN(CHILD) | IN(VICTIM) | IN(THIRD_PARTY) | IN(STAFF)),
     .answered_by = "mappa.referral.decision"},
    {TYPE("mappa.referral.decision", mappa_referral_decision, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY) | IN(RISK_SCORE), IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("meeting.action.update", action_update, NOTICE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY), IN(RISK_NARRATIVE) | IN(STAFF) | IN(COMPLIANCE))},
    {TYPE("meeting.invite", meeting_invite, NOTICE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY), IN(STAFF))},
    {TYPE("meeting.minutes", meeting_minutes, SHARE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY),
          IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(SUBSTANCE_MISUSE) | IN(INTELLIGENCE)
              | IN(EMPLOYMENT_FINANCE) | IN(HOUSING) | IN(STAFF) | IN(COMPLIANCE))},
    {TYPE("police.event.notice", police_event, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY), IN(OFFENCE_INDEX) | IN(VICTIM) | IN(INTELLIGENCE) | IN(STAFF))},
    {TYPE("psr.report", psr_report, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY) | IN(RISK_SCORE),
          IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(SENTENCE_ORDER) | IN(RISK_NARRATIVE)
              | IN(HEALTH_PHYSICAL) | IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(CHILD)
              | IN(STAFF))}, /* never VICTIM, INTELLIGENCE or NON_DISCLOSURE: the report is shown to
                                the defendant */
    {TYPE("psr.request", psr_request, ENQUIRY, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY) | IN(OFFENCE_INDEX), IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(STAFF)),
     .answered_by = "psr.report", .closed_by = "psr.withdrawn"},
    {TYPE("psr.withdrawn", psr_withdrawn, NOTICE, SAME_DAY, OFFICIAL, "opened", IN(IDENTITY),
          IN(STAFF))},
    {TYPE("recall.decision", recall_decision, NOTICE, IMMEDIATE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY) | IN(SENTENCE_ORDER), IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("recall.request", recall_request, ENQUIRY, IMMEDIATE, OFFICIAL_SENSITIVE, "answered",
          IN(IDENTITY) | IN(SENTENCE_ORDER) | IN(RISK_SCORE),
          IN(CONTACT_ADDRESS) | IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(RISK_NARRATIVE)
              | IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(VICTIM) | IN(STAFF)
              | IN(NON_DISCLOSURE)),
     .answered_by = "recall.decision"},
    {TYPE("recall.returned", recall_returned, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY) | IN(SENTENCE_ORDER), IN(STAFF))},
    {TYPE("recall.revocation", revocation_order, NOTICE, IMMEDIATE, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY) | IN(SENTENCE_ORDER) | IN(RISK_SCORE),
          IN(CONTACT_ADDRESS) | IN(RISK_NARRATIVE) | IN(CHILD) | IN(STAFF))},
    {TYPE("release.housing.outcome", housing_outcome, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY) | IN(HOUSING), IN(CONTACT_ADDRESS) | IN(STAFF))},
    {TYPE("release.housing.referral", housing_referral, REFERRAL, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY) | IN(HOUSING), IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(STAFF)),
     .answered_by = "release.housing.outcome"},
    {TYPE("release.nfa.alert", release_plan, NOTICE, IMMEDIATE, OFFICIAL, "opened", IN(IDENTITY),
          IN(HOUSING) | IN(STAFF))},
    {TYPE("release.notice", release_plan, NOTICE, SAME_DAY, OFFICIAL, "opened", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("release.plan", release_plan, NOTICE, ROUTINE, OFFICIAL, "opened", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(RISK_SCORE) | IN(HOUSING) | IN(STAFF))},
    {TYPE("release.prescribing.handover", prescribing_handover, NOTICE, SAME_DAY, OFFICIAL,
          "opened", IN(IDENTITY) | IN(HEALTH_PHYSICAL), IN(SUBSTANCE_MISUSE) | IN(STAFF))},
    {TYPE("release.treatment.outcome", treatment_handover_outcome, NOTICE, SAME_DAY, OFFICIAL,
          "opened", IN(IDENTITY) | IN(SUBSTANCE_MISUSE), IN(STAFF))},
    {TYPE("release.treatment.referral", treatment_handover, REFERRAL, SAME_DAY, OFFICIAL,
          "answered", IN(IDENTITY) | IN(SUBSTANCE_MISUSE), IN(STAFF)),
     .answered_by = "release.treatment.outcome"},
    {TYPE("release.unplanned", release_plan, NOTICE, IMMEDIATE, OFFICIAL, "opened", IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(SENTENCE_ORDER) | IN(STAFF))},
    {TYPE("risk.change.notice", risk_change, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(RISK_SCORE), IN(STAFF))},
    {TYPE("risk.escalation.decision", risk_escalation_decision, NOTICE, IMMEDIATE,
          OFFICIAL_SENSITIVE, "opened", IN(IDENTITY) | IN(RISK_SCORE),
          IN(RISK_NARRATIVE) | IN(STAFF))},
    {TYPE("risk.escalation.request", risk_escalation, ENQUIRY, IMMEDIATE, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY) | IN(RISK_SCORE) | IN(RISK_NARRATIVE),
          IN(OFFENCE_INDEX) | IN(SENTENCE_ORDER) | IN(STAFF) | IN(COMPLIANCE)),
     .answered_by = "risk.escalation.decision"},
    {TYPE("risk.plan.share", risk_plan_share, SHARE, ROUTINE, OFFICIAL_SENSITIVE, "opened",
          IN(IDENTITY) | IN(RISK_SCORE),
          IN(RISK_NARRATIVE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(STAFF))},
    {TYPE("risk.rsr.result", rsr_result, NOTICE, SAME_DAY, OFFICIAL, "acknowledged",
          IN(IDENTITY) | IN(RISK_SCORE), IN(OFFENCE_INDEX) | IN(CRIMINAL_HISTORY) | IN(STAFF))},
    {TYPE("rso.breach.notice", rso_change, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(STAFF) | IN(IMAGE))},
    {TYPE("rso.change.notice", rso_change, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(STAFF) | IN(IMAGE))},
    {TYPE("rso.visit.report", rso_change, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "acknowledged",
          IN(IDENTITY),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(RISK_NARRATIVE) | IN(STAFF) | IN(IMAGE))},
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
     .answered_by = "safeguarding.referral.decision", .updated_by = "safeguarding.update",
     .closed_by = "safeguarding.close", .watched_until = "order_end"},
    {TYPE("safeguarding.referral.child", child_referral, REFERRAL, IMMEDIATE, OFFICIAL_SENSITIVE,
          "answered", IN(IDENTITY) | IN(CHILD),
          IN(CONTACT_ADDRESS) | IN(RISK_SCORE) | IN(THIRD_PARTY) | IN(STAFF)),
     .acknowledged_by = "safeguarding.referral.ack",
     .answered_by = "safeguarding.referral.decision", .updated_by = "safeguarding.update",
     .closed_by = "safeguarding.close", .watched_until = "order_end"},
    {TYPE("safeguarding.referral.decision", referral_decision, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE,
          "opened", IN(IDENTITY), IN(CHILD) | IN(ADULT_AT_RISK) | IN(STAFF))},
    {TYPE("safeguarding.update", safeguarding_update, NOTICE, ROUTINE, OFFICIAL_SENSITIVE,
          "acknowledged", IN(IDENTITY),
          IN(RISK_SCORE) | IN(CHILD) | IN(ADULT_AT_RISK) | IN(COMPLIANCE) | IN(STAFF)),
     .watched_until = "order_end"},
    {TYPE("service.outcome", service_outcome, NOTICE, ROUTINE, OFFICIAL, "opened", IN(IDENTITY),
          IN(HEALTH_MENTAL) | IN(SUBSTANCE_MISUSE) | IN(CHILD) | IN(EMPLOYMENT_FINANCE)
              | IN(HOUSING) | IN(STAFF))},
    {TYPE("service.referral.benefits", service_referral, REFERRAL, ROUTINE, OFFICIAL, "answered",
          IN(IDENTITY), IN(EMPLOYMENT_FINANCE) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.da_perpetrator", service_referral, REFERRAL, ROUTINE, OFFICIAL,
          "answered", IN(IDENTITY), IN(RISK_SCORE) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.ete", service_referral, REFERRAL, ROUTINE, OFFICIAL, "answered",
          IN(IDENTITY), IN(RISK_SCORE) | IN(EMPLOYMENT_FINANCE) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.family_support", service_referral, REFERRAL, ROUTINE, OFFICIAL,
          "answered", IN(IDENTITY), IN(CHILD) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.housing", service_referral, REFERRAL, ROUTINE, OFFICIAL, "answered",
          IN(IDENTITY), IN(RISK_SCORE) | IN(HOUSING) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.mental_health", service_referral, REFERRAL, ROUTINE, OFFICIAL,
          "answered", IN(IDENTITY), IN(RISK_SCORE) | IN(HEALTH_MENTAL) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("service.referral.substance_misuse", service_referral, REFERRAL, ROUTINE, OFFICIAL,
          "answered", IN(IDENTITY), IN(RISK_SCORE) | IN(SUBSTANCE_MISUSE) | IN(STAFF)),
     .answered_by = "service.outcome"},
    {TYPE("stats.return.accommodation", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged",
          IN(AGGREGATE), IN(STAFF))},
    {TYPE("stats.return.contract", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged",
          IN(AGGREGATE), IN(STAFF))},
    {TYPE("stats.return.iom", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged", IN(AGGREGATE),
          IN(STAFF))},
    {TYPE("stats.return.needs", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged",
          IN(AGGREGATE), IN(STAFF))},
    {TYPE("stats.return.reoffending", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged",
          IN(AGGREGATE), IN(STAFF))},
    {TYPE("stats.return.restorative_justice", stat_return, RETURN, ROUTINE, OFFICIAL,
          "acknowledged", IN(AGGREGATE), IN(STAFF))},
    {TYPE("stats.return.youth", stat_return, RETURN, ROUTINE, OFFICIAL, "acknowledged",
          IN(AGGREGATE), IN(STAFF))},
    {TYPE("treatment.mhtr.request", mhtr_request, ENQUIRY, SAME_DAY, OFFICIAL, "answered",
          IN(IDENTITY) | IN(HEALTH_MENTAL), IN(OFFENCE_INDEX) | IN(RISK_SCORE) | IN(STAFF)),
     .answered_by = "treatment.mhtr.response"},
    {TYPE("treatment.mhtr.response", mhtr_assessment, NOTICE, SAME_DAY, OFFICIAL, "opened",
          IN(IDENTITY) | IN(HEALTH_MENTAL), IN(STAFF))},
    {TYPE("victim.event.notice", victim_event, NOTICE, SAME_DAY, OFFICIAL_SENSITIVE, "opened",
          IN(VICTIM), IN(IDENTITY) | IN(SENTENCE_ORDER) | IN(STAFF))},
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

bool catalogue_is_update(const struct message_type *type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].updated_by && strcmp(types[i].updated_by, type->name) == 0)
            return true;
    return false;
}

bool catalogue_is_close(const struct message_type *type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].closed_by && strcmp(types[i].closed_by, type->name) == 0)
            return true;
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
