#include "agents/common_platform/person.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/common_platform/codes.h"
#include "agents/common_platform/take.h"
#include "proto/bodies/common.pb-c.h"
#include "proto/identifier.h"

#define TYPE(name) CONCORDAT__BODY__IDENTIFIER__TYPE__##name, #name

bool person_is_company(const struct node *defendant)
{
    return node_get(defendant, "legalEntityDefendant") && !node_get(defendant, "personDefendant");
}

/* ---- identifiers ---- */

static int year_of(uint32_t ymd)
{
    return (int)(ymd / 10000);
}

/* The canonical form; false after saying why not. */
static bool normalise(struct source *source, int type, int year, struct node *node,
                      char canonical[static IDENTIFIER_MAX + 1])
{
    const char *text = text_of(source, node);
    struct reason why;

    if (!text)
        return false;
    if (identifier_normalise(type, text, year, canonical, &why) != ST_OK) {
        source_leave(source, node, "%s", why.text);
        return false;
    }
    if (identifier_is_dummy(type, canonical)) {
        source_leave(source, node, "a dummy number, filled in where there is none");
        return false;
    }
    return true;
}

/* Adds it to `list` when it is sound and not there yet. */
static bool add_identifier(struct source *source, json_t *list, int type, const char *name,
                           int year, struct node *node)
{
    char canonical[IDENTIFIER_MAX + 1];
    json_t *item;
    size_t i;

    if (!normalise(source, type, year, node, canonical))
        return false;
    json_array_foreach(list, i, item)
    {
        const char *type_there = NULL, *value_there = NULL;

        if (json_unpack(item, "{s:s, s:s}", "type", &type_there, "value", &value_there) == 0
            && strcmp(type_there, name) == 0 && strcmp(value_there, canonical) == 0) {
            source_say(source, node);
            return true;
        }
    }
    (void)json_array_append_new(list, json_pack("{s:s, s:s}", "type", name, "value", canonical));
    source_carry(source, node);
    return true;
}

void person_asn(struct source *source, json_t *body, const char *field, struct node *defendant,
                uint32_t today)
{
    struct node *node = node_find(defendant, "personDefendant.arrestSummonsNumber");
    char canonical[IDENTIFIER_MAX + 1];

    if (!normalise(source, CONCORDAT__BODY__IDENTIFIER__TYPE__ASN, year_of(today), node, canonical))
        return;
    put(body, field, json_string(canonical));
    source_carry(source, node);
}

/* The police's reference of a defendant is often the arrest summons number over again. */
static void say_reference(struct source *source, struct node *defendant)
{
    struct node *reference = node_get(defendant, "prosecutionAuthorityReference");
    const struct node *asn = node_find(defendant, "personDefendant.arrestSummonsNumber");

    if (node_text(reference) && node_text(asn) && strcmp(node_text(reference), node_text(asn)) == 0)
        source_leave(source, reference, "the same as personDefendant.arrestSummonsNumber");
}

static void add_identifiers(struct source *source, json_t *person, struct node *defendant, int year)
{
    json_t *list = json_array();
    bool pnc, cro;

    pnc = add_identifier(source, list, TYPE(PNC), year, node_get(defendant, "pncId"));
    cro = add_identifier(source, list, TYPE(CRO), year, node_get(defendant, "croNumber"));
    (void)add_identifier(source, list, TYPE(CRN), year, node_get(defendant, "crn"));
    (void)add_identifier(source, list, TYPE(ASN), year,
                         node_find(defendant, "personDefendant.arrestSummonsNumber"));
    say_reference(source, defendant);
    (void)add_identifier(source, list, TYPE(COMMON_PLATFORM_DEFENDANT), year,
                         node_get(defendant, "id"));
    (void)add_identifier(source, list, TYPE(COMMON_PLATFORM_DEFENDANT), year,
                         node_get(defendant, "masterDefendantId"));
    (void)add_identifier(
        source, list, TYPE(NINO), year,
        node_find(defendant, "personDefendant.personDetails.nationalInsuranceNumber"));
    (void)add_identifier(source, list, TYPE(DRIVER_NO), year,
                         node_find(defendant, "personDefendant.driverNumber"));
    put(person, "identifiers", list);
    put(person, "pncMissing", json_boolean(!pnc));
    put(person, "croMissing", json_boolean(!cro));
}

/* ---- names ---- */

/* "Alex Robin" is two middle names. */
static void take_middle(struct source *source, json_t *name, struct node *node)
{
    const char *text = text_of(source, node);
    json_t *list;

    if (!text)
        return;
    list = json_array();
    for (const char *word = text + strspn(text, " \t\r\n"); *word;
         word += strspn(word, " \t\r\n")) {
        size_t size = strcspn(word, " \t\r\n");

        (void)json_array_append_new(list, json_stringn(word, size));
        word += size;
    }
    put(name, "middle", list);
    source_carry(source, node);
}

/* A Name; NULL with neither surname nor forename. */
static json_t *name_of(struct source *source, const struct node *details)
{
    json_t *name = json_object();
    bool surname = take_text(source, name, "surname", node_get(details, "lastName"));
    bool forename = take_text(source, name, "forename", node_get(details, "firstName"));

    if (!surname && !forename) {
        json_decref(name);
        return NULL;
    }
    (void)take_text(source, name, "title", node_get(details, "title"));
    take_middle(source, name, node_get(details, "middleName"));
    return name;
}

static void add_aliases(struct source *source, json_t *person, struct node *defendant)
{
    json_t *list = json_array();

    for (struct node *alias = node_items(node_get(defendant, "aliases")); alias;
         alias = alias->next) {
        json_t *name = name_of(source, alias);
        if (name)
            (void)json_array_append_new(list, name);
    }
    if (json_array_size(list) > 0)
        put(person, "aliases", list);
    else
        json_decref(list);
}

/* ---- the rest ---- */

/* One language for two needs: Welsh for either must be honoured. */
static void take_language(struct source *source, json_t *person, const struct node *details)
{
    struct node *needs[] = {node_get(details, "documentationLanguageNeeds"),
                            node_get(details, "hearingLanguageNeeds")};
    const char *chosen = NULL;

    for (size_t i = 0; i < 2; i++) {
        const char *text = text_of(source, needs[i]);
        const char *language = text ? word_find(language_words, text) : NULL;

        if (language && (!chosen || strcmp(language, "cy") == 0))
            chosen = language;
    }
    if (chosen)
        put(person, "preferredLanguage", json_string(chosen));
    for (size_t i = 0; i < 2; i++) {
        const char *text = node_text(needs[i]);
        const char *language = text ? word_find(language_words, text) : NULL;

        if (language && chosen && strcmp(language, chosen) == 0)
            source_carry(source, needs[i]);
        else if (language)
            source_leave(source, needs[i], "the other need is Welsh, and there is one field");
        else if (text)
            source_leave(source, needs[i], "an unknown language");
    }
}

/* The field is for a language; people write into it that there is none. */
static bool means_none(const char *text)
{
    static const char *const words[] = {"none",
                                        "no",
                                        "n",
                                        "nil",
                                        "n/a",
                                        "na",
                                        "not required",
                                        "none required",
                                        "not needed",
                                        "not applicable",
                                        "no interpreter",
                                        "false"};
    size_t size;

    text += strspn(text, " \t\r\n");
    for (size = strlen(text); size > 0 && strchr(" \t\r\n.", text[size - 1]);)
        size--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == size && strncasecmp(words[i], text, size) == 0)
            return true;
    }
    return false;
}

static void take_interpreter(struct source *source, json_t *person, struct node *node)
{
    const char *text = text_of(source, node);

    if (!text)
        return;
    put(person, "interpreterRequired", json_boolean(!means_none(text)));
    if (means_none(text))
        source_say(source, node);
    else
        source_leave(source, node,
                     "the body says that an interpreter is needed, not for which language");
}

/* Nobody before a court is yet to be born. */
static void take_birth(struct source *source, json_t *person, struct node *node, uint32_t today)
{
    const char *text = text_of(source, node);

    if (text && today && day_of(text) > today)
        source_leave(source, node, "a date of birth in the future");
    else
        (void)take_day(source, person, "dateOfBirth", node);
}

json_t *person_of(struct source *source, struct node *defendant, uint32_t today)
{
    struct node *details = node_find(defendant, "personDefendant.personDetails");
    json_t *name = name_of(source, details), *person;

    if (!name)
        return NULL;
    person = json_object();
    add_identifiers(source, person, defendant, year_of(today));
    put(person, "name", name);
    add_aliases(source, person, defendant);
    take_birth(source, person, node_get(details, "dateOfBirth"), today);
    (void)take_word(source, person, "sex", node_get(details, "gender"), gender_words,
                    "an unknown gender");
    (void)take_flag(source, person, "isYouth", node_get(defendant, "isYouth"));
    take_language(source, person, details);
    take_interpreter(source, person, node_get(details, "interpreterLanguageNeeds"));
    return person;
}

json_t *person_addresses(struct source *source, struct node *defendant)
{
    static const char *const lines[] = {"address1", "address2", "address3", "address4", "address5"};
    const struct node *from = node_find(defendant, "personDefendant.personDetails.address");
    json_t *address = json_object(), *list = json_array();
    bool something;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        json_t *line = json_object();

        if (take_text(source, line, "line", node_get(from, lines[i])))
            (void)json_array_append(list, json_object_get(line, "line"));
        json_decref(line);
    }
    something = json_array_size(list) > 0;
    if (something)
        put(address, "line", list);
    else
        json_decref(list);
    something |= take_text(source, address, "postcode", node_get(from, "postcode"));
    if (!something) {
        json_decref(address);
        return NULL;
    }
    put(address, "use", json_string("MAIN"));
    return json_pack("[o]", address);
}
