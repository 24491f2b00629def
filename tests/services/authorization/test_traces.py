"""Who saw my record, when, what for: what each reader is told, and what must not be told (TRC-12, VIS-18)."""

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from tests.services.world import As, Person, World, of, refusal

NORMAL = documents.LABEL_NORMAL
MASKED = documents.LABEL_MASQUE_PS
INVISIBLE = documents.LABEL_INVISIBLE_PATIENT
ACCESS, ACTION, DOCUMENT, QUESTION = (
    trace.LINE_KIND_ACCESS,
    trace.LINE_KIND_ACTION,
    trace.LINE_KIND_DOCUMENT,
    trace.LINE_KIND_QUESTION,
)


def lines(caller: As, patient: Person, page_size: int = 0) -> list[trace.Line]:
    found: list[trace.Line] = []
    token = ""
    while True:
        request = trace.ListTracesRequest(record=of(patient), page_size=page_size, page_token=token)
        answered = caller.ListTraces(request)
        found += answered.lines
        token = answered.next_page_token
        if not token:
            return found


def told(shown: list[trace.Line], actor: str) -> list[tuple[int, str, str]]:
    """Kind, action and document of the lines of one actor."""
    return [(line.kind, line.action, line.document_id) for line in shown if line.actor_name == actor]


def read(caller: As, patient: Person, document: str) -> None:
    caller.GetDocument(documents.GetDocumentRequest(record=of(patient), document_id=document))


def status(caller: As, patient: Person) -> None:
    caller.GetRecordStatus(records.GetRecordStatusRequest(record=of(patient)))


def test_the_holder_reads_who_when_and_what_for(world: World) -> None:
    """A permitted reading has the access, the action and the document; names, profession and structure too."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    colleague = world.as_("colleague")
    read(colleague, patient, document)
    shown = lines(world.as_(patient), patient)
    mine = [line for line in shown if line.actor_name == "Dr Claire Collègue" and line.action != "authz.add"]
    assert [line.kind for line in mine][:2] == [DOCUMENT, ACTION]
    assert mine[0].document_id == document
    assert (mine[1].profession, mine[1].mode, mine[1].outcome) == ("MEDECIN", "normal", trace.OUTCOME_DONE)
    assert mine[1].actor == of(world.people["colleague"])
    assert mine[1].structure.value == "10B0000001"
    times = [line.at.ToMicroseconds() for line in shown]
    assert times == sorted(times, reverse=True)


def test_denials_are_told(world: World) -> None:
    """What was refused shows as refused, with what was attested and why."""
    patient = world.opened("author")
    attested = access.Attestations(patient_unable=True, reason="curiosité")
    request = records.StartEmergencyAccessRequest(
        record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
    )
    refusal(lambda: world.as_("emergency").StartEmergencyAccess(request))
    [action, opening] = [line for line in lines(world.as_(patient), patient) if line.actor_name == "Dr Damien Urgence"]
    assert (action.action, action.outcome, action.reason) == ("emergency.start", trace.OUTCOME_REFUSED, "curiosité")
    assert list(action.attested) == ["patient_unable"]
    assert (opening.kind, opening.mode, opening.action) == (ACCESS, "bris_de_glace", "")


def test_each_session_is_one_access(world: World) -> None:
    """However many calls it makes; another session of the same person is another access (TRC-12)."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    first, second = world.as_("colleague"), world.as_("colleague")
    for caller in (first, first, second):
        read(caller, patient, document)
    kinds = [kind for kind, _, _ in told(lines(world.as_(patient), patient), "Dr Claire Collègue")]
    assert kinds.count(ACCESS) == 3  # the two above, and the one that granted the right


def test_a_hidden_act_looks_like_any_other_access(world: World) -> None:
    """A session with nothing but hidden acts shows what a session that only asked for the status shows."""
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, NORMAL, INVISIBLE)
    before = len(told(lines(world.as_(patient), patient), "Dr Claire Collègue"))
    secret, harmless = world.as_("colleague"), world.as_("colleague")
    read(secret, patient, hidden)
    read(secret, patient, hidden)
    refusal(lambda: secret.RevealToPatient(documents.RevealToPatientRequest(record=of(patient), document_id=hidden)))
    secret.Check(
        authorization.CheckRequest(
            question=authorization.Question(record=of(patient), action="doc.read", document_id=hidden)
        )
    )
    status(harmless, patient)
    shown = told(lines(world.as_(patient), patient), "Dr Claire Collègue")
    assert shown[:-before] == [(ACCESS, "", ""), (ACCESS, "", "")]
    assert hidden not in str(lines(world.as_(patient), patient))


def test_a_hidden_deposit_is_one_access(world: World) -> None:
    """Deposited, refused or asked about: no line tells of it."""
    patient = world.opened()
    world.deposit(patient, NORMAL, INVISIBLE, by="colleague")
    refused = documents.DepositDocumentRequest(
        record=of(patient), content=world.cda(patient, "nurse"), labels=[NORMAL, INVISIBLE]
    )
    assert refusal(lambda: world.as_("nurse").DepositDocument(refused)).code == "PERMISSION_DENIED"
    shown = lines(world.as_(patient), patient)
    assert told(shown, "Dr Claire Collègue") == [(ACCESS, "", "")]
    assert told(shown, "Fanny Infirmière") == [(ACCESS, "", "")]
    open_refused = documents.DepositDocumentRequest(
        record=of(patient), content=world.cda(patient, "emergency"), labels=[NORMAL]
    )
    assert refusal(lambda: world.as_("emergency").DepositDocument(open_refused)).code == "PERMISSION_DENIED"
    assert told(lines(world.as_(patient), patient), "Dr Damien Urgence") == [
        (ACTION, "doc.create", ""),
        (ACCESS, "", ""),
    ]


def test_a_list_shows_as_a_list_whatever_it_found(world: World) -> None:
    """One that found only hidden documents looks like one that found none."""
    patient, other = world.opened("author", "colleague"), world.opened("author", "colleague")
    world.deposit(patient, NORMAL, INVISIBLE)
    for record in (patient, other):
        world.as_("colleague").ListDocuments(documents.ListDocumentsRequest(record=of(record)))
    shown = [told(lines(world.as_(record), record), "Dr Claire Collègue")[0] for record in (patient, other)]
    assert shown == [(ACTION, "doc.list", "")] * 2


def test_further_pages_of_a_list_have_no_line_of_their_own(world: World) -> None:
    """Their number would count the hidden documents."""
    patient = world.opened("author", "colleague")
    shown_document = world.deposit(patient)
    for _ in range(3):
        world.deposit(patient, NORMAL, INVISIBLE)
    colleague, token, pages = world.as_("colleague"), "", 0
    while not pages or token:
        request = documents.ListDocumentsRequest(record=of(patient), page_size=1, page_token=token)
        token, pages = colleague.ListDocuments(request).next_page_token, pages + 1
    assert pages == 4
    mine = [line for line in told(lines(world.as_(patient), patient), "Dr Claire Collègue") if line[1] == "doc.list"]
    assert sorted(mine) == sorted([(ACTION, "doc.list", ""), (DOCUMENT, "doc.list", shown_document)])


def test_what_was_hidden_shows_once_it_is_revealed(world: World) -> None:
    """Hidden is what is hidden now: after the interview the holder reads who had seen it."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient, NORMAL, INVISIBLE)
    read(world.as_("colleague"), patient, document)
    assert document not in str(lines(world.as_(patient), patient))
    request = documents.RevealToPatientRequest(
        record=of(patient), document_id=document, attestations=access.Attestations(interview=True)
    )
    world.as_("author").RevealToPatient(request)
    shown = told(lines(world.as_(patient), patient), "Dr Claire Collègue")
    assert (DOCUMENT, "doc.read", document) in shown


def test_a_probe_of_a_document_that_never_was_looks_like_one_of_a_hidden_one(world: World) -> None:
    """In the traces of the holder and in those of the one who probed."""
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, NORMAL, MASKED)
    for document in (hidden, "never was"):
        caller = world.as_("colleague")
        request = documents.GetDocumentRequest(record=of(patient), document_id=document)
        assert refusal(caller.GetDocument, request).code == "NOT_FOUND"
    own = told(lines(world.as_("colleague"), patient), "Dr Claire Collègue")
    assert own[:2] == [(ACCESS, "", "")] * 2
    assert hidden not in str(own)


def test_a_professional_reads_his_own_traces_alone(world: World) -> None:
    """Also without a right to consult (TRC-07)."""
    patient = world.opened("author")
    world.deposit(patient)
    status(world.as_("nurse"), patient)
    assert {line.actor_name for line in lines(world.as_("nurse"), patient)} == {"Fanny Infirmière"}
    own = told(lines(world.as_("author"), patient), "Dr Bruno Auteur")
    assert [kind for kind, action, _ in own if action == "doc.create"] == [DOCUMENT, ACTION]


def test_the_treating_physician_reads_every_trace(world: World) -> None:
    """Those of hidden deposits too, for he sees the documents (TRC-06)."""
    patient = world.opened("author", treating="treating")
    document = world.deposit(patient, NORMAL, INVISIBLE)
    shown = told(lines(world.as_("treating"), patient), "Dr Bruno Auteur")
    assert (DOCUMENT, "doc.create", document) in shown


def test_others_read_no_trace(world: World) -> None:
    """Staff, structures, support and other patients (TRC-09)."""
    patient = world.opened("author")
    for who in ("secretary", "hospital", "support", world.patient()):
        request = trace.ListTracesRequest(record=of(patient))
        assert refusal(world.as_(who).ListTraces, request).code == "PERMISSION_DENIED"


def test_an_auditor_has_no_mission_of_his_own_making(world: World) -> None:
    """A mission is a stored fact, and none is stored (TRC-08)."""
    patient = world.opened("author")
    auditor = {**world.people["support"], "kind": "AUDITOR"}
    request = trace.ListTracesRequest(record=of(patient), attestations=access.Attestations(reason="mission"))
    assert refusal(lambda: world.as_(auditor).ListTraces(request)).code == "PERMISSION_DENIED"


def test_a_secret_connection_is_kept_from_the_representatives(world: World) -> None:
    """Refused too: that it was tried would tell of the secret (MIN-07, TRC-05)."""
    patient = world.opened("author")
    secret = access.Attestations(secret_connection=True)
    request = documents.ListDocumentsRequest(record=of(patient), attestations=secret)
    refused = refusal(world.as_("author").ListDocuments, request)
    assert refused.code == "PERMISSION_DENIED"
    assert world.trace(refused.decision_id)["audience"] == "INVISIBLE_REPRESENTANTS_LEGAUX"


def test_questions_are_told_as_questions(world: World) -> None:
    """Somebody who asks whether he may is not somebody who did."""
    patient = world.opened("author")
    world.as_("colleague").Check(
        authorization.CheckRequest(question=authorization.Question(record=of(patient), action="doc.list"))
    )
    assert told(lines(world.as_(patient), patient), "Dr Claire Collègue") == [
        (ACCESS, "", ""),
        (QUESTION, "doc.list", ""),
    ]


def test_pages_of_lines_join_without_gap_or_repeat(world: World) -> None:
    """Whatever the page size, also in the middle of an entry's lines; reading adds lines only before the first page."""
    patient = world.opened("author", "colleague")
    for action in ("doc.list", "authz.add", "record.status", "doc.read"):
        for name in ("colleague", "nurse"):
            asked = authorization.Question(record=of(patient), action=action)
            world.as_(name).Check(authorization.CheckRequest(question=asked))
    for number in range(4):
        world.deposit(patient, *((NORMAL, INVISIBLE) if number % 2 else (NORMAL,)))
    world.as_("author").ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    reader = world.as_(patient)
    whole = lines(reader, patient, page_size=500)
    assert 0 < [line.kind for line in whole].count(QUESTION) < len(whole)
    for size in (1, 2, 3, 7):
        paged = [line.SerializeToString() for line in lines(reader, patient, page_size=size)]
        assert paged[-len(whole) :] == [line.SerializeToString() for line in whole]


def test_accesses_come_before_questions(world: World) -> None:
    """Who did something before who only asked, each the latest first, however they came in time."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    ask = authorization.CheckRequest(question=authorization.Question(record=of(patient), action="doc.list"))
    for name in ("nurse", "colleague"):
        world.as_(name).Check(ask)
        read(world.as_("colleague"), patient, document)
    shown = lines(world.as_(patient), patient)
    kinds = [line.kind == QUESTION for line in shown]
    assert kinds == sorted(kinds)
    assert kinds.count(True) == 2
    for part in (True, False):
        times = [line.at.ToMicroseconds() for line in shown if (line.kind == QUESTION) is part]
        assert times == sorted(times, reverse=True)


def test_a_session_that_began_with_a_hidden_question_stands_where_any_other_does(world: World) -> None:
    """Its place among the lines does not tell that something was asked about a document."""
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, NORMAL, INVISIBLE)
    about = authorization.Question(record=of(patient), action="doc.read", document_id=hidden)
    world.as_("colleague").Check(authorization.CheckRequest(question=about))
    status(world.as_("colleague"), patient)
    world.as_("nurse").Check(
        authorization.CheckRequest(question=authorization.Question(record=of(patient), action="doc.list"))
    )
    shown = lines(world.as_(patient), patient)
    mine = [place for place, line in enumerate(shown) if line.actor_name == "Dr Claire Collègue"]
    assert [shown[place].kind for place in mine[:2]] == [ACCESS, ACCESS]
    assert mine[0] + 1 == mine[1]
    assert shown[-1].kind == QUESTION


def test_nothing_counts_what_is_hidden(world: World) -> None:
    """Two records that differ only in hidden acts read alike to their holders, to the number of lines and bytes."""
    quiet, busy = world.opened("author", "colleague"), world.opened("author", "colleague")
    session = {record["sub"]: world.as_("colleague") for record in (quiet, busy)}
    for record in (quiet, busy):
        status(session[record["sub"]], record)
    hidden = world.deposit(busy, NORMAL, INVISIBLE, by="colleague")
    status(world.as_("colleague"), quiet)
    for _ in range(5):
        read(session[busy["sub"]], busy, hidden)
    shown = []
    for record in (quiet, busy):
        found = lines(world.as_(record), record)
        for line in found:
            line.ClearField("at")
            if line.actor_kind == "HOLDER":
                line.ClearField("actor")
        shown.append(found)
    assert shown[0] == shown[1]
