"""German."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

GERMAN = Locale(
    code="de",
    months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    short_months="Jan Feb Mrz Apr Mai Jun Jul Aug Sept Okt Nov Dez",
    weekdays="Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    day_month=". ",
    month_year=" ",
    range_word="bis",
    ratio_word="zu",
    minus="minus",
    point="Punkt",
    per="pro",
    hour_words="Uhr|h",
    whole_hour="{h} Uhr",
    hour_and_minute="{h} Uhr {m}",
    hour_feminine=False,
    agreement={"eins": ("ein", "eine")},
    units=nouns("""
        km  Kilometer
        m  Meter
        cm  Zentimeter
        mm  Millimeter
        kg  Kilogramm
        g  Gramm
        mg  Milligramm
        t  Tonne/Tonnen  f
        l  Liter
        ml  Milliliter
        cl  Zentiliter
        ms  Millisekunde/Millisekunden  f
        s  Sekunde/Sekunden  f
        sek  Sekunde/Sekunden  f
        min  Minute/Minuten  f
        Min  Minute/Minuten  f
        h  Stunde/Stunden  f
        Std  Stunde/Stunden  f
        kB  Kilobyte
        KB  Kilobyte
        MB  Megabyte
        GB  Gigabyte
        TB  Terabyte
        Hz  Hertz
        kHz  Kilohertz
        MHz  Megahertz
        GHz  Gigahertz
        W  Watt
        kW  Kilowatt
        kWh  Kilowattstunde/Kilowattstunden  f
        V  Volt
        A  Ampere
        hPa  Hektopascal
        kcal  Kilokalorie/Kilokalorien  f
        kJ  Kilojoule
        ha  Hektar
        m²  Quadratmeter
        km²  Quadratkilometer
        cm²  Quadratzentimeter
        m³  Kubikmeter
        cm³  Kubikzentimeter
        µm  Mikrometer
        µg  Mikrogramm
        µs  Mikrosekunde/Mikrosekunden  f
        Ω  Ohm
        kΩ  Kiloohm
        MΩ  Megaohm
        °  Grad
        °C  Grad Celsius
        °F  Grad Fahrenheit
    """),
    money=nouns("""
        €  Euro
        $  Dollar
        £  Pfund
        GBP  Pfund
        CHF  Franken
        ¥  Yen
    """),
    money_parts="{whole} {part}",
    cents=nouns("""
        €  Cent
        $  Cent
        £  Penny/Pence
        CHF  Rappen
    """),
    magnitudes=nouns("""
        Tsd.  Tausend
        Mio.  Million/Millionen  f
        Mio  Million/Millionen  f
        Million  Million  f
        Millionen  Million/Millionen  f
        Mrd.  Milliarde/Milliarden  f
        Mrd  Milliarde/Milliarden  f
        Milliarden  Milliarde/Milliarden  f
    """),
    of="",
    half="einhalb",
    half_more="einhalb",
    fraction_and=" ",
    parts={
        3: ("Drittel", "Drittel"),
        4: ("Viertel", "Viertel"),
        5: ("Fünftel", "Fünftel"),
        6: ("Sechstel", "Sechstel"),
        7: ("Siebtel", "Siebtel"),
        8: ("Achtel", "Achtel"),
        9: ("Neuntel", "Neuntel"),
        10: ("Zehntel", "Zehntel"),
        16: ("Sechzehntel", "Sechzehntel"),
        100: ("Hundertstel", "Hundertstel"),
    },
    squared="Quadrat",
    cubed="hoch drei",
    power="hoch",
    signs=pairs("""
        &  und
        +  plus
        −  minus
        =  gleich
        ×  mal
        ·  mal
        ÷  geteilt durch
        ±  plus minus
        ≈  ungefähr
        ~  ungefähr
        ≠  ungleich
        ≤  kleiner oder gleich
        ≥  größer oder gleich
        <  kleiner als
        >  größer als
        √  Wurzel aus
        ∞  unendlich
        ∑  Summe
        §§  Paragrafen
        §  Paragraf
        #  Nummer
        ‰  Promille
    """),
    abbreviations=pairs("""
        z. B.  zum Beispiel
        Z. B.  zum Beispiel
        d. h.  das heißt
        u. a.  unter anderem
        u. Ä.  und Ähnliches
        o. Ä.  oder Ähnliches
        i. d. R.  in der Regel
        s. o.  siehe oben
        s. u.  siehe unten
        v. a.  vor allem
        v. Chr.  vor Christus
        n. Chr.  nach Christus
        usw.  und so weiter
        etc.  et cetera
        bzw.  beziehungsweise
        ca.  circa
        evtl.  eventuell
        ggf.  gegebenenfalls
        inkl.  inklusive
        max.  maximal
        min.  mindestens
        vgl.  vergleiche
        sog.  sogenannte
        geb.  geboren
        gest.  gestorben
        Nr.  Nummer
        S. #  Seite
        Bd.  Band
        Kap.  Kapitel
        Abb.  Abbildung
        Dr.  Doktor
        Prof.  Professor
        Hr.  Herr
        Hrn.  Herrn
        Fr.  Frau
        St.  Sankt
        Str.  Straße
        Tel.  Telefon
        Jh.  Jahrhundert
        Mio.  Millionen
        Mrd.  Milliarden
        Std.  Stunden
        Min.  Minuten
    """),
    ordinal_marks="",
    kings="article and ordinal",
    counted_parts="Kapitel|Teil|Band|Abschnitt|Artikel|Akt|Typ|Klasse|Stufe|Weltkrieg|Buch|Anhang",
    bound=(
        "der die das dem den des ein eine einen einem einer eines kein keine mein meine dein sein seine "
        "ihr ihre unser unsere und oder aber denn weil dass wenn ob in im ins an am ans auf aus bei beim "
        "mit nach von vom vor zu zum zur für um über unter durch gegen ohne bis seit zwischen nicht sehr "
        "zwei drei"
    ),
)
