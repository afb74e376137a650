/* The client and the local interface: what is asked arrives, what is answered comes back whole. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/client.h"
#include "agents/local.h"
#include "agents/stage.h"
#include "lib/clock.h"
#include "lib/id.h"
#include "proto/local.pb-c.h"

/* A keeper of a few lines: it answers each request with what `answer` makes of it. */
struct stand_in {
    char folder[64], path[96];
    void *zmq;
    struct pipe *local, *keeper;
    struct local *served;
    pthread_t local_thread, keeper_thread;
    atomic_bool stop;
    atomic_uint requests;
};

static void give(struct stand_in *s, const struct stage_local *to, const Concordat__Response *r)
{
    size_t size = concordat__response__get_packed_size(r);
    struct stage_local *reply = malloc(sizeof *reply + to->route_size + size);

    reply->kind = STAGE_REPLY;
    reply->route_size = to->route_size;
    reply->size = (uint32_t)size;
    memcpy(reply->bytes, to->bytes, to->route_size);
    concordat__response__pack(r, reply->bytes + to->route_size);
    while (pipe_give(s->keeper, reply, sizeof *reply + to->route_size + size) == ST_MORE)
        (void)sched_yield(); /* the other thread is taking */
}

static void answer(struct stand_in *s, const struct stage_local *stage)
{
    Concordat__Request *request =
        concordat__request__unpack(NULL, stage->size, stage->bytes + stage->route_size);
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Refusal refusal = CONCORDAT__REFUSAL__INIT;
    Concordat__DataCategory health = CONCORDAT__DATA_CATEGORY__DC_HEALTH_MENTAL;
    Concordat__Item item = CONCORDAT__ITEM__INIT, *items[] = {&item};
    Concordat__Rung rung = CONCORDAT__RUNG__INIT, *rungs[] = {&rung};
    Concordat__Case one = CONCORDAT__CASE__INIT, *cases[] = {&one};
    uint8_t id[16] = {0xab, [15] = 0xcd};

    r.version = 1;
    if (request->kind_case == CONCORDAT__REQUEST__KIND_SEND) {
        r.outcome = CONCORDAT__OUTCOME__REFUSED;
        r.refusal = &refusal;
        refusal.code = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
        refusal.offending = &health;
        refusal.n_offending = 1;
        r.advice = request->send->json;
        if (request->send->agreement[0])
            r.advice = request->send->agreement;
        if (request->send->break_glass)
            refusal.code = CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS;
    } else if (request->kind_case == CONCORDAT__REQUEST__KIND_INBOX) {
        r.items = items;
        r.n_items = 1;
        item.message_id = (ProtobufCBinaryData){sizeof id, id};
        item.type = (char *)(uintptr_t) "psr.request";
        item.rungs = rungs;
        item.n_rungs = 1;
        item.shared = &health;
        item.n_shared = 1;
        rung.name = (char *)(uintptr_t) "delivered";
        rung.verified = true;
        rung.late = true;
        item.sequence = 2;
        item.answer = (ProtobufCBinaryData){sizeof id, id};
        item.late = true;
        item.late_ms = 7800000;
        item.overdue = true;
        item.break_glass = true;
    } else if (request->kind_case == CONCORDAT__REQUEST__KIND_CASES) {
        r.cases = cases;
        r.n_cases = 1;
        one.case_handle = request->cases->case_handle;
        one.messages = request->cases->limit;
        one.last_ms = 5;
        r.more = true;
    }
    if (request->kind_case != CONCORDAT__REQUEST__KIND_STATUS) /* nobody answers that one */
        give(s, stage, &r);
    concordat__request__free_unpacked(request, NULL);
}

static void *keep(void *context)
{
    struct stand_in *s = context;

    while (!s->stop) {
        zmq_msg_t msg;

        if (pipe_take(s->keeper, &msg) != ST_OK) {
            struct pollfd more = {pipe_fd(s->keeper), POLLIN, 0};
            (void)poll(&more, 1, 100); /* or until it is told to stop */
            continue;
        }
        s->requests++;
        answer(s, zmq_msg_data(&msg));
        (void)zmq_msg_close(&msg);
    }
    struct stage_signal *signal = malloc(sizeof *signal);
    signal->kind = STAGE_STOP;
    (void)pipe_give(s->keeper, signal, sizeof *signal);
    return NULL;
}

static int start(void **state)
{
    struct stand_in *s = calloc(1, sizeof *s);
    struct reason why = {""};

    (void)snprintf(s->folder, sizeof s->folder, "/tmp/concordat-local-XXXXXX");
    if (!mkdtemp(s->folder))
        return -1;
    (void)snprintf(s->path, sizeof s->path, "%s/agent.sock", s->folder);
    s->zmq = zmq_ctx_new();
    s->local = pipe_bind(s->zmq, "test.local", 16);
    s->keeper = pipe_connect(s->zmq, "test.local", 16);
    if (local_open(s->zmq, s->path, s->local, &s->served, &why) != ST_OK)
        return -1;
    (void)pthread_create(&s->local_thread, NULL, local_run, s->served);
    (void)pthread_create(&s->keeper_thread, NULL, keep, s);
    *state = s;
    return 0;
}

static int stop(void **state)
{
    struct stand_in *s = *state;

    s->stop = true;
    (void)pthread_join(s->keeper_thread, NULL);
    (void)pthread_join(s->local_thread, NULL);
    local_free(s->served);
    pipe_free(s->keeper);
    (void)zmq_ctx_term(s->zmq);
    if (access(s->path, F_OK) == 0)
        return -1; /* the socket file goes with the agent */
    (void)rmdir(s->folder);
    free(s);
    return 0;
}

static void the_socket_is_its_owners_alone(void **state)
{
    struct stand_in *s = *state;
    struct stat info;

    assert_int_equal(stat(s->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void an_answer_comes_back_whole(void **state)
{
    struct stand_in *s = *state;
    struct concordat *agent = concordat_open(s->path);
    struct concordat_answer *a = concordat_send(
        agent, &(struct concordat_message){
                   .type = "psr.request", .to = "nps.cambs", .json = "{}", .json_size = 2});

    assert_int_equal(a->outcome, CONCORDAT_REFUSED);
    assert_non_null(a->refusal);
    assert_string_equal(a->refusal->code, "CATEGORY_NOT_COVERED");
    assert_string_equal(a->refusal->offending[0], "DC_HEALTH_MENTAL");
    assert_string_equal(a->refusal->advice, "{}");
    concordat_answer_free(a);
    a = concordat_inbox(agent, 0, 0, false);
    assert_int_equal(a->outcome, CONCORDAT_DONE);
    assert_int_equal(a->item_count, 1);
    assert_string_equal(a->items[0].type, "psr.request");
    assert_int_equal(a->items[0].message_id.bytes[0], 0xab);
    assert_string_equal(a->items[0].shared[0], "DC_HEALTH_MENTAL");
    assert_string_equal(a->items[0].rungs[0].name, "delivered");
    assert_true(a->items[0].rungs[0].verified);
    assert_true(a->items[0].rungs[0].late);
    assert_int_equal(a->items[0].sequence, 2);
    assert_int_equal(a->items[0].answer.bytes[15], 0xcd);
    assert_true(a->items[0].late);
    assert_int_equal(a->items[0].late_ms, 7800000);
    assert_true(a->items[0].overdue);
    assert_true(a->items[0].break_glass);
    assert_false(a->more);
    assert_int_equal(a->case_count, 0);
    assert_string_equal(a->json, "");
    concordat_answer_free(a);
    concordat_close(agent);
}

static void cases_and_a_named_agreement_pass_both_ways(void **state)
{
    struct stand_in *s = *state;
    struct concordat *agent = concordat_open(s->path);
    struct concordat_id handle = {{7, [15] = 9}};
    struct concordat_answer *a = concordat_case(agent, &handle, 12);

    assert_int_equal(a->outcome, CONCORDAT_DONE);
    assert_int_equal(a->case_count, 1);
    assert_memory_equal(&a->cases[0].handle, &handle, sizeof handle);
    assert_int_equal(a->cases[0].message_count, 12);
    assert_int_equal(a->cases[0].last_ms, 5);
    assert_true(a->more);
    concordat_answer_free(a);
    a = concordat_case(agent, NULL, 0);
    assert_true(concordat_id_is_none(&a->cases[0].handle));
    concordat_answer_free(a);
    a = concordat_send(agent, &(struct concordat_message){.type = "psr.request",
                                                          .to = "nps.cambs",
                                                          .json = "{}",
                                                          .json_size = 2,
                                                          .agreement = "ISA-COURT"});
    assert_string_equal(a->refusal->advice, "ISA-COURT");
    concordat_answer_free(a);
    a = concordat_send(agent, &(struct concordat_message){.type = "risk.change.notice",
                                                          .to = "police.35",
                                                          .json = "{}",
                                                          .json_size = 2,
                                                          .break_glass = true});
    assert_string_equal(a->refusal->code, "BREAK_GLASS_OFFICERS");
    concordat_answer_free(a);
    concordat_close(agent);
}

static void a_megabyte_goes_through(void **state)
{
    struct stand_in *s = *state;
    struct concordat *agent = concordat_open(s->path);
    size_t size = 6u << 20;
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    struct concordat_answer *a = concordat_send(
        agent,
        &(struct concordat_message){.type = "t", .to = "u", .json = text, .json_size = size});
    assert_int_equal(strlen(a->refusal->advice), size);
    concordat_answer_free(a);
    free(text);
    concordat_close(agent);
}

static void an_agent_that_is_not_there_is_said_so(void **)
{
    struct concordat *agent = concordat_open("/tmp/concordat-nobody.sock");
    struct concordat_answer *a = concordat_status(agent);

    assert_int_equal(a->outcome, CONCORDAT_FAILED);
    assert_int_equal(a->problem_count, 1);
    assert_string_equal(a->problems[0].where, "agent");
    concordat_answer_free(a);
    concordat_close(agent);
    char path[200];
    memset(path, 'a', sizeof path);
    path[199] = '\0';
    assert_null(concordat_open(path));
}

static void a_call_that_waits_ends_when_told_to_stop(void **state)
{
    struct stand_in *s = *state;
    struct concordat *agent = concordat_open(s->path), *nobody = concordat_open("/tmp/no.sock");
    struct concordat_answer *a;
    int stop[2];

    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(stop[1], "x", 1), 1);
    concordat_stop_on(agent, stop[0]);
    concordat_stop_on(nobody, stop[0]);
    a = concordat_status(agent); /* nobody answers that one */
    assert_int_equal(a->outcome, CONCORDAT_FAILED);
    assert_string_equal(a->problems[0].where, "stop");
    concordat_answer_free(a);
    a = concordat_status(nobody); /* nor is anybody reached here */
    assert_string_equal(a->problems[0].where, "stop");
    concordat_answer_free(a);
    concordat_stop_on(agent, -1);
    a = concordat_inbox(agent, 0, 0, false); /* and the connection is good for more */
    assert_int_equal(a->outcome, CONCORDAT_DONE);
    concordat_answer_free(a);
    concordat_close(agent);
    concordat_close(nobody);
    (void)close(stop[0]);
    (void)close(stop[1]);
}

struct caller {
    const char *path;
    struct concordat_answer *answer;
};

static void *wait_in_the_inbox(void *context)
{
    struct caller *caller = context;
    struct concordat *agent = concordat_open(caller->path);

    caller->answer = concordat_inbox(agent, 600000, 0, false);
    concordat_close(agent);
    return NULL;
}

static void a_call_ends_when_the_agent_goes_away(void **)
{
    char folder[] = "/tmp/concordat-gone-XXXXXX", path[64], endpoint[72];
    struct caller caller = {.path = path};
    void *zmq = zmq_ctx_new(), *router = zmq_socket(zmq, ZMQ_ROUTER);
    int linger = 0;
    pthread_t thread;
    zmq_msg_t frame;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/agent.sock", folder);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    (void)zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(router, endpoint), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_the_inbox, &caller), 0);
    (void)zmq_msg_init(&frame);
    assert_true(zmq_msg_recv(&frame, router, 0) >= 0); /* it has asked */
    (void)zmq_msg_close(&frame);
    (void)zmq_close(router);
    (void)zmq_ctx_term(zmq);
    (void)pthread_join(thread, NULL);
    assert_int_equal(caller.answer->outcome, CONCORDAT_FAILED);
    assert_string_equal(caller.answer->problems[0].where, "agent");
    assert_non_null(strstr(caller.answer->problems[0].text, "went away"));
    concordat_answer_free(caller.answer);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void malformed_requests_are_answered_and_go_no_further(void **state)
{
    static const uint8_t bad[][4] = {{0xff, 0xff, 0xff, 0xff}, {0x7a, 0x01, 0x00, 0x00}};
    struct stand_in *s = *state;
    void *dealer = zmq_socket(s->zmq, ZMQ_DEALER);
    char endpoint[128];
    int wait_ms = 5000, linger = 0;

    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", s->path);
    (void)zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    (void)zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_connect(dealer, endpoint), 0);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        Concordat__Response *r;
        uint8_t reply[1024];
        int size;

        /* A dealer need not send the empty frame that REQ does. */
        assert_true(zmq_send(dealer, bad[i], sizeof bad[i], 0) > 0);
        size = zmq_recv(dealer, reply, sizeof reply, 0);
        assert_true(size > 0);
        r = concordat__response__unpack(NULL, (size_t)size, reply);
        assert_non_null(r);
        assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
        concordat__response__free_unpacked(r, NULL);
    }
    assert_int_equal(s->requests, 0);
    (void)zmq_close(dealer);
}

static void a_folder_that_others_can_enter_is_refused(void **)
{
    char folder[] = "/tmp/concordat-open-XXXXXX", path[64];
    void *zmq = zmq_ctx_new();
    struct pipe *one = pipe_bind(zmq, "test.open", 4);
    struct local *local = NULL;
    struct reason why = {""};

    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/agent.sock", folder);
    assert_int_equal(local_open(zmq, path, one, &local, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "0700"));
    (void)zmq_ctx_term(zmq);
    (void)rmdir(folder);
}

static void ids_print_and_parse(void **)
{
    struct concordat_id id = {{0x01, 0x23, 0x45, [15] = 0xef}}, back;
    char text[CONCORDAT_ID_TEXT];

    concordat_id_print(&id, text);
    assert_string_equal(text, "01234500-0000-0000-0000-0000000000ef");
    assert_true(concordat_id_parse(text, &back));
    assert_memory_equal(&id, &back, sizeof id);
    assert_false(concordat_id_parse("01234500-0000-0000-0000-0000000000e", &back));
    assert_false(concordat_id_parse("01234500x0000-0000-0000-0000000000ef", &back));
    assert_false(concordat_id_is_none(&id));
}

static void new_ids_are_of_version_7_and_differ(void **)
{
    struct concordat_id one = concordat_id_new(), other = concordat_id_new();
    struct id same;

    memcpy(same.bytes, one.bytes, sizeof same.bytes);
    assert_memory_not_equal(&one, &other, sizeof one);
    assert_true(id_time_ms(&same) > 0 && llabs(id_time_ms(&same) - clock_wall_ms()) < 60000);
    assert_int_equal(one.bytes[8] & 0xc0, 0x80);
}

#define WITH_AGENT(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_AGENT(the_socket_is_its_owners_alone),
        WITH_AGENT(an_answer_comes_back_whole),
        WITH_AGENT(cases_and_a_named_agreement_pass_both_ways),
        WITH_AGENT(a_megabyte_goes_through),
        cmocka_unit_test(an_agent_that_is_not_there_is_said_so),
        WITH_AGENT(a_call_that_waits_ends_when_told_to_stop),
        cmocka_unit_test(a_call_ends_when_the_agent_goes_away),
        WITH_AGENT(malformed_requests_are_answered_and_go_no_further),
        cmocka_unit_test(a_folder_that_others_can_enter_is_refused),
        cmocka_unit_test(ids_print_and_parse),
        cmocka_unit_test(new_ids_are_of_version_7_and_differ),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
