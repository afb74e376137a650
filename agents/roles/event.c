#define _GNU_SOURCE 1 /* localtime_r */

#include "agents/roles/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "agents/roles/wire.h"

static bool json_wanted;

void event_setup(bool as_json)
{
    json_wanted = as_json;
}

json_t *event_new(const char *name, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return wire_made(json_pack("{s:s, s:s}", "event", name, "text", text));
}

static void add_text(json_t *event, const char *key, const char *text)
{
    if (*text)
        (void)json_object_set_new(event, key, wire_made(json_string(text)));
}

static void add_id(json_t *event, const char *key, const struct concordat_id *id)
{
    char text[CONCORDAT_ID_TEXT];

    wire_print_id(id, text);
    add_text(event, key, text);
}

void event_add_names(json_t *event, const char *key, const char *const *names, size_t count)
{
    json_t *list = wire_made(json_array());

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, wire_made(json_string(names[i])));
    (void)json_object_set_new(event, key, list);
}

static void add_rule(json_t *event, const char *agreement, uint32_t version, const char *clause)
{
    add_text(event, "agreement", agreement);
    if (*agreement)
        (void)json_object_set_new(event, "version", wire_made(json_integer(version)));
    add_text(event, "clause", clause);
}

void event_add_message(json_t *event, const struct concordat_item *message, const char *way,
                       const char *agency)
{
    add_text(event, "type", message->type);
    add_id(event, "id", &message->message_id);
    add_text(event, way, agency);
    add_id(event, "inReplyTo", &message->in_reply_to);
    add_id(event, "case", &message->case_handle);
    add_id(event, "conversation", &message->conversation_id);
    if (message->needed_by_ms > 0)
        (void)json_object_set_new(event, "neededByMs",
                                  wire_made(json_integer(message->needed_by_ms)));
    add_rule(event, message->agreement_id, message->agreement_version, message->clause);
    event_add_names(event, "shared", message->shared, message->shared_count);
}

void event_add_refusal(json_t *event, const struct concordat_refusal *refusal)
{
    add_text(event, "code", refusal->code);
    add_rule(event, refusal->agreement_id, refusal->agreement_version, refusal->clause);
    event_add_names(event, "offending", refusal->offending, refusal->offending_count);
    add_text(event, "advice", refusal->advice);
}

void event_add_problems(json_t *event, const struct concordat_answer *answer)
{
    json_t *list = wire_made(json_array());

    for (size_t i = 0; i < answer->problem_count; i++)
        (void)json_array_append_new(
            list, wire_made(json_pack("{s:s, s:s}", "where", answer->problems[i].where, "text",
                                      answer->problems[i].text)));
    (void)json_object_set_new(event, "problems", list);
}

static void print_names(const json_t *names, const char *label)
{
    const json_t *name;
    size_t i;

    if (json_array_size(names) == 0)
        return;
    printf("          %s", label);
    json_array_foreach(names, i, name) printf(" %s", json_string_value(name));
    printf("\n");
}

static void print_for_people(const json_t *event)
{
    const char *from = wire_text(event, "from"), *to = wire_text(event, "to");
    const char *handle = wire_text(event, "case"), *advice = wire_text(event, "advice");
    time_t now = time(NULL);
    const json_t *problem;
    struct tm parts;
    char clock[sizeof "10:31:05"];
    size_t i;

    (void)strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &parts));
    printf("%s  %-12s %s%s%s%s%s\n", clock, wire_text(event, "event"), wire_text(event, "type"),
           *from ? " from " : "", from, *to ? " to " : "", to);
    printf("          %s\n", wire_text(event, "text"));
    print_names(wire_at(event, "notShared"), "not shared:");
    print_names(wire_at(event, "offending"), "not permitted:");
    if (*advice)
        printf("          %s\n", advice);
    json_array_foreach(wire_at(event, "problems"), i, problem)
        printf("          %s: %s\n", wire_text(problem, "where"), wire_text(problem, "text"));
    if (*handle)
        printf("          case %s\n", handle);
}

void event_tell(json_t *event)
{
    if (json_wanted) {
        (void)json_dumpf(event, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
    } else {
        print_for_people(event);
    }
    (void)fflush(stdout); /* whoever watches through a pipe sees it now */
    json_decref(event);
}
