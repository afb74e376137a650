/* town_member.c - an agency of a town: its papers, its agreements, and its desk on its store. */
#include "tests/unit/town_inside.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "agents/trees.h"

#define SIGNING "2.25.146622499544378802514740566792507863618.1"

/* Another each time: an authority may issue as many as it likes. */
void town_make_signing(struct town *town, struct resident *m)
{
    char name[128];
    struct minted leaf;
    struct mint_leaf signing;

    (void)snprintf(name, sizeof name, "URI:urn:concordat:agency:%s", m->agency);
    signing = (struct mint_leaf){.key = "P-256",
                                 .name = name,
                                 .constraints = "critical,CA:FALSE",
                                 .usage = "critical,digitalSignature,nonRepudiation",
                                 .purpose = SIGNING,
                                 .from_s = -MINT_DAY,
                                 .until_s = TOWN_SIGNING_DAYS * MINT_DAY};
    leaf = mint_leaf(town->mint, &signing);
    m->key = leaf.key;
    EVP_PKEY_up_ref(m->key);
    m->der = NULL;
    m->certificate.size = (size_t)i2d_X509(leaf.certificate, &m->der);
    m->certificate.data = m->der;
}

void town_make_papers(struct town *town, struct resident *m)
{
    char name[128];
    struct mint_leaf transport;
    struct minted leaf;

    (void)snprintf(name, sizeof name, "URI:urn:concordat:agency:%s", m->agency);
    transport = mint_transport(name);
    (void)snprintf(m->folder, sizeof m->folder, "%s/%s", town->folder, m->agency);
    leaf = mint_leaf(town->mint, &transport);
    mint_write_leaf(town->mint, town->folder, m->agency, &leaf);
    town_make_signing(town, m);
}

void town_load_agreements(struct resident *m, const char *folder)
{
    struct reason why = {""};

    if (!folder)
        return;
    if (agreement_set_load(folder, &m->agreements, &why) != ST_OK)
        fail_msg("%s", why.text);
}

void town_open_member(struct town *town, struct resident *m)
{
    char store[160], keys[160];
    struct reason why = {""};
    struct keyring_settings settings = {.agency = m->agency,
                                        .folder = keys,
                                        .tree = TREE_KEYS,
                                        .signer = sha256(m->certificate.data, m->certificate.size),
                                        .signing_key = m->key,
                                        .seal_ms = town->mischief.seal_days * TOWN_DAY_MS};
    struct desk_setup setup = {.agency = m->agency,
                               .signing_key = m->key,
                               .signing_certificate = m->certificate,
                               .trust = m->trust,
                               .calendar = m->calendar,
                               .agreements = m->agreements};

    (void)snprintf(store, sizeof store, "%s.store", m->folder);
    (void)snprintf(keys, sizeof keys, "%s.keys", m->folder);
    memcpy(settings.community, tls_context_community(m->trust), DIGEST_SIZE);
    if (store_open(store, 64u << 20, tree_names, TREES, &m->store, &why) != ST_OK
        || keyring_open(&settings, m->store, &m->keyring, &why) != ST_OK)
        fail_msg("%s", why.text);
    setup.store = m->store;
    setup.keyring = m->keyring;
    if (desk_new(&setup, town->wall_ms, &m->desk, &why) != ST_OK)
        fail_msg("%s", why.text);
}

void town_close_member(struct resident *m)
{
    desk_free(m->desk);
    keyring_close(m->keyring);
    store_close(m->store);
    m->desk = NULL;
}
