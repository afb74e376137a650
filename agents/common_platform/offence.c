#include "agents/common_platform/offence.h"

#include <string.h>

#include "agents/common_platform/codes.h"
#include "agents/common_platform/take.h"
#include "proto/identifier.h"

static void take_code(struct source *source, json_t *body, struct node *node)
{
    const char *text = text_of(source, node);
    struct reason why;

    if (text && offence_code_check(text, &why) != ST_OK)
        source_leave(source, node, "%s", why.text);
    else
        (void)take_text(source, body, "cjsCode", node);
}

/* A verdict with another offence in the place of the one charged is of its own kind, whether the
 * court's system calls it guilty, of the other, or not guilty, as charged. */
static void take_verdict(struct source *source, json_t *body, struct node *verdict)
{
    struct node *type = node_get(verdict, "verdictType");
    struct node *code = node_get(type, "cjsVerdictCode"), *word = node_get(type, "categoryType");
    const struct node *instead = node_get(verdict, "lesserOrAlternativeOffence");
    const char *told;

    if (!take_word(source, body, "verdict", code, verdict_words, "an unknown verdict"))
        (void)take_word(source, body, "verdict", word, verdict_words, "an unknown verdict");
    else if (node_text(word) && word_find(verdict_words, node_text(word)))
        source_say(source, word);
    told = json_string_value(json_object_get(body, "verdict"));
    if (told && (strcmp(told, "G") == 0 || strcmp(told, "NG") == 0) && node_is_object(instead)
        && instead->first)
        put(body, "verdict", json_string("NA"));
}

static json_t *offence_of(struct source *source, struct node *offence)
{
    json_t *body = json_object();

    take_code(source, body, node_get(offence, "offenceCode"));
    (void)take_text(source, body, "title", node_get(offence, "offenceTitle"));
    (void)take_text(source, body, "wording", node_get(offence, "wording"));
    (void)take_day(source, body, "offenceDate", node_get(offence, "startDate"));
    (void)take_day(source, body, "offenceEndDate", node_get(offence, "endDate"));
    (void)take_day(source, body, "convictionDate", node_get(offence, "convictionDate"));
    (void)take_word(source, body, "plea", node_find(offence, "plea.pleaValue"), plea_words,
                    "an unknown plea");
    take_verdict(source, body, node_get(offence, "verdict"));
    return body;
}

json_t *offences_of(struct source *source, struct node *defendant)
{
    json_t *list = json_array();

    for (struct node *offence = node_items(node_get(defendant, "offences")); offence;
         offence = offence->next) {
        if (node_is_object(offence))
            (void)json_array_append_new(list, offence_of(source, offence));
    }
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}
