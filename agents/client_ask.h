/*
 * client_ask.h - the way of one request to the agent, and of its answer back.
 *
 *     client.c --Request--> client_ask --> the agent's socket --> client_answer_read --> the caller
 *
 * Owns the connection: made with the first request, made anew when the agent has gone or was too
 * late, since an answer that comes late must not be taken for the next one's.
 *
 * Private to the client, like client_answer.h. Threads: none.
 */
#ifndef AGENTS_CLIENT_ASK_H
#define AGENTS_CLIENT_ASK_H

#include "agents/client.h"
#include "proto/local.pb-c.h"

/* Sends `request`, whose version is set here, and waits `wait_ms` and what an agent that is up
 * takes beyond. Never NULL: trouble on the way is an answer too. */
struct concordat_answer *client_ask(struct concordat *agent, Concordat__Request *request,
                                    uint32_t wait_ms);

#endif
