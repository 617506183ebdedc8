"""French."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

FRENCH = Locale(
    code="fr",
    months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    short_months="janv févr mars avr mai juin juil août sept oct nov déc",
    weekdays="lundi mardi mercredi jeudi vendredi samedi dimanche",
    first_day="premier",
    day_month=" ",
    month_year=" ",
    range_word="à",
    ratio_word="à",
    minus="moins",
    point="point",
    per="par",
    hour_words="heures?|h",
    whole_hour="{h} {hours}",
    hour_and_minute="{h} {hours} {m}",
    hour_feminine=True,
    agreement={"un": ("un", "une")},
    one_below_two=True,
    units=nouns("""
        km  kilomètre/kilomètres
        m  mètre/mètres
        cm  centimètre/centimètres
        mm  millimètre/millimètres
        kg  kilogramme/kilogrammes
        g  gramme/grammes
        mg  milligramme/milligrammes
        t  tonne/tonnes  f
        l  litre/litres
        ml  millilitre/millilitres
        cl  centilitre/centilitres
        ms  milliseconde/millisecondes  f
        s  seconde/secondes  f
        min  minute/minutes  f
        h  heure/heures  f
        ko  kilooctet/kilooctets
        kB  kilooctet/kilooctets
        Mo  mégaoctet/mégaoctets
        MB  mégaoctet/mégaoctets
        Go  gigaoctet/gigaoctets
        GB  gigaoctet/gigaoctets
        To  téraoctet/téraoctets
        TB  téraoctet/téraoctets
        Hz  hertz
        kHz  kilohertz
        MHz  mégahertz
        GHz  gigahertz
        W  watt/watts
        kW  kilowatt/kilowatts
        kWh  kilowatt-heure/kilowatt-heures
        V  volt/volts
        A  ampère/ampères
        hPa  hectopascal/hectopascals
        kcal  kilocalorie/kilocalories  f
        kJ  kilojoule/kilojoules
        ha  hectare/hectares
        m²  mètre carré/mètres carrés
        km²  kilomètre carré/kilomètres carrés
        cm²  centimètre carré/centimètres carrés
        m³  mètre cube/mètres cubes
        cm³  centimètre cube/centimètres cubes
        µm  micromètre/micromètres
        µg  microgramme/microgrammes
        µs  microseconde/microsecondes  f
        Ω  ohm/ohms
        kΩ  kiloohm/kiloohms
        MΩ  mégaohm/mégaohms
        °  degré/degrés
        °C  degré Celsius/degrés Celsius
        °F  degré Fahrenheit/degrés Fahrenheit
    """),
    money=nouns("""
        €  euro/euros
        $  dollar/dollars
        £  livre/livres  f
        GBP  livre/livres  f
        CHF  franc suisse/francs suisses
        ¥  yen/yens
    """),
    money_parts="{whole} {part}",
    cents=nouns("""
        €  centime/centimes
        $  cent/cents
        £  penny/pence
        CHF  centime/centimes
    """),
    magnitudes=nouns("""
        k  mille
        M  million/millions
        Md  milliard/milliards
        Mds  milliard/milliards
        mille  mille
        million  million/millions
        millions  million/millions
        milliard  milliard/milliards
        milliards  milliard/milliards
    """),
    of="de ",
    half="un demi",
    half_more="demi",
    fraction_and=" et ",
    parts={
        3: ("tiers", "tiers"),
        4: ("quart", "quarts"),
        5: ("cinquième", "cinquièmes"),
        6: ("sixième", "sixièmes"),
        7: ("septième", "septièmes"),
        8: ("huitième", "huitièmes"),
        9: ("neuvième", "neuvièmes"),
        10: ("dixième", "dixièmes"),
        16: ("seizième", "seizièmes"),
        100: ("centième", "centièmes"),
    },
    squared="au carré",
    cubed="au cube",
    power="puissance",
    signs=pairs("""
        &  et
        +  plus
        −  moins
        =  égale
        ×  fois
        ·  fois
        ÷  divisé par
        ±  plus ou moins
        ≈  environ
        ~  environ
        ≠  différent de
        ≤  inférieur ou égal à
        ≥  supérieur ou égal à
        <  inférieur à
        >  supérieur à
        √  racine carrée de
        ∞  infini
        ∑  somme
        §§  paragraphes
        §  paragraphe
        #  numéro
        ‰  pour mille
    """),
    abbreviations=pairs("""
        M.  Monsieur
        MM.  Messieurs
        Mme  Madame
        Mmes  Mesdames
        Mlle  Mademoiselle
        Me  Maître
        Dr  Docteur
        Dr.  Docteur
        Pr  Professeur
        Pr.  Professeur
        St  Saint
        Ste  Sainte
        p. ex.  par exemple
        c.-à-d.  c'est-à-dire
        etc.  et cetera
        env.  environ
        av.  avenue
        av. J.-C.  avant Jésus-Christ
        apr. J.-C.  après Jésus-Christ
        bd  boulevard
        cf.  confer
        vol.  volume
        chap.  chapitre
        p. #  page
        tél.  téléphone
        n°  numéro
        N°  numéro
        nº  numéro
        max.  maximum
        min.  minimum
    """),
    ordinal_marks="ers?|ères?|res?|ᵉʳ|ʳᵉ|e|ᵉ|ème|ième|nde?",
    feminine_marks="ères?|res?|ʳᵉ|nde",
    kings="cardinal",
    counted_parts="chapitre|tome|livre|partie|acte|scène|article|type|classe|niveau|volume|annexe|mondiale",
    centuries="siècle",
    bound=(
        "le la les l un une des du de d au aux à ce cet cette ces mon ma mes ton ta tes son sa ses notre "
        "nos votre vos leur leurs et ou mais car que qui quand si en dans sur sous par pour avec sans "
        "chez vers entre ne pas très plus je tu il elle on nous vous ils elles"
    ),
)
