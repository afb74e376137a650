/* What a program asks of cases and their times reaches the agent whole, and comes back whole. */
#include "tests/unit/stand_in.h"

#include <string.h>

struct talk {
    struct stand_in *stand_in;
    struct concordat *agent;
    const Concordat__Response *says;
};

static void will_say(struct talk *t, void **state, const Concordat__Response *response)
{
    t->stand_in = *state;
    t->says = response;
    t->agent = concordat_open(t->stand_in->path);
    stand_in_says(t->stand_in, &t->says, 1);
}

/* What it was asked; the connection is closed. */
static const Concordat__Request *answered(struct talk *t)
{
    concordat_close(t->agent);
    return stand_in_asked(t->stand_in, 0);
}

static const struct concordat_id handle = {{0xca, [15] = 0x5e}};
static const struct concordat_id transfer = {{0x7f, [15] = 0x01}};

static void a_claim_is_asked_for_and_custody_comes_back(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__CustodyState custody = CONCORDAT__CUSTODY_STATE__INIT;
    const Concordat__Request *asked;
    struct concordat_answer *a;

    custody.case_handle = unit_bytes(&handle, sizeof handle);
    custody.holder = unit_text("nps.cambs");
    custody.version = 1;
    custody.since_ms = 77;
    custody.from_broker = true;
    r.case_handle = custody.case_handle;
    r.custody = &custody;
    will_say(&t, state, &r);
    a = concordat_hold(t.agent, &handle, CONCORDAT_IS_OVER, 250);
    asked = answered(&t);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_HOLD);
    assert_int_equal(asked->hold->kind, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE);
    assert_int_equal(asked->hold->wait_ms, 250);
    assert_int_equal(asked->hold->case_handle.len, 16);
    assert_memory_equal(asked->hold->case_handle.data, &handle, 16);

    assert_int_equal(a->outcome, CONCORDAT_DONE);
    assert_memory_equal(&a->case_handle, &handle, sizeof handle);
    assert_non_null(a->custody);
    assert_memory_equal(&a->custody->case_handle, &handle, sizeof handle);
    assert_string_equal(a->custody->holder, "nps.cambs");
    assert_int_equal(a->custody->version, 1);
    assert_int_equal(a->custody->since_ms, 77);
    assert_true(a->custody->from_broker);
    assert_true(concordat_id_is_none(&a->custody->transfer_id));
    concordat_answer_free(a);
}

static void a_case_without_a_handle_is_the_agents_to_name(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;
    struct concordat_answer *a;

    will_say(&t, state, &r);
    a = concordat_hold(t.agent, NULL, CONCORDAT_HOLDS, 0);
    asked = answered(&t);
    assert_int_equal(asked->hold->kind, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    assert_int_equal(asked->hold->case_handle.len, 0);
    assert_null(a->custody);
    concordat_answer_free(a);
}

static void a_transfer_comes_back_component_by_component(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__CustodyState custody = CONCORDAT__CUSTODY_STATE__INIT;
    Concordat__TransferComponent order = CONCORDAT__TRANSFER_COMPONENT__INIT,
                                 *components[] = {&order};
    Concordat__TransferPart part = CONCORDAT__TRANSFER_PART__INIT, *parts[] = {&part};
    Concordat__Conversation open = CONCORDAT__CONVERSATION__INIT, *conversations[] = {&open};
    const uint8_t digest[32] = {0xd1, [31] = 0x9e};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    custody.transfer_id = unit_bytes(&transfer, sizeof transfer);
    custody.offered_to = unit_text("crc.bench");
    custody.reply_by_ms = 900;
    custody.offered = 4;
    custody.accepted = 1;
    custody.rejected = 2;
    order.number = 2;
    order.kind = unit_text("ORDER");
    order.label = unit_text("community order");
    order.state = unit_text("rejected");
    order.reason = unit_text("ADDRESS_NOT_VERIFIED");
    part.number = 9;
    part.kind = unit_text("contact log");
    part.size = 1048576;
    part.sha256 = unit_bytes(digest, sizeof digest);
    part.state = unit_text("missing");
    open.conversation_id = unit_bytes(&handle, sizeof handle);
    open.type = unit_text("safeguarding.referral.child");
    open.with = unit_text("csc.cambs");
    open.asked_by_us = true;
    open.next = 3;
    open.state = unit_text("open");
    custody.manifest_id = unit_bytes(&handle, sizeof handle);
    custody.manifest_sha256 = part.sha256;
    custody.components = components;
    custody.parts = parts;
    custody.conversations = conversations;
    custody.n_components = custody.n_parts = custody.n_conversations = 1;
    r.custody = &custody;
    will_say(&t, state, &r);
    a = concordat_holder(t.agent, &handle, 40);
    asked = answered(&t);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_HOLDER);
    assert_memory_equal(asked->holder->case_handle.data, &handle, 16);
    assert_int_equal(asked->holder->wait_ms, 40);

    assert_memory_equal(&a->custody->transfer_id, &transfer, sizeof transfer);
    assert_string_equal(a->custody->offered_to, "crc.bench");
    assert_int_equal(a->custody->reply_by_ms, 900);
    assert_int_equal(a->custody->offered, 4);
    assert_int_equal(a->custody->accepted, 1);
    assert_int_equal(a->custody->rejected, 2);
    assert_int_equal(a->custody->component_count, 1);
    assert_int_equal(a->custody->components[0].number, 2);
    assert_string_equal(a->custody->components[0].kind, "ORDER");
    assert_string_equal(a->custody->components[0].label, "community order");
    assert_string_equal(a->custody->components[0].state, "rejected");
    assert_string_equal(a->custody->components[0].reason, "ADDRESS_NOT_VERIFIED");
    assert_memory_equal(&a->custody->manifest_id, &handle, sizeof handle);
    assert_memory_equal(a->custody->manifest_sha256, digest, sizeof digest);
    assert_int_equal(a->custody->part_count, 1);
    assert_int_equal(a->custody->parts[0].number, 9);
    assert_int_equal(a->custody->parts[0].size, 1048576);
    assert_memory_equal(a->custody->parts[0].sha256, digest, sizeof digest);
    assert_string_equal(a->custody->parts[0].state, "missing");
    assert_int_equal(a->custody->conversation_count, 1);
    assert_memory_equal(&a->custody->conversations[0].id, &handle, sizeof handle);
    assert_string_equal(a->custody->conversations[0].with, "csc.cambs");
    assert_true(a->custody->conversations[0].asked_by_us);
    assert_int_equal(a->custody->conversations[0].next, 3);
    concordat_answer_free(a);
}

static void what_is_due_comes_back_with_whose_it_is(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Due ours = CONCORDAT__DUE__INIT, theirs = CONCORDAT__DUE__INIT,
                   *due[] = {&ours, &theirs};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    ours.due_ms = 5;
    ours.what = unit_text("forward");
    ours.by_us = true;
    ours.overdue = true;
    ours.note = unit_text("no clause permits it");
    theirs.due_ms = 6;
    theirs.what = unit_text("answer");
    theirs.other = unit_text("csc.cambs");
    theirs.type = unit_text("check.childrens_services.request");
    theirs.expected = unit_text("check.childrens_services.answer");
    theirs.role = unit_text("team manager");
    theirs.case_handle = unit_bytes(&handle, sizeof handle);
    r.due = due;
    r.n_due = 2;
    r.more = true;
    will_say(&t, state, &r);
    a = concordat_due(t.agent, 12);
    asked = answered(&t);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_DUE);
    assert_int_equal(asked->due->limit, 12);

    assert_int_equal(a->due_count, 2);
    assert_true(a->more);
    assert_true(a->due[0].by_us);
    assert_true(a->due[0].overdue);
    assert_string_equal(a->due[0].note, "no clause permits it");
    assert_true(concordat_id_is_none(&a->due[0].case_handle));
    assert_int_equal(a->due[1].due_ms, 6);
    assert_false(a->due[1].by_us);
    assert_string_equal(a->due[1].what, "answer");
    assert_string_equal(a->due[1].other, "csc.cambs");
    assert_string_equal(a->due[1].expected, "check.childrens_services.answer");
    assert_string_equal(a->due[1].role, "team manager");
    assert_memory_equal(&a->due[1].case_handle, &handle, sizeof handle);
    concordat_answer_free(a);
}

static void an_alarm_comes_back_and_can_be_seen(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Alarm alarm = CONCORDAT__ALARM__INIT, *alarms[] = {&alarm};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    alarm.number = 41;
    alarm.at_ms = 10;
    alarm.due_ms = 9;
    alarm.kind = unit_text("open");
    alarm.stage = unit_text("escalated");
    alarm.role = unit_text("emergency duty team");
    alarm.owed_by = unit_text("csc.cambs");
    alarm.owed_to = unit_text("nps.cambs");
    alarm.agreement_id = unit_text("ISA-SAFE");
    alarm.agreement_version = 3;
    alarm.clause = unit_text("referral-child");
    alarm.message_id = unit_bytes(&transfer, sizeof transfer);
    alarm.count = 2;
    alarm.seen = true;
    r.alarms = alarms;
    r.n_alarms = 1;
    will_say(&t, state, &r);
    a = concordat_seen(t.agent, UINT64_C(1) << 40);
    asked = answered(&t);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_ALARMS);
    assert_true(asked->alarms->seen == UINT64_C(1) << 40);
    assert_false(asked->alarms->all);

    assert_int_equal(a->alarm_count, 1);
    assert_int_equal(a->alarms[0].number, 41);
    assert_int_equal(a->alarms[0].at_ms, 10);
    assert_int_equal(a->alarms[0].due_ms, 9);
    assert_string_equal(a->alarms[0].kind, "open");
    assert_string_equal(a->alarms[0].stage, "escalated");
    assert_string_equal(a->alarms[0].role, "emergency duty team");
    assert_string_equal(a->alarms[0].owed_by, "csc.cambs");
    assert_string_equal(a->alarms[0].owed_to, "nps.cambs");
    assert_string_equal(a->alarms[0].agreement_id, "ISA-SAFE");
    assert_int_equal(a->alarms[0].agreement_version, 3);
    assert_string_equal(a->alarms[0].clause, "referral-child");
    assert_memory_equal(&a->alarms[0].message_id, &transfer, sizeof transfer);
    assert_int_equal(a->alarms[0].count, 2);
    assert_true(a->alarms[0].seen);
    concordat_answer_free(a);
}

static void listing_alarms_sees_none_of_them(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;

    will_say(&t, state, &r);
    concordat_answer_free(concordat_alarms(t.agent, 7, true));
    asked = answered(&t);
    assert_int_equal(asked->alarms->limit, 7);
    assert_true(asked->alarms->all);
    assert_true(asked->alarms->seen == 0);
}

static void alarms_are_waited_for(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;

    will_say(&t, state, &r);
    concordat_answer_free(concordat_alarms_await(t.agent, 7, true, UINT64_C(1) << 40, 20));
    asked = answered(&t);
    assert_int_equal(asked->alarms->limit, 7);
    assert_true(asked->alarms->all);
    assert_true(asked->alarms->after == UINT64_C(1) << 40);
    assert_int_equal(asked->alarms->wait_ms, 20);
}

static void a_case_is_waited_for(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;
    struct concordat_answer *a;

    r.mark = UINT64_MAX - 1;
    will_say(&t, state, &r);
    a = concordat_case_await(t.agent, &handle, 3, UINT64_C(1) << 63, 30);
    assert_true(a->mark == UINT64_MAX - 1);
    concordat_answer_free(a);
    asked = answered(&t);
    assert_memory_equal(asked->cases->case_handle.data, &handle, 16);
    assert_int_equal(asked->cases->limit, 3);
    assert_true(asked->cases->mark == UINT64_C(1) << 63);
    assert_int_equal(asked->cases->wait_ms, 30);
}

static void a_message_names_its_transfer_and_conversation(void **state)
{
    struct talk t;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;

    will_say(&t, state, &r);
    concordat_answer_free(
        concordat_send(t.agent, &(struct concordat_message){.type = "case.transfer.accept",
                                                            .to = "nps.cambs",
                                                            .json = "{}",
                                                            .json_size = 2,
                                                            .transfer_id = transfer,
                                                            .conversation_id = handle}));
    asked = answered(&t);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_SEND);
    assert_memory_equal(asked->send->transfer_id.data, &transfer, 16);
    assert_memory_equal(asked->send->conversation_id.data, &handle, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_asked_for_and_custody_comes_back, stand_in_start,
                                        stand_in_stop),
        cmocka_unit_test_setup_teardown(a_case_without_a_handle_is_the_agents_to_name,
                                        stand_in_start, stand_in_stop),
        cmocka_unit_test_setup_teardown(a_transfer_comes_back_component_by_component,
                                        stand_in_start, stand_in_stop),
        cmocka_unit_test_setup_teardown(what_is_due_comes_back_with_whose_it_is, stand_in_start,
                                        stand_in_stop),
        cmocka_unit_test_setup_teardown(an_alarm_comes_back_and_can_be_seen, stand_in_start,
                                        stand_in_stop),
        cmocka_unit_test_setup_teardown(listing_alarms_sees_none_of_them, stand_in_start,
                                        stand_in_stop),
        cmocka_unit_test_setup_teardown(alarms_are_waited_for, stand_in_start, stand_in_stop),
        cmocka_unit_test_setup_teardown(a_case_is_waited_for, stand_in_start, stand_in_stop),
        cmocka_unit_test_setup_teardown(a_message_names_its_transfer_and_conversation,
                                        stand_in_start, stand_in_stop),
    };
    return cmocka_run_group_tests_name("client_case", tests, NULL, NULL);
}
