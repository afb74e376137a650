/* town.c - the town itself: its agencies, their turns and their links, and what a test asks of
 * them. */
#include "tests/unit/town_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/identity.h"

#define TURNS_MAX 2000

char *town_example(const char *name)
{
    char path[512];
    FILE *file;
    char *text = calloc(1, 64 * 1024);

    (void)snprintf(path, sizeof path, SOURCE_DIR "/docs/examples/%s", name);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    return text;
}

/* ---- agencies ---- */

struct town *town_new(const char *const agencies[], size_t count)
{
    return town_new_under(SOURCE_DIR "/agreements/examples", agencies, count);
}

struct town *town_new_bare(const char *const agencies[], size_t count)
{
    return town_new_under(NULL, agencies, count);
}

struct town *town_new_under(const char *agreements, const char *const agencies[], size_t count)
{
    struct town *town = calloc(1, sizeof *town);

    assert_non_null(town);
    assert_true(count <= TOWN_MAX);
    (void)snprintf(town->folder, sizeof town->folder, "/tmp/concordat-town-XXXXXX");
    assert_non_null(mkdtemp(town->folder));
    town->mint = mint_new();
    town->arena = arena_new(64 * 1024, HEAD_ARENA);
    town->wall_ms = clock_wall_ms();
    town->now_ms = 1000000;
    mint_write_trust(town->mint, town->folder);
    mint_write_crls(town->mint, town->folder, &(struct mint_crl){-60, TOWN_CRL_DAYS * MINT_DAY, 1},
                    &(struct mint_crl){-60, TOWN_CRL_DAYS * MINT_DAY, 1});
    town->count = count;
    for (size_t i = 0; i < count; i++) {
        struct resident *m = &town->members[i];
        struct reason why = {""};

        (void)snprintf(m->agency, sizeof m->agency, "%s", agencies[i]);
        town_make_papers(town, m);
        (void)snprintf(m->paths[0], sizeof m->paths[0], "%s/%s.pem", town->folder, agencies[i]);
        (void)snprintf(m->paths[1], sizeof m->paths[1], "%s/%s.key", town->folder, agencies[i]);
        (void)snprintf(m->paths[2], sizeof m->paths[2], "%s/trust.pem", town->folder);
        (void)snprintf(m->paths[3], sizeof m->paths[3], "%s/crls.pem", town->folder);
        struct tls_files files = {m->paths[0], m->paths[1], m->paths[2], m->paths[3]};
        if (tls_context_new(TLS_AGENT, &files, &m->trust, &why) != ST_OK)
            fail_msg("%s", why.text);
        town_load_agreements(m, agreements);
        town_open_member(town, m);
    }
    town->terms = agreements;
    town_broker_opens(town);
    for (size_t i = 0; i < count; i++)
        town_connect(town, i);
    town_settle(town);
    return town;
}

void town_free(struct town *town)
{
    char command[96];

    if (!town)
        return;
    town_broker_closes(town);
    for (size_t i = 0; i < town->count; i++) {
        struct resident *m = &town->members[i];

        town_close_member(m);
        agreement_set_free(m->agreements);
        tls_context_free(m->trust);
        EVP_PKEY_free(m->key);
        OPENSSL_free(m->der);
        EVP_PKEY_free(m->impostor.key);
        OPENSSL_free(m->impostor.der);
        free(m->incoming);
        free(m->statement);
        if (m->response)
            concordat__response__free_unpacked(m->response, NULL);
    }
    for (size_t i = 0; i < town->owed_count; i++) {
        free(town->owed[i].header);
        free(town->owed[i].body);
    }
    arena_free(town->arena);
    mint_free(town->mint);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", town->folder);
    assert_int_equal(system(command), 0);
    free(town);
}

struct town_mischief *town_mischief(struct town *town)
{
    return &town->mischief;
}

struct town_counts town_counts(const struct town *town)
{
    return town->counts;
}

void town_jump(struct town *town, int64_t ms)
{
    town->wall_ms += ms;
}

int64_t town_now(const struct town *town)
{
    return town->wall_ms;
}

/* ---- turns ---- */

/* The link is lost at the next turn of the test's choice: town_dropped. */
static void take_drop(struct resident *m)
{
    struct stage_link drop;

    if (!desk_take_drop(m->desk, &drop))
        return;
    m->dropped = true;
    m->drop_why = drop.why;
}

static void take_results(struct town *town, size_t index)
{
    struct resident *m = &town->members[index];
    struct stage_frames *frames;
    struct stage_local *reply;
    size_t size;

    while ((reply = desk_take_reply(m->desk, &size))) {
        if (m->response)
            concordat__response__free_unpacked(m->response, NULL);
        m->response =
            concordat__response__unpack(NULL, reply->size, reply->bytes + reply->route_size);
        assert_non_null(m->response);
        free(reply);
        town->moved = true;
    }
    frames = desk_take_frames(m->desk, &size);
    take_drop(m);
    if (!frames)
        return;
    if (m->connected && frames->session == m->session) {
        town->moved = true;
        town_broker_takes(town, index, frames);
    }
    free(frames);
}

void town_turn(struct town *town, size_t index, const Concordat__Request *request)
{
    struct resident *m = &town->members[index];
    uint8_t *incoming = m->incoming;
    size_t incoming_size = m->incoming_size;

    m->incoming = NULL;
    m->incoming_size = 0;
    town->now_ms++;
    town->wall_ms++;
    assert_int_equal(desk_begin_turn(m->desk, town->wall_ms, town->now_ms), ST_OK);
    if (incoming_size > 0)
        desk_frames(m->desk, m->session, (struct bytes){incoming, incoming_size});
    free(incoming);
    if (request) {
        size_t size = concordat__request__get_packed_size(request);
        uint8_t *packed = malloc(size);
        struct reason why = {""};

        assert_non_null(packed);
        concordat__request__pack(request, packed);
        if (desk_check_request((struct bytes){packed, size}, &why) != ST_OK)
            fail_msg("%s", why.text);
        desk_request(m->desk, (struct bytes){(const uint8_t *)"route", 5},
                     (struct bytes){packed, size});
        free(packed);
    }
    desk_tick(m->desk);
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, index);
}

void town_turns(struct town *town, unsigned count)
{
    while (count-- > 0)
        for (size_t i = 0; i < town->count; i++)
            town_turn(town, i, NULL);
}

void town_settle(struct town *town)
{
    unsigned turns = 0;

    do {
        town->moved = false;
        for (size_t i = 0; i < town->count; i++)
            town_turn(town, i, NULL);
        assert_true(++turns < TURNS_MAX);
    } while (town->moved);
}

void town_wait(struct town *town, int64_t ms)
{
    town->now_ms += ms;
    town->wall_ms += ms;
    for (size_t i = 0; i < town->count; i++)
        town_turn(town, i, NULL);
}

void town_disconnect(struct town *town, size_t agency)
{
    struct resident *m = &town->members[agency];
    struct stage_link link = {.kind = STAGE_SHUT, .session = m->session};

    m->connected = false;
    m->incoming_size = 0;
    town_broker_loses(town, agency);
    reason_set(&link.why, "away");
    assert_int_equal(desk_begin_turn(m->desk, ++town->wall_ms, ++town->now_ms), ST_OK);
    desk_shut(m->desk, &link);
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, agency);
}

void town_connect(struct town *town, size_t agency)
{
    struct resident *m = &town->members[agency];
    struct stage_link link = {.kind = STAGE_OPEN,
                              .session = ++m->session,
                              .broker = "hub",
                              .credit = SUBMIT_CREDIT,
                              .credit_size = SUBMIT_CREDIT_SIZE,
                              .broker_ms = town->wall_ms};

    m->connected = true;
    town_broker_meets(town, agency);
    assert_int_equal(desk_begin_turn(m->desk, ++town->wall_ms, ++town->now_ms), ST_OK);
    desk_open(m->desk, &link);
    desk_frames(m->desk, m->session, (struct bytes){m->incoming, m->incoming_size});
    m->incoming_size = 0;
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, agency);
}

void town_agree(struct town *town, size_t agency, const char *texts[], size_t count)
{
    struct resident *m = &town->members[agency];
    struct agreement *agreements[TOWN_AGREEMENTS_MAX];
    struct agreement_set *set = NULL;
    struct reason why = {""};

    assert_true(count <= TOWN_AGREEMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (agreement_parse("town", texts[i], strlen(texts[i]), &agreements[i], &why) != ST_OK)
            fail_msg("%s", why.text);
    }
    if (agreement_set_take(agreements, count, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    desk_reload(m->desk, m->trust, set);
    agreement_set_free(m->agreements);
    m->agreements = set;
}

void town_restart(struct town *town, size_t agency)
{
    struct resident *m = &town->members[agency];
    bool connected = m->connected;

    town_close_member(m);
    m->connected = false;
    m->incoming_size = 0;
    if (connected)
        town_broker_loses(town, agency);
    town_open_member(town, m);
    if (connected)
        town_connect(town, agency);
}

const struct town_case *town_case(const struct town *town, size_t agency)
{
    return &town->members[agency].asked;
}

size_t town_entries(struct town *town, size_t agency, int tree)
{
    struct txn *txn;
    size_t count;

    assert_int_equal(store_begin(town->members[agency].store, false, &txn), ST_OK);
    count = store_entries(txn, tree);
    store_abort(txn);
    return count;
}

/* ---- the gazette ---- */

struct mint *town_mint(const struct town *town)
{
    return town->mint;
}

struct digest town_community(const struct town *town)
{
    struct digest community;

    memcpy(community.bytes, tls_context_community(town->members[0].trust), DIGEST_SIZE);
    return community;
}

struct digest town_signing(const struct town *town, size_t agency)
{
    struct bytes der = town->members[agency].certificate;
    struct identity identity;
    struct digest pin;

    assert_int_equal(identity_of_der(der.data, der.size, USE_SIGNING, &identity, NULL, NULL),
                     ST_OK);
    memcpy(pin.bytes, identity.spki, DIGEST_SIZE);
    return pin;
}

bool town_followed(struct town *town, size_t agency, uint64_t *after)
{
    struct resident *m = &town->members[agency];
    bool followed = m->followed;

    m->followed = false;
    *after = m->after;
    return followed;
}

bool town_dropped(struct town *town, size_t agency, struct reason *why)
{
    struct resident *m = &town->members[agency];
    bool dropped = m->dropped;

    *why = m->drop_why;
    m->dropped = false;
    if (dropped && m->connected)
        town_disconnect(town, agency);
    return dropped;
}

void town_recalendar(struct town *town, size_t agency, const struct calendar_days *days)
{
    town->members[agency].calendar = days;
    desk_recalendar(town->members[agency].desk, days);
}

void town_renew_crls(struct town *town, size_t agency)
{
    struct resident *m = &town->members[agency];
    struct tls_files files = {m->paths[0], m->paths[1], m->paths[2], m->paths[3]};
    struct tls_context *old = m->trust;
    struct reason why = {""};
    long ahead = (long)((town->wall_ms - clock_wall_ms()) / 1000);
    struct mint_crl crl = {-60, ahead + TOWN_CRL_DAYS * MINT_DAY, 2};

    mint_write_crls(town->mint, town->folder, &crl, &crl);
    if (tls_context_new(TLS_AGENT, &files, &m->trust, &why) != ST_OK)
        fail_msg("%s", why.text);
    desk_reload(m->desk, m->trust, m->agreements);
    tls_context_free(old);
}
