#include "tests/unit/mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define LEAVES_MAX 128
#define REVOKED_MAX 8

struct mint {
    struct minted root, issuer;
    struct minted leaves[LEAVES_MAX];
    size_t leaf_count, revoked_count;
    X509 *revoked[REVOKED_MAX]; /* borrowed */
    bool issuer_revoked;
    long serial;
};

static void must(bool done, const char *what)
{
    if (done)
        return;
    (void)fprintf(stderr, "mint: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

static EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *key;

    if (strcmp(kind, "RSA") == 0)
        key = EVP_RSA_gen(1024);
    else if (strcmp(kind, "ED25519") == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        key = EVP_EC_gen(kind);
    must(key, "key");
    return key;
}

static void add_extension(X509 *to, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    if (!value)
        return;
    X509V3_set_ctx(&context, issuer, to, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(to, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static void add_uri(X509 *to, const char *uri, size_t size)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    must(names && name && text && ASN1_STRING_set(text, uri, (int)size), "uri");
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    must(sk_GENERAL_NAME_push(names, name) == 1, "uri");
    must(X509_add1_ext_i2d(to, NID_subject_alt_name, names, 0, 0) == 1, "uri");
    GENERAL_NAMES_free(names);
}

static void add_unknown(X509 *to, const char *value)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4", 1);
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    must(oid && data && ASN1_OCTET_STRING_set(data, (const unsigned char *)"\x05\x00", 2), "other");
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, strcmp(value, "critical") == 0, data);
    must(extension && X509_add_ext(to, extension, -1), "other");
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(oid);
}

static void set_name(X509_NAME *name, const char *text)
{
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                    0),
         "name");
}

static X509 *begin(struct mint *mint, const char *name, EVP_PKEY *key, long from_s, long until_s)
{
    X509 *it = X509_new();

    must(it && X509_set_version(it, X509_VERSION_3) && X509_set_pubkey(it, key), "certificate");
    must(ASN1_INTEGER_set(X509_get_serialNumber(it), ++mint->serial), "serial");
    set_name(X509_get_subject_name(it), name);
    must(X509_gmtime_adj(X509_getm_notBefore(it), from_s), "from");
    must(X509_gmtime_adj(X509_getm_notAfter(it), until_s), "until");
    return it;
}

static void sign(X509 *it, const struct minted *by)
{
    bool digested = !EVP_PKEY_is_a(by->key, "ED25519");

    must(X509_sign(it, by->key, digested ? EVP_sha256() : NULL) > 0, "signature");
}

static struct minted make_authority(struct mint *mint, const char *name, const struct minted *by,
                                    const char *constraints)
{
    struct minted made = {.key = make_key("P-256")};

    made.certificate = begin(mint, name, made.key, -MINT_DAY, 30 * MINT_DAY);
    by = by ? by : &made;
    must(X509_set_issuer_name(made.certificate, X509_get_subject_name(by->certificate)), "issuer");
    add_extension(made.certificate, by->certificate, NID_basic_constraints, constraints);
    add_extension(made.certificate, by->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(made.certificate, by->certificate, NID_subject_key_identifier, "hash");
    add_extension(made.certificate, by->certificate, NID_authority_key_identifier, "keyid:always");
    sign(made.certificate, by);
    return made;
}

struct mint *mint_new(void)
{
    struct mint *mint = calloc(1, sizeof *mint);

    must(mint, "memory");
    mint->root = make_authority(mint, "Test Root", NULL, "critical,CA:TRUE,pathlen:1");
    mint->issuer = make_authority(mint, "Test Issuer", &mint->root, "critical,CA:TRUE,pathlen:0");
    return mint;
}

static void minted_clear(struct minted *it)
{
    X509_free(it->certificate);
    EVP_PKEY_free(it->key);
}

void mint_free(struct mint *mint)
{
    if (!mint)
        return;
    for (size_t i = 0; i < mint->leaf_count; i++)
        minted_clear(&mint->leaves[i]);
    minted_clear(&mint->issuer);
    minted_clear(&mint->root);
    free(mint);
}

struct mint_leaf mint_transport(const char *name)
{
    return (struct mint_leaf){.key = "P-256",
                              .name = name,
                              .constraints = "critical,CA:FALSE",
                              .usage = "critical,digitalSignature",
                              .purpose = "clientAuth"};
}

struct mint_leaf mint_broker(const char *name)
{
    struct mint_leaf leaf = mint_transport(name);

    leaf.purpose = "serverAuth";
    return leaf;
}

static struct minted load_authority(const char *pki, const char *name)
{
    struct minted made = {NULL, NULL};
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s/%s.pem", pki, name, name);
    must((file = fopen(path, "r")) != NULL, path);
    made.certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "%s/%s/%s.key", pki, name, name);
    must((file = fopen(path, "r")) != NULL, path);
    made.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    must(made.certificate && made.key, path);
    return made;
}

struct mint *mint_open(const char *pki)
{
    struct mint *mint = calloc(1, sizeof *mint);

    must(mint, "memory");
    mint->serial = (long)time(NULL); /* above those of pki.sh */
    mint->root = load_authority(pki, "root");
    mint->issuer = load_authority(pki, "issuer");
    return mint;
}

struct minted mint_leaf(struct mint *mint, const struct mint_leaf *leaf)
{
    struct minted made = {.key = make_key(leaf->key)};
    const struct minted *by = leaf->by_root ? &mint->root : &mint->issuer;
    bool when = leaf->from_s != 0 || leaf->until_s != 0;
    X509 *it = begin(mint, "nps.cambs", made.key, when ? leaf->from_s : -MINT_DAY,
                     when ? leaf->until_s : 7 * MINT_DAY);

    made.certificate = it;
    by = leaf->self_signed ? &made : by;
    must(X509_set_issuer_name(it, X509_get_subject_name(by->certificate)), "issuer");
    add_extension(it, by->certificate, NID_basic_constraints, leaf->constraints);
    add_extension(it, by->certificate, NID_key_usage, leaf->usage);
    add_extension(it, by->certificate, NID_ext_key_usage, leaf->purpose);
    add_extension(it, by->certificate, NID_subject_alt_name, leaf->name);
    add_extension(it, by->certificate, NID_subject_key_identifier, "hash");
    if (!leaf->no_authority_key)
        add_extension(it, by->certificate, NID_authority_key_identifier, "keyid:always");
    if (leaf->uri)
        add_uri(it, leaf->uri, leaf->uri_size);
    if (leaf->other)
        add_unknown(it, leaf->other);
    if (leaf->version)
        must(X509_set_version(it, leaf->version), "version");
    sign(it, by);
    must(mint->leaf_count < LEAVES_MAX, "room");
    mint->leaves[mint->leaf_count++] = made;
    return made;
}

void mint_revoke(struct mint *mint, X509 *certificate)
{
    must(mint->revoked_count < REVOKED_MAX, "room");
    mint->revoked[mint->revoked_count++] = certificate;
}

void mint_revoke_issuer(struct mint *mint)
{
    mint->issuer_revoked = true;
}

static void add_revoked(X509_CRL *crl, X509 *certificate)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60);

    must(entry && now && X509_REVOKED_set_revocationDate(entry, now)
             && X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate))
             && X509_CRL_add0_revoked(crl, entry),
         "revoked");
    ASN1_TIME_free(now);
}

static X509_CRL *begin_crl(const struct minted *by, const struct mint_crl *when)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, when->from_s);
    ASN1_TIME *until = X509_gmtime_adj(NULL, when->until_s);
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    must(crl && from && until && number && ASN1_INTEGER_set(number, when->number), "crl");
    must(X509_CRL_set_version(crl, X509_CRL_VERSION_2)
             && X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->certificate))
             && X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, until)
             && X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0),
         "crl");
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    ASN1_INTEGER_free(number);
    return crl;
}

static void end_crl(X509_CRL *crl, const struct minted *by, FILE *file)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, by->certificate, NULL, NULL, crl, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    must(extension && X509_CRL_add_ext(crl, extension, -1), "crl key id");
    X509_EXTENSION_free(extension);
    must(X509_CRL_sort(crl) && X509_CRL_sign(crl, by->key, EVP_sha256()) > 0
             && PEM_write_X509_CRL(file, crl),
         "crl");
    X509_CRL_free(crl);
}

static FILE *open_in(const char *folder, const char *name, const char *ending)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    (void)unlink(path); /* so that the mode is ours */
    file = fopen(path, "we");
    must(file && fchmod(fileno(file), 0600) == 0, path);
    return file;
}

void mint_write_crls(struct mint *mint, const char *folder, const struct mint_crl *of_root,
                     const struct mint_crl *of_issuer)
{
    FILE *file = open_in(folder, "crls", ".pem");
    X509_CRL *crl;

    if (of_root) {
        crl = begin_crl(&mint->root, of_root);
        if (mint->issuer_revoked)
            add_revoked(crl, mint->issuer.certificate);
        end_crl(crl, &mint->root, file);
    }
    if (of_issuer) {
        crl = begin_crl(&mint->issuer, of_issuer);
        for (size_t i = 0; i < mint->revoked_count; i++)
            add_revoked(crl, mint->revoked[i]);
        end_crl(crl, &mint->issuer, file);
    }
    must(fclose(file) == 0, "crls.pem");
}

void mint_write_trust(struct mint *mint, const char *folder)
{
    FILE *file = open_in(folder, "trust", ".pem");

    must(PEM_write_X509(file, mint->root.certificate)
             && PEM_write_X509(file, mint->issuer.certificate) && fclose(file) == 0,
         "trust.pem");
}

void mint_write_leaf(struct mint *mint, const char *folder, const char *name,
                     const struct minted *leaf)
{
    FILE *chain = open_in(folder, name, ".pem"), *key = open_in(folder, name, ".key");

    must(PEM_write_X509(chain, leaf->certificate) && PEM_write_X509(chain, mint->issuer.certificate)
             && fclose(chain) == 0,
         "chain");
    must(PEM_write_PKCS8PrivateKey(key, leaf->key, NULL, NULL, 0, NULL, NULL) && fclose(key) == 0,
         "key");
}

X509 *mint_issuer(struct mint *mint)
{
    return mint->issuer.certificate;
}
