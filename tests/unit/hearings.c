#include "tests/unit/hearings.h"

#include <stdio.h>
#include <stdlib.h>

#define OFFENCE_SIZE 900 /* bytes of one, about */

/* The check letter of a PNC number of 2019. */
static char letter_of(unsigned serial)
{
    return "ZABCDEFGHJKLMNPQRTUVWXY"[(190000000ull + serial) % 23];
}

/* A community order with two requirements, of lengths that differ from hearing to hearing. */
static void put_results(FILE *f, unsigned number, unsigned defendant)
{
    fprintf(
        f,
        ",\"judicialResults\":[{\"category\":\"FINAL\",\"cjsCode\":\"1116\",\"isDeleted\":false,"
        "\"judicialResultId\":\"%08x-%04x-4000-8000-e00000000000\",\"label\":\"Community order\","
        "\"orderedDate\":\"2026-06-%02u\",\"durationElement\":{\"primaryDurationUnit\":\"M\","
        "\"primaryDurationValue\":%u}},",
        number, defendant & 0xffff, 1 + number % 28, 6 + number % 30);
    fprintf(
        f,
        "{\"category\":\"ANCILLARY\",\"cjsCode\":\"3101\",\"isDeleted\":false,\"label\":\"Unpaid "
        "work\",\"parentJudicialResultId\":\"%08x-%04x-4000-8000-e00000000000\","
        "\"judicialResultPrompts\":[{\"label\":\"Number of hours\",\"value\":\"%u\"},"
        "{\"label\":\"Complete within\",\"value\":\"12 Months\"}]},",
        number, defendant & 0xffff, 40 + number % 260);
    fprintf(
        f,
        "{\"category\":\"ANCILLARY\",\"cjsCode\":\"3272\",\"isDeleted\":false,\"label\":"
        "\"Rehabilitation activity\",\"judicialResultPrompts\":[{\"label\":\"Max number of days\","
        "\"value\":\"%u\"}]}]",
        1 + number % 60);
}

static void put_offence(FILE *f, const struct hearing_plan *plan, unsigned defendant,
                        unsigned index)
{
    unsigned number = plan->number;
    static const char words[] =
        "On a day in May at Cambridge, in the manner that the particulars describe at length, took "
        "goods on display without paying for them, contrary to what the law asks of everybody. ";

    fprintf(f,
            "%s{\"id\":\"%08x-%04x-4000-8000-0000%08x\",\"offenceCode\":\"TH68010\","
            "\"offenceTitle\":\"Theft from a shop\",\"offenceTitleWelsh\":\"Dwyn o siop\","
            "\"listingNumber\":%u,\"orderIndex\":%u,\"startDate\":\"2026-05-%02u\","
            "\"modeOfTrial\":\"Either Way\",\"wording\":\"%s%s%s\"",
            index ? "," : "", number, defendant & 0xffff, index, index, index + 1, 1 + index % 28,
            words, words, words);
    if (plan->sentenced && index == 0)
        put_results(f, number, defendant);
    fprintf(f, "}");
}

static void put_defendant(FILE *f, const struct hearing_plan *plan, unsigned defendant,
                          unsigned offences)
{
    unsigned serial = (plan->number * 16 + defendant) % 10000000;

    fprintf(f,
            "%s{\"id\":\"%08x-%04x-4000-8000-d00000000000\",\"pncId\":\"2019/%07u%c\","
            "\"isYouth\":false,\"prosecutionCaseId\":\"%08x-0000-4000-8000-c00000000000\","
            "\"personDefendant\":{\"bailStatus\":{\"code\":\"U\",\"description\":\"Unconditional "
            "bail\"},\"personDetails\":{\"firstName\":\"Person\",\"lastName\":\"Sample-%u-%u\","
            "\"dateOfBirth\":\"19%02u-0%u-1%u\",\"gender\":\"NOT_SPECIFIED\",\"address\":{"
            "\"address1\":\"%u Sample Street\",\"address2\":\"Cambridge\"},\"nationalityCode\":"
            "\"GBR\"}},\"offences\":[",
            defendant ? "," : "", plan->number, defendant & 0xffff, serial, letter_of(serial),
            plan->number, plan->number, defendant, 60 + plan->number % 40, 1 + defendant % 9,
            plan->number % 10, plan->number);
    for (unsigned i = 0; i < offences; i++)
        put_offence(f, plan, defendant, i);
    fprintf(f, "]}");
}

char *hearing_make(const struct hearing_plan *plan, size_t *size)
{
    unsigned offences = (unsigned)(plan->size / OFFENCE_SIZE / plan->defendants) + 1;
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    if (!f)
        return NULL;
    fprintf(f,
            "{\"id\":\"%08x-0000-4000-8000-a00000000000\",\"jurisdictionType\":\"MAGISTRATES\","
            "\"courtCentre\":{\"code\":\"B35CZ00\",\"name\":\"Cambridge Magistrates' Court\","
            "\"roomName\":\"Courtroom %02u\"},\"hearingDays\":[{\"sittingDay\":"
            "\"2026-06-%02uT09:30:00.000Z\",\"listedDurationMinutes\":20,\"listingSequence\":%u}],"
            "\"type\":{\"description\":\"First hearing\"},\"prosecutionCases\":[{\"id\":"
            "\"%08x-0000-4000-8000-c00000000000\",\"initiationCode\":\"C\","
            "\"prosecutionCaseIdentifier\":{\"caseURN\":\"35SA%07u\"},\"defendants\":[",
            plan->number, 1 + plan->number % 9, 1 + plan->number % 28, plan->number % 50,
            plan->number, plan->number % 10000000);
    for (unsigned i = 0; i < plan->defendants; i++)
        put_defendant(f, plan, i, offences);
    fprintf(f, "]}]%s}\n", plan->sentenced ? ",\"hasSharedResults\":true" : "");
    if (fclose(f) == 0)
        return text;
    free(text);
    return NULL;
}

char *hearing_load(const char *path, size_t *size)
{
    FILE *from = fopen(path, "r");
    char *text = NULL, block[4096];
    FILE *to = from ? open_memstream(&text, size) : NULL;
    size_t got;

    while (to && (got = fread(block, 1, sizeof block, from)) > 0)
        (void)fwrite(block, 1, got, to);
    if (to)
        (void)fclose(to);
    if (from)
        (void)fclose(from);
    return text;
}
