#include "agents/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zmq.h>

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

/* Memory of one answer: freed together. */
struct block {
    struct block *next;
    max_align_t data[];
};

struct whole_answer {
    struct concordat_answer answer; /* first: the caller's pointer is ours */
    Concordat__Response *response;  /* texts are borrowed from it */
    struct block *blocks;
};

/* What is said when there is no memory to say more. */
static const struct concordat_problem no_memory = {"client", "out of memory"};
static const struct concordat_answer no_memory_answer = {
    .outcome = CONCORDAT_FAILED, .problem_count = 1, .problems = &no_memory, .json = ""};

/* ---- ids ---- */

void concordat_id_print(const struct concordat_id *id, char out[CONCORDAT_ID_TEXT])
{
    char *next = out;

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *next++ = '-';
        next += snprintf(next, 3, "%02x", id->bytes[i]);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool concordat_id_parse(const char *text, struct concordat_id *out)
{
    struct concordat_id id;

    if (strlen(text) != CONCORDAT_ID_TEXT - 1)
        return false;
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        high = hex_value(*text++);
        low = hex_value(*text++);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(16 * high + low);
    }
    *out = id;
    return true;
}

bool concordat_id_is_none(const struct concordat_id *id)
{
    static const struct concordat_id none;

    return memcmp(id, &none, sizeof none) == 0;
}

struct concordat_id concordat_id_new(void)
{
    struct concordat_id id;
    struct timespec now;
    uint64_t ms;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (getrandom(id.bytes, sizeof id.bytes, 0) != (ssize_t)sizeof id.bytes)
        abort();                           /* two messages under one id would be worse */
    for (int i = 5; i >= 0; i--, ms >>= 8) /* RFC 9562 §5.7 */
        id.bytes[i] = (uint8_t)ms;
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x70);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

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

/* ---- answers ---- */

static void *keep(struct whole_answer *whole, size_t count, size_t size)
{
    struct block *block;

    if (count > SIZE_MAX / 2 / size)
        return NULL;
    block = calloc(1, sizeof *block + count * size);
    if (!block)
        return NULL;
    block->next = whole->blocks;
    whole->blocks = block;
    return block->data;
}

void concordat_answer_free(struct concordat_answer *answer)
{
    struct whole_answer *whole = (struct whole_answer *)(void *)answer;

    if (!answer || answer == &no_memory_answer)
        return;
    while (whole->blocks) {
        struct block *block = whole->blocks;
        whole->blocks = block->next;
        free(block);
    }
    if (whole->response)
        concordat__response__free_unpacked(whole->response, NULL);
    free(whole);
}

static struct concordat_answer *out_of_memory(struct whole_answer *whole)
{
    if (whole)
        concordat_answer_free(&whole->answer);
    return (struct concordat_answer *)(uintptr_t)&no_memory_answer;
}

/* An answer made here: the agent was not reached, or spoke nonsense. */
static struct concordat_answer *trouble(enum concordat_outcome outcome, const char *where,
                                        const char *text, const char *detail)
{
    struct whole_answer *whole = calloc(1, sizeof *whole);
    struct concordat_problem *problem;
    size_t size = strlen(text) + strlen(detail) + 1;
    char *said;

    if (!whole)
        return out_of_memory(NULL);
    problem = keep(whole, 1, sizeof *problem);
    said = keep(whole, 1, size);
    if (!problem || !said)
        return out_of_memory(whole);
    (void)snprintf(said, size, "%s%s", text, detail);
    *problem = (struct concordat_problem){where, said};
    whole->answer.outcome = outcome;
    whole->answer.problem_count = 1;
    whole->answer.problems = problem;
    whole->answer.json = "";
    return &whole->answer;
}

static struct concordat_id id_from(ProtobufCBinaryData data)
{
    struct concordat_id id = {{0}};

    if (data.len == sizeof id.bytes)
        memcpy(id.bytes, data.data, sizeof id.bytes);
    return id;
}

static const char *name_of(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

    return known ? known->name : "UNKNOWN";
}

static const char *const *category_names(struct whole_answer *whole, size_t count,
                                         const Concordat__DataCategory categories[])
{
    const char **names = keep(whole, count + 1, sizeof *names);

    for (size_t i = 0; names && i < count; i++)
        names[i] = name_of(&concordat__data_category__descriptor, (int)categories[i]);
    return names;
}

static bool take_problems(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_problem *problems = keep(whole, r->n_problems + 1, sizeof *problems);

    if (!problems)
        return false;
    for (size_t i = 0; i < r->n_problems; i++)
        problems[i] = (struct concordat_problem){r->problems[i]->where, r->problems[i]->text};
    whole->answer.problems = problems;
    whole->answer.problem_count = r->n_problems;
    return true;
}

static bool take_refusal(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_refusal *refusal = keep(whole, 1, sizeof *refusal);

    if (!refusal)
        return false;
    refusal->code = name_of(&concordat__refusal_code__descriptor, (int)r->refusal->code);
    refusal->advice = r->advice;
    refusal->agreement_id = r->refusal->agreement_id;
    refusal->agreement_version = r->refusal->agreement_version;
    refusal->clause = r->refusal->clause;
    refusal->offending_count = r->refusal->n_offending;
    refusal->offending = category_names(whole, r->refusal->n_offending, r->refusal->offending);
    whole->answer.refusal = refusal;
    return refusal->offending != NULL;
}

static bool take_item(struct whole_answer *whole, const Concordat__Item *from,
                      struct concordat_item *to)
{
    struct concordat_rung *rungs = keep(whole, from->n_rungs + 1, sizeof *rungs);

    to->message_id = id_from(from->message_id);
    to->case_handle = id_from(from->case_handle);
    to->conversation_id = id_from(from->conversation_id);
    to->in_reply_to = id_from(from->in_reply_to);
    to->type = from->type;
    to->from = from->from;
    to->to = from->to;
    to->purpose = from->purpose;
    to->urgency = (int)from->urgency;
    to->marking = (int)from->marking;
    to->created_ms = from->created_ms;
    to->needed_by_ms = from->needed_by_ms;
    to->shared_count = from->n_shared;
    to->shared = category_names(whole, from->n_shared, from->shared);
    to->agreement_id = from->agreement_id;
    to->agreement_version = from->agreement_version;
    to->clause = from->clause;
    to->state = from->state;
    to->sequence = from->sequence;
    to->answer = id_from(from->answer);
    to->late = from->late;
    to->late_ms = from->late_ms;
    to->overdue = from->overdue;
    for (size_t i = 0; rungs && i < from->n_rungs; i++) {
        const Concordat__Rung *rung = from->rungs[i];
        rungs[i] = (struct concordat_rung){.name = rung->name,
                                           .at_ms = rung->at_ms,
                                           .by = rung->by,
                                           .detail = rung->detail,
                                           .verified = rung->verified,
                                           .late = rung->late};
    }
    to->rungs = rungs;
    to->rung_count = from->n_rungs;
    return rungs && to->shared;
}

static bool take_items(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_item *items = keep(whole, r->n_items + 1, sizeof *items);

    if (!items)
        return false;
    for (size_t i = 0; i < r->n_items; i++) {
        if (!take_item(whole, r->items[i], &items[i]))
            return false;
    }
    whole->answer.items = items;
    whole->answer.item_count = r->n_items;
    return true;
}

static bool take_cases(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_case *cases = keep(whole, r->n_cases + 1, sizeof *cases);

    if (!cases)
        return false;
    for (size_t i = 0; i < r->n_cases; i++)
        cases[i] = (struct concordat_case){.handle = id_from(r->cases[i]->case_handle),
                                           .message_count = r->cases[i]->messages,
                                           .last_ms = r->cases[i]->last_ms};
    whole->answer.cases = cases;
    whole->answer.case_count = r->n_cases;
    whole->answer.more = r->more;
    return true;
}

static bool take_agreements(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_agreement *list = keep(whole, r->n_agreements + 1, sizeof *list);

    if (!list)
        return false;
    for (size_t i = 0; i < r->n_agreements; i++) {
        const Concordat__Agreement *from = r->agreements[i];
        struct concordat_agreement *to = &list[i];

        to->id = from->id;
        to->title = from->title;
        to->state = from->state;
        to->version = from->version;
        to->clause_count = from->clauses;
        to->from_ms = from->from_ms;
        to->until_ms = from->until_ms;
        to->review_ms = from->review_ms;
        if (from->hash.len == sizeof to->hash)
            memcpy(to->hash, from->hash.data, sizeof to->hash);
        to->party_count = from->n_parties;
        to->parties = (const char *const *)from->parties;
        to->text = from->text;
    }
    whole->answer.agreements = list;
    whole->answer.agreement_count = r->n_agreements;
    return true;
}

static bool take_status(struct whole_answer *whole)
{
    const Concordat__Status *from = whole->response->status;
    struct concordat_status *to = keep(whole, 1, sizeof *to);

    if (!to)
        return false;
    to->agency = from->agency;
    to->connected = from->connected;
    to->since_ms = from->since_ms;
    to->outbox = from->outbox;
    to->inbox = from->inbox;
    to->sent = from->sent;
    to->received = from->received;
    if (from->key_id.len == sizeof to->key_id)
        memcpy(to->key_id, from->key_id.data, sizeof to->key_id);
    to->key_seal_until_ms = from->key_seal_until_ms;
    to->last_error = from->last_error;
    whole->answer.status = to;
    return true;
}

/* A reply's bytes become an answer. */
static struct concordat_answer *answer_of(const void *data, size_t size)
{
    struct whole_answer *whole = calloc(1, sizeof *whole);
    struct concordat_answer *a;
    const Concordat__Response *r;

    if (!whole)
        return out_of_memory(NULL);
    whole->response = concordat__response__unpack(NULL, size, data);
    if (!whole->response) {
        concordat_answer_free(&whole->answer);
        return trouble(CONCORDAT_FAILED, "agent", "its reply could not be read", "");
    }
    r = whole->response;
    a = &whole->answer;
    a->outcome = r->outcome <= CONCORDAT__OUTCOME__QUEUED ? (enum concordat_outcome)r->outcome
                                                          : CONCORDAT_FAILED;
    a->message_id = id_from(r->message_id);
    a->case_handle = id_from(r->case_handle);
    a->body = r->body.data;
    a->body_size = r->body.len;
    a->json = r->json;
    a->not_shared_count = r->n_not_shared;
    a->not_shared = category_names(whole, r->n_not_shared, r->not_shared);
    if (!a->not_shared || !take_problems(whole) || !take_items(whole) || !take_agreements(whole)
        || !take_cases(whole) || (r->refusal && !take_refusal(whole))
        || (r->status && !take_status(whole)))
        return out_of_memory(whole);
    return a;
}

/* ---- one request, one answer ---- */

static struct concordat_answer *lost(struct concordat *agent, const char *text)
{
    hang_up(agent); /* a reply that comes late must not be taken for the next one's */
    return trouble(CONCORDAT_FAILED, "agent", text, agent->path);
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
    return trouble(CONCORDAT_FAILED, "stop", "told to stop while waiting for ", agent->path);
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
        return trouble(CONCORDAT_FAILED, "agent", "cannot make a socket for ", agent->path);
    ready = wait_ready(agent, ZMQ_POLLOUT, CONNECT_MS);
    if (ready != READY)
        return not_ready(agent, ready, "nothing answers at ");
    forget_hangups(agent);
    request->version = 1;
    size = concordat__request__get_packed_size(request);
    if (zmq_msg_init_size(&msg, size) != 0)
        return out_of_memory(NULL);
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
    answer = answer_of(zmq_msg_data(&msg), zmq_msg_size(&msg));
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
            return out_of_memory(NULL);
        if (strlen(json) != message->json_size) {
            free(json);
            return trouble(CONCORDAT_BAD_INPUT, "body", "holds a NUL byte", "");
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

struct concordat_answer *concordat_inbox(struct concordat *agent, uint32_t wait_ms, uint32_t limit,
                                         bool all)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = wait_ms;
    inbox.limit = limit;
    inbox.all = all;
    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    return ask(agent, &request, wait_ms);
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

struct concordat_answer *concordat_status(struct concordat *agent)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
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
    request.kind_case = CONCORDAT__REQUEST__KIND_DERIVE;
    request.derive = &derive;
    return ask(agent, &request, 0);
}
