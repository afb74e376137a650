/* Risk escalates: the case comes back to probation, which recalls; each hears what is for them. */
#include <stdio.h>

#include "agents/cli/arguments.h"
#include "agents/cli/chapters.h"

#define POLICE "police.35"
#define COMPANY "crc.bench"
#define PROBATION "nps.cambs"
#define CASEWORK "ppcs"
#define PRISON "prison.pbi"
#define LIAISON "vlo.cambs"
#define WEEKS "story/weeks/"

static const struct member cast[] = {{POLICE, "POLICE"}, {COMPANY, "CRC"},
                                     {PROBATION, "NPS"}, {CASEWORK, "PPCS"},
                                     {PRISON, "PRISON"}, {LIAISON, "VICTIM_SERVICE"}};
static const char *const agreements[] = {"case.yaml", "event.yaml", "recall.yaml", NULL};

/* What an agency's own agent finds wrong with a body before anything is sealed. */
static void is_no_body(struct tale *tale, const char *type, const char *to, const char *name,
                       const char *what)
{
    char body[PATH_MAX];

    tale_body(tale, name, NULL, body);
    (void)play_check(&tale->play,
                     play_comes_to(&tale->play, PROBATION, EXIT_BAD_INPUT,
                                   (const char *[]){"send", type, "--to", to, "--case",
                                                    tale->case_handle, body, NULL}),
                     "%s", what);
}

static void police_tell(struct tale *tale)
{
    char id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The police arrest M, whose case the company holds");
    tale_open_case(tale, COMPANY);
    tale_say(tale, POLICE, COMPANY, "police.event.notice", WEEKS "arrest.json",
             "who, and for what offence", id);
    tale_refuse(tale, COMPANY, "police.event.notice", WEEKS "arrest-in-full.json",
                &(struct telling_refusal){.agency = POLICE,
                                          .decided_by = POLICE,
                                          .code = "CATEGORY_NOT_COVERED",
                                          .what = "not the victim, nor what is said of others"});
    tale_say(tale, POLICE, PROBATION, "police.event.notice", WEEKS "arrest-in-full.json",
             "probation may have it in full", id);
}

static void comes_back(struct tale *tale)
{
    char asked[CONCORDAT_ID_TEXT], id[CONCORDAT_ID_TEXT], body[PATH_MAX], part[PATH_MAX];

    play_chapter(&tale->play, "The company asks probation to take the case, and hands it over");
    tale_say(tale, COMPANY, PROBATION, "risk.escalation.request", WEEKS "escalation.json",
             "from medium to high, imminent", asked);
    tale_due(tale, PROBATION, "answer", "risk.escalation.request", true,
             "probation owes a decision within two hours");
    tale_body(tale, WEEKS "escalation-decision.json",
              (const struct blank[]){{.path = "requestId", .id = asked}, {.path = NULL}}, body);
    tale_send(tale, PROBATION, (const char *[]){"answer", asked, body, NULL}, id);
    tale_told(tale, PROBATION, id, "delivered", "accepted: a transfer follows", NULL);
    tale_holder(tale, COMPANY, COMPANY, "a decision moves nothing: the company holds the case");
    tale_body(tale, WEEKS "offer-back.json", NULL, body);
    tale_body(tale, WEEKS "contact-log.json", NULL, part);
    tale_act(tale, COMPANY,
             (const char *[]){"case", "offer", tale->case_handle, "--to", PROBATION, "--part", part,
                              body, NULL},
             id);
    tale_told(tale, COMPANY, id, "delivered", "risk escalation", NULL);
    tale_act(tale, PROBATION, (const char *[]){"case", "accept", tale->case_handle, NULL}, id);
    json_decref(
        play_command(&tale->play, COMPANY, EXIT_DONE,
                     (const char *[]){"case", "send-parts", tale->case_handle, part, NULL}));
    tale_part(tale, PROBATION, 1, "here", "the record is here, as the manifest says");
    tale_act(tale, PROBATION, (const char *[]){"case", "complete", tale->case_handle, NULL}, id);
    tale_holder(tale, COMPANY, PROBATION, "probation holds the case");
    tale_refuse(tale, PROBATION, "case.update", WEEKS "case-update-back.json",
                &(struct telling_refusal){.agency = COMPANY,
                                          .decided_by = COMPANY,
                                          .code = "NOT_CURRENT_HOLDER",
                                          .what = "the company speaks for it no more"});
}

static void is_recalled(struct tale *tale)
{
    char asked[CONCORDAT_ID_TEXT], id[CONCORDAT_ID_TEXT], body[PATH_MAX];

    play_chapter(&tale->play, "Probation asks for an emergency recall");
    is_no_body(tale, "recall.request", CASEWORK, WEEKS "recall-untelephoned.json",
               "a recall that leaves out whether it was telephoned first does not leave");
    is_no_body(tale, "recall.request", CASEWORK, WEEKS "recall-victim-in-narrative.json",
               "nor one with a victim's address as a field of the narrative, which has none");
    tale_say(tale, PROBATION, CASEWORK, "recall.request", WEEKS "recall.json",
             "telephoned first; the victim apart, and what is not disclosed apart", asked);
    tale_body(tale, WEEKS "recall-decision.json",
              (const struct blank[]){{.path = "requestId", .id = asked}, {.path = NULL}}, body);
    tale_send(tale, CASEWORK, (const char *[]){"answer", asked, body, NULL}, id);
    tale_told(tale, CASEWORK, id, "delivered", "recalled", NULL);
    tale_say(tale, CASEWORK, POLICE, "recall.revocation", WEEKS "revocation.json",
             "to arrest, and that there may be children at the door", id);
}

static void all_are_told(struct tale *tale)
{
    char id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The victim is told by who may; the prison tells of the return");
    tale_say(tale, PROBATION, LIAISON, "victim.event.notice", WEEKS "victim-event.json",
             "what may be said, word for word", id);
    tale_refuse(tale, COMPANY, "victim.event.notice", WEEKS "victim-event.json",
                &(struct telling_refusal){.agency = PROBATION,
                                          .decided_by = PROBATION,
                                          .code = "TYPE_NOT_COVERED",
                                          .what = "the company is told of no victim"});
    tale_at(tale, "2026-03-03T16:00:00Z");
    tale_say(tale, PRISON, PROBATION, "recall.returned", WEEKS "returned.json", "back in prison",
             id);
    tale_say(tale, PRISON, CASEWORK, "recall.returned", WEEKS "returned.json", "back in prison",
             id);
}

static void tell(struct tale *tale)
{
    police_tell(tale);
    comes_back(tale);
    is_recalled(tale);
    all_are_told(tale);
}

const struct chapter recall_chapter = {
    .name = "recall",
    .summary = "risk escalates, and the case comes back for recall",
    .begins = "2026-03-02T10:00:00Z",
    .cast = cast,
    .count = LENGTH_OF(cast),
    .agreements = agreements,
    .tell = tell,
};
