/*
 * pin.c - `concordat agreement pin`: the parties' keys, written into a draft.
 *
 * What is pinned is what will count: the text that everybody then signs names the keys themselves,
 * so that no certificate issued later can stand in for them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/instrument.h"
#include "agents/cli/pin.h"
#include "agents/cli/place.h"
#include "agents/cli/trust.h"
#include "lib/clock.h"
#include "lib/pem.h"

/* `trust` NULL: whoever issued the certificate. */
static enum status pin(const struct trust *trust, struct party *party, const char *path,
                       enum identity_use use, struct reason *why)
{
    struct digest *pins = use == USE_SIGNING ? party->signing : party->governance;
    struct identity identity;
    struct bytes der;
    enum status status = certificate_load(path, use, &der, &identity, why);

    if (status != ST_OK)
        return status;
    if (trust && (status = trust_judge(trust, der, clock_wall_ms(), why)) != ST_OK) {
        char said[sizeof why->text];

        memcpy(said, why->text, sizeof said);
        reason_set(why, "%s: %s", path, said);
    }
    OPENSSL_free((void *)(uintptr_t)der.data);
    if (status != ST_OK)
        return status;
    if (strcmp(identity.id, party->agency) != 0) {
        reason_set(why, "%s: it is a certificate of %s, not of %s", path, identity.id,
                   party->agency);
        return ST_INVALID;
    }
    memcpy(pins[0].bytes, identity.spki, DIGEST_SIZE);
    *(use == USE_SIGNING ? &party->signing_count : &party->governance_count) = 1;
    return ST_OK;
}

static enum status pin_party(const struct trust *trust, struct party *party, const char *pki,
                             struct reason *why)
{
    char signing[PATH_MAX], governance[PATH_MAX];

    if (!path_print(signing, "%s/agencies/%s/signing.pem", pki, party->agency)
        || !path_print(governance, "%s/agencies/%s/governance.pem", pki, party->agency)) {
        reason_set(why, "%s: path too long", pki);
        return ST_INVALID;
    }
    enum status status = pin(trust, party, signing, USE_SIGNING, why);
    return status == ST_OK ? pin(trust, party, governance, USE_GOVERNANCE, why) : status;
}

enum status pin_parties(const struct trust *trust, struct agreement *agreement, const char *pki,
                        struct reason *why)
{
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < agreement->party_count; i++)
        status = pin_party(trust, &agreement->parties[i], pki, why);
    return status;
}

enum status pin_reprint(const struct agreement *agreement, struct agreement **out,
                        struct reason *why)
{
    char *text = malloc(AGREEMENT_FILE_MAX + 1);
    size_t size;
    enum status status = ST_NOMEM;

    reason_set(why, "memory is out");
    if (text) {
        status = agreement_print(agreement, text, AGREEMENT_FILE_MAX + 1, &size);
        if (status == ST_OK)
            status = agreement_parse(agreement->name, text, size, out, why);
        else
            reason_set(why, "%s: it cannot be printed in %d bytes", agreement->name,
                       AGREEMENT_FILE_MAX);
    }
    free(text);
    return status;
}

static struct party *party_of(struct agreement *a, const char *name, size_t size)
{
    for (size_t i = 0; i < a->party_count; i++)
        if (strlen(a->parties[i].agency) == size && memcmp(a->parties[i].agency, name, size) == 0)
            return &a->parties[i];
    return NULL;
}

/* AGENCY=signing.pem,governance.pem */
static bool pin_from_word(const struct trust *trust, struct agreement *a, const char *word)
{
    struct reason why = {"its path is too long"};
    const char *equals = strchr(word, '='), *comma = equals ? strrchr(equals, ',') : NULL;
    char signing[PATH_MAX];

    if (!comma) {
        complain("'%s' is not AGENCY=signing.pem,governance.pem", word);
        return false;
    }
    struct party *party = party_of(a, word, (size_t)(equals - word));
    if (!party) {
        complain("'%.*s' is no party of %s", (int)(equals - word), word, a->id);
        return false;
    }
    if (path_print(signing, "%.*s", (int)(comma - equals - 1), equals + 1)
        && pin(trust, party, signing, USE_SIGNING, &why) == ST_OK
        && pin(trust, party, comma + 1, USE_GOVERNANCE, &why) == ST_OK)
        return true;
    complain("%s", why.text);
    return false;
}

static bool is_pinned(const struct agreement *a)
{
    for (size_t i = 0; i < a->party_count; i++)
        if (a->parties[i].signing_count == 0 || a->parties[i].governance_count == 0) {
            complain("%s has no keys yet: give --pki DIR or %s=signing.pem,governance.pem",
                     a->parties[i].agency, a->parties[i].agency);
            return false;
        }
    return true;
}

static enum exit_code write_text(const char *path, const char *text, size_t size)
{
    FILE *file = path ? fopen(path, "wxe") : stdout;
    bool done = file && fwrite(text, 1, size, file) == size && fflush(file) == 0;

    if (!done)
        complain("%s: %s", path ? path : "standard output", strerror(errno));
    if (path && file && fclose(file) != 0)
        done = false;
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* The text in one spelling, which must read as what it was printed from. */
static enum exit_code print_pinned(const struct agreement *a, const char *out)
{
    OWNED(agreement) again = NULL;
    struct reason why = {"memory is out"};

    if (pin_reprint(a, &again, &why) == ST_OK)
        return write_text(out, again->text, strlen(again->text));
    complain("%s", why.text);
    return EXIT_FAILED;
}

/* Keys that stood in the draft come with no certificate to check. */
static void tell_unchecked(const struct agreement *a, const struct arguments *words)
{
    for (size_t i = 0; i < a->party_count; i++) {
        const char *agency = a->parties[i].agency;
        size_t size = strlen(agency);
        bool given = false;
        for (size_t n = 1; n < words->count; n++)
            given |= strncmp(words->items[n], agency, size) == 0 && words->items[n][size] == '=';
        if (!given)
            complain("not checked: the keys that the draft has for %s", agency);
    }
}

/* Every party's keys, from the folder and then from the words. */
static bool pin_all(const struct trust *trust, struct agreement *a, const char *pki,
                    const struct arguments *words)
{
    struct reason why = {"memory is out"};

    if (pki && pin_parties(trust, a, pki, &why) != ST_OK) {
        complain("%s", why.text);
        return false;
    }
    for (size_t i = 1; i < words->count; i++)
        if (!pin_from_word(trust, a, words->items[i]))
            return false;
    if (!is_pinned(a))
        return false;
    if (!trust)
        complain("not checked: whether the community issued these certificates; see --trust");
    else if (!pki)
        tell_unchecked(a, words);
    return true;
}

enum exit_code run_pin(struct cli *cli, const struct command *self, int argc, char **argv)
{
    const char *pki = NULL, *out = NULL, *pem = NULL, *crls = NULL;
    const struct option_spec specs[] = {
        {"pki", OPTION_TEXT, &pki, "DIR", "take every party's certificates from DIR/agencies"},
        {"out", OPTION_TEXT, &out, "FILE", "write FILE, which must not exist yet"},
        {"trust", OPTION_TEXT, &pem, "PEM", "the community's root and issuers: check by them"},
        {"crls", OPTION_TEXT, &crls, "PEM", "what they have revoked"},
    };
    struct arguments arguments;
    OWNED(agreement) a = NULL;
    struct reason why = {"memory is out"};
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (agreement_load(arguments.items[0], &a, &why) != ST_OK) {
        complain("%s", why.text);
        return EXIT_BAD_INPUT;
    }
    if (crls && !pem) {
        complain("--crls goes with --trust");
        return EXIT_BAD_INPUT;
    }
    OWNED(trust) trust = pem ? trust_open(pem, crls) : NULL;
    if (pem && !trust)
        return EXIT_BAD_INPUT;
    return pin_all(trust, a, pki, &arguments) ? print_pinned(a, out) : EXIT_BAD_INPUT;
}
