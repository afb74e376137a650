#include "agents/roles/run.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/wire.h"

#define IDLE_MS 60000 /* the longest wait in the inbox */
#define RETRY_MS 1000 /* before trying again what could not go out, or an agent that is away */

static bool is_told_to_stop(const struct run *run)
{
    return poll(&(struct pollfd){run->stop_fd, POLLIN, 0}, 1, 0) > 0;
}

static void pause_for(const struct run *run, int ms)
{
    (void)poll(&(struct pollfd){run->stop_fd, POLLIN, 0}, 1, ms);
}

/* --- turns --- */

bool run_begin(struct run *run, struct turn *turn)
{
    *turn = (struct turn){.book = store_begin(run->store),
                          .data = run->data,
                          .agent = run->agent,
                          .now_ms = day_now_ms(),
                          .events = wire_made(json_array())};
    if (!turn->book)
        json_decref(turn->events);
    return turn->book != NULL;
}

/* Saves, then tells what the turn has to tell. */
bool run_save(struct run *run, struct turn *turn)
{
    json_t *event;
    size_t i;

    if (!store_save(run->store))
        return false;
    json_array_foreach(turn->events, i, event) event_tell(json_incref(event));
    (void)json_array_clear(turn->events);
    return true;
}

void run_end(struct run *run, struct turn *turn)
{
    json_decref(turn->events);
    store_end(run->store);
}

/* --- letters --- */

static void decline_unknown(struct turn *turn, struct letter *letter)
{
    letter_say(letter, "This agency's system knows nothing of this type.");
    letter_decline(turn, letter, CONCORDAT_NOT_FOR_US,
                   "A type that nobody here deals with: it must not look as if somebody had it.");
}

static const struct reaction *find_reaction(const struct service *service, const char *type)
{
    static const struct reaction unknown = {.react = decline_unknown};

    for (const struct reaction *r = service->reactions; r->type; r++) {
        if (strcmp(r->type, type) == 0)
            return r;
    }
    return &unknown;
}

static int64_t received_at(const struct concordat_item *item)
{
    for (size_t i = 0; i < item->rung_count; i++) {
        if (strcmp(item->rungs[i].name, "delivered") == 0)
            return item->rungs[i].at_ms;
    }
    return item->created_ms;
}

/* What the letter replies to, by the id that we sent it under: our agent may have sent it again
 * under another. */
static void name_asked(struct turn *turn, const struct concordat_item *item,
                       char out[static CONCORDAT_ID_TEXT])
{
    struct concordat_answer *asked;

    wire_print_id(&item->in_reply_to, out);
    if (!*out)
        return;
    asked = concordat_track(turn->agent, &item->in_reply_to, 1, NULL, 0);
    if (asked->item_count == 1 && !concordat_id_is_none(&asked->items[0].sent_again_for))
        wire_print_id(&asked->items[0].sent_again_for, out);
    concordat_answer_free(asked);
}

static void react(struct run *run, struct turn *turn, const struct concordat_answer *taken,
                  const json_t *body)
{
    const struct concordat_item *item = &taken->items[0];
    json_t *event;
    struct letter letter = {
        .item = item, .body = body, .received_ms = received_at(item), .late = item->late};

    wire_print_id(&item->message_id, letter.id);
    wire_print_id(&item->case_handle, letter.case_handle);
    wire_print_id(&item->conversation_id, letter.conversation);
    name_asked(turn, item, letter.in_reply_to);
    find_reaction(run->service, item->type)->react(turn, &letter);

    event = letter_event(&letter, "received", letter.text);
    event_add_names(event, "notShared", taken->not_shared, taken->not_shared_count);
    (void)json_object_set_new(event, "late", wire_made(json_boolean(letter.late)));
    (void)json_array_insert_new(turn->events, 0, event); /* before what the reaction had to tell */
    (void)json_object_set_new(store_object(turn->book, "handled"), letter.id,
                              wire_made(json_string(item->type)));
}

/* The agent cannot give it: told once, and never asked for again. */
static void give_up(struct turn *turn, const char *id, const struct concordat_answer *answer)
{
    json_t *event = event_new("failed", "The agent cannot give this message.");

    (void)json_object_set_new(event, "id", wire_made(json_string(id)));
    event_add_problems(event, answer);
    turn_tell(turn, event);
    (void)json_object_set_new(store_object(turn->book, "handled"), id,
                              wire_made(json_string("failed")));
}

/* Takes the first letter noted. False: the agent is away. */
static bool take_next(struct run *run, struct turn *turn, json_t *arriving)
{
    const char *text = json_string_value(json_array_get(arriving, 0));
    struct concordat_answer *taken;
    struct concordat_id id;
    json_t *body;
    bool away;

    if (json_object_get(store_object(turn->book, "handled"), text)
        || !concordat_id_parse(text, &id)) {
        (void)json_array_remove(arriving, 0);
        return true;
    }
    taken = concordat_take(run->agent, &id);
    away = agent_is_away(taken);
    body = taken->item_count == 1 ? json_loads(taken->json, 0, NULL) : NULL;
    if (taken->outcome == CONCORDAT_DONE && body)
        react(run, turn, taken, body);
    else if (!away)
        give_up(turn, text, taken);
    json_decref(body);
    if (!away)
        (void)json_array_remove(arriving, 0);
    concordat_answer_free(taken);
    return !away;
}

/* Writes down what is in the inbox, before any of it is taken. False: the store failed. */
static bool note_arrivals(struct run *run, const struct concordat_answer *inbox)
{
    size_t fresh = 0;
    struct turn turn;
    bool good;

    if (!run_begin(run, &turn))
        return false;
    for (size_t i = 0; i < inbox->item_count; i++) {
        char id[CONCORDAT_ID_TEXT];

        concordat_id_print(&inbox->items[i].message_id, id);
        if (json_object_get(store_object(turn.book, "handled"), id))
            continue; /* one that the agent cannot give */
        (void)json_array_append_new(store_list(turn.book, "arriving"), wire_made(json_string(id)));
        fresh++;
    }
    good = run_save(run, &turn);
    run_end(run, &turn);
    if (fresh == 0 && inbox->item_count > 0)
        pause_for(run, RETRY_MS);
    return good;
}

/* --- serving --- */

/* Everything that can be done now; `wait_ms`: until there may be more. False: the store failed. */
static bool take_turn(struct run *run, uint32_t *wait_ms)
{
    int64_t next = INT64_MAX, left;
    bool good = true, delivered = true;
    struct turn turn;
    json_t *arriving;

    if (!run_begin(run, &turn))
        return false;
    arriving = store_list(turn.book, "arriving");
    do {
        turn.now_ms = day_now_ms();
        bool taken = json_array_size(arriving) == 0 || take_next(run, &turn, arriving);

        if (run->service->tend)
            next = run->service->tend(&turn);
        good = run_save(run, &turn);
        delivered = good && taken && post_deliver(turn.book, run->agent);
        good = good && run_save(run, &turn);
    } while (good && delivered && json_array_size(arriving) > 0);
    left = next - turn.now_ms;
    *wait_ms = left > IDLE_MS ? IDLE_MS : left > 0 ? (uint32_t)left : 1;
    if (!delivered && *wait_ms > RETRY_MS)
        *wait_ms = RETRY_MS;
    run_end(run, &turn);
    return good;
}

static void tell_ready(const char *agency)
{
    json_t *event = event_new("ready", "%s is at its desk.", agency);

    (void)json_object_set_new(event, "agency", wire_made(json_string(agency)));
    event_tell(event);
}

/* Waits until the agent is there, and says who we are. False: told to stop first. */
static bool greet(const struct run *run)
{
    for (bool said = false; !is_told_to_stop(run); said = true) {
        struct concordat_answer *answer = concordat_status(run->agent);
        bool there = answer->outcome == CONCORDAT_DONE && answer->status;

        if (there)
            tell_ready(answer->status->agency);
        else if (!said && !is_told_to_stop(run))
            (void)fprintf(stderr, "waiting for the agent at %s\n", run->agent_path);
        concordat_answer_free(answer);
        if (there)
            return true;
        pause_for(run, RETRY_MS);
    }
    return false;
}

int run_serve(struct run *run)
{
    bool away = false;

    if (!greet(run))
        return 0;
    while (!is_told_to_stop(run)) {
        struct concordat_answer *inbox;
        uint32_t wait_ms;
        bool good = take_turn(run, &wait_ms);

        if (!good)
            return 1;
        inbox = concordat_inbox(run->agent, wait_ms, 0, false);
        if (inbox->outcome == CONCORDAT_DONE) {
            if (away)
                (void)fputs("the agent is back\n", stderr);
            away = false;
            good = note_arrivals(run, inbox);
        } else if (!is_told_to_stop(run)) {
            if (!away)
                (void)fprintf(stderr, "the agent is away: %s\n",
                              inbox->problem_count > 0 ? inbox->problems[0].text : "no answer");
            away = true;
            pause_for(run, RETRY_MS);
        }
        concordat_answer_free(inbox);
        if (!good)
            return 1;
    }
    return 0;
}
