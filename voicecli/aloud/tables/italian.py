"""Italian."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

ITALIAN = Locale(
    code="it",
    months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    short_months="genn febbr mar apr magg giu lug ag sett ott nov dic",
    weekdays="lunedì martedì mercoledì giovedì venerdì sabato domenica",
    first_day="primo",
    day_month=" ",
    month_year=" ",
    range_word="a",
    ratio_word="a",
    minus="meno",
    point="punto",
    per="per",
    hour_words="h",
    whole_hour="{h}",
    hour_and_minute="{h} e {m}",
    hour_feminine=True,
    agreement={"uno": ("un", "una")},
    units=nouns("""
        km  chilometro/chilometri
        m  metro/metri
        cm  centimetro/centimetri
        mm  millimetro/millimetri
        kg  chilogrammo/chilogrammi
        g  grammo/grammi
        mg  milligrammo/milligrammi
        t  tonnellata/tonnellate  f
        l  litro/litri
        ml  millilitro/millilitri
        cl  centilitro/centilitri
        ms  millisecondo/millisecondi
        s  secondo/secondi
        sec  secondo/secondi
        min  minuto/minuti
        h  ora/ore  f
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
        kWh  chilowattora
        V  volt
        A  ampere
        hPa  ettopascal
        kcal  chilocaloria/chilocalorie  f
        kJ  kilojoule
        ha  ettaro/ettari
        m²  metro quadrato/metri quadrati
        km²  chilometro quadrato/chilometri quadrati
        cm²  centimetro quadrato/centimetri quadrati
        m³  metro cubo/metri cubi
        cm³  centimetro cubo/centimetri cubi
        km/h  chilometro orario/chilometri orari
        m/s  metro al secondo/metri al secondo
        µm  micrometro/micrometri
        µg  microgrammo/microgrammi
        µs  microsecondo/microsecondi
        Ω  ohm
        kΩ  kiloohm
        MΩ  megaohm
        °  grado/gradi
        °C  grado Celsius/gradi Celsius
        °F  grado Fahrenheit/gradi Fahrenheit
    """),
    money=nouns("""
        €  euro
        $  dollaro/dollari
        £  sterlina/sterline  f
        GBP  sterlina/sterline  f
        CHF  franco svizzero/franchi svizzeri
        ¥  yen
    """),
    money_parts="{whole} e {part}",
    cents=nouns("""
        €  centesimo/centesimi
        $  centesimo/centesimi
        £  penny/pence
        CHF  centesimo/centesimi
    """),
    magnitudes=nouns("""
        mila  mila
        M  milione/milioni
        mln  milione/milioni
        milione  milione/milioni
        milioni  milione/milioni
        mld  miliardo/miliardi
        miliardo  miliardo/miliardi
        miliardi  miliardo/miliardi
    """),
    of="di ",
    half="mezzo",
    half_more="mezzo",
    fraction_and=" e ",
    parts={
        3: ("terzo", "terzi"),
        4: ("quarto", "quarti"),
        5: ("quinto", "quinti"),
        6: ("sesto", "sesti"),
        7: ("settimo", "settimi"),
        8: ("ottavo", "ottavi"),
        9: ("nono", "noni"),
        10: ("decimo", "decimi"),
        16: ("sedicesimo", "sedicesimi"),
        100: ("centesimo", "centesimi"),
    },
    squared="al quadrato",
    cubed="al cubo",
    power="elevato a",
    signs=pairs("""
        &  e
        +  più
        −  meno
        =  uguale
        ×  per
        ·  per
        ÷  diviso
        ±  più o meno
        ≈  circa
        ~  circa
        ≠  diverso da
        ≤  minore o uguale a
        ≥  maggiore o uguale a
        <  minore di
        >  maggiore di
        √  radice quadrata di
        ∞  infinito
        ∑  somma
        §§  paragrafi
        §  paragrafo
        #  numero
        ‰  per mille
    """),
    abbreviations=pairs("""
        sig.  signor
        Sig.  signor
        sig.ra  signora
        Sig.ra  signora
        sig.na  signorina
        sigg.  signori
        dott.  dottor
        Dott.  dottor
        dott.ssa  dottoressa
        Dott.ssa  dottoressa
        dr.  dottor
        Dr.  dottor
        prof.  professor
        Prof.  professor
        prof.ssa  professoressa
        ing.  ingegner
        avv.  avvocato
        p. es.  per esempio
        ad es.  ad esempio
        ecc.  eccetera
        etc.  eccetera
        ca.  circa
        a.C.  avanti Cristo
        d.C.  dopo Cristo
        pag.  pagina
        pagg.  pagine
        cap.  capitolo
        vol.  volume
        tel.  telefono
        n. #  numero
        n°  numero
        nº  numero
        max.  massimo
        min.  minimo
        S.  San
    """),
    ordinal_marks=r"[ºª](?!\s?[CF]\b)|°(?=\s(?!(?:di|e|a|in|C|F|nord|sud|est|ovest)\b)[a-z])",
    feminine_marks="ª",
    kings="ordinal",
    counted_parts="tipo|classe|livello|articolo",
    centuries="secolo",
    bound=(
        "il lo la i gli le l un uno una di a da in con su per tra fra del dello della dei degli delle al "
        "allo alla ai alle dal dalla nel nella nei nelle sul sulla e ed o ma che chi quando se come non "
        "molto più mi ti si ci vi suo sua mio mia"
    ),
)
