#include "demo/inside.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/demo_clock.h"

/* The folder of the clock that the environment names, when it is a demo's. */
static bool find_folder(char folder[static PATH_MAX])
{
    const char *clock = getenv(DEMO_CLOCK);
    char path[PATH_MAX + 8], mark[sizeof DEMO_MARK] = "";

    if (!clock || !realpath(clock, folder))
        return false;
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder || strcmp(slash, "/clock") != 0)
        return false;
    *slash = '\0';
    (void)snprintf(path, sizeof path, "%s/demo", folder);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(mark, sizeof mark, file) != NULL;
    (void)fclose(file);
    return read && strcmp(mark, DEMO_MARK) == 0;
}

static bool is_below(const char *folder, const char *name)
{
    char path[PATH_MAX];
    size_t size = strlen(folder);

    return realpath(name, path) && strncmp(path, folder, size) == 0 && path[size] == '/';
}

/* What an option of these names, as "--config NAME" or "--config=NAME"; NULL: it is none. */
static const char *named_by(char **argv, int i)
{
    static const char *const options[] = {"--config", "--agent"};

    for (size_t o = 0; o < sizeof options / sizeof *options; o++) {
        size_t size = strlen(options[o]);
        if (strncmp(argv[i], options[o], size) != 0)
            continue;
        if (argv[i][size] == '=')
            return argv[i] + size + 1;
        if (argv[i][size] == '\0')
            return argv[i + 1] ? argv[i + 1] : "";
    }
    return NULL;
}

int main(int argc, char **argv)
{
    char folder[PATH_MAX];

    if (!find_folder(folder)) {
        (void)fprintf(stderr, "this program belongs to `concordat demo`: its clock is moved, and "
                              "it starts in a demo's folder alone\n");
        return 2;
    }
    (void)unsetenv("CONCORDAT_AGENT");
    for (int i = 1; i < argc; i++) {
        const char *named = named_by(argv, i);
        if (!named || is_below(folder, named))
            continue;
        (void)fprintf(stderr, "%s: not in the demo's folder, where alone this program works\n",
                      named);
        return 2;
    }
    return program_main(argc, argv);
}
