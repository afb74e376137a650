/*
 * court.c - a court: orders pre-sentence reports, takes them, passes sentence.
 *
 *     order-report CASE --needed-by T [--case H]   psr.request to probation
 *     pass-sentence CASE [--case H]                court.sentence.result to probation
 *     psr.report  -> recorded, with what is missing from its checks; acknowledged
 *
 * CASE is the number of a hearing in the court's own file (--data: docs/examples/story/court.json),
 * or what the file calls it. The handle under which agencies speak of the case is another thing,
 * made with the first message.
 */
#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

/* --- acts --- */

/* The number of the hearing that the only argument names, by number or as the file calls the case;
 * NULL after complaining. */
static const char *find_hearing(const struct turn *turn, int argc, char **argv)
{
    const char *id;
    json_t *hearing;

    if (argc != 1) {
        (void)fputs("one CASE is wanted: the number of a hearing\n", stderr);
        return NULL;
    }
    json_object_foreach(wire_at(turn->data, "hearings"), id, hearing)
    {
        if (strcmp(id, argv[0]) == 0 || strcmp(wire_text(hearing, "name"), argv[0]) == 0)
            return id;
    }
    (void)fprintf(stderr, "no hearing %s in the court's file\n", argv[0]);
    return NULL;
}

/* A body from the file, completed. */
static json_t *body_of(const struct turn *turn, const char *hearing_id, const char *part)
{
    const json_t *hearing = json_object_get(wire_at(turn->data, "hearings"), hearing_id);
    json_t *body = wire_made(json_deep_copy(wire_at(hearing, part)));

    (void)json_object_set_new(body, "hearingId", wire_made(json_string(hearing_id)));
    wire_copy(body, "courtOu", turn->data, "courtOu");
    wire_copy(body, "caseUrn", hearing, "caseUrn");
    wire_copy(body, "defendant", hearing, "defendant");
    wire_copy(body, "offences", hearing, "offences");
    return body;
}

/* The handle under which this hearing's report was ordered; "" before. */
static const char *case_of(json_t *book, const char *hearing_id)
{
    const char *handle = "", *id;
    json_t *order;

    json_object_foreach(store_object(book, "orders"), id, order)
    {
        if (strcmp(wire_text(order, "hearing"), hearing_id) == 0)
            handle = *wire_text(order, "case") ? wire_text(order, "case") : post_case(book, id);
    }
    return handle;
}

static int order_report(struct turn *turn, int argc, char **argv)
{
    const char *needed_by = option_take(&argc, argv, "--needed-by");
    const char *handle = option_take(&argc, argv, "--case");
    const char *hearing = find_hearing(turn, argc, argv);
    char id[CONCORDAT_ID_TEXT];
    int64_t needed_by_ms;
    json_t *body;

    if (!hearing)
        return 2;
    if (!needed_by || !day_parse_time(needed_by, &needed_by_ms)) {
        (void)fputs("--needed-by T: as 2026-11-24T13:30Z, or in seconds since 1970\n", stderr);
        return 2;
    }
    body = body_of(turn, hearing, "psrRequest");
    (void)json_object_set_new(body, "neededByMs", wire_time(needed_by_ms));
    post_parcel(turn->book,
                &(struct parcel){.type = "psr.request",
                                 .to = wire_text(turn->data, "probation"),
                                 .case_handle = handle,
                                 .new_case = !handle,
                                 .needed_by_ms = needed_by_ms,
                                 .body = body,
                                 .event = "asked",
                                 .text = "A report is ordered, before sentence."},
                id);
    (void)json_object_set_new(
        store_object(turn->book, "orders"), id,
        wire_made(json_pack("{s:s, s:s}", "hearing", hearing, "case", handle ? handle : "")));
    return 0;
}

static int pass_sentence(struct turn *turn, int argc, char **argv)
{
    const char *handle = option_take(&argc, argv, "--case");
    const char *hearing = find_hearing(turn, argc, argv);
    char id[CONCORDAT_ID_TEXT];
    json_t *body;

    if (!hearing)
        return 2;
    handle = handle ? handle : case_of(turn->book, hearing);
    if (!*handle) {
        (void)fputs("no report was ordered for it: --case H says which case it is\n", stderr);
        return 2;
    }
    body = body_of(turn, hearing, "sentenceResult");
    (void)json_object_set_new(body, "resultDate", wire_day(day_of(turn->now_ms)));
    post_parcel(turn->book,
                &(struct parcel){.type = "court.sentence.result",
                                 .to = wire_text(turn->data, "probation"),
                                 .case_handle = handle,
                                 .body = body,
                                 .event = "sentenced",
                                 .text = "Sentence is passed, and probation told the same day."},
                id);
    return 0;
}

/* --- the report --- */

/* The checks without an answer, by type. */
static json_t *missing_checks(const json_t *report)
{
    json_t *missing = wire_made(json_array());
    const json_t *check;
    size_t i;

    json_array_foreach(wire_at(report, "checks"), i, check)
    {
        if (strcmp(wire_text(check, "state"), "REPLIED") != 0)
            (void)json_array_append(missing, wire_at(check, "type"));
    }
    return missing;
}

static void on_report(struct turn *turn, struct letter *letter)
{
    json_t *order = json_object_get(store_object(turn->book, "orders"), letter->in_reply_to);
    json_t *missing = missing_checks(letter->body), *event;
    size_t count = json_array_size(missing);
    char text[128];

    letter_say(letter, "A pre-sentence report%s.", letter->late ? ", too late" : "");
    (void)json_object_set_new(order ? order : store_object(turn->book, "reports"),
                              order ? "report" : letter->id,
                              wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
    if (count == 0)
        (void)snprintf(text, sizeof text, "The report is on the file; every check was answered.");
    else
        (void)snprintf(text, sizeof text, "The report is on the file; %zu checks have no answer.",
                       count);
    event = letter_event(letter, "recorded", text);
    (void)json_object_set_new(event, "missing", missing);
    wire_copy(event, "checks", letter->body, "checks");
    turn_tell(turn, event);
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {{"psr.report", on_report}, {0}};
    static const struct act acts[] = {
        {"order-report", "CASE --needed-by T [--case H]",
         "asks probation for a report; makes a case handle unless H is one", order_report},
        {"pass-sentence", "CASE [--case H]", "tells probation what the court ordered",
         pass_sentence},
        {0},
    };
    static const struct service service = {
        .name = "court",
        .about = "A court: orders pre-sentence reports and passes sentence.",
        .needs_data = true,
        .reactions = reactions,
        .acts = acts,
    };

    return service_main(&service, argc, argv);
}
