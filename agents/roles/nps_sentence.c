/*
 * nps_sentence.c - after sentence: the score goes into our record, and the case to who takes it.
 *
 * The rules are those of 2014 to 2021: MAPPA-eligible cases, high risk of serious harm and a high
 * score stay with the National Probation Service; the others go to the community rehabilitation
 * company.
 */
#include "agents/roles/nps.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/wire.h"

#define RSR_HIGH 690 /* basis points: 6.90 % */

/* --- the decision --- */

static bool is_mappa(const json_t *risk)
{
    return wire_number(risk, "mappa.category") > 0;
}

static bool is_high_harm(const json_t *risk)
{
    return strcmp(wire_text(risk, "overall"), "ROSH_HIGH") == 0
        || strcmp(wire_text(risk, "overall"), "ROSH_VERY_HIGH") == 0;
}

static const json_t *rsr_of(const json_t *risk)
{
    const json_t *score;
    size_t i;

    json_array_foreach(wire_at(risk, "scores"), i, score)
    {
        if (strcmp(wire_text(score, "tool"), "RSR") == 0)
            return score;
    }
    return NULL;
}

static bool is_high_score(const json_t *risk)
{
    return wire_number(rsr_of(risk), "basisPoints") >= RSR_HIGH;
}

static bool is_anything(const json_t *)
{
    return true;
}

/* The first that holds decides. */
static const struct ground {
    bool (*holds)(const json_t *risk);
    const char *name;
    bool stays; /* with the National Probation Service */
    const char *source;
} grounds[] = {
    {is_mappa, "MAPPA_ELIGIBLE", true, "Criminal Justice Act 2003 s.325"},
    {is_high_harm, "ROSH_HIGH_OR_ABOVE", true, "case allocation practice, 2014"},
    {is_high_score, "RSR_AT_OR_OVER_6_90", true, "case allocation practice, 2014"},
    {is_anything, "LOW_OR_MEDIUM_TO_CRC", false, "case allocation practice, 2014"},
};

static const struct ground *decide(const json_t *risk)
{
    const struct ground *ground = grounds;

    while (!ground->holds(risk))
        ground++;
    return ground;
}

static bool is_supervised(const json_t *sentence)
{
    static const char *const without[] = {"FINE", "DISCHARGE", "DEFERRED"};

    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        if (strcmp(wire_text(sentence, "kind"), without[i]) == 0)
            return false;
    }
    return true;
}

/* --- what goes out --- */

static json_t *rsr_body(const struct turn *turn, const json_t *record, const json_t *risk)
{
    return wire_made(json_pack("{s:O, s:O, s:o}", "subject", wire_at(record, "defendant"), "rsr",
                               rsr_of(risk), "assessed", wire_day(day_of(turn->now_ms))));
}

static json_t *decision_body(const struct turn *turn, const json_t *record, const json_t *risk,
                             const struct ground *ground, const char *target)
{
    return wire_made(json_pack("{s:O, s:O*, s:O, s:O*, s:s, s:s, s:o}", "subject",
                               wire_at(record, "defendant"), "sentence",
                               wire_at(record, "sentence"), "rsr", rsr_of(risk), "rosh",
                               wire_at(risk, "overall"), "targetAgencyId", target, "ground",
                               ground->name, "decided", wire_day(day_of(turn->now_ms))));
}

/* Under the handle that the court has used last; what has none goes under ours. */
static const char *handle_of(const struct letter *letter, const json_t *record)
{
    return *letter->case_handle ? letter->case_handle : wire_text(record, "case");
}

static void give(struct turn *turn, const struct letter *letter, const json_t *record,
                 const json_t *risk, const struct ground *ground)
{
    const char *handle = handle_of(letter, record);
    const char *target = wire_text(turn->data, "agencies.crc");
    char id[CONCORDAT_ID_TEXT];

    post_parcel(turn->book,
                &(struct parcel){.type = "risk.rsr.result",
                                 .to = target,
                                 .case_handle = handle,
                                 .body = rsr_body(turn, record, risk),
                                 .event = "sent",
                                 .text = "The score goes to who takes the case."},
                id);
    post_parcel(turn->book,
                &(struct parcel){.type = "case.allocation.decision",
                                 .to = target,
                                 .case_handle = handle,
                                 .body = decision_body(turn, record, risk, ground, target),
                                 .event = "allocated",
                                 .text = "The case goes to the community rehabilitation company.",
                                 .more = wire_made(json_pack("{s:s, s:s}", "ground", ground->name,
                                                             "source", ground->source))},
                id);
}

/* An event about our own record of the case: no message. */
static json_t *inner_event(const char *name, const char *type, const struct letter *letter,
                           const char *text)
{
    json_t *event = event_new(name, "%s", text);

    (void)json_object_set_new(event, "type", wire_made(json_string(type)));
    (void)json_object_set_new(event, "case", wire_made(json_string(letter->case_handle)));
    return event;
}

static void keep(struct turn *turn, const struct letter *letter, const struct ground *ground)
{
    json_t *event = inner_event("kept", "case.allocation.decision", letter,
                                "The case stays with the National Probation Service.");

    (void)json_object_set_new(event, "ground", wire_made(json_string(ground->name)));
    (void)json_object_set_new(event, "source", wire_made(json_string(ground->source)));
    turn_tell(turn, event);
}

void on_sentence(struct turn *turn, struct letter *letter)
{
    const json_t *person = wire_at(letter->body, "defendant");
    const json_t *risk = wire_at(assessment_of(turn, person), "risk");
    json_t *record = known_case(turn, letter);
    bool is_revision = json_object_get(record, "allocation") != NULL;
    const struct ground *ground;

    letter_say(letter, "Sentence is passed.");
    letter_acknowledge(turn, letter);
    wire_copy(record, "sentence", letter->body, "sentence");
    if (is_revision || !is_supervised(wire_at(letter->body, "sentence")) || !rsr_of(risk)) {
        turn_tell(turn,
                  letter_event(letter, "kept",
                               is_revision    ? "A corrected result; the allocation stands."
                               : rsr_of(risk) ? "No supervision follows: nothing to allocate."
                                              : "Nobody has scored the case: an officer must, "
                                                "before it can be allocated."));
        return;
    }
    (void)json_object_set_new(record, "rsr", wire_made(json_deep_copy(rsr_of(risk))));
    turn_tell(turn, inner_event("recorded", "risk.rsr.result", letter,
                                "The score is in our own record; it has gone nowhere."));
    ground = decide(risk);
    (void)json_object_set_new(record, "allocation", wire_made(json_string(ground->name)));
    if (ground->stays)
        keep(turn, letter, ground);
    else
        give(turn, letter, record, risk, ground);
}
