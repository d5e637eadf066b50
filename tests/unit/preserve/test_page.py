import re
from pathlib import Path

from PIL import Image

PAGE = Path(__file__).resolve().parents[3] / "docs" / "preserve.md"


def test_the_example_of_the_page_runs(tmp_path, monkeypatch, capsys, coffee, with_disc, as_jpeg):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(coffee).save("photo.jpg", quality=95)
    Image.fromarray(as_jpeg(with_disc(coffee, (300, 200), 50))).save("edited.png")
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)

    exec(compile(example, str(PAGE), "exec"), {})

    assert "A local edit" in capsys.readouterr().out
    with Image.open("answer.png") as written:
        assert written.size == (640, 480)
