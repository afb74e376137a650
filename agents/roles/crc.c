/*
 * crc.c - a community rehabilitation company: takes the cases that probation allocates to it.
 *
 *     risk.rsr.result           -> kept with the case, acknowledged
 *     case.allocation.decision  -> kept with the case, acknowledged
 *     case.transfer.offer       -> accepted or rejected component by component; taken when all is
 *                                  accepted and the record is here (transfer.h)
 *     hold, offer, ...             a case of its own goes back the same way
 *
 * It gets what the agreement lets it have: "notShared" of each line says what it did not. That is
 * unknown to it, and must not be read as "nothing".
 */
#include "agents/roles/event.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

static void keep(struct turn *turn, const struct letter *letter, const char *part, const char *text)
{
    const char *key = *letter->case_handle ? letter->case_handle : letter->conversation;
    json_t *record = store_object(store_object(turn->book, "cases"), key), *event;

    (void)json_object_set_new(record, part, wire_made(json_deep_copy(letter->body)));
    letter_acknowledge(turn, letter);
    event = letter_event(letter, "kept", text);
    wire_copy(event, "ground", letter->body, "ground");
    turn_tell(turn, event);
}

static void on_rsr(struct turn *turn, struct letter *letter)
{
    letter_say(letter, "The risk of serious recidivism, before the case.");
    keep(turn, letter, "rsr", "The score is with the case.");
}

static void on_allocation(struct turn *turn, struct letter *letter)
{
    letter_say(letter, "A case is allocated to us.");
    keep(turn, letter, "allocation", "The case is ours to supervise.");
}

static void on_offer(struct turn *turn, struct letter *letter)
{
    take_offer(turn, letter, false);
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {
        {"risk.rsr.result", on_rsr},
        {"case.allocation.decision", on_allocation},
        {"case.transfer.offer", on_offer},
        {"police.event.notice", on_news},
        {"custody.received", on_news},
        {"release.notice", on_news},
        {"compliance.report", on_news},
        TRANSFER_REACTIONS,
        {0},
    };
    static const struct act acts[] = {TRANSFER_ACTS, {0}};
    static const struct service service = {
        .name = "crc",
        .about = "A community rehabilitation company: takes the cases allocated to it.",
        .reactions = reactions,
        .acts = acts,
        .tend = tend_transfers,
    };

    return service_main(&service, argc, argv);
}
