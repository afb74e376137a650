/*
 * main.c - concordat-agent: reads its configuration, starts three threads, waits, stops in reverse.
 *
 *     concordat-agent --config FILE
 *
 * SIGTERM, SIGINT: finish the turn, say goodbye, exit 0. SIGHUP: read certificates and CRLs
 * again. Exit 1: it could not start, or the store failed; standard error says why.
 */
#include <openssl/pem.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#include "agents/config.h"
#include "agents/keeper.h"
#include "agents/local.h"
#include "agents/stage.h"
#include "agents/uplink.h"
#include "lib/log.h"
#include "lib/secret.h"

#define USAGE "usage: concordat-agent --config FILE\n"

/* All that runs; freed in reverse order of its making. */
struct agent {
    struct config config;
    unsigned char *certificate; /* DER; OPENSSL_free */
    int certificate_size;
    void *zmq;
    struct pipe *control; /* main's end */
    struct keeper *keeper;
    struct local *local;
    struct uplink *uplink;
};

static enum status load_certificate(struct agent *agent, struct reason *why)
{
    FILE *file = fopen(agent->config.signing_certificate, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        (void)fclose(file);
    agent->certificate_size = certificate ? i2d_X509(certificate, &agent->certificate) : -1;
    X509_free(certificate);
    if (agent->certificate_size > 0)
        return ST_OK;
    reason_set(why, "%s: cannot be read as a certificate", agent->config.signing_certificate);
    return file ? ST_INVALID : ST_IO;
}

/* A pipe's two ends. False: the system refuses. */
static bool make_pipe(void *zmq, const char *name, struct pipe **one, struct pipe **other)
{
    *one = pipe_bind(zmq, name, STAGE_DEPTH);
    *other = *one ? pipe_connect(zmq, name, STAGE_DEPTH) : NULL;
    return *other != NULL;
}

static enum status open_agent(struct agent *agent, struct reason *why)
{
    struct keeper_settings keeper = {.config = &agent->config};
    struct uplink_settings uplink = {.broker = agent->config.broker};
    struct pipe *local = NULL;
    enum status status = load_certificate(agent, why);

    if (status != ST_OK)
        return status;
    agent->zmq = zmq_ctx_new();
    if (!agent->zmq || !make_pipe(agent->zmq, "agent.control", &agent->control, &keeper.control)
        || !make_pipe(agent->zmq, "agent.local", &keeper.local, &local)
        || !make_pipe(agent->zmq, "agent.uplink", &keeper.uplink, &uplink.keeper)) {
        reason_set(why, "ZeroMQ: %s", zmq_strerror(zmq_errno()));
        pipe_free(keeper.control);
        pipe_free(keeper.local);
        pipe_free(local);
        pipe_free(keeper.uplink);
        return ST_IO;
    }
    keeper.signing_certificate =
        (struct bytes){agent->certificate, (size_t)agent->certificate_size};
    uplink.signing_certificate = keeper.signing_certificate;
    uplink.files = (struct tls_files){.chain = agent->config.chain,
                                      .key = agent->config.key,
                                      .trust = agent->config.trust,
                                      .crls = agent->config.crls};
    /* The keeper first: its store's lock says that no other agent uses this folder and socket. */
    status = keeper_open(&keeper, &agent->keeper, why);
    if (status != ST_OK) {
        pipe_free(local);
        pipe_free(uplink.keeper);
        return status;
    }
    status = uplink_open(&uplink, &agent->uplink, why);
    if (status != ST_OK) {
        pipe_free(local);
        return status;
    }
    return local_open(agent->zmq, agent->config.socket, local, &agent->local, why);
}

static void close_agent(struct agent *agent)
{
    local_free(agent->local);
    uplink_free(agent->uplink);
    keeper_free(agent->keeper);
    pipe_free(agent->control);
    if (agent->zmq)
        (void)zmq_ctx_term(agent->zmq);
    OPENSSL_free(agent->certificate);
}

static void tell_keeper(struct agent *agent, enum stage_kind kind)
{
    struct stage_signal *signal = malloc(sizeof *signal);

    if (!signal)
        return;
    signal->kind = kind;
    if (pipe_give(agent->control, signal, sizeof *signal) != ST_OK)
        free(signal);
}

/* Waits for signals until it is time to stop. */
static void wait_for_end(struct agent *agent, const sigset_t *signals)
{
    for (;;) {
        int signal = 0;

        if (sigwait(signals, &signal) != 0)
            continue;
        if (signal != SIGHUP)
            break;
        log_event(LOG_INFO, "reload", "why=SIGHUP");
        tell_keeper(agent, STAGE_RELOAD);
    }
    tell_keeper(agent, STAGE_STOP);
}

static bool run(struct agent *agent, const sigset_t *signals)
{
    pthread_t keeper, local, uplink;

    if (pthread_create(&keeper, NULL, keeper_run, agent->keeper) != 0)
        return false;
    if (pthread_create(&local, NULL, local_run, agent->local) != 0
        || pthread_create(&uplink, NULL, uplink_run, agent->uplink) != 0) {
        log_event(LOG_ERROR, "no_thread", "why=resources");
        _Exit(EXIT_FAILURE); /* nothing has been promised to anybody yet */
    }
    log_event(LOG_INFO, "ready", "agency=%s socket=\"%s\" broker=%s", agent->config.agency,
              agent->config.socket, agent->config.broker);
    wait_for_end(agent, signals);
    (void)pthread_join(keeper, NULL);
    (void)pthread_join(uplink, NULL);
    (void)pthread_join(local, NULL);
    log_event(LOG_INFO, "stopped", "agency=%s", agent->config.agency);
    return !keeper_failed(agent->keeper);
}

int main(int argc, char *argv[])
{
    struct agent agent = {0};
    struct reason why = {""};
    sigset_t signals;
    bool fine;

    log_start("concordat-agent", LOG_INFO);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)printf(USAGE);
        return EXIT_SUCCESS;
    }
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        (void)fprintf(stderr, USAGE);
        return 2;
    }
    (void)umask(S_IRWXG | S_IRWXO);
    secret_start();
    /* Blocked before any thread starts, so that only sigwait takes them. */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    fine = config_load(argv[2], &agent.config, &why) == ST_OK && open_agent(&agent, &why) == ST_OK;
    if (!fine)
        log_event(LOG_ERROR, "cannot_start", "why=\"%s\"", why.text);
    else
        fine = run(&agent, &signals);
    close_agent(&agent);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
