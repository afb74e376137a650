/* An agent's core: what is promised is kept over loss, repetition, restarts and bad company. */
#include "tests/unit/desk_town.h"

#include <stdlib.h>
#include <string.h>

static void a_message_goes_all_the_way_and_its_ladder_comes_back(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);
    const Concordat__Response *r;

    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    assert_int_equal(town_status(town, 0)->outbox, 0);
    r = town_inbox(town, 1);
    assert_int_equal(r->n_items, 1);
    assert_string_equal(r->items[0]->type, "psr.request");
    assert_string_equal(r->items[0]->from, COURT);
    assert_memory_equal(r->items[0]->message_id.data, id.bytes, ID_SIZE);
    r = town_open(town, 1, &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_non_null(strstr(r->json, "K. Hartley"));
    assert_true(r->body.len > 0);
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0)->outcome,
                     CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened acknowledged");
    assert_string_equal(town_ladder(town, 1, &id), "accepted delivered opened acknowledged");
}

static void an_answer_answers_what_it_replies_to(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), answer;
    const Concordat__Response *r;

    town_settle(town);
    (void)town_open(town, 1, &id);
    r = town_answer(town, 1, &id, "psr.report.json");
    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("%s %s", r->n_problems ? r->problems[0]->text : "", r->advice);
    answer = id_of(r);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened answered");
    assert_string_equal(town_ladder(town, 0, &answer), "accepted delivered");
    assert_string_equal(town_inbox(town, 0)->items[0]->type, "psr.report");
}

/* The receipt for the answer does not come, and then the step that needs it does. */
static void an_answer_without_its_receipt_answers_too(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), answer;

    town_settle(town);
    (void)town_open(town, 1, &id);
    town_mischief(town)->lose_receipts = true;
    answer = id_of(town_answer(town, 1, &id, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &answer), "queued accepted delivered");
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened answered");
}

/* A reply that claims to answer `claimed`, as the one who is asked gets it. */
static void expect_no_reply(struct town *town, const struct id *asked, const struct id *claimed)
{
    struct id answer;

    town_mischief(town)->in_reply_to = *claimed;
    answer = id_of(town_answer(town, 1, asked, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &answer), "accepted rejected");
    assert_string_equal(town_detail(town, 0, &answer), "REPLY_REQUIRED");
    assert_int_equal(town_inbox(town, 0)->n_items, 0);
}

static void nothing_comes_in_reply_to_what_was_never_asked(void **)
{
    static const char *const three[] = {COURT, NPS, CSC};
    OWNED(town) town = town_new(three, 3);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), other, decision;
    const Concordat__Response *r;

    town_settle(town);
    other = id_new(town_now(town));
    expect_no_reply(town, &id, &other);
    /* Asked of somebody else, and another thing. */
    r = town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL);
    other = id_of(r);
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    expect_no_reply(town, &id, &other);
    town_mischief(town)->in_reply_to = other;
    decision = id_of(town_answer(town, 2, &other, "referral-decision.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &decision), "accepted delivered");
    /* What has come was not asked. */
    r = town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL);
    other = id_of(r);
    town_settle(town);
    town_mischief(town)->in_reply_to = id;
    decision = id_of(town_answer(town, 2, &other, "referral-decision.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &decision), "accepted rejected");
}

static void an_answer_is_sent_only_to_who_asked(void **)
{
    static const char *const three[] = {COURT, NPS, CSC};
    OWNED(town) town = town_new(three, 3);
    struct id referral =
        id_of(town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL));
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example("psr.report.json");
    const Concordat__Response *r;

    town_settle(town);
    send.type = (char[]){"psr.report"};
    send.to = (char[]){COURT};
    send.in_reply_to = (ProtobufCBinaryData){.len = ID_SIZE, .data = referral.bytes};
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    r = town_ask(town, 1, &request);
    free(text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "in_reply_to");
}

static void opening_twice_signs_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);
    unsigned steps;

    town_settle(town);
    (void)town_open(town, 1, &id);
    town_settle(town);
    steps = town_counts(town).steps;
    assert_int_equal(town_open(town, 1, &id)->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0)->outcome,
                     CONCORDAT__OUTCOME__BAD_INPUT);
    town_settle(town);
    assert_int_equal(town_counts(town).steps, steps + 1);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened declined");
}

static void what_was_acknowledged_is_not_declined(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    (void)town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__BAD_INPUT);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered acknowledged");
}

static void what_is_wrong_is_named_and_nothing_leaves(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;

    r = town_send(town, 0, "psr.requst", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "type");
    assert_non_null(strstr(r->problems[0]->text, "psr.request"));
    r = town_send(town, 0, "psr.request", "NPS!", "psr.request.json", NULL);
    assert_string_equal(r->problems[0]->where, "to");
    r = town_send(town, 0, "psr.request", NPS, "child-referral.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_int_equal(town_status(town, 0)->outbox, 0);
    assert_int_equal(town_counts(town).submits, 0);
}

static void what_no_agreement_permits_is_refused_at_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r =
        town_send(town, 1, "psr.request", COURT, "psr.request.json", NULL);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_non_null(r->refusal);
    assert_true(r->refusal->code != 0);
    assert_true(strlen(r->advice) > 0);
    assert_int_equal(town_counts(town).submits, 0);
    assert_int_equal(town_status(town, 1)->outbox, 0);
}

static void without_a_broker_it_is_queued_and_leaves_later(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_disconnect(town, 0);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
    town_restart(town, 0);
    town_connect(town, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    assert_int_equal(town_inbox(town, 1)->n_items, 1);
}

static void what_is_sealed_together_is_signed_together(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id ids[70]; /* more than one batch holds */

    town_disconnect(town, 0);
    for (size_t i = 0; i < LENGTH(ids); i++)
        ids[i] = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_connect(town, 0);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, LENGTH(ids));
    for (size_t i = 0; i < LENGTH(ids); i++)
        assert_string_equal(town_ladder(town, 0, &ids[i]), "queued accepted delivered");
}

static void a_lost_receipt_is_asked_for_again(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    /* The recipient is away, so that nothing but the receipt can tell. */
    (void)send_request(town, CONCORDAT__OUTCOME__DONE);
    town_disconnect(town, 1);
    town_mischief(town)->lose_receipts = true;
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_mischief(town)->lose_receipts = false;
    town_disconnect(town, 0);
    town_connect(town, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted");
    assert_int_equal(town_counts(town).submits, 3);
    town_connect(town, 1);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, 2);
}

static void a_restart_at_any_point_loses_and_doubles_nothing(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id ids[4];

    for (size_t i = 0; i < LENGTH(ids); i++) {
        town_mischief(town)->lose_settles = i & 1;
        ids[i] = send_request(town, CONCORDAT__OUTCOME__DONE);
        town_restart(town, i & 1);
        town_restart(town, 1);
        town_settle(town);
    }
    town_mischief(town)->lose_settles = false;
    town_restart(town, 1);
    town_restart(town, 0);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, LENGTH(ids));
    for (size_t i = 0; i < LENGTH(ids); i++)
        assert_string_equal(town_ladder(town, 0, &ids[i]), "queued accepted delivered");
    assert_int_equal(town_status(town, 0)->outbox, 0);
}

static void delivered_twice_is_shown_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->twice = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, 1);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void the_same_id_is_the_same_message(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = id_new(town_now(town));
    const Concordat__Response *r = town_send(town, 0, "psr.request", NPS, "psr.request.json", &id);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    r = town_send(town, 0, "psr.request", NPS, "psr.request.json", &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_memory_equal(r->message_id.data, id.bytes, ID_SIZE);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 1);
    r = town_send(town, 0, "psr.request", "police.35", "psr.request.json", &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "message_id");
}

/* The newest first, as many as asked for; the answer is the town's. */
static const Concordat__Response *track_newest_of(struct town *town, uint32_t limit,
                                                  uint64_t before)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    track.limit = limit;
    track.before = before;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    return town_ask(town, 0, &request);
}

static void what_is_tracked_is_read_on_to_the_end(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *page;
    struct id ids[5], seen;
    uint64_t before = 0;
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(ids); i++)
        ids[i] = send_request(town, CONCORDAT__OUTCOME__DONE);
    do {
        page = track_newest_of(town, 2, before);
        assert_in_range(page->n_items, 1, 2);
        for (size_t i = 0; i < page->n_items; i++, count++) {
            assert_in_range(count, 0, LENGTH(ids) - 1);
            memcpy(seen.bytes, page->items[i]->message_id.data, ID_SIZE);
            assert_true(id_equal(&seen, &ids[LENGTH(ids) - 1 - count]));
        }
        before = page->next;
    } while (before);
    assert_int_equal(count, LENGTH(ids));
}

static void an_inbox_waits_for_something_new(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    town_ask_later(town, 1, &request);
    assert_null(town_reply(town, 1));
    (void)send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_non_null(town_reply(town, 1));
    assert_int_equal(town_reply(town, 1)->n_items, 1);
    inbox.wait_ms = 3000;
    (void)town_open(town, 1, &(struct id){{0}});
    struct id id;
    memcpy(id.bytes, town_inbox(town, 1)->items[0]->message_id.data, ID_SIZE);
    (void)town_open(town, 1, &id);
    town_ask_later(town, 1, &request);
    town_wait(town, 2000);
    assert_null(town_reply(town, 1));
    town_wait(town, 2000);
    assert_int_equal(town_reply(town, 1)->n_items, 0);
    assert_int_equal(town_reply(town, 1)->outcome, CONCORDAT__OUTCOME__DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_all_the_way_and_its_ladder_comes_back),
        cmocka_unit_test(an_answer_answers_what_it_replies_to),
        cmocka_unit_test(an_answer_without_its_receipt_answers_too),
        cmocka_unit_test(nothing_comes_in_reply_to_what_was_never_asked),
        cmocka_unit_test(an_answer_is_sent_only_to_who_asked),
        cmocka_unit_test(opening_twice_signs_once),
        cmocka_unit_test(what_was_acknowledged_is_not_declined),
        cmocka_unit_test(what_is_wrong_is_named_and_nothing_leaves),
        cmocka_unit_test(what_no_agreement_permits_is_refused_at_once),
        cmocka_unit_test(without_a_broker_it_is_queued_and_leaves_later),
        cmocka_unit_test(what_is_sealed_together_is_signed_together),
        cmocka_unit_test(a_lost_receipt_is_asked_for_again),
        cmocka_unit_test(a_restart_at_any_point_loses_and_doubles_nothing),
        cmocka_unit_test(delivered_twice_is_shown_once),
        cmocka_unit_test(the_same_id_is_the_same_message),
        cmocka_unit_test(what_is_tracked_is_read_on_to_the_end),
        cmocka_unit_test(an_inbox_waits_for_something_new),
    };
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL) + desk_derived_tests()
         + desk_trouble_tests() + desk_ageing_tests();
}
