/* peer_inside.h - a peer's own insides, shared by peer.c (bytes and session) and peer_mail.c (what
 * an agent would seal and confirm), and by nobody else. */
#ifndef TESTS_SYSTEM_PEER_INSIDE_H
#define TESTS_SYSTEM_PEER_INSIDE_H

#include "tests/system/peer.h"

struct peer {
    char agency[AGENCY_MAX + 1], pki[256];
    struct tls_context *context;
    struct tls *tls; /* NULL: not connected */
    struct frame_reader *frames;
    struct arena *arena;
    int fd;
    EVP_PKEY *signing_key;
    struct digest signer;
    uint8_t *certificate; /* DER of the signing certificate */
    size_t certificate_size;
    uint8_t *plain; /* queued */
    size_t plain_size, plain_room;
    uint64_t next_step;
    char refused[128];
};

_Noreturn void peer_die(const char *what, const char *why);

#endif
