/* town_forger.c - bad faith in a town: senders whose messages are not what their headers say, and
 * an authority that issues a certificate in an agency's name to somebody else. */
#include "tests/unit/town_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/keyring.h"
#include "agents/seal.h"
#include "agents/sections.h"
#include "lib/identity.h"
#include "proto/envelope.h"
#include "tests/unit/rogue_seal.h"

static void sign_anew(const struct town *town, struct owed *o, const struct envelope *e)
{
    const struct resident *sender = &town->members[o->from];
    struct digest signer = sha256(sender->certificate.data, sender->certificate.size);
    uint8_t header[HEADER_MAX];
    size_t size;

    assert_int_equal(envelope_write(e, header, sizeof header, &size), ST_OK);
    free(o->header);
    o->header = town_copy((struct bytes){header, size});
    o->header_size = size;
    assert_int_equal(batch_sign(BATCH_HEADERS, sender->key, &signer,
                                tls_context_community(sender->trust), &(struct bytes){header, size},
                                1, &o->proof),
                     ST_OK);
}

/* Seals the body again; its last field stands in the section of the first one too. */
static void misplace(const struct town *town, struct owed *o, struct envelope *e)
{
    const struct resident *recipient = &town->members[o->to];
    const struct message_type *type = catalogue_find(e->type);
    struct bytes certificate = town->members[o->from].certificate;
    struct rogue *rogue = calloc(1, sizeof *rogue);
    uint8_t *body = malloc(BODY_MAX), *fields = malloc(BODY_MAX), *sealed = malloc(SEALED_MAX);
    category_set categories = e->categories;
    uint32_t first = e->sections[0].category;
    struct identity sender;
    struct reason why = {""};
    struct field field;
    size_t size;

    assert_true(rogue && body && fields && sealed);
    assert_int_equal(
        identity_of_der(certificate.data, certificate.size, USE_SIGNING, &sender, NULL, &why),
        ST_OK);
    assert_int_equal(open_sealed(e, sender.spki, (struct bytes){o->body, o->body_size},
                                 keyring_find(recipient->keyring, e->recipient_key_id), body,
                                 BODY_MAX, &size, &why),
                     ST_OK);
    rogue_begin(rogue, e, sender.spki, keyring_statement(recipient->keyring, 0)->public_key, sealed,
                SEALED_MAX);
    for (uint32_t category = first; category <= SECTIONS_MAX; category++) {
        struct reader r = reader_of(body, size);
        struct writer w = writer_of(fields, BODY_MAX);

        while (next_field(&r, &field))
            if (category_of_field(type->body, field.tag) == category
                || (category == first && r.left == 0))
                write_bytes(&w, field.whole.data, field.whole.size);
        if (categories >> category & 1)
            rogue_section(rogue, category, rogue_framed(rogue, (struct bytes){fields, w.size}));
    }
    free(o->body);
    o->body = town_copy((struct bytes){sealed, e->body_size});
    o->body_size = e->body_size;
    free(rogue);
    free(body);
    free(fields);
    free(sealed);
}

/* A sender of bad faith: its message says that it replies to something else, or is not what its
 * header says. */
void town_falsify(struct town *town, struct owed *o)
{
    struct reason why = {""};
    struct envelope e;

    assert_int_equal(
        envelope_read((struct bytes){o->header, o->header_size}, town->arena, &e, &why), ST_OK);
    bool replies = !id_is_zero(&e.in_reply_to) && !id_is_zero(&town->mischief.in_reply_to);
    if (replies)
        e.in_reply_to = town->mischief.in_reply_to;
    if (town->mischief.misplace)
        misplace(town, o, &e);
    if (town->mischief.hide_deadline)
        e.needed_by_ms = 0;
    const bool lies = town->mischief.false_custody && e.custody.components != 0;
    if (lies)
        e.custody.components ^= 1;
    const bool watches = town->mischief.watch_longer && e.watch_until_ms > 0;
    if (watches)
        e.watch_until_ms += TOWN_DAY_MS;
    if (lies || watches || replies || town->mischief.misplace || town->mischief.hide_deadline)
        sign_anew(town, o, &e);
}

/* Signs a step as the impostor of who made it. */
void town_sign_falsely(const struct town *town, const struct owed *o, struct proof *out)
{
    const struct impostor *impostor = &town->members[o->from].impostor;
    struct digest signer = sha256(impostor->certificate.data, impostor->certificate.size);

    assert_int_equal(batch_sign(BATCH_STEPS, impostor->key, &signer,
                                tls_context_community(town->members[0].trust),
                                &(struct bytes){o->header, o->header_size}, 1, out),
                     ST_OK);
}

struct digest town_impersonate(struct town *town, size_t agency)
{
    struct resident *m = &town->members[agency], other = *m;
    struct impostor *impostor = &m->impostor;
    struct key_statement statement = {.from_ms = town->wall_ms,
                                      .seal_until_ms = town->wall_ms + TOWN_DAY_MS,
                                      .open_until_ms = town->wall_ms + 2 * TOWN_DAY_MS};
    struct identity identity;
    struct digest pin;
    size_t size;

    assert_null(impostor->key);
    town_make_signing(town, &other);
    impostor->key = other.key;
    impostor->der = other.der;
    impostor->certificate = other.certificate;
    assert_int_equal(identity_of_der(other.certificate.data, other.certificate.size, USE_SIGNING,
                                     &identity, NULL, NULL),
                     ST_OK);
    memcpy(pin.bytes, identity.spki, DIGEST_SIZE);
    (void)snprintf(statement.agency, sizeof statement.agency, "%s", m->agency);
    memset(statement.public_key, 9, sizeof statement.public_key);
    memset(statement.key_id, 7, sizeof statement.key_id);
    assert_int_equal(
        key_statement_write(&statement, impostor->statement, sizeof impostor->statement, &size),
        ST_OK);
    impostor->published.statement = (struct bytes){impostor->statement, size};
    impostor->published.signer = sha256(impostor->der, impostor->certificate.size);
    assert_int_equal(key_statement_sign(impostor->key, tls_context_community(m->trust),
                                        impostor->published.statement,
                                        impostor->published.signature),
                     ST_OK);
    return pin;
}
