"""Dutch."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

DUTCH = Locale(
    code="nl",
    months="januari februari maart april mei juni juli augustus september oktober november december",
    short_months="jan feb mrt apr mei jun jul aug sep okt nov dec",
    weekdays="maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    day_month=" ",
    month_year=" ",
    range_word="tot",
    ratio_word="op",
    minus="min",
    point="punt",
    per="per",
    hour_words=r"uur|u\b\.?|h",
    whole_hour="{h} uur",
    hour_and_minute="{h} uur {m}",
    hour_feminine=False,
    agreement={"een": ("één", "één")},
    units=nouns("""
        km  kilometer
        m  meter
        cm  centimeter
        mm  millimeter
        kg  kilogram
        g  gram
        mg  milligram
        t  ton
        l  liter
        ml  milliliter
        cl  centiliter
        ms  milliseconde/milliseconden
        s  seconde/seconden
        sec  seconde/seconden
        min  minuut/minuten
        h  uur
        u  uur
        kB  kilobyte
        KB  kilobyte
        MB  megabyte
        GB  gigabyte
        TB  terabyte
        Hz  hertz
        kHz  kilohertz
        MHz  megahertz
        GHz  gigahertz
        W  watt
        kW  kilowatt
        kWh  kilowattuur
        V  volt
        A  ampère
        hPa  hectopascal
        kcal  kilocalorie/kilocalorieën
        kJ  kilojoule
        ha  hectare
        m²  vierkante meter
        km²  vierkante kilometer
        cm²  vierkante centimeter
        m³  kubieke meter
        cm³  kubieke centimeter
        µm  micrometer
        µg  microgram
        µs  microseconde/microseconden
        Ω  ohm
        kΩ  kilo-ohm
        MΩ  mega-ohm
        °  graad/graden
        °C  graad Celsius/graden Celsius
        °F  graad Fahrenheit/graden Fahrenheit
    """),
    money=nouns("""
        €  euro
        $  dollar
        £  pond
        GBP  pond
        CHF  Zwitserse frank
        ¥  yen
    """),
    money_parts="{whole} {part}",
    cents=nouns("""
        €  cent
        $  cent
        £  penny/pence
    """),
    magnitudes=nouns("""
        mln.  miljoen
        mln  miljoen
        miljoen  miljoen
        mld.  miljard
        mld  miljard
        miljard  miljard
    """),
    of="",
    half="een half",
    half_more="een half",
    fraction_and=" en ",
    parts={
        3: ("derde", "derde"),
        4: ("kwart", "kwart"),
        5: ("vijfde", "vijfde"),
        6: ("zesde", "zesde"),
        7: ("zevende", "zevende"),
        8: ("achtste", "achtste"),
        9: ("negende", "negende"),
        10: ("tiende", "tiende"),
        16: ("zestiende", "zestiende"),
        100: ("honderdste", "honderdste"),
    },
    squared="kwadraat",
    cubed="tot de derde",
    power="tot de macht",
    signs=pairs("""
        &  en
        +  plus
        −  min
        =  is gelijk aan
        ×  keer
        ·  keer
        ÷  gedeeld door
        ±  plus of min
        ≈  ongeveer
        ~  ongeveer
        ≠  niet gelijk aan
        ≤  kleiner dan of gelijk aan
        ≥  groter dan of gelijk aan
        <  kleiner dan
        >  groter dan
        √  wortel uit
        ∞  oneindig
        ∑  som
        §§  paragrafen
        §  paragraaf
        #  nummer
        ‰  promille
    """),
    abbreviations=pairs("""
        dhr.  de heer
        Dhr.  de heer
        mevr.  mevrouw
        Mevr.  mevrouw
        mw.  mevrouw
        Mw.  mevrouw
        dr.  dokter
        Dr.  dokter
        prof.  professor
        Prof.  professor
        ir.  ingenieur
        mr.  meester
        bijv.  bijvoorbeeld
        bv.  bijvoorbeeld
        d.w.z.  dat wil zeggen
        o.a.  onder andere
        m.a.w.  met andere woorden
        i.p.v.  in plaats van
        a.u.b.  alstublieft
        v.Chr.  voor Christus
        n.Chr.  na Christus
        enz.  enzovoort
        etc.  et cetera
        ca.  circa
        incl.  inclusief
        max.  maximaal
        min.  minimaal
        nr.  nummer
        Nr.  nummer
        blz.  bladzijde
        hfst.  hoofdstuk
        tel.  telefoon
        mln.  miljoen
        mld.  miljard
        St.  Sint
    """),
    ordinal_marks="e|de|ste",
    kings="article and ordinal",
    counted_parts="hoofdstuk|deel|boek|bedrijf|artikel|type|klasse|niveau|bijlage|Wereldoorlog",
    bound=(
        "de het een en of maar want dat die deze dit in op aan uit bij met na van voor naar om over onder "
        "door tegen zonder tot sinds tussen te niet zeer heel mijn jouw zijn haar ons onze hun als toen "
        "omdat ik je jij hij ze zij we wij"
    ),
)
