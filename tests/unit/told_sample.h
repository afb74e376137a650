/* told_sample.h - what a broker tells of a case and of a clock, and an agency's claim; invented. */
#ifndef TESTS_UNIT_TOLD_SAMPLE_H
#define TESTS_UNIT_TOLD_SAMPLE_H

#include "proto/claim.h"
#include "proto/told.h"
#include "tests/unit/header_sample.h"

/* A case has moved with two conversations. */
static inline struct told sample_custody_told(void)
{
    struct told told = {.kind = TOLD_CUSTODY};
    struct custody_told *c = &told.custody;

    *c = (struct custody_told){
        .change = CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED,
        .holder = "crc.bench",
        .offered_to = "crc.bench",
        .former = "nps.cambs",
        .version = 5,
        .components = 7,
        .at_ms = SAMPLE_NOW_MS,
        .conversation_count = 2,
        .conversations =
            {
                {.type = "safeguarding.referral.child",
                 .other = "csc.cambs",
                 .next_of_holder = 3,
                 .next_of_other = 2,
                 .asked_by_holder = true},
                {.type = "psr.request",
                 .other = "court.b35cz00",
                 .next_of_holder = 1,
                 .next_of_other = 2,
                 .stays = true},
            },
    };
    sample_fill(c->case_handle.bytes, ID_SIZE, 0x10);
    sample_fill(c->transfer_id.bytes, ID_SIZE, 0x90);
    sample_fill(c->message_id.bytes, ID_SIZE, 0x30);
    for (uint32_t i = 0; i < 2; i++)
        sample_fill(c->conversations[i].id.bytes, ID_SIZE, (uint8_t)(0xc0 + i));
    return told;
}

/* A decision that has not come in time. */
static inline struct told sample_clock_told(void)
{
    struct told told = {.kind = TOLD_CLOCK};
    struct clock_told *c = &told.clock;

    *c = (struct clock_told){
        .clock = 4711,
        .kind = CONCORDAT__CLOCK_KIND__CLOCK_DECIDE,
        .stage = CONCORDAT__CLOCK_STAGE__STAGE_ESCALATED,
        .type = "safeguarding.referral.child",
        .expected = "safeguarding.referral.decision",
        .agreement_id = "cambs-safeguarding",
        .clause = "referral-child",
        .agreement_version = 2,
        .count = 1,
        .role = "Head of safeguarding",
        .owed_by = "csc.cambs",
        .owed_to = "nps.cambs",
        .due_ms = SAMPLE_NOW_MS + 3600000,
        .at_ms = SAMPLE_NOW_MS,
    };
    sample_fill(c->message_id.bytes, ID_SIZE, 0x30);
    sample_fill(c->case_handle.bytes, ID_SIZE, 0x10);
    sample_fill(c->conversation_id.bytes, ID_SIZE, 0x30);
    return told;
}

static inline struct claim sample_claim(void)
{
    struct claim claim = {.agency = "nps.cambs",
                          .kind = CONCORDAT__CLAIM_KIND__CLAIM_CLOSE,
                          .case_version = 5,
                          .at_ms = SAMPLE_NOW_MS};

    sample_fill(claim.case_handle.bytes, ID_SIZE, 0x10);
    return claim;
}

#endif
