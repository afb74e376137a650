#include "agents/cli/recipient.h"

#include <stdio.h>
#include <string.h>

#include "agents/cli/show.h"
#include "agreements/agreement.h"

#define CANDIDATES_MAX 64 /* told; more agencies of one kind need --to in any case */

struct candidates {
    size_t count;
    char names[CANDIDATES_MAX][AGENCY_MAX + 1];
};

static void add(struct candidates *candidates, const char *agency)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (strcmp(candidates->names[i], agency) == 0)
            return;
    }
    if (candidates->count < CANDIDATES_MAX)
        (void)snprintf(candidates->names[candidates->count++], AGENCY_MAX + 1, "%s", agency);
}

/* Does a clause's side, an agency or a kind of agency, mean this party? */
static bool means(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

static void add_all(struct candidates *candidates, const struct agreement *agreement,
                    const char *agency, const char *type)
{
    const struct party *us = agreement_party(agreement, agency);

    if (!us || agreement->is_charter) /* break-glass says to whom */
        return;
    for (size_t i = 0; i < agreement->clause_count; i++) {
        const struct clause *clause = &agreement->clauses[i];

        if (strcmp(clause->type->name, type) != 0 || !means(clause->from, us))
            continue;
        for (size_t j = 0; j < agreement->party_count; j++) {
            if (&agreement->parties[j] != us && means(clause->to, &agreement->parties[j]))
                add(candidates, agreement->parties[j].agency);
        }
    }
}

/* Reads each agreement that the agent holds to be in force: a text alone does not tell. */
static enum exit_code gather(const struct cli *cli, struct concordat *agent, const char *agency,
                             const char *type, struct candidates *out)
{
    OWNED_ANSWER list = concordat_agreements(agent, NULL);

    show_trouble(cli, list);
    if (list->outcome != CONCORDAT_DONE)
        return EXIT_FAILED;
    for (size_t i = 0; i < list->agreement_count; i++) {
        if (strcmp(list->agreements[i].state, "active") != 0)
            continue;
        OWNED_ANSWER one = concordat_agreements(agent, list->agreements[i].id);
        OWNED(agreement) agreement = NULL;
        struct reason why = {""};

        show_trouble(cli, one);
        if (one->outcome != CONCORDAT_DONE || one->agreement_count == 0)
            return EXIT_FAILED;
        if (agreement_parse(one->agreements[0].id, one->agreements[0].text,
                            strlen(one->agreements[0].text), &agreement, &why)
            != ST_OK) {
            complain("the agent's agreement cannot be read: %s", why.text);
            return EXIT_FAILED;
        }
        add_all(out, agreement, agency, type);
    }
    return EXIT_DONE;
}

enum exit_code recipient_find(const struct cli *cli, struct concordat *agent, const char *agency,
                              const char *type, char out[static AGENCY_MAX + 1])
{
    struct candidates candidates = {0};
    char names[400] = "";
    enum exit_code code = gather(cli, agent, agency, type, &candidates);

    if (code != EXIT_DONE)
        return code;
    if (candidates.count == 1) {
        memcpy(out, candidates.names[0], sizeof candidates.names[0]);
        return EXIT_DONE;
    }
    if (candidates.count == 0) {
        complain("no agreement lets %s send a %s to anybody; --to names an agency", agency, type);
        return EXIT_BAD_INPUT;
    }
    for (size_t i = 0, at = 0; i < candidates.count && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i > 0 ? ", " : "",
                               candidates.names[i]);
    complain("agreements let %s send a %s to several: %s\n  --to says which", agency, type, names);
    return EXIT_BAD_INPUT;
}
