#include "agents/roles/turn.h"

#include <stdarg.h>
#include <stdio.h>

#include "agents/roles/event.h"
#include "agents/roles/wire.h"

void turn_tell(struct turn *turn, json_t *event)
{
    (void)json_array_append_new(turn->events, wire_made(event));
}

void letter_say(struct letter *letter, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(letter->text, sizeof letter->text, format, arguments);
    va_end(arguments);
}

json_t *letter_event(const struct letter *letter, const char *name, const char *text)
{
    json_t *event = event_new(name, "%s", text);

    event_add_message(event, letter->item, "from", letter->item->from);
    return event;
}

void letter_acknowledge(struct turn *turn, const struct letter *letter)
{
    post_acknowledge(turn->book, letter->item);
}

void letter_decline(struct turn *turn, const struct letter *letter, enum concordat_decline reason,
                    const char *text)
{
    post_decline(turn->book, letter->item, reason, text);
}

void letter_answer(struct turn *turn, const struct letter *letter, json_t *body, const char *event,
                   const char *text, char id[static CONCORDAT_ID_TEXT])
{
    post_parcel(turn->book,
                &(struct parcel){.is_answer = true,
                                 .in_reply_to = letter->id,
                                 .body = body,
                                 .event = event,
                                 .text = text},
                id);
}
