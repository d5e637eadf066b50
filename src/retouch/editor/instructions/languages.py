"""Which language a prompt is in, where it is not English: by its script, or by its function words."""

import re

__all__ = ["detect_language"]

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("Japanese", r"[\u3040-\u30ff]"),
    ("Korean", r"[\uac00-\ud7af\u1100-\u11ff]"),
    ("Chinese", r"[\u4e00-\u9fff]"),
    ("Ukrainian", r"[іїєґІЇЄҐ]"),
    ("Russian", r"[\u0400-\u04ff]"),
    ("Arabic", r"[\u0600-\u06ff]"),
    ("Hebrew", r"[\u0590-\u05ff]"),
    ("Greek", r"[\u0370-\u03ff]"),
    ("Thai", r"[\u0e00-\u0e7f]"),
    ("Hindi", r"[\u0900-\u097f]"),
)
_SCRIPT_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _SCRIPTS)

# Function words, and the verbs and nouns of picture editing; none of them is a common English word.
_TABLES: dict[str, str] = {
    "German": """
        der das die den dem ein eine einen einem eines und im auf mit nicht bitte füge fuege hinzu mach mache machen
        ändere aendere entferne entfernen hintergrund vordergrund bild foto farbe tasse vogel blau rot grün gelb
        schwarz weiß weiss ersetze setze lege stelle soll himmel hund katze zeichne färbe unscharf heller dunkler
        ins zum zur auch ist
    """,
    "French": """
        le la les un une des du au aux et dans sur avec pas mets mettez ajoute ajouter ajoutez change changez rends
        supprime enlève arrière premier fond plan couleur tasse oiseau bleu rouge vert jaune noir blanc remplace
        ciel chien chat floute s'il vous plaît rendre ce cette en est
    """,
    "Spanish": """
        el la los las un una unos y en con del al por favor añade añadir agrega pon poner haz cambia cambiar quita
        quitar fondo primer plano imagen taza pájaro pajaro azul rojo roja verde amarillo negro blanco reemplaza
        cielo perro gato color que es desenfoca elimina
    """,
    "Italian": """
        il lo la gli un uno una e in con del della dello di per favore aggiungi metti rendi cambia rimuovi togli
        sfondo primo piano tazza uccello blu rosso rossa verde giallo nero bianco sostituisci cielo cane gatto sfoca
        immagine nel nella sul sulla
    """,
    "Portuguese": """
        o os as um uma uns e em com do da dos das no na por favor adicione adiciona coloque coloca mude muda remova
        fundo primeiro plano imagem xícara pássaro passaro azul vermelho verde amarelo preto branco substitua céu
        cachorro gato não faça desfoque
    """,
    "Dutch": """
        de het een en op met niet voeg toe maak verander verwijder achtergrond voorgrond afbeelding foto kleur kopje
        vogel blauw rood groen geel zwart wit vervang hemel hond kat zet plaats naar van alsjeblieft aub
    """,
    "Swedish": """
        och ett en på med inte lägg till gör ändra ta bort bakgrunden bakgrund förgrunden bilden färg koppen fågel
        blå röd grön gul svart vit ersätt himlen hund katt sätt den det
    """,
    "Danish": """
        og et en på med ikke tilføj gør lav fjern baggrunden baggrund forgrunden billedet farve koppen fugl blå rød
        grøn gul sort hvid himlen erstat det den sæt
    """,
    "Norwegian": """
        og et en på med ikke legg til gjør endre fjern bakgrunnen forgrunnen bildet farge koppen fugl blå rød grønn
        gul svart hvit himmelen erstatt sett
    """,
    "Finnish": """
        ja lisää tee muuta poista tausta taustan kuva kuvaan väri kuppi lintu sininen punainen vihreä musta
        valkoinen taivas
    """,
    "Polish": """
        i w na z do nie dodaj zmień zrób usuń tło tle kubek ptaka ptak niebieski czerwony zielony żółty czarny biały
        zdjęcie zdjęcia obraz proszę kolor zamień niebo pies kota
    """,
    "Czech": """
        a v na s přidej změň udělej odstraň pozadí obrázek hrnek ptáka modrý červený zelený černý bílý prosím oblohu
        popředí
    """,
    "Turkish": """
        bir ve ile ekle yap değiştir kaldır arka plan arkaplan ön fotoğraf kuş fincan mavi kırmızı yeşil siyah beyaz
        gökyüzü lütfen resme
    """,
    "Romanian": """
        un o și cu pe adaugă fă schimbă elimină fundal fundalul imagine cana pasăre albastru roșu verde negru alb
        cerul
    """,
    "Hungarian": """
        egy és az adj hozzá tedd változtasd távolítsd háttér hátteret kép madarat csésze kék piros zöld fekete fehér
    """,
    "Indonesian": """
        dan di ke dengan tambahkan ubah hapus latar belakang gambar burung cangkir biru merah hijau hitam putih
        langit jadi warna buat
    """,
    "Vietnamese": """
        thêm một con vào và làm đổi xóa nền ảnh chim cốc màu xanh đỏ đen trắng trời cho
    """,
}
_WORDS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _TABLES.items()}
_ENGLISH = frozenset(
    """
        the a an and of to in on with make add put change turn remove blur background it is this that please from
        into for at my image photo picture color red blue green black white don't not
    """.split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W\d_]+")


def detect_language(prompt: str) -> str | None:
    """Return the name of the language of a prompt that is clearly not English, else None. Linear in the prompt."""
    for name, pattern in _SCRIPT_PATTERNS:
        if pattern.search(prompt):
            return name
    words = _WORD.findall(prompt.lower())
    if not words:
        return None
    hits = {name: sum(word in table for word in words) for name, table in _WORDS.items()}
    best = max(hits, key=lambda name: hits[name])
    english = sum(word in _ENGLISH for word in words)
    return best if hits[best] >= 2 and hits[best] > english and hits[best] >= 0.3 * len(words) else None
