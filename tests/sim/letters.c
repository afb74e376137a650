/* letters.c - what the agencies of the simulation may write, under one agreement, and how. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/categories.pb-c.h"
#include "tests/sim/town.h"

#define SECTION_SIZE 16
#define KEPT_FOR (40 * DAY) /* a message's life */

/* Between kinds; probation also hands cases on among its own. A company passes no late answer on:
 * what it should, waits. */
static const struct route {
    const char *type, *from, *to, *purpose, *gateway;
    struct spans spans;
} routes[] = {
#define TRANSFER(FROM, TO)                                                                         \
    {"case.transfer.offer", FROM, TO, "allocation", "OMA2007_S14", {.decide = 48}},                \
        {"case.transfer.accept", FROM, TO, "allocation", "OMA2007_S14", {0}},                      \
        {"case.transfer.reject", FROM, TO, "allocation", "OMA2007_S14", {0}},                      \
        {"case.transfer.withdraw", FROM, TO, "allocation", "OMA2007_S14", {0}},                    \
        {"case.transfer.complete", FROM, TO, "allocation", "OMA2007_S14", {0}},                    \
    {                                                                                              \
        "case.first_contact", FROM, TO, "supervise_sentence", "OMA2007_S14",                       \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
    TRANSFER("NPS", "CRC"),
    TRANSFER("CRC", "NPS"),
    TRANSFER("NPS", "NPS"),
#undef TRANSFER
    {"case.late_answer", "NPS", "CRC", "supervise_sentence", "OMA2007_S14", {0}},
    {"case.late_answer", "NPS", "NPS", "supervise_sentence", "OMA2007_S14", {0}},
    {"case.assessment.completed", "CRC", "NPS", "supervise_sentence", "OMA2007_S14", {0}},
#define SAFE "safeguard_child", "CA1989_S17_S47"
#define CHECKED(KIND)                                                                              \
    {"safeguarding.referral.child",                                                                \
     KIND,                                                                                         \
     "LA_CHILDREN",                                                                                \
     SAFE,                                                                                         \
     {.acknowledge = 1, .decide = 24, .answer = 48, .close = 12, .rungs = 2}},                     \
        {"safeguarding.referral.ack", "LA_CHILDREN", KIND, SAFE, {0}},                             \
        {"safeguarding.referral.decision", "LA_CHILDREN", KIND, SAFE, {0}},                        \
        {"safeguarding.update", "LA_CHILDREN", KIND, SAFE, {0}},                                   \
        {"safeguarding.update", KIND, "LA_CHILDREN", SAFE, {0}},                                   \
        {"safeguarding.close", "LA_CHILDREN", KIND, SAFE, {0}},                                    \
        {"safeguarding.close", KIND, "LA_CHILDREN", SAFE, {0}},                                    \
        {"check.social_care.children.request",                                                     \
         KIND,                                                                                     \
         "LA_CHILDREN",                                                                            \
         SAFE,                                                                                     \
         {.answer = 20, .rungs = 1}},                                                              \
    {                                                                                              \
        "check.social_care.children.response", "LA_CHILDREN", KIND, SAFE,                          \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
    CHECKED("NPS"),
    CHECKED("CRC"),
#undef CHECKED
    /* Put to the holder: probation and companies can answer the one, probation alone the other. */
    {"service.referral.family_support", "LA_CHILDREN", "NPS", SAFE, {.answer = 48}},
    {"service.referral.family_support", "LA_CHILDREN", "CRC", SAFE, {.answer = 48}},
    {"service.outcome", "NPS", "LA_CHILDREN", SAFE, {0}},
    {"service.outcome", "CRC", "LA_CHILDREN", SAFE, {0}},
    {"mappa.info.request", "LA_CHILDREN", "NPS", SAFE, {.answer = 48}},
    {"mappa.info.response", "NPS", "LA_CHILDREN", SAFE, {0}},
};
#define ROUTES (sizeof routes / sizeof *routes)

static const char head[] = "agreement: ISA-TOWN\n"
                           "version: 1\n"
                           "title: Cases that change hands\n"
                           "in-force: 2020-01-01\n"
                           "review: 2030-01-01\n"
                           "expires: 2035-01-01\n"
                           "marking:\n"
                           "  floor: OFFICIAL\n"
                           "  ceiling: OFFICIAL_SENSITIVE\n"
                           "retention-days: 365\n"
                           "onward: []\n"
                           "parties:\n"
                           "  - agency: nps.a\n"
                           "    kind: NPS\n"
                           "    contact: Duty desk\n"
                           "    out-of-hours: Night desk\n"
                           "  - agency: nps.b\n"
                           "    kind: NPS\n"
                           "    contact: Duty desk\n"
                           "  - agency: crc.a\n"
                           "    kind: CRC\n"
                           "    contact: Duty desk\n"
                           "  - agency: csc.a\n"
                           "    kind: LA_CHILDREN\n"
                           "    contact: Hub\n"
                           "    out-of-hours: Emergency team\n"
                           "clauses:\n";
static const char tail[] = "expectations:\n"
                           "  - id: first-contact\n"
                           "    after: case.transfer.complete\n"
                           "    expect: case.first_contact\n"
                           "    within: 5d\n"
                           "    tell: Head of probation\n";

const char *const town_ladder[] = {"Duty social worker", "Head of safeguarding"};

static void write_spans(FILE *out, const struct spans *spans)
{
    const struct {
        const char *name;
        unsigned hours;
    } each[] = {{"acknowledge-within", spans->acknowledge},
                {"decide-within", spans->decide},
                {"answer-within", spans->answer},
                {"close-within", spans->close}};

    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        if (each[i].hours > 0)
            (void)fprintf(out, "    %s: %uh\n", each[i].name, each[i].hours);
    if (spans->rungs > 0)
        (void)fputs("    escalation:\n", out);
    for (unsigned i = 0; i < spans->rungs; i++)
        (void)fprintf(out, "      - %s\n", town_ladder[i]);
}

static void write_clause(FILE *out, size_t i)
{
    const struct route *route = &routes[i];
    const struct message_type *type = catalogue_find(route->type);
    const char *comma = "";

    (void)fprintf(out,
                  "  - id: c%zu\n    type: %s\n    from: %s\n    to: %s\n    purpose: %s\n"
                  "    gateway: %s\n    required: [",
                  i, route->type, route->from, route->to, route->purpose, route->gateway);
    for (uint32_t category = 1; category <= SECTIONS_MAX; category++)
        if (type->required >> category & 1) {
            (void)fprintf(out, "%s%s", comma, category_name(category));
            comma = ", ";
        }
    (void)fprintf(out, "]\n    allowed: [DC_STAFF]\n%s",
                  catalogue_is_answer(type) ? "    only-in-reply: false\n" : "");
    write_spans(out, &route->spans);
}

const char *town_agreement(void)
{
    static char *text;
    size_t size;

    if (text)
        return text;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    (void)fputs(head, out);
    for (size_t i = 0; i < ROUTES; i++)
        write_clause(out, i);
    (void)fputs(tail, out);
    if (fclose(out) != 0)
        abort();
    return text;
}

bool town_permits(const struct town *t, const char *type, int from, int to)
{
    for (size_t i = 0; i < ROUTES; i++)
        if (strcmp(routes[i].type, type) == 0 && strcmp(routes[i].from, t->agencies[from].kind) == 0
            && strcmp(routes[i].to, t->agencies[to].kind) == 0)
            return true;
    return false;
}

/* Whose clause it is; one that is none when nothing permits it. */
static size_t route_of(const struct town *t, const struct letter *letter)
{
    for (size_t i = 0; i < ROUTES; i++)
        if (strcmp(routes[i].type, letter->type->name) == 0
            && strcmp(routes[i].from, t->agencies[letter->from].kind) == 0
            && strcmp(routes[i].to, t->agencies[letter->to].kind) == 0)
            return i;
    return ROUTES;
}

struct spans letter_spans(const struct town *t, const struct letter *letter)
{
    size_t route = route_of(t, letter);

    return route < ROUTES ? routes[route].spans : (struct spans){0};
}

/* ---- ids ---- */

/* Version 7; its place among the letters is in it, so that it is found again. */
static struct id id_at(int64_t at_ms, uint32_t place)
{
    struct id id = {{0}};

    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)at_ms >> (40 - 8 * i));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[12] = (uint8_t)(place >> 8);
    id.bytes[13] = (uint8_t)place;
    id.bytes[15] = 1;
    return id;
}

struct letter *letter_of(struct town *t, const struct id *id)
{
    int place = id->bytes[12] << 8 | id->bytes[13];

    return place < t->letter_count && id_equal(&t->letters[place].id, id) ? &t->letters[place]
                                                                          : NULL;
}

struct letter *letter_new(struct town *t, const char *type, int from, int to, int case_number)
{
    if (t->letter_count == LETTERS_MAX || t->talk_count == TALKS_MAX)
        return NULL;
    struct letter *letter = &t->letters[t->letter_count];

    memset(letter, 0, sizeof *letter);
    letter->type = catalogue_find(type);
    letter->from = from;
    letter->to = to;
    letter->case_number = case_number;
    letter->talk = letter->reply_to = letter->side = letter->passed_on = NONE;
    letter->created_ms = hub_exchange(t->hub)->now_ms;
    letter->id = id_at(letter->created_ms, (uint32_t)t->letter_count);
    letter->sequence = 1;
    t->letter_count++;
    t->counts->letters++;
    return letter;
}

void letter_opens(struct town *t, struct letter *letter)
{
    struct talk *talk = &t->talks[t->talk_count];

    memset(talk, 0, sizeof *talk);
    talk->id = letter->id;
    talk->opened = letter->type;
    talk->opening = (int)(letter - t->letters);
    talk->case_number = letter->case_number;
    talk->sides[0] = letter->from;
    talk->sides[1] = letter->to;
    talk->assigned[0] = 1;
    talk->former = talk->owes_again = NONE;
    letter->talk = t->talk_count++;
}

void letter_in(struct town *t, struct letter *letter, struct talk *talk, uint32_t sequence)
{
    letter->talk = (int)(talk - t->talks);
    letter->sequence = sequence;
    letter->reply_to = talk->opening;
}

/* ---- what is sent ---- */

static void fill_sections(struct envelope *e, category_set categories)
{
    for (uint32_t category = 1; category <= SECTIONS_MAX; category++) {
        if (!(categories >> category & 1))
            continue;
        struct sealed_section *section = &e->sections[e->section_count++];
        *section = (struct sealed_section){.category = category, .sealed_size = SECTION_SIZE};
        section->sealed_sha256.bytes[0] = 1;
        section->wrap[0] = 1;
        e->body_size += SECTION_SIZE;
    }
    e->categories = categories;
}

static void fill_envelope(const struct town *t, const struct letter *letter, struct envelope *e)
{
    size_t route = route_of(t, letter);
    const struct route *by = &routes[route < ROUTES ? route : 0];

    memset(e, 0, offsetof(struct envelope, sections));
    e->message_id = e->share_id = e->conversation_id = letter->id;
    if (letter->talk != NONE)
        e->conversation_id = t->talks[letter->talk].id;
    if (letter->case_number != NONE)
        e->case_handle = t->files[letter->case_number].handle;
    if (letter->reply_to != NONE)
        e->in_reply_to = t->letters[letter->reply_to].id;
    e->leg_count = e->schema_version = e->agreement_version = 1;
    e->sequence = letter->sequence;
    (void)snprintf(e->type, sizeof e->type, "%s", letter->type->name);
    (void)snprintf(e->sender, sizeof e->sender, "%s", t->agencies[letter->from].name);
    (void)snprintf(e->recipient, sizeof e->recipient, "%s", t->agencies[letter->to].name);
    (void)snprintf(e->agreement_id, sizeof e->agreement_id, "ISA-TOWN");
    (void)snprintf(e->clause, sizeof e->clause, "c%zu", route);
    (void)snprintf(e->purpose, sizeof e->purpose, "%s", by->purpose);
    (void)snprintf(e->gateway, sizeof e->gateway, "%s", by->gateway);
    e->agreement_hash = hub_agreement(t->hub)->hash;
    e->marking = letter->type->marking;
    e->urgency = letter->type->urgency;
    e->created_ms = letter->created_ms;
    e->needed_by_ms = letter->needed_by_ms;
    e->watch_until_ms = letter->watch_until_ms;
    e->expires_ms = letter->created_ms + KEPT_FOR;
    memset(e->recipient_key_id, letter->to + 1, KEY_ID_SIZE);
    e->encapsulation[0] = 1;
    e->custody = letter->custody;
    fill_sections(e, letter->type->required);
}

void letter_submit(struct town *t, const struct letter *letter)
{
    static const uint8_t body[SECTIONS_MAX * SECTION_SIZE];
    static const struct digest signing_key = {{9}};
    static struct envelope e;
    const struct proof proof = {.count = 1};
    uint8_t header[HEADER_MAX];
    uint32_t charge;
    size_t size;

    fill_envelope(t, letter, &e);
    MUST(envelope_write(&e, header, sizeof header, &size));
    struct digest digest = sha256(header, size);
    t->letters[letter - t->letters].digest = digest;
    const struct submission submission = {
        .session = t->agencies[letter->from].session,
        .member = t->agencies[letter->from].member,
        .envelope = &e,
        .header_digest = &digest,
        .header = {header, size},
        .body = {body, e.body_size},
        .proof = &proof,
        .signing_key = &signing_key,
    };
    MUST(turn_submit(hub_turn(t->hub), &submission, &charge));
}

void letter_post(struct town *t, struct letter *letter)
{
    const struct frame_out frame = {.kind = FRAME_SUBMIT, .place = (int)(letter - t->letters)};

    agency_say(t, letter->from, frame);
}
