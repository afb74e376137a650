#include "agents/roles/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

#define VERDICT_MS 2000 /* how long a send waits for the broker's; then it is QUEUED */

/* --- writing down --- */

static void set_text(json_t *entry, const char *key, const char *text)
{
    if (text && *text)
        (void)json_object_set_new(entry, key, wire_made(json_string(text)));
}

void post_parcel(json_t *book, const struct parcel *parcel, char id[static CONCORDAT_ID_TEXT])
{
    struct concordat_id fresh = concordat_id_new();
    json_t *entry = wire_made(json_object());

    concordat_id_print(&fresh, id);
    set_text(entry, "do", parcel->is_answer ? "answer" : "send");
    set_text(entry, "id", id);
    set_text(entry, "type", parcel->type);
    set_text(entry, "to", parcel->to);
    set_text(entry, "inReplyTo", parcel->in_reply_to);
    set_text(entry, "case", parcel->case_handle);
    set_text(entry, "conversation", parcel->conversation);
    set_text(entry, "transfer", parcel->transfer);
    set_text(entry, "event", parcel->event);
    set_text(entry, "text", parcel->text);
    if (parcel->new_case)
        (void)json_object_set_new(entry, "newCase", json_true());
    if (parcel->needed_by_ms > 0)
        (void)json_object_set_new(entry, "neededByMs", wire_time(parcel->needed_by_ms));
    (void)json_object_set_new(entry, "body", wire_made(parcel->body));
    if (parcel->more)
        (void)json_object_set_new(entry, "more", parcel->more);
    (void)json_array_append_new(store_list(book, "outgoing"), entry);
}

/* A step about a message that came: its id, and what its event tells. */
static json_t *step(const char *what, const struct concordat_item *message)
{
    json_t *entry = wire_made(json_object());
    char id[CONCORDAT_ID_TEXT];

    concordat_id_print(&message->message_id, id);
    set_text(entry, "do", what);
    set_text(entry, "id", id);
    set_text(entry, "type", message->type);
    set_text(entry, "to", message->from);
    return entry;
}

void post_acknowledge(json_t *book, const struct concordat_item *message)
{
    json_t *entry = step("acknowledge", message);

    set_text(entry, "event", "acknowledged");
    set_text(entry, "text", "Somebody here has taken it on.");
    (void)json_array_append_new(store_list(book, "outgoing"), entry);
}

static const char *const reasons[] = {
    [CONCORDAT_NOT_FOR_US] = "NOT_FOR_US",
    [CONCORDAT_DUPLICATE_OF_EARLIER] = "DUPLICATE_OF_EARLIER",
    [CONCORDAT_INSUFFICIENT_INFORMATION] = "INSUFFICIENT_INFORMATION",
    [CONCORDAT_NO_CAPACITY] = "NO_CAPACITY",
    [CONCORDAT_OUT_OF_AREA] = "OUT_OF_AREA",
};

void post_decline(json_t *book, const struct concordat_item *message, enum concordat_decline reason,
                  const char *text)
{
    json_t *entry = step("decline", message);

    (void)json_object_set_new(entry, "reason", wire_made(json_integer(reason)));
    (void)json_object_set_new(entry, "more",
                              wire_made(json_pack("{s:s}", "reason", reasons[reason])));
    set_text(entry, "event", "declined");
    set_text(entry, "text", text);
    (void)json_array_append_new(store_list(book, "outgoing"), entry);
}

/* --- delivering --- */

bool agent_is_away(const struct concordat_answer *answer)
{
    return answer->outcome == CONCORDAT_FAILED && answer->problem_count > 0
        && (strcmp(answer->problems[0].where, "agent") == 0
            || strcmp(answer->problems[0].where, "stop") == 0);
}

static bool is(const json_t *entry, const char *what)
{
    return strcmp(wire_text(entry, "do"), what) == 0;
}

static struct concordat_id id_at(const json_t *entry, const char *key)
{
    struct concordat_id id = {{0}};

    (void)concordat_id_parse(wire_text(entry, key), &id);
    return id;
}

static struct concordat_answer *send_parcel(struct concordat *agent, const json_t *entry)
{
    char *body = json_dumps(json_object_get(entry, "body"), JSON_COMPACT);
    struct concordat_message message = {
        .type = wire_text(entry, "type"),
        .to = wire_text(entry, "to"),
        .json = body,
        .json_size = body ? strlen(body) : 0,
        .case_handle = id_at(entry, "case"),
        .conversation_id = id_at(entry, "conversation"),
        .transfer_id = id_at(entry, "transfer"),
        .new_case = wire_true(entry, "newCase"),
        .in_reply_to = id_at(entry, "inReplyTo"),
        .needed_by_ms = wire_number(entry, "neededByMs"),
        .message_id = id_at(entry, "id"),
        .wait_ms = VERDICT_MS,
    };
    struct concordat_answer *answer =
        is(entry, "answer") ? concordat_reply(agent, &message) : concordat_send(agent, &message);
    free(body);
    return answer;
}

static struct concordat_answer *perform(struct concordat *agent, const json_t *entry)
{
    struct concordat_id id = id_at(entry, "id");

    if (is(entry, "acknowledge"))
        return concordat_acknowledge(agent, &id);
    if (is(entry, "decline"))
        return concordat_decline(agent, &id, (enum concordat_decline)wire_number(entry, "reason"));
    return send_parcel(agent, entry);
}

/* Under which clause it went, and what was shared, is in the agent's track of it. */
static void add_track(json_t *event, struct concordat *agent, const json_t *entry)
{
    struct concordat_id id = id_at(entry, "id");
    struct concordat_answer *track = concordat_track(agent, &id, 1, "delivered", 0);

    if (track->outcome == CONCORDAT_DONE && track->item_count == 1) {
        const struct concordat_item *item = &track->items[0];
        bool is_ours = !is(entry, "acknowledge") && !is(entry, "decline");
        event_add_message(event, item, "to", is_ours ? item->to : item->from);
    }
    concordat_answer_free(track);
}

static void tell(struct concordat *agent, const json_t *entry,
                 const struct concordat_answer *answer)
{
    static const char *const keys[] = {"type", "id", "to", "inReplyTo", "case"};
    json_t *event;

    if (answer->outcome == CONCORDAT_REFUSED)
        event = event_new("refused", "No agreement permits it: nothing was sent.");
    else if (answer->outcome == CONCORDAT_BAD_INPUT)
        event = event_new("failed", "This program made something that the agent cannot take: "
                                    "a bug, to be mended here.");
    else
        event = event_new(wire_text(entry, "event"), "%s", wire_text(entry, "text"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        wire_copy(event, keys[i], entry, keys[i]);
    add_track(event, agent, entry);
    (void)json_object_update(event, json_object_get(entry, "more"));
    if (answer->refusal)
        event_add_refusal(event, answer->refusal);
    if (answer->problem_count > 0)
        event_add_problems(event, answer);
    if (answer->outcome == CONCORDAT_QUEUED)
        (void)json_object_set_new(event, "queued", json_true());
    event_tell(event);
}

static void remember(json_t *book, const json_t *entry, const struct concordat_answer *answer)
{
    static const char *const outcomes[] = {
        [CONCORDAT_DONE] = "DONE",
        [CONCORDAT_BAD_INPUT] = "BAD_INPUT",
        [CONCORDAT_REFUSED] = "REFUSED",
        [CONCORDAT_QUEUED] = "QUEUED",
    };
    char handle[CONCORDAT_ID_TEXT];
    json_t *sent;

    if (is(entry, "acknowledge") || is(entry, "decline"))
        return;
    sent = wire_made(json_object());
    set_text(sent, "type", wire_text(entry, "type"));
    set_text(sent, "outcome", outcomes[answer->outcome]);
    wire_print_id(&answer->case_handle, handle);
    set_text(sent, "case", handle);
    if (answer->refusal) {
        set_text(sent, "code", answer->refusal->code);
        set_text(sent, "advice", answer->refusal->advice);
    }
    (void)json_object_set_new(store_object(book, "sent"), wire_text(entry, "id"), sent);
}

/* True: done with it, for good or ill. */
static bool deliver(json_t *book, struct concordat *agent, const json_t *entry, bool *away)
{
    struct concordat_answer *answer = perform(agent, entry);
    bool failed = answer->outcome == CONCORDAT_FAILED;

    *away = agent_is_away(answer);
    if (!failed) {
        remember(book, entry, answer);
        tell(agent, entry, answer);
    } else if (!*away) {
        (void)fprintf(stderr, "%s waits: %s: %s\n", wire_text(entry, "type"),
                      answer->problem_count > 0 ? answer->problems[0].where : "agent",
                      answer->problem_count > 0 ? answer->problems[0].text : "failed");
    }
    concordat_answer_free(answer);
    return !failed;
}

/* Within what a message must not overtake another: its case, or what it answers. "" for a step:
 * acknowledging and declining hold up nothing. */
static const char *thread_of(const json_t *entry)
{
    const char *handle = wire_text(entry, "case");

    if (is(entry, "acknowledge") || is(entry, "decline"))
        return "";
    return *handle ? handle : wire_text(entry, "inReplyTo");
}

/* Does one of the first `count` go before this one? */
static bool is_held_up(const json_t *outgoing, size_t count, const json_t *entry)
{
    const char *thread = thread_of(entry);

    for (size_t i = 0; *thread && i < count; i++) {
        if (strcmp(thread_of(json_array_get(outgoing, i)), thread) == 0)
            return true;
    }
    return false;
}

bool post_deliver(json_t *book, struct concordat *agent)
{
    json_t *outgoing = store_list(book, "outgoing");
    bool away = false;

    for (size_t i = 0; i < json_array_size(outgoing) && !away;) {
        const json_t *entry = json_array_get(outgoing, i);

        if (!is_held_up(outgoing, i, entry) && deliver(book, agent, entry, &away))
            (void)json_array_remove(outgoing, i);
        else
            i++; /* what the agent cannot take now holds up its own case, not the rest */
    }
    return json_array_size(outgoing) == 0;
}

static const json_t *sent(json_t *book, const char *id)
{
    return json_object_get(json_object_get(book, "sent"), id);
}

const char *post_outcome(json_t *book, const char *id)
{
    return wire_text(sent(book, id), "outcome");
}

bool post_is_under_way(json_t *book, const char *id)
{
    const char *outcome = post_outcome(book, id);

    return !*outcome || strcmp(outcome, "DONE") == 0 || strcmp(outcome, "QUEUED") == 0;
}

void post_settle(json_t *book, const char *id, const char *outcome)
{
    set_text(store_object(store_object(book, "sent"), id), "outcome", outcome);
}

const char *post_case(json_t *book, const char *id)
{
    return wire_text(sent(book, id), "case");
}
