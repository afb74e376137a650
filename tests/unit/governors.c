#include "tests/unit/governors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/identity.h"
#include "lib/text.h"

struct governor governor_at(struct mint *mint, const char *agency, const char *uri,
                            const char *purpose)
{
    struct mint_leaf leaf = mint_transport(uri);
    char oid[128];
    struct governor made = {0};
    struct identity identity;

    (void)snprintf(oid, sizeof oid, "%s%s", OUR_PURPOSES, purpose);
    leaf.purpose = oid;
    leaf.usage = "critical,digitalSignature,nonRepudiation";
    struct minted minted = mint_leaf(mint, &leaf);
    unsigned char *der = NULL;
    int size = i2d_X509(minted.certificate, &der);
    (void)identity_of(minted.certificate, USE_GOVERNANCE, &identity, NULL);
    if (size <= 0 || !(made.certificate = malloc((size_t)size)))
        abort();
    memcpy(made.certificate, der, (size_t)size);
    OPENSSL_free(der);
    made.certificate_size = (size_t)size;
    made.key = minted.key;
    TEXT_COPY(made.agency, agency);
    memcpy(made.pin.bytes, identity.spki, DIGEST_SIZE);
    made.signing = sha256(made.pin.bytes, DIGEST_SIZE); /* no test signs with it */
    return made;
}

struct governor governor_new(struct mint *mint, const char *agency, const char *purpose)
{
    char uri[256];

    (void)snprintf(uri, sizeof uri, "URI:urn:concordat:agency:%s", agency);
    return governor_at(mint, agency, uri, purpose);
}

void governor_fini(struct governor *governor)
{
    free(governor->certificate);
    *governor = (struct governor){0};
}

size_t governors_text(const struct governor *list, size_t count, const char *id, uint32_t version,
                      const char *note, char out[static TEXT_MAX])
{
    char signing[2 * DIGEST_SIZE + 1], governance[2 * DIGEST_SIZE + 1];
    int size = snprintf(out, TEXT_MAX,
                        "# %s\nagreement: %s\nversion: %u\ntitle: A test\nin-force: 2020-04-01\n"
                        "review: 2027-04-01\nexpires: 2031-04-01\nretention-days: 30\nonward: []\n"
                        "marking:\n  floor: OFFICIAL\n  ceiling: OFFICIAL_SENSITIVE\nparties:\n",
                        note, id, version);

    for (size_t i = 0; i < count; i++) {
        hex_print(list[i].signing.bytes, DIGEST_SIZE, signing);
        hex_print(list[i].pin.bytes, DIGEST_SIZE, governance);
        size += snprintf(out + size, TEXT_MAX - (size_t)size,
                         "  - agency: %s\n    kind: %s\n    contact: A desk\n"
                         "    signing-keys: [%s]\n    governance-keys: [%s]\n",
                         list[i].agency, i == 0 ? "NPS" : "CRC", signing, governance);
    }
    size += snprintf(out + size, TEXT_MAX - (size_t)size,
                     "clauses:\n  - id: rsr-result\n    type: risk.rsr.result\n    from: %s\n"
                     "    to: %s\n    purpose: allocation\n    gateway: OMA2007_S14\n"
                     "    required: [DC_IDENTITY, DC_RISK_SCORE]\n"
                     "    allowed: [DC_OFFENCE_INDEX, DC_CRIMINAL_HISTORY, DC_STAFF]\n",
                     list[0].agency, list[1].agency);
    if (size >= TEXT_MAX)
        abort();
    return (size_t)size;
}
