/* What is said in a conversation while its case moves, and crosses the word of that. */
#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/trees.h"
#include "lib/text.h"

/* Social care answers that it has the referral, and the broker has just moved the case. */
static struct id crossed(struct town *town, const struct id *first)
{
    struct id id = id_new(town_now(town));
    char referred_as[BASE64_SIZE(ID_SIZE)], json[256];

    base64_print(first->bytes, ID_SIZE, referred_as);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"receivedMs\": \"1795773600000\", "
                   "\"decisionDueMs\": \"1795860000000\"}",
                   referred_as);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN;
    assert_int_equal(say(town, CSC,
                         (struct wish){.type = "safeguarding.referral.ack",
                                       .message = &id,
                                       .reply_to = first,
                                       .json = json})
                         ->outcome,
                     CONCORDAT__OUTCOME__QUEUED);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    return id;
}

static void what_crosses_a_transfer_goes_to_the_new_holder(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        OWNED(town) town = town_new(agencies, 3);
        struct id handle = opened(town), first = referred(town, &handle), old, again;
        const struct id transfer = {{7}};
        const Concordat__Item *item;

        town_settle(town);
        old = crossed(town, &first);
        if (restarted)
            town_restart(town, CSC);
        const struct told_conversation t =
            conversation_of(&first, "safeguarding.referral.child", 2, 2);
        moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC | 1U << CSC);
        item = town_track(town, CSC, &old);
        assert_string_equal(item->to, agencies[NPS]);
        assert_int_equal(item->sent_again_as.len, ID_SIZE);
        memcpy(again.bytes, item->sent_again_as.data, ID_SIZE);
        assert_string_equal(town_ladder(town, CSC, &old), "queued refused");
        assert_string_equal(town_detail(town, CSC, &old), "CONVERSATION_UNKNOWN");
        assert_string_equal(town_state(town, CSC, &again), "delivered");
        assert_string_equal(town_track(town, CSC, &again)->to, agencies[CRC]);
        assert_memory_equal(town_track(town, CSC, &again)->conversation_id.data, first.bytes,
                            ID_SIZE);
        assert_int_equal(number_of(town, CSC, &again), 2); /* the broker has counted the first */
        assert_memory_equal(town_inbox(town, CRC)->items[0]->message_id.data, again.bytes, ID_SIZE);
    }
}

/* Its own answer has ended the conversation, but who sent it never heard the verdict. */
static void an_answer_said_again_is_answered_as_before(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id handle = opened(town);
    const struct id question = said(say(town, NPS,
                                        (struct wish){.type = "check.social_care.children.request",
                                                      .to = agencies[CSC],
                                                      .about = &handle,
                                                      .json = check}));
    const struct id answer = id_new(town_now(town));
    const struct wish wish = {.type = "check.social_care.children.response",
                              .to = agencies[NPS],
                              .conversation = &question,
                              .reply_to = &question,
                              .message = &answer,
                              .json = checked};

    town_settle(town);
    for (int times = 0; times < 3; times++) {
        const struct id id = said(say(town, CSC, wish));
        assert_memory_equal(id.bytes, answer.bytes, ID_SIZE);
        town_settle(town);
    }
    assert_int_equal(town_inbox(town, NPS)->n_items, 1);
    const Concordat__Response *r = say(
        town, CSC,
        (struct wish){
            .type = wish.type, .conversation = &question, .reply_to = &question, .json = checked});
    assert_string_equal(r->problems[0]->text, "it has ended"); /* another one */
}

/* The broker has told of it before the refusal comes: the same. */
static void what_was_told_before_the_refusal_counts_too(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), update;
    const struct id transfer = {{7}};
    const Concordat__Item *item;

    town_settle(town);
    town_mischief(town)->lose_submits = 1;
    update = id_new(town_now(town));
    (void)say(town, CSC,
              (struct wish){.type = "safeguarding.update",
                            .conversation = &first,
                            .message = &update,
                            .json = update_of(&first, 1)});
    const struct told_conversation t = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC | 1U << CSC);
    town_mischief(town)->refuse_to = agencies[NPS];
    town_disconnect(town, CSC);
    town_connect(town, CSC);
    town_settle(town);
    item = town_track(town, CSC, &update);
    assert_int_equal(item->sent_again_as.len, ID_SIZE);
    memcpy(update.bytes, item->sent_again_as.data, ID_SIZE);
    assert_string_equal(town_state(town, CSC, &update), "delivered");
    assert_string_equal(town_track(town, CSC, &update)->to, agencies[CRC]);
}

/* No case has moved, or nothing permits it there: refused for good, and on record. */
static void what_cannot_go_there_is_refused_in_sight(void **)
{
    for (int is_told = 0; is_told < 2; is_told++) {
        OWNED(town) town = town_new(agencies, 3);
        struct id handle = opened(town), first = referred(town, &handle), old;
        const struct id transfer = {{7}};
        struct told told =
            news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, "crc.london", 3);

        town_settle(town);
        old = crossed(town, &first);
        TEXT_COPY(told.custody.former, agencies[NPS]);
        told.custody.transfer_id = transfer;
        told.custody.conversation_count = 1;
        told.custody.conversations[0] =
            conversation_of(&first, "safeguarding.referral.child", 2, 2);
        if (is_told)
            town_tell(town, CSC, &told);
        town_settle(town);
        assert_string_equal(town_ladder(town, CSC, &old),
                            is_told ? "queued refused refused" : "queued");
        town_wait(town, 61000);
        town_settle(town);
        assert_string_equal(town_detail(town, CSC, &old),
                            is_told ? "NO_AGREEMENT" : "CONVERSATION_UNKNOWN");
        assert_int_equal(town_track(town, CSC, &old)->sent_again_as.len, 0);
        assert_int_equal(town_entries(town, CSC, TREE_REFUSALS), is_told ? 2 : 1);
        assert_int_equal(town_entries(town, CSC, TREE_OUTBOX), 0);
        assert_true(due_of(town, CSC)->n_due > 0); /* that somebody has it is still owed */
    }
}

int crossing_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_crosses_a_transfer_goes_to_the_new_holder),
        cmocka_unit_test(an_answer_said_again_is_answered_as_before),
        cmocka_unit_test(what_was_told_before_the_refusal_counts_too),
        cmocka_unit_test(what_cannot_go_there_is_refused_in_sight),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
