#include "tests/unit/stand_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define POLL_MS 20 /* between looks whether it is to stop */

static void reply(struct stand_in *s, const Concordat__Response *response)
{
    size_t size = concordat__response__get_packed_size(response);
    uint8_t *bytes = malloc(size + 1);

    if (!bytes)
        abort();
    concordat__response__pack(response, bytes);
    (void)zmq_send(s->socket, bytes, size, 0);
    free(bytes);
}

static void *serve(void *context)
{
    static const Concordat__Response nothing = CONCORDAT__RESPONSE__INIT;
    struct stand_in *s = context;
    zmq_msg_t msg;

    while (!s->stop) {
        zmq_pollitem_t item = {s->socket, -1, ZMQ_POLLIN, 0};
        unsigned index = s->count;

        if (zmq_poll(&item, 1, POLL_MS) <= 0)
            continue;
        (void)zmq_msg_init(&msg);
        if (zmq_msg_recv(&msg, s->socket, 0) >= 0) {
            Concordat__Response beyond = nothing;

            beyond.outcome = CONCORDAT__OUTCOME__FAILED;
            if (index < STAND_IN_MAX)
                s->asked[index] =
                    concordat__request__unpack(NULL, zmq_msg_size(&msg), zmq_msg_data(&msg));
            s->count = index + 1;
            reply(s, index < s->told ? s->says[index] : &beyond);
        }
        (void)zmq_msg_close(&msg);
    }
    return NULL;
}

int stand_in_start(void **state)
{
    struct stand_in *s = calloc(1, sizeof *s);
    char endpoint[112];

    *state = s;
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/concordat-agent-XXXXXX");
    if (!mkdtemp(s->folder))
        return -1;
    (void)snprintf(s->path, sizeof s->path, "%s/agent.sock", s->folder);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", s->path);
    s->zmq = zmq_ctx_new();
    s->socket = zmq_socket(s->zmq, ZMQ_REP);
    return zmq_bind(s->socket, endpoint);
}

int stand_in_stop(void **state)
{
    struct stand_in *s = *state;

    s->stop = true;
    if (s->says)
        (void)pthread_join(s->thread, NULL);
    (void)zmq_close(s->socket);
    (void)zmq_ctx_term(s->zmq);
    for (size_t i = 0; i < STAND_IN_MAX; i++)
        if (s->asked[i])
            concordat__request__free_unpacked(s->asked[i], NULL);
    (void)unlink(s->path);
    (void)rmdir(s->folder);
    free(s);
    return 0;
}

void stand_in_says(struct stand_in *s, const Concordat__Response *const responses[], size_t count)
{
    assert_null(s->says); /* told once */
    s->says = responses;
    s->told = count;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

const Concordat__Request *stand_in_asked(struct stand_in *s, size_t index)
{
    assert_true(index < s->count);
    assert_non_null(s->asked[index]);
    assert_int_equal(s->asked[index]->version, 1);
    return s->asked[index];
}

char *unit_text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

ProtobufCBinaryData unit_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
}
