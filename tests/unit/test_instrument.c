/* An instrument is what its act says, signed by a key that a certificate of its agency carries. */
#include "tests/unit/unit.h"

#include "agreements/instrument.h"
#include "lib/text.h"
#include "proto/field.h"
#include "tests/unit/governors.h"

#include <stdlib.h>
#include <string.h>

static const struct digest community = {{7}};

static struct instrument sample(Concordat__Act act)
{
    struct instrument i = {.act = act, .signed_ms = 1700000000000};

    TEXT_COPY(i.agency, "nps.cambs");
    if (act != CONCORDAT__ACT__ROLL && act != CONCORDAT__ACT__RETIRE) {
        TEXT_COPY(i.agreement_id, "ISA-TEST");
        i.agreement_version = 300;
        memset(i.agreement_hash.bytes, 1, DIGEST_SIZE);
    } else {
        memset(i.signing_key.bytes, 2, DIGEST_SIZE);
    }
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        memset(i.predecessor_hash.bytes, 3, DIGEST_SIZE);
        memset(i.proposal_id.bytes, 4, ID_SIZE);
        i.proposal_expires_ms = 1700000000000 + 1;
    }
    if (act == CONCORDAT__ACT__REVIEW || act == CONCORDAT__ACT__AUTHORISE)
        memset(i.message_id.bytes, 5, ID_SIZE);
    i.upheld = act == CONCORDAT__ACT__REVIEW;
    if (act >= CONCORDAT__ACT__AUTHORISE)
        TEXT_COPY(i.counterpart, "csc.cambs");
    if (act == CONCORDAT__ACT__AUTHORISE) {
        TEXT_COPY(i.clause, "child-danger");
        TEXT_COPY(i.officer, "duty-1");
    }
    return i;
}

static void every_act_is_written_and_read_again(void **)
{
    for (Concordat__Act act = CONCORDAT__ACT__PROPOSE; act <= CONCORDAT__ACT__REINSTATE; act++) {
        struct instrument i = sample(act), again;
        uint8_t bytes[INSTRUMENT_MAX], twice[INSTRUMENT_MAX];
        size_t size, twice_size;
        struct reason why = {""};

        assert_int_equal(instrument_write(&i, bytes, sizeof bytes, &size), ST_OK);
        if (instrument_read((struct bytes){bytes, size}, &again, &why) != ST_OK)
            fail_msg("%s: %s", act_name(act), why.text);
        struct digest digest = sha256(bytes, size);
        assert_memory_equal(&again.digest, &digest, sizeof digest);
        assert_int_equal(instrument_write(&again, twice, sizeof twice, &twice_size), ST_OK);
        assert_int_equal(size, twice_size);
        assert_memory_equal(bytes, twice, size);
        assert_int_equal(instrument_write(&i, bytes, size - 1, &size), ST_LIMIT);
        assert_int_equal(act_parse(act_name(act)), act);
    }
    assert_int_equal(act_parse("propos"), 0);
    assert_int_equal(act_parse(""), 0);
}

/* One field changed: gone, or there though the act has none. */
static const char *change(struct instrument *i, int field)
{
    static const struct instrument none;
    bool had;

#define TURN(member, value)                                                                        \
    had = memcmp(&i->member, &none.member, sizeof i->member) != 0;                                 \
    memset(&i->member, 0, sizeof i->member);                                                       \
    if (!had)                                                                                      \
        value;                                                                                     \
    return #member
    switch (field) {
    case 0:
        TURN(agreement_id, TEXT_COPY(i->agreement_id, "X"));
    case 1:
        TURN(agreement_version, i->agreement_version = 1);
    case 2:
        TURN(agreement_hash, i->agreement_hash.bytes[0] = 1);
    case 3:
        TURN(proposal_id, i->proposal_id.bytes[0] = 1);
    case 4:
        TURN(proposal_expires_ms, i->proposal_expires_ms = 1);
    case 5:
        TURN(signing_key, i->signing_key.bytes[0] = 1);
    case 6:
        TURN(message_id, i->message_id.bytes[0] = 1);
    case 7:
        TURN(counterpart, TEXT_COPY(i->counterpart, "a.b"));
    case 12:
        TURN(clause, TEXT_COPY(i->clause, "x"));
    case 13:
        TURN(officer, TEXT_COPY(i->officer, "x"));
    case 8:
        i->signed_ms = 0;
        return "signed_ms";
    case 9:
        i->agency[0] = '\0';
        return "agency";
    case 10:
        if (i->act <= CONCORDAT__ACT__WITHDRAW)
            return NULL; /* may have one */
        i->predecessor_hash.bytes[0] = 1;
        return "predecessor_hash";
    case 11:
        if (i->act == CONCORDAT__ACT__REVIEW)
            return NULL; /* upheld or not */
        i->upheld = true;
        return "upheld";
    default:
        return "";
    }
#undef TURN
}

static void an_act_has_its_fields_and_no_others(void **)
{
    int refused = 0;

    for (Concordat__Act act = CONCORDAT__ACT__PROPOSE; act <= CONCORDAT__ACT__REINSTATE; act++) {
        for (int field = 0;; field++) {
            struct instrument i = sample(act), untouched = {.signed_ms = 99}, out = untouched;
            uint8_t bytes[INSTRUMENT_MAX];
            size_t size;
            struct reason why = {""};
            const char *name = change(&i, field);

            if (!name)
                continue;
            if (!name[0])
                break;
            assert_int_equal(instrument_write(&i, bytes, sizeof bytes, &size), ST_OK);
            assert_int_equal(instrument_read((struct bytes){bytes, size}, &out, &why), ST_INVALID);
            assert_memory_equal(&out, &untouched, sizeof out);
            if (!strstr(why.text, name))
                fail_msg("%s without or with %s: %s", act_name(act), name, why.text);
            refused++;
        }
    }
    assert_int_equal(refused, 14 * 12 - 4 - 1);
}

/* What instrument_write cannot write: one value of the message changed. */
static void set_value(Concordat__Instrument *m, const char *what)
{
    if (!strcmp(what, "version"))
        m->version = 2;
    else if (!strcmp(what, "agreement_hash"))
        m->agreement_hash.len = 31;
    else if (!strcmp(what, "predecessor_hash"))
        m->predecessor_hash.len = 31;
    else if (!strcmp(what, "proposal_id"))
        m->proposal_id.len = 15;
    else if (!strcmp(what, "agreement_version"))
        m->agreement_version = VERSION_MAX + 1;
    else if (!strcmp(what, "proposal_expires_ms"))
        m->proposal_expires_ms = -1;
    else if (!strcmp(what, "signed_ms"))
        m->signed_ms = -1;
    else if (!strcmp(what, "agreement_id"))
        m->agreement_id[0] = ' ';
    else if (!strcmp(what, "agency"))
        m->agency[0] = ' ';
    else if (!strcmp(what, "act"))
        m->act = CONCORDAT__ACT__REINSTATE + 1;
    else
        assert_string_equal(what, "");
}

static void values_are_read_up_to_their_edges(void **)
{
    static const char *const values[] = {"",
                                         "version",
                                         "agreement_hash",
                                         "predecessor_hash",
                                         "proposal_id",
                                         "agreement_version",
                                         "proposal_expires_ms",
                                         "signed_ms",
                                         "agreement_id",
                                         "agency",
                                         "act"};
    struct instrument edge = sample(CONCORDAT__ACT__PROPOSE), out;
    uint8_t bytes[INSTRUMENT_MAX], packed[2 * INSTRUMENT_MAX];
    struct reason why;
    size_t size;

    edge.agreement_version = VERSION_MAX;
    edge.proposal_expires_ms = edge.signed_ms = 1;
    memset(edge.predecessor_hash.bytes, 0, DIGEST_SIZE); /* none: the first version */
    assert_int_equal(instrument_write(&edge, bytes, sizeof bytes, &size), ST_OK);
    assert_int_equal(instrument_read((struct bytes){bytes, size}, &out, &why), ST_OK);

    edge = sample(CONCORDAT__ACT__PROPOSE);
    assert_int_equal(instrument_write(&edge, bytes, sizeof bytes, &size), ST_OK);
    for (size_t i = 0; i < LENGTH(values); i++) {
        Concordat__Instrument *m = concordat__instrument__unpack(NULL, size, bytes);

        assert_non_null(m);
        set_value(m, values[i]);
        assert_true(concordat__instrument__get_packed_size(m) <= sizeof packed);
        size_t packed_size = concordat__instrument__pack(m, packed);
        enum status st = instrument_read((struct bytes){packed, packed_size}, &out, &why);
        if (st != (i == 0 ? ST_OK : ST_INVALID))
            fail_msg("another %s: %d", values[i], (int)st);
        concordat__instrument__free_unpacked(m, NULL);
    }
    struct instrument none = {.signed_ms = 1};
    TEXT_COPY(none.agency, "nps.cambs");
    assert_int_equal(instrument_write(&none, bytes, sizeof bytes, &size), ST_OK);
    assert_int_equal(instrument_read((struct bytes){bytes, size}, &out, &why), ST_INVALID);
    assert_string_equal(act_name(CONCORDAT__ACT__ACT_UNSPECIFIED), "?");
    assert_string_equal(act_name(CONCORDAT__ACT__REINSTATE + 1), "?");
    assert_string_equal(act_name((Concordat__Act)-1), "?");
}

static void cut_or_longer_bytes_are_no_instrument(void **)
{
    struct instrument i = sample(CONCORDAT__ACT__PROPOSE), out;
    uint8_t bytes[SIGNED_INSTRUMENT_MAX + 1] = {0};
    struct signed_instrument parts;
    struct reason why;
    size_t size;

    assert_int_equal(instrument_write(&i, bytes, INSTRUMENT_MAX, &size), ST_OK);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(instrument_read((struct bytes){bytes, size}, &out, &why), ST_OK);
        assert_int_equal(instrument_read((struct bytes){bytes, cut}, &out, &why), ST_INVALID);
    }
    memcpy(bytes + size, (const uint8_t[]){0xf8, 0x01, 0x01}, 3); /* a field that nobody knows */
    assert_int_equal(instrument_read((struct bytes){bytes, size + 3}, &out, &why), ST_INVALID);
    /* what is too long is told so, and not read */
    memset(bytes + size, 0, sizeof bytes - size);
    assert_int_equal(instrument_read((struct bytes){bytes, INSTRUMENT_MAX}, &out, &why),
                     ST_INVALID);
    assert_null(strstr(why.text, "over"));
    assert_int_equal(instrument_read((struct bytes){bytes, INSTRUMENT_MAX + 1}, &out, &why),
                     ST_INVALID);
    assert_non_null(strstr(why.text, "over"));
    assert_int_equal(
        signed_instrument_read((struct bytes){bytes, SIGNED_INSTRUMENT_MAX}, &parts, &why),
        ST_INVALID);
    assert_null(strstr(why.text, "over"));
    assert_int_equal(
        signed_instrument_read((struct bytes){bytes, SIGNED_INSTRUMENT_MAX + 1}, &parts, &why),
        ST_INVALID);
    assert_non_null(strstr(why.text, "over"));
}

struct signed_bytes {
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size;
};

static struct signed_bytes sign(const struct instrument *i, const struct governor *by)
{
    struct signed_bytes out;
    struct reason why = {""};

    if (instrument_sign(i, by->key, (struct bytes){by->certificate, by->certificate_size},
                        &community, out.bytes, sizeof out.bytes, &out.size, &why)
        != ST_OK)
        fail_msg("%s", why.text);
    return out;
}

static enum status verify(struct bytes bytes, const struct digest *where, struct instrument *out,
                          struct reason *why)
{
    struct signed_instrument parts;
    enum status st = signed_instrument_read(bytes, &parts, why);

    return st == ST_OK ? instrument_verify(&parts, where, out, why) : st;
}

static void every_flipped_bit_is_refused_or_changes_nothing_that_counts(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2");
    struct instrument i = sample(CONCORDAT__ACT__ACCEPT), good, out;
    struct signed_bytes made = sign(&i, &nps);
    struct signed_instrument parts;
    struct reason why;
    size_t refused = 0, same = 0;

    assert_int_equal(verify((struct bytes){made.bytes, made.size}, &community, &good, &why), ST_OK);
    assert_memory_equal(&good.key, &nps.pin, DIGEST_SIZE);
    assert_int_equal(signed_instrument_read((struct bytes){made.bytes, made.size}, &parts, &why),
                     ST_OK);
    size_t start = (size_t)(parts.certificate.data - made.bytes);
    for (size_t at = 0; at < made.size; at++) {
        uint8_t before = made.bytes[at];
        made.bytes[at] ^= (uint8_t)(1u << at % 8);
        enum status st = verify((struct bytes){made.bytes, made.size}, &community, &out, &why);
        if (st == ST_OK) { /* only what the chain's check sees: names, dates, the issuer's words */
            assert_true(at >= start && at < start + parts.certificate.size);
            assert_memory_equal(&out, &good, sizeof out);
            same++;
        } else {
            assert_true(st == ST_INVALID || st == ST_FORGED);
            refused++;
        }
        made.bytes[at] = before;
    }
    print_message("bits: %zu refused, %zu of the certificate left to its chain\n", refused, same);
    assert_true(refused > parts.instrument.size + SIGNATURE_SIZE);
    /* one spelling alone: nothing may be added, nor said twice */
    static const uint8_t unknown[] = {0xf8, 0x01, 0x01}, again[] = {0x1a, 0x00};
    memcpy(made.bytes + made.size, unknown, sizeof unknown);
    assert_int_equal(
        verify((struct bytes){made.bytes, made.size + sizeof unknown}, &community, &out, &why),
        ST_INVALID);
    memmove(made.bytes + sizeof again, made.bytes, made.size); /* an empty signature first */
    memcpy(made.bytes, again, sizeof again);
    assert_int_equal(
        verify((struct bytes){made.bytes, made.size + sizeof again}, &community, &out, &why),
        ST_INVALID);
    memmove(made.bytes, made.bytes + sizeof again, made.size);
    for (size_t size = 0; size < made.size; size++)
        assert_int_not_equal(verify((struct bytes){made.bytes, size}, &community, &out, &why),
                             ST_OK);
    governor_fini(&nps);
}

static void a_signature_is_for_one_instrument_and_one_community(void **)
{
    static const struct digest elsewhere = {{8}};
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2");
    struct instrument base = sample(CONCORDAT__ACT__ACCEPT), out;
    struct signed_bytes made = sign(&base, &nps);
    struct signed_instrument parts, moved;
    struct reason why;

    assert_int_equal(verify((struct bytes){made.bytes, made.size}, &elsewhere, &out, &why),
                     ST_FORGED);
    assert_int_equal(signed_instrument_read((struct bytes){made.bytes, made.size}, &parts, &why),
                     ST_OK);
    moved = parts;
    moved.instrument.size--; /* no instrument at all is not a forged one */
    assert_int_equal(instrument_verify(&moved, &community, &out, &why), ST_INVALID);
    for (int field = 0; field < 8; field++) {
        struct instrument other = base;
        uint8_t bytes[INSTRUMENT_MAX];
        size_t size;
        switch (field) {
        case 0:
            other.proposal_id.bytes[0] ^= 1;
            break;
        case 1:
            other.agreement_version++;
            break;
        case 2:
            other.agreement_hash.bytes[31] ^= 1;
            break;
        case 3:
            other.predecessor_hash = (struct digest){0};
            break;
        case 4:
            other.act = CONCORDAT__ACT__PROPOSE;
            break;
        case 5:
            TEXT_COPY(other.agreement_id, "ISA-TESU");
            break;
        case 6:
            other.proposal_expires_ms++;
            break;
        default:
            other.signed_ms++;
            break;
        }
        assert_int_equal(instrument_write(&other, bytes, sizeof bytes, &size), ST_OK);
        moved = parts;
        moved.instrument = (struct bytes){bytes, size};
        assert_int_equal(instrument_verify(&moved, &community, &out, &why), ST_FORGED);
        moved.instrument = parts.instrument;
        assert_int_equal(instrument_verify(&moved, &community, &out, &why), ST_OK);
    }
    governor_fini(&nps);
}

static void a_certificate_of_another_agency_use_or_key_signs_nothing(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2"),
                    csc = governor_new(mint, "csc.cambs", ".2"),
                    signing = governor_new(mint, "nps.cambs", ".1"),
                    officer = governor_at(mint, "nps.cambs",
                                          "URI:urn:concordat:officer:nps.cambs:duty-1", ".4");
    struct instrument i = sample(CONCORDAT__ACT__ACCEPT), word = sample(CONCORDAT__ACT__AUTHORISE),
                      others = sample(CONCORDAT__ACT__AUTHORISE), out;
    const struct {
        const struct instrument *what;
        const struct governor *certificate, *key;
        enum status expected;
    } rows[] = {
        {&i, &nps, &nps, ST_OK},
        {&i, &csc, &csc, ST_FORGED},
        {&i, &nps, &csc, ST_FORGED},
        {&i, &csc, &nps, ST_FORGED},
        {&i, &signing, &signing, ST_FORGED},
        {&i, &officer, &officer, ST_FORGED},
        {&word, &officer, &officer, ST_OK},
        {&word, &nps, &nps, ST_FORGED},
        {&others, &officer, &officer, ST_FORGED},
    };
    struct signed_bytes made;
    struct signed_instrument parts;
    struct reason why;

    TEXT_COPY(others.officer, "duty-2");
    for (size_t r = 0; r < LENGTH(rows); r++) {
        const struct governor *c = rows[r].certificate;
        why.text[0] = '\0';
        assert_int_equal(instrument_sign(rows[r].what, rows[r].key->key,
                                         (struct bytes){c->certificate, c->certificate_size},
                                         &community, made.bytes, sizeof made.bytes, &made.size,
                                         &why),
                         rows[r].expected);
        assert_int_equal(why.text[0] == '\0', rows[r].expected == ST_OK);
    }
    assert_int_equal(verify((struct bytes){made.bytes, 0}, &community, &out, &why), ST_INVALID);
    made = sign(&word, &officer);
    assert_int_equal(verify((struct bytes){made.bytes, made.size}, &community, &out, &why), ST_OK);
    assert_string_equal(out.officer, "duty-1");
    /* a good signature under another's certificate */
    made = sign(&i, &nps);
    assert_int_equal(signed_instrument_read((struct bytes){made.bytes, made.size}, &parts, &why),
                     ST_OK);
    parts.certificate = (struct bytes){csc.certificate, csc.certificate_size};
    assert_int_equal(instrument_verify(&parts, &community, &out, &why), ST_FORGED);
    parts.certificate = (struct bytes){signing.certificate, signing.certificate_size};
    assert_int_equal(instrument_verify(&parts, &community, &out, &why), ST_FORGED);
    assert_non_null(strstr(why.text, "certificate: ")); /* that it is one of another use */
    governor_fini(&nps);
    governor_fini(&csc);
    governor_fini(&signing);
    governor_fini(&officer);
}

/* Said twice it would be the same to a reader, and other bytes to a signature. */
static void an_instrument_has_one_spelling(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2");
    const struct instrument i = sample(CONCORDAT__ACT__ACCEPT);
    const struct signed_bytes made = sign(&i, &nps);
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct signed_instrument parts, twice;
    struct instrument out;
    struct reason why = {""};

    assert_int_equal(signed_instrument_read((struct bytes){made.bytes, made.size}, &parts, &why),
                     ST_OK);
    /* the act, a number of one byte, in two */
    memcpy(bytes, (uint8_t[]){parts.instrument.data[0], parts.instrument.data[1] | 0x80, 0}, 3);
    memcpy(bytes + 3, parts.instrument.data + 2, parts.instrument.size - 2);
    assert_int_equal(instrument_read((struct bytes){bytes, parts.instrument.size + 1}, &out, &why),
                     ST_INVALID);
    /* the instrument's length, of two bytes, in three */
    assert_true(made.bytes[1] & 0x80);
    memcpy(bytes, (uint8_t[]){made.bytes[0], made.bytes[1], made.bytes[2] | 0x80, 0}, 4);
    memcpy(bytes + 4, made.bytes + 3, made.size - 3);
    assert_int_equal(signed_instrument_read((struct bytes){bytes, made.size + 1}, &twice, &why),
                     ST_INVALID);
    governor_fini(&nps);
}

static void a_signed_instrument_has_its_three_parts(void **)
{
    static const struct {
        size_t instrument, certificate, signature;
        const char *missing; /* NULL: it reads */
    } rows[] = {
        {1, 1, SIGNATURE_SIZE, NULL},
        {INSTRUMENT_MAX, 1, SIGNATURE_SIZE, NULL},
        {INSTRUMENT_MAX + 1, 1, SIGNATURE_SIZE, "instrument"},
        {0, 1, SIGNATURE_SIZE, "instrument"},
        {1, 0, SIGNATURE_SIZE, "certificate"},
        {1, 1, 0, "signature"},
        {1, 1, SIGNATURE_SIZE - 1, "signature"},
        {1, 1, SIGNATURE_SIZE + 1, "signature"},
    };
    static const uint8_t zeroes[INSTRUMENT_MAX + 1];

    for (size_t r = 0; r < LENGTH(rows); r++) {
        uint8_t bytes[SIGNED_INSTRUMENT_MAX];
        struct writer w = writer_of(bytes, sizeof bytes);
        struct signed_instrument parts;
        struct reason why = {""};

        field_bytes(&w, 1, zeroes, rows[r].instrument);
        field_bytes(&w, 2, zeroes, rows[r].certificate);
        field_bytes(&w, 3, zeroes, rows[r].signature);
        assert_false(w.failed);
        enum status st = signed_instrument_read((struct bytes){bytes, w.size}, &parts, &why);
        assert_int_equal(st, rows[r].missing ? ST_INVALID : ST_OK);
        if (rows[r].missing)
            assert_non_null(strstr(why.text, rows[r].missing));
        else
            assert_int_equal(parts.instrument.size, rows[r].instrument);
    }
}

static void what_nobody_would_read_is_not_signed_nor_what_has_no_room(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2");
    struct bytes certificate = {nps.certificate, nps.certificate_size};
    struct instrument i = sample(CONCORDAT__ACT__ACCEPT), bad = i;
    struct signed_bytes made = sign(&i, &nps), out = {.size = 1};
    struct reason why;

    for (size_t room = 0; room <= made.size; room++) {
        enum status st =
            instrument_sign(&i, nps.key, certificate, &community, out.bytes, room, &out.size, &why);

        assert_int_equal(st, room < made.size ? ST_LIMIT : ST_OK);
        assert_int_equal(out.size, room < made.size ? 1 : made.size);
        if (room == 8)
            room = made.size - 8; /* all between are alike */
    }
    bad.agreement_version = 0;
    assert_int_equal(instrument_sign(&bad, nps.key, certificate, &community, out.bytes,
                                     sizeof out.bytes, &out.size, &why),
                     ST_INVALID);
    governor_fini(&nps);
}

static void a_file_holds_instruments_and_comments_and_nothing_else(void **)
{
    OWNED(mint) mint = mint_new();
    struct governor nps = governor_new(mint, "nps.cambs", ".2");
    struct instrument i = sample(CONCORDAT__ACT__ACCEPT);
    struct signed_bytes made = sign(&i, &nps);
    char one[INSTRUMENT_ARMOUR_MAX], text[3 * INSTRUMENT_ARMOUR_MAX];
    size_t size;
    struct reason why = {""};
    OWNED(instrument_file) file = NULL;

    assert_int_equal(
        instrument_armour((struct bytes){made.bytes, made.size}, one, sizeof one, &size), ST_OK);
    assert_int_equal(strlen(one), size);
    int whole = snprintf(text, sizeof text, "# first\n\n%s\n# second\n%s", one, one);
    if (instrument_file_parse("x", text, (size_t)whole, &file, &why) != ST_OK)
        fail_msg("%s", why.text);
    assert_int_equal(file->count, 2);
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(file->items[n].size, made.size);
        assert_memory_equal(file->items[n].data, made.bytes, made.size);
    }
    instrument_file_free(file);
    file = NULL;
    const char *const bad[] = {"",
                               "# nothing\n",
                               "hello\n%s",
                               "%s trailing\n",
                               "%s-----BEGIN X-----\n",
                               " \n%s",
                               "-----BEGIN CONCORDAT INSTRUMENT-----\n"};
    for (size_t n = 0; n < LENGTH(bad); n++) {
        char *hole = strstr(strcpy(text, bad[n]), "%s");
        if (hole) {
            char tail[64];
            TEXT_COPY(tail, hole + 2);
            (void)snprintf(hole, sizeof text - 64, "%s%s", one, tail);
        }
        assert_int_equal(instrument_file_parse("x", text, strlen(text), &file, &why), ST_INVALID);
        assert_non_null(strstr(why.text, "x:"));
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(instrument_file_parse("x", one, cut, &file, &why), ST_INVALID);
    governor_fini(&nps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_act_is_written_and_read_again),
        cmocka_unit_test(an_act_has_its_fields_and_no_others),
        cmocka_unit_test(values_are_read_up_to_their_edges),
        cmocka_unit_test(cut_or_longer_bytes_are_no_instrument),
        cmocka_unit_test(every_flipped_bit_is_refused_or_changes_nothing_that_counts),
        cmocka_unit_test(a_signature_is_for_one_instrument_and_one_community),
        cmocka_unit_test(a_certificate_of_another_agency_use_or_key_signs_nothing),
        cmocka_unit_test(an_instrument_has_one_spelling),
        cmocka_unit_test(a_signed_instrument_has_its_three_parts),
        cmocka_unit_test(what_nobody_would_read_is_not_signed_nor_what_has_no_room),
        cmocka_unit_test(a_file_holds_instruments_and_comments_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
