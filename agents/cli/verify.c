/*
 * verify.c - `concordat agreement verify`: what a pile of instruments makes of its texts, judged as
 * broker and agents judge them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/instrument.h"
#include "agents/cli/show.h"
#include "agents/cli/trust.h"
#include "agents/join_pack.h"
#include "agreements/registrar.h"
#include "lib/clock.h"

struct verification {
    const char *pem, *crls, *pack;
    int64_t on_ms; /* what is in force then */
};

struct texts {
    size_t count;
    struct agreement *list[POSITIONALS_MAX]; /* owned */
};

static void texts_fini(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        agreement_free(texts->list[i]);
}

static struct bytes find_text(const struct texts *texts, const struct digest *hash)
{
    for (size_t i = 0; i < texts->count; i++)
        if (digest_equal(&texts->list[i]->hash, hash))
            return (struct bytes){(const uint8_t *)texts->list[i]->text,
                                  strlen(texts->list[i]->text)};
    return (struct bytes){NULL, 0};
}

static bool is_text(const char *path)
{
    size_t size = strlen(path);

    return size > 5 && strcmp(path + size - 5, ".yaml") == 0;
}

static bool load_texts(const struct arguments *arguments, struct texts *texts)
{
    struct reason why = {"memory is out"};

    for (size_t i = 0; i < arguments->count; i++) {
        if (!is_text(arguments->items[i]))
            continue;
        if (agreement_load(arguments->items[i], &texts->list[texts->count], &why) != ST_OK) {
            complain("%s", why.text);
            return false;
        }
        texts->count++;
    }
    if (texts->count == 0)
        complain("no FILE.yaml among the arguments");
    return texts->count > 0;
}

static bool take_one(struct registrar *r, const struct trust *trust, const struct texts *texts,
                     struct bytes bytes, struct reason *why)
{
    struct signed_instrument parts;
    struct instrument i;

    if (signed_instrument_read(bytes, &parts, why) != ST_OK
        || instrument_verify(&parts, &trust->community, &i, why) != ST_OK
        || trust_judge(trust, parts.certificate, i.signed_ms, why) != ST_OK)
        return false;
    struct bytes text = {NULL, 0};
    if (i.act == CONCORDAT__ACT__PROPOSE
        && (text = find_text(texts, &i.agreement_hash)).size == 0) {
        reason_set(why, "it proposes a text of %s version %u that is not among the files",
                   i.agreement_id, i.agreement_version);
        return false;
    }
    enum status st = registrar_take(r, &i, text, i.signed_ms, why);
    return st == ST_OK || st == ST_MORE;
}

static bool take_file(struct registrar *r, const struct trust *trust, const struct texts *texts,
                      const char *path)
{
    OWNED(instrument_file) file = NULL;
    struct reason why = {"memory is out"};
    bool all_well = true;

    if (instrument_file_read(path, &file, &why) != ST_OK) {
        complain("%s", why.text);
        return false;
    }
    for (size_t i = 0; i < file->count; i++) {
        if (take_one(r, trust, texts, file->items[i], &why))
            continue;
        complain("%s: instrument %zu does not count: %s", path, i + 1, why.text);
        all_well = false;
    }
    return all_well;
}

/* --- the answer --- */

static bool has_signed(const struct registrar_row *row, const char *agency)
{
    for (size_t i = 0; i < row->signed_count; i++)
        if (strcmp(row->signed_by[i], agency) == 0)
            return true;
    return false;
}

static bool print_row(void *, const struct registrar_row *row)
{
    const struct agreement *a = row->agreement;

    printf("%s version %u: %s\n", a->id, a->version, row->state);
    for (size_t i = 0; i < a->party_count; i++)
        printf("  %-8s %s\n", has_signed(row, a->parties[i].agency) ? "signed" : "missing",
               a->parties[i].agency);
    return true;
}

static bool json_row(void *context, const struct registrar_row *row)
{
    const struct agreement *a = row->agreement;
    json_t *signed_by = json_array(), *missing = json_array();
    char hex[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < a->party_count; i++)
        (void)json_array_append_new(has_signed(row, a->parties[i].agency) ? signed_by : missing,
                                    json_string(a->parties[i].agency));
    hex_print(a->hash.bytes, DIGEST_SIZE, hex);
    (void)json_array_append_new(context,
                                json_pack("{s:s, s:i, s:s, s:s, s:o, s:o}", "id", a->id, "version",
                                          (int)a->version, "sha256", hex, "state", row->state,
                                          "signedBy", signed_by, "missing", missing));
    return true;
}

/* Is every text in force, or was and gave way to another? */
static bool all_active(const struct registrar *r, const struct texts *texts, int64_t on_ms)
{
    for (size_t i = 0; i < texts->count; i++) {
        const struct agreement *a = registrar_version(r, &texts->list[i]->hash);
        if (!a)
            return false;
        enum agreement_state state = agreement_state_at(a, on_ms);
        if (state != AGREEMENT_STATE_ACTIVE && state != AGREEMENT_STATE_SUPERSEDED)
            return false;
    }
    return true;
}

/* Its keys, when there is one; and it must be of this community. */
static bool load_pack(const struct verification *v, const struct trust *trust,
                      struct join_pack **out)
{
    struct reason why = {"memory is out"};

    if (!v->pack)
        return true;
    if (join_pack_load(v->pack, out, &why) != ST_OK) {
        complain("%s", why.text);
        return false;
    }
    if (digest_equal(&(*out)->root, &trust->community))
        return true;
    complain("%s: its root is not the one of %s", v->pack, v->pem);
    return false;
}

static enum exit_code answer(struct cli *cli, const struct registrar *r, int64_t on_ms, bool ok)
{
    if (!cli->json) {
        registrar_each(r, on_ms, print_row, NULL);
        return EXIT_DONE;
    }
    json_t *list = json_array();
    registrar_each(r, on_ms, json_row, list);
    return show_json(json_pack("{s:o, s:b}", "versions", list, "ok", ok));
}

static enum exit_code verify(struct cli *cli, const struct arguments *arguments,
                             const struct verification *v, const struct trust *trust,
                             const struct texts *texts)
{
    OWNED(join_pack) pack = NULL;
    OWNED(registrar) r = NULL;
    bool all_well = true;

    if (!load_pack(v, trust, &pack))
        return EXIT_BAD_INPUT;
    const struct registrar_rules rules = {.known = pack ? pack->keys : NULL,
                                          .known_count = pack ? pack->count : 0};
    if (registrar_new(&rules, NULL, &r) != ST_OK)
        return EXIT_FAILED;
    for (size_t i = 0; i < arguments->count; i++)
        if (!is_text(arguments->items[i]))
            all_well &= take_file(r, trust, texts, arguments->items[i]);
    bool active = all_active(r, texts, v->on_ms);
    enum exit_code code = answer(cli, r, v->on_ms, all_well && active);
    if (code != EXIT_DONE)
        return code;
    if (!all_well)
        return EXIT_BAD_INPUT;
    return active ? EXIT_DONE : EXIT_REFUSED;
}

enum exit_code run_verify(struct cli *cli, const struct command *self, int argc, char **argv)
{
    struct verification v = {.on_ms = clock_wall_ms()};
    const struct option_spec specs[] = {
        {"trust", OPTION_TEXT, &v.pem, "PEM", "the community's root and issuers"},
        {"crls", OPTION_TEXT, &v.crls, "PEM", "what they have revoked"},
        {"join-pack", OPTION_TEXT, &v.pack, "FILE",
         "governance keys that were given by hand: an agency in it has no others"},
        {"on", OPTION_TIME, &v.on_ms, "DAY", "what is in force then; default: now"},
    };
    struct arguments arguments;
    struct texts texts = {0};
    enum exit_code code = EXIT_BAD_INPUT;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!v.pem) {
        complain("--trust PEM is needed");
        return EXIT_BAD_INPUT;
    }
    OWNED(trust) trust = trust_open(v.pem, v.crls);
    if (trust && load_texts(&arguments, &texts))
        code = verify(cli, &arguments, &v, trust, &texts);
    texts_fini(&texts);
    return code;
}
