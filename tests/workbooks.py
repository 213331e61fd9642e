"""Small Excel and OpenDocument workbooks, written by hand."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Cell = str | int | float | bool | dt.datetime | dt.date | dt.timedelta | None

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="170" '
    'formatCode="[h]:mm:ss"/></numFmts><cellXfs count="4"><xf numFmtId="0"/>'
    '<xf numFmtId="22"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>'
)


DAY = dt.timedelta(days=1)


def _cell(value: Cell, place: str) -> str:
    kind, style, number = "", "", f"{value!r}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        kind, number = ' t="b"', str(int(value))
    elif isinstance(value, dt.timedelta):
        style, number = ' s="3"', f"{value / DAY:.10f}"
    elif isinstance(value, dt.datetime):
        style, number = ' s="1"', f"{(value - dt.datetime(1899, 12, 30)) / DAY:.10f}"  # noqa: DTZ001
    elif isinstance(value, dt.date):
        style, number = ' s="2"', str((value - dt.date(1899, 12, 30)).days)
    return "" if value is None else f'<c r="{place}"{style}{kind}><v>{number}</v></c>'


def xlsx(**sheets: Sequence[Sequence[Cell]]) -> bytes:
    """An Excel workbook of these sheets, each a list of rows."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        types = "".join(
            f'<Default Extension="{ending}" ContentType="{kind}"/>'
            for ending, kind in (
                ("rels", "application/vnd.openxmlformats-package.relationships+xml"),
                ("xml", "application/xml"),
            )
        )
        override = f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}"/>'
        book.writestr(
            "[Content_Types].xml", f'<Types xmlns="{_PKG}/content-types">{types}{override}</Types>'
        )
        start = f'<Relationships xmlns="{_PKG}/relationships">'
        book.writestr(
            "_rels/.rels",
            f'{start}<Relationship Id="r1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>',
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{_REL}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        style = f'<Relationship Id="s" Type="{_REL}/styles" Target="styles.xml"/>'
        book.writestr("xl/_rels/workbook.xml.rels", f"{start}{targets}{style}</Relationships>")
        book.writestr("xl/styles.xml", _STYLES)
        for n, rows in enumerate(sheets.values(), 1):
            lines = "".join(
                f'<row r="{r}">'
                + "".join(_cell(value, f"{chr(65 + c)}{r}") for c, value in enumerate(row))
                + "</row>"
                for r, row in enumerate(rows, 1)
                if row
            )
            book.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>',
            )
    return packed.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    """An OpenDocument spreadsheet of one sheet of texts."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest "
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
            "</manifest:manifest>",
        )
        book.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Calls">{cells}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return packed.getvalue()
