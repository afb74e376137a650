#include "agents/cli/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/cli/show.h"
#include "agents/client.h"
#include "lib/nearest.h"
#include "proto/header.pb-c.h"

/* --- files --- */

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static struct agreement_set *set_of_folder(const char *path)
{
    struct agreement_set *set = NULL;
    struct reason why = {"memory is out"};

    if (agreement_set_load(path, &set, &why) == ST_OK)
        return set;
    complain("%s", why.text);
    return NULL;
}

/* Takes what the array holds. */
static struct agreement_set *set_of_agreements(struct agreement **all, size_t count)
{
    struct agreement_set *set = NULL;
    struct reason why = {"memory is out"};

    if (agreement_set_take(all, count, &set, &why) == ST_OK)
        return set;
    complain("%s", why.text);
    return NULL;
}

static struct agreement_set *set_of_files(const char *const *paths, size_t count)
{
    struct agreement **all = calloc(count + 1, sizeof *all);
    struct agreement_set *set = NULL;
    struct reason why = {"memory is out"};
    size_t loaded = 0;

    while (all && loaded < count && agreement_load(paths[loaded], &all[loaded], &why) == ST_OK)
        loaded++;
    if (all && loaded == count) {
        set = set_of_agreements(all, count);
    } else {
        complain("%s", why.text);
        for (size_t i = 0; i < loaded; i++)
            agreement_free(all[i]);
    }
    free(all);
    return set;
}

/* --- the agent's --- */

static enum standing standing_of(const char *state)
{
    if (strcmp(state, agreement_state_name(AGREEMENT_STATE_SUSPENDED)) == 0)
        return STANDING_SUSPENDED;
    if (strcmp(state, agreement_state_name(AGREEMENT_STATE_REVOKED)) == 0)
        return STANDING_REVOKED;
    return STANDING_ASSUMED;
}

/* What is in force, or was last, by its standing and dates: nothing that is proposed or that came
 * to nothing, and no superseded text. */
static bool counts(const struct concordat_agreement *a)
{
    static const char *const states[] = {"active", "not yet in force", "expired", "suspended",
                                         "revoked"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(a->state, states[i]) == 0)
            return true;
    return false;
}

/* By its id the agent gives what is in force, so one row of several is enough: a revoked version
 * stays revoked when its successor is in force. */
static bool is_first(const struct concordat_answer *answer, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (counts(&answer->agreements[i])
            && strcmp(answer->agreements[i].id, answer->agreements[at].id) == 0)
            return false;
    return true;
}

/* NULL after telling the user. */
static struct agreement *fetch(struct concordat *agent, const struct cli *cli, const char *id)
{
    OWNED_ANSWER answer = concordat_agreements(agent, id);
    struct agreement *agreement = NULL;
    struct reason why = {"memory is out"};

    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE || answer->agreement_count == 0)
        return NULL;
    const struct concordat_agreement *a = &answer->agreements[0];
    if (agreement_parse(id, a->text, strlen(a->text), &agreement, &why) != ST_OK) {
        complain("%s", why.text);
        return NULL;
    }
    agreement->standing = standing_of(a->state);
    return agreement;
}

static struct agreement_set *set_of_agent(const struct cli *cli)
{
    OWNED_AGENT agent = agent_open(cli);
    OWNED_ANSWER answer = agent ? concordat_agreements(agent, NULL) : NULL;
    struct agreement_set *set = NULL;
    struct agreement **all;
    size_t count = 0;
    bool whole = true;

    if (!answer)
        return NULL;
    show_trouble(cli, answer);
    if (answer->outcome != CONCORDAT_DONE
        || !(all = calloc(answer->agreement_count + 1, sizeof *all)))
        return NULL;
    for (size_t i = 0; whole && i < answer->agreement_count; i++)
        if (counts(&answer->agreements[i]) && is_first(answer, i)) {
            whole = (all[count] = fetch(agent, cli, answer->agreements[i].id));
            count += whole;
        }
    if (whole)
        set = set_of_agreements(all, count);
    for (size_t i = 0; !whole && i < count; i++)
        agreement_free(all[i]);
    free(all);
    return set;
}

struct agreement_set *policy_of(const struct cli *cli, const char *const *names, size_t count,
                                enum exit_code *code)
{
    *code = count == 0 ? EXIT_FAILED : EXIT_BAD_INPUT;
    if (count == 0)
        return set_of_agent(cli);
    if (count == 1 && is_folder(names[0]))
        return set_of_folder(names[0]);
    for (size_t i = 0; i < count; i++)
        if (is_folder(names[i])) {
            complain("%s: one folder, or files", names[i]);
            return NULL;
        }
    return set_of_files(names, count);
}

/* --- words --- */

/* One word of `size` bytes; 0 after telling the user. */
static uint32_t category_of(const char *word, size_t size)
{
    char name[64];
    bool is_whole = size >= 3 && strncasecmp(word, "DC_", 3) == 0;
    int length = snprintf(name, sizeof name, "%s%.*s", is_whole ? "" : "DC_", (int)size, word);
    struct nearest nearest;
    char suggestion[SUGGESTION_SIZE];
    uint32_t category;

    if (length >= (int)sizeof name)
        length = sizeof name - 1;
    for (int i = 0; i < length; i++)
        name[i] = (char)toupper((unsigned char)name[i]);
    if ((category = category_parse(name)))
        return category;
    nearest = nearest_to(name);
    for (uint32_t c = 1; c < 32; c++)
        if (category_name(c))
            nearest_offer(&nearest, category_name(c));
    complain("unknown category '%.*s'%s", (int)size, word, suggest(&nearest, suggestion));
    return 0;
}

bool categories_of(const char *text, category_set *out)
{
    category_set set = 0;

    for (;;) {
        size_t size = strcspn(text, ",");
        uint32_t category = category_of(text, size);

        if (!category)
            return false;
        set |= 1u << category;
        if (text[size] == '\0')
            break;
        text += size + 1;
    }
    *out = set;
    return true;
}

void categories_print(category_set set, char out[static CATEGORIES_TEXT])
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t c = 1; c < 32 && at < CATEGORIES_TEXT; c++) {
        const char *name = set & (1u << c) ? category_name(c) : NULL;

        if (name)
            at += (size_t)snprintf(out + at, CATEGORIES_TEXT - at, "%s%s", at ? ", " : "", name);
    }
}

json_t *json_of_categories(category_set set)
{
    json_t *array = json_array();

    for (uint32_t c = 1; c < 32; c++)
        if (set & (1u << c) && category_name(c))
            (void)json_array_append_new(array, json_string(category_name(c)));
    return array;
}

int marking_of(const char *text)
{
    if (strcmp(text, "OFFICIAL") == 0)
        return CONCORDAT__MARKING__OFFICIAL;
    if (strcmp(text, "OFFICIAL-SENSITIVE") == 0 || strcmp(text, "OFFICIAL_SENSITIVE") == 0)
        return CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    return 0;
}

int capacity_of(const char *text)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(
        &concordat__subject_capacity__descriptor, text);

    return value ? value->value : 0;
}
