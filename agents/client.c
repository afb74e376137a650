#include "agents/client.h"

#include <stdlib.h>
#include <string.h>

#include "agents/client_answer.h"
#include "agents/client_ask.h"
#include "proto/local.pb-c.h"

#define DEFAULT_WAIT_MS 5000 /* what the agent waits when wait_ms is 0 */

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
    send.transfer_id = binary_id(&message->transfer_id);
    send.conversation_id = binary_id(&message->conversation_id);
    if (reply) {
        request.kind_case = CONCORDAT__REQUEST__KIND_ANSWER;
        request.answer = &send;
    } else {
        request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
        request.send = &send;
    }
    answer = client_ask(agent, &request, message->wait_ms ? message->wait_ms : DEFAULT_WAIT_MS);
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
    return client_ask(agent, &request, inbox->wait_ms);
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
    return client_ask(agent, &request, 0);
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
    return client_ask(agent, &request, 0);
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
    return client_ask(agent, &request, track.wait_ms);
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
    return client_ask(agent, &request, 0);
}

struct concordat_answer *concordat_case_await(struct concordat *agent,
                                              const struct concordat_id *handle, uint32_t limit,
                                              uint64_t mark, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    if (handle)
        cases.case_handle = binary_id(handle);
    cases.limit = limit;
    cases.mark = mark;
    cases.wait_ms = handle ? wait_ms : 0;
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return client_ask(agent, &request, cases.wait_ms);
}

struct concordat_answer *concordat_case(struct concordat *agent, const struct concordat_id *handle,
                                        uint32_t limit)
{
    return concordat_case_await(agent, handle, limit, 0, 0);
}

struct concordat_answer *concordat_hold(struct concordat *agent, const struct concordat_id *handle,
                                        enum concordat_claim claim, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HoldRequest hold = CONCORDAT__HOLD_REQUEST__INIT;

    if (handle)
        hold.case_handle = binary_id(handle);
    hold.kind = (Concordat__ClaimKind)claim;
    hold.wait_ms = wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLD;
    request.hold = &hold;
    return client_ask(agent, &request, wait_ms ? wait_ms : DEFAULT_WAIT_MS);
}

struct concordat_answer *concordat_holder(struct concordat *agent,
                                          const struct concordat_id *handle, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HolderRequest holder = CONCORDAT__HOLDER_REQUEST__INIT;

    holder.case_handle = binary_id(handle);
    holder.wait_ms = wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLDER;
    request.holder = &holder;
    return client_ask(agent, &request, wait_ms ? wait_ms : DEFAULT_WAIT_MS);
}

struct concordat_answer *concordat_due(struct concordat *agent, uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DueRequest due = CONCORDAT__DUE_REQUEST__INIT;

    due.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_DUE;
    request.due = &due;
    return client_ask(agent, &request, 0);
}

static struct concordat_answer *ask_alarms(struct concordat *agent,
                                           Concordat__AlarmsRequest *alarms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = alarms;
    return client_ask(agent, &request, alarms->wait_ms);
}

struct concordat_answer *concordat_alarms_await(struct concordat *agent, uint32_t limit, bool all,
                                                uint64_t after, uint32_t wait_ms)
{
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    alarms.limit = limit;
    alarms.all = all;
    alarms.after = after;
    alarms.wait_ms = wait_ms;
    return ask_alarms(agent, &alarms);
}

struct concordat_answer *concordat_alarms(struct concordat *agent, uint32_t limit, bool all)
{
    return concordat_alarms_await(agent, limit, all, 0, 0);
}

struct concordat_answer *concordat_seen(struct concordat *agent, uint64_t number)
{
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    alarms.seen = number;
    return ask_alarms(agent, &alarms);
}

struct concordat_answer *concordat_agreements(struct concordat *agent, const char *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AgreementsRequest agreements = CONCORDAT__AGREEMENTS_REQUEST__INIT;

    agreements.id = text_of(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_AGREEMENTS;
    request.agreements = &agreements;
    return client_ask(agent, &request, 0);
}

struct concordat_answer *concordat_notices(struct concordat *agent, uint64_t since)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__NoticesRequest notices = CONCORDAT__NOTICES_REQUEST__INIT;

    notices.since = since;
    request.kind_case = CONCORDAT__REQUEST__KIND_NOTICES;
    request.notices = &notices;
    return client_ask(agent, &request, 0);
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
    return client_ask(agent, &request, 0);
}

struct concordat_answer *concordat_status_await(struct concordat *agent, uint32_t wait_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    status.wait_ms = wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
    return client_ask(agent, &request, wait_ms);
}

struct concordat_answer *concordat_status(struct concordat *agent)
{
    return concordat_status_await(agent, 0);
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
    return client_ask(agent, &request, 0);
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
    return client_ask(agent, &request, 0);
}
