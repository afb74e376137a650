/*
 * batch_size.h - how much one batch of the journal may hold: what its beginning and its largest
 * command can add. All in bytes of events, computed from the limits that those are made of.
 *
 *     exchange_begin: EXCHANGE_BEGIN_MAX, and what follows of one thing more
 *     exchange_run:   commands, until less than EXCHANGE_STEP_MAX is left of the batch
 *
 * What is due at the beginning (mail to be withheld, clocks, counts, days) is done one thing after
 * the other while exchange_has_room; the last one may go over, by what one thing adds: less than a
 * command. So a batch fits while EXCHANGE_BEGIN_MAX + EXCHANGE_STEP_MAX do, which holds for the
 * smallest segment that the settings allow (config.c).
 */
#ifndef BROKER_BATCH_SIZE_H
#define BROKER_BATCH_SIZE_H

#include <assert.h>

#include "agreements/instrument.h"
#include "broker/cases.h"
#include "broker/clocks.h"
#include "broker/event.h"
#include "proto/notice.h"
#include "proto/told.h"
#include "proto/wire.h"

#define EXCHANGE_BEGIN_MAX ((size_t)512 * 1024)

/* One record of each. */
#define CASE_EVENT_MAX EVENT_KEPT_SIZE(ID_SIZE, CASE_RECORD_MAX)
#define CONVERSATION_EVENT_MAX EVENT_KEPT_SIZE(ID_SIZE, CONVERSATION_RECORD_MAX)
#define CLOCK_EVENT_MAX EVENT_KEPT_SIZE(8, CLOCK_RECORD_MAX)
#define CLOCK_GONE_EVENT EVENT_KEPT_SIZE(8, 0)
#define TALLY_EVENT_MAX EVENT_KEPT_SIZE(KEPT_KEY_MAX, 16)
/* Both sides hear of it, and it is kept as it is then, or gone. */
#define CLOCK_TOLD_MAX (2 * EVENT_TOLD_SIZE(TOLD_CLOCK_MAX) + CLOCK_EVENT_MAX)

/* Clocks that one message meets, so that they stop or rest: of the message it replies to, of its
 * conversation, of its case; what is owed, and as many expectations. timing.c stops no more; a step
 * or withholding that undoes it starts no more again. */
#define CLOCKS_MET_MAX 256
/* Expectations of one agency's agreements about a case, or without one in a conversation. A message
 * that would start more is refused, until some are met. */
#define CLOCKS_EXPECTED_MAX 256
/* Of a conversation that moves: acknowledge, decide, answer, open, close, forward, a gap of each
 * side.
 */
#define CLOCKS_A_CONVERSATION 8
/* That go with a case: a COMPLETE that would move more is refused. Those of the conversations never
 * are so many, unless many updates are on their way that name another end of a watch. */
#define CLOCKS_MOVED_MAX                                                                           \
    (CONVERSATIONS_MAX * CLOCKS_A_CONVERSATION + CLOCKS_EXPECTED_MAX + EXPECTATIONS_MAX)

/* It moves with its case: kept anew, as one that ends perhaps, its gap's clock wound again. */
#define CONVERSATION_MOVED_MAX                                                                     \
    (2 * CONVERSATION_EVENT_MAX + 2 * (CLOCK_GONE_EVENT + CLOCK_EVENT_MAX))
/* Who hears of a transfer: its two, the other side of each conversation, and who has it still to
 * pass on what came. A conversation is told to four agencies at most. */
#define TRANSFERRED_TOLD_MAX                                                                       \
    ((2 + 2 * CONVERSATIONS_MAX) * EVENT_TOLD_SIZE(TOLD_CASE_MAX)                                  \
     + 4 * CONVERSATIONS_MAX * TOLD_CONVERSATION_MAX                                               \
     + (TOLD_DUE_COUNT + (1 + 2 * CONVERSATIONS_MAX) * TOLD_DUE_OTHERS) * TOLD_DUE_MAX)
/* The offer's own conversation ends, what was held in one is said, and the case is kept. */
#define CASE_CHANGED_MAX                                                                           \
    (CASE_EVENT_MAX + 2 * CONVERSATION_EVENT_MAX                                                   \
     + 2 * CLOCKS_A_CONVERSATION * (CLOCK_GONE_EVENT + CLOCK_EVENT_MAX))
/* A message starts clocks, each in place of one that was breached, and is counted. */
#define CLOCKS_STARTED_MAX                                                                         \
    (CLOCKS_OF_MAX * (CLOCK_GONE_EVENT + CLOCK_EVENT_MAX) + 2 * EXPECTATIONS_MAX * TALLY_EVENT_MAX)

/* The most is told and kept by COMPLETE, which moves CONVERSATIONS_MAX conversations. */
#define EXCHANGE_STEP_MAX                                                                          \
    ((size_t)EVENT_ACCEPTED_MAX + CASE_CHANGED_MAX + CONVERSATIONS_MAX * CONVERSATION_MOVED_MAX    \
     + CLOCKS_MOVED_MAX * CLOCK_EVENT_MAX + TRANSFERRED_TOLD_MAX                                   \
     + 2 * CLOCKS_MET_MAX * CLOCK_TOLD_MAX + CLOCKS_STARTED_MAX)

/* What is not mail adds less: an instrument with its text and what follows of it; and, of what is
 * due at the beginning, an alarm for every party, a notice, and who lets an offer lapse. */
static_assert(EVENT_HEAD + DIGEST_SIZE + OFFICER_CODE_MAX + 16 + SIGNED_INSTRUMENT_MAX
                      + AGREEMENT_FILE_MAX + 2 * (EVENT_HEAD + 64 + NOTICE_MAX)
                  < EXCHANGE_STEP_MAX,
              "an instrument is no larger than the largest command");
static_assert((PARTIES_MAX + 1) * EVENT_TOLD_SIZE(TOLD_CLOCK_MAX) + TALLY_EVENT_MAX
                  < EXCHANGE_STEP_MAX,
              "a day that is judged is no larger than the largest command");
static_assert(SETTLE_MAX * (EVENT_HEAD + 1 + AGENCY_MAX + 1 + 8) < EXCHANGE_STEP_MAX,
              "items settled in one frame are no larger than the largest command");

#endif
