#include "agents/common_platform/take.h"

#include <stdio.h>
#include <string.h>

#include "lib/day.h"

void put(json_t *body, const char *field, json_t *value)
{
    (void)json_object_set_new(body, field, value);
}

void put_list(json_t *body, const char *field, json_t *list)
{
    if (json_array_size(list) > 0)
        put(body, field, list);
    else
        json_decref(list);
}

json_t *date_of(uint32_t ymd)
{
    return json_pack("{s:I}", "ymd", (json_int_t)ymd);
}

/* Is there a value that may be taken? Null and blanks say nothing, and that is no fault. */
static bool is_there(const struct node *node)
{
    return node && !json_is_null(node->value) && (!json_is_string(node->value) || node_text(node));
}

const char *text_of(struct source *source, struct node *node)
{
    if (!is_there(node))
        return NULL;
    if (json_is_string(node->value))
        return node_text(node);
    if (node_is_leaf(node))
        source_leave(source, node, "should be a text");
    else
        source_leave_below(node, "a text should stand here");
    return NULL;
}

bool take_text(struct source *source, json_t *body, const char *field, struct node *node)
{
    const char *text = text_of(source, node);

    if (!text)
        return false;
    put(body, field, json_string(text));
    source_carry(source, node);
    return true;
}

bool take_number(struct source *source, json_t *body, const char *field, struct node *node)
{
    json_int_t value = node ? json_integer_value(node->value) : 0;

    if (!is_there(node))
        return false;
    if (!json_is_integer(node->value) || value < 0 || value > UINT32_MAX) {
        source_leave(source, node, "should be a whole number, not negative");
        return false;
    }
    put(body, field, json_integer(value));
    source_carry(source, node);
    return true;
}

bool take_flag(struct source *source, json_t *body, const char *field, struct node *node)
{
    if (!is_there(node))
        return false;
    if (!json_is_boolean(node->value)) {
        source_leave(source, node, "should be true or false");
        return false;
    }
    put(body, field, json_boolean(json_is_true(node->value)));
    source_carry(source, node);
    return true;
}

uint32_t day_of(const char *text)
{
    unsigned year, month, day;
    int end = 0;
    size_t size = strlen(text);

    if (size != 10 || strspn(text, "0123456789-/") != size)
        return 0;
    if ((sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &end) != 3 || end != 10)
        && (sscanf(text, "%2u/%2u/%4u%n", &day, &month, &year, &end) != 3 || end != 10))
        return 0;

    uint32_t ymd = year * 10000 + month * 100 + day;
    return day_is_real(ymd) ? ymd : 0;
}

bool take_day(struct source *source, json_t *body, const char *field, struct node *node)
{
    const char *text = text_of(source, node);
    uint32_t ymd = text ? day_of(text) : 0;

    if (!text)
        return false;
    if (!ymd) {
        source_leave(source, node, "should be a day like 2026-06-30");
        return false;
    }
    put(body, field, date_of(ymd));
    source_carry(source, node);
    return true;
}

/* "Z", "+01:00" or "-0530" to the end of the text, in minutes. */
static bool zone_of(const char *text, int *minutes)
{
    unsigned hour, minute;
    int end = 0;

    *minutes = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || strspn(text + 1, "0123456789:") != strlen(text + 1))
        return false;
    if ((sscanf(text + 1, "%2u:%2u%n", &hour, &minute, &end) != 2 || text[1 + end] != '\0')
        && (sscanf(text + 1, "%2u%2u%n", &hour, &minute, &end) != 2 || text[1 + end] != '\0'))
        return false;
    if (hour > 14 || minute > 59)
        return false;
    *minutes = (int)(60 * hour + minute) * (*text == '-' ? -1 : 1);
    return true;
}

bool instant_of(const char *text, int64_t *ms)
{
    char day[DAY_TEXT_SIZE] = "";
    unsigned hour, minute, second, fraction = 0;
    int end = 0, zone;
    int64_t midnight_ms;

    if (strlen(text) < 20 || text[10] != 'T' || strspn(text + 11, "0123456789:") != 8
        || sscanf(text + 11, "%2u:%2u:%2u%n", &hour, &minute, &second, &end) != 3 || end != 8
        || hour > 23 || minute > 59 || second > 59)
        return false;
    memcpy(day, text, sizeof day - 1);
    if (!day_parse(day, &midnight_ms))
        return false;
    text += 19;
    if (*text == '.') { /* any number of digits; three count */
        size_t digits = strspn(++text, "0123456789");

        for (size_t i = 0; i < 3; i++)
            fraction = 10 * fraction + (i < digits ? (unsigned)(text[i] - '0') : 0);
        if (digits == 0)
            return false;
        text += digits;
    }
    if (!zone_of(text, &zone))
        return false;
    *ms = midnight_ms + 1000 * (3600 * (int64_t)hour + 60 * ((int64_t)minute - zone) + second)
        + fraction;
    return true;
}

bool take_instant(struct source *source, json_t *body, const char *field, struct node *node)
{
    const char *text = text_of(source, node);
    int64_t ms;

    if (!text)
        return false;
    if (!instant_of(text, &ms)) {
        source_leave(source, node, "should be a time with its zone like 2026-06-15T09:30:00.000Z");
        return false;
    }
    put(body, field, json_integer(ms));
    source_carry(source, node);
    return true;
}

bool take_word(struct source *source, json_t *body, const char *field, struct node *node,
               const struct word words[], const char *unknown)
{
    const char *text = text_of(source, node), *word = text ? word_find(words, text) : NULL;

    if (!text)
        return false;
    if (!word) {
        source_leave(source, node, "%s", unknown);
        return false;
    }
    put(body, field, json_string(word));
    source_carry(source, node);
    return true;
}
