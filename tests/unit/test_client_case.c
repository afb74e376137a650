/* What a program asks of cases and their times reaches the agent whole, and comes back whole. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/client.h"
#include "proto/local.pb-c.h"

/* Stands where the agent does: takes one request, keeps it, and gives what it was told to. */
struct stand_in {
    char folder[64], path[96];
    void *zmq, *socket;
    pthread_t thread;
    const Concordat__Response *says; /* borrowed */
    Concordat__Request *asked;       /* owned; read after answered() */
    struct concordat *agent;
};

static void *serve(void *context)
{
    struct stand_in *s = context;
    size_t size = concordat__response__get_packed_size(s->says);
    uint8_t *reply = malloc(size + 1);
    zmq_msg_t msg;

    (void)zmq_msg_init(&msg);
    if (reply && zmq_msg_recv(&msg, s->socket, 0) >= 0) {
        s->asked = concordat__request__unpack(NULL, zmq_msg_size(&msg), zmq_msg_data(&msg));
        concordat__response__pack(s->says, reply);
        (void)zmq_send(s->socket, reply, size, 0);
    }
    (void)zmq_msg_close(&msg);
    free(reply);
    return NULL;
}

static int start(void **state)
{
    struct stand_in *s = calloc(1, sizeof *s);
    char endpoint[112];

    (void)snprintf(s->folder, sizeof s->folder, "/tmp/concordat-case-XXXXXX");
    if (!mkdtemp(s->folder))
        return -1;
    (void)snprintf(s->path, sizeof s->path, "%s/agent.sock", s->folder);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", s->path);
    s->zmq = zmq_ctx_new();
    s->socket = zmq_socket(s->zmq, ZMQ_REP);
    s->agent = concordat_open(s->path);
    *state = s;
    return zmq_bind(s->socket, endpoint);
}

static int stop(void **state)
{
    struct stand_in *s = *state;

    concordat_close(s->agent);
    (void)zmq_close(s->socket);
    (void)zmq_ctx_term(s->zmq);
    if (s->asked)
        concordat__request__free_unpacked(s->asked, NULL);
    (void)unlink(s->path);
    (void)rmdir(s->folder);
    free(s);
    return 0;
}

static void will_say(struct stand_in *s, const Concordat__Response *response)
{
    s->says = response;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static const Concordat__Request *answered(struct stand_in *s)
{
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    assert_non_null(s->asked);
    assert_int_equal(s->asked->version, 1);
    return s->asked;
}

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static ProtobufCBinaryData bytes_of(const void *data, size_t size)
{
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
}

static const struct concordat_id handle = {{0xca, [15] = 0x5e}};
static const struct concordat_id transfer = {{0x7f, [15] = 0x01}};

static void a_claim_is_asked_for_and_custody_comes_back(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__CustodyState custody = CONCORDAT__CUSTODY_STATE__INIT;
    const Concordat__Request *asked;
    struct concordat_answer *a;

    custody.case_handle = bytes_of(&handle, sizeof handle);
    custody.holder = text("nps.cambs");
    custody.version = 1;
    custody.since_ms = 77;
    custody.from_broker = true;
    r.case_handle = custody.case_handle;
    r.custody = &custody;
    will_say(s, &r);
    a = concordat_hold(s->agent, &handle, CONCORDAT_IS_OVER, 250);
    asked = answered(s);
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
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;
    struct concordat_answer *a;

    will_say(s, &r);
    a = concordat_hold(s->agent, NULL, CONCORDAT_HOLDS, 0);
    asked = answered(s);
    assert_int_equal(asked->hold->kind, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    assert_int_equal(asked->hold->case_handle.len, 0);
    assert_null(a->custody);
    concordat_answer_free(a);
}

static void a_transfer_comes_back_component_by_component(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__CustodyState custody = CONCORDAT__CUSTODY_STATE__INIT;
    Concordat__TransferComponent order = CONCORDAT__TRANSFER_COMPONENT__INIT,
                                 *components[] = {&order};
    Concordat__TransferPart part = CONCORDAT__TRANSFER_PART__INIT, *parts[] = {&part};
    Concordat__Conversation open = CONCORDAT__CONVERSATION__INIT, *conversations[] = {&open};
    const uint8_t digest[32] = {0xd1, [31] = 0x9e};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    custody.transfer_id = bytes_of(&transfer, sizeof transfer);
    custody.offered_to = text("crc.bench");
    custody.reply_by_ms = 900;
    custody.offered = 4;
    custody.accepted = 1;
    custody.rejected = 2;
    order.number = 2;
    order.kind = text("ORDER");
    order.label = text("community order");
    order.state = text("rejected");
    order.reason = text("ADDRESS_NOT_VERIFIED");
    part.number = 9;
    part.kind = text("contact log");
    part.size = 1048576;
    part.sha256 = bytes_of(digest, sizeof digest);
    part.state = text("missing");
    open.conversation_id = bytes_of(&handle, sizeof handle);
    open.type = text("safeguarding.referral.child");
    open.with = text("csc.cambs");
    open.asked_by_us = true;
    open.next = 3;
    open.state = text("open");
    custody.manifest_id = bytes_of(&handle, sizeof handle);
    custody.manifest_sha256 = part.sha256;
    custody.components = components;
    custody.parts = parts;
    custody.conversations = conversations;
    custody.n_components = custody.n_parts = custody.n_conversations = 1;
    r.custody = &custody;
    will_say(s, &r);
    a = concordat_holder(s->agent, &handle, 40);
    asked = answered(s);
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
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Due ours = CONCORDAT__DUE__INIT, theirs = CONCORDAT__DUE__INIT,
                   *due[] = {&ours, &theirs};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    ours.due_ms = 5;
    ours.what = text("forward");
    ours.by_us = true;
    ours.overdue = true;
    ours.note = text("no clause permits it");
    theirs.due_ms = 6;
    theirs.what = text("answer");
    theirs.other = text("csc.cambs");
    theirs.type = text("check.childrens_services.request");
    theirs.expected = text("check.childrens_services.answer");
    theirs.role = text("team manager");
    theirs.case_handle = bytes_of(&handle, sizeof handle);
    r.due = due;
    r.n_due = 2;
    will_say(s, &r);
    a = concordat_due(s->agent, 12, true);
    asked = answered(s);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_DUE);
    assert_int_equal(asked->due->limit, 12);
    assert_true(asked->due->all);

    assert_int_equal(a->due_count, 2);
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
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Alarm alarm = CONCORDAT__ALARM__INIT, *alarms[] = {&alarm};
    const Concordat__Request *asked;
    struct concordat_answer *a;

    alarm.number = 41;
    alarm.at_ms = 10;
    alarm.due_ms = 9;
    alarm.kind = text("open");
    alarm.stage = text("escalated");
    alarm.role = text("emergency duty team");
    alarm.owed_by = text("csc.cambs");
    alarm.owed_to = text("nps.cambs");
    alarm.agreement_id = text("ISA-SAFE");
    alarm.agreement_version = 3;
    alarm.clause = text("referral-child");
    alarm.message_id = bytes_of(&transfer, sizeof transfer);
    alarm.count = 2;
    alarm.seen = true;
    r.alarms = alarms;
    r.n_alarms = 1;
    will_say(s, &r);
    a = concordat_seen(s->agent, UINT64_C(1) << 40);
    asked = answered(s);
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
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;

    will_say(s, &r);
    concordat_answer_free(concordat_alarms(s->agent, 7, true));
    asked = answered(s);
    assert_int_equal(asked->alarms->limit, 7);
    assert_true(asked->alarms->all);
    assert_true(asked->alarms->seen == 0);
}

static void a_message_names_its_transfer_and_conversation(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Request *asked;

    will_say(s, &r);
    concordat_answer_free(
        concordat_send(s->agent, &(struct concordat_message){.type = "case.transfer.accept",
                                                             .to = "nps.cambs",
                                                             .json = "{}",
                                                             .json_size = 2,
                                                             .transfer_id = transfer,
                                                             .conversation_id = handle}));
    asked = answered(s);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_SEND);
    assert_memory_equal(asked->send->transfer_id.data, &transfer, 16);
    assert_memory_equal(asked->send->conversation_id.data, &handle, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_asked_for_and_custody_comes_back, start, stop),
        cmocka_unit_test_setup_teardown(a_case_without_a_handle_is_the_agents_to_name, start, stop),
        cmocka_unit_test_setup_teardown(a_transfer_comes_back_component_by_component, start, stop),
        cmocka_unit_test_setup_teardown(what_is_due_comes_back_with_whose_it_is, start, stop),
        cmocka_unit_test_setup_teardown(an_alarm_comes_back_and_can_be_seen, start, stop),
        cmocka_unit_test_setup_teardown(listing_alarms_sees_none_of_them, start, stop),
        cmocka_unit_test_setup_teardown(a_message_names_its_transfer_and_conversation, start, stop),
    };
    return cmocka_run_group_tests_name("client_case", tests, NULL, NULL);
}
