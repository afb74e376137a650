#include "lib/identity.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/id.h"

#define OUR_ARC "2.25.146622499544378802514740566792507863618" /* certs/README.md */
#define PURPOSE_TEXT_MAX 80 /* bytes with the NUL: our longest purpose has 46 */

/* One row a use: what its certificate must say. */
struct profile {
    const char *name, *prefix, *purpose; /* purpose: the one EKU, dotted */
    uint32_t key_usage;
    bool ed25519; /* else P-256 */
};

static const struct profile profiles[] = {
    [USE_BROKER] = {"broker", "urn:concordat:broker:", "1.3.6.1.5.5.7.3.1", KU_DIGITAL_SIGNATURE,
                    false},
    [USE_TRANSPORT] = {"transport", "urn:concordat:agency:", "1.3.6.1.5.5.7.3.2",
                       KU_DIGITAL_SIGNATURE, false},
    [USE_SIGNING] = {"signing", "urn:concordat:agency:", OUR_ARC ".1",
                     KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, false},
    [USE_GOVERNANCE] = {"governance", "urn:concordat:agency:", OUR_ARC ".2",
                        KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, false},
    [USE_WITNESS] = {"witness", "urn:concordat:agency:", OUR_ARC ".3", KU_DIGITAL_SIGNATURE, true},
    [USE_OFFICER] = {"officer", "urn:concordat:officer:", OUR_ARC ".4",
                     KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, false},
};

static enum status refuse(struct reason *why, const char *what)
{
    reason_set(why, "%s", what);
    ERR_clear_error();
    return ST_FORGED;
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

/* The extension's decoded value; NULL when it is absent, malformed or there twice. */
static void *extension(X509 *leaf, int nid)
{
    return X509_get_ext_d2i(leaf, nid, NULL, NULL);
}

static bool is_critical(X509 *leaf, int nid)
{
    X509_EXTENSION *first = X509_get_ext(leaf, X509_get_ext_by_NID(leaf, nid, -1));

    return first && X509_EXTENSION_get_critical(first);
}

static bool has_usage(X509 *leaf, uint32_t wanted)
{
    ASN1_BIT_STRING *usage = extension(leaf, NID_key_usage);
    bool found = usage && is_critical(leaf, NID_key_usage);

    ASN1_BIT_STRING_free(usage);
    return found && X509_get_key_usage(leaf) == wanted;
}

static bool has_purpose(X509 *leaf, const char *wanted)
{
    EXTENDED_KEY_USAGE *purposes = extension(leaf, NID_ext_key_usage);
    char text[PURPOSE_TEXT_MAX];
    bool exact = purposes && sk_ASN1_OBJECT_num(purposes) == 1
              && OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(purposes, 0), 1) > 0
              && strcmp(text, wanted) == 0;

    EXTENDED_KEY_USAGE_free(purposes);
    return exact;
}

static bool is_no_ca(X509 *leaf)
{
    BASIC_CONSTRAINTS *constraints = extension(leaf, NID_basic_constraints);
    bool no = constraints && !constraints->ca && !constraints->pathlen
           && is_critical(leaf, NID_basic_constraints);

    BASIC_CONSTRAINTS_free(constraints);
    return no;
}

static bool officer_is_valid(const char *code)
{
    size_t size = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size <= OFFICER_CODE_MAX && code[size] == '\0';
}

/* Takes the officer's code off the end of `<agency>:<code>`. */
static bool take_officer(char *name, struct identity *out)
{
    char *colon = strchr(name, ':');

    if (!colon || !officer_is_valid(colon + 1))
        return false;
    memcpy(out->officer, colon + 1, strlen(colon + 1) + 1);
    *colon = '\0';
    return true;
}

/* The id behind the profile's prefix in a URI, byte-exact; IA5String may hold a NUL, so sizes
 * decide. */
static bool read_uri(const ASN1_IA5STRING *uri, const char *prefix, struct identity *out)
{
    size_t size = (size_t)ASN1_STRING_length(uri), start = strlen(prefix);
    const unsigned char *text = ASN1_STRING_get0_data(uri);
    char name[AGENCY_MAX + 1 + OFFICER_CODE_MAX + 1] = {0};

    if (size <= start || size - start >= sizeof name || memcmp(text, prefix, start) != 0
        || memchr(text, '\0', size))
        return false;
    memcpy(name, text + start, size - start);
    if ((out->use == USE_OFFICER && !take_officer(name, out)) || !agency_is_valid(name))
        return false;
    memcpy(out->id, name, strlen(name) + 1); /* valid: at most AGENCY_MAX */
    return true;
}

/* The one name, and nothing beside it. */
static bool has_name(X509 *leaf, const char *prefix, struct identity *out)
{
    GENERAL_NAMES *names = extension(leaf, NID_subject_alt_name);
    bool one = false;

    if (names && sk_GENERAL_NAME_num(names) == 1) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
        one = name->type == GEN_URI && read_uri(name->d.uniformResourceIdentifier, prefix, out);
    }
    GENERAL_NAMES_free(names);
    return one;
}

/* Compares the whole SubjectPublicKeyInfo's shape, so that no other algorithm, curve, explicit
 * parameters or compressed point gets by: RFC 5480 §2.1.1, RFC 8410 §3. */
static bool has_key(X509 *leaf, bool ed25519)
{
    static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    static const uint8_t ed[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    const uint8_t *shape = ed25519 ? ed : p256;
    size_t shape_size = ed25519 ? sizeof ed : sizeof p256;
    int wanted = (int)shape_size + (ed25519 ? 32 : 64);
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
    bool fits = size == wanted && memcmp(spki, shape, shape_size) == 0
             && X509_get0_pubkey(leaf); /* decodes: the point is on the curve */

    OPENSSL_free(spki);
    return fits;
}

/* What a log line may say about a certificate that is not yet believed. */
static void read_outline(X509 *leaf, enum identity_use use, struct identity *out)
{
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);

    *out = (struct identity){.use = use};
    (void)X509_digest(leaf, EVP_sha256(), out->certificate, NULL);
    if (size > 0)
        (void)EVP_Digest(spki, (size_t)size, out->spki, NULL, EVP_sha256(), NULL);
    OPENSSL_free(spki);
    out->from_ms = time_ms(X509_get0_notBefore(leaf));
    out->until_ms = time_ms(X509_get0_notAfter(leaf));
}

enum status identity_of(X509 *leaf, enum identity_use use, struct identity *out, struct reason *why)
{
    const struct profile *profile = &profiles[use];
    uint32_t flags = X509_get_extension_flags(leaf);
    bool named;

    assert(use >= USE_BROKER && use <= USE_OFFICER);
    read_outline(leaf, use, out);
    named = has_name(leaf, profile->prefix, out);

    if (X509_get_version(leaf) != X509_VERSION_3)
        return refuse(why, "not a version 3 certificate");
    if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_PROXY))
        return refuse(why, "an extension is malformed, or critical and unknown");
    if (!is_no_ca(leaf))
        return refuse(why, "basicConstraints is not critical CA:FALSE");
    if (!named) {
        reason_set(why, "subjectAltName is not exactly one URI %s<%s>", profile->prefix,
                   use == USE_OFFICER ? "agency>:<code" : "id");
        ERR_clear_error();
        return ST_FORGED;
    }
    if (!has_purpose(leaf, profile->purpose)) {
        reason_set(why, "extendedKeyUsage is not exactly that of a %s certificate", profile->name);
        ERR_clear_error();
        return ST_FORGED;
    }
    if (!has_usage(leaf, profile->key_usage)) {
        reason_set(why, "keyUsage is not critical and exactly that of a %s certificate",
                   profile->name);
        ERR_clear_error();
        return ST_FORGED;
    }
    if (!has_key(leaf, profile->ed25519))
        return refuse(why, profile->ed25519 ? "the key is not Ed25519" : "the key is not P-256");
    ERR_clear_error();
    return ST_OK;
}

static enum status out_of_memory(struct reason *why)
{
    reason_set(why, "memory is out");
    ERR_clear_error();
    return ST_NOMEM;
}

/* A certificate whose bytes are its only encoding, or NULL. */
static X509 *parse(const uint8_t *der, size_t size)
{
    const unsigned char *next = der;
    unsigned char *again = NULL;
    X509 *leaf = size <= HEAD_MAX ? d2i_X509(NULL, &next, (long)size) : NULL;
    int again_size = leaf && next == der + size ? i2d_X509(leaf, &again) : -1;
    bool same = again_size >= 0 && (size_t)again_size == size && memcmp(again, der, size) == 0;

    OPENSSL_free(again);
    if (!same) {
        X509_free(leaf);
        return NULL;
    }
    return leaf;
}

enum status identity_of_der(const uint8_t *der, size_t size, enum identity_use use,
                            struct identity *out, EVP_PKEY **key, struct reason *why)
{
    ERR_clear_error(); /* so that what stands there is of this one */
    X509 *leaf = parse(der, size);
    enum status status;

    *out = (struct identity){.use = use};
    if (!leaf && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        return out_of_memory(why);
    if (!leaf)
        return refuse(why, "not a certificate in DER");
    status = identity_of(leaf, use, out, why);
    EVP_PKEY *found = status == ST_OK && key ? X509_get_pubkey(leaf) : NULL;
    X509_free(leaf);
    if (status == ST_OK && key && !found)
        return out_of_memory(why);
    if (status == ST_OK && key)
        *key = found;
    return status;
}

const char *identity_use_name(enum identity_use use)
{
    assert(use >= USE_BROKER && use <= USE_OFFICER);
    return profiles[use].name;
}
