"""Writes synthetic French clinical documents (HL7 CDA R2; CI-SIS, Structuration minimale). Every name is invented."""

from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

LOINC = "2.16.840.1.113883.6.1"
TRE_A05 = "1.2.250.1.213.1.1.4.12"
CONFIDENTIALITY = "2.16.840.1.113883.5.25"
PS_ID_NAT = "1.2.250.1.71.4.2.1"
STRUCT_ID_NAT = "1.2.250.1.71.4.2.2"
INS_NIR_TEST = "1.2.250.1.213.1.4.10"

Pair = tuple[str, str]
"""A code system or identifier domain (OID), and the value in it; for a person, the family name and the given name."""


def ins(number13: str) -> str:
    """Append the key to the 13 characters of a NIR: 97 - n mod 97 (INSEE; Corsica counts 2A as 19 and 2B as 18)."""
    number = int(number13.replace("2A", "19").replace("2B", "18"))
    return f"{number13}{97 - number % 97:02d}"


ALICE: Pair = (INS_NIR_TEST, ins("2840375999001"))
DOCTOR: Pair = (PS_ID_NAT, "810000000013")
HOSPITAL: Pair = (STRUCT_ID_NAT, "1990000017")


def french_cda(  # noqa: PLR0913 - one keyword for each thing that may want to be different
    *,
    unique_id: str = "2.16.840.1.113883.19.5.1^2026000001",
    type_code: str = "34112-3",
    type_system: str = LOINC,
    title: str = "Compte rendu hospitalier",
    effective_time: datetime | str = datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    patient: Pair = ALICE,
    patient_name: Pair = ("EXEMPLE", "Alice"),
    author: Pair = DOCTOR,
    author_name: Pair = ("MODELE", "Bruno"),
    structure: Pair | None = HOSPITAL,
    custodian: Pair = HOSPITAL,
    confidentiality: str = "N",
    practice_setting: str = "ETABLISSEMENT",
    body: bytes | None = None,
) -> bytes:
    """Write one document; `body` is a serialized `component` element, by default a short one of our own."""
    time = effective_time if isinstance(effective_time, str) else hl7_time(effective_time)
    header = [
        _document(unique_id, (type_system, type_code), title, time, confidentiality),
        _patient(patient, patient_name),
        _author(author, author_name, structure, time),
        _custodian(custodian),
        _legal_authenticator(author, author_name, structure, time),
        _event(author, structure, time, practice_setting),
    ]
    return "\n".join([_OPEN, *header, ""]).encode() + (body or _BODY.encode()) + b"\n</ClinicalDocument>\n"


def hl7_time(moment: datetime) -> str:
    """Write an aware time as an HL7 TS with its offset."""
    return moment.strftime("%Y%m%d%H%M%S%z")


_OPEN = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="cda.xsl"?>
<!-- Document synthétique : aucune personne, aucun établissement réels. -->
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>"""

_BODY = """  <component>
    <structuredBody>
      <component>
        <section>
          <title>Conclusion</title>
          <text>Évolution favorable ; retour à domicile avec suivi par le médecin traitant.</text>
        </section>
      </component>
    </structuredBody>
  </component>"""


def _document(unique_id: str, kind: Pair, title: str, time: str, confidentiality: str) -> str:
    root, _, extension = unique_id.partition("^")
    return f"""  {_id((root, extension))}
  {_code("code", kind)}
  <title>{escape(title)}</title>
  <effectiveTime value={quoteattr(time)}/>
  {_code("confidentialityCode", (CONFIDENTIALITY, confidentiality))}
  <languageCode code="fr-FR"/>
  {_id((root, f"{extension}-serie"), "setId")}
  <versionNumber value="1"/>"""


def _patient(patient: Pair, name: Pair) -> str:
    return f"""  <recordTarget>
    <patientRole>
      {_id(patient)}
      <id root="2.16.840.1.113883.19.5.2" extension="IPP-000042"/>
      <addr><streetAddressLine>1 rue des Exemples</streetAddressLine><city>VILLEFICTIVE</city></addr>
      <telecom nullFlavor="UNK"/>
      <patient classCode="PSN">
        <name><family qualifier="BR">{escape(name[0])}</family><given qualifier="BR">{escape(name[1])}</given></name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
        <birthTime value="19840312"/>
      </patient>
    </patientRole>
  </recordTarget>"""


def _author(author: Pair, name: Pair, structure: Pair | None, time: str) -> str:
    return f"""  <author>
    <time value={quoteattr(time)}/>
    <assignedAuthor>
      {_id(author)}
      <code code="G15_10/SM26" displayName="Médecin généraliste" codeSystem="1.2.250.1.213.1.1.4.5"/>
      {_person(name)}{_organization(structure)}
    </assignedAuthor>
  </author>"""


def _custodian(custodian: Pair) -> str:
    return f"""  <custodian>
    <assignedCustodian>
      <representedCustodianOrganization>
        {_id(custodian)}
        <name>Hôpital des Exemples</name>
      </representedCustodianOrganization>
    </assignedCustodian>
  </custodian>"""


def _legal_authenticator(author: Pair, name: Pair, structure: Pair | None, time: str) -> str:
    return f"""  <legalAuthenticator>
    <time value={quoteattr(time)}/>
    <signatureCode code="S"/>
    <assignedEntity>
      {_id(author)}
      {_person(name)}{_organization(structure)}
    </assignedEntity>
  </legalAuthenticator>"""


def _event(author: Pair, structure: Pair | None, time: str, setting: str) -> str:
    """Write what was done, and where; the setting of care is required (CI-SIS)."""
    return f"""  <documentationOf>
    <serviceEvent>
      <effectiveTime><low value={quoteattr(time)}/></effectiveTime>
      <performer typeCode="PRF">
        <assignedEntity>
          {_id(author)}{_organization(structure, setting)}
        </assignedEntity>
      </performer>
    </serviceEvent>
  </documentationOf>
  <componentOf>
    <encompassingEncounter>
      <effectiveTime><low value={quoteattr(time)}/></effectiveTime>
      <location>
        <healthCareFacility>
          <code code="SA01" displayName="Etablissement public de santé" codeSystem="1.2.250.1.71.4.2.4"/>
        </healthCareFacility>
      </location>
    </encompassingEncounter>
  </componentOf>"""


def _id(pair: Pair, tag: str = "id") -> str:
    extension = f" extension={quoteattr(pair[1])}" if pair[1] else ""
    return f"<{tag} root={quoteattr(pair[0])}{extension}/>"


def _code(tag: str, pair: Pair) -> str:
    return f"<{tag} code={quoteattr(pair[1])} codeSystem={quoteattr(pair[0])}/>"


def _person(name: Pair) -> str:
    family, given = (escape(part) for part in name)
    return f"<assignedPerson><name><family>{family}</family><given>{given}</given></name></assignedPerson>"


def _organization(structure: Pair | None, setting: str = "ETABLISSEMENT") -> str:
    if structure is None:
        return ""
    industry = f'<standardIndustryClassCode code={quoteattr(setting)} codeSystem="1.2.250.1.213.1.1.4.9"/>'
    return f"""
      <representedOrganization>
        {_id(structure)}
        <name>Hôpital des Exemples</name>
        {industry}
      </representedOrganization>"""
