#include "agreements/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/span.h"
#include "lib/bytes.h"
#include "lib/day.h"
#include "proto/header.pb-c.h"

/* Of which agreement and which part of it the next changes are. */
struct notes {
    struct term_changes *changes;
    const char *agreement;
    char where[AGENCY_MAX + 16];
    enum status status; /* the first failure; nothing is noted after it */
};

static void note(struct notes *notes, const char *term, const char *before, const char *after,
                 bool widens)
{
    struct term_changes *changes = notes->changes;
    struct term_change *change;

    if (notes->status != ST_OK || strcmp(before, after) == 0)
        return;
    if (changes->count == changes->room) {
        size_t room = changes->room ? 2 * changes->room : 32;
        struct term_change *grown = reallocarray(changes->items, room, sizeof *grown);

        if (!grown) {
            notes->status = ST_NOMEM;
            return;
        }
        changes->items = grown;
        changes->room = room;
    }
    change = &changes->items[changes->count++];
    *change = (struct term_change){.term = term, .widens = widens};
    (void)snprintf(change->agreement, sizeof change->agreement, "%s", notes->agreement);
    (void)snprintf(change->where, sizeof change->where, "%s", notes->where);
    (void)snprintf(change->before, sizeof change->before, "%s", before);
    (void)snprintf(change->after, sizeof change->after, "%s", after);
}

static void note_number(struct notes *notes, const char *term, uint32_t before, uint32_t after,
                        bool widens)
{
    char b[16], a[16];

    (void)snprintf(b, sizeof b, "%u", before);
    (void)snprintf(a, sizeof a, "%u", after);
    note(notes, term, b, a, widens);
}

static void note_day(struct notes *notes, const char *term, int64_t before, int64_t after,
                     bool widens)
{
    char b[DAY_TEXT_SIZE], a[DAY_TEXT_SIZE];

    day_print(before, b);
    day_print(after, a);
    note(notes, term, b, a, widens);
}

static const char *marking_text(int marking)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__marking__descriptor, marking);

    return value ? value->name : "";
}

#define SPAN_TEXT 32 /* bytes: also of a span that no text gives */

static void print_span(struct span span, char out[static SPAN_TEXT])
{
    char text[SPAN_TEXT_SIZE];

    if (span.minutes == 0)
        out[0] = '\0';
    else if (span_print(&span, text))
        (void)snprintf(out, SPAN_TEXT, "%s", text);
    else
        (void)snprintf(out, SPAN_TEXT, "%u minutes", span.minutes);
}

static void note_span(struct notes *notes, const char *term, struct span before, struct span after)
{
    char b[SPAN_TEXT], a[SPAN_TEXT];

    print_span(before, b);
    print_span(after, a);
    note(notes, term, b, a, false);
}

/* ---- the whole ---- */

static void compare_onward(struct notes *notes, const struct agreement *b,
                           const struct agreement *a)
{
    for (size_t i = 0; i < b->onward_count; i++)
        if (!agreement_allows_onward(a, b->onward[i]))
            note(notes, "onward", b->onward[i], "", false);
    for (size_t i = 0; i < a->onward_count; i++)
        if (!agreement_allows_onward(b, a->onward[i]))
            note(notes, "onward", "", a->onward[i], true);
}

static void compare_whole(struct notes *notes, const struct agreement *b, const struct agreement *a)
{
    note_number(notes, "version", b->version, a->version, false);
    note(notes, "title", b->title, a->title, false);
    note(notes, "owner", b->owner, a->owner, false);
    note(notes, "dpia", b->dpia, a->dpia, false);
    note(notes, "subject-access", b->subject_access, a->subject_access, false);
    note(notes, "foi", b->foi, a->foi, false);
    note(notes, "breach-contact", b->breach_contact, a->breach_contact, false);
    note_number(notes, "breach-report-hours", b->breach_report_hours, a->breach_report_hours,
                false);
    note_day(notes, "in-force", b->from_ms, a->from_ms, a->from_ms < b->from_ms);
    note_day(notes, "review", b->review_ms, a->review_ms, false);
    note_day(notes, "expires", b->until_ms, a->until_ms, a->until_ms > b->until_ms);
    note(notes, "marking floor", marking_text(b->marking_floor), marking_text(a->marking_floor),
         a->marking_floor < b->marking_floor);
    note(notes, "marking ceiling", marking_text(b->marking_ceiling),
         marking_text(a->marking_ceiling), a->marking_ceiling > b->marking_ceiling);
    note_number(notes, "retention-days", b->retention_days, a->retention_days,
                a->retention_days > b->retention_days);
    compare_onward(notes, b, a);
    note(notes, "charter", b->is_charter ? "yes" : "no", a->is_charter ? "yes" : "no",
         b->is_charter && !a->is_charter);
    note_number(notes, "uses-per-day", b->uses_per_day, a->uses_per_day,
                a->uses_per_day > b->uses_per_day);
    note_span(notes, "review-within", b->review_within, a->review_within);
}

/* ---- parties ---- */

static const char *calendar_text(enum calendar calendar)
{
    switch (calendar) {
    case CALENDAR_ENGLAND_AND_WALES:
        return "england-and-wales";
    case CALENDAR_ALWAYS:
        return "always";
    default:
        return "";
    }
}

static bool has_key(const struct digest *key, size_t count, const struct digest keys[])
{
    for (size_t i = 0; i < count; i++)
        if (digest_equal(key, &keys[i]))
            return true;
    return false;
}

/* Those of `b` that are not in `a`. A key more signs more. */
static void note_keys(struct notes *notes, const char *term, size_t b_count,
                      const struct digest b[], size_t a_count, const struct digest a[],
                      bool is_gained)
{
    char hex[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < b_count; i++) {
        if (has_key(&b[i], a_count, a))
            continue;
        hex_print(b[i].bytes, DIGEST_SIZE, hex);
        note(notes, term, is_gained ? "" : hex, is_gained ? hex : "", is_gained);
    }
}

static void compare_keys(struct notes *notes, const char *term, size_t b_count,
                         const struct digest b[], size_t a_count, const struct digest a[])
{
    note_keys(notes, term, b_count, b, a_count, a, false);
    note_keys(notes, term, a_count, a, b_count, b, true);
}

static void compare_party(struct notes *notes, const struct party *b, const struct party *a)
{
    (void)snprintf(notes->where, sizeof notes->where, "party %s", b->agency);
    note(notes, "kind", b->kind, a->kind, false); /* what that permits is a flow */
    note(notes, "contact", b->contact, a->contact, false);
    note(notes, "dpo", b->dpo, a->dpo, false);
    note(notes, "out-of-hours", b->out_of_hours, a->out_of_hours, false);
    note(notes, "calendar", calendar_text(b->calendar), calendar_text(a->calendar), false);
    compare_keys(notes, "signing key", b->signing_count, b->signing, a->signing_count, a->signing);
    compare_keys(notes, "governance key", b->governance_count, b->governance, a->governance_count,
                 a->governance);
    notes->where[0] = '\0';
}

static void compare_parties(struct notes *notes, const struct agreement *b,
                            const struct agreement *a)
{
    for (size_t i = 0; i < b->party_count; i++) {
        const struct party *party = agreement_party(a, b->parties[i].agency);

        if (party)
            compare_party(notes, &b->parties[i], party);
        else
            note(notes, "party", b->parties[i].agency, "", false);
    }
    for (size_t i = 0; i < a->party_count; i++)
        if (!agreement_party(b, a->parties[i].agency))
            note(notes, "party", "", a->parties[i].agency, true);
}

/* ---- clauses: what is no flow ---- */

static void print_ladder(const struct agreement *a, const struct clause *c, char out[TERM_TEXT])
{
    size_t size = 0;

    out[0] = '\0';
    for (size_t i = 0; i < c->ladder_count && size < TERM_TEXT; i++) {
        int n =
            snprintf(out + size, TERM_TEXT - size, "%s%s", i ? ", " : "", a->roles[c->ladder[i]]);
        size += n > 0 ? (size_t)n : 0;
    }
}

static void compare_clauses(struct notes *notes, const struct agreement *b,
                            const struct agreement *a)
{
    for (size_t i = 0; i < b->clause_count; i++) {
        const struct clause *x = &b->clauses[i], *y = agreement_clause(a, x->id);
        char before[TERM_TEXT], after[TERM_TEXT];

        if (!y)
            continue; /* what it permitted is lost, and the flows say so */
        (void)snprintf(notes->where, sizeof notes->where, "clause %s", x->id);
        note_span(notes, "acknowledge-within", x->acknowledge, y->acknowledge);
        note_span(notes, "decide-within", x->decide, y->decide);
        note_span(notes, "answer-within", x->answer, y->answer);
        note_span(notes, "close-within", x->close, y->close);
        print_ladder(b, x, before);
        print_ladder(a, y, after);
        note(notes, "escalation", before, after, false);
        note_number(notes, "small-number-floor", x->small_number_floor, y->small_number_floor,
                    y->small_number_floor < x->small_number_floor);
    }
    notes->where[0] = '\0';
}

static void print_expectation(const struct agreement *a, const struct expectation *e,
                              char out[TERM_TEXT])
{
    const char *role = e->tell < a->role_count ? a->roles[e->tell] : "nobody is told";
    char within[SPAN_TEXT];

    if (e->at_least > 0) {
        (void)snprintf(out, TERM_TEXT, "%s from %s at least %u a day; else %s",
                       e->type ? e->type->name : "any message", e->from, e->at_least, role);
        return;
    }
    print_span(e->within, within);
    (void)snprintf(out, TERM_TEXT, "after %s, %s%s%s %s %s; else %s", e->after->name, e->then->name,
                   e->from[0] != '\0' ? " from " : "", e->from, e->repeats ? "every" : "within",
                   within, role);
}

static void compare_expectations(struct notes *notes, const struct agreement *b,
                                 const struct agreement *a)
{
    char before[TERM_TEXT], after[TERM_TEXT];

    for (size_t i = 0; i < b->expectation_count; i++) {
        const struct expectation *e = &b->expectations[i], *other = agreement_expectation(a, e->id);

        print_expectation(b, e, before);
        after[0] = '\0';
        if (other)
            print_expectation(a, other, after);
        note(notes, "expectation", before, after, false);
    }
    for (size_t i = 0; i < a->expectation_count; i++) {
        if (agreement_expectation(b, a->expectations[i].id))
            continue;
        print_expectation(a, &a->expectations[i], after);
        note(notes, "expectation", "", after, false);
    }
}

/* ---- sets ---- */

static void compare(struct notes *notes, const struct agreement *b, const struct agreement *a)
{
    char text[32];

    notes->agreement = b ? b->id : a->id;
    if (!b || !a) {
        (void)snprintf(text, sizeof text, "v%u", b ? b->version : a->version);
        note(notes, "agreement", b ? text : "", a ? text : "", a);
        return;
    }
    compare_whole(notes, b, a);
    compare_parties(notes, b, a);
    compare_clauses(notes, b, a);
    compare_expectations(notes, b, a);
}

enum status term_changes_of(const struct agreement_set *before, const struct agreement_set *after,
                            struct term_changes **out)
{
    OWNED(term_changes) changes = calloc(1, sizeof *changes);
    struct notes notes = {.changes = changes};
    size_t i = 0, j = 0, b_count = agreement_set_count(before),
           a_count = agreement_set_count(after);

    if (!changes)
        return ST_NOMEM;
    while (i < b_count || j < a_count) {
        const struct agreement *b = i < b_count ? agreement_set_at(before, i) : NULL;
        const struct agreement *a = j < a_count ? agreement_set_at(after, j) : NULL;
        int order = !b ? 1 : !a ? -1 : strcmp(b->id, a->id);

        compare(&notes, order <= 0 ? b : NULL, order >= 0 ? a : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    if (notes.status != ST_OK)
        return notes.status;
    *out = GIVE(changes);
    return ST_OK;
}

void term_changes_free(struct term_changes *changes)
{
    if (!changes)
        return;
    free(changes->items);
    free(changes);
}
