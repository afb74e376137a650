#include "agents/cli/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/cli/place.h"
#include "lib/clock.h"

#define OUTPUT_MAX                                                                                 \
    ((size_t)4 * 1024 * 1024) /* bytes of a program's answer we are willing to hold */
#define LOG_TAIL_MAX 65536    /* bytes of a log that are searched */
#define PAUSE_NS 10000000     /* 10 ms between two looks at a log: cheap and soon enough */

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

/* In the new process, between fork() and exec(): system calls only, since the parent may have had
 * threads. Does not return. */
_Noreturn static void become(const char *program, const char *const arguments[], int out, int err,
                             pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before prctl() could notice */
        _exit(127);
    (void)setpgid(0, 0);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0
        || (err >= 0 && dup2(err, STDERR_FILENO) < 0))
        _exit(127);
    (void)execv(program, (char *const *)arguments); // NOLINT: exec's signature predates const
    _exit(127);
}

static enum status write_pid(const struct child *child)
{
    char path[PATH_MAX];
    FILE *file;
    bool wrong;

    if (!path_print(path, "%s/pid", child->folder))
        return ST_IO;
    file = fopen(path, "we");
    if (!file)
        return ST_IO;
    wrong = fprintf(file, "%d\n", (int)child->pid) < 0;
    return fclose(file) != 0 || wrong ? ST_IO : ST_OK;
}

static void remove_pid(const struct child *child)
{
    char path[PATH_MAX];

    if (path_print(path, "%s/pid", child->folder))
        (void)unlink(path);
}

enum status child_start(struct child *child, const char *program, const char *const arguments[],
                        struct reason *why)
{
    char path[PATH_MAX];
    struct stat stat;
    int log;
    pid_t parent = getpid(), pid;

    if (!path_print(path, "%s/log", child->folder)) {
        reason_set(why, "%s: path too long", child->folder);
        return ST_IO;
    }
    log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || fstat(log, &stat) != 0) {
        reason_set(why, "cannot write %s: %s", path, strerror(errno));
        if (log >= 0)
            (void)close(log);
        return ST_IO;
    }
    child->log_from = stat.st_size;
    pid = fork();
    if (pid == 0)
        become(program, arguments, log, log, parent);
    (void)close(log);
    if (pid < 0) {
        reason_set(why, "cannot start %s: %s", program, strerror(errno));
        return ST_IO;
    }
    child->pid = pid;
    child->ended = 0;
    if (write_pid(child) != ST_OK) {
        reason_set(why, "cannot write %s/pid: %s", child->folder, strerror(errno));
        child_kill(child);
        return ST_IO;
    }
    return ST_OK;
}

/* What this run has logged, its end when it is long; "" when it cannot be read. free() it. */
static char *read_log(const struct child *child)
{
    char path[PATH_MAX], *text = calloc(1, LOG_TAIL_MAX + 1);
    struct stat stat;
    off_t from = child->log_from;
    int log;

    if (!text || !path_print(path, "%s/log", child->folder))
        return text;
    log = open(path, O_RDONLY | O_CLOEXEC);
    if (log < 0)
        return text;
    if (fstat(log, &stat) == 0 && stat.st_size - from > LOG_TAIL_MAX)
        from = stat.st_size - LOG_TAIL_MAX;
    if (pread(log, text, LOG_TAIL_MAX, from) < 0)
        text[0] = '\0';
    (void)close(log);
    return text;
}

bool child_is_ready(const struct child *child)
{
    char *text = read_log(child), *at = text ? strstr(text, " event=ready ") : NULL;
    bool ready = at && strchr(at, '\n');

    free(text);
    return ready;
}

bool child_has_ended(struct child *child)
{
    if (child->pid == 0)
        return true;
    if (waitpid(child->pid, &child->ended, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    remove_pid(child);
    return true;
}

void child_ending(const struct child *child, char out[static ENDING_SIZE])
{
    if (WIFSIGNALED(child->ended))
        (void)snprintf(out, ENDING_SIZE, "killed by signal %d", WTERMSIG(child->ended));
    else
        (void)snprintf(out, ENDING_SIZE, "exit code %d", WEXITSTATUS(child->ended));
}

/* The last whole line of its log: usually the reason. */
static void tell_why(const struct child *child, struct reason *why)
{
    char ending[ENDING_SIZE], *text = read_log(child), *line;
    size_t size = text ? strlen(text) : 0;

    child_ending(child, ending);
    while (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    line = text ? strrchr(text, '\n') : NULL;
    line = line ? line + 1 : text;
    reason_set(why, "%s ended (%s): %s", child->name, ending, line && *line ? line : "no log");
    free(text);
}

enum status child_await_ready(struct child *child, int64_t wait_ms, struct reason *why)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;

    while (!child_is_ready(child)) {
        if (child_has_ended(child)) {
            tell_why(child, why);
            return ST_CLOSED;
        }
        if (clock_monotonic_ms() > end_ms) {
            reason_set(why, "%s is not ready after %d s; see %s/log", child->name,
                       (int)(wait_ms / 1000), child->folder);
            return ST_LIMIT;
        }
        nap();
    }
    return ST_OK;
}

void child_kill(struct child *child)
{
    if (child->pid == 0)
        return;
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, &child->ended, 0);
    child->pid = 0;
    remove_pid(child);
}

enum status child_stop(struct child *child, int64_t wait_ms)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;

    if (child->pid == 0)
        return ST_OK;
    (void)kill(child->pid, SIGTERM);
    while (!child_has_ended(child)) {
        if (clock_monotonic_ms() > end_ms) {
            child_kill(child);
            return ST_LIMIT;
        }
        nap();
    }
    return ST_OK;
}

/* Everything from `fd` to its end, NUL-terminated. */
static enum status read_all(int fd, char **out)
{
    size_t room = 65536, size = 0;
    char *text = malloc(room);
    ssize_t got;

    while (text) {
        if (size + 1 == room) {
            char *more = room < OUTPUT_MAX ? realloc(text, 2 * room) : NULL;
            if (!more)
                break;
            text = more;
            room *= 2;
        }
        got = read(fd, text + size, room - size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            text[size] = '\0';
            *out = text;
            return got == 0 ? ST_OK : ST_IO;
        }
        size += (size_t)got;
    }
    free(text);
    return ST_LIMIT;
}

enum status run_program(const char *program, const char *const arguments[], const char *errors,
                        char **out, int *exit_code)
{
    int ends[2] = {-1, -1}, err = -1, ended = 0;
    pid_t parent = getpid(), pid;
    char *text = NULL;
    enum status status = ST_OK;

    if (out && pipe2(ends, O_CLOEXEC) != 0)
        return ST_IO;
    if (errors)
        err = open(errors, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0)
        become(program, arguments, ends[1], err, parent);
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (err >= 0)
        (void)close(err);
    if (pid < 0)
        status = ST_IO;
    if (out) {
        status = status == ST_OK ? read_all(ends[0], &text) : status;
        (void)close(ends[0]);
    }
    if (pid > 0 && status != ST_OK)
        (void)kill(pid, SIGKILL);
    if (pid > 0 && waitpid(pid, &ended, 0) != pid)
        status = ST_IO;
    if (status != ST_OK) {
        free(text);
        return status;
    }
    if (out)
        *out = text;
    *exit_code = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    return ST_OK;
}
