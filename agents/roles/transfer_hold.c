/* transfer_hold.c - what a holder says of a case, and is told. See transfer.h.
 *
 * Only the holder may say these; the exchange judges by who holds the case, so a case that has been
 * given away since is refused, and that is shown. */
#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/store.h"
#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

/* The case that these arguments begin with; NULL after telling that we know of none. */
static json_t *known(struct turn *turn, int argc, char **argv, int wanted)
{
    json_t *record =
        argc == wanted ? json_object_get(store_object(turn->book, "custody"), argv[0]) : NULL;

    if (!record || !*wire_text(record, "with"))
        (void)fputs("CASE: the handle of a case that has changed hands here\n", stderr);
    return record && *wire_text(record, "with") ? record : NULL;
}

static const json_t *subject_of(const struct turn *turn, const json_t *record)
{
    const json_t *files = wire_at(turn->data, "records");
    const json_t *subject = wire_at(record, "subject");

    return subject ? subject : wire_at(json_object_get(files, wire_text(record, "name")), "person");
}

static int say(struct turn *turn, const char *handle, const json_t *record, const char *type,
               json_t *body)
{
    const json_t *subject = subject_of(turn, record);
    char id[CONCORDAT_ID_TEXT];

    if (subject)
        (void)json_object_set_new(body, "subject", wire_made(json_deep_copy(subject)));
    post_parcel(turn->book,
                &(struct parcel){.type = type,
                                 .to = wire_text(record, "with"),
                                 .case_handle = handle,
                                 .body = body,
                                 .event = "sent",
                                 .text = "Said as who holds the case."},
                id);
    return 0;
}

int say_first_contact(struct turn *turn, int argc, char **argv)
{
    const json_t *record = known(turn, argc, argv, 1);
    json_t *body;

    if (!record)
        return 2;
    body = wire_made(json_pack("{s:s, s:o, s:b, s:s}", "start", "TRANSFER_IN", "contactMs",
                               wire_time(turn->now_ms), "faceToFace", 1, "outcome", "SEEN"));
    wire_copy(body, "triggerMs", record, "takenMs");
    return say(turn, argv[0], record, "case.first_contact", body);
}

int say_assessment(struct turn *turn, int argc, char **argv)
{
    const json_t *record = known(turn, argc, argv, 1);
    json_t *body;

    if (!record)
        return 2;
    body = wire_made(json_pack("{s:o}", "completed", wire_day(day_of(turn->now_ms))));
    wire_copy(body, "risk", record, "risk");
    return say(turn, argv[0], record, "case.assessment.completed", body);
}

int say_update(struct turn *turn, int argc, char **argv)
{
    const json_t *record = known(turn, argc, argv, 2);

    if (!record)
        return 2;
    return say(turn, argv[0], record, "case.update",
               wire_made(json_pack("{s:o, s:o}", "asAt", wire_day(day_of(turn->now_ms)),
                                   "compliance", wire_statement(argv[1], "FACT"))));
}

static void keep(struct turn *turn, struct letter *letter, const char *text)
{
    json_t *words = store_list(custody_of(turn, letter->case_handle), "words");

    letter_say(letter, "%s", text);
    (void)json_array_append_new(words,
                                wire_made(json_pack("{s:s, s:s, s:O*}", "type", letter->item->type,
                                                    "id", letter->id, "body", letter->body)));
    turn_tell(turn, letter_event(letter, "recorded", "It is with the case."));
}

void on_word_of_holder(struct turn *turn, struct letter *letter)
{
    keep(turn, letter, "Who holds a case says how it goes.");
}

void on_news(struct turn *turn, struct letter *letter)
{
    keep(turn, letter, "Something has happened in a case.");
    letter_acknowledge(turn, letter);
}
