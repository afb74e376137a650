/* town_requests.c - what the agencies' own systems ask in a town, and, for fuzzers, what no system
 * would. */
#include "tests/unit/town_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/track.h"

/* ---- requests ---- */

void town_ask_later(struct town *town, size_t agency, const Concordat__Request *request)
{
    struct resident *m = &town->members[agency];
    Concordat__Request copy = *request;

    if (m->response)
        concordat__response__free_unpacked(m->response, NULL);
    m->response = NULL;
    copy.version = 1;
    town_turn(town, agency, &copy);
}

const Concordat__Response *town_reply(struct town *town, size_t agency)
{
    return town->members[agency].response;
}

const Concordat__Response *town_ask(struct town *town, size_t agency,
                                    const Concordat__Request *request)
{
    town_ask_later(town, agency, request);
    for (unsigned i = 0; !town->members[agency].response; i++) {
        town_settle(town);
        if (!town->members[agency].response)
            town_wait(town, 500);
        assert_true(i < 120);
    }
    return town->members[agency].response;
}

static ProtobufCBinaryData id_field(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id ? ID_SIZE : 0, .data = (uint8_t *)(uintptr_t)id};
}

static char *text_field(const char *text)
{
    return (char *)(uintptr_t)text;
}

static const Concordat__Response *send_text(struct town *town, size_t agency, const char *type,
                                            const char *to, const char *text, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    send.type = text_field(type);
    send.to = text_field(to);
    send.message_id = id_field(id);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text_field(text);
    send.officer = text_field("K. Hartley");
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_send(struct town *town, size_t agency, const char *type,
                                     const char *to, const char *json, const struct id *id)
{
    char *text = town_example(json);
    const Concordat__Response *response = send_text(town, agency, type, to, text, id);

    free(text);
    return response;
}

const Concordat__Response *town_send_text(struct town *town, size_t agency, const char *type,
                                          const char *to, const char *json)
{
    return send_text(town, agency, type, to, json, NULL);
}

const Concordat__Response *town_inbox(struct town *town, size_t agency)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_open(struct town *town, size_t agency, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__OpenRequest open = CONCORDAT__OPEN_REQUEST__INIT;

    open.message_id = id_field(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_OPEN;
    request.open = &open;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_act(struct town *town, size_t agency, const struct id *id,
                                    Concordat__StepKind step, Concordat__DeclineReason reason)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__ActRequest act = CONCORDAT__ACT_REQUEST__INIT;

    act.message_id = id_field(id);
    act.step = step;
    act.reason = reason;
    request.kind_case = CONCORDAT__REQUEST__KIND_ACT;
    request.act = &act;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_answer(struct town *town, size_t agency, const struct id *to,
                                       const char *json)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example(json);
    const Concordat__Response *response;

    send.in_reply_to = id_field(to);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_ANSWER;
    request.answer = &send;
    response = town_ask(town, agency, &request);
    free(text);
    return response;
}

const Concordat__Item *town_track(struct town *town, size_t agency, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;
    const Concordat__Response *response;

    track.message_id = id_field(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    response = town_ask(town, agency, &request);
    return response->n_items == 1 ? response->items[0] : NULL;
}

const char *town_state(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);

    return item ? item->state : "?";
}

const char *town_detail(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);

    return item && item->n_rungs > 0 ? item->rungs[item->n_rungs - 1]->detail : "?";
}

const char *town_ladder(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);
    struct resident *m = &town->members[agency];

    if (!item)
        return "?";
    m->ladder[0] = '\0';
    for (size_t i = 0; i < item->n_rungs; i++) {
        const Concordat__Rung *rung = item->rungs[i];
        bool is_signed = strcmp(rung->by, "hub") != 0 && strcmp(rung->name, "queued") != 0
                      && strcmp(rung->name, "refused") != 0;
        size_t used = strlen(m->ladder);

        (void)snprintf(m->ladder + used, sizeof m->ladder - used, "%s%s%s", i ? " " : "",
                       is_signed && !rung->verified ? "!" : "", rung->name);
    }
    return m->ladder;
}

const Concordat__Status *town_status(struct town *town, size_t agency)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
    return town_ask(town, agency, &request)->status;
}

const Concordat__Response *town_notices(struct town *town, size_t agency, uint64_t since)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__NoticesRequest notices = CONCORDAT__NOTICES_REQUEST__INIT;

    notices.since = since;
    request.kind_case = CONCORDAT__REQUEST__KIND_NOTICES;
    request.notices = &notices;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_publish(struct town *town, size_t agency, struct bytes instrument,
                                        const char *text)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__PublishRequest publish = CONCORDAT__PUBLISH_REQUEST__INIT;

    publish.instrument.data = (uint8_t *)(uintptr_t)instrument.data;
    publish.instrument.len = instrument.size;
    publish.text = (char *)(uintptr_t)(text ? text : "");
    request.kind_case = CONCORDAT__REQUEST__KIND_PUBLISH;
    request.publish = &publish;
    return town_ask(town, agency, &request);
}

/* ---- fuzzers ---- */

static void end_raw(struct resident *m)
{
    size_t size;
    void *result;

    if (desk_end_of_turn(m->desk) != ST_OK)
        abort(); /* no input may stop an agent */
    while ((result = desk_take_reply(m->desk, &size)))
        free(result);
    free(desk_take_frames(m->desk, &size));
}

void town_raw_request(struct town *town, size_t agency, struct bytes request)
{
    struct resident *m = &town->members[agency];
    struct reason why = {""};

    if (desk_check_request(request, &why) != ST_OK)
        return;
    if (desk_begin_turn(m->desk, town->wall_ms, town->now_ms += 1000) != ST_OK)
        abort();
    desk_request(m->desk, (struct bytes){(const uint8_t *)"route", 5}, request);
    desk_tick(m->desk);
    end_raw(m);
}

void town_raw_frames(struct town *town, size_t agency, struct bytes frames)
{
    struct resident *m = &town->members[agency];
    struct stage_link drop;

    if (!m->connected || desk_begin_turn(m->desk, town->wall_ms, ++town->now_ms) != ST_OK)
        abort();
    desk_frames(m->desk, m->session, frames);
    end_raw(m);
    if (desk_take_drop(m->desk, &drop)) { /* else it would listen no more */
        town_disconnect(town, agency);
        town_connect(town, agency);
    }
}
