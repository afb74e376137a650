#include "agents/common_platform/term.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/common_platform/take.h"

#define DIGITS_MAX 5 /* of a length */

static const struct unit {
    const char *letter, *word, *name;
} units[] = {
    {"H", "hour", "HOURS"},   {"D", "day", "DAYS"},   {"W", "week", "WEEKS"},
    {"M", "month", "MONTHS"}, {"Y", "year", "YEARS"}, {"S", "session", "SESSIONS"},
    {"L", "life", "LIFE"},
};
#define UNITS (sizeof units / sizeof *units)

/* The unit whose word, in one or several, begins at *text; steps over it. */
static const char *take_unit(const char **text)
{
    for (size_t i = 0; i < UNITS; i++) {
        size_t size = strlen(units[i].word);

        if (strncasecmp(*text, units[i].word, size) != 0)
            continue;
        *text += size;
        *text += **text == 's' || **text == 'S';
        return units[i].name;
    }
    return NULL;
}

/* The unit that the label names: "Max number of days". */
static const char *unit_of_label(const char *label)
{
    for (; *label; label++) {
        const char *at = label, *unit = take_unit(&at);

        if (unit)
            return unit;
    }
    return NULL;
}

/* Adds to a length; false when the two make no whole number of one unit. */
static bool add(struct term *term, unsigned more, const char *unit)
{
    if (more == 0)
        return true;
    if (!term->unit)
        term->count = more;
    else if (strcmp(term->unit, "YEARS") == 0 && strcmp(unit, "MONTHS") == 0)
        term->count = 12 * term->count + more;
    else if (strcmp(term->unit, "WEEKS") == 0 && strcmp(unit, "DAYS") == 0)
        term->count = 7 * term->count + more;
    else
        return false;
    term->unit = unit;
    return true;
}

bool term_parse(const char *value, const char *label, struct term *out)
{
    struct term term = {0};

    for (value += strspn(value, " ,"); *value; value += strspn(value, " ,")) {
        size_t digits = strspn(value, "0123456789");
        const char *unit;
        unsigned number;

        if (digits == 0 || digits > DIGITS_MAX || sscanf(value, "%u", &number) != 1)
            return false;
        value += digits;
        value += strspn(value, " ");
        unit = *value ? take_unit(&value) : term.unit ? NULL : unit_of_label(label);
        if (!unit || strcmp(unit, "LIFE") == 0 || !add(&term, number, unit))
            return false;
    }
    if (!term.unit)
        return false;
    *out = term;
    return true;
}

/* Of `durationElement`, whose first duration is the sentence's. */
static bool of_element(const struct node *result, struct term *out)
{
    struct node *value = node_find(result, "durationElement.primaryDurationValue");
    struct node *unit = node_find(result, "durationElement.primaryDurationUnit");
    const char *letter = node_text(unit);
    json_int_t count = value ? json_integer_value(value->value) : 0;

    for (size_t i = 0; letter && i < UNITS; i++) {
        bool life = strcmp(letter, "L") == 0;

        if (strcmp(units[i].letter, letter) != 0 || (!life && (count <= 0 || count > UINT32_MAX)))
            continue;
        *out =
            (struct term){life ? 0 : (unsigned)count, units[i].name, {life ? NULL : value, unit}};
        return true;
    }
    return false;
}

/* Is it a period of something else: of suspension, of tagging on bail, to finish in? */
static bool is_other_period(const char *label)
{
    return strcasestr(label, "suspended") || strcasestr(label, "supervision")
        || strcasestr(label, "remand") || strcasestr(label, "consecutive")
        || strcasestr(label, "within") || strcasestr(label, "complete by");
}

struct term term_life(const struct node *result)
{
    struct node *life = node_get(result, "lifeDuration");
    struct node *unit = node_find(result, "durationElement.primaryDurationUnit");

    if (life && json_is_true(life->value))
        return (struct term){0, "LIFE", {life, NULL}};
    if (node_text(unit) && strcmp(node_text(unit), "L") == 0)
        return (struct term){0, "LIFE", {unit, NULL}};
    return (struct term){0};
}

/* The first length that a prompt states in this unit; NULL: in any. */
static struct term of_prompts(const struct node *result, const char *unit)
{
    for (struct node *prompt = node_items(node_get(result, "judicialResultPrompts")); prompt;
         prompt = prompt->next) {
        const char *label = node_text(node_get(prompt, "label"));
        const char *value = node_text(node_get(prompt, "value"));
        struct term term;

        if (label && value && !is_other_period(label) && term_parse(value, label, &term)
            && (!unit || strcmp(term.unit, unit) == 0))
            return term;
    }
    return (struct term){0};
}

struct term term_of(const struct node *result)
{
    struct term term = term_life(result);

    if (of_element(result, &term) || term.unit)
        return term;
    return of_prompts(result, NULL);
}

struct term term_in(const struct node *result, const char *unit)
{
    struct term term = {0};

    if (of_element(result, &term) && strcmp(term.unit, unit) == 0)
        return term;
    return of_prompts(result, unit);
}

/* The day that `durationElement` has as `key`, or a prompt with this reference. */
static struct term_day day_in(const struct node *result, const char *key, const char *reference)
{
    struct node *node = node_get(node_get(result, "durationElement"), key);
    const char *text = node_text(node);
    uint32_t ymd = text ? day_of(text) : 0;

    if (ymd)
        return (struct term_day){ymd, node};
    for (struct node *prompt = node_items(node_get(result, "judicialResultPrompts")); prompt;
         prompt = prompt->next) {
        const char *name = node_text(node_get(prompt, "promptReference"));

        text = node_text(node_get(prompt, "value"));
        if (name && text && strcmp(name, reference) == 0 && (ymd = day_of(text)))
            return (struct term_day){ymd, NULL};
    }
    return (struct term_day){0, NULL};
}

struct term_day term_start(const struct node *result)
{
    return day_in(result, "durationStartDate", "startDate");
}

struct term_day term_end(const struct node *result)
{
    return day_in(result, "durationEndDate", "endDate");
}

json_t *term_json(const struct term *term)
{
    if (strcmp(term->unit, "LIFE") == 0)
        return json_pack("{s:s}", "unit", term->unit);
    return json_pack("{s:I, s:s}", "count", (json_int_t)term->count, "unit", term->unit);
}
