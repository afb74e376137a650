#include "agents/roles/person.h"

#include <string.h>
#include <strings.h>

#include "agents/roles/wire.h"

/* --- numbers --- */

const char *person_identifier(const json_t *person, const char *type, size_t which)
{
    const json_t *identifier;
    size_t i;

    json_array_foreach(wire_at(person, "identifiers"), i, identifier)
    {
        if (strcmp(wire_text(identifier, "type"), type) == 0 && which-- == 0)
            return wire_text(identifier, "value");
    }
    return "";
}

bool person_has_identifier(const json_t *person, const char *type, const char *value)
{
    for (size_t i = 0; *person_identifier(person, type, i); i++) {
        if (strcmp(person_identifier(person, type, i), value) == 0)
            return true;
    }
    return false;
}

/* Has `person` a number of this type that `kept`, who has some, has not? */
static bool numbers_differ(const json_t *person, const json_t *kept, const char *type)
{
    if (!*person_identifier(kept, type, 0))
        return false;
    for (size_t i = 0; *person_identifier(person, type, i); i++) {
        if (!person_has_identifier(kept, type, person_identifier(person, type, i)))
            return true;
    }
    return false;
}

bool person_numbers_agree(const json_t *person, const json_t *kept, const char *type)
{
    return *person_identifier(person, type, 0) && *person_identifier(kept, type, 0)
        && !numbers_differ(person, kept, type);
}

/* The one record to which the person's numbers of this type lead. */
static enum match find_by_type(const json_t *records, const json_t *person, const char *type,
                               const json_t **found)
{
    const json_t *record, *only = NULL;
    size_t i;

    for (size_t n = 0; *person_identifier(person, type, n); n++) {
        const char *value = person_identifier(person, type, n);
        bool is_kept = false;

        json_array_foreach(records, i, record)
        {
            if (!person_has_identifier(wire_at(record, "person"), type, value))
                continue;
            if (is_kept || (only && only != record)) /* kept twice; of two people */
                return MATCH_UNSURE;
            is_kept = true;
            only = record;
        }
    }
    if (!only)
        return MATCH_NONE;
    *found = only;
    return MATCH_ONE;
}

/* --- names --- */

/* ASCII letters in either case; an agency's own system would know more of names. */
static bool is_same_name(const json_t *one, const json_t *other)
{
    return *wire_text(one, "surname")
        && strcasecmp(wire_text(one, "surname"), wire_text(other, "surname")) == 0
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

/* Is any name of the one a name of the other? */
static bool share_a_name(const json_t *person, const json_t *kept)
{
    const json_t *alias;
    size_t i;

    if (has_name(person, wire_at(kept, "name")))
        return true;
    json_array_foreach(wire_at(kept, "aliases"), i, alias)
    {
        if (has_name(person, alias))
            return true;
    }
    return false;
}

/* Name and day of birth are there in both, and both differ: then the number was mistyped. One of
 * them alone may well have changed, or been written wrongly. */
static bool is_somebody_else(const json_t *person, const json_t *kept)
{
    int64_t born = wire_number(person, "dateOfBirth.ymd");
    int64_t kept_born = wire_number(kept, "dateOfBirth.ymd");

    return born != 0 && kept_born != 0 && born != kept_born && *wire_text(person, "name.surname")
        && *wire_text(kept, "name.surname") && !share_a_name(person, kept);
}

/* --- finding --- */

enum match person_find_by_identifier(const json_t *records, const json_t *person,
                                     const char *const types[], const json_t **record)
{
    const json_t *found = NULL;
    bool any = false;

    for (size_t i = 0; types[i]; i++) {
        const json_t *other = NULL;
        enum match match = find_by_type(records, person, types[i], &other);

        any = any || *person_identifier(person, types[i], 0);
        if (match == MATCH_UNSURE || (found && other && found != other))
            return MATCH_UNSURE;
        found = other ? other : found;
    }
    if (!found)
        return any ? MATCH_NONE : MATCH_UNSURE;
    for (size_t i = 0; types[i]; i++) {
        if (numbers_differ(person, wire_at(found, "person"), types[i]))
            return MATCH_UNSURE;
    }
    if (is_somebody_else(person, wire_at(found, "person")))
        return MATCH_UNSURE;
    *record = found;
    return MATCH_ONE;
}

enum match person_find_by_name(const json_t *records, const json_t *person, const char *type,
                               const json_t **record)
{
    int64_t born = wire_number(person, "dateOfBirth.ymd");
    const json_t *by_number = NULL, *by_name = NULL, *one;
    bool is_both = false;
    size_t i, count = 0;

    if (born == 0 || find_by_type(records, person, type, &by_number) == MATCH_UNSURE)
        return MATCH_UNSURE;
    json_array_foreach(records, i, one)
    {
        const json_t *kept = wire_at(one, "person");

        if (wire_number(kept, "dateOfBirth.ymd") != born || !share_a_name(person, kept))
            continue;
        is_both = is_both || one == by_number;
        by_name = one;
        count++;
    }
    if (is_both) /* number, name and day of birth agree: it is that one, whoever is called so too */
        by_name = by_number;
    else if (by_number || count > 1) /* the number is somebody else's; several */
        return MATCH_UNSURE;
    if (!by_name)
        return MATCH_NONE;
    if (numbers_differ(person, wire_at(by_name, "person"), type))
        return MATCH_UNSURE;
    *record = by_name;
    return MATCH_ONE;
}
