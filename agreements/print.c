/* print.c - an agreement's text in one spelling, as agreement.h promises: keys in one order, lists
 * of words in brackets, what is as it would be anyhow left out, texts quoted where YAML asks it. */
#include "agreements/agreement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agreements/span.h"
#include "lib/bytes.h"
#include "lib/day.h"
#include "proto/header.pb-c.h"
#include "proto/refusal.h"

struct printer {
    char *out;
    size_t room, size; /* bytes there are, bytes written */
    bool failed;       /* something did not fit, or no text says it */
};

static void put(struct printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct printer *p, const char *format, ...)
{
    va_list args;
    int size;

    if (p->failed)
        return;
    va_start(args, format);
    size = vsnprintf(p->out + p->size, p->room - p->size, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= p->room - p->size)
        p->failed = true;
    else
        p->size += (size_t)size;
}

/* May it stand without quotes? Words that begin with a letter and hold nothing that YAML reads. */
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789 ,.()/'&;+-_";
    size_t size = strlen(text);

    return size > 0 && strchr(letters, text[0]) && strspn(text, rest) == size
        && text[size - 1] != ' ';
}

/* In quotes; what libyaml takes only as an escape (U+FFFE, U+FFFF) is one. */
static void put_quoted(struct printer *p, const char *text)
{
    put(p, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            put(p, "\\%c", *c);
        } else if (strncmp(c, "\xef\xbf\xbe", 3) == 0 || strncmp(c, "\xef\xbf\xbf", 3) == 0) {
            put(p, c[2] == '\xbe' ? "\\uFFFE" : "\\uFFFF");
            c += 2;
        } else {
            put(p, "%c", *c);
        }
    }
    put(p, "\"");
}

/* `key` holds its indentation and colon; nothing for an empty text. */
static void put_text(struct printer *p, const char *key, const char *text)
{
    if (text[0] == '\0')
        return;
    put(p, "%s ", key);
    if (is_plain(text))
        put(p, "%s", text);
    else
        put_quoted(p, text);
    put(p, "\n");
}

/* A code, an id: never in quotes. Nothing for an empty one. */
static void put_word(struct printer *p, const char *key, const char *word)
{
    if (word[0] != '\0')
        put(p, "%s %s\n", key, word);
}

static void put_day(struct printer *p, const char *key, int64_t at_ms)
{
    char text[DAY_TEXT_SIZE];

    day_print(at_ms, text);
    put(p, "%s %s\n", key, text);
}

/* Nothing for no time at all. */
static void put_span(struct printer *p, const char *key, const struct span *span)
{
    char text[SPAN_TEXT_SIZE];

    if (span->minutes == 0)
        return;
    if (span_print(span, text))
        put(p, "%s %s\n", key, text);
    else
        p->failed = true;
}

static void put_number(struct printer *p, const char *key, uint32_t number)
{
    if (number > 0)
        put(p, "%s %u\n", key, number);
}

static const char *marking_name(int marking)
{
    return marking == CONCORDAT__MARKING__OFFICIAL ? "OFFICIAL" : "OFFICIAL_SENSITIVE";
}

static const char *capacity_name(int capacity)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__subject_capacity__descriptor, capacity);

    return value ? value->name : "?";
}

static void put_categories(struct printer *p, const char *key, category_set set)
{
    const char *comma = "";

    put(p, "%s [", key);
    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set & (1u << c)) {
            put(p, "%s%s", comma, category_name(c));
            comma = ", ";
        }
    put(p, "]\n");
}

static void put_capacities(struct printer *p, uint32_t set)
{
    const char *comma = "";

    if (set == 0)
        return;
    put(p, "    capacities: [");
    for (int c = 1; c < 32; c++)
        if (set & (1u << c)) {
            put(p, "%s%s", comma, capacity_name(c));
            comma = ", ";
        }
    put(p, "]\n");
}

static void put_pins(struct printer *p, const char *key, const struct digest pins[], size_t count)
{
    char text[2 * DIGEST_SIZE + 1];

    if (count == 0)
        return;
    put(p, "%s [", key);
    for (size_t i = 0; i < count; i++) {
        hex_print(pins[i].bytes, DIGEST_SIZE, text);
        put(p, "%s%s", i > 0 ? ", " : "", text);
    }
    put(p, "]\n");
}

static void put_terms(struct printer *p, const struct agreement *a)
{
    put(p, "agreement: %s\nversion: %u\n", a->id, a->version);
    put_text(p, "title:", a->title);
    put_day(p, "in-force:", a->from_ms);
    put_day(p, "review:", a->review_ms);
    put_day(p, "expires:", a->until_ms);
    put_word(p, "owner:", a->owner);
    put(p, "marking:\n  floor: %s\n  ceiling: %s\n", marking_name(a->marking_floor),
        marking_name(a->marking_ceiling));
    put_number(p, "retention-days:", a->retention_days);
    put(p, "onward: [");
    for (size_t i = 0; i < a->onward_count; i++)
        put(p, "%s%s", i > 0 ? ", " : "", a->onward[i]);
    put(p, "]\n");
    put_text(p, "dpia:", a->dpia);
    put_text(p, "subject-access:", a->subject_access);
    put_text(p, "foi:", a->foi);
    put_text(p, "breach-contact:", a->breach_contact);
    put_number(p, "breach-report-hours:", a->breach_report_hours);
    if (a->is_charter)
        put(p, "charter: break-glass\n");
    put_number(p, "uses-per-day:", a->uses_per_day);
    put_span(p, "review-within:", &a->review_within);
}

static void put_party(struct printer *p, const struct party *party)
{
    put(p, "  - agency: %s\n    kind: %s\n", party->agency, party->kind);
    put_text(p, "    contact:", party->contact);
    put_text(p, "    dpo:", party->dpo);
    put_text(p, "    out-of-hours:", party->out_of_hours);
    if (party->calendar == CALENDAR_ALWAYS)
        put(p, "    calendar: always\n");
    put_pins(p, "    signing-keys:", party->signing, party->signing_count);
    put_pins(p, "    governance-keys:", party->governance, party->governance_count);
}

static void put_clause(struct printer *p, const struct agreement *a, const struct clause *c)
{
    put(p, "  - id: %s\n    type: %s\n    from: %s\n    to: %s\n", c->id, c->type->name, c->from,
        c->to);
    if (c->only_by_holder)
        put(p, "    only-by-holder: true\n");
    put_capacities(p, c->capacities);
    put_number(p, "    small-number-floor:", c->small_number_floor);
    put(p, "    purpose: %s\n    gateway: %s\n", c->purpose, c->gateway);
    put_categories(p, "    required:", c->required);
    if (c->allowed & ~c->required)
        put_categories(p, "    allowed:", c->allowed & ~c->required);
    if (catalogue_is_answer(c->type))
        put(p, "    only-in-reply: %s\n", c->only_in_reply ? "true" : "false");
    put_span(p, "    acknowledge-within:", &c->acknowledge);
    put_span(p, "    decide-within:", &c->decide);
    put_span(p, "    answer-within:", &c->answer);
    put_span(p, "    close-within:", &c->close);
    if (c->ladder_count > 0)
        put(p, "    escalation:\n");
    for (size_t i = 0; i < c->ladder_count; i++)
        put_text(p, "      -", a->roles[c->ladder[i]]);
}

static void put_expectation(struct printer *p, const struct agreement *a,
                            const struct expectation *e)
{
    put(p, "  - id: %s\n", e->id);
    if (e->at_least > 0) {
        put(p, "    from: %s\n", e->from);
        put_word(p, "    type:", e->type ? e->type->name : "");
        put(p, "    at-least: %u\n", e->at_least);
    } else {
        put(p, "    after: %s\n    expect: %s\n", e->after->name, e->then->name);
        put_word(p, "    from:", e->from);
        put_span(p, e->repeats ? "    every:" : "    within:", &e->within);
    }
    put_text(p, "    tell:", a->roles[e->tell]);
}

static void put_trial(struct printer *p, const struct trial *t)
{
    put_text(p, "  - name:", t->name);
    put(p, "    from: %s\n    to: %s\n    type: %s\n", t->from, t->to, t->type);
    put_word(p, "    purpose:", t->purpose);
    put_categories(p, "    categories:", t->categories);
    if (t->in_reply)
        put(p, "    in-reply: true\n");
    if (t->capacity != 0)
        put(p, "    capacity: %s\n", capacity_name(t->capacity));
    if (t->on_ms != 0)
        put_day(p, "    on:", t->on_ms);
    put(p, "    expect: %s\n",
        t->expected == 0 ? "permitted" : refusal_name((Concordat__RefusalCode)t->expected));
}

enum status agreement_print(const struct agreement *agreement, char *out, size_t room, size_t *size)
{
    struct printer p = {.out = out, .room = room};

    put_terms(&p, agreement);
    put(&p, "parties:\n");
    for (size_t i = 0; i < agreement->party_count; i++)
        put_party(&p, &agreement->parties[i]);
    put(&p, "clauses:\n");
    for (size_t i = 0; i < agreement->clause_count; i++)
        put_clause(&p, agreement, &agreement->clauses[i]);
    if (agreement->expectation_count > 0)
        put(&p, "expectations:\n");
    for (size_t i = 0; i < agreement->expectation_count; i++)
        put_expectation(&p, agreement, &agreement->expectations[i]);
    if (agreement->trial_count > 0)
        put(&p, "tests:\n");
    for (size_t i = 0; i < agreement->trial_count; i++)
        put_trial(&p, &agreement->trials[i]);
    if (p.failed || p.size > AGREEMENT_FILE_MAX)
        return ST_LIMIT;
    *size = p.size;
    return ST_OK;
}
