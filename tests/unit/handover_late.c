/* The answer that comes for who held the case before is passed on to who holds it now. */
#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/trees.h"

struct late moved_on(struct town *town)
{
    struct late late = {.handle = opened(town)};
    const struct id transfer = {{7}};

    late.question = said(say(town, NPS,
                             (struct wish){.type = "check.social_care.children.request",
                                           .to = agencies[CSC],
                                           .about = &late.handle,
                                           .json = check}));
    town_settle(town);
    const struct told_conversation t =
        conversation_of(&late.question, "check.social_care.children.request", 2, 1);
    moved(town, &late.handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    return late;
}

void late_answer(struct town *town, struct late *late)
{
    late->answer = said(say(town, CSC,
                            (struct wish){.type = "check.social_care.children.response",
                                          .reply_to = &late->question,
                                          .officer = "Duty social worker",
                                          .json = checked}));
}

static unsigned count_late(struct town *town, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    const Concordat__Response *r;
    unsigned count = 0;

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    r = town_ask(town, CRC, &request);
    for (size_t i = 0; i < r->n_items; i++)
        count += strcmp(r->items[i]->type, "case.late_answer") == 0;
    return count;
}

static void a_late_answer_is_passed_on_once(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);

    late_answer(town, &late);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_string_equal(town_state(town, NPS, &late.answer), "delivered"); /* in our inbox too */
    /* Who answered is between those two. */
    assert_int_equal(town_inbox(town, NPS)->items[0]->n_shared,
                     town_inbox(town, CRC)->items[0]->n_shared + 1);
    assert_memory_equal(town_inbox(town, CRC)->items[0]->conversation_id.data, late.question.bytes,
                        ID_SIZE);
    assert_memory_equal(town_inbox(town, CRC)->items[0]->in_reply_to.data, late.question.bytes,
                        ID_SIZE);
    town_restart(town, NPS);
    town_wait(town, 60000);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
}

/* The broker tells it until it knows that it has arrived: what has gone on since stays so. */
static void that_it_moved_is_told_twice(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);
    struct told again = last_moved;

    again.custody.conversations[0].due = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER;
    again.custody.conversations[0].due_ms = again.custody.at_ms + 86400000;
    late_answer(town, &late);
    town_settle(town);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
    town_tell(town, CRC, &again);
    town_settle(town);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
    assert_int_equal(due_of(town, CRC)->n_due, 0);
}

/* What else comes for who asked, after the case has moved, is no answer. */
static void only_the_answer_is_passed_on(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), update, decision;
    const struct id transfer = {{7}};
    char id[BASE64_SIZE(ID_SIZE)], json[256];

    town_settle(town);
    const struct told_conversation t = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    base64_print(first.bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"outcome\": \"NO_FURTHER_ACTION\"}", id);
    decision = said(say(
        town, CSC,
        (struct wish){.type = "safeguarding.referral.decision", .reply_to = &first, .json = json}));
    town_settle(town);
    assert_int_equal(count_late(town, &handle), 1);
    update = updated(town, CSC, &first, 1);
    town_settle(town);
    assert_string_equal(town_state(town, NPS, &decision), "delivered");
    assert_string_equal(town_state(town, NPS, &update), "delivered");
    assert_int_equal(count_late(town, &handle), 1);
}

/* The broker refuses one: it stays in sight, and goes again when the case is another's. */
static void one_that_is_refused_waits_in_sight(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const Concordat__Due *due = NULL;
    const Concordat__Response *r;
    struct late late;

    late.handle = opened(town);
    late.question = said(say(town, NPS,
                             (struct wish){.type = "check.social_care.children.request",
                                           .to = agencies[CSC],
                                           .about = &late.handle,
                                           .json = check}));
    town_settle(town);
    const struct id transfer = {{7}};
    const struct told_conversation t =
        conversation_of(&late.question, "check.social_care.children.request", 2, 1);
    moved(town, &late.handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    town_disconnect(town, NPS);
    late.answer = said(say(town, CSC,
                           (struct wish){.type = "check.social_care.children.response",
                                         .reply_to = &late.question,
                                         .json = checked}));
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
    town_connect(town, NPS);
    town_settle(town);
    r = due_of(town, NPS);
    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "forward") == 0)
            due = r->due[i];
    assert_non_null(due);
    assert_string_equal(due->other, agencies[CRC]);
    assert_true(due->note[0] != '\0');
    assert_memory_equal(due->message_id.data, late.answer.bytes, ID_SIZE);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    town_restart(town, NPS); /* a new session tries again */
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
}

/* Probation's last of the case. */
static struct id last_late(struct town *town, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    const Concordat__Response *r;
    struct id id = {{0}};

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    r = town_ask(town, NPS, &request);
    for (size_t i = 0; i < r->n_items; i++)
        if (strcmp(r->items[i]->type, "case.late_answer") == 0)
            memcpy(id.bytes, r->items[i]->message_id.data, ID_SIZE);
    assert_false(id_is_zero(&id));
    return id;
}

/* Accepted is not delivered: the holder's agent cannot read it, or it is withheld from it. */
static void one_that_does_not_arrive_goes_again(void **)
{
    for (int withheld = 0; withheld < 2; withheld++) {
        OWNED(town) town = town_new(agencies, 3);
        struct late late = moved_on(town);
        struct id id;

        town_disconnect(town, CRC);
        late_answer(town, &late);
        town_settle(town);
        id = last_late(town, &late.handle);
        assert_string_equal(town_state(town, NPS, &id), "accepted");
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
        if (withheld)
            town_withhold(town, &id, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
        else
            town_mischief(town)->flip_body = true;
        town_connect(town, CRC);
        town_settle(town);
        assert_string_equal(town_state(town, NPS, &id), withheld ? "withheld" : "rejected");
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
        town_mischief(town)->flip_body = false;
        town_restart(town, NPS);
        town_settle(town);
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
        assert_string_equal(town_inbox(town, CRC)->items[0]->type, "case.late_answer");
    }
}

/* The asker cannot read it: what it ended goes on, and the next one is said in it. */
static void an_answer_that_does_not_arrive_is_given_again_in_its_conversation(void **)
{
    for (int withheld = 0; withheld < 2; withheld++) {
        OWNED(town) town = town_new(agencies, 3);
        struct late late = {.handle = opened(town)};

        late.question = said(say(town, NPS,
                                 (struct wish){.type = "check.social_care.children.request",
                                               .to = agencies[CSC],
                                               .about = &late.handle,
                                               .json = check}));
        town_settle(town);
        town_disconnect(town, NPS);
        late_answer(town, &late);
        town_settle(town);
        if (withheld)
            town_withhold(town, &late.answer, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
        else
            town_mischief(town)->flip_body = true;
        town_connect(town, NPS);
        town_settle(town);
        town_mischief(town)->flip_body = false;
        assert_string_equal(town_state(town, CSC, &late.answer),
                            withheld ? "withheld" : "rejected");
        late_answer(town, &late);
        town_settle(town);
        assert_memory_equal(town_track(town, CSC, &late.answer)->conversation_id.data,
                            late.question.bytes, ID_SIZE);
        assert_int_equal(number_of(town, CSC, &late.answer), 2);
    }
}

static const char *owed_to(struct town *town)
{
    const Concordat__Response *r = due_of(town, NPS);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "forward") == 0)
            return r->due[i]->other;
    fail_msg("no answer waits to be passed on");
    return NULL;
}

/* The holder that it waits for has gone: who held the case before that is not told. */
static void one_that_waits_asks_who_holds_the_case(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);
    const struct town_case *asked = town_case(town, NPS);
    struct told told;
    unsigned count;

    town_mischief(town)->hide_keys = true;
    town_restart(town, NPS);
    late_answer(town, &late);
    town_settle(town);
    assert_string_equal(owed_to(town), agencies[CRC]);
    count = asked->count;
    town_wait(town, 31000);
    town_settle(town);
    assert_int_equal(asked->count, count + 1);
    assert_false(asked->is_claim);
    assert_memory_equal(asked->asked.bytes, late.handle.bytes, ID_SIZE);
    told = news_of(town, &late.handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED,
                   agencies[CSC], 5);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    assert_string_equal(owed_to(town), agencies[CSC]);
    town_mischief(town)->hide_keys = false;
    town_restart(town, NPS);
    town_wait(town, 60000);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 0); /* not to who is the holder no more */
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
}

int late_answer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_does_not_arrive_is_given_again_in_its_conversation),
        cmocka_unit_test(a_late_answer_is_passed_on_once),
        cmocka_unit_test(that_it_moved_is_told_twice),
        cmocka_unit_test(only_the_answer_is_passed_on),
        cmocka_unit_test(one_that_is_refused_waits_in_sight),
        cmocka_unit_test(one_that_does_not_arrive_goes_again),
        cmocka_unit_test(one_that_waits_asks_who_holds_the_case),
    };
    return cmocka_run_group_tests_name("late answers", tests, NULL, NULL);
}
