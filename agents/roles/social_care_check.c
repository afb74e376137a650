/*
 * social_care_check.c - is anybody named in a check known to a council, and whom to ring about it.
 *
 * People are looked up only where each has a relationship for which the desk may look: one without,
 * and nobody is.
 */
#include <strings.h>

#include "agents/roles/person.h"
#include "agents/roles/social_care.h"
#include "agents/roles/wire.h"

static bool is_in_scope(const struct desk *desk, const char *relationship)
{
    for (size_t i = 0; desk->in_scope[i]; i++) {
        if (strcasecmp(relationship, desk->in_scope[i]) == 0)
            return true;
    }
    return false;
}

/* May we look for everybody it names? */
static bool all_in_scope(const struct desk *desk, const json_t *request)
{
    const json_t *linked;
    size_t i;

    json_array_foreach(wire_at(request, desk->linked), i, linked)
    {
        if (!is_in_scope(desk, wire_text(linked, "relationship")))
            return false;
    }
    return true;
}

struct findings {
    json_t *involvements, *workers;
    size_t current, closed, unsure;
};

/* One involvement; and whom to ring about it, in a list of its own: another category of data. */
static void add_involvement(struct findings *findings, const json_t *kept, const char *reference)
{
    static const char *const parts[] = {"status", "from", "to", "relevance"};
    int row = (int)json_array_size(findings->involvements) + 1;
    json_t *involvement = wire_made(json_pack("{s:i}", "row", row));

    if (*reference)
        (void)json_object_set_new(involvement, "linkedRef", wire_made(json_string(reference)));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        wire_copy(involvement, parts[i], kept, parts[i]);
    (void)json_array_append_new(findings->involvements, involvement);
    if (wire_at(kept, "worker"))
        (void)json_array_append_new(
            findings->workers,
            wire_made(json_pack("{s:i, s:O}", "row", row, "officer", wire_at(kept, "worker"))));
    *(wire_at(kept, "to") ? &findings->closed : &findings->current) += 1;
}

/* `reference` is the asker's name for the person; "" for the subject. */
static void look_up(const struct desk *desk, const struct turn *turn, const json_t *person,
                    const char *reference, struct findings *findings)
{
    const json_t *record = NULL, *involvement;
    enum match match =
        person_find_by_name(wire_at(turn->data, "records"), person, desk->number, &record);
    size_t i;

    findings->unsure += match == MATCH_UNSURE;
    json_array_foreach(wire_at(record, "involvements"), i, involvement)
        add_involvement(findings, involvement, reference);
}

static const char *outcome_of(const struct findings *findings)
{
    return findings->current > 0 ? "KNOWN_CURRENT"
         : findings->closed > 0  ? "KNOWN_CLOSED"
         : findings->unsure > 0  ? "CANNOT_MATCH"
                                 : "NOT_KNOWN";
}

/* Takes the findings. */
static json_t *answer_body(const struct desk *desk, const struct turn *turn,
                           struct findings *findings)
{
    json_t *body = wire_made(json_pack("{s:s}", "outcome", outcome_of(findings)));

    if (findings->unsure > 0 && json_array_size(findings->involvements) > 0)
        (void)json_object_set_new(body, "partial", json_true());
    if (json_array_size(findings->involvements) > 0)
        (void)json_object_set(body, desk->found, findings->involvements);
    if (json_array_size(findings->workers) > 0)
        (void)json_object_set(body, "workers", findings->workers);
    wire_copy(body, "contact", turn->data, "duty");
    json_decref(findings->involvements);
    json_decref(findings->workers);
    return body;
}

void check(const struct desk *desk, struct turn *turn, struct letter *letter)
{
    struct findings findings = {0};
    char id[CONCORDAT_ID_TEXT];
    const json_t *linked;
    json_t *body;
    size_t i;

    letter_say(letter, "A check: is anybody named in it known here?");
    if (!all_in_scope(desk, letter->body)) {
        /* Asking again with the link stated is what would help; and since nothing was looked up,
         * the refusal says nothing of who is known. */
        letter_decline(turn, letter, CONCORDAT_INSUFFICIENT_INFORMATION,
                       "It names somebody without a relationship for which we may look: nobody was "
                       "looked up.");
        return;
    }
    findings.involvements = wire_made(json_array());
    findings.workers = wire_made(json_array());
    look_up(desk, turn, wire_at(letter->body, "subject"), "", &findings);
    json_array_foreach(wire_at(letter->body, desk->linked), i, linked)
    {
        if (!wire_true(linked, "unborn")) /* who has no record yet is found by the subject */
            look_up(desk, turn, wire_at(linked, "person"), wire_text(linked, "reference"),
                    &findings);
    }
    body = answer_body(desk, turn, &findings);
    letter_answer(turn, letter, body, "answered", wire_text(body, "outcome"), id);
}
