#include "agents/roles/person.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "agents/roles/wire.h"

const char *person_identifier(const json_t *person, const char *type)
{
    const json_t *identifier;
    size_t i;

    json_array_foreach(wire_at(person, "identifiers"), i, identifier)
    {
        if (strcmp(wire_text(identifier, "type"), type) == 0)
            return wire_text(identifier, "value");
    }
    return "";
}

/* The one record with this identifier. */
static enum match find_value(const json_t *records, const char *type, const char *value,
                             const json_t **found)
{
    const json_t *record;
    size_t i, count = 0;

    json_array_foreach(records, i, record)
    {
        if (strcmp(person_identifier(wire_at(record, "person"), type), value) != 0)
            continue;
        *found = record;
        count++;
    }
    return count == 0 ? MATCH_NONE : count == 1 ? MATCH_ONE : MATCH_UNSURE;
}

/* Has the record another value than the one given? */
static bool disagrees(const json_t *record, const char *type, const char *given)
{
    const char *kept = person_identifier(wire_at(record, "person"), type);

    return *given && *kept && strcmp(given, kept) != 0;
}

enum match person_find_by_identifier(const json_t *records, const json_t *person,
                                     const char *const types[], const json_t **record)
{
    const json_t *found = NULL;
    bool any = false;

    for (size_t i = 0; types[i]; i++) {
        const char *value = person_identifier(person, types[i]);
        const json_t *other = NULL;
        enum match match;

        if (!*value)
            continue;
        any = true;
        match = find_value(records, types[i], value, &other);
        if (match == MATCH_UNSURE || (found && other && found != other))
            return MATCH_UNSURE;
        found = other ? other : found;
    }
    for (size_t i = 0; found && types[i]; i++) {
        if (disagrees(found, types[i], person_identifier(person, types[i])))
            return MATCH_UNSURE;
    }
    if (!found)
        return any ? MATCH_NONE : MATCH_UNSURE;
    *record = found;
    return MATCH_ONE;
}

/* ASCII letters in either case; an agency's own system would know more of names. */
static bool is_same_name(const json_t *one, const json_t *other)
{
    return strcasecmp(wire_text(one, "surname"), wire_text(other, "surname")) == 0
        && strcasecmp(wire_text(one, "forename"), wire_text(other, "forename")) == 0;
}

static bool has_name(const json_t *person, const json_t *name)
{
    const json_t *alias;
    size_t i;

    if (is_same_name(wire_at(person, "name"), name))
        return true;
    json_array_foreach(wire_at(person, "aliases"), i, alias)
    {
        if (is_same_name(alias, name))
            return true;
    }
    return false;
}

enum match person_find_by_name(const json_t *records, const json_t *person, const char *type,
                               const json_t **record)
{
    const char *value = person_identifier(person, type);
    int64_t born = wire_number(person, "dateOfBirth.ymd");
    const json_t *by_value = NULL, *by_name = NULL, *one;
    size_t i, count = 0;

    if (*value && find_value(records, type, value, &by_value) == MATCH_UNSURE)
        return MATCH_UNSURE;
    json_array_foreach(records, i, one)
    {
        const json_t *kept = wire_at(one, "person");

        if (born == 0 || wire_number(kept, "dateOfBirth.ymd") != born
            || !has_name(person, wire_at(kept, "name")))
            continue;
        if (one == by_value) { /* number, name and day of birth agree: it is that one */
            *record = one;
            return MATCH_ONE;
        }
        by_name = one;
        count++;
    }
    if (by_value || count > 1 || born == 0) /* the number is somebody else's; several; too little */
        return MATCH_UNSURE;
    if (by_name && disagrees(by_name, type, value))
        return MATCH_UNSURE;
    if (by_name)
        *record = by_name;
    return by_name ? MATCH_ONE : MATCH_NONE;
}
