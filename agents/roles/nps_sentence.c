/*
 * nps_sentence.c - after sentence: the score goes into our record, and the case to who takes it.
 *
 * From 26 June 2021 every case stays. Until then MAPPA-eligible cases, high risk of serious harm
 * and a high score stay with the National Probation Service, and the others go to the community
 * rehabilitation company; so they do later where the officers' data names a reason to allocate
 * against the rule (allocation.override). Our agent holds what we send against the rule of the day.
 */
#include "agents/roles/nps.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/wire.h"

#define RSR_HIGH 690 /* basis points: 6.90 % */
#define UNIFIED_FROM 20210626

/* --- what is known of the risk --- */

/* From low to high. "Not applicable", or a level that we do not know, is none. */
static const char *const levels[] = {"ROSH_LOW", "ROSH_MEDIUM", "ROSH_HIGH", "ROSH_VERY_HIGH"};
#define LEVELS (sizeof levels / sizeof *levels)
#define LEVEL_HIGH 2

/* The highest risk of serious harm to anybody; -1: nobody has said. */
static int rosh_of(const json_t *risk)
{
    static const char *const subjects[] = {"overall",    "children", "public",
                                           "knownAdult", "staff",    "prisoners"};
    int highest = -1;

    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        for (int level = highest + 1; level < (int)LEVELS; level++) {
            if (strcmp(wire_text(risk, subjects[i]), levels[level]) == 0)
                highest = level;
        }
    }
    return highest;
}

/* The score of serious recidivism; NULL: there is none, or one without its number. */
static const json_t *rsr_of(const json_t *risk)
{
    const json_t *score;
    size_t i;

    json_array_foreach(wire_at(risk, "scores"), i, score)
    {
        if (strcmp(wire_text(score, "tool"), "RSR") == 0 && wire_at(score, "basisPoints"))
            return score;
    }
    return NULL;
}

/* --- the decision --- */

struct facts {
    const char *sentence; /* its kind */
    const json_t *risk;
    bool unified; /* one service by the day, and no reason to allocate against that */
};

static bool is_unified(const struct facts *facts)
{
    return facts->unified;
}

static bool is_mappa(const struct facts *facts)
{
    return wire_number(facts->risk, "mappa.category") > 0;
}

static bool is_among(const char *word, const char *const words[])
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

static bool is_for_public_protection(const struct facts *facts)
{
    static const char *const kinds[] = {"LIFE_OR_IPP", "EXTENDED", NULL};

    return is_among(facts->sentence, kinds);
}

static bool is_high_harm(const struct facts *facts)
{
    return rosh_of(facts->risk) >= LEVEL_HIGH;
}

static bool is_high_score(const struct facts *facts)
{
    return wire_number(rsr_of(facts->risk), "basisPoints") >= RSR_HIGH;
}

/* Only what a company may supervise, and only where nothing is unknown. */
static bool is_for_company(const struct facts *facts)
{
    static const char *const kinds[] = {"COMMUNITY_ORDER", "SUSPENDED_SENTENCE_ORDER",
                                        "IMMEDIATE_CUSTODY", NULL};

    return is_among(facts->sentence, kinds) && rosh_of(facts->risk) >= 0 && rsr_of(facts->risk);
}

/* The first that holds decides; where none does, an officer has to. */
static const struct ground {
    bool (*holds)(const struct facts *facts);
    const char *name;
    bool stays; /* with the National Probation Service */
    const char *source;
} grounds[] = {
    {is_unified, "UNIFIED_SERVICE", true, "end of the companies' contracts, 26 June 2021"},
    {is_mappa, "MAPPA_ELIGIBLE", true, "Criminal Justice Act 2003 s.325"},
    {is_high_harm, "ROSH_HIGH_OR_ABOVE", true, "case allocation practice, 2014"},
    {is_high_score, "RSR_AT_OR_OVER_6_90", true, "case allocation practice, 2014"},
    {is_for_public_protection, "DEFERRED_OR_PUBLIC_INTEREST", true,
     "case allocation practice, 2014"},
    {is_for_company, "LOW_OR_MEDIUM_TO_CRC", false, "case allocation practice, 2014"},
};

/* Why the officers allocate against the rule of the day; "": they do not, or need not. */
static const char *override_of(const struct turn *turn)
{
    return day_of(turn->now_ms) < UNIFIED_FROM ? "" : wire_text(turn->data, "allocation.override");
}

/* NULL: an officer decides. A youth's order, a hospital's, and what the court calls otherwise, are
 * not for this table. */
static const struct ground *decide(const struct turn *turn, const json_t *sentence,
                                   const json_t *risk)
{
    static const char *const others[] = {"YOUTH_REHABILITATION_ORDER",
                                         "DETENTION_AND_TRAINING",
                                         "HOSPITAL_ORDER",
                                         "OTHER",
                                         "KIND_UNSPECIFIED",
                                         "",
                                         NULL};
    struct facts facts = {wire_text(sentence, "kind"), risk,
                          day_of(turn->now_ms) >= UNIFIED_FROM && !*override_of(turn)};

    if (is_among(facts.sentence, others))
        return NULL;
    for (size_t i = 0; i < sizeof grounds / sizeof *grounds; i++) {
        if (grounds[i].holds(&facts))
            return &grounds[i];
    }
    return NULL;
}

static bool is_unsupervised(const json_t *sentence)
{
    static const char *const kinds[] = {"FINE", "DISCHARGE", "DEFERRED", NULL};

    return is_among(wire_text(sentence, "kind"), kinds);
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
    json_t *body = wire_made(
        json_pack("{s:O, s:O*, s:O, s:o, s:s, s:s, s:o}", "subject", wire_at(record, "defendant"),
                  "sentence", wire_at(record, "sentence"), "rsr", rsr_of(risk), "rosh",
                  wire_made(json_string(levels[rosh_of(risk)])), "targetAgencyId", target, "ground",
                  ground->name, "decided", wire_day(day_of(turn->now_ms))));

    if (*override_of(turn)) {
        (void)json_object_set_new(body, "override", json_true());
        (void)json_object_set_new(body, "overrideReason",
                                  wire_made(json_string(override_of(turn))));
    }
    return body;
}

/* Under the handle that the court has used last; what has none goes under ours. */
static const char *handle_of(const struct letter *letter, const json_t *record)
{
    return *letter->case_handle ? letter->case_handle : wire_text(record, "case");
}

/* The decision, to who takes the case or has it; under the handle by which they know it. */
static void send_decision(struct turn *turn, json_t *record, const json_t *risk,
                          const struct ground *ground, const char *to, const char *handle,
                          const char *text)
{
    char id[CONCORDAT_ID_TEXT];

    post_parcel(turn->book,
                &(struct parcel){.type = "case.allocation.decision",
                                 .to = to,
                                 .case_handle = handle,
                                 .body = decision_body(turn, record, risk, ground, to),
                                 .event = "allocated",
                                 .text = text,
                                 .more = wire_made(json_pack("{s:s, s:s}", "ground", ground->name,
                                                             "source", ground->source))},
                id);
    follow(turn, id);
    (void)json_object_set_new(
        record, "allocated",
        wire_made(json_pack("{s:s, s:s, s:s}", "id", id, "to", to, "case", handle)));
}

static void give(struct turn *turn, const struct letter *letter, json_t *record, const json_t *risk,
                 const struct ground *ground)
{
    const char *handle = handle_of(letter, record);
    const char *to = wire_text(turn->data, "agencies.crc");
    char id[CONCORDAT_ID_TEXT];

    post_parcel(turn->book,
                &(struct parcel){.type = "risk.rsr.result",
                                 .to = to,
                                 .case_handle = handle,
                                 .body = rsr_body(turn, record, risk),
                                 .event = "sent",
                                 .text = "The score goes to who takes the case."},
                id);
    follow(turn, id);
    send_decision(turn, record, risk, ground, to, handle,
                  "The case goes to the community rehabilitation company.");
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

/* Nothing goes out, nothing is settled: a later assessment, or a corrected result, can. */
static void leave_to_officer(struct turn *turn, const struct letter *letter, const char *text)
{
    json_t *event = letter_event(letter, "kept", text);

    (void)json_object_set_new(event, "officer", json_true());
    turn_tell(turn, event);
}

/* Has another agency the case from us? A decision that was refused or declined gave it to nobody.
 */
static bool is_given(const struct turn *turn, const json_t *record)
{
    return wire_at(record, "allocated")
        && post_is_under_way(turn->book, wire_text(record, "allocated.id"));
}

/* A corrected sentence, for who holds the case: their requirements and dates follow from it. What
 * must not be theirs, or is not for a table, is for an officer to settle with them. */
static void correct(struct turn *turn, const struct letter *letter, json_t *record,
                    const json_t *risk, const struct ground *ground, bool is_same)
{
    json_t *allocated = json_incref(wire_at(record, "allocated"));

    if (is_same) {
        turn_tell(turn,
                  letter_event(letter, "kept", "The same result again; the allocation stands."));
    } else if (!ground || ground->stays) {
        leave_to_officer(turn, letter,
                         "A corrected result, and the case is with another agency, which the "
                         "table would no longer give it to: an officer must tell them and decide. "
                         "They do not know of it.");
    } else {
        turn_tell(turn, letter_event(letter, "kept", "A corrected result; the allocation stands."));
        send_decision(turn, record, risk, ground, wire_text(allocated, "to"),
                      wire_text(allocated, "case"),
                      "The corrected sentence goes to who has the case.");
    }
    json_decref(allocated);
}

/* Is the result of an earlier revision than the one on file of that hearing? */
static bool is_stale(const json_t *record, const json_t *body)
{
    return strcmp(wire_text(record, "result.hearingId"), wire_text(body, "hearingId")) == 0
        && wire_number(body, "revision") < wire_number(record, "result.revision");
}

static void allocate(struct turn *turn, const struct letter *letter, json_t *record,
                     const json_t *risk, const struct ground *ground)
{
    if (rsr_of(risk)) {
        (void)json_object_set_new(record, "rsr", wire_made(json_deep_copy(rsr_of(risk))));
        turn_tell(turn, inner_event("recorded", "risk.rsr.result", letter,
                                    "The score is in our own record; it has gone nowhere."));
    }
    (void)json_object_set_new(record, "allocation", wire_made(json_string(ground->name)));
    if (ground->stays)
        keep(turn, letter, ground);
    else
        give(turn, letter, record, risk, ground);
}

void on_sentence(struct turn *turn, struct letter *letter)
{
    const json_t *sentence = wire_at(letter->body, "sentence");
    const json_t *risk = wire_at(assessment_of(turn, wire_at(letter->body, "defendant")), "risk");
    json_t *record = known_case(turn, letter);
    const struct ground *ground = decide(turn, sentence, risk);
    bool is_same = json_equal(wire_at(record, "sentence"), sentence);

    letter_say(letter, "Sentence is passed.");
    letter_acknowledge(turn, letter);
    if (is_stale(record, letter->body)) {
        turn_tell(turn, letter_event(letter, "kept", "Older than the result on file: it stands."));
        return;
    }
    wire_copy(record, "sentence", letter->body, "sentence");
    (void)json_object_set_new(
        record, "result",
        wire_made(json_pack("{s:s, s:I}", "hearingId", wire_text(letter->body, "hearingId"),
                            "revision", (json_int_t)wire_number(letter->body, "revision"))));
    if (is_given(turn, record)) {
        correct(turn, letter, record, risk, ground, is_same);
        return;
    }
    (void)json_object_del(record, "allocation"); /* the corrected sentence decides anew */
    (void)json_object_del(record, "allocated");
    if (is_unsupervised(sentence))
        turn_tell(turn,
                  letter_event(letter, "kept", "No supervision follows: nothing to allocate."));
    else if (ground)
        allocate(turn, letter, record, risk, ground);
    else
        leave_to_officer(turn, letter,
                         "Not for the table, by its sentence or for want of an assessment: an "
                         "officer decides, and nothing was sent.");
}
