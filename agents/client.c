#include "agents/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "agents/client_answer.h"
#include "proto/local.pb-c.h"

#define PATH_MAX_BYTES 107   /* sun_path of unix(7) less its NUL */
#define CONNECT_MS 3000      /* an agent that is up takes a request at once */
#define ANSWER_MS 15000      /* beyond what the request itself waits for */
#define DEFAULT_SEND_MS 5000 /* what the agent waits when wait_ms is 0 */
#define RESPONSE_MAX ((int64_t)64 * 1024 * 1024)

struct concordat {
    void *zmq, *socket;
    void *gone;       /* readable when the agent has hung up */
    unsigned dialled; /* how often: each monitor has a name of its own */
    char path[PATH_MAX_BYTES + 1];
    int stop_fd; /* the caller's, or -1 */
};

/* ---- the connection ---- */

struct concordat *concordat_open(const char *socket)
{
    struct concordat *agent;

    if (strlen(socket) > PATH_MAX_BYTES)
        return NULL;
    agent = calloc(1, sizeof *agent);
    if (!agent)
        return NULL;
    memcpy(agent->path, socket, strlen(socket) + 1);
    agent->stop_fd = -1;
    agent->zmq = zmq_ctx_new();
    if (!agent->zmq) {
        free(agent);
        return NULL;
    }
    return agent;
}

static void hang_up(struct concordat *agent)
{
    if (agent->gone)
        zmq_close(agent->gone);
    if (agent->socket)
        zmq_close(agent->socket);
    agent->socket = agent->gone = NULL;
}

void concordat_close(struct concordat *agent)
{
    if (!agent)
        return;
    hang_up(agent);
    zmq_ctx_term(agent->zmq);
    free(agent);
}

void concordat_stop_on(struct concordat *agent, int fd)
{
    agent->stop_fd = fd;
}

/* A REQ socket never learns that its peer has gone, and would wait for an answer that cannot come.
 */
static bool watch(struct concordat *agent)
{
    char endpoint[64];
    int linger = 0;

    (void)snprintf(endpoint, sizeof endpoint, "inproc://concordat.gone.%u", agent->dialled++);
    if (zmq_socket_monitor(agent->socket, endpoint, ZMQ_EVENT_DISCONNECTED) != 0)
        return false;
    agent->gone = zmq_socket(agent->zmq, ZMQ_PAIR);
    return agent->gone && zmq_setsockopt(agent->gone, ZMQ_LINGER, &linger, sizeof linger) == 0
        && zmq_connect(agent->gone, endpoint) == 0;
}

static bool dial(struct concordat *agent)
{
    char endpoint[sizeof "ipc://" + PATH_MAX_BYTES];
    int immediate = 1, linger = 0;
    int64_t size_max = RESPONSE_MAX;

    if (agent->socket)
        return true;
    agent->socket = zmq_socket(agent->zmq, ZMQ_REQ);
    if (!agent->socket)
        return false;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", agent->path);
    if (zmq_setsockopt(agent->socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) != 0
        || zmq_setsockopt(agent->socket, ZMQ_LINGER, &linger, sizeof linger) != 0
        || zmq_setsockopt(agent->socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0
        || !watch(agent) || zmq_connect(agent->socket, endpoint) != 0) {
        hang_up(agent);
        return false;
    }
    return true;
}

/* ---- one request, one answer ---- */

static struct concordat_answer *lost(struct concordat *agent, const char *text)
{
    hang_up(agent); /* a reply that comes late must not be taken for the next one's */
    return client_answer_trouble(CONCORDAT_FAILED, "agent", text, agent->path);
}

enum ready {
    READY,
    NOT_READY,
    GONE,
    STOPPED
};

/* Until the socket takes (ZMQ_POLLOUT) or has something (ZMQ_POLLIN), the agent has gone from whom
 * it is wanted, or we are told to stop. */
static enum ready wait_ready(struct concordat *agent, short wanted, int ms)
{
    zmq_pollitem_t items[3] = {{agent->socket, -1, wanted, 0}};
    int count = 1;

    if (agent->stop_fd >= 0)
        items[count++] = (zmq_pollitem_t){NULL, agent->stop_fd, ZMQ_POLLIN, 0};
    if (wanted == ZMQ_POLLIN)
        items[count++] = (zmq_pollitem_t){agent->gone, -1, ZMQ_POLLIN, 0};
    if (zmq_poll(items, count, ms) <= 0)
        return NOT_READY;
    if (items[0].revents & wanted)
        return READY;
    return agent->stop_fd >= 0 && items[1].revents ? STOPPED : GONE;
}

/* The agent may have come and gone since the last request: what matters is whether it goes now. */
static void forget_hangups(struct concordat *agent)
{
    while (zmq_recv(agent->gone, NULL, 0, ZMQ_DONTWAIT) >= 0) {
    }
}

static struct concordat_answer *not_ready(struct concordat *agent, enum ready why, const char *text)
{
    if (why != STOPPED)
        return lost(agent, why == GONE ? "went away: " : text);
    hang_up(agent);
    return client_answer_trouble(CONCORDAT_FAILED, "stop", "told to stop while waiting for ",
                                 agent->path);
}

static struct concordat_answer *ask(struct concordat *agent, Concordat__Request *request,
                                    uint32_t wait_ms)
{
    int receive_ms = (int)(wait_ms < 3600000 ? wait_ms : 3600000) + ANSWER_MS;
    struct concordat_answer *answer;
    enum ready ready;
    size_t size;
    zmq_msg_t msg;

    if (!dial(agent))
        return client_answer_trouble(CONCORDAT_FAILED, "agent", "cannot make a socket for ",
                                     agent->path);
    ready = wait_ready(agent, ZMQ_POLLOUT, CONNECT_MS);
    if (ready != READY)
        return not_ready(agent, ready, "nothing answers at ");
    forget_hangups(agent);
    request->version = 1;
    size = concordat__request__get_packed_size(request);
    if (zmq_msg_init_size(&msg, size) != 0)
        return client_answer_no_memory();
    concordat__request__pack(request, zmq_msg_data(&msg));
    if (zmq_msg_send(&msg, agent->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return lost(agent, "nothing answers at ");
    }
    ready = wait_ready(agent, ZMQ_POLLIN, receive_ms);
    if (ready != READY)
        return not_ready(agent, ready, "gave no answer in time: ");
    if (zmq_msg_init(&msg) != 0 || zmq_msg_recv(&msg, agent->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&msg);
        return lost(agent, "gave no answer in time: ");
    }
    answer = client_answer_read(zmq_msg_data(&msg), zmq_msg_size(&msg));
    zmq_msg_close(&msg);
    return answer;
}

static ProtobufCBinaryData binary(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static ProtobufCBinaryData binary_id(const struct concordat_id *id)
{
    return binary(id->bytes, concordat_id_is_none(id) ? 0 : sizeof id->bytes);
}

/* Generated structs have plain `char *`, though packing never writes to them. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

static struct concordat_answer *send_as(struct concordat *agent,
                                        const struct concordat_message *message, bool reply)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    struct concordat_answer *answer;
    char *json = NULL;

    send.type = text_of(message->type);
    send.to = text_of(message->to);
    if (message->json) {
        json = strndup(message->json, message->json_size);
        if (!json)
            return client_answer_no_memory();
        if (strlen(json) != message->json_size) {
            free(json);
            return client_answer_trouble(CONCORDAT_BAD_INPUT, "body", "holds a NUL byte", "");
        }
        send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
        send.json = json;
    } else {
        send.body_case = CONCORDAT__SEND_REQUEST__BODY_PROTOBUF;
        send.protobuf = binary(message->protobuf, message->protobuf_size);
    }
    send.purpose = text_of(message->purpose);
    send.case_handle = binary_id(&message->case_handle);
    send.new_case = message->new_case;
    send.in_reply_to = binary_id(&message->in_reply_to);
    send.officer = text_of(message->officer);
    send.needed_by_ms = message->needed_by_ms;
    send.message_id = binary_id(&message->message_id);
    send.wait_ms = message->wait_ms;
    send.expires_days = message->expires_days;
    send.agreement = text_of(message->agreement);
    send.justification = text_of(message->justification);
    send.break_glass = message->break_glass;
    if (reply) {
        request.kind_case = CONCORDAT__REQUEST__KIND_ANSWER;
        request.answer = &send;
    } else {
        request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
        request.send = &send;
    }
    answer = ask(agent, &request, message->wait_ms ? message->wait_ms : DEFAULT_SEND_MS);
    free(json);
    return answer;
}

struct concordat_answer *concordat_send(struct concordat *agent,
                                        const struct concordat_message *message)
{
    return send_as(agent, message, false);
}

struct concordat_answer *concordat_reply(struct concordat *agent,
                                         const struct concordat_message *message)
{
    return send_as(agent, message, true);
}

static struct concordat_answer *ask_inbox(struct concordat *agent, Concordat__InboxRequest *inbox)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = inbox;
    return ask(agent, &request, inbox->wait_ms);
}

struct concordat_answer *concordat_inbox(struct concordat *agent, uint32_t wait_ms, uint32_t limit,
                                         bool all)
{
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = wait_ms;
    inbox.limit = limit;
    inbox.all = all;
    return ask_inbox(agent, &inbox);
}

struct concordat_answer *concordat_inbox_older(struct concordat *agent, uint64_t next,
                                               uint32_t limit)
{
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.limit = limit;
    inbox.all = true;
    inbox.before = next;
    return ask_inbox(agent, &inbox);
}

struct concordat_answer *concordat_take(struct concordat *agent, const struct concordat_id *message)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__OpenRequest open = CONCORDAT__OPEN_REQUEST__INIT;

    open.message_id = binary_id(message);
    request.kind_case = CONCORDAT__REQUEST__KIND_OPEN;
    request.open = &open;
    return ask(agent, &request, 0);
}

static struct concordat_answer *act(struct concordat *agent, const struct concordat_id *message,
                                    Concordat__StepKind step, Concordat__DeclineReason reason)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__ActRequest action = CONCORDAT__ACT_REQUEST__INIT;

    action.message_id = binary_id(message);
    action.step = step;
    action.reason = reason;
    request.kind_case = CONCORDAT__REQUEST__KIND_ACT;
    request.act = &action;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_acknowledge(struct concordat *agent,
                                               const struct concordat_id *message)
{
    return act(agent, message, CONCORDAT__STEP_KIND__ACKNOWLEDGED,
               CONCORDAT__DECLINE_REASON__DECLINE_UNSPECIFIED);
}

struct concordat_answer *concordat_decline(struct concordat *agent,
                                           const struct concordat_id *message,
                                           enum concordat_decline reason)
{
    return act(agent, message, CONCORDAT__STEP_KIND__DECLINED, (Concordat__DeclineReason)reason);
}

struct concordat_answer *concordat_track(struct concordat *agent,
                                         const struct concordat_id *message, uint32_t limit,
                                         const char *until, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    if (message)
        track.message_id = binary_id(message);
    track.limit = limit;
    track.until = text_of(until);
    track.wait_ms = until ? wait_ms : 0;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    return ask(agent, &request, track.wait_ms);
}

struct concordat_answer *concordat_track_older(struct concordat *agent, uint64_t next,
                                               uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    track.limit = limit;
    track.before = next;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_case(struct concordat *agent, const struct concordat_id *handle,
                                        uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    if (handle)
        cases.case_handle = binary_id(handle);
    cases.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_agreements(struct concordat *agent, const char *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AgreementsRequest agreements = CONCORDAT__AGREEMENTS_REQUEST__INIT;

    agreements.id = text_of(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_AGREEMENTS;
    request.agreements = &agreements;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_notices(struct concordat *agent, uint64_t since)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__NoticesRequest notices = CONCORDAT__NOTICES_REQUEST__INIT;

    notices.since = since;
    request.kind_case = CONCORDAT__REQUEST__KIND_NOTICES;
    request.notices = &notices;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_publish(struct concordat *agent, const void *instrument,
                                           size_t size, const char *text)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__PublishRequest publish = CONCORDAT__PUBLISH_REQUEST__INIT;

    publish.instrument = binary(instrument, size);
    publish.text = text_of(text);
    request.kind_case = CONCORDAT__REQUEST__KIND_PUBLISH;
    request.publish = &publish;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_status(struct concordat *agent)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_refusals(struct concordat *agent, int64_t since_ms,
                                            int64_t before_ms, uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__RefusalsRequest refusals = CONCORDAT__REFUSALS_REQUEST__INIT;

    refusals.since_ms = since_ms;
    refusals.before_ms = before_ms;
    refusals.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_REFUSALS;
    request.refusals = &refusals;
    return ask(agent, &request, 0);
}

struct concordat_answer *concordat_derive(struct concordat *agent,
                                          const struct concordat_seed *seed)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DeriveRequest derive = CONCORDAT__DERIVE_REQUEST__INIT;

    derive.message_of = binary(seed->message, seed->message ? seed->message_size : 0);
    derive.case_of = binary(seed->about, seed->about ? seed->about_size : 0);
    derive.at_ms = seed->at_ms;
    derive.place_of = binary(seed->place, seed->place ? seed->place_size : 0);
    request.kind_case = CONCORDAT__REQUEST__KIND_DERIVE;
    request.derive = &derive;
    return ask(agent, &request, 0);
}
