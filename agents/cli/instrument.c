/*
 * instrument.c - `concordat agreement sign`: what is signed is shown first, and only what can count
 * is signed.
 */
#include "agreements/instrument.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/instrument.h"
#include "agents/cli/proposals.h"
#include "agents/cli/show.h"
#include "agents/cli/signing.h"
#include "agents/cli/trust.h"
#include "lib/clock.h"
#include "lib/pem.h"
#include "lib/sign.h"
#include "lib/text.h"

#define DAY_MS INT64_C(86400000)
#define EXPIRES_DAYS 30 /* unless the user says otherwise */

static bool is_of_proposal(Concordat__Act act)
{
    return act == CONCORDAT__ACT__ACCEPT || act == CONCORDAT__ACT__REJECT
        || act == CONCORDAT__ACT__WITHDRAW;
}

static bool bad(const char *text)
{
    complain("%s", text);
    return false;
}

/* HASH or FILE.yaml */
static bool read_predecessor(const char *word, struct digest *out)
{
    OWNED(agreement) a = NULL;
    struct reason why = {"memory is out"};

    if (hex_parse(word, out->bytes, DIGEST_SIZE))
        return true;
    if (agreement_load(word, &a, &why) != ST_OK)
        return bad(why.text);
    *out = a->hash;
    return true;
}

static bool fill_proposal(const struct signing *s, const struct trust *trust,
                          const struct agreement *a, struct instrument *i)
{
    struct instrument proposal;
    struct id id;

    if (s->act == CONCORDAT__ACT__PROPOSE) {
        i->proposal_id = id_random();
        i->proposal_expires_ms = i->signed_ms + s->expires_days * DAY_MS;
        return !s->predecessor || read_predecessor(s->predecessor, &i->predecessor_hash);
    }
    if (!s->proposal_file)
        return bad("which proposal? --proposal-file P.instrument");
    memcpy(id.bytes, s->proposal.bytes, ID_SIZE);
    if (!proposal_find(s->proposal_file, trust, a, s->has_proposal ? &id : NULL, i->signed_ms,
                       &proposal))
        return false;
    i->proposal_id = proposal.proposal_id;
    i->proposal_expires_ms = proposal.proposal_expires_ms;
    i->predecessor_hash = proposal.predecessor_hash;
    return true;
}

/* The key of a signing certificate of the agency's, which the community issued. */
static bool read_signing_key(const struct signing *s, const struct trust *trust, const char *path,
                             int64_t at_ms, struct digest *out)
{
    struct identity identity;
    struct bytes der;
    struct reason why = {"memory is out"};

    if (certificate_load(path, USE_SIGNING, &der, &identity, &why) != ST_OK)
        return bad(why.text);
    enum status st = trust_judge(trust, der, at_ms, &why);
    OPENSSL_free((void *)(uintptr_t)der.data);
    if (st != ST_OK) {
        complain("%s: %s", path, why.text);
        return false;
    }
    if (strcmp(identity.id, s->agency) != 0) {
        complain("%s: it is a certificate of %s, not of %s", path, identity.id, s->agency);
        return false;
    }
    memcpy(out->bytes, identity.spki, DIGEST_SIZE);
    return true;
}

static bool holds(const struct digest *keys, size_t count, const struct digest *key)
{
    for (size_t i = 0; i < count; i++)
        if (digest_equal(&keys[i], key))
            return true;
    return false;
}

static bool bad_pin(const struct signing *s, const char *use, const struct digest *key,
                    const char *hint)
{
    char hex[2 * DIGEST_SIZE + 1];

    hex_print(key->bytes, DIGEST_SIZE, hex);
    complain("%s: the text pins a %s key for %s that is not its own: %s%s", s->file, use, s->agency,
             hex, hint);
    return false;
}

/* Whoever holds a key that the text pins for the signer can speak as the signer: so nothing is
 * pinned but the key that signs here, the one of the signer's certificate, and what it named. */
static bool only_own_keys(const struct signing *s, const struct trust *trust,
                          const struct party *party, const struct digest *governance, int64_t at_ms)
{
    struct digest own;

    for (size_t n = 0; n < party->governance_count; n++)
        if (!digest_equal(&party->governance[n], governance))
            return bad_pin(s, "governance", &party->governance[n], "");
    if (!read_signing_key(s, trust, s->signing_certificate, at_ms, &own))
        return false;
    for (size_t n = 0; n < party->signing_count; n++)
        if (!digest_equal(&party->signing[n], &own)
            && !holds(s->others, s->other_count, &party->signing[n]))
            return bad_pin(s, "signing", &party->signing[n], "; else --other-signing-key");
    if (!holds(party->signing, party->signing_count, &own)) {
        complain("%s: the text does not pin the signing key of %s for %s", s->file,
                 s->signing_certificate, s->agency);
        return false;
    }
    return true;
}

static bool fill_agreement(const struct signing *s, const struct trust *trust,
                           const struct agreement *a, const struct digest *key,
                           struct instrument *i)
{
    const struct party *party = agreement_party(a, s->agency);

    if (!party) {
        complain("%s is no party of %s version %u", s->agency, a->id, a->version);
        return false;
    }
    if (s->act != CONCORDAT__ACT__AUTHORISE
        && !holds(party->governance, party->governance_count, key)) {
        complain("%s: the text does not pin this governance key for %s; see concordat agreement "
                 "pin",
                 s->file, s->agency);
        return false;
    }
    if (signing_is_of_text(s->act) && !only_own_keys(s, trust, party, key, i->signed_ms))
        return false;
    TEXT_COPY(i->agreement_id, a->id);
    i->agreement_version = a->version;
    i->agreement_hash = a->hash;
    if (glass_has_act(s->act))
        return glass_fill(s, a, i);
    return s->act > CONCORDAT__ACT__WITHDRAW || fill_proposal(s, trust, a, i);
}

static bool fill_key(const struct signing *s, const struct trust *trust, struct instrument *i)
{
    return read_signing_key(s, trust, s->file, i->signed_ms, &i->signing_key);
}

static bool confirm(void)
{
    char answer[8] = "";

    if (!isatty(STDIN_FILENO))
        return bad("nobody can be asked here; say --yes if this is to be signed");
    (void)fprintf(stderr, "Sign this? Type yes: ");
    return (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0)
        || bad("not signed");
}

static enum exit_code write_instrument(struct cli *cli, const struct signing *s,
                                       const struct instrument *i, const struct agreement *a,
                                       struct bytes bytes)
{
    char text[INSTRUMENT_ARMOUR_MAX], message[ID_TEXT_SIZE] = "";
    size_t size;

    if (instrument_armour(bytes, text, sizeof text, &size) != ST_OK)
        return EXIT_FAILED;
    if (!id_is_zero(&i->message_id))
        id_print(&i->message_id, message);
    FILE *file = fopen(s->out, "wxe");
    bool done = file
             && fprintf(file, "# %s by %s: %s%s%s\n%s", act_name(i->act), i->agency,
                        signing_is_of_key(i->act) ? "a signing key" : i->agreement_id,
                        message[0] ? ", message " : "", message, text)
                    > 0;
    if (file && fclose(file) != 0)
        done = false;
    if (!done) {
        complain("%s: %s", s->out, strerror(errno));
        return EXIT_FAILED;
    }
    if (cli->json)
        return show_json(signing_json(s, i, a));
    printf("written: %s\n", s->out);
    return EXIT_DONE;
}

/* With everything loaded. */
static enum exit_code sign_and_write(struct cli *cli, const struct signing *s,
                                     const struct trust *trust, EVP_PKEY *key,
                                     struct bytes certificate, const struct identity *identity)
{
    struct instrument i = {.act = s->act, .signed_ms = clock_wall_ms()};
    OWNED(agreement) a = NULL;
    struct reason why = {"memory is out"};
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct digest pin;
    size_t size;

    TEXT_COPY(i.agency, s->agency);
    TEXT_COPY(i.officer, identity->officer);
    memcpy(pin.bytes, identity->spki, DIGEST_SIZE);
    if (!signing_is_of_key(s->act) && agreement_load(s->file, &a, &why) != ST_OK) {
        complain("%s", why.text);
        return EXIT_BAD_INPUT;
    }
    if (trust_judge(trust, certificate, i.signed_ms, &why) != ST_OK) {
        complain("%s: %s", s->certificate, why.text);
        return EXIT_BAD_INPUT;
    }
    if (!(a ? fill_agreement(s, trust, a, &pin, &i) : fill_key(s, trust, &i)))
        return EXIT_BAD_INPUT;
    signing_show(cli->json ? stderr : stdout, s, &i, a);
    (void)fflush(stdout);
    if (!s->is_sure && !confirm())
        return EXIT_BAD_INPUT;
    if (instrument_sign(&i, key, certificate, &trust->community, bytes, sizeof bytes, &size, &why)
        != ST_OK) {
        complain("%s", why.text);
        return EXIT_BAD_INPUT;
    }
    return write_instrument(cli, s, &i, a, (struct bytes){bytes, size});
}

static bool is_complete(const struct signing *s, const char *act)
{
    if (s->act == CONCORDAT__ACT__ACT_UNSPECIFIED) {
        complain("'%s' is not propose, accept, reject, withdraw, revoke, suspend, resume, roll, "
                 "retire, authorise, review or reinstate",
                 act);
        return false;
    }
    if (!s->agency || !s->key || !s->certificate || !s->trust || !s->out)
        return bad("--agency, --key, --certificate, --trust and --out are all needed");
    if (s->expires_days == 0 || s->expires_days > PROPOSAL_DAYS_MAX) {
        complain("--expires is 1 to %d days", PROPOSAL_DAYS_MAX);
        return false;
    }
    if ((s->proposal_file || s->has_proposal) && !is_of_proposal(s->act))
        return bad("--proposal and --proposal-file go with accept, reject and withdraw");
    if (s->predecessor && s->act != CONCORDAT__ACT__PROPOSE)
        return bad("--predecessor goes with propose");
    if (signing_is_of_text(s->act) && !s->signing_certificate)
        return bad("--signing-certificate is needed: the agency's own, whose key the text pins");
    if (!signing_is_of_text(s->act) && (s->signing_certificate || s->other_key))
        return bad("--signing-certificate and --other-signing-key go with propose and accept");
    return glass_is_complete(s);
}

static enum exit_code sign(struct cli *cli, const struct signing *s)
{
    OWNED(trust) trust = trust_open(s->trust, NULL);
    struct identity identity;
    struct bytes certificate;
    struct reason why = {"memory is out"};
    EVP_PKEY *key;

    if (!trust)
        return EXIT_BAD_INPUT;
    if (sign_key_load(s->key, &key, &why) != ST_OK) {
        complain("%s", why.text);
        return EXIT_BAD_INPUT;
    }
    enum exit_code code = EXIT_BAD_INPUT;
    if (certificate_load(s->certificate,
                         s->act == CONCORDAT__ACT__AUTHORISE ? USE_OFFICER : USE_GOVERNANCE,
                         &certificate, &identity, &why)
        != ST_OK) {
        complain("%s", why.text);
    } else {
        if (strcmp(identity.id, s->agency) != 0)
            complain("%s: it is a certificate of %s, not of %s", s->certificate, identity.id,
                     s->agency);
        else
            code = sign_and_write(cli, s, trust, key, certificate, &identity);
        OPENSSL_free((void *)(uintptr_t)certificate.data);
    }
    EVP_PKEY_free(key);
    return code;
}

static bool add_other(struct signing *s, const char *hex)
{
    if (s->other_count == PINNED_MAX) {
        complain("--other-signing-key: more than %d", PINNED_MAX);
        return false;
    }
    if (!hex_parse(hex, s->others[s->other_count].bytes, DIGEST_SIZE)) {
        complain("--other-signing-key: '%s' is not a SHA-256 in hexadecimal", hex);
        return false;
    }
    s->other_count++;
    return true;
}

static bool is_flag(const char *word)
{
    static const char *const flags[] = {"--yes", "--json", "--upheld", "--not-upheld"};

    for (size_t i = 0; i < LENGTH_OF(flags); i++)
        if (strcmp(word, flags[i]) == 0)
            return true;
    return false;
}

/* The table keeps an option's last value; this one may be given again. Reads argv as
 * arguments_parse() did, which has found it right. */
static bool read_others(struct signing *s, int argc, char **argv)
{
    static const char name[] = "--other-signing-key";

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i], *equals = strchr(word, '=');
        if (word[0] != '-' || word[1] == '\0' || is_flag(word))
            continue;
        size_t size = equals ? (size_t)(equals - word) : strlen(word);
        const char *value = equals ? equals + 1 : argv[++i];
        if (size == sizeof name - 1 && memcmp(word, name, size) == 0 && !add_other(s, value))
            return false;
    }
    return true;
}

enum exit_code run_sign(struct cli *cli, const struct command *self, int argc, char **argv)
{
    static const struct concordat_id no_id;
    struct signing s = {.expires_days = EXPIRES_DAYS};
    const struct option_spec specs[] = {
        {"agency", OPTION_AGENCY, &s.agency, "AGENCY", "who signs"},
        {"key", OPTION_TEXT, &s.key, "KEY",
         "the agency's governance key; authorise: the officer's"},
        {"certificate", OPTION_TEXT, &s.certificate, "CERT", "its certificate"},
        {"trust", OPTION_TEXT, &s.trust, "PEM", "the community's root and issuers"},
        {"out", OPTION_TEXT, &s.out, "FILE", "the instrument; must not exist yet"},
        {"proposal", OPTION_ID, &s.proposal, "ID", "the id that the proposal must have"},
        {"proposal-file", OPTION_TEXT, &s.proposal_file, "FILE", "the proposal's instrument"},
        {"predecessor", OPTION_TEXT, &s.predecessor, "HASH",
         "of the version in force, or its file"},
        {"expires", OPTION_NUMBER, &s.expires_days, "DAYS", "how long a proposal stands; 30"},
        {"signing-certificate", OPTION_TEXT, &s.signing_certificate, "CERT",
         "propose, accept: the agency's own; its key must be the one pinned"},
        {"other-signing-key", OPTION_TEXT, &s.other_key, "HEX",
         "its SHA-256, if pinned for the agency besides; may be repeated"},
        {"message", OPTION_ID, &s.message, "ID", "authorise, review: which; authorise makes one"},
        {"to", OPTION_AGENCY, &s.to, "AGENCY", "authorise: who gets the message"},
        {"type", OPTION_TEXT, &s.type, "TYPE", "authorise: what it is; the charter must cover it"},
        {"upheld", OPTION_FLAG, &s.upheld, NULL, "review: the use was right"},
        {"not-upheld", OPTION_FLAG, &s.not_upheld, NULL, "review: it was not"},
        {"of", OPTION_AGENCY, &s.of, "AGENCY", "reinstate: who gets the privilege back"},
        {"yes", OPTION_FLAG, &s.is_sure, NULL, "sign without asking"},
    };
    struct arguments arguments;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    s.act = act_parse(arguments.items[0]);
    s.file = arguments.items[1];
    s.has_proposal = memcmp(&s.proposal, &no_id, sizeof no_id) != 0;
    return is_complete(&s, arguments.items[0]) && read_others(&s, argc, argv) ? sign(cli, &s)
                                                                              : EXIT_BAD_INPUT;
}
