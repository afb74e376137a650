/* Instruments on their way to the broker's gazette, and its verdicts. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"

#define PUBLISHING_MAX 64 /* that wait for their verdict */
#define VERDICT_MS 10000

struct publishing {
    struct publishing *next;
    uint64_t request;
    uint64_t sequence;   /* of its entry, which our gazette does not have yet; 0: no verdict */
    int64_t deadline_ms; /* monotonic */
    size_t route_size;
    uint8_t route[];
};

static const char unknown_end[] =
    "no verdict from the broker; publish it again: what is published already is not doubled";

void desk_publish(struct desk *desk, struct bytes route, const Concordat__PublishRequest *r)
{
    struct wire wire = {.kind = WIRE_GAZETTE};
    const struct bytes text = {(const uint8_t *)r->text, strlen(r->text)};
    struct signed_instrument parts;
    struct publishing *p;
    struct reason why = {""};
    size_t count = 0;

    wire.gazette.instrument = (struct bytes){r->instrument.data, r->instrument.len};
    if (text.size > AGREEMENT_FILE_MAX || r->instrument.len > SIGNED_INSTRUMENT_MAX
        || signed_instrument_read(wire.gazette.instrument, &parts, &why) != ST_OK) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "instrument", "%s",
                           why.text[0] ? why.text : "it, or its text, is too large");
        return;
    }
    for (p = desk->publishing; p; p = p->next)
        count++;
    if (!desk->connected || desk->is_stale || count == PUBLISHING_MAX) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "broker",
                           desk->is_stale    ? "our CRLs are out of date: nothing is sent"
                           : desk->connected ? "too many instruments wait for their verdict"
                                             : "not reached: nothing was published");
        return;
    }
    p = malloc(sizeof *p + route.size);
    if (!p) {
        (void)desk_ok(desk, ST_NOMEM);
        return;
    }
    p->next = desk->publishing;
    p->request = wire.gazette.request = ++desk->last_publishing;
    p->sequence = 0;
    p->deadline_ms = desk->now_ms + VERDICT_MS;
    p->route_size = route.size;
    memcpy(p->route, route.data, route.size);
    desk->publishing = p;
    desk_frame(desk, &wire, text);
}

static void reply_published(struct desk *desk, const struct publishing *p)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.sequence = p->sequence;
    desk_reply(desk, (struct bytes){p->route, p->route_size}, &response);
}

/* A verdict comes before the entry: who has published something and goes on, an officer's word and
 * then the message, finds it in force only when we have the entry too. */
void desk_verdict(struct desk *desk, const struct wire *wire)
{
    struct publishing **link = &desk->publishing;

    while (*link && (*link)->request != wire->gazette.request)
        link = &(*link)->next;
    struct publishing *p = *link;
    if (!p)
        return; /* its asker was told that there is none */
    if (wire->gazette.published) {
        p->sequence = wire->gazette.after;
        desk_published(desk, gazette_last(desk->gazette));
        return;
    }
    desk_reply_problem(desk, (struct bytes){p->route, p->route_size}, CONCORDAT__OUTCOME__REFUSED,
                       "instrument", "%s", wire->gazette.why);
    *link = p->next;
    free(p);
}

void desk_published(struct desk *desk, uint64_t sequence)
{
    struct publishing **link = &desk->publishing;

    while (*link) {
        struct publishing *p = *link;

        if (p->sequence == 0 || p->sequence > sequence) {
            link = &p->next;
            continue;
        }
        reply_published(desk, p);
        *link = p->next;
        free(p);
    }
}

void desk_give_up_publishing(struct desk *desk, int64_t until_ms)
{
    struct publishing **link = &desk->publishing;

    while (*link) {
        struct publishing *p = *link;

        if (p->deadline_ms > until_ms) {
            link = &p->next;
            continue;
        }
        if (p->sequence != 0) /* published, though the entry has not come */
            reply_published(desk, p);
        else
            desk_reply_problem(desk, (struct bytes){p->route, p->route_size},
                               CONCORDAT__OUTCOME__FAILED, "broker", "%s", unknown_end);
        *link = p->next;
        free(p);
    }
}
