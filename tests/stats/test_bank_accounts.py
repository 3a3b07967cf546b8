"""IBANs and BICs: what a SEPA transfer reaches, and nothing that a scanner would refuse."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.errors import BadBic, BadIban, NoSepaAccount, QrIban
from stats.services.bank_accounts import fits, needs_bic, parse_bic, parse_iban

# The examples of the IBAN registry, one for each country of the EPC's list (EPC409-09).
SEPA = [
    "AT611904300234573201",
    "BE68539007547034",
    "BG80BNBG96611020345678",
    "HR1210010051863000160",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DK5000400440116243",
    "EE382200221020145685",
    "FI2112345600000785",
    "FR1420041010050500013M02606",
    "DE89370400440532013000",
    "GR1601101250000000012300695",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IT60X0542811101000000123456",
    "LV80BANK0000435195001",
    "LT121000011101001000",
    "LU280019400644750000",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "PL61109010140000071219812874",
    "PT50000201231234567890154",
    "RO49AAAA1B31007593840000",
    "SK3112000000198742637541",
    "SI56263300012039086",
    "ES9121000418450200051332",
    "SE4550000000058398257466",
    "IS140159260076545510730339",
    "LI21088100002324013AA",
    "NO9386011117947",
    "CH9300762011623852957",
    "GB29NWBK60161331926819",
    "GI75NWBK000000007099453",
    "MC5811222000010123456789030",
    "SM86U0322509800000000270100",
    "AD1200012030200359100100",
    "VA59001123000012345678",
    "AL47212110090000000235698741",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "RS35260005601001611379",
]
ELSEWHERE = [
    "TR330006100519786457841326",
    "FO6264600001631634",
    "GL8964710001000206",
    "UA213223130000026007233566001",
    "XK051212012345678906",
    "SA0380000000608010167519",
    "BR1800360305000010009795493C1",
    "IL620108000000099999999",
    "GE29NB0000000101904917",
    "AE070331234567890123456",
    "BA391290079401028494",
]


def with_check(country: str, bban: str) -> str:
    """An IBAN with its right check digits, by ISO 7064 as the standard words it."""
    rest = "".join(str(int(sign, 36)) for sign in f"{bban}{country}00")
    return f"{country}{98 - int(rest) % 97:02}{bban}"


@pytest.mark.parametrize("iban", SEPA)
def test_every_sepa_country_is_taken(iban: str) -> None:
    assert parse_iban(iban) == iban


def test_all_42_are_tried() -> None:
    assert len({iban[:2] for iban in SEPA}) == len(SEPA) == 42


@pytest.mark.parametrize("iban", [*ELSEWHERE, with_check("XX", "0" * 16), with_check("US", "12345678901")])
def test_every_other_country_is_refused_by_its_own_word(iban: str) -> None:
    with pytest.raises(NoSepaAccount) as refused:
        parse_iban(iban)
    assert refused.value.country == iban[:2]


@pytest.mark.parametrize(
    "written",
    [
        "de89 3704 0044 0532 0130 00",
        "IBAN: DE89 3704 0044 0532 0130 00",
        "IBAN DE89370400440532013000",
        "iban:DE89370400440532013000",
        "IBANDE89370400440532013000",
        "IBAN-Nr.: DE89 3704 0044 0532 0130 00",
        "(IBAN) DE89-3704-0044-0532-0130-00",
        "DE89\t3704\t0044\t0532\t0130\t00",
        "\u200bDE89\u00a03704\u202f0044\u200905320130\u200d00\ufeff",
        "\u202aDE89 3704 0044 0532 0130 00\u202c",
        "DE89\u20113704–0044—0532.0130.00\r\n",
        "ＤＥ８９３７０４００４４０５３２０１３０００",
    ],
)
def test_pastes_are_read(written: str) -> None:
    assert parse_iban(written) == "DE89370400440532013000"


def test_norway_is_no_word_for_number() -> None:
    assert parse_iban("IBAN NO93 8601 1117 947") == "NO9386011117947"
    assert parse_iban("IBAN No.: NO93 8601 1117 947") == "NO9386011117947"


@pytest.mark.parametrize(
    "written",
    [
        *("DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130000", "DE8937040044053201300O"),
        *("DE٨٩370400440532013000", "DE८९370400440532013000", "ＤE89370400440532013٠00", "ßE89370400440532013000"),
        *("DE00370400440000000060", "DE01370400440000000060", "DE99370400440000000060"),
        *(
            "DE",
            "12345",
            "IBAN",
            "DE89370400440532013000 and more",
            "D\u0456E89370400440532013000",
            "DE89,3704,00440532013000",
        ),
    ],
)
def test_what_is_none_is_refused(written: str) -> None:
    with pytest.raises(BadIban):
        parse_iban(written)


@given(st.integers(0, 10**18 - 1), st.sampled_from(["00", "01", "99"]))
def test_check_digits_that_can_not_exist_are_refused(account: int, digits: str) -> None:
    with pytest.raises(BadIban):
        parse_iban(f"DE{digits}{account:018}")


@given(st.integers(0, 10**12 - 1))
def test_no_bank_is_unknown(account: int) -> None:
    bban = f"{account // 100:010}"
    assert parse_iban(with_check("BE", f"{bban}{int(bban) % 97 or 97:02}"))


@given(st.text(max_size=40))
def test_what_is_taken_is_ascii(written: str) -> None:
    with suppress(BadIban, NoSepaAccount, QrIban):
        assert re.fullmatch("[A-Z0-9]+", parse_iban(written))


@pytest.mark.parametrize("country", ["CH", "LI"])
@pytest.mark.parametrize(("institution", "is_qr"), [(29999, False), (30000, True), (31999, True), (32000, False)])
def test_a_qr_iban_takes_no_transfer(country: str, institution: int, is_qr: bool) -> None:
    iban = with_check(country, f"{institution}123456789012")
    if is_qr:
        with pytest.raises(QrIban):
            parse_iban(iban)
    else:
        assert parse_iban(iban) == iban


@pytest.mark.parametrize(
    ("written", "bic"),
    [
        ("cobadeff", "COBADEFF"),
        ("BIC: COBA DE FF XXX", "COBADEFFXXX"),
        ("SWIFT/BIC: COBADEFF", "COBADEFF"),
        ("BIC (SWIFT): COBADEFF", "COBADEFF"),
        ("\u200bCOBADEFF\t", "COBADEFF"),
        ("ＣＯＢＡＤＥＦＦ", "COBADEFF"),
        ("SWIFTDEF", "SWIFTDEF"),
        ("BIC COBADEFF", "COBADEFF"),
        ("SWIFT/BIC UBSWCHZH80A", "UBSWCHZH80A"),
        ("Swift code COBADEFFXXX", "COBADEFFXXX"),
        ("BICIBJBJ", "BICIBJBJ"),
        ("BICI BJ BJ XXX", "BICIBJBJXXX"),
    ],
)
def test_a_bic_is_read(written: str, bic: str) -> None:
    assert parse_bic(written) == bic


@pytest.mark.parametrize(
    "written", ["NOPE", "COBADEFFX", "COBADEFF٣٣٣", "C0BADEFF", "COBA12FF", "ßOBADEFF", "СОBADEFF"]
)
def test_what_is_no_bic_is_refused(written: str) -> None:
    with pytest.raises(BadBic):
        parse_bic(written)


def test_a_bic_is_needed_outside_the_eea() -> None:
    needed = {iban[:2] for iban in SEPA if needs_bic(iban)}
    assert needed == {"CH", "GB", "GI", "MC", "SM", "AD", "VA", "AL", "MD", "ME", "MK", "RS"}


@pytest.mark.parametrize(
    ("iban", "country", "is_right"),
    [
        *(("GB", country, True) for country in ("GB", "GG", "JE", "IM")),
        *(
            ("FR", country, True)
            for country in ("FR", "GF", "GP", "MQ", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF")
        ),
        ("MC", "MC", True),
        *(("MC", "FR", False), ("FR", "MC", False), ("GB", "IE", False), ("DE", "AT", False), ("GG", "GB", False)),
    ],
)
def test_its_country_fits_the_iban(iban: str, country: str, is_right: bool) -> None:
    assert fits(f"ABCD{country}2L", f"{iban}00") is is_right
