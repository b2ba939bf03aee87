"""What a change or a detail of a signature speaks of, in the reader's language.

The examiner of changes names objects in plain English ("page 1, content", "field amount, appearance"), some with a name
out of the document in it. Such names stay as they are, and so does what is not known here. Details are one of our own
phrases, or what a library says of itself in English, which is for experts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from verify.reports.words import when

# As verify.signatures.changes.history has it, which is not imported here: it would bring pyHanko.
OTHERS = "and others"


class Phrase(NamedTuple):
    """A pattern, and its words; groups stand in them as {0}, {1}, …"""

    pattern: re.Pattern[str]
    zh: str
    en: str | None = None  # null: as it stands


def _phrase(pattern: str, zh: str, en: str | None = None) -> Phrase:
    return Phrase(re.compile(pattern, re.DOTALL), zh, en)


# Entries of dictionaries of PDF that a reader may know by a name; the others keep their own (ISO 32000-2).
_ENTRIES = {
    "content": "内容", "resources": "资源", "metadata": "元数据", "annotations": "批注", "annotation": "批注",
    "appearance": "外观", "flags": "标志", "page": "所在页", "fields": "字段", "index": "索引",
    "appearance of an annotation": "批注的外观", "OpenAction": "打开时的动作", "AA": "触发的动作", "A": "动作",
    "JavaScript": "脚本", "EmbeddedFiles": "附带的文件", "AF": "附带的文件", "Collection": "文件集",
    "OCProperties": "图层", "Rotate": "方向", "MediaBox": "页面尺寸", "CropBox": "可见范围", "UserUnit": "长度单位",
    "BleedBox": "出血范围", "TrimBox": "裁切范围", "ArtBox": "版心范围", "Type": "类型", "Extensions": "扩展",
    "Version": "版本", "MarkInfo": "标记信息", "Lang": "语言", "Names": "名称表", "Dests": "跳转目标",
    "PageLabels": "页码标签", "ViewerPreferences": "显示设置", "Group": "透明组", "Annots": "批注", "Tabs": "跳转次序",
    "XFA": "第二份表单（XFA）", "NeedAppearances": "重新生成外观", "SigFlags": "签名标志", "DA": "默认字样",
    "DR": "资源", "CO": "计算次序", "V": "值", "RV": "带格式的文字", "DV": "默认值", "Ff": "标志", "F": "标志",
    "FT": "类型", "T": "名称", "TU": "提示", "MaxLen": "最大长度", "Opt": "选项", "Rect": "位置", "MK": "样式",
    "DocMDP": "认证", "UR3": "使用权",
}  # fmt: skip
_KINDS_OF_ANNOTATIONS = {
    "Text": "便笺", "Link": "链接", "FreeText": "文字", "Line": "直线", "Square": "矩形", "Circle": "椭圆",
    "Polygon": "多边形", "PolyLine": "折线", "Highlight": "高亮", "Underline": "下划线", "Squiggly": "波浪线",
    "StrikeOut": "删除线", "Stamp": "图章", "Caret": "插入符", "Ink": "手绘", "Popup": "弹出框", "FileAttachment": "附件",
    "Sound": "声音", "Movie": "影片", "Screen": "屏幕", "Watermark": "水印", "Redact": "涂黑", "3D": "三维", "RichMedia": "多媒体",
}  # fmt: skip

# The first that fits counts. Within a group, what stands before a comma is told by the same patterns again.
_OBJECTS: Sequence[Phrase] = (
    _phrase(r"an object (\d+) at byte (\d+) that no revision lists", "第 {1} 字节处未列入任何版本的对象 {0}"),
    _phrase(
        r"an object (\d+) that the table and its stream give differently \(revision (\d+)\)",
        "第 {1} 版中索引表与索引流所指不同的对象 {0}",
    ),
    _phrase(r"a revision without its end, at byte (\d+)", "第 {0} 字节处没有结尾的版本"),
    _phrase(r"a revision that ends at byte (\d+) and is passed by", "结束于第 {0} 字节而被跳过的版本"),
    _phrase(r"a trailer at byte (\d+) that belongs to no revision", "第 {0} 字节处不属于任何版本的文件尾"),
    _phrase(r"1 bytes after the end of the file", "文件结尾之后的 1 个字节", "1 byte after the end of the file"),
    _phrase(r"(\d+) bytes after the end of the file", "文件结尾之后的 {0} 个字节"),
    _phrase(r"the trailer of revision (\d+), (.+)", "第 {0} 版的文件尾，{1}"),
    _phrase(r"object (\d+), (.+)", "对象 {0}，{1}"),
    _phrase(r"object", "对象"),
    _phrase(r"an object (\d+) that a table gives twice \(revision (\d+)\)", "第 {1} 版索引表两次列出的对象 {0}"),
    _phrase(
        r"an object (\d+) that a table gives in two ways \(revision (\d+)\)", "第 {1} 版索引表有两种说法的对象 {0}"
    ),
    _phrase(
        r"a table whose parts overlap at object (\d+) \(revision (\d+)\)", "第 {1} 版索引表的各部分在对象 {0} 处重叠"
    ),
    _phrase(r"a table at byte (\d+) that .+ \(revision (\d+)\)", "第 {0} 字节处无法照读的索引表（第 {1} 版）"),
    _phrase(
        r"a table in the stream at byte (\d+) .+ \(revision (\d+)\)", "第 {0} 字节处各程序读法不同的索引流（第 {1} 版）"
    ),
    _phrase(r"the directory", "容器目录"),
    _phrase(r"the end of the archive", "容器结尾"),
    _phrase(r"object stream (\d+)", "对象容器 {0}"),
    _phrase(r"object (\d+)", "对象 {0}"),
    _phrase(r"document information", "文件信息"),
    _phrase(r"validation data \(DSS\)", "验证数据（DSS）"),
    _phrase(r"structure \(tags\) of an annotation", "批注的结构（标签）"),
    _phrase(r"structure \(tags\)", "结构（标签）"),
    _phrase(r"bookmarks", "书签"),
    _phrase(r"metadata", "元数据"),
    _phrase(r"signature in field (.+)", "字段 {0} 中的签名"),
)
# Heads that entries may follow.
_HEADS: Sequence[Phrase] = (
    _phrase(r"page (\d+)", "第 {0} 页"),
    _phrase(r"pages", "页面"),
    _phrase(r"form", "表单"),
    _phrase(r"document permissions", "文件权限"),
    _phrase(r"document", "文件"),
    _phrase(r"structure \(tags\)", "结构（标签）"),
)
_FIELD = re.compile(r"field (.*?)(?:, (appearance|flags|page|[A-Z][A-Za-z]{0,3}[0-9]?|MaxLen))?", re.DOTALL)

# Our own details. A moment is told like every other.
_DAY = r"(\d{4}-\d\d-\d\d)"
_DETAILS: Sequence[Phrase] = (
    _phrase(rf"Common Name: ([^,]*),.*: {_DAY}", "{0}：{1}", "{0}: {1}"),
    _phrase(rf"(.*): {_DAY}", "{0}：{1}", "{0}: {1}"),
    _phrase(rf"revoked {_DAY}", "吊销于 {0}", "revoked {0}"),
    _phrase(r"revoked", "已吊销"),
    _phrase(rf"on hold since {_DAY}", "自 {0} 起挂起", "on hold since {0}"),
    _phrase(r"on hold", "挂起"),
    _phrase(r"a certificate of the path is signed with (\w+)", "链中有证书以 {0} 签发"),
    _phrase(r"a certificate of the path was signed with SHA-1 after 2016", "链中有证书在 2016 年之后仍以 SHA-1 签发"),
    _phrase(r"an authority of the path has a key that is too short \((\S+)\)", "链中有签发机构的密钥过短（{0}）"),
    _phrase(r"the certificate is not meant for signing", "该证书不用于签名"),
    _phrase(r"the certificate is not meant for time-stamping", "该证书不用于时间戳", "the certificate is not meant for timestamps"),
    _phrase(r"no anchor of its paths is trusted for signing at that time", "所通向的根证书在该时间不受信任用于签名"),
    _phrase(r"its extensions cannot be read", "无法读取其扩展项"),
    _phrase(r"a critical extension is not understood: (\S+)", "有不明的关键扩展项：{0}"),
    _phrase(
        r"the file was changed 1 times since", "文件此后被改动过 1 次", "the file was changed once since"
    ),
    _phrase(r"the file was changed (\d+) times since", "文件此后被改动过 {0} 次"),
)  # fmt: skip


def spoken(name: str, lang: str) -> str:
    """An object of a change in a language: "page 1, content" → "第 1 页，内容"; as it stands where it is not known."""
    if lang != "zh":
        return _first(_OBJECTS, name, lang) or name
    return _first(_OBJECTS, name, lang) or _field(name) or _with_entries(name) or name


def detail(text: str, lang: str) -> str | None:
    """One of our own details in a language; None where a library speaks, whose words are for experts."""
    return _first(_DETAILS, text, lang, partial(_moment, lang=lang))


def _first(phrases: Sequence[Phrase], text: str, lang: str, part: Callable[[str], str] = str) -> str | None:
    for phrase in phrases:
        found = phrase.pattern.fullmatch(text)
        if found is not None:
            words = phrase.zh if lang == "zh" else phrase.en
            return text if words is None else words.format(*(part(g) for g in found.groups()))
    return None


def _field(name: str) -> str | None:
    found = _FIELD.fullmatch(name)
    if found is None:
        return None
    field, entry = found.groups()
    named = "其他字段" if field == OTHERS else f"字段 {field}"
    return named + (f"，{_ENTRIES.get(entry, entry)}" if entry else "")


def _with_entries(name: str) -> str | None:
    """A head, and behind the comma one of its entries, a field or an annotation."""
    head, comma, rest = name.partition(", ")
    told = _first(_HEADS, head, "zh")
    if told is None or not comma:
        return told
    kind = rest.removeprefix("annotation ")
    if kind != rest:
        return f"{told}，批注（{_KINDS_OF_ANNOTATIONS.get(kind, kind)}）"
    return f"{told}，{_ENTRIES.get(rest) or _field(rest) or rest}"


def _moment(text: str, lang: str) -> str:
    if not re.fullmatch(_DAY, text):
        return text
    try:
        return when(date.fromisoformat(text), lang)
    except ValueError:
        return text
