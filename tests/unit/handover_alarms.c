/* What the broker tells unasked: alarms, which stand until somebody has seen them, and custody; and
 * how an agency's own system waits for either. */
#include "tests/unit/handover_town.h"

#include "lib/text.h"

/* Social care has not opened a referral, for the first time. */
static struct told an_alarm(const struct town *town)
{
    struct told told = {.kind = TOLD_CLOCK};

    told.clock.clock = 7;
    told.clock.kind = CONCORDAT__CLOCK_KIND__CLOCK_OPEN;
    told.clock.stage = CONCORDAT__CLOCK_STAGE__STAGE_ESCALATED;
    told.clock.message_id = id_new(town_now(town));
    TEXT_COPY(told.clock.type, "safeguarding.referral.child");
    TEXT_COPY(told.clock.agreement_id, "ISA-SAFE");
    told.clock.agreement_version = 1;
    TEXT_COPY(told.clock.clause, "referral");
    TEXT_COPY(told.clock.role, "duty manager");
    TEXT_COPY(told.clock.owed_by, agencies[CSC]);
    TEXT_COPY(told.clock.owed_to, agencies[NPS]);
    told.clock.due_ms = told.clock.at_ms = town_now(town);
    told.clock.count = 1;
    return told;
}

static const Concordat__Response *alarms_of(struct town *town, bool all, uint64_t seen)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    alarms.all = all;
    alarms.seen = seen;
    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = &alarms;
    return town_ask(town, NPS, &request);
}

static void wait_for_inbox(struct town *town)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    town_ask_later(town, NPS, &request);
}

static void an_alarm_stands_until_somebody_has_seen_it(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct told told = an_alarm(town);

    town_mischief(town)->twice = true;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(alarms_of(town, false, 0)->n_alarms, 1);
    assert_string_equal(town_inbox(town, NPS)->alarms[0]->role, "duty manager");
    wait_for_inbox(town);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS)); /* the one that stands is nothing new */
    told.clock.count = 2;
    told.clock.at_ms += 15 * 60000;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 2);
    town_restart(town, NPS);
    assert_int_equal(alarms_of(town, false, 0)->n_alarms, 2);
    assert_int_equal(alarms_of(town, false, 0)->alarms[0]->count, 2); /* the newest first */
    assert_int_equal(alarms_of(town, false, 2)->n_alarms, 1);
    assert_int_equal(alarms_of(town, false, 9)->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_int_equal(alarms_of(town, true, 0)->n_alarms, 2);
    assert_true(alarms_of(town, true, 0)->alarms[0]->seen);
    assert_int_equal(town_inbox(town, NPS)->n_alarms, 1);
}

/* ---- waiting ---- */

static void wait_for_alarms(struct town *town, uint64_t after, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    alarms.after = after;
    alarms.wait_ms = wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = &alarms;
    town_ask_later(town, NPS, &request);
    town_turns(town, 1);
}

static void an_alarm_is_waited_for(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct told told = an_alarm(town);

    wait_for_alarms(town, 0, 60000);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS));
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 1);
    wait_for_alarms(town, 0, 60000);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 1); /* it stands */
    wait_for_alarms(town, 1, 60000);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_null(town_reply(town, NPS)); /* told again: nothing new */
    told.clock.count = 2;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 1);
    assert_int_equal(town_reply(town, NPS)->alarms[0]->number, 2);
    wait_for_alarms(town, 1, 60000);
    assert_int_equal(town_reply(town, NPS)->alarms[0]->number, 2); /* none is missed between two */
    wait_for_alarms(town, 2, 5000);
    town_wait(town, 6000);
    assert_int_equal(town_reply(town, NPS)->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 0);
}

static void wait_for_case(struct town *town, const struct id *handle, uint64_t mark,
                          uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    cases.case_handle = field_of(handle);
    cases.mark = mark;
    cases.wait_ms = wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    town_ask_later(town, NPS, &request);
    town_turns(town, 1);
}

static void a_change_of_custody_is_waited_for(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id handle = opened(town), transfer = {{7}};
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED, agencies[NPS], 2);
    uint64_t mark;

    wait_for_case(town, &handle, 0, 60000);
    (void)opened(town);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS)); /* another case */
    told.custody.transfer_id = transfer;
    told.custody.components = 3;
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_string_equal(town_reply(town, NPS)->custody->offered_to, agencies[CRC]);
    mark = town_reply(town, NPS)->mark;
    town_restart(town, NPS);
    wait_for_case(town, &handle, mark, 60000);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_null(town_reply(town, NPS)); /* told again: nothing new */
    told.custody.change = CONCORDAT__CUSTODY_CHANGE__CASE_COMPONENTS_ACCEPTED;
    told.custody.components = 2;
    told.custody.at_ms = town_now(town) + 1;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->custody->accepted, 2);
    wait_for_case(town, &handle, mark, 60000); /* no change is missed between two */
    assert_int_equal(town_reply(town, NPS)->custody->accepted, 2);
    assert_true(town_reply(town, NPS)->mark != mark);
    mark = town_reply(town, NPS)->mark;
    wait_for_case(town, &handle, mark, 60000);
    moved(town, &handle, &transfer, NULL, 0, 1U << NPS);
    assert_string_equal(town_reply(town, NPS)->custody->holder, agencies[CRC]);
    mark = town_reply(town, NPS)->mark;
    wait_for_case(town, &handle, mark, 5000);
    town_wait(town, 6000);
    assert_true(town_reply(town, NPS)->mark == mark); /* as it still is */
    assert_string_equal(town_reply(town, NPS)->custody->holder, agencies[CRC]);
}

/* Of a case that nothing is known of here, too. */
static void a_case_that_is_to_come_is_waited_for(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id handle = id_random();
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OPENED, agencies[NPS], 1);

    wait_for_case(town, &handle, 0, 60000);
    town_settle(town);
    assert_null(town_reply(town, NPS));
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_string_equal(town_reply(town, NPS)->custody->holder, agencies[NPS]);
}

static void the_broker_is_waited_for(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    status.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
    assert_true(town_ask(town, NPS, &request)->status->connected); /* it is there */
    town_disconnect(town, NPS);
    town_ask_later(town, NPS, &request);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS));
    town_connect(town, NPS);
    town_settle(town);
    assert_non_null(town_reply(town, NPS));
    assert_true(town_reply(town, NPS)->status->connected);
    town_disconnect(town, NPS);
    status.wait_ms = 5000;
    town_ask_later(town, NPS, &request);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS));
    town_wait(town, 6000);
    assert_non_null(town_reply(town, NPS));
    assert_false(town_reply(town, NPS)->status->connected);
}

int handover_alarm_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_stands_until_somebody_has_seen_it),
        cmocka_unit_test(an_alarm_is_waited_for),
        cmocka_unit_test(a_change_of_custody_is_waited_for),
        cmocka_unit_test(a_case_that_is_to_come_is_waited_for),
        cmocka_unit_test(the_broker_is_waited_for),
    };
    return cmocka_run_group_tests_name("alarms", tests, NULL, NULL);
}
