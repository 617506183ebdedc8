"""Language code -> its English name, and the name of a Piper voice that speaks it."""

from __future__ import annotations

_NAMED = """\
af:Afrikaans am:Amharic ar:Arabic as:Assamese az:Azerbaijani ba:Bashkir be:Belarusian bg:Bulgarian
bn:Bengali bo:Tibetan br:Breton bs:Bosnian ca:Catalan cs:Czech cy:Welsh da:Danish de:German el:Greek
en:English es:Spanish et:Estonian eu:Basque fa:Persian fi:Finnish fo:Faroese fr:French gl:Galician
gu:Gujarati ha:Hausa haw:Hawaiian he:Hebrew hi:Hindi hr:Croatian ht:Haitian hu:Hungarian hy:Armenian
id:Indonesian is:Icelandic it:Italian ja:Japanese jw:Javanese ka:Georgian kk:Kazakh km:Khmer
kn:Kannada ko:Korean la:Latin lb:Luxembourgish ln:Lingala lo:Lao lt:Lithuanian lv:Latvian
mg:Malagasy mi:Maori mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay mt:Maltese
my:Burmese ne:Nepali nl:Dutch nn:Nynorsk no:Norwegian oc:Occitan pa:Punjabi pl:Polish ps:Pashto
pt:Portuguese ro:Romanian ru:Russian sa:Sanskrit sd:Sindhi si:Sinhala sk:Slovak sl:Slovenian
sn:Shona so:Somali sq:Albanian sr:Serbian su:Sundanese sv:Swedish sw:Swahili ta:Tamil te:Telugu
tg:Tajik th:Thai tk:Turkmen tl:Tagalog tr:Turkish tt:Tatar uk:Ukrainian ur:Urdu uz:Uzbek
vi:Vietnamese yi:Yiddish yo:Yoruba yue:Cantonese zh:Chinese"""
"""The languages that Whisper knows, by its codes."""

_VOICED = """\
ar_JO-kareem-medium ca_ES-upc_ona-medium cs_CZ-jirka-medium cy_GB-gwryw_gogleddol-medium
da_DK-talesyntese-medium de_DE-thorsten-medium el_GR-rapunzelina-low en_GB-alan-medium
es_ES-davefx-medium fa_IR-amir-medium fi_FI-harri-medium fr_FR-siwis-medium hu_HU-anna-medium
is_IS-bui-medium it_IT-paola-medium ka_GE-natia-medium kk_KZ-issai-high lb_LU-marylux-medium
lv_LV-aivars-medium ml_IN-meera-medium ne_NP-google-medium nl_NL-mls-medium no_NO-talesyntese-medium
pl_PL-gosia-medium pt_BR-faber-medium ro_RO-mihai-medium ru_RU-irina-medium sk_SK-lili-medium
sl_SI-artur-medium sr_RS-serbski_institut-medium sv_SE-nst-medium sw_CD-lanfrica-medium
tr_TR-dfki-medium uk_UA-ukrainian_tts-medium vi_VN-vais1000-medium zh_CN-huayan-medium"""
"""A voice for each language of Piper's list of voices (VOICES.md of rhasspy/piper)."""

_NAMES = dict(entry.split(":") for entry in _NAMED.split())
_VOICES = {name.partition("_")[0]: name for name in _VOICED.split()}


def name_of(code: str) -> str:
    """What the language is called in English; the code itself where that is not known."""
    return _NAMES.get(code, code)


def voice_for(code: str) -> str:
    """The name of a Piper voice of this language; empty where none is known."""
    return _VOICES.get(code, "")


def known_codes() -> list[str]:
    """The codes of all languages that have a name here: those that Whisper knows."""
    return list(_NAMES)
