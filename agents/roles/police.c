/*
 * police.c - a force's records bureau: answers what probation asks before sentence.
 *
 *     check.police.precons.request   -> previous convictions
 *     check.police.callouts.request  -> incidents of domestic abuse
 *
 * A person is found by number (PNC, CRO) and never by name alone: the name in a request is what
 * somebody gave, and the record it fits may be a brother's. Where numbers disagree, or a number
 * leads to somebody of another name and day of birth, the answer is CANNOT_MATCH, and an officer
 * has to look. --data: docs/examples/story/police.json.
 */
#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/person.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

static const char *const numbers[] = {"PNC", "CRO", NULL};

static enum match find(const struct turn *turn, const struct letter *letter, const json_t **record)
{
    return person_find_by_identifier(wire_at(turn->data, "records"),
                                     wire_at(letter->body, "subject"), numbers, record);
}

/* --- previous convictions --- */

/* The numbers that were given and are the record's: what the match stands on. */
static json_t *matched_on(const json_t *asked, const json_t *kept)
{
    json_t *list = wire_made(json_array());

    for (size_t i = 0; numbers[i]; i++) {
        for (size_t n = 0; *person_identifier(asked, numbers[i], n); n++) {
            const char *value = person_identifier(asked, numbers[i], n);

            if (person_has_identifier(kept, numbers[i], value))
                (void)json_array_append_new(
                    list, wire_made(json_pack("{s:s, s:s}", "type", numbers[i], "value", value)));
        }
    }
    return list;
}

/* Convictions and cautions. Warning signals tell of risk, which the agreement does not let go. */
static void add_record(json_t *body, const struct letter *letter, const json_t *record)
{
    static const char *const parts[] = {"cases", "penaltyCases"};
    const json_t *kept = wire_at(record, "person");

    (void)json_object_set_new(body, "matchedOn",
                              matched_on(wire_at(letter->body, "subject"), kept));
    (void)json_object_set_new(body, "checkName",
                              wire_made(json_sprintf("%s, %s", wire_text(kept, "name.surname"),
                                                     wire_text(kept, "name.forename"))));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        wire_copy(body, parts[i], record, parts[i]);
}

static void on_precons(struct turn *turn, struct letter *letter)
{
    static const char *const outcomes[] = {"CANNOT_MATCH", "NO_TRACE", "TRACED"};
    static const char *const texts[] = {
        "Too few numbers, or such as fit no one person: an officer has to look.",
        "No record under the numbers given.",
        "Traced by number; the convictions are on their way.",
    };
    char id[CONCORDAT_ID_TEXT];
    const json_t *record = NULL;
    enum match match = find(turn, letter, &record);
    json_t *body = wire_made(json_pack("{s:s}", "outcome", outcomes[match]));

    letter_say(letter, "Probation asks for previous convictions.");
    wire_copy(body, "forceStationCode", turn->data, "forceStationCode");
    if (match == MATCH_ONE)
        add_record(body, letter, record);
    letter_answer(turn, letter, body, "answered", texts[match], id);
}

/* --- callouts --- */

/* What one incident means to somebody else, in a list of its own: another category of data. */
static void add_present(json_t *body, const char *list_name, int row, const json_t *note)
{
    json_t *list = json_object_get(body, list_name);

    if (!note)
        return;
    if (!list) {
        list = wire_made(json_array());
        (void)json_object_set_new(body, list_name, list);
    }
    (void)json_array_append_new(list, wire_made(json_pack("{s:i, s:O}", "row", row, "note", note)));
}

/* What touches a victim, the subject among them, is never told to those who deal with the offender:
 * the answer says only that more is held. */
static void add_callout(json_t *body, json_t *incidents, const json_t *callout)
{
    static const char *const parts[] = {"date", "role", "summary", "outcome"};
    bool is_victim = strcmp(wire_text(callout, "role"), "victim") == 0;
    int row = (int)json_array_size(incidents) + 1;
    json_t *incident;

    if (is_victim || wire_at(callout, "victims"))
        (void)json_object_set_new(body, "withheldSensitive", json_true());
    if (is_victim)
        return;
    incident = wire_made(json_pack("{s:i}", "row", row));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        wire_copy(incident, parts[i], callout, parts[i]);
    (void)json_array_append_new(incidents, incident);
    add_present(body, "children", row, wire_at(callout, "children"));
    add_present(body, "others", row, wire_at(callout, "others"));
}

/* The incidents of the period asked about. False: nothing is held, told or withheld. */
static bool add_callouts(json_t *body, const struct turn *turn, const json_t *record,
                         int64_t look_back_months)
{
    int months = look_back_months < 1200 ? (int)look_back_months : 1200;
    uint32_t since = months > 0 ? day_months_before(day_of(turn->now_ms), months) : 0;
    json_t *incidents = wire_made(json_array());
    const json_t *callout;
    size_t i, count;

    json_array_foreach(wire_at(record, "callouts"), i, callout)
    {
        if (wire_number(callout, "date.ymd") >= since)
            add_callout(body, incidents, callout);
    }
    count = json_array_size(incidents);
    (void)json_object_set_new(body, "incidents", wire_made(json_integer((json_int_t)count)));
    if (count > 0)
        (void)json_object_set(body, "incident", incidents);
    json_decref(incidents);
    return count > 0 || wire_true(body, "withheldSensitive");
}

static void on_callouts(struct turn *turn, struct letter *letter)
{
    int64_t months = wire_number(letter->body, "lookBackMonths");
    const char *outcome = "CANNOT_MATCH", *text = "Numbers that do not lead to one person.";
    char id[CONCORDAT_ID_TEXT];
    json_t *body = wire_made(json_object());
    const json_t *record = NULL;
    enum match match = find(turn, letter, &record);

    letter_say(letter, "Probation asks for callouts, %d months back.", (int)months);
    if (match == MATCH_ONE && add_callouts(body, turn, record, months)) {
        outcome = "HELD";
        text = "Callouts are held for the period; what touches a victim stays here.";
    } else if (match != MATCH_UNSURE) {
        outcome = "NOTHING_HELD";
        text = "Nothing is held for the period.";
    }
    (void)json_object_set_new(body, "outcome", wire_made(json_string(outcome)));
    letter_answer(turn, letter, body, "answered", text, id);
}

/* Somebody is to be arrested: somebody here has it. */
static void on_revocation(struct turn *turn, struct letter *letter)
{
    json_t *wanted = store_object(turn->book, "wanted");

    letter_say(letter, "A licence is revoked.");
    (void)json_object_set_new(wanted, letter->id, wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {
        {"check.police.precons.request", on_precons},
        {"check.police.callouts.request", on_callouts},
        {"recall.revocation", on_revocation},
        {0},
    };
    static const struct service service = {
        .name = "police",
        .about = "A police force: answers checks from its records.",
        .needs_data = true,
        .reactions = reactions,
    };

    return service_main(&service, argc, argv);
}
