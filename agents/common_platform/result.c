#include "agents/common_platform/result.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/common_platform/sentence.h"
#include "agents/common_platform/take.h"
#include "agents/common_platform/term.h"

/* ---- which there are ---- */

const struct result_code *result_code_of(const struct node *result,
                                         const struct result_code codes[])
{
    return result_find(codes, node_text(node_get(result, "cjsCode")),
                       node_text(node_get(result, "judicialResultTypeId")));
}

const struct result_code *result_sentence_code(const struct node *result)
{
    const char *category = node_text(node_get(result, "category"));

    if (!category || strcmp(category, "FINAL") != 0)
        return NULL;
    return sentence_find(node_text(node_get(result, "cjsCode")),
                         node_text(node_get(result, "judicialResultTypeId")),
                         term_life(result).unit != NULL);
}

/* Rows of one kind are equally grave: their first row's place. */
static size_t gravity_of(const struct result_code *code)
{
    size_t place = 0;

    while (strcmp(sentence_codes[place].kind, code->kind) != 0)
        place++;
    return place;
}

static void add_result(struct results *results, struct node *node, unsigned offence)
{
    static const char *const flags[] = {"isDeleted", "lifeDuration"};
    const struct result_code *code;

    if (!node_is_object(node))
        return;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (node_flag(node, flags[i]) == FLAG_FAULTY) {
            results->faulty[results->faulty_count++] = (struct faulty_result){node, flags[i]};
            return;
        }
    }
    if (node_flag(node, "isDeleted") == FLAG_SET) {
        source_leave_below(node, "a deleted result");
        return;
    }
    results->items[results->count++] = (struct result){node, offence};
    code = result_sentence_code(node);
    if (code && (!results->sentence || gravity_of(code) < gravity_of(results->sentence)))
        results->sentence = code;
}

/* Does `node` say nothing at `key`? */
static bool is_silent(const struct node *node, const char *key)
{
    const struct node *field = node_get(node, key);

    return !field || json_is_null(field->value);
}

/* Is the hearing's result about this defendant? A person has one `masterDefendantId` and, in each
 * case, a `defendantId` of its own: the latter decides wherever it stands. */
static bool is_about(const struct node *entry, const struct node *defendant)
{
    bool of_person = is_silent(entry, "defendantId");
    const char *id = node_text(node_get(entry, of_person ? "masterDefendantId" : "defendantId"));
    const char *ours = node_text(node_get(defendant, of_person ? "masterDefendantId" : "id"));

    return id && ours && strcasecmp(id, ours) == 0;
}

struct results *results_of(const struct node *hearing, const struct node *defendant)
{
    const struct node *of_case = node_get(defendant, "defendantCaseJudicialResults");
    const struct node *of_hearing = node_get(hearing, "defendantJudicialResults");
    struct results *results;
    size_t count = 0;

    for (int filling = 0; filling < 2; filling++) {
        if (filling) {
            results = calloc(1, sizeof *results
                                    + count * (sizeof *results->items + sizeof *results->faulty));
            if (!results)
                return NULL;
            results->faulty = (struct faulty_result *)(void *)&results->items[count];
        }
        unsigned place = 0; /* as the body counts them */

        for (struct node *offence = node_items(node_get(defendant, "offences")); offence;
             offence = offence->next) {
            place += node_is_object(offence);
            for (struct node *node = node_items(node_get(offence, "judicialResults")); node;
                 node = node->next) {
                count++;
                if (filling)
                    add_result(results, node, place);
            }
        }
        for (struct node *node = node_items(of_case); node; node = node->next) {
            count++;
            if (filling)
                add_result(results, node, 0);
        }
        for (struct node *node = node_items(of_hearing); node; node = node->next) {
            if (!is_about(node, defendant))
                continue;
            count++;
            if (filling)
                add_result(results, node_get(node, "judicialResult"), 0);
        }
    }
    return results;
}

/* ---- lines ---- */

/* "Max number of days: 25" */
static json_t *prompt_of(struct source *source, const struct node *prompt)
{
    struct node *label = node_get(prompt, "label"), *value = node_get(prompt, "value");
    const char *name = text_of(source, label), *what = text_of(source, value);

    if (name)
        source_carry(source, label);
    if (what)
        source_carry(source, value);
    if (name && what)
        return json_sprintf("%s: %s", name, what);
    return name || what ? json_string(name ? name : what) : NULL;
}

/* The text as pronounced usually begins with the label, which then need not stand twice. */
static void put_text(struct source *source, json_t *line, const struct node *result)
{
    struct node *label = node_get(result, "label"), *whole = node_get(result, "resultText");
    const char *name = text_of(source, label), *text = text_of(source, whole);

    if (!name && !text)
        return;
    if (name && text && !strstr(text, name))
        put(line, "text", json_sprintf("%s\n%s", name, text));
    else
        put(line, "text", json_string(text ? text : name));
    source_carry(source, text ? whole : NULL);
    source_carry(source, name ? label : NULL);
}

static json_t *line_of(struct source *source, const struct result *result)
{
    json_t *line = json_object(), *prompts = json_array();

    (void)take_text(source, line, "resultCode", node_get(result->node, "cjsCode"));
    put_text(source, line, result->node);
    for (struct node *prompt = node_items(node_get(result->node, "judicialResultPrompts")); prompt;
         prompt = prompt->next) {
        json_t *text = prompt_of(source, prompt);
        if (text)
            (void)json_array_append_new(prompts, text);
    }
    put_list(line, "prompt", prompts);
    if (result->offence)
        put(line, "offence", json_integer(result->offence));
    (void)take_day(source, line, "orderedOn", node_get(result->node, "orderedDate"));
    if (result_sentence_code(result->node))
        source_say(source, node_get(result->node, "category"));
    source_say(source, node_get(result->node, "isDeleted"));
    return line;
}

void results_tell(struct source *source, const struct results *results, const char *court_ou,
                  json_t *body)
{
    json_t *lines = json_array();
    uint32_t latest = 0;

    put(body, "sentence", sentence_of(source, results, court_ou));
    for (size_t i = 0; i < results->count; i++) {
        const struct node *result = results->items[i].node;
        const char *day = node_text(node_get(result, "orderedDate"));
        uint32_t ymd = day ? day_of(day) : 0;

        latest = ymd > latest ? ymd : latest;
        (void)json_array_append_new(lines, line_of(source, &results->items[i]));
    }
    put_list(body, "lines", lines);
    if (latest)
        put(body, "resultDate", date_of(latest));
}
