#include "broker/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "broker/stage.h"
#include "broker/writer.h"
#include "lib/day.h"
#include "lib/log.h"

enum status credentials_load(const struct credentials *c, struct tls_context **out,
                             struct reason *why)
{
    const struct config *config = c->config;
    const struct tls_files files = {config->chain, config->key, config->trust, config->crls};

    enum status status = tls_context_new(TLS_BROKER, &files, out, why);
    if (status != ST_OK || strcmp(tls_context_self(*out)->id, config->id) == 0)
        return status;
    reason_set(why, "%s: the certificate is of %s, not of %s", config->chain,
               tls_context_self(*out)->id, config->id);
    tls_context_free(*out);
    *out = NULL;
    return ST_INVALID;
}

void credentials_note(struct credentials *c, const struct tls_context *tls)
{
    atomic_store_explicit(&c->crl_until_ms, tls_context_crl_until_ms(tls), memory_order_relaxed);
}

static enum status give(struct pipe *link, struct tls_context *tls)
{
    struct note_tls *note = malloc(sizeof *note);

    if (!note)
        return ST_NOMEM;
    *note = (struct note_tls){{NOTE_TLS, 0}, tls};
    enum status status = pipe_give(link, note, sizeof *note);
    if (status != ST_OK)
        free(note);
    return status;
}

/* All are loaded before the first is given. */
void credentials_reload(struct credentials *c)
{
    struct tls_context *contexts[LINKS_MAX] = {NULL};
    struct reason why = {""};
    enum status status = ST_OK;

    for (unsigned i = 0; status == ST_OK && i < c->config->links; i++)
        status = credentials_load(c, &contexts[i], &why);
    if (status == ST_OK) {
        credentials_note(c, contexts[0]);
        log_event(LOG_INFO, "reloaded", "links=%u", (unsigned)c->config->links);
    } else {
        log_event(LOG_ERROR, "reload_failed", "kept=old why=\"%s\"", why.text);
    }
    for (unsigned i = 0; i < c->config->links; i++) {
        if (status == ST_OK && give(c->links[i], contexts[i]) == ST_OK)
            continue;
        if (status == ST_OK)
            log_event(LOG_ERROR, "reload_failed", "link=%u why=busy", i);
        tls_context_free(contexts[i]);
    }
}

void credentials_watch(const struct credentials *c, int64_t wall_ms)
{
    int64_t left_ms = atomic_load_explicit(&c->crl_until_ms, memory_order_relaxed) - wall_ms;

    if (left_ms < CRL_WARN_DAYS * (int64_t)DAY_MS)
        log_event(LOG_WARN, "crl_runs_out", "days=%lld", (long long)(left_ms / DAY_MS));
}
