#include "tests/system/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 60000

/* sanitizers are slow; a ready daemon is told at once */

void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* What a daemon says: kept as its log, searched for the lines that somebody waits for. */
static void hear_line(struct daemon *d, const char *line)
{
    const char *listen = strstr(line, " listen=");

    (void)pthread_mutex_lock(&d->lock);
    if (listen)
        (void)sscanf(listen, " listen=%63[^ \n]", d->listen);
    if (strstr(line, "event=ready"))
        d->ready = true;
    (void)pthread_cond_broadcast(&d->told);
    (void)pthread_mutex_unlock(&d->lock);
}

static void *read_output(void *context)
{
    struct daemon *d = context;
    FILE *from = fdopen(d->output, "r"), *to = fopen(d->log, "a");
    char *line = NULL;
    size_t room = 0;

    if (!from || !to)
        fail("%s: %s", d->log, strerror(errno));
    while (getline(&line, &room, from) > 0) {
        fputs(line, to);
        (void)fflush(to);
        hear_line(d, line);
    }
    free(line);
    (void)fclose(from);
    (void)fclose(to);
    (void)pthread_mutex_lock(&d->lock);
    d->ended = true;
    (void)pthread_cond_broadcast(&d->told);
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

static struct timespec in_ms(int ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static bool log_has(const struct daemon *d, const char *text)
{
    FILE *file = fopen(d->log, "r");
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (file && !found && getline(&line, &room, file) > 0)
        found = strstr(line, text);
    free(line);
    if (file)
        (void)fclose(file);
    return found;
}

bool daemon_said(struct daemon *d, const char *text, int wait_ms)
{
    struct timespec until = in_ms(wait_ms);
    bool found, late = false;

    (void)pthread_mutex_lock(&d->lock);
    while (!(found = log_has(d, text)) && !d->ended && !late)
        late = pthread_cond_timedwait(&d->told, &d->lock, &until) == ETIMEDOUT;
    (void)pthread_mutex_unlock(&d->lock);
    return found || log_has(d, text);
}

bool daemon_try_start(struct daemon *d)
{
    struct timespec until = in_ms(READY_MS);
    int ends[2];

    if (d->pid)
        fail("%s runs already", d->name);
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe: %s", strerror(errno));
    char earlier[COMMUNITY_PATH + 16]; /* logs of earlier runs stay beside it */
    (void)snprintf(earlier, sizeof earlier, "%s.%u", d->log, d->starts++);
    (void)rename(d->log, earlier);
    d->ready = d->ended = false;
    d->pid = fork();
    if (d->pid < 0)
        fail("fork: %s", strerror(errno));
    if (d->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl(d->program, d->program, "--config", d->config, d->argument, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    d->output = ends[0];
    if (pthread_create(&d->reader, NULL, read_output, d) != 0)
        fail("pthread_create");

    (void)pthread_mutex_lock(&d->lock);
    int waited = 0;
    while (!d->ready && !d->ended && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&d->told, &d->lock, &until);
    bool ready = d->ready;
    (void)pthread_mutex_unlock(&d->lock);
    if (!ready && waited == ETIMEDOUT)
        fail("%s is neither ready nor gone; see %s", d->name, d->log);
    return ready;
}

void daemon_start(struct daemon *d)
{
    if (!daemon_try_start(d))
        fail("%s is not ready; see %s", d->name, d->log);
}

int daemon_wait(struct daemon *d)
{
    int status = 0;

    if (!d->pid)
        return 0;
    while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR) {
    }
    d->pid = 0;
    (void)pthread_join(d->reader, NULL);
    return status;
}

void daemon_kill(struct daemon *d)
{
    if (!d->pid)
        return;
    (void)kill(d->pid, SIGKILL);
    (void)daemon_wait(d);
}

void daemon_stop(struct daemon *d)
{
    if (!d->pid)
        return;
    (void)kill(d->pid, SIGTERM);
    int status = daemon_wait(d);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("%s ended with status %#x; see %s", d->name, (unsigned)status, d->log);
}

void daemon_init(struct daemon *d, const char *name)
{
    (void)snprintf(d->name, sizeof d->name, "%s", name);
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->told, NULL);
}
