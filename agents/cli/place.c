#include "agents/cli/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

bool path_print(char out[static PATH_MAX], const char *format, ...)
{
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(out, PATH_MAX, format, args);
    va_end(args);
    return size >= 0 && size < PATH_MAX;
}

bool place_self(char out[static PATH_MAX])
{
    /* The kernel tells what was executed: this needs no /proc, which a bare root may lack. */
    const char *executed = (const char *)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr)

    return executed && realpath(executed, out);
}

/* The folder of this program. */
static bool own_folder(char out[static PATH_MAX])
{
    char *slash;

    if (!place_self(out))
        return false;
    slash = strrchr(out, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

static bool on_path(const char *name, char out[static PATH_MAX])
{
    const char *path = getenv("PATH");

    while (path && *path) {
        size_t size = strcspn(path, ":");
        if (size > 0 && path_print(out, "%.*s/%s", (int)size, path, name) && access(out, X_OK) == 0)
            return true;
        path += size + (path[size] == ':');
    }
    return false;
}

bool place_program(const char *name, char out[static PATH_MAX])
{
    char folder[PATH_MAX];

    if (own_folder(folder)) {
        if (path_print(out, "%s/%s", folder, name) && access(out, X_OK) == 0)
            return true;
        if (path_print(out, "%s/../broker/%s", folder, name) && access(out, X_OK) == 0)
            return true;
    }
    return on_path(name, out);
}

bool place_role(const char *name, char out[static PATH_MAX])
{
    char folder[PATH_MAX];

    if (!own_folder(folder))
        return false;
    if (path_print(out, "%s/roles/%s", folder, name) && access(out, X_OK) == 0)
        return true;
    return path_print(out, "%s/../libexec/concordat/roles/%s", folder, name)
        && access(out, X_OK) == 0;
}

bool place_file(const char *name, char out[static PATH_MAX])
{
    char folder[PATH_MAX];

    if (!own_folder(folder))
        return false;
    if (path_print(out, "%s/../%s", folder, name) && access(out, R_OK) == 0)
        return true;
    return path_print(out, "%s/../../%s", folder, name) && access(out, R_OK) == 0;
}
