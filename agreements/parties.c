#include "agreements/parties.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static enum status read_calendar(const struct source *src, const struct node *node,
                                 enum calendar *out)
{
    char text[32];
    enum status st;

    *out = CALENDAR_ENGLAND_AND_WALES;
    if (!node)
        return ST_OK;
    if ((st = read_word(src, node, text, sizeof text)) != ST_OK)
        return st;
    if (strcmp(text, "always") == 0)
        *out = CALENDAR_ALWAYS;
    else if (strcmp(text, "england-and-wales") != 0)
        return refuse(src, node->line, "`calendar' must be england-and-wales or always, not `%s'",
                      text);
    return ST_OK;
}

static enum status read_digest(const struct source *src, const struct node *node,
                               struct digest *out)
{
    char text[2 * DIGEST_SIZE + 1];
    enum status st = read_word(src, node, text, sizeof text);

    if (st != ST_OK)
        return st;
    if (strspn(text, "0123456789abcdef") != strlen(text)
        || !hex_parse(text, out->bytes, sizeof out->bytes))
        return refuse(src, node->line,
                      "a key must be the SHA-256 of its SubjectPublicKeyInfo in %d digits 0-9 a-f",
                      2 * DIGEST_SIZE);
    return ST_OK;
}

static bool has(const struct digest keys[], size_t count, const struct digest *key)
{
    for (size_t i = 0; i < count; i++)
        if (digest_equal(&keys[i], key))
            return true;
    return false;
}

/* Who pins the key so far; the party that is being read is the last. NULL: nobody. */
static const struct party *holder(const struct agreement *a, const struct digest *key)
{
    for (size_t i = 0; i <= a->party_count; i++) {
        const struct party *p = &a->parties[i];

        if (has(p->signing, p->signing_count, key) || has(p->governance, p->governance_count, key))
            return p;
    }
    return NULL;
}

static enum status read_pins(const struct source *src, const struct node *list,
                             const struct agreement *a, struct digest out[static PINNED_MAX],
                             size_t *count)
{
    enum status st;

    if (!list)
        return ST_OK;
    if ((st = read_list(src, list, 1, PINNED_MAX)) != ST_OK)
        return st;
    for (const struct node *n = list->first; n; n = n->next) {
        const struct party *other;

        if ((st = read_digest(src, n, &out[*count])) != ST_OK)
            return st;
        if ((other = holder(a, &out[*count])))
            return refuse(src, n->line,
                          "a key of `%s' stands here already: keys are one party's "
                          "and for one use",
                          other->agency);
        ++*count;
    }
    return ST_OK;
}

static enum status read_party(const struct source *src, const struct node *node,
                              struct agreement *a)
{
    static const struct key keys[] = {{"agency", true},        {"kind", true},
                                      {"contact", true},       {"dpo", false},
                                      {"calendar", false},     {"out-of-hours", false},
                                      {"signing-keys", false}, {"governance-keys", false}};
    struct party *p = &a->parties[a->party_count];
    enum status st = read_keys(src, node, "a party", keys, LENGTH(keys));
    const struct node *kind;

    if (st != ST_OK)
        return st;
    kind = node_child(node, "kind");
    if ((st = read_agency(src, node_child(node, "agency"), p->agency))
        || (st = read_word(src, kind, p->kind, sizeof p->kind))
        || (st = read_text(src, node_child(node, "contact"), p->contact, sizeof p->contact))
        || (st = read_text(src, node_child(node, "dpo"), p->dpo, sizeof p->dpo))
        || (st = read_text(src, node_child(node, "out-of-hours"), p->out_of_hours,
                           sizeof p->out_of_hours))
        || (st = read_calendar(src, node_child(node, "calendar"), &p->calendar))
        || (st = read_pins(src, node_child(node, "signing-keys"), a, p->signing, &p->signing_count))
        || (st = read_pins(src, node_child(node, "governance-keys"), a, p->governance,
                           &p->governance_count)))
        return st;
    if (!agency_kind_is_known(p->kind))
        return refuse(src, kind->line, "unknown kind of agency `%s'", p->kind);
    for (size_t i = 0; i < a->party_count; i++)
        if (strcmp(a->parties[i].agency, p->agency) == 0)
            return refuse(src, node->line, "`%s' is a party twice", p->agency);
    a->party_count++;
    return ST_OK;
}

enum status read_parties(const struct source *src, const struct node *list, struct agreement *a)
{
    enum status st = read_list(src, list, 2, PARTIES_MAX);

    if (st != ST_OK)
        return st;
    if (!(a->parties = calloc(list->count, sizeof *a->parties)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next)
        if ((st = read_party(src, n, a)) != ST_OK)
            return st;
    return ST_OK;
}
