/*
 * tls.c - the engine: an SSL between two byte queues. The context is tls_context.c.
 *
 * The queues are a BIO of our own rather than OpenSSL's memory BIO: they are filled and drained in
 * one piece, reserve once a turn, and give their room back when they run empty.
 */
#include "lib/tls_context.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#define RECORD 16384    /* plain bytes of the largest record: RFC 8446 §5.1 */
#define RECORD_EXTRA 22 /* header 5, content type 1, tag 16: §5.2 */
#define QUEUE_KEEP 4096 /* bytes of room an empty queue keeps */

/* First in, first out; bytes [start, start + size) of `room` are held. */
struct queue {
    uint8_t *data;
    size_t start, size, room;
};

struct tls {
    struct tls_context *context; /* held */
    SSL *ssl;                    /* owned; owns the BIO */
    struct queue in, out;        /* from and for the socket */
    struct tls_verdict verdict;
    enum status ended; /* ST_OK while alive, then what tls_read says for ever */
    bool open;
    unsigned rekeys; /* the peer's, since `out` was last seen empty */
};

/* Queues */

static bool queue_reserve(struct queue *queue, size_t size)
{
    uint8_t *data;

    if (queue->room - queue->start - queue->size >= size)
        return true;
    if (queue->start > 0) {
        memmove(queue->data, queue->data + queue->start, queue->size);
        queue->start = 0;
    }
    if (queue->room - queue->size >= size)
        return true;
    if (size > SIZE_MAX / 2 - queue->size)
        return false;
    data = realloc(queue->data, queue->size + size);
    if (!data)
        return false;
    queue->data = data;
    queue->room = queue->size + size;
    return true;
}

static bool queue_put(struct queue *queue, const void *data, size_t size)
{
    if (!queue_reserve(queue, size))
        return false;
    memcpy(queue->data + queue->start + queue->size, data, size);
    queue->size += size;
    return true;
}

static void queue_drop(struct queue *queue, size_t size)
{
    assert(size <= queue->size);
    queue->start += size;
    queue->size -= size;
    if (queue->size > 0)
        return;
    queue->start = 0;
    if (queue->room > QUEUE_KEEP) {
        free(queue->data);
        *queue = (struct queue){0};
    }
}

static size_t queue_get(struct queue *queue, void *out, size_t room)
{
    size_t size = queue->size < room ? queue->size : room;

    if (size > 0) {
        memcpy(out, queue->data + queue->start, size);
        queue_drop(queue, size);
    }
    return size;
}

/* The BIO */

static int bio_read(BIO *bio, char *out, size_t room, size_t *got)
{
    struct tls *tls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *got = queue_get(&tls->in, out, room);
    if (*got == 0)
        BIO_set_retry_read(bio);
    return *got > 0;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *put)
{
    struct tls *tls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (!queue_put(&tls->out, data, size))
        return 0; /* no retry flag: the connection is over */
    *put = size;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH; /* always flushed; asked for nothing else that matters */
}

static BIO_METHOD *method; /* made once, lives as long as the process */

static void make_method(void)
{
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "queues");
    if (method) {
        (void)BIO_meth_set_read_ex(method, bio_read);
        (void)BIO_meth_set_write_ex(method, bio_write);
        (void)BIO_meth_set_ctrl(method, bio_control);
    }
}

static BIO *queues_of(struct tls *tls)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO *bio;

    (void)pthread_once(&once, make_method);
    bio = method ? BIO_new(method) : NULL;
    if (bio) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* A KeyUpdate may want one of ours in answer (RFC 8446 §4.6.3), and OpenSSL bounds neither: a peer
 * that reads no answers would have us hold as many bytes as it sends. */
static void note_message(int writing, int, int type, const void *message, size_t size, SSL *,
                         void *context)
{
    struct tls *tls = context;

    if (!writing && type == SSL3_RT_HANDSHAKE && size > 0
        && *(const uint8_t *)message == SSL3_MT_KEY_UPDATE)
        tls->rekeys++;
}

/* Life */

struct tls *tls_new(struct tls_context *context)
{
    OWNED(tls) tls = calloc(1, sizeof *tls);
    BIO *bio;

    if (!tls)
        return NULL;
    tls->context = tls_context_hold(context);
    tls->ssl = tls_context_connection(context, &tls->verdict);
    bio = tls->ssl ? queues_of(tls) : NULL;
    if (!bio)
        return NULL;
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_msg_callback(tls->ssl, note_message);
    SSL_set_msg_callback_arg(tls->ssl, tls);
    return GIVE(tls);
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    free(tls->in.data);
    free(tls->out.data);
    tls_context_free(tls->context);
    free(tls);
}

/* Why OpenSSL gave up, as our answer; remembered, since nothing after it can be believed. */
static enum status end(struct tls *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);
    unsigned long why = ERR_peek_error();
    bool no_certificate = ERR_GET_LIB(why) == ERR_LIB_SSL
                       && ERR_GET_REASON(why) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;

    if (error == SSL_ERROR_WANT_READ)
        return ST_MORE;
    if (error == SSL_ERROR_ZERO_RETURN) {
        tls->ended = ST_CLOSED;
    } else if (tls->verdict.refused || no_certificate) {
        if (no_certificate)
            reason_set(&tls->verdict.why, "the peer showed no certificate");
        tls->ended = ST_FORGED;
    } else {
        const char *text = why ? ERR_reason_error_string(why) : NULL;
        reason_set(&tls->verdict.why, "TLS: %s", text ? text : "broken off");
        tls->ended = ST_INVALID;
    }
    ERR_clear_error();
    tls->open = false;
    return tls->ended;
}

/* OpenSSL lets a peer leave ALPN out altogether; we do not. */
static bool speaks_ours(const struct tls *tls)
{
    const unsigned char *name = NULL;
    unsigned size = 0;

    SSL_get0_alpn_selected(tls->ssl, &name, &size);
    return size == sizeof TLS_ALPN - 1 && memcmp(name, TLS_ALPN, size) == 0;
}

static enum status shake_hands(struct tls *tls)
{
    int result = SSL_do_handshake(tls->ssl);

    if (result != 1)
        return end(tls, result);
    if (!speaks_ours(tls)) {
        reason_set(&tls->verdict.why, "TLS: the peer does not speak " TLS_ALPN);
        tls->ended = ST_INVALID;
        return ST_INVALID;
    }
    /* Both sides demand a certificate, and resumption is off: there was one and it was judged. */
    assert(tls->verdict.seen && !tls->verdict.refused);
    tls->open = true;
    return ST_OK;
}

enum status tls_feed(struct tls *tls, const uint8_t *data, size_t size)
{
    return size == 0 || queue_put(&tls->in, data, size) ? ST_OK : ST_NOMEM;
}

enum status tls_read(struct tls *tls, uint8_t *out, size_t room, size_t *got)
{
    enum status status;
    int result;

    if (tls->ended != ST_OK)
        return tls->ended;
    ERR_clear_error(); /* SSL_get_error reads the queue */
    if (!tls->open) {
        status = shake_hands(tls);
        if (status != ST_OK)
            return status;
    }
    if (room == 0) {
        *got = 0;
        return ST_OK;
    }
    if (tls->out.size == 0)
        tls->rekeys = 0;
    result = SSL_read_ex(tls->ssl, out, room, got);
    if (tls->rekeys > REKEYS_MAX) {
        reason_set(&tls->verdict.why, "TLS: the peer changes its keys over and over");
        tls->ended = ST_INVALID;
        tls->open = false;
        return ST_INVALID;
    }
    return result == 1 ? ST_OK : end(tls, result);
}

enum status tls_write(struct tls *tls, const uint8_t *data, size_t size)
{
    size_t records = size / RECORD + 1;

    assert(tls->open);
    if (size == 0)
        return ST_OK;
    if (!queue_reserve(&tls->out, size + records * RECORD_EXTRA))
        return ST_NOMEM;
    ERR_clear_error();
    while (size > 0) {
        size_t piece = size < RECORD ? size : RECORD, put = 0;
        if (SSL_write_ex(tls->ssl, data, piece, &put) != 1) {
            ERR_clear_error();
            return ST_NOMEM; /* the queue has no other way to fail */
        }
        data += put;
        size -= put;
    }
    return ST_OK;
}

size_t tls_take(struct tls *tls, uint8_t *out, size_t room)
{
    return queue_get(&tls->out, out, room);
}

struct bytes tls_outgoing(const struct tls *tls)
{
    const struct queue *out = &tls->out;

    return (struct bytes){out->size > 0 ? out->data + out->start : NULL, out->size};
}

void tls_gone(struct tls *tls, size_t size)
{
    queue_drop(&tls->out, size);
}

size_t tls_pending(const struct tls *tls)
{
    return tls->out.size;
}

void tls_close(struct tls *tls)
{
    if (!tls->open)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl); /* one way: the peer's answer is not waited for */
    ERR_clear_error();
}

bool tls_is_open(const struct tls *tls)
{
    return tls->open;
}

const struct identity *tls_peer(const struct tls *tls)
{
    return &tls->verdict.peer;
}

const struct reason *tls_reason(const struct tls *tls)
{
    return &tls->verdict.why;
}

enum status tls_recheck(struct tls *tls, struct tls_context *context, struct reason *why)
{
    X509 *leaf = SSL_get0_peer_certificate(tls->ssl);
    struct identity now;

    if (!leaf) {
        reason_set(why, "no certificate");
        return ST_FORGED;
    }
    return tls_context_judge(context, leaf, SSL_get_peer_cert_chain(tls->ssl),
                             tls_context_peer_use(context), &now, why);
}
