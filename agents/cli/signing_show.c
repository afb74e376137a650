/* signing_show.c - see signing.h: what is signed is shown first. */
#include <string.h>

#include "agents/cli/show.h"
#include "agents/cli/signing.h"
#include "agents/cli/when.h"

#define KEY_SHORT 16 /* digits of a key that people are shown */

bool signing_is_of_text(Concordat__Act act)
{
    return act == CONCORDAT__ACT__PROPOSE || act == CONCORDAT__ACT__ACCEPT;
}

bool signing_is_of_key(Concordat__Act act)
{
    return act == CONCORDAT__ACT__ROLL || act == CONCORDAT__ACT__RETIRE;
}

static const char *hash_text(const struct digest *digest, char out[static 2 * DIGEST_SIZE + 1])
{
    static const struct digest none;

    if (digest_equal(digest, &none))
        return "none";
    hex_print(digest->bytes, DIGEST_SIZE, out);
    return out;
}

static void show_keys(FILE *stream, const char *use, const struct digest *keys, size_t count)
{
    char hex[2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < count; i++)
        (void)fprintf(stream, "    %-10s %.*s...\n", use, KEY_SHORT, hash_text(&keys[i], hex));
}

static void show_pins(FILE *stream, const char *signer, const struct agreement *a)
{
    for (size_t i = 0; i < a->party_count; i++) {
        const struct party *party = &a->parties[i];
        (void)fprintf(stream, "  keys of %s%s\n", party->agency,
                      strcmp(party->agency, signer) == 0 ? " (signs this)" : "");
        show_keys(stream, "signing", party->signing, party->signing_count);
        show_keys(stream, "governance", party->governance, party->governance_count);
    }
}

void signing_show(FILE *stream, const struct signing *s, const struct instrument *i,
                  const struct agreement *a)
{
    char hex[2 * DIGEST_SIZE + 1], id[ID_TEXT_SIZE], when[WHEN_SIZE];

    (void)fprintf(stream, "%s%s%s signs: %s", i->agency, i->officer[0] ? ":" : "", i->officer,
                  act_name(i->act));
    if (!a) {
        (void)fprintf(stream, " signing key %s\n", hash_text(&i->signing_key, hex));
        return;
    }
    (void)fprintf(stream, " %s version %u\n  sha256       %s\n  parties     ", a->id, a->version,
                  hash_text(&a->hash, hex));
    for (size_t n = 0; n < a->party_count; n++)
        (void)fprintf(stream, " %s", a->parties[n].agency);
    (void)fprintf(stream, "\n  clauses      %zu\n", a->clause_count);
    if (glass_has_act(i->act))
        glass_show(stream, s, i);
    if (i->act > CONCORDAT__ACT__WITHDRAW)
        return;
    id_print(&i->proposal_id, id);
    when_print(i->proposal_expires_ms, when);
    (void)fprintf(stream, "  predecessor  %s\n  proposal     %s, until %s\n",
                  hash_text(&i->predecessor_hash, hex), id, when);
    if (signing_is_of_text(i->act))
        show_pins(stream, i->agency, a);
}

static json_t *json_of_keys(const struct digest *keys, size_t count)
{
    char hex[2 * DIGEST_SIZE + 1];
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(hash_text(&keys[i], hex)));
    return array;
}

static json_t *json_of_pins(const char *signer, const struct agreement *a)
{
    json_t *array = json_array();

    for (size_t i = 0; i < a->party_count; i++) {
        const struct party *party = &a->parties[i];
        (void)json_array_append_new(
            array, json_pack("{s:s, s:b, s:o, s:o}", "agency", party->agency, "signs",
                             strcmp(party->agency, signer) == 0, "signingKeys",
                             json_of_keys(party->signing, party->signing_count), "governanceKeys",
                             json_of_keys(party->governance, party->governance_count)));
    }
    return array;
}

json_t *signing_json(const struct signing *s, const struct instrument *i, const struct agreement *a)
{
    char hex[2 * DIGEST_SIZE + 1];
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "act", act_name(i->act), "agency", i->agency, "file", s->out);

    if (signing_is_of_key(i->act)) {
        (void)json_object_set_new(object, "signingKey",
                                  json_string(hash_text(&i->signing_key, hex)));
        return object;
    }
    (void)json_object_set_new(object, "agreement", json_string(i->agreement_id));
    (void)json_object_set_new(object, "version", json_integer(i->agreement_version));
    (void)json_object_set_new(object, "sha256", json_string(hash_text(&i->agreement_hash, hex)));
    if (i->act <= CONCORDAT__ACT__WITHDRAW) {
        char id[ID_TEXT_SIZE];
        id_print(&i->proposal_id, id);
        (void)json_object_set_new(object, "proposal", json_string(id));
        (void)json_object_set_new(object, "predecessor",
                                  json_string(hash_text(&i->predecessor_hash, hex)));
        (void)json_object_set_new(object, "expires", json_of_time(i->proposal_expires_ms));
    }
    if (glass_has_act(i->act))
        glass_json(s, i, object);
    if (signing_is_of_text(i->act))
        (void)json_object_set_new(object, "parties", json_of_pins(i->agency, a));
    return object;
}
