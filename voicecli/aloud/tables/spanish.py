"""Spanish."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

SPANISH = Locale(
    code="es",
    months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    short_months="ene feb mar abr may jun jul ago sept oct nov dic",
    weekdays="lunes martes miércoles jueves viernes sábado domingo",
    day_month=" de ",
    month_year=" de ",
    range_word="a",
    ratio_word="a",
    minus="menos",
    point="punto",
    per="por",
    hour_words="horas?|h",
    whole_hour="{h}",
    hour_and_minute="{h} y {m}",
    hour_feminine=True,
    agreement={"uno": ("un", "una"), "veintiuno": ("veintiún", "veintiuna")},
    units=nouns("""
        km  kilómetro/kilómetros
        m  metro/metros
        cm  centímetro/centímetros
        mm  milímetro/milímetros
        kg  kilogramo/kilogramos
        g  gramo/gramos
        mg  miligramo/miligramos
        t  tonelada/toneladas  f
        l  litro/litros
        ml  mililitro/mililitros
        cl  centilitro/centilitros
        ms  milisegundo/milisegundos
        s  segundo/segundos
        seg  segundo/segundos
        min  minuto/minutos
        h  hora/horas  f
        kB  kilobyte/kilobytes
        KB  kilobyte/kilobytes
        MB  megabyte/megabytes
        GB  gigabyte/gigabytes
        TB  terabyte/terabytes
        Hz  hercio/hercios
        kHz  kilohercio/kilohercios
        MHz  megahercio/megahercios
        GHz  gigahercio/gigahercios
        W  vatio/vatios
        kW  kilovatio/kilovatios
        kWh  kilovatio hora/kilovatios hora
        V  voltio/voltios
        A  amperio/amperios
        hPa  hectopascal/hectopascales
        kcal  kilocaloría/kilocalorías  f
        kJ  kilojulio/kilojulios
        ha  hectárea/hectáreas  f
        m²  metro cuadrado/metros cuadrados
        km²  kilómetro cuadrado/kilómetros cuadrados
        cm²  centímetro cuadrado/centímetros cuadrados
        m³  metro cúbico/metros cúbicos
        cm³  centímetro cúbico/centímetros cúbicos
        µm  micrómetro/micrómetros
        µg  microgramo/microgramos
        µs  microsegundo/microsegundos
        Ω  ohmio/ohmios
        kΩ  kiloohmio/kiloohmios
        MΩ  megaohmio/megaohmios
        °  grado/grados
        °C  grado Celsius/grados Celsius
        °F  grado Fahrenheit/grados Fahrenheit
    """),
    money=nouns("""
        €  euro/euros
        $  dólar/dólares
        £  libra/libras  f
        GBP  libra/libras  f
        CHF  franco suizo/francos suizos
        ¥  yen/yenes
    """),
    money_parts="{whole} con {part}",
    cents=nouns("""
        €  céntimo/céntimos
        $  centavo/centavos
        £  penique/peniques
        CHF  céntimo/céntimos
    """),
    magnitudes=nouns("""
        mil  mil
        M  millón/millones
        millón  millón/millones
        millones  millón/millones
    """),
    of="de ",
    half="medio",
    half_more="medio",
    fraction_and=" y ",
    parts={
        3: ("tercio", "tercios"),
        4: ("cuarto", "cuartos"),
        5: ("quinto", "quintos"),
        6: ("sexto", "sextos"),
        7: ("séptimo", "séptimos"),
        8: ("octavo", "octavos"),
        9: ("noveno", "novenos"),
        10: ("décimo", "décimos"),
        16: ("dieciseisavo", "dieciseisavos"),
        100: ("centésimo", "centésimos"),
    },
    squared="al cuadrado",
    cubed="al cubo",
    power="elevado a",
    signs=pairs("""
        &  y
        +  más
        −  menos
        =  igual a
        ×  por
        ·  por
        ÷  entre
        ±  más o menos
        ≈  aproximadamente
        ~  aproximadamente
        ≠  distinto de
        ≤  menor o igual que
        ≥  mayor o igual que
        <  menor que
        >  mayor que
        √  raíz cuadrada de
        ∞  infinito
        ∑  suma
        §§  secciones
        §  sección
        #  número
        ‰  por mil
    """),
    abbreviations=pairs("""
        Sr.  señor
        Sra.  señora
        Srta.  señorita
        Sres.  señores
        D.  don
        Dña.  doña
        Dr.  doctor
        Dra.  doctora
        Prof.  profesor
        Ud.  usted
        Uds.  ustedes
        EE. UU.  Estados Unidos
        p. ej.  por ejemplo
        a. C.  antes de Cristo
        d. C.  después de Cristo
        a. m.  de la mañana
        p. m.  de la tarde
        etc.  etcétera
        aprox.  aproximadamente
        Av.  avenida
        Avda.  avenida
        C/  calle
        núm.  número
        n.º  número
        nº  número
        n°  número
        N.º  número
        pág.  página
        págs.  páginas
        cap.  capítulo
        vol.  volumen
        tel.  teléfono
        máx.  máximo
        mín.  mínimo
        Sto.  santo
        Sta.  santa
    """),
    ordinal_marks=r"\.?[ºª](?!\s?[CF]\b)|\.?er\b|\.ᵉʳ",
    feminine_marks=r"\.?ª",
    kings="ordinal to ten",
    counted_parts="capítulo|tomo|libro|parte|acto|escena|artículo|tipo|clase|nivel|volumen|siglo|siglos|Mundial",
    bound=(
        "el la los las un una unos unas lo al del de a en con por para sin sobre entre desde hasta mi mis "
        "tu tus su sus este esta estos estas ese esa y e o u pero que quien cuando si como no muy más se "
        "me te le nos"
    ),
)
