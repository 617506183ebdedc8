"""Portuguese."""

from voicecli.aloud.tables.language_table import Locale, nouns, pairs

PORTUGUESE = Locale(
    code="pt",
    months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    short_months="jan fev mar abr mai jun jul ago set out nov dez",
    weekdays="segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    first_day="primeiro",
    day_month=" de ",
    month_year=" de ",
    range_word="a",
    ratio_word="a",
    minus="menos",
    point="ponto",
    per="por",
    hour_words="horas?|h",
    whole_hour="{h} {hours}",
    hour_and_minute="{h} {hours} e {m}",
    hour_feminine=True,
    agreement={"um": ("um", "uma"), "dois": ("dois", "duas")},
    units=nouns("""
        km  quilómetro/quilómetros
        m  metro/metros
        cm  centímetro/centímetros
        mm  milímetro/milímetros
        kg  quilograma/quilogramas
        g  grama/gramas
        mg  miligrama/miligramas
        t  tonelada/toneladas  f
        l  litro/litros
        ml  mililitro/mililitros
        cl  centilitro/centilitros
        ms  milissegundo/milissegundos
        s  segundo/segundos
        seg  segundo/segundos
        min  minuto/minutos
        h  hora/horas  f
        kB  kilobyte/kilobytes
        KB  kilobyte/kilobytes
        MB  megabyte/megabytes
        GB  gigabyte/gigabytes
        TB  terabyte/terabytes
        Hz  hertz
        kHz  kilohertz
        MHz  megahertz
        GHz  gigahertz
        W  watt/watts
        kW  quilowatt/quilowatts
        kWh  quilowatt-hora/quilowatts-hora
        V  volt/volts
        A  ampere/amperes
        hPa  hectopascal/hectopascais
        kcal  quilocaloria/quilocalorias  f
        kJ  quilojoule/quilojoules
        ha  hectare/hectares
        m²  metro quadrado/metros quadrados
        km²  quilómetro quadrado/quilómetros quadrados
        cm²  centímetro quadrado/centímetros quadrados
        m³  metro cúbico/metros cúbicos
        cm³  centímetro cúbico/centímetros cúbicos
        µm  micrómetro/micrómetros
        µg  micrograma/microgramas
        µs  microssegundo/microssegundos
        Ω  ohm/ohms
        kΩ  quilo-ohm/quilo-ohms
        MΩ  mega-ohm/mega-ohms
        °  grau/graus
        °C  grau Celsius/graus Celsius
        °F  grau Fahrenheit/graus Fahrenheit
    """),
    money=nouns("""
        €  euro/euros
        R$  real/reais
        BRL  real/reais
        $  dólar/dólares
        £  libra/libras  f
        GBP  libra/libras  f
        CHF  franco suíço/francos suíços
        ¥  iene/ienes
    """),
    money_parts="{whole} e {part}",
    cents=nouns("""
        €  cêntimo/cêntimos
        R$  centavo/centavos
        BRL  centavo/centavos
        $  cêntimo/cêntimos
        £  péni/pence
    """),
    magnitudes=nouns("""
        mil  mil
        M  milhão/milhões
        milhão  milhão/milhões
        milhões  milhão/milhões
        mi  milhão/milhões
        bi  bilhão/bilhões
        bilhões  bilhão/bilhões
    """),
    of="de ",
    half="meio",
    half_more="meio",
    fraction_and=" e ",
    parts={
        3: ("terço", "terços"),
        4: ("quarto", "quartos"),
        5: ("quinto", "quintos"),
        6: ("sexto", "sextos"),
        7: ("sétimo", "sétimos"),
        8: ("oitavo", "oitavos"),
        9: ("nono", "nonos"),
        10: ("décimo", "décimos"),
        16: ("dezasseis avos", "dezasseis avos"),
        100: ("centésimo", "centésimos"),
    },
    squared="ao quadrado",
    cubed="ao cubo",
    power="elevado a",
    signs=pairs("""
        &  e
        +  mais
        −  menos
        =  igual a
        ×  vezes
        ·  vezes
        ÷  dividido por
        ±  mais ou menos
        ≈  aproximadamente
        ~  aproximadamente
        ≠  diferente de
        ≤  menor ou igual a
        ≥  maior ou igual a
        <  menor que
        >  maior que
        √  raiz quadrada de
        ∞  infinito
        ∑  soma
        §§  parágrafos
        §  parágrafo
        #  número
        ‰  por mil
    """),
    abbreviations=pairs("""
        Sr.  senhor
        Sra.  senhora
        Srta.  senhorita
        Dr.  doutor
        Dra.  doutora
        Prof.  professor
        Profa.  professora
        Eng.  engenheiro
        D.  dom
        p. ex.  por exemplo
        a. C.  antes de Cristo
        d. C.  depois de Cristo
        etc.  et cétera
        aprox.  aproximadamente
        Av.  avenida
        R.  rua
        n.º  número
        nº  número
        n°  número
        pág.  página
        págs.  páginas
        cap.  capítulo
        vol.  volume
        tel.  telefone
        máx.  máximo
        mín.  mínimo
        Sto.  santo
        Sta.  santa
        S.  São
    """),
    ordinal_marks=r"\.?[ºª](?!\s?[CF]\b)",
    feminine_marks=r"\.?ª",
    kings="ordinal to ten",
    counted_parts="capítulo|tomo|livro|parte|ato|cena|artigo|tipo|classe|nível|volume|século|séculos|Mundial",
    bound=(
        "o a os as um uma uns umas de do da dos das em no na nos nas ao à aos às com por pelo pela para "
        "sem sobre entre até desde meu minha teu tua seu sua este esta esse essa e ou mas que quem quando "
        "se como não muito mais me te lhe"
    ),
)
