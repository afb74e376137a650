/*
 * run.h - a program under way: its turns at the store, its waiting in the inbox.
 *
 * The way of a letter stands in service.h; this is the loop that keeps to it.
 */
#ifndef AGENTS_ROLES_RUN_H
#define AGENTS_ROLES_RUN_H

#include "agents/roles/service.h"
#include "agents/roles/store.h"

struct run {
    const struct service *service;
    const char *agent_path, *store_path, *data_path;
    bool as_json;
    struct concordat *agent;
    struct store *store;
    json_t *data;
    int stop_fd; /* readable once SIGTERM or SIGINT has come */
};

/* Takes the store's lock and its document. False: the store failed, and has said why. */
bool run_begin(struct run *run, struct turn *turn);
/* Saves, then tells what the turn has to tell. False: as above; nothing was told. */
bool run_save(struct run *run, struct turn *turn);
void run_end(struct run *run, struct turn *turn);

/* Until SIGTERM or SIGINT: 0; 1 when the store failed. */
int run_serve(struct run *run);

#endif
