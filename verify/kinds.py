"""THE list of evidence kinds: their union and their checks.

No examiner is imported here: schema, judge and the API's models must not pay for pyHanko and OpenCV.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from verify.agreement import checks as agreement_checks
from verify.agreement.evidence import AgreementEvidence
from verify.core.findings import Check
from verify.imprints import checks as imprint_checks
from verify.imprints.evidence import ImprintEvidence
from verify.signatures import checks as signature_checks
from verify.signatures.evidence import SignatureEvidence

AnyEvidence = Annotated[SignatureEvidence | ImprintEvidence | AgreementEvidence, Field(discriminator="kind")]

CHECKS: tuple[Check, ...] = (*signature_checks.CHECKS, *imprint_checks.CHECKS, *agreement_checks.CHECKS)
