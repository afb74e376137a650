#include "broker/holidays.h"

#include <stdlib.h>

#include "broker/counters.h"
#include "broker/stage.h"
#include "lib/day.h"
#include "lib/log.h"

enum status holidays_read(struct holidays *holidays, struct calendar_days **out, struct reason *why)
{
    struct calendar_days *days = NULL;

    if (holidays->path[0] != '\0') {
        enum status status = calendar_load(holidays->path, &days, why);
        if (status != ST_OK)
            return status;
    }
    holidays->ends_ms = calendar_ends_ms(days ? days : calendar_built_in());
    *out = days;
    return ST_OK;
}

static enum status give(struct holidays *holidays, struct calendar_days *days)
{
    struct note_calendar *note = malloc(sizeof *note);

    if (!note)
        return ST_NOMEM;
    *note = (struct note_calendar){{NOTE_CALENDAR, 0}, days};
    enum status status = pipe_give(holidays->writer, note, sizeof *note);
    if (status != ST_OK)
        free(note);
    return status;
}

void holidays_reload(struct holidays *holidays)
{
    struct calendar_days *days = NULL;
    struct reason why = {"busy"};
    int64_t before_ms = holidays->ends_ms;

    if (holidays_read(holidays, &days, &why) == ST_OK && give(holidays, days) == ST_OK) {
        log_event(LOG_INFO, "holidays_reloaded", "file=\"%s\"",
                  holidays->path[0] != '\0' ? holidays->path : "built in");
        return;
    }
    calendar_free(days);
    holidays->ends_ms = before_ms;
    log_event(LOG_ERROR, "holidays_failed", "kept=old why=\"%s\"", why.text);
}

void holidays_watch(const struct holidays *holidays, int64_t wall_ms)
{
    int64_t left = (holidays->ends_ms - wall_ms) / DAY_MS;

    set_count(&counters.holidays_days_left, left > 0 ? (uint64_t)left : 0);
    if (left < HOLIDAYS_WARN_DAYS)
        log_event(LOG_WARN, "holidays_run_out", "days=%lld", (long long)left);
}
