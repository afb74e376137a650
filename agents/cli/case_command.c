/*
 * case_command.c - `concordat case`: the table of its parts, which are functions of case.h.
 */
#include "agents/cli/case.h"

static bool is_handle(const char *text)
{
    struct concordat_id handle;

    return case_handle_parse(text, &handle);
}

#define PART(verb, usage, line, fewest, greatest, function, text)                                  \
    {                                                                                              \
        .name = "case " verb, .arguments = usage, .summary = line, .about = text, .least = fewest, \
        .most = greatest, .first_is_right = is_handle, .run = function                             \
    }

static const struct command parts[] = {
    PART("show", "HANDLE", "who holds it, its transfer, its messages by conversation; no content",
         1, 1, run_case_show,
         "As far as this agency knows: what it was told, what it sent and what came. The\n"
         "conversation that began last stands last. --wait ends as soon as its holder, its\n"
         "transfer, a component or part of that, one of its conversations or of our claims is\n"
         "another than it was, or shows it as it still is. What is to see each change gives the\n"
         "`mark' of the last --json to --since.\n"),
    PART("list", "", "the cases this agency knows of, the latest first", 0, 0, run_case_list,
         "Those it has messages about, and those it has opened; HOLDER is who holds it as the\n"
         "broker told this agency last.\n"),
    PART("open", "", "say that this agency holds a case from now on", 0, 0, run_case_open,
         "Signed, and settled by the broker: refused when somebody holds the case already, or\n"
         "when no agreement would let this agency offer or take one.\n"),
    PART("close", "HANDLE", "say that a case is over; its holder's", 1, 1, run_case_close,
         "Refused while a transfer, a referral of ours or a question put to us is open: concordat\n"
         "case show. What we asked and nobody has answered ends with it.\n"),
    PART("holder", "HANDLE", "ask the broker who holds a case", 1, 1, run_case_holder,
         "It tells only those who hold it, held it, are offered it or have part in one of its\n"
         "conversations; to all others it is as if there were no such case.\n"),
    PART("offer", "HANDLE --to AGENCY BODY.json", "offer a case to the agency that is to take it",
         2, 2, run_case_offer,
         "BODY.json is a case.transfer.offer (concordat catalogue case.transfer.offer); its\n"
         "transferId, manifest and offered components are made here. Each --part is a\n"
         "case.record.part without manifestId and number, which are made too: its hash goes\n"
         "into the manifest, and the file itself with send-parts. Nothing changes hands before\n"
         "the other completes. Of a case that is offered already, the components that were\n"
         "rejected are offered again; without --part with the manifest as it was.\n"),
    PART("send-parts", "HANDLE FILE|FOLDER...", "send the parts of the record that the offer lists",
         2, POSITIONALS_MAX, run_case_send_parts,
         "What was given to offer, in any order: each file is known by its hash. Again\n"
         "when the other asks for one (case.record.query). A file that has changed since the\n"
         "offer is refused here.\n"),
    PART("accept", "HANDLE", "accept components of a case that is offered to us", 1, 1,
         run_case_accept, "The case stays with its holder until complete.\n"),
    PART("reject", "HANDLE --reason R", "reject components, and say why", 1, 1, run_case_reject,
         "reasons: WRONG_AREA, RISK_TOO_HIGH_FOR_PROVIDER, RECORD_INCOMPLETE,\n"
         "SAFEGUARDING_MISSING, ADDRESS_NOT_VERIFIED, DUPLICATE_RECORD,\n"
         "COURT_HEARING_PENDING, NO_CAPACITY. The holder may offer them again, corrected.\n"),
    PART("query", "HANDLE --missing N", "ask the holder for parts that did not come or differ", 1,
         1, run_case_query, NULL),
    PART("complete", "HANDLE", "take the case: responsibility moves now, and only now", 1, 1,
         run_case_complete,
         "When every component is accepted and every part of the manifest is here with its\n"
         "hash. Every open conversation of the case that we can see to goes on under us, with\n"
         "its id.\n"),
    PART("withdraw", "HANDLE --reason R | --unsent", "take back an offer of ours", 1, 1,
         run_case_withdraw,
         "reasons: OFFERED_IN_ERROR, CIRCUMSTANCES_CHANGED, OFFERED_ELSEWHERE, RISK_CHANGED\n"
         "When no message can go, since no clause permits it any more or whom it is offered to\n"
         "has no key: --unsent, our signed word to the broker, which tells both, not why.\n"),
};

const struct command case_command = {
    .name = "case",
    .arguments =
        "show|list|open|close|holder|offer|send-parts|accept|reject|query|complete|withdraw ...",
    .summary = "who holds a case, its conversations, and its transfer",
    .about =
        "  case show HANDLE [--wait S]       holder, transfer, messages by conversation\n"
        "  case list [--limit N]             the cases and their holders, the latest first\n"
        "  case open [--case H]              we hold it from now on\n"
        "  case close HANDLE                 it is over\n"
        "  case holder HANDLE                who holds it, as the broker says now\n"
        "the holder's:\n"
        "  case offer HANDLE --to A BODY.json [--part FILE]...\n"
        "  case send-parts HANDLE FILE...    the record, part by part\n"
        "  case withdraw HANDLE --reason R   nothing has changed; --unsent when no message goes\n"
        "whom it is offered to:\n"
        "  case accept HANDLE [--component N]...\n"
        "  case reject HANDLE [--component N]... --reason R [--detail TEXT]\n"
        "  case query HANDLE --missing N     parts that did not come, or differ\n"
        "  case complete HANDLE              it is ours from now on\n",
    .raw = true,
    .parts = parts,
    .part_count = LENGTH_OF(parts),
    .run = arguments_run_part,
};
