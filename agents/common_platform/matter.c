#include "agents/common_platform/matter.h"

#include "agents/common_platform/codes.h"
#include "agents/common_platform/offence.h"
#include "agents/common_platform/person.h"
#include "agents/common_platform/take.h"

const char *matter_lacks(const struct matter *matter)
{
    static const char surname[] = "personDefendant.personDetails.lastName";
    static const char forename[] = "personDefendant.personDetails.firstName";

    if (!node_text(node_find(matter->defendant, surname))
        && !node_text(node_find(matter->defendant, forename)))
        return surname;
    if (!node_text(node_get(matter->defendant, "id"))
        && !node_text(node_get(matter->defendant, "masterDefendantId")))
        return "id";
    for (const struct node *item = node_items(node_get(matter->defendant, "offences")); item;
         item = item->next) {
        if (node_is_object(item))
            return NULL;
    }
    return "offences";
}

/* ---- the hearing ---- */

/* The sitting days; an empty list when there is none. */
static json_t *days_of(struct source *source, const struct node *hearing)
{
    json_t *list = json_array();

    for (struct node *day = node_items(node_get(hearing, "hearingDays")); day; day = day->next) {
        json_t *body = json_object();

        if (node_flag(day, "isCancelled") == FLAG_SET) {
            source_leave_below(day, "a cancelled day");
        } else if (node_flag(day, "isCancelled") == FLAG_CLEAR
                   && take_instant(source, body, "startMs", node_get(day, "sittingDay"))) {
            (void)take_number(source, body, "minutes", node_get(day, "listedDurationMinutes"));
            (void)take_number(source, body, "sequence", node_get(day, "listingSequence"));
            source_say(source, node_get(day, "isCancelled"));
            (void)json_array_append_new(list, body);
            continue;
        }
        json_decref(body);
    }
    return list;
}

static void take_initiation(struct source *source, json_t *body, struct node *node)
{
    const char *text = text_of(source, node);

    if (text && !initiation_is_known(text))
        source_leave(source, node, "an unknown way to begin a case");
    else
        (void)take_text(source, body, "initiationCode", node);
}

static void take_remand(struct source *source, json_t *body, struct node *status)
{
    struct node *code = node_get(status, "code"), *description = node_get(status, "description");
    const char *letter = text_of(source, code), *words = text_of(source, description);
    const struct bail_code *row = letter ? bail_find(letter, words) : NULL;
    bool alone = false;

    if (letter && words && !row) { /* a description we do not know, of a code that needs none */
        row = bail_find(letter, NULL);
        alone = true;
    }
    if (!row) {
        source_leave(source, code, "an unknown remand status");
        source_leave(source, description, "an unknown remand status");
        return;
    }
    put(body, "remandStatus", json_string(row->remand));
    source_carry(source, code);
    if (!words)
        return; /* no text, which has been said */
    if (alone)
        source_leave(source, description, "not the description that this code has");
    else
        source_say(source, description);
}

/* ---- bodies ---- */

/* What notice and result say alike. */
static void put_common(const struct matter *m, json_t *body)
{
    json_t *addresses = person_addresses(m->source, m->defendant);

    (void)take_text(m->source, body, "hearingId", node_get(m->hearing, "id"));
    (void)take_text(m->source, body, "caseUrn",
                    node_find(m->accusation, "prosecutionCaseIdentifier.caseURN"));
    put(body, "courtOu", json_string(m->court));
    put(body, "defendant", person_of(m->source, m->defendant, m->today));
    put(body, "offences", offences_of(m->source, m->defendant));
    if (addresses)
        put(body, "addresses", addresses);
}

json_t *matter_notice(const struct matter *m)
{
    struct source *source = m->source;
    const struct node *hearing = m->hearing;
    json_t *body = json_object();

    put_common(m, body);
    (void)take_text(source, body, "room", node_find(hearing, "courtCentre.roomName"));
    put(body, "days", days_of(source, hearing));
    (void)take_text(source, body, "hearingType", node_find(hearing, "type.description"));
    (void)take_word(source, body, "jurisdiction", node_get(hearing, "jurisdictionType"),
                    jurisdiction_words, "an unknown jurisdiction");
    take_initiation(source, body, node_get(m->accusation, "initiationCode"));
    put(body, "event", json_string(m->resulted ? "RESULTED" : "CONFIRMED_OR_UPDATED"));
    if (node_flag(hearing, "hasSharedResults") != FLAG_FAULTY)
        source_say(source, node_get(hearing, "hasSharedResults"));
    take_remand(source, body, node_find(m->defendant, "personDefendant.bailStatus"));
    return body;
}

json_t *matter_sentence(const struct matter *m, const struct results *results)
{
    json_t *body = json_object();

    put_common(m, body);
    person_asn(m->source, body, "asn", m->defendant, m->today);
    results_tell(m->source, results, m->court, body);
    return body;
}
