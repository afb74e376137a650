#include "agents/cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/cli/command.h"
#include "agents/json.h"
#include "agents/problems.h"
#include "lib/limits.h"

void files_free(struct files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    free(files);
}

/* Takes `path`. False after telling the user. */
static bool add(struct files *files, char *path)
{
    char **paths;

    if (files->count == IMPORT_FILES_MAX) {
        complain("more than %d files", IMPORT_FILES_MAX);
        free(path);
        return false;
    }
    paths = path ? reallocarray(files->paths, files->count + 1, sizeof *paths) : NULL;
    if (!paths) {
        complain("memory is out");
        free(path);
        return false;
    }
    files->paths = paths;
    files->paths[files->count++] = path;
    return true;
}

static int is_json(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return entry->d_name[0] != '.' && size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0;
}

static bool add_folder(struct files *files, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_json, alphasort);
    bool well = count > 0;

    if (count < 0)
        complain("cannot read %s: %s", folder, strerror(errno));
    else if (count == 0)
        complain("%s: no *.json in this folder", folder);
    for (int i = 0; i < count; i++) {
        char *path = NULL;

        if (well && asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
            path = NULL;
        well = well && add(files, path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return well;
}

struct files *files_of(const char *const *names, size_t count)
{
    OWNED(files) files = calloc(1, sizeof *files);
    bool standard = false;

    if (!files) {
        complain("memory is out");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct stat stat_;

        if (strcmp(names[i], "-") == 0 && standard) {
            complain("standard input, '-', can be read once");
            return NULL;
        }
        standard |= strcmp(names[i], "-") == 0;
        if (stat(names[i], &stat_) == 0 && S_ISDIR(stat_.st_mode) ? !add_folder(files, names[i])
                                                                  : !add(files, strdup(names[i])))
            return NULL;
    }
    return GIVE(files);
}

char *file_read(const char *path, size_t most, size_t *size, char why[static 256])
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char *text = file ? malloc(most + 2) : NULL;
    size_t got = 0;

    why[0] = '\0';
    errno = 0;
    if (!file)
        (void)snprintf(why, 256, "cannot be read: %s", strerror(errno ? errno : ENOENT));
    else if (!text)
        (void)snprintf(why, 256, "memory is out");
    else if ((got = fread(text, 1, most + 1, file)) > most)
        (void)snprintf(why, 256, "larger than %zu bytes", most);
    else if (ferror(file))
        (void)snprintf(why, 256, "cannot be read: %s", strerror(errno));
    if (file && !standard)
        (void)fclose(file);
    if (why[0]) {
        free(text);
        return NULL;
    }
    text[got] = '\0';
    *size = got;
    return text;
}

json_t *file_read_object(const char *path)
{
    struct problems problems = {0};
    json_t *object = NULL;
    char why[256];
    size_t size;
    char *text = file_read(path, LOCAL_REQUEST_MAX, &size, why);

    if (!text)
        complain("%s: %s", path, why);
    else if (json_parse(text, size, &object, &problems) != ST_OK)
        complain("%s: %s", path, problems.count > 0 ? problems.items[0].text : "memory is out");
    free(text);
    return object;
}
