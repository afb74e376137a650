/* spelt_agreement.c - agreement_spell() of made_agreement.h: a writer of its own, so that what
 * print.c writes is not the only text that the reader is tried with. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/day.h"
#include "proto/evidence.pb-c.h"
#include "proto/header.pb-c.h"
#include "tests/unit/made_agreement.h"

#define ENTRIES_MAX 1100 /* of one mapping or list: every clause */

struct pen {
    struct chance *chance;
    char *text;
    size_t size;
    FILE *file;
};

/* Pieces of text that will stand in any order. */
struct pieces {
    size_t count;
    char *text[ENTRIES_MAX];
};

static void add(struct pieces *pieces, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct pieces *pieces, const char *format, ...)
{
    va_list args;

    assert(pieces->count < ENTRIES_MAX);
    va_start(args, format);
    int size = vasprintf(&pieces->text[pieces->count++], format, args);
    va_end(args);
    assert(size >= 0);
}

static void shuffle(struct chance *chance, char *items[], size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = pick(chance, (uint32_t)i);
        char *swapped = items[i - 1];

        items[i - 1] = items[j];
        items[j] = swapped;
    }
}

/* All of them one after another; frees them. */
static char *joined(struct pieces *pieces, const char *before, const char *between)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    assert(file);
    for (size_t i = 0; i < pieces->count; i++) {
        (void)fprintf(file, "%s%s%s", i > 0 ? between : "", before, pieces->text[i]);
        free(pieces->text[i]);
    }
    pieces->count = 0;
    (void)fclose(file);
    return text;
}

/* Double-quoted, each character that is not a plain letter as an escape, or single-quoted. */
static char *quoted(struct chance *chance, const char *text)
{
    bool single = pick(chance, 2) && !strstr(text, "\xef\xbf\xbe");
    struct pieces parts = {0};

    add(&parts, "%s", single ? "'" : "\"");
    for (const char *c = text; *c; c++)
        if (single)
            add(&parts, *c == '\'' ? "''" : "%c", *c);
        else if (strncmp(c, "\xef\xbf\xbe", 3) == 0 && (c += 2))
            add(&parts, "\\uFFFE");
        else if (*c == '"' || *c == '\\')
            add(&parts, "\\%c", *c);
        else if (*c > 0 && pick(chance, 4) == 0)
            add(&parts, "\\x%02x", (unsigned)*c);
        else
            add(&parts, "%c", *c);
    add(&parts, "%s", single ? "'" : "\"");
    return joined(&parts, "", "");
}

/* A list's items, in any order unless `fixed`, in brackets or on lines of their own. */
static void add_list(struct chance *chance, struct pieces *out, const char *key,
                     struct pieces *items, bool fixed, bool bracketed)
{
    if (!fixed)
        shuffle(chance, items->text, items->count);
    if (items->count == 0 || bracketed || pick(chance, 2)) {
        char *text = joined(items, "", pick(chance, 2) ? ", " : " ,\n        ");
        add(out, "%s: [%s]", key, text);
        free(text);
    } else {
        char *text = joined(items, "      - ", "\n");
        add(out, "%s:\n%s", key, text);
        free(text);
    }
}

static void add_text(struct chance *chance, struct pieces *out, const char *key, const char *text)
{
    if (text[0] == '\0')
        return;
    char *spelt = quoted(chance, text);
    add(out, "%s: %s", key, spelt);
    free(spelt);
}

static void add_span(struct pieces *out, const char *key, const struct span *span)
{
    if (span->minutes == 0)
        return;
    if (!span->working)
        add(out, "%s: %um", key, span->minutes);
    else if (span->minutes % 60 == 0)
        add(out, "%s: %uwh", key, span->minutes / 60);
    else
        add(out, "%s: %uwd", key, span->minutes / 450);
}

static void add_day(struct pieces *out, const char *key, int64_t at_ms)
{
    char text[DAY_TEXT_SIZE];

    day_print(at_ms, text);
    add(out, "%s: %s", key, text);
}

static void add_categories(struct chance *chance, struct pieces *out, const char *key,
                           category_set set, bool bracketed)
{
    struct pieces items = {0};

    for (uint32_t c = 1; c <= SECTIONS_MAX; c++)
        if (set & (1u << c))
            add(&items, "%s", category_name(c));
    add_list(chance, out, key, &items, false, bracketed);
}

static const char *name_in(const ProtobufCEnumDescriptor *names, int value)
{
    return protobuf_c_enum_descriptor_get_value(names, value)->name;
}

static void add_pins(struct chance *chance, struct pieces *out, const char *key,
                     const struct digest pins[], size_t count)
{
    struct pieces items = {0};
    char text[2 * DIGEST_SIZE + 1];

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        hex_print(pins[i].bytes, DIGEST_SIZE, text);
        add(&items, "%s", text);
    }
    add_list(chance, out, key, &items, false, false);
}

/* An item of a list of mappings: its keys in the order they have by now. */
static void add_item(struct pieces *out, struct pieces *keys)
{
    char *text = joined(keys, "", "\n    ");

    add(out, "  - %s\n", text);
    free(text);
}

static void spell_party(struct chance *chance, struct pieces *out, const struct party *p)
{
    struct pieces keys = {0};

    add(&keys, "agency: %s", p->agency);
    add(&keys, "kind: %s", p->kind);
    add_text(chance, &keys, "contact", p->contact);
    add_text(chance, &keys, "dpo", p->dpo);
    add_text(chance, &keys, "out-of-hours", p->out_of_hours);
    if (p->calendar == CALENDAR_ALWAYS || pick(chance, 2))
        add(&keys, "calendar: %s", p->calendar == CALENDAR_ALWAYS ? "always" : "england-and-wales");
    add_pins(chance, &keys, "signing-keys", p->signing, p->signing_count);
    add_pins(chance, &keys, "governance-keys", p->governance, p->governance_count);
    shuffle(chance, keys.text, keys.count);
    add_item(out, &keys);
}

/* What narrows stands first and `gateway` behind it; the rest follows in any order. */
static void spell_clause(struct chance *chance, struct pieces *out, const struct agreement *a,
                         const struct clause *c)
{
    struct pieces keys = {0}, items = {0};
    size_t fixed;

    if (c->only_by_holder || pick(chance, 2))
        add(&keys, "only-by-holder: %s", c->only_by_holder ? "true" : "false");
    for (int i = 1; i < 32; i++)
        if (c->capacities & (1u << i))
            add(&items, "%s", name_in(&concordat__subject_capacity__descriptor, i));
    if (c->capacities)
        add_list(chance, &keys, "capacities", &items, false, false);
    if (c->small_number_floor > 0)
        add(&keys, "small-number-floor: %u", c->small_number_floor);
    add_categories(chance, &keys, "required", c->required, false);
    add(&keys, "id: %s", c->id);
    add(&keys, "from: %s", c->from);
    shuffle(chance, keys.text, keys.count);
    fixed = keys.count;
    add(&keys, "type: %s", c->type->name);
    add(&keys, "to: %s", c->to);
    add(&keys, "gateway: %s", c->gateway);
    add(&keys, "purpose: %s", c->purpose);
    if (c->allowed & ~c->required || pick(chance, 2))
        add_categories(chance, &keys, "allowed", c->allowed & ~c->required, false);
    if (catalogue_is_answer(c->type))
        add(&keys, "only-in-reply: %s", c->only_in_reply ? "true" : "false");
    add_span(&keys, "acknowledge-within", &c->acknowledge);
    add_span(&keys, "decide-within", &c->decide);
    add_span(&keys, "answer-within", &c->answer);
    add_span(&keys, "close-within", &c->close);
    for (size_t i = 0; i < c->ladder_count; i++) {
        char *role = quoted(chance, a->roles[c->ladder[i]]);
        add(&items, "%s", role);
        free(role);
    }
    if (c->ladder_count > 0)
        add_list(chance, &keys, "escalation", &items, true, false);
    shuffle(chance, keys.text + fixed, keys.count - fixed);
    add_item(out, &keys);
}

static void spell_expectation(struct chance *chance, struct pieces *out, const struct agreement *a,
                              const struct expectation *e)
{
    struct pieces keys = {0};

    add(&keys, "id: %s", e->id);
    if (e->at_least > 0) {
        add(&keys, "from: %s", e->from);
        if (e->type)
            add(&keys, "type: %s", e->type->name);
        add(&keys, "at-least: %u", e->at_least);
    } else {
        add(&keys, "after: %s", e->after->name);
        add(&keys, "expect: %s", e->then->name);
        if (e->from[0] != '\0')
            add(&keys, "from: %s", e->from);
        add_span(&keys, e->repeats ? "every" : "within", &e->within);
    }
    add_text(chance, &keys, "tell", a->roles[e->tell]);
    shuffle(chance, keys.text, keys.count);
    add_item(out, &keys);
}

static void spell_trial(struct chance *chance, struct pieces *out, const struct trial *t)
{
    struct pieces keys = {0};

    add_text(chance, &keys, "name", t->name);
    add(&keys, "from: %s", t->from);
    add(&keys, "to: %s", t->to);
    add(&keys, "type: %s", t->type);
    if (t->purpose[0])
        add(&keys, "purpose: %s", t->purpose);
    add_categories(chance, &keys, "categories", t->categories, false);
    if (t->in_reply || pick(chance, 2))
        add(&keys, "in-reply: %s", t->in_reply ? "true" : "false");
    if (t->capacity)
        add(&keys, "capacity: %s", name_in(&concordat__subject_capacity__descriptor, t->capacity));
    if (t->on_ms)
        add_day(&keys, "on", t->on_ms);
    add(&keys, "expect: %s",
        t->expected ? name_in(&concordat__refusal_code__descriptor, t->expected) : "permitted");
    shuffle(chance, keys.text, keys.count);
    add_item(out, &keys);
}

static void spell_terms(struct chance *chance, struct pieces *out, const struct agreement *a)
{
    struct pieces items = {0};

    add(out, "agreement: %s", a->id);
    add(out, "version: %u", a->version);
    add_text(chance, out, "title", a->title);
    add_day(out, "in-force", a->from_ms);
    add_day(out, "review", a->review_ms);
    add_day(out, "expires", a->until_ms);
    if (a->owner[0])
        add(out, "owner: %s", a->owner);
    add(out, "marking:\n  ceiling: %s\n  floor: %s",
        name_in(&concordat__marking__descriptor, a->marking_ceiling),
        name_in(&concordat__marking__descriptor, a->marking_floor));
    add(out, "retention-days: %u", a->retention_days);
    for (size_t i = 0; i < a->onward_count; i++)
        add(&items, "%s", a->onward[i]);
    add_list(chance, out, "onward", &items, false, false);
    add_text(chance, out, "dpia", a->dpia);
    add_text(chance, out, "subject-access", a->subject_access);
    add_text(chance, out, "foi", a->foi);
    add_text(chance, out, "breach-contact", a->breach_contact);
    if (a->breach_report_hours)
        add(out, "breach-report-hours: %u", a->breach_report_hours);
    if (a->is_charter) {
        add(out, "charter: break-glass");
        add(out, "uses-per-day: %u", a->uses_per_day);
        add_span(out, "review-within", &a->review_within);
    }
}

/* `key` and its items in any order; nothing when there are none. */
static void add_section(struct chance *chance, struct pieces *out, const char *key,
                        struct pieces *items, bool fixed)
{
    if (items->count == 0)
        return;
    if (!fixed)
        shuffle(chance, items->text, items->count);
    char *text = joined(items, "", pick(chance, 2) ? "\n" : "  # and\n");
    add(out, "%s:\n%s", key, text);
    free(text);
}

char *agreement_spell(struct chance *chance, const struct agreement *a)
{
    struct pieces *keys = calloc(1, sizeof *keys), *items = calloc(1, sizeof *items);
    char *text, *whole = NULL;

    assert(keys && items);
    spell_terms(chance, keys, a);
    for (size_t i = 0; i < a->party_count; i++)
        spell_party(chance, items, &a->parties[i]);
    add_section(chance, keys, "parties", items, false);
    for (size_t i = 0; i < a->clause_count; i++)
        spell_clause(chance, items, a, &a->clauses[i]);
    add_section(chance, keys, "clauses", items, false);
    for (size_t i = 0; i < a->expectation_count; i++)
        spell_expectation(chance, items, a, &a->expectations[i]);
    add_section(chance, keys, "expectations", items, false);
    for (size_t i = 0; i < a->trial_count; i++)
        spell_trial(chance, items, &a->trials[i]);
    add_section(chance, keys, "tests", items, true); /* they stand as they are written */
    shuffle(chance, keys->text, keys->count);
    text = joined(keys, "", "\n");
    int size = asprintf(&whole, "%s%s\n", pick(chance, 2) ? "# at random\n---\n" : "", text);
    assert(size > 0);
    free(text);
    free(keys);
    free(items);
    return whole;
}
