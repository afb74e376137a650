#include "agents/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t append(struct path *path, const char *text)
{
    size_t mark = path->size, size = strlen(text), room = sizeof path->text - 1 - mark;

    size = size < room ? size : room;
    memcpy(path->text + mark, text, size);
    path->size = mark + size;
    path->text[path->size] = '\0';
    return mark;
}

size_t path_field(struct path *path, const char *name)
{
    size_t mark = path->size;

    if (mark > 0)
        (void)append(path, ".");
    (void)append(path, name);
    return mark;
}

size_t path_item(struct path *path, size_t index)
{
    char text[32];

    (void)snprintf(text, sizeof text, "[%zu]", index);
    return append(path, text);
}

void path_back(struct path *path, size_t mark)
{
    path->size = mark;
    path->text[mark] = '\0';
}

void problem_add(struct problems *problems, const struct path *path, const char *format, ...)
{
    va_list args;

    if (problems->count++ >= PROBLEMS_MAX)
        return;

    struct problem *problem = &problems->items[problems->count - 1];
    memcpy(problem->where, path->text, path->size + 1);
    va_start(args, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
}

bool problem_is_told(const struct problems *problems, const struct path *path)
{
    size_t kept = problems->count < PROBLEMS_MAX ? problems->count : PROBLEMS_MAX;

    for (size_t i = 0; i < kept; i++)
        if (strcmp(problems->items[i].where, path->text) == 0)
            return true;
    return problems->count > PROBLEMS_MAX;
}
