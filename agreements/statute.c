#include "agreements/statute.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- the book in words --- */

struct words {
    char *out;
    size_t room, at;
};

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(words->out + words->at, words->room - words->at, format, arguments);
    va_end(arguments);
    if (size > 0)
        words->at += (size_t)size;
    if (words->at >= words->room)
        words->at = words->room - 1;
}

static void say_kinds(struct words *words, uint32_t kinds)
{
    const char *between = "";

    if (kinds == (UINT32_C(1) << AGENCY_KINDS) - 1) {
        say(words, "any");
        return;
    }
    for (unsigned i = 0; i < AGENCY_KINDS; i++)
        if (kinds >> i & 1) {
            say(words, "%s%s", between, agency_kind_name((enum agency_kind)i));
            between = ", ";
        }
}

static void say_categories(struct words *words, category_set set)
{
    const char *between = "";

    for (uint32_t i = 1; i <= SECTIONS_MAX; i++)
        if (set >> i & 1) {
            say(words, "%s%s", between, category_name(i));
            between = ", ";
        }
}

void gateway_directions(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX])
{
    struct words words = {out, GATEWAY_WORDS_MAX, 0};

    if (!gateway->directions[0].from)
        say(&words, "nowhere");
    for (size_t i = 0; i < DIRECTIONS_MAX && gateway->directions[i].from; i++) {
        say(&words, "%sfrom ", i ? "; " : "");
        say_kinds(&words, gateway->directions[i].from);
        say(&words, " to ");
        say_kinds(&words, gateway->directions[i].to);
    }
}

static const char *and_then(const struct words *words)
{
    return words->at ? "; " : "";
}

void gateway_limits(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX])
{
    struct words words = {out, GATEWAY_WORDS_MAX, 0};

    for (size_t i = 0; gateway->purposes[i]; i++)
        say(&words, "%s%s", i ? ", " : "for ", gateway->purposes[i]);
    if (gateway->charter_only)
        say(&words, "%sin a charter", and_then(&words));
    if (gateway->replies == REPLY_NEVER)
        say(&words, "%snever an answer", and_then(&words));
    if (gateway->replies == REPLY_ONLY)
        say(&words, "%sonly in reply", and_then(&words));
    if (gateway->carries) {
        say(&words, "%sonly ", and_then(&words));
        say_categories(&words, gateway->carries);
    }
    if (gateway->guarded) {
        say(&words, "%s", and_then(&words));
        say_categories(&words, gateway->guarded);
        say(&words, " only to ");
        say_kinds(&words, gateway->guarded_to);
    }
    if (!words.at)
        say(&words, "none");
}

void gateway_origin(const struct gateway *gateway, char out[static GATEWAY_WORDS_MAX])
{
    struct words words = {out, GATEWAY_WORDS_MAX, 0};

    say(&words, "%s", gateway->text_read ? "text read" : "general knowledge");
    if (gateway->unread)
        say(&words, ", but for %s", gateway->unread);
}

void gateway_why_not(const struct gateway *gateway, const char *from_kind, const char *to_kind,
                     struct reason *why)
{
    reason_set(why, "%s (%s) runs %s; not from %s to %s", gateway->source, gateway->code,
               gateway->runs, from_kind, to_kind);
}

/* --- a clause against its row --- */

static const char *first_category(category_set set)
{
    for (uint32_t i = 1; i <= SECTIONS_MAX; i++)
        if (set >> i & 1)
            return category_name(i);
    return "none";
}

static bool suits(const struct gateway *gateway, const struct agreement *agreement,
                  const struct clause *clause, category_set carried, struct reason *why)
{
    char limits[GATEWAY_WORDS_MAX];
    const char *source = gateway->source, *code = gateway->code;

    gateway_limits(gateway, limits);
    if (gateway->charter_only && !agreement->is_charter)
        reason_set(why, "%s (%s) runs %s; this agreement is none", source, code, gateway->runs);
    else if (!gateway_serves(gateway, clause->purpose))
        reason_set(why, "%s (%s) is limited: %s; not for %s", source, code, limits,
                   clause->purpose);
    else if (gateway->replies == REPLY_NEVER && catalogue_is_answer(clause->type))
        reason_set(why, "%s (%s) runs %s; %s is an answer", source, code, gateway->runs,
                   clause->type->name);
    else if (gateway->replies == REPLY_ONLY && !clause->only_in_reply)
        reason_set(why, "%s (%s) runs %s; this clause does not go `only-in-reply'", source, code,
                   gateway->runs);
    else if (gateway->carries && (carried & ~gateway->carries))
        reason_set(why, "%s (%s) is limited: %s; not %s", source, code, limits,
                   first_category(carried & ~gateway->carries));
    else
        return true;
    return false;
}

static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

static bool may_have_guarded(const struct gateway *gateway, const char *kind)
{
    enum agency_kind to;

    return agency_kind_parse(kind, &to) && (gateway->guarded_to >> to & 1);
}

static bool runs_between(const struct gateway *gateway, const struct party *from,
                         const struct party *to, category_set carried, struct reason *why)
{
    struct reason row;

    if (!gateway_runs(gateway, from->kind, to->kind)) {
        gateway_why_not(gateway, from->kind, to->kind, &row);
        reason_set(why, "%s (%s to %s)", row.text, from->agency, to->agency);
        return false;
    }
    if ((carried & gateway->guarded) && !may_have_guarded(gateway, to->kind)) {
        char limits[GATEWAY_WORDS_MAX];

        gateway_limits(gateway, limits);
        reason_set(why, "%s (%s) is limited: %s; not %s from %s to %s (%s to %s)", gateway->source,
                   gateway->code, limits, first_category(carried & gateway->guarded), from->kind,
                   to->kind, from->agency, to->agency);
        return false;
    }
    return true;
}

bool statute_permits(const struct agreement *agreement, const struct clause *clause,
                     category_set carried, struct reason *why)
{
    const struct gateway *gateway = gateway_find(clause->gateway);
    const struct party *parties = agreement->parties;

    if (!gateway) {
        reason_set(why, "unknown gateway `%s'", clause->gateway);
        return false;
    }
    if (!suits(gateway, agreement, clause, carried, why))
        return false;
    for (size_t i = 0; i < agreement->party_count; i++) {
        if (!fits(clause->from, &parties[i]))
            continue;
        for (size_t j = 0; j < agreement->party_count; j++)
            if (i != j && fits(clause->to, &parties[j])
                && !runs_between(gateway, &parties[i], &parties[j], carried, why))
                return false;
    }
    return true;
}
